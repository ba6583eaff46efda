"""A connector with a wrong current, pushed by one operator over OCPI: no EMP could pull any EVSE over OICP any more."""

from typing import Any

import pytest

from core.model.location import Location
from mappings.oicp.locations import EvseRecords, evse_records_to_oicp
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from protocols.oicp.server import catalogue
from tests.flows import ochp_partners as ochp
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, connector, evse, location
from tests.flows.oicp_partners import CARD, Emp, emp, join


async def pulled(hub: TestHub, odd: dict[str, Any]) -> list[str]:
    """The EVSEs that an EMP sees of two locations, the first with this connector."""
    p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
    dcb = await join(hub, emp(), Emp(CARD))
    for number, changes in (("1", odd), ("2", {})):
        whole = location(f"LOC{number}", evses=[evse(number, connectors=[connector(**changes)])])
        answer = await p1.call(hub, "PUT", f"locations/receiver/NL/CPA/LOC{number}", whole)
        assert answer.json()["status_code"] == 1000
    return [record["EvseID"] for record in await dcb.pulled()]


@pytest.mark.parametrize(
    "odd", [{"max_amperage": -1}, {"max_voltage": 10**9}, {"max_amperage": 10**30}, {"max_electric_power": 10**17}]
)
async def test_a_rating_that_oicp_cannot_say(odd: dict[str, int]) -> None:
    async with TestHub.open([OCPI, OICP], hotline="+4930123456") as hub:
        assert "NL*CPA*E2" in await pulled(hub, odd)


async def test_what_nobody_foresaw(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(place: Location, **how: Any) -> EvseRecords:
        if place.id == "LOC1":
            raise ValueError("Something: must be something else")
        return evse_records_to_oicp(place, **how)

    monkeypatch.setattr(catalogue, "evse_records_to_oicp", failing)
    async with TestHub.open([OCPI, OICP], hotline="+4930123456") as hub:
        assert await pulled(hub, {}) == ["NL*CPA*E2"]


@pytest.mark.parametrize("name", ["\ufffe", "\uffff\ufffe"])
async def test_a_name_that_xml_cannot_say_leaves_the_list_of_ochp_valid(name: str) -> None:
    """The partner checks what it gets by the schema."""
    async with ochp.opened(OCPI) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        provider = await ochp.join(hub, "EMSP", "DEQM1")
        await p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(name=name))
        answer = await provider.ask("GetChargePointList")
        assert answer.texts("chargePointInfoArray/locationName") == ["-"]
