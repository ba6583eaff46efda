"""Other hubs: parties behind them, the way to these and back, and that nothing goes round."""

import asyncio
from typing import Any

import httpx
import pytest

from core.model.ids import PartyId
from core.model.partner import Partner, PartnerState
from core.services import partners
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import TIME, OcpiPartner, call, envelope, location, session, tariff, token

spec = pytest.mark.spec
LATER = "2026-01-15T12:30:00Z"


class Peer(OcpiPartner):
    """A hub of OCPI 2.3.0. The operator has added it as a hub; what it lists are the parties behind it."""

    def __init__(self, host: str, hub: str, *behind: tuple[str, str, str], **options: Any) -> None:
        super().__init__(host, *behind, **options)
        self.hub_party = hub

    def credentials(self, token: str | None = None, **changes: Any) -> dict[str, Any]:
        return super().credentials(token, hub_party_id=self.hub_party, **changes)

    def document(self) -> dict[str, Any]:
        hub = {"role": "HUB", "country_code": self.hub_party[:2], "party_id": self.hub_party[2:]}
        return {**super().document(), "roles": [hub]}


def held(net: OcpiNet, name: str) -> Partner:
    return next(partner for partner in net.hub.storage.partners.held.values() if partner.name == name)


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


async def infos(hub: TestHub, reader: OcpiPartner) -> dict[tuple[str, str], str]:
    answer = await call(hub, "GET", f"/ocpi/{reader.version}/hubclientinfo", token=reader.token_c)
    return {(one["country_code"] + one["party_id"], one["role"]): one["status"] for one in answer.json()["data"]}


def info(party: str, status: str, **changes: Any) -> dict[str, Any]:
    return {
        "country_code": party[:2],
        "party_id": party[2:],
        "role": "CPO",
        "status": status,
        "last_updated": LATER,
        **changes,
    }


@pytest.fixture
async def peer(net: OcpiNet) -> Peer:
    found = Peer("hub2.test", "NLHB2", ("CPO", "ES", "XYZ"), ("EMSP", "ES", "EMX"))
    await found.join(net.hub)
    return found


@spec("OCPI-CRD-36", "OCPI-HUB-100")
async def test_parties_behind_a_hub_are_listed_and_reached_through_it(net: OcpiNet, peer: Peer) -> None:
    assert [str(party) for party in held(net, "hub2.test").parties] == ["NL*HB2"]
    listed = await infos(net.hub, net.p2)
    assert listed["ESXYZ", "CPO"] == "CONNECTED"
    assert listed["NLHB2", "OTHER"] == "CONNECTED"
    credentials = (await call(net.hub, "GET", "credentials", token=net.p2.token_c)).json()["data"]
    assert ("CPO", "XYZ") in {(role["role"], role["party_id"]) for role in credentials["roles"]}
    told = {(put.json["party_id"], put.json["status"]) for put in net.p2.seen("PUT", "hubclientinfo")}
    assert ("XYZ", "CONNECTED") in told
    assert codes(await net.p2.call(net.hub, "GET", "locations/sender", to="ESXYZ")) == (200, 1000)
    (request,) = peer.seen("GET", "locations")
    assert (request.party("to"), request.party("from")) == ("ESXYZ", "DEEMB")


@spec("OCPI-HUB-100")
async def test_a_party_that_connects_itself_is_reached_directly(net: OcpiNet, peer: Peer) -> None:
    direct = await OcpiPartner("xyz.test", ("CPO", "ES", "XYZ")).join(net.hub)
    assert codes(await net.p2.call(net.hub, "GET", "locations/sender", to="ESXYZ")) == (200, 1000)
    assert (len(direct.seen("GET", "locations")), len(peer.seen("GET", "locations"))) == (1, 0)
    listed = [key for key in await infos(net.hub, net.p2) if key[0] == "ESXYZ"]
    assert listed == [("ESXYZ", "CPO")]
    await call(net.hub, "DELETE", "credentials", token=direct.token_c)
    await net.hub.hub.partners.remove(held(net, "xyz.test").id)
    assert codes(await net.p2.call(net.hub, "GET", "locations/sender", to="ESXYZ")) == (200, 1000)
    assert len(peer.seen("GET", "locations")) == 1


@spec("OCPI-HUB-100")
async def test_from_a_hub_the_objects_of_those_behind_it_are_taken(net: OcpiNet, peer: Peer) -> None:
    path = "locations/receiver/ES/XYZ/LOC9"
    answer = await peer.call(net.hub, "PUT", path, location("LOC9", "ESXYZ"), sender="ESXYZ")
    assert codes(answer) == (201, 1000)
    await net.relay()
    assert net.p2.seen("PUT", "locations")[-1].path == "/2.3.0/locations/receiver/ES/XYZ/LOC9"
    listed = (await net.p2.call(net.hub, "GET", "locations/sender")).json()["data"]
    assert [one["id"] for one in listed] == ["LOC9"]
    foreign = "locations/receiver/NL/CPA/LOC1"
    assert (await peer.call(net.hub, "PUT", foreign, location(), sender="ESXYZ")).status_code == 404
    assert (await peer.call(net.hub, "PUT", foreign, location(), sender="NLCPA")).status_code == 403
    stopped = await peer.call(
        net.hub, "PUT", "tariffs/receiver/ES/XYZ/T1", tariff(owner="ESXYZ"), to="DEEMB", sender="ESXYZ"
    )
    assert codes(stopped) == (200, 1000)
    assert net.p2.seen("PUT", "tariffs")[-1].party("from") == "ESXYZ"


@spec("OCPI-HUB-101")
async def test_between_two_hubs_this_one_is_no_bridge(net: OcpiNet, peer: Peer) -> None:
    """What the third hub believes to be behind the second (or behind us) leads nowhere."""
    third = await Peer("hub3.test", "BEHB3", ("CPO", "PT", "ABC"), ("CPO", "ES", "XYZ")).join(net.hub)
    for caller, sender in ((peer, "ESEMX"), (third, "PTABC")):
        for to in ("PTABC", "NLHB2", "BEHB3", "ESXYZ"):
            answer = await caller.call(net.hub, "GET", "locations/sender", to=to, sender=sender)
            assert codes(answer) == (200, 4001), (caller.host, to)
    assert not {key for key in await infos(net.hub, third) if key[0] in ("ESEMX", "ESXYZ", "NLHB2")}
    path = "locations/receiver/PT/ABC/LOC9"
    await third.call(net.hub, "PUT", path, location("LOC9", "PTABC"), sender="PTABC")
    await net.p2.call(net.hub, "PUT", "tokens/receiver/DE/EMB/1", token("1"))
    await net.relay()
    for hub in (peer, third):
        assert not (hub.seen("PUT", "locations") + hub.seen("PUT", "tokens"))
    listed = await peer.call(net.hub, "GET", "locations/sender", sender="ESEMX")
    assert listed.json()["data"] == []


@spec("OCPI-HUB-101")
async def test_a_message_that_comes_back_from_where_it_was_sent_is_not_sent_again(net: OcpiNet, peer: Peer) -> None:
    async def returns(request: Any) -> Any:
        answer = await peer.call(net.hub, "GET", "locations/sender", to="ESXYZ", sender="ESEMX")
        assert codes(answer) == (200, 4001)
        return answer.status_code, answer.content, {}

    peer.answers["GET", "locations"] = returns
    await net.p2.call(net.hub, "GET", "locations/sender", to="ESXYZ")
    assert len(peer.seen("GET", "locations")) == 1


@spec("OCPI-HCI-23")
async def test_a_hub_says_how_those_behind_it_are_connected(net: OcpiNet, peer: Peer) -> None:
    details = (await call(net.hub, "GET", "/ocpi/2.3.0", token=peer.token_c)).json()["data"]["endpoints"]
    assert {end["role"] for end in details if end["identifier"] == "hubclientinfo"} == {"SENDER", "RECEIVER"}
    net.forget()
    answer = await call(net.hub, "PUT", "hubclientinfo/ES/XYZ", token=peer.token_c, body=info("ESXYZ", "OFFLINE"))
    assert codes(answer) == (200, 1000)
    assert (await infos(net.hub, net.p2))["ESXYZ", "CPO"] == "OFFLINE"
    assert codes(await net.p2.call(net.hub, "GET", "locations/sender", to="ESXYZ")) == (200, 4003)
    await net.relay()
    assert [put.json["status"] for put in net.p2.seen("PUT", "hubclientinfo")] == ["OFFLINE"]
    shown = await call(net.hub, "GET", "hubclientinfo/ES/XYZ", token=peer.token_c)
    assert shown.json()["data"]["status"] == "OFFLINE"
    old = info("ESXYZ", "CONNECTED", last_updated="2020-01-01T00:00:00Z")
    await call(net.hub, "PUT", "hubclientinfo/ES/XYZ", token=peer.token_c, body=old)
    assert (await infos(net.hub, net.p2))["ESXYZ", "CPO"] == "OFFLINE"
    new = info("ITNEW", "CONNECTED")
    assert codes(await call(net.hub, "PUT", "hubclientinfo/IT/NEW", token=peer.token_c, body=new)) == (200, 1000)
    assert (await infos(net.hub, net.p2))["ITNEW", "CPO"] == "CONNECTED"


async def test_what_a_hub_says_of_many_at_once_is_all_known(
    net: OcpiNet, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    get = net.hub.storage.partners.get

    async def slowly(partner_id: str) -> Partner | None:
        await asyncio.sleep(0.01)
        return await get(partner_id)

    monkeypatch.setattr(net.hub.storage.partners, "get", slowly)
    names = [f"ITA{number:02}" for number in range(8)]
    told = [
        call(net.hub, "PUT", f"hubclientinfo/IT/{name[2:]}", token=peer.token_c, body=info(name, "CONNECTED"))
        for name in names
    ]
    assert [codes(answer) for answer in await asyncio.gather(*told)] == [(200, 1000)] * 8
    known = await infos(net.hub, net.p2)
    assert {known.get((name, "CPO")) for name in names} == {"CONNECTED"}


@spec("OCPI-CRD-27", "OCPI-HUB-93")
async def test_a_hub_does_not_speak_for_who_is_here_himself(net: OcpiNet) -> None:
    """It lists an operator and an eMSP that are connected here, and one that another hub reaches."""
    first = await Peer("hub2.test", "NLHB2", ("CPO", "ES", "XYZ")).join(net.hub)
    listed = (("CPO", "NL", "CPA"), ("EMSP", "DE", "EMB"), ("CPO", "ES", "XYZ"), ("CPO", "IT", "OWN"))
    sly = await Peer("sly.test", "NLHB9", *listed).join(net.hub)
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", session(), to="DEEMB")
    for sender, path, thing in (
        ("NLCPA", "locations/receiver/NL/CPA/LOC1", location()),
        ("DEEMB", "tokens/receiver/DE/EMB/1", token("1")),
        ("ESXYZ", "locations/receiver/ES/XYZ/LOC1", location(owner="ESXYZ")),
    ):
        assert (await sly.call(net.hub, "PUT", path, thing, sender=sender)).status_code == 403
        assert (await sly.call(net.hub, "PUT", path, thing, sender="ITOWN")).status_code == 404
    mine = "sessions/sender?date_from=2020-01-01T00:00:00Z"
    assert (await sly.call(net.hub, "GET", mine, sender="ITOWN")).json()["data"] == []
    assert (await sly.call(net.hub, "GET", mine, sender="DEEMB")).status_code == 403
    await net.p2.call(net.hub, "GET", "locations/sender", to="ESXYZ")
    await net.p2.call(net.hub, "GET", "locations/sender", to="NLCPA")
    assert (len(first.seen("GET", "locations")), len(sly.seen("GET", "locations"))) == (1, 0)
    assert net.p1.seen("GET", "locations")


async def test_a_hub_reaches_no_more_than_can_be_kept(
    net: OcpiNet, peer: Peer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partners, "MOST_BEHIND", 3)
    for number in range(2):
        party = f"IT00{number}"
        body = info(party, "CONNECTED")
        answer = await call(net.hub, "PUT", f"hubclientinfo/IT/00{number}", token=peer.token_c, body=body)
        assert codes(answer) == ((200, 1000) if number == 0 else (200, 2001))
    assert len(held(net, "hub2.test").behind) == 3
    many = Peer("x", "NLHB2", *[("CPO", "IT", f"00{number}") for number in range(4)]).credentials()["roles"]
    answer = await call(net.hub, "PUT", "credentials", token=peer.token_c, body=peer.credentials(roles=many))
    assert codes(answer) == (200, 2001)
    assert (await peer.call(net.hub, "GET", "locations/sender", sender="ESXYZ")).status_code == 200


async def test_a_new_registration_of_a_hub_tells_of_who_is_gone(net: OcpiNet, peer: Peer) -> None:
    await net.relay()
    peer.roles = (("CPO", "ES", "XYZ"), ("CPO", "ES", "NEU"))
    net.forget()
    await call(net.hub, "PUT", "credentials", token=peer.token_c, body=peer.credentials())
    await net.relay()
    told = {(put.json["party_id"], put.json["status"]) for put in net.p2.seen("PUT", "hubclientinfo")}
    assert told == {("HB2", "CONNECTED"), ("NEU", "CONNECTED")}
    told = {(put.json["party_id"], put.json["status"]) for put in net.p1.seen("PUT", "hubclientinfo")}
    assert told == {("HB2", "CONNECTED"), ("EMX", "SUSPENDED")}


class OldHub(OcpiPartner):
    """A hub of OCPI 2.2.1: its role says so, and its HubClientInfo whom it reaches."""

    def __init__(self, *parties: dict[str, Any]) -> None:
        super().__init__("hub2.test", ("HUB", "NL", "HB2"), version="2.2.1")
        self.parties = list(parties)
        self.answers["GET", "hubclientinfo"] = lambda _: (200, envelope(self.parties), {})


async def followed(net: OcpiNet) -> None:
    await net.hub.following.run(held(net, "hub2.test").id, "hubclientinfo")


async def test_no_hub_stands_behind_another(net: OcpiNet) -> None:
    """Neither by its list nor by what it says of one."""
    third = info("USHUX", "CONNECTED", role="HUB")
    hub = OldHub(third)
    await hub.join(net.hub)
    await followed(net)
    path = "/ocpi/2.2.1/hubclientinfo/US/HUX"
    assert codes(await call(net.hub, "PUT", path, token=hub.token_c, body=third)) == (200, 1000)
    assert not held(net, "hub2.test").behind


@spec("OCPI-V221-03", "OCPI-CRD-36", "OCPI-HUB-100")
async def test_parties_that_a_hub_of_2_2_1_lists_become_reachable(net: OcpiNet) -> None:
    hub = OldHub(info("ESXYZ", "CONNECTED"), info("ESOFF", "OFFLINE"), info("NLHUB", "CONNECTED", role="OTHER"))
    await hub.join(net.hub)
    direct = await OcpiPartner("emx.test", ("EMSP", "AT", "EMX"), version="2.2.1").join(net.hub)
    answer = await direct.call(net.hub, "GET", "locations/sender", to="ESXYZ")
    assert codes(answer) == (200, 4001)
    assert [feed.name for feed in net.hub.following.wanted(held(net, "hub2.test"))] == ["hubclientinfo"]
    await followed(net)
    assert (await infos(net.hub, direct))["ESXYZ", "CPO"] == "CONNECTED"
    assert codes(await direct.call(net.hub, "GET", "locations/sender", to="ESXYZ")) == (200, 1000)
    (request,) = hub.seen("GET", "locations")
    assert (request.party("to"), request.party("from")) == ("ESXYZ", "ATEMX")
    assert codes(await direct.call(net.hub, "GET", "locations/sender", to="ESOFF")) == (200, 4003)
    pushed = await hub.call(net.hub, "PUT", "locations/receiver/ES/XYZ/LOC9", location("LOC9", "ESXYZ"), sender="ESXYZ")
    assert codes(pushed) == (201, 1000)
    await call(net.hub, "PUT", "/ocpi/2.2.1/credentials", token=hub.token_c, body=hub.credentials())
    assert held(net, "hub2.test").behind, "a new registration does not forget them"


async def test_who_is_no_longer_listed_is_no_longer_reached(net: OcpiNet) -> None:
    hub = OldHub(info("ESXYZ", "CONNECTED"), info("ESABC", "CONNECTED"))
    await hub.join(net.hub)
    await followed(net)
    await net.relay()
    net.forget()
    hub.parties = [info("ESABC", "CONNECTED"), {"party_id": "BAD"}]
    await followed(net)
    assert held(net, "hub2.test").speaks_for(PartyId("ES", "XYZ")), "the list cannot be read in full"
    hub.parties = [info("ESABC", "CONNECTED")]
    await followed(net)
    await net.relay()
    assert not held(net, "hub2.test").speaks_for(PartyId("ES", "XYZ"))
    told = [(put.json["party_id"], put.json["status"]) for put in net.p2.seen("PUT", "hubclientinfo")]
    assert told == [("XYZ", "SUSPENDED")]


async def test_who_is_here_too_is_not_followed_through_another_hub(net: OcpiNet, peer: Peer) -> None:
    await OcpiPartner("xyz.test", ("CPO", "ES", "XYZ")).join(net.hub)
    hub = await net.hub.hub.partners.get(held(net, "hub2.test").id)
    assert "locations" not in {feed.name for feed in net.hub.following.wanted(hub)}


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("ES/XYZ", info("ESOTH", "OFFLINE"), (200, 2001)),
        ("ES/XYZ", info("ESXYZ", "AWAY"), (200, 2001)),
        ("ES/XYZ", {"status": "OFFLINE"}, (200, 2001)),
        ("ES/XYZABC", info("ESXYZ", "OFFLINE"), (200, 2001)),
    ],
)
async def test_a_wrong_client_info_changes_nothing(
    net: OcpiNet, peer: Peer, path: str, body: Any, expected: Any
) -> None:
    before = held(net, "hub2.test")
    assert codes(await call(net.hub, "PUT", f"hubclientinfo/{path}", token=peer.token_c, body=body)) == expected
    assert held(net, "hub2.test") == before


async def test_only_a_hub_says_how_others_are_connected(net: OcpiNet) -> None:
    answer = await call(net.hub, "PUT", "hubclientinfo/NL/CPA", token=net.p2.token_c, body=info("NLCPA", "OFFLINE"))
    assert answer.status_code == 404
    details = (await call(net.hub, "GET", "/ocpi/2.3.0", token=net.p2.token_c)).json()["data"]["endpoints"]
    assert {end["role"] for end in details if end["identifier"] == "hubclientinfo"} == {"SENDER"}


async def test_a_hub_that_is_away_takes_those_behind_it_along(net: OcpiNet, peer: Peer) -> None:
    await net.hub.hub.partners.not_reached(held(net, "hub2.test").id)
    net.forget()
    await net.relay()
    assert (await infos(net.hub, net.p2))["ESXYZ", "CPO"] == "OFFLINE"
    assert {put.json["party_id"]: put.json["status"] for put in net.p2.seen("PUT", "hubclientinfo")} == {
        "HB2": "OFFLINE",
        "XYZ": "OFFLINE",
    }
    assert codes(await net.p2.call(net.hub, "GET", "locations/sender", to="ESXYZ")) == (200, 4003)


async def test_nobody_becomes_a_hub_for_whom_he_likes(net: OcpiNet) -> None:
    """The operator added an eMSP; as a hub it may speak for the parties that were named, and for no others."""
    sly = OcpiPartner("sly.test", ("EMSP", "NL", "SLY"))
    net.hub.network.serve(sly.host, sly)
    token_a = (await net.hub.add(sly.document()))[1]["token_a"]
    roles = sly.credentials()["roles"] + Peer("x", "NLHB9", ("CPO", "NL", "VIC")).credentials()["roles"]
    answer = await call(
        net.hub, "POST", "credentials", token=token_a, body=sly.credentials(hub_party_id="NLHB9", roles=roles)
    )
    assert codes(answer) == (200, 2001)
    assert "NL*VIC" in answer.json()["status_message"]
    body = sly.credentials(hub_party_id="NLHB9")
    answer = await call(net.hub, "POST", "credentials", token=token_a, body=body)
    assert codes(answer) == (200, 1000)
    sly.token_c = answer.json()["data"]["token"]
    answer = await call(net.hub, "PUT", "hubclientinfo/NL/VIC", token=sly.token_c, body=info("NLVIC", "CONNECTED"))
    assert answer.status_code == 403
    assert held(net, "sly.test").state is PartnerState.CONNECTED
    assert not held(net, "sly.test").speaks_for(held(net, "p1.test").parties[0])


@spec("OCPI-GEN-10")
async def test_a_stop_of_a_session_that_the_hub_never_saw_goes_where_it_is_addressed(net: OcpiNet) -> None:
    body = {"response_url": "https://p2.test/results/1", "session_id": "NEVER-SEEN"}
    net.p1.answers["POST", "commands"] = (
        200,
        {"status_code": 1000, "timestamp": TIME, "data": {"result": "ACCEPTED", "timeout": 30}},
        {},
    )
    answer = await net.p2.call(net.hub, "POST", "commands/receiver/STOP_SESSION", body, to="NLCPA")
    assert answer.json()["data"]["result"] == "ACCEPTED"
    (request,) = net.p1.seen("POST", "commands")
    assert request.json["session_id"] == "NEVER-SEEN"
    pushed = await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S9", session("S9"), to="DEEMB")
    assert codes(pushed) == (200, 1000)
