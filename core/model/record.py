"""Objects that are kept as their owners wrote them, for those whom they concern, and never translated: those that one
protocol alone knows (bookings, terminals, invoice records), and what was told to one party instead of all."""

from datetime import datetime
from enum import StrEnum

from core.model.base import Model
from core.model.ids import PartyId


class RecordKind(StrEnum):
    """ADVICE: what became of the payment at a terminal. INVOICE: which CDRs an invoice is about. LOCATION, TARIFF,
    TOKEN: as one party alone was told of them."""

    BOOKING_LOCATION = "BOOKING_LOCATION"
    BOOKING = "BOOKING"
    TERMINAL = "TERMINAL"
    ADVICE = "ADVICE"
    INVOICE = "INVOICE"
    LOCATION = "LOCATION"
    TARIFF = "TARIFF"
    TOKEN = "TOKEN"  # noqa: S105

    @property
    def noun(self) -> str:
        """For error texts."""
        return self.value.lower().replace("_", " ")


class Record(Model, frozen=True, kw_only=True):
    """`content` is JSON text. `reader`: the one party that it was told to; None: it was said to all.

    `also`: what else it is found by, besides its id. `starts`: when the times begin at which a place can be booked."""

    kind: RecordKind
    owner: PartyId
    id: str
    reader: PartyId | None = None
    also: tuple[str, ...] = ()
    content: str
    starts: tuple[datetime, ...] = ()
    updated_at: datetime

    @property
    def key(self) -> str:
        """One for each reader: what one party was told is none of another's business."""
        reader = self.reader.key if self.reader else ""
        return f"{self.kind}/{self.owner.key}/{self.id.upper()}/{reader}"

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name.upper() for name in (self.id, *self.also)))


class RecordQuery(Model, frozen=True, kw_only=True):
    """Records of one kind: those of `owners` that were said to all, and those that were told by or to one of `parties`.
    Lower bounds are inclusive, upper ones exclusive."""

    kind: RecordKind
    owners: tuple[PartyId, ...] = ()
    parties: tuple[PartyId, ...] = ()
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    starts_from: datetime | None = None
    starts_to: datetime | None = None
    offset: int = 0
    limit: int = 0
