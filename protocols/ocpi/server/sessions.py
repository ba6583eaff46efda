"""Sessions. Source: OCPI 2.3.0, mod_sessions."""

import msgspec

from core.errors import Invalid, Unknown
from core.model.authorisation import Journey, JourneyState
from core.model.ids import PartyId
from core.model.session import AuthMethod, Session, SessionStatus, session_key
from mappings.ocpi.sessions import patch_session, session_from_ocpi, session_to_ocpi
from protocols.ocpi.codes import UNKNOWN_RECEIVER, Failure
from protocols.ocpi.server.answers import DONE, done, for_one, time_of
from protocols.ocpi.server.exchange import Ask, Reply, same_id, same_owner
from protocols.ocpi.server.lists import encoded, list_page, reply_list, reply_nothing
from protocols.ocpi.server.locked import turn
from protocols.ocpi.server.routes import Route
from protocols.ocpi.wire import sessions as wire

# --- the receiver interface: from the operator


async def get_own(ask: Ask) -> Reply:
    session = await _own(ask, ask.owner())
    return Reply(data=ask.write(session_to_ocpi(session)), sender=ask.addressed or session.token.issuer)


async def put(ask: Ask) -> Reply:
    for_one(ask, "a session")
    owner = ask.owner()
    message = ask.read(wire.Session)
    same_owner(message, owner)
    same_id(message.id, ask.args[2], "$.id")
    session = session_from_ocpi(message)
    async with turn(session.key):
        return await _store(ask, session)


async def patch(ask: Ask) -> Reply:
    """Periods are added to those known; the same message twice adds them once."""
    for_one(ask, "a session")
    owner = ask.owner()
    change = ask.read(wire.SessionPatch)
    same_owner(change, owner)
    same_id(change.id, ask.args[2], "$.id")
    async with turn(session_key(owner, ask.args[2])):
        session = await _own(ask, owner)
        when = time_of(change)
        if when < session.updated_at:
            return DONE
        if when == session.updated_at:
            change = _without_known(change, session)
        return await _store(ask, patch_session(session, change))


async def _own(ask: Ask, owner: PartyId) -> Session:
    """Raises what a session that nobody knows is answered with: without TO, no receiver can be found either."""
    try:
        return await ask.hub.sessions.own(ask.partner, owner, ask.args[2])
    except Unknown as error:
        if ask.recipient is None:
            raise Failure(UNKNOWN_RECEIVER, str(error)) from error
        raise


async def _store(ask: Ask, session: Session) -> Reply:
    """To the eMSP of its token, which is the one that TO names if it names any."""
    issuer = session.token.issuer
    if ask.addressed is not None and issuer is not None and ask.addressed != issuer:
        raise Invalid("$.cdr_token", f"the token is of {issuer}, the session is addressed to {ask.addressed}")
    refused = await _refused(ask, session)
    saved = await ask.hub.sessions.put(ask.partner, session, ask.correlation_id)
    if refused is not None and (journey := await ask.hub.sessions.journey(refused.id)):
        await ask.hub.commands.stop_again(journey)
    return msgspec.structs.replace(done(saved), sender=ask.addressed or issuer)


async def _refused(ask: Ask, session: Session) -> Journey | None:
    """The journey of a session that begins although its remote start was reported as failed."""
    if session.auth_method is not AuthMethod.COMMAND or session.status is not SessionStatus.ACTIVE:
        return None
    journey = await ask.hub.sessions.journey_of(session)
    return journey if journey and journey.state is JourneyState.REFUSED else None


def _without_known(change: wire.SessionPatch, session: Session) -> wire.SessionPatch:
    known = session_to_ocpi(session).charging_periods or ()
    fresh = tuple(period for period in change.charging_periods or () if period not in known)
    return msgspec.structs.replace(change, charging_periods=fresh)


# --- the sender interface: to the eMSP


async def list_all(ask: Ask) -> Reply:
    page = list_page(ask)
    if page.date_from is None:
        raise Invalid("date_from", "is required for sessions")
    if page.empty:
        return reply_nothing(ask, page)
    owners = None if ask.addressed is None else (ask.addressed,)
    sessions, total = await ask.hub.sessions.page(
        ask.partner, page.date_from, page.date_to, page.offset, page.limit, owners
    )
    return reply_list(ask, page, encoded(ask, sessions, session_to_ocpi), total)


ROUTES = [
    Route(path="sessions/sender", methods={"GET": list_all}),
    Route(path="sessions/receiver", parameters=3, methods={"GET": get_own, "PUT": put, "PATCH": patch}, keeps=True),
]
