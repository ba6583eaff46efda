"""The stores of what charging costs, in dicts."""

from collections.abc import Sequence
from datetime import datetime

from core.model.base import revision_at
from core.model.event import Event
from core.model.ids import EvseId, PartyId
from core.model.tariff import EvsePrice, Tariff
from tests.fakes.outbox import FakeOutbox
from tests.fakes.stores import Shelf, T


class _Past(Shelf[T]):
    """With every version that `change` wrote; None: gone from then on."""

    def __init__(self, outbox: FakeOutbox) -> None:
        super().__init__(outbox)
        self.versions: list[tuple[datetime, str, T | None]] = []

    async def change(self, changed: Sequence[T], gone: Sequence[T], *, at: datetime, events: Sequence[Event]) -> None:
        for item in changed:
            self._write(item)
        await self.remove(gone, events=events)
        self.versions += [(at, item.key, item) for item in changed]
        self.versions += [(at, item.key, None) for item in gone]

    async def as_of(self, owner: PartyId, moment: datetime, keys: Sequence[str] | None = None) -> list[T]:
        mine = [one for one in self.versions if one[1].startswith(f"{owner.key}/") and (keys is None or one[1] in keys)]
        then = {key: item for at, key, item in mine if at <= moment}
        return [item for _, item in sorted(then.items()) if item is not None]


class FakeEvsePrices(_Past[EvsePrice]):
    async def of_owner(self, owner: PartyId, evse_ids: Sequence[EvseId] | None = None) -> list[EvsePrice]:
        found = (one for one in self.held.values() if one.owner == owner)
        return sorted((one for one in found if evse_ids is None or one.evse_id in evse_ids), key=lambda one: one.key)


class FakeTariffs(_Past[Tariff]):
    async def get(self, owner: PartyId, tariff_id: str) -> Tariff | None:
        return self.held.get(f"{owner.key}/{tariff_id.upper()}")

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
        found = self._find(
            lambda x: owners is None or x.owner in owners,
            lambda x: recipients is None or x.recipient is None or x.recipient in recipients,
            lambda x: stored_from is None or self.revisions[x.key] >= revision_at(stored_from),
            since=updated_from,
            until=updated_to,
        )
        return found[offset : offset + limit], len(found)

    async def of_owner(self, owner: PartyId) -> list[Tariff]:
        return sorted((one for one in self.held.values() if one.owner == owner), key=lambda one: one.key)
