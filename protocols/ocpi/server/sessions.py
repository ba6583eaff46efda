"""Sessions. Source: OCPI 2.3.0, mod_sessions."""

import logging
from collections.abc import Awaitable, Callable

import msgspec
from msgspec import UNSET

from core.errors import Invalid, RoamingError, Unknown
from core.model.authorisation import Journey, JourneyState
from core.model.ids import PartyId
from core.model.name import NameKind
from core.model.partner import Partner
from core.model.session import AuthMethod, Session, SessionStatus, session_key
from core.ports.stores import Saved
from mappings.ocpi.sessions import patch_session, session_from_ocpi, session_to_ocpi
from protocols.ocpi.codec import read_bare
from protocols.ocpi.codes import HUB_ERROR, NOT_ENOUGH, UNKNOWN_RECEIVER, Failure, succeeded
from protocols.ocpi.server.answers import DONE, done, for_one, time_of
from protocols.ocpi.server.exchange import Ask, OfToken, Owned, Reply, Side, same_id, same_owner
from protocols.ocpi.server.forwarding import forward
from protocols.ocpi.server.lists import encoded, list_page, reply_list, reply_nothing, sayable
from protocols.ocpi.server.locked import turn
from protocols.ocpi.server.names import tell
from protocols.ocpi.server.routes import Route
from protocols.ocpi.wire import sessions as wire
from protocols.plugin import Hub

log = logging.getLogger(__name__)

# --- the receiver interface: from the operator

Reading = Callable[[Ask, PartyId], Awaitable[Session | None]]
"""The session as it is after the message; None: it is older than what is held. Raises what is wrong with it."""


async def get(ask: Ask) -> Reply:
    """From the eMSP what it has, from the hub what it holds for the operator to compare: in 2.1.1 always."""
    owner = ask.owner()
    if to := ask.straight or (None if ask.version.single_party else await _way_to_issuer(ask, owner)):
        return await forward(ask, to)
    session = await _own(ask, owner)
    message = session_to_ocpi(session)
    await ask.learn_places([(session.owner, session.location_id)])
    await tell(ask, [message])
    return Reply(data=ask.write(message), sender=ask.addressed or session.token.issuer)


async def put(ask: Ask) -> Reply:
    return await _take(ask, _whole)


async def patch(ask: Ask) -> Reply:
    return await _take(ask, _changed)


async def _take(ask: Ask, reading: Reading) -> Reply:
    """Passed on to an OCPI eMSP, which answers; stored and told later where it has to be translated."""
    for_one(ask, "a session")
    owner = ask.owner()
    to = ask.straight or await _way_to_issuer(ask, owner)
    if to is not None:
        return await _passed_on(ask, to, owner, reading)
    async with turn(ask.hub.cache, session_key(owner, ask.args[2])):
        session = await reading(ask, owner)
        return DONE if session is None else await _store(ask, session)


async def _way_to_issuer(ask: Ask, owner: PartyId) -> Side | None:
    """Without TO the token says whose the session is, in the message or in what was told before. Raises Failure 4001
    if neither does."""
    if ask.recipient is not None:
        return None
    if ask.method == "PUT":
        return await ask.way_to(_token_of(ask).owner)
    issuer = (await _own(ask, owner)).token.issuer
    return await ask.way_to(issuer) if issuer else None


def _token_of(ask: Ask) -> Owned:
    """As much of it as says whose it is."""
    if not ask.version.single_party:
        return read_bare(ask.body, OfToken).cdr_token
    token = ask.read(wire.Session).cdr_token
    return Owned(token.country_code, token.party_id)


async def _passed_on(ask: Ask, to: Side, owner: PartyId, reading: Reading) -> Reply:
    """What the eMSP does not refuse is kept: it may list what it missed, and stop what it started."""
    try:
        if ask.method == "PATCH" and (to.version.single_party or ask.version.single_party):
            reply = await _change_passed_on(ask, to, owner)
        else:
            reply = await forward(ask, to)
    except Failure:
        await _keep(ask, to, owner, reading)
        raise
    if succeeded(reply.code):
        await _keep(ask, to, owner, reading)
    return reply


async def _change_passed_on(ask: Ask, to: Side, owner: PartyId) -> Reply:
    """In 2.1.1 the periods of a PATCH are the whole list, in later versions those that are new: what the one means is
    told in the words of the other, as a whole session where that cannot be."""
    held = await _own(ask, owner)
    after = session_to_ocpi(_after(ask, held, ask.read(wire.SessionPatch)))
    if to.version.single_party:
        ask.about["held"] = after
        return await forward(ask, to)
    change, known = ask.read(wire.SessionPatch), session_to_ocpi(held).charging_periods or ()
    told = change.charging_periods or ()
    if told[: len(known)] != known and told:
        return await forward(ask, to, method="PUT", message=after)
    fresh = told[len(known) :] or UNSET
    return await forward(ask, to, message=msgspec.structs.replace(change, charging_periods=fresh))


async def _keep(ask: Ask, to: Side, owner: PartyId, reading: Reading) -> None:
    """Whatever comes of it changes nothing for the caller; a copy for another than the issuer is not kept."""
    try:
        async with turn(ask.hub.cache, session_key(owner, ask.args[2])):
            session = await reading(ask, owner)
            if session is not None and session.token.issuer == to.party:
                await ask.hub.sessions.keep(ask.partner, session)
    except RoamingError as error:
        log.warning("a session for %s was passed on and not kept: %s", to.party, error)


async def _whole(ask: Ask, owner: PartyId) -> Session:
    message = ask.read(wire.Session)
    same_owner(message, owner)
    same_id(message.id, ask.args[2], "$.id")
    return session_from_ocpi(message)


async def _changed(ask: Ask, owner: PartyId) -> Session | None:
    """Periods are added to those known; the same message twice adds them once. In 2.1.1 they replace those known."""
    change = ask.read(wire.SessionPatch)
    same_owner(change, owner)
    same_id(change.id, ask.args[2], "$.id")
    session = await _own(ask, owner)
    return None if time_of(change) < session.updated_at else _after(ask, session, change)


def _after(ask: Ask, session: Session, change: wire.SessionPatch) -> Session:
    if ask.version.single_party:
        session = msgspec.structs.replace(session, periods=() if change.charging_periods else session.periods)
    elif time_of(change) == session.updated_at:
        change = _without_known(change, session)
    return patch_session(session, change)


async def _own(ask: Ask, owner: PartyId) -> Session:
    """Raises what a session that nobody knows is answered with: without TO, no receiver can be found either."""
    try:
        return await ask.hub.sessions.own(ask.partner, owner, ask.args[2])
    except Unknown as error:
        if ask.recipient is None:
            raise Failure(UNKNOWN_RECEIVER, str(error)) from error
        raise


async def _store(ask: Ask, session: Session) -> Reply:
    """For the eMSP of its token, which is the one that TO names if it names any."""
    issuer = session.token.issuer
    if ask.addressed is not None and issuer is not None and ask.addressed != issuer:
        raise Invalid("$.cdr_token", f"the token is of {issuer}, the session is addressed to {ask.addressed}")
    saved = await _stored(ask.hub, ask.partner, session, ask.correlation_id)
    return msgspec.structs.replace(done(saved), sender=ask.addressed or issuer)


async def take(hub: Hub, operator: Partner, message: wire.Session, correlation_id: str) -> Saved:
    """From its operator's list."""
    session = session_from_ocpi(message)
    async with turn(hub.cache, session.key):
        return await _stored(hub, operator, session, correlation_id)


async def _stored(hub: Hub, operator: Partner, session: Session, correlation_id: str) -> Saved:
    refused = await _refused(hub, session)
    saved = await hub.sessions.put(operator, session, correlation_id)
    if refused is not None and (journey := await hub.sessions.journey(refused.id)):
        await hub.commands.stop_again(journey)
    return saved


async def _refused(hub: Hub, session: Session) -> Journey | None:
    """The journey of a session that begins although its remote start was reported as failed."""
    if session.auth_method is not AuthMethod.COMMAND or session.status is not SessionStatus.ACTIVE:
        return None
    journey = await hub.sessions.journey_of(session)
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
    await ask.learn_places([(session.owner, session.location_id) for session in sessions])
    await tell(ask, sayable(sessions, session_to_ocpi))
    return reply_list(ask, page, encoded(ask, sessions, session_to_ocpi), total)


async def put_preferences(ask: Ask) -> Reply:
    """A driver's wishes go to the operator of the session and to nobody else."""
    for_one(ask, "a charging preference")
    operator = ask.addressed or await operator_of(ask)
    to = await ask.way_to(operator)
    if to is None:
        raise Failure(HUB_ERROR, f"{operator} cannot be told of charging preferences")
    return await forward(ask, to)


async def operator_of(ask: Ask) -> PartyId:
    """Raises Failure 4001 or 2002 where the id alone does not say whose session it is."""
    owner = ask.owners.get((NameKind.SESSION, ask.args[0].upper()))
    found = await ask.hub.sessions.named(ask.partner, ask.args[0], owner)
    if len(found) > 1:
        raise Failure(NOT_ENOUGH, f"several operators have a session {ask.args[0]}: name one in the TO headers")
    if not found:
        raise Failure(UNKNOWN_RECEIVER, f"no session {ask.args[0]} of yours is known here")
    return found[0].owner


ROUTES = [
    Route(path="sessions/sender", methods={"GET": list_all}),
    Route(
        path="sessions/sender",
        parameters=1,
        fixed={1: "charging_preferences"},
        methods={"PUT": put_preferences},
        keeps=True,
    ),
    Route(path="sessions/receiver", parameters=3, methods={"GET": get, "PUT": put, "PATCH": patch}, keeps=True),
]
