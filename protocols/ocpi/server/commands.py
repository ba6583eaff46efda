"""Remote commands. Source: OCPI 2.3.0, mod_commands.

A command for an operator that speaks OCPI is passed on, and so are its answer and its results. Where a command has to
be translated into another protocol the hub stands in as the operator: what it can say at once it says at once, and the
charge point's own result follows on the caller's response URL. As sender it takes the results of what it translated.
"""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from core.errors import Invalid, Refused, Rejected, RoamingError, Unavailable, Unknown, Unsupported
from core.model.alias import AliasUse
from core.model.command import Command, CommandOutcome, Outcome
from core.model.ids import PartyId
from core.model.location import Location
from core.model.name import NameKind
from core.model.quantities import Text
from core.model.session import Session
from core.services.sessions import is_ours
from mappings.ocpi.commands import (
    cancel_reservation_from_ocpi,
    outcome_from_result,
    required_connector,
    reserve_now_from_ocpi,
    response_to_ocpi,
    start_session_from_ocpi,
    stop_session_from_ocpi,
)
from mappings.ocpi.common import time_from_ocpi
from protocols.ocpi import codec
from protocols.ocpi.codes import (
    HUB_ERROR,
    INVALID,
    NOT_CONNECTED,
    NOT_ENOUGH,
    UNKNOWN_LOCATION,
    UNKNOWN_RECEIVER,
    Failure,
)
from protocols.ocpi.server.answers import DONE, for_one
from protocols.ocpi.server.crossing import COMMAND
from protocols.ocpi.server.exchange import Ask, Owned, Reply, Side
from protocols.ocpi.server.forwarding import alias_url, data_of, forward
from protocols.ocpi.server.locations import visible
from protocols.ocpi.server.routes import Route
from protocols.ocpi.settings import settings_of
from protocols.ocpi.wire import commands as wire
from protocols.ocpi.wire.commands import CommandResponseType, CommandType
from protocols.ocpi.wire.types import String255, Url

PATIENCE_S: Final = 60
"""For the charge point's own result: as long as the slowest of the operators' protocols may take."""
log = logging.getLogger(__name__)

# --- the receiver interface: from the eMSP


class Gist(Struct):
    """What the hub has to know of a command that it does not carry out itself: whom it is for, who may use the token,
    where the results go and for how long they may come. What is kept of it is not longer than it may be."""

    response_url: Url
    token: Owned | None = None
    location_id: String255 | None = None
    session_id: String255 | None = None
    reservation_id: String255 | None = None
    expiry_date: str | None = None


async def command(ask: Ask) -> Reply:
    """What the hub cannot translate is answered so before anything in it is looked at."""
    for_one(ask, "a command")
    if ask.args[0] in ask.version.lacks or (ask.version.single_party and ask.args[0] not in COMMAND):
        return await _not_carried(ask)
    if ask.args[0] == CommandType.UNLOCK_CONNECTOR.value and not settings_of(ask.partner).unlocks:
        return _response(ask, Outcome.NOT_SUPPORTED, "this hub carries no UNLOCK_CONNECTOR of yours", None)
    to = await _way_to_operator(ask)
    if to is not None:
        return await _passed_on(ask, to)
    handler = _HANDLERS.get(ask.args[0], _not_carried)
    return await handler(ask)


async def _not_carried(ask: Ask) -> Reply:
    return _response(ask, Outcome.NOT_SUPPORTED, f"this hub carries no {ask.args[0]}", None)


async def _way_to_operator(ask: Ask) -> Side | None:
    """By TO, else by the content."""
    if ask.recipient is not None:
        return ask.straight
    return await ask.way_to(await _operator(ask))


def _gist(ask: Ask) -> Gist:
    if not ask.version.single_party:
        return codec.read_bare(ask.body, Gist)
    message = ask.read(_type(ask))
    token = getattr(message, "token", None)
    return Gist(
        response_url=message.response_url,
        token=Owned(token.country_code, token.party_id) if token else None,
        location_id=getattr(message, "location_id", None),
        session_id=getattr(message, "session_id", None),
        reservation_id=getattr(message, "reservation_id", None),
        expiry_date=getattr(message, "expiry_date", None),
    )


def _type(ask: Ask) -> Any:
    """Raises Failure 4000 for a command that versions have no common words for."""
    kind = COMMAND.get(ask.args[0])
    if kind is None:
        raise Failure(HUB_ERROR, f"no {ask.args[0]} can be told in another version of OCPI")
    return kind


async def _operator(ask: Ask) -> PartyId:
    """By the content, where there is no TO. Raises Failure 4001, 2002 or 2003 where it does not say."""
    asked = _gist(ask)
    if asked.location_id is not None:
        return (await _location(ask, asked.location_id)).owner
    if asked.session_id is not None and (session := await _session(ask, asked.session_id)):
        return session.owner
    if asked.reservation_id is not None:
        reserved = await ask.hub.aliases.by_subject(_reservation(ask, asked.reservation_id))
        if reserved is not None:
            return reserved.caller
        held = await ask.hub.commands.reservation(ask.partner, ask.asking, asked.reservation_id, None)
        if held is not None:
            return held.operator
    raise Failure(UNKNOWN_RECEIVER, "nothing in the command says who is to carry it out: name it in the TO headers")


def _reservation(ask: Ask, reservation_id: str) -> str:
    """Ids of reservations are the eMSPs' own."""
    return f"reservation/{ask.asking.key}/{reservation_id.upper()}"


async def _passed_on(ask: Ask, to: Side) -> Reply:
    """With nothing changed but where the results go: to the hub, ready for them before the operator is asked."""
    if ask.args[0] in to.version.lacks:
        return _response(ask, Outcome.NOT_SUPPORTED, f"OCPI {to.version.id} has no {ask.args[0]}", to.party)
    asked = _gist(ask)
    ask.check_response_url(asked.response_url)
    _check_owner(ask, asked.token)
    url = await alias_url(
        ask,
        AliasUse.RESULT,
        asked.response_url,
        user=to,
        target=ask.side,
        until=_expiry(asked),
        subject=_reservation(ask, asked.reservation_id) if asked.reservation_id else None,
    )
    if not ask.crosses(to):
        reply = await forward(ask, to, codec.whole({**codec.members(ask.body), "response_url": url}))
    else:
        message = replace(ask.read(_type(ask)), response_url=url)
        reply = await forward(ask, to, message=await _with_connector(ask, message))
    if ask.args[0] == CommandType.START_SESSION.value and (data := data_of(reply)):
        await _note_start(ask, to, data)
    return reply


async def _with_connector(ask: Ask, message: Any) -> Any:
    """2.1.1 cannot name the connector: the only one of an EVSE that wants one named is named for it."""
    if not ask.version.single_party or not isinstance(message, wire.StartSession) or message.evse_uid is None:
        return message
    evse = (await _location(ask, message.location_id)).evse(message.evse_uid)
    return message if evse is None else replace(message, connector_id=required_connector(evse))


def _check_owner(ask: Ask, token: Owned | None) -> None:
    """Raises Failure 2001 for a token of another eMSP; what is no party id is the operator's to judge."""
    with suppress(Invalid):
        owner = token.owner if token else ask.asking
        if owner != ask.asking:
            raise Failure(INVALID, f"$.token: of {owner}, which is not who asks")


def _expiry(asked: Gist) -> datetime | None:
    with suppress(Invalid):
        return time_from_ocpi(asked.expiry_date) if asked.expiry_date else None
    return None


async def _note_start(ask: Ask, to: Side, data: bytes) -> None:
    """So that sessions and CDRs find the journey that an accepted start began. Whatever comes of it changes nothing for
    the caller."""
    try:
        answer = ask.dialect.read_bare(data, wire.CommandResponse)
        if answer.result is CommandResponseType.ACCEPTED:
            started = start_session_from_ocpi(ask.read(wire.StartSession), id=ask.hub.ids.uuid(), operator=to.party)
            await ask.hub.commands.begun(ask.partner, to.partner, started)
    except RoamingError as error:
        log.warning("a start at %s was passed on and not noted: %s", to.party, error)


# --- to an operator that has to be told in other words


async def start_session(ask: Ask) -> Reply:
    message = ask.read(wire.StartSession)
    ask.check_response_url(message.response_url)
    if message.connector_id is not None and message.evse_uid is None:
        raise Invalid("$.evse_uid", "is required where the connector is named")
    location = await _location(ask, message.location_id)
    asked = _own(ask, start_session_from_ocpi(message, id=ask.hub.ids.uuid(), operator=location.owner))
    return await _launched(ask, location.owner, lambda: ask.hub.commands.prepare_start(ask.partner, asked))


async def reserve_now(ask: Ask) -> Reply:
    message = ask.read(wire.ReserveNow)
    ask.check_response_url(message.response_url)
    location = await _location(ask, message.location_id)
    asked = _own(ask, reserve_now_from_ocpi(message, id=ask.hub.ids.uuid(), operator=location.owner))
    if asked.expires_at is not None and asked.expires_at <= ask.hub.clock.now():
        raise Invalid("$.expiry_date", "has passed already")
    return await _launched(ask, location.owner, lambda: ask.hub.commands.prepare_reservation(ask.partner, asked))


def _own(ask: Ask, asked: Command) -> Command:
    """Raises Failure 2001 for the token of another eMSP."""
    if asked.issuer != ask.asking:
        raise Failure(INVALID, f"$.token: of {asked.issuer}, which is not who asks")
    return _patient(ask, asked)


def _patient(ask: Ask, asked: Command) -> Command:
    return replace(asked, patience_s=Decimal(PATIENCE_S), correlation_id=ask.correlation_id)


async def stop_session(ask: Ask) -> Reply:
    """The session as its operator calls it, or as the hub does where the operator's protocol has none."""
    message = ask.read(wire.StopSession)
    ask.check_response_url(message.response_url)
    session = await _session(ask, message.session_id)
    if session is None:
        return _response(ask, Outcome.UNKNOWN_SESSION, "no such session of this eMSP", ask.addressed)
    asked = stop_session_from_ocpi(message, id=ask.hub.ids.uuid(), issuer=ask.asking, operator=session.owner)
    named = None if is_ours(session) else session.id
    asked = replace(_patient(ask, asked), session_id=named)

    async def prepared() -> Command:
        journey = await ask.hub.sessions.journey_for(session)
        return await ask.hub.commands.prepare_stop(ask.partner, asked, journey)

    return await _launched(ask, session.owner, prepared)


async def cancel_reservation(ask: Ask) -> Reply:
    """That the operator has no such reservation is a result: a CommandResponse has no word for it."""
    message = ask.read(wire.CancelReservation)
    ask.check_response_url(message.response_url)
    held = await ask.hub.commands.reservation(ask.partner, ask.asking, message.reservation_id, ask.addressed)
    operator = held.operator if held else ask.addressed
    if operator is None:
        raise Failure(UNKNOWN_RECEIVER, f"no reservation {message.reservation_id} of {ask.asking} is known here")
    asked = cancel_reservation_from_ocpi(message, id=ask.hub.ids.uuid(), issuer=ask.asking, operator=operator)
    asked = _patient(ask, asked)
    return await _launched(ask, operator, lambda: ask.hub.commands.prepare_cancellation(ask.partner, asked, held))


async def _launched(ask: Ask, operator: PartyId, prepare: Callable[[], Awaitable[Command]]) -> Reply:
    """ACCEPTED as soon as the command is on its way for certain. Raises what OCPI says by a status code."""
    try:
        prepared = await prepare()
    except Unsupported as error:
        return _response(ask, Outcome.NOT_SUPPORTED, error.reason, operator)
    except (Rejected, Refused) as error:
        return _response(ask, Outcome.REJECTED, error.reason, operator)
    except Unknown as error:
        if error.what == "session":
            return _response(ask, Outcome.UNKNOWN_SESSION, error.reason, operator)
        raise Failure(UNKNOWN_LOCATION, str(error)) from error
    except Unavailable as error:
        raise Failure(NOT_CONNECTED, str(error)) from error
    await ask.hub.commands.launch(prepared)
    return _response(ask, Outcome.ACCEPTED, None, operator, PATIENCE_S)


def _response(ask: Ask, outcome: Outcome, why: str | None, sender: PartyId | None, timeout_s: int = 0) -> Reply:
    messages = (Text(language="en", text=why),) if why else ()
    response = response_to_ocpi(CommandOutcome(outcome=outcome, messages=messages), timeout_s)
    return Reply(data=ask.write(response), sender=sender)


async def _location(ask: Ask, location_id: str) -> Location:
    """Of the operator that TO names, else of the only one that has it. Raises Failure 2003, 2002."""
    try:
        return await visible(ask, location_id, ask.addressed)
    except Unknown as error:
        raise Failure(UNKNOWN_LOCATION, str(error)) from error


async def _session(ask: Ask, session_id: str) -> Session | None:
    """Of the asking eMSP's drivers. Raises Failure 4001 or 2002 where neither TO nor the id says whom to ask."""
    owner = ask.addressed or ask.owners.get((NameKind.SESSION, session_id.upper()))
    found = await ask.hub.sessions.named(ask.partner, session_id, owner)
    own = [session for session in found if session.token.issuer == ask.asking]
    if len(own) > 1:
        raise Failure(NOT_ENOUGH, f"several operators have a session {session_id}: name one in the TO headers")
    if not own and ask.addressed is None:
        raise Failure(UNKNOWN_RECEIVER, f"no session {session_id} of {ask.asking} is known here")
    return own[0] if own else None


_HANDLERS: Final[dict[str, Callable[[Ask], Awaitable[Reply]]]] = {
    CommandType.START_SESSION.value: start_session,
    CommandType.STOP_SESSION.value: stop_session,
    CommandType.RESERVE_NOW.value: reserve_now,
    CommandType.CANCEL_RESERVATION.value: cancel_reservation,
}

# --- the sender interface: from the operator


async def result(ask: Ask) -> Reply:
    """On the very URL that the hub gave to this operator with the command; anybody else finds nothing there."""
    if ask.query:
        raise Unknown("command", ask.args[0])
    outcome = outcome_from_result(_read_result(ask))
    await ask.hub.commands.result(ask.partner, ask.args[0], outcome)
    return DONE


def _read_result(ask: Ask) -> wire.CommandResult:
    """The bare object; one that comes in an envelope is unpacked."""
    try:
        return ask.read(wire.CommandResult)
    except Invalid:
        envelope = codec.received(ask.body)
        data = codec.present(envelope) if envelope is not None else None
        if data is None:
            raise
        return ask.dialect.read(data, wire.CommandResult)


ROUTES = [
    Route(path="commands/receiver", parameters=1, methods={"POST": command}, keeps=True),
    Route(path="commands/sender", parameters=1, methods={"POST": result}, routed=False),
]
