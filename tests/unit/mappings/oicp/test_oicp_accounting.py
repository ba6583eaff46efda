"""Field accounting: every field changes what the other side gets, or a table says why not, or where it goes instead."""

import copy
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.model.authorisation import Authorisation, AuthoriseRequest, Decision
from core.model.command import Command, CommandKind
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.loss import Loss
from core.model.quantities import Text
from core.model.token import EnergyContract, Token, Whitelist
from mappings.oicp import authorisation, cdrs, commands, locations, reservations, tokens
from protocols.oicp import codec
from protocols.oicp.wire.authentication_data import AuthenticationDataRecord
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.evse_data import EvseDataRecord
from protocols.oicp.wire.remote import (
    AuthorizeRemoteReservationStart,
    AuthorizeRemoteReservationStop,
    AuthorizeRemoteStart,
    AuthorizeRemoteStop,
)
from tests.unit.mappings.oicp.oicp_samples import CDR, JOURNEY, LOCATION, NOW, OPERATOR
from tests.unit.protocols.oicp.wire.oicp_goldens import raw

FAR = PartyId("DE", "FAR")
TOKEN = Token(
    issuer=FAR,
    uid=TokenUid.parse("04C1D2E3F40580"),
    kind="RFID",
    contract_id=ContractId.parse("DEFARC0A1B2C3D"),
    visual_number="FAR 0917",
    issuer_name="Fahrstrom",
    group_id="G1",
    valid=True,
    expires_at=NOW.replace(year=2031),
    whitelist=Whitelist.ALWAYS,
    language="de",
    default_profile_type="GREEN",
    energy_contract=EnergyContract(supplier_name="Küstenkraft"),
    rfid_family="MIFARE_DESFIRE",
    updated_at=NOW,
)
REQUEST = AuthoriseRequest(
    operator=OPERATOR,
    uid=TokenUid.parse("04C1D2E3F40580"),
    kind="RFID",
    contract_id=ContractId.parse("DEFARC0A1B2C3D"),
    issuer=FAR,
    evse_id=EvseId.parse("DE*NOR*E2001*1"),
    location_id="LOC1",
    evse_uids=("3256",),
    operator_session_id="nl/917",
    journey_id=JOURNEY,
    correlation_id="c",
    ask_issuer=True,
)
ANSWER = Authorisation(
    decision=Decision.ALLOWED,
    issuer=FAR,
    token=TOKEN,
    contract_id=ContractId.parse("DEFARC0A1B2C3D"),
    location_id="LOC1",
    evse_uids=("3256",),
    reference="R1",
    issuer_session_id="far/88121",
    info=Text(language="de", text="Gute Fahrt"),
    explanation="the issuer said so",
    losses=(Loss(path="pin", reason="a secret"),),
    journey_id=JOURNEY,
    stop_uids=(TokenUid.parse("9A8B7C6D"),),
)
START = Command(
    id="c1",
    kind=CommandKind.START_SESSION,
    issuer=FAR,
    operator=OPERATOR,
    token=msgspec.structs.replace(TOKEN, kind="APP_USER", expires_at=None, rfid_family=None),
    location_id="LOC1",
    evse_uid="3256",
    evse_id=EvseId.parse("DE*NOR*E2001*1"),
    connector_id="1",
    session_id="far/88121",
    authorization_reference="R1",
    product_id="AC 22",
    patience_s=Decimal(60),
    journey_id=JOURNEY,
)
STOP_COMMAND = Command(
    id="c2",
    kind=CommandKind.STOP_SESSION,
    issuer=FAR,
    operator=OPERATOR,
    location_id="LOC1",
    evse_id=EvseId.parse("DE*NOR*E2001*1"),
    session_id="nl/917",
    journey_id=JOURNEY,
)
CASES: dict[str, tuple[Any, Callable[[Any], Any], set[str]]] = {
    "location": (
        LOCATION,
        locations.evse_records_to_oicp,
        {*locations.ELSEWHERE, "evses[].capabilities", "names", "evses[].payment_options"},
    ),
    "cdr": (CDR, cdrs.cdr_to_oicp, {*cdrs.ELSEWHERE}),
    "token": (TOKEN, tokens.token_to_oicp, {*tokens.ELSEWHERE}),
    "authorise_request": (REQUEST, authorisation.authorise_request_to_oicp, {*authorisation.ELSEWHERE}),
    "start_session": (START, commands.remote_start_to_oicp, {*commands.ELSEWHERE}),
    "stop_session": (STOP_COMMAND, commands.remote_stop_to_oicp, {*commands.ELSEWHERE}),
    "reserve_now": (
        msgspec.structs.replace(START, reservation_id="R-1", expires_at=NOW + timedelta(minutes=15)),
        lambda command: reservations.reservation_start_to_oicp(command, now=NOW),
        {*commands.ELSEWHERE, *reservations.ELSEWHERE},
    ),
    "cancel_reservation": (
        msgspec.structs.replace(STOP_COMMAND, reservation_id="R-1"),
        reservations.reservation_stop_to_oicp,
        {*commands.ELSEWHERE, *reservations.ELSEWHERE},
    ),
    "authorisation": (
        ANSWER,
        lambda answer: authorisation.authorisation_to_oicp(answer, REQUEST),
        {*authorisation.ANSWER_ELSEWHERE},
    ),
}


def fields(value: Any, path: str = "") -> Iterator[tuple[str, Callable[[], Any]]]:
    """Every field that is set and has a default, with the object as it is when that field is reset."""
    for field in msgspec.structs.fields(type(value)):
        here = f"{path}.{field.name}" if path else field.name
        held = getattr(value, field.name)
        default = field.default_factory() if field.default_factory is not msgspec.NODEFAULT else field.default
        if default is not msgspec.NODEFAULT and held != default:
            yield here, lambda name=field.name, other=default: msgspec.structs.replace(value, **{name: other})
        if isinstance(held, tuple) and held and isinstance(held[0], msgspec.Struct) and hasattr(held[0], "extensions"):
            for inner, without in fields(held[0], f"{here}[]"):
                yield (
                    inner,
                    lambda name=field.name, held=held, without=without: msgspec.structs.replace(
                        value, **{name: (without(), *held[1:])}
                    ),
                )
        elif isinstance(held, msgspec.Struct) and hasattr(held, "extensions"):
            for inner, without in fields(held, here):
                yield (
                    inner,
                    lambda name=field.name, without=without: msgspec.structs.replace(value, **{name: without()}),
                )


@pytest.mark.parametrize("case", CASES)
def test_every_canonical_field_is_accounted_for(case: str) -> None:
    value, send, elsewhere = CASES[case]
    whole = send(value)
    assert whole[0], whole
    forgotten = {path for path, without in fields(value) if send(without()) == whole} - elsewhere
    assert not forgotten


def below(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from below(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from below(inner, (*path, index))


def dropped(message: Any, path: tuple[Any, ...]) -> Any:
    message = copy.deepcopy(message)
    place = message
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return message


INBOUND: dict[str, tuple[Any, Any, Callable[[Any], Any]]] = {
    "evse": (
        raw("push_evse_data/full_load")["OperatorEvseData"]["EvseDataRecord"][0],
        EvseDataRecord,
        lambda record: locations.locations_from_oicp(OPERATOR, [record], received_at=NOW),
    ),
    "cdr": (
        raw("charge_detail_record/full"),
        ChargeDetailRecord,
        lambda record: cdrs.cdr_from_oicp(record, OPERATOR, received_at=NOW),
    ),
    "start_session": (
        raw("authorize_remote_start/rich"),
        AuthorizeRemoteStart,
        lambda message: commands.remote_start_from_oicp(message, id="c", operator=OPERATOR, now=NOW),
    ),
    "stop_session": (
        raw("authorize_remote_stop/rich"),
        AuthorizeRemoteStop,
        lambda message: commands.remote_stop_from_oicp(message, id="c", operator=OPERATOR),
    ),
    "reserve_now": (
        raw("authorize_remote_reservation_start/rich"),
        AuthorizeRemoteReservationStart,
        lambda message: reservations.reservation_start_from_oicp(message, id="c", operator=OPERATOR, now=NOW),
    ),
    "cancel_reservation": (
        raw("authorize_remote_reservation_stop/rich"),
        AuthorizeRemoteReservationStop,
        lambda message: reservations.reservation_stop_from_oicp(message, id="c", operator=OPERATOR),
    ),
    "token": (
        raw("push_authentication_data/all_media")["ProviderAuthenticationData"]["AuthenticationDataRecord"][0],
        AuthenticationDataRecord,
        lambda record: tokens.token_from_oicp(record, FAR, received_at=NOW),
    ),
}


@pytest.mark.parametrize("case", INBOUND)
def test_every_member_of_a_message_changes_the_canonical_object(case: str) -> None:
    message, wire_type, receive = INBOUND[case]
    whole = receive(codec.convert(message, wire_type))
    forgotten = []
    for path in below(message):
        less = dropped(message, path)
        if not codec.violations(less, wire_type) and receive(codec.convert(less, wire_type)) == whole:
            forgotten.append(path)
    assert not forgotten


@pytest.mark.parametrize("table", [locations.NOT_CARRIED, cdrs.NOT_CARRIED, tokens.NOT_CARRIED])
def test_reasons_are_sentences(table: dict[str, str]) -> None:
    assert all(re.fullmatch(r"[A-Za-z].{10,}[^.]", reason) for reason in table.values())
