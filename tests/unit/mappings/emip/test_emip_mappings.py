"""eMIP <-> the model: ids, identifications, status, meters, records, sessions, answers. Crosswalk, P1 to P15."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import msgspec
import pytest

from core.errors import Invalid
from core.model.authorisation import Authorisation, AuthoriseRequest, Decision
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.location import EvseStatus, Location
from core.model.loss import LossKind
from core.model.quantities import Price
from core.model.session import CdrToken, SessionStatus
from core.model.token import TokenKind
from mappings.emip import authorisation, cdrs, meters, sessions
from mappings.emip.codes import NEVER_A_YES, REFUSAL, is_yes
from mappings.emip.evse_status import EVSE_STATUS, Availability, Busy, EmipStatus, dated, merged, status_to_emip
from mappings.emip.identification import medium_from_emip, user_id_to_emip
from mappings.emip.ids import evse_id_from_emip, evse_id_to_emip, party_from_emip, party_to_emip, uid_to_emip
from mappings.emip.times import moment_to_emip
from mappings.oicp.ids import evse_id_from_oicp, evse_id_to_oicp, operator_to_oicp, party_from_oicp
from protocols.emip.wire import from_iop
from protocols.emip.wire.parts import MeterReport, MeterReportList, SessionEvent
from protocols.emip.wire.words import AvailabilityStatus as A
from protocols.emip.wire.words import BusyStatus as B
from protocols.emip.wire.words import UserIdType
from tests.unit.core.examples import location as core_location
from tests.unit.mappings.emip.test_emip_accounting import (
    AT,
    CDR,
    CLA,
    CONTRACT,
    EVSE,
    HEADER,
    LUM,
    REQUEST,
    SESSION,
    UID,
)
from tests.unit.protocols.emip.emip_goldens import golden

# --- ids


@pytest.mark.spec("EMIP-ID-04", "EMIP-ID-05")
@pytest.mark.parametrize("text", ["FR*ZC1", "FR-ZC1", "FRZC1", "frzc1", "FR* ZC1", " fr - zc1 "])
def test_operations(text: str) -> None:
    assert party_to_emip(party_from_emip(text)) == "FR*ZC1"


@pytest.mark.parametrize("text", ["", "FR", "FR*ZC12", "F1*ZC1", "FR/ZC1"])
def test_no_operations(text: str) -> None:
    with pytest.raises(Invalid):
        party_from_emip(text)


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("FR*ZC1*E1001*1", "FR*ZC1*E1001*1"),
        ("frzc1e10011", "FR*ZC1*E10011"),
        ("FR-ZC1-E1001-1", "FR*ZC1*E1001*1"),
        ("+49*810*000*438", "DE*810*E000*438"),
    ],
)
def test_evse_ids(text: str, sent: str) -> None:
    assert evse_id_to_emip(evse_id_from_emip(text)) == sent


def test_evse_ids_that_cannot_be_said_are_not_cut() -> None:
    assert evse_id_to_emip(EvseId.parse("+1*810*000")) is None
    assert evse_id_to_emip(EvseId.parse("FR*ZC1*E" + "1" * 31)) is not None
    assert evse_id_to_emip(EvseId.parse("FR*ZC1*E" + "1" * 32)) is None


@pytest.mark.spec("EMIP-ID-10", "EMIP-ID-14")
@pytest.mark.parametrize(
    ("text", "sent"),
    [("04a1b2c3", "04A1B2C3"), ("0" * 14, "0" * 14), ("F" * 20, "F" * 20), ("012345678", None), ("XYZ", None)],
)
def test_uids(text: str, sent: str | None) -> None:
    assert uid_to_emip(text) == sent


@pytest.mark.spec("EMIP-ID-11", "EMIP-ID-13")
@pytest.mark.parametrize(
    ("user", "kind", "contract"),
    [
        (("RFID-UID", "04a1b2c3"), TokenKind.RFID, None),
        (("eMA", "FR-CLA-C1A2B3C4D-5"), TokenKind.APP_USER, CONTRACT),
        (("EVCO", "FR-CLA-C1A2B3C4D-5"), TokenKind.EMAID, CONTRACT),
        (("EMP-SPEC", "FR-CLA-C1A2B3C4D-5"), TokenKind.EMAID, CONTRACT),
        (("eMI3", "FR-CLA-C1A2B3C4D-5"), TokenKind.OTHER, CONTRACT),
        (("XYZ", "FR-CLA-C1A2B3C4D-5"), TokenKind.EMAID, CONTRACT),
        (("EMP-SPEC", "my own"), TokenKind.OTHER, None),
        (("XYZ", "my own"), TokenKind.OTHER, None),
    ],
)
def test_identifications(user: tuple[str, str], kind: str, contract: ContractId | None) -> None:
    medium = medium_from_emip(*user)
    assert (medium.kind, medium.contract_id) == (kind, contract)
    assert medium.uid == TokenUid.parse(user[1])


@pytest.mark.parametrize(
    ("token", "sent"),
    [
        (("RFID", "04a1b2c3", None), ("RFID-UID", "04A1B2C3")),
        (("RFID", "01234", None), None),
        (("EMAID", None, CONTRACT), ("EMP-SPEC", CONTRACT.text)),
        (("APP_USER", "u-1", CONTRACT), ("eMA", CONTRACT.text)),
        (("APP_USER", "u-1", None), ("EMP-SPEC", "u-1")),
        (("AD_HOC_USER", "u-1", CONTRACT), ("eMA", CONTRACT.text)),
        (("OTHER", "u-1", CONTRACT), ("EMP-SPEC", "u-1")),
        (("OTHER", None, CONTRACT), None),
        (("QR_CODE", "u-1", CONTRACT), None),
    ],
)
def test_tokens_to_emip(token: tuple[str, str | None, ContractId | None], sent: tuple[str, str] | None) -> None:
    kind, uid, contract = token
    found = user_id_to_emip(kind, TokenUid.parse(uid) if uid else None, contract)
    assert found == sent


def test_a_uid_that_is_too_long_is_not_cut() -> None:
    assert medium_from_emip("EMP-SPEC", "x" * 37).uid is None


# --- status


@pytest.mark.spec("EMIP-MAP-01")
@pytest.mark.parametrize(("availability", "busy"), list(product(A, B)))
def test_every_pair_by_the_table(availability: A, busy: B) -> None:
    status = EVSE_STATUS.to_core((availability, busy))
    outranking = {A.DELETED: "REMOVED", A.FUTURE: "PLANNED", A.OUT_OF_ORDER: "OUTOFORDER"}
    counted = {B.FREE: "AVAILABLE", B.BUSY: "CHARGING", B.RESERVED: "RESERVED", B.UNSPECIFIED: "UNKNOWN"}
    assert status == outranking.get(availability, counted[busy])


@pytest.mark.spec("EMIP-MAP-01")
@pytest.mark.parametrize("status", list(EvseStatus))
def test_every_status_and_back(status: EvseStatus) -> None:
    once = status_to_emip(status).status
    expected = {EvseStatus.INOPERATIVE: EvseStatus.OUT_OF_ORDER, EvseStatus.BLOCKED: EvseStatus.CHARGING}
    assert once is expected.get(status, status)
    assert status_to_emip(once).status is once
    assert (EVSE_STATUS.loss(status, "status") is None) == (once is status)


def test_each_kind_has_its_own_date() -> None:
    late, early = AT + timedelta(hours=1), AT
    held = EmipStatus(availability=Availability(value=A.IN_SERVICE, at=late), busy=Busy(value=B.BUSY, at=early))
    said = EmipStatus(availability=Availability(value=A.DELETED, at=early), busy=Busy(value=B.FREE, at=early))
    assert merged(held, said) == EmipStatus(availability=held.availability, busy=said.busy)
    assert merged(held, EmipStatus()) == held
    assert merged(EmipStatus(), said) == said
    future = dated(EmipStatus(busy=Busy(value=B.BUSY, at=late)), early, early)
    assert future.busy is not None
    assert future.busy.at == early


# --- meters


@pytest.mark.spec("EMIP-CDR-13")
@pytest.mark.parametrize(
    ("value", "unit", "kwh"),
    [("18250", "Wh", "18.25"), ("18.25", "kWh", "18.25"), ("0.01825", "MWh", "18.25"), ("18250", "WH", "18.25")],
)
def test_energy_by_the_written_unit(value: str, unit: str, kwh: str) -> None:
    report = MeterReport(meter_type_id=2, meter_value=Decimal(value), meter_unit=unit)
    assert str(meters.energy_kwh([report])) == kwh


def test_energy_in_no_unit_of_energy_is_not_said() -> None:
    assert meters.energy_kwh([MeterReport(meter_type_id=2, meter_value=Decimal(1), meter_unit="min")]) is None
    assert meters.energy_kwh([]) is None


@pytest.mark.parametrize(
    ("value", "unit", "hours"), [("62.5", "min", "1.0417"), ("1.5", "h", "1.5"), ("90", "s", "0.025")]
)
def test_durations(value: str, unit: str, hours: str) -> None:
    report = MeterReport(meter_type_id=1, meter_value=Decimal(value), meter_unit=unit)
    assert meters.duration_h([report]) == Decimal(hours)


def test_a_series_is_a_period_a_step() -> None:
    series = [
        MeterReport(meter_type_id=kind, meter_value=Decimal(value), meter_unit=unit)
        for kind, value, unit in ((45, "800", "Wh"), (35, "11000", "W"), (45, "799.5", "Wh"), (25, "9.6", "kW"))
    ]
    found = meters.periods(series, AT)
    assert [period.started_at for period in found] == [AT, AT + timedelta(minutes=5)]
    assert [(one.type, str(one.volume)) for one in found[0].dimensions] == [
        ("ENERGY", "0.8"),
        ("MAX_POWER", "11"),
        ("POWER", "9.6"),
    ]
    mixed = [*series, MeterReport(meter_type_id=41, meter_value=Decimal(1), meter_unit="Wh")]
    assert meters.periods(mixed, AT) == ()


# --- records


@pytest.mark.spec("EMIP-MAP-03", "EMIP-MAP-04", "EMIP-CDR-12")
@pytest.mark.parametrize("name", ["final", "minimal"])
def test_a_record_comes_back_as_it_was(name: str) -> None:
    record = golden(f"to_set_charge_detail_record/{name}_request").charge_detail_record
    cdr = cdrs.cdr_from_emip(record, LUM, received_at=AT)
    assert cdrs.cdr_to_emip(cdr) == cdrs.SentCdr(record, ())


def test_what_a_record_says() -> None:
    record = golden("to_set_charge_detail_record/final_request").charge_detail_record
    cdr = cdrs.cdr_from_emip(record, LUM, received_at=AT)
    assert (cdr.owner, cdr.total_energy_kwh, cdr.total_time_h) == (LUM, Decimal("9.8765"), Decimal("0.7083"))
    assert (cdr.total_cost, cdr.currency) == (Price(before_taxes=Decimal("4.05")), "EUR")
    assert (cdr.session_id, cdr.issuer_session_id, cdr.product_id) == ("lum/7731", "cla-s-5", "NUIT")
    assert cdr.token == CdrToken(issuer=CLA, uid=UID, kind="RFID", contract_id=CONTRACT)
    assert [len(period.dimensions) for period in cdr.periods] == [2, 1]


@pytest.mark.spec("EMIP-MAP-04")
def test_an_absent_price_is_not_zero_and_absent_energy_is_marked() -> None:
    record = golden("to_set_charge_detail_record/minimal_request").charge_detail_record
    cdr = cdrs.cdr_from_emip(record, LUM, received_at=AT)
    assert (cdr.total_cost, cdr.currency, cdr.total_time_h) == (None, None, None)
    assert (cdr.total_energy_kwh, cdr.remark) == (None, None)
    sent = cdrs.cdr_to_emip(msgspec.structs.replace(cdr, extensions={})).record
    assert sent is not None
    assert sent.meter_report_list == MeterReportList()


def test_an_intermediate_record_is_no_cdr() -> None:
    record = golden("to_set_charge_detail_record/intermediate_request").charge_detail_record
    with pytest.raises(Invalid):
        cdrs.cdr_from_emip(record, LUM, received_at=AT)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"credit": True}, "credit"),
        ({"location": msgspec.structs.replace(CDR.location, evse_id=None)}, "location.evse_id"),
        ({"token": CdrToken(kind="QR_CODE", uid=UID)}, "token"),
        ({"token": CdrToken(kind="RFID")}, "token"),
    ],
)
def test_records_that_may_not_be_sent(change: dict[str, Any], path: str) -> None:
    sent = cdrs.cdr_to_emip(msgspec.structs.replace(CDR, **change))
    assert sent.record is None
    assert [(loss.path, loss.kind) for loss in sent.losses] == [(path, LossKind.WITHHELD)]


def test_taxes_are_reported_as_lost() -> None:
    paths = {loss.path for loss in cdrs.cdr_to_emip(CDR).losses}
    assert {"total_cost.taxes", "total_cost.after_taxes", "periods", "tariffs", "signed_data"} <= paths


# --- sessions


def event(nature: int, second: int, name: str | None = None) -> SessionEvent:
    at = moment_to_emip(AT + timedelta(seconds=second))
    return SessionEvent(session_event_nature=nature, session_event_id=name, session_event_date_time=at)


FACTS = sessions.Facts(owner=LUM, session_id="S1", token=CdrToken(issuer=CLA, uid=UID, kind="RFID"), started_at=AT)


@pytest.mark.parametrize(
    ("natures", "status"),
    [
        ([], SessionStatus.PENDING),
        ([7], SessionStatus.PENDING),
        ([3], SessionStatus.ACTIVE),
        ([3, 2], SessionStatus.ACTIVE),
        ([3, 2, 3, 1], SessionStatus.COMPLETED),
        ([3, 0], SessionStatus.COMPLETED),
    ],
)
def test_the_state_of_a_session(natures: list[int], status: SessionStatus) -> None:
    reported = sessions.Reported()
    for second, nature in enumerate(natures):
        reported = reported.with_event(event(nature, second))
    session = sessions.session_from_emip(reported, FACTS, received_at=AT)
    assert session.status is status
    assert (session.ended_at is not None) == (status is SessionStatus.COMPLETED)
    assert sessions.reported_of(session) == reported


def test_events_come_back_as_they_were_and_always_with_an_id() -> None:
    first, second = event(3, 0, "E1"), event(9, 1)
    reported = sessions.Reported().with_event(first).with_event(second).with_event(first)
    session = sessions.session_from_emip(reported, FACTS, received_at=AT)
    told = sessions.events_to_emip(session)
    assert told[0] == first
    assert msgspec.structs.replace(told[1], session_event_id=None) == second
    assert told == sessions.events_to_emip(session)
    assert sessions.session_losses(session) == ()


@pytest.mark.spec("EMIP-EVT-22")
@pytest.mark.parametrize(
    ("status", "natures"),
    [
        (SessionStatus.ACTIVE, [3]),
        (SessionStatus.COMPLETED, [3, 1]),
        (SessionStatus.INVALID, [3, 1]),
        (SessionStatus.PENDING, []),
        (SessionStatus.RESERVATION, []),
    ],
)
def test_sessions_of_other_protocols(status: SessionStatus, natures: list[int]) -> None:
    session = msgspec.structs.replace(SESSION, status=status)
    assert [told.session_event_nature for told in sessions.events_to_emip(session)] == natures
    assert {"energy_kwh", "location_id", "token"} <= {loss.path for loss in sessions.session_losses(session)}


# --- authorisation


@pytest.mark.spec("EMIP-AUTH-24", "EMIP-AUTH-08")
def test_a_yes_is_value_and_status() -> None:
    assert is_yes(1, 1)
    assert is_yes(1, 299)
    for status in (*NEVER_A_YES, 0, -9999990, 10000, 10210):
        assert not is_yes(1, status)
    for value in (0, 2, 7, -1):
        assert not is_yes(value, 1)


@pytest.mark.spec("EMIP-MAP-05")
@pytest.mark.parametrize(
    ("decision", "value", "status"),
    [
        (Decision.ALLOWED, 1, 1),
        (Decision.BLOCKED, 2, 1),
        (Decision.EXPIRED, 2, 1),
        (Decision.NO_CREDIT, 2, 1),
        (Decision.NOT_ALLOWED, 2, 1),
        (Decision.UNKNOWN_TOKEN, 2, 203),
        (Decision.NO_ISSUER, 2, 203),
        (Decision.TIMED_OUT, 2, 10210),
        (Decision.NEEDS_LOCATION, 2, 10201),
    ],
)
def test_decisions_of_other_protocols(decision: Decision, value: int, status: int) -> None:
    made = authorisation.authorisation_to_emip(
        Authorisation(decision=decision, issuer=CLA), transaction_id="t", session_id="s"
    ).message
    assert (made.authorisation_value, made.request_status) == (value, status)


def test_every_decision_has_a_status() -> None:
    assert {decision for decision in Decision if REFUSAL.wire_for(decision) is None} == {Decision.ALLOWED}


@pytest.mark.spec("EMIP-AUTH-10")
def test_an_answer_goes_on_unchanged() -> None:
    answer = golden("from_get_service_authorisation/granted_response")
    taken = authorisation.authorisation_from_emip(answer, issuer=CLA)
    assert (taken.decision, taken.issuer_session_id) == (Decision.ALLOWED, "cla-s-5")
    made = authorisation.authorisation_to_emip(taken, transaction_id="t", session_id="s")
    assert made.losses == ()
    for name in ("intermediate_cdr_requested", "user_contract_id_alias", "meter_limit_list", "parameter"):
        assert getattr(made.message, name) == getattr(answer, name)
    assert "22000 Wh" in taken.explanation


def test_an_answer_of_a_platform() -> None:
    answer = golden("to_get_service_authorisation/granted_response")
    taken = authorisation.authorisation_from_emip(answer, issuer=None)
    assert (taken.issuer, taken.journey_id) == (CLA, answer.service_session_id)
    made = authorisation.authorisation_to_emip(
        taken, transaction_id=answer.transaction_id, session_id=answer.service_session_id
    )
    assert made.message == answer


@pytest.mark.spec("EMIP-MAP-10")
def test_a_question_needs_one_evse() -> None:
    place: Location = core_location()
    place = msgspec.structs.replace(place, evses=(msgspec.structs.replace(place.evses[0], evse_id=EVSE),))
    vague = AuthoriseRequest(operator=LUM, uid=UID, kind="RFID")
    refused = authorisation.authorise_request_to_emip(vague, HEADER)
    assert refused.message is None
    assert refused.losses[0].kind is LossKind.WITHHELD
    asked = authorisation.authorise_request_to_emip(vague, HEADER, place)
    assert asked.message is not None
    assert asked.message.evse_id == EVSE.text
    assert [loss.kind for loss in asked.losses] == [LossKind.ASSUMED]
    two = msgspec.structs.replace(place, evses=(*place.evses, msgspec.structs.replace(place.evses[0], uid="other")))
    assert authorisation.authorise_request_to_emip(vague, HEADER, two).message is None
    named = msgspec.structs.replace(vague, evse_uids=("OTHER",))
    assert authorisation.authorise_request_to_emip(named, HEADER, two).message is not None


def test_a_question_of_another_protocol() -> None:
    asked = authorisation.authorise_request_to_emip(REQUEST, HEADER).message
    assert asked is not None
    assert (asked.partner_id, asked.operator_id, asked.target_operator_id) == ("NL*HUB", "FR*LUM", "FR*CLA")
    assert (asked.user_id_type, asked.user_id) == (UserIdType.EMP_SPEC, CONTRACT.text)
    assert asked.service_session_id == REQUEST.journey_id


@pytest.mark.parametrize("name", ["badge", "contract"])
def test_a_question_goes_on_unchanged(name: str) -> None:
    asked = golden(f"to_get_service_authorisation/{name}_request")
    request = authorisation.authorise_request_from_emip(asked)
    header = authorisation.Header(asked.transaction_id, asked.partner_id, LUM)
    again = authorisation.authorise_request_to_platform(request, header)
    assert again == authorisation.AskedPlatform(asked, ())


def test_a_question_to_an_emsp_goes_on_unchanged() -> None:
    asked: from_iop.GetServiceAuthorisationRequest = golden("from_get_service_authorisation/request")
    request = authorisation.authorise_request_from_emip(asked)
    header = authorisation.Header("h-1", "NL*HUB", LUM, CLA)
    assert authorisation.authorise_request_to_emip(request, header) == authorisation.Asked(asked, ())


def test_times_are_rounded_to_milliseconds() -> None:
    assert moment_to_emip(datetime(2026, 1, 1, 0, 0, 0, 499, tzinfo=UTC)) == "2026-01-01T00:00:00Z"
    assert moment_to_emip(datetime(2026, 1, 1, 0, 0, 0, 1500, tzinfo=UTC)) == "2026-01-01T00:00:00.002Z"
    assert PartyId("FR", "LUM") == LUM


@pytest.mark.spec("EMIP-MAP-08", "EMIP-ID-05")
@pytest.mark.parametrize("text", ["FR*ZC1", "FR-ZC1", "frzc1", "FR* ZC1"])
def test_operations_between_emip_ocpi_and_oicp(text: str) -> None:
    party = party_from_emip(text)
    assert (party.country_code, party.party_id) == ("FR", "ZC1")
    assert operator_to_oicp(party) == "FR*ZC1"
    assert party_to_emip(party_from_oicp(operator_to_oicp(party), "$")) == "FR*ZC1"


@pytest.mark.spec("EMIP-MAP-08")
@pytest.mark.parametrize("text", ["FR*ZC1*E1001*1", "frzc1e10011", "FR-ZC1-E1001-1"])
def test_evses_between_emip_ocpi_and_oicp(text: str) -> None:
    evse_id = evse_id_from_emip(text)
    there = evse_id_to_oicp(evse_id)
    assert there is not None
    assert evse_id_from_oicp(there) == evse_id
    assert evse_id_to_emip(evse_id_from_oicp(there)) == evse_id_to_emip(evse_id)
