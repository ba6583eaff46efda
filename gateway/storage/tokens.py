"""Tokens of eMSPs."""

from collections.abc import AsyncIterator
from typing import ClassVar

from core.model.base import revision_at
from core.model.ids import PartyId, TokenUid
from core.model.token import Token, TokenQuery, token_key
from gateway.storage.database import Database
from gateway.storage.documents import Document
from gateway.storage.group_commit import GroupCommit
from gateway.storage.outbox import EventWriter
from gateway.storage.versioned import VersionedStore, document_of, owners_filter, window


class MongoTokens(VersionedStore[Token]):
    collection_name: ClassVar[str] = "tokens"
    kind = Token

    def __init__(self, database: Database, events: EventWriter) -> None:
        super().__init__(database, events)
        self._by_uid: GroupCommit[TokenUid, list[Token]] = GroupCommit(self._find_uids)

    async def close(self) -> None:
        await self._by_uid.close()
        await super().close()

    async def get(self, issuer: PartyId, kind: str, uid: TokenUid) -> Token | None:
        return await self._one({"_id": token_key(issuer, kind, uid)})

    async def by_uid(self, uid: TokenUid) -> list[Token]:
        """Cards that are shown at the same time are looked up together."""
        return await self._by_uid(uid)

    async def _find_uids(self, uids: list[TokenUid]) -> list[list[Token]]:
        found: dict[str, list[Token]] = {uid.key: [] for uid in uids}
        for token in await self._list({"doc.uid.key": {"$in": list(found)}}):
            found[token.uid.key].append(token)
        return [sorted(found[uid.key], key=lambda token: token.key) for uid in uids]

    async def page(self, query: TokenQuery) -> tuple[list[Token], int]:
        return await self._page(_filter(query), query.offset, query.limit)

    def each(self, query: TokenQuery) -> AsyncIterator[Token]:
        return self._each(_filter(query))

    def _document(self, thing: Token) -> Document:
        return document_of(thing, thing.key, owner=thing.issuer.key)


def _filter(query: TokenQuery) -> Document:
    wanted = owners_filter("owner", query.issuers) | window("doc.updated_at", query.updated_from, query.updated_to)
    if query.stored_from is not None:
        wanted["rev"] = {"$gte": revision_at(query.stored_from)}
    return wanted
