"""Right eMIP messages of every shape."""

import typing
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

import msgspec
from hypothesis import strategies as st

from mappings.emip.times import moment_to_emip
from protocols.emip.wire.parts import ChargeDetailRecord, MeterReport, MeterReportList, SessionEvent
from protocols.emip.wire.words import CdrNature, UserIdType
from protocols.transport.soap.shapes import shape_of

CHARACTERS = st.sampled_from("aZ0_-*é<&>\"'€\U0001f50c")


@lru_cache
def texts(longest: int = 40) -> st.SearchStrategy[str]:
    """Without space at the ends, which is trimmed; inner space stays."""
    return st.text(CHARACTERS, min_size=1, max_size=longest).map(lambda text: text.replace("_", "_ _"))


dates = st.datetimes(datetime(2000, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment_to_emip(moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000))
)
decimals = st.builds(
    lambda units, places: Decimal(units).scaleb(-places), st.integers(-(10**9), 10**9), st.integers(0, 6)
)
parties = st.from_regex(r"[A-Z]{2}\*[A-Z0-9]{3}", fullmatch=True)
evse_ids = st.from_regex(r"FR\*[A-Z0-9]{3}\*E[A-Z0-9][A-Z0-9*]{0,30}", fullmatch=True)
uids = st.from_regex(r"[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20}", fullmatch=True)
contracts = st.from_regex(r"FR-[A-Z0-9]{3}-C[A-Z0-9]{8}(-[A-Z0-9])?", fullmatch=True)


@lru_cache
def messages(wire_type: Any) -> st.SearchStrategy[Any]:
    """Of any wire type, from its annotations: what is optional is there or not."""
    hints = typing.get_type_hints(wire_type, include_extras=True)
    required = {field.name for field in msgspec.structs.fields(wire_type) if field.required}
    members: dict[str, st.SearchStrategy[Any]] = {}
    for shape in shape_of(wire_type):
        value = _value(shape.kind, hints[shape.name])
        if shape.many:
            members[shape.name] = st.lists(value, max_size=3).map(tuple)
        elif shape.name in required or shape.name in ("meter_report_list", "intermediate_cdr_requested"):
            members[shape.name] = value
        else:
            members[shape.name] = st.none() | value
    return st.builds(wire_type, **members)


def _value(kind: Any, hint: Any) -> st.SearchStrategy[Any]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        whole = messages(kind)
        return whole.filter(lambda part: part.meter_report != ()) if kind is MeterReportList else whole
    if isinstance(kind, type) and issubclass(kind, Enum):
        return st.sampled_from(list(kind))
    if "'answer'" in repr(hint):
        return st.sampled_from([1, 2])
    if kind is int:
        return st.integers(1, 20_000)
    if kind is Decimal:
        return decimals
    return dates if "emip': 'date'" in repr(hint) else texts()


@st.composite
def records(draw: st.DrawFn) -> ChargeDetailRecord:
    """A final record that the model can be made of."""
    begin, end = sorted((draw(dates), draw(dates)), key=lambda text: text.ljust(24, "0"))
    kind = draw(st.sampled_from([*(word.value for word in UserIdType), "OWN-WORD"]))
    user = draw(uids if kind == "RFID-UID" else contracts | texts(60))
    reports = st.builds(
        MeterReport,
        meter_type_id=st.sampled_from([1, 2, 3, 21, 25, 31, 35, 41, 45, 1022, 777]),
        meter_value=decimals,
        meter_unit=st.sampled_from(["min", "h", "s", "Wh", "kWh", "MWh", "W", "kW", "EUR", "CHF", "x"]),
    )
    made = draw(messages(ChargeDetailRecord))
    return msgspec.structs.replace(
        made,
        cdr_nature=CdrNature.FINAL,
        evse_id_type=made.evse_id_type.EMI3,
        evse_id=draw(evse_ids),
        user_id_type=kind,
        user_id=user,
        user_contract_id_alias=draw(st.none() | contracts | texts(60)),
        start_time=begin,
        end_time=end,
        meter_report_list=MeterReportList(meter_report=tuple(draw(st.lists(reports, max_size=6)))),
    )


events = st.builds(
    SessionEvent,
    session_event_nature=st.integers(0, 9),
    session_event_id=st.none() | texts(),
    session_event_date_time=dates,
    session_event_parameter=st.none() | texts(),
    related_session_action_id=st.none() | texts(),
)
