"""Asking partners whether they are there: those of whom nothing was heard for a while, and those that are away.

Source: OCPI 2.3.0, mod_hub_client_info, still alive check. Any number of processes may do this side by side: whose turn
it is to ask a partner is decided in the store (record 19).
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from core.errors import RoamingError, StoreUnavailable, Unsupported
from core.model.partner import Partner, PartnerState, Sighting
from core.ports.adapter import Call, ProtocolAdapter
from core.ports.clock import Clock, Ids
from core.ports.registry import PartnerStore
from core.services.partners import PartnerService
from core.services.presence import Presence

LONGEST_PAUSE_S: Final = 30.0
_TURN: Final = 0.8
"""Of a pause: shorter than the way to one's own next turn, longer than that to anybody else's."""


class KeepAlive:
    def __init__(
        self,
        *,
        partners: PartnerStore,
        registry: PartnerService,
        presence: Presence,
        adapters: Mapping[str, ProtocolAdapter],
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._partners = partners
        self._registry = registry
        self._presence = presence
        self._adapters = adapters
        self._clock = clock
        self._ids = ids

    @property
    def pause_s(self) -> float:
        """Between two rounds."""
        return min(LONGEST_PAUSE_S, self._presence.silence_s / 4)

    async def round(self) -> None:
        """Asks each partner of whom nothing was heard for too long; one that only listens would never tell."""
        sightings = await self._presence.sightings()
        due = [partner for partner in await self._partners.all() if self._is_due(partner, sightings.get(partner.id))]
        await asyncio.gather(*map(self._ask, due))

    async def sightings(self) -> dict[str, Sighting]:
        return await self._presence.sightings()

    def silent(self, partner: Partner, sighting: Sighting | None) -> bool:
        """Whether nothing was heard of it for longer than its protocol expects. It may be there all the same."""
        limit_s = self._limit_s(partner)
        heard = (sighting.at if sighting else None) or partner.created_at
        return limit_s is not None and self._clock.now() - heard >= timedelta(seconds=limit_s) + self._presence.grain

    def _limit_s(self, partner: Partner) -> float | None:
        adapter = self._adapters.get(partner.protocol)
        return adapter.silence_s(partner, self._presence.silence_s) if adapter else None

    def _is_due(self, partner: Partner, sighting: Sighting | None) -> bool:
        if partner.state is PartnerState.OFFLINE:
            return partner.protocol in self._adapters
        return partner.state is PartnerState.CONNECTED and self.silent(partner, sighting)

    async def _ask(self, partner: Partner) -> None:
        if not await self._presence.take_turn(partner.id, self.pause_s * _TURN):
            return
        call = Call(partner=partner, correlation_id=self._ids.uuid(), sender=partner.parties[0])
        try:
            await self._adapters[partner.protocol].probe(call)
        except (Unsupported, StoreUnavailable):  # says nothing of the partner
            return
        except RoamingError:
            await self._registry.not_reached(partner.id)
            return
        await self._registry.reached(partner.id)
