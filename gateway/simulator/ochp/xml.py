"""OCHP's XML, written and read by hand, as strangers would. Source: OCHP 1.4, types/data-types.xsd."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from lxml import etree

from gateway.simulator.network import NotAsTold

Element = etree._Element
"""lxml's element; the class has no public name."""

NAMESPACE = "http://ochp.eu/1.4"
_PARSER = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)


def element(name: str, *inside: Element | None, **attributes: str) -> Element:
    """`inside` in the order of the schema; None is an optional part that is left out."""
    found = etree.Element(f"{{{NAMESPACE}}}{name}", attributes, nsmap={None: NAMESPACE})
    found.extend(part for part in inside if part is not None)
    return found


def leaf(name: str, value: str | int | Decimal | None) -> Element | None:
    """None: left out, as OCHP knows no empty elements."""
    return None if value is None else _filled(name, value)


def wrapped(name: str, inner: str, value: str) -> Element:
    """A value of an enumeration, which OCHP puts into an element of its own."""
    return element(name, _filled(inner, value))


def moment(name: str, at: datetime) -> Element:
    """UTC, to the second."""
    return wrapped(name, "DateTime", stamp(at))


def local_moment(name: str, at: datetime, zone: str) -> Element:
    """With the offset that holds at the place, to the second."""
    return wrapped(name, "LocalDateTime", at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds"))


def stamp(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _filled(name: str, value: str | int | Decimal) -> Element:
    found = element(name)
    found.text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return found


def written(root: Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def read(content: bytes) -> Element:
    """Raises NotAsTold if it is not XML."""
    try:
        return etree.fromstring(content, _PARSER)
    except etree.XMLSyntaxError as error:
        raise NotAsTold(f"not XML: {content[:200].decode(errors='replace')}") from error


def all_of(parent: Element, path: str) -> list[Element]:
    """Descendants by a path of OCHP's names."""
    return parent.findall(_qualified(path))


def text_of(parent: Element, path: str) -> str:
    """Raises NotAsTold if the element is not there."""
    found = parent.findtext(_qualified(path))
    if found is None:
        raise NotAsTold(f"{etree.QName(parent).localname} came without {path}")
    return found


def optional_text(parent: Element, path: str) -> str | None:
    return parent.findtext(_qualified(path))


def _qualified(path: str) -> str:
    return "/".join(f"{{{NAMESPACE}}}{step}" for step in path.split("/"))
