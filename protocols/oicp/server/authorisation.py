"""eRoamingAuthorizeStart_V2.1 and eRoamingAuthorizeStop_V2.1."""

import logging

import msgspec

from core.model.authorisation import Authorisation, AuthoriseRequest, Journey, JourneyState
from core.model.ids import PartyId
from core.model.partner import Partner, PartnerState, Role
from mappings.oicp.authorisation import (
    authorisation_stop_to_oicp,
    authorisation_to_oicp,
    authorise_request_from_oicp,
)
from mappings.oicp.ids import evse_id_from_oicp
from protocols.oicp import codec
from protocols.oicp.codes import NO_ANSWER, NO_PARTNER, NO_SESSION, UNAUTHORIZED, Negative
from protocols.oicp.server.inbound import Inbound, Reply
from protocols.oicp.settings import is_upstream, spelling_of
from protocols.oicp.wire.authorisation import AuthorizeStart, AuthorizeStop
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.identification import Identification
from protocols.oicp.wire.notifications import Notification

log = logging.getLogger(__name__)


async def authorize_start(call: Inbound) -> Reply:
    """The session id is the journey's, which the hub makes; one that comes along is never taken over."""
    message = call.message(AuthorizeStart)
    call.check_id(message.operator_id, "$.OperatorID")
    ids = {"cpo_partner_session_id": message.cpo_partner_session_id}
    if message.session_id and not call.settings.tolerate_foreign_session_ids:
        raise Negative(NO_SESSION, "a session id is the hub's to give", ids=ids)
    partners = await call.hub.partners.all()
    request = _request(call, msgspec.structs.replace(message, session_id=None))
    request = await _addressed(request, partners, ids)
    answer = await call.hub.authorisation.authorise(request, call.partner)
    _explain(call, answer)
    return _started(answer, request, partners)


async def authorize_stop(call: Inbound) -> Reply:
    message = call.message(AuthorizeStop)
    call.check_id(message.operator_id, "$.OperatorID")
    async with call.shared.lock(f"session/{message.session_id.lower()}"):
        journey = await own_journey(call, message.session_id, message.cpo_partner_session_id)
        journey = await remembered(call, journey, message)
        partners = await call.hub.partners.all()
        home = next((partner for partner in partners if partner.id == journey.issuer_partner), None)
        if home is not None and home.state is PartnerState.SUSPENDED:
            raise Negative(UNAUTHORIZED, "the EMP of the session is locked", http=200, ids=ids_of(journey))
        request = msgspec.structs.replace(
            _request(call, message), journey_id=journey.id, operator_session_id=journey.operator_session_id
        )
        answer = await call.hub.authorisation.authorise_stop(request, journey)
        _explain(call, answer)
        journey = await call.hub.sessions.remember_ids(journey, issuer_session_id=answer.issuer_session_id)
    answer = msgspec.structs.replace(
        answer, issuer=journey.issuer, issuer_session_id=journey.issuer_session_id, reference=None
    )
    stop = authorisation_stop_to_oicp(answer, request, provider_id=spelling_of(home, journey.issuer, Role.EMSP))
    code = stop.status_code.code if stop.status_code else ""
    return Reply(codec.encode_answer(stop), code, session_id=journey.id)


async def own_journey(call: Inbound, session_id: str, cpo_session_id: str | None) -> Journey:
    """The session that the caller names. Raises Negative 400 unless it exists, is the caller's and is not closed."""
    journey = await call.hub.sessions.journey(session_id.lower())
    if journey is None or journey.operator_partner != call.partner.id or journey.operator != call.party:
        why = "no such session of this operator"
    elif journey.state is JourneyState.BILLED:
        why = "the session is closed"
    elif journey.state is JourneyState.REFUSED and call.settings.upstream is None:
        why = "the session was never begun"
    else:
        return journey
    raise Negative(NO_SESSION, why, ids={"cpo_partner_session_id": cpo_session_id})


async def remembered(
    call: Inbound, journey: Journey, message: AuthorizeStop | ChargeDetailRecord | Notification
) -> Journey:
    """The session with what the operator says of it. The EVSE of its start stays; another one is logged."""
    evse_id = None if message.evse_id is None else evse_id_from_oicp(message.evse_id)
    if evse_id and journey.evse_id and evse_id != journey.evse_id:
        log.warning("%s: session %s is at %s, not at %s", call.process_id, journey.id, journey.evse_id, evse_id)
    told_upstream = is_upstream(await partner_of(call, journey.issuer_partner))  # its own id is not the CPO's to change
    return await call.hub.sessions.remember_ids(
        journey,
        operator_session_id=message.cpo_partner_session_id,
        issuer_session_id=None if told_upstream else message.emp_partner_session_id,
        evse_id=evse_id,
    )


async def partner_of(call: Inbound, partner_id: str) -> Partner | None:
    return next((partner for partner in await call.hub.partners.all() if partner.id == partner_id), None)


def ids_of(journey: Journey) -> dict[str, str | None]:
    return {
        "session_id": journey.id,
        "cpo_partner_session_id": journey.operator_session_id,
        "emp_partner_session_id": journey.issuer_session_id,
    }


def _explain(call: Inbound, answer: Authorisation) -> None:
    """For the operator of the hub; the partner gets the consolidated answer only."""
    log.info(
        "%s: %s for %s, of %s: %s", call.process_id, answer.decision, call.party, answer.issuer, answer.explanation
    )


def _request(call: Inbound, message: AuthorizeStart | AuthorizeStop) -> AuthoriseRequest:
    """In the registered spelling of the operator, because an EMP compares ids as text; the UID in upper case."""
    spelled = msgspec.structs.replace(
        message,
        operator_id=spelling_of(call.partner, call.party, Role.CPO),
        identification=_upper(message.identification),
    )
    request = authorise_request_from_oicp(spelled)
    return msgspec.structs.replace(request, operator=call.party, correlation_id=call.process_id)


def _upper(identification: Identification) -> Identification:
    card = identification.rfid_mifare_family_identification
    if card is None or card.uid == card.uid.upper():
        return identification
    upper = msgspec.structs.replace(card, uid=card.uid.upper())
    return msgspec.structs.replace(identification, rfid_mifare_family_identification=upper)


async def _addressed(
    request: AuthoriseRequest, partners: list[Partner], ids: dict[str, str | None]
) -> AuthoriseRequest:
    """A contract names its provider, or the one that bundles it: only that one is asked. One that is nobody's here may
    be somebody's upstream."""
    provider = request.contract_id.provider if request.contract_id else None
    if provider is None:
        return request
    partner, party = _provider(partners, provider)
    if partner is None and any(is_upstream(one) and one.plays(Role.EMSP) for one in partners):
        return request
    if partner is None:
        raise Negative(NO_PARTNER, f"{provider} is not registered", http=200, ids=ids)
    if partner.state is PartnerState.SUSPENDED:
        raise Negative(NO_ANSWER, ids=ids)
    return msgspec.structs.replace(request, issuer=party)


def _provider(partners: list[Partner], provider: PartyId) -> tuple[Partner | None, PartyId]:
    for partner in partners:
        if partner.speaks_for(provider, Role.EMSP):
            return partner, provider
    for partner in partners:
        if partner.bundles(provider, Role.EMSP):
            return partner, partner.parties_as(Role.EMSP)[0]
    return None, provider


def _started(answer: Authorisation, request: AuthoriseRequest, partners: list[Partner]) -> Reply:
    spelling = None
    if answer.issuer is not None:
        home = next((p for p in partners if answer.issuer and p.speaks_for(answer.issuer, Role.EMSP)), None)
        spelling = spelling_of(home, answer.issuer, Role.EMSP)
    reference = None if answer.reference == answer.journey_id else answer.reference  # the hub's own is not the issuer's
    answer = msgspec.structs.replace(answer, reference=reference, token=None, contract_id=None, location_id=None)
    start = authorisation_to_oicp(answer, request, session_id=answer.journey_id, provider_id=spelling).message
    return Reply(codec.encode_answer(start), start.status_code.code if start.status_code else "")
