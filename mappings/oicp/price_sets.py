"""Product sets <-> the tariffs that they are made of. Source: OICP 2.3, PricingProductDataType; crosswalk 1.19, 3(g).

What a set says beside its products (its EMP, its default price) is kept with the tariff of its default price.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from core.model.base import pack_extension, unpack_extension
from core.model.ids import PartyId
from core.model.loss import Loss, LossKind
from core.model.tariff import Tariff, TariffElement
from mappings.oicp.ids import operator_to_oicp, party_from_oicp, provider_to_oicp
from mappings.oicp.leftovers import PROTOCOL
from mappings.oicp.pricing import base_price, kept_as, product_of, products_to_oicp, tariff_from_oicp
from protocols.oicp.wire.pricing import (
    EVERYBODY,
    AdditionalReference,
    PricingProductData,
    PricingProductDataRecord,
)

DEFAULT: Final = "~default"
"""Id of the tariff that holds where no other is named."""
SET: Final = "oicp-set"
"""Where a tariff that travels alone keeps what its set says beside it."""


class ProductSet(Struct, frozen=True):
    """`data` None: nothing of it may be told, and `losses` say why."""

    data: PricingProductData | None
    losses: tuple[Loss, ...]


def recipient_from_oicp(provider_id: str, path: str = "$.ProviderID") -> PartyId | None:
    """None: all EMPs."""
    return None if provider_id == EVERYBODY else party_from_oicp(provider_id, path)


def default_from_oicp(
    data: PricingProductData, owner: PartyId, recipient: PartyId | None, *, received_at: datetime
) -> Tariff:
    """The default price, which bears what the set says beside its products. A zero says nothing to others: OICP demands
    the member, and an absent price is not zero."""
    price = base_price(data.pricing_default_reference_unit, data.pricing_default_price)
    element = TariffElement(components=(price,))
    return Tariff(
        owner=owner,
        id=f"{DEFAULT}@{recipient.key}" if recipient else DEFAULT,
        recipient=recipient,
        is_default=True,
        currency=data.pricing_default_price_currency,
        elements=(element,) if data.pricing_default_price else (),
        tax_included="NO",
        updated_at=received_at,
        extensions={PROTOCOL: _packed_head(data)},
    )


def head_to_oicp(default: Tariff) -> PricingProductData | None:
    """What a set says beside its products, of its default price. None for a tariff that did not come so."""
    return kept_as(default, PricingProductData)


# --- a set as a message of its own


def tariffs_from_oicp(data: PricingProductData, *, received_at: datetime) -> list[Tariff]:
    """Its products, the first of which keeps what the set says beside them; of a set without any its default price."""
    owner = party_from_oicp(data.operator_id, "$.OperatorID")
    recipient = recipient_from_oicp(data.provider_id)
    found = [
        tariff_from_oicp(record, owner, recipient, received_at=received_at)
        for record in data.pricing_product_data_records
    ]
    if not found:
        return [default_from_oicp(data, owner, recipient, received_at=received_at)]
    found[0] = replace(found[0], extensions={**found[0].extensions, SET: _packed_head(data)})
    return found


def set_to_oicp(
    tariffs: Sequence[Tariff], *, now: datetime, power_kw: Callable[[Tariff], Decimal | None]
) -> ProductSet:
    """One set of all these tariffs of one owner, as it came or made anew."""
    head = _head(tariffs)
    made = [products_to_oicp(one, now=now, power_kw=power_kw(one)) for one in tariffs if not one.is_default]
    records = tuple(record for one in made for record in one.records)
    losses = tuple(loss for one in made for loss in one.losses)
    if head is not None:
        return ProductSet(replace(head, pricing_product_data_records=records), losses)
    if not records:
        return ProductSet(None, losses)
    return ProductSet(_made(tariffs[0], records), (*losses, _assumed(records[0])))


def _made(tariff: Tariff, records: tuple[PricingProductDataRecord, ...]) -> PricingProductData:
    return PricingProductData(
        operator_id=operator_to_oicp(tariff.owner),
        provider_id=provider_to_oicp(tariff.recipient) if tariff.recipient else EVERYBODY,
        pricing_default_price=records[0].price_per_reference_unit,
        pricing_default_price_currency=records[0].product_price_currency,
        pricing_default_reference_unit=records[0].reference_unit,
        pricing_product_data_records=records,
    )


def _assumed(record: PricingProductDataRecord) -> Loss:
    return Loss(
        path="$.PricingDefaultPrice",
        value=float(record.price_per_reference_unit),
        reason="OICP demands a default price: that of the first product stands in",
        kind=LossKind.ASSUMED,
    )


def _head(tariffs: Sequence[Tariff]) -> PricingProductData | None:
    for tariff in tariffs:
        if tariff.is_default:
            return head_to_oicp(tariff)
        if content := unpack_extension(tariff.extensions, SET):
            return msgspec.convert(content, PricingProductData)
    return None


def _packed_head(data: PricingProductData) -> str:
    head = replace(data, pricing_product_data_records=())
    return pack_extension(msgspec.to_builtins(head, builtin_types=(Decimal,)))


def source_losses(tariff: Tariff) -> tuple[Loss, ...]:
    """What a set of OICP says and a tariff does not."""
    record, head = product_of(tariff), unpack_extension(tariff.extensions, SET)
    found: list[Loss] = []
    if tariff.recipient is not None:
        reason = "told to this eMSP alone; its connection says so, not the tariff"
        found.append(Loss(path="$.ProviderID", reason=reason, value=str(tariff.recipient)))
    if head:
        reason = "a default price is a tariff of its own, which EVSEs without a product bear"
        found.append(Loss(path="$.PricingDefaultPrice", reason=reason, value=float(head["PricingDefaultPrice"])))
    if record is None:
        return tuple(found)
    power = float(record.maximum_product_charging_power)
    reason = "the top power of a product is no condition of its price"
    found.append(Loss(path="$.MaximumProductChargingPower", reason=reason, value=power))
    if any(fee.additional_reference is AdditionalReference.PARKING_FEE for fee in record.additional_references or ()):
        reason = "when parking begins is agreed outside OICP; told as the time without charging"
        found.append(Loss(path="$.AdditionalReferences", reason=reason, value="PARKING FEE", kind=LossKind.ASSUMED))
    return tuple(found)
