"""GetServiceAuthorisation. Source: checklist, 5.2."""

import msgspec

from core.model.authorisation import Authorisation, AuthoriseRequest, Decision
from core.model.ids import EvseId, PartyId
from core.model.location import Evse, Location
from core.model.partner import Role
from core.routing import agreed
from mappings.emip.authorisation import authorisation_to_emip, authorise_request_from_emip
from mappings.emip.codes import NO_AGREEMENT, NO_CPO, NO_EMSP
from mappings.emip.identification import medium_from_emip
from mappings.emip.ids import party_to_emip, plausible_uid
from protocols.emip.auth import PROTOCOL
from protocols.emip.outgoing import as_agreed
from protocols.emip.server.inbound import Inbound
from protocols.emip.wire import to_iop
from protocols.emip.wire.words import AuthorisationValue, Flag, IdType, UserIdType

Answer = to_iop.GetServiceAuthorisationResponse


async def get_service_authorisation(call: Inbound) -> Answer:
    """Every answer has a session id of its own, a refusal too."""
    message: to_iop.GetServiceAuthorisationRequest = call.message
    evse_id = call.evse_id(message.evse_id_type, message.evse_id)
    place = await call.hub.locations.find_evse(evse_id) if evse_id else None
    if evse_id is None or not _own(call, evse_id, place):
        return _refused(call, NO_CPO)
    if message.user_id_type == UserIdType.RFID_UID and not plausible_uid(message.user_id):
        return _refused(call, NO_EMSP)
    if medium_from_emip(message.user_id_type, message.user_id).uid is None:
        return _refused(call, NO_EMSP)
    spelled = msgspec.structs.replace(
        message, evse_id_type=IdType.EMI3, evse_id=evse_id.text, operator_id=call.party.key
    )
    request = authorise_request_from_emip(spelled)
    barred = await _barred(call, request)
    if barred is not None:
        return _refused(call, NO_AGREEMENT, barred)
    request = msgspec.structs.replace(
        request,
        correlation_id=call.correlation_id,
        location_id=place[0].id if place else None,
        evse_uids=(place[1].uid,) if place else (),
    )
    answer = await call.hub.authorisation.authorise(request, call.partner, place[0] if place else None)
    session_id = answer.journey_id or call.hub.ids.uuid()
    made = authorisation_to_emip(answer, transaction_id=call.transaction_id, session_id=session_id)
    return as_agreed(_asking_for_records(call, answer, made.message), call.partner)


def _asking_for_records(call: Inbound, answer: Authorisation, message: Answer) -> Answer:
    """An eMSP on eMIP decides itself; for others the operator of the hub does. Source: EMIP-MTR-07."""
    granted = answer.decision is Decision.ALLOWED and PROTOCOL not in answer.extensions
    if not granted or not call.settings.intermediate_records:
        return message
    return msgspec.structs.replace(message, intermediate_cdr_requested=Flag.YES)


def _own(call: Inbound, evse_id: EvseId, place: tuple[Location, Evse] | None) -> bool:
    """By our copy of the place; else by the operator that the id names, unless only known EVSEs are taken."""
    if place is not None:
        return place[0].owner == call.party
    return evse_id.operator == call.party and not call.settings.known_evses_only


async def _barred(call: Inbound, request: AuthoriseRequest) -> PartyId | None:
    """The eMSP that the contract names, or whose card it is, if there is no agreement with any of them."""
    provider = request.contract_id.provider if request.contract_id else None
    issuers = [provider] if provider else await call.hub.tokens.issuers(request.kind, request.uid)
    homes = {issuer: await call.home(issuer, Role.EMSP) for issuer in issuers}
    here = {issuer: home for issuer, home in homes.items() if home is not None}
    return None if any(agreed(call.partner, home) for home in here.values()) else next(iter(here), None)


def _refused(call: Inbound, status: int, issuer: PartyId | None = None) -> Answer:
    return Answer(
        transaction_id=call.transaction_id,
        sale_partner_operator_id_type=None if issuer is None else IdType.EMI3,
        sale_partner_operator_id=None if issuer is None else party_to_emip(issuer),
        authorisation_value=int(AuthorisationValue.REFUSED),
        service_session_id=call.hub.ids.uuid(),
        request_status=status,
    )
