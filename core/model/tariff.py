"""What charging costs, in OCPI's words: elements tried in order, per dimension the first that matches wins; and where
which tariff holds, for protocols that say so apart from the places."""

from datetime import datetime
from decimal import Decimal

from core.model.base import Extensions, Model
from core.model.ids import EvseId, PartyId
from core.model.location import EnergyMix
from core.model.quantities import PriceLimit, Text


class PriceComponent(Model, frozen=True, kw_only=True):
    """`type` ENERGY (per kWh, step 1 Wh), TIME and PARKING_TIME (per hour, step 1 s), FLAT. `vat` in percent."""

    type: str
    price: Decimal
    vat: Decimal | None = None
    step_size: int
    extensions: Extensions = {}


class Restrictions(Model, frozen=True, kw_only=True):
    """All that are set must match together.

    Times and dates are local to the location; currents in A, powers in kW, durations in s."""

    start_time: str | None = None
    end_time: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    min_kwh: Decimal | None = None
    max_kwh: Decimal | None = None
    min_current: Decimal | None = None
    max_current: Decimal | None = None
    min_power: Decimal | None = None
    max_power: Decimal | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    day_of_week: tuple[str, ...] = ()
    reservation: str | None = None
    booking: str | None = None
    extensions: Extensions = {}


class TariffElement(Model, frozen=True, kw_only=True):
    components: tuple[PriceComponent, ...]
    restrictions: Restrictions | None = None
    extensions: Extensions = {}


class Tariff(Model, frozen=True, kw_only=True):
    """Owned by the CPO. `tax_included` is YES, NO or N/A: whether component prices include taxes; None = not said.

    `recipient` is the one eMSP that it is meant for; None: everybody. `product` is what the owner calls it where that
    is not its id; `is_default`: it holds where no other is named (see `EvsePrice`). No `elements`: only the owner's own
    protocol can say what it costs, in its extensions."""

    owner: PartyId
    id: str
    recipient: PartyId | None = None
    product: str | None = None
    is_default: bool = False
    currency: str
    type: str | None = None
    alt_text: tuple[Text, ...] = ()
    alt_url: str | None = None
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    preauthorize_amount: Decimal | None = None
    elements: tuple[TariffElement, ...]
    tax_included: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    energy_mix: EnergyMix | None = None
    updated_at: datetime
    extensions: Extensions = {}

    @property
    def key(self) -> str:
        return tariff_key(self.owner, self.id)

    @property
    def name(self) -> str:
        """What its owner calls it, in the form that names are compared in."""
        return (self.product or self.id).upper()


class EvsePrice(Model, frozen=True, kw_only=True):
    """The tariffs that hold at an EVSE: for one eMSP, or (`recipient` None) for all who have none of their own.

    `products` are the owner's names of tariffs (OICP: ProductIDs), which the hub may hold or not."""

    owner: PartyId
    evse_id: EvseId
    recipient: PartyId | None = None
    products: tuple[str, ...]
    updated_at: datetime
    extensions: Extensions = {}

    @property
    def key(self) -> str:
        return evse_price_key(self.owner, self.evse_id, self.recipient)


def evse_price_key(owner: PartyId, evse_id: EvseId, recipient: PartyId | None) -> str:
    return f"{owner.key}/{evse_id.key}/{recipient.key if recipient else '*'}"


def tariff_key(owner: PartyId, tariff_id: str) -> str:
    return f"{owner.key}/{tariff_id.upper()}"
