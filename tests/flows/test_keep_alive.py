"""Who is there: silence, the question whether a partner lives, and what others are told of it."""

import asyncio
import base64
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from core.model.ids import PartyId
from core.model.partner import PartnerState, Sighting
from protocols.emip.wire.words import BusyStatus
from protocols.ocpi.server import forwarding
from protocols.ocpi.settings import settings_of, settings_text
from tests.flows.conftest import OcpiNet
from tests.flows.emip_partners import cpo as emip_cpo
from tests.flows.emip_partners import heartbeat
from tests.flows.emip_partners import join as emip_join
from tests.flows.emip_partners import opened as emip_opened
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, Received, call, envelope, location
from tests.flows.oicp_partners import emp, join, opened


def partner_id(net: OcpiNet, name: str) -> str:
    return next(x.id for x in net.hub.storage.partners.held.values() if x.name == name)


TURN_S = 30


async def asked(hub: TestHub) -> None:
    """The next round of the worker."""
    hub.clock.advance(TURN_S)
    await hub.keep_alive.round()


def alive_checks(partner: OcpiPartner) -> int:
    return len([r for r in partner.received if (r.method, r.path) == ("GET", "/versions")])


@pytest.mark.spec("OCPI-HCI-10", "OCPI-HCI-12", "OCPI-TRP-69")
async def test_a_partner_that_is_silent_for_long_is_asked(net: OcpiNet) -> None:
    net.hub.clock.advance(200)
    await asked(net.hub)
    assert [alive_checks(partner) for partner in (net.p1, net.p2, net.p3)] == [0, 0, 0]
    net.hub.clock.advance(140)
    net.hub.network.silence("p3.test")
    await asked(net.hub)
    assert [alive_checks(partner) for partner in (net.p1, net.p2, net.p3)] == [1, 1, 0]
    check = next(r for r in net.p1.received if r.path == "/versions")
    assert check.token == base64.b64encode(net.p1.token_b.encode()).decode()
    assert not any(name.startswith("ocpi-") for name in check.headers)
    await net.relay()
    told = {(r.json["party_id"], r.json["status"]) for r in net.p1.seen("PUT", "hubclientinfo")}
    assert {("EMC", "OFFLINE"), ("NSC", "OFFLINE")} <= told
    for _ in range(3):
        await asked(net.hub)
    assert alive_checks(net.p1) == 1
    net.hub.network.serve("p3.test", net.p3)
    await asked(net.hub)
    await net.relay()
    told = {(r.json["party_id"], r.json["status"]) for r in net.p1.seen("PUT", "hubclientinfo")}
    assert ("EMC", "CONNECTED") in told


@pytest.mark.spec("OCPI-HCI-11", "OCPI-TRP-69")
async def test_any_message_puts_the_question_off(net: OcpiNet) -> None:
    """p1 calls, p2 only answers what it is told, p3 says nothing: only p3 is asked."""
    net.p3.answers["PUT", "locations"] = (503, b"", {})
    for number in range(8):
        net.hub.clock.advance(90)
        await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(last_updated=later(number)))
        await net.relay()
        await asked(net.hub)
    assert (alive_checks(net.p1), alive_checks(net.p2)) == (0, 0)
    assert alive_checks(net.p3) > 0


def later(number: int) -> str:
    return f"2026-01-15T12:{number:02}:01Z"


async def test_a_partner_that_calls_a_lot_is_noted_once_a_minute(net: OcpiNet) -> None:
    net.hub.clock.advance(120)
    before = net.hub.storage.sightings.writes
    for _ in range(20):
        await net.p1.call(net.hub, "GET", "locations/sender")
        net.hub.clock.advance(1)
    assert net.hub.storage.sightings.writes == before + 1


async def test_of_many_workers_one_asks(net: OcpiNet) -> None:
    net.hub.clock.advance(1000)
    await asyncio.gather(*(net.hub.keep_alive.round() for _ in range(3)))
    assert alive_checks(net.p1) == 1


@pytest.mark.spec("OCPI-CRD-19", "OCPI-HCI-14")
async def test_who_never_registered_or_left_is_not_asked(net: OcpiNet) -> None:
    planned = OcpiPartner("new.test", ("EMSP", "NL", "NEW"))
    net.hub.network.serve(planned.host, planned)
    await net.hub.add(planned.document())
    await call(net.hub, "DELETE", "credentials", token=net.p1.token_c)
    net.hub.clock.advance(3600)
    await asked(net.hub)
    assert (alive_checks(planned), alive_checks(net.p1), alive_checks(net.p2)) == (0, 0, 1)


@pytest.mark.spec("OCPI-HCI-09")
async def test_questions_and_new_tokens_change_no_client_info(net: OcpiNet) -> None:
    before = await listed(net)
    net.hub.clock.advance(1000)
    await asked(net.hub)
    answer = await call(net.hub, "PUT", "credentials", token=net.p1.token_c, body=net.p1.credentials())
    net.p1.token_c = answer.json()["data"]["token"]
    assert alive_checks(net.p1) == 2
    assert await listed(net) == before
    await net.hub.hub.partners.not_reached(partner_id(net, "p1.test"))
    changed = await listed(net)
    assert {party for party in changed if changed[party] != before[party]} == {"NLCPA", "BECPA"}
    assert changed["NLCPA"] == {"status": "OFFLINE", "last_updated": net.hub.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")}


async def listed(net: OcpiNet) -> dict[str, dict[str, str]]:
    data = (await call(net.hub, "GET", "hubclientinfo", token=net.p2.token_c)).json()["data"]
    return {
        one["country_code"] + one["party_id"]: {name: one[name] for name in ("status", "last_updated")} for one in data
    }


@pytest.mark.spec("OCPI-HCI-09")
async def test_a_party_that_joins_a_platform_is_new_and_the_others_are_not(net: OcpiNet) -> None:
    before = await listed(net)
    net.hub.clock.advance(60)
    net.p1.roles = (*net.p1.roles, ("CPO", "LU", "CPA"))
    settings = settings_of(await net.hub.hub.partners.get(partner_id(net, "p1.test")))
    await net.hub.storage.partners.update(
        replace(
            await net.hub.hub.partners.get(partner_id(net, "p1.test")),
            settings=settings_text(replace(settings, allowed=())),
        )
    )
    await call(net.hub, "PUT", "credentials", token=net.p1.token_c, body=net.p1.credentials())
    after = await listed(net)
    assert {party for party in after if after[party] != before.get(party)} == {"LUCPA"}


@pytest.mark.spec("EMIP-HB-05", "EMIP-HB-07")
async def test_heartbeats_are_noted_by_operation() -> None:
    async with emip_opened() as hub:
        one = await emip_join(hub, emip_cpo())
        hub.clock.advance(700)
        assert hub.keep_alive.silent(one.partner, await sighting(hub, one.partner.id)) is False
        await one.post(heartbeat(one))
        beaten = hub.clock.now()
        hub.clock.advance(500)
        await one.busy(BusyStatus.FREE, "2026-01-15T11:00:00Z")
        seen = await sighting(hub, one.partner.id)
        assert seen
        assert (seen.at, list(seen.signs.values())) == (hub.clock.now(), [beaten])


@pytest.mark.spec("EMIP-HB-06", "EMIP-HB-09")
async def test_a_partner_without_heartbeats_is_silent_and_still_told() -> None:
    async with emip_opened() as hub:
        one = await emip_join(hub, emip_cpo())
        await one.post(heartbeat(one))
        hub.clock.advance(899)
        assert not hub.keep_alive.silent(one.partner, await sighting(hub, one.partner.id))
        hub.clock.advance(61)
        assert hub.keep_alive.silent(one.partner, await sighting(hub, one.partner.id))
        await asked(hub)
        assert (await hub.hub.partners.get(one.partner.id)).state is PartnerState.CONNECTED
        await one.post(heartbeat(one))
        assert not hub.keep_alive.silent(one.partner, await sighting(hub, one.partner.id))


async def sighting(hub: TestHub, partner: str) -> Sighting | None:
    return (await hub.keep_alive.sightings()).get(partner)


async def test_an_ocpi_partner_is_back_when_its_versions_answer(net: OcpiNet) -> None:
    partner = await net.hub.storage.partners.by_party(PartyId("DE", "EMB"))
    assert partner
    await net.hub.hub.partners.not_reached(partner.id)
    await asked(net.hub)
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
    await asked(net.hub)
    await net.relay()
    assert [told.json["status"] for told in net.p3.seen("PUT", "hubclientinfo")] == ["OFFLINE"]
    net.p2.answers.clear()
    await asked(net.hub)
    await net.relay()
    assert [told.json["status"] for told in net.p3.seen("PUT", "hubclientinfo")] == ["OFFLINE", "CONNECTED"]


def lost(_: Received) -> Any:
    raise httpx.ReadTimeout("no answer")


async def test_an_oicp_partner_is_back_when_its_service_url_answers_at_all() -> None:
    async with opened() as hub:
        provider = await join(hub, emp(callback_url="http://de-dcb.test"))
        hub.network.answer("de-dcb.test", lambda request: httpx.Response(404))
        await hub.hub.partners.not_reached(provider.partner.id)
        await asked(hub)
        assert (await hub.hub.partners.get(provider.partner.id)).state is PartnerState.CONNECTED
        await hub.hub.partners.not_reached(provider.partner.id)
        hub.network.silence("de-dcb.test")
        await asked(hub)
        assert (await hub.hub.partners.get(provider.partner.id)).state is PartnerState.OFFLINE
