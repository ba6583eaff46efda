"""The hub as CPO and EMP of another OICP platform: stations, statuses and records in lists, between two hubs."""

import asyncio
from typing import Any

import httpx
import pytest

from core.errors import RoamingError, Uncertain
from core.model.cdr import CdrState
from core.model.delivery import DeliveryState
from core.model.event import EventKind
from core.model.location import EvseStatus
from protocols.oicp.upstream import mirror, stations
from tests.flows.oicp_partners import code, decode, encode, record, rfid
from tests.flows.upstream import EVSE_HERE, EVSE_THERE, GOOD_HERE, GOOD_THERE, OUR_OPERATOR, Two, two

PUSH, PUSH_STATUS, PULL = "evsepush/v23", "evsepush/v21", "evsepull/v23"


def sent(net: Two, service: str) -> list[dict[str, Any]]:
    """Bodies of what our hub sent to the platform, and no more of them next time."""
    found = [decode(one.content) for one in net.here.network.requests_to("above.test") if service in str(one.url)]
    net.here.network.seen.clear()
    return found


def pushed(body: dict[str, Any]) -> tuple[str, list[str]]:
    data = body.get("OperatorEvseData") or body["OperatorEvseStatus"]
    assert data["OperatorID"] == OUR_OPERATOR
    records = data["EvseDataRecord"] if "EvseDataRecord" in data else data["EvseStatusRecord"]
    return body["ActionType"], [one["EvseID"] for one in records]


async def far_evses(net: Two) -> dict[str, dict[str, Any]]:
    return {one["EvseID"]: one for one in await net.far_emp.pulled("?size=100")}


@pytest.mark.spec("OICP-UP-04", "OICP-UP-03", "OICP-UP-05")
async def test_stations_go_up_as_a_whole_first_and_then_what_is_different() -> None:
    async with two() as net:
        await net.cpo.push_data("fullLoad", record(EVSE_HERE), record("DE*ABC*E2"))
        await net.run("shown-evses")
        assert [pushed(one) for one in sent(net, PUSH)] == [("fullLoad", [EVSE_HERE, "DE*ABC*E2"])]
        there = (await far_evses(net))[EVSE_HERE]
        assert (there["OperatorID"], there["OperatorName"], there["SubOperatorName"]) == (
            OUR_OPERATOR,
            "Test hub",
            "ABC",
        )
        net.here.clock.advance(60)
        await net.run("shown-evses")
        assert sent(net, PUSH) == []
        await net.cpo.push_data("insert", record("DE*ABC*E3"))
        await net.cpo.push_data("update", record(EVSE_HERE, HotlinePhoneNumber="+4930999999"))
        await net.cpo.push_data("delete", {"EvseID": "DE*ABC*E2"})
        await net.run("shown-evses")
        assert sorted(pushed(one) for one in sent(net, PUSH)) == [
            ("delete", ["DE*ABC*E2"]),
            ("insert", ["DE*ABC*E3"]),
            ("update", [EVSE_HERE]),
        ]
        assert set(await far_evses(net)) == {EVSE_HERE, "DE*ABC*E3"}
        net.here.clock.advance(7 * 86400)
        await net.run("shown-evses")
        assert [pushed(one)[0] for one in sent(net, PUSH)] == ["fullLoad"]


@pytest.mark.spec("OICP-UP-04", "OICP-UP-17")
async def test_after_a_009_or_a_silence_the_whole_is_told_again() -> None:
    async with two() as net:
        await net.cpo.push_data("fullLoad", record(EVSE_HERE))
        await net.run("shown-evses")
        for key, store in list(net.above.storage.locations.held.items()):
            assert store.owner.key == "DEHHH"
            del net.above.storage.locations.held[key]  # the platform has lost them
        await net.cpo.push_data("update", record(EVSE_HERE, HotlinePhoneNumber="+4930999999"))
        net.here.clock.advance(60)
        sent(net, PUSH)
        await net.run("shown-evses")
        assert [pushed(one)[0] for one in sent(net, PUSH)] == ["update", "fullLoad"]
        await net.cpo.push_data("insert", record("DE*ABC*E2"))
        net.here.network.answer("above.test", _hangs)
        net.here.clock.advance(60)
        with pytest.raises(Uncertain, match="PushEvseData"):
            await net.run("shown-evses")
        net.here.network.serve("above.test", net.above.app)
        sent(net, PUSH)
        await net.run("shown-evses")
        assert [pushed(one) for one in sent(net, PUSH)] == [("fullLoad", [EVSE_HERE, "DE*ABC*E2"])]
        assert set(await far_evses(net)) == {EVSE_HERE, "DE*ABC*E2"}


def _hangs(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadTimeout("")


@pytest.mark.spec("OICP-UP-05", "OICP-UP-04")
async def test_a_change_of_status_goes_up_at_once_and_one_after_the_other() -> None:
    async with two() as net:
        await net.stations()
        await net.cpo.push_data("insert", *(record(f"DE*ABC*E{number}") for number in range(2, 6)))
        await net.here.relay()
        net.here.clock.advance(60)
        for feed in ("shown-evses", "shown-statuses"):
            await net.run(feed)
        sent(net, PUSH_STATUS)
        flying, most = 0, 0

        async def slowly(scope: Any, receive: Any, send: Any) -> None:
            nonlocal flying, most
            flying += 1
            most = max(most, flying)
            await asyncio.sleep(0.01)
            await net.above.app(scope, receive, send)
            flying -= 1

        net.here.network.serve("above.test", slowly)
        await net.cpo.push_status("update", {f"DE*ABC*E{number}": "Occupied" for number in range(1, 6)})
        storage = net.here.storage
        for event in await storage.outbox.claim_events(100, 60):
            await net.here.delivery.fan_out(event)
        due = await storage.outbox.claim_deliveries(100, 60)
        settled = await asyncio.gather(*map(net.here.delivery.send, due))
        assert {one.state for one in settled} == {DeliveryState.DELIVERED}
        bodies = [pushed(one) for one in sent(net, PUSH_STATUS)]
        assert ({action for action, _ in bodies}, most) == ({"update"}, 1)
        assert sorted(name for _, names in bodies for name in names) == [f"DE*ABC*E{number}" for number in range(1, 6)]
        assert set((await net.far_emp.statuses()).values()) >= {"Occupied"}
        net.here.clock.advance(86400)
        await net.run("shown-statuses")
        [(action, names)] = [pushed(one) for one in sent(net, PUSH_STATUS)]
        assert (action, len(names)) == ("fullLoad", 5)


@pytest.mark.spec("OICP-UP-05")
async def test_what_was_missed_while_the_platform_was_away_is_told_when_it_is_back() -> None:
    async with two() as net:
        await net.stations()
        net.here.network.silence("above.test")
        net.here.clock.advance(300)
        await net.cpo.push_status("update", {EVSE_HERE: "OutOfService"})
        await net.cpo.push_data("insert", record("DE*ABC*E2"))
        states = {(one.kind, one.state) for one in await net.here.relay() if one.partner == net.upstream.id}
        assert (EventKind.EVSE_STATUS_CHANGED, DeliveryState.PENDING) in states
        with pytest.raises(RoamingError):
            await net.run("shown-evses")
        net.here.network.serve("above.test", net.above.app)
        await net.here.keep_alive.round()
        net.here.clock.advance(60)
        for feed in ("shown-evses", "shown-statuses"):
            await net.run(feed)
        statuses = await net.far_emp.statuses()
        assert statuses[EVSE_HERE] == "OutOfService"
        assert "DE*ABC*E2" in await far_evses(net)


@pytest.mark.spec("OICP-UP-10", "OICP-UP-11", "OICP-UP-18")
async def test_stations_of_the_platform_are_walked_once_and_then_by_what_has_changed() -> None:
    async with two(page_size=2) as net:
        await net.far_cpo.push_data("fullLoad", *(record(f"DE*XXX*E{number}") for number in range(1, 6)))
        await net.far_cpo.push_status("fullLoad", {EVSE_THERE: "Occupied"})
        net.here.clock.advance(3600)
        net.above.clock.advance(3600)
        state = await net.run("evse-data")
        assert (state.whole, state.counts.pages, state.counts.taken) == (True, 3, 5)
        await net.run("evse-status")
        assert set(await _local_evses(net)) == {f"DE*XXX*E{number}" for number in range(1, 6)}
        [location] = [x for x in net.here.storage.locations.held.values() if x.evses[0].uid == "DEXXXE1"]
        assert (location.owner.key, location.operator.name, location.evses[0].status) == (
            "DEUPS",
            "ABC",
            EvseStatus.CHARGING,
        )
        net.here.clock.advance(900)
        net.above.clock.advance(900)
        await net.far_cpo.push_data("update", record(EVSE_THERE, HotlinePhoneNumber="+4930999999"))
        await net.far_cpo.push_data("delete", {"EvseID": "DE*XXX*E2"})
        state = await net.run("evse-data")
        assert (state.whole, state.counts.taken, state.counts.removed) == (False, 1, 1)
        body = sent(net, PULL)[-1]
        assert body["LastCall"] == "2026-01-15T12:50:00Z"  # when the walk before began, less ten minutes
        local = await _local_evses(net)
        assert set(local) == {f"DE*XXX*E{number}" for number in (1, 3, 4, 5)}
        assert local[EVSE_THERE]["HotlinePhoneNumber"] == "+4930999999"
        assert location.evses[0].status is EvseStatus.CHARGING
        await net.far_cpo.push_data("fullLoad", record(EVSE_THERE))
        net.here.clock.advance(8 * 86400)
        net.above.clock.advance(8 * 86400)
        state = await net.run("evse-data")
        assert (state.whole, state.counts.removed) == (True, 3)
        assert set(await _local_evses(net)) == {EVSE_THERE}


async def _local_evses(net: Two) -> dict[str, dict[str, Any]]:
    return {one["EvseID"]: one for one in await net.emp.pulled("?size=100")}


@pytest.mark.spec("OICP-UP-11")
async def test_statuses_of_many_are_asked_for_at_once_and_of_few_by_id(monkeypatch: pytest.MonkeyPatch) -> None:
    async with two() as net:
        await net.far_cpo.push_data("fullLoad", *(record(f"DE*XXX*E{number}") for number in range(150)))
        await net.run("evse-data")
        net.here.network.seen.clear()
        await net.run("evse-status")
        by_id = [decode(one.content)["EvseID"] for one in net.here.network.requests_to("above.test")]
        assert [len(ids) for ids in by_id] == [100, 50]
        await net.far_cpo.push_data("insert", *(record(f"DE*XXX*E{number}") for number in range(150, 160)))
        await net.far_cpo.push_status("fullLoad", {"DE*XXX*E7": "Reserved"})
        net.here.clock.advance(900)
        net.above.clock.advance(1)
        await net.run("evse-data")
        monkeypatch.setattr(stations, "MOST_BY_ID", 155)
        net.here.network.seen.clear()
        await net.run("evse-status")
        [all_at_once] = net.here.network.requests_to("above.test")
        assert all_at_once.url.path.endswith("/status-records")
        assert (await net.emp.statuses())["DE*XXX*E7"] == "Reserved"


@pytest.mark.spec("OICP-UP-14", "OICP-UP-13")
async def test_records_that_never_came_are_fetched_by_when_the_platform_received_them() -> None:
    async with two() as net:
        answer = (await net.far_cpo.start(rfid(GOOD_HERE), EvseID=EVSE_THERE)).json()
        net.above.network.silence("hub.test")
        assert code(await net.far_cpo.cdr(answer["SessionID"], EvseID=EVSE_THERE))[1] == "000"
        await net.above.settle()
        assert net.here.storage.cdrs.held == {}
        net.here.clock.advance(60)
        state = await net.run("cdrs")
        assert (state.counts.taken, state.counts.held) == (1, 0)
        assert sent(net, "get-charge-detail-records")[-1]["From"] == "2026-01-15T12:00:00Z"  # when it was added
        [settled] = await net.here.settle()
        assert settled.state is CdrState.DELIVERED
        assert net.emp_at.asked[-1][1]["SessionID"] == settled.cdr.journey_id != answer["SessionID"]
        net.above.network.serve("hub.test", net.here.app)
        net.here.clock.advance(60)
        state = await net.run("cdrs")
        assert (state.counts.taken, state.counts.unchanged) == (0, 1)
        assert len(net.here.storage.cdrs.held) == 1


@pytest.mark.spec("OICP-UP-13")
async def test_a_record_of_a_session_that_the_platform_allowed_by_itself() -> None:
    async with two(cards=True) as net:
        await net.emp.push_cards(
            "fullLoad",
            {"RFIDIdentification": {"UID": "04EEEEEEEEEEEE", "RFID": "mifareCls", "EvcoID": "DE-DCB-C12345678-X"}},
        )
        await net.run("shown-cards")
        answer = (await net.far_cpo.start(rfid("04EEEEEEEEEEEE"), EvseID=EVSE_THERE)).json()
        assert answer["AuthorizationStatus"] == "Authorized"
        assert net.emp_at.asked == []
        assert (
            code(await net.far_cpo.cdr(answer["SessionID"], EvseID=EVSE_THERE, Identification=rfid("04EEEEEEEEEEEE")))[
                1
            ]
            == "000"
        )
        for _ in range(2):  # the second time by hand: it is not another record
            await net.above.settle()
            [settlement] = net.above.storage.cdrs.held.values()
            assert settlement.state is CdrState.DELIVERED
            net.above.storage.cdrs.held[settlement.key] = type(settlement)(
                **{name: getattr(settlement, name) for name in settlement.__struct_fields__}
                | {"state": CdrState.ACCEPTED}
            )
        [settled] = await net.here.settle()
        assert settled.state is CdrState.DELIVERED
        [(_, body, _)] = net.emp_at.asked
        assert body["SessionID"] != answer["SessionID"]
        stranger = {"SessionID": "00000000-1111-4111-8111-000000000000", "EvseID": EVSE_THERE}
        assert stranger["SessionID"] not in str(net.here.storage.cdrs.held)


@pytest.mark.spec("OICP-UP-19")
async def test_nothing_goes_back_to_where_it_came_from() -> None:
    async with two() as net:
        await net.stations()
        net.here.clock.advance(60)
        sent(net, PUSH)
        await net.run("shown-evses")
        assert sent(net, PUSH) == []
        whole = [store for store in net.above.storage.locations.held.values() if store.owner.key == "DEHHH"]
        assert [evse.uid for store in whole for evse in store.evses] == ["DEABCE1"]
        await net.far_cpo.push_status("update", {EVSE_THERE: "Occupied"})
        await net.run("evse-status")
        await net.here.relay()
        assert sent(net, PUSH_STATUS) == []
        net.here.network.answer("above.test", _our_own)
        net.here.clock.advance(900)
        state = await net.run("evse-data")
        assert (state.counts.taken, state.counts.foreign) == (0, 2)
        net.here.network.serve("above.test", net.above.app)
        net.here.network.seen.clear()
        refused = (await net.far_cpo.start(rfid("04FFFFFFFFFFFF"))).json()
        assert refused["AuthorizationStatus"] == "NotAuthorized"
        assert net.here.network.requests_to("above.test") == []
        start = {"ProviderID": "DE-FAR", "EvseID": "DE*XXX*E9", "SessionID": "00000000-1111-4111-8111-000000000000"}
        start["Identification"] = {"RemoteIdentification": {"EvcoID": "DE-FAR-C12345678-X"}}
        assert (await _as_platform(net, "charging/v21/providers/DE-FAR/authorize-remote/start", start))[1] == "603"


def _our_own(request: httpx.Request) -> httpx.Response:
    """A platform that shows everybody's EVSEs, ours too."""
    own = [record("DE*ABC*E77") | {"OperatorID": "DE*HHH"}, record("DE*ABC*E78") | {"OperatorID": "DE*XYZ"}]
    return httpx.Response(200, content=encode({"content": own, "last": True, "StatusCode": {"Code": "000"}}))


async def _as_platform(net: Two, path: str, body: dict[str, Any]) -> tuple[int, str]:
    key = await net.here.storage.credentials.inbound(net.upstream.id)
    answer = await net.here.client.post(
        f"/oicp/upstream/{net.upstream.id}/api/oicp/{path}",
        content=encode(body),
        headers={"authorization": f"Bearer {key}"},
    )
    return code(answer)


@pytest.mark.spec("OICP-UP-03")
async def test_stations_of_operators_that_are_not_registered_there_stay_here() -> None:
    async with two(sub_ids=["DE-DCB"]) as net:
        await net.cpo.push_data("fullLoad", record(EVSE_HERE))
        await net.run("shown-evses")
        assert [pushed(one) for one in sent(net, PUSH)] == [("fullLoad", [])]
        await net.cpo.push_status("fullLoad", {EVSE_HERE: "Occupied"})
        await net.here.relay()
        assert sent(net, PUSH_STATUS) == []
        await net.cpo.start(rfid(GOOD_THERE), EvseID=EVSE_HERE)
        [(_, asked, _)] = net.far_emp_at.asked
        assert asked.get("EvseID") is None


@pytest.mark.spec("OICP-UP-04")
async def test_a_long_list_goes_up_in_several_pushes_and_is_whole_or_told_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mirror, "AT_ONCE", 2)
    async with two() as net:
        await net.cpo.push_data("fullLoad", *(record(f"DE*ABC*E{number}") for number in range(1, 6)))
        await net.run("shown-evses")
        bodies = [pushed(one) for one in sent(net, PUSH)]
        assert [(action, len(names)) for action, names in bodies] == [("fullLoad", 2), ("insert", 2), ("insert", 1)]
        assert len(await far_evses(net)) == 5
        await net.here.storage.copies.note(net.upstream.id, "evses", {mirror.WHOLE: None})  # killed before the end
        net.here.clock.advance(60)
        await net.run("shown-evses")
        assert [pushed(one)[0] for one in sent(net, PUSH)] == ["fullLoad", "insert", "insert"]
        assert len(await far_evses(net)) == 5


@pytest.mark.spec("OICP-UP-05")
async def test_an_evse_that_comes_back_brings_its_status_again() -> None:
    async with two() as net:
        await net.stations()
        for action, gone in (("delete", True), ("insert", False)):
            net.here.clock.advance(60)
            await net.cpo.push_data(action, record(EVSE_HERE))
            if not gone:
                await net.cpo.push_status("insert", {EVSE_HERE: "Available"})
            for feed in ("shown-evses", "shown-statuses"):
                await net.run(feed)
        assert (await net.far_emp.statuses())[EVSE_HERE] == "Available"
