"""OCPI: remote start and stop at an operator of another protocol: the hub stands in for it. OCPI, mod_commands."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from core.model.authorisation import JourneyState
from core.model.command import Command
from protocols.ocpi.plugin import PLUGIN
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, Received, cast, envelope, evse, location, session, token

spec = pytest.mark.spec
URL = "https://p2.test/cb/Start?id=Ab%2F1"
START, STOP = "commands/receiver/START_SESSION", "commands/receiver/STOP_SESSION"
LATER = "2026-01-15T12:05:00Z"


@pytest.fixture
async def net() -> AsyncIterator[OcpiNet]:
    """P1 is known under another protocol, whose adapter happens to be that of OCPI."""
    async with TestHub.open([PLUGIN]) as hub:
        _, p2, p3 = cast()
        p1 = OcpiPartner("p1.test", ("CPO", "NL", "CPA"), ("CPO", "BE", "CPA"), version="2.2.1")
        for partner in (p1, p2, p3):
            await partner.join(hub)
        hub.adapters["other"] = hub.adapters[PLUGIN.id]
        await of_another_protocol(hub, p1)
        found = OcpiNet(hub, p1, p2, p3)
        found.forget()
        yield found


async def of_another_protocol(hub: TestHub, partner: OcpiPartner) -> None:
    known = next(held for held in hub.storage.partners.held.values() if held.name == partner.host)
    await hub.storage.partners.update(replace(known, protocol="other"))


def start(**changes: Any) -> dict[str, Any]:
    app_user = token("app-1", type="APP_USER")
    return {"response_url": URL, "token": app_user, "location_id": "LOC1", "evse_uid": "E1", **changes}


def stop(session_id: str = "S1", **changes: Any) -> dict[str, Any]:
    return {"response_url": URL, "session_id": session_id, **changes}


async def stations(net: OcpiNet, **answer: Any) -> None:
    """P1 has a location and accepts commands."""
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    await net.relay()
    answers(net.p1, **answer)
    net.forget()


def answers(partner: OcpiPartner, **members: Any) -> None:
    response = {"result": "ACCEPTED", "timeout": 30, **members}
    partner.answers["POST", "commands"] = (200, envelope(response), {})


async def asked(net: OcpiNet, body: Any = None, path: str = START, to: str | None = "NLCPA") -> httpx.Response:
    return await net.p2.call(net.hub, "POST", path, start() if body is None else body, to=to)


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


def result(answer: httpx.Response) -> str:
    assert codes(answer) == (200, 1000), answer.text
    said: str = answer.json()["data"]["result"]
    return said


def sent_to(partner: OcpiPartner) -> Received:
    (request,) = partner.seen("POST", "commands")
    return request


async def post_result(net: OcpiNet, url: str, body: Any, by: OcpiPartner | None = None) -> httpx.Response:
    """A result without routing headers."""
    return await (by or net.p1).call(net.hub, "POST", url.removeprefix("https://hub.test"), body, to=None, sender=None)


def replying(net: OcpiNet, body: Any, seen: list[httpx.Response] | None = None) -> None:
    """P1 posts this result while the hub waits for it."""

    async def post(command: Command) -> None:
        answer = await post_result(net, sent_to(net.p1).json["response_url"], body)
        assert codes(answer) == (200, 1000)
        assert "data" not in answer.json()
        if seen is not None:
            seen.append(answer)

    net.hub.processes.meanwhile = post


def told(net: OcpiNet) -> list[Received]:
    return [request for request in net.p2.received if request.path.startswith("/cb/")]


@spec("OCPI-CMD-02", "OCPI-CMD-05", "OCPI-CMD-08", "OCPI-CMD-18", "OCPI-HUB-76", "OCPI-HUB-81")
@spec("OCPI-HUB-87", "OCPI-HUB-88", "OCPI-TYP-12")
@pytest.mark.parametrize("to", ["NLCPA", None])
async def test_a_start_goes_to_the_operator_and_its_result_back(net: OcpiNet, to: str | None) -> None:
    await stations(net)
    body = start(authorization_reference="ref-1", evse_uid="e1")
    answer = await asked(net, body, to=to)
    assert result(answer) == "ACCEPTED"
    assert answer.json()["data"]["timeout"] == 60
    assert answer.headers["ocpi-from-party-id"] == "CPA"
    assert not net.p1.received
    replying(net, {"result": "ACCEPTED", "message": [{"language": "en", "text": "plug in"}]})
    await net.hub.processes.work()
    request = sent_to(net.p1)
    url = request.json["response_url"]
    assert url.startswith("https://hub.test/ocpi/2.2.1/commands/sender/")
    assert len(url) <= 255
    assert (request.party("to"), request.party("from")) == ("NLCPA", "DEEMB")
    assert request.path == "/2.2.1/commands/receiver/START_SESSION"
    assert request.json == {**body, "response_url": url}
    (back,) = told(net)
    assert str(net.hub.network.requests_to("p2.test")[-1].url) == URL
    assert (back.path, back.query) == ("/cb/Start", "id=Ab%2F1")
    assert back.json == {"result": "ACCEPTED", "message": [{"language": "en", "text": "plug in"}]}
    assert (back.party("to"), back.party("from")) == ("DEEMB", "NLCPA")
    (journey,) = net.hub.storage.journeys.held.values()
    assert (journey.state, journey.reference) == (JourneyState.AUTHORISED, "ref-1")


@spec("OCPI-CMD-04")
async def test_a_wrapped_result_is_sent_on_bare(net: OcpiNet) -> None:
    await stations(net)
    await asked(net)
    replying(net, envelope({"result": "EVSE_OCCUPIED"}))
    await net.hub.processes.work()
    assert told(net)[0].json == {"result": "EVSE_OCCUPIED"}
    (journey,) = net.hub.storage.journeys.held.values()
    assert journey.state is JourneyState.REFUSED


@pytest.mark.parametrize(("said", "expected"), [("REJECTED", "REJECTED"), ("NOT_SUPPORTED", "NOT_SUPPORTED")])
async def test_an_operator_that_does_not_accept_is_told_as_the_result(net: OcpiNet, said: str, expected: str) -> None:
    await stations(net, result=said, timeout=0, message=[{"language": "nl", "text": "nee"}])
    await asked(net)
    await net.hub.processes.work()
    assert told(net)[0].json == {"result": expected, "message": [{"language": "nl", "text": "nee"}]}


async def test_a_silence_is_a_timeout(net: OcpiNet) -> None:
    await stations(net)
    await asked(net)
    await net.hub.processes.work()
    assert told(net)[0].json == {"result": "TIMEOUT"}


@spec("OCPI-HUB-84")
async def test_a_result_that_comes_too_late_finds_nothing(net: OcpiNet) -> None:
    await stations(net)
    await asked(net)
    await net.hub.processes.work()
    late = await post_result(net, sent_to(net.p1).json["response_url"], {"result": "ACCEPTED"})
    assert codes(late) == (404, 2001)
    assert len(told(net)) == 1


@spec("OCPI-HUB-84", "OCPI-CMD-19")
async def test_only_the_operator_finds_the_response_url(net: OcpiNet) -> None:
    await stations(net)
    await asked(net)

    async def others(command: Command) -> None:
        url = sent_to(net.p1).json["response_url"]
        for sender, address in (
            (net.p3, url.replace("2.2.1", "2.3.0")),
            (net.p1, url + "0"),
            (net.p1, url + "/x"),
            (net.p1, url + "?y=1"),
        ):
            answer = await post_result(net, address, {"result": "ACCEPTED"}, sender)
            assert codes(answer) == (404, 2001)

    net.hub.processes.meanwhile = others
    await net.hub.processes.work()
    assert told(net)[0].json == {"result": "TIMEOUT"}


async def test_a_result_must_be_one(net: OcpiNet) -> None:
    await stations(net)
    await asked(net)

    async def wrong(command: Command) -> None:
        url = sent_to(net.p1).json["response_url"]
        for body in ({"result": "MAYBE"}, {}, b"[]", envelope({"result": "MAYBE"})):
            assert codes(await post_result(net, url, body)) == (200, 2001)

    net.hub.processes.meanwhile = wrong
    await net.hub.processes.work()


@spec("OCPI-CMD-14")
async def test_a_result_is_told_once(net: OcpiNet) -> None:
    await stations(net)
    net.p2.answers["POST", "cb"] = (500, envelope(None, 3000), {})
    net.p2.answers["POST", "Start"] = (500, envelope(None, 3000), {})
    await asked(net)
    replying(net, {"result": "ACCEPTED"})
    await net.hub.processes.work()
    await net.relay()
    assert len(told(net)) == 1


@spec("OCPI-CMD-10", "OCPI-CMD-20")
async def test_the_token_is_neither_checked_nor_kept(net: OcpiNet) -> None:
    await stations(net)
    assert result(await asked(net, start(token=token("never-seen", type="APP_USER", valid=False)))) == "ACCEPTED"
    await net.hub.processes.work()
    assert sent_to(net.p1).json["token"]["valid"] is False
    assert not net.hub.storage.tokens.held
    assert not net.p2.seen("POST", "tokens")


@spec("OCPI-CMD-09")
async def test_a_token_of_another_is_refused(net: OcpiNet) -> None:
    await stations(net)
    answer = await asked(net, start(token=token(owner="FREMC")))
    assert codes(answer) == (200, 2001)
    assert "data" not in answer.json()


@pytest.mark.parametrize("changes", [{"location_id": "LOC9"}, {"evse_uid": "E9"}])
async def test_what_is_nowhere_cannot_start(net: OcpiNet, changes: dict[str, str]) -> None:
    await stations(net)
    answer = await asked(net, start(**changes))
    assert codes(answer) == (200, 2003)
    assert not net.hub.processes.commands


@spec("OCPI-HUB-59")
async def test_a_location_of_two_operators_needs_to(net: OcpiNet) -> None:
    await stations(net)
    await net.p3.call(net.hub, "PUT", "locations/receiver/FR/CPC/LOC1", location(owner="FRCPC"), sender="FRCPC")
    assert codes(await asked(net, to=None)) == (200, 2002)
    assert result(await asked(net)) == "ACCEPTED"


@spec("OCPI-CMD-11")
async def test_a_connector_needs_its_evse(net: OcpiNet) -> None:
    await stations(net)
    answer = await asked(net, start(evse_uid=None, connector_id="1"))
    assert codes(answer) == (200, 2001)
    assert result(await asked(net, start(connector_id="1"))) == "ACCEPTED"
    await net.hub.processes.work()
    assert sent_to(net.p1).json["connector_id"] == "1"


async def test_an_operator_that_is_not_connected(net: OcpiNet) -> None:
    await stations(net)
    (p1,) = [held for held in net.hub.storage.partners.held.values() if held.name == "p1.test"]
    await net.hub.hub.partners.not_reached(p1.id)
    answer = await asked(net)
    assert codes(answer) == (200, 4003)
    assert "data" not in answer.json()


async def test_an_operator_that_cannot_be_reached_in_the_end(net: OcpiNet) -> None:
    await stations(net)
    assert result(await asked(net)) == "ACCEPTED"
    net.hub.network.silence("p1.test")
    await net.hub.processes.work()
    assert told(net)[0].json["result"] == "REJECTED"


@pytest.mark.parametrize("kind", ["UNLOCK_CONNECTOR", "FUTURE_CMD"])
async def test_what_the_hub_does_not_carry_is_said(net: OcpiNet, kind: str) -> None:
    await stations(net)
    answer = await asked(net, {"response_url": URL}, f"commands/receiver/{kind}")
    assert result(answer) == "NOT_SUPPORTED"
    assert not net.p1.received


async def test_an_operator_without_the_module(net: OcpiNet) -> None:
    bare = OcpiPartner("p4.test", ("CPO", "BE", "BAR"), endpoints=(("locations", "SENDER"),), version="2.2.1")
    await bare.join(net.hub)
    await of_another_protocol(net.hub, bare)
    held = location(owner="BEBAR", evses=[evse(evse_id="BE*BAR*E1")])
    await bare.call(net.hub, "PUT", "locations/receiver/BE/BAR/LOC1", held)
    assert result(await asked(net, to="BEBAR")) == "NOT_SUPPORTED"
    assert not net.hub.storage.journeys.held


async def test_without_the_process_engine_nothing_is_promised(net: OcpiNet) -> None:
    await stations(net)
    net.hub.processes.down = True
    assert codes(await asked(net)) == (200, 3000)


# --- stop


async def charging(net: OcpiNet, **changes: Any) -> None:
    await stations(net)
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", session(**changes), to="DEEMB")
    await net.relay()
    net.forget()


@spec("OCPI-CMD-08")
@pytest.mark.parametrize("to", ["NLCPA", None])
async def test_a_stop_names_the_operators_session(net: OcpiNet, to: str | None) -> None:
    await charging(net)
    assert result(await asked(net, stop("s1"), STOP, to)) == "ACCEPTED"
    replying(net, {"result": "ACCEPTED"})
    await net.hub.processes.work()
    request = sent_to(net.p1)
    assert request.json == {"response_url": request.json["response_url"], "session_id": "S1"}
    assert told(net)[0].json == {"result": "ACCEPTED"}


async def test_a_refused_stop_leaves_the_session_to_be_stopped_again(net: OcpiNet) -> None:
    await charging(net)
    for said in ("REJECTED", "ACCEPTED"):
        answers(net.p1, result=said)
        assert result(await asked(net, stop(), STOP)) == "ACCEPTED"
        await net.hub.processes.work()
    assert [request.json["result"] for request in told(net)] == ["REJECTED", "TIMEOUT"]
    assert len(net.hub.storage.journeys.held) == 1


async def test_a_session_that_a_start_began(net: OcpiNet) -> None:
    await stations(net)
    await asked(net, start(authorization_reference="ref-9"))
    replying(net, {"result": "ACCEPTED"})
    await net.hub.processes.work()
    begun = session("S7", authorization_reference="ref-9", auth_method="COMMAND")
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S7", begun, to="DEEMB")
    net.forget()
    assert result(await asked(net, stop("S7"), STOP)) == "ACCEPTED"
    await net.hub.processes.work()
    assert sent_to(net.p1).json["session_id"] == "S7"
    assert len(net.hub.storage.journeys.held) == 1


@spec("OCPI-HUB-58")
async def test_no_such_session_or_not_ones_own(net: OcpiNet) -> None:
    await charging(net)
    assert result(await asked(net, stop("S9"), STOP)) == "UNKNOWN_SESSION"
    assert codes(await asked(net, stop("S9"), STOP, None)) == (200, 4001)
    asks = stop(response_url="https://p3.test/cb")
    foreign = await net.p3.call(net.hub, "POST", STOP, asks, to="NLCPA", sender="FREMC")
    assert result(foreign) == "UNKNOWN_SESSION"
    assert not net.hub.processes.commands


@spec("OCPI-HUB-59")
async def test_a_session_of_two_operators_needs_to(net: OcpiNet) -> None:
    await charging(net)
    other = session(owner="FRCPC")
    await net.p3.call(net.hub, "PUT", "sessions/receiver/FR/CPC/S1", other, to="DEEMB", sender="FRCPC")
    assert codes(await asked(net, stop(), STOP, None)) == (200, 2002)
    assert result(await asked(net, stop(), STOP)) == "ACCEPTED"


async def test_a_session_that_is_billed_is_over(net: OcpiNet) -> None:
    await charging(net)
    await asked(net, stop(), STOP)
    await net.hub.processes.work()
    (journey,) = net.hub.storage.journeys.held.values()
    await net.hub.storage.journeys.update(replace(journey, state=JourneyState.BILLED))
    assert result(await asked(net, stop(), STOP)) == "UNKNOWN_SESSION"


async def test_a_driver_sees_a_session_that_begins_after_all(net: OcpiNet) -> None:
    """The result was not heard in time, and the car charges."""
    await stations(net)
    await asked(net, start(authorization_reference="ref-7"))
    await net.hub.processes.work()
    assert told(net)[0].json == {"result": "TIMEOUT"}
    begun = session(authorization_reference="ref-7", auth_method="COMMAND", currency="EUR")
    answer = await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", begun, to="DEEMB")
    assert codes(answer) == (201, 1000)
    await net.relay()
    assert len(net.p2.seen("PUT", "sessions")) == 1
    assert not net.hub.processes.launched
    assert result(await asked(net, stop(), STOP)) == "ACCEPTED"
