"""Drains the outbox: events become deliveries, deliveries are sent. Any number of relays may run side by side."""

import asyncio
import logging
from collections import Counter

from core.errors import RoamingError
from core.model.delivery import Delivery
from core.model.event import Event
from core.ports.outbox import OutboxStore
from core.services.delivery import DeliveryService
from gateway.metrics import Metrics

EVENT_LEASE_S = 10.0
"""Short, because fanning out twice is once: what could not be done now (Temporal away) is tried again after this."""
LEASE_S = 60.0
EVENTS_AT_ONCE = 200
EVENTS_TOGETHER = 32
DELIVERIES_AT_ONCE = 100
IDLE_S = 0.5
GATHER_S = 0.05
"""After work: a flood is taken in few large rounds instead of many small ones. What comes alone does not wait."""
TROUBLE_S = 2.0

log = logging.getLogger(__name__)


class Relay:
    def __init__(self, outbox: OutboxStore, delivery: DeliveryService, metrics: Metrics) -> None:
        self._outbox = outbox
        self._delivery = delivery
        self._metrics = metrics
        self._stopping = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._few = asyncio.Semaphore(EVENTS_TOGETHER)

    async def run(self) -> None:
        """Until `stop`; a failing database is waited for."""
        await self._drain()

    async def _drain(self) -> None:
        while not self._stopping.is_set():
            try:
                pause = await self._round()
            except RoamingError as error:
                log.warning("outbox: %s", error)
                await self._pause(TROUBLE_S)
                continue
            await (self._wait() if pause is None else self._pause(pause))
        await asyncio.gather(*self._sending)

    def stop(self) -> None:
        self._stopping.set()

    async def _round(self) -> float | None:
        """Fan out what happened, start what is due. How long to let more gather: not at all if there is more already.

        None: there was nothing to do."""
        events = await self._outbox.claim_events(EVENTS_AT_ONCE, EVENT_LEASE_S)
        failed = Counter(await asyncio.gather(*map(self._fan_out, events)))
        for why, number in failed.items():
            if why:
                log.warning("%d events wait: %s", number, why)
        free = DELIVERIES_AT_ONCE - len(self._sending)
        due = await self._outbox.claim_deliveries(free, LEASE_S) if free > 0 else []
        for delivery in due:
            task = asyncio.create_task(self._send(delivery))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        if not events and not due:
            return None
        return 0 if len(events) == EVENTS_AT_ONCE or len(due) == free else GATHER_S

    async def _fan_out(self, event: Event) -> str | None:
        """None, or why not; then the claim runs out and the event comes again."""
        async with self._few:
            try:
                await self._delivery.fan_out(event)
            except RoamingError as error:
                return str(error)
            except Exception:
                log.exception("event %s", event.id)
        return None

    async def _send(self, delivery: Delivery) -> None:
        """A failure of our own leaves the claim to run out: the delivery comes again."""
        try:
            self._metrics.delivery(await self._delivery.send(delivery))
        except RoamingError as error:
            log.warning("delivery %s: %s", delivery.id, error)
        except Exception:
            log.exception("delivery %s", delivery.id)

    async def _wait(self) -> None:
        stopped = asyncio.create_task(self._stopping.wait())
        changed = asyncio.create_task(self._outbox.changed(IDLE_S))
        _, pending = await asyncio.wait((stopped, changed), return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _pause(self, seconds: float) -> None:
        if not seconds:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
