"""URLs of partners under names of the hub's."""

from datetime import timedelta
from typing import ClassVar

from core.model.alias import Alias
from gateway.storage.database import Database, translated
from gateway.storage.documents import Document, content, expiry, item


class MongoAliases:
    collection_name: ClassVar[str] = "aliases"

    def __init__(self, database: Database) -> None:
        self._database = database
        self._collection = database[self.collection_name]

    async def put(self, alias: Alias) -> None:
        document = {"_id": alias.id, "expires": expiry(alias.expires_at, timedelta()), "doc": content(alias)}
        if alias.subject is not None:
            document["subject"] = alias.subject
        with translated(writes=True):
            await self._collection.replace_one({"_id": alias.id}, document, upsert=True)

    async def get(self, alias_id: str) -> Alias | None:
        return await self._youngest({"_id": alias_id})

    async def by_subject(self, subject: str) -> Alias | None:
        return await self._youngest({"subject": subject})

    async def _youngest(self, wanted: Document) -> Alias | None:
        """The server's own removal of what has expired takes its time."""
        alive = wanted | {"expires": {"$gt": self._database.clock.now()}}
        with translated(writes=False):
            found = await self._collection.find(alive).sort("expires", -1).limit(1).to_list()
        return item(found[0], Alias) if found else None
