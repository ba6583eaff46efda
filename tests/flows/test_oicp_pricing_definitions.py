"""What EMPs pull of prices is what the official API definitions say, where they are at hand."""

import pytest

from tests.flows.oicp_partners import (
    PULL_PRICES,
    PULL_PRODUCTS,
    evse_price,
    opened,
    product,
)
from tests.flows.test_oicp_definitions import DEFINITIONS, schema_in
from tests.flows.test_oicp_pricing import trio

jsonschema_rs = pytest.importorskip("jsonschema_rs")
SCHEMAS = DEFINITIONS / "emp" / "schemas"
TIMES = [{"Periods": [{"begin": "22:00", "end": "06:00"}], "on": "Workdays"}]
FEE = {
    "AdditionalReference": "PARKING FEE",
    "AdditionalReferenceUnit": "MINUTE",
    "PricePerAdditionalReferenceUnit": 1,
}


@pytest.mark.skipif(not SCHEMAS.is_dir(), reason="the official API definitions of OICP 2.3 are not here")
@pytest.mark.spec("OICP-PRICE-26", "OICP-PRICE-24")
@pytest.mark.parametrize(
    ("path", "name"), [(PULL_PRODUCTS, "eRoamingPricingProductData"), (PULL_PRICES, "eRoamingEVSEPricing")]
)
async def test_answers_are_as_the_definitions_say(path: str, name: str) -> None:
    async with opened() as hub:
        abc, dcb, _ = await trio(hub)
        limited = {"IsValid24hours": False, "ProductAvailabilityTimes": TIMES, "AdditionalReferences": [FEE]}
        await abc.push_products("fullLoad", product(**limited), product("DC"))
        await abc.push_prices("fullLoad", evse_price(), evse_price("DE*XYZ*E9", "DC", to="DE-DCB"))
        body = {"OperatorIDs": ["DE*ABC"]} | ({"ProviderID": "DE-DCB"} if path == PULL_PRICES else {})
        answer = await dcb.post(path, body)
        told = answer.json()
        assert told["EVSEPricing" if path == PULL_PRICES else "PricingProductData"]
        told["StatusCode"] = {key: value for key, value in told["StatusCode"].items() if value is not None}  # NET-15
        jsonschema_rs.validator_for(schema_in(SCHEMAS / f"{name}.yaml")).validate(told)
