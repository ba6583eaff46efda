"""How an older version of OCPI says what 2.3.0 says. All mappings to and from core speak 2.3.0; a form stands before
them, so that a version is a table of what differs and nothing else."""

import re
import typing
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from core.errors import Invalid, Unsupported
from core.model.loss import Loss, LossKind
from core.model.name import NameKind
from core.model.partner import PartyRole
from mappings.losses import NotCarried, losses, plain
from mappings.ocpi.common import kept
from mappings.tables import CodeTable
from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.locations import BusinessDetails, Location
from protocols.ocpi.wire.sessions import Session
from protocols.ocpi.wire.tariffs import Tariff
from protocols.ocpi.wire.tokens import Token
from protocols.ocpi.wire.types import CdrDateTime, DateTime

T = TypeVar("T")


class Unsayable(Unsupported):
    """The older version has no words for this object, or none that would not change its meaning."""


class UnknownPlace(Struct, frozen=True):
    """What a partner is told of places that the hub does not know. Degrees are decimal."""

    address: str
    city: str
    country: str
    latitude: str
    longitude: str


class Switches(Struct, frozen=True):
    """What an operator may choose for a partner of an older version.

    `unknown_fields`: it is shown them too. `short_texts`: it still has the limits of before the corrections, 45 for
    an address and 20 for a state. `lossy_tariffs`: it gets tariffs without the conditions that its version cannot
    say. `time_zone`: that of its locations, where they do not say it (2.1.1). `hub_paths`: to it the hub owns all
    that it is told, in paths too (2.1.1). `ascii_texts`: it takes no other letters (2.1.1). `unknown_place` stands
    in sessions for a place that the hub does not know; without it they are withheld (2.1.1)."""

    unknown_fields: bool = False
    short_texts: bool = False
    lossy_tariffs: bool = False
    time_zone: str | None = None
    hub_paths: bool = False
    ascii_texts: bool = False
    unknown_place: UnknownPlace | None = None


class About(Struct, frozen=True, kw_only=True):
    """What a message of an older version leaves to its surroundings. `hub`: who we are; `partner`: the one party of
    a connection of 2.1.1, in its role; `now`: the time of receipt.

    What older versions refer to in their own way, as far as the hub knows it: `operators` by the key of a party,
    `tariffs` by the owner's key and their id, `places` by the key of a location, `tokens` by the contract, `asked`: the
    token that an answer is about."""

    hub: PartyRole | None = None
    partner: PartyRole | None = None
    now: datetime = datetime(1970, 1, 1, tzinfo=UTC)
    switches: Switches = Switches()
    operators: Mapping[str, BusinessDetails] = {}
    tariffs: Mapping[tuple[str, str], Tariff] = {}
    places: Mapping[str, Location] = {}
    tokens: Mapping[str, Token] = {}
    asked: Token | None = None
    owner: str | None = None
    """The key of the party whose location is said."""
    held: Session | None = None
    """The session that a PATCH changes, as it is after it."""
    heard: Mapping[tuple[NameKind, str], str] = {}
    """By how the partner of 2.1.1 calls an object of its own or one that it was told of: its id."""
    told: Mapping[tuple[NameKind, str, str], str] = {}
    """By the owner's key and the id in capitals: how the partner of 2.1.1 is told of an object."""


NOTHING_KNOWN: Final = About()


class Form(Struct, frozen=True):
    """One type of 2.3.0 in an older version. `newer` makes 2.3.0 of it, `older` it of 2.3.0 (raises Unsayable)."""

    wire_type: Any
    newer: Callable[[Any, About], Any]
    older: Callable[[Any, About], Any]


Forms = Mapping[Any, Form]
"""By the type of 2.3.0. What is not in it is said as in 2.3.0."""


def said(message: Any, forms: Forms, about: About) -> Any:
    """The message as a version says it. Raises Unsayable."""
    form = forms.get(type(message))
    older = form.older(message, about) if form else message
    return older if about.switches.unknown_fields else without_unknown(older)


def _nothing_more(_: Any, __: About) -> tuple[Loss, ...]:
    return ()


class LossTable(Struct, frozen=True):
    """What a version loses of one canonical type beyond 2.3.0. `more`: what no table can say."""

    not_carried: NotCarried = {}
    codes: Mapping[str, CodeTable[Any, Any]] = {}
    more: Callable[[Any, About], tuple[Loss, ...]] = _nothing_more


Lost = Mapping[Any, LossTable]
"""By canonical type."""


def lost(canonical: Struct, tables: Lost, about: About) -> tuple[Loss, ...]:
    table = tables.get(type(canonical))
    if table is None:
        return ()
    unknown = () if about.switches.unknown_fields else tuple(_unknown(canonical, ""))
    return losses(canonical, table.not_carried, table.codes) + table.more(canonical, about) + unknown


def _unknown(value: Any, path: str) -> Iterator[Loss]:
    """Fields that no version knows, where they are kept: see `common`."""
    if isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _unknown(item, f"{path.removesuffix('.')}[{index}].")
    elif isinstance(value, Struct):
        back = kept(getattr(value, "extensions", {}))
        for part, extra in (("", back.extra or {}), *((f"{name}.", held) for name, held in back.parts.items())):
            for name, content in extra.items():
                yield Loss(path=f"{path}{part}{name}", reason=_NOT_SHOWN, value=content)
        for name in value.__struct_fields__:
            yield from _unknown(getattr(value, name), f"{path}{name}.")


_NOT_SHOWN: Final = "unknown to OCPI; partners of older versions are not shown it"


def unsaid(message: Any, said_as: Any, forms: Forms, about: About) -> tuple[Loss, ...]:
    """What a part or a PATCH loses, for which no canonical object exists: members that do not come back."""
    form = forms.get(type(message))
    if form is None:
        return ()
    try:
        back = form.newer(said_as, about)
    except (Invalid, Unsayable):
        return ()
    found = []
    for name in message.__struct_fields__:
        before, after = getattr(message, name), getattr(back, name)
        if name in _OWNER or before in _NOTHING or before == after:
            continue
        kind = LossKind.LOST if after in _NOTHING else LossKind.NARROWED
        found.append(Loss(path=name, reason="the older version has no words for it", value=plain(before), kind=kind))
    return tuple(found)


_OWNER: Final = ("country_code", "party_id", "last_updated")
"""Said by the connection, or not lost by being said in whole seconds."""
_NOTHING: Final = (None, UNSET, ())


def unchanged(message: T, _: About) -> T:
    return message


def never(message: Any, _: About) -> Any:
    """For what the version does not have, or the hub never writes."""
    raise Unsayable(f"no {type(message).__name__} is told in this version")


# --- pieces of forms


def retyped(message: Any, wire_type: type[T], **changes: Any) -> T:
    """The fields that both types have, and the changes."""
    fields: Any = wire_type
    held = message.__struct_fields__
    shared = {name: getattr(message, name) for name in fields.__struct_fields__ if name in held and name not in changes}
    return wire_type(**shared, **changes)


def without(message: T, *names: str) -> T:
    """With these fields at their defaults: empty in an object, not mentioned in a PATCH."""
    kind: Any = type(message)
    defaults = _defaults(kind)
    changes = {name: defaults[name] for name in names if getattr(message, name) != defaults[name]}
    return replace(message, **changes) if changes else message  # type: ignore[type-var]


@lru_cache(maxsize=256)
def _defaults(wire_type: Any) -> dict[str, Any]:
    return {field.name: field.default for field in msgspec.structs.fields(wire_type)}


def each_of(convert: Callable[[Any], Any], values: Any) -> Any:
    """A list converted; what is not there stays so."""
    return tuple([convert(value) for value in values]) if values else values


def mapped(convert: Callable[[Any], Any], value: Any) -> Any:
    """As each_of, for one value."""
    return value if value is None or value is UNSET else convert(value)


def stated(convert: Callable[[Any], Any], message: Any, name: str) -> Any:
    """As mapped, for a field of an object or a PATCH: what no word is found for is not mentioned."""
    kind: Any = type(message)
    held = getattr(message, name)
    said = mapped(convert, held)
    return _defaults(kind)[name] if said is None and held is not None else said


def without_unknown(value: Any) -> Any:
    """A message without the fields that no version knows, at any depth; itself if there are none."""
    if isinstance(value, Wire):
        changes = {
            name: cleaned
            for name in value.__struct_fields__
            if (held := getattr(value, name)) is not (cleaned := None if name == "extra" else without_unknown(held))
        }
        return replace(value, **changes) if changes else value
    if isinstance(value, tuple):
        items = tuple(map(without_unknown, value))
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def whole_seconds(value: Any) -> Any:
    """A message without fractions in its times, at any depth."""
    if isinstance(value, Wire):
        times = _times(type(value))
        return replace(
            value,
            **{
                name: _FRACTION.sub("", held) if name in times and isinstance(held, str) else whole_seconds(held)
                for name in value.__struct_fields__
                if isinstance(held := getattr(value, name), str | Wire | tuple)
            },
        )
    return tuple(map(whole_seconds, value)) if isinstance(value, tuple) else value


_FRACTION: Final = re.compile(r"\.[0-9]+")


_MOMENTS: Final = (DateTime, CdrDateTime)


@lru_cache(maxsize=256)
def _times(wire_type: Any) -> frozenset[str]:
    hints = typing.get_type_hints(wire_type, include_extras=True)
    return frozenset(
        name for name, hint in hints.items() if any(kind in (hint, *typing.get_args(hint)) for kind in _MOMENTS)
    )


def in_ascii(value: Any) -> Any:
    """A message without letters beyond ASCII, at any depth: without their marks, or as they are spelled without them;
    those that have no such spelling are a question mark. What becomes longer is cut to what there is room for."""
    if isinstance(value, tuple):
        return tuple(map(in_ascii, value))
    if not isinstance(value, Wire):
        return value
    room = _room(type(value))
    changes = {}
    for name in value.__struct_fields__:
        held = getattr(value, name)
        if isinstance(held, str) and not held.isascii():
            changes[name] = spelled_in_ascii(held)[: room.get(name)]
        elif isinstance(held, Wire | tuple):
            changes[name] = in_ascii(held)
    return replace(value, **changes) if changes else value


def spelled_in_ascii(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    kept = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return kept.encode("ascii", "replace").decode()


_SPELLED: Final = str.maketrans(
    {
        "\u00df": "ss", "\u1e9e": "SS", "\u00e6": "ae", "\u00c6": "AE", "\u0153": "oe", "\u0152": "OE",
        "\u00f8": "o", "\u00d8": "O", "\u0142": "l", "\u0141": "L", "\u0111": "d", "\u0110": "D",
        "\u00f0": "d", "\u00d0": "D", "\u00fe": "th", "\u00de": "Th", "\u0131": "i",
        "\u2013": "-", "\u2014": "-", "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"',
        "\u20ac": "EUR",
    }
)  # fmt: skip
"""Letters that are not one with a mark; those that are lose the mark."""


@lru_cache(maxsize=256)
def _room(wire_type: Any) -> dict[str, int]:
    hints = typing.get_type_hints(wire_type, include_extras=True)
    found: dict[str, int] = {}
    for name, hint in hints.items():
        for kind in (hint, *typing.get_args(hint)):
            limits = [
                meta.max_length for meta in getattr(kind, "__metadata__", ()) if getattr(meta, "max_length", None)
            ]
            found |= {name: limits[0]} if limits else {}
    return found


class ClosedWords(CodeTable[str, str]):
    """The words of an enumeration that was closed in older versions. Every other word is told as `instead`, or is left
    out where there is none."""

    def __init__(self, words: frozenset[str], *, instead: str | None = None, special: Mapping[str, str] | None = None):
        super().__init__(both={word: word for word in sorted(words)}, outbound=special)
        self._known = words
        self._instead = instead
        self._special = dict(special or {})

    @property
    def lossless(self) -> bool:
        return False

    def loses(self, code: str) -> bool:
        return code not in self._known

    def said(self, word: str) -> str | None:
        return word if word in self._known else self._special.get(word, self._instead)

    def loss(self, code: str, path: str) -> Loss | None:
        if code in self._known:
            return None
        if word := self.said(code):
            return Loss(
                path=path, reason=f"sent as {word}: the older version lacks it", value=code, kind=LossKind.NARROWED
            )
        return Loss(path=path, reason="left out: the older version lacks the word", value=code)

    def only(self, words: Any) -> Any:
        """Of a list, what can be said."""
        return tuple(word for word in words if word in self._known) if words else words
