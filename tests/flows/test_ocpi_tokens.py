"""OCPI: tokens and real-time authorisation."""

from typing import Any

import httpx
import msgspec
import pytest

from core.model.authorisation import JourneyState
from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import OcpiPartner, envelope, token

spec = pytest.mark.spec
PATH = "tokens/receiver/DE/EMB/04AABBCC"
AUTHORIZE = "tokens/sender/04AABBCC/authorize"
T1, T2 = "2026-01-15T12:01:00Z", "2026-01-15T12:02:00Z"


async def put(net: OcpiNet, path: str = PATH, body: Any = None, **options: Any) -> httpx.Response:
    return await net.p2.call(net.hub, "PUT", path, token() if body is None else body, **options)


async def shown(net: OcpiNet) -> list[dict[str, Any]]:
    """As NL*CPA sees them."""
    listed: list[dict[str, Any]] = (await net.p1.call(net.hub, "GET", "tokens/sender")).json()["data"]
    return listed


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


def answering(allowed: str = "ALLOWED", **more: Any) -> Any:
    return 200, envelope({"allowed": allowed, "token": token(), **more}), {}


@spec("OCPI-TRP-31")
@spec("OCPI-TOK-01")
async def test_the_key_has_the_type_in_it(net: OcpiNet) -> None:
    app = token(type="APP_USER", visual_number="app")
    assert codes(await put(net)) == (201, 1000)
    assert codes(await put(net, f"{PATH}?type=APP_USER", app)) == (201, 1000)
    for query, data in (("", token()), ("?type=RFID", token()), ("?type=APP_USER", app)):
        assert (await net.p2.call(net.hub, "GET", PATH + query)).json()["data"] == data
    assert codes(await net.p2.call(net.hub, "GET", f"{PATH}?type=OTHER")) == (404, 2004)
    assert len(await shown(net)) == 2


@spec("OCPI-TOK-03")
async def test_type_in_url_and_body(net: OcpiNet) -> None:
    assert codes(await put(net, f"{PATH}?type=RFID", token(type="APP_USER"))) == (200, 2001)
    assert not net.hub.storage.tokens.held
    assert codes(await put(net, PATH, token(type="APP_USER"))) == (201, 1000)
    assert [one["type"] for one in await shown(net)] == ["APP_USER"]


@spec("OCPI-TOK-04", "OCPI-TOK-05")
async def test_tokens_end_by_patch(net: OcpiNet) -> None:
    await put(net)
    assert codes(await net.p2.call(net.hub, "PATCH", PATH, {"valid": False})) == (200, 2001)
    assert codes(await net.p2.call(net.hub, "PATCH", PATH, {"valid": False, "last_updated": T1})) == (200, 1000)
    assert await shown(net) == [token(valid=False, last_updated=T1)]
    older = {"valid": True, "last_updated": "2026-01-15T12:00:30Z"}
    assert codes(await net.p2.call(net.hub, "PATCH", PATH, older)) == (200, 1000)
    assert (await shown(net))[0]["valid"] is False
    assert (await net.p2.call(net.hub, "DELETE", PATH)).status_code == 405
    gone = {"valid": False, "last_updated": T1}
    assert codes(await net.p2.call(net.hub, "PATCH", "tokens/receiver/DE/EMB/NOPE", gone)) == (404, 2004)
    for wrong in ({"uid": "X"}, {"type": "OTHER"}, {"party_id": "XXX"}):
        assert codes(await net.p2.call(net.hub, "PATCH", PATH, {**wrong, "last_updated": T2})) == (200, 2001)


@spec("OCPI-TOK-07", "OCPI-HUB-39")
async def test_a_token_goes_to_operators(net: OcpiNet) -> None:
    await put(net)
    await net.relay()
    copies = net.p1.seen("PUT", "tokens") + net.p3.seen("PUT", "tokens")
    assert {copy.party("to") for copy in copies} == {"NLCPA", "BECPA", "FRCPC"}
    assert {copy.party("from") for copy in copies} == {"NLHUB"}
    assert all(copy.path == f"/2.3.0/{PATH}" for copy in copies)
    assert all(copy.query == "type=RFID" for copy in copies)
    assert all(copy.json == token() for copy in copies)
    assert not net.p2.seen("PUT", "tokens")


@spec("OCPI-TOK-20", "OCPI-HUB-69", "OCPI-COP-07")
async def test_only_the_issuer_compares(net: OcpiNet) -> None:
    await put(net)
    assert (await net.p2.call(net.hub, "GET", PATH)).json()["data"] == token()
    assert codes(await net.p3.call(net.hub, "GET", PATH)) == (404, 2001)
    assert codes(await net.p3.call(net.hub, "PUT", PATH, token())) == (404, 2001)


@spec("OCPI-TOK-18", "OCPI-TYP-04")
async def test_uids_have_no_case(net: OcpiNet) -> None:
    await put(net)
    again = token("04aabbcc", last_updated=T1, visual_number="x")
    assert codes(await put(net, "tokens/receiver/DE/EMB/04aabbcc", again)) == (200, 1000)
    assert await shown(net) == [again]


@spec("OCPI-HUB-93", "OCPI-HUB-64")
async def test_an_emsp_sees_no_tokens_of_others(net: OcpiNet) -> None:
    await put(net)
    assert (await net.p2.call(net.hub, "GET", "tokens/sender")).json()["data"] == []
    listed = await net.p3.call(net.hub, "GET", "tokens/sender", sender="FRCPC")
    assert listed.json()["data"] == [token()]


@spec("OCPI-HUB-93", "OCPI-HUB-39", "OCPI-HUB-64")
@pytest.mark.parametrize("role", ["EMSP", "NSP", "SCSP", "PTP", "OTHER"])
async def test_drivers_are_shown_and_told_to_operators_alone(net: OcpiNet, role: str) -> None:
    stranger = await OcpiPartner("p4.test", (role, "NL", "STR")).join(net.hub)
    stranger.received.clear()
    await put(net)
    await net.relay()
    assert net.p1.seen("PUT", "tokens")
    assert not stranger.seen("PUT", "tokens")
    answer = await stranger.call(net.hub, "GET", "tokens/sender")
    assert (answer.json()["data"], answer.headers["x-total-count"]) == ([], "0")


# --- authorisation


@spec("OCPI-TOK-08", "OCPI-TOK-02")
@pytest.mark.parametrize("body", [b"", b"{}", None])
async def test_authorize_needs_no_body(net: OcpiNet, body: bytes | None) -> None:
    net.p2.answers["POST", "tokens"] = answering()
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, body, to="DEEMB")
    assert codes(answer) == (200, 1000)
    (asked,) = net.p2.seen("POST", "tokens")
    assert asked.path == "/2.3.0/tokens/sender/04AABBCC/authorize"
    assert asked.query == ""
    assert asked.body == (body or b"")
    assert codes(await net.p1.call(net.hub, "POST", "tokens/sender/04AABBCC", body))[0] == 404


@spec("OCPI-TOK-12", "OCPI-HUB-07", "OCPI-TRN-21", "OCPI-TRN-20", "OCPI-SES-09")
async def test_a_yes_comes_back_whole(net: OcpiNet) -> None:
    info = {
        "allowed": "ALLOWED",
        "token": token(more=1),
        "location": {"location_id": "LOC1", "evse_uids": ["E1"]},
        "authorization_reference": "ref-1",
        "info": {"language": "en", "text": "Welcome"},
    }
    net.p2.answers["POST", "tokens"] = (200, envelope(info), {})
    ids = {"X-Request-ID": "774321", "X-Correlation-ID": "c-1"}
    place = {"location_id": "LOC1", "evse_uids": ["E1"]}
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, place, to="DEEMB", headers=ids)
    assert answer.json()["data"] == info
    assert answer.headers["x-request-id"] == "774321"
    (asked,) = net.p2.seen("POST", "tokens")
    assert asked.json == place
    assert asked.headers["x-request-id"] != "774321"
    assert asked.headers["x-correlation-id"] == "c-1"
    assert (asked.party("to"), asked.party("from")) == ("DEEMB", "NLCPA")
    assert answer.headers["ocpi-to-party-id"] == "CPA"
    assert (answer.headers["ocpi-from-country-code"], answer.headers["ocpi-from-party-id"]) == ("DE", "EMB")
    (journey,) = net.hub.storage.journeys.held.values()
    assert (journey.state, journey.reference) == (JourneyState.AUTHORISED, "ref-1")


@spec("OCPI-STC-02", "OCPI-STC-08", "OCPI-STC-13", "OCPI-STC-19", "OCPI-HUB-18", "OCPI-HUB-19", "OCPI-TOK-02")
@pytest.mark.parametrize("code", [1000, 1901, 2901, 3901])
async def test_whatever_the_emsp_says_comes_back_as_it_said_it(net: OcpiNet, code: int) -> None:
    body, content = (
        b'{"location_id" : "X", "new": 1.50}',
        msgspec.json.encode(envelope({"allowed": "MAYBE"}, code, "Hm")),
    )
    net.p2.answers["POST", "tokens"] = (200, content, {})
    answer = await net.p1.call(net.hub, "POST", f"{AUTHORIZE}?type=OTHER&x=1", body, to="DEEMB")
    assert answer.content == content
    (asked,) = net.p2.seen("POST", "tokens")
    assert (asked.body, asked.query) == (body, "type=OTHER&x=1")
    assert not net.hub.storage.journeys.held


async def test_a_yes_in_the_name_of_another_emsp_begins_nothing(net: OcpiNet) -> None:
    info = {"allowed": "ALLOWED", "token": token(owner="FREMC")}
    net.p2.answers["POST", "tokens"] = (200, envelope(info), {})
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, to="DEEMB")
    assert answer.json()["data"] == info
    assert not net.hub.storage.journeys.held


@spec("OCPI-TRP-32")
@spec("OCPI-TOK-09", "OCPI-STC-07")
async def test_an_unknown_token_is_404_and_2004(net: OcpiNet) -> None:
    net.p2.answers["POST", "tokens"] = (404, envelope(None, 2004), {})
    net.p3.answers["POST", "tokens"] = (200, envelope(None, 2004), {})
    for to in ("DEEMB", "NLHUB", None):
        answer = await net.p1.call(net.hub, "POST", AUTHORIZE, to=to)
        assert codes(answer) == (404, 2004)
        assert answer.json().get("data") is None


@spec("OCPI-TRP-33")
@spec("OCPI-TOK-10")
@pytest.mark.parametrize("allowed", ["BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"])
async def test_a_refusal_is_a_good_answer(net: OcpiNet, allowed: str) -> None:
    net.p2.answers["POST", "tokens"] = answering(allowed)
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, to="DEEMB")
    assert codes(answer) == (200, 1000)
    assert answer.json()["data"] == {"allowed": allowed, "token": token()}
    assert not net.hub.storage.journeys.held


@spec("OCPI-TOK-11", "OCPI-STC-05")
async def test_an_emsp_that_needs_to_know_the_place(net: OcpiNet) -> None:
    net.p2.answers["POST", "tokens"] = (200, envelope(None, 2002, "where?"), {})
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, to="DEEMB")
    assert codes(answer) == (200, 2002)
    assert answer.json()["status_message"] == "where?"


@spec("OCPI-TOK-14", "OCPI-HUB-74", "OCPI-STC-17")
@pytest.mark.parametrize("whitelist", ["ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER"])
async def test_the_hub_does_not_answer_in_the_place_of_the_emsp(net: OcpiNet, whitelist: str) -> None:
    await put(net, body=token(whitelist=whitelist))
    await net.hub.hub.partners.not_reached(
        next(x.id for x in net.hub.storage.partners.held.values() if x.name == "p2.test")
    )
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, to="DEEMB")
    assert codes(answer) == (200, 4003)
    assert answer.json().get("data") is None


@spec("OCPI-TRP-34")
@spec("OCPI-TOK-17", "OCPI-TOK-14")
async def test_the_emsp_is_asked_whatever_the_hub_holds(net: OcpiNet) -> None:
    await put(net, body=token(whitelist="ALWAYS", valid=False))
    net.p2.answers["POST", "tokens"] = answering()
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, to="DEEMB")
    assert answer.json()["data"]["allowed"] == "ALLOWED"


@spec("OCPI-STC-16", "OCPI-HUB-23")
async def test_an_emsp_that_does_not_answer_is_4002(net: OcpiNet) -> None:
    def hangs(_: Any) -> Any:
        raise httpx.ReadTimeout("no answer")

    net.p2.answers["POST", "tokens"] = hangs
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, to="DEEMB")
    assert codes(answer) == (200, 4002)
    assert answer.headers["ocpi-from-party-id"] == "HUB"
    assert answer.json().get("data") is None


@spec("OCPI-TRP-35")
@spec("OCPI-TOK-15", "OCPI-LOC-28")
async def test_a_place_that_the_hub_does_not_know_is_passed_on(net: OcpiNet) -> None:
    net.p2.answers["POST", "tokens"] = answering()
    await net.p1.call(net.hub, "POST", AUTHORIZE, {"location_id": "PRIVATE"}, to="DEEMB")
    (asked,) = net.p2.seen("POST", "tokens")
    assert asked.json == {"location_id": "PRIVATE"}


@spec("OCPI-TOK-13")
async def test_without_to_the_holder_of_the_token_is_asked(net: OcpiNet) -> None:
    await put(net)
    net.p2.answers["POST", "tokens"] = answering()
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, to=None)
    assert codes(answer) == (200, 1000)
    assert answer.headers["ocpi-from-party-id"] == "EMB"
    assert len(net.p2.seen("POST", "tokens")) == 1
    await net.p1.call(net.hub, "POST", "tokens/sender/DE-EMB-C12345678/authorize?type=EMAID", to=None)
    assert [asked.query for asked in net.p2.seen("POST", "tokens")] == ["type=RFID", "type=EMAID"]
    assert not net.p3.seen("POST", "tokens")


@spec("OCPI-HUB-60")
async def test_of_a_token_that_nobody_told_of_all_emsps_are_asked(net: OcpiNet) -> None:
    net.p2.answers["POST", "tokens"] = (404, envelope(None, 2004), {})
    answer_of_emc = {"allowed": "ALLOWED", "token": token(owner="FREMC")}
    net.p3.answers["POST", "tokens"] = (200, envelope(answer_of_emc), {})
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, to=None)
    data = answer.json()["data"]
    assert data.pop("authorization_reference")
    assert data == answer_of_emc
    assert answer.headers["ocpi-from-party-id"] == "EMC"


@pytest.mark.parametrize("body", [{"location_id": 1}, {"evse_uids": []}, {"location_id": "x" * 37}])
async def test_a_wrong_place_is_2001(net: OcpiNet, body: dict[str, Any]) -> None:
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, body, to=None)
    assert codes(answer) == (200, 2001)
    assert "location_id" in answer.json()["status_message"]
    assert not net.p2.received


async def test_a_uid_that_is_too_long_is_2001(net: OcpiNet) -> None:
    answer = await net.p1.call(net.hub, "POST", f"tokens/sender/{'x' * 37}/authorize", to=None)
    assert codes(answer) == (200, 2001)


@spec("OCPI-STC-23")
async def test_an_emsp_that_refuses_the_hub_is_no_401_for_the_operator(net: OcpiNet) -> None:
    net.p2.answers["POST", "tokens"] = (401, envelope(None, 2000), {})
    answer = await net.p1.call(net.hub, "POST", AUTHORIZE, to="DEEMB")
    assert codes(answer) == (200, 4003)


@spec("OCPI-STC-17", "OCPI-HUB-24", "OCPI-HUB-22")
async def test_an_emsp_that_cannot_be_reached_is_4003(net: OcpiNet) -> None:
    net.hub.network.silence("p2.test")
    assert codes(await net.p1.call(net.hub, "POST", AUTHORIZE, to="DEEMB")) == (200, 4003)
    partner = next(x for x in net.hub.storage.partners.held.values() if x.name == "p2.test")
    await net.hub.hub.partners.not_reached(partner.id)
    seen = len(net.hub.network.seen)
    assert codes(await net.p1.call(net.hub, "POST", AUTHORIZE, to="DEEMB")) == (200, 4003)
    assert len(net.hub.network.seen) == seen


@spec("OCPI-HUB-98")
async def test_nothing_delays_an_authorisation_that_is_passed_on(net: OcpiNet) -> None:
    """The eMSP has the question before anything is kept of it, and whatever it says."""
    kept: list[int] = []

    def answer(_: Any) -> Any:
        kept.append(len(net.hub.storage.journeys.held) + len(net.hub.storage.aliases.held))
        return answering()

    net.p2.answers["POST", "tokens"] = answer
    odd = b'{"location_id": 5, "evse_uids": "x"}'
    assert codes(await net.p1.call(net.hub, "POST", AUTHORIZE, odd, to="DEEMB")) == (200, 1000)
    assert net.p2.received[-1].body == odd
    assert codes(await net.p1.call(net.hub, "POST", AUTHORIZE, {"location_id": "LOC1"}, to="DEEMB")) == (200, 1000)
    assert kept == [0, 0]
    assert len(net.hub.storage.journeys.held) == 1


@spec("OCPI-TOK-16")
async def test_odd_tokens_are_taken_and_remarked_upon(net: OcpiNet, caplog: pytest.LogCaptureFixture) -> None:
    group = {"group_id": "g" * 21}
    for kind, changes, odd in (
        ("APP_USER", {"whitelist": "ALWAYS"}, "it should be NEVER"),
        ("AD_HOC_USER", {"whitelist": "ALLOWED"}, "it should be NEVER"),
        ("EMAID", {}, "should not be pushed"),
        ("RFID", group, "more than 20 characters"),
        ("RFID", {"group_id": "g" * 20, "whitelist": "ALWAYS"}, None),
    ):
        path = f"tokens/receiver/DE/EMB/{kind}{len(changes)}{odd is None}"
        body = token(path.split("/")[-1], type=kind, **changes)
        for _ in range(2):
            answer = await net.p2.call(net.hub, "PUT", f"{path}?type={kind}", body)
            assert codes(answer) in ((200, 1000), (201, 1000)), answer.text
        said = [one.getMessage() for one in caplog.records if one.name == "protocols.ocpi.server.tokens"]
        caplog.clear()
        assert [odd in one for one in said] == [True] if odd else not said
        assert body["uid"] not in str(said)
