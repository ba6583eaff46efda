"""Locations and live status: taken from their owners, shown and told to whoever may see them."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

import msgspec

from core.errors import Unknown
from core.model.base import Extensions
from core.model.event import Event, EventKind
from core.model.ids import EvseId, PartyId
from core.model.location import (
    Evse,
    EvseChange,
    EvseStatus,
    Location,
    LocationQuery,
    PageKey,
    Station,
    StationQuery,
    location_key,
)
from core.model.partner import Partner
from core.model.version import Version
from core.ports.clock import Clock, Ids
from core.ports.registry import PartnerStore
from core.ports.stores import LocationStore, Saved, StatusChange
from core.routing import CPO_SIDE, vanished_owners, visible_owners
from core.services.partners import owner_of

_NONE: Mapping[str, Sequence[str]] = MappingProxyType({})


class LocationService:
    def __init__(self, locations: LocationStore, partners: PartnerStore, clock: Clock, ids: Ids) -> None:
        self._locations = locations
        self._partners = partners
        self._clock = clock
        self._ids = ids

    # --- from the owner

    async def put(self, caller: Partner, location: Location, correlation_id: str | None = None) -> Saved:
        """Insert or replace. An older `updated_at` than ours changes nothing (OLDER) and nobody is told."""
        owner_of(caller, location.owner, "$.party_id")
        event = self._event(EventKind.LOCATION_CHANGED, location, caller, correlation_id)
        return await self._locations.save(location, events=[event])

    async def own(self, caller: Partner, owner: PartyId, location_id: str) -> Location:
        """The owner's own object, to be validated or patched. Raises Refused, Unknown."""
        owner_of(caller, owner, "$.party_id")
        location = await self._locations.get(owner, location_id)
        if location is None:
            raise Unknown("location", location_id)
        return location

    async def change_status(
        self,
        caller: Partner,
        owner: PartyId,
        location_id: str,
        evse_uid: str,
        change: EvseChange,
        correlation_id: str | None = None,
    ) -> Saved:
        """One EVSE's status. Raises Refused, Unknown."""
        owner_of(caller, owner, "$.party_id")
        event = self._status_event(caller, owner, location_id, evse_uid, correlation_id)
        return await self._locations.change_status(owner, location_id, evse_uid, change, event=event)

    async def push_statuses(
        self,
        caller: Partner,
        owner: PartyId,
        changes: Sequence[tuple[str, str, EvseChange]],
        versions: Sequence[Version],
        correlation_id: str | None = None,
    ) -> None:
        """Statuses by location id and EVSE uid, with what the sets of the owner become by them: all, or nothing.

        Raises Refused, Unknown."""
        owner_of(caller, owner, "$.OperatorID")
        told = [
            StatusChange(owner, name, uid, change, self._status_event(caller, owner, name, uid, correlation_id))
            for name, uid, change in changes
        ]
        await self._locations.change_statuses(told, versions=versions)

    async def annotate(
        self, caller: Partner, owner: PartyId, location_id: str, evse_uid: str, extensions: Extensions
    ) -> None:
        """What the caller's protocol keeps with an EVSE, beside its status. Raises Refused, Unknown."""
        owner_of(caller, owner, "$.party_id")
        await self._locations.annotate(owner, location_id, evse_uid, extensions)

    async def change_status_by_evse_id(
        self, caller: Partner, changes: Sequence[tuple[EvseId, EvseStatus]], at: datetime
    ) -> list[EvseId]:
        """Many statuses by EVSE id, all from one arrival time. Gives back the ids that we do not hold."""
        missing: list[EvseId] = []
        for evse_id, status in changes:
            found = await self.find_evse(evse_id)
            if found is None or not caller.speaks_for(found[0].owner):
                missing.append(evse_id)
                continue
            location, evse = found
            if evse.status is status:  # said again, not changed: nobody needs to know
                continue
            change = EvseChange(status=status, updated_at=at)
            await self.change_status(caller, location.owner, location.id, evse.uid, change)
        return missing

    async def load(self, caller: Partner, owner: PartyId, locations: Sequence[Location]) -> None:
        """Many at once: what came is stored and told, nothing is removed."""
        owner_of(caller, owner, "$.OperatorID")
        events = [self._event(EventKind.LOCATION_CHANGED, location, caller, None) for location in locations]
        await self._locations.save_all(locations, events=events)

    async def push(
        self,
        caller: Partner,
        owner: PartyId,
        locations: Sequence[Location],
        versions: Sequence[Version],
        *,
        statuses: Mapping[str, Sequence[str]] = _NONE,
    ) -> None:
        """As `load`, with what the sets of the owner become by it (`SetStore`): all of it, or nothing.

        `statuses`: ids of locations of which only the statuses of these EVSEs (uids) have changed."""
        owner_of(caller, owner, "$.OperatorID")
        whole = [location for location in locations if location.id not in statuses]
        events = [self._event(EventKind.LOCATION_CHANGED, location, caller, None) for location in whole]
        events += [
            self._status_event(caller, owner, name, uid, None) for name, uids in statuses.items() for uid in uids
        ]
        await self._locations.save_together(locations, events=events, versions=versions)

    async def forget(self, caller: Partner, locations: Sequence[Location]) -> None:
        """What its owner no longer has: each EVSE is told as REMOVED, and the location is no longer current."""
        removed = [self._removed(location) for location in locations]
        for location in removed:
            owner_of(caller, location.owner, "$.OperatorID")
        events = [self._event(EventKind.LOCATION_CHANGED, location, caller, None) for location in removed]
        await self._locations.retire(removed, events=events)

    def owned(self, owner: PartyId, evse_ids: Sequence[EvseId] = ()) -> AsyncIterator[Location]:
        """All locations of the owner, or those that hold one of these EVSEs."""
        return self._locations.each(LocationQuery(owners=(owner,), evse_ids=tuple(evse_ids)))

    async def naming_tariff(self, owner: PartyId, tariff_id: str) -> tuple[Location | None, int]:
        """One of the owner's locations that name it, and how many do."""
        found, number = await self._locations.page(
            LocationQuery(owners=(owner,), tariff_id=tariff_id, current=True, limit=1)
        )
        return (found[0] if found else None), number

    def current(self, owner: PartyId) -> AsyncIterator[Location]:
        """All that the owner still has."""
        return self._locations.each(LocationQuery(owners=(owner,), current=True))

    async def own_by_keys(self, keys: Sequence[str]) -> dict[str, Location]:
        return {location.key: location for _, location in await self._locations.by_keys(keys)}

    # --- to readers

    async def visible_query(self, reader: Partner, query: LocationQuery) -> LocationQuery:
        """The query narrowed to the owners whose locations the reader may see; its own are not among them."""
        owners = visible_owners(reader, await self._partners.all(), CPO_SIDE)
        if query.owners is not None:
            owners = tuple(owner for owner in owners if owner in query.owners)
        return msgspec.structs.replace(query, owners=owners)

    async def vanished_since(self, reader: Partner, since: datetime) -> AsyncIterator[Location]:
        """Of owners that went out of the reader's sight since then, and are still."""
        gone = vanished_owners(reader, await self._partners.all(), CPO_SIDE, since)
        async for location in self._locations.each(LocationQuery(owners=tuple(gone))):
            yield location

    async def page(self, reader: Partner, query: LocationQuery) -> tuple[list[Location], int]:
        return await self._locations.page(await self.visible_query(reader, query))

    async def page_keys(self, reader: Partner, query: LocationQuery) -> tuple[list[PageKey], int]:
        return await self._locations.page_keys(await self.visible_query(reader, query))

    async def visible_keys(self, query: LocationQuery) -> tuple[list[PageKey], int]:
        """As `page_keys`, for a query that `visible_query` gave; not checked again."""
        return await self._locations.page_keys(query)

    async def by_keys(self, keys: Sequence[str]) -> list[tuple[int, Location]]:
        """For keys that a visible page gave; not checked again."""
        return await self._locations.by_keys(keys)

    async def at_one_instant(
        self, reader: Partner, known: Mapping[str, int]
    ) -> AsyncIterator[tuple[str, int, Location | None]]:
        """All that the reader may see, see LocationStore.at_one_instant."""
        owners = visible_owners(reader, await self._partners.all(), CPO_SIDE)
        async for found in self._locations.at_one_instant(owners, known):
            yield found

    async def each(self, reader: Partner, query: LocationQuery) -> AsyncIterator[Location]:
        async for location in self._locations.each(await self.visible_query(reader, query)):
            yield location

    @property
    def generation(self) -> int:
        """See LocationStore.generation: for readers that keep encoded copies."""
        return self._locations.generation

    async def see(self, reader: Partner, location_id: str, owner: PartyId | None = None) -> Location:
        """One location that the reader may see. Raises Unknown, also for what it may not see."""
        for candidate in visible_owners(reader, await self._partners.all(), CPO_SIDE):
            if owner is None or candidate == owner:
                location = await self._locations.get(candidate, location_id)
                if location is not None:
                    return location
        raise Unknown("location", location_id)

    # --- for the hub's own users

    async def search(self, query: StationQuery) -> tuple[list[Station], int]:
        """Nearest first, of all operators."""
        return await self._locations.search(query)

    # --- for the other services

    async def find_evse(self, evse_id: EvseId) -> tuple[Location, Evse] | None:
        """In any spelling; where ids differ in their stars only, the one that is spelled so."""
        location = await self._locations.by_evse_id(evse_id)
        if location is None:
            return None
        alike = [evse for evse in location.evses if evse.evse_id == evse_id]
        if len(alike) > 1:
            alike = [evse for evse in alike if evse.evse_id and evse.evse_id.iso == evse_id.iso]
        return (location, alike[0]) if alike else None

    async def place(self, owner: PartyId, location_id: str) -> Location | None:
        return await self._locations.get(owner, location_id)

    def _removed(self, location: Location) -> Location:
        now = self._clock.now()
        evses = tuple(
            msgspec.structs.replace(evse, status=EvseStatus.REMOVED, updated_at=now) for evse in location.evses
        )
        return msgspec.structs.replace(location, evses=evses, updated_at=now)

    def _status_event(
        self, caller: Partner, owner: PartyId, location_id: str, evse_uid: str, correlation_id: str | None
    ) -> Event:
        return Event(
            id=self._ids.uuid(),
            kind=EventKind.EVSE_STATUS_CHANGED,
            key=location_key(owner, location_id),
            part=evse_uid.upper(),
            owner=owner,
            source=caller.id,
            correlation_id=correlation_id,
            at=self._clock.now(),
        )

    def _event(self, kind: EventKind, location: Location, caller: Partner, correlation_id: str | None) -> Event:
        return Event(
            id=self._ids.uuid(),
            kind=kind,
            key=location.key,
            owner=location.owner,
            source=caller.id,
            correlation_id=correlation_id,
            at=self._clock.now(),
        )


def narrowed(locations: Iterable[Location], evse_ids: frozenset[EvseId]) -> list[Location]:
    """Each location with only the wanted EVSEs; locations without any are left out."""
    result = []
    for location in locations:
        evses = tuple(evse for evse in location.evses if evse.evse_id in evse_ids)
        if evses:
            result.append(msgspec.structs.replace(location, evses=evses))
    return result
