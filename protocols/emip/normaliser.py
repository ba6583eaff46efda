"""What partners write -> what the wire types say. Source: checklist, 3.1, 12, 13.4.

The steps of the checklist, for one type compiled once: namespaces of children and the case of their first letter mean
nothing, any order will do, text is trimmed, what is empty or nil is absent, the first of two counts, words and
`number: text` are numbers, dates are UTC, dialect names are ours, and what nobody knows is put aside.
"""

import logging
import re
import typing
from collections.abc import Callable
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.errors import Invalid
from protocols.emip.wire import parts, to_iop
from protocols.emip.wire.words import USER_ID_WORDS, WORDS, AuthorisationValue, Code
from protocols.transport.soap.shapes import EXTRA, FieldShape, shape_of
from protocols.transport.soap.xml import Element, local_name, path_of, plain, put

log = logging.getLogger(__name__)

Leaf = Callable[[str, tzinfo], Any]
DIALECT: Final[dict[Any, dict[str, str]]] = {
    parts.SessionEvent: {"relatedSessionEventId": "relatedSessionActionId"},
    to_iop.SetServiceAuthorisationRequest: {"serviceSessionId": "partnerServiceSessionId"},
    to_iop.SetSessionEventReportResponse: {"sessionEventId": "sessionActionId"},
}
"""Type -> other name of an element -> its name."""

_NUMBER_FIRST: Final = re.compile(r"([+-]?[0-9]{1,18})(?:\s*[:–-]\s*.*|\s.*)?", re.DOTALL)
_DECIMAL: Final = re.compile(r"[+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})")
_MOMENT: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]{0,9}))?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_ANSWER_WORDS: Final = {word: int(code) for word, code in WORDS[AuthorisationValue].items()}


class Missing(Invalid):
    """A mandatory element is missing or empty. `element` is its name."""

    def __init__(self, path: str, element: str) -> None:
        super().__init__(path, f"the element {element} is missing or empty")
        self.element = element


class _Entry(Struct, frozen=True):
    """`leaf` reads text; None: an element with elements in it, which `inner` reads."""

    key: str
    many: bool
    leaf: Leaf | None
    inner: "_Plan | None"


class _Plan(Struct, frozen=True):
    """`tags`: elements by their own names; `entries`: by names whose first letter is small. `dialect`: other name of an
    element -> its name."""

    name: str
    tags: dict[Any, _Entry]
    entries: dict[str, _Entry]
    dialect: tuple[tuple[str, str], ...]
    required: frozenset[str]
    names: tuple[str, ...]


def values_of(element: Element, wire_type: Any, zone: tzinfo = UTC) -> dict[str, Any]:
    """A dict for msgspec. `zone` is that of dates without one. Raises Missing, Invalid."""
    return _read(element, _plan(wire_type), zone)


def _read(element: Element, plan: _Plan, zone: tzinfo) -> dict[str, Any]:
    values: dict[str, Any] = {}
    unknown: dict[str, Any] = {}
    known = plan.tags.get
    for child in element[:]:
        entry = known(child.tag) or _other_spelling(child, plan, unknown)  # mostly as we would write it
        if entry is None:
            continue
        value = _leaf_value(child, entry.leaf, zone) if entry.leaf else _inner_values(child, entry.inner, zone)
        if value is None:
            continue
        key = entry.key
        if entry.many:
            values.setdefault(key, []).append(value)
        elif key not in values:
            values[key] = value
        else:
            log.info("%s: a second %s is ignored", plan.name, key)
    for name, key in plan.dialect:
        if name in values:
            values.setdefault(key, values.pop(name))
    if not plan.required <= values.keys():
        name = next(name for name in plan.names if name in plan.required and name not in values)
        raise Missing(path_of(element, name), name)
    if unknown:
        log.info("%s: unknown elements %s", plan.name, ", ".join(sorted(unknown))[:200])
        values[EXTRA] = unknown
    return values


def _other_spelling(child: Element, plan: _Plan, unknown: dict[str, Any]) -> _Entry | None:
    """In a namespace, or with another first letter. What nobody knows is put aside into `unknown`."""
    local = local_name(child.tag)
    entry = plan.entries.get(_uncapped(local))
    if entry is None:
        put(unknown, local, plain(child))
    return entry


def _inner_values(child: Element, plan: _Plan | None, zone: tzinfo) -> dict[str, Any] | None:
    """None for what is empty, and so counts as absent."""
    return _read(child, plan, zone) if plan is not None and len(child) else None


def _leaf_value(child: Element, leaf: Leaf, zone: tzinfo) -> Any:
    """None for what is empty or nil, and so counts as absent."""
    if len(child):
        raise Invalid(path_of(child), "an element where text belongs")
    text = child.text
    if text is None:
        return None
    text = text.strip()
    if not text:
        return None
    try:
        return leaf(text, zone)
    except ValueError as error:
        raise Invalid(path_of(child), str(error)) from None


@lru_cache(maxsize=256)
def _plan(wire_type: Any) -> _Plan:
    hints = typing.get_type_hints(wire_type, include_extras=True)
    tags: dict[str, _Entry] = {}
    for shape in shape_of(wire_type):
        leaf = None if shape.is_struct else _leaf(shape, _marks(hints[shape.name]))
        inner = _plan(shape.kind) if shape.is_struct else None
        tags[shape.encoded] = _Entry(shape.encoded, shape.many, leaf, inner)
    names = tuple(tags)
    dialect = tuple(DIALECT.get(wire_type, {}).items())
    for other, name in dialect:
        tags[other] = msgspec.structs.replace(tags[name], key=other)
    entries = {_uncapped(name): entry for name, entry in tags.items()}
    required = frozenset(field.encode_name for field in msgspec.structs.fields(wire_type) if field.required)
    return _Plan(getattr(wire_type, "element", wire_type.__name__), tags, entries, dialect, required, names)


def _uncapped(name: str) -> str:
    return name[:1].lower() + name[1:]


def _marks(hint: Any) -> frozenset[str]:
    """The marks that the codec's Metas leave on a type."""
    found: set[str] = set()
    for part in (hint, *typing.get_args(hint)):
        for note in getattr(part, "__metadata__", ()):
            found.add(str((note.extra or {}).get("emip")))
    return frozenset(found)


def _leaf(shape: FieldShape, marks: frozenset[str]) -> Leaf:
    if "date" in marks:
        return _date
    if "user-id-type" in marks:
        return _user_id_type
    if "answer" in marks:
        return _answer
    if shape.kind is int:
        return _integer
    if shape.kind is Decimal:
        return _decimal
    if issubclass(shape.kind, Code):
        return _code(shape.kind)
    return _text


def _text(text: str, zone: tzinfo) -> str:
    return text


def _user_id_type(text: str, zone: tzinfo) -> str:
    known = USER_ID_WORDS.get(text.lower())
    return text if known is None else known.value


def _integer(text: str, zone: tzinfo) -> int:
    if text.isdigit() and text.isascii() and len(text) < 18:
        return int(text)
    match = _NUMBER_FIRST.fullmatch(text)
    if match is None:
        raise ValueError("not a whole number")
    return int(match[1])


def _answer(text: str, zone: tzinfo) -> int:
    word = _ANSWER_WORDS.get(text.lower())
    return _integer(text, zone) if word is None else word


def _decimal(text: str, zone: tzinfo) -> Decimal:
    if "." not in text and text.count(",") == 1:
        text = text.replace(",", ".")
    if not _DECIMAL.fullmatch(text):
        raise ValueError("not a number")
    return Decimal(text)


def _code(kind: type[Code]) -> Leaf:
    words = WORDS[kind]
    values = {code.value: code.value for code in kind}

    def read(text: str, zone: tzinfo) -> str:
        value = values.get(text)
        if value is not None:
            return value
        word = words.get(text.lower())
        if word is not None:
            return word.value
        match = _NUMBER_FIRST.fullmatch(text)
        value = values.get(match[1].lstrip("+")) if match else None
        if value is None:
            raise ValueError(f"one of {', '.join(values)} is expected")
        return value

    return read


def _date(text: str, zone: tzinfo) -> str:
    """In UTC, with milliseconds if there are any; further digits are dropped."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError("not a date and time")
    clock, fraction, offset = match.groups()
    try:
        moment = datetime.fromisoformat(clock if offset in (None, "Z") else clock + offset)
        if offset != "Z":
            clock = _in_utc(moment if offset else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError):
        raise ValueError("not a date and time") from None
    if not fraction or not fraction[:3].strip("0"):
        return f"{clock}Z"
    return f"{clock}.{fraction[:3]:0<3}Z"


def _in_utc(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
