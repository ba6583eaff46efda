"""Sessions while they run: taken from the CPO, told to the eMSP whose driver charges."""

from datetime import datetime

import msgspec

from core.errors import Uncertain, Unknown
from core.model.authorisation import Answered, Journey, JourneyState
from core.model.event import Event, EventKind
from core.model.ids import PartyId
from core.model.location import Evse, Location
from core.model.partner import Partner, Role
from core.model.session import AuthMethod, CdrToken, Session, SessionStatus, session_key
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
        event = msgspec.structs.replace(
            session_changed(session, caller.id, id=self._ids.uuid(), at=self._clock.now()),
            recipient=issuer,
            correlation_id=correlation_id,
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

    async def named(self, reader: Partner, session_id: str, owner: PartyId | None = None) -> list[Session]:
        """The sessions of the reader's own drivers that bear this id, at this operator (None: at any)."""
        owners = (owner,) if owner else [party for held in await self._partners.all() for party in held.parties]
        found = await self._sessions.by_keys([session_key(party, session_id) for party in dict.fromkeys(owners)])
        return [session for session in found if session.token.issuer in reader.parties_as(Role.EMSP)]

    async def journey_for(self, session: Session) -> Journey:
        """The journey of a session; one that began without the hub's doing gets it now. Raises Unknown if a side of
        it is not connected any more."""
        held = await self._journeys.get(session.journey_id) if session.journey_id else await self.journey_of(session)
        return held or await self._begun_without_us(session)

    async def _begun_without_us(self, session: Session) -> Journey:
        issuer, uid = session.token.issuer, session.token.uid
        operator_partner = await self._partners.by_party(session.owner, Role.CPO)
        issuer_partner = await self._partners.by_party(issuer, Role.EMSP) if issuer else None
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

    async def open_for(self, journey: Journey, location: Location, evse: Evse, currency: str | None) -> Session:
        """A session of the hub's own making, for an eMSP that needs one to stop by, where the operator's protocol has
        none. Its id is the journey's; it ends with the CDR. `currency` None: nobody knows it."""
        held = await self._sessions.get(journey.operator, journey.id)
        if held is not None:
            return held
        now = self._clock.now()
        session = Session(
            owner=journey.operator,
            id=journey.id,
            started_at=now,
            token=CdrToken(issuer=journey.issuer, uid=journey.uid, kind=journey.kind, contract_id=journey.contract_id),
            auth_method=AuthMethod.COMMAND,
            authorization_reference=journey.reference,
            location_id=location.id,
            evse_uid=evse.uid,
            connector_id=evse.connectors[0].id if len(evse.connectors) == 1 else None,
            currency=currency,
            status=SessionStatus.ACTIVE,
            journey_id=journey.id,
            updated_at=now,
        )
        event = session_changed(session, journey.operator_partner, id=self._ids.uuid(), at=now)
        await self._sessions.save(session, events=[event])
        return session

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
    """Whether the hub made it (`SessionService.open_for`)."""
    return session.journey_id is not None and session.id == session.journey_id
