"""OCPI: sessions."""

from typing import Any

import httpx
import pytest

from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import cdr_token, envelope, period, session, token

spec = pytest.mark.spec
PATH = "sessions/receiver/NL/CPA/S1"
ALL = "sessions/sender?date_from=2026-01-01T00:00:00Z"
T1, T2 = "2026-01-15T12:01:00Z", "2026-01-15T12:02:00Z"


async def put(net: OcpiNet, body: Any = None, path: str = PATH, to: str | None = "DEEMB") -> httpx.Response:
    return await net.p1.call(net.hub, "PUT", path, session() if body is None else body, to=to)


async def patch(net: OcpiNet, body: Any, path: str = PATH, to: str | None = "DEEMB") -> httpx.Response:
    return await net.p1.call(net.hub, "PATCH", path, body, to=to)


async def shown(net: OcpiNet) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await net.p2.call(net.hub, "GET", ALL)).json()["data"]
    return found


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


@spec("OCPI-HUB-64", "OCPI-HUB-93", "OCPI-SES-15")
async def test_a_session_goes_to_its_emsp_and_to_nobody_else(net: OcpiNet) -> None:
    for body in (session(), session(kwh=2.5, last_updated=T1)):
        assert codes(await put(net, body)) == (200, 1000)
    await net.relay()
    assert len(net.p2.seen("PUT", "sessions")) == 2
    copy = net.p2.seen("PUT", "sessions")[-1]
    assert copy.path == f"/2.3.0/{PATH}"
    assert (copy.party("to"), copy.party("from")) == ("DEEMB", "NLCPA")
    assert copy.json == session(kwh=2.5, last_updated=T1)
    assert not net.p3.received
    assert await shown(net) == [session(kwh=2.5, last_updated=T1)]
    for reader in (net.p1, net.p3):
        assert (await reader.call(net.hub, "GET", ALL)).json()["data"] == []


@spec("OCPI-TRP-44")
@spec("OCPI-SES-01", "OCPI-PAG-15")
async def test_a_list_needs_date_from(net: OcpiNet) -> None:
    answer = await net.p2.call(net.hub, "GET", "sessions/sender")
    assert codes(answer) == (200, 2001)
    assert "date_from" in answer.json()["status_message"]
    assert codes(await net.p2.call(net.hub, "GET", ALL)) == (200, 1000)


@spec("OCPI-TRP-28")
@spec("OCPI-SES-02", "OCPI-COP-03")
async def test_put_without_periods_removes_them(net: OcpiNet) -> None:
    await put(net, session(charging_periods=[period()]))
    await put(net, session(last_updated=T1))
    assert "charging_periods" not in (await shown(net))[0]


@spec("OCPI-TRP-28")
@spec("OCPI-SES-03", "OCPI-COP-09", "OCPI-COP-11")
async def test_patch_adds_periods(net: OcpiNet) -> None:
    await put(net, session(charging_periods=[period()]))
    assert codes(await patch(net, {"charging_periods": [period(T1)], "kwh": 3.0, "last_updated": T1})) == (200, 1000)
    assert (await shown(net))[0]["charging_periods"] == [period(), period(T1)]
    nothings: tuple[list[Any] | None, ...] = ([], None)
    for nothing in nothings:
        await patch(net, {"charging_periods": nothing, "kwh": 4, "last_updated": T2})
    data = (await shown(net))[0]
    assert data["charging_periods"] == [period(), period(T1)]
    assert data["kwh"] == 4


async def test_the_same_patch_twice_adds_its_periods_once(net: OcpiNet) -> None:
    await put(net)
    for _ in range(2):
        await patch(net, {"charging_periods": [period(T1)], "last_updated": T1})
    assert (await shown(net))[0]["charging_periods"] == [period(T1)]


@spec("OCPI-COP-16")
async def test_an_older_message_changes_nothing(net: OcpiNet) -> None:
    await put(net, session(last_updated=T2))
    assert codes(await put(net, session(kwh=9, last_updated=T1))) == (200, 1000)
    assert codes(await patch(net, {"charging_periods": [period()], "last_updated": T1})) == (200, 1000)
    assert await shown(net) == [session(last_updated=T2)]


@spec("OCPI-SES-04")
async def test_a_patch_that_does_not_say_when_is_the_emsps_to_judge_and_there_is_no_deeper_path(net: OcpiNet) -> None:
    await put(net)
    net.p2.answers["PATCH", "sessions"] = (200, envelope(None, 2001, "last_updated?"), {})
    assert codes(await patch(net, {"kwh": 2})) == (200, 2001)
    assert await shown(net) == [session()]
    for method in ("PUT", "PATCH", "GET"):
        answer = await net.p1.call(net.hub, method, f"{PATH}/x", {"last_updated": T1}, to="DEEMB")
        assert answer.status_code == 404


@spec("OCPI-TRP-17")
@spec("OCPI-SES-06", "OCPI-HUB-45")
async def test_a_session_is_no_broadcast(net: OcpiNet) -> None:
    assert codes(await put(net, to="NLHUB")) == (200, 2001)
    assert codes(await patch(net, {"last_updated": T1}, to="NLHUB")) == (200, 2001)
    assert not net.hub.storage.sessions.held
    await net.relay()
    assert not net.p2.seen("PUT", "sessions")


@spec("OCPI-SES-05")
async def test_without_to_the_token_says_who_it_is_for(net: OcpiNet) -> None:
    answer = await put(net, to=None)
    assert codes(answer) == (200, 1000)
    assert answer.headers["ocpi-from-party-id"] == "EMB"
    await net.relay()
    (copy,) = net.p2.seen("PUT", "sessions")
    assert copy.party("to") == "DEEMB"
    patched = await patch(net, {"kwh": 2, "last_updated": T1}, to=None)
    assert patched.headers["ocpi-from-party-id"] == "EMB"
    assert net.p2.seen("PATCH", "sessions")[0].party("to") == "DEEMB"


@spec("OCPI-STC-15")
async def test_nobody_to_send_it_to(net: OcpiNet) -> None:
    stranger = session(cdr_token=cdr_token(owner="ZZZZZ"))
    for to in ("ZZZZZ", None):
        assert codes(await put(net, stranger, to=to)) == (200, 4001)
    assert not net.hub.storage.sessions.held
    assert codes(await patch(net, {"last_updated": T1}, to=None)) == (200, 4001)
    assert codes(await put(net, {"id": "S1"}, to=None)) == (200, 2001)


@spec("OCPI-TRP-64", "OCPI-TRP-65")
@spec("OCPI-SES-07", "OCPI-SES-08", "OCPI-TYP-09")
async def test_a_reservation_becomes_a_session(net: OcpiNet) -> None:
    steps = [
        session(status="RESERVATION", evse_uid="#NA", connector_id="#NA"),
        session(status="ACTIVE", last_updated=T1),
        session(status="COMPLETED", end_date_time=T2, last_updated=T2),
    ]
    for step in steps:
        assert codes(await put(net, step))[1] == 1000
        assert await shown(net) == [step]
        await net.relay()
    assert [copy.json for copy in net.p2.seen("PUT", "sessions")] == steps


@spec("OCPI-SES-11")
async def test_two_operators_may_use_the_same_id(net: OcpiNet) -> None:
    await put(net)
    path = "sessions/receiver/FR/CPC/S1"
    other = session(owner="FRCPC", location_id="ELSEWHERE")
    assert codes(await net.p3.call(net.hub, "PUT", path, other, to="DEEMB", sender="FRCPC")) == (200, 1000)
    assert {one["party_id"]: one["location_id"] for one in await shown(net)} == {"CPA": "LOC1", "CPC": "ELSEWHERE"}


@spec("OCPI-SES-12")
async def test_late_updates_are_delivered(net: OcpiNet) -> None:
    await put(net, session(status="COMPLETED", end_date_time=T1, last_updated=T1))
    late = {"kwh": 7, "last_updated": T2}
    await patch(net, late)
    assert net.p2.seen("PATCH", "sessions")[-1].json == late
    assert (await shown(net))[0]["kwh"] == 7


@spec("OCPI-TRP-43")
@spec("OCPI-SES-16", "OCPI-SES-15", "OCPI-SES-17", "OCPI-TRN-47")
async def test_what_sessions_may_hold(net: OcpiNet) -> None:
    kinds = ("CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE")
    dimensions = [{"type": kind, "volume": 0.1} for kind in kinds]
    body = session(
        charging_periods=[period(dimensions=dimensions)], total_cost={"before_taxes": 0.0, "taxes": []}, meter_id="M"
    )
    assert codes(await put(net, body))[1] == 1000
    await net.relay()
    for data in (net.p2.seen("PUT", "sessions")[0].json, (await shown(net))[0]):
        assert data["charging_periods"] == body["charging_periods"]
        assert data["total_cost"]["before_taxes"] == 0
    for status in ("RESERVED", "active"):
        await put(net, session("S2", status=status), "sessions/receiver/NL/CPA/S2")
        assert net.p2.seen("PUT", "sessions")[-1].json["status"] == status
    assert await shown(net) == [body]


@spec("OCPI-SES-13", "OCPI-HUB-54")
@pytest.mark.parametrize("to", ["DEEMB", None])
async def test_the_operator_asks_the_emsp_what_it_has(net: OcpiNet, to: str | None) -> None:
    await put(net)
    theirs = session(kwh=9)
    net.p2.answers["GET", "sessions"] = (200, envelope(theirs), {})
    answer = await net.p1.call(net.hub, "GET", PATH, to=to)
    assert answer.json()["data"] == theirs
    assert answer.headers["ocpi-from-party-id"] == "EMB"
    assert net.p2.seen("GET", "sessions")[0].path == f"/2.3.0/{PATH}"


@spec("OCPI-HUB-27")
async def test_a_copy_for_another_than_the_issuer_is_not_kept(net: OcpiNet) -> None:
    assert codes(await put(net, to="FRNSC")) == (200, 1000)
    assert net.p3.seen("PUT", "sessions")[0].party("to") == "FRNSC"
    assert await shown(net) == []


@pytest.mark.parametrize("refusal", [(200, envelope(None, 2001), {}), (404, envelope(None, 2003), {})])
async def test_what_the_emsp_refuses_is_not_kept(net: OcpiNet, refusal: Any) -> None:
    net.p2.answers["PUT", "sessions"] = refusal
    assert (await put(net)).status_code == refusal[0]
    assert await shown(net) == []


@spec("OCPI-TRP-24")
@spec("OCPI-HUB-32", "OCPI-TRN-50", "OCPI-HUB-64")
async def test_what_an_emsp_missed_is_listed_and_not_sent_later(net: OcpiNet) -> None:
    net.hub.network.silence("p2.test")
    assert codes(await put(net)) == (200, 4003)
    assert codes(await patch(net, {"kwh": 3, "last_updated": T1}, to=None)) == (200, 4003)
    net.hub.network.serve("p2.test", net.p2)
    assert await shown(net) == [session(kwh=3, last_updated=T1)]
    await net.relay()
    assert not net.p2.seen("PUT", "sessions") + net.p2.seen("PATCH", "sessions")


@spec("OCPI-SES-10", "OCPI-HUB-55", "OCPI-HUB-57")
@pytest.mark.parametrize("to", ["NLCPA", None])
@pytest.mark.parametrize("said", [(200, envelope("ACCEPTED"), {}), (404, envelope(None, 2001, "not capable"), {})])
async def test_a_drivers_wishes_go_to_the_operator(net: OcpiNet, to: str | None, said: Any) -> None:
    await put(net)
    wishes = {"profile_type": "CHEAP", "departure_time": T2}
    path = "sessions/sender/S1/charging_preferences"
    net.p1.answers["PUT", "sessions"] = said
    answer = await net.p2.call(net.hub, "PUT", path, wishes, to=to)
    assert (answer.status_code, answer.json()) == said[:2]
    bare = await net.p2.call(net.hub, "PUT", path.removesuffix("/charging_preferences"), wishes, to=to)
    assert bare.status_code in (404, 405)
    (asked,) = net.p1.seen("PUT", "sessions")
    assert (asked.path, asked.json, asked.party("to")) == (f"/2.3.0/{path}", wishes, "NLCPA")


async def test_wishes_for_nobodys_session(net: OcpiNet) -> None:
    path = "sessions/sender/S1/charging_preferences"
    assert codes(await net.p2.call(net.hub, "PUT", path, {}, to=None)) == (200, 4001)
    assert codes(await net.p2.call(net.hub, "PUT", path, {})) == (200, 2001)
    await put(net)
    other = session(owner="FRCPC")
    await net.p3.call(net.hub, "PUT", "sessions/receiver/FR/CPC/S1", other, to="DEEMB", sender="FRCPC")
    assert codes(await net.p2.call(net.hub, "PUT", path, {}, to=None)) == (200, 2002)


@spec("OCPI-HUB-69", "OCPI-COP-18", "OCPI-COP-07")
async def test_the_operator_compares(net: OcpiNet) -> None:
    await put(net)
    assert (await net.p1.call(net.hub, "GET", PATH)).json()["data"] == session()
    missing = await net.p1.call(net.hub, "GET", "sessions/receiver/NL/CPA/NOPE")
    assert codes(missing) == (404, 2001)
    for method in ("GET", "PUT", "PATCH"):
        answer = await net.p2.call(net.hub, method, PATH, session(last_updated=T2), to="NLCPA")
        assert codes(answer) == (404, 2001)
    assert await shown(net) == [session()]


@spec("OCPI-SES-09", "OCPI-HUB-87")
async def test_the_reference_of_the_authorisation_comes_back(net: OcpiNet) -> None:
    info = {"allowed": "ALLOWED", "token": token(), "authorization_reference": "ref-1"}
    net.p2.answers["POST", "tokens"] = (200, envelope(info), {})
    await net.p1.call(net.hub, "POST", "tokens/sender/04AABBCC/authorize", to="DEEMB")
    await put(net, session(authorization_reference="ref-1"))
    await net.relay()
    (copy,) = net.p2.seen("PUT", "sessions")
    assert (copy.json["authorization_reference"], copy.json["id"]) == ("ref-1", "S1")
    (journey,) = net.hub.storage.journeys.held.values()
    assert journey.operator_session_id == "S1"
