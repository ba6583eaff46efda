"""What must be told: events wait to be fanned out, deliveries to be sent. A failing database is `Unavailable`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from core.model.delivery import Delivery, DeliveryState
from core.model.event import Event


class EventSink(Protocol):
    """For what must be told and has no state of its own to be saved with."""

    async def put(self, events: Sequence[Event]) -> None: ...


class OutboxStore(EventSink, Protocol):
    """Events wait here to be fanned out.

    Deliveries wait here to be sent. Claims are leases: a dead claimer's work returns."""

    async def claim_events(self, limit: int, lease_s: float) -> list[Event]: ...

    async def fan_out(self, event: Event, deliveries: Sequence[Delivery]) -> None:
        """Store the deliveries and drop the event, together.

        Pending deliveries with the same `coalesce` are superseded."""
        ...

    async def claim_deliveries(self, limit: int, lease_s: float) -> list[Delivery]:
        """Due deliveries, at most a share per partner, so that a slow partner holds up nobody. None while an older one
        with the same `coalesce` is on its way to the same partner: nothing is overtaken."""
        ...

    async def settle(self, delivery: Delivery) -> None:
        """Write the outcome of an attempt: a final state, or PENDING with a later `due_at`."""
        ...

    async def hurry(self, partner: str) -> None:
        """What waits for this partner is due now: it is back."""
        ...

    async def replay(self, delivery_id: str) -> bool:
        """A DEAD or MISSED delivery becomes PENDING and due now."""
        ...

    async def get(self, delivery_id: str) -> Delivery | None: ...

    async def page(
        self, *, partner: str | None, states: Sequence[DeliveryState] | None, offset: int, limit: int
    ) -> tuple[list[Delivery], int]: ...

    async def about(
        self, keys: Sequence[str], *, partners: Sequence[str], since: datetime, limit: int
    ) -> list[Delivery]:
        """What these partners were told of these objects since then, oldest first."""
        ...

    async def counts(self) -> dict[tuple[str, DeliveryState], int]:
        """(partner id, state) -> number."""
        ...

    async def oldest_waiting(self) -> datetime | None:
        """When the oldest event or pending delivery came in."""
        ...

    async def changed(self, timeout_s: float) -> None:
        """Returns when there may be new work, at the latest after `timeout_s`."""
        ...
