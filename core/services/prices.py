"""Prices that are said apart from the places: taken from their owners as sets, and applied to the places.

A set is written at once, with the tariffs' own events and one for the hub itself: the relay applies the prices to the
owner's locations, so that a crash in between loses nothing.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from core.model.event import Event, EventKind
from core.model.ids import EvseId, PartyId
from core.model.location import Evse, Location, LocationQuery
from core.model.partner import Partner
from core.model.tariff import EvsePrice, Tariff, evse_price_key
from core.ports.clock import Clock, Ids
from core.ports.prices import EvsePriceStore, TariffStore
from core.ports.stores import LocationStore
from core.prices import PriceBook
from core.services.partners import owner_of

BULK = 100


class PriceService:
    def __init__(
        self, *, tariffs: TariffStore, evse_prices: EvsePriceStore, locations: LocationStore, clock: Clock, ids: Ids
    ) -> None:
        self._tariffs = tariffs
        self._evse_prices = evse_prices
        self._locations = locations
        self._clock = clock
        self._ids = ids

    # --- from the owner

    async def tariffs_of(self, owner: PartyId) -> list[Tariff]:
        """All of them, whomever they are meant for."""
        return await self._tariffs.of_owner(owner)

    async def evse_prices_of(self, owner: PartyId, evse_ids: Sequence[EvseId] | None = None) -> list[EvsePrice]:
        """All of them, or those of these EVSEs, whomever they are meant for."""
        return await self._evse_prices.of_owner(owner, evse_ids)

    async def change_tariffs(
        self, caller: Partner, owner: PartyId, changed: Sequence[Tariff], gone: Sequence[Tariff], correlation_id: str
    ) -> None:
        """`changed` and `gone` differ from what is held."""
        owner_of(caller, owner, "$.OperatorID")
        held = {tariff.key: tariff for tariff in await self._tariffs.of_owner(owner)} if changed else {}
        event = self._event(EventKind.PRICES_CHANGED, owner, owner.key, caller, correlation_id)
        events = [self._told(tariff, held.get(tariff.key), caller, correlation_id) for tariff in changed]
        events += [self._taken_back(tariff, caller, correlation_id) for tariff in gone]
        await self._tariffs.change(changed, gone, at=event.at, events=[*events, event])

    async def change_evse_prices(
        self,
        caller: Partner,
        owner: PartyId,
        changed: Sequence[EvsePrice],
        gone: Sequence[EvsePrice],
        correlation_id: str,
    ) -> None:
        owner_of(caller, owner, "$.OperatorID")
        event = self._event(EventKind.PRICES_CHANGED, owner, owner.key, caller, correlation_id)
        await self._evse_prices.change(changed, gone, at=event.at, events=[event])

    # --- to the places

    async def priced(self, owner: PartyId, locations: Sequence[Location]) -> list[Location]:
        """With what the owner charges there, if it has said so apart from them."""
        book = await self._book(owner, [evse.evse_id for one in locations for evse in one.evses if evse.evse_id])
        return [book.applied(one) for one in locations] if book else list(locations)

    async def charged(
        self, owner: PartyId, evse_id: EvseId, recipient: PartyId | None, product: str | None, at: datetime
    ) -> Tariff | None:
        """What the owner charged this eMSP there and then, as far as it had said so by then: the product that is named,
        else the only one that held. None if that is not known, or the owner says what it costs with its places."""
        tariffs = [one for one in await self._tariffs.as_of(owner, at) if one.recipient in (None, recipient)]
        if not any(tariff.is_default for tariff in tariffs):
            return None
        keys = [evse_price_key(owner, evse_id, who) for who in {None, recipient}]
        prices = await self._evse_prices.as_of(owner, at, keys)
        return PriceBook(tariffs, prices).charged(evse_id.key, recipient, product)

    async def apply(self, owner: PartyId, source: str | None) -> None:
        """All locations of the owner bear the tariffs that hold now, and those that bore others are told again."""
        book = await self._book(owner, None)
        if book is None:
            return
        stale = [
            location.key
            async for location in self._locations.each(LocationQuery(owners=(owner,)))
            if book.applied(location) is not location
        ]
        for start in range(0, len(stale), BULK):
            await self._locations.revise(stale[start : start + BULK], lambda held: self._charged(book, held, source))

    async def _book(self, owner: PartyId, evse_ids: Sequence[EvseId] | None) -> PriceBook | None:
        """None for an owner that says with its places what charging costs there."""
        tariffs = await self._tariffs.of_owner(owner)
        if not any(tariff.is_default for tariff in tariffs):
            return None
        return PriceBook(tariffs, await self._evse_prices.of_owner(owner, evse_ids))

    def _charged(self, book: PriceBook, held: Location, source: str | None) -> tuple[Location, Event] | None:
        """EVSEs and connectors that bear other tariffs have changed now, and so has the location."""
        charged, now = book.applied(held), self._clock.now()
        if charged is held:
            return None
        evses = tuple(
            evse if evse == old else _changed(evse, now) for old, evse in zip(held.evses, charged.evses, strict=True)
        )
        event = Event(
            id=self._ids.uuid(),
            kind=EventKind.LOCATION_CHANGED,
            key=held.key,
            owner=held.owner,
            source=source,
            at=now,
        )
        return replace(charged, evses=evses, updated_at=max(held.updated_at, now)), event

    # --- events

    def _told(self, tariff: Tariff, held: Tariff | None, caller: Partner, correlation_id: str) -> Event:
        """What others could be told before and cannot any more is taken back from them."""
        if held is not None and held.elements and not tariff.elements:
            return self._taken_back(tariff, caller, correlation_id)
        event = self._event(EventKind.TARIFF_CHANGED, tariff.owner, tariff.key, caller, correlation_id)
        return replace(event, recipient=tariff.recipient)

    def _taken_back(self, tariff: Tariff, caller: Partner, correlation_id: str) -> Event:
        event = self._event(EventKind.TARIFF_DELETED, tariff.owner, tariff.key, caller, correlation_id)
        return replace(event, part=tariff.id, recipient=tariff.recipient)

    def _event(self, kind: EventKind, owner: PartyId, key: str, caller: Partner, correlation_id: str) -> Event:
        return Event(
            id=self._ids.uuid(),
            kind=kind,
            key=key,
            owner=owner,
            source=caller.id,
            correlation_id=correlation_id,
            at=self._clock.now(),
        )


def _changed(evse: Evse, at: datetime) -> Evse:
    plugs = tuple(replace(plug, updated_at=max(plug.updated_at, at)) for plug in evse.connectors)
    return replace(evse, updated_at=max(evse.updated_at, at), connectors=plugs)
