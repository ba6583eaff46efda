"""The aggregates' stores in dicts."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from math import asin, cos, radians, sin, sqrt
from typing import Generic, Protocol, TypeVar

import msgspec
from msgspec.structs import replace

from core.errors import Uncertain, Unknown
from core.model.authorisation import Journey, JourneyState
from core.model.base import Extensions, revision_at
from core.model.cards import same_card
from core.model.cdr import CdrSettlement, CdrState
from core.model.event import Event
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.location import Evse, EvseChange, Location, LocationQuery, PageKey, Station, StationQuery, location_key
from core.model.quantities import Coordinates
from core.model.record import Record, RecordKind, RecordQuery
from core.model.session import Session, session_key
from core.model.token import Token, TokenQuery, token_key
from core.model.version import Version
from core.ports.stores import Saved, StatusChange
from tests.fakes.outbox import FakeOutbox
from tests.fakes.sets import FakeSets


class Versioned(Protocol):
    @property
    def key(self) -> str: ...
    @property
    def updated_at(self) -> datetime: ...


T = TypeVar("T", bound=Versioned)


class Shelf(Generic[T]):
    """Objects by key, each write with a fresh revision; events go to the outbox in the same breath."""

    def __init__(self, outbox: FakeOutbox, sets: FakeSets | None = None) -> None:
        self.sets = sets
        self.held: dict[str, T] = {}
        self.revisions: dict[str, int] = {}
        self.created: dict[str, int] = {}
        self.outbox = outbox
        self._revision = 0

    async def by_key(self, key: str) -> T | None:
        return self.held.get(key)

    async def save(self, item: T, *, events: Sequence[Event]) -> Saved:
        held = self.held.get(item.key)
        if held is not None and held.updated_at > item.updated_at:
            return Saved.OLDER
        if held is not None and msgspec.to_builtins(held) == msgspec.to_builtins(item):
            return Saved.SAME
        self._write(item)
        self.outbox.add(events)
        return Saved.CREATED if held is None else Saved.CHANGED

    async def save_all(self, items: Sequence[T], *, events: Sequence[Event]) -> None:
        together = self._next_revision()
        for item in items:
            self.created.setdefault(item.key, together)
            self._write(item)
        self.outbox.add(events)

    async def remove(self, items: Sequence[T] | T, *, events: Sequence[Event]) -> None:
        for item in items if isinstance(items, Sequence) else [items]:
            self.held.pop(item.key, None)
            self.revisions.pop(item.key, None)
            self.created.pop(item.key, None)
        self.outbox.add(events)
        self._changed()

    async def save_together(self, items: Sequence[T], *, events: Sequence[Event], versions: Sequence[Version]) -> None:
        await self.save_all(items, events=events)
        assert self.sets is not None
        self.sets.add(versions)

    def _write(self, item: T) -> None:
        self.held[item.key] = item
        self.revisions[item.key] = self._next_revision()
        self.created.setdefault(item.key, self.revisions[item.key])
        self._changed()

    def _next_revision(self) -> int:
        self._revision = max(self._revision + 1, revision_at(self.outbox.clock.now()))
        return self._revision

    def _place(self, item: T) -> tuple[int, str]:
        return self.created.get(item.key, 0), item.key

    def _changed(self) -> None:
        """For those who count changes."""

    def _find(self, *tests: Callable[[T], bool], since: datetime | None, until: datetime | None) -> list[T]:
        found = (item for item in self.held.values() if all(test(item) for test in tests))
        return sorted(_between(found, since, until), key=self._place)


def _between(items: Iterable[T], since: datetime | None, until: datetime | None) -> list[T]:
    return [x for x in items if (since is None or x.updated_at >= since) and (until is None or x.updated_at < until)]


class FakeLocations(Shelf[Location]):
    """`watched = False` makes the generation unknown, as when the change stream is down."""

    def __init__(self, outbox: FakeOutbox, sets: FakeSets) -> None:
        super().__init__(outbox, sets)
        self.watched = True
        self.retired: set[str] = set()
        self._generation = 0

    async def save(self, item: Location, *, events: Sequence[Event]) -> Saved:
        if item.key in self.retired:
            self.held.pop(item.key, None)
        return await super().save(item, events=events)

    async def retire(self, locations: Sequence[Location], *, events: Sequence[Event]) -> None:
        await self.save_all(locations, events=events)
        self.retired |= {location.key for location in locations}

    def _write(self, item: Location) -> None:
        self.retired.discard(item.key)
        super()._write(item)

    async def get(self, owner: PartyId, location_id: str) -> Location | None:
        return self.held.get(location_key(owner, location_id))

    async def by_evse_id(self, evse_id: EvseId) -> Location | None:
        found = self._query(LocationQuery(evse_ids=(evse_id,)))
        found = [x for x in found if x.owner == evse_id.operator] or found
        if len(found) > 1:
            spelled = evse_id.iso
            found = [x for x in found if any(evse.evse_id and evse.evse_id.iso == spelled for evse in x.evses)]
        return found[0] if found else None

    async def change_status(
        self, owner: PartyId, location_id: str, evse_uid: str, change: EvseChange, *, event: Event
    ) -> Saved:
        location = await self.get(owner, location_id)
        if location is None:
            raise Unknown("location", location_id)
        evse = location.evse(evse_uid)
        if evse is None:
            raise Unknown("EVSE", evse_uid)
        if change.updated_at < evse.updated_at:
            return Saved.OLDER
        changed = replace(evse, status=change.status, status_until=change.status_until, updated_at=change.updated_at)
        if changed == evse:
            return Saved.SAME
        changed = replace(changed, extensions={**evse.extensions, **change.extensions})
        self._write(_with_evse(location, changed))
        self.outbox.add([event])
        return Saved.CHANGED

    async def change_statuses(self, changes: Sequence[StatusChange], *, versions: Sequence[Version]) -> list[Saved]:
        for owner, location_id, evse_uid, _, _ in changes:
            location = await self.get(owner, location_id)
            if location is None or location.evse(evse_uid) is None:
                raise Unknown("EVSE", evse_uid)
        assert self.sets is not None
        self.sets.add(versions)
        return [await self.change_status(*change, event=event) for *change, event in changes]

    async def annotate(self, owner: PartyId, location_id: str, evse_uid: str, extensions: Extensions) -> None:
        location = await self.get(owner, location_id)
        evse = location.evse(evse_uid) if location else None
        if location is None or evse is None:
            raise Unknown("EVSE", evse_uid)
        changed = _with_evse(location, replace(evse, extensions={**evse.extensions, **extensions}))
        self.held[location.key] = replace(changed, updated_at=location.updated_at)

    async def revise(self, keys: Sequence[str], change: Callable[[Location], tuple[Location, Event] | None]) -> None:
        for key in keys:
            if key in self.held and (made := change(self.held[key])):
                retired = self.retired & {key}
                self._write(made[0])
                self.retired |= retired
                self.outbox.add([made[1]])

    async def page(self, query: LocationQuery) -> tuple[list[Location], int]:
        found = self._query(query)
        return found[query.offset : query.offset + query.limit], len(found)

    async def page_keys(self, query: LocationQuery) -> tuple[list[PageKey], int]:
        found = self._query(query)
        behind = [one for one in found if query.after is None or self._place(one) > query.after]
        page = behind[query.offset if query.after is None else 0 :][: query.limit]
        return [PageKey(one.key, self.revisions[one.key], self.created[one.key]) for one in page], len(found)

    async def by_keys(self, keys: Sequence[str]) -> list[tuple[int, Location]]:
        return [(self.revisions[key], self.held[key]) for key in keys if key in self.held]

    async def at_one_instant(
        self, owners: Sequence[PartyId], known: Mapping[str, int]
    ) -> AsyncIterator[tuple[str, int, Location | None]]:
        for location in self._query(LocationQuery(owners=tuple(owners))):
            revision = self.revisions[location.key]
            yield location.key, revision, None if known.get(location.key) == revision else location

    async def each(self, query: LocationQuery) -> AsyncIterator[Location]:
        for location in self._query(query):
            yield location

    async def search(self, query: StationQuery) -> tuple[list[Station], int]:
        found = [
            Station(location=one, distance_m=None if query.near is None else _metres(query.near, one.coordinates))
            for one in self._query(LocationQuery(owners=(query.operator,) if query.operator else None, current=True))
            if not query.of_evses or any(query.fits(evse) for evse in one.evses)
        ]
        found = [one for one in found if one.distance_m is None or one.distance_m <= query.radius_m]
        found.sort(key=lambda one: (one.distance_m or 0, one.location.key))
        return found[query.offset : query.offset + query.limit], len(found)

    @property
    def generation(self) -> int:
        return self._generation if self.watched else -1

    def _changed(self) -> None:
        self._generation += 1

    def _query(self, query: LocationQuery) -> list[Location]:
        return self._find(
            lambda x: query.owners is None or x.owner in query.owners,
            lambda x: not (query.current and x.key in self.retired),
            lambda x: not query.evse_ids or any(evse.evse_id in query.evse_ids for evse in x.evses),
            lambda x: query.tariff_id is None or query.tariff_id in x.tariff_ids,
            since=query.updated_from,
            until=query.updated_to,
        )


def _metres(one: Coordinates, other: Coordinates) -> int:
    """Along a great circle of the earth that the database reckons with."""
    a, b = radians(one.latitude), radians(other.latitude)
    half = sin((a - b) / 2) ** 2 + cos(a) * cos(b) * sin(radians(one.longitude - other.longitude) / 2) ** 2
    return round(2 * 6_378_100 * asin(sqrt(half)))


def _with_evse(location: Location, changed: Evse) -> Location:
    evses = tuple(changed if evse.uid == changed.uid else evse for evse in location.evses)
    return replace(location, evses=evses, updated_at=max(location.updated_at, changed.updated_at))


class FakeTokens(Shelf[Token]):
    async def get(self, issuer: PartyId, kind: str, uid: TokenUid) -> Token | None:
        return self.held.get(token_key(issuer, kind, uid))

    async def of_card(self, kind: str, uid: TokenUid) -> list[Token]:
        found = (token for token in self.held.values() if same_card(token.kind, token.uid, kind, uid))
        return sorted(found, key=lambda token: token.key)

    async def of_contract(self, contract_id: ContractId) -> list[Token]:
        return sorted((one for one in self.held.values() if one.contract_id == contract_id), key=lambda one: one.key)

    async def page(self, query: TokenQuery) -> tuple[list[Token], int]:
        found = self._query(query)
        return found[query.offset : query.offset + query.limit], len(found)

    async def each(self, query: TokenQuery) -> AsyncIterator[Token]:
        for token in self._query(query):
            yield token

    def _query(self, query: TokenQuery) -> list[Token]:
        return self._find(
            lambda x: query.issuers is None or x.issuer in query.issuers,
            lambda x: query.stored_from is None or self.revisions[x.key] >= revision_at(query.stored_from),
            since=query.updated_from,
            until=query.updated_to,
        )


class FakeSessions(Shelf[Session]):
    async def by_keys(self, keys: Sequence[str]) -> list[Session]:
        return [self.held[key] for key in keys if key in self.held]

    async def get(self, owner: PartyId, session_id: str) -> Session | None:
        return self.held.get(session_key(owner, session_id))

    async def page(
        self,
        *,
        owners: Sequence[PartyId] | None,
        issuers: Sequence[PartyId] | None,
        updated_from: datetime,
        updated_to: datetime | None,
        offset: int,
        limit: int,
    ) -> tuple[list[Session], int]:
        found = self._find(
            lambda x: owners is None or x.owner in owners,
            lambda x: issuers is None or x.token.issuer in issuers,
            since=updated_from,
            until=updated_to,
        )
        return found[offset : offset + limit], len(found)


class FakeRecords(Shelf[Record]):
    async def named(self, kind: RecordKind, name: str, owner: PartyId | None = None) -> list[Record]:
        found = [record for record in self.held.values() if record.kind is kind and name.upper() in record.names]
        found = [record for record in found if owner in (None, record.owner)]
        return sorted(found, key=lambda record: record.key)

    async def page(self, query: RecordQuery) -> tuple[list[Record], int]:
        latest: dict[tuple[PartyId, str], Record] = {}
        found = self._find(lambda record: _concerns(record, query), since=None, until=None)
        for record in sorted(found, key=lambda record: (record.updated_at, record.key)):
            latest[record.owner, record.id.upper()] = record
        found = [record for record in latest.values() if _starts_within(record, query)]
        found = sorted(_between(found, query.updated_from, query.updated_to), key=self._place)
        return found[query.offset : query.offset + query.limit], len(found)


def _concerns(record: Record, query: RecordQuery) -> bool:
    if record.kind is not query.kind:
        return False
    if record.reader is None:
        return record.owner in query.owners
    return record.reader in query.parties or record.owner in query.parties


def _starts_within(record: Record, query: RecordQuery) -> bool:
    since, until = query.starts_from, query.starts_to
    return (since is None and until is None) or any(
        (since is None or start >= since) and (until is None or start < until) for start in record.starts
    )


class FakeJourneys:
    def __init__(self) -> None:
        self.held: dict[str, Journey] = {}

    async def create(self, journey: Journey) -> None:
        self.held.setdefault(journey.id, journey)

    async def get(self, journey_id: str) -> Journey | None:
        return self.held.get(journey_id)

    async def by_operator_session(self, operator: PartyId, session_id: str) -> Journey | None:
        wanted = session_id.upper()
        return self._youngest(lambda x: x.operator == operator and (x.operator_session_id or "").upper() == wanted)

    async def by_issuer_session(self, issuer_partner: str, session_id: str) -> Journey | None:
        wanted = session_id.upper()
        return self._youngest(
            lambda x: x.issuer_partner == issuer_partner and (x.issuer_session_id or "").upper() == wanted
        )

    async def by_reference(self, reference: str) -> Journey | None:
        return self._youngest(lambda x: (x.reference or "").upper() == reference.upper())

    async def latest_for_token(self, operator: PartyId, uid: TokenUid) -> Journey | None:
        return self._youngest(lambda x: _of_card(x, operator, uid) and x.state is not JourneyState.BILLED)

    async def unended_for_token(self, operator: PartyId, uid: TokenUid) -> list[Journey]:
        states = (JourneyState.AUTHORISED, JourneyState.CHARGING)
        return self._few(lambda x: _of_card(x, operator, uid) and x.state in states)

    async def of_reservation(self, issuer: PartyId, reservation_id: str) -> list[Journey]:
        wanted = reservation_id.upper()
        return self._few(lambda x: x.issuer == issuer and (x.reservation_id or "").upper() == wanted)

    def _few(self, test: Callable[[Journey], bool]) -> list[Journey]:
        return sorted(filter(test, self.held.values()), key=lambda x: (x.created_at, x.id), reverse=True)[:10]

    async def update(self, journey: Journey) -> Journey:
        held = self.held.get(journey.id)
        if held is None:
            raise Unknown("journey", journey.id)
        if held.rev != journey.rev:
            raise Uncertain(f"journey {journey.id} was changed by another writer")
        self.held[journey.id] = updated = replace(journey, rev=journey.rev + 1)
        return updated

    async def page(
        self,
        *,
        partner: str | None = None,
        states: Sequence[JourneyState] | None = None,
        contract: ContractId | None = None,
        since: datetime | None = None,
        offset: int,
        limit: int,
    ) -> tuple[list[Journey], int]:
        found = [
            journey
            for journey in self.held.values()
            if partner in (None, journey.operator_partner, journey.issuer_partner)
            and (states is None or journey.state in states)
            and contract in (None, journey.contract_id)
            and (since is None or journey.created_at >= since)
        ]
        found.sort(key=lambda journey: (journey.created_at, journey.id), reverse=True)
        return found[offset : offset + limit], len(found)

    def _youngest(self, test: Callable[[Journey], bool]) -> Journey | None:
        found = [journey for journey in self.held.values() if test(journey)]
        return max(found, key=lambda journey: (journey.created_at, journey.id), default=None)


def _of_card(journey: Journey, operator: PartyId, uid: TokenUid) -> bool:
    return journey.operator == operator and journey.uid == uid and journey.reservation_id is None


class FakeCdrs:
    def __init__(self, outbox: FakeOutbox, journeys: FakeJourneys) -> None:
        self.held: dict[str, CdrSettlement] = {}
        self.outbox = outbox
        self.journeys = journeys

    async def accept(self, settlement: CdrSettlement, *, event: Event) -> CdrSettlement:
        if held := self.held.get(settlement.key):
            return held
        self.held[settlement.key] = settlement
        self.outbox.add([event])
        if journey := await self.journeys.get(settlement.cdr.journey_id or ""):
            billed = replace(
                journey, state=JourneyState.BILLED, cdr_key=settlement.key, updated_at=settlement.accepted_at
            )
            await self.journeys.update(billed)
        return settlement

    async def get(self, key: str) -> CdrSettlement | None:
        return self.held.get(key)

    async def by_keys(self, keys: Sequence[str]) -> list[CdrSettlement]:
        return [self.held[key] for key in keys if key in self.held]

    async def update(self, settlement: CdrSettlement) -> CdrSettlement:
        held = self.held.get(settlement.key)
        return self._write(settlement if held is None else replace(settlement, cdr=held.cdr))

    async def revise(self, settlement: CdrSettlement, *, event: Event) -> CdrSettlement:
        revised = self._write(settlement)
        self.outbox.add([event])
        return revised

    async def fetched(self, settlements: Sequence[CdrSettlement]) -> None:
        for one in settlements:
            if self.held[one.key].rev == one.rev:
                self._write(replace(one, fetched_version=len(one.versions)))

    def _write(self, settlement: CdrSettlement) -> CdrSettlement:
        held = self.held.get(settlement.key)
        if held is None:
            raise Unknown("CDR", settlement.key)
        if held.rev != settlement.rev:
            raise Uncertain(f"CDR {settlement.key} was changed by another writer")
        self.held[settlement.key] = updated = replace(settlement, rev=settlement.rev + 1)
        return updated

    async def page(
        self,
        *,
        owners: Sequence[PartyId] | None,
        recipients: Sequence[str] | None,
        updated_from: datetime | None,
        updated_to: datetime | None,
        offset: int,
        limit: int,
        states: Sequence[CdrState] | None = None,
    ) -> tuple[list[CdrSettlement], int]:
        found = [
            x
            for x in self.held.values()
            if (owners is None or x.cdr.owner in owners)
            and (recipients is None or x.recipient in recipients)
            and (states is None or x.state in states)
            and (updated_from is None or x.cdr.updated_at >= updated_from)
            and (updated_to is None or x.cdr.updated_at < updated_to)
        ]
        found.sort(key=lambda x: (x.accepted_at, x.key))
        return found[offset : offset + limit], len(found)

    async def counts(self) -> dict[CdrState, int]:
        states = [settlement.state for settlement in self.held.values()]
        return {state: states.count(state) for state in set(states)}
