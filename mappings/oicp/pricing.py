"""Pricing products <-> tariffs. Source: OICP 2.3, PricingProductDataType and its parts; crosswalk 1.19, 3(g).

A price never changes on the way: what the other side cannot say is withheld. A product of OICP stays with its tariff as
it came, and goes back so. A product that OCPI's words do not fit (a fee of an odd unit, a fee said twice) is a tariff
without elements: only partners of OICP are told.
"""

import hashlib
import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from core.model.base import pack_extension, unpack_extension
from core.model.ids import PartyId
from core.model.loss import Loss, LossKind
from core.model.quantities import PriceLimit
from core.model.tariff import PriceComponent, Restrictions, Tariff, TariffElement
from mappings.losses import losses
from mappings.oicp.availability import (
    ALWAYS,
    Intervals,
    intervals_from,
    intervals_from_oicp,
    merged,
    pieces,
    restrictions_from,
    times_to_oicp,
)
from mappings.oicp.leftovers import PROTOCOL
from mappings.oicp.notes import withheld
from protocols.oicp.wire.pricing import (
    AdditionalReference,
    AdditionalReferences,
    PricingProductDataRecord,
    ReferenceUnit,
)

W = TypeVar("W")
LONGEST_ID: Final = 36
PER_HOUR: Final = {ReferenceUnit.HOUR: Decimal(1), ReferenceUnit.MINUTE: Decimal(60)}
_PLAIN: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9 ._+-]*[A-Za-z0-9._+-])?")
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_FOUR_PLACES, _TWELVE_PLACES = Decimal("1e-4"), Decimal("1e-12")
_TIMES: Final = frozenset({"start_time", "end_time", "day_of_week", "extensions"})
_APART: Final = ("reservation", "booking")

_LIMITS: Final = tuple(
    member.name for member in msgspec.structs.fields(Restrictions) if member.name not in {*_TIMES, *_APART}
)
NOT_CARRIED: Final = {
    "type": "OICP knows one kind of price",
    "alt_text": "OICP's products have no text",
    "alt_url": "OICP's products have no text",
    "preauthorize_amount": "OICP has no payments in advance",
    "energy_mix": "OICP says it of the EVSE",
    "starts_at": "OICP has no dates: a product is offered while it holds",
    "ends_at": "OICP has no dates: a product is offered while it holds",
    "min_price.after_taxes": "OICP's amounts are without VAT",
    "max_price.after_taxes": "OICP's amounts are without VAT",
    "elements[].components[].step_size": "OICP bills exactly what was used",
    "elements[].components[].vat": "OICP's amounts are without VAT, and name no rate",
    "elements[].restrictions.reservation": "OICP prices no reservations: the element is left out",
    "elements[].restrictions.booking": "OICP prices no bookings: the element is left out",
    **{f"elements[].restrictions.{name}": "no such condition in OICP: the tariff is withheld" for name in _LIMITS},
}
WITHHELD: Final = {
    "type": "not a regular tariff",
    "currency": "not three capital letters",
    "tax_included": "prices include taxes of an unknown rate, or nobody says whether they do",
    "starts_at": "not valid yet",
    "ends_at": "not valid any more",
    "elements": "it depends on more than the time of the week, or prices energy and time both",
}


_NO_POWER: Final = (
    Loss(
        path="$.MaximumProductChargingPower",
        value=0,
        reason="the power of no station that bears it is known",
        kind=LossKind.ASSUMED,
    ),
)


class Products(Struct, frozen=True):
    """`records` empty: the tariff may not be told, and `losses` say why."""

    records: tuple[PricingProductDataRecord, ...]
    losses: tuple[Loss, ...] = ()


class _Unsayable(Exception):
    """`path` is the field that stands in the way."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(reason)
        self.loss = withheld(path, reason)


# --- in


def tariff_id_from_oicp(product_id: str, recipient: PartyId | None) -> str:
    """The product's own id if it is short and plain; for one eMSP `AC3@DEDCB`. Any other by its digest."""
    suffix = f"@{recipient.key}" if recipient else ""
    own = f"{product_id}{suffix}"
    if _PLAIN.fullmatch(product_id) and len(own) <= LONGEST_ID:
        return own
    return "~" + hashlib.blake2b(f"{product_id.upper()}{suffix}".encode(), digest_size=8).hexdigest()


def tariff_from_oicp(
    record: PricingProductDataRecord, owner: PartyId, recipient: PartyId | None, *, received_at: datetime
) -> Tariff:
    fees = {fee.additional_reference: fee for fee in record.additional_references or ()}
    tariff_id = tariff_id_from_oicp(record.product_id, recipient)
    low, high = fees.get(AdditionalReference.MINIMUM_FEE), fees.get(AdditionalReference.MAXIMUM_FEE)
    return Tariff(
        owner=owner,
        id=tariff_id,
        recipient=recipient,
        product=record.product_id if record.product_id != tariff_id else None,
        currency=record.product_price_currency,
        min_price=PriceLimit(before_taxes=low.price_per_additional_reference_unit) if low else None,
        max_price=PriceLimit(before_taxes=high.price_per_additional_reference_unit) if high else None,
        elements=() if unsayable(record) else _elements(record, fees),
        tax_included="NO",
        updated_at=received_at,
        extensions={PROTOCOL: pack_extension(msgspec.to_builtins(record, builtin_types=(Decimal,)))},
    )


def unsayable(record: PricingProductDataRecord) -> str | None:
    """Why other protocols cannot be told; None if they can."""
    given = [fee.additional_reference for fee in record.additional_references or ()]
    if len(set(given)) < len(given):
        return "a fee is said twice"
    if AdditionalReference.FIXED_FEE in given:
        if record.price_per_reference_unit:
            return "a fixed fee stands in the place of a price, and there is a price"
        if AdditionalReference.START_FEE in given:
            return "a fixed fee and a start fee both stand for one amount a session"
    for fee in record.additional_references or ():
        if (
            fee.additional_reference is AdditionalReference.PARKING_FEE
            and fee.additional_reference_unit not in PER_HOUR
        ):
            return "parking is not priced by energy"
    times = record.product_availability_times
    if record.is_valid_24_hours and times and intervals_from_oicp(times) != ALWAYS:
        return "it holds around the clock, and names times"
    return None


def _elements(
    record: PricingProductDataRecord, fees: dict[AdditionalReference, AdditionalReferences]
) -> tuple[TariffElement, ...]:
    components = _components(record, fees)
    intervals = ALWAYS if record.is_valid_24_hours else intervals_from_oicp(record.product_availability_times)
    return tuple(
        TariffElement(components=components, restrictions=restrictions) for restrictions in restrictions_from(intervals)
    )


def _components(
    record: PricingProductDataRecord, fees: dict[AdditionalReference, AdditionalReferences]
) -> tuple[PriceComponent, ...]:
    """Free is said as what it is: one amount of zero."""
    found = []
    if record.price_per_reference_unit:
        found.append(base_price(record.reference_unit, record.price_per_reference_unit))
    once = fees.get(AdditionalReference.START_FEE) or fees.get(AdditionalReference.FIXED_FEE)
    if once:
        found.append(_component("FLAT", once.price_per_additional_reference_unit))
    if parking := fees.get(AdditionalReference.PARKING_FEE):
        hourly = parking.price_per_additional_reference_unit * PER_HOUR[parking.additional_reference_unit]
        found.append(_component("PARKING_TIME", hourly))
    return tuple(found) or (_component("FLAT", Decimal(0)),)


def base_price(unit: ReferenceUnit, price: Decimal) -> PriceComponent:
    if unit is ReferenceUnit.KILOWATT_HOUR:
        return _component("ENERGY", price)
    return _component("TIME", price * PER_HOUR[unit])


def _component(kind: str, price: Decimal) -> PriceComponent:
    return PriceComponent(type=kind, price=price, step_size=1)


# --- out


def products_to_oicp(tariff: Tariff, *, now: datetime, power_kw: Decimal | None) -> Products:
    """One product; several, numbered, where the price changes in the course of the week.

    `power_kw`: the top power of the stations that bear it, None if not known."""
    record = product_of(tariff)
    if record is not None:
        return Products((record,))
    try:
        records = _products(tariff, now, power_kw)
    except _Unsayable as error:
        return Products((), (error.loss,))
    except (ValueError, ArithmeticError) as error:  # an amount that no product may have
        return Products((), (withheld("elements", f"no valid product: {error}"),))
    return Products(records, tariff_losses(tariff) + (_NO_POWER if power_kw is None else ()))


def tariff_losses(tariff: Tariff) -> tuple[Loss, ...]:
    """What OICP does not get of a tariff that it is told. A step of one is none."""
    found = losses(tariff, NOT_CARRIED)
    return tuple(loss for loss in found if not (loss.path.endswith(".step_size") and loss.value == 1))


Prices = tuple[tuple[str, Decimal], ...]
"""(dimension, price without VAT), each dimension once, in order."""


def _products(tariff: Tariff, now: datetime, power_kw: Decimal | None) -> tuple[PricingProductDataRecord, ...]:
    _check(tariff, now)
    found = list(_by_price(tariff).items())
    names = [tariff.id] if len(found) == 1 else [f"{tariff.id}#{number}" for number in range(1, len(found) + 1)]
    return tuple(
        _record(tariff, name, dict(prices), intervals, power_kw or Decimal(0))
        for name, (prices, intervals) in zip(names, found, strict=True)
    )


def _check(tariff: Tariff, now: datetime) -> None:
    if tariff.type not in (None, "REGULAR"):
        raise _Unsayable("type", WITHHELD["type"])
    if not _CURRENCY.fullmatch(tariff.currency):
        raise _Unsayable("currency", WITHHELD["currency"])
    if tariff.tax_included is None:
        raise _Unsayable("tax_included", WITHHELD["tax_included"])
    if tariff.starts_at is not None and tariff.starts_at > now:
        raise _Unsayable("starts_at", WITHHELD["starts_at"])
    if tariff.ends_at is not None and tariff.ends_at <= now:
        raise _Unsayable("ends_at", WITHHELD["ends_at"])


def _by_price(tariff: Tariff) -> dict[Prices, Intervals]:
    """What holds when: of each dimension the first element that matches."""
    elements = [element for element in tariff.elements if not _is_apart(element)]
    for element in elements:
        _check_times_only(element)
    priced = [tuple((held.type, _net(tariff, held)) for held in element.components) for element in elements]
    found: dict[Prices, Intervals] = {}
    for interval, holding in pieces([intervals_from(element.restrictions) for element in elements]):
        prices: dict[str, Decimal] = {}
        for number in holding:
            for kind, price in priced[number]:
                prices.setdefault(kind, price)
        key = tuple(sorted(prices.items()))
        found[key] = (*found.get(key, ()), interval)
    if not found:
        raise _Unsayable("elements", "it prices no charging")
    return {prices: merged(intervals) for prices, intervals in found.items()}


def _is_apart(element: TariffElement) -> bool:
    """Whether it prices something else than charging."""
    limits = element.restrictions
    return limits is not None and any(getattr(limits, name) is not None for name in _APART)


def _check_times_only(element: TariffElement) -> None:
    limits = element.restrictions
    if limits is None:
        return
    for name in _LIMITS:
        if getattr(limits, name) is not None:
            raise _Unsayable("elements", f"a price that depends on {name} cannot be said in OICP")


def _net(tariff: Tariff, component: PriceComponent) -> Decimal:
    if component.type not in ("ENERGY", "TIME", "FLAT", "PARKING_TIME"):
        raise _Unsayable("elements", f"OICP has no price of {component.type}")
    if tariff.tax_included != "YES":
        return component.price
    if component.vat is None or component.vat < 0:
        raise _Unsayable("tax_included", WITHHELD["tax_included"])
    rate = 1 + component.vat / 100
    net = (component.price / rate).quantize(_TWELVE_PLACES)
    return net.normalize() + 0 if net * rate == component.price else net.quantize(_FOUR_PLACES, ROUND_HALF_UP)


def _record(
    tariff: Tariff, name: str, prices: dict[str, Decimal], intervals: Intervals, power_kw: Decimal
) -> PricingProductDataRecord:
    if "ENERGY" in prices and "TIME" in prices:
        raise _Unsayable("elements", "OICP prices energy or time, not both")
    hourly = "TIME" in prices
    unit = ReferenceUnit.HOUR if hourly else ReferenceUnit.KILOWATT_HOUR
    times = times_to_oicp(intervals)
    return PricingProductDataRecord(
        product_id=name,
        reference_unit=unit,
        product_price_currency=tariff.currency,
        price_per_reference_unit=prices.get("TIME" if hourly else "ENERGY", Decimal(0)),
        maximum_product_charging_power=power_kw,
        is_valid_24_hours=not times,
        product_availability_times=times,
        additional_references=tuple(_fees(tariff, prices, unit)) or None,
    )


def _fees(tariff: Tariff, prices: dict[str, Decimal], unit: ReferenceUnit) -> list[AdditionalReferences]:
    alone = prices.keys() == {"FLAT"}
    once = AdditionalReference.FIXED_FEE if alone else AdditionalReference.START_FEE
    amounts = {
        once: None if alone and not prices["FLAT"] else prices.get("FLAT"),
        AdditionalReference.PARKING_FEE: prices.get("PARKING_TIME"),
        AdditionalReference.MINIMUM_FEE: tariff.min_price.before_taxes if tariff.min_price else None,
        AdditionalReference.MAXIMUM_FEE: tariff.max_price.before_taxes if tariff.max_price else None,
    }
    return [
        AdditionalReferences(
            additional_reference=kind,
            additional_reference_unit=ReferenceUnit.HOUR if kind is AdditionalReference.PARKING_FEE else unit,
            price_per_additional_reference_unit=amount,
        )
        for kind, amount in amounts.items()
        if amount is not None
    ]


def product_of(tariff: Tariff) -> PricingProductDataRecord | None:
    """The product as it came."""
    return None if tariff.is_default else kept_as(tariff, PricingProductDataRecord)


def kept_as(tariff: Tariff, wire_type: type[W]) -> W | None:
    """What came, if it came in OICP."""
    content = unpack_extension(tariff.extensions, PROTOCOL)
    return msgspec.convert(content, wire_type) if content else None
