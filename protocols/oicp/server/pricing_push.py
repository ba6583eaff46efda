"""eRoamingPushPricingProductData_V1.0 and eRoamingPushEVSEPricing_V1.0: all or nothing, one push of an operator after
the other. Prices are stored and handed on, never computed.

A product set belongs to an operator and an EMP, or all EMPs; its products are tariffs of the operator.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypeVar

import msgspec

from core.model.ids import PartyId
from core.model.tariff import EvsePrice, Tariff
from core.prices import PriceBook
from mappings.oicp.ids import evse_id_from_oicp
from mappings.oicp.price_sets import default_from_oicp, recipient_from_oicp
from mappings.oicp.pricing import tariff_from_oicp
from protocols.oicp.codes import DATA, FOREIGN_EVSE, Negative
from protocols.oicp.server.inbound import Inbound, Reply, acknowledged, check_held, listed
from protocols.oicp.wire.common import ActionType
from protocols.oicp.wire.pricing import (
    EVERYBODY,
    EvsePricing,
    PricingProductData,
    PushEvsePricing,
    PushPricingProductData,
)

T = TypeVar("T", Tariff, EvsePrice)


async def push_pricing_product_data(call: Inbound) -> Reply:
    message = call.message(PushPricingProductData)
    action, data = message.action_type, message.pricing_product_data
    call.check_id(data.operator_id, "$.PricingProductData.OperatorID")
    recipient, now = recipient_from_oicp(data.provider_id), call.hub.clock.now()
    given = _products(call.party, recipient, data, now)
    async with call.shared.lock(f"prices/{call.party.key}"):
        held = [one for one in await call.hub.prices.tariffs_of(call.party) if one.recipient == recipient]
        products = {one.name: one for one in held if not one.is_default}
        info = check_held(action, {key: one.product or one.id for key, one in given.items()}, products.keys())
        changed, gone = difference(action, given, products)
        if action is not ActionType.DELETE:
            default = default_from_oicp(data, call.party, recipient, received_at=now)
            if not any(one.is_default and not _differs(default, one) for one in held):
                changed.append(default)
        if changed or gone:
            await call.hub.prices.change_tariffs(call.partner, call.party, changed, gone, call.process_id)
    return acknowledged(info)


async def push_evse_pricing(call: Inbound) -> Reply:
    message = call.message(PushEvsePricing)
    action, now = message.action_type, call.hub.clock.now()
    given = _prices(call, message.evse_pricing, now)
    async with call.shared.lock(f"prices/{call.party.key}"):
        evse_ids = None if action is ActionType.FULL_LOAD else [one.evse_id for one in given.values()]
        held = {one.key: one for one in await call.hub.prices.evse_prices_of(call.party, evse_ids)}
        info = check_held(action, {key: _shown(one) for key, one in given.items()}, held.keys())
        changed, gone = difference(action, given, held)
        if changed or gone:
            await call.hub.prices.change_evse_prices(call.partner, call.party, changed, gone, call.process_id)
        if action is not ActionType.DELETE:
            info = _unknown_products(await call.hub.prices.tariffs_of(call.party), given.values())
    return acknowledged(info)


def difference(action: ActionType, given: Mapping[str, T], held: Mapping[str, T]) -> tuple[list[T], list[T]]:
    """What changes and what goes, by key. Only content counts: what is said again keeps its time."""
    if action is ActionType.DELETE:
        return [], [held[key] for key in given if key in held]
    changed = [one for key, one in given.items() if key not in held or _differs(one, held[key])]
    gone = [one for key, one in held.items() if key not in given] if action is ActionType.FULL_LOAD else []
    return changed, gone


def _differs(new: T, held: T) -> bool:
    return msgspec.structs.replace(new, updated_at=held.updated_at) != held


def _products(owner: PartyId, recipient: PartyId | None, data: PricingProductData, now: datetime) -> dict[str, Tariff]:
    """By name. Raises Negative 022 for a ProductID that is given twice."""
    found: dict[str, Tariff] = {}
    for record in data.pricing_product_data_records:
        tariff = tariff_from_oicp(record, owner, recipient, received_at=now)
        if found.setdefault(tariff.name, tariff) is not tariff:
            raise Negative(DATA, f"given twice: {record.product_id}")
    return found


def _prices(call: Inbound, entries: Iterable[EvsePricing], now: datetime) -> dict[str, EvsePrice]:
    """By key. Raises Negative 018 for an EVSE of another operator, and for one that is given twice for one EMP."""
    found: dict[str, EvsePrice] = {}
    twice: list[str] = []
    for entry in entries:
        price = EvsePrice(
            owner=call.party,
            evse_id=evse_id_from_oicp(entry.evse_id),
            recipient=recipient_from_oicp(entry.provider_id),
            products=entry.evse_id_product_list,
            updated_at=now,
        )
        if found.setdefault(price.key, price) is not price:
            twice.append(_shown(price))
    call.check_evse_ids(list({one.evse_id.key: one.evse_id for one in found.values()}.values()))
    if twice:
        raise Negative(FOREIGN_EVSE, "given twice: " + listed(twice))
    return found


def _shown(price: EvsePrice) -> str:
    return f"{price.evse_id.text} for {price.recipient or EVERYBODY}"


def _unknown_products(tariffs: Iterable[Tariff], prices: Iterable[EvsePrice]) -> str | None:
    """A hint: products may come later than what they are assigned to."""
    book = PriceBook(tariffs, ())
    unknown = [name for price in prices for name in price.products if book.tariff(name, price.recipient) is None]
    return "no such product yet: " + listed(list(dict.fromkeys(unknown))) if unknown else None
