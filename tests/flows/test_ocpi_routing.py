"""OCPI: what one party asks of another through the hub. OCPI 2.3.0, transport_and_format, message routing."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from core.errors import StoreUnavailable
from core.model.partner import PartnerState
from protocols.ocpi import client
from protocols.ocpi.server import forwarding
from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import (
    OcpiPartner,
    Received,
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
LOC1 = "locations/receiver/NL/CPA/LOC1"
LIST = "locations/sender"
T1 = "2026-01-15T12:01:00Z"


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


def held(net: OcpiNet, name: str) -> Any:
    return next(x for x in net.hub.storage.partners.held.values() if x.name == name)


async def pushed(net: OcpiNet, body: Any = None, **options: Any) -> httpx.Response:
    """A Location of P1, to P2 alone."""
    return await net.p1.call(net.hub, "PUT", LOC1, location() if body is None else body, to="DEEMB", **options)


def answering(net: OcpiNet, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
    """What P2 answers to a Location."""
    net.p2.answers["PUT", "locations"] = (status, content, headers or {})


def nothing_sent(net: OcpiNet) -> bool:
    return not (net.p1.received + net.p2.received + net.p3.received)


async def checked() -> None:
    """Until it is clear whether a partner that gave no answer is there at all."""
    await asyncio.gather(*forwarding.checks)


# --- there


@spec("OCPI-TRP-18")
@spec("OCPI-HUB-05", "OCPI-HUB-06", "OCPI-HUB-16", "OCPI-HUB-27", "OCPI-LOC-10", "OCPI-TRN-19", "OCPI-HUB-17")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", LOC1, location()),
        ("PUT", f"{LOC1}/E1", evse()),
        ("PUT", f"{LOC1}/E1/1", connector()),
        ("PATCH", LOC1, {"name": None, "last_updated": T1}),
        ("PATCH", f"{LOC1}/E1", {"status": "CHARGING", "last_updated": T1}),
        ("PATCH", f"{LOC1}/E1/1", {"tariff_ids": ["15"], "last_updated": T1}),
        ("GET", LOC1, None),
        ("PUT", "tariffs/receiver/NL/CPA/T1", tariff()),
        ("DELETE", "tariffs/receiver/NL/CPA/T1", None),
    ],
)
async def test_a_push_to_one_party_reaches_it_and_nobody_else(net: OcpiNet, method: str, path: str, body: Any) -> None:
    answer = await net.p1.call(net.hub, method, path, body, to="DEEMB", headers={"x-request-id": "mine"})
    assert codes(answer) == (200, 1000)
    (request,) = net.p2.received
    assert (request.method, request.path) == (method, f"/2.3.0/{path}")
    assert (request.party("to"), request.party("from")) == ("DEEMB", "NLCPA")
    assert request.body == (msgspec.json.encode(body) if body is not None else b"")
    assert request.headers["x-request-id"] != "mine"
    await net.relay()
    assert not net.p3.received
    assert len(net.p2.received) == 1
    assert (await net.p3.call(net.hub, "GET", LIST)).json()["data"] == []


@spec("OCPI-HUB-06", "OCPI-TOK-02")
@pytest.mark.parametrize("query", ["", "?type=APP_USER"])
async def test_a_token_for_one_operator(net: OcpiNet, query: str) -> None:
    path = "tokens/receiver/DE/EMB/04%2FAA"
    answer = await net.p2.call(net.hub, "PUT", f"{path}{query}", token("04/AA", type="APP_USER"), to="BECPA")
    assert codes(answer) == (200, 1000)
    (request,) = net.p1.received
    assert (request.path, request.query) == (f"/2.3.0/{path}", query[1:])
    assert request.party("to") == "BECPA"
    assert not net.hub.storage.tokens.held


@spec("OCPI-TRP-73")
@spec("OCPI-HUB-18", "OCPI-HUB-28", "OCPI-HUB-86", "OCPI-HUB-99", "OCPI-COP-12", "OCPI-TRN-45", "OCPI-TRN-46")
@spec("OCPI-TYP-01", "OCPI-TYP-14")
@pytest.mark.parametrize(
    "changes",
    [
        {"future_field": {"a": [1, 2.50, "x"]}},
        {"status_of_tomorrow": "NEW", "parking_type": "ON_THE_MOON", "country": "not a country"},
        {"name": None, "last_updated": "2026-01-15 12:00"},
        {"coordinates": {"latitude": "52.1", "longitude": "5.1"}, "evses": [{"status": "OPEN"}]},
        {"operator": {"name": "x", "website": "https://p1.test/us", "logo": {"url": "https://p1.test/logo.png"}}},
    ],
)
async def test_the_body_is_the_receivers_to_judge(net: OcpiNet, changes: dict[str, Any]) -> None:
    body = msgspec.json.format(msgspec.json.encode(location(**changes)), indent=3)
    assert codes(await pushed(net, body, headers={"content-type": "application/json; charset=utf-8"})) == (200, 1000)
    (request,) = net.p2.received
    assert request.body == body
    assert request.headers["content-type"] == "application/json; charset=utf-8"


@spec("OCPI-V221-24", "OCPI-HUB-18")
async def test_two_partners_of_an_older_version_are_passed_what_they_say(net: OcpiNet) -> None:
    one = await OcpiPartner("p4.test", ("CPO", "NL", "OLD"), version="2.2.1").join(net.hub)
    other = await OcpiPartner("p5.test", ("EMSP", "BE", "OLD"), version="2.2.1").join(net.hub)
    said = msgspec.json.encode(envelope({"as": ["it", 1.50]}))
    other.answers["PUT", "sessions"] = other.answers["PUT", "locations"] = (200, said, {})
    old = session(owner="NLOLD", total_cost={"excl_vat": 1.50}, cdr_token=cdr_token(owner="BEOLD"), new=1)
    for path, body in (("sessions/receiver/NL/OLD/S1", old), ("locations/receiver/NL/OLD/LOC1", location(new=[1.50]))):
        content = msgspec.json.format(msgspec.json.encode(body), indent=1)
        answer = await one.call(net.hub, "PUT", path, content, to="BEOLD")
        assert answer.content == said
        assert (other.received[-1].path, other.received[-1].body) == (f"/2.2.1/{path}", content)


@spec("OCPI-TRN-30")
async def test_what_is_no_json_is_no_message(net: OcpiNet) -> None:
    assert codes(await pushed(net, b"{'")) == (400, 2001)
    assert nothing_sent(net)


@spec("OCPI-HUB-19", "OCPI-HUB-06", "OCPI-PAG-15", "OCPI-PAG-16")
@pytest.mark.parametrize(
    "query", ["", "?foo=1&date_from=2026-01-01T00:00:00Z&limit=5", "?a=%2F+b&a=2", "?limit=nonsense"]
)
@pytest.mark.parametrize("module", ["locations", "tariffs", "sessions", "cdrs"])
async def test_a_list_of_one_party_comes_from_it(net: OcpiNet, module: str, query: str) -> None:
    data = [{"id": "X1", "what": "ever"}]
    net.p1.answers["GET", module] = (200, envelope(data), {"X-Total-Count": "1", "X-Limit": "50"})
    answer = await net.p2.call(net.hub, "GET", f"{module}/sender{query}", to="NLCPA")
    assert answer.json() == envelope(data)
    assert (answer.headers["x-total-count"], answer.headers["x-limit"]) == ("1", "50")
    (request,) = net.p1.received
    assert (request.path.rstrip("/"), request.query) == (f"/2.3.0/{module}/sender", query[1:])
    assert (request.party("to"), request.party("from")) == ("NLCPA", "DEEMB")


@spec("OCPI-HUB-06", "OCPI-HUB-54", "OCPI-HUB-57")
@pytest.mark.parametrize("to", ["NLCPA", None])
@pytest.mark.parametrize("rest", ["LOC1", "LOC1/E1", "LOC1/E1/1"])
async def test_an_object_comes_from_its_owner(net: OcpiNet, to: str | None, rest: str) -> None:
    await net.p1.call(net.hub, "PUT", LOC1, location())
    net.p1.answers["GET", "locations"] = (200, envelope(location(name="fresh")), {})
    answer = await net.p2.call(net.hub, "GET", f"{LIST}/{rest}", to=to)
    assert answer.json()["data"]["name"] == "fresh"
    assert answer.headers["ocpi-from-party-id"] == "CPA"
    (request,) = net.p1.received
    assert request.path == f"/2.3.0/locations/sender/{rest}"
    assert (request.party("to"), request.party("from")) == ("NLCPA", "DEEMB")


async def test_an_owner_that_only_pushes_is_read_from_the_hubs_copy(net: OcpiNet) -> None:
    quiet = await OcpiPartner("p4.test", ("CPO", "NL", "QUI"), endpoints=(("sessions", "SENDER"),)).join(net.hub)
    mine = location(owner="NLQUI")
    await quiet.call(net.hub, "PUT", "locations/receiver/NL/QUI/LOC1", mine)
    answer = await net.p2.call(net.hub, "GET", f"{LIST}/LOC1", to=None)
    assert answer.json()["data"] == mine


@spec("OCPI-HUB-01", "OCPI-HUB-02", "OCPI-HUB-04")
async def test_the_hub_is_a_platform_like_any_other_and_routes(net: OcpiNet) -> None:
    four = OcpiPartner("p4.test", ("CPO", "NL", "TWO"), ("EMSP", "NL", "TWO"))
    await four.join(net.hub)
    assert codes(await net.p2.call(net.hub, "GET", "/ocpi/versions", to=None, sender=None)) == (200, 1000)
    credentials = await net.p2.call(net.hub, "GET", "credentials", to=None, sender=None)
    assert credentials.json()["data"]["hub_party_id"] == "NLHUB"
    clients = (await net.p2.call(net.hub, "GET", "hubclientinfo", to=None, sender=None)).json()["data"]
    for party in {one["country_code"] + one["party_id"] for one in clients if one["role"] == "CPO"}:
        assert codes(await net.p2.call(net.hub, "GET", "tariffs/sender", to=party)) == (200, 1000)
    told = [request.party("to") for partner in (net.p1, net.p3, four) for request in partner.seen("GET", "tariffs")]
    assert sorted(told, key=str) == ["BECPA", "FRCPC", "NLCPA", "NLTWO"]


# --- the headers


@spec("OCPI-TRP-03", "OCPI-TRP-04", "OCPI-TRP-12")
@spec("OCPI-HUB-07", "OCPI-HUB-14", "OCPI-TRN-17", "OCPI-TRN-20", "OCPI-TRN-21")
async def test_the_headers_of_both_ways(net: OcpiNet) -> None:
    answering(net, 200, envelope(None), {"x-request-id": "not mine", "x-correlation-id": "neither"})
    answer = await pushed(net, headers={"x-request-id": "774321", "x-correlation-id": "whole path"})
    (request,) = net.p2.received
    assert request.headers["x-correlation-id"] == "whole path"
    assert answer.headers["x-request-id"] == "774321"
    assert answer.headers["x-correlation-id"] == "whole path"
    said = [answer.headers[f"ocpi-{way}-{part}"] for way in ("to", "from") for part in ("country-code", "party-id")]
    assert said == ["NL", "CPA", "DE", "EMB"]


@spec("OCPI-HUB-12")
async def test_parties_are_passed_on_in_the_spelling_that_came(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "PUT", LOC1, location(), to="deEmB", sender="nlcpa")
    (request,) = net.p2.received
    assert (request.party("to"), request.party("from")) == ("deEmB", "nlcpa")


@spec("OCPI-HUB-20", "OCPI-HUB-17")
async def test_what_is_the_hubs_affair_or_the_callers_is_not_passed_on(net: OcpiNet) -> None:
    private = {"cookie": "a=b", "x-forwarded-for": "10.0.0.1", "traceparent": "00-1", "x-client-cert": "pem"}
    await pushed(net, headers=private)
    (request,) = net.p2.received
    assert not private.keys() & request.headers.keys()
    assert request.headers["host"] == "p2.test"
    assert (net.p1.token_c or "") not in str(request.headers)


@spec("OCPI-TRP-72")
@spec("OCPI-HUB-15", "OCPI-HUB-29")
async def test_the_other_party_of_ones_own_platform(net: OcpiNet) -> None:
    path = "locations/receiver/FR/CPC/LOC1"
    answer = await net.p3.call(net.hub, "PUT", path, location(owner="FRCPC"), to="FREMC", sender="FRCPC")
    assert codes(answer) == (200, 1000)
    (request,) = net.p3.received
    assert (request.party("to"), request.party("from")) == ("FREMC", "FRCPC")


@spec("OCPI-COP-07")
async def test_nobody_pushes_anothers_objects(net: OcpiNet) -> None:
    path = "locations/receiver/FR/CPC/LOC1"
    assert codes(await net.p1.call(net.hub, "PUT", path, location(owner="FRCPC"), to="DEEMB")) == (404, 2001)
    assert nothing_sent(net)


# --- over another hub


class PeerHub(OcpiPartner):
    """NL HB2, behind which ES XYZ is."""

    def credentials(self, token: str | None = None, **changes: Any) -> dict[str, Any]:
        return super().credentials(token, hub_party_id="NLHB2", **changes)


@spec("OCPI-HUB-03", "OCPI-HUB-102")
@pytest.mark.parametrize("to", ["ESXYZ", "NLHB2"])
async def test_what_is_for_a_party_behind_another_hub_or_for_that_hub(net: OcpiNet, to: str) -> None:
    peer = await PeerHub("hub2.test", ("CPO", "ES", "XYZ")).join(net.hub)
    assert codes(await net.p2.call(net.hub, "GET", LIST, to=to)) == (200, 1000)
    (request,) = peer.seen("GET", "locations")
    assert (request.party("to"), request.party("from")) == (to, "DEEMB")
    path = "tariffs/receiver/ES/XYZ/T1"
    answer = await peer.call(net.hub, "PUT", path, tariff(owner="ESXYZ"), to="DEEMB", sender="ESXYZ")
    assert codes(answer) == (200, 1000)
    (request,) = net.p2.seen("PUT", "tariffs")
    assert (request.party("to"), request.party("from")) == ("DEEMB", "ESXYZ")


# --- and back


@spec("OCPI-HUB-18", "OCPI-HUB-26", "OCPI-STC-02", "OCPI-STC-05", "OCPI-STC-06", "OCPI-STC-08", "OCPI-STC-13")
@spec("OCPI-STC-19", "OCPI-STC-24", "OCPI-STC-25", "OCPI-STC-22")
@pytest.mark.parametrize(
    ("http", "code"),
    [(200, code) for code in (1000, 1901, 2002, 2003, 2901, 3000, 3901)]
    + [(201, 1000), (400, 2001), (404, 2003), (405, 2000), (500, 3000), (503, 3000), (429, 2000)],
)
async def test_the_receivers_answer_is_the_answer(net: OcpiNet, http: int, code: int) -> None:
    content = msgspec.json.format(msgspec.json.encode(envelope({"x": [1.50]}, code, "in its own words")), indent=1)
    answering(net, http, content)
    answer = await pushed(net)
    assert (answer.status_code, answer.content) == (http, content)
    assert answer.headers["ocpi-from-party-id"] == "EMB"


@spec("OCPI-STC-14", "OCPI-STC-24")
@pytest.mark.parametrize(
    ("http", "content", "expected"),
    [
        (502, b"<html>bad gateway</html>", 200),
        (200, b"ok", 200),
        (200, b"", 200),
        (200, b'{"status":"fine"}', 200),
        (302, b"", 200),
        (404, b"<html>", 404),
        (405, b"", 405),
    ],
)
async def test_what_is_no_ocpi_answer(net: OcpiNet, http: int, content: bytes, expected: int) -> None:
    answering(net, http, content)
    answer = await pushed(net)
    assert codes(answer) == (expected, 4000)
    assert answer.headers["ocpi-from-party-id"] == "HUB"
    assert b"html" not in answer.content


@spec("OCPI-TRP-25")
@spec("OCPI-STC-23")
@pytest.mark.parametrize("http", [401, 403])
async def test_credentials_that_are_refused_are_the_hubs_not_the_callers(net: OcpiNet, http: int) -> None:
    answering(net, http, envelope(None, 2000))
    assert codes(await pushed(net)) == (200, 4003)


@spec("OCPI-HUB-22", "OCPI-STC-17", "OCPI-HUB-90", "OCPI-HCI-16")
@pytest.mark.parametrize("state", [PartnerState.OFFLINE, PartnerState.SUSPENDED, PartnerState.PLANNED])
async def test_a_party_that_is_away_is_not_even_tried(net: OcpiNet, state: PartnerState) -> None:
    await net.hub.storage.partners.update(replace(held(net, "p2.test"), state=state))
    assert codes(await pushed(net)) == (200, 4003)
    await net.relay()
    assert not net.p2.received


@spec("OCPI-HUB-23", "OCPI-STC-16", "OCPI-HUB-32", "OCPI-STC-21", "OCPI-HUB-91")
async def test_a_silence(net: OcpiNet) -> None:
    def hangs(_: Received) -> Any:
        raise httpx.ReadTimeout("no answer")

    net.p2.answers["PUT", "locations"] = hangs
    answer = await pushed(net)
    assert codes(answer) == (200, 4002)
    assert answer.headers["ocpi-from-party-id"] == "HUB"
    assert answer.json()["status_message"]
    assert "data" not in answer.json()
    await checked()
    await net.relay()
    assert [request.path for request in net.p2.received] == [f"/2.3.0/{LOC1}", "/versions"]
    assert held(net, "p2.test").state is PartnerState.CONNECTED


@spec("OCPI-HUB-91")
async def test_one_that_is_silent_altogether_is_away(net: OcpiNet) -> None:
    def hangs(_: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("no answer")

    net.hub.network.answer("p2.test", hangs)
    assert codes(await pushed(net)) == (200, 4002)
    await checked()
    assert held(net, "p2.test").state is PartnerState.OFFLINE


@spec("OCPI-TRN-54", "OCPI-HUB-23")
async def test_an_answer_that_never_ends_is_waited_for_so_long_and_no_longer(
    net: OcpiNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless() -> Any:
        await asyncio.sleep(60)

    assert client.FORWARD_S + client.GRACE_S < 30
    monkeypatch.setattr(client, "GRACE_S", 0.05 - client.FORWARD_S)
    net.p2.answers["PUT", "locations"] = lambda _: endless()
    assert codes(await pushed(net)) == (200, 4002)


@spec("OCPI-HUB-33")
async def test_one_that_hangs_holds_up_nobody_else(net: OcpiNet) -> None:
    asked, free = asyncio.Event(), asyncio.Event()

    async def hangs() -> Any:
        asked.set()
        await free.wait()
        return 200, envelope(None), {}

    net.p2.answers["PUT", "locations"] = lambda _: hangs()
    slow = asyncio.create_task(pushed(net))
    await asked.wait()
    assert codes(await net.p1.call(net.hub, "PUT", LOC1, location(), to="FREMC")) == (200, 1000)
    assert codes(await net.p1.call(net.hub, "PUT", f"{LOC1}/E1", evse(), to="FREMC")) == (200, 1000)
    assert not slow.done()
    free.set()
    assert codes(await slow) == (200, 1000)


@spec("OCPI-HUB-24", "OCPI-HUB-91", "OCPI-STC-17")
async def test_a_connection_that_cannot_be_made(net: OcpiNet) -> None:
    net.hub.network.silence("p2.test")
    assert codes(await pushed(net)) == (200, 4003)
    await checked()
    assert held(net, "p2.test").state is PartnerState.OFFLINE


@spec("OCPI-HUB-91")
async def test_one_request_that_is_lost_says_little(net: OcpiNet) -> None:
    def lost(_: Received) -> Any:
        raise httpx.ConnectError("reset")

    net.p2.answers["PUT", "locations"] = lost
    assert codes(await pushed(net)) == (200, 4003)
    await checked()
    assert [request.path for request in net.p2.received] == [f"/2.3.0/{LOC1}", "/versions"]
    assert held(net, "p2.test").state is PartnerState.CONNECTED


@spec("OCPI-STC-09")
async def test_a_store_of_ours_that_is_away_says_nothing_of_the_party(
    net: OcpiNet, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(*_: object) -> None:
        raise StoreUnavailable("database")

    monkeypatch.setattr(net.hub.storage.credentials, "outbound", down)
    assert codes(await pushed(net)) == (200, 3000)
    assert not forwarding.checks


@spec("OCPI-HUB-32")
async def test_a_failure_is_not_tried_again(net: OcpiNet) -> None:
    answering(net, 500, envelope(None, 3000))
    await pushed(net)
    net.hub.clock.advance(86400)
    await net.relay()
    assert len(net.p2.received) == 1


@spec("OCPI-HUB-25", "OCPI-STC-14")
async def test_a_receiver_without_the_endpoint(net: OcpiNet) -> None:
    await OcpiPartner("p4.test", ("EMSP", "NL", "QUI"), endpoints=(("tokens", "SENDER"),)).join(net.hub)
    answer = await net.p1.call(net.hub, "PUT", LOC1, location(), to="NLQUI")
    assert codes(answer) == (200, 4000)
    assert "locations" in answer.json()["status_message"]


# --- pages


@spec("OCPI-TRP-21")
@spec("OCPI-HUB-77", "OCPI-PAG-19", "OCPI-HUB-88", "OCPI-HUB-83")
@pytest.mark.parametrize("to", ["NLCPA", None])
async def test_the_next_page_is_had_through_the_hub(net: OcpiNet, to: str | None) -> None:
    pages = {
        "": ('<https://p1.test/2.3.0/locations/sender?cursor=Ab%2F1>; rel="next"', ["A"]),
        "cursor=Ab%2F1": ('<?cursor=two>;rel=next, <https://p1.test/first>; rel="first"', ["B"]),
        "cursor=two": (None, ["C"]),
    }

    def page(request: Received) -> Any:
        link, data = pages[request.query]
        return 200, envelope(data), {"link": link} if link else {}

    net.p1.answers["GET", "locations"] = page
    answer = await net.p2.call(net.hub, "GET", LIST, to="NLCPA")
    found = answer.json()["data"]
    while "link" in answer.headers:
        url = answer.links["next"]["url"]
        assert url.startswith("https://hub.test/ocpi/2.3.0/")
        assert len(url) <= 255
        assert "p1.test" not in url
        answer = await net.p2.call(net.hub, "GET", url.removeprefix("https://hub.test"), to=to)
        assert (answer.headers["ocpi-from-party-id"], answer.headers["ocpi-to-party-id"]) == ("CPA", "EMB")
        found += answer.json()["data"]
    assert found == ["A", "B", "C"]
    assert {(r.party("to"), r.party("from")) for r in net.p1.received} == {("NLCPA", "DEEMB")}


async def a_page(net: OcpiNet) -> str:
    """A link that P2 was given."""
    net.p1.answers["GET", "locations"] = (200, envelope([]), {"link": '<https://p1.test/2.3.0/x>; rel="next"'})
    answer = await net.p2.call(net.hub, "GET", LIST, to="NLCPA")
    net.forget()
    return str(answer.links["next"]["url"]).removeprefix("https://hub.test")


@pytest.mark.parametrize("link", ["http://[x", "ftp://p1.test/2", "https://u:p@p1.test/2"])
async def test_a_next_page_that_cannot_be_had_is_no_end_of_the_list(net: OcpiNet, link: str) -> None:
    net.p1.answers["GET", "locations"] = (200, envelope(["A"]), {"link": f'<{link}>; rel="next"'})
    assert codes(await net.p2.call(net.hub, "GET", LIST, to="NLCPA")) == (200, 4000)
    assert not net.hub.storage.aliases.held


@spec("OCPI-HUB-84", "OCPI-HUB-77")
async def test_a_link_is_good_for_its_reader_and_for_a_while(net: OcpiNet) -> None:
    url = await a_page(net)
    for reader, address in ((net.p3, url), (net.p2, url + "0"), (net.p2, url + "?x=1"), (net.p2, url + "/x")):
        assert codes(await reader.call(net.hub, "GET", address)) == (404, 2001)
    wrong_use = url.replace("locations/page/", "cdrs/cdr/")
    assert codes(await net.p2.call(net.hub, "GET", wrong_use)) == (404, 2001)
    net.hub.clock.advance(3 * 86400)
    assert codes(await net.p2.call(net.hub, "GET", url)) == (404, 2001)
    assert not net.p1.received


async def test_a_link_to_one_who_left_or_must_not_be_called(net: OcpiNet) -> None:
    url = await a_page(net)
    await net.hub.storage.partners.update(replace(held(net, "p1.test"), state=PartnerState.SUSPENDED))
    assert codes(await net.p2.call(net.hub, "GET", url)) == (200, 4003)
    await net.hub.storage.partners.update(replace(held(net, "p1.test"), state=PartnerState.CONNECTED, version="9.9"))
    assert codes(await net.p2.call(net.hub, "GET", url)) == (200, 4000)
    await net.hub.storage.partners.update(replace(held(net, "p1.test"), version="2.3.0"))
    (alias,) = net.hub.storage.aliases.held.values()
    await net.hub.storage.aliases.put(replace(alias, url="ftp://p1.test/x"))
    assert codes(await net.p2.call(net.hub, "GET", url)) == (200, 4000)
