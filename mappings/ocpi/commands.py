"""Remote start and stop, reservations <-> ours. Source: OCPI 2.3.0, mod_commands; crosswalk of the four protocols, 1.14
(results) and 3(h) (reservations).

The caller's response URL is nobody's business but the caller's: it travels as it came, and only OCPI reads it.
"""

from datetime import datetime, timedelta
from typing import Any, Final

from core.errors import Unsupported
from core.model.command import Command, CommandKind, CommandOutcome, Outcome
from core.model.ids import PartyId
from core.model.location import Evse, Location
from core.model.loss import Loss, LossKind
from mappings.losses import losses
from mappings.ocpi.common import (
    PROTOCOL,
    Aside,
    kept,
    put_aside,
    text_from_ocpi,
    texts_out,
    time_in,
    time_out,
    time_to_ocpi,
)
from mappings.ocpi.tokens import token_from_ocpi, token_losses, token_to_ocpi
from mappings.tables import CodeTable
from protocols.ocpi.wire import commands as wire
from protocols.ocpi.wire.locations import DisplayText

Said = tuple[DisplayText, ...] | None

_LATER: Final = "said later, by a CommandResult"
RESPONSE: Final = CodeTable(
    both={
        wire.CommandResponseType.NOT_SUPPORTED: Outcome.NOT_SUPPORTED,
        wire.CommandResponseType.REJECTED: Outcome.REJECTED,
        wire.CommandResponseType.ACCEPTED: Outcome.ACCEPTED,
        wire.CommandResponseType.UNKNOWN_SESSION: Outcome.UNKNOWN_SESSION,
    },
    unsent={
        Outcome.CANCELED_RESERVATION: _LATER,
        Outcome.EVSE_OCCUPIED: _LATER,
        Outcome.EVSE_INOPERATIVE: _LATER,
        Outcome.FAILED: _LATER,
        Outcome.TIMED_OUT: _LATER,
        Outcome.UNKNOWN_RESERVATION: _LATER,
    },
)
RESULT: Final = CodeTable(
    both={
        wire.CommandResultType.ACCEPTED: Outcome.ACCEPTED,
        wire.CommandResultType.CANCELED_RESERVATION: Outcome.CANCELED_RESERVATION,
        wire.CommandResultType.EVSE_OCCUPIED: Outcome.EVSE_OCCUPIED,
        wire.CommandResultType.EVSE_INOPERATIVE: Outcome.EVSE_INOPERATIVE,
        wire.CommandResultType.FAILED: Outcome.FAILED,
        wire.CommandResultType.NOT_SUPPORTED: Outcome.NOT_SUPPORTED,
        wire.CommandResultType.REJECTED: Outcome.REJECTED,
        wire.CommandResultType.TIMEOUT: Outcome.TIMED_OUT,
        wire.CommandResultType.UNKNOWN_RESERVATION: Outcome.UNKNOWN_RESERVATION,
    },
    outbound={Outcome.UNKNOWN_SESSION: wire.CommandResultType.REJECTED},
)

START_NOT_CARRIED: Final = {
    "product_id": "no field",
    "session_id": "no field for the issuer's own session id",
}
STOP_NOT_CARRIED: Final = {"evse_id": "OCPI stops a session by its id alone"}
OUTCOME_NOT_CARRIED: Final = {
    "session_id": "no field: the operator tells its session id with the session",
    "unanswered": "a CommandResult does not tell an operator from its charge point",
}
ELSEWHERE: Final = {
    "patience_s": "the answer to the command, `timeout`",
    "location_id": "the session",
    "evse_uid": "the session",
    "evse_id": "`location_id` and `evse_uid`",
    "journey_id": "`authorization_reference`, where the caller has none",
}
CANCEL_NOT_CARRIED: Final = {
    "evse_id": "OCPI cancels a reservation by its id alone",
    "session_id": "OCPI cancels a reservation by its id alone",
}
RESERVED_FOR: Final = timedelta(minutes=15)
"""Where the issuer leaves the end of a reservation to the operator, and OCPI demands one."""
CONNECTOR_REQUIRED: Final = "START_SESSION_CONNECTOR_REQUIRED"


def start_session_from_ocpi(message: wire.StartSession, *, id: str, operator: PartyId) -> Command:
    """`operator` owns the location. The token's issuer is who asks."""
    token = token_from_ocpi(message.token)
    return Command(
        id=id,
        kind=CommandKind.START_SESSION,
        issuer=token.issuer,
        operator=operator,
        token=token,
        location_id=message.location_id,
        evse_uid=message.evse_uid,
        connector_id=message.connector_id,
        authorization_reference=message.authorization_reference,
        extensions=_aside(message.extra, message.response_url),
    )


def start_session_to_ocpi(command: Command, location: Location | None, response_url: str) -> wire.StartSession:
    """What an OCPI caller said goes on as it came; of others the journey's id is the reference. The one connector of an
    EVSE that wants one named is named. Raises Unsupported where token, location or connector are not known."""
    if command.token is None or command.location_id is None:
        raise Unsupported("OCPI starts with a token at a location, and one of them is not known")
    evse = location.evse(command.evse_uid) if location and command.evse_uid else None
    return wire.StartSession(
        response_url=response_url,
        token=token_to_ocpi(command.token),
        location_id=command.location_id,
        evse_uid=command.evse_uid,
        connector_id=command.connector_id or _connector(command, evse),
        authorization_reference=_reference(command),
        extra=kept(command.extensions).extra,
    )


def _connector(command: Command, evse: Evse | None) -> str | None:
    if evse is None or CONNECTOR_REQUIRED not in evse.capabilities:
        return None
    if (only := required_connector(evse)) is not None or PROTOCOL in command.extensions:
        return only
    raise Unsupported("the operator wants the connector named, and the EVSE has several")


def _reference(command: Command) -> str | None:
    """The caller's own; one that comes from another protocol has none, and gets that of its journey."""
    if PROTOCOL in command.extensions:
        return command.authorization_reference
    return command.authorization_reference or command.journey_id


def required_connector(evse: Evse) -> str | None:
    """The only connector of an EVSE that wants one named."""
    required = CONNECTOR_REQUIRED in evse.capabilities and len(evse.connectors) == 1
    return evse.connectors[0].id if required else None


def stop_session_from_ocpi(message: wire.StopSession, *, id: str, issuer: PartyId, operator: PartyId) -> Command:
    return Command(
        id=id,
        kind=CommandKind.STOP_SESSION,
        issuer=issuer,
        operator=operator,
        session_id=message.session_id,
        extensions=_aside(message.extra, message.response_url),
    )


def stop_session_to_ocpi(command: Command, response_url: str) -> wire.StopSession:
    """Raises Unsupported while the operator has told of no session."""
    if command.session_id is None:
        raise Unsupported("OCPI stops a session by its id, and the operator has told of none")
    extra = kept(command.extensions).extra
    return wire.StopSession(response_url=response_url, session_id=command.session_id, extra=extra)


def reserve_now_from_ocpi(message: wire.ReserveNow, *, id: str, operator: PartyId) -> Command:
    """As `start_session_from_ocpi`."""
    token = token_from_ocpi(message.token)
    aside: Aside = {"response_url": message.response_url}
    return Command(
        id=id,
        kind=CommandKind.RESERVE_NOW,
        issuer=token.issuer,
        operator=operator,
        token=token,
        location_id=message.location_id,
        evse_uid=message.evse_uid,
        authorization_reference=message.authorization_reference,
        reservation_id=message.reservation_id,
        expires_at=time_in(message.expiry_date, aside, "expiry_date"),
        extensions=put_aside(message.extra, aside),
    )


def reserve_now_to_ocpi(command: Command, response_url: str, *, now: datetime) -> wire.ReserveNow:
    """As `start_session_to_ocpi`. Raises Unsupported where token, location or reservation are not known."""
    if command.token is None or command.location_id is None or command.reservation_id is None:
        raise Unsupported("OCPI reserves for a token at a location, and one of them is not known")
    back = kept(command.extensions)
    return wire.ReserveNow(
        response_url=response_url,
        token=token_to_ocpi(command.token),
        expiry_date=time_out(command.expires_at or now + RESERVED_FOR, back, "expiry_date"),
        reservation_id=command.reservation_id,
        location_id=command.location_id,
        evse_uid=command.evse_uid,
        authorization_reference=_reference(command),
        extra=back.extra,
    )


def cancel_reservation_from_ocpi(
    message: wire.CancelReservation, *, id: str, issuer: PartyId, operator: PartyId
) -> Command:
    return Command(
        id=id,
        kind=CommandKind.CANCEL_RESERVATION,
        issuer=issuer,
        operator=operator,
        reservation_id=message.reservation_id,
        extensions=_aside(message.extra, message.response_url),
    )


def cancel_reservation_to_ocpi(command: Command, response_url: str) -> wire.CancelReservation:
    """Raises Unsupported for a reservation without a name."""
    if command.reservation_id is None:
        raise Unsupported("OCPI cancels a reservation by its id, and there is none")
    extra = kept(command.extensions).extra
    return wire.CancelReservation(response_url=response_url, reservation_id=command.reservation_id, extra=extra)


def response_url_of(command: Command) -> str | None:
    """Where the caller wants the result, if it came by OCPI."""
    return kept(command.extensions).texts.get("response_url")


def _aside(extra: dict[str, Any] | None, response_url: str) -> dict[str, str]:
    return put_aside(extra, {"response_url": response_url})


# --- answers


def outcome_from_response(response: wire.CommandResponse) -> CommandOutcome:
    """An answer that is no ACCEPTED ends the command; what an ACCEPTED is worth its result says."""
    return _outcome(RESPONSE.to_core(response.result), response.message, response.extra)


def outcome_from_result(result: wire.CommandResult) -> CommandOutcome:
    return _outcome(RESULT.to_core(result.result), result.message, result.extra)


def _outcome(outcome: Outcome, message: Said, extra: dict[str, Any] | None) -> CommandOutcome:
    parts = {f"message[{index}]": text.extra for index, text in enumerate(message or ()) if text.extra}
    aside: Aside = {}
    texts = tuple(text_from_ocpi(text) for text in message or ())
    return CommandOutcome(outcome=outcome, messages=texts, extensions=put_aside(extra, aside, parts))


def result_to_ocpi(outcome: CommandOutcome) -> wire.CommandResult:
    back = kept(outcome.extensions)
    message = texts_out(outcome.messages, back, "message")
    return wire.CommandResult(result=RESULT.to_wire(outcome.outcome), message=message, extra=back.extra)


def response_to_ocpi(outcome: CommandOutcome, timeout_s: int) -> wire.CommandResponse:
    """For the four outcomes that can be said at once."""
    message = texts_out(outcome.messages, kept(outcome.extensions), "message")
    return wire.CommandResponse(result=RESPONSE.to_wire(outcome.outcome), timeout=timeout_s, message=message)


# --- losses


def start_session_losses(command: Command) -> tuple[Loss, ...]:
    """Of a reservation, too."""
    token = command.token
    found = losses(command, START_NOT_CARRIED)
    if token is None:
        return found
    if PROTOCOL not in command.extensions and token.contract_id and token.uid.text == token.contract_id.text:
        made = Loss(path="token.uid", reason="the contract stands for it", value=token.uid.text, kind=LossKind.ASSUMED)
        found = (*found, made)
    return found + token_losses(token)


def stop_session_losses(command: Command) -> tuple[Loss, ...]:
    return losses(command, STOP_NOT_CARRIED)


def reserve_now_losses(command: Command, now: datetime) -> tuple[Loss, ...]:
    found = start_session_losses(command)
    if command.expires_at is not None:
        return found
    assumed = time_to_ocpi(now + RESERVED_FOR)
    why = "the issuer leaves the end to the operator, and OCPI demands one"
    return (*found, Loss(path="expires_at", reason=why, value=assumed, kind=LossKind.ASSUMED))


def cancel_reservation_losses(command: Command) -> tuple[Loss, ...]:
    return losses(command, CANCEL_NOT_CARRIED)


def outcome_losses(outcome: CommandOutcome) -> tuple[Loss, ...]:
    return losses(outcome, OUTCOME_NOT_CARRIED, {"outcome": RESULT})
