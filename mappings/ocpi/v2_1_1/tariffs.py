"""Tariffs. Source: OCPI 2.1.1 and 2.3.0, mod_tariffs.

A price never changes on the way: what cannot be said without changing it is not said."""

from typing import Any, Final

from msgspec.structs import replace

from mappings.ocpi.common import time_from_ocpi
from mappings.ocpi.forms import About, Unsayable, mapped, retyped
from mappings.ocpi.parties import spelled
from mappings.ocpi.v2_1_1.config import party_of
from mappings.ocpi.v2_1_1.parts import energy_mix_newer, energy_mix_older, told
from mappings.ocpi.v2_2_1 import untaxed
from protocols.ocpi.wire import tariffs
from protocols.ocpi.wire import v2_1_1 as wire
from protocols.ocpi.wire.tariffs import TaxIncluded

_CURRENTS: Final = ("min_current", "max_current")


def tariff_newer(tariff: wire.Tariff, about: About) -> tariffs.Tariff:
    """Of the operator whose connection it is. Prices of 2.1.1 never contain VAT."""
    country_code, party_id = spelled(party_of(about))
    return retyped(
        tariff,
        tariffs.Tariff,
        country_code=country_code,
        party_id=party_id,
        tax_included=TaxIncluded.NO,
        energy_mix=mapped(energy_mix_newer, tariff.energy_mix),
    )


def tariff_patch_newer(patch: wire.TariffPatch, about: About) -> wire.TariffPatch:
    """2.3.0 knows no PATCH of a tariff: its members, in the words of 2.3.0."""
    mix: Any = mapped(energy_mix_newer, patch.energy_mix)
    return replace(patch, energy_mix=mix, last_updated=told(patch.last_updated, about))


def tariff_older(tariff: tariffs.Tariff, about: About) -> wire.Tariff:
    """Elements for reservations and bookings are left out as a whole. Raises Unsayable while it is not valid, if no
    element remains, and where a price or a limit could only be told wrongly."""
    _check_valid_now(tariff, about)
    if (tariff.min_price or tariff.max_price) and not about.switches.lossy_tariffs:
        raise Unsayable(f"tariff {tariff.id} has a minimum or maximum price, which OCPI 2.1.1 cannot say")
    elements = tuple(_element_older(element, tariff, about) for element in tariff.elements if not _is_apart(element))
    if not elements:
        raise Unsayable(f"tariff {tariff.id} prices no charging")
    return retyped(tariff, wire.Tariff, elements=elements, energy_mix=mapped(energy_mix_older, tariff.energy_mix))


def _check_valid_now(tariff: tariffs.Tariff, about: About) -> None:
    starts, ends = tariff.start_date_time, tariff.end_date_time
    if starts is not None and time_from_ocpi(starts) > about.now:
        raise Unsayable(f"tariff {tariff.id} is not valid yet, which OCPI 2.1.1 cannot say")
    if ends is not None and time_from_ocpi(ends) <= about.now:
        raise Unsayable(f"tariff {tariff.id} is not valid any more, which OCPI 2.1.1 cannot say")


def _is_apart(element: tariffs.TariffElement) -> bool:
    """Whether it prices something else than charging."""
    limits = element.restrictions
    return limits is not None and (limits.reservation is not None or limits.booking is not None)


def _element_older(element: tariffs.TariffElement, tariff: tariffs.Tariff, about: About) -> tariffs.TariffElement:
    limits = element.restrictions
    limited = [name for name in _CURRENTS if limits is not None and getattr(limits, name) is not None]
    if limited and not about.switches.lossy_tariffs:
        raise Unsayable(f"tariff {tariff.id} depends on the current, which OCPI 2.1.1 cannot say")
    components = tuple(_component_older(held, tariff) for held in element.price_components)
    changes = {"restrictions": replace(limits, **dict.fromkeys(limited))} if limits and limited else {}
    return replace(element, price_components=components, **changes)


def _component_older(component: tariffs.PriceComponent, tariff: tariffs.Tariff) -> tariffs.PriceComponent:
    if tariff.tax_included is TaxIncluded.YES:
        if component.vat is None:
            raise Unsayable(f"the prices of tariff {tariff.id} include taxes of an unknown rate")
        component = untaxed(component)
    return replace(component, vat=None)
