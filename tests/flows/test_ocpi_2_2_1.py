"""OCPI 2.2.1: partners of an older version, between each other and with those of 2.3.0."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.model.delivery import Delivery, DeliveryState
from protocols.ocpi.plugin import PLUGIN as OCPI
from tests.flows.hub import TestHub
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
    session,
    tariff,
    token,
)

spec = pytest.mark.spec


class Bridge:
    """p1 is a CPO and p2 an eMSP of 2.3.0; p4 is an eMSP and p5 a CPO of 2.2.1."""

    def __init__(self, hub: TestHub) -> None:
        self.hub = hub
        self.p1 = OcpiPartner("p1.test", ("CPO", "NL", "CPA"))
        self.p2 = OcpiPartner("p2.test", ("EMSP", "DE", "EMB"))
        self.p4 = OcpiPartner("p4.test", ("EMSP", "AT", "EMD"), version="2.2.1")
        self.p5 = OcpiPartner("p5.test", ("CPO", "IT", "CPF"), version="2.2.1")

    async def told(
        self, partner: OcpiPartner, method: str, path: str, body: Any, to: str | None = "NLHUB"
    ) -> list[Delivery]:
        """Sent to the hub, taken, and told on."""
        answer = await partner.call(self.hub, method, path, body, to=to)
        assert answer.json()["status_code"] == 1000, answer.text
        return await self.hub.relay()


@pytest.fixture
async def net() -> AsyncIterator[Bridge]:
    async with TestHub.open([OCPI]) as hub:
        bridge = Bridge(hub)
        for partner in (bridge.p1, bridge.p2, bridge.p4, bridge.p5):
            await partner.join(hub)
        for partner in (bridge.p1, bridge.p2, bridge.p4, bridge.p5):
            partner.received.clear()
        yield bridge


def last(partner: OcpiPartner, method: str, module: str) -> Any:
    return partner.seen(method, module)[-1].json


# --- versions and credentials


@spec("OCPI-VER-01", "OCPI-V221-01")
async def test_details_of_2_2_1(net: Bridge) -> None:
    listed = (await call(net.hub, "GET", "/ocpi/versions", token=net.p4.token_c)).json()["data"]
    assert {"version": "2.2.1", "url": "https://hub.test/ocpi/2.2.1"} in listed
    details = (await call(net.hub, "GET", "/ocpi/2.2.1", token=net.p4.token_c)).json()["data"]
    assert details["version"] == "2.2.1"
    functional = ("locations", "sessions", "cdrs", "tariffs", "tokens", "commands", "chargingprofiles")
    wanted = {("credentials", "SENDER"), ("hubclientinfo", "SENDER")}
    wanted |= {(module, role) for module in functional for role in ("SENDER", "RECEIVER")}
    assert {(end["identifier"], end["role"]) for end in details["endpoints"]} == wanted
    assert all(end["url"].startswith("https://hub.test/ocpi/2.2.1/") for end in details["endpoints"])


@spec("OCPI-TRP-09")
@spec("OCPI-V221-02", "OCPI-CRD-06")
async def test_the_hub_shows_itself_as_a_hub(net: Bridge) -> None:
    data = (await net.p4.call(net.hub, "GET", "credentials")).json()["data"]
    assert "hub_party_id" not in data
    assert [(role["role"], role["country_code"], role["party_id"]) for role in data["roles"]] == [("HUB", "NL", "HUB")]
    assert data["roles"][0]["business_details"]["name"]
    assert data["token"] == net.p4.token_c


@spec("OCPI-HCI-20")
async def test_a_partner_with_the_role_hub_is_a_hub(net: Bridge) -> None:
    other = OcpiPartner("hub2.test", ("HUB", "BE", "HB2"), version="2.2.1", endpoints=(("locations", "SENDER"),))
    await other.join(net.hub)
    partner = next(held for held in net.hub.storage.partners.held.values() if held.name == "hub2.test")
    assert [(role.role, role.party.key) for role in partner.roles] == [("HUB", "BEHB2")]
    shown = {}
    for reader in (net.p2, net.p4):
        infos = (await reader.call(net.hub, "GET", "hubclientinfo")).json()["data"]
        told = [put.json["role"] for put in reader.seen("PUT", "hubclientinfo") if put.json["party_id"] == "HB2"]
        shown[reader.host] = [info["role"] for info in infos if info["party_id"] == "HB2"] + told
    assert shown == {net.p2.host: ["OTHER", "OTHER"], net.p4.host: ["HUB", "HUB"]}


@spec("OCPI-CRD-15", "OCPI-GEN-08")
async def test_put_on_another_version_moves_the_partner(net: Bridge) -> None:
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/OLD", location("OLD"))
    assert [one["id"] for one in (await net.p4.call(net.hub, "GET", "locations/sender")).json()["data"]] == ["OLD"]
    net.p4.version, net.p4.versions = "2.3.0", ["2.2.1", "2.3.0"]
    answer = await call(net.hub, "PUT", "credentials", token=net.p4.token_c, body=net.p4.credentials())
    assert answer.json()["status_code"] == 1000
    net.p4.token_c = answer.json()["data"]["token"]
    assert answer.json()["data"]["hub_party_id"] == "NLHUB"
    await net.told(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", location(help_phone="+31201234567"))
    assert last(net.p4, "PUT", "locations")["help_phone"] == "+31201234567"
    listed = (await net.p4.call(net.hub, "GET", "locations/sender")).json()["data"]
    assert {one["id"] for one in listed} == {"OLD", "LOC1"}


@spec("OCPI-VER-11")
async def test_the_hub_chooses_the_highest_common_version(net: Bridge) -> None:
    newcomer = OcpiPartner("new.test", ("CPO", "NL", "NEW"), version="2.2.1")
    newcomer.versions = ["2.0", "2.1.1", "2.2", "2.2.1", "3.0-x"]
    net.hub.network.serve(newcomer.host, newcomer)
    partner, _ = await net.hub.add(newcomer.document())
    plan = {"versions_url": f"{newcomer.url}/versions", "token_a": newcomer.token_b}
    connected = await OCPI.connect(net.hub.hub, partner, plan)
    assert connected.version == "2.2.1"
    posted = next(seen for seen in newcomer.received if seen.method == "POST")
    assert [role["role"] for role in posted.json["roles"]] == ["HUB"]


@spec("OCPI-CRD-41", "OCPI-V221-20")
async def test_another_version_than_the_registered_one_is_3002(net: Bridge) -> None:
    path = "/ocpi/2.3.0/locations/sender"
    answer = await call(net.hub, "GET", path, token=net.p4.token_c, to="NLHUB", sender="ATEMD")
    assert answer.json()["status_code"] == 3002
    answer = await net.p4.call(net.hub, "GET", "locations/sender", to="XXYYY")
    assert (answer.status_code, answer.json()["status_code"]) == (200, 4001)


@spec("OCPI-V221-04")
async def test_parties_are_told_by_hub_client_info(net: Bridge) -> None:
    infos = (await net.p4.call(net.hub, "GET", "hubclientinfo")).json()["data"]
    assert ("NL", "CPA", "CPO") in {(info["country_code"], info["party_id"], info["role"]) for info in infos}
    await OcpiPartner("new.test", ("CPO", "NL", "NEW")).join(net.hub)
    info = last(net.p4, "PUT", "hubclientinfo")
    assert (info["party_id"], info["role"], info["status"]) == ("NEW", "CPO", "CONNECTED")


@spec("OCPI-V221-16")
async def test_a_role_that_2_2_1_lacks_is_other(net: Bridge) -> None:
    terminals = OcpiPartner("ptp.test", ("OTHER", "AT", "PTH"))
    net.hub.network.serve(terminals.host, terminals)
    _, shown = await net.hub.add(terminals.document())
    terminals.roles = (("PTP", "AT", "PTH"),)
    answer = await call(net.hub, "POST", "credentials", token=shown["token_a"], body=terminals.credentials())
    assert answer.json()["status_code"] == 1000
    infos = (await net.p4.call(net.hub, "GET", "hubclientinfo")).json()["data"]
    assert [info["role"] for info in infos if info["party_id"] == "PTH"] == ["OTHER"]


# --- locations


def rich() -> dict[str, Any]:
    parking = {"id": "P1", "vehicle_types": ["MOTORCYCLE"], "restricted_to_type": False, "reservation_required": False}
    plugs = [connector(capabilities=["ISO_15118_2_PLUG_AND_CHARGE"]), connector(id="2", standard="MCS")]
    places = [
        evse(
            parking=[{"parking_id": "P1"}],
            accepted_service_providers=["eMobility"],
            connectors=plugs,
            parking_restrictions=["TAXIS", "EV_ONLY"],
        ),
        evse("E2", connectors=[connector(standard="MCS")]),
    ]
    image = {"url": "https://x.test/a.png", "category": "DRONE", "type": "png"}
    return location(
        evses=places, parking_places=[parking], help_phone="+31201234567", parking_type="ROOFTOP", images=[image], foo=1
    )


@spec("OCPI-V221-10", "OCPI-V221-11", "OCPI-V221-12", "OCPI-V221-13", "OCPI-V221-18", "OCPI-V221-19")
async def test_a_location_of_2_3_0_at_an_emsp_of_2_2_1(net: Bridge) -> None:
    await net.told(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", rich())
    pushed = last(net.p4, "PUT", "locations")
    listed = (await net.p4.call(net.hub, "GET", "locations/sender")).json()["data"]
    assert listed == [pushed]
    assert not {"parking_places", "help_phone", "parking_type", "foo"} & pushed.keys()
    (only,) = pushed["evses"]
    assert not {"parking", "accepted_service_providers"} & only.keys()
    assert [(plug["id"], "capabilities" in plug) for plug in only["connectors"]] == [("1", False)]
    assert only["parking_restrictions"] == ["EV_ONLY"]
    assert pushed["images"][0]["category"] == "OTHER"
    whole = (await net.p2.call(net.hub, "GET", "locations/sender")).json()["data"][0]
    assert whole == {**rich(), "evses": whole["evses"]}
    assert len(whole["evses"]) == 2


async def test_the_status_of_an_evse_that_was_not_told_is_not_told(net: Bridge) -> None:
    await net.told(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", rich())
    later = {"status": "CHARGING", "last_updated": "2026-01-16T12:00:00Z"}
    await net.told(net.p1, "PATCH", "locations/receiver/NL/CPA/LOC1/E2", later)
    assert net.p2.seen("PATCH", "locations")
    assert not net.p4.seen("PATCH", "locations")
    await net.told(net.p1, "PATCH", "locations/receiver/NL/CPA/LOC1/E1", later)
    assert last(net.p4, "PATCH", "locations") == later


@spec("OCPI-V221-18", "OCPI-LOC-15")
async def test_a_location_of_2_2_1_at_an_emsp_of_2_3_0(net: Bridge) -> None:
    await net.told(net.p5, "PUT", "locations/receiver/IT/CPF/L5", location("L5", "ITCPF", foo=1))
    assert last(net.p2, "PUT", "locations") == location("L5", "ITCPF", foo=1)
    assert last(net.p4, "PUT", "locations") == location("L5", "ITCPF", operator={"name": "IT CPF"})


@spec("OCPI-V221-14", "OCPI-V221-18")
async def test_the_switches_of_a_partner(net: Bridge) -> None:
    address = "An address that is longer than the forty-five characters of old"
    await net.told(net.p1, "PUT", "locations/receiver/NL/CPA/LOC1", location(address=address, state="S" * 30, foo=1))
    assert last(net.p4, "PUT", "locations")["address"] == address
    old = OcpiPartner("old.test", ("EMSP", "SE", "OLD"), version="2.2.1")
    net.hub.network.serve(old.host, old)
    switches = {"ocpi": {"older": {"short_texts": True, "unknown_fields": True}}}
    _, shown = await net.hub.add({**old.document(), **switches})
    answer = await call(net.hub, "POST", "/ocpi/2.2.1/credentials", token=shown["token_a"], body=old.credentials())
    old.token_c = answer.json()["data"]["token"]
    (listed,) = (await old.call(net.hub, "GET", "locations/sender")).json()["data"]
    assert (listed["address"], listed["state"], listed["foo"]) == (address[:45], "S" * 20, 1)


# --- tariffs


def component(**changes: Any) -> dict[str, Any]:
    return {"type": "ENERGY", "price": 2.2, "step_size": 1, **changes}


@spec("OCPI-TRP-42", "OCPI-TRP-51")
@spec("OCPI-V221-06", "OCPI-V221-07", "OCPI-V221-21")
async def test_a_tariff_of_2_3_0_at_an_emsp_of_2_2_1(net: Bridge) -> None:
    elements = [
        {"price_components": [component(vat=10), component(type="TIME")]},
        {"price_components": [component()], "restrictions": {"booking": "BOOKING"}},
    ]
    limit = {"before_taxes": 10, "after_taxes": 11}
    sent = tariff(tax_included="YES", elements=elements, max_price=limit, preauthorize_amount=5)
    deliveries = await net.told(net.p1, "PUT", "tariffs/receiver/NL/CPA/T1", sent)
    pushed = last(net.p4, "PUT", "tariffs")
    assert not {"tax_included", "preauthorize_amount"} & pushed.keys()
    (element,) = pushed["elements"]
    assert [(held["price"], held.get("vat")) for held in element["price_components"]] == [(2, 10), (2.2, None)]
    assert pushed["max_price"] == {"excl_vat": 10, "incl_vat": 11}
    (lossy,) = [delivery for delivery in deliveries if delivery.losses]
    assert [loss.path for loss in lossy.losses] == [
        "preauthorize_amount",
        "elements[1].restrictions.booking",
        "tax_included",
    ]
    bookings = tariff("T2", elements=elements[1:])
    deliveries = await net.told(net.p1, "PUT", "tariffs/receiver/NL/CPA/T2", bookings)
    assert sorted(delivery.state for delivery in deliveries) == [DeliveryState.DELIVERED, DeliveryState.WITHHELD]
    assert [seen.json["id"] for seen in net.p4.seen("PUT", "tariffs")] == ["T1"]
    assert [seen.json["id"] for seen in net.p2.seen("PUT", "tariffs")] == ["T1", "T2"]


@spec("OCPI-V221-08", "OCPI-V221-06")
async def test_a_tariff_of_2_2_1_at_an_emsp_of_2_3_0(net: Bridge) -> None:
    sent = tariff("T5", "ITCPF", elements=[{"price_components": [component(vat=20)]}])
    sent = {**sent, "min_price": {"excl_vat": 1, "incl_vat": 1.2}}
    del sent["tax_included"]
    await net.told(net.p5, "PUT", "tariffs/receiver/IT/CPF/T5", sent)
    pushed = last(net.p2, "PUT", "tariffs")
    assert pushed["tax_included"] == "NO"
    assert pushed["elements"] == sent["elements"]
    assert pushed["min_price"] == {"before_taxes": 1, "after_taxes": 1.2}
    assert last(net.p4, "PUT", "tariffs") == sent


# --- tokens


@spec("OCPI-V221-09")
async def test_a_kind_of_token_that_2_2_1_lacks(net: Bridge) -> None:
    emaid = token("DEEMBC12345678", type="EMAID")
    await net.told(net.p2, "PUT", "tokens/receiver/DE/EMB/DEEMBC12345678?type=EMAID", emaid)
    (pushed,) = net.p5.seen("PUT", "tokens")
    assert (pushed.json["type"], pushed.query) == ("OTHER", "type=OTHER")
    assert last(net.p1, "PUT", "tokens")["type"] == "EMAID"
    answered = envelope({"allowed": "ALLOWED", "token": token("ATEMDC1", "ATEMD", type="OTHER")})
    net.p4.answers["POST", "tokens"] = (200, answered, {})
    path = "tokens/sender/ATEMDC1/authorize?type=EMAID"
    answer = await net.p1.call(net.hub, "POST", path, {"location_id": "LOC1"}, to="ATEMD")
    assert net.p4.seen("POST", "tokens")[-1].query == "type=OTHER"
    assert (answer.json()["data"]["allowed"], answer.json()["data"]["token"]["type"]) == ("ALLOWED", "EMAID")


# --- sessions and CDRs


def at_emd(uid: str = "04AABBCC") -> dict[str, Any]:
    return {**cdr_token(uid, "ATEMD"), "contract_id": "AT-EMD-C12345678"}


@spec("OCPI-V221-05", "OCPI-V221-15")
async def test_a_session_of_2_3_0_at_an_emsp_of_2_2_1(net: Bridge) -> None:
    cost = {"before_taxes": 8.5, "taxes": [{"name": "VAT", "amount": 0.8}, {"name": "CITY", "amount": 0.05}]}
    await net.told(
        net.p1, "PUT", "sessions/receiver/NL/CPA/S1", session(cdr_token=at_emd(), total_cost=cost), to="ATEMD"
    )
    assert last(net.p4, "PUT", "sessions") == session(
        cdr_token=at_emd(), total_cost={"excl_vat": 8.5, "incl_vat": 9.35}
    )


@spec("OCPI-V221-05")
async def test_a_session_of_2_2_1_at_an_emsp_of_2_3_0(net: Bridge) -> None:
    sent = session("S5", "ITCPF", total_cost={"excl_vat": 8.5, "incl_vat": 8.5})
    await net.told(net.p5, "PUT", "sessions/receiver/IT/CPF/S5", sent, to="DEEMB")
    assert last(net.p2, "PUT", "sessions")["total_cost"] == {
        "before_taxes": 8.5,
        "taxes": [{"name": "VAT", "amount": 0}],
    }
    change = {"total_cost": {"excl_vat": 9}, "last_updated": "2026-01-16T12:00:00Z"}
    await net.told(net.p5, "PATCH", "sessions/receiver/IT/CPF/S5", change, to="DEEMB")
    assert last(net.p2, "PATCH", "sessions") == {**change, "total_cost": {"before_taxes": 9}}


@spec("OCPI-TRP-42")
@spec("OCPI-V221-05", "OCPI-V221-15", "OCPI-V221-23", "OCPI-V221-11", "OCPI-V221-07")
async def test_a_cdr_of_2_3_0_at_an_emsp_of_2_2_1(net: Bridge) -> None:
    dimensions = [{"type": "RESERVATION_EXPIRES", "volume": 1}, {"type": "RESERVATION_OVERTIME", "volume": 2}]
    periods = [
        {"start_date_time": TIME, "dimensions": dimensions},
        {"start_date_time": TIME, "dimensions": dimensions[1:]},
    ]
    place = {**cdr()["cdr_location"], "connector_standard": "MCS"}
    elements = [{"price_components": [component(vat=10)]}]
    sent = cdr(
        cdr_token=at_emd(),
        cdr_location=place,
        charging_periods=periods,
        booking_id="B1",
        tariffs=[tariff(tax_included="YES", elements=elements)],
        total_energy_cost={"before_taxes": 3, "taxes": []},
    )
    await net.told(net.p1, "POST", "cdrs/receiver", sent, to="ATEMD")
    await net.hub.settle()
    pushed = last(net.p4, "POST", "cdrs")
    assert "booking_id" not in pushed
    assert [[part["type"] for part in held["dimensions"]] for held in pushed["charging_periods"]] == [
        ["RESERVATION_TIME"],
        ["TIME"],
    ]
    assert pushed["cdr_location"]["connector_standard"] == "IEC_62196_T2_COMBO"
    assert (pushed["total_cost"], pushed["total_energy_cost"]) == ({"excl_vat": 4, "incl_vat": 4.84}, {"excl_vat": 3})
    assert pushed["tariffs"][0]["elements"][0]["price_components"][0]["price"] == 2
    assert "tax_included" not in pushed["tariffs"][0]
