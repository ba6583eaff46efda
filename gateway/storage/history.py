"""What is kept with every version that it had: prices, because invoices are disputed long after."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from pymongo import DeleteOne, ReplaceOne

from core.model.base import Model
from core.model.event import Event
from core.model.ids import PartyId
from gateway.storage.database import Database, Session, translated
from gateway.storage.documents import Document, item, stamp
from gateway.storage.outbox import EventWriter
from gateway.storage.versioned import VersionedStore

K = TypeVar("K", bound=Model)


class HistoricStore(VersionedStore[K]):
    def __init__(self, database: Database, events: EventWriter) -> None:
        super().__init__(database, events)
        self._versions = database["price_versions"]

    async def change(self, changed: Sequence[K], gone: Sequence[K], *, at: datetime, events: Sequence[Event]) -> None:
        moment = stamp(at)
        written = [self._document(thing) for thing in changed]
        removed = [self._document(thing) for thing in gone]
        past = [self._version(d, d["doc"], moment) for d in written] + [self._version(d, None, moment) for d in removed]

        async def write(session: Session) -> None:
            if written:
                await self._put(written, session)
            if removed:
                await self._collection.bulk_write([DeleteOne({"_id": d["_id"]}) for d in removed], session=session)
            if past:
                await self._versions.bulk_write(past, session=session)
            await self._events.write(events, session)

        await self._database.transaction(write)
        self._events.poke(events)

    async def as_of(self, owner: PartyId, moment: datetime, keys: Sequence[str] | None = None) -> list[K]:
        wanted: Document = {"of": self.collection_name, "owner": owner.key, "at": {"$lte": stamp(moment)}}
        if keys is not None:
            wanted["key"] = {"$in": list(keys)}
        latest: Document = {"$group": {"_id": "$key", "doc": {"$first": "$doc"}}}
        with translated(writes=False):
            cursor = await self._versions.aggregate([{"$match": wanted}, {"$sort": {"key": 1, "at": -1}}, latest])
            then = {version["_id"]: version async for version in cursor}
        return [item(version, self.kind) for _, version in sorted(then.items()) if version["doc"] is not None]

    async def _of_owner(self, query: Document) -> list[K]:
        with translated(writes=False):
            found = await self._collection.find(query, {"doc": 1}).sort("_id", 1).to_list()
        return [item(document, self.kind) for document in found]

    def _version(self, document: Document, content: Document | None, at: str) -> ReplaceOne[Document]:
        """Two within one microsecond are one: the latter is what held."""
        name = f"{self.collection_name}/{document['_id']}/{at}"
        version = {
            "_id": name,
            "owner": document["owner"],
            "of": self.collection_name,
            "key": document["_id"],
            "at": at,
        }
        return ReplaceOne({"_id": name}, version | {"doc": content}, upsert=True)
