"""What is kept as it came is not to be trusted: neither what it looks like, nor how much of it there is."""

import asyncio
from typing import Any

import msgspec
import pytest

from core.errors import StoreUnavailable
from mappings.ocpi import records
from tests.flows.conftest import OcpiNet, net
from tests.flows.ocpi_partner import envelope
from tests.flows.test_ocpi_bookings import BOOKING, CALENDAR, PLACE, PLACES, SENDER, T1, booking, calendar, place, wish
from tests.flows.test_ocpi_invoices import BARE, LIST, record

__all__ = ["net"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b'{"last_updated": 1}',
        b'{"last_updated": "2026-01-15T12:01:00Z", "calendars": {}}',
        b'{"last_updated": "2026-01-15T12:01:00Z", "calendars": [null, 5]}',
        b'{"last_updated": "2026-01-15T12:01:00Z", "id": null, "-extra": "x"}',
        b'{"last_updated": "2026-01-15T12:01:00Z", "available_timeslots": "\xff"}',
        b'{"last_updated": "9999-99-99T99:99:99Z"}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
async def test_no_message_breaks_the_hub(net: OcpiNet, body: bytes) -> None:
    assert (await net.p1.call(net.hub, "PUT", PLACE, place())).json()["status_code"] == 1000
    for path in (PLACE, CALENDAR, BOOKING):
        for method in ("PUT", "PATCH"):
            for to in ("NLHUB", "DEEMB", None):
                answer = await net.p1.call(net.hub, method, path, body, to=to)
                assert answer.status_code in (200, 400)
                assert answer.json()["status_code"] in (1000, 2001, 4001)
    for to in ("NLCPA", None):
        answer = await net.p2.call(net.hub, "POST", SENDER, body, to=to)
        assert answer.json()["status_code"] in (1000, 2001, 4001)
        answer = await net.p1.call(net.hub, "POST", BARE, body, to=to)
        assert answer.json()["status_code"] in (1000, 2001, 4001)
    (held,) = (await net.p2.call(net.hub, "GET", PLACES)).json()["data"]
    assert held["id"] == "BL1"


async def test_a_place_whose_calendars_are_odd_takes_a_calendar_all_the_same(net: OcpiNet) -> None:
    for odd in (None, []):
        body = place(calendars=odd)
        assert (await net.p1.call(net.hub, "PUT", PLACE, body)).json()["status_code"] == 1000
        answer = await net.p1.call(net.hub, "PUT", CALENDAR, calendar(last_updated=T1))
        assert answer.json()["status_code"] == 1000
        ((held,),) = [one["calendars"] for one in (await net.p2.call(net.hub, "GET", PLACES)).json()["data"]]
        assert held["id"] == "CAL1"
        net.hub.storage.records.held.clear()


async def test_an_object_may_be_too_long_to_be_kept(net: OcpiNet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "LONGEST", 1000)
    assert (await net.p1.call(net.hub, "PUT", PLACE, place(x="x" * 1000))).json()["status_code"] == 2001
    long = record(cdrs=[f"C{number}" for number in range(300)])
    assert (await net.p1.call(net.hub, "POST", BARE, long, to="DEEMB")).json()["status_code"] == 1000
    assert net.p2.received[-1].json == long
    assert (await net.p2.call(net.hub, "GET", LIST)).json()["data"] == []


async def test_names_of_any_length_name_nobody(net: OcpiNet, monkeypatch: pytest.MonkeyPatch) -> None:
    long, asked = "x" * 100_000, []

    async def spied(*arguments: Any) -> list[Any]:
        asked.append(arguments)
        return []

    for store, method in (("records", "named"), ("cdrs", "by_keys"), ("locations", "by_keys")):
        monkeypatch.setattr(getattr(net.hub.storage, store), method, spied)
    wanted = wish(request_id=long, booking_location_id=long, location_id=long)
    answers = [
        await net.p2.call(net.hub, "POST", SENDER, wanted, to=None),
        await net.p1.call(net.hub, "POST", BARE, record(cdrs=[long]), to=None),
        await net.p1.call(net.hub, "POST", "payments/receiver/terminals", {"terminal_id": long}, to=None),
    ]
    assert [answer.json()["status_code"] for answer in answers] == [4001] * 3
    start = {"response_url": "https://p2.test/cb", "location_id": long, "session_id": long}
    for kind in ("START_SESSION", "STOP_SESSION"):
        answer = await net.p2.call(net.hub, "POST", f"commands/receiver/{kind}", start, to=None)
        assert answer.json()["status_code"] == 2001
    assert long not in str(asked)
    assert long.upper() not in str(asked)


async def test_an_answer_that_cannot_be_kept_is_passed_back(net: OcpiNet, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[Any] = [None, [], "x", {"country_code": 5}, booking(period=5), booking(last_updated="never")]
    for data in answers:
        said = envelope(data)
        net.p1.answers["POST", "bookings"] = (200, said, {})
        assert (await net.p2.call(net.hub, "POST", SENDER, wish(), to="NLCPA")).json() == said
    assert not net.hub.storage.records.held

    async def down(*_: object, **__: object) -> None:
        raise StoreUnavailable("database")

    monkeypatch.setattr(net.hub.storage.records, "save", down)
    net.p1.answers["POST", "bookings"] = (200, envelope(booking()), {})
    assert (await net.p2.call(net.hub, "POST", SENDER, wish(), to="NLCPA")).json() == envelope(booking())
    assert (await net.p1.call(net.hub, "PUT", PLACE, place())).json()["status_code"] == 3000


async def test_two_changes_at_once_are_both_in_the_place(net: OcpiNet) -> None:
    await net.p1.call(net.hub, "PUT", PLACE, place(calendars=[calendar(f"CAL{number}") for number in range(8)]))

    async def change(number: int) -> None:
        body = {"timeslot_increment": number, "last_updated": T1}
        answer = await net.p1.call(net.hub, "PATCH", f"{PLACE}/CAL{number}", body)
        assert answer.json()["status_code"] == 1000

    await asyncio.gather(*map(change, range(8)))
    (held,) = (await net.p2.call(net.hub, "GET", PLACES)).json()["data"]
    assert [one["timeslot_increment"] for one in held["calendars"]] == list(range(8))


async def test_numbers_keep_their_digits(net: OcpiNet) -> None:
    body = msgspec.json.encode(place(x=0)).replace(b'"x":0', b'"x":[1.50, 12345678901234567890.123456789012345678]')
    await net.p1.call(net.hub, "PUT", PLACE, body)
    await net.p1.call(net.hub, "PATCH", CALENDAR, {"timeslot_increment": 5, "last_updated": T1})
    answer = await net.p2.call(net.hub, "GET", PLACES)
    assert b'"x":[1.50, 12345678901234567890.123456789012345678]' in answer.content
