"""Laws of the eMIP codec and mappings. eMIP checklist, 3, 12; crosswalk, P1 to P15."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from core.model.command import CommandKind, CommandOutcome, Outcome
from core.model.ids import PartyId
from core.model.location import EvseStatus
from core.model.session import CdrToken
from mappings.emip import authorisation, cdrs, commands, outcomes, sessions
from mappings.emip.codes import FIRST_ERROR, OK, STATUSES
from mappings.emip.evse_status import EmipStatus, merged, status_to_emip
from protocols.emip import codec
from protocols.emip.wire import from_iop, to_iop
from protocols.emip.wire.parts import ChargeDetailRecord, SessionEvent
from protocols.transport.soap.xml import parse
from tests.property.strategies_emip import contracts, events, evse_ids, messages, records, uids

AT = datetime(2026, 1, 15, 12, tzinfo=UTC)
CPO, EMSP = PartyId("FR", "ZC1"), PartyId("FR", "ZM1")
KINDS = sorted((kind for _, kind in codec.MESSAGES.values()), key=lambda kind: kind.element)
COMMANDS = (CommandKind.START_SESSION, CommandKind.STOP_SESSION)
FILES = {codec.PLATFORM: "platform", codec.AUTHORISATION: "authorisation", codec.EVCI_DYNAMIC: "evci-dynamic"}
FOLDER = Path(codec.__file__).parent / "wsdl"
SCHEMAS = {uri: etree.XMLSchema(file=str(FOLDER / f"{name}.xsd")) for uri, name in FILES.items()}


@pytest.mark.spec("EMIP-WSD-02")
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.element)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_what_is_written_is_read_again_and_valid(kind: Any, data: st.DataObject) -> None:
    message = data.draw(messages(kind))
    element = parse(codec.encode(message))
    assert codec.read(element, kind) == message
    optional = kind.__module__.endswith("from_iop") and (
        kind.__name__.endswith("Response") or message.transaction_id is None
    )  # what partners may leave out, and what the hub never does
    namespace = str(etree.QName(element).namespace)
    if not optional:
        assert SCHEMAS[namespace].validate(element), SCHEMAS[namespace].error_log


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_order_namespaces_and_space_mean_nothing(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(KINDS))
    message = data.draw(messages(kind))
    element = parse(codec.encode(message))
    children = data.draw(st.permutations(list(element)))
    for child in children:
        element.remove(child)
    for child in children:
        element.append(child)
        for part in child.iter():
            if data.draw(st.booleans()):
                part.tag = f"{{urn:x}}{part.tag}"
            if part.text and not len(part):
                part.text = f"\n  {part.text} "
    assert codec.read(element, kind) == message


@settings(max_examples=100, deadline=None)
@given(records())
def test_a_record_comes_back(record: ChargeDetailRecord) -> None:
    cdr = cdrs.cdr_from_emip(record, CPO, received_at=AT)
    assert cdrs.cdr_to_emip(cdr).record == record
    assert cdrs.cdr_from_emip(record, CPO, received_at=AT) == cdr


@settings(max_examples=60, deadline=None)
@given(records())
def test_a_record_through_another_protocols_eyes_keeps_its_quantities(record: ChargeDetailRecord) -> None:
    """Without what was put aside: energy to the Wh, time to the second, money to the cent."""
    cdr = cdrs.cdr_from_emip(record, CPO, received_at=AT)
    sent = cdrs.cdr_to_emip(msgspec.structs.replace(cdr, extensions={})).record
    if sent is None:
        return
    again = cdrs.cdr_from_emip(sent, CPO, received_at=AT)
    assert again.total_energy_kwh == cdr.total_energy_kwh
    assert again.total_cost == cdr.total_cost
    if cdr.total_time_h is not None and again.total_time_h is not None:
        assert abs(again.total_time_h - cdr.total_time_h) <= Decimal(1) / 3600
    assert (again.started_at, again.ended_at) == (cdr.started_at, cdr.ended_at)


@settings(max_examples=60, deadline=None)
@given(st.lists(events, max_size=8))
def test_events_come_back_in_order(reported: list[SessionEvent]) -> None:
    held = sessions.Reported()
    for event in reported:
        held = held.with_event(event)
    facts = sessions.Facts(owner=CPO, session_id="S1", token=CdrToken(issuer=EMSP, kind="RFID"), started_at=AT)
    session = sessions.session_from_emip(held, facts, received_at=AT)
    assert sessions.reported_of(session) == held
    told = sessions.events_to_emip(session)
    assert len({sessions.event_key(event) for event in told}) == len(told) == len(held.events)


@settings(max_examples=60, deadline=None)
@given(messages(from_iop.GetServiceAuthorisationResponse))
def test_an_answer_goes_on(answer: from_iop.GetServiceAuthorisationResponse) -> None:
    taken = authorisation.authorisation_from_emip(answer, issuer=EMSP)
    made = authorisation.authorisation_to_emip(taken, transaction_id="t", session_id="s").message
    assert (made.authorisation_value == 1) == (taken.decision == "ALLOWED")
    assert (made.request_status == 1) or made.authorisation_value == 2
    if made.authorisation_value == 1:
        assert made.meter_limit_list == answer.meter_limit_list
        assert made.user_contract_id_alias == answer.user_contract_id_alias
        assert made.intermediate_cdr_requested == answer.intermediate_cdr_requested
    assert made.parameter == answer.parameter


@settings(max_examples=60, deadline=None)
@given(evse_ids, uids | contracts, st.sampled_from(["RFID-UID", "eMA", "EVCO", "EMP-SPEC", "eMI3", "OWN"]))
def test_a_question_goes_on(evse_id: str, user_id: str, kind: str) -> None:
    asked = to_iop.GetServiceAuthorisationRequest(
        transaction_id="t",
        partner_id_type="eMI3",  # type: ignore[arg-type]
        partner_id="FR*ZBK",
        operator_id_type="eMI3",  # type: ignore[arg-type]
        operator_id="FR*ZC1",
        evse_id_type="eMI3",  # type: ignore[arg-type]
        evse_id=evse_id,
        user_id_type=kind,
        user_id=user_id,
        requested_service_id="1",
    )
    request = authorisation.authorise_request_from_emip(asked)
    header = authorisation.Header("t", "FR*ZBK", CPO)
    again = authorisation.authorise_request_to_platform(request, header).message
    assert again == asked if kind != "RFID-UID" or "-" not in user_id else again is None


@pytest.mark.spec("EMIP-RSA-10")
@settings(max_examples=60, deadline=None)
@given(messages(to_iop.SetServiceAuthorisationRequest), evse_ids, uids)
def test_a_start_goes_on_as_it_was_said(start: to_iop.SetServiceAuthorisationRequest, evse_id: str, uid: str) -> None:
    start = msgspec.structs.replace(
        start, operator_id="FR*ZM1", evse_id=evse_id, user_id_type="RFID-UID", user_id=uid.upper()
    )
    command = commands.start_from_emip(start, id="c", operator=CPO, now=AT)
    command = msgspec.structs.replace(command, journey_id="j")
    told = commands.start_to_emip(command, authorisation.Header("t", "NL*HUB", EMSP, CPO)).message
    assert told is not None
    for name in told.__struct_fields__:
        if hasattr(start, name) and name not in ("transaction_id", "partner_id", "partner_id_type", "operator_id_type"):
            assert getattr(told, name) == getattr(start, name) or name == "evse_id_type", name


@pytest.mark.spec("EMIP-STS-02")
@given(st.sampled_from(COMMANDS), st.integers(-10_000_000, 20_000))
def test_what_a_cpo_says_is_passed_on_only_if_it_has_a_meaning(kind: CommandKind, status: int) -> None:
    found = (
        outcomes.outcome_of_start(status) if kind is CommandKind.START_SESSION else outcomes.outcome_of_action(status)
    )
    told = outcomes.status_of(kind, found)
    assert told in STATUSES or 1 < told < FIRST_ERROR
    assert (told == OK) == (status == OK) == (found.outcome is Outcome.ACCEPTED)


@given(st.sampled_from(COMMANDS), st.sampled_from(Outcome))
def test_a_result_settles_after_one_trip(kind: CommandKind, outcome: Outcome) -> None:
    read = outcomes.outcome_of_start if kind is CommandKind.START_SESSION else outcomes.outcome_of_action
    once = read(outcomes.status_of(kind, CommandOutcome(outcome=outcome))).outcome
    assert read(outcomes.status_of(kind, CommandOutcome(outcome=once))).outcome is once
    assert (once is Outcome.ACCEPTED) == (outcome is Outcome.ACCEPTED)


@given(st.sampled_from(EvseStatus))
def test_translation_of_a_status_settles_after_one_trip(status: EvseStatus) -> None:
    once = status_to_emip(status).status
    assert status_to_emip(once).status is once


@given(st.sampled_from(EvseStatus), st.sampled_from(EvseStatus))
def test_what_says_nothing_changes_nothing(one: EvseStatus, other: EvseStatus) -> None:
    held = status_to_emip(one)
    assert merged(held, EmipStatus()) == held
    assert merged(held, status_to_emip(other)) == status_to_emip(other)
