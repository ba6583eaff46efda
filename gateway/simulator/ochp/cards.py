"""Cards as OCHP 1.4 RoamingAuthorisationInfo. OCHP has no word for a blocked card: its expiry has passed."""

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from gateway.simulator.network import Card
from gateway.simulator.ochp.xml import Element, element, leaf, moment, text_of

VALID_FOR = timedelta(days=365)
EXPIRED_SINCE = timedelta(days=1)


class Listed(Struct, frozen=True):
    """A card as the clearing house tells operators of it."""

    uid: str
    contract_id: str
    expires_at: datetime

    @property
    def holds(self) -> bool:
        return self.expires_at > datetime.now(UTC)


def authorisation(card: Card, now: datetime) -> Element:
    return element(
        "roamingAuthorisationInfoArray",
        emt_id("EmtId", card.uid),
        leaf("contractId", card.contract_id),
        moment("expiryDate", now - EXPIRED_SINCE if card.blocked else now + VALID_FOR),
    )


def listed(record: Element) -> Listed:
    return Listed(
        uid=text_of(record, "EmtId/instance").upper(),
        contract_id=text_of(record, "contractId"),
        expires_at=datetime.fromisoformat(text_of(record, "expiryDate/DateTime")),
    )


def emt_id(name: str, uid: str) -> Element:
    """A card that is shown to a reader, in plain."""
    return element(name, leaf("instance", uid), leaf("tokenType", "rfid"), representation="plain")
