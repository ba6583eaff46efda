"""OCPI: locations, EVSEs and connectors, from their owner and to their readers."""

from typing import Any

import httpx
import pytest

from core.model.location import EvseStatus
from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import connector, evse, location, tariff

spec = pytest.mark.spec
LOC1 = "locations/receiver/NL/CPA/LOC1"
T1, T2 = "2026-01-15T12:01:00Z", "2026-01-15T12:02:00Z"
DAY = {"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}


async def put(net: OcpiNet, path: str = LOC1, body: Any = None, **options: Any) -> httpx.Response:
    return await net.p1.call(net.hub, "PUT", path, location() if body is None else body, **options)


async def patch(net: OcpiNet, path: str, body: Any, **options: Any) -> httpx.Response:
    return await net.p1.call(net.hub, "PATCH", path, body, **options)


async def shown(net: OcpiNet, location_id: str = "LOC1") -> dict[str, Any]:
    """As DE*EMB sees it in its list."""
    listed = (await net.p2.call(net.hub, "GET", "locations/sender")).json()["data"]
    return next(one for one in listed if one["id"] == location_id)


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


@spec("OCPI-COP-01", "OCPI-COP-04", "OCPI-HUB-66", "OCPI-HUB-62")
async def test_put_creates_then_replaces(net: OcpiNet) -> None:
    assert codes(await put(net)) == (201, 1000)
    assert codes(await put(net, body=location(city="Delft"))) == (200, 1000)
    assert await shown(net) == location(city="Delft")


@spec("OCPI-COP-02", "OCPI-LOC-14", "OCPI-HUB-53")
@pytest.mark.parametrize(
    "field",
    ["city", "address", "country", "coordinates", "time_zone", "publish", "country_code", "party_id", "last_updated"],
)
async def test_a_required_field_that_is_missing(net: OcpiNet, field: str) -> None:
    body = location()
    del body[field]
    answer = await put(net, body=body)
    assert codes(answer) == (200, 2001)
    assert field in answer.json()["status_message"]
    assert not net.hub.storage.locations.held
    await net.relay()
    assert not net.p2.seen("PUT", "locations")


@spec("OCPI-COP-03", "OCPI-HUB-67")
async def test_put_without_an_optional_field_removes_it(net: OcpiNet) -> None:
    await put(net, body=location(name="Central", evses=[evse(floor_level="-1")]))
    await put(net)
    assert await shown(net) == location()


@spec("OCPI-COP-05", "OCPI-COP-06", "OCPI-STC-04")
@pytest.mark.parametrize("change", [{"id": "LOC2"}, {"party_id": "XXX"}, {"country_code": "BE"}])
async def test_ids_in_url_and_body_agree(net: OcpiNet, change: dict[str, str]) -> None:
    for answer in (
        await put(net, body=location(**change)),
        await patch(net, LOC1, {**change, "last_updated": T1}),
    ):
        assert codes(answer) == (200, 2001)
        assert next(iter(change)) in answer.json()["status_message"]
    assert not net.hub.storage.locations.held


@spec("OCPI-COP-05")
async def test_ids_of_parts_agree_too(net: OcpiNet) -> None:
    await put(net)
    for path, body in (
        (f"{LOC1}/E2", evse("E3")),
        (f"{LOC1}/E1/1", connector(id="2")),
    ):
        assert codes(await put(net, path, body)) == (200, 2001)
        assert codes(await patch(net, path, {**body, "last_updated": T1})) == (200, 2001)
    assert await shown(net) == location()


@spec("OCPI-COP-07", "OCPI-HUB-50")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "GET"])
async def test_the_owner_is_a_party_of_the_caller(net: OcpiNet, method: str) -> None:
    await net.p3.call(net.hub, "PUT", "locations/receiver/FR/CPC/L1", location("L1", "FRCPC"), sender="FRCPC")
    for path in (
        "locations/receiver/FR/CPC/L1",
        "locations/receiver/FR/CPC/L1/E1",
        "locations/receiver/FR/CPC/L1/E1/1",
    ):
        body = {"status": "CHARGING", "last_updated": T1}
        assert codes(await net.p1.call(net.hub, method, path, body)) == (404, 2001)
    for path in ("locations/receiver/F/CPC/L1", "locations/receiver/FRA/CPC/L1", "locations/receiver/FR/CPCX/L1"):
        assert (await net.p1.call(net.hub, method, path, b"{}")).status_code == 404
    held = net.hub.storage.locations.held["FRCPC/L1"]
    assert held.evses[0].status is EvseStatus.AVAILABLE


@spec("OCPI-HUB-50")
async def test_from_may_be_another_party_of_the_same_platform(net: OcpiNet) -> None:
    assert codes(await put(net, sender="BECPA")) == (201, 1000)


@spec("OCPI-TRP-23")
@spec("OCPI-COP-09", "OCPI-LOC-02", "OCPI-HUB-47", "OCPI-COP-15")
async def test_a_status_patch_changes_the_status_only_and_stays_a_patch(net: OcpiNet) -> None:
    await put(net)
    await net.relay()
    net.forget()
    assert codes(await patch(net, f"{LOC1}/E1", {"status": "CHARGING", "last_updated": T1})) == (200, 1000)
    assert await shown(net) == location(evses=[evse(status="CHARGING", last_updated=T1)], last_updated=T1)
    await net.relay()
    (copy,) = net.p2.seen("PATCH", "locations")
    assert copy.path == f"/2.3.0/{LOC1}/E1"
    assert copy.json == {"status": "CHARGING", "last_updated": T1}
    listed = await net.p2.call(net.hub, "GET", f"locations/sender?date_from={T1}")
    assert len(listed.json()["data"]) == 1


@spec("OCPI-TRP-29")
@spec("OCPI-COP-10", "OCPI-LOC-09")
@pytest.mark.parametrize("path", [LOC1, f"{LOC1}/E1", f"{LOC1}/E1/1"])
async def test_a_patch_needs_last_updated(net: OcpiNet, path: str) -> None:
    await put(net)
    answer = await patch(net, path, {"name": "x", "status": "CHARGING", "max_voltage": 400})
    assert codes(answer) == (200, 2001)
    assert "last_updated" in answer.json()["status_message"]
    assert await shown(net) == location()


@spec("OCPI-COP-11")
async def test_a_list_in_a_patch_replaces_the_list(net: OcpiNet) -> None:
    await put(net, body=location(evses=[evse(connectors=[connector(tariff_ids=["1", "2"])])]))
    await patch(net, f"{LOC1}/E1/1", {"tariff_ids": ["15"], "last_updated": T1})
    assert (await shown(net))["evses"][0]["connectors"][0]["tariff_ids"] == ["15"]


@spec("OCPI-COP-12")
async def test_null_in_a_patch_is_not_mentioned(net: OcpiNet) -> None:
    await put(net, body=location(name="Central"))
    assert codes(await patch(net, LOC1, {"name": None, "city": "Delft", "last_updated": T1})) == (200, 1000)
    assert await shown(net) == location(name="Central", city="Delft", last_updated=T1)


@spec("OCPI-COP-13")
@pytest.mark.parametrize("path", ["locations/receiver/NL/CPA/NOPE", "locations/receiver/NL/CPA/NOPE/E1"])
async def test_a_patch_of_what_is_not_held_is_404(net: OcpiNet, path: str) -> None:
    await put(net)
    for body in ({"status": "CHARGING", "last_updated": T1}, {"floor_level": "1", "last_updated": T1}):
        assert codes(await patch(net, path, body)) == (404, 2003)
    assert codes(await patch(net, f"{LOC1}/E9", {"status": "CHARGING", "last_updated": T1})) == (404, 2003)
    assert codes(await patch(net, f"{LOC1}/E1/9", {"max_voltage": 1, "last_updated": T1})) == (404, 2003)


@spec("OCPI-COP-14", "OCPI-LOC-07")
async def test_a_child_moves_the_time_of_its_parents(net: OcpiNet) -> None:
    await put(net)
    await patch(net, f"{LOC1}/E1/1", {"max_amperage": 16, "last_updated": T1})
    data = await shown(net)
    assert data["last_updated"] == data["evses"][0]["last_updated"] == T1
    assert data["evses"][0]["connectors"][0]["last_updated"] == T1
    await put(net, f"{LOC1}/E2", evse("E2", last_updated=T2))
    data = await shown(net)
    assert data["last_updated"] == T2
    assert [one["last_updated"] for one in data["evses"]] == [T1, T2]


@spec("OCPI-COP-16")
async def test_older_messages_are_understood_and_change_nothing(net: OcpiNet) -> None:
    newest = location(
        city="Newest", evses=[evse(last_updated=T2, connectors=[connector(last_updated=T2)])], last_updated=T2
    )
    await put(net, body=newest)
    for answer in (
        await put(net, body=location(city="Older", last_updated=T1)),
        await patch(net, LOC1, {"city": "Older", "last_updated": T1}),
        await patch(net, f"{LOC1}/E1", {"status": "CHARGING", "last_updated": T1}),
        await patch(net, f"{LOC1}/E1", {"floor_level": "9", "last_updated": T1}),
        await patch(net, f"{LOC1}/E1/1", {"max_amperage": 1, "last_updated": T1}),
        await put(net, f"{LOC1}/E1", evse(status="REMOVED", last_updated=T1)),
        await put(net, f"{LOC1}/E1/1", connector(max_amperage=1, last_updated=T1)),
    ):
        assert codes(answer) == (200, 1000)
    assert await shown(net) == newest


async def test_the_same_message_twice_is_once(net: OcpiNet) -> None:
    for _ in range(2):
        await put(net)
        await patch(net, f"{LOC1}/E1", {"status": "CHARGING", "last_updated": T1})
    await net.relay()
    assert len(net.p2.seen("PATCH", "locations")) == 1


async def test_a_clock_that_is_ahead_or_behind_is_the_owners_own(net: OcpiNet) -> None:
    for moment in ("1999-12-31T23:59:59Z", "2036-01-01T00:00:00Z"):
        assert codes(await put(net, body=location(last_updated=moment)))[1] == 1000
        assert (await shown(net))["last_updated"] == moment


@spec("OCPI-COP-18", "OCPI-HUB-69", "OCPI-LOC-03", "OCPI-LOC-04", "OCPI-TRN-39")
async def test_the_owner_compares(net: OcpiNet) -> None:
    await put(net)
    for path, data in ((LOC1, location()), (f"{LOC1}/E1", evse()), (f"{LOC1}/E1/1", connector())):
        answer = await net.p1.call(net.hub, "GET", path)
        assert answer.json()["data"] == data
        assert "x-total-count" not in answer.headers
    for path in ("locations/receiver/NL/CPA/NOPE", f"{LOC1}/E9", f"{LOC1}/E1/9"):
        assert codes(await net.p1.call(net.hub, "GET", path)) == (404, 2003)


async def test_updates_arrive_in_order(net: OcpiNet) -> None:
    await put(net)
    await net.relay()
    net.forget()
    for second in range(1, 41):
        status = "CHARGING" if second % 2 else "AVAILABLE"
        await patch(net, f"{LOC1}/E1", {"status": status, "last_updated": f"2026-01-15T12:10:{second:02}Z"})
        await net.relay()
    seen = [copy.json["last_updated"] for copy in net.p2.seen("PATCH", "locations")]
    assert seen == sorted(seen)
    assert len(seen) == 40


@spec("OCPI-TRP-54")
@spec("OCPI-LOC-01")
async def test_a_list_has_whole_locations(net: OcpiNet) -> None:
    await put(net, body=location(evses=[evse(f"E{n}") for n in range(6)]))
    await patch(net, f"{LOC1}/E3", {"status": "BLOCKED", "last_updated": T1})
    (data,) = (await net.p2.call(net.hub, "GET", f"locations/sender?date_from={T1}")).json()["data"]
    assert len(data["evses"]) == 6


@spec("OCPI-LOC-03", "OCPI-LOC-04", "OCPI-HUB-70", "OCPI-PAG-21")
async def test_single_objects_for_readers(net: OcpiNet) -> None:
    await put(net)
    base = "locations/sender/LOC1"
    for path, data in ((base, location()), (f"{base}/E1", evse()), (f"{base}/E1/1", connector())):
        answer = await net.p2.call(net.hub, "GET", path)
        assert answer.json()["data"] == data
        assert not {"x-total-count", "x-limit", "link"} & set(answer.headers)
    for path in ("locations/sender/NOPE", f"{base}/E9", f"{base}/E1/9"):
        assert codes(await net.p2.call(net.hub, "GET", path)) == (404, 2003)


@spec("OCPI-HUB-70", "OCPI-HUB-59", "OCPI-STC-05")
async def test_an_id_of_several_owners_needs_a_name(net: OcpiNet) -> None:
    await put(net)
    path = "locations/receiver/FR/CPC/LOC1"
    await net.p3.call(net.hub, "PUT", path, location(owner="FRCPC"), sender="FRCPC")
    for to in ("NLHUB", None):
        assert codes(await net.p2.call(net.hub, "GET", "locations/sender/LOC1", to=to)) == (200, 2002)
    await net.p2.call(net.hub, "GET", "locations/sender/LOC1", to="FRCPC")
    assert len(net.p3.seen("GET", "locations")) == 1


@spec("OCPI-LOC-27")
async def test_who_answers_a_reader(net: OcpiNet) -> None:
    await put(net)
    for to, by in (("NLCPA", "CPA"), (None, "CPA"), ("NLHUB", "HUB")):
        answer = await net.p2.call(net.hub, "GET", "locations/sender/LOC1", to=to)
        assert answer.headers["ocpi-from-party-id"] == by


@spec("OCPI-LOC-05")
async def test_parts_are_added_by_put(net: OcpiNet) -> None:
    await put(net)
    assert codes(await put(net, f"{LOC1}/E2", evse("E2"))) == (201, 1000)
    assert codes(await put(net, f"{LOC1}/E2", evse("E2", last_updated=T1))) == (200, 1000)
    assert codes(await put(net, f"{LOC1}/E2/2", connector(id="2", last_updated=T1))) == (201, 1000)
    assert codes(await put(net, f"{LOC1}/E2/2", connector(id="2", max_amperage=16, last_updated=T2))) == (200, 1000)
    data = (await shown(net))["evses"][1]
    assert [one["id"] for one in data["connectors"]] == ["1", "2"]
    assert data["connectors"][1]["max_amperage"] == 16


@spec("OCPI-LOC-06")
async def test_a_part_of_what_is_not_held_is_404(net: OcpiNet) -> None:
    await put(net)
    before = dict(net.hub.storage.outbox.events)
    assert codes(await put(net, "locations/receiver/NL/CPA/NEW1/E1", evse())) == (404, 2003)
    assert codes(await put(net, f"{LOC1}/E9/1", connector())) == (404, 2003)
    assert net.hub.storage.outbox.events == before


@spec("OCPI-LOC-08", "OCPI-TYP-08")
async def test_an_evse_without_its_fields(net: OcpiNet) -> None:
    await put(net)
    for field in ("connectors", "status", "uid", "last_updated"):
        body = evse("E2")
        del body[field]
        assert codes(await put(net, f"{LOC1}/E2", body)) == (200, 2001)
    for empty in ([], None):
        answer = await put(net, body=location(evses=[evse(connectors=empty)]))
        assert codes(answer) == (200, 2001)
    assert await shown(net) == location()


@spec("OCPI-LOC-11", "OCPI-COP-19")
async def test_removed_evses_stay(net: OcpiNet) -> None:
    await put(net)
    await patch(net, f"{LOC1}/E1", {"status": "REMOVED", "last_updated": T1})
    assert (await shown(net))["evses"][0]["status"] == "REMOVED"
    assert (await net.p2.call(net.hub, "GET", "locations/sender/LOC1")).status_code == 200


@spec("OCPI-LOC-12", "OCPI-LOC-31")
async def test_an_unpublished_location_is_passed_on_as_it_is(net: OcpiNet) -> None:
    body = location(publish=False, publish_allowed_to=[{"uid": "1", "type": "RFID"}])
    await put(net, body=body)
    await net.relay()
    (copy,) = net.p2.seen("PUT", "locations")
    assert copy.json == body


@spec("OCPI-LOC-13")
@pytest.mark.parametrize("entry", [{"issuer": "x"}, {"uid": "1"}, {"visual_number": "1"}, {}])
async def test_wrong_publish_allowed_to(net: OcpiNet, entry: dict[str, str]) -> None:
    assert codes(await put(net, body=location(publish=False, publish_allowed_to=[entry]))) == (200, 2001)


@spec("OCPI-LOC-13")
async def test_publish_allowed_to_of_a_published_location(net: OcpiNet) -> None:
    assert codes(await put(net, body=location(publish_allowed_to=[{"group_id": "1"}]))) == (200, 2001)


@spec("OCPI-LOC-16", "OCPI-LOC-26")
async def test_nothing_is_filled_in_or_acted_upon(net: OcpiNet) -> None:
    schedule = [{"period_begin": "2020-01-01T00:00:00Z", "status": "OUTOFORDER"}]
    body = location(evses=[evse(status_schedule=schedule)])
    await put(net, body=body)
    assert await shown(net) == body


@spec("OCPI-LOC-17")
@pytest.mark.parametrize(
    ("hours", "code"),
    [
        ({"twentyfourseven": False}, 2001),
        ({"twentyfourseven": True, "regular_hours": [DAY]}, 2001),
        ({"regular_hours": [DAY]}, 2001),
        ({"twentyfourseven": False, "regular_hours": [{**DAY, "weekday": 8}]}, 2001),
        ({"twentyfourseven": True}, 1000),
        ({"twentyfourseven": False, "regular_hours": [{**DAY, "weekday": 7}]}, 1000),
    ],
)
async def test_hours(net: OcpiNet, hours: dict[str, Any], code: int) -> None:
    assert codes(await put(net, body=location(opening_times=hours)))[1] == code


@spec("OCPI-LOC-18")
async def test_parking_places_are_named_once_and_exist(net: OcpiNet) -> None:
    place = {"id": "P1", "vehicle_types": ["BUS"], "restricted_to_type": False, "reservation_required": False}
    good = location(parking_places=[place], evses=[evse(parking=[{"parking_id": "p1"}])])
    assert codes(await put(net, body=good)) == (201, 1000)
    for wrong in (
        location(parking_places=[place], evses=[evse(parking=[{"parking_id": "P2"}])]),
        location(parking_places=[place, place]),
        location(parking_places=[{**place, "vehicle_types": []}]),
        location(parking_places=[{k: v for k, v in place.items() if k != "restricted_to_type"}]),
        location(parking_places=[{k: v for k, v in place.items() if k != "reservation_required"}]),
    ):
        assert codes(await put(net, body=wrong)) == (200, 2001)


@spec("OCPI-TRP-58")
@spec("OCPI-LOC-20", "OCPI-LOC-21", "OCPI-GEN-04", "OCPI-TYP-05")
@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ({"help_phone": "1" * 25}, {"help_phone": "1" * 26}),
        (
            {"evses": [evse(accepted_service_providers=["a" * 50] * 3)]},
            {"evses": [evse(accepted_service_providers=["a" * 51])]},
        ),
        ({"address": "x" * 255}, {"address": "x" * 256}),
        ({"city": "ö" * 45}, {"city": "ö" * 46}),
    ],
)
async def test_lengths(net: OcpiNet, good: dict[str, Any], bad: dict[str, Any]) -> None:
    body = location(**good)
    assert codes(await put(net, body=body)) == (201, 1000)
    await net.relay()
    assert net.p2.seen("PUT", "locations")[0].json == body
    answer = await put(net, body=location(**bad, last_updated=T1))
    assert codes(answer) == (200, 2001)
    assert (await shown(net)) == body


@spec("OCPI-LOC-22", "OCPI-LOC-23", "OCPI-LOC-24", "OCPI-LOC-29", "OCPI-TYP-09", "OCPI-HUB-86")
async def test_all_receivers_get_all_of_it(net: OcpiNet) -> None:
    plug = connector(
        capabilities=["ISO_15118_20_PLUG_AND_CHARGE"],
        tariff_ids=["1", "2", "3"],
        terms_and_conditions="https://cpa.example/terms",
    )
    place = {"id": "P1", "vehicle_types": ["BUS"], "restricted_to_type": False, "reservation_required": False}
    image = {"url": "https://cpa.example/i.png", "category": "CHARGER", "type": "png"}
    body = location(
        evses=[evse(capabilities=["RESERVABLE"], connectors=[plug])],
        parking_places=[place],
        images=[image],
        operator={"name": "CPA", "website": "https://cpa.example"},
        postal_code="#NA",
    )
    await put(net, body=body)
    await net.relay()
    copies = net.p2.seen("PUT", "locations") + net.p3.seen("PUT", "locations")
    assert {copy.party("to") for copy in copies} == {"DEEMB", "FREMC", "FRNSC"}
    assert all(copy.json == body for copy in copies)


@spec("OCPI-TRP-40")
@spec("OCPI-TYP-02")
@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2026-01-15T12:00:00Z", 1000),
        ("2026-01-15T12:00:00", 1000),
        ("2026-01-15T12:00:00.5Z", 1000),
        ("2026-01-15T12:00:00.123", 1000),
        ("2026-01-15 12:00", 2001),
        ("2026-01-15T12:00:00+00:00", 2001),
        ("2026-01-15", 2001),
        ("2026-02-30T12:00:00Z", 2001),
    ],
)
async def test_times(net: OcpiNet, moment: str, code: int) -> None:
    answer = await put(net, body=location(last_updated=moment))
    assert answer.json()["status_code"] == code
    if code == 1000:
        assert (await shown(net))["last_updated"] == moment


@spec("OCPI-TRP-36")
@spec("OCPI-TYP-06", "OCPI-TYP-10", "OCPI-TYP-11", "OCPI-TYP-13", "OCPI-TYP-15")
@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("name", location(name="a\tb")),
        ("id", location("LÖC1")),
        ("coordinates.latitude", location(coordinates={"latitude": 51.0, "longitude": "5.11040"})),
        ("coordinates.latitude", location(coordinates={"latitude": "51.0", "longitude": "5.11040"})),
        ("evses[0].connectors[0].max_voltage", location(evses=[evse(connectors=[connector(max_voltage="230")])])),
        ("publish", location(publish="true")),
        ("evses[0].status", location(evses=[evse(status="available")])),
        ("evses[1].status", location(evses=[evse(), evse("E2", status="OPEN")])),
        ("evses[0].connectors[0].format", location(evses=[evse(connectors=[connector(format="PLUG")])])),
        ("evses[0].connectors[0].power_type", location(evses=[evse(connectors=[connector(power_type="AC")])])),
        ("city", location(city=7)),
        ("city", location(city=None)),
    ],
)
async def test_wrong_values_are_named(net: OcpiNet, path: str, body: dict[str, Any]) -> None:
    url = "locations/receiver/NL/CPA/L%C3%96C1" if path == "id" else LOC1
    answer = await put(net, url, body)
    assert codes(answer) == (200, 2001)
    assert f"$.{path}:" in answer.json()["status_message"]
    assert not net.hub.storage.locations.held
    assert not net.hub.storage.outbox.events


@spec("OCPI-TYP-07")
async def test_null_and_absence_are_the_same(net: OcpiNet) -> None:
    nothing = {"images": None, "name": None, "facilities": [], "opening_times": None, "directions": None}
    assert codes(await put(net, body=location(**nothing))) == (201, 1000)
    assert await shown(net) == location()
    too_long = location(images=[{"url": "https://x/" + "y" * 250, "category": "OTHER", "type": "png"}])
    assert codes(await put(net, body=too_long)) == (200, 2001)


async def test_a_patch_that_would_leave_nonsense_is_refused(net: OcpiNet) -> None:
    await put(net)
    for path, body in (
        (LOC1, {"opening_times": {"twentyfourseven": False}}),
        (f"{LOC1}/E1", {"connectors": []}),
        (f"{LOC1}/E1", {"parking": [{"parking_id": "nowhere"}]}),
        (f"{LOC1}/E1", {"status": "OPEN"}),
    ):
        assert codes(await patch(net, path, {**body, "last_updated": T1})) == (200, 2001)
    assert await shown(net) == location()


async def test_many_patches_of_one_evse_at_once_lose_nothing(net: OcpiNet) -> None:
    import asyncio

    await put(net, body=location(evses=[evse(f"E{n}") for n in range(8)]))
    await asyncio.gather(*(patch(net, f"{LOC1}/E{n}", {"floor_level": str(n), "last_updated": T1}) for n in range(8)))
    assert [one["floor_level"] for one in (await shown(net))["evses"]] == [str(n) for n in range(8)]


async def test_pages_are_never_stale_and_never_anothers(net: OcpiNet) -> None:
    await put(net)
    for number in range(5):
        moment = f"2026-01-15T13:00:0{number}Z"
        await patch(net, f"{LOC1}/E1", {"status": "CHARGING", "last_updated": moment})
        for _ in range(2):
            assert (await shown(net))["last_updated"] == moment
    assert (await net.p1.call(net.hub, "GET", "locations/sender")).json()["data"] == []
    net.hub.storage.locations.watched = False
    await put(net, body=location(city="Unwatched", last_updated="2026-01-15T14:00:00Z"))
    assert (await shown(net))["city"] == "Unwatched"
    net.hub.storage.locations.watched = True
    await net.hub.hub.partners.suspend(
        next(x.id for x in net.hub.storage.partners.held.values() if x.name == "p1.test")
    )
    assert (await net.p2.call(net.hub, "GET", "locations/sender")).json()["data"] == []


@spec("OCPI-LOC-25")
async def test_a_tariff_that_is_not_known_is_remarked_upon(net: OcpiNet, caplog: pytest.LogCaptureFixture) -> None:
    async def remarks(path: str, body: Any) -> list[str]:
        caplog.clear()
        assert (await net.p1.call(net.hub, "PUT", path, body)).json()["status_code"] == 1000
        return [one.getMessage() for one in caplog.records if one.name == "protocols.ocpi.server.locations"]

    path = "locations/receiver/NL/CPA/LOC1"
    await remarks("tariffs/receiver/NL/CPA/T1", tariff())
    whole = location(evses=[evse(connectors=[connector(tariff_ids=["T1", "T2"])])])
    (said,) = await remarks(path, whole)
    assert "'T2'" in said
    assert await remarks(path, whole) == []
    (said,) = await remarks(f"{path}/E1/2", connector(id="2", tariff_ids=["t1", "T3"]))
    assert "'T3'" in said
