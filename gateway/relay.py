"""Drains the outbox: events become deliveries, deliveries are sent. Any number of relays may run side by side."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from core.errors import RoamingError
from core.model.delivery import Delivery
from core.model.event import Event
from core.ports.stores import OutboxStore
from core.services.delivery import DeliveryService
from gateway.metrics import Metrics

EVENT_LEASE_S = 10.0
"""Short, because fanning out twice is once: what could not be done now (Temporal away) is tried again after this."""
LEASE_S = 60.0
EVENTS_AT_ONCE = 200
DELIVERIES_AT_ONCE = 100
IDLE_S = 0.5
TROUBLE_S = 2.0

log = logging.getLogger(__name__)
T = TypeVar("T")


class Relay:
    def __init__(self, outbox: OutboxStore, delivery: DeliveryService, metrics: Metrics) -> None:
        self._outbox = outbox
        self._delivery = delivery
        self._metrics = metrics
        self._stopping = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until `stop`; a failing database is waited for."""
        while not self._stopping.is_set():
            try:
                busy = await self._round()
            except RoamingError as error:
                log.warning("outbox: %s", error)
                await self._pause(TROUBLE_S)
                continue
            if not busy:
                await self._wait()
        await asyncio.gather(*self._sending)

    def stop(self) -> None:
        self._stopping.set()

    async def _round(self) -> bool:
        """Fan out what happened, start what is due. Whether there was anything to do."""
        events = await self._outbox.claim_events(EVENTS_AT_ONCE, EVENT_LEASE_S)
        await asyncio.gather(*(self._guarded(self._delivery.fan_out, event) for event in events))
        free = DELIVERIES_AT_ONCE - len(self._sending)
        due = await self._outbox.claim_deliveries(free, LEASE_S) if free > 0 else []
        for delivery in due:
            task = asyncio.create_task(self._send(delivery))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        return bool(events or due)

    async def _send(self, delivery: Delivery) -> None:
        settled = await self._guarded(self._delivery.send, delivery)
        if settled is not None:
            self._metrics.delivery(settled)

    async def _guarded(
        self, work: Callable[[Event], Awaitable[T]] | Callable[[Delivery], Awaitable[T]], item: Event | Delivery
    ) -> T | None:
        """A failure here leaves the claim to run out: the item comes again."""
        try:
            return await work(item)  # type: ignore[arg-type]
        except RoamingError as error:
            log.warning("%s %s: %s", type(item).__name__, item.id, error)
        except Exception:
            log.exception("%s %s", type(item).__name__, item.id)
        return None

    async def _wait(self) -> None:
        stopped = asyncio.create_task(self._stopping.wait())
        changed = asyncio.create_task(self._outbox.changed(IDLE_S))
        _, pending = await asyncio.wait((stopped, changed), return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
