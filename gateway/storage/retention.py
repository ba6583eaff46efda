"""Deletes what is too old, some at a time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from core.model.cdr import CdrState
from core.ports.stores import Kept
from gateway.storage.database import Database, translated
from gateway.storage.documents import Document, stamp

AT_ONCE: Final = 1000
ON_THEIR_WAY: Final = (CdrState.ACCEPTED, CdrState.DELIVERING, CdrState.WAITING)
_CHANGED: Final[Mapping[Kept, str]] = {
    Kept.SESSIONS: "doc.updated_at",
    Kept.CDRS: "cdr.updated_at",
    Kept.TOKENS: "doc.updated_at",
    Kept.JOURNEYS: "created",
    Kept.COMMANDS: "began",
    Kept.RECORDS: "doc.updated_at",
}
"""Where the time of the last change is; the collections have the names of the kinds."""


class MongoRetention:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget(self, kind: Kept, before: datetime) -> int:
        collection = self._database[kind.value]
        old: Document = {_CHANGED[kind]: {"$lt": stamp(before)}}
        if kind is Kept.CDRS:
            old["state"] = {"$nin": [state.value for state in ON_THEIR_WAY]}
        gone = 0
        with translated(writes=True):
            while found := await collection.find(old, {"_id": 1}).limit(AT_ONCE).to_list():
                keys = [document["_id"] for document in found]
                gone += (await collection.delete_many({"_id": {"$in": keys}} | old)).deleted_count
        return gone
