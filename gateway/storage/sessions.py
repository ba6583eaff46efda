"""Charging sessions of CPOs."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from core.model.ids import PartyId
from core.model.session import Session, session_key
from gateway.storage.documents import Document
from gateway.storage.versioned import VersionedStore, document_of, owners_filter, window


class MongoSessions(VersionedStore[Session]):
    collection_name: ClassVar[str] = "sessions"
    kind = Session

    async def by_keys(self, keys: Sequence[str]) -> list[Session]:
        return await self._list({"_id": {"$in": list(keys)}}) if keys else []

    async def get(self, owner: PartyId, session_id: str) -> Session | None:
        return await self._one({"_id": session_key(owner, session_id)})

    async def page(
        self,
        *,
        owners: Sequence[PartyId] | None,
        issuers: Sequence[PartyId] | None,
        updated_from: datetime,
        updated_to: datetime | None,
        offset: int,
        limit: int,
    ) -> tuple[list[Session], int]:
        query = owners_filter("owner", owners) | owners_filter("issuer", issuers)
        return await self._page(query | window("doc.updated_at", updated_from, updated_to), offset, limit)

    def _document(self, thing: Session) -> Document:
        issuer = thing.token.issuer
        return document_of(thing, thing.key, owner=thing.owner.key, issuer=issuer.key if issuer else None)
