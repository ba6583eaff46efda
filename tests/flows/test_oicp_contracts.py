"""Contracts, offers and service URLs: who may use which service with whom. OICP 2.3."""

from datetime import timedelta

import httpx
import msgspec
import pytest

from core.errors import Invalid
from core.model.contract import Contract, Service
from core.model.ids import PartyId
from core.model.partner import PartnerState
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import CARD, Emp, Reached, cdr, code, cpo, emp, join, notification, opened, record, rfid

REMOTE = "charging/v21/providers/{id}/authorize-remote/start"
YES = {"Result": True, "StatusCode": {"Code": "000"}}
HOUR = timedelta(hours=1)


def with_(party: str | None, **bounds: object) -> Contract:
    named = None if party is None else PartyId.parse(party)
    return msgspec.structs.replace(Contract(service=Service.AUTHORISATION, party=named), **bounds)


def operator(request: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json=YES)


async def agree(one: Reached, *contracts: Contract) -> None:
    await one.hub.hub.partners.agree(one.partner.id, contracts)


async def start(hub: TestHub, one: Reached) -> tuple[int, str]:
    return code(await one.start(rfid()))


async def remote(provider: Reached, evse_id: str = "DE*ABC*E1") -> tuple[int, str]:
    body = {
        "ProviderID": provider.own_id,
        "EvseID": evse_id,
        "Identification": {"RemoteIdentification": {"EvcoID": f"{provider.own_id}-C12345678-X"}},
    }
    return code(await provider.post(REMOTE, body))


@pytest.mark.spec("OICP-PRT-06")
async def test_a_contract_counts_while_it_holds() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo(), operator)
        dcb = await join(hub, emp(), Emp(CARD))
        now = hub.clock.now()
        assert await start(hub, abc) == (200, "000")
        await agree(abc, with_("DE*8EO"))
        assert await start(hub, abc) == (200, "210")
        assert await remote(dcb) == (200, "210")
        await agree(abc, with_("DE*DCB", valid_from=now + HOUR, valid_until=now + 2 * HOUR))
        assert await start(hub, abc) == (200, "210")
        hub.clock.advance(3600)
        assert await start(hub, abc) == (200, "000")
        assert await remote(dcb) == (200, "000")
        hub.clock.advance(3600)
        assert await start(hub, abc) == (200, "210")
        assert await remote(dcb) == (200, "210")


@pytest.mark.spec("OICP-PRT-06")
async def test_cards_of_an_emp_without_contract_open_nothing() -> None:
    async with opened() as hub:
        abc, off = await join(hub, cpo()), await join(hub, emp("DE-OFF"))
        await off.push_cards("fullLoad", rfid())
        assert await start(hub, abc) == (200, "000")
        await agree(off, with_("DE*BBB"))
        assert await start(hub, abc) == (200, "210")


@pytest.mark.spec("OICP-PRT-07")
async def test_an_offer_to_everybody_is_a_contract_with_who_subscribes() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo(), operator)
        dcb, other = await join(hub, emp(), Emp(CARD)), await join(hub, emp("DE-8EO"), Emp())
        await agree(abc, with_(None))
        assert await start(hub, abc) == (200, "210")
        await agree(dcb, with_("DE*ABC"))
        assert await start(hub, abc) == (200, "000")
        assert await remote(dcb) == (200, "000")
        assert await remote(other) == (200, "210")
        await agree(other, with_(None))
        assert await remote(other) == (200, "000")


@pytest.mark.spec("OICP-EVSE-41")
async def test_evse_data_need_no_contract_about_authorisation() -> None:
    async with opened() as hub:
        abc, dcb = await join(hub, cpo()), await join(hub, emp())
        await abc.push_data("fullLoad", record())
        await abc.push_status("fullLoad", {"DE*ABC*E1": "Available"})
        await agree(abc, with_("DE*8EO"))
        assert [one["EvseID"] for one in await dcb.pulled()] == ["DE*ABC*E1"]
        assert await dcb.statuses() == {"DE*ABC*E1": "Available"}
        assert await remote(dcb) == (200, "210")


@pytest.mark.spec("OICP-EVSE-28")
async def test_data_of_a_locked_operator_are_kept_hidden_unless_the_hub_shows_them() -> None:
    async with opened() as hub:
        abc, dcb = await join(hub, cpo()), await join(hub, emp())
        await abc.push_data("fullLoad", record())
        held = hub.storage.partners.held[abc.partner.id]
        await hub.storage.partners.update(msgspec.structs.replace(held, state=PartnerState.SUSPENDED))
        assert await dcb.pulled() == []
        held = hub.storage.partners.held[abc.partner.id]
        await hub.storage.partners.update(msgspec.structs.replace(held, shown_when_suspended=True))
        assert [one["EvseID"] for one in await dcb.pulled()] == ["DE*ABC*E1"]
        assert await remote(dcb) == (200, "017")


@pytest.mark.spec("OICP-PRT-01")
async def test_each_service_is_called_at_its_own_url() -> None:
    async with opened() as hub:
        cards, records, notes = Emp(CARD), Emp(), Emp()
        for host, answering in (("cards.test", cards), ("records.test", records), ("notes.test", notes)):
            hub.network.answer(host, answering)
        urls = {
            "eRoamingAuthorization": "http://cards.test/a/",
            "eRoamingChargeDetailRecord": "http://records.test",
            "eRoamingChargingNotifications": "http://notes.test/n",
        }
        abc = await join(hub, cpo())
        await join(hub, emp(service_urls=urls))
        session = (await abc.start(rfid())).json()["SessionID"]
        assert code(await abc.post("notificationmgmt/v11/charging-notifications", notification("Start", session))) == (
            200,
            "000",
        )
        assert code(await abc.post("cdrmgmt/v22/operators/{id}/charge-detail-record", cdr(session))) == (200, "000")
        await hub.settle()
        assert [path for path, _, _ in cards.asked] == ["/a/api/oicp/charging/v21/operators/DE%2AABC/authorize/start"]
        assert [path for path, _, _ in notes.asked] == ["/n/api/oicp/notificationmgmt/v11/charging-notifications"]
        assert [path for path, _, _ in records.asked] == [
            "/api/oicp/cdrmgmt/v22/operators/DE%2AABC/charge-detail-record"
        ]


@pytest.mark.parametrize(
    ("urls", "path"),
    [
        ({"eRoamingPushEvseData": "http://a.test"}, "$.service_urls.eRoamingPushEvseData"),
        ({"eRoamingReservation": "ftp://a.test"}, "$.service_urls.eRoamingReservation"),
    ],
)
async def test_a_service_url_that_cannot_be_called_is_refused(urls: dict[str, str], path: str) -> None:
    async with opened() as hub:
        with pytest.raises(Invalid) as caught:
            await hub.add(emp(service_urls=urls))
        assert caught.value.path == path
