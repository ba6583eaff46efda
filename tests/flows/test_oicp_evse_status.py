"""EVSE statuses from CPOs to EMPs. OICP 2.3, eRoamingPushEvseStatus_V2.1, eRoamingPullEvseStatus_V2.1."""

import asyncio
from typing import Any

import msgspec
import pytest

from core.model.event import EventKind
from core.model.location import EvseStatus
from core.model.partner import PartnerState
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import (
    BY_ID,
    BY_OPERATOR,
    PULL_STATUS,
    STATUS,
    Reached,
    code,
    cpo,
    emp,
    errors,
    join,
    opened,
    record,
)

E1, E2, E3, X9 = "DE*ABC*E1", "DE*ABC*E2", "DE*ABC*E3", "DE*XYZ*E9"


async def pair(hub: TestHub, **more: Any) -> tuple[Reached, Reached]:
    abc = await join(hub, cpo(sub_ids=["DE*XYZ"], **more))
    await abc.push_data("fullLoad", record(E1), record(E2), record(X9))
    provider = await join(hub, emp())
    hub.clock.advance(1)
    hub.storage.outbox.events.clear()
    return abc, provider


@pytest.mark.spec("OICP-STAT-02", "OICP-URL-02", "OICP-URL-11")
async def test_a_full_load_is_the_whole_set() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        assert code(await abc.push_status("fullLoad", {E1: "Occupied", X9: "Available"})) == (200, "000")
        assert await provider.statuses() == {E1: "Occupied", E2: "Unknown", X9: "Available"}
        hub.clock.advance(1)
        assert code(await abc.push_status("fullLoad", {E2: "Reserved"})) == (200, "000")
        assert await provider.statuses() == {E1: "Unknown", E2: "Reserved", X9: "Unknown"}


@pytest.mark.spec("OICP-STAT-04")
async def test_an_empty_full_load_empties_the_set() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_status("insert", {E1: "Occupied"})
        assert code(await abc.push_status("fullLoad", {})) == (200, "000")
        assert set((await provider.statuses()).values()) == {"Unknown"}


@pytest.mark.spec("OICP-STAT-02", "OICP-STAT-01")
async def test_insert_wants_a_new_one_and_update_an_old_one() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        assert code(await abc.push_status("insert", {E1: "Unknown"})) == (200, "000")
        answer = await abc.push_status("insert", {E2: "Occupied", E1: "Occupied"})
        assert (code(answer), answer.json()["Result"]) == ((200, "009"), False)
        answer = await abc.push_status("update", {E1: "Occupied", E3: "Occupied"})
        assert code(answer) == (200, "009")
        assert E3 in answer.json()["StatusCode"]["AdditionalInfo"]
        assert set((await provider.statuses()).values()) == {"Unknown"}
        assert code(await abc.push_status("delete", {E1: "Unknown", E3: "Unknown"})) == (200, "000")
        assert code(await abc.push_status("insert", {E1: "Occupied"})) == (200, "000")
        assert (await provider.statuses())[E1] == "Occupied"


@pytest.mark.spec("OICP-STAT-03")
async def test_a_lenient_partner_may_mix_insert_and_update() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub, lenient_status=True)
        for action, status in (("update", "Occupied"), ("insert", "Available"), ("insert", "Reserved")):
            hub.clock.advance(1)
            assert code(await abc.push_status(action, {E1: status})) == (200, "000")
        assert (await provider.statuses())[E1] == "Reserved"


@pytest.mark.spec("OICP-STAT-01")
async def test_foreign_and_double_evses() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        assert code(await abc.push_status("update", {E1: "Occupied", "DE*BBB*E1": "Occupied"})) == (200, "018")
        assert code(await abc.push_status("update", {E1: "Occupied", "DEABCE1": "Occupied"})) == (200, "018")
        assert set((await provider.statuses()).values()) == {"Unknown"}
        assert not hub.storage.outbox.events


@pytest.mark.spec("OICP-STAT-06", "OICP-DT-10")
@pytest.mark.parametrize("status", ["Charging", "available", "", None, 1, True])
async def test_words_that_are_none(status: Any) -> None:
    async with opened() as hub:
        abc, _ = await pair(hub)
        answer = await abc.push_status("update", {E1: status})
        assert errors(answer) == ["operatorEvseStatus.evseStatusRecord[0].evseStatus"]
        assert not hub.storage.outbox.events


@pytest.mark.spec("OICP-STAT-06", "OICP-STAT-21")
@pytest.mark.parametrize(
    ("word", "held"),
    [
        ("Available", EvseStatus.AVAILABLE),
        ("Reserved", EvseStatus.RESERVED),
        ("Occupied", EvseStatus.CHARGING),
        ("OutOfService", EvseStatus.OUT_OF_ORDER),
        ("Unknown", EvseStatus.UNKNOWN),
        ("EvseNotFound", EvseStatus.REMOVED),
    ],
)
async def test_words_that_are(word: str, held: EvseStatus) -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        for action in ("insert", "update"):
            hub.clock.advance(1)
            assert code(await abc.push_status(action, {E1: word})) == (200, "000")
            assert (await provider.statuses())[E1] == word
            [evse] = hub.storage.locations.held["DEABC/DEABCE1"].evses
            assert evse.status is held


@pytest.mark.spec("OICP-STAT-07", "OICP-NET-13")
async def test_members_more_than_known_do_no_harm() -> None:
    async with opened() as hub:
        abc, _ = await pair(hub)
        one = {"EvseID": E1, "EvseStatus": "Occupied", "ChargingStationID": "x"}
        data = {"OperatorID": "DE*ABC", "OperatorName": None, "EvseStatusRecord": [one], "Foo": 1}
        assert code(await abc.post(STATUS, {"ActionType": "update", "OperatorEvseStatus": data})) == (200, "000")


@pytest.mark.spec("OICP-STAT-09")
async def test_a_status_is_seen_and_told_at_once_and_only_if_it_is_news() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_status("insert", {E1: "Available"})
        hub.storage.outbox.events.clear()
        for expected in (1, 0):
            hub.clock.advance(1)
            await abc.push_status("update", {E1: "Occupied"})
            assert (await provider.statuses())[E1] == "Occupied"
            told = list(hub.storage.outbox.events.values())
            assert [event.kind for event in told] == [EventKind.EVSE_STATUS_CHANGED] * expected
            hub.storage.outbox.events.clear()


B1, B2 = "DE*BBB*E1", "DE*BBB*E2"


@pytest.mark.spec("OICP-STAT-05")
async def test_a_status_needs_no_evse_data() -> None:
    async with opened() as hub:
        bbb, provider = await join(hub, cpo("DE*BBB")), await join(hub, emp())
        assert code(await bbb.push_status("fullLoad", {B1: "Available", B2: "EvseNotFound"})) == (200, "000")
        assert await provider.statuses() == {B1: "Available", B2: "EvseNotFound"}
        assert await provider.statuses(EvseStatus="Available") == {B1: "Available"}
        center = {"GeoCoordinates": {"Google": {"Coordinates": "52.5 13.4"}}, "Radius": 900}
        assert await provider.statuses(SearchCenter=center) == {}
        answer = await provider.post(BY_OPERATOR, {"ProviderID": "DE-DCB", "OperatorID": ["DE*BBB"]})
        [block] = answer.json()["EvseStatuses"]["OperatorEvseStatus"]
        assert (block["OperatorID"], len(block["EvseStatusRecord"])) == ("DE*BBB", 2)
        answer = await provider.post(BY_ID, {"ProviderID": "DE-DCB", "EvseID": ["debbbe1", "DE*BBB*E3"]})
        shown = answer.json()["EVSEStatusRecords"]["EvseStatusRecord"]
        assert [one["EvseStatus"] for one in shown] == ["Available", "EvseNotFound"]
        assert await provider.pulled() == []
        assert not hub.storage.locations.held


@pytest.mark.spec("OICP-STAT-05", "OICP-STAT-02")
async def test_action_types_without_evse_data() -> None:
    async with opened() as hub:
        bbb, provider = await join(hub, cpo("DE*BBB")), await join(hub, emp())
        assert code(await bbb.push_status("update", {B1: "Available"})) == (200, "009")
        assert code(await bbb.push_status("insert", {B1: "Available"})) == (200, "000")
        assert code(await bbb.push_status("insert", {B1: "Occupied", B2: "Occupied"})) == (200, "009")
        assert await provider.statuses() == {B1: "Available"}
        hub.clock.advance(1)
        assert code(await bbb.push_status("update", {B1: "Occupied"})) == (200, "000")
        assert await provider.statuses() == {B1: "Occupied"}
        hub.clock.advance(1)
        assert code(await bbb.push_status("delete", {B1: "Occupied"})) == (200, "000")
        assert await provider.statuses() == {}
        assert code(await bbb.push_status("fullLoad", {B2: "Reserved"})) == (200, "000")
        hub.clock.advance(1)
        assert code(await bbb.push_status("fullLoad", {B1: "Reserved"})) == (200, "000")
        assert await provider.statuses() == {B1: "Reserved"}


@pytest.mark.spec("OICP-STAT-05")
async def test_data_that_come_later_take_the_status_over() -> None:
    async with opened() as hub:
        bbb, provider = await join(hub, cpo("DE*BBB")), await join(hub, emp())
        await bbb.push_status("fullLoad", {B1: "Occupied", B2: "Available"})
        hub.clock.advance(1)
        assert code(await bbb.push_data("insert", record(B1))) == (200, "000")
        assert await provider.statuses() == {B1: "Occupied", B2: "Available"}
        [location] = hub.storage.locations.held.values()
        assert location.evses[0].status is EvseStatus.CHARGING
        assert code(await bbb.push_status("insert", {B1: "Available"})) == (200, "009")
        hub.clock.advance(1)
        await bbb.push_status("update", {B1: "Available"})
        assert (await provider.statuses())[B1] == "Available"
        await bbb.push_data("delete", {"EvseID": B1})
        assert await provider.statuses() == {B2: "Available"}


@pytest.mark.spec("OICP-SEC-14")
async def test_statuses_without_data_are_seen_by_those_who_may() -> None:
    async with opened() as hub:
        bbb, provider = await join(hub, cpo("DE*BBB")), await join(hub, emp())
        await bbb.push_status("fullLoad", {B1: "Occupied"})
        held = hub.storage.partners.held[bbb.partner.id]
        await hub.storage.partners.update(msgspec.structs.replace(held, open_to=()))
        assert await provider.statuses() == {}
        answer = await provider.post(BY_ID, {"ProviderID": "DE-DCB", "EvseID": [B1]})
        assert answer.json()["EVSEStatusRecords"]["EvseStatusRecord"][0]["EvseStatus"] == "EvseNotFound"


# --- pulls


@pytest.mark.spec("OICP-STAT-20")
@pytest.mark.parametrize("path", [PULL_STATUS, BY_ID, BY_OPERATOR])
async def test_checks_of_the_pulls(path: str) -> None:
    body = {"ProviderID": "DE-DCB", "EvseID": [E1]} if path == BY_ID else {"ProviderID": "DE-DCB"}
    if path == BY_OPERATOR:
        body["OperatorID"] = ["DE*ABC"]
    async with opened() as hub:
        _, provider = await pair(hub)
        assert code(await provider.post(path, body, as_id="DE-8EO")) == (401, "017")
        held = hub.storage.partners.held
        held[provider.partner.id] = msgspec.structs.replace(provider.partner, roles=())
        assert code(await provider.post(path, body)) == (404, "300")
        held[provider.partner.id] = msgspec.structs.replace(provider.partner, state=PartnerState.SUSPENDED)
        assert code(await provider.post(path, body)) == (401, "017")
        closed = await join(hub, emp("DE-8EO", closed_services=["eRoamingPullEvseStatus"]))
        assert code(await closed.post(path, body)) == (403, "210")


@pytest.mark.spec("OICP-STAT-21", "OICP-STAT-22", "OICP-STAT-23", "OICP-STAT-30", "OICP-NET-40")
async def test_the_full_pull_is_grouped_and_filtered_and_whole() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        bbb = await join(hub, cpo("DE*BBB"))
        many = [f"DE*BBB*E{number}" for number in range(30)]
        there = {"GeoCoordinates": {"Google": {"Coordinates": "48.1 11.5"}}}
        await bbb.push_data("fullLoad", *(record(name, **there) for name in many), operator_name="Beh")
        await bbb.push_status("fullLoad", dict.fromkeys(many, "Available"))
        await abc.push_status("fullLoad", {X9: "Occupied"})
        answer = await provider.post(PULL_STATUS + "?page=1", {"ProviderID": "DE-DCB"})
        assert code(answer) == (200, "000")
        blocks = answer.json()["EvseStatuses"]["OperatorEvseStatus"]
        assert {one["OperatorID"]: (one["OperatorName"], len(one["EvseStatusRecord"])) for one in blocks} == {
            "DE*ABC": ("ABC", 3),
            "DE*BBB": ("Beh", 30),
        }
        assert await provider.statuses(EvseStatus="Occupied") == {X9: "Occupied"}
        assert await provider.statuses(EVSEStatus="Occupied") == {X9: "Occupied"}
        center = {"GeoCoordinates": {"Google": {"Coordinates": "48.1 11.5"}}, "Radius": 5}
        assert set(await provider.statuses(SearchCenter=center)) == set(many)
        assert await provider.statuses(SearchCenter=center, EvseStatus="Occupied") == {}


@pytest.mark.spec("OICP-STAT-24", "OICP-STAT-23", "OICP-URL-12")
async def test_by_id_one_record_each_in_order_and_spelling() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_status("fullLoad", {E1: "Occupied"})
        await abc.push_data("delete", {"EvseID": X9})
        asked = ["DE*NIX*E7", "DEABCE1", E2, "de*abc*e1", X9]
        answer = await provider.post(BY_ID, {"ProviderID": "DE-DCB", "EvseID": asked})
        assert code(answer) == (200, "000")
        records = answer.json()["EVSEStatusRecords"]["EvseStatusRecord"]
        assert [tuple(one.values()) for one in records] == list(
            zip(asked, ["EvseNotFound", "Occupied", "Unknown", "Occupied", "EvseNotFound"], strict=True)
        )


@pytest.mark.spec("OICP-STAT-25")
async def test_by_id_has_bounds() -> None:
    async with opened() as hub:
        _, provider = await pair(hub)
        for number, status in ((0, 400), (100, 200), (101, 400)):
            body = {"ProviderID": "DE-DCB", "EvseID": [f"DE*ABC*E{one}" for one in range(number)]}
            assert (await provider.post(BY_ID, body)).status_code == status


@pytest.mark.spec("OICP-STAT-26", "OICP-URL-13")
async def test_by_operator_only_the_listed() -> None:
    async with opened() as hub:
        _, provider = await pair(hub)
        din = await join(hub, cpo("+49*810"))
        await din.push_data("fullLoad", record("+49*810*000*1"))

        async def found(*operators: str) -> dict[str, list[str]]:
            answer = await provider.post(BY_OPERATOR, {"ProviderID": "DE-DCB", "OperatorID": list(operators)})
            assert code(answer) == (200, "000")
            blocks = answer.json()["EvseStatuses"]["OperatorEvseStatus"]
            return {one["OperatorID"]: [r["EvseID"] for r in one["EvseStatusRecord"]] for one in blocks}

        assert await found("deabc", "DE*NIX") == {"DE*ABC": [E1, E2, X9]}
        assert await found("49*810") == {"+49*810": ["+49*810*000*1"]}
        assert await found("DE*810") == {"+49*810": ["+49*810*000*1"]}
        assert await found("DE*NIX") == {}
        empty = await provider.post(BY_OPERATOR, {"ProviderID": "DE-DCB", "OperatorID": []})
        assert empty.status_code == 400


@pytest.mark.spec("OICP-STAT-29", "OICP-STAT-28")
async def test_deleted_evses_have_no_status() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_status("fullLoad", {E1: "Occupied", X9: "Available"})
        await abc.push_data("delete", {"EvseID": E1})
        assert await provider.statuses() == {E2: "Unknown", X9: "Available"}


@pytest.mark.spec("OICP-STAT-10")
async def test_a_push_waits_for_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_status("fullLoad", {E1: "Available"})
        hub.clock.advance(1)
        writing, may_go_on = asyncio.Event(), asyncio.Event()
        write = hub.storage.locations.change_status

        async def slow(*arguments: Any, **more: Any) -> Any:
            if not writing.is_set():
                writing.set()
                await may_go_on.wait()
            return await write(*arguments, **more)

        monkeypatch.setattr(hub.storage.locations, "change_status", slow)
        older = asyncio.create_task(abc.push_status("update", {E1: "Occupied"}))
        await writing.wait()
        newer = asyncio.create_task(abc.push_status("update", {E1: "OutOfService"}))
        await asyncio.sleep(0.01)
        assert not newer.done()
        may_go_on.set()
        assert {code(answer) for answer in await asyncio.gather(older, newer)} == {(200, "000")}
        assert (await provider.statuses())[E1] == "OutOfService"


@pytest.mark.spec("OICP-OPS-09")
async def test_not_found_is_a_status_and_takes_nothing_from_the_data() -> None:
    """To other protocols the EVSE is removed, and back with its next status."""
    async with opened() as hub:
        abc, provider = await pair(hub)
        pool = {"ChargingStationID": "one"}
        await abc.push_data("fullLoad", record(E1, **pool), record(E2, **pool))
        assert code(await abc.push_status("fullLoad", {E1: "EvseNotFound", E2: "Available"})) == (200, "000")
        assert await provider.statuses() == {E1: "EvseNotFound", E2: "Available"}
        assert [one["EvseID"] for one in await provider.pulled()] == [E1, E2]
        hub.clock.advance(1)
        assert code(await abc.push_data("update", record(E2, Plugs=["CHAdeMO"], **pool))) == (200, "000")
        assert code(await abc.push_data("insert", record(E1, **pool))) == (200, "009")
        assert [one["EvseID"] for one in await provider.pulled()] == [E1, E2]
        states = {evse.uid: evse.status for held in hub.storage.locations.held.values() for evse in held.evses}
        assert (states["DEABCE1"], states["DEABCE2"]) == (EvseStatus.REMOVED, EvseStatus.AVAILABLE)
        hub.clock.advance(1)
        assert code(await abc.push_status("update", {E1: "Occupied"})) == (200, "000")
        assert (await provider.statuses())[E1] == "Occupied"
        assert code(await abc.push_data("delete", {"EvseID": E1})) == (200, "000")
        assert [one["EvseID"] for one in await provider.pulled()] == [E2]


@pytest.mark.spec("OICP-STAT-02", "OICP-STAT-09")
async def test_a_large_push_is_one_and_told_as_statuses() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        many = [f"DE*ABC*E{number}" for number in range(600)]
        await abc.push_data("fullLoad", *(record(name) for name in many))
        await abc.push_status("fullLoad", dict.fromkeys(many, "Available"))
        hub.storage.outbox.events.clear()
        hub.clock.advance(1)
        assert code(await abc.push_status("update", dict.fromkeys(many, "Occupied"))) == (200, "000")
        assert set((await provider.statuses()).values()) == {"Occupied"}
        told = list(hub.storage.outbox.events.values())
        assert {event.kind for event in told} == {EventKind.EVSE_STATUS_CHANGED}
        assert {event.part for event in told} == {name.replace("*", "") for name in many}
