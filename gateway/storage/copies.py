"""What partners were told last."""

from collections.abc import Collection, Mapping
from typing import ClassVar

from pymongo import DeleteOne, ReplaceOne

from gateway.storage.database import Database, translated
from gateway.storage.documents import Document

BULK = 1000


class MongoCopies:
    collection_name: ClassVar[str] = "copies"

    def __init__(self, database: Database) -> None:
        self._collection = database[self.collection_name]

    async def held(self, partner_id: str, of: str, keys: Collection[str] | None = None) -> dict[str, str]:
        found: dict[str, str] = {}
        with translated(writes=False):
            for wanted in _wanted(partner_id, of, keys):
                async for document in self._collection.find(wanted, {"key": 1, "digest": 1}):
                    found[document["key"]] = document["digest"]
        return found

    async def note(self, partner_id: str, of: str, changes: Mapping[str, str | None]) -> None:
        writes: list[ReplaceOne[Document] | DeleteOne] = [
            DeleteOne({"_id": _id(partner_id, of, key)})
            if digest is None
            else ReplaceOne(
                {"_id": _id(partner_id, of, key)},
                {"partner": partner_id, "of": of, "key": key, "digest": digest},
                upsert=True,
            )
            for key, digest in changes.items()
        ]
        with translated(writes=True):
            for start in range(0, len(writes), BULK):
                await self._collection.bulk_write(writes[start : start + BULK], ordered=False)

    async def forget(self, partner_id: str, of: str | None = None) -> None:
        wanted = {"partner": partner_id} if of is None else {"partner": partner_id, "of": of}
        with translated(writes=True):
            await self._collection.delete_many(wanted)


def _id(partner_id: str, of: str, key: str) -> str:
    return f"{partner_id}/{of}/{key}"


def _wanted(partner_id: str, of: str, keys: Collection[str] | None) -> list[Document]:
    if keys is None:
        return [{"partner": partner_id, "of": of}]
    ids = [_id(partner_id, of, key) for key in keys]
    return [{"_id": {"$in": ids[start : start + BULK]}} for start in range(0, len(ids), BULK)]
