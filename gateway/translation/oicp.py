"""OICP 2.3 payloads."""

import uuid
from decimal import Decimal
from typing import Any

import msgspec

from core.errors import Invalid
from core.model.authorisation import Authorisation, AuthoriseRequest, Decision
from core.model.cdr import Cdr
from core.model.ids import PartyId
from core.model.location import Location
from core.model.loss import Loss
from core.model.partner import Role
from core.model.tariff import Tariff
from core.model.token import Token
from gateway.translation import oicp_commands, oicp_sessions
from gateway.translation.model import UNKNOWN_PARTY, Context, Dialect, EvseReport, Kind, Written, assumed, withheld
from mappings.oicp.authorisation import (
    authorisation_from_oicp,
    authorisation_to_oicp,
    authorise_request_from_oicp,
    authorise_request_to_oicp,
)
from mappings.oicp.cdrs import cdr_from_oicp, cdr_to_oicp
from mappings.oicp.evse_statuses import evse_change_from_oicp, evse_status_to_oicp
from mappings.oicp.ids import evse_id_from_oicp, party_from_oicp
from mappings.oicp.locations import evse_records_to_oicp, locations_from_oicp
from mappings.oicp.price_sets import set_to_oicp, source_losses, tariffs_from_oicp
from mappings.oicp.tokens import token_from_oicp, token_to_oicp
from protocols.oicp.codec import decode, decode_raw, encode, to_raw
from protocols.oicp.wire.authentication_data import AuthenticationDataRecord
from protocols.oicp.wire.authorisation import AuthorizationStart, AuthorizeStart
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.evse_data import EvseDataRecord
from protocols.oicp.wire.evse_status import EvseStatusRecord
from protocols.oicp.wire.pricing import PricingProductData


def _location(body: bytes, context: Context) -> Location | list[Location]:
    raw = decode_raw(body)
    several = raw if isinstance(raw, list) else [raw]
    records = [decode(encode(record), EvseDataRecord) for record in several]
    if not records:
        raise Invalid("$", "at least one EvseDataRecord is expected")
    operator = evse_id_from_oicp(records[0].evse_id, "$.EvseID").operator
    found = locations_from_oicp(operator, records, received_at=context.now)
    return found[0] if len(found) == 1 else found


def _location_out(found: Location | list[Location], _: Context) -> Written:
    several = found if isinstance(found, list) else [found]
    made = [evse_records_to_oicp(location) for location in several]
    records = [to_raw(record) for one in made for record in one.records]
    lost = tuple(loss for one in made for loss in (*one.losses, *one.withheld))
    if not records and not lost:
        lost = (withheld("$.evses", "a location without EVSEs has nothing that OICP can say"),)
    return Written(output=records or None, losses=lost)


def _status(body: bytes, context: Context) -> EvseReport:
    evse_id, change = evse_change_from_oicp(decode(body, EvseStatusRecord), received_at=context.now)
    known = context.place(evse_id=evse_id)
    return EvseReport(uid=known[1].uid if known else None, evse_id=evse_id, status=change.status)


def _status_out(report: EvseReport, _: Context) -> Written:
    record, lost = evse_status_to_oicp(report.evse_id, report.status)
    if record is None:
        return Written(output=None, losses=lost)
    if report.updated_at:
        text = report.updated_at.isoformat()
        lost += (Loss(path="$.updated_at", reason="OICP's record has no time", value=text),)
    return Written(output=to_raw(record), losses=lost)


def _token(body: bytes, context: Context) -> Token:
    record = decode(body, AuthenticationDataRecord)
    provider = context.party(Role.EMSP)
    token = token_from_oicp(record, provider or PartyId("XX", "XXX"), received_at=context.now)
    named = token.contract_id.provider if token.contract_id else None
    if provider is None and named is None:
        raise Invalid("$.context.parties", "the record names no provider: name the one EMSP in the context")
    return msgspec.structs.replace(token, issuer=provider or named)


def _token_out(token: Token, _: Context) -> Written:
    made = token_to_oicp(token)
    return Written(output=to_raw(made.record) if made.record else None, losses=made.losses)


def _request(body: bytes, _: Context) -> AuthoriseRequest:
    return authorise_request_from_oicp(decode(body, AuthorizeStart))


def _request_out(request: AuthoriseRequest, context: Context) -> Written:
    if request.operator == UNKNOWN_PARTY:
        if request.evse_id is None:
            return Written(output=None, losses=(withheld("$.OperatorID", "name the one CPO in the context"),))
        request = msgspec.structs.replace(request, operator=request.evse_id.operator)
    place = context.location(request.location_id) if request.location_id else None
    made = authorise_request_to_oicp(request, location=place)
    return Written(output=to_raw(made.message) if made.message else None, losses=made.losses)


def _answer(body: bytes, context: Context) -> Authorisation:
    message = decode(body, AuthorizationStart)
    named = party_from_oicp(message.provider_id, "$.ProviderID") if message.provider_id else None
    issuer = named or context.party(Role.EMSP)
    if issuer is None:
        return msgspec.structs.replace(authorisation_from_oicp(message, issuer=PartyId("XX", "XXX")), issuer=None)
    return authorisation_from_oicp(message, issuer=issuer)


def _answer_out(answer: Authorisation, context: Context) -> Written:
    if context.request is None:
        why = "an answer needs `context.request`, the eRoamingAuthorizeStart that it answers"
        return Written(output=None, losses=(withheld("$.context.request", why),))
    request = authorise_request_from_oicp(decode(encode(context.request), AuthorizeStart))
    lost: tuple[Loss, ...] = ()
    session = request.journey_id
    if answer.decision is Decision.ALLOWED and session is None:
        session = str(uuid.uuid4())
        lost = (assumed("$.SessionID", session, "minted, as the running hub does"),)
    made = authorisation_to_oicp(answer, request, session_id=session)
    return Written(output=to_raw(made.message), losses=made.losses + lost)


def _tariff(body: bytes, context: Context) -> Tariff | list[Tariff]:
    found = tariffs_from_oicp(decode(body, PricingProductData), received_at=context.now)
    return found[0] if len(found) == 1 else found


def _tariff_out(found: Tariff | list[Tariff], context: Context) -> Written:
    tariffs = found if isinstance(found, list) else [found]
    made = set_to_oicp(tariffs, now=context.now, power_kw=lambda tariff: _power_kw(tariff, context))
    return Written(output=to_raw(made.data) if made.data else None, losses=made.losses)


def _power_kw(tariff: Tariff, context: Context) -> Decimal | None:
    """The most that a connector gives that bears the tariff."""
    known = [
        plug.max_power_w
        for place in context.locations
        for evse in place.evses
        for plug in evse.connectors
        if plug.max_power_w and tariff.id.upper() in (held.upper() for held in plug.tariff_ids)
    ]
    return Decimal(max(known)) / 1000 if known else None


def _cdr(body: bytes, context: Context) -> Cdr:
    record = decode(body, ChargeDetailRecord)
    return cdr_from_oicp(record, evse_id_from_oicp(record.evse_id, "$.EvseID").operator, received_at=context.now)


def _cdr_out(cdr: Cdr, context: Context) -> Written:
    lost: tuple[Loss, ...] = ()
    session: Any = None
    if cdr.journey_id is None and not cdr.credit:
        session = str(uuid.uuid4())
        lost = (assumed("$.SessionID", session, "minted, as the running hub does at the authorisation"),)
    made = cdr_to_oicp(cdr, time_zone=context.time_zone, session_id=session)
    return Written(output=to_raw(made.record) if made.record else None, losses=made.losses + lost)


OICP_2_3 = Dialect(
    reads={
        Kind.LOCATION: _location,
        Kind.EVSE_STATUS: _status,
        Kind.TOKEN: _token,
        Kind.AUTHORIZATION_REQUEST: _request,
        Kind.AUTHORIZATION: _answer,
        Kind.SESSION: oicp_sessions.session,
        Kind.CDR: _cdr,
        Kind.TARIFF: _tariff,
        Kind.START_SESSION: oicp_commands.start_session,
        Kind.STOP_SESSION: oicp_commands.stop_session,
        Kind.RESERVE_NOW: oicp_commands.reserve_now,
        Kind.CANCEL_RESERVATION: oicp_commands.cancel_reservation,
        Kind.RESERVE_NOW: oicp_commands.reserve_now,
        Kind.CANCEL_RESERVATION: oicp_commands.cancel_reservation,
        Kind.COMMAND_RESULT: oicp_commands.result,
    },
    writes={
        Kind.LOCATION: _location_out,
        Kind.EVSE_STATUS: _status_out,
        Kind.TOKEN: _token_out,
        Kind.AUTHORIZATION_REQUEST: _request_out,
        Kind.AUTHORIZATION: _answer_out,
        Kind.SESSION: oicp_sessions.session_out,
        Kind.CDR: _cdr_out,
        Kind.TARIFF: _tariff_out,
        Kind.START_SESSION: oicp_commands.start_session_out,
        Kind.STOP_SESSION: oicp_commands.stop_session_out,
        Kind.RESERVE_NOW: oicp_commands.reserve_now_out,
        Kind.CANCEL_RESERVATION: oicp_commands.cancel_reservation_out,
        Kind.COMMAND_RESULT: oicp_commands.result_out,
    },
    unheld={Kind.TARIFF: source_losses},
    whole=frozenset({Kind.LOCATION, Kind.TARIFF}),
)
