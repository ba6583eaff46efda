"""OCPI: charging profiles between platforms, passed on by the hub. OCPI 2.3.0, mod_charging_profiles."""

from typing import Any
from urllib.parse import parse_qs, quote

import httpx
import msgspec
import pytest

from protocols.ocpi.plugin import PLUGIN
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_2_1_1_partner import OldPartner
from tests.flows.ocpi_partner import OcpiPartner, Received, cast, envelope, session

spec = pytest.mark.spec
URL = "https://p2.test/cb/Profile?id=Ab%2F1&n=2"
HUB_URL = "https://hub.test/ocpi/2.3.0/chargingprofiles/result/"
PROFILE = {
    "charging_rate_unit": "W",
    "min_charging_rate": 8.1,
    "charging_profile_period": [{"start_period": 0, "limit": 11000.5}],
    "future": {"a": 1.50},
}
ACTIVE = {"start_date_time": "2026-01-15T12:00:00Z", "charging_profile": PROFILE}
RECEIVER = "chargingprofiles/receiver/Sess-1"
SENDER = "chargingprofiles/sender/Sess-1"
METHODS = ("GET", "PUT", "DELETE")


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


async def asked(
    net: OcpiNet,
    method: str = "PUT",
    to: str | None = "NLCPA",
    *,
    url: str | None = URL,
    by: OcpiPartner | None = None,
    query: str | None = None,
) -> httpx.Response:
    """With everything that the method demands; `query` instead of it."""
    partner = by or net.p2
    if method == "PUT":
        body = {"charging_profile": PROFILE, **({"response_url": url} if url else {})}
        return await partner.call(net.hub, "PUT", RECEIVER, body, to=to)
    if query is None:
        parts = ["duration=900"] if method == "GET" else []
        query = "&".join([*parts, *([f"response_url={quote(url, safe='')}"] if url else [])])
    return await partner.call(net.hub, method, f"{RECEIVER}?{query}", to=to)


def answers(net: OcpiNet, method: str, **members: Any) -> dict[str, Any]:
    """What P1 says to a request."""
    said = envelope({"result": "ACCEPTED", "timeout": 30, **members})
    net.p1.answers[method, "chargingprofiles"] = (200, said, {})
    return said


def response_url(request: Received) -> str:
    if request.method == "PUT":
        return str(request.json["response_url"])
    (url,) = parse_qs(request.query, strict_parsing=True)["response_url"]
    return url


async def result(net: OcpiNet, body: Any, by: OcpiPartner | None = None, url: str | None = None) -> httpx.Response:
    """Of the last request, without routing headers."""
    address = url or response_url(net.p1.received[-1])
    path = address.removeprefix("https://hub.test")
    return await (by or net.p1).call(net.hub, "POST", path, body, to=None, sender=None)


async def provider(net: OcpiNet) -> OcpiPartner:
    found = await OcpiPartner("p7.test", ("SCSP", "NL", "SCG")).join(net.hub)
    net.forget()
    return found


async def known(net: OcpiNet) -> None:
    """P1 has told of a session of P2's."""
    told = session("SESS-1")
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/SESS-1", told, to="DEEMB")
    net.forget()


# --- there


@spec("OCPI-TRP-19", "OCPI-TRP-45")
@spec("OCPI-CHP-01", "OCPI-CHP-11", "OCPI-CHP-12", "OCPI-HUB-76", "OCPI-HUB-82", "OCPI-HUB-88")
@pytest.mark.parametrize("method", METHODS)
async def test_the_operator_is_asked_with_another_response_url(net: OcpiNet, method: str) -> None:
    assert codes(await asked(net, method)) == (200, 1000)
    (request,) = net.p1.received
    url = response_url(request)
    assert (request.method, request.path) == (method, f"/2.3.0/{RECEIVER}")
    assert (request.party("to"), request.party("from")) == ("NLCPA", "DEEMB")
    assert url.startswith(HUB_URL)
    assert len(url) <= 255
    assert "p2.test" not in request.query + request.body.decode()
    if method == "PUT":
        sent = msgspec.json.encode({"charging_profile": PROFILE, "response_url": URL})
        assert request.body.replace(url.encode(), URL.encode()) == sent
    else:
        expected = f"response_url={quote(url, safe='')}"
        assert request.query == (f"duration=900&{expected}" if method == "GET" else expected)


@spec("OCPI-TRP-46")
@spec("OCPI-CHP-02", "OCPI-HUB-82", "OCPI-HUB-81")
@pytest.mark.parametrize(
    ("query", "url", "rest"),
    [
        ("duration=900&response_url=https://p2.test/y?request_id=5678", "https://p2.test/y?request_id=5678", "900"),
        ("duration=900&response_url=https://p2.test/y?a=1&b=%2F", "https://p2.test/y?a=1&b=%2F", "900"),
        ("response_url=https://p2.test/y?a=1&b=2&duration=60", "https://p2.test/y?a=1&b=2", "60"),
        ("response_url=https://p2.test/y?a=1&duration=60", "https://p2.test/y?a=1", "60"),
        ("duration=9&response_url=https://p2.test/y?a=1&duration=60", "https://p2.test/y?a=1&duration=60", "9"),
        ("response_url=https://p2.test/y&duration=60", "https://p2.test/y", "60"),
        ("response_url=https://p2.test/y%3Fa%3D1%26b&duration=60", "https://p2.test/y?a=1&b", "60"),
        ("response_url=https%3A%2F%2Fp2.test%2Fy%3Fa%3D1%26b%3D%252F&duration=60", "https://p2.test/y?a=1&b=%2F", "60"),
        ("duration=60&x=response_url=1&response_url=https://p2.test/Y%2Fz", "https://p2.test/Y%2Fz", "60"),
    ],
)
async def test_a_nested_url_is_found_encoded_or_not(net: OcpiNet, query: str, url: str, rest: str) -> None:
    await known(net)
    for to in ("NLCPA", None):
        assert codes(await asked(net, "GET", to, query=query)) == (200, 1000)
        request = net.p1.received[-1]
        assert parse_qs(request.query)["duration"] == [rest]
        await result(net, {"result": "ACCEPTED"})
        assert str(net.hub.network.requests_to("p2.test")[-1].url) == url


@spec("OCPI-CHP-03")
@pytest.mark.parametrize(
    ("method", "query"),
    [("GET", "duration=900"), ("GET", f"response_url={quote(URL, safe='')}"), ("DELETE", ""), ("DELETE", "x=1")],
)
async def test_what_is_missing_is_the_operators_to_say_if_it_is_addressed(
    net: OcpiNet, method: str, query: str
) -> None:
    await known(net)
    assert codes(await asked(net, method, to=None, query=query)) == (200, 2001)
    assert codes(await asked(net, method, to="NLHUB", query=query)) == (200, 2001)
    assert not net.p1.received
    assert codes(await asked(net, method, query=query)) == (200, 1000)
    if "response_url" not in query:
        assert net.p1.received[-1].query == query


@pytest.mark.parametrize("duration", ["-1", "ten", "1.5", "²"])
async def test_a_duration_is_a_number_of_seconds(net: OcpiNet, duration: str) -> None:
    await known(net)
    answer = await asked(net, "GET", to=None, query=f"duration={quote(duration)}&response_url={quote(URL)}")
    assert codes(answer) == (200, 2001)
    assert "duration" in answer.json()["status_message"]


async def test_a_profile_without_response_url(net: OcpiNet) -> None:
    await known(net)
    assert codes(await asked(net, url=None)) == (200, 1000)
    assert "response_url" not in net.p1.received[-1].json
    net.forget()
    assert codes(await asked(net, url=None, to=None)) == (200, 2001)
    for body in (b"[]", b'{"response_url": 1}', b'{"response_url": "/cb"}'):
        assert codes(await net.p2.call(net.hub, "PUT", RECEIVER, body, to="NLCPA")) == (200, 2001)
    assert not net.p1.received


async def test_a_private_response_url_is_refused() -> None:
    async with TestHub.open([PLUGIN], allow_private=False) as hub:
        p1, p2, p3 = cast()
        for partner in (p1, p2, p3):
            await partner.join(hub)
        net = OcpiNet(hub, p1, p2, p3)
        for url in (
            "https://127.0.0.1/cb",
            "http://p2.test/cb",
            "https://u:p@p2.test/cb",
            "https://p2.test/" + 255 * "x",
        ):
            for method in METHODS:
                answer = await asked(net, method, url=url)
                assert codes(answer) == (200, 2001)
                assert "response_url" in answer.json()["status_message"]
        assert not [request for request in p1.received if "chargingprofiles" in request.path]


@spec("OCPI-CHP-04", "OCPI-CHP-09")
@pytest.mark.parametrize("said", ["ACCEPTED", "NOT_SUPPORTED", "REJECTED", "TOO_OFTEN", "UNKNOWN_SESSION"])
@pytest.mark.parametrize("method", METHODS)
async def test_the_answer_is_the_operators(net: OcpiNet, method: str, said: str) -> None:
    expected = answers(net, method, result=said, timeout=60, x=1)
    answer = await asked(net, method)
    assert answer.json() == expected
    assert answer.headers["ocpi-from-party-id"] == "CPA"


@spec("OCPI-CHP-13")
@pytest.mark.parametrize("method", METHODS)
async def test_a_charging_profile_is_no_broadcast(net: OcpiNet, method: str) -> None:
    assert codes(await asked(net, method, to="NLHUB")) == (200, 2001)
    assert codes(await net.p1.call(net.hub, "PUT", SENDER, ACTIVE)) == (200, 2001)
    assert not net.p1.received + net.p2.received + net.p3.received


@pytest.mark.parametrize(
    ("method", "path"), [("POST", RECEIVER), ("PATCH", RECEIVER), ("GET", SENDER), ("POST", SENDER)]
)
async def test_other_methods_are_not_offered(net: OcpiNet, method: str, path: str) -> None:
    answer = await net.p2.call(net.hub, method, path, {}, to="NLCPA")
    assert answer.status_code == 405
    assert answer.headers["allow"] == ("GET, PUT, DELETE" if path == RECEIVER else "PUT")


# --- without TO


@spec("OCPI-HUB-55", "OCPI-HUB-57", "OCPI-HUB-54")
@pytest.mark.parametrize("method", METHODS)
async def test_the_session_says_who_is_to_act(net: OcpiNet, method: str) -> None:
    assert codes(await asked(net, method, to=None)) == (200, 4001)
    await known(net)
    answer = await asked(net, method, to=None)
    assert codes(answer) == (200, 1000)
    assert answer.headers["ocpi-from-party-id"] == "CPA"
    assert net.p1.received[-1].party("to") == "NLCPA"
    stranger = await net.p3.call(
        net.hub, "PUT", RECEIVER, {"response_url": "https://p3.test/cb"}, to=None, sender="FREMC"
    )
    assert codes(stranger) == (200, 4001)


@spec("OCPI-HUB-59")
async def test_two_operators_with_the_same_session_id(net: OcpiNet) -> None:
    await known(net)
    other = session("SESS-1", owner="FRCPC")
    await net.p3.call(net.hub, "PUT", "sessions/receiver/FR/CPC/SESS-1", other, to="DEEMB", sender="FRCPC")
    assert codes(await asked(net, to=None)) == (200, 2002)


# --- results


@spec("OCPI-TRP-47", "OCPI-TRP-20")
@spec("OCPI-CHP-05", "OCPI-HUB-79")
@pytest.mark.parametrize(
    ("method", "body"),
    [
        ("GET", {"result": "ACCEPTED", "profile": ACTIVE}),
        ("PUT", {"result": "REJECTED"}),
        ("DELETE", {"result": "UNKNOWN", "x": 1}),
    ],
)
async def test_a_result_reaches_who_asked(net: OcpiNet, method: str, body: Any) -> None:
    await asked(net, method)
    url = response_url(net.p1.received[-1])
    for content in (body, envelope(body), body):
        answer = await result(net, content, url=url)
        assert codes(answer) == (200, 1000)
        assert "data" not in answer.json()
        back = net.p2.received[-1]
        assert str(net.hub.network.requests_to("p2.test")[-1].url) == URL
        assert back.json == body
        assert (back.party("to"), back.party("from")) == ("DEEMB", "NLCPA")
    assert codes(await result(net, body, net.p3, url)) == (404, 2001)
    assert codes(await result(net, body, url=url + "0")) == (404, 2001)
    assert len(net.p2.received) == 3


# --- the profile that is active


@spec("OCPI-CHP-06", "OCPI-CHP-07")
async def test_who_set_a_profile_is_told_when_it_changes(net: OcpiNet) -> None:
    scsp = await provider(net)
    answer = await net.p1.call(net.hub, "PUT", SENDER, ACTIVE, to="NLSCG")
    assert codes(answer) == (200, 1000)
    (request,) = scsp.received
    assert (request.path, request.json) == (f"/2.3.0/{SENDER}", ACTIVE)
    assert (request.party("to"), request.party("from")) == ("NLSCG", "NLCPA")
    await net.relay()
    assert not net.p1.received + net.p2.received + net.p3.received


@spec("OCPI-HUB-57", "OCPI-CHP-07")
async def test_without_to_it_is_the_last_one_that_set_a_profile(net: OcpiNet) -> None:
    scsp = await provider(net)
    assert codes(await net.p1.call(net.hub, "PUT", SENDER, ACTIVE, to=None)) == (200, 4001)
    answers(net, "PUT")
    await asked(net)
    net.hub.clock.advance(60)
    await asked(net, by=scsp, url="https://p7.test/cb")
    net.hub.clock.advance(60)
    await asked(net, "DELETE")
    net.forget()
    answer = await net.p1.call(net.hub, "PUT", SENDER.replace("Sess", "SESS"), ACTIVE, to=None)
    assert answer.headers["ocpi-from-party-id"] == "SCG"
    assert len(scsp.received) == 1
    assert not net.p2.received
    assert codes(await net.p1.call(net.hub, "PUT", SENDER, ACTIVE, to=None, sender="BECPA")) == (200, 4001)


@pytest.mark.parametrize(
    "said", [{"result": "REJECTED", "timeout": 1}, {"result": "UNKNOWN_SESSION", "timeout": 1}, {}, None]
)
async def test_who_was_refused_has_set_no_profile(net: OcpiNet, said: Any) -> None:
    """Else anybody could have himself told of the sessions of others, instead of them."""
    answers(net, "PUT")
    await asked(net)
    net.hub.clock.advance(60)
    net.p1.answers["PUT", "chargingprofiles"] = (200, envelope(said), {})
    scsp = await provider(net)
    await asked(net, by=scsp, url="https://p7.test/cb")
    net.forget()
    answer = await net.p1.call(net.hub, "PUT", SENDER, ACTIVE, to=None)
    assert answer.headers["ocpi-from-party-id"] == "EMB"
    assert not scsp.received


# --- who may be asked


@spec("OCPI-CHP-08")
async def test_a_provider_asks_an_emsp_which_asks_the_operator(net: OcpiNet) -> None:
    scsp = await provider(net)
    await asked(net, to="DEEMB", by=scsp, url="https://p7.test/cb")
    (first,) = net.p2.received
    assert (first.path, first.party("from")) == (f"/2.3.0/{RECEIVER}", "NLSCG")
    await asked(net)
    assert net.p1.received[-1].party("from") == "DEEMB"
    await result(net, {"result": "ACCEPTED"})
    assert net.p2.received[-1].path == "/cb/Profile"
    await result(net, {"result": "ACCEPTED"}, net.p2, response_url(first))
    assert (scsp.received[-1].path, scsp.received[-1].party("from")) == ("/cb", "DEEMB")
    await asked(net, by=scsp, url="https://p7.test/cb")
    assert net.p1.received[-1].party("from") == "NLSCG"


@spec("OCPI-CHP-10")
@pytest.mark.parametrize("method", METHODS)
async def test_an_operator_of_2_1_1_has_no_such_module(net: OcpiNet, method: str) -> None:
    old = await OldPartner("p6.test", "CPO", "IT", "CPF").join(net.hub)
    old.received.clear()
    answer = await asked(net, method, to="ITCPF")
    assert codes(answer) == (200, 1000)
    assert answer.json()["data"] == {"result": "NOT_SUPPORTED", "timeout": 0}
    assert answer.headers["ocpi-from-party-id"] == "CPF"
    assert not old.received
    assert not net.hub.storage.aliases.held


@spec("OCPI-CHP-01", "OCPI-CHP-05", "OCPI-HUB-31")
@pytest.mark.parametrize("method", METHODS)
async def test_between_two_versions_nothing_differs(net: OcpiNet, method: str) -> None:
    old = await OcpiPartner("p4.test", ("CPO", "NL", "OLD"), ("EMSP", "NL", "OLD"), version="2.2.1").join(net.hub)
    net.forget()
    old.received.clear()
    assert codes(await asked(net, method, to="NLOLD")) == (200, 1000)
    url = response_url(old.received[-1])
    assert url.startswith("https://hub.test/ocpi/2.2.1/chargingprofiles/result/")
    assert codes(await result(net, {"result": "ACCEPTED"}, old, url)) == (200, 1000)
    assert net.p2.received[-1].json == {"result": "ACCEPTED"}
    assert codes(await asked(net, method, by=old, url="https://p4.test/cb?n=1")) == (200, 1000)
    url = response_url(net.p1.received[-1])
    assert url.startswith(HUB_URL)
    assert codes(await result(net, {"result": "REJECTED"}, url=url)) == (200, 1000)
    assert (old.received[-1].path, old.received[-1].query) == ("/cb", "n=1")
    assert codes(await net.p1.call(net.hub, "PUT", SENDER, ACTIVE, to="NLOLD")) == (200, 1000)
    assert (old.received[-1].path, old.received[-1].json) == (f"/2.2.1/{SENDER}", ACTIVE)


async def test_two_partners_of_2_2_1(net: OcpiNet) -> None:
    one = await OcpiPartner("p4.test", ("CPO", "NL", "OLD"), version="2.2.1").join(net.hub)
    other = await OcpiPartner("p5.test", ("EMSP", "BE", "OLD"), version="2.2.1").join(net.hub)
    body = {"charging_profile": PROFILE, "response_url": "https://p5.test/cb"}
    assert codes(await other.call(net.hub, "PUT", RECEIVER, body, to="NLOLD")) == (200, 1000)
    assert response_url(one.received[-1]).startswith("https://hub.test/ocpi/2.2.1/chargingprofiles/result/")
    assert codes(await result(net, {"result": "ACCEPTED"}, one, response_url(one.received[-1]))) == (200, 1000)
    assert other.received[-1].path == "/cb"


@spec("OCPI-HUB-25")
async def test_an_operator_without_the_endpoint(net: OcpiNet) -> None:
    await OcpiPartner("p4.test", ("CPO", "BE", "BAR"), endpoints=(("locations", "SENDER"),)).join(net.hub)
    assert codes(await asked(net, to="BEBAR")) == (200, 4000)


async def test_the_module_is_published_to_those_whose_version_has_it(net: OcpiNet) -> None:
    details = (await net.p2.call(net.hub, "GET", "/ocpi/2.3.0", to=None)).json()["data"]["endpoints"]
    listed = {(one["identifier"], one["role"], one["url"]) for one in details}
    for role in ("SENDER", "RECEIVER"):
        assert ("chargingprofiles", role, f"https://hub.test/ocpi/2.3.0/chargingprofiles/{role.lower()}") in listed
    old = await OldPartner("p6.test", "CPO", "IT", "CPF").join(net.hub)
    assert codes(await old.call(net.hub, "GET", f"/ocpi/2.1.1/{RECEIVER}")) == (404, 2001)


@spec("OCPI-SES-14")
async def test_an_emsps_own_session_id_for_its_smart_charging_provider(net: OcpiNet) -> None:
    scsp = await OcpiPartner("p7.test", ("SCSP", "NL", "SCS")).join(net.hub)
    body = {"charging_profile": PROFILE, "response_url": "https://p7.test/cb"}
    answer = await scsp.call(net.hub, "PUT", "chargingprofiles/receiver/x9%2Fa", body, to="DEEMB")
    assert codes(answer) == (200, 1000)
    request = net.p2.received[-1]
    assert request.path == "/2.3.0/chargingprofiles/receiver/x9%2Fa"
    assert request.json["charging_profile"] == PROFILE
