"""Tariffs of CPOs."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from core.model.ids import PartyId
from core.model.tariff import Tariff
from gateway.storage.documents import Document
from gateway.storage.versioned import VersionedStore, document_of, owners_filter, window


class MongoTariffs(VersionedStore[Tariff]):
    collection_name: ClassVar[str] = "tariffs"
    kind = Tariff

    async def get(self, owner: PartyId, tariff_id: str) -> Tariff | None:
        return await self._one({"_id": f"{owner.key}/{tariff_id.upper()}"})

    async def page(
        self,
        *,
        owners: Sequence[PartyId] | None,
        updated_from: datetime | None,
        updated_to: datetime | None,
        offset: int,
        limit: int,
    ) -> tuple[list[Tariff], int]:
        query = owners_filter("owner", owners) | window("doc.updated_at", updated_from, updated_to)
        return await self._page(query, offset, limit)

    def _document(self, thing: Tariff) -> Document:
        return document_of(thing, thing.key, owner=thing.owner.key)
