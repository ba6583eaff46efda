"""What one partner calls an object that everybody else calls otherwise."""

from enum import StrEnum

from core.model.base import Model
from core.model.ids import PartyId


class NameKind(StrEnum):
    LOCATION = "LOCATION"
    EVSE = "EVSE"
    SESSION = "SESSION"
    CDR = "CDR"
    TARIFF = "TARIFF"
    RESERVATION = "RESERVATION"


class Name(Model, frozen=True, kw_only=True):
    """The partner says `theirs` for the object that its owner and everybody else calls `ours`, for good; mostly both
    are the same. `cased`: the partner tells its names apart by upper and lower case."""

    partner: str
    kind: NameKind
    owner: PartyId
    ours: str
    theirs: str
    cased: bool = False

    @property
    def our_key(self) -> str:
        return our_key(self.partner, self.kind, self.owner, self.ours)

    @property
    def their_key(self) -> str:
        return their_key(self.partner, self.kind, self.theirs, cased=self.cased)


def our_key(partner: str, kind: NameKind, owner: PartyId, ours: str) -> str:
    return f"{partner}/{kind}/{owner.key}/{ours.upper()}"


def their_key(partner: str, kind: NameKind, theirs: str, *, cased: bool) -> str:
    return f"{partner}/{kind}/{theirs if cased else theirs.upper()}"
