"""OCPI: places that can be booked, and bookings. OCPI 2.3.0, mod_bookings 1.1."""

from typing import Any

import httpx
import msgspec
import pytest

from core.model.partner import PartnerState
from tests.flows.conftest import OcpiNet
from tests.flows.ocpi_partner import EVERYTHING, OcpiPartner, cdr, envelope, location, session

spec = pytest.mark.spec
SENDER = "bookings/sender"
PLACES = "bookings/sender/booking_locations"
PLACE = "bookings/receiver/NL/CPA/booking_locations/BL1"
CALENDAR = f"{PLACE}/CAL1"
BOOKING = "bookings/receiver/NL/CPA/B1"
T0 = "2026-01-15T12:00:00Z"
T1 = "2026-01-15T12:01:00Z"
T2 = "2026-01-15T12:02:00Z"


def slot(start: str = "2026-02-01T08:00:00Z", **changes: Any) -> dict[str, Any]:
    return {"start_date_time": start, "end_date_time": "2026-02-01T09:00:00Z", "max_power": 11000.5, **changes}


def calendar(calendar_id: str = "CAL1", **changes: Any) -> dict[str, Any]:
    return {
        "id": calendar_id,
        "begin_from": "2026-02-01T00:00:00Z",
        "end_before": "2026-03-01T00:00:00Z",
        "timeslot_increment": 15,
        "available_timeslots": [slot()],
        "last_updated": T0,
        **changes,
    }


def terms(**changes: Any) -> dict[str, Any]:
    return {
        "supported_access_methods": ["TOKEN", "LICENSE_PLATE"],
        "change_until_minutes": 60,
        "cancel_until_minutes": 30,
        "booking_terms": "https://p1.test/terms",
        **changes,
    }


def place(owner: str = "NLCPA", **changes: Any) -> dict[str, Any]:
    return {
        "country_code": owner[:2],
        "party_id": owner[2:],
        "id": "BL1",
        "location_id": "LOC1",
        "booking_option": {"evse_uid": "E1", "vehicle_types": ["HOVERCRAFT"], "connector_format": ["CABLE"]},
        "policy": {"reservation_required": True},
        "booking_terms": terms(),
        "calendars": [calendar()],
        "last_updated": T0,
        **changes,
    }


def wish(owner: str = "DEEMB", **changes: Any) -> dict[str, Any]:
    return {
        "country_code": owner[:2],
        "party_id": owner[2:],
        "request_id": "R1",
        "location_id": "LOC1",
        "booking_location_id": "BL1",
        "period": {"start_date_time": "2026-02-01T08:00:00Z", "end_date_time": "2026-02-01T09:00:00Z"},
        "authorization_reference": "ref-1",
        **changes,
    }


def booking(owner: str = "NLCPA", status: str = "PENDING", **changes: Any) -> dict[str, Any]:
    return {
        "id": "B1",
        "country_code": owner[:2],
        "party_id": owner[2:],
        "request_id": "R1",
        "location_id": "LOC1",
        "period": slot(),
        "reservation_status": status,
        "authorization_reference": "ref-1",
        "booking_terms": terms(),
        "booking_requests": [{"request_status": "PENDING", "booking_request": wish(), "request_received": T0}],
        "last_updated": T0,
        **changes,
    }


def codes(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, answer.json()["status_code"]


def books(net: OcpiNet, **changes: Any) -> dict[str, Any]:
    """What P1 makes of a request."""
    said = envelope(booking(**changes))
    net.p1.answers["POST", "bookings"] = (200, said, {})
    return said


async def asked(net: OcpiNet, to: str | None = "NLCPA", **changes: Any) -> httpx.Response:
    return await net.p2.call(net.hub, "POST", SENDER, wish(**changes), to=to)


async def published(net: OcpiNet, body: Any = None, path: str = PLACE, method: str = "PUT") -> httpx.Response:
    answer = await net.p1.call(net.hub, method, path, place() if body is None else body)
    await net.relay()
    return answer


async def listed(net: OcpiNet, query: str = "", path: str = PLACES, by: OcpiPartner | None = None) -> list[Any]:
    answer = await (by or net.p2).call(net.hub, "GET", f"{path}{query}")
    assert answer.headers["x-total-count"] == str(len(answer.json()["data"]))
    return list(answer.json()["data"])


def nothing_sent(net: OcpiNet) -> bool:
    return not net.p1.received + net.p2.received + net.p3.received


# --- one party to another

FROM_EMSP: list[tuple[str, str, Any]] = [
    ("GET", f"{PLACES}?date_from={T0}&timeslot_from={T0}&timeslot_to={T1}", None),
    ("GET", f"{PLACES}/BL1", None),
    ("GET", f"{PLACES}/BL1/CAL1", None),
    ("GET", f"{SENDER}?limit=5", None),
    ("POST", SENDER, wish()),
]
FROM_CPO: list[tuple[str, str, Any]] = [
    *[("GET", path, None) for path in (PLACE, CALENDAR, BOOKING)],
    ("PUT", PLACE, place()),
    ("PATCH", PLACE, {"tariff_ids": ["T1"], "last_updated": T1}),
    ("PUT", CALENDAR, calendar()),
    ("PATCH", CALENDAR, {"timeslot_increment": 30, "last_updated": T1}),
    ("PUT", BOOKING, booking()),
    ("PATCH", BOOKING, {"reservation_status": "RESERVED", "last_updated": T1}),
]


@spec("OCPI-BKG-02", "OCPI-HUB-06", "OCPI-HUB-28", "OCPI-HUB-16")
@pytest.mark.parametrize(("method", "path", "body"), FROM_EMSP + FROM_CPO)
async def test_each_call_is_passed_on_at_its_interface(net: OcpiNet, method: str, path: str, body: Any) -> None:
    emsp = (method, path, body) in FROM_EMSP
    caller, other = (net.p2, net.p1) if emsp else (net.p1, net.p2)
    to, sender = ("NLCPA", "DEEMB") if emsp else ("DEEMB", "NLCPA")
    said = envelope({"x": 1.50})
    other.answers[method, "bookings"] = (200, said, {})
    answer = await caller.call(net.hub, method, path, body, to=to)
    assert answer.json() == said
    (request,) = other.received
    query = f"?{request.query}" if request.query else ""
    assert (request.method, request.path.rstrip("/") + query) == (method, f"/2.3.0/{path}")
    assert request.body == (msgspec.json.encode(body) if body is not None else b"")
    assert (request.party("to"), request.party("from")) == (to, sender)
    await net.relay()
    assert not net.p3.received


@spec("OCPI-TRP-21")
@spec("OCPI-BKG-02", "OCPI-HUB-77")
async def test_lists_lead_on_through_the_hub(net: OcpiNet) -> None:
    link = '<https://p1.test/2.3.0/bookings/booking_locations?timeslot_from=x&cursor=2>; rel="next"'
    net.p1.answers["GET", "bookings"] = (200, envelope([place()]), {"link": link})
    answer = await net.p2.call(net.hub, "GET", f"{PLACES}?timeslot_from={T0}", to="NLCPA")
    url = answer.links["next"]["url"]
    assert url.startswith("https://hub.test/ocpi/2.3.0/bookings/page/")
    await net.p2.call(net.hub, "GET", url.removeprefix("https://hub.test"), to=None)
    assert net.p1.received[-1].query == "timeslot_from=x&cursor=2"


@spec("OCPI-BKG-02", "OCPI-BKG-04")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        *[(method, path) for method in ("POST", "DELETE") for path in (PLACE, CALENDAR, BOOKING)],
        *[(method, SENDER) for method in ("PUT", "PATCH", "DELETE")],
        *[(method, path) for method in ("PUT", "PATCH", "POST", "DELETE") for path in (PLACES, f"{PLACES}/BL1")],
        *[(method, "bookings/receiver") for method in ("POST", "GET", "PUT")],
    ],
)
async def test_other_methods_are_not_offered(net: OcpiNet, method: str, path: str) -> None:
    assert codes(await net.p1.call(net.hub, method, path, place(), to="DEEMB")) == (405, 2000)
    assert nothing_sent(net)


@spec("OCPI-BKG-10", "OCPI-BKG-15")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PATCH", "bookings/receiver/bookinglocations/NL/CPA/BL1"),
        ("PUT", "bookings/receiver/bookinglocations/NL/CPA/BL1/CAL1"),
        ("GET", "bookings/receiver/NL/CPA/booking_locations"),
        ("PUT", "bookings/receiver/NL/CPA/booking_locations"),
        ("PATCH", "bookings/receiver/NL/CPA/booking_locations"),
        ("GET", f"{SENDER}/B1"),
    ],
)
async def test_other_paths_lead_nowhere(net: OcpiNet, method: str, path: str) -> None:
    for to in ("DEEMB", "NLHUB", None):
        assert codes(await net.p1.call(net.hub, method, path, place(), to=to)) == (404, 2001)
    assert nothing_sent(net)


@spec("OCPI-BKG-13", "OCPI-BKG-11", "OCPI-TYP-14", "OCPI-HUB-86")
@pytest.mark.parametrize("who", ["CPO", "SENDER", "RECEIVER", "EMSP", "nobody"])
async def test_what_is_said_is_the_receivers_to_judge(net: OcpiNet, who: str) -> None:
    odd = slot("2026-02-01T08:00:99Z", **{"end_date_time ": "x", "green_power_support": False})
    told = booking(canceled={"cancellation_reason": "FULL", "who_canceled": who}, party_id="CPA")
    for path, body in (
        (BOOKING, told),
        (BOOKING, booking(period=odd, party_id="INF12", evse_uid="E1")),
        (PLACE, place(calendars=[calendar(available_timeslots=[odd])])),
    ):
        content = msgspec.json.format(msgspec.json.encode(body), indent=2)
        assert codes(await net.p1.call(net.hub, "PUT", path, content, to="DEEMB")) == (200, 1000)
        assert net.p2.received[-1].body == content
    assert await listed(net, path=SENDER) == ([] if who == "nobody" else [told])
    assert await listed(net) == []


@spec("OCPI-BKG-12")
async def test_what_bookings_add_to_other_modules_passes(net: OcpiNet) -> None:
    dimensions = [{"type": "RESERVATION_OVERTIME", "volume": 0.5}, {"type": "RESERVATION_EXPIRES", "volume": 0.5}]
    periods = [{"start_date_time": T0, "dimensions": dimensions}]
    running = session(charging_periods=periods)
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", running, to="DEEMB")
    assert net.p2.received[-1].json == running
    bill = cdr(charging_periods=periods, booking_id="B1")
    await net.p1.call(net.hub, "POST", "cdrs/receiver", bill, to="DEEMB")
    await net.hub.settle()
    (posted,) = net.p2.seen("POST", "cdrs")
    assert posted.json == bill


# --- bookings


@spec("OCPI-BKG-03", "OCPI-HUB-64", "OCPI-HUB-87")
async def test_a_booking_is_asked_for_and_becomes_definite_later(net: OcpiNet) -> None:
    said = books(net)
    answer = await asked(net)
    assert answer.json() == said
    assert answer.headers["ocpi-from-party-id"] == "CPA"
    assert net.p1.received[-1].json == wish()
    assert await listed(net, path=SENDER) == [said["data"]]
    reserved = booking(status="RESERVED", last_updated=T1)
    answer = await net.p1.call(net.hub, "PUT", BOOKING, reserved, to="DEEMB")
    assert codes(answer) == (200, 1000)
    assert (net.p2.received[-1].path, net.p2.received[-1].json) == (f"/2.3.0/{BOOKING}", reserved)
    gone = {"reservation_status": "FULFILLED", "last_updated": T2}
    await net.p1.call(net.hub, "PATCH", BOOKING, gone, to="DEEMB")
    done = {**reserved, **gone}
    for reader, expected in ((net.p2, [done]), (net.p1, [done]), (net.p3, [])):
        assert await listed(net, path=SENDER, by=reader) == expected
    assert (await net.p1.call(net.hub, "GET", BOOKING)).json()["data"] == done


@spec("OCPI-BKG-04", "OCPI-BKG-08", "OCPI-HUB-57")
async def test_a_change_goes_to_the_operator_of_the_booking(net: OcpiNet) -> None:
    assert codes(await asked(net, to=None)) == (200, 4001)
    books(net)
    await asked(net)
    cancel = {"canceled": {"cancellation_reason": "NO_CANCELED", "who_canceled": "EMSP"}}
    answer = await asked(net, to=None, request_id="r1", booking_location_id="elsewhere", location_id="?", **cancel)
    assert (codes(answer), answer.headers["ocpi-from-party-id"]) == ((200, 1000), "CPA")
    assert net.p1.received[-1].json["canceled"] == cancel["canceled"]
    assert net.p1.received[-1].party("to") == "NLCPA"
    stranger = await net.p3.call(net.hub, "POST", SENDER, wish("FREMC"), to=None, sender="FREMC")
    assert codes(stranger) == (200, 4001)


@spec("OCPI-BKG-08", "OCPI-HUB-54", "OCPI-HUB-57")
async def test_the_place_says_whose_booking_it_is(net: OcpiNet) -> None:
    await published(net)
    answer = await asked(net, to=None, location_id="LOC9")
    assert (codes(answer), answer.headers["ocpi-from-party-id"]) == ((200, 1000), "CPA")
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    answer = await asked(net, to=None, booking_location_id="BL9")
    assert (codes(answer), answer.headers["ocpi-from-party-id"]) == ((200, 1000), "CPA")
    assert codes(await asked(net, to=None, booking_location_id="BL9", location_id="LOC9")) == (200, 4001)
    only_one = place(id="BL2")
    await net.p1.call(net.hub, "PUT", PLACE.replace("BL1", "BL2"), only_one, to="DEEMB")
    answer = await asked(net, to=None, booking_location_id="BL2", location_id="LOC9")
    assert answer.headers["ocpi-from-party-id"] == "CPA"


@spec("OCPI-HUB-59")
async def test_two_operators_with_one_id(net: OcpiNet) -> None:
    await published(net)
    path = PLACE.replace("NL/CPA", "FR/CPC")
    await net.p3.call(net.hub, "PUT", path, place("FRCPC"), sender="FRCPC")
    for answer in (await asked(net, to=None), await net.p2.call(net.hub, "GET", f"{PLACES}/BL1")):
        assert codes(answer) == (200, 2002)


@spec("OCPI-BKG-05", "OCPI-BKG-08")
@pytest.mark.parametrize("name", ["B1", "R1", "r1"])
async def test_a_booking_is_named_by_its_id_or_its_request(net: OcpiNet, name: str) -> None:
    path = BOOKING.replace("B1", name)
    steps = [("PUT", booking(last_updated=T1)), ("PATCH", {"reservation_status": "NO_SHOW", "last_updated": T2})]
    for method, body in [*steps, ("GET", None)]:
        unknown = {**body, "request_id": "R7"} if method == "PUT" else body
        assert codes(await net.p1.call(net.hub, method, path, unknown, to=None)) == (200, 4001)
    books(net)
    await asked(net)
    for method, body in [*steps, ("GET", None)]:
        answer = await net.p1.call(net.hub, method, path, body, to=None)
        assert (codes(answer), answer.headers["ocpi-from-party-id"]) == ((200, 1000), "EMB")
    assert await listed(net, path=SENDER) == [booking(status="NO_SHOW", last_updated=T2)]


@spec("OCPI-BKG-05", "OCPI-COP-05")
async def test_a_booking_under_a_name_that_is_not_its_own_is_not_kept(net: OcpiNet) -> None:
    path = BOOKING.replace("B1", "X9")
    assert codes(await net.p1.call(net.hub, "PUT", path, booking(), to="DEEMB")) == (200, 1000)
    assert await listed(net, path=SENDER) == []
    answer = await net.p1.call(net.hub, "PUT", path, booking(), to=None)
    assert codes(answer) == (200, 4001)


async def test_the_request_names_the_emsp_of_a_booking_that_the_hub_knows_by_it_alone(net: OcpiNet) -> None:
    books(net)
    await asked(net)
    later = booking(id="B2", last_updated=T1)
    answer = await net.p1.call(net.hub, "PUT", BOOKING.replace("B1", "B2"), later, to=None)
    assert answer.headers["ocpi-from-party-id"] == "EMB"


@spec("OCPI-TRP-66")
@spec("OCPI-BKG-09")
async def test_nobody_books_in_anothers_name(net: OcpiNet) -> None:
    for to in ("NLCPA", None):
        assert codes(await net.p2.call(net.hub, "POST", SENDER, wish("NLCPA"), to=to)) == (200, 2001)
        assert codes(await net.p2.call(net.hub, "POST", SENDER, wish("FREMC"), to=to)) == (200, 2001)
    assert nothing_sent(net)
    assert codes(await net.p3.call(net.hub, "POST", SENDER, wish("FREMC"), to="NLCPA", sender="FRNSC")) == (200, 1000)
    assert codes(await asked(net, party_id="INF12")) == (200, 1000)


async def test_a_booking_of_another_operator_is_not_kept(net: OcpiNet) -> None:
    books(net, owner="FRCPC")
    assert codes(await asked(net)) == (200, 1000)
    assert not net.hub.storage.records.held
    for method in ("PUT", "PATCH", "GET"):
        path = BOOKING.replace("NL/CPA", "FR/CPC")
        assert codes(await net.p1.call(net.hub, method, path, booking("FRCPC"), to="DEEMB")) == (404, 2001)


@spec("OCPI-BKG-07", "OCPI-HUB-45")
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
async def test_a_booking_is_no_broadcast(net: OcpiNet, method: str) -> None:
    assert codes(await net.p1.call(net.hub, method, BOOKING, booking())) == (200, 2001)
    assert codes(await net.p2.call(net.hub, "POST", SENDER, wish())) == (200, 2001)
    await net.relay()
    assert nothing_sent(net)


# --- places for all


@spec("OCPI-TRP-13", "OCPI-TRP-14", "OCPI-TRP-73")
@spec("OCPI-BKG-07", "OCPI-HUB-34", "OCPI-HUB-36", "OCPI-HUB-37", "OCPI-HUB-47", "OCPI-HUB-48", "OCPI-HUB-68")
async def test_a_place_is_told_to_all_and_listed(net: OcpiNet) -> None:
    away = tuple(one for one in EVERYTHING if one[0] != "bookings")
    without = await OcpiPartner("p5.test", ("EMSP", "BE", "BAR"), endpoints=away).join(net.hub)
    old = await OcpiPartner("p4.test", ("EMSP", "AT", "EMD"), version="2.2.1").join(net.hub)
    await net.relay()
    net.forget()
    without.received.clear()
    old.received.clear()
    body = msgspec.json.format(msgspec.json.encode(place(future={"a": 1.50})), indent=1)
    headers = {"x-correlation-id": "of P1", "x-request-id": "mine"}
    answer = await net.p1.call(net.hub, "PUT", PLACE, body, headers=headers)
    assert codes(answer) == (201, 1000)
    assert answer.headers["ocpi-from-party-id"] == "HUB"
    await net.relay()
    copies = net.p2.received + net.p3.received
    assert sorted(str(copy.party("to")) for copy in copies) == ["DEEMB", "FREMC", "FRNSC"]
    for copy in copies:
        assert (copy.method, copy.path) == ("PUT", f"/2.3.0/{PLACE}")
        assert copy.body == body
        assert copy.party("from") == "NLHUB"
        assert copy.headers["x-correlation-id"] == "of P1"
    assert len({copy.headers["x-request-id"] for copy in copies} | {"mine"}) == 4
    assert not net.p1.received + without.received + old.received
    for reader in (net.p2, net.p3, without):
        assert await listed(net, by=reader) == [place(future={"a": 1.50})]
    assert codes(await published(net)) == (200, 1000)
    assert await listed(net, by=net.p1) == []


@spec("OCPI-HUB-53", "OCPI-TYP-01", "OCPI-COP-02", "OCPI-TYP-15")
@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"location_id": None}, "location_id"),
        ({"last_updated": "2026-01-15 12:00"}, "last_updated"),
        ({"booking_terms": terms(supported_access_methods=[])}, "supported_access_methods"),
        ({"booking_option": {"connector_format": ["ROPE"]}}, "connector_format"),
        ({"calendars": [calendar(available_timeslots=[])]}, "available_timeslots"),
        ({"id": "BL2"}, "id"),
        ({"party_id": "XXX"}, "party_id"),
        ({"policy": {"reservation_required": "yes"}}, "reservation_required"),
    ],
)
async def test_what_is_for_all_is_checked(net: OcpiNet, changes: dict[str, Any], where: str) -> None:
    for to in ("NLHUB", None):
        answer = await net.p1.call(net.hub, "PUT", PLACE, place(**changes), to=to)
        assert codes(answer) == (200, 2001)
        assert where in answer.json()["status_message"]
    await net.relay()
    assert nothing_sent(net)
    assert await listed(net) == []


@spec("OCPI-HUB-58", "OCPI-HUB-42", "OCPI-HUB-43", "OCPI-HUB-44", "OCPI-HUB-66")
async def test_without_to_a_place_is_for_all_and_who_is_away_fetches_it(net: OcpiNet) -> None:
    net.hub.network.silence("p2.test")
    p3 = next(held for held in net.hub.storage.partners.held.values() if held.name == "p3.test")
    await net.hub.storage.partners.update(msgspec.structs.replace(p3, state=PartnerState.OFFLINE))
    answer = await net.p1.call(net.hub, "PUT", PLACE, place(), to=None)
    assert codes(answer) == (201, 1000)
    await net.relay()
    net.hub.network.serve("p2.test", net.p2)
    assert len(await listed(net)) == 1
    net.hub.clock.advance(86400)
    await net.relay()
    assert not [one for one in net.p2.received + net.p3.received if "bookings" in one.path]


@spec("OCPI-TRP-29")
@spec("OCPI-BKG-06", "OCPI-COP-10", "OCPI-COP-14", "OCPI-HUB-67")
async def test_a_calendar_moves_its_place(net: OcpiNet) -> None:
    await published(net, place(x=1.50))
    change: dict[str, Any] = {"available_timeslots": [slot(T2)], "timeslot_increment": None}
    answer = await published(net, change, CALENDAR, "PATCH")
    assert codes(answer) == (200, 2001)
    assert "last_updated" in answer.json()["status_message"]
    net.forget()
    assert codes(await published(net, {**change, "last_updated": T1}, CALENDAR, "PATCH")) == (200, 1000)
    changed = calendar(available_timeslots=[slot(T2)], last_updated=T1)
    expected = place(x=1.50, calendars=[changed], last_updated=T1)
    assert await listed(net) == [expected]
    assert {one.method for one in net.p2.received} == {"PUT"}
    assert net.p2.received[-1].json == expected
    second = calendar("CAL2", last_updated=T0)
    assert codes(await published(net, second, CALENDAR.replace("CAL1", "CAL2"))) == (200, 1000)
    expected["calendars"].append(second)
    assert await listed(net) == [expected]
    assert (await net.p2.call(net.hub, "GET", f"{PLACES}/bl1/cal2")).json()["data"] == second
    assert (await net.p1.call(net.hub, "GET", CALENDAR)).json()["data"] == changed
    assert (await net.p1.call(net.hub, "GET", CALENDAR, to=None)).json()["data"] == changed
    assert codes(await net.p2.call(net.hub, "GET", f"{PLACES}/BL1/CAL9")) == (404, 2001)


@spec("OCPI-COP-09", "OCPI-COP-11", "OCPI-COP-12", "OCPI-COP-13", "OCPI-COP-16")
async def test_a_change_of_a_place(net: OcpiNet) -> None:
    change: dict[str, Any] = {"tariff_ids": ["T2"], "policy": None, "last_updated": T1}
    assert codes(await published(net, change, PLACE, "PATCH")) == (404, 2001)
    assert codes(await published(net, calendar(), CALENDAR)) == (404, 2001)
    await published(net, place(tariff_ids=["T1", "T3"]))
    assert codes(await published(net, change, PLACE, "PATCH")) == (200, 1000)
    expected = place(tariff_ids=["T2"], last_updated=T1)
    assert await listed(net) == [expected]
    net.forget()
    older: list[tuple[str, str, Any]] = [
        ("PATCH", PLACE, {"location_id": "X", "last_updated": T0}),
        ("PUT", PLACE, place()),
        ("PATCH", CALENDAR, {"timeslot_increment": 5, "last_updated": "2026-01-15T11:00:00Z"}),
        ("PUT", CALENDAR, calendar(last_updated="2026-01-15T11:00:00Z")),
    ]
    for method, path, body in older:
        assert codes(await published(net, body, path, method)) == (200, 1000)
    wrong: list[tuple[str, str, Any]] = [
        ("PATCH", PLACE, {"location_id": "X"}),
        ("PATCH", PLACE, {"location_id": 5, "last_updated": T2}),
        ("PATCH", PLACE, {"id": "BL2", "last_updated": T2}),
        ("PATCH", PLACE, {"party_id": "XXX", "last_updated": T2}),
        ("PATCH", PLACE, []),
        ("PATCH", CALENDAR, {"id": "CAL2", "last_updated": T2}),
        ("PUT", CALENDAR, calendar("CAL2")),
        ("PUT", CALENDAR, {"id": "CAL1", "last_updated": T2}),
        ("PUT", CALENDAR, "x"),
    ]
    for method, path, body in wrong:
        assert codes(await published(net, body, path, method)) == (200, 2001)
    assert codes(await published(net, {"last_updated": T2}, CALENDAR.replace("CAL1", "CAL9"), "PATCH")) == (404, 2001)
    assert nothing_sent(net)
    assert await listed(net) == [expected]


@spec("OCPI-HUB-50", "OCPI-COP-07")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "GET"])
async def test_nobody_touches_anothers_places(net: OcpiNet, method: str) -> None:
    for path in (PLACE, CALENDAR):
        foreign = path.replace("NL/CPA", "FR/CPC")
        for to in ("NLHUB", "DEEMB", None):
            assert codes(await net.p1.call(net.hub, method, foreign, place("FRCPC"), to=to)) == (404, 2001)
    assert nothing_sent(net)


@spec("OCPI-BKG-02", "OCPI-HUB-63")
async def test_places_are_listed_by_when_they_are_free(net: OcpiNet) -> None:
    early, late = slot("2026-02-01T08:00:00Z"), slot("2026-02-02T08:00:00Z")
    for name, slots in (("BL1", [early, late]), ("BL2", [late])):
        body = place(id=name, calendars=[calendar(available_timeslots=slots)])
        await published(net, body, PLACE.replace("BL1", name))
    wanted = {
        "": ["BL1", "BL2"],
        "?timeslot_from=2026-02-01T08:00:01Z": ["BL1", "BL2"],
        "?timeslot_to=2026-02-02T08:00:00Z": ["BL1"],
        "?timeslot_from=2026-02-01T08:00:01Z&timeslot_to=2026-02-02T08:00:00Z": [],
        f"?date_from={T1}": [],
    }
    for query, names in wanted.items():
        assert [one["id"] for one in await listed(net, query)] == names
    answer = await net.p2.call(net.hub, "GET", f"{PLACES}?limit=1&timeslot_from=2026-02-01T00:00:00Z")
    following = answer.links["next"]["url"]
    assert following.startswith(f"https://hub.test/ocpi/2.3.0/{PLACES}?")
    assert "timeslot_from=2026-02-01" in following
    answer = await net.p2.call(net.hub, "GET", following.removeprefix("https://hub.test"))
    assert [one["id"] for one in answer.json()["data"]] == ["BL2"]
    assert codes(await net.p2.call(net.hub, "GET", f"{PLACES}?timeslot_from=tomorrow")) == (200, 2001)
    assert codes(await net.p2.call(net.hub, "GET", PLACES, to=None)) == (200, 2001)


@spec("OCPI-HUB-27", "OCPI-HUB-64", "OCPI-HUB-65", "OCPI-HUB-70")
async def test_a_place_for_one_is_shown_to_that_one_and_the_later_word_counts(net: OcpiNet) -> None:
    special = place(tariff_ids=["CHEAP"], last_updated=T1)
    await published(net)
    await net.p1.call(net.hub, "PUT", PLACE, special, to="DEEMB")
    assert await listed(net) == [special]
    assert await listed(net, by=net.p3) == [place()]
    assert (await net.p2.call(net.hub, "GET", f"{PLACES}/BL1")).json()["data"] == special
    assert (await net.p3.call(net.hub, "GET", f"{PLACES}/BL1", sender="FREMC")).json()["data"] == place()
    moved = {"available_timeslots": [slot(T1)], "last_updated": T2}
    await net.p1.call(net.hub, "PATCH", CALENDAR, moved, to="DEEMB")
    (shown,) = await listed(net)
    assert (shown["last_updated"], shown["tariff_ids"]) == (T2, ["CHEAP"])
    newest = place(last_updated="2026-01-15T12:03:00Z")
    await published(net, newest)
    assert await listed(net) == [newest]


async def test_a_place_without_to_is_read_from_its_operator(net: OcpiNet) -> None:
    assert codes(await net.p2.call(net.hub, "GET", f"{PLACES}/BL1", to=None)) == (200, 4001)
    await published(net)
    net.p1.answers["GET", "bookings"] = (200, envelope(place(fresh=1)), {})
    answer = await net.p2.call(net.hub, "GET", f"{PLACES}/BL1", to=None)
    assert answer.json()["data"]["fresh"] == 1
    assert answer.headers["ocpi-from-party-id"] == "CPA"


@spec("OCPI-HUB-71")
async def test_places_of_one_who_left_are_shown_no_longer(net: OcpiNet) -> None:
    await published(net)
    p1 = next(held for held in net.hub.storage.partners.held.values() if held.name == "p1.test")
    await net.hub.hub.partners.suspend(p1.id)
    assert await listed(net) == []
    assert codes(await net.p2.call(net.hub, "GET", f"{PLACES}/BL1")) == (404, 2001)


# --- who has the module, and what it is called


@spec("OCPI-BKG-14", "OCPI-V221-17")
async def test_partners_without_the_module(net: OcpiNet) -> None:
    old = await OcpiPartner("p4.test", ("EMSP", "AT", "EMD"), ("CPO", "AT", "CPD"), version="2.2.1").join(net.hub)
    old.received.clear()
    for method, path, body in FROM_CPO:
        assert codes(await net.p1.call(net.hub, method, path, body, to="ATEMD")) == (200, 4000)
    for method, path, body in FROM_EMSP:
        assert codes(await net.p2.call(net.hub, method, path, body, to="ATCPD")) == (200, 4000)
    assert not old.received
    assert codes(await old.call(net.hub, "GET", PLACES, sender="ATEMD")) == (404, 2001)


@spec("OCPI-BKG-01")
@pytest.mark.parametrize("name", ["bookings", "booking", "Booking", "BOOKINGS"])
async def test_the_module_has_several_names(net: OcpiNet, name: str) -> None:
    endpoints = (("locations", "SENDER"), (name, "SENDER"), (name, "RECEIVER"))
    partner = await OcpiPartner("p5.test", ("CPO", "BE", "BAR"), endpoints=endpoints).join(net.hub)
    assert codes(await net.p2.call(net.hub, "GET", PLACES, to="BEBAR")) == (200, 1000)
    assert partner.received[-1].path == f"/2.3.0/{name}/sender/booking_locations"


@spec("OCPI-BKG-01", "OCPI-VER-05")
@pytest.mark.parametrize("name", ["bookings", "Booking"])
async def test_a_partner_may_know_the_module_by_its_printed_name(net: OcpiNet, name: str) -> None:
    class Choosy(OcpiPartner):
        def document(self) -> dict[str, Any]:
            return {**super().document(), "ocpi": {"bookings_as": name}}

    partner = await Choosy("p5.test", ("CPO", "BE", "BAR")).join(net.hub)
    details = (await partner.call(net.hub, "GET", "/ocpi/2.3.0", to=None)).json()["data"]["endpoints"]
    urls = {one["role"]: one["url"] for one in details if one["identifier"] == name}
    assert urls == {role: f"https://hub.test/ocpi/2.3.0/bookings/{role.lower()}" for role in ("SENDER", "RECEIVER")}
    assert len([one for one in details if one["identifier"].lower().startswith("booking")]) == 2
