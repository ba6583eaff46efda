"""A BookingLocation as JSON, and the Calendars in it, each member as it was written. Source: OCPI 2.3.0, mod_bookings
1.1."""

from datetime import datetime

import msgspec

from core.errors import Invalid, Unknown
from mappings.ocpi.common import time_from_ocpi
from protocols.ocpi import codec
from protocols.ocpi.wire.types import DateTime

Members = dict[str, msgspec.Raw]


def calendar_in(content: bytes, calendar_id: str) -> bytes:
    """Raises Unknown."""
    found = next((held for held in _calendars(codec.members(content)) if _is(held, calendar_id)), None)
    if found is None:
        raise Unknown("calendar", calendar_id)
    return codec.whole(found)


def with_calendar(content: bytes, calendar: bytes, calendar_id: str) -> bytes:
    """With this calendar in the place of the one of that id, or behind the others; the location is as new as it.

    Raises Invalid for one of another id."""
    location, new = codec.members(content), codec.members(calendar)
    if not _is(new, calendar_id):
        raise Invalid("$.id", f"is not {calendar_id!r}, which is in the URL")
    held = _calendars(location)
    place = next((number for number, one in enumerate(held) if _is(one, calendar_id)), len(held))
    held[place : place + 1] = [new]
    newer = max((location, new), key=lambda one: told_at(codec.whole(one)))
    return codec.whole({**location, "calendars": held, "last_updated": newer["last_updated"]})


def told_at(content: bytes) -> datetime:
    """Its `last_updated`. Raises Invalid where there is none."""
    raw = codec.members(content).get("last_updated")
    text = codec.read_bare(raw, str) if raw is not None else ""
    return time_from_ocpi(codec.checked_text(text, DateTime, "$.last_updated"), "$.last_updated")


def _calendars(location: Members) -> list[Members]:
    raw = location.get("calendars")
    if raw is None or bytes(raw) == b"null":
        return []
    return [codec.members(one) for one in codec.read_bare(raw, list[msgspec.Raw])]


def _is(calendar: Members, calendar_id: str) -> bool:
    raw = calendar.get("id")
    return raw is not None and codec.read_bare(raw, str).upper() == calendar_id.upper()
