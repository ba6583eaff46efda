"""What two partners have agreed on, service by service, beyond being open to each other."""

from datetime import datetime
from enum import StrEnum

from core.model.base import Model
from core.model.ids import PartyId


class Service(StrEnum):
    """What a contract between two partners is about."""

    AUTHORISATION = "AUTHORISATION"
    RESERVATION = "RESERVATION"


class Contract(Model, frozen=True, kw_only=True):
    """One side's word: an offer or a subscription. `party` None: an offer to everybody, a contract with those only that
    name the offerer in turn. `valid_until` is the first instant at which it does not hold any more."""

    service: Service
    party: PartyId | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None

    def active(self, now: datetime) -> bool:
        begun = self.valid_from is None or self.valid_from <= now
        return begun and (self.valid_until is None or now < self.valid_until)
