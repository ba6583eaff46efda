"""Simulated eMIP networks and a whole hub: they read and write their XML by themselves, so that what they understand is
what the hub said."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
import pytest_asyncio

from core.model.ids import PartyId
from gateway.simulator.emip.home import EmipHome
from gateway.simulator.emip.host import EmipHost
from gateway.simulator.network import Card, NotAsTold
from gateway.simulator.roles import Bill, Live, Refusal, Verdict
from gateway.simulator.stations import Operator, Outlet, Point, Socket, Station
from gateway.simulator.visits import Price, Visit, key
from protocols.emip.plugin import PLUGIN as EMIP
from protocols.ocpi.plugin import PLUGIN as OCPI
from tests.flows.emip_partners import assert_valid, body_of
from tests.flows.hub import HUB_URL, TestHub
from tests.flows.ocpi_partner import OcpiPartner, cdr, envelope, evse, location, session, token
from tests.flows.simulated import Town

HOST, HOME = PartyId("FR", "ZC1"), PartyId("FR", "ZM1")
GOOD = Card(uid="04A1B2C3D4E5F6", contract_id="FR-ZM1-C00012345")
BLOCKED = Card(uid="04A1B2C3D4E5F7", contract_id="FR-ZM1-C00012346", blocked=True)
SILENT = Card(uid="04A1B2C3D4E5F8", contract_id="FR-ZM1-C00012347", silent=True)
STRANGE = Card(uid="04FFFFFFFFFFFF", contract_id="FR-ZZZ-C00000001")
OTHERS = Card(uid="04AABBCC112233", contract_id="DE-EMB-C12345678")
"""Of the OCPI eMSP."""
BEGAN, ENDED = datetime(2026, 1, 15, 10, tzinfo=UTC), datetime(2026, 1, 15, 10, 50, 30, tzinfo=UTC)
URL = "https://emsp.test/cb/1"


def point(number: int) -> Point:
    return Point(
        evse_id=f"FR*ZC1*E1*{number}",
        station_id="P1",
        operator=HOST,
        operator_name="Zett",
        station_name="Zett Lyon",
        address="Rue de la Gare 1",
        street="Rue de la Gare",
        city="Lyon",
        latitude=Decimal("45.75781"),
        longitude=Decimal("4.83201"),
        power_kw=Decimal(22),
        outlets=(Outlet(socket=Socket.TYPE_2, cable=False, power_kw=Decimal(22)),),
        updated_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


ONE, TWO = point(1), point(2)


def visit(card: Card = GOOD, at: Point = ONE) -> Visit:
    energy = Decimal("12.345")
    return Visit(id="ZC1-S-1", card=card, point=at, started_at=BEGAN, ended_at=ENDED, energy_kwh=energy)


class Net(NamedTuple):
    """An operator and an eMSP on eMIP, an operator (NL CPA) and an eMSP (DE EMB) on OCPI."""

    hub: TestHub
    host: EmipHost
    home: EmipHome
    cpo: OcpiPartner
    emsp: OcpiPartner
    town: Town

    def statuses(self) -> dict[str, str]:
        return {one.uid: one.status.value for one in self.hub.storage.locations.held["FRZC1/P1"].evses}

    def answers(self, allowed: str) -> None:
        info = {"allowed": allowed, "token": token(OTHERS.uid), "authorization_reference": "ref-1"}
        self.emsp.answers["POST", "tokens"] = (200, envelope(info), {})


async def is_valid(request: httpx.Request) -> None:
    """Whatever an eMIP network sends to the hub is of our own schema, which knows one order and one form."""
    if request.url.path.startswith("/emip"):
        element = body_of(request)
        assert_valid(element, element.tag[1:].partition("}")[0])


@pytest_asyncio.fixture
async def net() -> AsyncIterator[Net]:
    async with TestHub.open([OCPI, EMIP], authorise_deadline_s=0.3) as hub:
        cpo = await OcpiPartner("cpo.test", ("CPO", "NL", "CPA")).join(hub)
        emsp = await OcpiPartner("emsp.test", ("EMSP", "DE", "EMB")).join(hub)
        host, home = EmipHost("Zett", HOST, HUB_URL, Price("AGREED", Decimal("0.42"))), EmipHome("Emm", HOME, HUB_URL)
        hub.client.event_hooks["request"].append(is_valid)
        town = Town(hub)
        await town.join(host, home)
        await host.offer(Operator(HOST, "Zett", (Station("P1", (ONE, TWO)),)))
        await home.hand_out([GOOD, BLOCKED, SILENT])
        await emsp.call(hub, "PUT", f"tokens/receiver/DE/EMB/{OTHERS.uid}", token(OTHERS.uid))
        await cpo.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(evses=[evse(evse_id="NL*CPA*EE1")]))
        await hub.relay()
        cpo.received.clear()
        yield Net(hub, host, home, cpo, emsp, town)
        await town.close()


# --- the operator


async def test_stations_are_handed_in_and_their_statuses_told(net: Net) -> None:
    [put] = net.emsp.seen("PUT", "locations")[:1]
    assert [one["evse_id"] for one in put.json["evses"]] == [ONE.evse_id, TWO.evse_id]
    assert net.statuses() == {ONE.evse_id: "AVAILABLE", TWO.evse_id: "AVAILABLE"}


async def test_statuses_come_and_go(net: Net) -> None:
    for live, status in (
        (Live.CHARGING, "CHARGING"),
        (Live.BROKEN, "OUTOFORDER"),
        (Live.CHARGING, "CHARGING"),
        (Live.BROKEN, "OUTOFORDER"),
        (Live.FREE, "AVAILABLE"),
    ):
        await net.host.show(TWO, live)
        assert net.statuses() == {ONE.evse_id: "AVAILABLE", TWO.evse_id: status}


@pytest.mark.parametrize(
    ("card", "verdict", "why"),
    [
        (GOOD, Verdict.ALLOWED, "authorisationValue 1, requestStatus 1"),
        (BLOCKED, Verdict.REFUSED, "authorisationValue 2, requestStatus 1"),
        (STRANGE, Verdict.UNKNOWN, "authorisationValue 2, requestStatus 203"),
        (SILENT, Verdict.UNANSWERED, "authorisationValue 2, requestStatus 10210"),
    ],
)
async def test_a_card_and_what_is_said_of_it(net: Net, card: Card, verdict: Verdict, why: str) -> None:
    charging = net.host.charging(visit(card))
    if card is STRANGE:
        net.emsp.answers["POST", "tokens"] = (404, envelope(None, 2004), {})
    assert (await charging.authorise(), charging.why) == (verdict, why)


async def test_a_visit_between_two_of_emip(net: Net) -> None:
    charging = net.host.charging(visit())
    assert await charging.authorise() is Verdict.ALLOWED
    await charging.begin()
    assert net.statuses()[ONE.evse_id] == "CHARGING"
    await charging.proceed()
    [held] = net.hub.storage.sessions.held.values()
    assert held.energy_kwh == Decimal("6.172")
    await net.hub.relay()
    assert not net.home.followed(visit())
    await charging.end()
    await net.hub.relay()
    assert net.home.followed(visit())
    assert not net.home.followed(visit(at=TWO))
    await charging.bill()
    await charging.bill()
    await net.hub.settle()
    assert await net.home.bills() == {visit().key: [bill(visit())]}


def bill(of: Visit, **changes: Any) -> Bill:
    made = Bill(
        evse_id=of.point.evse_id,
        started_at=of.started_at,
        ended_at=of.ended_at,
        energy_kwh=of.energy_kwh,
        card_uid=of.card.uid,
        net=Decimal("5.18"),
    )
    return msgspec.structs.replace(made, **changes)


async def test_an_ocpi_driver_at_an_emip_station(net: Net) -> None:
    net.answers("ALLOWED")
    stay = visit(OTHERS)
    charging = net.host.charging(stay)
    assert await charging.authorise() is Verdict.ALLOWED
    await charging.begin()
    await charging.proceed()  # an OCPI eMSP did not ask for records on the way
    await charging.end()
    await charging.bill()
    await net.hub.settle()
    shown = net.emsp.seen("PUT", "sessions")[-1].json
    assert (shown["id"], shown["status"], shown["kwh"]) == (stay.id, "COMPLETED", 0)
    [posted] = net.emsp.seen("POST", "cdrs")
    assert posted.json["total_energy"] == 12.345
    assert posted.json["total_cost"]["before_taxes"] == 5.18
    assert posted.json["cdr_token"]["uid"] == OTHERS.uid
    assert posted.json["cdr_location"]["evse_id"] == ONE.evse_id
    assert [posted.json[name] for name in ("start_date_time", "end_date_time")] == [
        "2026-01-15T10:00:00Z",
        "2026-01-15T10:50:30Z",
    ]


@pytest.mark.parametrize("allowed", ["BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"])
async def test_emip_says_no_without_saying_why(net: Net, allowed: str) -> None:
    net.answers(allowed)
    assert await net.host.charging(visit(OTHERS)).authorise() is Verdict.REFUSED


async def test_nothing_is_done_before_it_is_allowed(net: Net) -> None:
    with pytest.raises(NotAsTold, match="was not authorised"):
        await net.host.charging(visit()).bill()


async def test_another_status_than_was_hoped_for_is_named(net: Net) -> None:
    strange = msgspec.structs.replace(ONE, evse_id="FR*ZC1*E9")
    with pytest.raises(NotAsTold, match="SetEVSEBusyStatus was answered with requestStatus 10601"):
        await net.host.show(strange, Live.FREE)


async def test_a_fault_is_named_with_its_words(net: Net) -> None:
    net.host._key = "wrong"
    with pytest.raises(NotAsTold, match="HeartBeat was answered HTTP 401, Fault: "):
        await net.host.heart_beat()


async def test_what_is_no_soap_is_named(net: Net) -> None:
    net.host._base = f"{HUB_URL}/ocpi/versions"
    with pytest.raises(NotAsTold, match=r"HeartBeat was answered HTTP 4\d\d, not XML"):
        await net.host.heart_beat()


# --- the eMSP, at an operator on OCPI


async def test_an_emip_driver_at_an_ocpi_station(net: Net) -> None:
    asked = {"location_id": "LOC1", "evse_uids": ["E1"]}
    answer = await net.cpo.call(net.hub, "POST", f"tokens/sender/{GOOD.uid}/authorize?type=RFID", asked)
    info = answer.json()["data"]
    assert (info["allowed"], info["token"]["contract_id"]) == ("ALLOWED", GOOD.contract_id)
    driver = {name: info["token"][name] for name in ("country_code", "party_id", "uid", "type", "contract_id")}
    more = {"cdr_token": driver, "authorization_reference": info["authorization_reference"]}
    begun = session(start_date_time="2026-01-15T10:00:00Z", **more)
    await net.cpo.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", begun, to="FRZM1")
    ended = {**begun, "status": "COMPLETED", "end_date_time": "2026-01-15T11:00:00Z"}
    ended["last_updated"] = "2026-01-15T12:00:01Z"
    await net.cpo.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", ended, to="FRZM1")
    await net.hub.relay()
    there = msgspec.structs.replace(ONE, evse_id="NL*CPA*EE1")
    assert net.home.followed(visit(at=there))
    await net.cpo.call(net.hub, "POST", "cdrs/receiver", cdr(**more), to="FRZM1")
    await net.hub.settle()
    [[found]] = (await net.home.bills()).values()
    assert found.key == key("NL*CPA*EE1", BEGAN)
    assert (found.energy_kwh, found.net, found.card_uid) == (Decimal("12.345"), Decimal(4), GOOD.uid)


async def test_a_record_that_comes_twice_is_refused_and_counted(net: Net) -> None:
    charging = net.host.charging(visit())
    await charging.authorise()
    record = charging.record()
    asked = {"transactionId": "T", "chargeDetailRecord": record}
    assert [(await net.home._answered("SetChargeDetailRecord", asked) or {})["requestStatus"] for _ in "12"] == [
        1,
        10701,
    ]
    assert len((await net.home.bills())[visit().key]) == 2


async def test_a_home_sees_no_stations(net: Net) -> None:
    assert (await net.home.stations(), await net.home.status(ONE)) == (set(), None)


@pytest.mark.parametrize("network", ["host", "home"])
@pytest.mark.parametrize("content", [b"<x/>", b"{}", b""])
async def test_what_a_network_does_not_know(net: Net, network: str, content: bytes) -> None:
    url = f"{getattr(net, network).url}/emip"
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.post(url, content=content)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")


# --- from afar


async def ocpi_command(net: Net, kind: str, **body: Any) -> str:
    """What the charge point's own result is."""
    said = await net.emsp.call(net.hub, "POST", f"commands/receiver/{kind}", {"response_url": URL, **body}, to="FRZC1")
    assert said.json()["data"]["result"] == "ACCEPTED", said.text
    await net.hub.processes.work()
    result: str = net.emsp.received[-1].json["result"]
    return result


async def test_an_ocpi_emsp_starts_and_stops_at_an_emip_station(net: Net) -> None:
    start = {"token": token(OTHERS.uid), "location_id": "P1", "evse_uid": ONE.evse_id}
    assert await ocpi_command(net, "START_SESSION", **start) == "ACCEPTED"
    charging = await net.host.started(visit(OTHERS))
    await charging.begin()
    await net.hub.relay()
    shown = net.emsp.seen("PUT", "sessions")[-1].json
    assert not net.host.stopped(charging)
    assert await ocpi_command(net, "STOP_SESSION", session_id=shown["id"]) == "ACCEPTED"
    assert net.host.stopped(charging)
    await charging.end()
    await charging.bill()
    await net.hub.settle()
    [posted] = net.emsp.seen("POST", "cdrs")
    assert (posted.json["total_energy"], posted.json["cdr_token"]["uid"]) == (12.345, OTHERS.uid)


async def test_an_emip_home_starts_and_stops_at_an_emip_station(net: Net) -> None:
    started = await net.home.start(GOOD, TWO)
    charging = await net.host.started(visit(at=TWO))
    await charging.begin()
    await charging.proceed()
    await net.home.stop(started)
    assert net.host.stopped(charging)
    await charging.end()
    await charging.bill()
    await net.hub.settle()
    assert net.home.followed(visit(at=TWO))
    assert await net.home.bills() == {visit(at=TWO).key: [bill(visit(at=TWO))]}


async def test_an_emip_home_starts_at_an_ocpi_station(net: Net) -> None:
    async def post(_: object) -> None:
        url = net.cpo.seen("POST", "commands")[-1].json["response_url"].removeprefix(HUB_URL)
        await net.cpo.call(net.hub, "POST", url, {"result": "ACCEPTED"}, to=None)

    net.cpo.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED", "timeout": 30}), {})
    net.hub.processes.meanwhile = post
    there = msgspec.structs.replace(ONE, evse_id="NL*CPA*EE1")
    assert await net.home.start(GOOD, there)
    [asked] = net.cpo.seen("POST", "commands")
    assert (asked.json["token"]["uid"], asked.json["token"]["contract_id"]) == (GOOD.uid, GOOD.contract_id)
    assert asked.json["evse_uid"] == "E1"


async def test_a_refusal_has_its_status(net: Net) -> None:
    nowhere = msgspec.structs.replace(ONE, evse_id="FR*QQQ*E1")
    with pytest.raises(Refusal, match="requestStatus 201"):
        await net.home.start(GOOD, nowhere)
    with pytest.raises(Refusal, match="requestStatus 10501"):
        await net.home.stop("8f7d6ac6-0a3e-4f0b-9a55-5d7a1f0f2b11")
    gone = EmipHost("Zett", HOST, HUB_URL, net.host.price)
    net.host._points = gone._points
    with pytest.raises(Refusal, match="requestStatus 205"):
        await net.home.start(GOOD, ONE)
    await gone.close()


async def test_a_start_for_somebody_else_is_named(net: Net) -> None:
    await net.home.start(GOOD, ONE)
    with pytest.raises(NotAsTold, match=f"is for {GOOD.uid}"):
        await net.host.started(visit(BLOCKED))


async def test_only_what_runs_can_be_stopped_and_only_stopped(net: Net) -> None:
    charging = net.host.charging(visit())
    await charging.authorise()

    async def act(session_id: str, nature: str) -> int:
        action = {"sessionActionNature": nature, "sessionActionId": "A1"}
        answer = await net.host._answered(
            "SetSessionActionRequest", {"serviceSessionId": session_id, "sessionAction": action}
        )
        assert answer is not None
        return int(answer["requestStatus"])

    assert await act("unknown", "1") == 10501
    assert await act(charging.grant.session_id, "2") == 10506
    assert not net.host.stopped(charging)
    assert await act(charging.grant.session_id, "0") == 1
    assert net.host.stopped(charging)


@pytest.mark.spec("EMIP-RTY-10")
async def test_a_home_that_was_away_follows_the_session_when_it_is_back(net: Net) -> None:
    charging = net.host.charging(visit())
    await charging.authorise()
    await charging.begin()
    net.hub.network.silence("127.0.0.1")
    await charging.end()
    await net.hub.relay()
    net.town.open()
    net.hub.clock.advance(3600)
    await net.hub.relay()
    assert net.home.followed(visit())
    assert [len(events) for events in net.home._events.values()] == [2]
