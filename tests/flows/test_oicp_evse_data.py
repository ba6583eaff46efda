"""EVSE data from CPOs to EMPs. OICP 2.3, eRoamingPushEvseData_V2.3, eRoamingPullEvseData_V2.3."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from core.model.location import EvseStatus
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import Reached, code, cpo, emp, errors, join, opened, record

E1, E2, E3 = "DE*ABC*E1", "DE*ABC*E2", "DE*ABC*E3"


def ids(records: list[dict[str, Any]]) -> list[str]:
    return [one["EvseID"] for one in records]


def deltas(records: list[dict[str, Any]]) -> dict[str, str]:
    return {one["EvseID"]: one["deltaType"] for one in records}


async def pair(hub: TestHub, **more: Any) -> tuple[Reached, Reached]:
    return await join(hub, cpo(sub_ids=["DE*XYZ", "NL*ABC"], **more)), await join(hub, emp())


def instant(hub: TestHub) -> str:
    return hub.clock.now().isoformat()


# --- action types


@pytest.mark.spec("OICP-EVSE-02", "OICP-URL-01", "OICP-URL-10", "OICP-EVSE-24", "OICP-PRT-14", "OICP-PRT-13")
async def test_a_full_load_is_the_whole_set() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        assert code(await abc.push_data("fullLoad", record(E1), record("DE*XYZ*E9"), record("NL*ABC*E4"))) == (
            200,
            "000",
        )
        assert ids(await provider.pulled()) == [E1, "DE*XYZ*E9", "NL*ABC*E4"]
        assert code(await abc.push_data("fullLoad", record(E3))) == (200, "000")
        assert ids(await provider.pulled()) == [E3]


@pytest.mark.spec("OICP-EVSE-03", "OICP-EVSE-61")
async def test_an_empty_full_load_empties_the_set() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("fullLoad", record(E1))
        assert code(await abc.push_data("fullLoad")) == (200, "000")
        assert code(answer := await provider.pull()) == (200, "000")
        assert answer.json()["content"] == []


async def test_a_full_load_leaves_other_operators_alone() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        bbb = await join(hub, cpo("DE*BBB"))
        await bbb.push_data("fullLoad", record("DE*BBB*E1"))
        await abc.push_data("fullLoad", record(E1))
        await abc.push_data("fullLoad")
        assert ids(await provider.pulled()) == ["DE*BBB*E1"]


@pytest.mark.spec("OICP-EVSE-04")
async def test_insert_of_what_is_there_changes_nothing() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("insert", record(E1))
        answer = await abc.push_data("insert", record(E2), record("DEABCE1"))
        assert code(answer) == (200, "009")
        assert answer.json()["Result"] is False
        assert "DEABCE1" in answer.json()["StatusCode"]["AdditionalInfo"]
        assert ids(await provider.pulled()) == [E1]


@pytest.mark.spec("OICP-EVSE-05")
async def test_update_of_what_is_not_there_changes_nothing() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("insert", record(E1))
        answer = await abc.push_data("update", record(E1, Accessibility="Restricted access"), record(E2))
        assert code(answer) == (200, "009")
        assert E2 in answer.json()["StatusCode"]["AdditionalInfo"]
        [held] = await provider.pulled()
        assert held["Accessibility"] == "Free publicly accessible"


@pytest.mark.spec("OICP-EVSE-06")
async def test_update_replaces_the_whole_record() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("insert", record(E1, AdditionalInfo=[{"lang": "en", "value": "by the gate"}]))
        await abc.push_data("update", record(E1, Plugs=["CHAdeMO"]))
        [held] = await provider.pulled()
        assert held.get("AdditionalInfo") is None
        assert held["Plugs"] == ["CHAdeMO"]


@pytest.mark.spec("OICP-EVSE-07", "OICP-EVSE-08", "OICP-EVSE-09")
async def test_delete_needs_no_more_than_ids_and_may_come_twice() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("insert", record(E1), record(E2))
        hub.clock.advance(60)
        since = instant(hub)
        assert code(await abc.push_data("delete", {"EvseID": E1})) == (200, "000")
        assert ids(await provider.pulled()) == [E2]
        again = await abc.push_data("delete", {"EvseID": E1}, {"EvseID": E2})
        assert code(again) == (200, "000")
        assert E1 in again.json()["StatusCode"]["AdditionalInfo"]
        assert deltas(await provider.pulled(LastCall=since)) == {E1: "delete", E2: "delete"}
        assert await provider.pulled() == []


async def test_a_deleted_evse_may_come_back() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("insert", record(E1))
        await abc.push_status("fullLoad", {E1: "Occupied"})
        await abc.push_data("delete", {"EvseID": E1})
        assert code(await abc.push_data("insert", record(E1))) == (200, "000")
        assert ids(await provider.pulled()) == [E1]
        assert await provider.statuses() == {E1: "Unknown"}


async def test_stations_hold_their_evses_together_whatever_is_pushed() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        at = {"ChargingStationID": "S1"}
        await abc.push_data("fullLoad", record(E1, **at), record(E2, **at))
        assert len(hub.storage.locations.held) == 1
        await abc.push_data("insert", record(E3, **at))
        await abc.push_data("update", record(E2, **at, Plugs=["CHAdeMO"]))
        [location] = hub.storage.locations.held.values()
        assert [evse.uid for evse in location.evses] == ["DEABCE1", "DEABCE2", "DEABCE3"]
        await abc.push_status("update", {E2: "Occupied"})
        await abc.push_data("update", record(E2, ChargingStationID="S2"))
        homes = {evse.uid: location.id for location in hub.storage.locations.held.values() for evse in location.evses}
        assert homes == {"DEABCE1": "S1", "DEABCE2": "S2", "DEABCE3": "S1"}
        assert (await provider.statuses())[E2] == "Occupied"
        assert ids(await provider.pulled()) == [E1, E2, E3]


# --- checks


@pytest.mark.spec("OICP-EVSE-11", "OICP-EVSE-01")
@pytest.mark.parametrize("action", ["fullLoad", "insert", "update", "delete"])
async def test_a_foreign_evse_refuses_the_whole_push(action: str) -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("fullLoad", record(E1))
        answer = await abc.push_data(action, record(E1, Plugs=["CHAdeMO"]), record("DE*BBB*E1"))
        assert code(answer) == (200, "018")
        assert "DE*BBB*E1" in answer.json()["StatusCode"]["AdditionalInfo"]
        [held] = await provider.pulled()
        assert held["Plugs"] == ["Type 2 Outlet"]


@pytest.mark.spec("OICP-EVSE-12")
async def test_an_evse_twice_in_one_push_is_refused() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        assert code(await abc.push_data("insert", record("DE*ABC*E1"), record("DEABCE1"))) == (200, "018")
        assert await provider.pulled() == []


@pytest.mark.spec("OICP-EVSE-13", "OICP-DT-01")
async def test_every_violation_is_named() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        bad = record(E2, Plugs=[], IsOpen24Hours="yes")
        fields = errors(await abc.push_data("insert", record(E1), bad))
        prefix = "operatorEvseData.evseDataRecord[1]"
        assert fields == [f"{prefix}.plugs", f"{prefix}.isOpen24Hours"]
        assert await provider.pulled() == []


def _without(name: str) -> dict[str, Any]:
    return {key: value for key, value in record().items() if key != name}


_ADDRESS = record()["Address"]


@pytest.mark.spec("OICP-EVSE-13", "OICP-EVSE-14", "OICP-EVSE-17", "OICP-EVSE-18", "OICP-EVSE-27", "OICP-DT-01")
@pytest.mark.spec("OICP-DT-03", "OICP-DT-09", "OICP-DT-10", "OICP-DT-11", "OICP-NET-14")
@pytest.mark.parametrize(
    "bad",
    [
        *(_without(name) for name in record()),
        *({**record(), name: None} for name in record()),
        record("DE*ABC*X1"),
        record("DE|ABC*E1"),
        record(""),
        record(Plugs=["Unspecified"]),
        record(Plugs=["type 2 outlet"]),
        record(Plugs="Type 2 Outlet"),
        record(Accessibility="Unspecified"),
        record(ChargingFacilities=[{"PowerType": "Unspecified", "Power": 22}]),
        record(ChargingFacilities=[{"PowerType": "DC", "Power": "much"}]),
        record(ChargingFacilities=[]),
        record(AuthenticationModes=["pnc"]),
        record(PaymentOptions=["No Payment", "Contract"]),
        record(IsOpen24Hours=False),
        record(IsOpen24Hours="true"),
        record(IsHubjectCompatible="yes"),
        record(DynamicInfoAvailable="maybe"),
        record(HotlinePhoneNumber="030/1234"),
        record(ChargingStationID="x" * 51),
        record(ChargingStationNames=[{"lang": "english", "value": "x"}]),
        record(ChargingStationNames=[{"lang": "en", "value": "x" * 151}]),
        record(Address={**_ADDRESS, "Country": "DE"}),
        record(Address={**_ADDRESS, "City": "x" * 51}),
        record(GeoCoordinates={}),
        record(
            GeoCoordinates={
                "Google": {"Coordinates": "52.480495 13.356465"},
                "DecimalDegree": {"Longitude": "13.3", "Latitude": "52.4"},
            }
        ),
        record(GeoCoordinates={"Google": {"Coordinates": "north"}}),
        record(OpeningTimes=[{"Period": [{"begin": "25:00", "end": "26:00"}], "on": "Monday"}]),
        record(MaxCapacity="many"),
        [],
        "text",
    ],
)
async def test_a_wrong_record_is_a_400_and_nothing_is_stored(bad: Any) -> None:
    async with opened() as hub:
        abc, _ = await pair(hub)
        answer = await abc.push_data("fullLoad", record(E2), bad)
        assert any(field.startswith("operatorEvseData.evseDataRecord[1]") for field in errors(answer))
        assert not hub.storage.locations.held
        assert not [e for e in hub.storage.outbox.events.values() if e.kind == "LOCATION_CHANGED"]


@pytest.mark.spec("OICP-DT-02", "OICP-NET-02", "OICP-NET-13", "OICP-DT-14")
async def test_what_is_odd_but_right_passes_and_survives() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        odd = record(
            Address={**_ADDRESS, "City": "ü" * 50, "Foo": {"deep": [1]}},
            CustomData={"x": Decimal("1.50")},
            IsOpen24Hours=False,
            OpeningTimes=[{"Period": [{"begin": "22:00", "end": "06:00"}], "On": "Everyday"}],
            ChargingFacilities=[{"PowerType": "DC", "Power": Decimal("149.5"), "Voltage": 1000, "Amperage": 500}],
            ChargingPoolID=None,
            DynamicInfoAvailable=True,
        )
        assert code(await abc.push_data("insert", odd, operator_name="Zürich Süd €")) == (200, "000")
        [held] = await provider.pulled()
        assert held["Address"]["City"] == "ü" * 50
        assert held["Address"]["Foo"] == {"deep": [1]}
        assert held["CustomData"] == {"x": Decimal("1.50")}
        assert held["OpeningTimes"] == [{"Period": [{"begin": "22:00", "end": "06:00"}], "on": "Everyday"}]
        assert held["ChargingFacilities"][0]["Power"] == Decimal("149.5")
        assert held["OperatorName"] == "Zürich Süd €"


@pytest.mark.spec("OICP-DT-12")
async def test_the_platform_profile_is_a_switch_of_the_partner() -> None:
    async with opened() as hub:
        lean = record()
        for name in ("HotlinePhoneNumber", "CalibrationLawDataAvailability", "PaymentOptions", "ChargingFacilities"):
            del lean[name]
        abc, _ = await pair(hub)
        assert (await abc.push_data("insert", lean)).status_code == 400
        bbb = await join(hub, cpo("DE*BBB", platform_profile=True))
        facility = {"ChargingFacilities": record()["ChargingFacilities"]}
        assert code(await bbb.push_data("insert", {**lean, **facility, "EvseID": "DE*BBB*E1"})) == (200, "000")


@pytest.mark.spec("OICP-EVSE-26")
async def test_swapped_coordinates_are_reported_not_refused() -> None:
    async with opened() as hub:
        abc, _ = await pair(hub)
        swapped = record(E2, GeoCoordinates={"Google": {"Coordinates": "113.35 52.48"}})
        answer = await abc.push_data("insert", record(E1), swapped)
        assert code(answer) == (200, "000")
        info = answer.json()["StatusCode"]["AdditionalInfo"]
        assert (E1 in info, E2 in info) == (False, True)


@pytest.mark.spec("OICP-EVSE-23")
async def test_pushes_of_one_operator_are_taken_in_turn() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        loads = [abc.push_data("fullLoad", record(f"DE*ABC*E{number}"), record(E1)) for number in range(2, 7)]
        assert {code(answer) for answer in await asyncio.gather(*loads)} == {(200, "000")}
        assert ids(await provider.pulled()) == [E1, "DE*ABC*E6"]


# --- what is stored


@pytest.mark.spec("OICP-EVSE-19", "OICP-EVSE-20")
async def test_spelling_in_upper_case_and_as_last_pushed() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("insert", record("de*abc*e1*2"))
        assert ids(await provider.pulled()) == ["DE*ABC*E1*2"]
        assert code(await abc.push_data("update", record("DEABCE12"))) == (200, "000")
        assert ids(await provider.pulled()) == ["DEABCE12"]


@pytest.mark.spec("OICP-EVSE-15", "OICP-EVSE-16", "OICP-EVSE-56")
async def test_last_update_is_the_hubs_and_moves_with_content_only() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        stamped = record(E1, lastUpdate="2018-01-23T14:04:28+00:00", deltaType="delete")
        await abc.push_data("fullLoad", stamped, record(E2))
        first = instant(hub).replace("+00:00", "Z")
        assert {one["lastUpdate"] for one in await provider.pulled()} == {first}
        hub.clock.advance(60)
        writes = dict(hub.storage.locations.revisions)
        assert code(await abc.push_data("fullLoad", record(E1), record(E2))) == (200, "000")
        assert hub.storage.locations.revisions == writes
        assert await provider.pulled(LastCall=instant(hub)) == []
        await abc.push_status("update", {E1: "Occupied"})
        await abc.push_data("update", record(E2, Plugs=["CHAdeMO"]))
        later = instant(hub).replace("+00:00", "Z")
        assert {one["EvseID"]: one["lastUpdate"] for one in await provider.pulled()} == {E1: first, E2: later}


@pytest.mark.spec("OICP-EVSE-25")
async def test_auto_means_true_once_the_operator_pushes_statuses() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("insert", record(E1, DynamicInfoAvailable="auto"), record(E2))
        assert {r["EvseID"]: r["DynamicInfoAvailable"] for r in await provider.pulled()} == {E1: "false", E2: "true"}
        await abc.push_status("insert", {E2: "Available"})
        assert {r["EvseID"]: r["DynamicInfoAvailable"] for r in await provider.pulled()} == {E1: "true", E2: "true"}


async def test_data_of_a_locked_operator_stay_but_are_hidden() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("insert", record(E1))
        await hub.hub.partners.suspend(abc.partner.id)
        assert await provider.pulled() == []
        await hub.hub.partners.resume(abc.partner.id)
        assert ids(await provider.pulled()) == [E1]


async def test_every_location_that_changed_is_told_and_no_other() -> None:
    async with opened() as hub:
        abc, _ = await pair(hub)
        await abc.push_data("fullLoad", record(E1), record(E2))
        hub.storage.outbox.events.clear()
        await abc.push_data("fullLoad", record(E1), record(E2, Plugs=["CHAdeMO"]), record(E3))
        told = {event.key for event in hub.storage.outbox.events.values()}
        assert told == {"DEABC/DEABCE2", "DEABC/DEABCE3"}
        hub.storage.outbox.events.clear()
        await abc.push_data("delete", {"EvseID": E1})
        [event] = hub.storage.outbox.events.values()
        assert event.key == "DEABC/DEABCE1"
        [removed] = hub.storage.locations.held["DEABC/DEABCE1"].evses
        assert removed.status is EvseStatus.REMOVED
