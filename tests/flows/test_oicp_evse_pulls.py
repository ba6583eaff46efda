"""EVSE data as EMPs pull them. OICP 2.3, eRoamingPullEvseData_V2.3."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from core.model.location import EvseStatus
from core.model.partner import PartnerState
from core.ports.stores import Saved
from protocols.oicp.wire.coordinates import GeoFormat
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import PULL, code, cpo, decode, emp, errors, join, opened, record
from tests.flows.test_oicp_evse_data import E1, E2, E3, deltas, ids, instant, pair

_ADDRESS = record()["Address"]

# --- pulls


@pytest.mark.spec("OICP-EVSE-40")
async def test_checks_of_a_pull() -> None:
    async with opened() as hub:
        _, provider = await pair(hub)
        body = {"ProviderID": "DE-DCB", "GeoCoordinatesResponseFormat": "Google"}
        assert code(await provider.post(PULL, body, as_id="DE-8EO")) == (401, "017")
        held = hub.storage.partners.held
        held[provider.partner.id] = msgspec.structs.replace(provider.partner, roles=())
        assert code(await provider.pull()) == (404, "300")
        held[provider.partner.id] = msgspec.structs.replace(provider.partner, state=PartnerState.SUSPENDED)
        assert code(await provider.pull()) == (401, "017")
        closed = await join(hub, emp("DE-8EO", closed_services=["eRoamingPullEvseData"]))
        assert code(await closed.pull()) == (403, "210")


@pytest.mark.spec("OICP-EVSE-42")
async def test_an_operator_is_seen_by_those_that_it_is_open_to() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        await abc.push_data("fullLoad", record())
        dcb, other = await join(hub, emp()), await join(hub, emp("DE-8EO"))
        held = hub.storage.partners.held[abc.partner.id]
        await hub.storage.partners.update(msgspec.structs.replace(held, open_to=dcb.partner.parties))
        assert ids(await dcb.pulled()) == [E1]
        assert await other.pulled() == []


@pytest.mark.spec("OICP-EVSE-43")
@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"GeoCoordinatesResponseFormat": None}, "geoCoordinatesResponseFormat"),
        ({"GeoCoordinatesResponseFormat": "google"}, "geoCoordinatesResponseFormat"),
        ({"ProviderID": None}, "providerID"),
        ({"ProviderID": "DE|DCB"}, "providerID"),
        ({"LastCall": "2014-02-01T15:45:00"}, "lastCall"),
        ({"LastCall": "2014-02-31T15:45:00Z"}, "lastCall"),
        ({"CountryCodes": ["DE"]}, "countryCodes[0]"),
        ({"SearchCenter": {"Radius": 1}}, "searchCenter.geoCoordinates"),
    ],
)
async def test_wrong_questions(members: dict[str, Any], field: str) -> None:
    async with opened() as hub:
        _, provider = await pair(hub)
        assert errors(await provider.pull(**members)) == [field]


@pytest.mark.spec("OICP-EVSE-50")
@pytest.mark.parametrize(
    "members",
    [
        {"CountryCodes": ["DEU"]},
        {"OperatorIds": ["DE*ABC"]},
        {"SearchCenter": {"GeoCoordinates": {"Google": {"Coordinates": "52.0 13.0"}}, "Radius": 1}},
    ],
)
async def test_last_call_excludes_some_filters(members: dict[str, Any]) -> None:
    async with opened() as hub:
        _, provider = await pair(hub)
        assert errors(await provider.pull(LastCall="2026-01-01T00:00:00Z", **members)) == ["lastCall"]
        allowed = await provider.pull(LastCall="2026-01-01T00:00:00Z", CountryCodes=[], RenewableEnergy=True)
        assert code(allowed) == (200, "000")


@pytest.mark.spec("OICP-NET-18")
@pytest.mark.parametrize("moment", ["2014-02-01T15:45:00+02:00", "2014-02-01T15:45:00Z", "2014-02-01T15:45:00.038Z"])
async def test_times_with_a_zone_are_understood(moment: str) -> None:
    async with opened() as hub:
        _, provider = await pair(hub)
        assert code(await provider.pull(LastCall=moment)) == (200, "000")


FORMS = {
    "Google": {"Google": {"Coordinates": "52.480495 13.356465"}},
    "DecimalDegree": {"DecimalDegree": {"Longitude": "13.356465", "Latitude": "52.480495"}},
    "DegreeMinuteSeconds": {"DegreeMinuteSeconds": {"Longitude": "13°21'23.274''", "Latitude": "52°28'49.782''"}},
}


@pytest.mark.spec("OICP-EVSE-44", "OICP-EVSE-45")
@pytest.mark.parametrize("pushed", list(FORMS))
@pytest.mark.parametrize("asked", [form.value for form in GeoFormat])
async def test_coordinates_in_the_form_that_is_asked_for(pushed: str, asked: str) -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("insert", record(E1, GeoCoordinates=FORMS[pushed], GeoChargingPointEntrance=FORMS[pushed]))
        [held] = await provider.pulled(GeoCoordinatesResponseFormat=asked)
        for name in ("GeoCoordinates", "GeoChargingPointEntrance"):
            assert {key for key, value in held[name].items() if value is not None} == {asked}
        if pushed == asked:
            assert held["GeoCoordinates"] == FORMS[pushed]


@pytest.mark.spec("OICP-EVSE-46")
@pytest.mark.parametrize("center", list(FORMS))
async def test_what_is_near(center: str) -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        near, far = "52.488589 13.356465", "52.490388 13.356465"  # 0.9 and 1.1 km to the north
        await abc.push_data(
            "fullLoad",
            record(E1, GeoCoordinates={"Google": {"Coordinates": near}}),
            record(E2, GeoCoordinates={"Google": {"Coordinates": far}}),
        )
        question = {"GeoCoordinates": FORMS[center], "Radius": Decimal("1.0")}
        assert ids(await provider.pulled(SearchCenter=question)) == [E1]


@pytest.mark.spec("OICP-EVSE-47", "OICP-EVSE-48", "OICP-EVSE-49", "OICP-EVSE-58", "OICP-PRT-11")
async def test_filters() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        bbb = await join(hub, cpo("DE*BBB"))
        await abc.push_data(
            "fullLoad",
            record(E1, AuthenticationModes=["PnC", "REMOTE"], RenewableEnergy=False),
            record(E2, Accessibility="Restricted access", CalibrationLawDataAvailability="External"),
            record("DE*XYZ*E3", IsHubjectCompatible=False),
        )
        await bbb.push_data(
            "fullLoad",
            record("DE*BBB*E4", Address={**_ADDRESS, "Country": "CHE"}),
            operator_name="Beh",
        )
        everything = await provider.pulled()
        assert {r["EvseID"]: (r["OperatorID"], r["OperatorName"]) for r in everything} == {
            E1: ("DE*ABC", "ABC"),
            E2: ("DE*ABC", "ABC"),
            "DE*XYZ*E3": ("DE*ABC", "ABC"),
            "DE*BBB*E4": ("DE*BBB", "Beh"),
        }
        for members, found in (
            ({"CountryCodes": ["CHE", "AUT"]}, ["DE*BBB*E4"]),
            ({"OperatorIds": ["deabc"]}, [E1, E2, "DE*XYZ*E3"]),
            ({"OperatorIDs": ["DE*BBB", "DE*NIX"]}, ["DE*BBB*E4"]),
            ({"OperatorIds": ["DE*XYZ"]}, ["DE*XYZ*E3"]),
            ({"AuthenticationModes": ["REMOTE", "Direct Payment"]}, [E1]),
            ({"Accessibility": ["Restricted access"]}, [E2]),
            ({"CalibrationLawDataAvailability": ["External"]}, [E2]),
            ({"RenewableEnergy": False}, [E1]),
            ({"IsHubjectCompatible": False}, ["DE*XYZ*E3"]),
            ({"IsOpen24Hours": False}, []),
            ({"IsHubjectCompatible": True, "OperatorIds": ["DE*ABC"]}, [E1, E2]),
        ):
            assert sorted(ids(await provider.pulled(**members))) == sorted(found), members


# --- deltas


@pytest.mark.spec("OICP-EVSE-52", "OICP-EVSE-54", "OICP-EVSE-55", "OICP-EVSE-07")
async def test_a_delta_names_what_was_inserted_updated_and_deleted() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("fullLoad", record(E1), record(E2), record("DE*ABC*E9"))
        hub.clock.advance(60)
        since = instant(hub)
        hub.clock.advance(60)
        await abc.push_data("insert", record(E3))
        await abc.push_data("update", record(E2, Plugs=["CHAdeMO"]))
        await abc.push_data("delete", {"EvseID": E1})
        changed = await provider.pulled(LastCall=since)
        assert deltas(changed) == {E1: "delete", E2: "update", E3: "insert"}
        gone = next(one for one in changed if one["EvseID"] == E1)
        assert gone["Plugs"] == ["Type 2 Outlet"]
        assert gone["lastUpdate"] == instant(hub).replace("+00:00", "Z")
        assert all(one.get("deltaType") is None for one in await provider.pulled())


@pytest.mark.spec("OICP-EVSE-53")
async def test_a_delta_is_the_net_effect() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("fullLoad", record(E1), record(E2))
        hub.clock.advance(60)
        since = instant(hub)
        for action, *records in (
            ("insert", record(E3)),
            ("delete", {"EvseID": E3}),
            ("delete", {"EvseID": E1}, {"EvseID": E2}),
            ("insert", record(E1), record(E2, Plugs=["CHAdeMO"])),
            ("insert", record("DE*ABC*E4")),
            ("update", record("DE*ABC*E4", Plugs=["CHAdeMO"])),
        ):
            hub.clock.advance(1)
            assert code(await abc.push_data(action, *records)) == (200, "000")
        assert deltas(await provider.pulled(LastCall=since)) == {E2: "update", "DE*ABC*E4": "insert"}


@pytest.mark.spec("OICP-EVSE-57", "OICP-EVSE-51")
async def test_the_border_of_a_delta_is_inclusive() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        at = instant(hub)
        await abc.push_data("fullLoad", record(E1), record(E2, RenewableEnergy=False))
        assert deltas(await provider.pulled(LastCall=at)) == {E1: "insert", E2: "insert"}
        assert deltas(await provider.pulled(LastCall="2020-01-01T02:00:00+02:00")) == {E1: "insert", E2: "insert"}
        assert deltas(await provider.pulled(LastCall=at, RenewableEnergy=False)) == {E2: "insert"}
        assert await provider.pulled(LastCall="2030-01-01T00:00:00Z") == []
        hub.clock.advance(1)
        assert await provider.pulled(LastCall=instant(hub)) == []


# --- pages


@pytest.mark.spec("OICP-NET-30", "OICP-NET-32", "OICP-NET-34", "OICP-NET-33", "OICP-NET-36", "OICP-EVSE-59")
async def test_a_walk_sees_each_record_once() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        names = [f"DE*ABC*E{number:03}" for number in range(45)]
        await abc.push_data("fullLoad", *(record(name) for name in reversed(names)))
        seen: list[str] = []
        for number, (length, last) in enumerate([(20, False), (20, False), (5, True)]):
            page = decode((await provider.pull(f"?page={number}" if number else "")).content)
            assert [page[name] for name in ("number", "size", "totalElements", "totalPages")] == [number, 20, 45, 3]
            assert (page["numberOfElements"], len(page["content"])) == (length, length)
            assert (page["first"], page["last"], page["empty"]) == (number == 0, last, False)
            assert page["pageable"]["pageNumber"] == number
            seen += ids(page["content"])
        assert seen == names


@pytest.mark.spec("OICP-NET-31", "OICP-NET-35", "OICP-NET-38")
@pytest.mark.parametrize(
    ("query", "number", "size", "length"),
    [
        ("?size=5000", 0, 2000, 3),
        ("?page=99", 99, 20, 0),
        ("?size=abc&page=x", 0, 20, 3),
        ("?size=0", 0, 20, 3),
        ("?size=-1&page=-1", 0, 20, 3),
        ("?size=2&page=1", 1, 2, 1),
    ],
)
async def test_odd_pages(query: str, number: int, size: int, length: int) -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        await abc.push_data("fullLoad", record(E1), record(E2), record(E3))
        answer = await provider.pull(query)
        page = answer.json()
        assert code(answer) == (200, "000")
        assert (page["number"], page["size"], page["numberOfElements"]) == (number, size, length)
        assert page["last"] is True
        empty = (await provider.pull(query, CountryCodes=["AUT"])).json()
        assert (empty["totalElements"], empty["totalPages"], empty["last"]) == (0, 0, True)


@pytest.mark.spec("OICP-NET-37")
async def test_a_walk_is_stable_while_data_change() -> None:
    async with opened() as hub:
        abc, provider = await pair(hub)
        names = [f"DE*ABC*E{number:03}" for number in range(1, 5)]
        await abc.push_data("fullLoad", *(record(name) for name in names))
        first = ids(await provider.pulled("?size=2"))
        await abc.push_data("insert", record("DE*ABC*E000"))
        second = ids(await provider.pulled("?size=2&page=1"))
        assert first + second == names
        assert ids(await provider.pulled("?size=2")) == ["DE*ABC*E000", "DE*ABC*E001"]


# --- other protocols' locations


async def ocpi_like(hub: TestHub, phone: str | None, publish: bool = True) -> None:
    """A location of an operator of another protocol, as its server stores it."""
    import msgspec

    from mappings.oicp.locations import locations_from_oicp
    from protocols.oicp import codec
    from protocols.oicp.wire.evse_data import EvseDataRecord

    owner = await join(hub, cpo("FR*VLT"))
    body = msgspec.json.encode(record("FR*VLT*E1", ChargingStationID="gare"))
    [made] = locations_from_oicp(
        owner.partner.parties[0], [codec.decode(body, EvseDataRecord)], received_at=hub.clock.now()
    )
    bare = [msgspec.structs.replace(evse, extensions={}, status=EvseStatus.BLOCKED) for evse in made.evses]
    location = msgspec.structs.replace(
        made, evses=tuple(bare), extensions={}, help_phone=phone, publish=publish, operator=None
    )
    assert await hub.hub.locations.put(owner.partner, location) is Saved.CREATED


async def test_locations_of_other_protocols_are_seen_as_records() -> None:
    async with opened() as hub:
        _, provider = await pair(hub)
        await ocpi_like(hub, "+33123456789")
        [found] = await provider.pulled()
        assert (found["EvseID"], found["OperatorID"], found["OperatorName"]) == ("FR*VLT*E1", "FR*VLT", "CPO FR*VLT")
        assert await provider.statuses() == {"FR*VLT*E1": "Occupied"}
        assert deltas(await provider.pulled(LastCall=instant(hub))) == {"FR*VLT*E1": "update"}
        hub.clock.advance(1)
        assert await provider.pulled(LastCall=instant(hub)) == []


async def test_what_would_mislead_is_withheld() -> None:
    async with opened() as hub:
        _, provider = await pair(hub)
        await ocpi_like(hub, "+33123456789", publish=False)
        assert await provider.pulled() == []
        assert await provider.statuses() == {}


async def test_without_telephone_number_only_for_the_platform_profile() -> None:
    async with opened() as hub:
        _, provider = await pair(hub)
        lenient = await join(hub, emp("DE-8EO", platform_profile=True))
        await ocpi_like(hub, None)
        assert await provider.pulled() == []
        assert ids(await lenient.pulled()) == ["FR*VLT*E1"]


async def test_the_hubs_own_hotline_stands_in_where_it_has_one() -> None:
    async with opened(hotline="+3112345678") as hub:
        _, provider = await pair(hub)
        await ocpi_like(hub, None)
        [found] = await provider.pulled()
        assert found["HotlinePhoneNumber"] == "+3112345678"
