"""Tariffs: taken from their owners, shown and told to whoever may see them."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import datetime

from core.errors import Unknown
from core.model.event import Event, EventKind
from core.model.ids import PartyId
from core.model.location import Location
from core.model.partner import Partner, Role
from core.model.tariff import Tariff
from core.ports.clock import Clock, Ids
from core.ports.prices import TariffStore
from core.ports.registry import PartnerStore
from core.ports.stores import Saved
from core.routing import CPO_SIDE, visible_owners
from core.services.partners import owner_of

PAGE = 500


class TariffService:
    def __init__(self, tariffs: TariffStore, partners: PartnerStore, clock: Clock, ids: Ids) -> None:
        self._tariffs = tariffs
        self._partners = partners
        self._clock = clock
        self._ids = ids

    async def put(self, caller: Partner, tariff: Tariff, correlation_id: str | None = None) -> Saved:
        owner_of(caller, tariff.owner, "$.party_id")
        return await self._tariffs.save(
            tariff, events=[self._event(EventKind.TARIFF_CHANGED, tariff, caller, correlation_id)]
        )

    async def own(self, caller: Partner, owner: PartyId, tariff_id: str) -> Tariff:
        owner_of(caller, owner, "$.party_id")
        tariff = await self._tariffs.get(owner, tariff_id)
        if tariff is None:
            raise Unknown("tariff", tariff_id)
        return tariff

    async def known(self, owner: PartyId, tariff_id: str) -> Tariff | None:
        """The hub's copy, if it has one."""
        return await self._tariffs.get(owner, tariff_id)

    async def owned(self, owner: PartyId) -> AsyncIterator[Tariff]:
        """All of the owner's."""
        offset, total = 0, 1
        while offset < total:
            found, total = await self._tariffs.page(
                owners=[owner], updated_from=None, updated_to=None, offset=offset, limit=PAGE
            )
            for tariff in found:
                yield tariff
            offset += PAGE

    async def of_places(self, locations: Iterable[Location]) -> list[Tariff]:
        """Those that their connectors name, as far as they are held."""
        named = {(location.owner, tariff_id) for location in locations for tariff_id in location.tariff_ids}
        found = await asyncio.gather(*(self._tariffs.get(owner, tariff_id) for owner, tariff_id in sorted(named)))
        return [tariff for tariff in found if tariff is not None]

    async def remove(self, caller: Partner, owner: PartyId, tariff_id: str, correlation_id: str | None = None) -> None:
        tariff = await self.own(caller, owner, tariff_id)
        await self._tariffs.remove(
            tariff, events=[self._event(EventKind.TARIFF_DELETED, tariff, caller, correlation_id)]
        )

    async def page(
        self,
        reader: Partner,
        updated_from: datetime | None,
        updated_to: datetime | None,
        offset: int,
        limit: int,
        owners: tuple[PartyId, ...] | None = None,
        stored_from: datetime | None = None,
    ) -> tuple[list[Tariff], int]:
        """What the reader may see of these owners (None: of all)."""
        visible = visible_owners(reader, await self._partners.all(), CPO_SIDE)
        owners = visible if owners is None else tuple(owner for owner in visible if owner in owners)
        return await self._tariffs.page(
            owners=owners,
            recipients=reader.parties_as(Role.EMSP),
            updated_from=updated_from,
            updated_to=updated_to,
            stored_from=stored_from,
            offset=offset,
            limit=limit,
        )

    def _event(self, kind: EventKind, tariff: Tariff, caller: Partner, correlation_id: str | None) -> Event:
        return Event(
            id=self._ids.uuid(),
            kind=kind,
            key=tariff.key,
            part=tariff.id if kind is EventKind.TARIFF_DELETED else None,
            owner=tariff.owner,
            source=caller.id,
            correlation_id=correlation_id,
            at=self._clock.now(),
        )
