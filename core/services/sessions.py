"""Sessions while they run: taken from the CPO, told to the eMSP whose driver charges."""

from datetime import datetime

import msgspec

from core.errors import Uncertain, Unknown
from core.model.authorisation import Journey, JourneyState
from core.model.event import Event, EventKind
from core.model.ids import PartyId
from core.model.partner import Partner, Role
from core.model.session import Session, SessionStatus
from core.ports.clock import Clock, Ids
from core.ports.stores import JourneyStore, PartnerStore, Saved, SessionStore
from core.services.partners import owner_of


class SessionService:
    def __init__(
        self, sessions: SessionStore, journeys: JourneyStore, partners: PartnerStore, clock: Clock, ids: Ids
    ) -> None:
        self._sessions = sessions
        self._journeys = journeys
        self._partners = partners
        self._clock = clock
        self._ids = ids

    async def put(self, caller: Partner, session: Session, correlation_id: str | None = None) -> Saved:
        """Insert or replace. The eMSP is the one that authorised it, else the issuer of its token. Raises Unknown
        if there is no such party."""
        owner_of(caller, session.owner, "$.party_id")
        journey = await self.journey_of(session)
        issuer = journey.issuer if journey else session.token.issuer
        if issuer is None or await self._partners.by_party(issuer, Role.EMSP) is None:
            raise Unknown("party", str(issuer))
        session = msgspec.structs.replace(session, journey_id=journey.id if journey else None)
        event = Event(
            id=self._ids.uuid(),
            kind=EventKind.SESSION_CHANGED,
            key=session.key,
            owner=session.owner,
            recipient=issuer,
            source=caller.id,
            correlation_id=correlation_id,
            at=self._clock.now(),
        )
        saved = await self._sessions.save(session, events=[event])
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
            issuers=reader.parties_as(Role.EMSP),
            updated_from=updated_from,
            updated_to=updated_to,
            offset=offset,
            limit=limit,
        )

    async def journey(self, journey_id: str) -> Journey | None:
        return await self._journeys.get(journey_id)

    async def journey_of(self, session: Session) -> Journey | None:
        """By the reference that the authorisation gave, by the session id, else the card's youngest open journey."""
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
        self, journey: Journey, *, operator_session_id: str | None = None, issuer_session_id: str | None = None
    ) -> Journey:
        """A partner told its own session id: the newest counts."""
        changed = msgspec.structs.replace(
            journey,
            operator_session_id=operator_session_id or journey.operator_session_id,
            issuer_session_id=issuer_session_id or journey.issuer_session_id,
        )
        return journey if changed == journey else await self._journeys.update(changed)

    async def _link(self, journey: Journey, session: Session) -> None:
        state = JourneyState.ENDED if session.status is SessionStatus.COMPLETED else JourneyState.CHARGING
        if journey.state is JourneyState.BILLED:
            state = JourneyState.BILLED
        linked = msgspec.structs.replace(
            journey, operator_session_id=session.id, state=state, updated_at=self._clock.now()
        )
        try:
            await self._journeys.update(linked)
        except Uncertain:  # another message of the same session was faster; its link is as good
            return
