"""How far the hub has come with what it fetches: one small document per partner and feed, with what is held of it."""

from datetime import datetime
from typing import ClassVar

import msgspec

from core.model.feed import FeedState
from gateway.storage.database import Database, translated
from gateway.storage.documents import Document, content, item, moment, stamp


class MongoFeeds:
    collection_name: ClassVar[str] = "feeds"

    def __init__(self, database: Database) -> None:
        self._collection = database[self.collection_name]

    async def get(self, partner_id: str, feed: str) -> FeedState | None:
        with translated(writes=False):
            found = await self._collection.find_one({"_id": _key(partner_id, feed)})
        return _state(found) if found else None

    async def of_partner(self, partner_id: str) -> list[FeedState]:
        with translated(writes=False):
            found = await self._collection.find({"partner": partner_id}).sort("_id").to_list()
        return [_state(document) for document in found]

    async def save(self, state: FeedState) -> None:
        doc = content(state)
        doc.pop("whole_asked_at", None)
        await self._write(state.partner_id, state.feed, {"doc": doc})

    async def ask_whole(self, partner_id: str, feed: str, at: datetime) -> None:
        await self._write(partner_id, feed, {"whole_asked_at": stamp(at)})

    async def forget(self, partner_id: str) -> None:
        with translated(writes=True):
            await self._collection.delete_many({"partner": partner_id})

    async def _write(self, partner_id: str, feed: str, values: Document) -> None:
        with translated(writes=True):
            await self._collection.update_one(
                {"_id": _key(partner_id, feed)},
                {"$set": values | {"partner": partner_id, "feed": feed}},
                upsert=True,
            )


def _key(partner_id: str, feed: str) -> str:
    return f"{partner_id}/{feed}"


def _state(document: Document) -> FeedState:
    asked = document.get("whole_asked_at")
    if "doc" not in document:
        state = FeedState(partner_id=document["partner"], feed=document["feed"])
    else:
        state = item(document, FeedState)
    return msgspec.structs.replace(state, whole_asked_at=moment(asked)) if asked else state
