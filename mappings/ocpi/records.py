"""Bookings, terminals and invoice records -> ours: what of them the hub has to know to keep them and find them again.

Source: OCPI 2.3.0, mod_bookings, mod_payments, mod_invoice_reconciliation.
"""

from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from core.errors import Invalid
from core.model.ids import PartyId
from core.model.record import Record, RecordKind
from mappings.ocpi.common import time_from_ocpi
from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.bookings import Booking, BookingLocation
from protocols.ocpi.wire.invoicereconciliation import InvoiceReconciliationRecord
from protocols.ocpi.wire.payments import FinancialAdviceConfirmation, Terminal


class Shape(Struct, frozen=True):
    """How one kind of object is read: the names of its members. `owned`: it names its owner."""

    kind: RecordKind
    wire_type: type[Wire]
    id: str = "id"
    also: tuple[str, ...] = ()
    owned: bool = False


BOOKING_LOCATION: Final = Shape(RecordKind.BOOKING_LOCATION, BookingLocation, owned=True)
BOOKING: Final = Shape(RecordKind.BOOKING, Booking, also=("request_id",), owned=True)
TERMINAL: Final = Shape(RecordKind.TERMINAL, Terminal, id="terminal_id")
ADVICE: Final = Shape(RecordKind.ADVICE, FinancialAdviceConfirmation)
INVOICE: Final = Shape(RecordKind.INVOICE, InvoiceReconciliationRecord, owned=True)
LONGEST: Final = 4 * 1024 * 1024
"""Bytes of one object that is kept."""


def record_from_ocpi(shape: Shape, message: Any, content: bytes, owner: PartyId, reader: PartyId | None) -> Record:
    """`message` is what `content` says. Raises Invalid for what is too long to be kept, or names another owner."""
    if len(content) > LONGEST:
        raise Invalid("$", f"longer than {LONGEST} bytes")
    if shape.owned and PartyId.of(message.country_code, message.party_id, "$.party_id") != owner:
        raise Invalid("$.party_id", f"{message.country_code}*{message.party_id} in the body, {owner} in the URL")
    return Record(
        kind=shape.kind,
        owner=owner,
        id=getattr(message, shape.id),
        reader=reader,
        also=tuple(getattr(message, name) for name in shape.also),
        content=content.decode(),
        starts=_starts(message) if isinstance(message, BookingLocation) else (),
        updated_at=time_from_ocpi(message.last_updated, "$.last_updated"),
    )


def _starts(message: BookingLocation) -> tuple[datetime, ...]:
    slots = (slot for calendar in message.calendars or () for slot in calendar.available_timeslots)
    return tuple(sorted({time_from_ocpi(slot.start_date_time, "$.calendars") for slot in slots}))
