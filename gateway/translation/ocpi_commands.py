"""Remote start and stop, reservations and their results as payloads of OCPI."""

import uuid
from collections.abc import Callable
from typing import Any, Final

from msgspec.structs import replace

from core.errors import Invalid, Unsupported
from core.model.command import Command, CommandOutcome, Outcome
from core.model.ids import PartyId
from core.model.location import Location
from core.model.loss import Loss
from core.model.partner import Role
from gateway.translation.model import UNKNOWN_PARTY, Context, Written, assumed, withheld
from gateway.translation.ocpi_version import Speech
from mappings.ocpi.commands import (
    cancel_reservation_from_ocpi,
    cancel_reservation_losses,
    cancel_reservation_to_ocpi,
    outcome_from_response,
    outcome_from_result,
    outcome_losses,
    reserve_now_from_ocpi,
    reserve_now_losses,
    reserve_now_to_ocpi,
    response_url_of,
    result_to_ocpi,
    start_session_from_ocpi,
    start_session_losses,
    start_session_to_ocpi,
    stop_session_from_ocpi,
    stop_session_losses,
    stop_session_to_ocpi,
)
from protocols.ocpi.wire.commands import (
    CancelReservation,
    CommandResponse,
    CommandResult,
    ReserveNow,
    StartSession,
    StopSession,
)
from protocols.transport.json_codec import convert, decode_raw

COMMAND_ID: Final = "translated"
"""Commands have no id on the wire; the running hub gives them one."""
RESPONSE_URL: Final = "https://hub.invalid/commands/result"
_OF_THE_HUB: Final = "the hub's own; it differs for each command"


def start_session(speech: Speech, body: bytes, context: Context) -> Command:
    """The location of the context says who operates it and what its EVSE is called."""
    message = speech.read(body, StartSession, context)
    operator = _operator(message.location_id, context)
    return _placed(start_session_from_ocpi(message, id=COMMAND_ID, operator=operator), context)


def reserve_now(speech: Speech, body: bytes, context: Context) -> Command:
    message = speech.read(body, ReserveNow, context)
    operator = _operator(message.location_id, context)
    return _placed(reserve_now_from_ocpi(message, id=COMMAND_ID, operator=operator), context)


def _operator(location_id: str, context: Context) -> PartyId:
    place = context.location(location_id)
    return (place.owner if place else context.party(Role.CPO)) or UNKNOWN_PARTY


def _placed(command: Command, context: Context) -> Command:
    place = context.location(command.location_id or "")
    evse = place.evse(command.evse_uid) if place and command.evse_uid else None
    return replace(command, evse_id=evse.evse_id if evse else None)


def start_session_out(speech: Speech, command: Command, context: Context) -> Written:
    def message(command: Command, place: Location | None, url: str) -> StartSession:
        return start_session_to_ocpi(command, place, url)

    return _beginning(speech, command, context, message, start_session_losses)


def reserve_now_out(speech: Speech, command: Command, context: Context) -> Written:
    """A reservation that another protocol names by its session alone is named by that here."""
    made: tuple[Loss, ...] = ()
    if command.reservation_id is None:
        command = replace(command, reservation_id=command.journey_id or str(uuid.uuid4()))
        made = (assumed("$.reservation_id", command.reservation_id, "minted, as the running hub does"),)

    def message(command: Command, place: Location | None, url: str) -> ReserveNow:
        return reserve_now_to_ocpi(command, url, now=context.now)

    written = _beginning(speech, command, context, message, lambda asked: reserve_now_losses(asked, context.now))
    return Written(output=written.output, losses=written.losses + (made if written.output is not None else ()))


def _beginning(
    speech: Speech,
    command: Command,
    context: Context,
    write: Callable[[Command, Location | None, str], Any],
    losses: Callable[[Command], tuple[Loss, ...]],
) -> Written:
    place = context.place(evse_id=command.evse_id, uid=command.evse_uid)
    if command.location_id is None and place is None:
        why = "the location of the EVSE is not known: give it in the context"
        return Written(output=None, losses=(withheld("$.location_id", why),))
    if place is not None:
        location, evse = place
        command = replace(command, location_id=command.location_id or location.id, evse_uid=evse.uid)
    url, made = _url(command)
    try:
        output = speech.raw(write(command, place[0] if place else None, url), context)
    except Unsupported as error:
        return Written(output=None, losses=(withheld("$", error.reason),))
    return Written(output=output, losses=losses(command) + made + speech.losses(command, context))


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


def cancel_reservation(speech: Speech, body: bytes, context: Context) -> Command:
    message = speech.read(body, CancelReservation, context)
    issuer, operator = context.party(Role.EMSP), context.party(Role.CPO)
    return cancel_reservation_from_ocpi(
        message, id=COMMAND_ID, issuer=issuer or UNKNOWN_PARTY, operator=operator or UNKNOWN_PARTY
    )


def cancel_reservation_out(speech: Speech, command: Command, context: Context) -> Written:
    url, ours = _url(command)
    try:
        output = speech.raw(cancel_reservation_to_ocpi(command, url), context)
    except Unsupported as error:
        return Written(output=None, losses=(withheld("$.reservation_id", error.reason),))
    lost = cancel_reservation_losses(command) + ours + speech.losses(command, context)
    return Written(output=output, losses=lost)


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
