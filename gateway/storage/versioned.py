"""What locations, tokens, sessions and tariffs have in common: a key, an `updated_at`, and events beside them."""

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from typing import ClassVar, Generic, TypeVar

import msgspec
from pymongo import DeleteOne, ReplaceOne

from core.model.base import Model
from core.model.event import Event
from core.model.ids import PartyId
from core.model.version import Version
from core.ports.stores import Saved
from gateway.storage.database import Database, Session, translated
from gateway.storage.documents import Document, content, item, latest_events, revision_after, stamp
from gateway.storage.group_commit import GroupCommit
from gateway.storage.outbox import EventWriter
from gateway.storage.pushes import Part, Pushes
from gateway.storage.sets import VersionWriter

BULK = 500
SORT = [("created", 1), ("_id", 1)]
"""What is new comes last, and what changes stays where it was, so that pages do not shift under who reads them."""


K = TypeVar("K", bound=Model)
Save = tuple[Document, Sequence[Event]]


def owners_filter(field: str, parties: Sequence[PartyId] | None) -> Document:
    return {} if parties is None else {field: {"$in": [party.key for party in parties]}}


def window(field: str, since: datetime | None, until: datetime | None) -> Document:
    """`since` inclusive, `until` exclusive."""
    bounds = {} if since is None else {"$gte": stamp(since)}
    if until is not None:
        bounds["$lt"] = stamp(until)
    return {field: bounds} if bounds else {}


class VersionedStore(Generic[K]):
    """Saves share transactions: each group reads what is held, decides for each member, and writes what changed."""

    collection_name: ClassVar[str]
    kind: type[K]

    def __init__(self, database: Database, events: EventWriter) -> None:
        self._database = database
        self._collection = database[self.collection_name]
        self._events = events
        self._save: GroupCommit[Save, Saved] = GroupCommit(self._write_group, limit=128)

    async def close(self) -> None:
        await self._save.close()

    async def save(self, thing: K, *, events: Sequence[Event]) -> Saved:
        return await self._save((self._document(thing), events))

    async def save_all(self, things: Sequence[K], *, events: Sequence[Event]) -> None:
        await self._save_documents([self._document(thing) for thing in things], events)

    async def _save_documents(self, documents: Sequence[Document], events: Sequence[Event]) -> None:
        """Bulks of one transaction each; an event goes with the bulk that holds its object, others with the last."""
        waiting = list(events)
        for start in range(0, max(1, len(documents)), BULK):
            bulk = documents[start : start + BULK]
            keys = {document["_id"] for document in bulk}
            last = start + BULK >= len(documents)
            now = [event for event in waiting if last or event.key in keys]
            waiting = [] if last else [event for event in waiting if event.key not in keys]
            await self._replace_all(bulk, now)

    async def remove(self, things: Sequence[K] | K, *, events: Sequence[Event]) -> None:
        listed: Sequence[K] = things if isinstance(things, Sequence) else [things]
        keys = [self._document(thing)["_id"] for thing in listed]

        async def write(session: Session) -> None:
            if keys:
                await self._collection.bulk_write([DeleteOne({"_id": key}) for key in keys], session=session)
                await self._mark(session, members=True)
            await self._events.write(events, session)

        await self._database.transaction(write)
        self._written(members=True)
        self._events.poke(events)

    def _document(self, thing: K) -> Document:
        """`_id` and `doc`, and what the indexes of this collection need beside them."""
        raise NotImplementedError

    def _standing(self, held: Document | None) -> Document | None:
        """What a new message is compared with: None where whatever is held does not count."""
        return held

    async def _mark(self, session: Session, *, members: bool) -> None:
        """For other processes that keep something in memory."""

    def _written(self, *, members: bool) -> None:
        """For those who keep something in memory."""

    async def _replace_all(self, documents: Sequence[Document], events: Sequence[Event]) -> None:
        async def write(session: Session) -> None:
            if documents:
                await self._put(documents, session)
                await self._mark(session, members=True)
            await self._events.write(events, session)

        try:
            await self._database.transaction(write)
        finally:
            self._written(members=True)
        self._events.poke(events)

    async def _put(self, documents: Sequence[Document], session: Session) -> None:
        """As they are, whatever is held; each keeps the time of its creation."""
        keys = [document["_id"] for document in documents]
        cursor = self._collection.find({"_id": {"$in": keys}}, {"created": 1}, session=session)
        created = {held["_id"]: held["created"] for held in await cursor.to_list()}
        revision = revision_after(0)
        fresh = [d | {"rev": revision, "created": created.get(d["_id"], revision)} for d in documents]
        await self._collection.bulk_write(
            [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in fresh], session=session
        )

    async def _write_group(self, saves: list[Save]) -> list[Saved]:
        async def write(session: Session) -> tuple[list[Saved], list[Event]]:
            cursor = self._collection.find({"_id": {"$in": list({d["_id"] for d, _ in saves})}}, session=session)
            held = {document["_id"]: document async for document in cursor}
            results, changed, events = self._decide(saves, held)
            if changed:
                replacements = [ReplaceOne({"_id": d["_id"]}, d, upsert=True) for d in changed]
                await self._collection.bulk_write(replacements, session=session)
                await self._mark(session, members=Saved.CREATED in results)
            await self._events.write(events, session)
            return results, events

        members = True
        try:
            results, events = await self._database.transaction(write)
            members = Saved.CREATED in results
        finally:
            self._written(members=members)
        self._events.poke(events)
        return results

    def _decide(self, saves: list[Save], held: dict[str, Document]) -> tuple[list[Saved], list[Document], list[Event]]:
        results: list[Saved] = []
        changed: dict[str, Document] = {}
        events: list[Event] = []
        for document, its_events in saves:
            key = document["_id"]
            result = _compare(self._standing(held.get(key)), document)
            results.append(result)
            if result in (Saved.CREATED, Saved.CHANGED):
                before = held.get(key)
                revision = revision_after(before["rev"] if before else 0)
                created = before["created"] if before else revision
                held[key] = changed[key] = document | {"rev": revision, "created": created}
                events += its_events
        return results, list(changed.values()), latest_events(events)

    async def by_key(self, key: str) -> K | None:
        return await self._one({"_id": key})

    async def _one(self, query: Document) -> K | None:
        with translated(writes=False):
            found = await self._collection.find_one(query)
        return None if found is None else item(found, self.kind)

    async def _list(self, query: Document, *, offset: int = 0, limit: int = 0) -> list[K]:
        with translated(writes=False):
            cursor = self._collection.find(query, {"doc": 1}).sort(SORT).skip(offset).limit(limit)
            return [item(document, self.kind) for document in await cursor.to_list()]

    async def _page(self, query: Document, offset: int, limit: int) -> tuple[list[K], int]:
        found = await self._list(query, offset=offset, limit=limit) if limit > 0 else []
        return found, await self._count(query)

    async def _count(self, query: Document) -> int:
        with translated(writes=False):
            return await self._collection.count_documents(query)

    async def _each(self, query: Document) -> AsyncIterator[K]:
        with translated(writes=False):
            async with self._collection.find(query, {"doc": 1}).sort(SORT).batch_size(200) as cursor:
                async for document in cursor:
                    yield item(document, self.kind)


class PushedStore(VersionedStore[K]):
    """Of what protocols push in sets that are kept by version."""

    def __init__(self, database: Database, events: EventWriter, versions: VersionWriter, pushes: Pushes) -> None:
        super().__init__(database, events)
        self._versions = versions
        self._pushes = pushes
        pushes.on(self.collection_name, self._move)

    async def save_together(self, things: Sequence[K], *, events: Sequence[Event], versions: Sequence[Version]) -> None:
        """One transaction, as long as it is small enough for one."""
        try:
            if len(things) <= BULK:
                documents = [self._document(thing) for thing in things]
                await self._database.transaction(
                    lambda session: self._write_together(documents, events, versions, session)
                )
            else:
                await self._pushes.push(self.collection_name, self._parts(things, events, versions))
        finally:
            self._written(members=True)
        self._events.poke(events)

    async def _one(self, query: Document) -> K | None:
        await self._pushes.settled()
        return await super()._one(query)

    async def _each(self, query: Document) -> AsyncIterator[K]:
        await self._pushes.settled()
        async for thing in super()._each(query):
            yield thing

    def _parts(self, things: Sequence[K], events: Sequence[Event], versions: Sequence[Version]) -> Iterator[Part]:
        """Each object with its events; versions with the objects as evenly as they can be."""
        by_key: dict[str, list[Event]] = {}
        for event in events:
            by_key.setdefault(event.key, []).append(event)
        share = -(-len(versions) // max(1, len(things)))
        revision = revision_after(0)
        for number, thing in enumerate(things):
            document = self._document(thing) | {"rev": revision}
            own = by_key.get(document["_id"], [])
            part = versions[number * share : (number + 1) * share]
            yield Part(document, msgspec.to_builtins(own), msgspec.to_builtins(part))

    async def _move(self, bulk: Document, session: Session) -> None:
        events = msgspec.convert(bulk["events"], list[Event])
        await self._write_together(bulk["documents"], events, msgspec.convert(bulk["versions"], list[Version]), session)

    async def _write_together(
        self, documents: Sequence[Document], events: Sequence[Event], versions: Sequence[Version], session: Session
    ) -> None:
        if documents:
            await self._put(await self._up_to_date(documents, session), session)
            await self._mark(session, members=True)
        await self._events.write(events, session)
        await self._versions.write(versions, session)

    async def _up_to_date(self, documents: Sequence[Document], session: Session) -> Sequence[Document]:
        """With what others have written since they were made, and what the push says nothing of."""
        return documents


def _compare(held: Document | None, new: Document) -> Saved:
    if held is None:
        return Saved.CREATED
    if held["doc"]["updated_at"] > new["doc"]["updated_at"]:
        return Saved.OLDER
    return Saved.SAME if held["doc"] == new["doc"] else Saved.CHANGED


def document_of(thing: Model, key: str, **beside: object) -> Document:
    return {"_id": key, "rev": 0, "created": 0, "doc": content(thing, "updated_at"), **beside}
