"""Telling one partner one thing."""

from datetime import datetime
from enum import StrEnum

from core.model.base import Model
from core.model.event import EventKind
from core.model.ids import PartyId
from core.model.loss import Loss


class DeliveryState(StrEnum):
    """DEAD ends in plain sight: an operator may replay it. MISSED: a push that its protocol says is tried once; the
    partner will pull. WITHHELD: a translation would have misled. SUPERSEDED: a newer one of the same thing took
    over."""

    PENDING = "PENDING"
    DELIVERED = "DELIVERED"
    MISSED = "MISSED"
    DEAD = "DEAD"
    WITHHELD = "WITHHELD"
    SUPERSEDED = "SUPERSEDED"


class Attempt(Model, frozen=True, kw_only=True):
    at: datetime
    duration_ms: int
    error: str | None = None


class Delivery(Model, frozen=True, kw_only=True):
    """One event for one partner. `coalesce` is the same for deliveries of which only the latest matters."""

    id: str
    event_id: str
    partner: str
    protocol: str
    kind: EventKind
    key: str
    part: str | None = None
    owner: PartyId
    recipient: PartyId | None = None
    coalesce: str
    state: DeliveryState = DeliveryState.PENDING
    attempts: tuple[Attempt, ...] = ()
    due_at: datetime
    correlation_id: str | None = None
    losses: tuple[Loss, ...] = ()
    created_at: datetime
    settled_at: datetime | None = None
