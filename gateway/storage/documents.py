"""Model <-> BSON documents.

The content of an object lies under `doc` as a native nested document: decimals and times are text, so that no digit and
no microsecond is lost. What is sorted, filtered or changed in place is written in a fixed width (`stamp`), so that text
compares as time does. Fields beside `doc` serve indexes only; BSON dates are used for expiry only.
"""

import time
from datetime import datetime, timedelta
from typing import Any, TypeVar

import msgspec

from core.model.base import Model, utc
from core.model.event import Event
from core.model.loss import Loss

Document = dict[str, Any]
M = TypeVar("M", bound=Model)

FREE = ""
"""The lease of what nobody has claimed; sorts before every time."""


def stamp(moment: datetime) -> str:
    """UTC with microseconds, always 27 characters: sorts as the time does, and is read back exactly."""
    return utc(moment).isoformat(timespec="microseconds")[:-6] + "Z"


def moment(text: str) -> datetime:
    return msgspec.convert(text, datetime)


def expiry(moment: datetime, after: timedelta) -> datetime:
    """A BSON date for a TTL index."""
    return utc(moment) + after


def revision_after(held: int) -> int:
    """Grows with every write and is never used twice for a key, even if the object was deleted in between.

    In microseconds of the hub's clock, so that it says when the write was: see `revision_at`."""
    return max(held + 1, time.time_ns() // 1000)


def content(item: Model, *stamped: str) -> Document:
    """The item as plain dicts, lists and text; the times of `stamped` in fixed width."""
    document: Document = msgspec.json.decode(msgspec.json.encode(item))
    for name in stamped:
        value: datetime | None = getattr(item, name)
        if value is not None:
            document[name] = stamp(value)
    return document


def item(document: Document, kind: type[M]) -> M:
    """The object under `doc`."""
    return msgspec.convert(document["doc"], kind)


def losses_text(losses: tuple[Loss, ...]) -> str:
    """Losses hold any JSON value, so they are kept as text: BSON has no room for every number."""
    return msgspec.json.encode(losses).decode()


def losses_from(text: str) -> tuple[Loss, ...]:
    return msgspec.json.decode(text, type=tuple[Loss, ...])


def event_key(event: Event) -> str:
    """Sorts by time, so that the collection needs no other index: events come and go as fast as anything does."""
    return f"{stamp(event.at)}/{event.id}"


def event_document(event: Event) -> Document:
    return {"_id": event_key(event), "lease": FREE, "doc": content(event)}


def latest_events(events: list[Event]) -> list[Event]:
    """Of events about the same thing only the latest: what is told is the state when it is told."""
    return list({(event.kind, event.key, event.part, event.recipient): event for event in events}.values())
