"""Tokens: taken from their issuers, shown and told to the operators that may accept them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import msgspec

from core.errors import Unknown
from core.model.event import Event, EventKind
from core.model.ids import ContractId, PartyId, TokenUid
from core.model.partner import ISSUERS, Partner
from core.model.token import Token, TokenKind, TokenQuery
from core.model.version import Version
from core.ports.clock import Clock, Ids
from core.ports.registry import PartnerStore
from core.ports.stores import Saved, TokenStore
from core.routing import CARD_READERS, plays_any, vanished_owners, visible_owners
from core.services.partners import owner_of

_ISSUERS = frozenset(ISSUERS)


class TokenService:
    def __init__(self, tokens: TokenStore, partners: PartnerStore, clock: Clock, ids: Ids) -> None:
        self._tokens = tokens
        self._partners = partners
        self._clock = clock
        self._ids = ids

    async def put(self, caller: Partner, token: Token, correlation_id: str | None = None) -> Saved:
        """Insert or replace; older than ours changes nothing."""
        owner_of(caller, token.issuer, "$.party_id")
        return await self._tokens.save(token, events=[self._event(token, caller, correlation_id)])

    async def own(self, caller: Partner, issuer: PartyId, kind: str, uid: TokenUid) -> Token:
        owner_of(caller, issuer, "$.party_id")
        token = await self._tokens.get(issuer, kind, uid)
        if token is None:
            raise Unknown("token", uid.text)
        return token

    async def load(self, caller: Partner, issuer: PartyId, tokens: Sequence[Token]) -> None:
        owner_of(caller, issuer, "$.ProviderID")
        await self._tokens.save_all(tokens, events=[self._event(token, caller, None) for token in tokens])

    async def push(
        self,
        caller: Partner,
        issuer: PartyId,
        tokens: Sequence[Token],
        gone: Sequence[Token],
        versions: Sequence[Version],
    ) -> None:
        """`tokens` as by `load`, `gone` as by `forget`, and what the sets of the issuer become: all, or nothing."""
        owner_of(caller, issuer, "$.ProviderID")
        written = [*tokens, *self._invalid(gone)]
        events = [self._event(token, caller, None) for token in written]
        await self._tokens.save_together(written, events=events, versions=versions)

    async def forget(self, caller: Partner, issuer: PartyId, tokens: Sequence[Token]) -> None:
        """Invalidated and told, then no longer shown as valid: a CPO that missed it still sees `valid` false."""
        owner_of(caller, issuer, "$.ProviderID")
        gone = self._invalid(tokens)
        await self._tokens.save_all(gone, events=[self._event(token, caller, None) for token in gone])

    async def by_keys(self, caller: Partner, issuer: PartyId, keys: Sequence[str]) -> dict[str, Token]:
        """Those of the caller's own that are held."""
        owner_of(caller, issuer, "$.ProviderID")
        found = await asyncio.gather(*map(self._tokens.by_key, keys))
        return {token.key: token for token in found if token is not None and token.issuer == issuer}

    async def of_contract(self, reader: Partner, contract_id: ContractId) -> Token | None:
        """The token of this contract that the reader may know of; of several rather a card, else the latest. Where the
        eMSP that the contract names is here, nobody else has it."""
        issuers = visible_owners(reader, await self._partners.all(), _ISSUERS)
        if contract_id.provider in issuers:
            issuers = (contract_id.provider,)
        found = [token for token in await self._tokens.of_contract(contract_id) if token.issuer in issuers]
        return max(found, key=lambda token: (token.kind == TokenKind.RFID, token.updated_at), default=None)

    async def known(self, issuer: PartyId, kind: str, uid: TokenUid) -> Token | None:
        """The hub's copy, if it has one."""
        return await self._tokens.get(issuer, kind, uid)

    async def issuers(self, kind: str, uid: TokenUid) -> list[PartyId]:
        """Whose card it is by what the hub holds, whatever the agreements are."""
        return list(dict.fromkeys(token.issuer for token in await self._tokens.of_card(kind, uid)))

    def owned(self, issuer: PartyId) -> AsyncIterator[Token]:
        return self._tokens.each(TokenQuery(issuers=(issuer,)))

    async def page(self, reader: Partner, query: TokenQuery) -> tuple[list[Token], int]:
        """Tokens of all issuers that the reader has an agreement with, if it is an operator; its own are not among
        them."""
        issuers = await self._shown_to(reader)
        if query.issuers is not None:
            issuers = tuple(issuer for issuer in issuers if issuer in query.issuers)
        return await self._tokens.page(msgspec.structs.replace(query, issuers=issuers))

    async def each(self, reader: Partner, query: TokenQuery) -> AsyncIterator[Token]:
        """As `page`, all of them, streamed."""
        issuers = await self._shown_to(reader)
        async for token in self._tokens.each(msgspec.structs.replace(query, issuers=issuers)):
            yield token

    async def told_since(self, reader: Partner, since: datetime) -> AsyncIterator[Token]:
        """What a reader has to hear that knows what it could see at `since`: tokens stored from then on and all of
        issuers that came into sight; those of issuers that went out of sight are invalid as of then."""
        partners = await self._partners.all()
        new = visible_owners(reader, partners, _ISSUERS, since=since)
        old = tuple(party for party in visible_owners(reader, partners, _ISSUERS) if party not in new)
        async for token in self._tokens.each(TokenQuery(stored_from=since, issuers=old)):
            yield token
        async for token in self._tokens.each(TokenQuery(issuers=new)):
            yield token
        gone = vanished_owners(reader, partners, _ISSUERS, since)
        async for token in self._tokens.each(TokenQuery(issuers=tuple(gone))):
            yield msgspec.structs.replace(token, valid=False, updated_at=gone[token.issuer])

    async def _shown_to(self, reader: Partner) -> tuple[PartyId, ...]:
        if not plays_any(reader, CARD_READERS):
            return ()
        return visible_owners(reader, await self._partners.all(), _ISSUERS)

    def _invalid(self, tokens: Sequence[Token]) -> list[Token]:
        now = self._clock.now()
        return [msgspec.structs.replace(token, valid=False, updated_at=now) for token in tokens]

    def _event(self, token: Token, caller: Partner, correlation_id: str | None) -> Event:
        return Event(
            id=self._ids.uuid(),
            kind=EventKind.TOKEN_CHANGED,
            key=token.key,
            owner=token.issuer,
            source=caller.id,
            correlation_id=correlation_id,
            at=self._clock.now(),
        )
