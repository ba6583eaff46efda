"""OCPI -> core -> OCPI loses nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.model.command import Command
from core.model.ids import PartyId
from mappings.ocpi import (
    authorisation,
    cdrs,
    changes,
    commands,
    common,
    evses,
    locations,
    parties,
    sessions,
    tariffs,
    tokens,
)
from protocols.ocpi.wire import cdrs as wire_cdrs
from protocols.ocpi.wire import commands as wire_commands
from protocols.ocpi.wire import credentials as wire_credentials
from protocols.ocpi.wire import locations as wire_locations
from protocols.ocpi.wire import sessions as wire_sessions
from protocols.ocpi.wire import strict
from protocols.ocpi.wire import tariffs as wire_tariffs
from protocols.ocpi.wire import tokens as wire_tokens
from protocols.transport.json_codec import decode, encode
from tests.property.strategies_ocpi import EVERY_TYPE, ocpi

SLOW = settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=60)
OPERATOR = PartyId("NL", "CPA")
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

There = Callable[[Any], Any]


def start_there(message: wire_commands.StartSession) -> Command:
    return commands.start_session_from_ocpi(message, id="c", operator=OPERATOR)


def start_back(command: Command) -> wire_commands.StartSession:
    return commands.start_session_to_ocpi(command, None, commands.response_url_of(command) or "")


def stop_there(message: wire_commands.StopSession) -> Command:
    return commands.stop_session_from_ocpi(message, id="c", issuer=OPERATOR, operator=OPERATOR)


def stop_back(command: Command) -> wire_commands.StopSession:
    return commands.stop_session_to_ocpi(command, commands.response_url_of(command) or "")


def reserve_there(message: wire_commands.ReserveNow) -> Command:
    return commands.reserve_now_from_ocpi(message, id="c", operator=OPERATOR)


def reserve_back(command: Command) -> wire_commands.ReserveNow:
    return commands.reserve_now_to_ocpi(command, commands.response_url_of(command) or "", now=NOW)


def cancel_there(message: wire_commands.CancelReservation) -> Command:
    return commands.cancel_reservation_from_ocpi(message, id="c", issuer=OPERATOR, operator=OPERATOR)


def cancel_back(command: Command) -> wire_commands.CancelReservation:
    return commands.cancel_reservation_to_ocpi(command, commands.response_url_of(command) or "")


PAIRS: list[tuple[Any, There, There]] = [
    (wire_locations.Location, locations.location_from_ocpi, locations.location_to_ocpi),
    (wire_locations.Evse, evses.evse_from_ocpi, evses.evse_to_ocpi),
    (wire_locations.Connector, evses.connector_from_ocpi, evses.connector_to_ocpi),
    (wire_tokens.Token, tokens.token_from_ocpi, tokens.token_to_ocpi),
    (wire_tokens.AuthorizationInfo, authorisation.authorisation_from_ocpi, authorisation.authorisation_to_ocpi),
    (wire_sessions.Session, sessions.session_from_ocpi, sessions.session_to_ocpi),
    (wire_cdrs.Cdr, cdrs.cdr_from_ocpi, cdrs.cdr_to_ocpi),
    (wire_tariffs.Tariff, tariffs.tariff_from_ocpi, tariffs.tariff_to_ocpi),
    (wire_commands.StartSession, start_there, start_back),
    (wire_commands.StopSession, stop_there, stop_back),
    (wire_commands.ReserveNow, reserve_there, reserve_back),
    (wire_commands.CancelReservation, cancel_there, cancel_back),
    (wire_commands.CommandResult, commands.outcome_from_result, commands.result_to_ocpi),
]


@pytest.mark.parametrize("wire_type", EVERY_TYPE, ids=lambda kind: f"{kind.__module__.split('.')[-1]}.{kind.__name__}")
@settings(SLOW, max_examples=10)
@given(data=st.data())
@pytest.mark.spec("OCPI-TRN-44", "OCPI-TRN-46", "OCPI-TRN-47")
def test_what_is_encoded_is_decoded(wire_type: Any, data: st.DataObject) -> None:
    message = data.draw(ocpi(wire_type))
    body = encode(message)
    strict.check(body, wire_type)
    assert decode(body, wire_type) == message


@pytest.mark.parametrize(("wire_type", "there", "back"), PAIRS, ids=[pair[0].__name__ for pair in PAIRS])
@SLOW
@given(data=st.data())
@pytest.mark.spec("OCPI-TRN-45", "OCPI-COP-15")
def test_there_and_back_is_the_same(wire_type: Any, there: There, back: There, data: st.DataObject) -> None:
    message = data.draw(ocpi(wire_type))
    assert back(there(message)) == message
    assert encode(back(there(message))) == encode(message)


@SLOW
@given(ocpi(wire_tokens.LocationReferences), st.sampled_from(["RFID", "APP_USER", "something"]))
def test_a_request_there_and_back(place: wire_tokens.LocationReferences, kind: str) -> None:
    request = authorisation.authorise_request_from_ocpi("04AB12", kind, place, OPERATOR)
    assert authorisation.authorise_request_to_ocpi(request) == ("04AB12", kind, place)


@SLOW
@given(ocpi(wire_locations.Location), ocpi(wire_locations.LocationPatch))
def test_a_location_patch_changes_what_it_names_and_nothing_else(
    location: wire_locations.Location, patch: wire_locations.LocationPatch
) -> None:
    before = locations.location_from_ocpi(location)
    expected = common.merged(location, patch)
    try:
        wanted = locations.location_from_ocpi(expected)
    except Exception as refused:
        with pytest.raises(type(refused)):
            changes.patch_location(before, patch)
        return
    assert changes.patch_location(before, patch) == wanted


@SLOW
@given(ocpi(wire_credentials.Credentials))
def test_roles_keep_their_party(credentials: wire_credentials.Credentials) -> None:
    ours = parties.roles_from_ocpi(credentials)
    hubs = [] if credentials.hub_party_id is None else [credentials.hub_party_id.upper()]
    assert [role.party.key for role in ours[len(credentials.roles) :]] == hubs
    roles = [parties.role_to_ocpi(role) for role in ours[: len(credentials.roles)]]
    assert [(r.country_code, r.party_id) for r in roles] == [(r.country_code, r.party_id) for r in credentials.roles]
