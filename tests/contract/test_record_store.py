"""Objects that one protocol alone knows."""

import pytest
from msgspec.structs import replace

from core.model.record import Record, RecordKind, RecordQuery
from core.ports.stores import Saved
from gateway.storage import Storage
from tests.contract.samples import ABC, EMP, XYZ, at, event, record
from tests.fakes import FakeStorage

Either = FakeStorage | Storage
PLACE = RecordKind.BOOKING_LOCATION


def query(**fields: object) -> RecordQuery:
    return RecordQuery(**{"kind": RecordKind.BOOKING, "limit": 10, **fields})  # type: ignore[arg-type]


async def ids(storage: Either, **fields: object) -> list[str]:
    found, total = await storage.records.page(query(**fields))
    assert total == len(found)
    return [one.id for one in found]


async def test_a_record_is_found_by_its_names(storage: Either) -> None:
    told = record(reader=EMP, also=("Request-1",), starts=(at(1), at(2)))
    other = record("b1", owner=XYZ, reader=EMP)
    for one in (told, other, record("B2"), record(kind=RecordKind.INVOICE)):
        assert await storage.records.save(one, events=[]) is Saved.CREATED
    assert await storage.records.by_key(told.key) == told
    assert await storage.records.named(RecordKind.BOOKING, "b1") == [told, other]
    assert await storage.records.named(RecordKind.BOOKING, "b1", XYZ) == [other]
    assert await storage.records.named(RecordKind.BOOKING, "REQUEST-1") == [told]
    assert await storage.records.named(RecordKind.BOOKING, "request-2") == []


async def test_a_record_is_kept_with_what_must_be_told_unless_it_is_older(storage: Either) -> None:
    assert await storage.records.save(record(seconds=5), events=[event()]) is Saved.CREATED
    assert await storage.records.save(record(seconds=5), events=[event()]) is Saved.SAME
    assert await storage.records.save(record(seconds=4, content="{}"), events=[event()]) is Saved.OLDER
    assert await storage.records.save(record(seconds=5, content="{}"), events=[event()]) is Saved.CHANGED
    assert len(await storage.outbox.claim_events(10, 0)) in (1, 2)  # of one object the latest is enough
    await storage.records.remove([record()], events=[])
    assert await storage.records.by_key(record().key) is None


async def test_what_each_reader_was_told_is_kept_apart(storage: Either) -> None:
    for one in (record(), record(reader=EMP, content="1"), record("B1/NLEMP"), record(reader=XYZ)):
        assert await storage.records.save(one, events=[]) is Saved.CREATED
    await storage.records.remove([record(reader=EMP)], events=[])
    assert len(await storage.records.named(RecordKind.BOOKING, "B1")) == 2


async def test_a_page_holds_what_concerns_the_parties(storage: Either) -> None:
    for one in (
        record("B1", 3, reader=EMP),
        record("B2", 2, reader=XYZ),
        record("B3", 1, owner=XYZ, reader=EMP),
        record("B4", 0),
        record("B5", 0, owner=XYZ),
        record("B6", kind=PLACE),
    ):
        await storage.records.save(one, events=[])
    assert await ids(storage, parties=(EMP,)) == ["B1", "B3"]
    assert await ids(storage, parties=(XYZ,)) == ["B2", "B3"]
    assert await ids(storage, parties=(EMP,), owners=(ABC,)) == ["B1", "B3", "B4"]
    assert await ids(storage, parties=(EMP, XYZ), owners=(ABC, XYZ)) == ["B1", "B2", "B3", "B4", "B5"]
    assert await ids(storage) == []
    assert await ids(storage, parties=(EMP, XYZ), updated_from=at(1), updated_to=at(3)) == ["B2", "B3"]
    found, total = await storage.records.page(query(parties=(EMP, XYZ), offset=1, limit=1))
    assert ([one.id for one in found], total) == (["B2"], 3)
    assert await storage.records.page(query(parties=(EMP, XYZ), limit=0)) == ([], 3)


async def test_of_each_object_a_page_holds_the_latest(storage: Either) -> None:
    said, told = record("B1", 1, content='"to all"'), record("b1", 2, reader=EMP, content='"to one"')
    for one in (said, told, record("B1", 3, reader=XYZ)):
        await storage.records.save(one, events=[])

    async def page(**fields: object) -> list[Record]:
        return (await storage.records.page(query(**fields)))[0]

    assert await page(owners=(ABC,), parties=(EMP,)) == [told]
    assert await page(owners=(ABC,), parties=()) == [said]
    assert await page(owners=(ABC,), parties=(EMP,), updated_to=at(2)) == []
    newer = replace(said, updated_at=at(4))
    await storage.records.save(newer, events=[])
    assert await page(owners=(ABC,), parties=(EMP,)) == [newer]


async def test_places_are_found_by_when_they_can_be_booked(storage: Either) -> None:
    for one in (record("P1", kind=PLACE, starts=(at(0), at(100))), record("P2", kind=PLACE), record("P3", kind=PLACE)):
        await storage.records.save(one, events=[])

    async def bookable(since: float | None, until: float | None) -> list[str]:
        starts = {"starts_from": at(since) if since is not None else None, "starts_to": at(until) if until else None}
        return await ids(storage, kind=PLACE, owners=(ABC,), **starts)

    assert await bookable(100, None) == ["P1"]
    assert await bookable(None, 1) == ["P1"]
    assert await bookable(1, 100) == []
    assert await bookable(1, 101) == ["P1"]
    assert await bookable(None, None) == ["P1", "P2", "P3"]


@pytest.mark.server
async def test_records_outlive_the_process(real_storage: Storage, second_storage: Storage) -> None:
    await real_storage.records.save(record(reader=EMP), events=[])
    assert await second_storage.records.by_key(record(reader=EMP).key) == record(reader=EMP)
