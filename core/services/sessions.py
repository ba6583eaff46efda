"""Sessions while they run: taken from the CPO, told to the eMSP whose driver charges."""

from collections.abc import Mapping
from datetime import datetime

import msgspec

from core.errors import Invalid, Unavailable, Uncertain, Unknown, Unsupported
from core.model.authorisation import FROM_COPIES, Answered, Journey, JourneyState
from core.model.event import Event, EventKind
from core.model.ids import EvseId, PartyId, TokenUid
from core.model.location import Evse, Location
from core.model.partner import ISSUERS, Partner, Role
from core.model.session import AuthMethod, CdrToken, Session, SessionStatus, session_key
from core.ports.adapter import Call, Capability, ProtocolAdapter, Told
from core.ports.clock import Clock, Ids
from core.ports.registry import PartnerStore
from core.ports.stores import JourneyStore, LocationStore, Saved, SessionStore
from core.services.partners import home_of, owner_of

YEARS = range(1970, 9999)
ID_LENGTH = 36
"""The longest id of a session that every protocol can say."""


_STATE = {SessionStatus.COMPLETED: JourneyState.ENDED, SessionStatus.RESERVATION: JourneyState.AUTHORISED}
"""State of a journey by its session; of any other session it is CHARGING."""


class SessionService:
    def __init__(
        self,
        *,
        sessions: SessionStore,
        journeys: JourneyStore,
        locations: LocationStore,
        partners: PartnerStore,
        adapters: Mapping[str, ProtocolAdapter],
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._sessions = sessions
        self._journeys = journeys
        self._locations = locations
        self._partners = partners
        self._adapters = adapters
        self._clock = clock
        self._ids = ids

    async def put(
        self, caller: Partner, session: Session, correlation_id: str | None = None, journey: Journey | None = None
    ) -> Saved:
        """Insert or replace. The eMSP is the one that authorised it, else the issuer of its token. `journey` if the
        caller's protocol names it. Raises Unknown if there is no such party, Invalid for dates that cannot be."""
        check_dates(session.started_at, session.ended_at)
        return await self._put(caller, session, correlation_id, journey, told=False)

    async def keep(self, caller: Partner, session: Session, journey: Journey | None = None) -> Saved:
        """As `put`, for one that its eMSP has been told already: nobody else is."""
        return await self._put(caller, session, None, journey, told=True)

    async def report(self, caller: Partner, session: Session, journey: Journey, correlation_id: str) -> Told:
        """As `put`, for a protocol in which the operator hears the eMSP's own answer: one of the same protocol is told
        at once, and nothing is kept of what it did not take; others are told as ever.

        Raises Unsupported if the eMSP cannot be told of sessions, and what the adapter's push_session raises."""
        home = await self._partners.get(journey.issuer_partner)
        if home is None:
            raise Unavailable("the eMSP is not connected any more")
        adapter = self._adapters[home.protocol]
        if Capability.PUSH_SESSION not in adapter.capabilities or not adapter.answers(home):
            raise Unsupported(f"{home.name} cannot be told of sessions")
        if home.protocol != caller.protocol:
            await self.put(caller, session, correlation_id, journey)
            return Told()
        if not adapter.takes(home, Capability.PUSH_SESSION):
            raise Unsupported(f"{home.name} does not want to be told of sessions")
        call = Call(partner=home, correlation_id=correlation_id, sender=session.owner, recipient=journey.issuer)
        told = await adapter.push_session(call, session, journey)
        journey = await self.remember_ids(journey, issuer_session_id=told.remote_id)
        await self.keep(caller, session, journey)
        return told

    async def _put(
        self, caller: Partner, session: Session, correlation_id: str | None, journey: Journey | None, *, told: bool
    ) -> Saved:
        owner_of(caller, session.owner, "$.party_id")
        journey = journey or await self.journey_of(session)
        issuer = journey.issuer if journey else session.token.issuer
        if issuer is None or await home_of(self._partners, issuer) is None:
            raise Unknown("party", str(issuer))
        session = msgspec.structs.replace(session, journey_id=journey.id if journey else None)
        event = msgspec.structs.replace(
            session_changed(session, caller.id, id=self._ids.uuid(), at=self._clock.now()),
            recipient=issuer,
            correlation_id=correlation_id,
        )
        saved = await self._sessions.save(session, events=[] if told else [event])
        if journey and saved in (Saved.CREATED, Saved.CHANGED):
            await self._link(journey, session)
        return saved

    async def own(self, caller: Partner, owner: PartyId, session_id: str) -> Session:
        owner_of(caller, owner, "$.party_id")
        session = await self._sessions.get(owner, session_id)
        if session is None:
            raise Unknown("session", session_id)
        return session

    async def page(
        self,
        reader: Partner,
        updated_from: datetime,
        updated_to: datetime | None,
        offset: int,
        limit: int,
        owners: tuple[PartyId, ...] | None = None,
    ) -> tuple[list[Session], int]:
        """Sessions of the reader's own drivers, at the stations of these owners (None: of all)."""
        return await self._sessions.page(
            owners=owners,
            issuers=reader.parties_as(*ISSUERS),
            updated_from=updated_from,
            updated_to=updated_to,
            offset=offset,
            limit=limit,
        )

    async def named(self, reader: Partner, session_id: str, owner: PartyId | None = None) -> list[Session]:
        """The sessions of the reader's own drivers that bear this id, at this operator (None: at any)."""
        owners = (owner,) if owner else [party for held in await self._partners.all() for party in held.parties]
        found = await self._sessions.by_keys([session_key(party, session_id) for party in dict.fromkeys(owners)])
        return [session for session in found if session.token.issuer in reader.parties_as(*ISSUERS)]

    async def operator_of(self, caller: Partner, reference: str) -> PartyId | None:
        """Where the caller's driver charges by this authorisation reference, if the hub knows it."""
        journey = await self._journeys.by_reference(reference)
        return journey.operator if journey and journey.issuer_partner == caller.id else None

    async def journey_for(self, session: Session) -> Journey:
        """The journey of a session; one that began without the hub's doing gets it now. Raises Unknown if a side of
        it is not connected any more."""
        held = await self._journeys.get(session.journey_id) if session.journey_id else await self.journey_of(session)
        return held or await self._begun_without_us(session)

    async def _begun_without_us(self, session: Session) -> Journey:
        issuer, uid = session.token.issuer, session.token.uid
        operator_partner = await self._partners.by_party(session.owner, Role.CPO)
        issuer_partner = await home_of(self._partners, issuer) if issuer else None
        if operator_partner is None or issuer_partner is None or issuer is None or uid is None:
            raise Unknown("session", session.id)
        now = self._clock.now()
        journey = Journey(
            id=self._ids.uuid(),
            state=JourneyState.CHARGING,
            operator=session.owner,
            operator_partner=operator_partner.id,
            issuer=issuer,
            issuer_partner=issuer_partner.id,
            uid=uid,
            kind=session.token.kind,
            contract_id=session.token.contract_id,
            location_id=session.location_id,
            reference=session.authorization_reference,
            operator_session_id=session.id,
            answered_by=Answered.WHITELIST if session.auth_method is AuthMethod.WHITELIST else Answered.ISSUER,
            created_at=now,
            updated_at=now,
        )
        await self._journeys.create(journey)
        return journey

    async def known_of(self, caller: Partner, journey: Journey, told_id: str | None = None) -> Session:
        """The session of a journey as it is held, else what the hub itself knows of it: who, where, since when. For
        protocols that say little of a session, or name it by the hub's id.

        Its id is the operator's own, the first that it told (`told_id`: with this message), where every protocol can
        say it; else the journey's."""
        for id in (journey.id, journey.operator_session_id, told_id):
            held = await self._sessions.get(journey.operator, id) if id else None
            if held is not None and held.journey_id == journey.id:
                return held
        own = next((id for id in (journey.operator_session_id, told_id) if id and len(id) <= ID_LENGTH), journey.id)
        place = await self._locations.by_evse_id(journey.evse_id) if journey.evse_id else None
        if place is not None and place.owner != journey.operator:
            place = None  # whatever its operator says: a place of another is none of its sessions'
        evse = next((evse for evse in place.evses if evse.evse_id == journey.evse_id), None) if place else None
        tariff = caller.agreed_tariff
        return _session_of(
            journey, place, evse, id=own, currency=tariff.currency if tariff else None, now=self._clock.now()
        )

    async def open_for(self, journey: Journey, location: Location, evse: Evse, currency: str | None) -> Session:
        """A session of the hub's own making, for an eMSP that needs one to stop by, where the operator's protocol has
        none. Its id is the journey's; it ends with the CDR. `currency` None: nobody knows it."""
        held = await self._sessions.get(journey.operator, journey.id)
        if held is not None:
            return held
        now = self._clock.now()
        session = msgspec.structs.replace(
            _session_of(journey, location, evse, id=journey.id, currency=currency, now=now),
            started_at=now,
            status=SessionStatus.ACTIVE,
        )
        event = session_changed(session, journey.operator_partner, id=self._ids.uuid(), at=now)
        await self._sessions.save(session, events=[event])
        return session

    async def journey(self, journey_id: str) -> Journey | None:
        return await self._journeys.get(journey_id)

    async def of_operator(self, operator: PartyId, session_id: str) -> Journey | None:
        """By the operator's own id of the session."""
        return await self._journeys.by_operator_session(operator, session_id)

    async def of_issuer(self, issuer_partner: str, session_id: str) -> Journey | None:
        """By the id that the eMSP's partner has of the session."""
        return await self._journeys.by_issuer_session(issuer_partner, session_id)

    async def running(self, caller: Partner, operator: PartyId, evse_id: EvseId, uid: TokenUid) -> list[Journey]:
        """What the caller's driver may have running at this EVSE."""
        found = await self._journeys.unended_for_token(operator, uid)
        return [journey for journey in found if journey.issuer_partner == caller.id and journey.evse_id == evse_id]

    async def journey_of(self, session: Session) -> Journey | None:
        """By the reference that the authorisation gave, by the session id, else the card's youngest open journey."""
        return await with_its_issuer(self._partners, await self._told_of(session), session.token.issuer)

    async def _told_of(self, session: Session) -> Journey | None:
        if session.authorization_reference:
            found = await self._journeys.by_reference(session.authorization_reference)
            if found and found.operator == session.owner:
                return found
        found = await self._journeys.by_operator_session(session.owner, session.id)
        if found or session.authorization_reference or session.token.uid is None:
            return found
        youngest = await self._journeys.latest_for_token(session.owner, session.token.uid)
        return youngest if youngest and youngest.operator_session_id in (None, session.id) else None

    async def remember_ids(
        self,
        journey: Journey,
        *,
        operator_session_id: str | None = None,
        issuer_session_id: str | None = None,
        evse_id: EvseId | None = None,
    ) -> Journey:
        """A partner told its own session id: the newest counts. Of the EVSE the first."""
        changed = msgspec.structs.replace(
            journey,
            evse_id=journey.evse_id or evse_id,
            operator_session_id=operator_session_id or journey.operator_session_id,
            issuer_session_id=issuer_session_id or journey.issuer_session_id,
        )
        return journey if changed == journey else await self._journeys.update(changed)

    async def _link(self, journey: Journey, session: Session) -> None:
        linked = msgspec.structs.replace(
            journey,
            operator_session_id=journey.operator_session_id if is_ours(session) else session.id,
            evse_id=journey.evse_id or await self._evse_id(session),
            state=_state_by(session, journey),
            updated_at=self._clock.now(),
        )
        try:
            await self._journeys.update(linked)
        except Uncertain:  # another message of the same session was faster; its link is as good
            return

    async def _evse_id(self, session: Session) -> EvseId | None:
        """The common name of the EVSE, which an authorisation without a place did not tell."""
        if session.location_id is None or session.evse_uid is None:
            return None
        place = await self._locations.get(session.owner, session.location_id)
        evse = place.evse(session.evse_uid) if place else None
        return evse.evse_id if evse else None


async def with_its_issuer(partners: PartnerStore, journey: Journey | None, issuer: PartyId | None) -> Journey | None:
    """None where the operator names an eMSP of another platform: two may know the same card, and one that says yes to
    it is not told of the other's driver."""
    if journey is None or issuer in (None, journey.issuer):
        return journey
    home = await home_of(partners, issuer)
    return journey if home is None or home.id == journey.issuer_partner else None


def check_dates(*moments: datetime | None) -> None:
    """Raises Invalid at the ends of the calendar, where no local time can be said."""
    if any(moment is not None and moment.year not in YEARS for moment in moments):
        raise Invalid("$.start_date_time", "no date of a charging process")


def _state_by(session: Session, journey: Journey) -> JourneyState:
    if journey.state is JourneyState.BILLED:
        return JourneyState.BILLED
    return _STATE.get(session.status, JourneyState.CHARGING)


def auth_method_of(journey: Journey) -> AuthMethod:
    if journey.answered_by is Answered.COMMAND:
        return AuthMethod.COMMAND
    return AuthMethod.WHITELIST if journey.answered_by in FROM_COPIES else AuthMethod.AUTH_REQUEST


def _session_of(
    journey: Journey, place: Location | None, evse: Evse | None, *, id: str, currency: str | None, now: datetime
) -> Session:
    """What a journey and our copy of the place say of a session that has not begun."""
    connectors = evse.connectors if evse else ()
    return Session(
        owner=journey.operator,
        id=id,
        started_at=journey.created_at,
        token=CdrToken(issuer=journey.issuer, uid=journey.uid, kind=journey.kind, contract_id=journey.contract_id),
        auth_method=auth_method_of(journey),
        authorization_reference=journey.reference,
        location_id=place.id if place else journey.location_id,
        evse_uid=evse.uid if evse else None,
        connector_id=connectors[0].id if len(connectors) == 1 else None,
        currency=currency,
        status=SessionStatus.PENDING,
        journey_id=journey.id,
        updated_at=now,
    )


def session_changed(session: Session, source: str, *, id: str, at: datetime) -> Event:
    """For the eMSP of its token. `source` is the partner that is not told."""
    return Event(
        id=id,
        kind=EventKind.SESSION_CHANGED,
        key=session.key,
        owner=session.owner,
        recipient=session.token.issuer,
        source=source,
        correlation_id=session.journey_id,
        at=at,
    )


def is_ours(session: Session) -> bool:
    """Whether it bears the hub's own id, because the operator told none."""
    return session.journey_id is not None and session.id == session.journey_id
