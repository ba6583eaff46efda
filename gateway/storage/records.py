"""Objects that one protocol alone knows."""

from typing import Any, ClassVar

from core.model.ids import PartyId
from core.model.record import Record, RecordKind, RecordQuery
from gateway.storage.database import translated
from gateway.storage.documents import Document, item, stamp
from gateway.storage.versioned import SORT, VersionedStore, document_of, owners_filter, window


class MongoRecords(VersionedStore[Record]):
    collection_name: ClassVar[str] = "records"
    kind = Record

    async def named(self, kind: RecordKind, name: str, owner: PartyId | None = None) -> list[Record]:
        of_owner = owners_filter("owner", None if owner is None else [owner])
        found = await self._list({"kind": kind.value, "names": name.upper(), **of_owner})
        return sorted(found, key=lambda record: record.key)

    async def page(self, query: RecordQuery) -> tuple[list[Record], int]:
        """The server finds the latest of each object."""
        latest: list[Document] = [
            {"$match": _concerning(query)},
            {"$sort": {"doc.updated_at": -1, "_id": -1}},
            {"$group": {"_id": "$object", "found": {"$first": "$$ROOT"}}},
            {"$replaceRoot": {"newRoot": "$found"}},
            {"$match": _within(query)},
        ]
        part: list[Document] = [{"$sort": dict(SORT)}, {"$skip": query.offset}, {"$limit": max(query.limit, 1)}]
        with translated(writes=False):
            cursor = await self._collection.aggregate([*latest, {"$facet": {"page": part, "all": [{"$count": "n"}]}}])
            (found,) = await cursor.to_list()
        total = found["all"][0]["n"] if found["all"] else 0
        return [item(document, Record) for document in found["page"]][: query.limit], total

    def _document(self, thing: Record) -> Document:
        return document_of(
            thing,
            thing.key,
            kind=thing.kind.value,
            object=f"{thing.owner.key}/{thing.id.upper()}",
            names=list(thing.names),
            owner=thing.owner.key,
            reader=thing.reader.key if thing.reader else None,
            starts=[stamp(start) for start in thing.starts],
        )


def _concerning(query: RecordQuery) -> Document:
    parties = [party.key for party in query.parties]
    return {
        "kind": query.kind.value,
        "$or": [
            {"reader": None, "owner": {"$in": [owner.key for owner in query.owners]}},
            {"reader": {"$in": parties}},
            {"owner": {"$in": parties}, "reader": {"$ne": None}},
        ],
    }


def _within(query: RecordQuery) -> Document:
    found: dict[str, Any] = window("doc.updated_at", query.updated_from, query.updated_to)
    if starts := window("", query.starts_from, query.starts_to):
        found["starts"] = {"$elemMatch": starts[""]}
    return found
