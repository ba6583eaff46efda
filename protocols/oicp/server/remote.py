"""eRoamingAuthorizeRemoteStart_V2.1, ...Stop_V2.1, eRoamingAuthorizeRemoteReservationStart_V1.1, ...Stop_V1.1: from an
EMP, on to the operator of the EVSE.

The EMP waits for the operator's answer. The checks come in the order of the document's process pictures.
"""

import logging
from collections.abc import Awaitable
from decimal import Decimal
from typing import Final, TypeVar

from msgspec.structs import replace

from core.errors import Rejected, Unavailable
from core.model.authorisation import Journey, JourneyState
from core.model.command import Command, CommandOutcome, Outcome
from core.model.contract import Service
from core.model.ids import ContractId, EvseId, PartyId
from core.model.location import Evse
from core.model.partner import Partner, PartnerState, Role
from core.routing import contracted
from mappings.oicp.commands import acknowledgement_to_oicp, remote_start_from_oicp, remote_stop_from_oicp
from mappings.oicp.ids import evse_id_from_oicp
from mappings.oicp.reservations import reservation_start_from_oicp, reservation_stop_from_oicp
from protocols.oicp import codec
from protocols.oicp.codes import (
    DID_NOT_RESPOND,
    FOREIGN_CONTRACT,
    FOREIGN_EVSE,
    NO_CONTRACT,
    NO_PARTNER,
    NO_SERVICE,
    NO_SESSION,
    NOT_COMPATIBLE,
    UNAUTHORIZED,
    UNKNOWN_EVSE,
    Negative,
)
from protocols.oicp.history import in_set
from protocols.oicp.server.authentication_data import evco_id
from protocols.oicp.server.authorisation import ids_of
from protocols.oicp.server.inbound import Inbound, Reply
from protocols.oicp.settings import spelling_of
from protocols.oicp.wire.common import Acknowledgement
from protocols.oicp.wire.remote import (
    AuthorizeRemoteReservationStart,
    AuthorizeRemoteReservationStop,
    AuthorizeRemoteStart,
    AuthorizeRemoteStop,
)

log = logging.getLogger(__name__)
PATIENCE_S: Final = Decimal(60)
Ids = dict[str, str | None]
S = TypeVar("S", bound=AuthorizeRemoteStart)
E = TypeVar("E", bound=AuthorizeRemoteStop)


async def authorize_remote_start(call: Inbound) -> Reply:
    """The session id is the journey's, which the hub makes; it is told with a yes only."""
    message, party, ids = await _beginning(call, call.message(AuthorizeRemoteStart), Service.AUTHORISATION)
    command = remote_start_from_oicp(message, id=call.process_id, operator=party, now=call.hub.clock.now())
    return await _begun(call, call.hub.commands.prepare_start(call.partner, _patient(command)), ids)


async def reservation_start(call: Inbound) -> Reply:
    """With a session of its own: charging after it is another one."""
    message, party, ids = await _beginning(call, call.message(AuthorizeRemoteReservationStart), Service.RESERVATION)
    command = reservation_start_from_oicp(message, id=call.process_id, operator=party, now=call.hub.clock.now())
    return await _begun(call, call.hub.commands.prepare_reservation(call.partner, _patient(command)), ids)


async def _beginning(call: Inbound, message: S, service: Service) -> tuple[S, PartyId, Ids]:
    """The message as it may go on, and who runs the EVSE, with whom there is a contract for the service."""
    call.check_id(message.provider_id, "$.ProviderID")
    ids: Ids = {"emp_partner_session_id": message.emp_partner_session_id}
    if message.session_id and not call.settings.tolerate_foreign_session_ids:
        raise Negative(NO_SESSION, "a session id is the hub's to give", ids=ids)
    evse_id = evse_id_from_oicp(message.evse_id)
    found = await call.hub.locations.find_evse(evse_id)
    operator, party = await _operator(call, evse_id, found[0].owner if found else None, ids)
    if not contracted(call.partner, operator, service, call.hub.clock.now()):
        raise Negative(NO_CONTRACT, f"no contract with {party}", http=200, ids=ids)
    await _check_evse(call, party, evse_id, found[1] if found else None, ids)
    _check_contract(call, message, ids)
    spelling = spelling_of(call.partner, call.party, Role.EMSP)
    return replace(message, provider_id=spelling, session_id=None, cpo_partner_session_id=None), party, ids


async def _begun(call: Inbound, preparing: Awaitable[Command], ids: Ids) -> Reply:
    command, outcome = await _run(call, preparing, ids)
    if outcome.outcome is Outcome.ACCEPTED:
        ids["session_id"] = command.journey_id
    return _answer(outcome, ids)


async def authorize_remote_stop(call: Inbound) -> Reply:
    """To the CPO of the session, whatever became of the contract; a refusal leaves the session as it is."""
    message, journey = await _ending(call, call.message(AuthorizeRemoteStop))
    command = remote_stop_from_oicp(message, id=call.process_id, operator=journey.operator)
    return await _ended(call, call.hub.commands.prepare_stop(call.partner, _patient(command), journey), journey)


async def reservation_stop(call: Inbound) -> Reply:
    """An expired one, too: whether it still stands is for its CPO to say."""
    message, journey = await _ending(call, call.message(AuthorizeRemoteReservationStop))
    command = _patient(reservation_stop_from_oicp(message, id=call.process_id, operator=journey.operator))
    return await _ended(call, call.hub.commands.prepare_cancellation(call.partner, command, journey), journey)


async def _ending(call: Inbound, message: E) -> tuple[E, Journey]:
    """The message as it may go on, and the session that it ends."""
    call.check_id(message.provider_id, "$.ProviderID")
    evse_id = evse_id_from_oicp(message.evse_id)
    ids: Ids = {"emp_partner_session_id": message.emp_partner_session_id}
    found = await call.hub.locations.find_evse(evse_id)
    _, party = await _operator(call, evse_id, found[0].owner if found else None, ids)
    await _check_evse(call, party, evse_id, found[1] if found else None, ids)
    async with call.shared.lock(f"session/{message.session_id.lower()}"):
        journey = await _own_journey(call, message, ids)
        if party != journey.operator:
            raise Negative(FOREIGN_EVSE, f"{evse_id.text} is not of the session's operator", ids=ids_of(journey))
        journey = await call.hub.sessions.remember_ids(journey, issuer_session_id=message.emp_partner_session_id)
    spelling = spelling_of(call.partner, call.party, Role.EMSP)
    return replace(message, session_id=journey.id, provider_id=spelling, cpo_partner_session_id=None), journey


async def _ended(call: Inbound, preparing: Awaitable[Command], journey: Journey) -> Reply:
    ids = ids_of(journey)
    _, outcome = await _run(call, preparing, ids)
    return _answer(outcome, ids)


async def _run(call: Inbound, preparing: Awaitable[Command], ids: Ids) -> tuple[Command, CommandOutcome]:
    """What is known beforehand is said without asking the operator."""
    try:
        command = await preparing
    except Unavailable as error:
        raise Negative(DID_NOT_RESPOND, error.reason, ids=ids) from error
    except Rejected as error:
        raise Negative(NO_SERVICE, error.text, ids=ids) from error
    return command, await call.hub.commands.run(command)


def _patient(command: Command) -> Command:
    return replace(command, patience_s=PATIENCE_S)


def _answer(outcome: CommandOutcome, ids: Ids) -> Reply:
    answer: Acknowledgement = acknowledgement_to_oicp(outcome, **ids)
    code = answer.status_code.code if answer.status_code else ""
    return Reply(codec.encode_answer(answer), code, session_id=answer.session_id)


async def _operator(call: Inbound, evse_id: EvseId, owner: PartyId | None, ids: Ids) -> tuple[Partner, PartyId]:
    """Who runs the EVSE: its owner in the hub's data, else the operator that its id names, or who bundles that one."""
    wanted = owner or evse_id.operator
    partners = await call.hub.partners.all()
    partner = next((held for held in partners if held.speaks_for(wanted, Role.CPO)), None)
    if partner is None:
        partner = next((held for held in partners if held.bundles(wanted, Role.CPO)), None)
        wanted = partner.parties_as(Role.CPO)[0] if partner else wanted
    if partner is None:
        raise Negative(NO_PARTNER, f"{wanted} is not registered", http=200, ids=ids)
    if partner.state is PartnerState.SUSPENDED:
        raise Negative(UNAUTHORIZED, "the CPO is locked", http=200, ids=ids)
    return partner, wanted


async def _check_evse(call: Inbound, party: PartyId, evse_id: EvseId, evse: Evse | None, ids: Ids) -> None:
    """Only if the operator has uploaded anything at all."""
    if evse is None or not in_set(evse):
        async for _ in call.hub.locations.owned(party):
            raise Negative(UNKNOWN_EVSE, evse_id.text, ids=ids)
    elif evse.hub_compatible is False:
        raise Negative(NOT_COMPATIBLE, evse_id.text, ids=ids)


def _check_contract(call: Inbound, message: AuthorizeRemoteStart, ids: Ids) -> None:
    contract = evco_id(message.identification)
    if contract is None or call.owns(ContractId.parse(contract).provider):
        return
    if call.settings.own_contracts_only:
        raise Negative(FOREIGN_CONTRACT, contract, ids=ids)
    log.info("%s: %s starts for a contract of another provider", call.process_id, call.party)


async def _own_journey(call: Inbound, message: AuthorizeRemoteStop, ids: Ids) -> Journey:
    """Raises Negative 400 unless the session exists, is of this EMP and is neither closed nor was refused. Charging and
    reservations have sessions of their own, each with its own stop."""
    journey = await call.hub.sessions.journey(message.session_id.lower())
    if journey is None or journey.issuer_partner != call.partner.id or journey.issuer != call.party:
        raise Negative(NO_SESSION, "no such session of this EMP", ids=ids)
    if journey.state in (JourneyState.BILLED, JourneyState.REFUSED):
        raise Negative(NO_SESSION, "the session is closed", ids=ids)
    if (journey.reservation_id is not None) is not isinstance(message, AuthorizeRemoteReservationStop):
        raise Negative(NO_SESSION, "a reservation and a charging session are not ended alike", ids=ids)
    return journey
