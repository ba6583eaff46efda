"""Prices between simulated OICP networks, and what an OCPI eMSP is told of them."""

from decimal import Decimal

from core.model.ids import PartyId
from gateway.simulator.cast import invented
from gateway.simulator.network import bare
from gateway.simulator.oicp.home import OicpHome
from gateway.simulator.oicp.host import OicpHost
from gateway.simulator.visits import Price
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows.hub import HUB_URL, TestHub
from tests.flows.ocpi_partner import OcpiPartner
from tests.flows.simulated import Town

CPO, EMP = PartyId("DE", "STW"), PartyId("DE", "ELK")
PRICE = Price("AC", Decimal("0.42"))


async def test_an_operator_offers_its_price_with_its_places() -> None:
    async with TestHub.open([OCPI, OICP]) as hub:
        emsp = await OcpiPartner("emsp.test", ("EMSP", "DE", "EMB")).join(hub)
        host, home = OicpHost("Stadt", CPO, HUB_URL, PRICE), OicpHome("Elk", EMP, HUB_URL)
        town = Town(hub)
        await town.join(host, home)
        operator = invented(CPO, "Stadt", 2)
        await host.offer(operator)
        [product] = await home.pull_products([CPO])
        assert (product["ProductID"], product["PricePerReferenceUnit"]) == ("AC", Decimal("0.42"))
        evses = {bare(point.evse_id) for point in operator.points}
        assert await home.pull_evse_pricing([CPO]) == {evse: ["AC"] for evse in evses}
        await hub.relay()
        told = [request.json for request in emsp.seen("PUT", "tariffs")]
        assert {one["id"] for one in told} == {"AC", "~default"}
        places = [request.json for request in emsp.seen("PUT", "locations")]
        borne = {plug["tariff_ids"][0] for place in places for one in place["evses"] for plug in one["connectors"]}
        assert borne == {"AC"}
        assert len({place["id"] for place in places}) == len(places)  # told once, prices and all
        await town.close()
