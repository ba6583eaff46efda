"""Tariff x consumption -> cost, for the simple tariffs that parties agree on where a protocol carries no prices. Pure.

Source: OCPI 2.3.0, mod_tariffs (dimensions and step size).
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from core.errors import Unsupported
from core.model.base import Model
from core.model.quantities import Price, TaxAmount
from core.model.tariff import PriceComponent, Restrictions, Tariff, TariffElement

_CENT = Decimal("0.01")
_UNIT = {"ENERGY": Decimal(1000), "TIME": Decimal(3600), "PARKING_TIME": Decimal(3600)}
"""Steps are in Wh and in seconds; volumes in kWh and in hours."""


class Consumption(Model, frozen=True, kw_only=True):
    """What was consumed: kWh (None: not known), and hours of charging and of parking without charging.

    `reserved_h`: hours that it was only kept free; then there was no charging."""

    energy_kwh: Decimal | None
    charging_h: Decimal
    parking_h: Decimal = Decimal(0)
    reserved_h: Decimal | None = None


class Cost(Model, frozen=True, kw_only=True):
    """Each None where the tariff has no such component."""

    total: Price
    fixed: Price | None = None
    energy: Price | None = None
    time: Price | None = None
    parking: Price | None = None
    reservation: Price | None = None


def price(tariff: Tariff, consumption: Consumption) -> Cost:
    """Raises Unsupported for a tariff with restrictions, since totals do not say which of them held when, and for a
    price of energy where nobody knows the energy. Elements for reservations price reservations and nothing else."""
    if consumption.reserved_h is not None:
        return _of_reservation(tariff, consumption.reserved_h)
    elements = [element for element in tariff.elements if not _reserves(element)]
    if any(element.restrictions for element in elements):
        raise Unsupported(f"tariff {tariff.id} has restrictions: totals alone do not price it")
    volumes = {
        "ENERGY": consumption.energy_kwh,
        "TIME": consumption.charging_h,
        "PARKING_TIME": consumption.parking_h,
        "FLAT": Decimal(1),
    }
    prices = _prices(tariff, elements, volumes)
    return Cost(
        total=_bounded(tariff, _sum(list(prices.values()))),
        fixed=prices.get("FLAT"),
        energy=prices.get("ENERGY"),
        time=prices.get("TIME"),
        parking=prices.get("PARKING_TIME"),
    )


def _of_reservation(tariff: Tariff, hours: Decimal) -> Cost:
    """A tariff that says nothing of reservations has them for nothing. Raises Unsupported where it asks more of one
    than how long it was: whether it expired, say."""
    elements = [element for element in tariff.elements if _reserves(element)]
    if any(element.restrictions != Restrictions(reservation="RESERVATION") for element in elements):
        raise Unsupported(f"tariff {tariff.id} prices reservations by more than their time")
    total = _sum(list(_prices(tariff, elements, {"TIME": hours, "FLAT": Decimal(1)}).values()))
    return Cost(total=_bounded(tariff, total), reservation=total)


def _reserves(element: TariffElement) -> bool:
    limits = element.restrictions
    return limits is not None and limits.reservation is not None


def _prices(
    tariff: Tariff, elements: Sequence[TariffElement], volumes: Mapping[str, Decimal | None]
) -> dict[str, Price]:
    """By dimension, of the first element that prices it."""
    prices: dict[str, Price] = {}
    for element in elements:
        for component in element.components:
            if component.type not in prices and component.type in volumes:
                prices[component.type] = _amount(tariff, component, _known(tariff, volumes[component.type]))
    return prices


def _known(tariff: Tariff, volume: Decimal | None) -> Decimal:
    if volume is None:
        raise Unsupported(f"tariff {tariff.id} prices energy, and how much was charged is not known")
    return volume


def _amount(tariff: Tariff, component: PriceComponent, volume: Decimal) -> Price:
    unit = _UNIT.get(component.type)
    if unit is not None and component.step_size > 1:
        steps = (volume * unit / component.step_size).to_integral_value(ROUND_CEILING)  # a step begun is billed
        volume = steps * component.step_size / unit
    gross_or_net = (volume * component.price).quantize(_CENT, ROUND_HALF_UP)
    rate = component.vat
    if not rate:
        return Price(before_taxes=gross_or_net)
    if tariff.tax_included == "YES":
        net = (gross_or_net / (1 + rate / 100)).quantize(_CENT, ROUND_HALF_UP)
        return Price(before_taxes=net, taxes=(TaxAmount(name="VAT", percentage=rate, amount=gross_or_net - net),))
    tax = (gross_or_net * rate / 100).quantize(_CENT, ROUND_HALF_UP)
    return Price(before_taxes=gross_or_net, taxes=(TaxAmount(name="VAT", percentage=rate, amount=tax),))


def _sum(prices: list[Price]) -> Price:
    by_rate: dict[Decimal | None, Decimal] = {}
    for part in prices:
        for tax in part.taxes or ():
            by_rate[tax.percentage] = by_rate.get(tax.percentage, Decimal(0)) + tax.amount
    taxes = tuple(TaxAmount(name="VAT", percentage=rate, amount=amount) for rate, amount in by_rate.items())
    return Price(before_taxes=sum((part.before_taxes for part in prices), Decimal(0)), taxes=taxes or None)


def _bounded(tariff: Tariff, total: Price) -> Price:
    low, high = tariff.min_price, tariff.max_price
    if (low and total.before_taxes < low.before_taxes) or (high and total.before_taxes > high.before_taxes):
        raise Unsupported(f"tariff {tariff.id} has a price limit that applies: totals alone do not price it")
    return total
