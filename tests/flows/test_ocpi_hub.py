"""OCPI: routing headers, broadcasts, who may be reached."""

from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from core.model.delivery import DeliveryState
from core.model.ids import PartyId
from core.model.partner import PartnerState
from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_2_1_1_partner import OldPartner
from tests.flows.ocpi_partner import OcpiPartner, call, cdr, envelope, location, session, token

spec = pytest.mark.spec
LOC1 = "locations/receiver/NL/CPA/LOC1"
T1 = "2026-01-15T12:01:00Z"


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


def partner_id(net: OcpiNet, name: str) -> str:
    return next(x.id for x in net.hub.storage.partners.held.values() if x.name == name)


@spec("OCPI-TRP-12")
@spec("OCPI-HUB-07", "OCPI-HUB-13", "OCPI-HUB-35")
async def test_answers_carry_swapped_headers(net: OcpiNet) -> None:
    good = await net.p1.call(net.hub, "PUT", LOC1, location())
    bad = await net.p1.call(net.hub, "PUT", LOC1, location(), to="ZZZZZ")
    worse = await net.p1.call(net.hub, "PUT", LOC1, b"{")
    for answer in (good, bad, worse):
        headers = answer.headers
        assert (headers["ocpi-to-country-code"], headers["ocpi-to-party-id"]) == ("NL", "CPA")
        assert (headers["ocpi-from-country-code"], headers["ocpi-from-party-id"]) == ("NL", "HUB")


@spec("OCPI-HUB-09")
@pytest.mark.parametrize("name", ["to-party-id", "to-country-code", "from-party-id", "from-country-code"])
async def test_half_a_pair_is_2001(net: OcpiNet, name: str) -> None:
    answer = await net.p2.call(net.hub, "GET", "locations/sender", to=None, sender=None, headers={f"OCPI-{name}": "NL"})
    assert codes(answer) == (200, 2001)


@spec("OCPI-TRP-62")
@spec("OCPI-HUB-10")
async def test_from_is_a_party_of_the_caller(net: OcpiNet) -> None:
    for sender in ("FREMC", "ZZZZZ", "NLHUB"):
        answer = await net.p1.call(net.hub, "PUT", LOC1, location(), sender=sender)
        assert codes(answer) == (403, 2001)
    assert (await net.p2.call(net.hub, "GET", "locations/sender", sender="FREMC")).status_code == 403
    assert not net.hub.storage.locations.held


@spec("OCPI-HUB-11")
async def test_from_may_be_left_out_by_a_platform_with_one_party(net: OcpiNet) -> None:
    one = await net.p2.call(net.hub, "GET", "locations/sender", sender=None)
    assert codes(one) == (200, 1000)
    assert one.headers["ocpi-to-party-id"] == "EMB"
    assert codes(await net.p1.call(net.hub, "PUT", LOC1, location(), sender=None)) == (200, 2001)


@spec("OCPI-HUB-12")
async def test_headers_have_no_case(net: OcpiNet) -> None:
    assert codes(await net.p1.call(net.hub, "PUT", LOC1, location(), to="nlhub", sender="nlcpa")) == (201, 1000)


@spec("OCPI-TRP-61")
@spec("OCPI-HUB-21", "OCPI-STC-15")
@pytest.mark.parametrize("to", ["ZZZZZ", "NLALL", "N_???"])
async def test_an_unknown_to_is_4001(net: OcpiNet, to: str) -> None:
    assert codes(await net.p1.call(net.hub, "PUT", LOC1, location(), to=to)) == (200, 4001)
    assert codes(await net.p2.call(net.hub, "GET", "locations/sender", to=to)) == (200, 4001)
    assert not net.hub.storage.locations.held


@spec("OCPI-STC-17")
async def test_a_party_that_is_not_connected_is_4003(net: OcpiNet) -> None:
    await net.hub.add({**OcpiPartner("new.test", ("EMSP", "NL", "NEW")).document()})
    await net.hub.hub.partners.suspend(partner_id(net, "p2.test"))
    for to in ("NLNEW", "DEEMB"):
        answer = await net.p1.call(net.hub, "POST", "cdrs/receiver", cdr(), to=to)
        assert codes(answer) == (200, 4003)
    assert not net.hub.storage.cdrs.held


async def test_without_an_agreement_it_is_4003(net: OcpiNet) -> None:
    held = net.hub.storage.partners.held[partner_id(net, "p2.test")]
    await net.hub.storage.partners.update(replace(held, open_to=(PartyId("FR", "CPC"),)))
    answer = await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", session(), to="DEEMB")
    assert codes(answer) == (200, 4003)
    await net.p1.call(net.hub, "PUT", LOC1, location())
    await net.relay()
    assert not net.p2.seen("PUT", "locations")
    assert (await net.p2.call(net.hub, "GET", "locations/sender")).json()["data"] == []


# --- broadcasts


@spec("OCPI-TRP-13", "OCPI-TRP-14")
@spec("OCPI-HUB-34", "OCPI-HUB-36", "OCPI-HUB-37", "OCPI-HUB-47", "OCPI-HUB-28", "OCPI-COP-15")
async def test_a_broadcast(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "PUT", LOC1, location())
    await net.relay()
    copies = net.p2.seen("PUT", "locations") + net.p3.seen("PUT", "locations")
    assert sorted(copy.party("to") or "" for copy in copies) == ["DEEMB", "FREMC", "FRNSC"]
    assert {copy.party("from") for copy in copies} == {"NLHUB"}
    assert {copy.path for copy in copies} == {f"/2.3.0/{LOC1}"}
    assert all(copy.json == location() for copy in copies)
    assert not net.p1.seen("PUT", "locations")


@spec("OCPI-HUB-41")
async def test_other_parties_of_the_same_platform_are_told_too(net: OcpiNet) -> None:
    same = await OcpiPartner("p4.test", ("CPO", "NL", "TWO"), ("EMSP", "NL", "TWO")).join(net.hub)
    path = "locations/receiver/FR/CPC/LOC1"
    await net.p3.call(net.hub, "PUT", path, location(owner="FRCPC"), sender="FRCPC")
    await same.call(net.hub, "PUT", "locations/receiver/NL/TWO/LOC1", location(owner="NLTWO"))
    await net.p3.call(net.hub, "PUT", "tokens/receiver/FR/EMC/1", token("1", "FREMC"), sender="FREMC")
    await net.relay()
    told = [(copy.party("to"), copy.json["party_id"]) for copy in net.p3.seen("PUT", "locations")]
    assert sorted(told, key=str) == [("FREMC", "CPC"), ("FREMC", "TWO"), ("FRNSC", "CPC"), ("FRNSC", "TWO")]
    assert [copy.party("to") for copy in net.p3.seen("PUT", "tokens")] == ["FRCPC"]
    assert [copy.json["party_id"] for copy in same.seen("PUT", "locations")] == ["CPC"]


@spec("OCPI-HUB-58")
async def test_a_push_without_to_is_a_broadcast(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "PUT", LOC1, location(), to=None)
    await net.p1.call(net.hub, "PATCH", f"{LOC1}/E1", {"status": "CHARGING", "last_updated": T1}, to=None)
    await net.relay()
    assert [len(net.p2.seen(method, "locations")) for method in ("PUT", "PATCH")] == [1, 1]


@spec("OCPI-TRP-15", "OCPI-TRP-27")
@spec("OCPI-HUB-42", "OCPI-STC-20", "OCPI-STC-26", "OCPI-HUB-43", "OCPI-TRN-50")
async def test_what_receivers_do_is_not_the_broadcasters_concern(net: OcpiNet) -> None:
    net.p2.answers["PUT", "locations"] = (200, envelope(None, 3000), {})

    def hangs(_: Any) -> Any:
        raise httpx.ReadTimeout("no answer")

    net.p3.answers["PUT", "locations"] = hangs
    assert codes(await net.p1.call(net.hub, "PUT", LOC1, location())) == (201, 1000)
    states = {delivery.state for delivery in await net.hub.relay()}
    assert states == {DeliveryState.MISSED}
    net.p2.answers.clear()
    net.p3.answers.clear()
    net.forget()
    net.hub.clock.advance(86400)
    await net.relay()
    assert not net.p2.received
    assert not net.p3.received
    assert not net.p1.received


@spec("OCPI-HUB-44", "OCPI-HUB-71", "OCPI-HUB-75", "OCPI-HUB-66")
async def test_who_is_away_is_skipped_and_pulls_later(net: OcpiNet) -> None:
    await net.hub.hub.partners.not_reached(partner_id(net, "p2.test"))
    await net.relay()
    net.forget()
    await net.p1.call(net.hub, "PUT", LOC1, location())
    await net.relay()
    assert not net.p2.received
    assert len(net.p3.seen("PUT", "locations")) == 2
    listed = await net.p2.call(net.hub, "GET", "locations/sender")
    assert listed.json()["data"] == [location()]
    await net.hub.hub.partners.not_reached(partner_id(net, "p1.test"))
    assert (await net.p2.call(net.hub, "GET", "locations/sender")).json()["data"] == [location()]
    await net.relay()
    assert not net.p2.seen("PUT", "locations")


@spec("OCPI-TRP-16")
@spec("OCPI-HUB-46")
async def test_a_get_is_no_broadcast(net: OcpiNet) -> None:
    await net.p2.call(net.hub, "GET", "locations/sender")
    await net.relay()
    assert not (net.p1.received + net.p2.received + net.p3.received)


@spec("OCPI-HUB-51", "OCPI-TRN-41")
@pytest.mark.parametrize("answer", [envelope(None), envelope({"x": 1}), envelope([1, "a"]), envelope(None, 1901)])
async def test_any_good_answer_is_a_confirmation(net: OcpiNet, answer: Any) -> None:
    net.p2.answers["PUT", "locations"] = (200, answer, {})
    await net.p1.call(net.hub, "PUT", LOC1, location())
    states = [x.state for x in await net.hub.relay() if x.partner == partner_id(net, "p2.test")]
    assert states == [DeliveryState.DELIVERED]


@spec("OCPI-HUB-52", "OCPI-TRN-53")
async def test_a_patch_that_meets_404_is_followed_by_the_whole(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "PUT", LOC1, location())
    await net.relay()
    net.forget()
    net.p2.answers["PATCH", "locations"] = (404, envelope(None, 2003), {})
    await net.p1.call(net.hub, "PATCH", f"{LOC1}/E1", {"status": "CHARGING", "last_updated": T1})
    settled = await net.hub.relay()
    assert {delivery.state for delivery in settled} == {DeliveryState.DELIVERED}
    assert [(r.method, r.path) for r in net.p2.received] == [
        ("PATCH", f"/2.3.0/{LOC1}/E1"),
        ("PUT", f"/2.3.0/{LOC1}"),
    ]
    assert net.p2.received[-1].json["evses"][0]["status"] == "CHARGING"


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ((200, envelope(None, 2001), {}), DeliveryState.DEAD),
        ((404, envelope(None, 2003), {}), DeliveryState.DEAD),
        ((405, b"", {}), DeliveryState.DEAD),
        ((502, b"<html>", {}), DeliveryState.MISSED),
        ((200, b"ok", {}), DeliveryState.MISSED),
        ((200, envelope(None, 4003), {}), DeliveryState.MISSED),
    ],
)
async def test_how_a_push_may_end(net: OcpiNet, answer: Any, state: DeliveryState) -> None:
    net.p2.answers["PUT", "locations"] = answer
    await net.p1.call(net.hub, "PUT", LOC1, location())
    found = [x for x in await net.hub.relay() if x.partner == partner_id(net, "p2.test")]
    assert [x.state for x in found] == [state]
    assert found[0].attempts[-1].error


# --- who can be reached


@spec("OCPI-TRP-60")
@spec("OCPI-HCI-01", "OCPI-HCI-02", "OCPI-HCI-04")
async def test_the_list_of_clients(net: OcpiNet) -> None:
    await net.hub.hub.partners.not_reached(partner_id(net, "p1.test"))
    both = await OcpiPartner("p4.test", ("CPO", "NL", "TWO"), ("EMSP", "NL", "TWO")).join(net.hub)
    assert both.token_c
    answer = await call(net.hub, "GET", "hubclientinfo?limit=3", token=net.p2.token_c)
    found = answer.json()["data"]
    rest = await call(net.hub, "GET", "hubclientinfo?offset=3", token=net.p2.token_c)
    assert {one["role"] for one in await clients(net, both) if one["party_id"] == "EMC"} == {"EMSP"}
    found += rest.json()["data"]
    assert answer.headers["x-total-count"] == "4"
    assert "link" in answer.headers
    assert all(set(one) == {"party_id", "country_code", "role", "status", "last_updated"} for one in found)
    states = {(one["country_code"] + one["party_id"], one["role"]): one["status"] for one in found}
    assert states == {
        ("NLCPA", "CPO"): "OFFLINE",
        ("BECPA", "CPO"): "OFFLINE",
        ("FRCPC", "CPO"): "CONNECTED",
        ("NLTWO", "CPO"): "CONNECTED",
    }
    dated = await call(net.hub, "GET", "hubclientinfo?date_from=2030-01-01T00:00:00Z", token=net.p2.token_c)
    assert dated.json()["data"] == []


async def clients(net: OcpiNet, reader: OcpiPartner) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await call(net.hub, "GET", "hubclientinfo", token=reader.token_c)).json()["data"]
    return found


@spec("OCPI-HCI-03")
async def test_only_parties_that_one_may_have_to_do_with_are_shown(net: OcpiNet) -> None:
    """p1 is an operator, p2 serves drivers, p3 is both. Nobody is shown itself or its like, in a list or by a push."""
    await OcpiPartner("p4.test", ("EMSP", "NL", "NEW")).join(net.hub)
    listed = {
        name: {one["party_id"] for one in await clients(net, partner)}
        for name, partner in net._asdict().items()
        if name != "hub"
    }
    assert listed == {
        "p1": {"EMB", "EMC", "NSC", "NEW"},
        "p2": {"CPA", "CPC"},
        "p3": {"CPA", "EMB", "NEW"},
    }
    told = [len(partner.seen("PUT", "hubclientinfo")) for partner in (net.p1, net.p2, net.p3)]
    assert told == [1, 0, 1]


@spec("OCPI-HCI-15", "OCPI-HUB-30")
async def test_without_an_agreement_a_party_is_planned(net: OcpiNet) -> None:
    held = net.hub.storage.partners.held[partner_id(net, "p1.test")]
    await net.hub.storage.partners.update(replace(held, open_to=(PartyId("FR", "EMC"),)))
    states = {one["party_id"]: one["status"] for one in await clients(net, net.p2)}
    assert states == {"CPA": "PLANNED", "CPC": "CONNECTED"}
    assert {one["status"] for one in await clients(net, net.p3) if one["party_id"] == "CPA"} == {"CONNECTED"}
    await net.hub.hub.partners.not_reached(held.id)
    await net.relay()
    assert not net.p2.seen("PUT", "hubclientinfo")
    assert {r.json["status"] for r in net.p3.seen("PUT", "hubclientinfo")} == {"OFFLINE"}
    answer = await net.p2.call(net.hub, "GET", "locations/sender", to="NLCPA")
    assert codes(answer) == (200, 4003)


@spec("OCPI-HCI-05", "OCPI-HCI-08")
async def test_of_a_partner_that_was_removed_others_are_told(net: OcpiNet) -> None:
    await net.hub.hub.partners.remove(partner_id(net, "p1.test"))
    await net.relay()
    told = {
        (put.json["country_code"], put.json["party_id"], put.json["status"])
        for put in net.p2.seen("PUT", "hubclientinfo")
    }
    assert told == {("NL", "CPA", "SUSPENDED"), ("BE", "CPA", "SUSPENDED")}
    assert not net.p1.received
    assert not net.p2.seen("DELETE", "hubclientinfo")


@spec("OCPI-HCI-19")
async def test_parties_of_2_1_1_are_shown_and_told_of(net: OcpiNet) -> None:
    old = await OldPartner("old.test", "CPO", "IT", "CPF").join(net.hub)
    assert {(one["party_id"], one["role"], one["status"]) for one in await clients(net, net.p2)} >= {
        ("CPF", "CPO", "CONNECTED")
    }
    assert net.p2.seen("PUT", "hubclientinfo")[-1].path.endswith("/IT/CPF")
    await net.hub.hub.partners.not_reached(partner_id(net, old.host))
    await net.relay()
    assert net.p2.seen("PUT", "hubclientinfo")[-1].json["status"] == "OFFLINE"
    assert not old.seen("PUT", "hubclientinfo")


@spec("OCPI-TRP-11", "OCPI-TRP-60")
@spec("OCPI-HCI-05", "OCPI-HCI-06", "OCPI-HCI-07", "OCPI-HUB-08", "OCPI-HCI-22")
async def test_a_new_party_is_announced(net: OcpiNet) -> None:
    await OcpiPartner("p4.test", ("CPO", "NL", "NEW")).join(net.hub)
    (told,) = net.p2.seen("PUT", "hubclientinfo")
    assert told.path == "/2.3.0/hubclientinfo/receiver/NL/NEW"
    assert told.json["status"] == "CONNECTED"
    assert (told.json["country_code"], told.json["party_id"], told.json["role"]) == ("NL", "NEW", "CPO")
    assert not [name for name in told.headers if name.startswith("ocpi-")]
    assert {"x-request-id", "x-correlation-id"} <= set(told.headers)


@spec("OCPI-HCI-05", "OCPI-HCI-17")
async def test_state_changes_are_told_to_those_who_are_there(net: OcpiNet) -> None:
    await net.hub.hub.partners.not_reached(partner_id(net, "p3.test"))
    await net.relay()
    net.forget()
    await net.hub.hub.partners.not_reached(partner_id(net, "p1.test"))
    await net.relay()
    assert {r.json["status"] for r in net.p2.seen("PUT", "hubclientinfo")} == {"OFFLINE"}
    assert not net.p3.received
    await net.hub.hub.partners.reached(partner_id(net, "p3.test"))
    await net.relay()
    assert not net.p3.received


@spec("OCPI-HCI-14")
async def test_a_planned_party_gets_no_traffic(net: OcpiNet) -> None:
    planned = OcpiPartner("new.test", ("EMSP", "NL", "NEW"))
    net.hub.network.serve(planned.host, planned)
    await net.hub.add(planned.document())
    await net.p1.call(net.hub, "PUT", LOC1, location())
    await net.relay()
    assert not planned.received
    assert ("NEW", "PLANNED") in {(one["party_id"], one["status"]) for one in await clients(net, net.p1)}
    told = [(r.json["party_id"], r.json["status"]) for r in net.p1.seen("PUT", "hubclientinfo")]
    assert told == [("NEW", "PLANNED")]
    answer = await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", session(), to="NLNEW")
    assert codes(answer) == (200, 4003)


@spec("OCPI-HUB-38")
async def test_a_partner_without_the_endpoint_is_not_told_and_nothing_is_stuck(net: OcpiNet) -> None:
    quiet = OcpiPartner("p4.test", ("EMSP", "NL", "QUI"), endpoints=(("tokens", "SENDER"),))
    await quiet.join(net.hub)
    await net.p1.call(net.hub, "PUT", LOC1, location())
    await net.hub.hub.partners.not_reached(partner_id(net, "p1.test"))
    settled = await net.hub.relay()
    assert {x.state for x in settled} == {DeliveryState.DELIVERED}
    assert {x.partner for x in settled} == {partner_id(net, "p2.test"), partner_id(net, "p3.test")}
    assert not quiet.received


async def test_a_partner_that_is_down_is_offline(net: OcpiNet) -> None:
    net.hub.network.silence("p2.test")
    await net.p1.call(net.hub, "PUT", LOC1, location())
    await net.relay()
    assert net.hub.storage.partners.held[partner_id(net, "p2.test")].state is PartnerState.OFFLINE


async def test_tokens_are_told_with_their_type(net: OcpiNet) -> None:
    await net.p2.call(net.hub, "PUT", "tokens/receiver/DE/EMB/1?type=APP_USER", token("1", type="APP_USER"))
    await net.relay()
    assert {copy.query for copy in net.p1.seen("PUT", "tokens")} == {"type=APP_USER"}


@spec("OCPI-COP-20")
async def test_changes_arrive_in_the_order_in_which_they_were_taken(net: OcpiNet) -> None:
    """Whatever becomes of single attempts: what is older never follows what is newer, and the last is the last."""
    await net.p1.call(net.hub, "PUT", LOC1, location())
    await net.relay()
    net.forget()
    states = ("CHARGING", "AVAILABLE", "BLOCKED")
    for number in range(100):
        moment = f"2026-01-15T13:{number // 60:02}:{number % 60:02}Z"
        change = {"status": states[number % 3], "last_updated": moment}
        assert codes(await net.p1.call(net.hub, "PATCH", f"{LOC1}/E1", change)) == (200, 1000)
        away = (503, b"", {}) if number % 5 == 1 else (200, envelope(None), {})
        net.p2.answers["PATCH", "locations"] = away
        if number % 3 == 0:
            await net.relay()
        if number % 7 == 0:
            net.hub.clock.advance(120)
    net.p2.answers.clear()
    await net.relay()
    net.hub.clock.advance(3600)
    await net.relay()
    told = [request.json["last_updated"] for request in net.p2.seen("PATCH", "locations")]
    assert len(told) > 20
    assert told == sorted(told)
    assert told[-1] == moment


@spec("OCPI-COP-20")
async def test_changes_for_one_party_arrive_in_order(net: OcpiNet) -> None:
    moments = [f"2026-01-15T13:{number // 60:02}:{number % 60:02}Z" for number in range(100)]
    for moment in moments:
        change = {"status": "CHARGING", "last_updated": moment}
        await net.p1.call(net.hub, "PATCH", f"{LOC1}/E1", change, to="DEEMB")
    assert [request.json["last_updated"] for request in net.p2.seen("PATCH", "locations")] == moments
