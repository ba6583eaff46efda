"""Outbox and journal in memory."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from core.model.delivery import Delivery, DeliveryState
from core.model.event import Event
from core.model.partner import Exchange
from core.ports.clock import Clock
from tests.fakes.clock import FakeClock

REPLAYABLE = (DeliveryState.DEAD, DeliveryState.MISSED)


class FakeOutbox:
    """`events` waiting, `deliveries` of every state; both by id, in order of arrival."""

    def __init__(self, clock: Clock | None = None, in_flight: int = 32) -> None:
        self.clock = clock or FakeClock()
        self.in_flight = in_flight
        self.events: dict[str, Event] = {}
        self.deliveries: dict[str, Delivery] = {}
        self._leases: dict[str, datetime] = {}
        self._news = asyncio.Event()

    def add(self, events: Iterable[Event]) -> None:
        """What the stores do in the transaction of their `save`."""
        for event in events:
            self.events[event.id] = event
        self._news.set()

    async def put(self, events: Sequence[Event]) -> None:
        self.add(events)

    async def claim_events(self, limit: int, lease_s: float) -> list[Event]:
        free = [event for event in self.events.values() if self._free(event.id)]
        free.sort(key=lambda event: (event.at, event.id))
        for event in free[:limit]:
            self._lease(event.id, lease_s)
        return free[:limit]

    async def fan_out(self, event: Event, deliveries: Sequence[Delivery]) -> None:
        if self.events.pop(event.id, None) is None:
            return
        self._leases.pop(event.id, None)
        replaced = {(delivery.partner, delivery.coalesce) for delivery in deliveries}
        for held in list(self.deliveries.values()):
            if held.state is DeliveryState.PENDING and (held.partner, held.coalesce) in replaced:
                self.deliveries[held.id] = replace(held, state=DeliveryState.SUPERSEDED, settled_at=self.clock.now())
        self.deliveries.update((delivery.id, delivery) for delivery in deliveries)
        self._news.set()

    async def claim_deliveries(self, limit: int, lease_s: float) -> list[Delivery]:
        now = self.clock.now()
        pending = [delivery for delivery in self.deliveries.values() if delivery.state is DeliveryState.PENDING]
        leased = Counter(delivery.partner for delivery in pending if not self._free(delivery.id))
        busy = {(d.partner, d.coalesce) for d in self.deliveries.values() if not self._free(d.id)}
        due = [d for d in pending if d.due_at <= now and (d.partner, d.coalesce) not in busy]
        due.sort(key=lambda delivery: (delivery.due_at, delivery.id))
        partners = dict.fromkeys(delivery.partner for delivery in due)
        share = -(-limit // max(1, len(partners)))
        claimed: list[Delivery] = []
        for partner in partners:
            room = min(share, self.in_flight - leased[partner], limit - len(claimed))
            claimed += [delivery for delivery in due if delivery.partner == partner][: max(0, room)]
        for delivery in claimed:
            self._lease(delivery.id, lease_s)
        return claimed

    async def settle(self, delivery: Delivery) -> None:
        held = self.deliveries.get(delivery.id)
        if held is None:
            return
        if held.state is not DeliveryState.PENDING and delivery.state is DeliveryState.PENDING:
            delivery = replace(delivery, state=held.state, settled_at=held.settled_at)
        self.deliveries[delivery.id] = delivery
        self._leases.pop(delivery.id, None)
        self._news.set()

    async def hurry(self, partner: str) -> None:
        now = self.clock.now()
        for id, held in self.deliveries.items():
            if held.partner == partner and held.state is DeliveryState.PENDING and held.due_at > now:
                self.deliveries[id] = replace(held, due_at=now)
        self._news.set()

    async def replay(self, delivery_id: str) -> bool:
        held = self.deliveries.get(delivery_id)
        if held is None or held.state not in REPLAYABLE:
            return False
        now = self.clock.now()
        self.deliveries[delivery_id] = replace(held, state=DeliveryState.PENDING, due_at=now, settled_at=None)
        self._news.set()
        return True

    async def get(self, delivery_id: str) -> Delivery | None:
        return self.deliveries.get(delivery_id)

    async def page(
        self, *, partner: str | None, states: Sequence[DeliveryState] | None, offset: int, limit: int
    ) -> tuple[list[Delivery], int]:
        found = [
            delivery
            for delivery in self.deliveries.values()
            if (partner is None or delivery.partner == partner) and (states is None or delivery.state in states)
        ]
        found.sort(key=lambda delivery: (delivery.created_at, delivery.id), reverse=True)
        return found[offset : offset + limit], len(found)

    async def about(
        self, keys: Sequence[str], *, partners: Sequence[str], since: datetime, limit: int
    ) -> list[Delivery]:
        found = [
            delivery
            for delivery in self.deliveries.values()
            if delivery.key in keys and delivery.partner in partners and delivery.created_at >= since
        ]
        return sorted(found, key=lambda delivery: (delivery.created_at, delivery.id))[:limit]

    async def counts(self) -> dict[tuple[str, DeliveryState], int]:
        return dict(Counter((delivery.partner, delivery.state) for delivery in self.deliveries.values()))

    async def oldest_waiting(self) -> datetime | None:
        pending = (d.created_at for d in self.deliveries.values() if d.state is DeliveryState.PENDING)
        return min((*(event.at for event in self.events.values()), *pending), default=None)

    async def changed(self, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    def _free(self, name: str) -> bool:
        return self._leases.get(name, datetime.min.replace(tzinfo=self.clock.now().tzinfo)) <= self.clock.now()

    def _lease(self, name: str, lease_s: float) -> None:
        self._leases[name] = self.clock.now() + timedelta(seconds=lease_s)


class FakeJournal:
    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def record(self, exchange: Exchange) -> None:
        self.exchanges.append(exchange)

    async def flush(self) -> None:
        """Nothing waits here; the real one writes what waits."""

    async def page(self, *, partner: str | None, offset: int, limit: int) -> tuple[list[Exchange], int]:
        found = [exchange for exchange in self.exchanges if partner is None or exchange.partner == partner]
        found.sort(key=lambda exchange: (exchange.at, exchange.id), reverse=True)
        return found[offset : offset + limit], len(found)

    async def of_correlations(self, ids: Sequence[str], limit: int) -> list[Exchange]:
        found = [exchange for exchange in self.exchanges if exchange.correlation_id in ids]
        return sorted(found, key=lambda exchange: (exchange.at, exchange.id))[:limit]
