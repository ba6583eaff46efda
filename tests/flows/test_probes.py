"""A partner that was not reached and only listens is asked whether it is back."""

import httpx

from core.model.ids import PartyId
from core.model.partner import PartnerState
from tests.flows.conftest import OcpiNet
from tests.flows.oicp_partners import emp, join, opened


async def test_an_ocpi_partner_is_back_when_its_versions_answer(net: OcpiNet) -> None:
    partner = await net.hub.storage.partners.by_party(PartyId("DE", "EMB"))
    assert partner
    await net.hub.hub.partners.not_reached(partner.id)
    await net.hub.delivery.probe_offline()
    assert (await net.hub.hub.partners.get(partner.id)).state is PartnerState.CONNECTED


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
