"""OCPI: registration, the hub as server and as client."""

import asyncio
import base64
from typing import Any

import httpx
import pytest

from core.errors import Invalid, Rejected, RoamingError
from core.model.partner import CredentialKind, Partner, PartnerState
from gateway.renewal import Renewal
from protocols.ocpi.plugin import PLUGIN
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import RECEIVER
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, call, envelope, location

spec = pytest.mark.spec


async def added(hub: TestHub, partner: OcpiPartner) -> str:
    hub.network.serve(partner.host, partner)
    return str((await hub.add(partner.document()))[1]["token_a"])


async def post(
    hub: TestHub, token: str | None, body: Any, method: str = "POST", path: str = "credentials"
) -> httpx.Response:
    return await call(hub, method, path, token=token, body=body)


def held(hub: TestHub, name: str) -> Partner:
    return next(partner for partner in hub.storage.partners.held.values() if partner.name == name)


def newcomer(party: str = "NEW", **options: Any) -> OcpiPartner:
    return OcpiPartner("new.test", ("CPO", "NL", party), **options)


@spec("OCPI-TRP-05", "OCPI-TRP-06", "OCPI-TRP-10")
@spec("OCPI-CRD-01", "OCPI-CRD-02", "OCPI-CRD-03", "OCPI-CRD-04", "OCPI-CRD-21", "OCPI-CRD-39")
async def test_the_partner_starts(net: OcpiNet) -> None:
    hub, partner = net.hub, newcomer()
    token_a = await added(hub, partner)
    seen_while_posting: list[str] = []
    partner.answers["GET", "2.3.0"] = lambda r: (seen_while_posting.append(r.path), partner._answer_details())[1]
    answer = await post(hub, token_a, partner.credentials())
    assert answer.status_code in (200, 201)
    data = answer.json()["data"]
    assert data["url"] == "https://hub.test/ocpi/versions"
    assert data["hub_party_id"] == "NLHUB"
    assert [r.path for r in partner.received] == ["/versions", "/2.3.0"] == ["/versions", *seen_while_posting]
    assert (await call(hub, "GET", "/ocpi/versions", token=token_a)).status_code == 401
    assert (await call(hub, "GET", "/ocpi/versions", token=data["token"])).status_code == 200
    stored = held(hub, "new.test")
    assert stored.state is PartnerState.CONNECTED
    assert settings_of(stored).url("locations", RECEIVER) == "https://new.test/2.3.0/locations/receiver/"
    assert partner.token_b not in stored.settings


def broken(kind: str) -> Any:
    def refuse(_: Any) -> Any:
        raise httpx.ConnectError("down")

    return {
        "down": refuse,
        "401": (401, envelope(None, 2000), {}),
        "500": (500, b"oops", {}),
        "html": (200, b"<html>", {}),
        "no envelope": (200, {"versions": []}, {}),
        "error code": (200, envelope([], 2000), {}),
        "no data": (200, envelope(None), {}),
        "wrong data": (200, envelope({"version": 1}), {}),
    }[kind]


@spec("OCPI-TRP-06")
@spec("OCPI-CRD-05", "OCPI-CRD-11", "OCPI-STC-10")
@pytest.mark.parametrize("kind", ["down", "401", "500", "html", "no envelope", "error code", "no data", "wrong data"])
@pytest.mark.parametrize("what", ["versions", "2.3.0"])
async def test_a_partner_that_cannot_be_called_back_is_3001_and_may_try_again(
    net: OcpiNet, kind: str, what: str
) -> None:
    hub, partner = net.hub, newcomer()
    token_a = await added(hub, partner)
    partner.answers["GET", what] = broken(kind)
    answer = await post(hub, token_a, partner.credentials())
    assert (answer.status_code, answer.json()["status_code"]) == (200, 3001)
    assert held(hub, "new.test").state is PartnerState.PLANNED
    assert await hub.storage.credentials.outbound(held(hub, "new.test").id) is None
    partner.answers.clear()
    assert (await post(hub, token_a, partner.credentials())).json()["status_code"] == 1000


@spec("OCPI-CRD-06", "OCPI-CRD-12", "OCPI-STC-11")
async def test_a_version_that_the_partner_does_not_have_is_3002(net: OcpiNet) -> None:
    hub, partner = net.hub, newcomer()
    token_a = await added(hub, partner)
    partner.versions = ["2.1.1"]
    answer = await post(hub, token_a, partner.credentials())
    assert (answer.status_code, answer.json()["status_code"]) == (200, 3002)
    assert (await call(hub, "GET", "/ocpi/versions", token=token_a)).status_code == 200


@spec("OCPI-CRD-13", "OCPI-STC-12")
async def test_a_cpo_without_a_useful_module_is_3003(net: OcpiNet) -> None:
    partner = newcomer(endpoints=(("tokens", "RECEIVER"),))
    token_a = await added(net.hub, partner)
    answer = await post(net.hub, token_a, partner.credentials())
    assert (answer.status_code, answer.json()["status_code"]) == (200, 3003)
    assert held(net.hub, "new.test").state is PartnerState.PLANNED


@spec("OCPI-TRP-59", "OCPI-TRP-63")
@spec("OCPI-VER-06", "OCPI-VER-12")
async def test_odd_details_are_taken_with_patience(net: OcpiNet) -> None:
    endpoints = (("credentials", "SENDER"), ("nltnm-tokens", "SENDER"), ("cdrs", "RECEIVER"), ("cdrs", "RECEIVER"))
    partner = await newcomer(endpoints=endpoints).join(net.hub)
    assert partner.token_c


@spec("OCPI-TRP-08")
@spec("OCPI-CRD-07", "OCPI-STC-03")
async def test_post_twice_is_405(net: OcpiNet) -> None:
    answer = await post(net.hub, net.p2.token_c, net.p2.credentials())
    assert (answer.status_code, answer.json()["status_code"]) == (405, 2000)
    assert "PUT" in answer.headers["allow"]


@spec("OCPI-CRD-08", "OCPI-CRD-09", "OCPI-CRD-10")
async def test_put_and_delete_need_a_registration(net: OcpiNet) -> None:
    partner = newcomer()
    token_a = await added(net.hub, partner)
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await post(net.hub, token_a, partner.credentials(), method)).status_code == 405
    assert not partner.received


@spec("OCPI-TRP-07")
@spec("OCPI-CRD-14", "OCPI-CRD-16")
async def test_put_gives_a_new_token_and_ends_the_old_one(net: OcpiNet) -> None:
    old, partner = net.p2.token_c, net.p2
    partner.token_b = "a-fresh-token-b"
    answer = await post(net.hub, old, partner.credentials(), "PUT")
    assert answer.json()["status_code"] == 1000
    assert answer.json()["data"]["token"] != old
    assert [r.path for r in partner.received] == ["/versions", "/2.3.0"]
    assert (await call(net.hub, "GET", "/ocpi/versions", token=old)).status_code == 401
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    await net.relay()
    assert len(partner.seen("PUT", "locations")) == 1


@spec("OCPI-CRD-17")
@pytest.mark.parametrize(
    ("code", "spoil"),
    [
        (3001, lambda p: p.answers.update({("GET", "versions"): (500, b"", {})})),
        (3002, lambda p: setattr(p, "versions", ["9.9"])),
        (3003, lambda p: setattr(p, "endpoints", ())),
        (2001, lambda p: setattr(p, "host", "x" * 255)),
    ],
)
async def test_a_failing_put_leaves_everything(net: OcpiNet, code: int, spoil: Any) -> None:
    before = held(net.hub, "p2.test")
    net.p2.guard = False
    spoil(net.p2)
    answer = await post(net.hub, net.p2.token_c, net.p2.credentials("another-token"), "PUT")
    assert (answer.status_code, answer.json()["status_code"]) == (200, code)
    assert held(net.hub, "p2.test") == before
    assert (await net.p2.call(net.hub, "GET", "locations/sender")).json()["status_code"] == 1000
    assert await net.hub.storage.credentials.outbound(before.id) == net.p2.token_b


@spec("OCPI-TRP-09")
@spec("OCPI-CRD-18", "OCPI-CRD-22", "OCPI-CRD-23", "OCPI-CRD-26", "OCPI-HUB-04")
async def test_get_shows_who_can_be_reached(net: OcpiNet) -> None:
    data = (await call(net.hub, "GET", "credentials", token=net.p2.token_c)).json()["data"]
    assert data["token"] == net.p2.token_c
    assert data["hub_party_id"] == "NLHUB"
    parties = {(r["role"], r["country_code"] + r["party_id"]) for r in data["roles"]}
    assert parties == {("CPO", "NLCPA"), ("CPO", "BECPA"), ("CPO", "FRCPC")}
    assert all(role["business_details"]["name"] for role in data["roles"])


@spec("OCPI-CRD-24")
async def test_offline_parties_are_listed_and_those_that_left_are_not(net: OcpiNet) -> None:
    await net.hub.hub.partners.not_reached(held(net.hub, "p1.test").id)
    assert "NLCPA" in await _listed(net)
    await post(net.hub, net.p1.token_c, None, "DELETE")
    assert "NLCPA" not in await _listed(net)


async def _listed(net: OcpiNet) -> set[str]:
    data = (await call(net.hub, "GET", "credentials", token=net.p2.token_c)).json()["data"]
    return {role["country_code"] + role["party_id"] for role in data["roles"]}


@spec("OCPI-CRD-25")
async def test_the_first_partner_sees_the_hub_itself() -> None:
    async with TestHub.open([PLUGIN]) as hub:
        partner = newcomer()
        answer = await post(hub, await added(hub, partner), partner.credentials())
        (role,) = answer.json()["data"]["roles"]
        assert (role["role"], role["country_code"], role["party_id"]) == ("OTHER", "NL", "HUB")
        assert role["business_details"]["name"]


@spec("OCPI-CRD-19", "OCPI-HCI-08", "OCPI-HCI-13")
async def test_delete_ends_everything_and_others_are_told(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    answer = await post(net.hub, net.p1.token_c, None, "DELETE")
    assert (answer.status_code, answer.json()["status_code"]) == (200, 1000)
    assert (await call(net.hub, "GET", "/ocpi/versions", token=net.p1.token_c)).status_code == 401
    await net.relay()
    told = [r.json for r in net.p2.seen("PUT", "hubclientinfo")]
    assert {(t["country_code"], t["party_id"], t["status"]) for t in told} == {
        ("NL", "CPA", "SUSPENDED"),
        ("BE", "CPA", "SUSPENDED"),
    }
    assert not net.p2.seen("DELETE", "hubclientinfo")
    infos = (await call(net.hub, "GET", "hubclientinfo", token=net.p2.token_c)).json()["data"]
    assert {i["status"] for i in infos if i["party_id"] == "CPA"} == {"SUSPENDED"}
    await net.p2.call(net.hub, "PUT", "tokens/receiver/DE/EMB/1", _token("1"))
    await net.relay()
    assert not net.p1.received
    assert (await net.p2.call(net.hub, "GET", "locations/sender")).json()["data"] == []


def _token(uid: str) -> Any:
    from tests.flows.ocpi_partner import token

    return token(uid)


@spec("OCPI-CRD-20")
async def test_a_role_twice_and_no_role_are_2001(net: OcpiNet) -> None:
    partner = newcomer()
    token_a = await added(net.hub, partner)
    twice = partner.credentials()
    twice["roles"] *= 2
    for body in (twice, partner.credentials(roles=[])):
        answer = await post(net.hub, token_a, body)
        assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)
        assert "roles" in answer.json()["status_message"]


@spec("OCPI-TRP-62")
@spec("OCPI-CRD-27")
async def test_parties_of_others_and_parties_not_agreed_are_refused(net: OcpiNet) -> None:
    partner = newcomer()
    token_a = await added(net.hub, partner)
    before = dict(net.hub.storage.partners.held)
    for foreign in (("CPO", "NL", "CPA"), ("EMSP", "NL", "CPA"), ("CPO", "NL", "OTH"), ("CPO", "NL", "HUB")):
        partner.roles = (foreign,)
        answer = await post(net.hub, token_a, partner.credentials())
        assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)
        assert "$.roles[0]" in answer.json()["status_message"]
    assert net.hub.storage.partners.held == before


@spec("OCPI-CRD-27")
@pytest.mark.parametrize("foreign", [("EMSP", "NL", "CPA"), ("CPO", "NL", "HUB")])
async def test_a_party_is_of_one_platform_even_if_the_operator_slipped(
    net: OcpiNet, foreign: tuple[str, str, str]
) -> None:
    partner = OcpiPartner("new.test", foreign)
    answer = await post(net.hub, await added(net.hub, partner), partner.credentials())
    assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)
    assert not partner.received


@spec("OCPI-TRP-70")
@spec("OCPI-CRD-28", "OCPI-HUB-02")
async def test_many_roles_and_countries_share_one_pair_of_tokens(net: OcpiNet) -> None:
    assert [str(party) for party in held(net.hub, "p1.test").parties] == ["NL*CPA", "BE*CPA"]
    assert len(held(net.hub, "p3.test").roles) == 3
    for owner in ("NLCPA", "BECPA"):
        path = f"locations/receiver/{owner[:2]}/{owner[2:]}/LOC1"
        answer = await net.p1.call(net.hub, "PUT", path, location(owner=owner), sender=owner)
        assert answer.status_code == 201


@spec("OCPI-CRD-29", "OCPI-CRD-37")
@pytest.mark.parametrize(
    ("path", "changes"),
    [
        ("token", {"token": "with blank"}),
        ("token", {"token": "x" * 65}),
        ("token", {"token": ""}),
        ("url", {"url": "/versions"}),
        ("url", {"url": "ftp://new.test/versions"}),
        ("url", {"url": "https://new.test/" + "x" * 255}),
        ("hub_party_id", {"hub_party_id": "NLHUB"}),
        ("hub_party_id", {"hub_party_id": "NLHUBX"}),
    ],
)
async def test_wrong_credentials_are_2001(net: OcpiNet, path: str, changes: dict[str, Any]) -> None:
    partner = newcomer()
    token_a = await added(net.hub, partner)
    answer = await post(net.hub, token_a, {**partner.credentials(), **changes})
    assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)
    assert path in answer.json()["status_message"]
    assert not partner.received


@spec("OCPI-CRD-40")
@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1/v", "https://10.1.2.3/v", "https://[::1]/v", "https://localhost/v", "http://cpo.example/v"],
)
async def test_urls_into_private_networks_are_refused(url: str) -> None:
    async with TestHub.open([PLUGIN], allow_private=False) as hub:
        partner = newcomer()
        token_a = await added(hub, partner)
        answer = await post(hub, token_a, partner.credentials(url=url))
        assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)
        assert "$.url" in answer.json()["status_message"]
        assert not hub.network.seen


@spec("OCPI-CRD-40")
async def test_a_public_url_that_leads_on_into_a_private_network_is_refused() -> None:
    async with TestHub.open([PLUGIN], allow_private=False) as hub:
        partner = newcomer()
        token_a = await added(hub, partner)
        listed = [{"version": "2.3.0", "url": "https://192.168.0.1/2.3.0"}]
        partner.answers["GET", "versions"] = (200, envelope(listed), {})
        answer = await post(hub, token_a, partner.credentials())
        assert answer.json()["status_code"] == 3001
        assert not hub.network.requests_to("192.168.0.1")


@spec("OCPI-CRD-30", "OCPI-HCI-05")
async def test_a_put_without_a_party_takes_it_away(net: OcpiNet) -> None:
    net.p1.roles = net.p1.roles[:1]
    answer = await post(net.hub, net.p1.token_c, net.p1.credentials(), "PUT")
    net.p1.token_c = answer.json()["data"]["token"]
    await net.relay()
    told = {(r.json["country_code"], r.json["status"]) for r in net.p2.seen("PUT", "hubclientinfo")}
    assert ("BE", "SUSPENDED") in told
    path = "locations/receiver/BE/CPA/LOC1"
    gone = await net.p1.call(net.hub, "PUT", path, location(owner="BECPA"))
    assert (gone.status_code, gone.json()["status_code"]) == (404, 2001)
    asked = await net.p2.call(net.hub, "GET", "locations/sender", to="BECPA")
    assert (asked.status_code, asked.json()["status_code"]) == (200, 4003)
    infos = (await call(net.hub, "GET", "hubclientinfo", token=net.p2.token_c)).json()["data"]
    assert {(i["country_code"], i["status"]) for i in infos if i["party_id"] == "CPA"} == {
        ("NL", "CONNECTED"),
        ("BE", "SUSPENDED"),
    }


async def test_a_party_that_moved_to_another_platform_is_no_longer_shown_as_gone(net: OcpiNet) -> None:
    net.p1.roles = net.p1.roles[:1]
    await post(net.hub, net.p1.token_c, net.p1.credentials(), "PUT")
    await OcpiPartner("new.test", ("CPO", "BE", "CPA")).join(net.hub)
    infos = (await call(net.hub, "GET", "hubclientinfo", token=net.p2.token_c)).json()["data"]
    assert {(i["country_code"], i["status"]) for i in infos if i["party_id"] == "CPA"} == {
        ("NL", "CONNECTED"),
        ("BE", "CONNECTED"),
    }


async def test_suspended_partner_is_403_and_its_token_works_again_afterwards(net: OcpiNet) -> None:
    partner_id = held(net.hub, "p2.test").id
    await net.hub.hub.partners.suspend(partner_id)
    answer = await net.p2.call(net.hub, "GET", "locations/sender")
    assert (answer.status_code, answer.json()["status_code"]) == (403, 2001)
    await net.hub.hub.partners.resume(partner_id)
    assert (await net.p2.call(net.hub, "GET", "locations/sender")).status_code == 200


@spec("OCPI-CRD-41", "OCPI-STC-11")
async def test_a_version_other_than_the_registered_one_is_3002(net: OcpiNet) -> None:
    from msgspec.structs import replace

    await net.hub.storage.partners.update(replace(held(net.hub, "p2.test"), version="2.2.1"))
    answer = await net.p2.call(net.hub, "GET", "locations/sender")
    assert (answer.status_code, answer.json()["status_code"]) == (200, 3002)
    for path in ("/ocpi/versions", "/ocpi/2.3.0", "credentials"):
        assert (await call(net.hub, "GET", path, token=net.p2.token_c)).json()["status_code"] == 1000


@spec("OCPI-HUB-92")
async def test_a_call_brings_an_offline_partner_back(net: OcpiNet) -> None:
    await net.hub.hub.partners.not_reached(held(net.hub, "p2.test").id)
    await net.p2.call(net.hub, "GET", "locations/sender")
    assert held(net.hub, "p2.test").state is PartnerState.CONNECTED


async def test_a_partner_that_comes_back_may_put_at_once(net: OcpiNet) -> None:
    await net.hub.hub.partners.not_reached(held(net.hub, "p2.test").id)
    answer = await post(net.hub, net.p2.token_c, net.p2.credentials(), "PUT")
    assert answer.json()["status_code"] == 1000, answer.text


async def test_a_partner_that_is_suspended_meanwhile_stays_so(net: OcpiNet) -> None:
    partner_id = held(net.hub, "p2.test").id

    async def suspending(_: Any) -> Any:
        await net.hub.hub.partners.suspend(partner_id)
        return net.p2._answer_details()

    net.p2.answers["GET", "2.3.0"] = suspending
    answer = await post(net.hub, net.p2.token_c, net.p2.credentials(), "PUT")
    assert answer.status_code == 403
    assert held(net.hub, "p2.test").state is PartnerState.SUSPENDED


async def test_token_a_is_spent_once(net: OcpiNet) -> None:
    partner = newcomer()
    token_a = await added(net.hub, partner)
    answers = await asyncio.gather(*(post(net.hub, token_a, partner.credentials()) for _ in range(2)))
    codes = sorted(answer.json()["status_code"] for answer in answers)
    assert codes[0] == 1000
    assert codes[1] != 1000
    assert (await post(net.hub, token_a, partner.credentials())).status_code == 401


# --- the hub starts


async def connect(hub: TestHub, partner: OcpiPartner, token_a: str = "token-a-of-partner") -> Partner:
    planned = next((x for x in hub.storage.partners.held.values() if x.name == partner.host), None)
    if planned is None:
        hub.network.serve(partner.host, partner)
        planned, _ = await hub.add(partner.document())
    partner.token_b = token_a
    return await PLUGIN.connect(hub.hub, planned, {"versions_url": f"{partner.url}/versions", "token_a": token_a})


@spec("OCPI-TRP-05")
@spec("OCPI-CRD-31", "OCPI-CRD-32", "OCPI-VER-17", "OCPI-VER-11")
async def test_the_hub_starts(net: OcpiNet) -> None:
    hub, partner = net.hub, newcomer()
    partner.versions = ["2.2", "3.0-x", "2.3.0", "2.1.1"]
    during: list[int] = []

    async def calls_back(request: Any) -> Any:
        theirs = request.json["token"]
        paths = ("/ocpi/versions", "/ocpi/2.3.0", "locations/sender")
        during.extend([(await call(hub, "GET", path, token=theirs, to="NLHUB")).status_code for path in paths])
        return 201, envelope(partner.credentials("token-c")), {}

    partner.answers["POST", "credentials"] = calls_back
    connected = await connect(hub, partner)
    assert during == [200, 200, 401]
    assert [(r.method, r.path) for r in partner.received] == [
        ("GET", "/versions"),
        ("GET", "/2.3.0"),
        ("POST", "/2.3.0/credentials/receiver/"),
    ]
    assert connected.state is PartnerState.CONNECTED
    assert connected.version == "2.3.0"
    sent = partner.received[-1].json
    assert sent["hub_party_id"] == "NLHUB"
    partner.token_c = sent["token"]
    assert (await partner.call(hub, "GET", "locations/sender")).json()["status_code"] == 1000
    partner.received.clear()
    partner.token_b = "token-c"
    await net.p2.call(hub, "PUT", "tokens/receiver/DE/EMB/1", _token("1"))
    await net.relay()
    assert len(partner.seen("PUT", "tokens")) == 1
    assert not [r for r in partner.received if r.headers.get("authorization", "").endswith("token-a-of-partner")]


@spec("OCPI-TRP-02")
@spec("OCPI-TRN-09", "OCPI-TRN-08")
async def test_a_partner_that_reads_bare_tokens_only(net: OcpiNet) -> None:
    partner = newcomer()
    partner.raw_only = True
    connected = await connect(net.hub, partner)
    assert [r.path for r in partner.received] == ["/versions", "/versions", "/2.3.0", "/2.3.0/credentials/receiver/"]
    assert [r.token == "token-a-of-partner" for r in partner.received] == [False, True, True, True]
    assert settings_of(connected).token_encoding == "raw"


@spec("OCPI-CRD-33")
async def test_already_registered_changes_nothing(net: OcpiNet) -> None:
    partner = newcomer()
    partner.answers["POST", "credentials"] = (405, envelope(None, 2000), {})
    with pytest.raises(Rejected):
        await connect(net.hub, partner)
    stored = held(net.hub, "new.test")
    assert stored.state is PartnerState.PLANNED
    assert await net.hub.storage.credentials.inbound(stored.id) is None
    assert await net.hub.storage.credentials.outbound(stored.id) is None
    partner.answers["POST", "credentials"] = lambda r: (201, envelope(partner.credentials("c")), {})
    assert (await connect(net.hub, partner)).state is PartnerState.CONNECTED


@spec("OCPI-CRD-31")
async def test_the_hub_does_not_post_where_endpoints_are_missing(net: OcpiNet) -> None:
    partner = newcomer(endpoints=(("tokens", "RECEIVER"),))
    with pytest.raises(RoamingError):
        await connect(net.hub, partner)
    assert not partner.seen("POST", "credentials")


async def test_a_partner_that_is_connected_is_not_connected_again(net: OcpiNet) -> None:
    with pytest.raises(Invalid):
        await connect(net.hub, net.p2)
    assert await net.hub.storage.credentials.inbound(held(net.hub, "p2.test").id) == net.p2.token_c


async def test_foreign_parties_in_the_answer_are_refused(net: OcpiNet) -> None:
    partner = newcomer()
    body = partner.credentials("c", roles=net.p1.credentials()["roles"])
    partner.answers["POST", "credentials"] = (200, envelope(body), {})
    with pytest.raises(Invalid):
        await connect(net.hub, partner)
    assert held(net.hub, "new.test").state is PartnerState.PLANNED


async def test_connect_says_what_it_needs(net: OcpiNet) -> None:
    with pytest.raises(Invalid, match="required"):
        await PLUGIN.connect(net.hub.hub, held(net.hub, "p2.test"), {"versions_url": "https://x.test"})


async def test_no_secret_is_journaled(net: OcpiNet) -> None:
    partner = newcomer()
    await connect(net.hub, partner)
    secrets = set(net.hub.storage.partners.secrets.values()) | {partner.token_b}
    journal = "".join(f"{x.request}{x.response}{x.target}{x.error}" for x in net.hub.storage.journal.exchanges)
    assert not [secret for secret in secrets if secret in journal]


# --- open registration


async def test_open_registration_takes_a_partner_that_nobody_added() -> None:
    async with TestHub.open([PLUGIN], open_registration=True) as hub:
        partner = newcomer()
        hub.network.serve(partner.host, partner)
        answer = await post(hub, None, partner.credentials(), path="/ocpi/2.3/credentials?type=CPO")
        assert answer.json()["status_code"] == 1000, answer.text
        partner.token_c = answer.json()["data"]["token"]
        path = "locations/receiver/NL/NEW/LOC1"
        assert (await partner.call(hub, "PUT", path, location(owner="NLNEW"))).status_code == 201
        (stored,) = hub.storage.partners.held.values()
        assert stored.name == "NL NEW"
        again = await post(hub, None, partner.credentials())
        assert again.json()["status_code"] == 2001
        assert len(hub.storage.partners.held) == 1


@pytest.mark.parametrize(
    ("changes", "query", "code"),
    [({"token": "x" * 65}, "", 2001), ({}, "?type=EMSP", 2001), ({"url": "https://gone.test/v"}, "", 3001)],
)
async def test_open_registration_that_fails_leaves_nothing(changes: dict[str, Any], query: str, code: int) -> None:
    async with TestHub.open([PLUGIN], open_registration=True) as hub:
        partner = newcomer()
        hub.network.serve(partner.host, partner)
        answer = await post(hub, None, partner.credentials(**changes) | changes, path=f"credentials{query}")
        assert (answer.status_code, answer.json()["status_code"]) == (200, code)
        assert not hub.storage.partners.held
        assert not hub.storage.partners.secrets


async def test_closed_registration_needs_a_token(net: OcpiNet) -> None:
    assert (await post(net.hub, None, newcomer().credentials())).status_code == 401
    assert CredentialKind.REGISTRATION not in {kind for _, kind in net.hub.storage.partners.secrets}


async def test_the_hub_changes_the_tokens(net: OcpiNet) -> None:
    """The old token is good until the partner has answered, the new one for the partner's calls meanwhile."""
    hub, partner, old = net.hub, net.p2, net.p2.token_c
    during: list[int] = []

    async def calls_back(request: Any) -> Any:
        fresh = request.json["token"]
        for path, token in (("/ocpi/versions", fresh), ("/ocpi/versions", old), ("locations/sender", old)):
            during.append((await call(hub, "GET", path, token=token, to="NLHUB")).json()["status_code"])
        return 200, envelope(partner.credentials("token-b-anew")), {}

    partner.answers["PUT", "credentials"] = calls_back
    await PLUGIN.connect(hub.hub, held(hub, "p2.test"), {})
    assert during == [1000, 1000, 1000]
    (put,) = partner.seen("PUT", "credentials")
    assert put.token == base64.b64encode(b"token-b-of-p2.test").decode()
    assert (await call(hub, "GET", "/ocpi/versions", token=old)).status_code == 401
    partner.token_b, partner.token_c = "token-b-anew", put.json["token"]
    assert (await partner.call(hub, "GET", "locations/sender")).json()["status_code"] == 1000
    await net.p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    await net.relay()
    assert partner.seen("PUT", "locations")


@pytest.mark.parametrize("said", [(405, envelope(None, 2000), {}), (200, envelope(None, 3001), {})])
async def test_tokens_that_are_not_taken_stay_as_they_were(net: OcpiNet, said: Any) -> None:
    net.p2.answers["PUT", "credentials"] = said
    with pytest.raises(RoamingError):
        await PLUGIN.connect(net.hub.hub, held(net.hub, "p2.test"), {})
    refused = net.p2.seen("PUT", "credentials")[-1].json["token"]
    assert (await call(net.hub, "GET", "/ocpi/versions", token=refused)).status_code == 401
    assert (await net.p2.call(net.hub, "GET", "locations/sender")).json()["status_code"] == 1000


async def test_only_a_connected_partner_changes_tokens(net: OcpiNet) -> None:
    planned, _ = await net.hub.add(newcomer().document())
    with pytest.raises(Invalid):
        await PLUGIN.connect(net.hub.hub, planned, {})


@spec("OCPI-CRD-34")
async def test_tokens_that_are_old_are_changed_once(net: OcpiNet) -> None:
    renewal = Renewal(net.hub.hub, net.hub.plugins, 30)
    puts = {partner.host: partner for partner in (net.p1, net.p2, net.p3)}
    net.p3.answers["PUT", "credentials"] = (500, b"", {})
    await net.hub.hub.partners.not_reached(held(net.hub, "p1.test").id)
    net.hub.clock.advance(30 * 86400 - 60)
    await renewal.round()
    assert not [host for host, partner in puts.items() if partner.seen("PUT", "credentials")]
    net.hub.clock.advance(60)
    await Renewal(net.hub.hub, net.hub.plugins, 0).round()
    for _ in range(2):
        await renewal.round()
    assert {host: len(p.seen("PUT", "credentials")) for host, p in puts.items()} == {
        "p1.test": 0,
        "p2.test": 1,
        "p3.test": 1,
    }
    assert (await net.p3.call(net.hub, "GET", "locations/sender", sender="FREMC")).json()["status_code"] == 1000
    fresh = net.p2.seen("PUT", "credentials")[0].json["token"]
    assert (await call(net.hub, "GET", "/ocpi/versions", token=fresh)).status_code == 200
    assert (await call(net.hub, "GET", "/ocpi/versions", token=net.p2.token_c)).status_code == 401
    net.hub.clock.advance(7 * 3600)
    await renewal.round()
    assert [len(p.seen("PUT", "credentials")) for p in (net.p2, net.p3)] == [1, 2]
