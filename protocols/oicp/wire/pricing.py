"""Dynamic pricing. Source: OICP 2.3, eRoamingPushPricingProductData_V1.0, eRoamingPushEVSEPricing_V1.0,
eRoamingPullPricingProductData_V1.0, eRoamingPullEVSEPricing_V1.0 and their data types. Amounts are without VAT."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, field

from protocols.oicp.wire.base import Wire, broken
from protocols.oicp.wire.common import (
    ActionType,
    DateTime,
    EvseID,
    OperatorID,
    ProviderID,
    StatusCode,
    Text100,
    text,
)
from protocols.oicp.wire.evse_data import Day, Period
from protocols.oicp.wire.iso import check_currency

EVERYBODY: Final = "*"
LARGEST: Final = Decimal(10) ** 12
"""No amount is as large, so that a price a minute is one an hour without rounding."""
DIGITS: Final = 12
"""Of a fraction, at most."""
ProviderIDOrAll = Annotated[str, Meta(pattern=r"^(?:[A-Za-z]{2}[*-]?[A-Za-z0-9]{3}|\*)\Z")]
"""`*` stands for all EMPs."""
CurrencyID = Annotated[str, Meta(pattern=r"^[A-Z]{3}\Z")]
ProductName = Annotated[str, text(100, 1)]
"""ProductIDType: printed limit 50; 100 is taken in, as the reference platform does."""


class ReferenceUnit(StrEnum):
    HOUR = "HOUR"
    KILOWATT_HOUR = "KILOWATT_HOUR"
    MINUTE = "MINUTE"


class AdditionalReference(StrEnum):
    """START FEE is on top of the price, FIXED FEE stands in its place."""

    START_FEE = "START FEE"
    FIXED_FEE = "FIXED FEE"
    PARKING_FEE = "PARKING FEE"
    MINIMUM_FEE = "MINIMUM FEE"
    MAXIMUM_FEE = "MAXIMUM FEE"


def check_amount(member: str, amount: Decimal) -> None:
    """Raises ValueError for what is no amount: a number may come as text, and texts say more than numbers do."""
    exponent = amount.as_tuple().exponent
    if not isinstance(exponent, int) or abs(amount) >= LARGEST or not -DIGITS <= exponent <= DIGITS:
        raise broken(member, f"an amount below {LARGEST:f} with at most {DIGITS} decimals is expected")


class AdditionalReferences(Wire, frozen=True, kw_only=True):
    """AdditionalReferencesType."""

    additional_reference: AdditionalReference
    additional_reference_unit: ReferenceUnit
    price_per_additional_reference_unit: Decimal

    def __post_init__(self) -> None:
        check_amount("PricePerAdditionalReferenceUnit", self.price_per_additional_reference_unit)


class ProductAvailabilityTimes(Wire, frozen=True, kw_only=True):
    """ProductAvailabilityTimesType."""

    periods: Annotated[tuple[Period, ...], Meta(min_length=1)]
    on: Day = field(name="on")


class PricingProductDataRecord(Wire, frozen=True, kw_only=True):
    """PricingProductDataRecordType. `maximum_product_charging_power` in kW, though the documents print kWh."""

    product_id: ProductName
    reference_unit: ReferenceUnit
    product_price_currency: CurrencyID
    price_per_reference_unit: Decimal
    maximum_product_charging_power: Decimal
    is_valid_24_hours: bool = field(name="IsValid24hours")
    product_availability_times: tuple[ProductAvailabilityTimes, ...]
    additional_references: tuple[AdditionalReferences, ...] | None = None

    def __post_init__(self) -> None:
        check_currency("ProductPriceCurrency", self.product_price_currency)
        check_amount("PricePerReferenceUnit", self.price_per_reference_unit)
        check_amount("MaximumProductChargingPower", self.maximum_product_charging_power)
        if not self.is_valid_24_hours and not self.product_availability_times:
            raise broken("ProductAvailabilityTimes", "may not be empty unless IsValid24hours is true")


class PricingProductData(Wire, frozen=True, kw_only=True):
    """PricingProductDataType: what an operator charges one EMP, or all. The default price is for undefined EVSEs."""

    operator_id: OperatorID
    operator_name: Text100 | None = None
    provider_id: ProviderIDOrAll
    pricing_default_price: Decimal
    pricing_default_price_currency: CurrencyID
    pricing_default_reference_unit: ReferenceUnit
    pricing_product_data_records: tuple[PricingProductDataRecord, ...]

    def __post_init__(self) -> None:
        check_currency("PricingDefaultPriceCurrency", self.pricing_default_price_currency)
        check_amount("PricingDefaultPrice", self.pricing_default_price)


class PushPricingProductData(Wire, frozen=True, kw_only=True):
    """eRoamingPushPricingProductData."""

    action_type: ActionType
    pricing_product_data: PricingProductData


class EvsePricing(Wire, frozen=True, kw_only=True):
    """EVSEPricingType: the products that hold at an EVSE, for one EMP or for all."""

    evse_id: EvseID
    provider_id: ProviderIDOrAll
    evse_id_product_list: Annotated[tuple[ProductName, ...], Meta(min_length=1)] = field(name="EvseIDProductList")


class PushEvsePricing(Wire, frozen=True, kw_only=True):
    """eRoamingPushEVSEPricing. An empty list is a full load of nothing, and no other action."""

    action_type: ActionType
    evse_pricing: tuple[EvsePricing, ...] = field(name="EVSEPricing")

    def __post_init__(self) -> None:
        if not self.evse_pricing and self.action_type is not ActionType.FULL_LOAD:
            raise broken("EVSEPricing", "may not be empty")


class PullPricingProductData(Wire, frozen=True, kw_only=True):
    """eRoamingPullPricingProductData. The caller is named by the path alone."""

    last_call: DateTime | None = None
    operator_ids: Annotated[tuple[OperatorID, ...], Meta(min_length=1)] = field(name="OperatorIDs")


class PullEvsePricing(Wire, frozen=True, kw_only=True):
    """eRoamingPullEVSEPricing."""

    provider_id: ProviderID
    last_call: DateTime | None = None
    operator_ids: Annotated[tuple[OperatorID, ...], Meta(min_length=1)] = field(name="OperatorIDs")


class PricingProductDataAnswer(Wire, frozen=True, kw_only=True):
    """eRoamingPricingProductData."""

    pricing_product_data: tuple[PricingProductData, ...]
    status_code: StatusCode | None = None


class OperatorEvsePricing(Wire, frozen=True, kw_only=True):
    """OperatorEVSEPricingType: one block an operator, whose member is called as its list is."""

    operator_id: OperatorID
    operator_name: Text100 | None = None
    evse_pricing: tuple[EvsePricing, ...] = field(name="EVSEPricing")


class EvsePricingAnswer(Wire, frozen=True, kw_only=True):
    """eRoamingEVSEPricing."""

    evse_pricing: tuple[OperatorEvsePricing, ...] = field(name="EVSEPricing")
    status_code: StatusCode | None = None
