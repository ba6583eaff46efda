"""What partners call objects. Names are only ever added."""

from collections.abc import Sequence
from typing import ClassVar

from core.model.name import Name
from gateway.storage.database import Database, insert_new, translated
from gateway.storage.documents import Document, content, item


class MongoNames:
    collection_name: ClassVar[str] = "names"

    def __init__(self, database: Database) -> None:
        self._collection = database[self.collection_name]

    async def keep(self, names: Sequence[Name]) -> None:
        documents = [{"_id": name.their_key, "ours": name.our_key, "doc": content(name)} for name in names]
        await insert_new(self._collection, documents)

    async def by_ours(self, keys: Sequence[str]) -> list[Name]:
        return await self._found({"ours": {"$in": list(keys)}})

    async def by_theirs(self, keys: Sequence[str]) -> list[Name]:
        return await self._found({"_id": {"$in": list(keys)}})

    async def _found(self, wanted: Document) -> list[Name]:
        with translated(writes=False):
            return [item(document, Name) for document in await self._collection.find(wanted).to_list()]
