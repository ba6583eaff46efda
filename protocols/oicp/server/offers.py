"""What operators of other protocols charge, as pricing products: an offer to all EMPs that may see the operator.

What OICP cannot say without changing what a driver pays is left out, and counted with its reason. OICP demands a
default price for EVSEs that no product is named for. Such a price is agreed on (the partner's `tariff`), or there is no
such EVSE; else nothing is offered, because a default that nobody said would be an invented price.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

from msgspec import Struct

from core.model.ids import PartyId
from core.model.partner import Partner
from core.model.tariff import Tariff
from mappings.oicp.ids import operator_to_oicp
from mappings.oicp.leftovers import PROTOCOL
from mappings.oicp.notes import withheld
from mappings.oicp.pricing import Products, products_to_oicp
from protocols.oicp.server.catalogue import ALL, Entry
from protocols.oicp.server.inbound import Inbound
from protocols.oicp.wire.pricing import EVERYBODY, EvsePricing, PricingProductData, PricingProductDataRecord

_NO_DEFAULT: Final = withheld("PricingDefaultPrice", "no default price is agreed on, and not every EVSE has a product")
_NO_POWER: Final = Decimal(0)
"""Of a default price, which says none."""


class Offer(Struct, frozen=True):
    """`products` by tariff id; `priced` are the EVSEs with the names of their products."""

    products: Mapping[str, Products]
    priced: Sequence[tuple[Entry, tuple[str, ...]]]
    default: PricingProductDataRecord | None


async def offered_products(
    call: Inbound, owner: PartyId, partner: Partner, since: datetime | None
) -> list[PricingProductData]:
    """One set for all EMPs; with `since` of what the hub holds so since then. None without anything in it."""
    offer = await _offer(call, owner, partner)
    await _note(call, owner, offer)
    changed = offer.products.keys() if since is None else await _changed(call, owner, since)
    records = tuple(record for key, one in offer.products.items() if key in changed for record in one.records)
    if offer.default is None or not records:
        return []
    head = PricingProductData(
        operator_id=operator_to_oicp(owner),
        operator_name=partner.name[:100],
        provider_id=EVERYBODY,
        pricing_default_price=offer.default.price_per_reference_unit,
        pricing_default_price_currency=offer.default.product_price_currency,
        pricing_default_reference_unit=offer.default.reference_unit,
        pricing_product_data_records=records,
    )
    return [head]


async def offered_evse_pricing(
    call: Inbound, owner: PartyId, partner: Partner, since: datetime | None, provider: str
) -> list[EvsePricing]:
    offer = await _offer(call, owner, partner)
    if offer.default is None:
        return []
    return [
        EvsePricing(evse_id=entry.evse_id, provider_id=provider, evse_id_product_list=names)
        for entry, names in offer.priced
        if since is None or entry.changed_at >= since
    ]


async def _offer(call: Inbound, owner: PartyId, partner: Partner) -> Offer:
    tariffs, _ = await call.hub.tariffs.page(call.partner, None, None, 0, ALL, (owner,))
    visible = await call.shared.catalogue.entries(call.partner)
    entries = [entry for entry in visible if entry.owner == owner and not entry.removed]
    now = call.hub.clock.now()
    products = {
        tariff.id.upper(): products_to_oicp(tariff, now=now, power_kw=_power_kw(tariff, entries))
        for tariff in sorted(tariffs, key=lambda one: one.key)
    }
    priced = [(entry, names) for entry in entries if (names := _names(entry, products))]
    covered = len(priced) == len(entries)
    return Offer(products, priced, _agreed(partner, now) or (_first(products) if covered else None))


async def _changed(call: Inbound, owner: PartyId, since: datetime) -> set[str]:
    found, _ = await call.hub.tariffs.page(call.partner, None, None, 0, ALL, (owner,), stored_from=since)
    return {tariff.id.upper() for tariff in found}


def _power_kw(tariff: Tariff, entries: Sequence[Entry]) -> Decimal | None:
    """The most that a station gives at which the tariff holds."""
    wanted = tariff.id.upper()
    bearing = [entry for entry in entries if wanted in (held.upper() for held in entry.tariff_ids)]
    return max((entry.power_kw for entry in bearing if entry.power_kw is not None), default=None)


def _names(entry: Entry, products: Mapping[str, Products]) -> tuple[str, ...]:
    """None if one that holds there cannot be told: the others alone would be another offer. What is no tariff for
    roaming is no part of it."""
    names: list[str] = []
    for tariff_id in entry.tariff_ids:
        product = products.get(tariff_id.upper())
        if product is None or (not product.records and product.losses[0].path != "type"):
            return ()
        names += [record.product_id for record in product.records]
    return tuple(names)


def _agreed(partner: Partner, now: datetime) -> PricingProductDataRecord | None:
    """The tariff that was agreed on, if it is one price and nothing else."""
    if partner.agreed_tariff is None:
        return None
    records = products_to_oicp(partner.agreed_tariff, now=now, power_kw=_NO_POWER).records
    plain = [record for record in records if record.is_valid_24_hours and not record.additional_references]
    return plain[0] if len(plain) == 1 == len(records) else None


def _first(products: Mapping[str, Products]) -> PricingProductDataRecord | None:
    return next((record for one in products.values() for record in one.records), None)


async def _note(call: Inbound, owner: PartyId, offer: Offer) -> None:
    losses = [loss for one in offer.products.values() for loss in one.losses]
    if offer.default is None:
        losses.append(_NO_DEFAULT)
    await call.hub.note_fetched("tariff", owner, PROTOCOL, losses)
