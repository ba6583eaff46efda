"""Remote start and stop and their results as OICP 2.3 payloads."""

import uuid

from msgspec.structs import replace

from core.model.command import Command, CommandOutcome, Outcome
from core.model.loss import Loss
from gateway.translation.model import UNKNOWN_PARTY, Context, Written, assumed, withheld
from mappings.oicp.commands import (
    acknowledgement_to_oicp,
    outcome_from_oicp,
    outcome_losses,
    remote_start_from_oicp,
    remote_start_to_oicp,
    remote_stop_from_oicp,
    remote_stop_to_oicp,
)
from mappings.oicp.ids import evse_id_from_oicp
from protocols.oicp.codec import convert, decode, to_raw
from protocols.oicp.wire.common import Acknowledgement
from protocols.oicp.wire.remote import AuthorizeRemoteStart, AuthorizeRemoteStop

COMMAND_ID = "translated"
"""Commands have no id on the wire; the running hub gives them one."""


def start_session(body: bytes, context: Context) -> Command:
    message = decode(body, AuthorizeRemoteStart)
    evse_id = evse_id_from_oicp(message.evse_id)
    known = context.place(evse_id=evse_id)
    operator = known[0].owner if known else evse_id.operator
    command = remote_start_from_oicp(message, id=COMMAND_ID, operator=operator, now=context.now)
    if known is None:
        return command
    return replace(command, location_id=known[0].id, evse_uid=known[1].uid)


def start_session_out(command: Command, context: Context) -> Written:
    made: tuple[Loss, ...] = ()
    if command.journey_id is None:
        command = replace(command, journey_id=str(uuid.uuid4()))
        made = (assumed("$.SessionID", command.journey_id, "minted, as the running hub does"),)
    asked = remote_start_to_oicp(command)
    if asked.message is None:
        return Written(output=None, losses=asked.losses)
    return Written(output=to_raw(asked.message), losses=asked.losses + made)


def stop_session(body: bytes, context: Context) -> Command:
    message = decode(body, AuthorizeRemoteStop)
    evse_id = evse_id_from_oicp(message.evse_id)
    known = context.place(evse_id=evse_id)
    return remote_stop_from_oicp(message, id=COMMAND_ID, operator=known[0].owner if known else evse_id.operator)


def stop_session_out(command: Command, context: Context) -> Written:
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
    asked = remote_stop_to_oicp(command)
    if asked.message is None:
        return Written(output=None, losses=asked.losses)
    return Written(output=to_raw(asked.message), losses=asked.losses + tuple(made))


def result(body: bytes, _: Context) -> CommandOutcome:
    return outcome_from_oicp(decode(body, Acknowledgement))


def result_out(outcome: CommandOutcome, context: Context) -> Written:
    """With the ids of the request that it answers, where the context gives it."""
    ids: dict[str, str | None] = {}
    made: tuple[Loss, ...] = ()
    request = context.request if isinstance(context.request, dict) else {}
    if "Identification" in request:
        start = convert(request, AuthorizeRemoteStart)
        ids["emp_partner_session_id"] = start.emp_partner_session_id
        if outcome.outcome is Outcome.ACCEPTED:
            ids["session_id"] = start.session_id or str(uuid.uuid4())
            made = () if start.session_id else (assumed("$.SessionID", ids["session_id"], "minted by the hub"),)
    elif request:
        stop = convert(request, AuthorizeRemoteStop)
        ids = {"session_id": stop.session_id, "emp_partner_session_id": stop.emp_partner_session_id}
    answer = acknowledgement_to_oicp(outcome, **ids)
    return Written(output=to_raw(answer), losses=outcome_losses(outcome) + made)
