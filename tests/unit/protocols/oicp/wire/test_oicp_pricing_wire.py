"""The messages of dynamic pricing: what is wrong is refused where it is wrong."""

from decimal import Decimal
from typing import Any

import pytest

from protocols.oicp import codec
from tests.unit.protocols.oicp.wire.oicp_goldens import TYPES
from tests.unit.protocols.oicp.wire.test_oicp_wire import PRODUCT, accepted, edited, refused

PUSH, EVSES = "push_pricing_product_data/rich", "push_evse_pricing/two"
SET = "$.PricingProductData"


@pytest.mark.spec("OICP-DT-01", "OICP-PRICE-04")
@pytest.mark.parametrize(
    "path",
    [
        "$.ActionType", f"{SET}.OperatorID", f"{SET}.ProviderID", f"{SET}.PricingDefaultPrice",
        f"{SET}.PricingDefaultPriceCurrency", f"{SET}.PricingDefaultReferenceUnit",
        f"{SET}.PricingProductDataRecords", f"{PRODUCT}.ProductID", f"{PRODUCT}.ReferenceUnit",
        f"{PRODUCT}.ProductPriceCurrency", f"{PRODUCT}.PricePerReferenceUnit",
        f"{PRODUCT}.MaximumProductChargingPower", f"{PRODUCT}.IsValid24hours",
        f"{PRODUCT}.ProductAvailabilityTimes", f"{PRODUCT}.ProductAvailabilityTimes[0].Periods",
        f"{PRODUCT}.ProductAvailabilityTimes[0].on", f"{PRODUCT}.AdditionalReferences[0].AdditionalReference",
        f"{PRODUCT}.AdditionalReferences[0].AdditionalReferenceUnit",
        f"{PRODUCT}.AdditionalReferences[0].PricePerAdditionalReferenceUnit",
    ],
)  # fmt: skip
@pytest.mark.parametrize("missing", [..., None])
def test_mandatory_members_of_products(path: str, missing: Any) -> None:
    assert refused(PUSH, path, missing).path == path


@pytest.mark.spec("OICP-DT-01", "OICP-DT-09")
@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("$.EVSEPricing", []),
        ("$.EVSEPricing[0].EvseID", ...),
        ("$.EVSEPricing[0].ProviderID", ...),
        ("$.EVSEPricing[0].ProviderID", "**"),
        ("$.EVSEPricing[0].EvseIDProductList", ...),
        ("$.EVSEPricing[0].EvseIDProductList", []),
    ],
)
def test_what_is_wrong_in_evse_pricing(path: str, wrong: Any) -> None:
    assert refused(EVSES, path, wrong).path == path


@pytest.mark.spec("OICP-DT-10", "OICP-PRICE-11")
@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (f"{PRODUCT}.ReferenceUnit", "hour"),
        (f"{PRODUCT}.AdditionalReferences[0].AdditionalReference", "START_FEE"),
        (f"{PRODUCT}.ProductAvailabilityTimes[0].on", "Holiday"),
        (f"{PRODUCT}.ProductAvailabilityTimes[0].Periods[0].begin", "24:01"),
        (f"{PRODUCT}.ProductPriceCurrency", "Euro"),
        (f"{PRODUCT}.ProductID", "x" * 101),
        (f"{PRODUCT}.ProductID", ""),
        (f"{PRODUCT}.PricePerReferenceUnit", "NaN"),
        (f"{PRODUCT}.PricePerReferenceUnit", "Infinity"),
        (f"{PRODUCT}.PricePerReferenceUnit", "1e400"),
        (f"{PRODUCT}.PricePerReferenceUnit", "1e-400"),
        (f"{PRODUCT}.MaximumProductChargingPower", "sNaN"),
        (f"{PRODUCT}.AdditionalReferences[0].PricePerAdditionalReferenceUnit", "NaN"),
        (f"{SET}.PricingDefaultPrice", "NaN"),
        (f"{SET}.ProviderID", "DE|FAR"),
    ],
)
def test_values_that_are_none(path: str, wrong: Any) -> None:
    assert refused(PUSH, path, wrong).path == path


@pytest.mark.spec("OICP-PRICE-10")
def test_times_are_needed_unless_always_valid() -> None:
    path = f"{PRODUCT}.ProductAvailabilityTimes"
    assert refused(PUSH, path, []).path == path
    always = edited(PUSH, f"{PRODUCT}.IsValid24hours", True)
    always["PricingProductData"]["PricingProductDataRecords"][0]["ProductAvailabilityTimes"] = []
    codec.convert(always, TYPES["push_pricing_product_data"])


@pytest.mark.spec("OICP-PRICE-08")
def test_products_of_an_evse_may_be_objects_and_go_out_as_names() -> None:
    message = accepted(EVSES, "$.EVSEPricing[0].EvseIDProductList", [{"ProductID": "AC3 Tag"}, "Frei"])
    assert codec.to_raw(message)["EVSEPricing"][0]["EvseIDProductList"] == ["AC3 Tag", "Frei"]
    refused(EVSES, "$.EVSEPricing[0].EvseIDProductList", [{"Product": "AC3 Tag"}])


@pytest.mark.spec("OICP-PRICE-11", "OICP-NET-17")
@pytest.mark.parametrize("amount", ["0.3333", "0.30", "12.000000000001", "0"])
def test_an_amount_keeps_its_digits(amount: str) -> None:
    message = accepted(PUSH, f"{PRODUCT}.PricePerReferenceUnit", Decimal(amount))
    assert f'"PricePerReferenceUnit":{amount},'.encode() in codec.encode(message)


@pytest.mark.spec("OICP-PRICE-05")
def test_an_empty_list_is_a_full_load_of_nothing() -> None:
    codec.convert({"ActionType": "fullLoad", "EVSEPricing": []}, TYPES["push_evse_pricing"])
