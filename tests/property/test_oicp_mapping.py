"""Law: OICP -> core -> OICP returns exactly what came, to the last digit and unknown member."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.model.cdr import Cdr
from core.model.command import Command, CommandOutcome, Outcome
from core.model.ids import ContractId, EvseId, PartyId
from core.model.location import ConnectorFormat, EvseStatus, Location
from core.model.session import AuthMethod, CdrToken, Session, SessionStatus
from core.model.token import Token
from mappings.oicp.authorisation import authorise_request_from_oicp, authorise_request_to_oicp, authorise_stop_to_oicp
from mappings.oicp.cdrs import cdr_from_oicp, cdr_to_oicp
from mappings.oicp.codes import EVSE_STATUS, PLUGS
from mappings.oicp.commands import (
    acknowledgement_to_oicp,
    outcome_from_oicp,
    remote_start_from_oicp,
    remote_start_to_oicp,
    remote_stop_from_oicp,
    remote_stop_to_oicp,
)
from mappings.oicp.coordinates import coordinates_from_oicp, coordinates_to_oicp
from mappings.oicp.ids import contract_id_to_oicp, evse_id_to_oicp
from mappings.oicp.locations import evse_records_to_oicp, locations_from_oicp
from mappings.oicp.opening_times import hours_from_oicp, hours_to_oicp
from mappings.oicp.reservations import (
    reservation_start_from_oicp,
    reservation_start_to_oicp,
    reservation_stop_from_oicp,
    reservation_stop_to_oicp,
)
from mappings.oicp.sessions import notifications_to_oicp, session_from_oicp
from mappings.oicp.tokens import token_from_oicp, token_to_oicp
from protocols.oicp.wire.coordinates import GeoFormat
from protocols.oicp.wire.evse_data import Plug
from protocols.oicp.wire.identification import Identification
from tests.property import strategies_oicp as oicp

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
OPERATOR = PartyId("DE", "NOR")
LAW = settings(
    max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much], deadline=None
)


@pytest.mark.spec("OICP-NET-17", "OICP-NET-19", "OICP-EVSE-20")
@LAW
@given(st.lists(oicp.evse_records(), min_size=1, max_size=4))
def test_evse_records_come_back(records: list[Any]) -> None:
    assume(len({EvseId.parse(record.evse_id).key for record in records}) == len(records))
    found = []
    for location in locations_from_oicp(OPERATOR, records, received_at=NOW, operator_name="Nordlader"):
        sent = evse_records_to_oicp(location)
        assert (sent.losses, sent.withheld) == ((), ())
        found += sent.records
    by_id = {record.evse_id: record for record in found}
    assert [by_id[record.evse_id] for record in records] == records


@pytest.mark.spec("OICP-NET-17", "OICP-NET-19")
@LAW
@given(oicp.charge_detail_records())
def test_cdrs_come_back(record: Any) -> None:
    sent = cdr_to_oicp(cdr_from_oicp(record, OPERATOR, received_at=NOW))
    assert sent.losses == ()
    assert sent.record == record


@LAW
@given(oicp.authentication_records)
def test_tokens_come_back(record: Any) -> None:
    token = token_from_oicp(record, PartyId("DE", "FAR"), received_at=NOW)
    assume(token.valid)
    assert token_to_oicp(token) == (record, ())


def upper_qr(message: Any) -> Any:
    """The one thing not put aside is a QR code with its PIN: its EvcoID goes on in upper case."""
    code = message.identification.qr_code_identification
    if code is None:
        return message
    shouted = msgspec.structs.replace(code, evco_id=code.evco_id.upper())
    return msgspec.structs.replace(message, identification=Identification(qr_code_identification=shouted))


@LAW
@given(oicp.authorize_starts)
def test_authorisation_requests_come_back(message: Any) -> None:
    assert authorise_request_to_oicp(authorise_request_from_oicp(message)) == (upper_qr(message), ())


@LAW
@given(oicp.authorize_stops)
def test_stop_requests_come_back(message: Any) -> None:
    assert authorise_stop_to_oicp(authorise_request_from_oicp(message)) == (upper_qr(message), ())


@LAW
@given(oicp.remote_starts)
def test_remote_starts_come_back(message: Any) -> None:
    command = remote_start_from_oicp(message, id="c", operator=OPERATOR, now=NOW)
    assert remote_start_to_oicp(command) == (message, ())
    assert msgspec.json.decode(msgspec.json.encode(command), type=Command) == command


@LAW
@given(oicp.remote_stops)
def test_remote_stops_come_back(message: Any) -> None:
    command = remote_stop_from_oicp(message, id="c", operator=OPERATOR)
    assert remote_stop_to_oicp(command) == (message, ())
    assert msgspec.json.decode(msgspec.json.encode(command), type=Command) == command


@LAW
@given(oicp.reservation_starts)
def test_reservations_come_back(message: Any) -> None:
    """Whatever time has passed meanwhile."""
    command = reservation_start_from_oicp(message, id="c", operator=OPERATOR, now=NOW)
    assert reservation_start_to_oicp(command, now=NOW + timedelta(hours=3)) == (message, ())


@LAW
@given(oicp.reservation_stops)
def test_cancellations_come_back(message: Any) -> None:
    command = reservation_stop_from_oicp(message, id="c", operator=OPERATOR)
    assert reservation_stop_to_oicp(command) == (message, ())


@pytest.mark.spec("OICP-REM-08", "OICP-REM-21")
@LAW
@given(oicp.acknowledgements)
def test_acknowledgements_come_back(answer: Any) -> None:
    outcome = outcome_from_oicp(answer)
    assert (outcome.outcome is Outcome.ACCEPTED) is answer.result
    ids = {"session_id": answer.session_id, "emp_partner_session_id": answer.emp_partner_session_id}
    assert acknowledgement_to_oicp(outcome, **ids) == answer
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=CommandOutcome) == outcome


@given(st.sampled_from(Outcome))
def test_outcomes_settle_after_one_trip(outcome: Outcome) -> None:
    once = outcome_from_oicp(acknowledgement_to_oicp(CommandOutcome(outcome=outcome))).outcome
    assert outcome_from_oicp(acknowledgement_to_oicp(CommandOutcome(outcome=once))).outcome is once


@LAW
@given(st.lists(oicp.evse_records(), min_size=1, max_size=2), oicp.charge_detail_records(), oicp.authentication_records)
def test_what_is_kept_survives_the_database(records: Any, cdr: Any, authentication: Any) -> None:
    for value in (
        *locations_from_oicp(OPERATOR, records, received_at=NOW),
        cdr_from_oicp(cdr, OPERATOR, received_at=NOW),
        token_from_oicp(authentication, OPERATOR, received_at=NOW),
    ):
        kind: Any = {Location: Location, Cdr: Cdr, Token: Token}[type(value)]
        assert msgspec.json.decode(msgspec.json.encode(value), type=kind) == value


@given(st.sampled_from(EvseStatus))
def test_status_settles_after_one_trip(status: EvseStatus) -> None:
    word = EVSE_STATUS.wire_for(status)
    if word is not None:
        once = EVSE_STATUS.to_core(word)
        assert EVSE_STATUS.to_core(EVSE_STATUS.to_wire(once)) is once


@given(st.sampled_from(Plug))
def test_plugs_come_back(plug: Plug) -> None:
    standard, form = PLUGS.to_core(plug)
    assert isinstance(form, ConnectorFormat)
    assert PLUGS.to_wire((standard, form)) is plug


@LAW
@given(oicp.coordinates, st.sampled_from(GeoFormat))
def test_coordinates_stay_within_a_decimetre(place: Any, form: GeoFormat) -> None:
    before = coordinates_from_oicp(place)
    after = coordinates_from_oicp(coordinates_to_oicp(before, form))
    assert abs(before.latitude - after.latitude) < 10**-6
    assert abs(before.longitude - after.longitude) < 10**-6


@LAW
@given(st.lists(oicp.openings, min_size=1, max_size=3).map(tuple))
def test_opening_hours_settle_after_one_trip(times: Any) -> None:
    once = hours_from_oicp(False, times)
    again = hours_to_oicp(once)
    if again is not None:
        assert hours_from_oicp(False, again) == once


@LAW
@given(oicp.evco_ids)
def test_contract_ids_settle(text: str) -> None:
    said = contract_id_to_oicp(ContractId.parse(text))
    assert said == text.upper()


@LAW
@given(oicp.evse_ids)
def test_evse_ids_keep_their_form(text: str) -> None:
    assert evse_id_to_oicp(EvseId.parse(text)) == text


KNOWN = Session(
    owner=OPERATOR,
    id="S1",
    started_at=NOW,
    token=CdrToken(issuer=PartyId("DE", "FAR"), kind="RFID"),
    auth_method=AuthMethod.AUTH_REQUEST,
    status=SessionStatus.PENDING,
    journey_id="5b0c8f0e-7d52-4c39-9f6a-2a4f1c3d9e77",
    updated_at=NOW,
)


@pytest.mark.spec("OICP-NOTIF-06", "OICP-NET-17")
@LAW
@given(st.lists(oicp.notifications(), min_size=1, max_size=5))
def test_notifications_come_back(told: list[Any]) -> None:
    session = KNOWN
    for notification in told:
        session = session_from_oicp(session, notification, received_at=NOW)
    session = msgspec.json.decode(msgspec.json.encode(session), type=Session)
    sent = notifications_to_oicp(session, session_id=None, evse_id=None)
    assert (list(sent.messages), sent.losses) == ([without_pin(notification) for notification in told], ())


def without_pin(notification: Any) -> Any:
    medium = notification.identification
    if medium is None or medium.qr_code_identification is None:
        return notification
    bare = msgspec.structs.replace(medium.qr_code_identification, pin=None)
    return msgspec.structs.replace(
        notification, identification=msgspec.structs.replace(medium, qr_code_identification=bare)
    )
