"""Any OCPI message, by its wire type: what the specification allows, and unknown fields here and there."""

import importlib
import pkgutil
import types
import typing
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Annotated, Any

import msgspec
from hypothesis import strategies as st
from msgspec import UNSET, Meta, UnsetType

from protocols.ocpi import wire
from protocols.ocpi.wire import cdrs, locations, tokens
from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.types import CdrDateTime, ClockTime, Date, DateTime, EndOfPeriod, Latitude, Longitude, Url

ASCII_TEXT = st.characters(min_codepoint=32, max_codepoint=126)
ANY_TEXT = st.characters(exclude_categories=("Cc", "Cs"))
MOMENTS = st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds"))
FRACTIONS = st.sampled_from(["", "", ".1", ".25", ".120", ".0", ".123", ".0001"])
TIMES = st.builds(
    lambda text, fraction, zone: text + fraction + zone, MOMENTS, FRACTIONS, st.sampled_from(["Z", "Z", ""])
)
NUMBERS = st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-99999, max_value=99999)
WORDS = st.text(ASCII_TEXT, min_size=1, max_size=8)
COUNTRY = st.sampled_from(["DE", "nl", "Fr", "BE"])
PARTY = st.from_regex(r"\A[A-Za-z0-9]{3}\Z", fullmatch=True).filter(str.isascii)
EVSE_IDS = st.sampled_from(["DE*ABC*E1*2", "nlabce77", "+49*810*000*438", "#NA", "our own name"])
CONTRACTS = st.sampled_from(["NL-TST-C12345678-S", "de8acc12e46l89", "#NA", "", "whatever", "NLTNM0122045"])

EXTRA = st.none() | st.dictionaries(
    st.sampled_from(["foo", "ext_a", "x.y", "last updated"]),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**12), 10**12) | WORDS | NUMBERS.filter(lambda n: n % 1 != 0),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORDS, inner, max_size=2),
        max_leaves=3,
    ),
    min_size=1,
    max_size=2,
)
MOSTLY_NO_EXTRA = st.one_of(st.none(), st.none(), st.none(), EXTRA)


def _degrees(whole: int, digits: int) -> st.SearchStrategy[str]:
    signs, fraction = st.sampled_from(["", "-"]), st.text("0123456789", min_size=5, max_size=digits)
    wholes = st.integers(0, whole).map(str) | st.integers(0, 9).map(lambda n: f"0{n}")
    return st.builds(lambda sign, a, b: f"{sign}{a}.{b}", signs, wholes, fraction)


CLOCK = st.builds(lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.integers(0, 59))
PATTERNED = {
    DateTime: TIMES,
    CdrDateTime: TIMES | st.just("1970-1-1T00:00:00Z"),
    ClockTime: CLOCK,
    EndOfPeriod: CLOCK | st.just("24:00"),
    Date: st.dates().map(lambda day: day.isoformat()),
    Latitude: _degrees(90, 6),
    Longitude: _degrees(180, 6),
    Url: WORDS.map(lambda word: f"https://example.org/{word}"),
}
BY_NAME = {
    "country_code": COUNTRY,
    "party_id": PARTY,
    "hub_party_id": st.just("NLHUB"),
    "evse_id": EVSE_IDS,
    "contract_id": CONTRACTS,
    "token": st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=64),
}


@cache
def ocpi(wire_type: Any) -> st.SearchStrategy[Any]:
    """Messages of one wire type that keep all the rules."""
    hints = typing.get_type_hints(wire_type, include_extras=True)
    fields: dict[str, st.SearchStrategy[Any]] = {"extra": MOSTLY_NO_EXTRA}
    for field in msgspec.structs.fields(wire_type):
        if field.name != "extra":
            fields[field.name] = _field(wire_type, field.name, hints[field.name])
    return st.builds(wire_type, **fields).map(RULES.get(wire_type, lambda message: message))


def _field(wire_type: type[Wire], name: str, hint: Any) -> st.SearchStrategy[Any]:
    known = BY_NAME.get(name)
    if known is None or (name == "token" and wire_type.__name__ != "Credentials"):
        return _of(hint, in_list=False)
    if name == "contract_id" and wire_type is tokens.EnergyContract:
        return _of(hint, in_list=False)
    optional = type(None) in typing.get_args(hint)
    if UnsetType in typing.get_args(hint):
        known |= st.just(UNSET)
    return st.none() | known if optional else known


def _of(hint: Any, *, in_list: bool) -> st.SearchStrategy[Any]:
    if hint in PATTERNED:
        return PATTERNED[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        meta = next(mark for mark in arguments[1:] if isinstance(mark, Meta))
        return _limited(arguments[0], meta)
    if origin in (typing.Union, types.UnionType):
        return _one_of(arguments)
    if origin is tuple:
        return st.lists(_of(arguments[0], in_list=True), max_size=2).map(tuple)
    if hint is Decimal:
        return NUMBERS
    if hint is str:
        return WORDS
    if hint is int:
        return st.integers(0, 10**6)
    if hint is bool:
        return st.booleans()
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    return ocpi(hint)


def _one_of(arguments: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    kinds = [kind for kind in arguments if kind not in (type(None), UnsetType)]
    choices = [_of(kind, in_list=False) for kind in kinds]
    if UnsetType in arguments:
        choices.append(st.just(UNSET))
    elif type(None) in arguments and typing.get_origin(kinds[0]) is not tuple:
        choices.append(st.none())
    return st.one_of(choices)


def _limited(kind: Any, meta: Meta) -> st.SearchStrategy[Any]:
    if kind is int:
        return st.integers(meta.ge, meta.le)
    if kind is str:
        ascii_only = bool((meta.extra or {}).get("ascii"))
        longest = min(meta.max_length or 20, 20)
        return st.text(ASCII_TEXT if ascii_only else ANY_TEXT, min_size=1, max_size=longest)
    return st.lists(_of(typing.get_args(kind)[0], in_list=True), min_size=meta.min_length, max_size=2).map(tuple)


# --- what a message has to observe beyond its single fields


def _replace(message: Any, **changes: Any) -> Any:
    return msgspec.structs.replace(message, **changes)


def _hours(hours: locations.Hours) -> locations.Hours:
    day = locations.RegularHours(weekday=1, period_begin="08:00", period_end="24:00")
    regular = () if hours.twentyfourseven else hours.regular_hours or (day,)
    return _replace(hours, regular_hours=regular)


def _regular(hours: locations.RegularHours) -> locations.RegularHours:
    return hours if hours.period_begin < hours.period_end else _replace(hours, period_begin="00:00", period_end="00:01")


def _publish_token(token: locations.PublishTokenType) -> locations.PublishTokenType:
    return _replace(token, group_id=token.group_id or "G", type=token.type or "RFID", issuer=token.issuer or "I")


def _location(location: locations.Location) -> locations.Location:
    places = {place.id.upper(): place for place in location.parking_places}
    parking = tuple(locations.EvseParking(parking_id=place.id) for place in places.values())
    return _replace(
        location,
        publish_allowed_to=() if location.publish else location.publish_allowed_to,
        parking_places=tuple(places.values()),
        evses=tuple(_replace(evse, parking=parking) for evse in location.evses),
    )


def _cdr(cdr: cdrs.Cdr) -> cdrs.Cdr:
    return _replace(cdr, credit_reference_id=cdr.credit_reference_id or "C") if cdr.credit else cdr


RULES: dict[Any, Any] = {
    locations.Hours: _hours,
    locations.RegularHours: _regular,
    locations.PublishTokenType: _publish_token,
    locations.Location: _location,
    cdrs.Cdr: _cdr,
}


def _every_type() -> list[Any]:
    modules = [
        importlib.import_module(f"{wire.__name__}.{found.name}") for found in pkgutil.iter_modules(wire.__path__)
    ]
    named = [(module, held) for module in modules for held in vars(module).values()]
    return [
        held
        for module, held in named
        if isinstance(held, type) and issubclass(held, Wire) and held.__module__ == module.__name__ and held is not Wire
    ]


EVERY_TYPE = _every_type()
"""All messages of all versions, and their parts."""
