"""Stores of what charging costs, and where."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.model.event import Event
from core.model.ids import EvseId, PartyId
from core.model.tariff import EvsePrice, Tariff
from core.ports.stores import Saved


class TariffStore(Protocol):
    async def by_key(self, key: str) -> Tariff | None: ...

    async def get(self, owner: PartyId, tariff_id: str) -> Tariff | None: ...

    async def save(self, tariff: Tariff, *, events: Sequence[Event]) -> Saved: ...

    async def remove(self, tariff: Tariff, *, events: Sequence[Event]) -> None: ...

    async def change(
        self, changed: Sequence[Tariff], gone: Sequence[Tariff], *, at: datetime, events: Sequence[Event]
    ) -> None:
        """All in one step, and kept with every earlier version: see `as_of`. No version check."""
        ...

    async def as_of(self, owner: PartyId, moment: datetime, keys: Sequence[str] | None = None) -> list[Tariff]:
        """Of what `change` wrote, what held then (of these keys, None: of all); in order of their keys."""
        ...

    async def of_owner(self, owner: PartyId) -> list[Tariff]:
        """All, whomever they are meant for, in order of their keys."""
        ...

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
        """Of these owners (None: any), meant for everybody or for one of `recipients` (None: whomever).

        `stored_from`: since when the hub has held them as they are, whatever their owner's time says."""
        ...


class EvsePriceStore(Protocol):
    async def change(
        self, changed: Sequence[EvsePrice], gone: Sequence[EvsePrice], *, at: datetime, events: Sequence[Event]
    ) -> None:
        """All in one step, and kept with every earlier version: see `as_of`."""
        ...

    async def as_of(self, owner: PartyId, moment: datetime, keys: Sequence[str] | None = None) -> list[EvsePrice]:
        """What held then (of these keys, None: of all), in order of their keys."""
        ...

    async def of_owner(self, owner: PartyId, evse_ids: Sequence[EvseId] | None = None) -> list[EvsePrice]:
        """Those of these EVSEs (None: of all), whomever they are meant for, in order of their keys."""
        ...
