"""XML that strangers sent, and text that goes into ours.

Nothing is parsed that could reach beyond its own bytes: a document type declaration is refused before the parser sees
it, so there are no entities to expand and nothing to fetch; encodings are those in which `<` is one byte, or UTF-16.
"""

import re
from functools import lru_cache
from typing import Any, Final

from lxml import etree

from core.errors import Invalid

Element = etree._Element
"""lxml's element; the class has no public name."""

MAX_BYTES: Final = 64 * 1024 * 1024
LONG_BYTES: Final = 256 * 1024
MAX_EXTRA_DEPTH: Final = 16
XSI: Final = "{http://www.w3.org/2001/XMLSchema-instance}"

_ENCODINGS: Final = frozenset(
    ("utf-8", "utf8", "us-ascii", "ascii", "iso-8859-1", "iso8859-1", "latin-1", "latin1", "windows-1252")
)
_DECLARED: Final = re.compile(rb"""^\s*<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z0-9._\-]{1,40})["']""")
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff", b"<\x00", b"\x00<")
_BOM: Final = b"\xef\xbb\xbf"
_OPTIONS: Final[dict[str, Any]] = {
    "resolve_entities": False,
    "load_dtd": False,
    "dtd_validation": False,
    "no_network": True,
    "remove_comments": True,
    "remove_pis": True,
    "collect_ids": False,
    "huge_tree": True,
}
"""`huge_tree`: lists of 100,000 records are longer than libxml2 allows by itself; without entities that is safe, and
elements still nest 2,048 deep at most."""


class NotXml(Invalid):
    """The bytes are not XML at all, or XML of a kind that is not taken."""


def parse(body: bytes, charset: str | None = None, *, max_bytes: int = MAX_BYTES) -> Element:
    """The root element. `charset` is that of the HTTP header, used where the document does not name its own.

    Raises NotXml; what is wrong is said by line, never by content."""
    if len(body) > max_bytes:
        raise NotXml("/", f"longer than {max_bytes} bytes")
    body, encoding = _as_bytes_of(body, charset)
    if b"<!DOCTYPE" in body:
        raise NotXml("/", "a document type declaration is not allowed")
    try:
        root: Element | None = etree.fromstring(body, _parser_for(len(body), encoding))
    except (etree.XMLSyntaxError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", None)
        raise NotXml("/", f"not well-formed XML (line {line})" if line else "not XML") from error
    if root is None or root.getroottree().docinfo.internalDTD is not None:
        raise NotXml("/", "not a document of one element without DTD")
    return root


def _parser_for(size: int, encoding: str | None) -> Any:
    """A parser is used by one thread at a time: nobody shall wait for a long document of somebody else."""
    return _new_parser(encoding) if size >= LONG_BYTES else _shared_parser(encoding)


def _new_parser(encoding: str | None) -> Any:
    return etree.XMLParser(encoding=encoding, **_OPTIONS)


_shared_parser: Final = lru_cache(maxsize=16)(_new_parser)


def _as_bytes_of(body: bytes, charset: str | None) -> tuple[bytes, str | None]:
    """The bytes, and the encoding to read them in, None for the document's own."""
    if body.startswith(_BOM):
        return body, "utf-8"
    if body.startswith(_UTF16) and not body.startswith((b"\xff\xfe\x00\x00", b"\x00\x00")):
        big = body.startswith((b"\xfe\xff", b"\x00<"))
        try:
            text = body.decode("utf-16" if body[:1] in b"\xff\xfe" else ("utf-16-be" if big else "utf-16-le"))
        except UnicodeDecodeError as error:
            raise NotXml("/", "not UTF-16") from error
        return text.encode("utf-8", "replace"), "utf-8"
    declared = _DECLARED.match(body)
    name = declared[1].decode().lower() if declared else (charset or "utf-8").strip("\"' ").lower()
    if name not in _ENCODINGS:
        raise NotXml("/", f"the encoding {name[:40]!r} is not taken; UTF-8 is")
    return body, None if declared else name


def path_of(element: Element, name: str | None = None) -> str:
    """An XPath from the root of the message (the child of Body) to `element`, positions from 1, without prefixes."""
    steps: list[str] = [name] if name else []
    here: Element | None = element
    while here is not None and local_name(here.tag) not in ("Body", "Envelope"):
        steps.append(_step(here))
        here = here.getparent()
    return "/" + "/".join(reversed(steps))


def _step(element: Element) -> str:
    parent = element.getparent()
    if parent is None:
        return local_name(element.tag)
    alike = [child for child in parent if child.tag == element.tag]
    return local_name(element.tag) if len(alike) == 1 else f"{local_name(element.tag)}[{alike.index(element) + 1}]"


def local_name(tag: Any) -> str:
    return str(tag).rpartition("}")[2]


def plain(element: Element, depth: int = MAX_EXTRA_DEPTH) -> Any:
    """An element nobody knows, as plain data: text, or a dict with `@` before attributes and `#` for mixed text.

    Children of the element's own namespace go by their local name, others by `{namespace}name`."""
    attributes = {f"@{name}": value for name, value in element.items() if not str(name).startswith(XSI)}
    if not len(element) and not attributes:
        return element.text or ""
    if depth == 0:
        raise Invalid(path_of(element), f"nested more than {MAX_EXTRA_DEPTH} deep")
    found: dict[str, Any] = dict(attributes)
    text = (element.text or "").strip()
    if text:
        found["#"] = text
    for child in element:
        put(found, key_of(child, etree.QName(element).namespace), plain(child, depth - 1))
    return found


def key_of(element: Element, namespace: str | None) -> str:
    tag = etree.QName(element)
    return tag.localname if tag.namespace == namespace else tag.text


def put(found: dict[str, Any], key: str, value: Any) -> None:
    """Repeated elements become a list."""
    if key not in found:
        found[key] = value
    elif isinstance(found[key], list):
        found[key].append(value)
    else:
        found[key] = [found[key], value]


# --- text that goes out

_SPECIAL: Final = re.compile(r"""[&<>"\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]""")
_ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def escape(text: str) -> str:
    """For content and attributes alike. Characters that XML 1.0 does not have are left out."""
    return _SPECIAL.sub(_escaped, text) if _SPECIAL.search(text) else text


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    known = _ESCAPES.get(character)
    if known is not None:
        return known
    code = ord(character)
    return f"&#{code};" if code in (9, 10, 13) or 0x7F <= code <= 0x9F else ""


_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._\-]*")


def render_extra(extra: dict[str, Any], namespace: str | None) -> tuple[str, str]:
    """Attributes and children of what `plain` made, as text. Names that are none are left out."""
    attributes, children = "", ""
    for key, value in extra.items():
        if key.startswith("@"):
            attributes += _attribute(key[1:], str(value))
        elif key == "#":
            children += escape(str(value))
        else:
            for item in value if isinstance(value, list) else [value]:
                children += _child(key, item, namespace)
    return attributes, children


def _attribute(name: str, value: str) -> str:
    return f' {name}="{escape(value)}"' if _NAME.fullmatch(name) else ""


def _child(key: str, value: Any, namespace: str | None) -> str:
    uri, name = _split(key)
    if not _NAME.fullmatch(name):
        return ""
    declaration = "" if uri is None else f' xmlns="{escape(uri)}"'
    inner = namespace if uri is None else uri
    if isinstance(value, dict):
        attributes, children = render_extra(value, inner)
        return f"<{name}{declaration}{attributes}>{children}</{name}>"
    return f"<{name}{declaration}>{escape(str(value))}</{name}>"


def _split(key: str) -> tuple[str | None, str]:
    if key.startswith("{"):
        uri, _, name = key[1:].partition("}")
        return uri, name
    return None, key
