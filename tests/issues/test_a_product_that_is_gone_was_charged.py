"""A record is priced by what held when charging began, be its product gone or another's price by now."""

from decimal import Decimal

from core.model.ids import PartyId
from mappings.oicp.ids import evse_id_from_oicp
from tests.flows.oicp_partners import cpo, emp, evse_price, join, opened, product

ABC, DCB = PartyId("DE", "ABC"), PartyId("DE", "DCB")
EVSE = evse_id_from_oicp("DE*ABC*E1")


async def test_a_product_that_is_gone_was_charged() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        await abc.push_products("fullLoad", product("AC3"))
        await abc.push_prices("fullLoad", evse_price("DE*ABC*E1", "AC3"))
        then = hub.clock.now()
        hub.clock.advance(60)
        await abc.push_products("fullLoad", product("DC"))
        await abc.push_prices("fullLoad", evse_price("DE*ABC*E1", "DC"))
        for named, at, expected in ((None, then, "AC3"), ("ac3", then, "AC3"), (None, hub.clock.now(), "DC")):
            tariff = await hub.hub.prices.charged(ABC, EVSE, None, named, at)
            assert tariff is not None and tariff.name == expected


async def test_a_price_for_one_emp_that_is_gone_was_charged_to_it() -> None:
    async with opened() as hub:
        abc, _ = await join(hub, cpo()), await join(hub, emp())
        await abc.push_products("fullLoad", product("AC3", "0.40"))
        await abc.push_products("fullLoad", product("AC3", "0.30"), ProviderID="DE-DCB")
        await abc.push_prices("fullLoad", evse_price("DE*ABC*E1", "AC3"))
        then = hub.clock.now()
        hub.clock.advance(60)
        await abc.push_products("delete", product("AC3", "0.30"), ProviderID="DE-DCB")
        for recipient, expected in ((DCB, "0.30"), (None, "0.40")):
            tariff = await hub.hub.prices.charged(ABC, EVSE, recipient, None, then)
            assert tariff is not None
            [component] = [one for element in tariff.elements for one in element.components]
            assert component.price == Decimal(expected)
