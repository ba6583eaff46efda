"""Items of an OCHP bill <-> periods, volumes and costs. Source: OCHP 1.4, CdrPeriodType; crosswalk 1.12.

OCHP bills item by item: a quantity, its price, the product; items overlap in time. Ours are periods one after the other
with volumes, and costs of the whole. All money is net. A quantity is never split: it stands in the period that begins
where its item begins.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from core.model.cdr import Cdr
from core.model.quantities import Price, TaxAmount
from core.model.session import ChargingPeriod, Dimension
from mappings.ochp.codes import BILLING_ITEM
from mappings.ochp.notes import Notes, assumed, lost, narrowed
from mappings.ochp.times import local_to_ochp, moment_from_ochp
from protocols.ochp.wire.cdrs import CdrPeriod
from protocols.ochp.wire.words import BillingItem

ZERO: Final = Decimal(0)
_ONE: Final = Decimal(1)
_CENT: Final = Decimal("0.01")
_HOUR: Final = Decimal(3600)
_HALF_A_CENT: Final = Decimal("0.005")
_TAX: Final = "VAT"
_RESERVATIONS: Final = frozenset({BillingItem.RESERVATION, BillingItem.RESERVATION_TIME})


# --- from OCHP


def cost_of(period: CdrPeriod) -> Decimal:
    """As said, else quantity times price."""
    return period.billing_value * period.item_price if period.period_cost is None else period.period_cost


def quantity(periods: Iterable[CdrPeriod], item: BillingItem) -> Decimal | None:
    """Of all items of a kind; None where nothing of it was billed, which is not zero."""
    values = [period.billing_value for period in periods if period.billing_item is item]
    return sum(values, ZERO) if values else None


def price_of(periods: Iterable[CdrPeriod], items: Iterable[BillingItem]) -> Price | None:
    """What all items of these kinds cost; None if there are none."""
    kinds = frozenset(items)
    found = [period for period in periods if period.billing_item in kinds]
    return _price(found, sum((cost_of(period) for period in found), ZERO)) if found else None


def total_price(periods: tuple[CdrPeriod, ...], total: Decimal | None) -> Price:
    """The total as said, else the sum of the items."""
    whole = sum((cost_of(period) for period in periods), ZERO) if total is None else total
    return _price(list(periods), whole)


def _price(periods: list[CdrPeriod], net: Decimal) -> Price:
    """Taxes only where every item says its rate: an unknown rate is not zero."""
    nets: dict[int, Decimal] = {}
    for period in periods:
        if period.taxrate is None:
            return Price(before_taxes=net)
        nets[period.taxrate] = nets.get(period.taxrate, ZERO) + cost_of(period)
    taxes = [
        TaxAmount(name=_TAX, amount=(amount * rate / 100).quantize(_CENT, ROUND_HALF_UP), percentage=Decimal(rate))
        for rate, amount in nets.items()
    ]
    return Price(before_taxes=net, taxes=tuple(taxes))


def periods_from_ochp(periods: tuple[CdrPeriod, ...], tariff_id: str | None) -> tuple[ChargingPeriod, ...]:
    """One for each moment at which an item with a quantity begins."""
    starts: dict[datetime, list[Dimension]] = {}
    for index, period in enumerate(periods, 1):
        kind = BILLING_ITEM.core_for(period.billing_item)
        if kind is not None:
            path = f"/chargingPeriods[{index}]/startDateTime/LocalDateTime"
            start = moment_from_ochp(period.start_date_time, path)
            starts.setdefault(start, []).append(Dimension(type=kind, volume=period.billing_value))
    return tuple(
        ChargingPeriod(started_at=start, dimensions=_summed(dimensions), tariff_id=tariff_id)
        for start, dimensions in sorted(starts.items())
    )


def _summed(dimensions: list[Dimension]) -> tuple[Dimension, ...]:
    """Each kind once; of powers the highest."""
    volumes: dict[str, Decimal] = {}
    for dimension in dimensions:
        kind, volume = dimension.type, dimension.volume
        known = volumes.get(kind)
        if known is None:
            volumes[kind] = volume
        else:
            volumes[kind] = max(known, volume) if kind == "MAX_POWER" else known + volume
    return tuple(Dimension(type=kind, volume=volume) for kind, volume in volumes.items())


# --- to OCHP


class _Item(NamedTuple):
    kind: BillingItem
    value: Decimal | None
    price: Price
    derived: bool = False


def bill_to_ochp(cdr: Cdr, zone: ZoneInfo | None, notes: Notes | None) -> tuple[CdrPeriod, ...] | None:
    """The bill of a CDR with a total cost; its items add up to it. None if it cannot be said.

    Where the source says only the total, it is one item with a price derived from it, and noted."""
    if cdr.total_cost is None:
        return None
    items = _items(cdr, notes)
    return tuple(_period(item, cdr, zone, notes) for item in items) if items is not None else None


def _items(cdr: Cdr, notes: Notes | None) -> list[_Item] | None:
    total = cdr.total_cost
    if total is None or total.before_taxes < 0:
        return None
    energy, hours = cdr.total_energy_kwh, volume(cdr, "TIME")
    named = [
        _item(BillingItem.ENERGY, energy or None, cdr.total_energy_cost),
        _item(BillingItem.USAGE_TIME, hours or _time_left(cdr), cdr.total_time_cost),
        _item(BillingItem.PARKING_TIME, cdr.total_parking_time_h or None, cdr.total_parking_cost),
        _item(BillingItem.SERVICE_FEE, _ONE, cdr.total_fixed_cost),
        _item(BillingItem.RESERVATION, _ONE, cdr.total_reservation_cost),
    ]
    items = [item for item in named if item is not None]
    rest = total.before_taxes - sum((item.price.before_taxes for item in items), ZERO)
    if not items or rest < 0:
        if items:
            reason = "the parts add up to more than the total; sent as one item"
            narrowed(notes, "charging_periods", "total_cost", reason, total.before_taxes)
        return [_whole(cdr, total)]
    if rest > 0:
        reason = "not divided into items by the source; sent as a service fee"
        assumed(notes, "charging_periods", "chargingPeriods", reason, rest)
        items.append(_Item(BillingItem.SERVICE_FEE, _ONE, Price(before_taxes=rest)))
    if total.taxes and not any(item.price.taxes for item in items):
        lost(notes, "charging_periods", "total_cost.taxes", "OCHP has taxes by item, and no item says any", total.taxes)
    return items


def _item(kind: BillingItem, value: Decimal | None, price: Price | None) -> _Item | None:
    """A cost without quantity is a fee."""
    if price is None or price.before_taxes < 0 or (price.before_taxes == 0 and value is None):
        return None
    return _Item(kind, value, price) if value is not None else _Item(BillingItem.SERVICE_FEE, _ONE, price)


def _whole(cdr: Cdr, total: Price) -> _Item:
    if cdr.total_energy_kwh is not None and cdr.total_energy_kwh > 0:
        return _Item(BillingItem.ENERGY, cdr.total_energy_kwh, total, derived=True)
    return _Item(BillingItem.SERVICE_FEE, _ONE, total, derived=True)


def volume(cdr: Cdr, kind: str) -> Decimal | None:
    found = [dimension.volume for period in cdr.periods for dimension in period.dimensions if dimension.type == kind]
    return sum(found, ZERO) if found else None


def _time_left(cdr: Cdr) -> Decimal | None:
    hours = cdr.total_time_h if cdr.total_time_h is not None else hours_between(cdr.started_at, cdr.ended_at)
    return hours - (cdr.total_parking_time_h or ZERO) or None


def hours_between(begin: datetime, end: datetime) -> Decimal:
    """With four decimals."""
    span = end - begin
    seconds = Decimal(span.days * 86400 + span.seconds) + Decimal(span.microseconds).scaleb(-6)
    return (seconds / _HOUR).quantize(Decimal("0.0001"), ROUND_HALF_UP)


def _period(item: _Item, cdr: Cdr, zone: ZoneInfo | None, notes: Notes | None) -> CdrPeriod:
    net = item.price.before_taxes
    value, unit = _billed(item, cdr, notes)
    begin, end = _span(item.kind, cdr)
    return CdrPeriod(
        start_date_time=local_to_ochp(begin, zone),
        end_date_time=local_to_ochp(end, zone),
        billing_item=item.kind,
        billing_value=value,
        item_price=unit,
        period_cost=net,
        taxrate=_rate(item.price, notes),
    )


def _billed(item: _Item, cdr: Cdr, notes: Notes | None) -> tuple[Decimal, Decimal]:
    """Quantity and price. With the tariff's price the quantity is what was billed, which steps may have made more than
    was measured."""
    value, net = item.value or _ONE, item.price.before_taxes
    dimension = _DIMENSION.get(item.kind)
    if dimension is None and not item.derived:
        return value, net
    price = None if dimension is None or item.derived else _tariff_price(cdr, dimension)
    if price is not None:
        if _gives(value, price, net):
            return value, price
        billed = (net / price).quantize(Decimal("0.0001"), ROUND_HALF_UP)
        if _gives(billed, price, net):
            reason = f"the billed {billed} is sent, which the price of the tariff gives"
            narrowed(notes, "charging_periods", f"periods[].dimensions.{dimension}", reason, value)
            return billed, price
    unit = unit_price(value, net)
    path = f"chargingPeriods[{item.kind.value}]/itemPrice"
    assumed(notes, "charging_periods", path, "derived from cost and quantity", unit)
    return value, unit


def _gives(quantity: Decimal, price: Decimal, net: Decimal) -> bool:
    """Costs are rounded to the cent."""
    return abs(quantity * price - net) <= _HALF_A_CENT


def _tariff_price(cdr: Cdr, dimension: str) -> Decimal | None:
    """The net price of a dimension, if the tariffs of the CDR have exactly one."""
    prices = {
        component.price
        for tariff in cdr.tariffs
        for element in tariff.elements
        for component in element.components
        if component.type == dimension
    }
    gross = any(tariff.tax_included == "YES" for tariff in cdr.tariffs)
    price = prices.pop() if len(prices) == 1 and not gross else None
    return price if price is not None and price > 0 else None


def unit_price(value: Decimal, cost: Decimal) -> Decimal:
    """With as few decimals as give the cost back to half a cent, two at least."""
    if value == 0:
        return ZERO
    exact = cost / value
    for places in range(2, 13):
        unit = exact.quantize(_ONE.scaleb(-places), ROUND_HALF_UP)
        if abs(unit * value - cost) <= _HALF_A_CENT / 10:
            return unit
    return exact.quantize(_ONE.scaleb(-12), ROUND_HALF_UP)


def _rate(price: Price, notes: Notes | None) -> int | None:
    """OCHP has one whole percentage an item."""
    if not price.taxes:
        return None
    rate = price.taxes[0].percentage
    if len(price.taxes) == 1 and rate is not None and rate == rate.to_integral_value() and rate >= 0:
        return int(rate)
    words = [f"{tax.name} {tax.percentage if tax.percentage is not None else tax.amount}" for tax in price.taxes]
    lost(notes, "charging_periods", "total_cost.taxes", "OCHP has one whole percentage an item; left out", words)
    return None


_DIMENSION: Final[dict[BillingItem, str]] = {
    BillingItem.PARKING_TIME: "PARKING_TIME",
    BillingItem.USAGE_TIME: "TIME",
    BillingItem.ENERGY: "ENERGY",
}


def _span(kind: BillingItem, cdr: Cdr) -> tuple[datetime, datetime]:
    """From the first period with the quantity to the end of the last one; else the whole session."""
    wanted = _DIMENSION.get(kind)
    places = [
        index
        for index, period in enumerate(cdr.periods)
        if any(dimension.type == wanted and dimension.volume > 0 for dimension in period.dimensions)
    ]
    begin, end = cdr.started_at, cdr.ended_at
    if places:
        begin = cdr.periods[places[0]].started_at
        if places[-1] + 1 < len(cdr.periods):
            end = cdr.periods[places[-1] + 1].started_at
    begin = min(max(begin, cdr.started_at), cdr.ended_at)
    end = min(max(end, begin), cdr.ended_at)
    return begin, end


def period_losses(cdr: Cdr) -> list[tuple[str, str, Any]]:
    """(path, reason, value) of measurements that no bill has."""
    kinds = {dimension.type for period in cdr.periods for dimension in period.dimensions}
    lost_kinds = sorted(kinds - set(_DIMENSION.values()))
    found: list[tuple[str, str, Any]] = []
    if lost_kinds:
        found.append(("periods[].dimensions", "OCHP has billed items only", lost_kinds))
    if len(cdr.periods) > 1:
        found.append(("periods", "OCHP has one entry an item, not a course of time", len(cdr.periods)))
    return found
