"""Remote start and stop and their results as payloads of OCPI."""

from typing import Final

from msgspec.structs import replace

from core.errors import Invalid, Unsupported
from core.model.command import Command, CommandOutcome, Outcome
from core.model.loss import Loss
from core.model.partner import Role
from gateway.translation.model import UNKNOWN_PARTY, Context, Written, assumed, withheld
from gateway.translation.ocpi_version import Speech
from mappings.ocpi.commands import (
    outcome_from_response,
    outcome_from_result,
    outcome_losses,
    response_url_of,
    result_to_ocpi,
    start_session_from_ocpi,
    start_session_losses,
    start_session_to_ocpi,
    stop_session_from_ocpi,
    stop_session_losses,
    stop_session_to_ocpi,
)
from protocols.ocpi.wire.commands import CommandResponse, CommandResult, StartSession, StopSession
from protocols.transport.json_codec import convert, decode_raw

COMMAND_ID: Final = "translated"
"""Commands have no id on the wire; the running hub gives them one."""
RESPONSE_URL: Final = "https://hub.invalid/commands/result"
_OF_THE_HUB: Final = "the hub's own; it differs for each command"


def start_session(speech: Speech, body: bytes, context: Context) -> Command:
    """The location of the context says who operates it and what its EVSE is called."""
    message = speech.read(body, StartSession, context)
    place = context.location(message.location_id)
    operator = place.owner if place else context.party(Role.CPO)
    command = start_session_from_ocpi(message, id=COMMAND_ID, operator=operator or UNKNOWN_PARTY)
    evse = place.evse(command.evse_uid) if place and command.evse_uid else None
    return replace(command, evse_id=evse.evse_id if evse else None)


def start_session_out(speech: Speech, command: Command, context: Context) -> Written:
    place = context.place(evse_id=command.evse_id, uid=command.evse_uid)
    if command.location_id is None and place is None:
        why = "the location of the EVSE is not known: give it in the context"
        return Written(output=None, losses=(withheld("$.location_id", why),))
    if place is not None:
        location, evse = place
        command = replace(command, location_id=command.location_id or location.id, evse_uid=evse.uid)
    url, made = _url(command)
    try:
        message = start_session_to_ocpi(command, place[0] if place else None, url)
    except Unsupported as error:
        return Written(output=None, losses=(withheld("$", error.reason),))
    lost = start_session_losses(command) + made + speech.losses(command, context)
    return Written(output=speech.raw(message, context), losses=lost)


def stop_session(speech: Speech, body: bytes, context: Context) -> Command:
    message = speech.read(body, StopSession, context)
    issuer, operator = context.party(Role.EMSP), context.party(Role.CPO)
    return stop_session_from_ocpi(
        message, id=COMMAND_ID, issuer=issuer or UNKNOWN_PARTY, operator=operator or UNKNOWN_PARTY
    )


def stop_session_out(speech: Speech, command: Command, context: Context) -> Written:
    """A session of another protocol is known here by the hub's own id."""
    made: tuple[Loss, ...] = ()
    if command.session_id is None and command.journey_id is not None:
        command = replace(command, session_id=command.journey_id)
        made = (assumed("$.session_id", command.session_id, "the operator's own id is known to the running hub"),)
    url, ours = _url(command)
    try:
        message = stop_session_to_ocpi(command, url)
    except Unsupported as error:
        return Written(output=None, losses=(withheld("$.session_id", error.reason),))
    lost = stop_session_losses(command) + made + ours + speech.losses(command, context)
    return Written(output=speech.raw(message, context), losses=lost)


def _url(command: Command) -> tuple[str, tuple[Loss, ...]]:
    url = response_url_of(command)
    if url is not None:
        return url, ()
    return RESPONSE_URL, (assumed("$.response_url", RESPONSE_URL, _OF_THE_HUB),)


def result(speech: Speech, body: bytes, context: Context) -> CommandOutcome:
    """A CommandResult, or the CommandResponse that ends a command at once; in 2.1.1 both are the same."""
    raw = decode_raw(body)
    if speech.version.single_party:
        return outcome_from_result(speech.convert(raw, CommandResult, context))
    if isinstance(raw, dict) and "timeout" in raw:
        return outcome_from_response(convert(raw, CommandResponse))
    try:
        return outcome_from_result(convert(raw, CommandResult))
    except Invalid:
        if isinstance(raw, dict) and raw.get("result") == Outcome.UNKNOWN_SESSION:
            return outcome_from_response(convert({**raw, "timeout": 0}, CommandResponse))
        raise


def result_out(speech: Speech, outcome: CommandOutcome, context: Context) -> Written:
    lost = outcome_losses(outcome) + speech.losses(outcome, context)
    return Written(output=speech.raw(result_to_ocpi(outcome), context), losses=lost)
