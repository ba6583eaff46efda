"""What happened, and must be told."""

from datetime import datetime
from enum import StrEnum

from core.model.base import Model
from core.model.ids import PartyId


class EventKind(StrEnum):
    """Names are past tense. The aggregate is named by `Event.key`, its content is read when the event is told."""

    LOCATION_CHANGED = "LOCATION_CHANGED"
    EVSE_STATUS_CHANGED = "EVSE_STATUS_CHANGED"
    TOKEN_CHANGED = "TOKEN_CHANGED"  # noqa: S105
    SESSION_CHANGED = "SESSION_CHANGED"
    TARIFF_CHANGED = "TARIFF_CHANGED"
    TARIFF_DELETED = "TARIFF_DELETED"
    PRICES_CHANGED = "PRICES_CHANGED"
    BOOKING_LOCATION_CHANGED = "BOOKING_LOCATION_CHANGED"
    CDR_ACCEPTED = "CDR_ACCEPTED"
    PARTY_CHANGED = "PARTY_CHANGED"


class Event(Model, frozen=True, kw_only=True):
    """`key` is the aggregate's key, `part` the EVSE uid or connector within it, `owner` the party whose object it is.

    Of a tariff that is gone `part` is its id in its owner's spelling. PRICES_CHANGED is for the hub itself: the places
    of the owner have to be told anew which tariffs hold there.
    `source` is the partner that caused it (it is not told). `recipient` narrows it to one party (a session's eMSP).
    Events with the same (kind, key, part) may coalesce: the latest state is what is told."""

    id: str
    kind: EventKind
    key: str
    part: str | None = None
    owner: PartyId
    recipient: PartyId | None = None
    source: str | None = None
    correlation_id: str | None = None
    at: datetime
