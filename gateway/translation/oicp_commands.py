"""Remote start and stop, reservations and their results as OICP 2.3 payloads."""

import uuid
from collections.abc import Callable

from msgspec.structs import replace

from core.model.command import Command, CommandOutcome, Outcome
from core.model.ids import PartyId
from core.model.loss import Loss
from gateway.translation.model import UNKNOWN_PARTY, Context, Written, assumed, withheld
from mappings.oicp.commands import (
    AskedStart,
    AskedStop,
    acknowledgement_to_oicp,
    outcome_from_oicp,
    outcome_losses,
    remote_start_from_oicp,
    remote_start_to_oicp,
    remote_stop_from_oicp,
    remote_stop_to_oicp,
)
from mappings.oicp.ids import evse_id_from_oicp
from mappings.oicp.reservations import (
    AskedCancellation,
    AskedReservation,
    reservation_start_from_oicp,
    reservation_start_to_oicp,
    reservation_stop_from_oicp,
    reservation_stop_to_oicp,
)
from protocols.oicp.codec import convert, decode, to_raw
from protocols.oicp.wire.common import Acknowledgement
from protocols.oicp.wire.remote import (
    AuthorizeRemoteReservationStart,
    AuthorizeRemoteReservationStop,
    AuthorizeRemoteStart,
    AuthorizeRemoteStop,
)

COMMAND_ID = "translated"
"""Commands have no id on the wire; the running hub gives them one."""


def start_session(body: bytes, context: Context) -> Command:
    message = decode(body, AuthorizeRemoteStart)
    operator = _operator(message.evse_id, context)
    return _placed(remote_start_from_oicp(message, id=COMMAND_ID, operator=operator, now=context.now), context)


def reserve_now(body: bytes, context: Context) -> Command:
    """The id of the reservation is that of its session."""
    message = decode(body, AuthorizeRemoteReservationStart)
    operator = _operator(message.evse_id, context)
    command = reservation_start_from_oicp(message, id=COMMAND_ID, operator=operator, now=context.now)
    return _placed(replace(command, reservation_id=command.journey_id), context)


def start_session_out(command: Command, context: Context) -> Written:
    return _beginning(command, remote_start_to_oicp)


def reserve_now_out(command: Command, context: Context) -> Written:
    return _beginning(command, lambda asked: reservation_start_to_oicp(asked, now=context.now))


def _beginning(command: Command, write: Callable[[Command], AskedStart | AskedReservation]) -> Written:
    made: tuple[Loss, ...] = ()
    if command.journey_id is None:
        command = replace(command, journey_id=str(uuid.uuid4()))
        made = (assumed("$.SessionID", command.journey_id, "minted, as the running hub does"),)
    asked = write(command)
    if asked.message is None:
        return Written(output=None, losses=asked.losses)
    return Written(output=to_raw(asked.message), losses=asked.losses + made)


def stop_session(body: bytes, context: Context) -> Command:
    message = decode(body, AuthorizeRemoteStop)
    return remote_stop_from_oicp(message, id=COMMAND_ID, operator=_operator(message.evse_id, context))


def cancel_reservation(body: bytes, context: Context) -> Command:
    message = decode(body, AuthorizeRemoteReservationStop)
    operator = _operator(message.evse_id, context)
    command = reservation_stop_from_oicp(message, id=COMMAND_ID, operator=operator)
    return replace(command, reservation_id=command.journey_id)


def _operator(evse_id: str, context: Context) -> PartyId:
    named = evse_id_from_oicp(evse_id)
    known = context.place(evse_id=named)
    return known[0].owner if known else named.operator


def _placed(command: Command, context: Context) -> Command:
    known = context.place(evse_id=command.evse_id)
    return replace(command, location_id=known[0].id, evse_uid=known[1].uid) if known else command


def stop_session_out(command: Command, context: Context) -> Written:
    return _ending(command, context, remote_stop_to_oicp)


def cancel_reservation_out(command: Command, context: Context) -> Written:
    return _ending(command, context, reservation_stop_to_oicp)


def _ending(command: Command, context: Context, write: Callable[[Command], AskedStop | AskedCancellation]) -> Written:
    """The SessionID and the EVSE are known to the running hub; here the one EVSE of the context is taken."""
    made: list[Loss] = []
    if command.journey_id is None:
        command = replace(command, journey_id=str(uuid.uuid4()))
        made.append(assumed("$.SessionID", command.journey_id, "that of the session, which the running hub knows"))
    evses = [evse for location in context.locations for evse in location.evses if evse.evse_id]
    if command.evse_id is None and len(evses) == 1:
        command = replace(command, evse_id=evses[0].evse_id)
        made.append(assumed("$.EvseID", str(command.evse_id), "that of the session, which the running hub knows"))
    if command.issuer == UNKNOWN_PARTY:
        return Written(output=None, losses=(withheld("$.ProviderID", "name the one EMSP in the context"),))
    asked = write(command)
    if asked.message is None:
        return Written(output=None, losses=asked.losses)
    return Written(output=to_raw(asked.message), losses=asked.losses + tuple(made))


def result(body: bytes, context: Context) -> CommandOutcome:
    """What it answers, in the words of who reads it, says whether a session that is not known is a reservation's."""
    request = context.request
    reservation = isinstance(request, dict) and "reservation_id" in request
    return outcome_from_oicp(decode(body, Acknowledgement), reservation=reservation)


def result_out(outcome: CommandOutcome, context: Context) -> Written:
    """With the ids of the request that it answers, where the context gives it."""
    ids: dict[str, str | None] = {}
    made: tuple[Loss, ...] = ()
    request = context.request if isinstance(context.request, dict) else {}
    if "Identification" in request:
        start = convert(request, AuthorizeRemoteReservationStart)
        ids["emp_partner_session_id"] = start.emp_partner_session_id
        if outcome.outcome is Outcome.ACCEPTED:
            ids["session_id"] = start.session_id or str(uuid.uuid4())
            made = () if start.session_id else (assumed("$.SessionID", ids["session_id"], "minted by the hub"),)
    elif request:
        stop = convert(request, AuthorizeRemoteStop)
        ids = {"session_id": stop.session_id, "emp_partner_session_id": stop.emp_partner_session_id}
    answer = acknowledgement_to_oicp(outcome, **ids)
    return Written(output=to_raw(answer), losses=outcome_losses(outcome) + made)
