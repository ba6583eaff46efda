"""Tokens of eMSPs."""

from collections import ChainMap, defaultdict
from collections.abc import AsyncIterator
from typing import ClassVar

from core.model.base import revision_at
from core.model.cards import marks
from core.model.ids import ContractId, PartyId, TokenUid
from core.model.token import Token, TokenQuery, token_key
from gateway.storage.database import Database
from gateway.storage.documents import Document
from gateway.storage.group_commit import GroupCommit
from gateway.storage.outbox import EventWriter
from gateway.storage.pushes import Pushes
from gateway.storage.sets import VersionWriter
from gateway.storage.versioned import PushedStore, document_of, owners_filter, window


class MongoTokens(PushedStore[Token]):
    collection_name: ClassVar[str] = "tokens"
    kind = Token

    def __init__(self, database: Database, events: EventWriter, versions: VersionWriter, pushes: Pushes) -> None:
        super().__init__(database, events, versions, pushes)
        self._by_marks: GroupCommit[tuple[str, ...], list[Token]] = GroupCommit(self._find_marks)

    async def close(self) -> None:
        await self._by_marks.close()
        await super().close()

    async def get(self, issuer: PartyId, kind: str, uid: TokenUid) -> Token | None:
        return await self._one({"_id": token_key(issuer, kind, uid)})

    async def of_card(self, kind: str, uid: TokenUid) -> list[Token]:
        """Cards that are shown at the same time are looked up together."""
        return await self._by_marks(marks(kind, uid))

    async def of_contract(self, contract_id: ContractId) -> list[Token]:
        return sorted(await self._list({"contract": contract_id.key}), key=lambda token: token.key)

    async def _find_marks(self, asked: list[tuple[str, ...]]) -> list[list[Token]]:
        wanted = list({mark for its_marks in asked for mark in its_marks})
        found: defaultdict[str, dict[str, Token]] = defaultdict(dict)
        for token in await self._list({"marks": {"$in": wanted}}):
            for mark in marks(token.kind, token.uid):
                found[mark][token.key] = token
        return [_by_key(*(found[mark] for mark in its_marks)) for its_marks in asked]

    async def page(self, query: TokenQuery) -> tuple[list[Token], int]:
        return await self._page(_filter(query), query.offset, query.limit)

    def each(self, query: TokenQuery) -> AsyncIterator[Token]:
        return self._each(_filter(query))

    def _document(self, thing: Token) -> Document:
        contract = {"contract": thing.contract_id.key} if thing.contract_id else {}
        return document_of(thing, thing.key, owner=thing.issuer.key, marks=marks(thing.kind, thing.uid), **contract)


def _by_key(*found: dict[str, Token]) -> list[Token]:
    return [token for _, token in sorted(ChainMap(*found).items())]


def _filter(query: TokenQuery) -> Document:
    wanted = owners_filter("owner", query.issuers) | window("doc.updated_at", query.updated_from, query.updated_to)
    if query.stored_from is not None:
        wanted["rev"] = {"$gte": revision_at(query.stored_from)}
    return wanted
