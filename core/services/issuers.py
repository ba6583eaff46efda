"""Whom to ask about a card: the one that is addressed or known, else all at once; upstream platforms come last."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from msgspec import Struct

from core.model.authorisation import Answered, AuthoriseRequest
from core.model.cards import is_hashed
from core.model.ids import PartyId, TokenUid
from core.model.partner import Partner, Role
from core.model.token import Token
from core.ports.adapter import Capability, ProtocolAdapter
from core.ports.cache import Cache
from core.ports.clock import Clock
from core.routing import candidate_issuers

HINT_TTL_S = timedelta(hours=12).total_seconds()
"""How long we remember which eMSP said yes to a card that nobody had told us of."""
AWAY_S = 60.0
"""Longer than platforms are ever waited for."""


class Asked(Struct, frozen=True, kw_only=True):
    """`near` are asked first and together; `far`, upstream platforms, only if none of them says yes. `lists` are those
    of the same standing that cannot be asked."""

    near: tuple[Partner, ...]
    far: tuple[Partner, ...]
    lists: tuple[Partner, ...]
    by: Answered

    @property
    def all(self) -> tuple[Partner, ...]:
        return self.near + self.far


class Issuers:
    def __init__(self, adapters: Mapping[str, ProtocolAdapter], cache: Cache, clock: Clock) -> None:
        self._adapters = adapters
        self._cache = cache
        self._clock = clock

    async def of(
        self, request: AuthoriseRequest, caller: Partner, partners: Sequence[Partner], held: Sequence[Token]
    ) -> Asked:
        """For a caller that is an upstream platform itself no other one is asked."""
        issuers, by = await self._candidates(request, caller, partners, held)
        if self._is_upstream(caller):
            issuers = [partner for partner in issuers if not self._is_upstream(partner)]
        able = [partner for partner in issuers if self._can_answer(partner) and self._may_ask(partner, by)]
        if is_hashed(request.kind):  # no protocol can ask about a hash
            able = []
        return Asked(
            near=tuple(partner for partner in able if not self._is_upstream(partner)),
            far=tuple(partner for partner in able if self._is_upstream(partner)),
            lists=tuple(partner for partner in issuers if not self._can_answer(partner)),
            by=by,
        )

    async def remember(self, uid: TokenUid, issuer: PartyId) -> None:
        """It said yes to a card that nobody had told us of: next time it is asked alone."""
        await self._cache.put(_hint(uid), issuer.key.encode(), HINT_TTL_S)

    @asynccontextmanager
    async def away(self, uid: TokenUid, caller: Partner) -> AsyncIterator[bool]:
        """Whether platforms may be asked about the card now. A platform that is a partner here, too, asks back what it
        is asked: such a question of another partner meanwhile is not passed on, it would go round for ever."""
        name = f"away/{uid.key}"
        by = await self._cache.get(name)
        if by is not None and by != caller.id.encode():
            yield False
            return
        await self._cache.put(name, caller.id.encode(), AWAY_S)
        try:
            yield True
        finally:
            await self._cache.drop(name)

    async def _candidates(
        self, request: AuthoriseRequest, caller: Partner, partners: Sequence[Partner], held: Sequence[Token]
    ) -> tuple[list[Partner], Answered]:
        now = self._clock.now()
        if request.issuer:
            return candidate_issuers(caller, partners, request.issuer, now), Answered.ISSUER
        if held:
            known = [candidate_issuers(caller, partners, token.issuer, now) for token in held]
            return [partner for found in known for partner in found], Answered.ISSUER
        provider = request.contract_id.provider if request.contract_id else None
        if provider:
            return self._of_provider(provider, caller, partners, now), Answered.ISSUER
        if hint := await self._cache.get(_hint(request.uid)):
            remembered = candidate_issuers(caller, partners, PartyId.parse(hint.decode()), now)
            if any(self._can_answer(partner) for partner in remembered):
                return remembered, Answered.CACHE
        return candidate_issuers(caller, partners, None, now), Answered.BROADCAST

    def _of_provider(
        self, provider: PartyId, caller: Partner, partners: Sequence[Partner], now: datetime
    ) -> list[Partner]:
        """One that is nobody's here may be behind an upstream platform."""
        if any(partner.speaks_for(provider, Role.EMSP) for partner in partners):
            return candidate_issuers(caller, partners, provider, now)
        return [partner for partner in candidate_issuers(caller, partners, None, now) if self._is_upstream(partner)]

    def _is_upstream(self, partner: Partner) -> bool:
        adapter = self._adapters.get(partner.protocol)
        return adapter is not None and adapter.is_upstream(partner)

    def _can_answer(self, partner: Partner) -> bool:
        adapter = self._adapters.get(partner.protocol)
        return adapter is not None and Capability.AUTHORISE in adapter.capabilities and adapter.answers(partner)

    def _may_ask(self, partner: Partner, by: Answered) -> bool:
        return by is not Answered.BROADCAST or self._adapters[partner.protocol].joins_broadcasts(partner)


def _hint(uid: TokenUid) -> str:
    return f"issuer/{uid.key}"
