"""Right OCHP messages of every shape, made from the wire types themselves."""

import typing
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

import msgspec
from hypothesis import strategies as st

from protocols.ochp.wire import cdrs, charge_points, live, tokens, types, words
from protocols.transport.soap.shapes import shape_of

plain = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="￾￿")
moments = st.datetimes(datetime.fromisoformat("1971-01-01"), datetime.fromisoformat("9998-12-31")).map(
    lambda moment: moment.replace(microsecond=0)
)


def utc_text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def local_text(moment: datetime, minutes: int) -> str:
    return moment.replace(tzinfo=timezone(timedelta(minutes=minutes))).isoformat()


offsets = st.integers(-14 * 60 + 1, 14 * 60 - 1)
utc_texts = moments.map(utc_text)
local_texts = st.builds(local_text, moments, offsets)
any_texts = utc_texts | local_texts | moments.map(lambda moment: moment.isoformat() + ".25")
decimals = st.decimals(0, 100_000, places=4, allow_nan=False, allow_infinity=False) | st.sampled_from(
    [Decimal("0"), Decimal("22.0"), Decimal("0.10"), Decimal("1E-7")]
)
coordinates = {
    types.Latitude: st.decimals(-90, 90, places=6).map(lambda value: f"{value:.6f}"),
    types.Longitude: st.decimals(-180, 180, places=6).map(lambda value: f"{value:.6f}"),
}
zones = st.sampled_from(["Europe/Berlin", "Europe/Lisbon", "Asia/Tokyo"])
FIXED: dict[Any, st.SearchStrategy[Any]] = {
    types.DateTime: utc_texts,
    types.LocalDateTime: local_texts,
    types.XsdDateTime: any_texts,
    types.TimeZone: zones,
    **coordinates,
}
_BY_META = {hint.__metadata__[0]: strategy for hint, strategy in FIXED.items()}


@lru_cache(maxsize=256)
def wire(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a wire type."""
    if kind in SPECIAL:
        return SPECIAL[kind]
    return built(kind)


def built(kind: Any, **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    hints = typing.get_type_hints(kind, include_extras=True)
    parts = {
        shape.name: given[shape.name] if shape.name in given else value(hints[shape.name]) for shape in shape_of(kind)
    }
    return st.builds(kind, **parts)


def value(hint: Any, metas: tuple[msgspec.Meta, ...] = ()) -> st.SearchStrategy[Any]:
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        inner, *more = typing.get_args(hint)
        return value(inner, (*metas, *more))
    if origin is tuple:
        least, most = _bounds(metas)
        return st.lists(value(typing.get_args(hint)[0]), min_size=least, max_size=min(most or 3, 3)).map(tuple)
    if origin is not None:
        found = [part for part in typing.get_args(hint) if part is not type(None)]
        return st.none() | value(found[0], metas)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return wire(hint)
    return _simple(hint, metas)


def _simple(hint: Any, metas: tuple[msgspec.Meta, ...]) -> st.SearchStrategy[Any]:
    for meta in metas:
        if meta in _BY_META:
            return _BY_META[meta]
        if meta.pattern is not None and "://" in meta.pattern:
            return st.sampled_from(["https://a.example/x", "http://b.example/y?z=1&q=2"])
        if meta.pattern is not None:
            return st.from_regex(meta.pattern, fullmatch=True)
    if hint is bool:
        return st.booleans()
    if hint is Decimal:
        return decimals
    if hint is int:
        low = next((meta.ge for meta in metas if meta.ge is not None), 0)
        high = next((meta.le for meta in metas if meta.le is not None), 10_000)
        return st.integers(int(low), int(high))
    least, most = _bounds(metas)
    return st.text(plain, min_size=least, max_size=min(most or 40, 40))


def _bounds(metas: tuple[msgspec.Meta, ...]) -> tuple[int, int | None]:
    least = next((meta.min_length for meta in metas if meta.min_length is not None), 0)
    return least, next((meta.max_length for meta in metas if meta.max_length is not None), None)


def _ordered(kind: Any, low: str, high: str, texts: st.SearchStrategy[str], **more: Any) -> st.SearchStrategy[Any]:
    pairs = st.lists(texts, min_size=2, max_size=2, unique=True).map(sorted)
    return st.builds(
        lambda pair, rest: kind(**{low: pair[0], high: pair[1], **rest}), pairs, st.fixed_dictionaries(more)
    )


hours = st.sampled_from(["00:00", "06:30", "12:00", "22:00", "24:00"])
statuses = st.sampled_from(list(words.ChargePointStatus))
hexadecimal = st.text("0123456789abcdefABCDEF", min_size=8, max_size=20)
emt_ids = st.builds(
    tokens.EmtId,
    instance=st.text(plain, min_size=1, max_size=40) | hexadecimal,
    token_type=st.sampled_from(list(words.TokenType)),
    token_sub_type=st.none() | st.sampled_from(list(words.TokenSubType)),
    representation=st.none() | st.just(words.Representation.PLAIN),
) | st.builds(
    tokens.EmtId,
    instance=st.text("0123456789abcdef", min_size=64, max_size=64),
    token_type=st.just(words.TokenType.RFID),
    representation=st.just(words.Representation.SHA_256),
)
listed_emt_ids = emt_ids.filter(lambda emt_id: emt_id.token_type is not words.TokenType.REMOTE)
SPECIAL: dict[Any, st.SearchStrategy[Any]] = {
    tokens.EmtId: emt_ids,
    charge_points.RegularHours: _ordered(
        charge_points.RegularHours, "period_begin", "period_end", hours, weekday=st.integers(1, 7)
    ),
    charge_points.ExceptionalPeriod: _ordered(charge_points.ExceptionalPeriod, "period_begin", "period_end", utc_texts),
    charge_points.Schedule: _ordered(charge_points.Schedule, "start_date", "end_date", utc_texts, status=statuses)
    | st.builds(charge_points.Schedule, start_date=utc_texts, status=statuses),
}
SPECIAL[charge_points.Hours] = built(
    charge_points.Hours, regular_hours=st.just(()), twentyfourseven=st.booleans()
) | built(
    charge_points.Hours,
    regular_hours=st.lists(wire(charge_points.RegularHours), min_size=1, max_size=7).map(tuple),
    twentyfourseven=st.none(),
)

records = built(tokens.RoamingAuthorisationInfo, emt_id=listed_emt_ids)
charge_point_infos = wire(charge_points.ChargePointInfo)
cdr_infos = wire(cdrs.CDRInfo)
live_pairs = st.sampled_from(
    [
        (words.Major.AVAILABLE, None),
        (words.Major.AVAILABLE, words.Minor.AVAILABLE),
        (words.Major.AVAILABLE, words.Minor.RESERVED),
        (words.Major.NOT_AVAILABLE, None),
        *[(words.Major.NOT_AVAILABLE, minor) for minor in words.Minor if minor is not words.Minor.AVAILABLE],
        (words.Major.UNKNOWN, None),
    ]
)
evse_statuses = st.builds(
    lambda evse_id, pair, ttl: live.EvseStatus(evse_id=evse_id, major=pair[0], minor=pair[1], ttl=ttl),
    st.from_regex(types.EvseId.__metadata__[0].pattern, fullmatch=True),
    live_pairs,
    st.none() | any_texts,
)
NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
