"""eMIP 0.7.4 payloads: whole messages, for that is what the element in the envelope is."""

import uuid
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from core.errors import Invalid
from core.model.authorisation import Authorisation, AuthoriseRequest
from core.model.base import Extensions
from core.model.cdr import Cdr
from core.model.ids import PartyId
from core.model.loss import Loss
from core.model.partner import Role
from core.model.session import CdrToken, Session
from core.model.token import TokenKind
from gateway.translation import emip_commands as commands
from gateway.translation.completing import place_of, priced_by_context, with_issuer
from gateway.translation.emip_header import CAME, Hop, came, came_in, header_of, hop, without_target
from gateway.translation.emip_status import status, status_out, status_unheld
from gateway.translation.model import UNKNOWN_PARTY, Context, Dialect, Kind, Written, assumed, withheld
from mappings.emip.authorisation import (
    authorisation_from_emip,
    authorisation_to_emip,
    authorise_request_from_emip,
    authorise_request_to_emip,
    authorise_request_to_platform,
)
from mappings.emip.cdrs import cdr_from_emip, cdr_to_emip
from mappings.emip.ids import evse_id_from_emip, party_from_emip
from mappings.emip.leftovers import PROTOCOL
from mappings.emip.sessions import (
    Facts,
    Reported,
    events_to_emip,
    session_from_emip,
    session_losses,
)
from protocols.emip import codec
from protocols.emip.wire import from_iop, to_iop
from protocols.emip.wire.parts import ChargeDetailRecord
from protocols.transport.soap.xml import local_name, parse

_MINTED: Final = "minted, as the running hub does"
_NO_OPERATOR: Final = "name the one CPO in the context"
_SAID: Final = ("partner_service_session_id", "sale_partner_operator_id")
LONGEST_ID: Final = 36


def _text(message: Struct) -> str:
    return codec.encode(message).decode()


def _put(extensions: Extensions, kept: Extensions) -> Extensions:
    return extensions | {CAME: kept[CAME]}


# --- authorisation


def _question(body: bytes, _: Context) -> AuthoriseRequest:
    message = codec.read_document(body, to_iop.GetServiceAuthorisationRequest, from_iop.GetServiceAuthorisationRequest)
    request = authorise_request_from_emip(message)
    return replace(request, extensions=came_in(request.extensions, message))


def _question_out(request: AuthoriseRequest, context: Context) -> Written:
    """To the eMSP, where one is known; else to a platform, which finds it."""
    known = context.token(request.uid)
    if request.contract_id is None and known is not None:
        request = replace(request, contract_id=known.contract_id)
    operator = request.operator
    if operator == UNKNOWN_PARTY and request.evse_id is not None:
        operator = request.evse_id.operator
    way = hop(request.extensions, operator, request.issuer or (known.issuer if known else None), context)
    if way is None:
        return Written(output=None, losses=(withheld("$.operatorId", _NO_OPERATOR),))
    place = context.location(request.location_id) if request.location_id else None
    lost = way.losses
    if way.addressed and request.journey_id is None and PROTOCOL not in request.extensions:
        request = replace(request, journey_id=str(uuid.uuid4()))
        lost += (assumed("$.serviceSessionId", request.journey_id, _MINTED),)
    ask: Any = authorise_request_to_emip if way.addressed else authorise_request_to_platform
    made = ask(request, header_of(way.members), place)
    if made.message is None:
        return Written(output=None, losses=made.losses)
    return Written(output=_text(replace(made.message, **way.members)), losses=made.losses + lost)


def _answer(body: bytes, context: Context) -> Authorisation:
    types = (to_iop.GetServiceAuthorisationResponse, from_iop.GetServiceAuthorisationResponse)
    message = codec.read_document(body, *types)
    answer = authorisation_from_emip(message, issuer=context.party(Role.EMSP))
    return replace(answer, extensions=came_in(answer.extensions, message, *_SAID))


def _answer_out(answer: Authorisation, context: Context) -> Written:
    """To the CPO that asked; an answer that came from an eMSP stays one."""
    kept = came(answer.extensions) or {}
    made: list[Loss] = []
    transaction = kept.get("transaction_id") or _transaction(context)
    if transaction is None:
        transaction = str(uuid.uuid4())
        made.append(assumed("$.transactionId", transaction, "that of the request, which the context does not give"))
    session = answer.journey_id
    if session is None:
        session = str(uuid.uuid4())
        if not kept.get("addressed"):
            made.append(assumed("$.serviceSessionId", session, _MINTED))
    if answer.contract_id is None and answer.token is not None:
        answer = replace(answer, contract_id=answer.token.contract_id)
    if answer.issuer is None and answer.token is not None:
        answer = replace(answer, issuer=answer.token.issuer)
    if kept and "sale_partner_operator_id" not in kept:
        answer = replace(answer, issuer=None)
    done = authorisation_to_emip(answer, transaction_id=transaction, session_id=session)
    if kept.get("addressed"):
        return Written(output=_text(_of_issuer(done.message, kept)), losses=done.losses + tuple(made))
    return Written(output=_text(done.message), losses=done.losses + tuple(made))


def _of_issuer(message: Any, kept: dict[str, Any]) -> from_iop.GetServiceAuthorisationResponse:
    return from_iop.GetServiceAuthorisationResponse(
        transaction_id=kept.get("transaction_id"),
        authorisation_value=message.authorisation_value,
        partner_service_session_id=kept.get("partner_service_session_id"),
        intermediate_cdr_requested=message.intermediate_cdr_requested,
        user_contract_id_alias=message.user_contract_id_alias,
        meter_limit_list=message.meter_limit_list,
        parameter=message.parameter,
        request_status=message.request_status,
        extra=message.extra,
    )


def _transaction(context: Context) -> str | None:
    if context.request is None:
        return None
    if not isinstance(context.request, str):
        raise Invalid("$.context.request", "XML text is expected")
    types = (to_iop.GetServiceAuthorisationRequest, from_iop.GetServiceAuthorisationRequest)
    try:
        message = codec.read_document(context.request.encode(), *types)
    except Invalid as error:
        raise Invalid("$.context.request", f"{error.path}: {error.reason}") from error
    found: str | None = message.transaction_id
    return found


# --- sessions


def _session(body: bytes, context: Context) -> Session:
    """An event says neither who charges nor where: that is the one token and the one EVSE of the context."""
    message = codec.read_document(body, to_iop.SetSessionEventReportRequest, from_iop.SetSessionEventReportRequest)
    named = getattr(message, "target_operator_id", None)
    issuer = party_from_emip(named, "/targetOperatorId") if named else context.party(Role.EMSP)
    theirs = getattr(message, "exec_partner_session_id", None)
    facts = Facts(
        owner=party_from_emip(message.operator_id),
        session_id=theirs if theirs and len(theirs) <= LONGEST_ID else message.service_session_id[:LONGEST_ID],
        token=_token_of(context, issuer),
        started_at=context.now,
        journey_id=message.service_session_id,
        **_where(context),
    )
    session = session_from_emip(Reported().with_event(message.session_event), facts, received_at=context.now)
    kept = came_in({}, message, "exec_partner_session_id", "sale_partner_session_id")
    return replace(session, extensions=_put(session.extensions, kept))


def _token_of(context: Context, issuer: PartyId | None) -> CdrToken:
    if len(context.tokens) != 1:
        return CdrToken(issuer=issuer, kind=TokenKind.OTHER)
    token = context.tokens[0]
    return CdrToken(issuer=token.issuer, uid=token.uid, kind=token.kind, contract_id=token.contract_id)


def _where(context: Context) -> dict[str, Any]:
    tariffs = context.tariffs
    found: dict[str, Any] = {"currency": tariffs[0].currency if len(tariffs) == 1 else None}
    places = [(location, evse) for location in context.locations for evse in location.evses]
    if len(places) != 1:
        return found
    location, evse = places[0]
    connector = evse.connectors[0].id if len(evse.connectors) == 1 else None
    return found | {"location_id": location.id, "evse_uid": evse.uid, "connector_id": connector}


def _session_out(session: Session, context: Context) -> Written:
    """A message for each event: that it began, that it ended."""
    events, lost = events_to_emip(session), session_losses(session)
    way = hop(session.extensions, session.owner, session.token.issuer, context)
    if not events or way is None:
        why = "nothing that eMIP could say yet" if way else _NO_OPERATOR
        return Written(output=None, losses=(*lost, withheld("$", why)))
    kept = came(session.extensions) or {}
    lost += way.losses
    service = session.journey_id
    if service is None:
        service = str(uuid.uuid4())
        lost += (assumed("$.serviceSessionId", service, _MINTED),)
    messages: list[Any] = []
    for event in events:
        if way.addressed:
            message: Any = from_iop.SetSessionEventReportRequest(
                **way.members,
                service_session_id=service,
                sale_partner_session_id=kept.get("sale_partner_session_id"),
                session_event=event,
            )
        else:
            message = to_iop.SetSessionEventReportRequest(
                **without_target(way.members),
                service_session_id=service,
                exec_partner_session_id=kept.get("exec_partner_session_id") or (None if kept else session.id),
                session_event=event,
            )
        messages.append(_text(message))
    return Written(output=messages[0] if len(messages) == 1 else messages, losses=lost)


# --- CDRs


def _cdr(body: bytes, context: Context) -> Cdr:
    """A record without its message is its EVSE's operator's."""
    here = parse(body)
    if local_name(here.tag) == "chargeDetailRecord":
        record = codec.read(here, ChargeDetailRecord)
        named = record.exec_partner_operator_id
        owner = (
            party_from_emip(named, "/execPartnerOperatorId") if named else evse_id_from_emip(record.evse_id).operator
        )
        return cdr_from_emip(record, owner, received_at=context.now)
    message = codec.read_document(body, to_iop.SetChargeDetailRecordRequest, from_iop.SetChargeDetailRecordRequest)
    owner = party_from_emip(message.operator_id)
    cdr = cdr_from_emip(message.charge_detail_record, owner, received_at=context.now)
    return replace(cdr, extensions=came_in(cdr.extensions, message))


def _cdr_out(cdr: Cdr, context: Context) -> Written:
    lost: tuple[Loss, ...] = ()
    minted: str | None = None
    if PROTOCOL not in cdr.extensions:
        cdr, lost = _completed(cdr, context)
        if cdr.journey_id is None and not cdr.credit:
            minted = str(uuid.uuid4())
            lost += (assumed("$.chargeDetailRecord.serviceSessionId", minted, _MINTED),)
    sent = cdr_to_emip(cdr, session_id=minted)
    if sent.record is None:
        return Written(output=None, losses=lost + sent.losses)
    way: Hop | None = hop(cdr.extensions, cdr.owner, cdr.token.issuer, context)
    if way is None:
        return Written(output=None, losses=(*lost, withheld("$.operatorId", _NO_OPERATOR)))
    module: Any = from_iop if way.addressed else to_iop
    message = module.SetChargeDetailRecordRequest(**without_target(way.members), charge_detail_record=sent.record)
    made = tuple(loss for loss in way.losses if loss.path != "$.targetOperatorId")
    return Written(output=_text(message), losses=lost + sent.losses + made)


def _completed(cdr: Cdr, context: Context) -> tuple[Cdr, tuple[Loss, ...]]:
    """Of the place eMIP names the EVSE only."""
    made: tuple[Loss, ...] = ()
    place, where = place_of(cdr, context), cdr.location
    evses = place.evses if place else ()
    evse = next((one for one in evses if where.evse_id is None and one.uid == where.evse_uid and one.evse_id), None)
    if evse is not None:
        cdr = replace(cdr, location=replace(where, evse_id=evse.evse_id))
        made = (assumed("$.location.evse_id", str(evse.evse_id), "from the hub's copy of the location"),)
    cdr, named = with_issuer(cdr, context)
    if cdr.total_cost is not None:
        return cdr, made + named
    cdr, priced = priced_by_context(cdr, context)
    return cdr, made + named + priced


_NOTHING: Final = "eMIP has no such message"

EMIP_0_7_4 = Dialect(
    reads={
        Kind.EVSE_STATUS: status,
        Kind.AUTHORIZATION_REQUEST: _question,
        Kind.AUTHORIZATION: _answer,
        Kind.SESSION: _session,
        Kind.CDR: _cdr,
        Kind.START_SESSION: commands.start_session,
        Kind.STOP_SESSION: commands.stop_session,
        Kind.COMMAND_RESULT: commands.result,
    },
    writes={
        Kind.EVSE_STATUS: status_out,
        Kind.AUTHORIZATION_REQUEST: _question_out,
        Kind.AUTHORIZATION: _answer_out,
        Kind.SESSION: _session_out,
        Kind.CDR: _cdr_out,
        Kind.START_SESSION: commands.start_session_out,
        Kind.STOP_SESSION: commands.stop_session_out,
        Kind.COMMAND_RESULT: commands.result_out,
    },
    why={
        Kind.LOCATION: "eMIP carries no static data of charge points",
        Kind.TOKEN: "eMIP has no lists of tokens; each is asked for",
        Kind.TARIFF: "eMIP has no tariffs",
        Kind.RESERVE_NOW: _NOTHING,
        Kind.CANCEL_RESERVATION: _NOTHING,
    },
    unheld={
        Kind.EVSE_STATUS: status_unheld,
        Kind.START_SESSION: commands.unheld,
        Kind.STOP_SESSION: commands.unheld,
    },
)
