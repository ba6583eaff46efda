"""OCPI: commands between platforms of the same version, passed on by the hub. OCPI 2.3.0, mod_commands."""

from typing import Any

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from core.model.partner import PartnerState
from protocols.ocpi.plugin import PLUGIN
from protocols.ocpi.settings import settings_of, settings_text
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, Received, cast, envelope, location, session, token

spec = pytest.mark.spec
URL = "https://p2.test/cb/Start?id=Ab%2F1"
HUB_URL = "https://hub.test/ocpi/2.3.0/commands/result/"
LATER = "2026-01-18T12:00:00Z"
APP_USER = token("app-1", type="APP_USER")
BODIES: dict[str, dict[str, Any]] = {
    "START_SESSION": {"response_url": URL, "token": APP_USER, "location_id": "LOC1", "evse_uid": "E1"},
    "STOP_SESSION": {"response_url": URL, "session_id": "S1"},
    "RESERVE_NOW": {
        "response_url": URL,
        "token": APP_USER,
        "expiry_date": LATER,
        "reservation_id": "R1",
        "location_id": "LOC1",
    },
    "CANCEL_RESERVATION": {"response_url": URL, "reservation_id": "R1"},
    "UNLOCK_CONNECTOR": {"response_url": URL, "location_id": "LOC1", "evse_uid": "E1", "connector_id": "1"},
    "FUTURE_CMD": {"response_url": URL, "mood": {"good": 1.50}},
}


async def asked(net: OcpiNet, kind: str = "START_SESSION", to: str | None = "NLCPA", **changes: Any) -> httpx.Response:
    body = {**BODIES[kind], **changes}
    return await net.p2.call(net.hub, "POST", f"commands/receiver/{kind}", body, to=to)


def answers(net: OcpiNet, **members: Any) -> None:
    """What P1 says to a command."""
    net.p1.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", "timeout": 30, **members}), {})


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


def sent_to(partner: OcpiPartner) -> Received:
    return partner.seen("POST", "commands")[-1]


async def result(net: OcpiNet, body: Any, by: OcpiPartner | None = None, url: str | None = None) -> httpx.Response:
    """Of the last command, without routing headers."""
    address = url or sent_to(net.p1).json["response_url"]
    headers = {"x-request-id": "of P1", "x-correlation-id": "of the result"}
    path = address.removeprefix("https://hub.test")
    return await (by or net.p1).call(net.hub, "POST", path, body, to=None, sender=None, headers=headers)


def told(net: OcpiNet) -> list[Received]:
    return [request for request in net.p2.received if request.path.startswith("/cb/")]


async def known(net: OcpiNet) -> None:
    """P1 has told of a location and of a session of P2's."""
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", session(), to="DEEMB")
    await net.relay()
    net.forget()


# --- there, and the answer


@spec("OCPI-TRP-19")
@spec("OCPI-CMD-01", "OCPI-CMD-02", "OCPI-HUB-76", "OCPI-HUB-87", "OCPI-HUB-88")
@pytest.mark.parametrize("kind", BODIES)
async def test_a_command_reaches_the_operator_with_another_response_url(net: OcpiNet, kind: str) -> None:
    body = msgspec.json.encode({**BODIES[kind], "future": "?"}).replace(b'"?"', b'{ "a" : [12.3450, null] }')
    answer = await net.p2.call(net.hub, "POST", f"commands/receiver/{kind}", body, to="NLCPA")
    assert codes(answer) == (200, 1000)
    request = sent_to(net.p1)
    url = request.json["response_url"]
    assert request.path == f"/2.3.0/commands/receiver/{kind}"
    assert (request.party("to"), request.party("from")) == ("NLCPA", "DEEMB")
    assert url.startswith(HUB_URL)
    assert len(url) <= 255
    assert request.body.replace(url.encode(), URL.encode()) == body


@spec("OCPI-TRP-48")
@spec("OCPI-CMD-03", "OCPI-CMD-06", "OCPI-CMD-15")
@pytest.mark.parametrize("said", ["ACCEPTED", "REJECTED", "NOT_SUPPORTED", "UNKNOWN_SESSION", "MAYBE"])
async def test_the_answer_is_the_operators(net: OcpiNet, said: str) -> None:
    texts = [{"language": "nl", "text": "ja"}, {"language": "en", "text": "yes"}]
    answers(net, result=said, message=texts, extra=1)
    answer = await asked(net)
    assert answer.json()["data"] == {"result": said, "timeout": 30, "message": texts, "extra": 1}
    assert answer.headers["ocpi-from-party-id"] == "CPA"
    await result(net, {"result": "FAILED"})
    assert told(net)[0].json == {"result": "FAILED"}
    assert not net.hub.processes.commands


@spec("OCPI-CMD-07", "OCPI-CMD-11", "OCPI-STC-19")
@pytest.mark.parametrize("code", [2001, 2003])
async def test_a_place_that_the_operator_does_not_know(net: OcpiNet, code: int) -> None:
    said = envelope({"result": "REJECTED", "timeout": 0}, code, "no such place")
    net.p1.answers["POST", "commands"] = (200, said, {})
    answer = await asked(net, location_id="LOC9", evse_uid=None, connector_id="1")
    assert answer.json() == said


@spec("OCPI-CMD-10", "OCPI-CMD-20")
async def test_the_token_is_neither_checked_nor_kept(net: OcpiNet) -> None:
    assert codes(await asked(net, token=token("never-seen", type="APP_USER", valid=False))) == (200, 1000)
    assert sent_to(net.p1).json["token"]["valid"] is False
    assert not net.hub.storage.tokens.held
    assert not net.p2.seen("POST", "tokens")


@spec("OCPI-CMD-09")
@pytest.mark.parametrize("kind", ["START_SESSION", "RESERVE_NOW"])
async def test_a_token_of_another_is_refused(net: OcpiNet, kind: str) -> None:
    answer = await asked(net, kind, token=token(owner="FREMC"))
    assert codes(answer) == (200, 2001)
    assert "data" not in answer.json()
    assert not net.p1.received


@spec("OCPI-CMD-16")
@pytest.mark.parametrize("kind", BODIES)
async def test_a_command_is_no_broadcast(net: OcpiNet, kind: str) -> None:
    assert codes(await asked(net, kind, to="NLHUB")) == (200, 2001)
    assert not net.p1.received


@spec("OCPI-CRD-40")
async def test_a_private_response_url_is_refused() -> None:
    async with TestHub.open([PLUGIN], allow_private=False) as hub:
        p1, p2, p3 = cast()
        for partner in (p1, p2, p3):
            await partner.join(hub)
        net = OcpiNet(hub, p1, p2, p3)
        for url in ("https://127.0.0.1/cb", "https://localhost/cb", "http://p2.test/cb", "https://u:p@p2.test/cb", "x"):
            for kind in BODIES:
                answer = await asked(net, kind, response_url=url)
                assert codes(answer) == (200, 2001)
                assert "response_url" in answer.json()["status_message"]
        assert not p1.seen("POST", "commands")


@pytest.mark.parametrize("body", [b"[]", b'{"response_url": 1}', b"{}"])
async def test_a_command_must_say_where_its_result_goes(net: OcpiNet, body: bytes) -> None:
    answer = await net.p2.call(net.hub, "POST", "commands/receiver/START_SESSION", body, to="NLCPA")
    assert codes(answer) == (200, 2001)
    assert not net.p1.received


@spec("OCPI-CMD-15", "OCPI-HUB-23", "OCPI-HUB-24", "OCPI-CMD-14")
async def test_an_operator_that_is_not_there(net: OcpiNet) -> None:
    def hangs(_: Received) -> Any:
        raise httpx.ReadTimeout("no answer")

    net.p1.answers["POST", "commands"] = hangs
    slow = await asked(net)
    net.hub.network.silence("p1.test")
    gone = await asked(net)
    assert [codes(slow), codes(gone)] == [(200, 4002), (200, 4003)]
    assert all("data" not in answer.json() for answer in (slow, gone))
    await net.relay()
    assert len(net.p1.seen("POST", "commands")) == 1


@spec("OCPI-HUB-25")
async def test_an_operator_without_the_module(net: OcpiNet) -> None:
    await OcpiPartner("p4.test", ("CPO", "BE", "BAR"), endpoints=(("locations", "SENDER"),)).join(net.hub)
    assert codes(await asked(net, to="BEBAR")) == (200, 4000)


# --- without TO


@spec("OCPI-CMD-08", "OCPI-HUB-54", "OCPI-HUB-57")
@pytest.mark.parametrize("kind", [kind for kind in BODIES if kind != "FUTURE_CMD"])
async def test_the_content_says_who_is_to_act(net: OcpiNet, kind: str) -> None:
    await known(net)
    await asked(net, "RESERVE_NOW")
    net.forget()
    answer = await asked(net, kind, to=None)
    assert codes(answer) == (200, 1000)
    assert answer.headers["ocpi-from-party-id"] == "CPA"
    assert sent_to(net.p1).party("to") == "NLCPA"


@spec("OCPI-HUB-58", "OCPI-STC-06", "OCPI-HUB-57")
async def test_what_nobody_is_known_for(net: OcpiNet) -> None:
    await known(net)
    expected = {
        "START_SESSION": ({"location_id": "LOC9"}, 2003),
        "RESERVE_NOW": ({"location_id": "LOC9"}, 2003),
        "UNLOCK_CONNECTOR": ({"location_id": "LOC9"}, 2003),
        "STOP_SESSION": ({"session_id": "S9"}, 4001),
        "CANCEL_RESERVATION": ({}, 4001),
        "FUTURE_CMD": ({}, 4001),
    }
    for kind, (changes, code) in expected.items():
        assert codes(await asked(net, kind, to=None, **changes)) == (200, code)
    foreign = {"response_url": "https://p3.test/cb", "session_id": "S1"}
    answer = await net.p3.call(net.hub, "POST", "commands/receiver/STOP_SESSION", foreign, to=None, sender="FREMC")
    assert codes(answer) == (200, 4001)
    assert not net.p1.received


@spec("OCPI-HUB-59")
async def test_two_operators_with_the_same_ids(net: OcpiNet) -> None:
    await known(net)
    await net.p3.call(net.hub, "PUT", "locations/receiver/FR/CPC/LOC1", location(owner="FRCPC"), sender="FRCPC")
    other = session(owner="FRCPC")
    await net.p3.call(net.hub, "PUT", "sessions/receiver/FR/CPC/S1", other, to="DEEMB", sender="FRCPC")
    for kind in ("START_SESSION", "STOP_SESSION", "RESERVE_NOW"):
        assert codes(await asked(net, kind, to=None)) == (200, 2002)
        assert codes(await asked(net, kind)) == (200, 1000)


@spec("OCPI-CMD-12")
async def test_reservations_of_two_emsps_are_kept_apart(net: OcpiNet) -> None:
    await asked(net, "RESERVE_NOW")
    body = {**BODIES["RESERVE_NOW"], "token": token(owner="FREMC"), "response_url": "https://p3.test/cb"}
    await net.p3.call(net.hub, "POST", "commands/receiver/RESERVE_NOW", body, to="NLCPA", sender="FREMC")
    senders = [request.party("from") for request in net.p1.seen("POST", "commands")]
    assert senders == ["DEEMB", "FREMC"]
    assert {request.json["reservation_id"] for request in net.p1.seen("POST", "commands")} == {"R1"}
    cancel = {"response_url": "https://p3.test/cb", "reservation_id": "r1"}
    path = "commands/receiver/CANCEL_RESERVATION"
    assert codes(await net.p3.call(net.hub, "POST", path, cancel, to=None, sender="FREMC")) == (200, 1000)
    assert codes(await net.p3.call(net.hub, "POST", path, cancel, to=None, sender="FRNSC")) == (200, 4001)


# --- results


@spec("OCPI-HUB-79", "OCPI-HUB-81", "OCPI-CMD-05", "OCPI-TRN-24", "OCPI-TYP-12")
async def test_a_result_reaches_who_asked(net: OcpiNet) -> None:
    await asked(net)
    body = {"result": "ACCEPTED", "message": [{"language": "en", "text": "plug in"}], "x": 1}
    answer = await result(net, body)
    assert codes(answer) == (200, 1000)
    assert "data" not in answer.json()
    assert (answer.headers["x-request-id"], answer.headers["ocpi-from-party-id"]) == ("of P1", "EMB")
    (back,) = told(net)
    assert str(net.hub.network.requests_to("p2.test")[-1].url) == URL
    assert (back.path, back.query) == ("/cb/Start", "id=Ab%2F1")
    assert back.json == body
    assert (back.party("to"), back.party("from")) == ("DEEMB", "NLCPA")
    assert back.headers["x-request-id"] != "of P1"
    assert back.headers["x-correlation-id"] == "of the result"


@spec("OCPI-HUB-79", "OCPI-CMD-14")
@pytest.mark.parametrize("said", [(200, envelope(None, 2001, "no"), {}), (500, envelope(None, 3000), {})])
async def test_what_the_emsp_answers_to_a_result_is_passed_back_and_the_result_is_not_repeated(
    net: OcpiNet, said: Any
) -> None:
    net.p2.answers["POST", "Start"] = said
    await asked(net)
    answer = await result(net, {"result": "ACCEPTED"})
    assert (answer.status_code, answer.json()) == said[:2]
    await net.relay()
    assert len(told(net)) == 1


@spec("OCPI-TRP-47")
@spec("OCPI-CMD-04")
async def test_a_wrapped_result_is_sent_on_bare(net: OcpiNet) -> None:
    await asked(net)
    await result(net, envelope({"result": "EVSE_OCCUPIED"}))
    assert told(net)[0].json == {"result": "EVSE_OCCUPIED"}


async def test_a_result_that_is_no_json_goes_nowhere(net: OcpiNet) -> None:
    await asked(net)
    assert codes(await result(net, b"{")) == (400, 2001)
    assert not told(net)


@spec("OCPI-TRP-20")
@spec("OCPI-HUB-80", "OCPI-CMD-13")
async def test_a_reservation_may_be_cancelled_later_at_the_same_url(net: OcpiNet) -> None:
    await asked(net, "RESERVE_NOW")
    await result(net, {"result": "ACCEPTED"})
    net.hub.clock.advance(3 * 86400)
    assert codes(await result(net, {"result": "CANCELED_RESERVATION"})) == (200, 1000)
    assert [request.json["result"] for request in told(net)] == ["ACCEPTED", "CANCELED_RESERVATION"]


@spec("OCPI-HUB-79", "OCPI-HUB-84", "OCPI-CMD-19")
async def test_only_the_operator_finds_the_response_url_and_not_for_ever(net: OcpiNet) -> None:
    await asked(net)
    url = sent_to(net.p1).json["response_url"]
    for sender, address in ((net.p3, url), (net.p1, url + "0"), (net.p1, url + "/x"), (net.p1, url + "?y=1")):
        assert codes(await result(net, {"result": "ACCEPTED"}, sender, address)) == (404, 2001)
    net.hub.clock.advance(2 * 86400)
    assert codes(await result(net, {"result": "ACCEPTED"})) == (404, 2001)
    assert not told(net)


@spec("OCPI-HUB-85")
async def test_a_result_for_one_who_is_away_is_not_kept(net: OcpiNet) -> None:
    await asked(net)
    net.hub.network.silence("p2.test")
    assert codes(await result(net, {"result": "ACCEPTED"})) == (200, 4003)
    net.hub.network.serve("p2.test", net.p2)
    await net.p2.call(net.hub, "GET", "locations/sender")
    await net.relay()
    assert not told(net)


# --- what the hub remembers


@spec("OCPI-CMD-18", "OCPI-HUB-87")
async def test_an_accepted_start_has_a_journey_that_its_session_finds(net: OcpiNet) -> None:
    answers(net)
    await asked(net, authorization_reference="ref-1")
    assert sent_to(net.p1).json["authorization_reference"] == "ref-1"
    begun = session("S7", authorization_reference="ref-1", auth_method="COMMAND")
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S7", begun, to="DEEMB")
    (journey,) = net.hub.storage.journeys.held.values()
    assert (journey.reference, journey.operator_session_id) == ("ref-1", "S7")
    parties = {held.name: held.id for held in net.hub.storage.partners.held.values()}
    assert (journey.issuer_partner, journey.operator_partner) == (parties["p2.test"], parties["p1.test"])


@pytest.mark.parametrize(("said", "changes"), [("REJECTED", {}), ("ACCEPTED", {"token": {**APP_USER, "type": 1}})])
async def test_what_did_not_begin_or_cannot_be_read_has_none(net: OcpiNet, said: str, changes: Any) -> None:
    answers(net, result=said)
    assert codes(await asked(net, **changes)) == (200, 1000)
    assert not net.hub.storage.journeys.held


async def test_a_partner_that_left_is_not_told(net: OcpiNet) -> None:
    await asked(net)
    p2 = next(held for held in net.hub.storage.partners.held.values() if held.name == "p2.test")
    await net.hub.storage.partners.update(replace(p2, state=PartnerState.SUSPENDED))
    assert codes(await result(net, {"result": "ACCEPTED"})) == (200, 4003)


async def test_the_module_is_published(net: OcpiNet) -> None:
    details = (await net.p2.call(net.hub, "GET", "/ocpi/2.3.0", to=None)).json()["data"]["endpoints"]
    listed = {(one["identifier"], one["role"], one["url"]) for one in details}
    for role in ("SENDER", "RECEIVER"):
        assert ("commands", role, f"https://hub.test/ocpi/2.3.0/commands/{role.lower()}") in listed
    answer = await net.p2.call(net.hub, "GET", "commands/receiver/START_SESSION")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@spec("OCPI-CMD-17")
async def test_unlocking_may_be_forbidden_to_a_partner(net: OcpiNet) -> None:
    await known(net)
    answers(net)
    forbid_unlocking(net, "p2.test")
    for to in ("NLCPA", None):
        answer = await asked(net, "UNLOCK_CONNECTOR", to)
        assert codes(answer) == (200, 1000)
        assert answer.json()["data"]["result"] == "NOT_SUPPORTED"
    assert not net.p1.seen("POST", "commands")
    assert (await asked(net)).json()["data"]["result"] == "ACCEPTED"
    other = await net.p3.call(
        net.hub, "POST", "commands/receiver/UNLOCK_CONNECTOR", BODIES["UNLOCK_CONNECTOR"], to="NLCPA"
    )
    assert codes(other) == (200, 1000)
    assert net.p1.seen("POST", "commands")[-1].path.endswith("/UNLOCK_CONNECTOR")


def forbid_unlocking(net: OcpiNet, name: str) -> None:
    held = net.hub.storage.partners.held
    (partner,) = [one for one in held.values() if one.name == name]
    held[partner.id] = replace(partner, settings=settings_text(replace(settings_of(partner), unlocks=False)))
