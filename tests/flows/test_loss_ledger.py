"""What a translation loses is counted, whether the object was sent or fetched."""

from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest

from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows import oicp_partners as oicp
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import Reached, join, opened
from tests.flows.ocpi_partner import OcpiPartner, location


class Net(NamedTuple):
    hub: TestHub
    cpo: OcpiPartner
    emp: Reached


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with opened(OCPI, OICP) as hub:
        emp = await join(hub, "EMSP", "DEQM1")
        yield Net(hub, await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub), emp)


def noted(hub: TestHub, target: str) -> set[str]:
    return {path for what, source, to, path in hub.ledger.noted if (what, source, to) == ("location", "ocpi", target)}


async def put(net: Net) -> None:
    body = location(facilities=["HOTEL"])
    answer = await net.cpo.call(net.hub, "PUT", f"locations/receiver/NL/CPA/{body['id']}", body)
    assert answer.json()["status_code"] == 1000, answer.text


async def test_what_an_ochp_partner_fetches_is_counted_once_a_revision(net: Net) -> None:
    await put(net)
    await net.emp.ask("GetChargePointList")
    counted = len(net.hub.ledger.noted)
    assert "facilities" in noted(net.hub, "ochp")
    await net.emp.ask("GetChargePointList")
    assert len(net.hub.ledger.noted) == counted


async def test_what_an_oicp_partner_pulls_is_counted(net: Net) -> None:
    emp = await oicp.join(net.hub, oicp.emp())
    await put(net)
    answer = await emp.pull()
    assert answer.status_code == 200, answer.text
    assert "facilities" in noted(net.hub, "oicp")
