"""OCPI 2.1.1: an operator and an eMSP of the oldest version, with partners of 2.2.1 and 2.3.0."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.model.delivery import Delivery, DeliveryState
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.ocpi.wire import v2_1_1 as wire
from protocols.ocpi.wire import v2_1_1_locations as wire_places
from protocols.ocpi.wire.commands import CommandResultType
from protocols.transport.json_codec import decode
from tests.flows.hub import TestHub
from tests.flows.ocpi_2_1_1_partner import (
    OldPartner,
    accepted,
    old_cdr,
    old_connector,
    old_evse,
    old_location,
    old_session,
    old_tariff,
    old_token,
)
from tests.flows.ocpi_partner import (
    TIME,
    OcpiPartner,
    call,
    cdr,
    cdr_token,
    connector,
    envelope,
    evse,
    location,
    period,
    session,
    tariff,
    token,
)

spec = pytest.mark.spec
LATER = "2026-01-16T12:00:00Z"


class Bridge:
    """p1 CPO and p2 eMSP of 2.3.0, p4 eMSP of 2.2.1, p5 eMSP and p6 CPO of 2.1.1."""

    def __init__(self, hub: TestHub) -> None:
        self.hub = hub
        self.p1 = OcpiPartner("p1.test", ("CPO", "NL", "CPA"))
        self.p2 = OcpiPartner("p2.test", ("EMSP", "DE", "EMB"))
        self.p4 = OcpiPartner("p4.test", ("EMSP", "AT", "EMD"), version="2.2.1")
        self.p5 = OldPartner("p5.test", "EMSP", "IT", "EME")
        self.p6 = OldPartner("p6.test", "CPO", "IT", "CPF")

    async def new(self, partner: OcpiPartner, method: str, path: str, body: Any, to: str = "NLHUB") -> list[Delivery]:
        accepted(await partner.call(self.hub, method, path, body, to=to))
        return await self.hub.relay()

    async def old(self, partner: OldPartner, method: str, path: str, body: Any) -> list[Delivery]:
        accepted(await partner.ask(self.hub, method, path, body))
        return await self.hub.relay()

    async def listed(self, partner: OldPartner, path: str) -> Any:
        return accepted(await partner.ask(self.hub, "GET", path))


@pytest.fixture
async def net() -> AsyncIterator[Bridge]:
    async with TestHub.open([OCPI]) as hub:
        bridge = Bridge(hub)
        partners = (bridge.p1, bridge.p2, bridge.p4, bridge.p5, bridge.p6)
        for partner in partners:
            await partner.join(hub)
        for partner in partners:
            partner.received.clear()
        yield bridge


def last(partner: OcpiPartner, method: str, module: str, wire_type: Any = None) -> Any:
    """What it was last sent, valid as a message of its version."""
    request = partner.seen(method, module)[-1]
    if wire_type is not None:
        decode(request.body, wire_type)
    return request.json


# --- versions and credentials


@spec("OCPI-V211-01", "OCPI-V211-02", "OCPI-VER-07", "OCPI-VER-08")
async def test_each_side_has_its_view(net: Bridge) -> None:
    details = accepted(await net.p6.ask(net.hub, "GET", "/ocpi/2.1.1"))
    assert all(end.keys() == {"identifier", "url"} for end in details["endpoints"])
    modules = {"credentials", "locations", "sessions", "cdrs", "tariffs", "tokens", "commands"}
    assert net.p5.links.keys() == net.p6.links.keys() == modules
    for module in modules - {"credentials"}:
        receives = (net.p6 if module not in ("tokens", "commands") else net.p5).links[module]
        sends = (net.p5 if module not in ("tokens", "commands") else net.p6).links[module]
        assert (receives.rpartition("/")[2], sends.rpartition("/")[2]) == ("receiver", "sender")


@spec("OCPI-VER-01")
async def test_the_list_of_versions(net: Bridge) -> None:
    listed = accepted(await net.p6.ask(net.hub, "GET", "/ocpi/versions"))
    assert [entry["version"] for entry in listed] == ["2.3.0", "2.2.1", "2.1.1"]


@spec("OCPI-V211-03")
async def test_the_hub_is_the_only_party(net: Bridge) -> None:
    data = await net.listed(net.p5, "credentials")
    assert (data["country_code"], data["party_id"], "roles" in data) == ("NL", "HUB", False)
    assert data["business_details"]["name"]
    assert data["token"] == net.p5.token_c
    held = next(partner for partner in net.hub.storage.partners.held.values() if partner.name == "p5.test")
    assert [(role.role, role.party.key) for role in held.roles] == [("EMSP", "ITEME")]


@spec("OCPI-V211-04", "OCPI-V211-06", "OCPI-V211-37", "OCPI-TRN-07")
async def test_tokens_are_raw_and_there_is_no_routing(net: Bridge) -> None:
    await net.new(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    request = net.p5.seen("PUT", "locations")[-1]
    assert request.headers["authorization"] == f"Token {net.p5.token_b}"
    assert request.headers["x-request-id"]
    assert not [name for name in request.headers if name.startswith("ocpi-")]
    assert (await net.p5.call(net.hub, "GET", "/ocpi/versions")).status_code == 200
    answer = (await net.p5.ask(net.hub, "GET", "locations")).json()
    assert answer.keys() == {"data", "status_code", "status_message", "timestamp"}


async def test_the_hub_starts_a_registration(net: Bridge) -> None:
    newcomer = OldPartner("new.test", "CPO", "IT", "NEW")
    net.hub.network.serve(newcomer.host, newcomer)
    partner, _ = await net.hub.add(newcomer.document())
    plan = {"versions_url": f"{newcomer.url}/versions", "token_a": newcomer.token_b}
    connected = await OCPI.connect(net.hub.hub, partner, plan)
    assert (connected.version, [role.party.key for role in connected.roles]) == ("2.1.1", ["ITNEW"])
    posted = next(seen for seen in newcomer.received if seen.method == "POST").json
    assert (posted["party_id"], "roles" in posted) == ("HUB", False)


@spec("OCPI-CRD-15", "OCPI-CRD-06")
async def test_a_partner_moves_to_a_newer_version(net: Bridge) -> None:
    newer = OcpiPartner("p5.test", ("EMSP", "IT", "EME"))
    net.hub.network.serve(newer.host, newer)
    credentials = newer.credentials()
    answer = await call(net.hub, "PUT", "credentials", token=net.p5.token_c, body=credentials)
    newer.token_c = accepted(answer)["token"]
    await net.new(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", location(help_phone="+31201234567"))
    assert last(newer, "PUT", "locations") == location(help_phone="+31201234567")
    assert (await net.p5.ask(net.hub, "GET", "locations")).status_code == 401


async def test_the_hub_changes_the_tokens(net: Bridge) -> None:
    held = next(partner for partner in net.hub.storage.partners.held.values() if partner.name == "p6.test")
    old = net.p6.token_c
    await OCPI.connect(net.hub.hub, held, {})
    (put,) = net.p6.seen("PUT", "credentials")
    assert put.headers["authorization"] == f"Token {net.p6.token_b}"
    assert (put.json["party_id"], "roles" in put.json) == ("HUB", False)
    assert (await net.p6.ask(net.hub, "GET", "tokens")).status_code == 401
    net.p6.token_c = put.json["token"]
    assert net.p6.token_c != old
    assert await net.listed(net.p6, "tokens") == []


@spec("OCPI-CRD-27")
@pytest.mark.parametrize(("country", "party"), [("NL", "CPA"), ("IT", "EME"), ("IT", "NEW"), ("NL", "HUB")])
async def test_a_partner_cannot_claim_another_party(net: Bridge, country: str, party: str) -> None:
    """One of another platform, one that it was not added for, the hub itself."""
    claimed = net.p6.credentials(country_code=country, party_id=party)
    answer = await net.p6.ask(net.hub, "PUT", "credentials", claimed)
    assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)
    assert await net.listed(net.p6, "tokens") == []


async def test_a_company_that_is_neither_operator_nor_emsp_has_no_side(net: Bridge) -> None:
    other = OldPartner("nsp.test", "NSP", "FR", "NSC")
    net.hub.network.serve(other.host, other)
    _, shown = await net.hub.add(other.document())
    url = "/ocpi/2.1.1/credentials"
    answer = await call(net.hub, "POST", url, token=shown["token_a"], body=other.credentials())
    assert answer.json()["status_code"] == 2001
    answer = await call(net.hub, "GET", "/ocpi/2.1.1", token=shown["token_a"])
    assert answer.json()["status_code"] == 3000


async def test_hub_client_info_is_not_there(net: Bridge) -> None:
    assert (await net.p5.ask(net.hub, "GET", "/ocpi/2.1.1/hubclientinfo")).status_code == 404


@spec("OCPI-V211-35")
async def test_no_party_is_announced_to_2_1_1(net: Bridge) -> None:
    await OcpiPartner("new.test", ("CPO", "NL", "NEW")).join(net.hub)
    assert net.p2.seen("PUT", "hubclientinfo")
    assert not [seen for seen in net.p5.received if "hubclientinfo" in seen.path]


# --- locations


@spec("OCPI-TRP-49")
@spec("OCPI-V211-10", "OCPI-V211-12", "OCPI-LOC-15")
async def test_a_location_of_2_3_0_at_an_emsp_of_2_1_1(net: Bridge) -> None:
    plugs = [
        connector(power_type="AC_2_PHASE", tariff_ids=["T1"], max_electric_power=7000),
        connector(id="2", standard="MCS"),
    ]
    sent = location(
        evses=[evse(connectors=plugs, capabilities=["RFID_READER", "PED_TERMINAL"]), evse("E2", connectors=plugs[1:])],
        state="Utrecht",
        parking_type="ON_DRIVEWAY",
        address="An address that is longer than forty-five characters",
        facilities=["TRAM_STOP", "HOTEL"],
        help_phone="+31201234567",
        last_updated="2026-01-15T12:00:00.123Z",
        opening_times={"twentyfourseven": True},
        energy_mix={"is_green_energy": True, "environ_impact": [{"category": "CARBON_DIOXIDE", "amount": 5}]},
    )
    await net.new(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", sent)
    pushed = last(net.p5, "PUT", "locations", wire_places.Location)
    assert net.p5.seen("PUT", "locations")[-1].segments == ["2.1.1", "locations", "NL", "CPA", "LOC1"]
    gone = {"country_code", "party_id", "publish", "state", "help_phone", "parking_type"}
    assert not gone & pushed.keys()
    assert (pushed["type"], pushed["postal_code"], pushed["facilities"]) == ("OTHER", "-", ["HOTEL"])
    assert pushed["operator"] == {"name": "NL CPA"}
    assert pushed["opening_times"] == {"twentyfourseven": True}
    assert pushed["address"] == sent["address"][:45]
    assert pushed["coordinates"] == {"latitude": "52.089500", "longitude": "5.110400"}
    assert pushed["last_updated"] == "2026-01-15T12:00:00Z"
    assert pushed["energy_mix"]["environ_impact"] == [{"source": "CARBON_DIOXIDE", "amount": 5}]
    (only,) = pushed["evses"]
    assert only["capabilities"] == ["RFID_READER"]
    assert only["connectors"] == [old_connector(power_type="AC_1_PHASE", tariff_id="T1")]
    assert await net.listed(net.p5, "locations") == [pushed]
    net.p1.answers["GET", "locations"] = (200, envelope(plugs[0]), {})
    assert await net.listed(net.p5, "locations/LOC1/E1/1") == only["connectors"][0]


@spec("OCPI-V211-05", "OCPI-V211-13")
async def test_a_location_of_2_1_1_at_newer_emsps(net: Bridge) -> None:
    impact = {"is_green_energy": True, "environ_impact": [{"source": "CARBON_DIOXIDE", "amount": 5}]}
    hours = {"regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}]}
    plug = old_connector(tariff_id="T6")
    sent = old_location(
        type="UNKNOWN", postal_code="-", energy_mix=impact, opening_times=hours, evses=[old_evse(connectors=[plug])]
    )
    await net.old(net.p6, "PUT", "locations/IT/CPF/L6", sent)
    pushed = last(net.p2, "PUT", "locations")
    assert (pushed["country_code"], pushed["party_id"], pushed["publish"]) == ("IT", "CPF", True)
    assert pushed["time_zone"] == "Europe/Rome"
    assert not {"parking_type", "postal_code", "type"} & pushed.keys()
    assert pushed["opening_times"] == {"twentyfourseven": False, **hours}
    assert pushed["energy_mix"]["environ_impact"] == [{"category": "CARBON_DIOXIDE", "amount": 5}]
    assert pushed["evses"][0]["connectors"] == [connector(tariff_ids=["T6"])]
    operator = {"name": "IT CPF"}
    assert last(net.p4, "PUT", "locations") == {**pushed, "operator": operator}
    told = {"time_zone": "Europe/Rome", "opening_times": pushed["opening_times"], "operator": operator}
    assert last(net.p5, "PUT", "locations", wire_places.Location) == {**sent, **told}


@spec("OCPI-V211-11")
async def test_a_status_without_a_time_gets_the_time_of_receipt(net: Bridge) -> None:
    await net.old(net.p6, "PUT", "locations/IT/CPF/L6", old_location())
    await net.old(net.p6, "PATCH", "locations/IT/CPF/L6/E6", {"status": "CHARGING"})
    now = net.hub.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert last(net.p2, "PATCH", "locations") == {"status": "CHARGING", "last_updated": now}
    await net.old(net.p6, "PATCH", "locations/IT/CPF/L6/E6", {"status": "BLOCKED", "last_updated": LATER})
    assert last(net.p2, "PATCH", "locations") == {"status": "BLOCKED", "last_updated": LATER}
    assert last(net.p5, "PATCH", "locations", wire_places.EvsePatch) == {"status": "BLOCKED", "last_updated": LATER}
    await net.old(net.p6, "PATCH", "locations/IT/CPF/L6", {"type": "PARKING_LOT", "name": "New", "last_updated": LATER})
    assert (last(net.p2, "PUT", "locations")["parking_type"], last(net.p2, "PUT", "locations")["name"]) == (
        "PARKING_LOT",
        "New",
    )


@spec("OCPI-V211-14", "OCPI-V211-21")
async def test_a_connector_has_room_for_one_tariff(net: Bridge) -> None:
    """A regular one before one for all; never one for another kind, nor one that is not told."""
    kinds = {"ADHOC": "AD_HOC_PAYMENT", "FAST": "PROFILE_FAST", "ANY": None, "REGULAR": "REGULAR"}
    for name, kind in kinds.items():
        sent = tariff(name, **({"type": kind} if kind else {}))
        await net.new(net.p1, "PUT", f"tariffs/receiver/NL/CPA/{name}", sent)
    limited = tariff("LIMITED", type="REGULAR", max_price={"before_taxes": 9})
    await net.new(net.p1, "PUT", "tariffs/receiver/NL/CPA/LIMITED", limited)
    wanted = {
        "1": (["ADHOC", "ANY", "REGULAR"], "REGULAR"),
        "2": (["LIMITED", "FAST", "any"], "ANY"),
        "3": (["ADHOC"], None),
        "4": (["LIMITED"], None),
        "5": (["NEVER-TOLD"], "NEVER-TOLD"),
        "6": (["NEVER-TOLD", "NOR-THIS"], None),
    }
    plugs = [connector(id=name, tariff_ids=ids) for name, (ids, _) in wanted.items()]
    await net.new(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", location(evses=[evse(connectors=plugs)]))
    told = {name: tariff_id for name, (_, tariff_id) in wanted.items()}
    pushed = last(net.p5, "PUT", "locations", wire_places.Location)["evses"][0]
    assert {plug["id"]: plug.get("tariff_id") for plug in pushed["connectors"]} == told
    assert (await net.listed(net.p5, "locations"))[0]["evses"] == [pushed]
    net.p1.answers["GET", "locations"] = (200, envelope(evse(connectors=plugs)), {})
    assert await net.listed(net.p5, "locations/LOC1/E1") == pushed
    await net.new(net.p1, "DELETE", "tariffs/receiver/NL/CPA/REGULAR", None)
    (again,) = await net.listed(net.p5, "locations")
    assert again["evses"][0]["connectors"][0]["tariff_id"] == "ANY"


@spec("OCPI-TRP-52")
@spec("OCPI-V211-32")
async def test_what_is_not_published_is_not_told(net: Bridge) -> None:
    await net.new(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", location(publish=False))
    await net.new(net.p1, "PATCH", "locations/receiver/NL/CPA/LOC1/E1", {"status": "BLOCKED", "last_updated": LATER})
    assert net.p2.seen("PUT", "locations")
    assert not [seen for seen in net.p5.received if "locations" in seen.path]
    assert await net.listed(net.p5, "locations") == []
    sent = session(cdr_token={**cdr_token(owner="ITEME"), "contract_id": "IT-EME-C00000001"})
    await net.new(net.p1, "PUT", "sessions/receiver/NL/CPA/S1", sent, to="ITEME")
    assert last(net.p5, "PUT", "sessions", wire.Session)["location"]["id"] == "LOC1"


@spec("OCPI-V211-33")
async def test_lists_have_pages(net: Bridge) -> None:
    for number in range(3):
        await net.new(net.p1, "PUT", f"locations/receiver/NL/CPA/LOC{number}", location(f"LOC{number}"))
    answer = await net.p5.ask(net.hub, "GET", f"{net.p5.links['locations']}?limit=2")
    assert len(answer.json()["data"]) == 2
    assert (answer.headers["x-total-count"], answer.headers["x-limit"]) == ("3", "2")
    assert "offset=2" in answer.headers["link"]


# --- tokens and authorisation


@spec("OCPI-V211-24")
async def test_tokens_both_ways(net: Bridge) -> None:
    await net.new(
        net.p2, "PUT", "tokens/receiver/DE/EMB/APP1?type=APP_USER", token("APP1", type="APP_USER", group_id="G")
    )
    assert last(net.p6, "PUT", "tokens", wire.Token) == {
        "uid": "APP1",
        "type": "OTHER",
        "auth_id": "DE-EMB-C12345678",
        "issuer": "eMobility",
        "valid": True,
        "whitelist": "NEVER",
        "last_updated": TIME,
    }
    assert net.p6.seen("PUT", "tokens")[-1].query == "type=OTHER"
    assert await net.listed(net.p6, "tokens") == [last(net.p6, "PUT", "tokens")]
    await net.old(net.p5, "PUT", "tokens/IT/EME/0456789A", old_token())
    assert last(net.p1, "PUT", "tokens") == token("0456789A", "ITEME", contract_id="IT-EME-C00000001", issuer="Emobil")
    await net.old(net.p5, "PATCH", "tokens/IT/EME/0456789A", {"valid": False, "last_updated": LATER})
    assert last(net.p6, "PUT", "tokens", wire.Token) == old_token(valid=False, last_updated=LATER)
    assert accepted(await net.p5.ask(net.hub, "GET", "tokens/IT/EME/0456789A"))["auth_id"] == "IT-EME-C00000001"


@spec("OCPI-V211-25")
async def test_an_emsp_of_2_1_1_is_asked(net: Bridge) -> None:
    await net.old(net.p5, "PUT", "tokens/IT/EME/0456789A", old_token())
    net.p5.answers["POST", "tokens"] = (200, envelope({"allowed": "ALLOWED"}), {})
    path = "tokens/sender/0456789A/authorize?type=RFID"
    answer = accepted(await net.p1.call(net.hub, "POST", path, {"location_id": "LOC1"}, to="ITEME"))
    asked = net.p5.seen("POST", "tokens")[-1]
    assert (asked.path, asked.query) == ("/2.1.1/tokens/0456789A/authorize", "type=RFID")
    assert asked.json == {"location_id": "LOC1"}
    assert (answer["allowed"], answer["token"]["contract_id"], answer["token"]["party_id"]) == (
        "ALLOWED",
        "IT-EME-C00000001",
        "EME",
    )


@spec("OCPI-V211-25")
async def test_an_unknown_token_of_2_1_1_is_described(net: Bridge) -> None:
    net.p5.answers["POST", "tokens"] = (200, envelope({"allowed": "BLOCKED"}), {})
    path = "tokens/sender/04FFFFFF/authorize"
    answer = accepted(await net.p1.call(net.hub, "POST", path, {"location_id": "LOC1"}, to="ITEME"))
    assert answer["allowed"] == "BLOCKED"
    assert (answer["token"]["uid"], answer["token"]["whitelist"]) == ("04FFFFFF", "NEVER")


@spec("OCPI-V211-25", "OCPI-V211-05")
async def test_an_operator_of_2_1_1_asks(net: Bridge) -> None:
    await net.new(net.p2, "PUT", "tokens/receiver/DE/EMB/04AABBCC", token())
    info = {"allowed": "ALLOWED", "token": token(), "authorization_reference": "REF1"}
    net.p2.answers["POST", "tokens"] = (200, envelope(info), {})
    place = {"location_id": "L6", "evse_uids": ["E6"], "connector_ids": ["1"]}
    answer = accepted(await net.p6.ask(net.hub, "POST", "tokens/04AABBCC/authorize", place))
    assert answer == {"allowed": "ALLOWED"}
    url = f"{net.p6.links['tokens']}/04AABBCC/authorize?token_type=OTHER"
    accepted(await net.p6.ask(net.hub, "POST", url, place))
    assert net.p2.seen("POST", "tokens")[-1].query == "type=OTHER"
    assert last(net.p2, "POST", "tokens") == {"location_id": "L6", "evse_uids": ["E6"]}
    assert net.p2.seen("POST", "tokens")[-1].party("from") == "ITCPF"


# --- sessions


@spec("OCPI-V211-15")
async def test_a_session_of_2_3_0_at_an_emsp_of_2_1_1(net: Bridge) -> None:
    places = [evse(connectors=[connector(), connector(id="2")]), evse("E2")]
    await net.new(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", location(evses=places))
    mine = {**cdr_token(owner="ITEME"), "contract_id": "IT-EME-C00000001"}
    volumes = [{"type": "POWER", "volume": 7}]
    sent = session(
        cdr_token=mine,
        auth_method="COMMAND",
        status="RESERVATION",
        authorization_reference="REF1",
        charging_periods=[period(tariff_id="T1"), period(dimensions=volumes)],
        total_cost={"before_taxes": 4, "taxes": [{"name": "VAT", "amount": 1}]},
    )
    await net.new(net.p1, "PUT", "sessions/receiver/NL/CPA/S1", sent, to="ITEME")
    pushed = last(net.p5, "PUT", "sessions", wire.Session)
    assert (pushed["auth_id"], pushed["auth_method"], pushed["status"]) == (
        "IT-EME-C00000001",
        "AUTH_REQUEST",
        "PENDING",
    )
    assert (pushed["start_datetime"], pushed["total_cost"]) == (TIME, 4)
    assert pushed["charging_periods"] == [period(), period(dimensions=[{"type": "TIME", "volume": 0}])]
    (place,) = pushed["location"]["evses"]
    assert (place["uid"], [plug["id"] for plug in place["connectors"]]) == ("E1", ["1"])
    assert "authorization_reference" not in pushed
    assert await net.listed(
        net.p5, f"sessions?date_from={TIME}".replace("sessions?", f"{net.p5.links['sessions']}?")
    ) == [pushed]


@spec("OCPI-V211-15")
async def test_a_session_at_a_place_that_nobody_knows(net: Bridge) -> None:
    mine = {**cdr_token(owner="ITEME"), "contract_id": "IT-EME-C00000001"}
    sent = session(cdr_token=mine, location_id="NOWHERE")
    answer = await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", sent, to="ITEME")
    assert (answer.status_code, answer.json()["status_code"]) == (200, 4000)
    assert not net.p5.seen("PUT", "sessions")
    lenient = OldPartner("old.test", "EMSP", "SE", "OLD")
    net.hub.network.serve(lenient.host, lenient)
    stand_in = {"address": "Unknown", "city": "Unknown", "country": "NLD", "latitude": "0.0", "longitude": "0.0"}
    _, shown = await net.hub.add({**lenient.document(), "ocpi": {"older": {"unknown_place": stand_in}}})
    url = "/ocpi/2.1.1/credentials"
    accepted(await call(net.hub, "POST", url, token=shown["token_a"], body=lenient.credentials()))
    theirs = {**cdr_token(owner="SEOLD"), "contract_id": "SE-OLD-C00000001"}
    sent = session("S2", cdr_token=theirs, location_id="NOWHERE")
    await net.new(net.p1, "PUT", "sessions/receiver/NL/CPA/S2", sent, to="SEOLD")
    place = last(lenient, "PUT", "sessions", wire.Session)["location"]
    assert (place["id"], place["address"], place["type"]) == ("NOWHERE", "Unknown", "UNKNOWN")
    assert place["coordinates"] == {"latitude": "0.000000", "longitude": "0.000000"}
    (only,) = place["evses"]
    assert (only["uid"], only["status"], [plug["id"] for plug in only["connectors"]]) == ("E1", "UNKNOWN", ["1"])


@spec("OCPI-V211-16", "OCPI-V211-17", "OCPI-V211-05")
async def test_a_session_of_2_1_1_at_an_emsp_of_2_3_0(net: Bridge) -> None:
    await net.new(net.p2, "PUT", "tokens/receiver/DE/EMB/04AABBCC", token())
    await net.new(net.p2, "PUT", "tokens/receiver/DE/EMB/APP1?type=APP_USER", token("APP1", type="APP_USER"))
    await net.old(net.p6, "PUT", "locations/IT/CPF/L6", old_location())
    await net.old(net.p6, "PUT", "sessions/IT/CPF/S6", old_session())
    pushed = last(net.p2, "PUT", "sessions")
    assert pushed == session(
        "S6",
        "ITCPF",
        location_id="L6",
        evse_uid="E6",
        charging_periods=[period()],
        total_cost={"before_taxes": 4},
    )
    periods = [period(), period("2026-01-15T13:00:00Z")]
    change = {"charging_periods": periods, "kwh": 3, "last_updated": LATER}
    await net.old(net.p6, "PATCH", "sessions/IT/CPF/S6", change)
    assert last(net.p2, "PATCH", "sessions") == {**change, "charging_periods": periods[1:]}
    assert accepted(await net.p6.ask(net.hub, "GET", "sessions/IT/CPF/S6"))["charging_periods"] == periods


@spec("OCPI-V211-16")
async def test_a_contract_that_the_hub_does_not_know(net: Bridge) -> None:
    await net.old(net.p6, "PUT", "sessions/IT/CPF/S6", old_session(location=old_location(evses=[])))
    pushed = last(net.p2, "PUT", "sessions")
    contract = cdr_token()["contract_id"]
    assert pushed["cdr_token"] == {**cdr_token(contract), "type": "OTHER"}
    assert (pushed["evse_uid"], pushed["connector_id"]) == ("#NA", "#NA")


@spec("OCPI-V211-36")
async def test_a_list_of_sessions_needs_a_date(net: Bridge) -> None:
    answer = await net.p5.ask(net.hub, "GET", "sessions")
    assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)


# --- CDRs and tariffs


@spec("OCPI-V211-18")
async def test_a_cdr_of_2_3_0_at_an_emsp_of_2_1_1(net: Bridge) -> None:
    mine = {**cdr_token(owner="ITEME"), "contract_id": "IT-EME-C00000001"}
    place = {**cdr()["cdr_location"], "connector_standard": "MCS"}
    sent = cdr(
        cdr_token=mine,
        session_id="S1",
        cdr_location=place,
        tariffs=[tariff(), tariff("T2", max_price={"before_taxes": 9})],
    )
    accepted(await net.p1.call(net.hub, "POST", "cdrs/receiver", sent, to="ITEME"))
    await net.hub.settle()
    pushed = last(net.p5, "POST", "cdrs", wire.Cdr)
    assert not {"country_code", "party_id", "session_id", "cdr_token", "cdr_location"} & pushed.keys()
    assert (pushed["auth_id"], pushed["stop_date_time"]) == ("IT-EME-C00000001", sent["end_date_time"])
    assert (pushed["total_cost"], pushed["total_energy"]) == (4, 12.345)
    assert pushed["location"]["evses"][0]["connectors"][0]["standard"] == "IEC_62196_T2_COMBO"
    assert pushed["tariffs"] == [old_tariff("T1")]
    assert await net.listed(net.p5, "cdrs") == [pushed]


@spec("OCPI-V211-19")
async def test_a_cdr_of_2_1_1_at_an_emsp_of_2_3_0(net: Bridge) -> None:
    await net.new(net.p2, "PUT", "tokens/receiver/DE/EMB/04AABBCC", token())
    flat = [{"type": "FLAT", "volume": 1}]
    sent = old_cdr(charging_periods=[period("2026-01-15T10:00:00Z"), period("2026-01-15T10:30:00Z", dimensions=flat)])
    answer = await net.p6.ask(net.hub, "POST", "cdrs", sent)
    accepted(answer)
    await net.hub.settle()
    pushed = last(net.p2, "POST", "cdrs")
    assert (pushed["country_code"], pushed["party_id"], pushed["cdr_token"]) == ("IT", "CPF", cdr_token())
    assert pushed["cdr_location"]["evse_id"] == "IT*CPF*EE6"
    assert pushed["charging_periods"][1]["dimensions"] == [{"type": "TIME", "volume": 0}]
    assert pushed["total_cost"] == {"before_taxes": 4}
    url = answer.headers["location"]
    assert url.startswith("https://hub.test/")
    assert accepted(await net.p6.ask(net.hub, "GET", url.removeprefix("https://hub.test")))["id"] == "C6"


@spec("OCPI-TRP-50", "OCPI-TRP-51")
@spec("OCPI-V211-21")
async def test_tariffs_of_2_3_0_at_an_emsp_of_2_1_1(net: Bridge) -> None:
    price = {"price_components": [{"type": "ENERGY", "price": 2.2, "step_size": 1, "vat": 10}]}
    free = {"price_components": [{"type": "ENERGY", "price": 2.2, "step_size": 1}]}
    tariffs = [
        tariff("PLAIN", elements=[price], tax_included="YES", start_date_time="2020-01-01T00:00:00Z"),
        tariff("RESERVE", elements=[free, {**free, "restrictions": {"reservation": "RESERVATION"}}]),
        tariff("CURRENT", elements=[{**free, "restrictions": {"min_current": 6}}]),
        tariff("LIMITED", max_price={"before_taxes": 9}),
        tariff("GROSS", elements=[free], tax_included="YES"),
        tariff("OVER", end_date_time="2020-01-01T00:00:00Z"),
    ]
    deliveries = []
    for sent in tariffs:
        deliveries += await net.new(net.p1, "PUT", f"tariffs/receiver/NL/CPA/{sent['id']}", sent)
    told = {seen.json["id"]: seen.json for seen in net.p5.seen("PUT", "tariffs")}
    assert told.keys() == {"PLAIN", "RESERVE"}
    assert told["PLAIN"]["elements"] == [{"price_components": [{"type": "ENERGY", "price": 2, "step_size": 1}]}]
    assert told["PLAIN"].keys() == {"id", "currency", "elements", "last_updated"}, "it has no start"
    assert told["RESERVE"]["elements"] == [free]
    assert len([delivery for delivery in deliveries if delivery.state is DeliveryState.WITHHELD]) == 4
    assert [held["id"] for held in await net.listed(net.p5, "tariffs")] == ["PLAIN", "RESERVE"]


@spec("OCPI-V211-21")
async def test_a_partner_may_take_tariffs_without_their_limits(net: Bridge) -> None:
    lossy = OldPartner("lossy.test", "EMSP", "SE", "LOS")
    net.hub.network.serve(lossy.host, lossy)
    _, shown = await net.hub.add({**lossy.document(), "ocpi": {"older": {"lossy_tariffs": True}}})
    url = "/ocpi/2.1.1/credentials"
    lossy.token_c = accepted(await call(net.hub, "POST", url, token=shown["token_a"], body=lossy.credentials()))[
        "token"
    ]
    await net.new(net.p1, "PUT", "tariffs/receiver/NL/CPA/T1", tariff(max_price={"before_taxes": 9}))
    assert last(lossy, "PUT", "tariffs", wire.Tariff) == old_tariff("T1")
    assert not net.p5.seen("PUT", "tariffs")


@spec("OCPI-V211-22", "OCPI-V211-23")
async def test_tariffs_of_2_1_1_at_an_emsp_of_2_3_0(net: Bridge) -> None:
    await net.old(net.p6, "PUT", "tariffs/IT/CPF/T6", old_tariff())
    assert last(net.p2, "PUT", "tariffs") == tariff("T6", "ITCPF")
    elements = [{"price_components": [{"type": "FLAT", "price": 1, "step_size": 1}]}]
    await net.old(net.p6, "PATCH", "tariffs/IT/CPF/T6", {"elements": elements, "last_updated": LATER})
    assert last(net.p2, "PUT", "tariffs") == tariff("T6", "ITCPF", elements=elements, last_updated=LATER)
    answer = await net.p6.ask(net.hub, "PATCH", "tariffs/IT/CPF/NONE", {"currency": "SEK"})
    assert answer.status_code == 404
    answer = await net.p1.call(net.hub, "PATCH", "tariffs/receiver/NL/CPA/T1", {"currency": "SEK"})
    assert answer.status_code == 405
    await net.old(net.p6, "DELETE", "tariffs/IT/CPF/T6", None)
    assert net.p2.seen("DELETE", "tariffs")


@spec("OCPI-V211-20")
async def test_a_credit_is_refused_at_once(net: Bridge) -> None:
    mine = {**cdr_token(owner="ITEME"), "contract_id": "IT-EME-C00000001"}
    sent = cdr("C1-CREDIT", cdr_token=mine, credit=True, credit_reference_id="C1", total_cost={"before_taxes": -4})
    answer = await net.p1.call(net.hub, "POST", "cdrs/receiver", sent, to="ITEME")
    assert (answer.status_code, answer.json()["status_code"]) == (200, 4000)
    await net.hub.settle()
    assert not net.p5.seen("POST", "cdrs")
    assert accepted(await net.p1.call(net.hub, "GET", "cdrs/sender")) == []


@spec("OCPI-V211-08")
async def test_a_partner_may_know_the_hub_alone(net: Bridge) -> None:
    await net.new(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    assert net.p5.seen("PUT", "locations")[-1].path == "/2.1.1/locations/NL/CPA/LOC1"
    old = OldPartner("old.test", "EMSP", "SE", "OLD")
    net.hub.network.serve(old.host, old)
    _, shown = await net.hub.add({**old.document(), "ocpi": {"older": {"hub_paths": True}}})
    url = "/ocpi/2.1.1/credentials"
    accepted(await call(net.hub, "POST", url, token=shown["token_a"], body=old.credentials()))
    await net.new(net.p1, "PATCH", "locations/receiver/NL/CPA/LOC1/E1", {"status": "BLOCKED", "last_updated": LATER})
    await net.new(net.p1, "PUT", "tariffs/receiver/NL/CPA/T1", tariff())
    await net.new(net.p1, "DELETE", "tariffs/receiver/NL/CPA/T1", None)
    assert [(seen.method, seen.path) for seen in old.received if seen.method in ("PATCH", "PUT", "DELETE")] == [
        ("PATCH", "/2.1.1/locations/NL/HUB/LOC1/E1"),
        ("PUT", "/2.1.1/tariffs/NL/HUB/T1"),
        ("DELETE", "/2.1.1/tariffs/NL/HUB/T1"),
    ]


# --- commands


def start(**changes: Any) -> dict[str, Any]:
    return {"response_url": "https://p2.test/results/1", "token": token(), "location_id": "L6", **changes}


@spec("OCPI-V211-26", "OCPI-V211-27", "OCPI-V211-28")
@pytest.mark.parametrize("to", ["ITCPF", None])
@pytest.mark.parametrize(
    ("answer", "said"),
    [("ACCEPTED", "ACCEPTED"), ({"result": "ACCEPTED"}, "ACCEPTED"), ({"result": "TIMEOUT"}, "REJECTED")],
    ids=["word", "object", "timeout"],
)
async def test_an_emsp_of_2_3_0_starts_at_an_operator_of_2_1_1(
    net: Bridge, to: str | None, answer: Any, said: str
) -> None:
    await net.old(net.p6, "PUT", "locations/IT/CPF/L6", old_location())
    net.p6.answers["POST", "commands"] = (200, envelope(answer), {})
    body = start(evse_uid="E6", connector_id="1", authorization_reference="REF1")
    response = accepted(await net.p2.call(net.hub, "POST", "commands/receiver/START_SESSION", body, to=to))
    assert response == {"result": said, "timeout": 30}
    sent = last(net.p6, "POST", "commands", wire.StartSession)
    assert sent.keys() == {"response_url", "token", "location_id", "evse_uid"}
    assert sent["token"]["auth_id"] == token()["contract_id"]
    result = sent["response_url"].removeprefix("https://hub.test")
    for told in ("TIMEOUT", {"result": "UNKNOWN_SESSION"}):
        accepted(await net.p6.ask(net.hub, "POST", result, told))
    told_on = [seen for seen in net.p2.received if seen.path == "/results/1"]
    assert [seen.json for seen in told_on] == [{"result": "TIMEOUT"}, {"result": "FAILED"}]
    assert told_on[0].party("from") == "ITCPF"


@spec("OCPI-V211-26")
async def test_a_reservation_cannot_be_cancelled_at_2_1_1(net: Bridge) -> None:
    body = {"response_url": "https://p2.test/results/1", "reservation_id": "R1"}
    answer = accepted(await net.p2.call(net.hub, "POST", "commands/receiver/CANCEL_RESERVATION", body, to="ITCPF"))
    assert (answer["result"], answer["timeout"]) == ("NOT_SUPPORTED", 0)
    assert not net.p6.seen("POST", "commands")


@spec("OCPI-V211-26", "OCPI-V211-27", "OCPI-V211-05", "OCPI-HUB-89")
async def test_an_emsp_of_2_1_1_starts_at_an_operator_of_2_3_0(net: Bridge) -> None:
    choosy = evse(capabilities=["START_SESSION_CONNECTOR_REQUIRED"])
    await net.new(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", location(evses=[choosy]))
    net.p1.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", "timeout": 30}), {})
    body = {"response_url": "https://p5.test/results/1", "token": old_token(), "location_id": "LOC1", "evse_uid": "E1"}
    response = accepted(await net.p5.ask(net.hub, "POST", "commands/START_SESSION", body))
    assert response == {"result": "ACCEPTED"}
    sent = last(net.p1, "POST", "commands")
    assert (sent["token"]["party_id"], sent["token"]["contract_id"]) == ("EME", "IT-EME-C00000001")
    assert sent["connector_id"] == "1"
    result = sent["response_url"].removeprefix("https://hub.test")
    for told in CommandResultType:
        message = [{"language": "en", "text": "why"}]
        body = {"result": told.value, "message": message}
        accepted(await call(net.hub, "POST", result, token=net.p1.token_c, body=body))
        known = told.value if told.value in wire.CommandResponseType.__members__ else "REJECTED"
        assert net.p5.received[-1].path == "/results/1"
        assert net.p5.received[-1].json == {"result": known}
        assert not [name for name in net.p5.received[-1].headers if name.startswith("ocpi-")]


@spec("OCPI-V211-31")
async def test_codes_that_2_1_1_knows(net: Bridge) -> None:
    body = {"response_url": "https://p5.test/results/1", "token": old_token(), "location_id": "NOWHERE"}
    answer = await net.p5.ask(net.hub, "POST", "commands/START_SESSION", body)
    assert answer.json()["status_code"] == 2003
    for emsp in (net.p2, net.p4, net.p5):
        emsp.answers["POST", "tokens"] = (404, envelope(None, 2004), {})
    answer = await net.p6.ask(net.hub, "POST", "tokens/04FFFFFF/authorize")
    assert (answer.status_code, answer.json()["status_code"]) == (404, 2001)
    body = {"response_url": "https://p5.test/results/1", "session_id": "NONE"}
    answer = await net.p5.ask(net.hub, "POST", "commands/STOP_SESSION", body)
    assert (answer.status_code, answer.json()["status_code"]) == (200, 2001)


@spec("OCPI-V211-39")
async def test_partners_of_2_2_1_and_2_1_1(net: Bridge) -> None:
    p5 = OcpiPartner("cpo221.test", ("CPO", "AT", "CPH"), version="2.2.1")
    await p5.join(net.hub)
    await net.new(p5, "PUT", "locations/receiver/AT/CPH/LOC1", location("LOC1", "ATCPH", postal_code="1010"))
    assert last(net.p5, "PUT", "locations", wire_places.Location)["postal_code"] == "1010"
    mine = {**cdr_token(owner="ITEME"), "contract_id": "IT-EME-C00000001"}
    sent = session("S1", "ATCPH", cdr_token=mine, total_cost={"excl_vat": 4, "incl_vat": 5})
    await net.new(p5, "PUT", "sessions/receiver/AT/CPH/S1", sent, to="ITEME")
    assert last(net.p5, "PUT", "sessions", wire.Session)["total_cost"] == 4
    await net.old(net.p6, "PUT", "sessions/IT/CPF/S6", old_session(auth_id="AT-EMD-C12345678"))
    assert last(net.p4, "PUT", "sessions")["total_cost"] == {"excl_vat": 4}


# --- what is wrong

PUTS = {
    "locations/IT/CPF/L6": (old_location(), "p6"),
    "locations/IT/CPF/L6/E6": (old_evse(), "p6"),
    "locations/IT/CPF/L6/E6/1": (old_connector(), "p6"),
    "sessions/IT/CPF/S6": (old_session(), "p6"),
    "cdrs": (old_cdr(), "p6"),
    "tariffs/IT/CPF/T6": (old_tariff(), "p6"),
    "tokens/IT/EME/0456789A": (old_token(), "p5"),
}
WRONG = (None, 5, -1.5, True, "", "x" * 300, [], {}, [None], "2026-13-01T00:00:00Z")


@pytest.mark.parametrize("path", PUTS)
async def test_whatever_is_wrong_has_an_answer_of_its_own(net: Bridge, path: str) -> None:
    """Each member in turn is left out or wrong: understood, or refused naming what is wrong; never the hub's fault."""
    body, who = PUTS[path]
    partner, method = getattr(net, who), "POST" if path == "cdrs" else "PUT"
    accepted(await net.p6.ask(net.hub, "PUT", "locations/IT/CPF/L6", old_location()))
    for name in body:
        less = {key: value for key, value in body.items() if key != name}
        for wrong in (less, *({**body, name: value} for value in WRONG)):
            answer = await partner.ask(net.hub, method, path, wrong)
            said = answer.json()
            assert said["status_code"] in (1000, 2001), (name, wrong.get(name), said)
            assert said["status_code"] == 1000 or said["status_message"]
    for wrong in (5, "text", [], [body], None):
        assert (await partner.ask(net.hub, method, path, wrong)).json()["status_code"] == 2001
