"""SetServiceAuthorisation and SetSessionActionRequest: from an eMSP, on to the CPO. Source: checklist, 5.3, 5.4.

The eMSP waits for the charge point's own result. What is known beforehand is said without asking the CPO.
"""

from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from core.errors import Refused, Rejected, StoreUnavailable, Unavailable, Unknown, Unsupported
from core.model.authorisation import Journey, JourneyState
from core.model.command import Command, CommandKind
from core.model.ids import ContractId, EvseId, PartyId
from core.model.partner import Partner, Role
from core.routing import agreed
from mappings.emip.codes import (
    CPO_NOT_REACHED,
    FIRST_ERROR,
    NO_AGREEMENT,
    NO_CPO,
    NO_EMSP,
    NO_PARTNER,
    NO_SESSION,
    NOT_ACCEPTED,
    NOT_AVAILABLE,
    NOT_OF_SESSION,
    NOT_SENT,
    OK,
    OTHER_ERROR,
    REFUSED_UNSAID,
    UNKNOWN_NATURE,
)
from mappings.emip.commands import STOPS, start_from_emip, stop_from_emip
from mappings.emip.identification import medium_from_emip
from mappings.emip.ids import party_to_emip, plausible_uid
from mappings.emip.outcomes import status_of
from protocols.emip.auth import PROTOCOL
from protocols.emip.server.inbound import Inbound
from protocols.emip.wire import to_iop
from protocols.emip.wire.words import AuthorisationValue, IdType, UserIdType

# --- start


async def set_service_authorisation(call: Inbound) -> to_iop.SetServiceAuthorisationResponse:
    """Every answer has a session id of its own, a refusal too."""
    message: to_iop.SetServiceAuthorisationRequest = call.message
    evse_id = call.evse_id(message.evse_id_type, message.evse_id)
    place = await call.hub.locations.find_evse(evse_id) if evse_id else None
    owner = place[0].owner if place else evse_id.operator if evse_id else None
    operator = await call.home(owner, Role.CPO)
    if evse_id is None or owner is None or operator is None:
        return _started(call, NO_CPO, None)
    if not agreed(call.partner, operator):
        return _started(call, NO_AGREEMENT, owner)
    if not _may_name(call.partner, message):
        return _started(call, NO_EMSP, owner)
    if message.authorisation_value is AuthorisationValue.REFUSED and operator.protocol != PROTOCOL:
        return _started(call, await _forbid(call, message, evse_id, owner), owner)
    return await _start(call, _spelled(call, message, evse_id), owner)


def _may_name(partner: Partner, message: to_iop.SetServiceAuthorisationRequest) -> bool:
    """Whether the driver can be one of the eMSP's. A badge says nothing of who issued it."""
    if message.user_id_type == UserIdType.RFID_UID and not plausible_uid(message.user_id):
        return False
    medium = medium_from_emip(message.user_id_type, message.user_id)
    return medium.uid is not None and _of(partner, medium.contract_id)


def _of(partner: Partner, contract: ContractId | None) -> bool:
    provider = contract.provider if contract else None
    return provider is None or partner.speaks_for(provider, Role.EMSP)


def _spelled(
    call: Inbound, message: to_iop.SetServiceAuthorisationRequest, evse_id: EvseId
) -> to_iop.SetServiceAuthorisationRequest:
    return replace(message, evse_id_type=IdType.EMI3, evse_id=evse_id.text, operator_id=call.party.key)


async def _start(
    call: Inbound, message: to_iop.SetServiceAuthorisationRequest, operator: PartyId
) -> to_iop.SetServiceAuthorisationResponse:
    command = start_from_emip(message, id=call.hub.ids.uuid(), operator=operator, now=call.hub.clock.now())
    try:
        command = await call.hub.commands.prepare_start(call.partner, _patient(call, command))
    except Unknown:
        return _started(call, NO_CPO, None)
    except (Unsupported, Rejected):
        return _started(call, NOT_AVAILABLE, operator)
    except StoreUnavailable:
        raise
    except Unavailable:
        return _started(call, CPO_NOT_REACHED, operator)
    outcome = await call.hub.commands.run(command)
    return _started(call, status_of(command.kind, outcome), operator, command.journey_id)


async def _forbid(
    call: Inbound, message: to_iop.SetServiceAuthorisationRequest, evse_id: EvseId, operator: PartyId
) -> int:
    """Other protocols forbid by stopping what runs, if it is certain which. Source: EMIP-RSA-09."""
    uid = medium_from_emip(message.user_id_type, message.user_id).uid
    running = await call.hub.sessions.running(call.partner, operator, evse_id, uid) if uid else []
    if len(running) != 1 or not call.is_issuer(running[0]):
        return REFUSED_UNSAID
    stop = Command(id=call.hub.ids.uuid(), kind=CommandKind.STOP_SESSION, issuer=call.party, operator=operator)
    status = await _stop(call, stop, running[0])
    if status == NOT_SENT:
        return CPO_NOT_REACHED
    return status if status < FIRST_ERROR else REFUSED_UNSAID


def _started(
    call: Inbound, status: int, operator: PartyId | None, session_id: str | None = None
) -> to_iop.SetServiceAuthorisationResponse:
    return to_iop.SetServiceAuthorisationResponse(
        transaction_id=call.transaction_id,
        request_status=status,
        service_session_id=session_id or call.hub.ids.uuid(),
        exec_partner_operator_id_type=None if operator is None else IdType.EMI3,
        exec_partner_operator_id=None if operator is None else party_to_emip(operator),
    )


def _patient(call: Inbound, command: Command) -> Command:
    return replace(command, patience_s=Decimal(str(call.settings.patience_s)))


# --- actions

_OVER: Final = frozenset({JourneyState.ENDED, JourneyState.BILLED})


async def set_session_action_request(call: Inbound) -> to_iop.SetSessionActionRequestResponse:
    """Stops go to every CPO, other actions to one on eMIP. An action without an id gets one, for both sides."""
    message: to_iop.SetSessionActionRequestRequest = call.message
    action = message.session_action
    action = replace(action, session_action_id=action.session_action_id or call.hub.ids.uuid())
    return to_iop.SetSessionActionRequestResponse(
        transaction_id=call.transaction_id,
        service_session_id=message.service_session_id,
        session_action_id=action.session_action_id or "",
        request_status=await _act(call, replace(message, session_action=action)),
    )


async def _act(call: Inbound, message: to_iop.SetSessionActionRequestRequest) -> int:
    journey = await call.journey(message.service_session_id)
    if journey is None:
        return NO_SESSION
    if not call.is_issuer(journey):
        return NOT_ACCEPTED if call.is_operator(journey) else NOT_OF_SESSION
    operator = await call.home(journey.operator, Role.CPO)
    if operator is None:
        return OK if _already_over(message, journey) else NO_PARTNER
    if message.session_action.session_action_nature not in STOPS and operator.protocol != PROTOCOL:
        return UNKNOWN_NATURE
    journey = await _with_sale_id(call, journey, message.sale_partner_session_id)
    message = replace(message, service_session_id=journey.id, operator_id=call.party.key)
    command = stop_from_emip(message, id=call.hub.ids.uuid(), operator=journey.operator)
    status = await _stop(call, command, journey)
    return OK if status in (NO_SESSION, NOT_SENT) and _already_over(message, journey) else status


async def _with_sale_id(call: Inbound, journey: Journey, sale_id: str | None) -> Journey:
    """With the eMSP's own id, if it has told none so far."""
    if sale_id is None or journey.issuer_session_id is not None:
        return journey
    async with call.shared.lock(f"session/{journey.id}"):
        newest = await call.journey(journey.id) or journey
        return await call.hub.sessions.remember_ids(newest, issuer_session_id=sale_id)


async def _stop(call: Inbound, command: Command, journey: Journey) -> int:
    commands = call.hub.commands
    try:
        command = await commands.prepare_stop(call.partner, _patient(call, command), journey)
    except Unknown:
        return NO_SESSION
    except Unsupported:
        return NOT_ACCEPTED
    except (Rejected, Refused):
        return OTHER_ERROR
    except StoreUnavailable:
        raise
    except Unavailable:
        return NOT_SENT
    return status_of(command.kind, await commands.run(command))


def _already_over(message: to_iop.SetSessionActionRequestRequest, journey: Journey) -> bool:
    """A stop of what has ended is no failure, whatever its CPO makes of it. Source: EMIP-ACT-09."""
    return message.session_action.session_action_nature in STOPS and journey.state in _OVER
