"""When partners were last heard of. Small, seldom written, and of use for minutes: a crash may lose the last ones."""

from datetime import datetime, timedelta
from typing import ClassVar

from pymongo.errors import DuplicateKeyError

from core.model.partner import Sighting
from gateway.storage.database import Database, translated
from gateway.storage.documents import Document, moment, stamp


class MongoSightings:
    collection_name: ClassVar[str] = "sightings"

    def __init__(self, database: Database) -> None:
        self._collection = database.unhurried(self.collection_name)

    async def note(self, partner_id: str, at: datetime, sign: str | None) -> None:
        text = stamp(at)
        latest: Document = {"at": text} if sign is None else {"at": text, f"signs.{sign}": text}
        with translated(writes=True):
            await self._collection.update_one({"_id": partner_id}, {"$max": latest}, upsert=True)

    async def all(self) -> dict[str, Sighting]:
        with translated(writes=False):
            found = await self._collection.find().to_list()
        return {document["_id"]: _sighting(document) for document in found}

    async def take_turn(self, partner_id: str, at: datetime, lasts_s: float) -> bool:
        over = stamp(at - timedelta(seconds=lasts_s))
        free = {"_id": partner_id, "$or": [{"asked": {"$exists": False}}, {"asked": {"$lte": over}}]}
        with translated(writes=True):
            try:
                await self._collection.update_one(free, {"$set": {"asked": stamp(at)}}, upsert=True)
            except DuplicateKeyError:  # it is there, and not free
                return False
        return True

    async def forget(self, partner_id: str) -> None:
        with translated(writes=True):
            await self._collection.delete_one({"_id": partner_id})


def _sighting(document: Document) -> Sighting:
    at, signs = document.get("at"), document.get("signs", {})
    return Sighting(at=moment(at) if at else None, signs={name: moment(text) for name, text in signs.items()})
