"""A partner that was not reached and only listens is asked whether it is back."""

import asyncio
from typing import Any

import httpx
import pytest

from core.model.ids import PartyId
from core.model.partner import PartnerState
from protocols.ocpi.server import forwarding
from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import Received, envelope, location
from tests.flows.oicp_partners import emp, join, opened


async def test_an_ocpi_partner_is_back_when_its_versions_answer(net: OcpiNet) -> None:
    partner = await net.hub.storage.partners.by_party(PartyId("DE", "EMB"))
    assert partner
    await net.hub.hub.partners.not_reached(partner.id)
    await net.hub.delivery.probe_offline()
    assert (await net.hub.hub.partners.get(partner.id)).state is PartnerState.CONNECTED


@pytest.mark.spec("OCPI-HCI-12")
@pytest.mark.parametrize(
    "answer", [(500, envelope(None, 3000), {}), (401, envelope(None, 2000), {}), (200, b"<html>", {}), (302, b"", {})]
)
async def test_an_ocpi_partner_whose_versions_cannot_be_had_is_away(net: OcpiNet, answer: Any) -> None:
    net.p2.answers["GET", "versions"] = answer
    net.p2.answers["PUT", "locations"] = lost
    pushed = await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(), to="DEEMB")
    assert pushed.json()["status_code"] == 4002
    await asyncio.gather(*forwarding.checks)
    await net.hub.delivery.probe_offline()
    await net.relay()
    assert [told.json["status"] for told in net.p3.seen("PUT", "hubclientinfo")] == ["OFFLINE"]
    net.p2.answers.clear()
    await net.hub.delivery.probe_offline()
    await net.relay()
    assert [told.json["status"] for told in net.p3.seen("PUT", "hubclientinfo")] == ["OFFLINE", "CONNECTED"]


def lost(_: Received) -> Any:
    raise httpx.ReadTimeout("no answer")


async def test_an_oicp_partner_is_back_when_its_service_url_answers_at_all() -> None:
    async with opened() as hub:
        provider = await join(hub, emp(callback_url="http://de-dcb.test"))
        hub.network.answer("de-dcb.test", lambda request: httpx.Response(404))
        await hub.hub.partners.not_reached(provider.partner.id)
        await hub.delivery.probe_offline()
        assert (await hub.hub.partners.get(provider.partner.id)).state is PartnerState.CONNECTED
        await hub.hub.partners.not_reached(provider.partner.id)
        hub.network.silence("de-dcb.test")
        await hub.delivery.probe_offline()
        assert (await hub.hub.partners.get(provider.partner.id)).state is PartnerState.OFFLINE
