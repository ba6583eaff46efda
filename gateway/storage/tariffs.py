"""Tariffs of CPOs, and where they hold."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from core.model.base import revision_at
from core.model.ids import EvseId, PartyId
from core.model.tariff import EvsePrice, Tariff, tariff_key
from gateway.storage.documents import Document
from gateway.storage.history import HistoricStore
from gateway.storage.versioned import document_of, owners_filter, window


class MongoTariffs(HistoricStore[Tariff]):
    collection_name: ClassVar[str] = "tariffs"
    kind = Tariff

    async def get(self, owner: PartyId, tariff_id: str) -> Tariff | None:
        return await self._one({"_id": tariff_key(owner, tariff_id)})

    async def of_owner(self, owner: PartyId) -> list[Tariff]:
        return await self._of_owner({"owner": owner.key})

    async def page(
        self,
        *,
        owners: Sequence[PartyId] | None,
        recipients: Sequence[PartyId] | None = None,
        updated_from: datetime | None,
        updated_to: datetime | None,
        stored_from: datetime | None = None,
        offset: int,
        limit: int,
    ) -> tuple[list[Tariff], int]:
        query = owners_filter("owner", owners) | window("doc.updated_at", updated_from, updated_to)
        if recipients is not None:
            query["recipient"] = {"$in": [None, *(party.key for party in recipients)]}
        if stored_from is not None:
            query["rev"] = {"$gte": revision_at(stored_from)}
        return await self._page(query, offset, limit)

    def _document(self, thing: Tariff) -> Document:
        recipient = {"recipient": thing.recipient.key} if thing.recipient else {}
        return document_of(thing, thing.key, owner=thing.owner.key, **recipient)


class MongoEvsePrices(HistoricStore[EvsePrice]):
    collection_name: ClassVar[str] = "evse_prices"
    kind = EvsePrice

    async def of_owner(self, owner: PartyId, evse_ids: Sequence[EvseId] | None = None) -> list[EvsePrice]:
        query: Document = {"owner": owner.key}
        if evse_ids is not None:
            query["evse"] = {"$in": [evse_id.key for evse_id in evse_ids]}
        return await self._of_owner(query)

    def _document(self, thing: EvsePrice) -> Document:
        return document_of(thing, thing.key, owner=thing.owner.key, evse=thing.evse_id.key)
