"""A driver's stay at a charging point, and what it costs, in words of no protocol."""

import uuid
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from msgspec import Struct

from gateway.simulator.network import Card, bare
from gateway.simulator.stations import Point

CENT = Decimal("0.01")
VAT = Decimal(20)


class Visit(Struct, frozen=True, kw_only=True):
    """One stay of one card at one point. `id` is the operator's own id of it."""

    id: str
    card: Card
    point: Point
    started_at: datetime
    ended_at: datetime
    energy_kwh: Decimal

    @property
    def key(self) -> str:
        return key(self.point.evse_id, self.started_at)

    @property
    def hours(self) -> Decimal:
        seconds = Decimal(str((self.ended_at - self.started_at).total_seconds()))
        return (seconds / 3600).quantize(Decimal("0.0001")).normalize() + 0

    @property
    def half_kwh(self) -> Decimal:
        """What is charged in the middle of it."""
        return (self.energy_kwh / 2).quantize(Decimal("0.001"))


class Price(Struct, frozen=True):
    """Per kWh before taxes, in euro; the way to an amount is exact to the cent."""

    tariff_id: str
    per_kwh: Decimal

    def cost(self, energy_kwh: Decimal) -> dict[str, Any]:
        """OCPI Price with its tax."""
        taxes = [{"name": "VAT", "percentage": VAT, "amount": self.tax(energy_kwh)}]
        return {"before_taxes": self.net(energy_kwh), "taxes": taxes}

    def net(self, energy_kwh: Decimal) -> Decimal:
        return (energy_kwh * self.per_kwh).quantize(CENT, ROUND_HALF_UP)

    def tax(self, energy_kwh: Decimal) -> Decimal:
        return (self.net(energy_kwh) * VAT / 100).quantize(CENT, ROUND_HALF_UP)

    def tariff(self, country_code: str, party_id: str, last_updated: str) -> dict[str, Any]:
        """As an OCPI Tariff."""
        component = {"type": "ENERGY", "price": self.per_kwh, "vat": VAT, "step_size": 1}
        return {
            "country_code": country_code,
            "party_id": party_id,
            "id": self.tariff_id,
            "currency": "EUR",
            "elements": [{"price_components": [component]}],
            "tax_included": "NO",
            "last_updated": last_updated,
        }


def new_id() -> str:
    return str(uuid.uuid4())


def is_of(card: Card, name: str) -> bool:
    """Whether a name in a message, a uid or a contract id with or without separators, is of this card."""
    return name.replace("-", "").upper() in (card.uid.upper(), card.contract_id.replace("-", "").upper())


def key(evse_id: str, started_at: datetime) -> str:
    """What makes a charging process recognisable in any protocol: where and when it began."""
    return f"{bare(evse_id)}@{started_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"
