"""Locations: pages for readers, and the hot path of status changes."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from itertools import islice
from typing import Any, ClassVar

from msgspec import Struct
from pymongo import ReplaceOne, UpdateOne

from core.errors import Unknown
from core.model.base import Extensions
from core.model.event import Event
from core.model.ids import EvseId, PartyId
from core.model.location import (
    EvseChange,
    Location,
    LocationQuery,
    PageKey,
    Position,
    Station,
    StationQuery,
    location_key,
)
from core.model.version import Version
from core.ports.stores import Saved, StatusChange
from gateway.storage.database import Database, Session, translated
from gateway.storage.documents import Document, item, latest_events, revision_after, stamp
from gateway.storage.group_commit import GroupCommit
from gateway.storage.outbox import EventWriter
from gateway.storage.pushes import Pushes
from gateway.storage.sets import VersionWriter
from gateway.storage.stations import MOST_WATTS, RETIRED, STANDING, point_of, wanted_page, wanted_stations, within
from gateway.storage.statuses import TOLD, update_of, with_later_statuses
from gateway.storage.versioned import SORT, PushedStore, document_of, window
from gateway.storage.watcher import Change, Watcher

_EVSE_FIELDS = {"rev": 1} | {f"doc.evses.{name}": 1 for name in ("key", "status", "status_until", "updated_at")}
_EVSE_LIVE = _EVSE_FIELDS | {"doc.evses.extensions": 1}
_COUNTS_KEPT = 512
_AT_ONCE = 100
_ALIKE = 8
"""Locations whose EVSE ids differ in their stars only."""
_ANY_TIME: Document = {"created": {"$gte": 0}}
"""Says nothing, but without a bound on its first field an index is not used to filter by its last (the owner)."""


class _StatusChange(Struct, frozen=True):
    location_id: str
    evse_uid: str
    location_key: str
    evse_key: str
    values: dict[str, str | None]
    event: Event


class _Statuses(Struct, frozen=True):
    """What is written as one."""

    changes: Sequence[_StatusChange]
    versions: Sequence[Version]


class MongoLocations(PushedStore[Location]):
    """Each EVSE carries its `key` (upper-case uid), so that a status finds it without decoding the location. What is
    searched by stands beside the location or in it: see `stations`."""

    collection_name: ClassVar[str] = "locations"
    kind = Location

    def __init__(
        self, database: Database, events: EventWriter, versions: VersionWriter, pushes: Pushes, watcher: Watcher
    ) -> None:
        super().__init__(database, events, versions, pushes)
        self._watcher = watcher
        self._generation = 0
        self._members = 0
        self._counts: dict[str, tuple[int, int]] = {}
        self._change_status: GroupCommit[_Statuses, Sequence[Saved]] = GroupCommit(self._write_statuses)
        watcher.on(self.collection_name, self._seen, marked=True)

    async def close(self) -> None:
        await self._change_status.close()
        await super().close()

    async def catch_up(self) -> None:
        """What was written before there was an order of creation and a search: nobody is told, nothing else changes."""
        old: Document = {"created": None}
        with translated(writes=True):
            while held := await self._collection.find(old).limit(_AT_ONCE).to_list():
                anew = [self._anew(document) for document in held]
                await self._collection.bulk_write(
                    [ReplaceOne({"_id": d["_id"], "rev": d["rev"]} | old, d) for d in anew], ordered=False
                )

    async def get(self, owner: PartyId, location_id: str) -> Location | None:
        return await self._one({"_id": location_key(owner, location_id)})

    async def by_evse_id(self, evse_id: EvseId) -> Location | None:
        wanted: Document = {"doc.evses.evse_id.key": evse_id.key}
        found = await self._list(wanted, limit=_ALIKE)
        if len(found) > 1:
            found = await self._list(wanted | {"owner": evse_id.operator.key}, limit=_ALIKE) or found
        if len(found) > 1:
            spelled = evse_id.iso
            found = [x for x in found if any(evse.evse_id and evse.evse_id.iso == spelled for evse in x.evses)]
        return found[0] if found else None

    async def retire(self, locations: Sequence[Location], *, events: Sequence[Event]) -> None:
        documents = [document | {"owner": RETIRED + document["owner"]} for document in map(self._document, locations)]
        await self._save_documents(documents, events)

    async def change_status(
        self, owner: PartyId, location_id: str, evse_uid: str, change: EvseChange, *, event: Event
    ) -> Saved:
        [saved] = await self.change_statuses([StatusChange(owner, location_id, evse_uid, change, event)], versions=())
        return saved

    async def change_statuses(self, changes: Sequence[StatusChange], *, versions: Sequence[Version]) -> Sequence[Saved]:
        return await self._change_status(_Statuses([_status_change(change) for change in changes], versions))

    async def annotate(self, owner: PartyId, location_id: str, evse_uid: str, extensions: Extensions) -> None:
        """Neither the revision nor the generation moves: readers are shown nothing of it."""
        here = {"_id": location_key(owner, location_id), "doc.evses.key": evse_uid.upper()}
        values = {f"doc.evses.$.extensions.{name}": text for name, text in extensions.items()}
        with translated(writes=True):
            found = await self._collection.update_one(here, {"$set": values})
        if not found.matched_count:
            raise Unknown("EVSE", evse_uid)

    async def revise(self, keys: Sequence[str], change: Callable[[Location], tuple[Location, Event] | None]) -> None:
        async def write(session: Session) -> list[Event]:
            cursor = self._collection.find({"_id": {"$in": list(keys)}}, session=session)
            replacements: list[ReplaceOne[Document]] = []
            events: list[Event] = []
            async for held in cursor:
                if made := change(item(held, Location)):
                    kept = {"rev": revision_after(held["rev"]), "owner": held["owner"], "created": held["created"]}
                    document = self._document(made[0]) | kept
                    replacements.append(ReplaceOne({"_id": held["_id"]}, document))
                    events.append(made[1])
            if replacements:
                await self._collection.bulk_write(replacements, session=session)
                await self._mark(session, members=False)
                await self._events.write(events, session)
            return events

        try:
            events = await self._database.transaction(write)
        finally:
            self._written(members=False)
        self._events.poke(events)

    async def page(self, query: LocationQuery) -> tuple[list[Location], int]:
        return await self._page(_filter(query), query.offset, query.limit)

    async def page_keys(self, query: LocationQuery) -> tuple[list[PageKey], int]:
        """Without an EVSE filter the index alone answers it."""
        wanted = _filter(query)
        keys: list[PageKey] = []
        if query.limit > 0:
            begin = {"$and": [_ANY_TIME | wanted, _behind(query.after)]} if query.after else _ANY_TIME | wanted
            skipped = 0 if query.after else query.offset
            with translated(writes=False):
                cursor = (
                    self._collection.find(begin, {"rev": 1, "created": 1}).sort(SORT).skip(skipped).limit(query.limit)
                )
                keys = [_page_key(document) for document in await cursor.to_list()]
        return keys, await self._count(wanted)

    async def by_keys(self, keys: Sequence[str]) -> list[tuple[int, Location]]:
        with translated(writes=False):
            pushed = await self._pushes.counting(self.collection_name)
            found = await (self._with_staged(keys) if pushed else self._held(keys))
        return [(document["rev"], item(document, Location)) for document in found]

    async def _held(self, keys: Sequence[str], session: Session | None = None) -> list[Document]:
        wanted = {"_id": {"$in": list(keys)}}
        return await self._collection.find(wanted, {"rev": 1, "doc": 1}, session=session).to_list()

    async def _with_staged(self, keys: Sequence[str]) -> list[Document]:
        """As they are once all pushes that count are carried out."""
        async with self._database.one_instant() as session:
            staged = await self._pushes.of_keys(self.collection_name, keys, session)
            held = {document["_id"]: document for document in await self._held(keys, session)}
        evses = {key: document["doc"].get("evses", ()) for key, document in held.items()}
        coming = {key: with_later_statuses(document, evses.get(key, ())) for key, document in staged.items()}
        return list((held | coming).values())

    async def at_one_instant(
        self, owners: Sequence[PartyId], known: Mapping[str, int]
    ) -> AsyncIterator[tuple[str, int, Location | None]]:
        wanted = _owners(LocationQuery(owners=tuple(owners)))
        async with self._database.one_instant() as session:
            staged = await self._staged({owner.key for owner in owners}, session)
            cursor = self._collection.find(_ANY_TIME | wanted, {"rev": 1}, session=session)
            held = {document["_id"]: document["rev"] for document in await cursor.to_list()}
            held |= {key: revision for key, (revision, _) in staged.items()}
            new = {key for key, revision in held.items() if known.get(key) != revision}
            async for document in self._documents([key for key in new if key not in staged], session):
                yield document["_id"], document["rev"], item(document, Location)
            for bulk in sorted({staged[key][1] for key in new if key in staged}):
                for document in (await self._pushes.staged(bulk, session))["documents"]:
                    key = document["_id"]
                    if key in new and staged[key][1] == bulk:
                        yield key, document["rev"], item(document, Location)
        for key in held.keys() - new:
            yield key, held[key], None

    async def _staged(self, owners: set[str], session: Session) -> dict[str, tuple[int, str]]:
        """Key -> revision, and the bulk that it is in, of what is still to be moved of pushes that count."""
        shown = {f"documents.{name}": 1 for name in ("_id", "rev", "owner")}
        return {
            document["_id"]: (document["rev"], bulk["_id"])
            for bulk in await self._pushes.to_come(self.collection_name, shown, session)
            for document in bulk["documents"]
            if document["owner"] in owners
        }

    async def _documents(self, keys: Sequence[str], session: Session) -> AsyncIterator[Document]:
        for start in range(0, len(keys), _AT_ONCE):
            wanted = {"_id": {"$in": keys[start : start + _AT_ONCE]}}
            async for document in self._collection.find(wanted, {"rev": 1, "doc": 1}, session=session):
                yield document

    def each(self, query: LocationQuery) -> AsyncIterator[Location]:
        return self._each(_filter(query))

    async def search(self, query: StationQuery) -> tuple[list[Station], int]:
        with translated(writes=False):
            found = await (await self._collection.aggregate(wanted_page(query))).to_list()
            total = await self._collection.count_documents(wanted_stations(query) | within(query))
        return [Station(location=item(one, Location), distance_m=_metres(one)) for one in found], total

    @property
    def generation(self) -> int:
        return self._generation if self._watcher.live else -1

    def _document(self, thing: Location) -> Document:
        document = document_of(thing, thing.key, owner=thing.owner.key) | point_of(thing.coordinates)
        for held, evse in zip(document["doc"].get("evses", ()), thing.evses, strict=True):
            held["key"] = evse.uid.upper()
            for plug, connector in zip(held.get("connectors", ()), evse.connectors, strict=True):
                plug["watts"] = min(connector.power_w or 0, MOST_WATTS)
            held["updated_at"] = stamp(evse.updated_at)
            if evse.status_until is not None:
                held["status_until"] = stamp(evse.status_until)
        return document

    def _anew(self, held: Document) -> Document:
        """As this build writes it; where it stands in the lists is known by its last writing alone."""
        kept = {name: held[name] for name in ("rev", "owner")}
        return self._document(item(held, Location)) | kept | {"_id": held["_id"], "created": held["rev"]}

    async def _up_to_date(self, documents: Sequence[Document], session: Session) -> Sequence[Document]:
        """A status that came while the push was on its way, by another process or after a crash, is not undone."""
        cursor = self._collection.find({"_id": {"$in": [d["_id"] for d in documents]}}, _EVSE_LIVE, session=session)
        held = {document["_id"]: document["doc"].get("evses", ()) for document in await cursor.to_list()}
        return [with_later_statuses(document, held.get(document["_id"], ())) for document in documents]

    def _standing(self, held: Document | None) -> Document | None:
        return None if held is not None and held["owner"].startswith(RETIRED) else held

    async def _mark(self, session: Session, *, members: bool) -> None:
        change = Change.MEMBERS if members else Change.CONTENT
        await self._watcher.mark(self.collection_name, change, session)

    def _written(self, *, members: bool) -> None:
        self._seen(Change.MEMBERS if members else Change.CONTENT)

    def _seen(self, change: Change) -> None:
        self._generation += 1
        if change is Change.MEMBERS:
            self._members += 1

    async def _count(self, query: Document) -> int:
        """Counted once per generation; where only the owner matters, once per coming and going of locations."""
        if not self._watcher.live:
            return await super()._count(query)
        version = self._members if query.keys() <= {"owner"} else self._generation
        name = repr(query)
        counted_at, number = self._counts.get(name, (-1, 0))
        if counted_at != version:
            number = await super()._count(query)
            if len(self._counts) >= _COUNTS_KEPT:
                self._counts.clear()
            self._counts[name] = (version, number)
        return number

    async def _write_statuses(self, groups: list[_Statuses]) -> list[Sequence[Saved] | Unknown]:
        """One read, one bulk, one insert of events, one commit: for as many as came together."""
        keys = list({change.location_key for group in groups for change in group.changes})

        async def write(session: Session) -> tuple[list[Sequence[Saved] | Unknown], list[Event]]:
            cursor = self._collection.find({"_id": {"$in": keys}}, _EVSE_FIELDS, session=session)
            held = {document["_id"]: document for document in await cursor.to_list()}
            unknown = [_unknown(group, held) for group in groups]
            good = [group for group, error in zip(groups, unknown, strict=True) if error is None]
            saved, updates, events = _apply([change for group in good for change in group.changes], held)
            if updates:
                await self._collection.bulk_write(updates, ordered=False, session=session)
                await self._mark(session, members=False)
                await self._events.write(events, session)
            await self._versions.write((version for group in good for version in group.versions), session)
            done = iter(saved)
            return [
                error or list(islice(done, len(group.changes))) for group, error in zip(groups, unknown, strict=True)
            ], events

        try:
            results, events = await self._database.transaction(write)
        finally:
            self._written(members=False)
        self._events.poke(events)
        return results


def _status_change(given: StatusChange) -> _StatusChange:
    change = given.change
    values = {
        "status": change.status.value,
        "updated_at": stamp(change.updated_at),
        "status_until": None if change.status_until is None else stamp(change.status_until),
        **{f"extensions.{name}": text for name, text in change.extensions.items()},
    }
    key = location_key(given.owner, given.location_id)
    return _StatusChange(given.location_id, given.evse_uid, key, given.evse_uid.upper(), values, given.event)


def _unknown(group: _Statuses, held: dict[str, Document]) -> Unknown | None:
    """The first that is not held; then nothing of the group is written."""
    for change in group.changes:
        if change.location_key not in held:
            return Unknown("location", change.location_id)
        if all(evse["key"] != change.evse_key for evse in held[change.location_key]["doc"].get("evses", [])):
            return Unknown("EVSE", change.evse_uid)
    return None


def _apply(changes: list[_StatusChange], held: dict[str, Document]) -> tuple[list[Saved], list[UpdateOne], list[Event]]:
    """Decides change by change, as if they had come alone; what a later one overwrites is not written."""
    results: list[Saved] = []
    touched: dict[str, dict[int, dict[str, str | None]]] = {}
    events: list[Event] = []
    for change in changes:
        evses = held[change.location_key]["doc"]["evses"]
        index = next(i for i, evse in enumerate(evses) if evse["key"] == change.evse_key)
        result = _compare(evses[index], change.values)
        results.append(result)
        if result is Saved.CHANGED:
            evses[index].update(change.values)
            places = touched.setdefault(change.location_key, {})
            places[index] = places.get(index, {}) | change.values
            events.append(change.event)
    updates = [update_of(key, places, revision_after(held[key]["rev"])) for key, places in touched.items()]
    return results, updates, latest_events(events)


def _compare(held: dict[str, Any], new: dict[str, str | None]) -> Saved:
    if held["updated_at"] > (new["updated_at"] or ""):
        return Saved.OLDER
    return Saved.SAME if all(held.get(name) == new[name] for name in TOLD) else Saved.CHANGED


def _metres(found: Document) -> int | None:
    return round(found["distance"]) if "distance" in found else None


def _page_key(document: Document) -> PageKey:
    return PageKey(document["_id"], document["rev"], document["created"])


def _behind(position: Position) -> Document:
    """The first bound is for the index, which knows no alternatives."""
    at, key = position
    return {"created": {"$gte": at}, "$or": [{"created": {"$gt": at}}, {"created": at, "_id": {"$gt": key}}]}


def _owners(query: LocationQuery) -> Document:
    if query.owners is None:
        return STANDING if query.current else {}
    keys = [owner.key for owner in query.owners]
    return {"owner": {"$in": keys if query.current else [*keys, *(RETIRED + key for key in keys)]}}


def _filter(query: LocationQuery) -> Document:
    wanted = _owners(query) | window("doc.updated_at", query.updated_from, query.updated_to)
    if query.evse_ids:
        wanted["doc.evses.evse_id.key"] = {"$in": [evse_id.key for evse_id in query.evse_ids]}
    if query.tariff_id is not None:
        wanted["doc.evses.connectors.tariff_ids"] = query.tariff_id
    return wanted
