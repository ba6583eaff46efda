"""Tariffs <-> ours. Source: OCPI 2.3.0, mod_tariffs."""

from typing import Any, Final

from core.errors import Unsupported
from core.model import tariff as core
from core.model.loss import Loss
from core.model.quantities import PriceLimit
from core.model.tariff import Tariff
from mappings.losses import losses
from mappings.ocpi.common import Aside, Kept, each, kept, part, put_aside, text_from_ocpi, texts_out, time_in, time_out
from mappings.ocpi.ids import party_in, party_out
from mappings.ocpi.places import energy_mix_from_ocpi, energy_mix_to_ocpi
from mappings.tables import CodeTable
from protocols.ocpi.wire import tariffs as wire

TARIFF_TYPE: Final[CodeTable[wire.TariffType, str]] = CodeTable(both={word: word.value for word in wire.TariffType})
TARIFF_DIMENSION: Final[CodeTable[wire.TariffDimensionType, str]] = CodeTable(
    both={word: word.value for word in wire.TariffDimensionType}
)
TAX_INCLUDED: Final[CodeTable[wire.TaxIncluded, str]] = CodeTable(both={word: word.value for word in wire.TaxIncluded})
RESERVATION: Final[CodeTable[wire.ReservationRestrictionType, str]] = CodeTable(
    both={word: word.value for word in wire.ReservationRestrictionType}
)
BOOKING: Final[CodeTable[wire.BookingRestrictionType, str]] = CodeTable(
    both={word: word.value for word in wire.BookingRestrictionType}
)
DAY: Final[CodeTable[wire.DayOfWeek, str]] = CodeTable(both={word: word.value for word in wire.DayOfWeek})

NOT_CARRIED: Final[dict[str, str]] = {}
"""OCPI carries every field of a tariff."""


def component_from_ocpi(component: wire.PriceComponent) -> core.PriceComponent:
    return core.PriceComponent(
        type=TARIFF_DIMENSION.to_core(component.type),
        price=component.price,
        vat=component.vat,
        step_size=component.step_size,
        extensions=put_aside(component.extra, {}),
    )


def component_to_ocpi(component: core.PriceComponent) -> wire.PriceComponent:
    return wire.PriceComponent(
        type=_word(TARIFF_DIMENSION, component.type, "price component"),
        price=component.price,
        vat=component.vat,
        step_size=component.step_size,
        extra=kept(component.extensions).extra,
    )


def restrictions_from_ocpi(limits: wire.TariffRestrictions) -> core.Restrictions:
    return core.Restrictions(
        start_time=limits.start_time,
        end_time=limits.end_time,
        start_date=limits.start_date,
        end_date=limits.end_date,
        min_kwh=limits.min_kwh,
        max_kwh=limits.max_kwh,
        min_current=limits.min_current,
        max_current=limits.max_current,
        min_power=limits.min_power,
        max_power=limits.max_power,
        min_duration=limits.min_duration,
        max_duration=limits.max_duration,
        day_of_week=each(DAY.to_core, limits.day_of_week or ()),
        reservation=RESERVATION.to_core(limits.reservation) if limits.reservation is not None else None,
        booking=BOOKING.to_core(limits.booking) if limits.booking is not None else None,
        extensions=put_aside(limits.extra, {}),
    )


def restrictions_to_ocpi(limits: core.Restrictions) -> wire.TariffRestrictions:
    """A restriction without an OCPI word is an error: left out, the price would hold where it does not."""
    reservation, booking = limits.reservation, limits.booking
    return wire.TariffRestrictions(
        start_time=limits.start_time,
        end_time="00:00" if limits.end_time == "24:00" else limits.end_time,
        start_date=limits.start_date,
        end_date=limits.end_date,
        min_kwh=limits.min_kwh,
        max_kwh=limits.max_kwh,
        min_current=limits.min_current,
        max_current=limits.max_current,
        min_power=limits.min_power,
        max_power=limits.max_power,
        min_duration=limits.min_duration,
        max_duration=limits.max_duration,
        day_of_week=tuple(_word(DAY, day, "day") for day in limits.day_of_week),
        reservation=_word(RESERVATION, reservation, "reservation") if reservation is not None else None,
        booking=_word(BOOKING, booking, "booking") if booking is not None else None,
        extra=kept(limits.extensions).extra,
    )


def element_from_ocpi(element: wire.TariffElement) -> core.TariffElement:
    limits = element.restrictions
    return core.TariffElement(
        components=tuple([component_from_ocpi(component) for component in element.price_components]),
        restrictions=restrictions_from_ocpi(limits) if limits is not None else None,
        extensions=put_aside(element.extra, {}),
    )


def element_to_ocpi(element: core.TariffElement) -> wire.TariffElement:
    limits = element.restrictions
    return wire.TariffElement(
        price_components=tuple([component_to_ocpi(component) for component in element.components]),
        restrictions=restrictions_to_ocpi(limits) if limits is not None else None,
        extra=kept(element.extensions).extra,
    )


def tariff_from_ocpi(tariff: wire.Tariff) -> Tariff:
    aside: Aside = {}
    unknown: dict[str, Any] = {}
    texts = tariff.tariff_alt_text or ()
    for index, text in enumerate(texts):
        if text.extra:
            unknown[f"tariff_alt_text[{index}]"] = text.extra
    low, high, starts, ends = tariff.min_price, tariff.max_price, tariff.start_date_time, tariff.end_date_time
    return Tariff(
        owner=party_in(tariff.country_code, tariff.party_id, aside),
        id=tariff.id,
        currency=tariff.currency,
        type=TARIFF_TYPE.to_core(tariff.type) if tariff.type is not None else None,
        alt_text=each(text_from_ocpi, texts),
        alt_url=tariff.tariff_alt_url,
        min_price=_limit_from_ocpi(low, unknown, "min_price") if low is not None else None,
        max_price=_limit_from_ocpi(high, unknown, "max_price") if high is not None else None,
        preauthorize_amount=tariff.preauthorize_amount,
        elements=tuple([element_from_ocpi(element) for element in tariff.elements]),
        tax_included=TAX_INCLUDED.to_core(tariff.tax_included),
        starts_at=time_in(starts, aside, "start_date_time") if starts is not None else None,
        ends_at=time_in(ends, aside, "end_date_time") if ends is not None else None,
        energy_mix=part(energy_mix_from_ocpi, tariff.energy_mix, "energy_mix") if tariff.energy_mix else None,
        updated_at=time_in(tariff.last_updated, aside, "last_updated"),
        extensions=put_aside(tariff.extra, aside, unknown),
    )


def tariff_to_ocpi(tariff: Tariff) -> wire.Tariff:
    """Raises Unsupported where OCPI lacks a word, or nobody says what it costs or whether that includes taxes."""
    if not tariff.elements:
        raise Unsupported(f"what tariff {tariff.id} costs can be said by the protocol of its owner only")
    if tariff.tax_included is None:
        raise Unsupported(f"OCPI demands to know whether the prices of tariff {tariff.id} include taxes")
    back = kept(tariff.extensions)
    country_code, party_id = party_out(tariff.owner, back)
    low, high, starts, ends = tariff.min_price, tariff.max_price, tariff.starts_at, tariff.ends_at
    return wire.Tariff(
        country_code=country_code,
        party_id=party_id,
        id=tariff.id,
        currency=tariff.currency,
        type=_word(TARIFF_TYPE, tariff.type, "tariff type") if tariff.type is not None else None,
        tariff_alt_text=texts_out(tariff.alt_text, back, "tariff_alt_text"),
        tariff_alt_url=tariff.alt_url,
        min_price=_limit_to_ocpi(low, back, "min_price") if low is not None else None,
        max_price=_limit_to_ocpi(high, back, "max_price") if high is not None else None,
        preauthorize_amount=tariff.preauthorize_amount,
        elements=tuple([element_to_ocpi(element) for element in tariff.elements]),
        tax_included=_word(TAX_INCLUDED, tariff.tax_included, "tax_included"),
        start_date_time=time_out(starts, back, "start_date_time") if starts is not None else None,
        end_date_time=time_out(ends, back, "end_date_time") if ends is not None else None,
        energy_mix=energy_mix_to_ocpi(tariff.energy_mix) if tariff.energy_mix else None,
        last_updated=time_out(tariff.updated_at, back, "last_updated"),
        extra=back.extra,
    )


def _limit_from_ocpi(limit: wire.PriceLimit, unknown: dict[str, Any], name: str) -> PriceLimit:
    if limit.extra:
        unknown[name] = limit.extra
    return PriceLimit(before_taxes=limit.before_taxes, after_taxes=limit.after_taxes)


def _limit_to_ocpi(limit: PriceLimit, back: Kept, name: str) -> wire.PriceLimit:
    extra = back.parts.get(name)
    return wire.PriceLimit(before_taxes=limit.before_taxes, after_taxes=limit.after_taxes, extra=extra)


def _word(table: CodeTable[Any, str], code: str, what: str) -> Any:
    word = table.wire_for(code)
    if word is None:
        raise Unsupported(f"OCPI has no {what} {code}")
    return word


def tariff_losses(tariff: Tariff) -> tuple[Loss, ...]:
    """What OCPI does not get of this tariff."""
    return losses(tariff, NOT_CARRIED)
