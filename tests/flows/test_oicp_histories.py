"""What was valid when: sets kept by version, and pulls that mix no two pushes. OICP 2.3."""

import json
from datetime import datetime
from typing import Any

import pytest

from protocols.oicp import sets
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import code, cpo, emp, join, opened, pnc, qr, record, rfid

E1, E2, E3 = "DE*ABC*E1", "DE*ABC*E2", "DE*ABC*E3"


async def content(hub: TestHub, name: str, at: datetime | None = None) -> dict[str, Any]:
    return {one.key: json.loads(one.content or "null") for one in await hub.storage.sets.entries([name], at=at)}


@pytest.mark.spec("OICP-EVSE-22", "OICP-OPS-03")
async def test_the_set_of_any_past_instant_is_known() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        name = sets.evses(abc.partner.parties[0])
        pushes = (
            ("fullLoad", [record(E1), record(E2)]),
            ("update", [record(E2, Plugs=["CHAdeMO"])]),
            ("delete", [{"EvseID": E1}]),
            ("fullLoad", [record(E1, Plugs=["Type 1 Connector (Cable Attached)"]), record(E3)]),
        )
        instants = []
        for action, records in pushes:
            instants.append(hub.clock.now())
            assert code(await abc.push_data(action, *records)) == (200, "000")
            hub.clock.advance(10)
        first, second, third, fourth = [await content(hub, name, at) for at in instants]
        assert first == {"DEABCE1": record(E1), "DEABCE2": record(E2)}
        assert second == {"DEABCE1": record(E1), "DEABCE2": record(E2, Plugs=["CHAdeMO"])}
        assert third == {"DEABCE2": record(E2, Plugs=["CHAdeMO"])}
        assert fourth.keys() == {"DEABCE1", "DEABCE3"}
        assert fourth == await content(hub, name)
        past = await hub.storage.sets.history(name, "DEABCE2", limit=10)
        assert [(one.at, bool(one.content)) for one in past] == [
            (instants[3], False),
            (instants[1], True),
            (instants[0], True),
        ]


async def test_a_full_load_that_changes_nothing_makes_no_version() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        for _ in range(2):
            await abc.push_data("fullLoad", record(E1))
            hub.clock.advance(10)
        [versions] = hub.storage.sets.held.values()
        assert len(versions) == 1


@pytest.mark.spec("OICP-STAT-08", "OICP-OPS-03")
async def test_what_a_status_was_is_known() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        await abc.push_data("fullLoad", record(E1))
        name = sets.statuses(abc.partner.parties[0])
        instants = []
        for action, word in (("fullLoad", "Available"), ("update", "Occupied"), ("delete", "Occupied")):
            hub.clock.advance(10)
            instants.append(hub.clock.now())
            await abc.push_status(action, {E1: word})
        found = [await content(hub, name, at) for at in instants]
        assert [one.get("DEABCE1", {}).get("EvseStatus") for one in found] == ["Available", "Occupied", None]
        hub.clock.advance(10)
        await abc.push_status("insert", {E1: "Reserved"})
        await abc.push_data("delete", {"EvseID": E1})
        assert await content(hub, name) == {}


@pytest.mark.spec("OICP-STAT-08")
async def test_statuses_without_data_have_a_history_too() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        begun = hub.clock.now()
        await abc.push_status("fullLoad", {E1: "Available"})
        hub.clock.advance(10)
        await abc.push_status("update", {E1: "Occupied"})
        name = sets.loose(abc.partner.parties[0])
        assert (await content(hub, name, begun))["DEABCE1"]["EvseStatus"] == "Available"
        assert (await content(hub, name))["DEABCE1"]["EvseStatus"] == "Occupied"


@pytest.mark.spec("OICP-ADATA-14", "OICP-OPS-03")
async def test_what_cards_there_were_is_known() -> None:
    async with opened() as hub:
        off = await join(hub, emp("DE-OFF"))
        name, evco = sets.cards(off.partner.parties[0]), "DE-OFF-C12345678-X"
        first = hub.clock.now()
        await off.push_cards("fullLoad", rfid("11111111"), qr("s3cr3t", evco))
        hub.clock.advance(10)
        second = hub.clock.now()
        await off.push_cards("fullLoad", rfid("22222222"), rfid("11111111"))
        hub.clock.advance(10)
        await off.push_cards("delete", rfid("11111111"))
        kept = {"QRCodeIdentification": {"EvcoID": evco}}
        assert [one["Identification"] for one in (await content(hub, name, first)).values()] == [kept, rfid("11111111")]
        assert len(await content(hub, name, second)) == 2
        assert [one["Identification"] for one in (await content(hub, name)).values()] == [rfid("22222222")]
        assert "s3cr3t" not in repr(hub.storage.sets.held)
        assert "$2b$" not in repr(hub.storage.sets.held)
        assert code(await off.push_cards("insert", pnc(evco))) == (200, "000")


@pytest.mark.spec("OICP-EVSE-10")
async def test_pages_of_a_walk_mix_no_two_pushes() -> None:
    async with opened() as hub:
        abc, dcb = await join(hub, cpo()), await join(hub, emp())
        await abc.push_data("fullLoad", *(record(name) for name in (E1, E2, E3)))
        first = await dcb.pulled("?page=0&size=1")
        hub.clock.advance(10)
        await abc.push_data("fullLoad", *(record(name, Plugs=["CHAdeMO"]) for name in (E1, E2, E3, "DE*ABC*E0")))
        rest = await dcb.pulled("?page=1&size=1") + await dcb.pulled("?page=2&size=1")
        assert [(one["EvseID"], one["Plugs"]) for one in first + rest] == [
            (name, ["Type 2 Outlet"]) for name in (E1, E2, E3)
        ]
        assert [one["lastUpdate"] for one in rest] == [first[0]["lastUpdate"]] * 2
        anew = await dcb.pulled()
        assert [(one["EvseID"], one["Plugs"]) for one in anew] == [
            (name, ["CHAdeMO"]) for name in ("DE*ABC*E0", E1, E2, E3)
        ]


async def test_nobody_s_questions_drive_out_the_walks_of_others() -> None:
    async with opened() as hub:
        abc, dcb, other = await join(hub, cpo()), await join(hub, emp()), await join(hub, emp("DE-8EO"))
        await abc.push_data("fullLoad", *(record(name) for name in (E1, E2, E3)))
        first = await dcb.pulled("?page=0&size=2")
        for number in range(70):
            await other.pulled(Unknown=number)
        await abc.push_data("insert", record("DE*ABC*E0"))
        rest = await dcb.pulled("?page=1&size=2")
        assert [one["EvseID"] for one in first + rest] == [E1, E2, E3]


@pytest.mark.spec("OICP-EVSE-10", "OICP-STAT-02")
async def test_a_push_that_cannot_be_written_leaves_all_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as hub:
        abc, dcb = await join(hub, cpo()), await join(hub, emp())
        await abc.push_data("fullLoad", record(E1), record(E2))
        await abc.push_status("fullLoad", {E1: "Available"})
        written: list[int] = []

        async def failing(things: Any, **_: Any) -> None:
            written.append(len(things))
            raise OSError("the disk is full")

        monkeypatch.setattr(hub.storage.locations, "save_together", failing)
        hub.clock.advance(10)
        many = [record(f"DE*ABC*E{number}") for number in range(3, 1003)]
        assert (await abc.push_data("fullLoad", *many)).status_code == 500
        statuses = {E1: "Occupied", E2: "Reserved", E3: "Available"}
        assert (await abc.push_status("fullLoad", statuses)).status_code == 500
        assert written == [1002, 2]
        assert [one["EvseID"] for one in await dcb.pulled()] == [E1, E2]
        assert await dcb.statuses() == {E1: "Available", E2: "Unknown"}
