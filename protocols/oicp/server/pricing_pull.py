"""eRoamingPullPricingProductData_V1.0 and eRoamingPullEVSEPricing_V1.0: of the operators that are asked for and offer
prices to this EMP, what is meant for it or for all. Operators of other protocols offer their tariffs, see `offers`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from core.model.contract import Service
from core.model.ids import PartyId
from core.model.partner import Partner, Role
from core.model.tariff import EvsePrice, Tariff
from core.routing import contracted, known
from mappings.oicp.ids import evse_id_to_oicp, party_from_oicp
from mappings.oicp.leftovers import PROTOCOL
from mappings.oicp.price_sets import head_to_oicp
from mappings.oicp.pricing import products_to_oicp
from mappings.oicp.times import moment_from_oicp
from protocols.oicp import codec
from protocols.oicp.codes import NO_CONTRACT, SUCCESS, Negative, status
from protocols.oicp.server.evse_pull import Owners
from protocols.oicp.server.inbound import Inbound, Reply
from protocols.oicp.server.offers import offered_evse_pricing, offered_products
from protocols.oicp.settings import DYNAMIC_PRICING, settings_of, spelling_of
from protocols.oicp.wire.pricing import (
    EVERYBODY,
    EvsePricing,
    PricingProductData,
    PullEvsePricing,
    PullPricingProductData,
)


async def pull_pricing_product_data(call: Inbound) -> Reply:
    message = call.message(PullPricingProductData)
    since = _since(message.last_call)
    content: list[PricingProductData] = []
    for owner, partner in (await _offering(call, message.operator_ids)).items():
        if partner.protocol == PROTOCOL:
            content += await _sets(call, owner, since)
        else:
            content += await offered_products(call, owner, partner, since)
    owners = await Owners.read(call)
    return _reply("PricingProductData", [_headed(call, owners, one) for one in content])


async def pull_evse_pricing(call: Inbound) -> Reply:
    message = call.message(PullEvsePricing)
    call.check_id(message.provider_id, "$.ProviderID")
    since = _since(message.last_call)
    owners = await Owners.read(call)
    provider = spelling_of(call.partner, call.party, Role.EMSP)
    blocks: list[dict[str, Any]] = []
    for owner, partner in (await _offering(call, message.operator_ids)).items():
        if partner.protocol == PROTOCOL:
            entries = await _assigned(call, owner, since, provider)
        else:
            entries = await offered_evse_pricing(call, owner, partner, since, provider)
        if entries:
            blocks.append(
                {"OperatorID": owners.spelling(owner), "OperatorName": owners.name(owner), "EVSEPricing": entries}
            )
    return _reply("EVSEPricing", blocks)


def _since(text: str | None) -> datetime | None:
    return moment_from_oicp(text, "$.LastCall") if text else None


async def _offering(call: Inbound, operator_ids: Sequence[str]) -> dict[PartyId, Partner]:
    """Of the operators that are asked for those with a contract that covers prices. Raises Negative 210 for none."""
    now, reader = call.hub.clock.now(), call.partner
    offering = {
        party: partner
        for partner in await call.hub.partners.all()
        if _offers(partner, reader, now)
        for party in partner.parties_as(Role.CPO)
    }
    asked = [party_from_oicp(text, f"$.OperatorIDs[{index}]") for index, text in enumerate(operator_ids)]
    found = {party: offering[party] for party in asked if party in offering}
    if not found:
        raise Negative(NO_CONTRACT, "No active subscription found")
    return found


def _offers(operator: Partner, reader: Partner, now: datetime) -> bool:
    if operator.id == reader.id or not known(operator):
        return False
    if not contracted(operator, reader, Service.AUTHORISATION, now):
        return False
    return operator.protocol != PROTOCOL or DYNAMIC_PRICING not in settings_of(operator).closed_services


async def _sets(call: Inbound, owner: PartyId, since: datetime | None) -> list[PricingProductData]:
    """What is meant for this EMP, then what is meant for all."""
    tariffs = await call.hub.prices.tariffs_of(owner)
    found = []
    for recipient in (call.party, None):
        mine = [tariff for tariff in tariffs if tariff.recipient == recipient]
        found += _set(call, mine, since)
    return found


def _set(call: Inbound, tariffs: Sequence[Tariff], since: datetime | None) -> list[PricingProductData]:
    """The one set of these tariffs, with the products that have changed; none if nothing of it has."""
    changed = [tariff for tariff in tariffs if since is None or tariff.updated_at >= since]
    head = next((head_to_oicp(tariff) for tariff in tariffs if tariff.is_default), None)
    if head is None or not changed:
        return []
    now = call.hub.clock.now()
    products = [products_to_oicp(tariff, now=now, power_kw=None) for tariff in changed if not tariff.is_default]
    records = tuple(record for one in products for record in one.records)
    return [msgspec.structs.replace(head, pricing_product_data_records=records)]


def _headed(call: Inbound, owners: Owners, data: PricingProductData) -> PricingProductData:
    """With ids as the partners are registered."""
    mine = data.provider_id != EVERYBODY
    return msgspec.structs.replace(
        data,
        operator_id=owners.spelling(party_from_oicp(data.operator_id)),
        provider_id=spelling_of(call.partner, call.party, Role.EMSP) if mine else EVERYBODY,
    )


async def _assigned(call: Inbound, owner: PartyId, since: datetime | None, provider: str) -> list[EvsePricing]:
    """One entry an EVSE: what is said for this EMP takes the place of what is said for all."""
    chosen: dict[str, EvsePrice] = {}
    for price in await call.hub.prices.evse_prices_of(owner):
        if price.recipient == call.party or (price.recipient is None and price.evse_id.key not in chosen):
            chosen[price.evse_id.key] = price
    return [
        EvsePricing(evse_id=evse_id, provider_id=provider, evse_id_product_list=price.products)
        for price in chosen.values()
        if since is None or price.updated_at >= since
        if (evse_id := evse_id_to_oicp(price.evse_id)) is not None
    ]


def _reply(member: str, content: Any) -> Reply:
    code = {"Code": SUCCESS, "Description": status(SUCCESS).description, "AdditionalInfo": None}
    return Reply(codec.encode({member: content, "StatusCode": code}))
