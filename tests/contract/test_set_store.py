"""Sets that are kept by version, over both implementations."""

import asyncio
from datetime import UTC, timedelta

import pytest
from msgspec.structs import replace

from core.errors import Invalid, StoreUnavailable, Unknown
from core.model.location import EvseChange, EvseStatus, LocationQuery
from core.model.version import KEPT, Version
from core.ports.stores import StatusChange
from gateway.storage import Storage
from tests.contract.conftest import open_storage
from tests.contract.samples import ABC, MICROSECOND, XYZ, at, event, location

ALL, OWNERS = LocationQuery(), [ABC]


def entry(key, seconds, content, name="one"):
    return Version(set=name, key=key, at=at(seconds), content=content)


async def contents(storage, seconds=None, **options):
    names = options.pop("names", ["one"])
    moment = None if seconds is None else at(seconds)
    return {x.key: x.content for x in await storage.sets.entries(names, at=moment, **options)}


async def test_what_is_in_a_set_and_what_was(storage):
    await storage.sets.write([entry("a", 1, "a1"), entry("b", 1, "b1"), entry("a", 1, "other", name="two")])
    await storage.sets.write([entry("a", 2, "a2"), entry("c", 2, "c1")])
    await storage.sets.write([entry("b", 3, None), entry("unknown", 3, None)])
    assert await contents(storage) == {"a": "a2", "c": "c1"}
    assert await contents(storage, 0.5) == {}
    assert await contents(storage, 1) == {"a": "a1", "b": "b1"}
    assert await contents(storage, 1.999) == {"a": "a1", "b": "b1"}
    assert await contents(storage, 2) == {"a": "a2", "b": "b1", "c": "c1"}
    assert await contents(storage, 3) == {"a": "a2", "c": "c1"}
    assert await contents(storage, keys=["a", "b"]) == {"a": "a2"}
    assert await contents(storage, limit=1) == {"a": "a2"}
    assert len(await storage.sets.entries(["one", "two"])) == 3


async def test_the_history_of_an_entry_is_youngest_first(storage):
    for seconds, content in ((1, "a1"), (2, None), (3, "a3"), (4, "a4")):
        await storage.sets.write([entry("a", seconds, content)])
    found = await storage.sets.history("one", "a", limit=10)
    assert [(x.at, x.content) for x in found] == [(at(4), "a4"), (at(3), "a3"), (at(2), None), (at(1), "a1")]
    assert [x.content for x in await storage.sets.history("one", "a", limit=2)] == ["a4", "a3"]
    assert await storage.sets.history("one", "b", limit=2) == []


async def test_versions_written_together_follow_each_other(storage):
    await storage.sets.write([entry("a", 2, "a2"), entry("a", 1, "a1"), entry("a", 2, "a2 again")])
    assert await contents(storage, 1) == {"a": "a1"}
    assert await contents(storage) == {"a": "a2 again"}
    await storage.sets.write([entry("a", 2, "a2 at last")])
    assert await contents(storage) == {"a": "a2 at last"}


async def test_what_has_ended_begins_again(storage):
    await storage.sets.write([entry("a", 1, "a1")])
    await storage.sets.write([entry("a", 2, None)])
    await storage.sets.write([entry("a", 3, "a3")])
    assert await contents(storage, 2.5) == {}
    assert await contents(storage) == {"a": "a3"}


async def test_locations_their_events_and_their_versions_are_written_together(storage):
    many = [location(number) for number in range(1, 4)]
    await storage.locations.save_together(many, events=[event()], versions=[entry("a", 1, "a1")])
    assert [x async for x in storage.locations.each(ALL)] == many
    assert await contents(storage) == {"a": "a1"}
    assert len(await storage.outbox.claim_events(10, 0)) == 1


async def test_a_reading_of_one_instant_gives_what_is_not_known_yet(storage):
    await storage.locations.save_together([location(1), location(2)], events=[], versions=[])
    seen = {key: (revision, found) async for key, revision, found in storage.locations.at_one_instant(OWNERS, {})}
    assert {key: found for key, (_, found) in seen.items()} == {x.key: x for x in (location(1), location(2))}
    known = {key: revision for key, (revision, _) in seen.items()}
    changed = location(2, updated_at=at() + MICROSECOND, name="Newer")
    await storage.locations.save_together([changed], events=[], versions=[])
    again = {key: found async for key, _, found in storage.locations.at_one_instant(OWNERS, known)}
    assert again == {location(1).key: None, changed.key: changed}
    assert [x async for x in storage.locations.at_one_instant([], {})] == []


@pytest.mark.server
@pytest.mark.spec("OICP-EVSE-10")
async def test_what_cannot_be_written_as_a_whole_leaves_all_as_it_was(real_storage):
    await real_storage.locations.save_together([location(1)], events=[], versions=[entry("a", 1, "a1")])
    too_large = location(2000, name="x" * 17_000_000)
    many = [location(number, name="New") for number in range(1, 1200)]
    with pytest.raises(Invalid):
        await real_storage.locations.save_together([*many, too_large], events=[event()], versions=[entry("a", 2, "a2")])
    assert [x async for x in real_storage.locations.each(ALL)] == [location(1)]
    assert await contents(real_storage) == {"a": "a1"}
    assert await real_storage.outbox.claim_events(10, 0) == []


@pytest.mark.server
@pytest.mark.spec("OICP-EVSE-10")
async def test_a_reading_of_one_instant_sees_a_push_as_a_whole_or_not_at_all(real_storage):
    def named(name):
        return [location(number, name=name) for number in range(1200)]

    await real_storage.locations.save_together(named("old"), events=[], versions=[])
    writing = asyncio.create_task(real_storage.locations.save_together(named("new"), events=[], versions=[]))
    seen = []
    while not seen or seen[-1] != {"new"}:
        seen.append({found.name async for _, _, found in real_storage.locations.at_one_instant(OWNERS, {})})
    await writing
    assert all(names in ({"old"}, {"new"}) for names in seen)
    assert len(seen) > 1


@pytest.mark.spec("OICP-EVSE-10", "OICP-STAT-02")
async def test_statuses_are_written_together_or_not_at_all(storage):
    await storage.locations.save_together([location(1), location(2)], events=[], versions=[])
    changes = [
        StatusChange(ABC, f"LOC{number}", "UID-1-0", EvseChange(status=EvseStatus.CHARGING, updated_at=at(5)), event())
        for number in (1, 2, 3)
    ]
    with pytest.raises(Unknown):
        await storage.locations.change_statuses(changes, versions=[entry("a", 5, "a5")])
    assert [x async for x in storage.locations.each(ALL)] == [location(1), location(2)]
    assert await contents(storage) == {}
    assert len(await storage.locations.change_statuses(changes[:1], versions=[entry("a", 5, "a5")])) == 1
    assert await contents(storage) == {"a": "a5"}
    assert await storage.locations.change_statuses([], versions=[entry("a", 6, None)]) == []
    assert await contents(storage) == {}


def many(name):
    return [location(number, name=name) for number in range(1, 900)]


async def seen_at_once(storage):
    return {found.name async for _, _, found in storage.locations.at_one_instant(OWNERS, {})}


@pytest.mark.server
@pytest.mark.spec("OICP-EVSE-10", "OICP-OPS-07")
async def test_a_large_push_that_counts_survives_who_made_it(real_storage, second_storage, monkeypatch):
    async def killed(*_):
        raise KeyboardInterrupt

    await real_storage.locations.save_together(many("old"), events=[], versions=[])
    with monkeypatch.context() as patched:
        patched.setattr(real_storage._pushes, "_carry_out", killed)
        with pytest.raises(KeyboardInterrupt):
            await real_storage.locations.save_together(
                many("new"), events=[event("DEABC/LOC7")], versions=[entry("a", 1, "a1")]
            )
    assert {x.name async for x in second_storage.locations.each(ALL)} == {"old"}
    assert await seen_at_once(second_storage) == {"new"}
    known = {key: revision async for key, revision, _ in second_storage.locations.at_one_instant(OWNERS, {})}
    assert {found async for _, _, found in second_storage.locations.at_one_instant(OWNERS, known)} == {None}
    assert await seen_at_once_of_others(second_storage) == set()
    assert {x.name for _, x in await second_storage.locations.by_keys(list(known))} == {"new"}
    assert len(await second_storage.locations.by_keys(list(known))) == len(known)
    await second_storage._pushes.carry_out_all()
    assert {x.name async for x in real_storage.locations.each(ALL)} == {"new"}
    assert await seen_at_once(real_storage) == {"new"}
    assert await contents(real_storage) == {"a": "a1"}
    assert len(await real_storage.outbox.claim_events(10, 0)) == 1
    assert await real_storage._database["staged"].count_documents({}) == 0
    assert await real_storage._database["pushes"].count_documents({}) == 0


@pytest.mark.server
@pytest.mark.spec("OICP-EVSE-10", "OICP-OPS-07")
async def test_who_starts_next_carries_a_large_push_out_and_undoes_no_status(real_storage, stack, monkeypatch):
    """What came after the crash, and was answered, was overwritten minutes later by what the push had staged before."""

    async def killed(*_):
        raise KeyboardInterrupt

    store = real_storage.locations
    await store.save_together(many("old"), events=[], versions=[])
    with monkeypatch.context() as patched:
        patched.setattr(real_storage._pushes, "_carry_out", killed)
        with pytest.raises(KeyboardInterrupt):
            await store.save_together([gone(location(1)), *many("new")[1:]], events=[], versions=[])
    for number in (1, 7):
        change = EvseChange(status=EvseStatus.CHARGING, updated_at=at(50), extensions={"mark": "x"})
        await store.change_status(ABC, f"LOC{number}", f"UID-{number}-0", change, event=event())
    next_one = await open_storage(stack)
    try:
        found = {x.id: x async for x in next_one.locations.each(ALL)}
    finally:
        await next_one.close()
    assert found["Loc1"] == gone(location(1))
    evse = found["Loc7"].evse("UID-7-0")
    assert (found["Loc7"].name, evse.status, evse.updated_at) == ("new", EvseStatus.CHARGING, at(50))
    assert (evse.extensions, found["Loc7"].updated_at) == ({"mark": "x"}, at(50))
    assert found["Loc8"] == location(8, name="new")


def gone(place):
    return replace(place, evses=tuple(replace(evse, status=EvseStatus.REMOVED) for evse in place.evses))


async def seen_at_once_of_others(storage):
    return {found async for _, _, found in storage.locations.at_one_instant([XYZ], {})}


@pytest.mark.server
@pytest.mark.spec("OICP-EVSE-10")
async def test_a_large_push_that_was_not_staged_to_its_end_never_was(real_storage, clock, monkeypatch):
    class Killed:
        async def insert_one(self, _):
            raise KeyboardInterrupt

    await real_storage.locations.save_together(many("old"), events=[], versions=[])
    with monkeypatch.context() as patched:
        patched.setattr(real_storage._pushes, "_pushes", Killed())
        with pytest.raises(KeyboardInterrupt):
            await real_storage.locations.save_together(many("new"), events=[event()], versions=[entry("a", 1, "a1")])
    assert await seen_at_once(real_storage) == {"old"}
    assert await real_storage._database["staged"].count_documents({}) > 0
    clock.advance(2 * 3600)
    await real_storage._pushes.carry_out_all()
    assert await real_storage._database["staged"].count_documents({}) == 0
    assert await seen_at_once(real_storage) == {"old"}
    assert await contents(real_storage) == {}


@pytest.mark.server
@pytest.mark.spec("OICP-EVSE-10", "OICP-OPS-07")
async def test_a_large_push_that_could_not_be_moved_comes_before_what_is_pushed_after_it(real_storage, monkeypatch):
    async def broken(*_):
        raise StoreUnavailable("for a moment")

    locations = real_storage.locations
    await locations.save_together(many("old"), events=[], versions=[])
    with monkeypatch.context() as patched:
        patched.setattr(real_storage._pushes, "_moved", broken)
        with pytest.raises(StoreUnavailable):
            await locations.save_together(many("new"), events=[], versions=[entry("a", 1, "a1")])
        with pytest.raises(StoreUnavailable):
            await locations.get(ABC, "LOC7")
    first, *_ = [x async for x in locations.each(ALL)]
    assert first.name == "new"
    await locations.save_together([location(1, name="newest")], events=[], versions=[entry("a", 2, "a2")])
    await real_storage._pushes.carry_out_all()
    assert {x.name async for x in locations.each(ALL)} == {"new", "newest"}
    assert [x.content for x in await real_storage.sets.history("one", "a", limit=9)] == ["a2", "a1"]


@pytest.mark.server
@pytest.mark.spec("OICP-EVSE-10", "OICP-OPS-07")
async def test_what_a_killed_process_left_is_moved_before_the_next_one_serves(real_storage, stack, clock, monkeypatch):
    async def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(real_storage._pushes, "_carry_out", killed)
    with pytest.raises(KeyboardInterrupt):
        await real_storage.locations.save_together(many("new"), events=[], versions=[])
    clock.advance(1)
    restarted = await open_storage(stack, clock)
    try:
        assert {x.name for _, x in await restarted.locations.by_keys(["DEABC/LOC7"])} == {"new"}
    finally:
        await restarted.close()


async def test_what_has_ended_is_kept_as_long_as_it_was_said(storage):
    month = timedelta(days=30)
    await storage.sets.write([entry("a", 1, "a1"), entry("b", 1, "b1"), replace(entry("c", 1, "c1"), kept=month)])
    await storage.sets.write([entry("a", 60, "a2"), replace(entry("b", 60, "b2"), kept=month)])
    await storage.sets.write([replace(entry("c", 2, "c2"), kept=month), replace(entry("c", 3, "c3"), kept=month)])
    assert [one.content for one in await storage.sets.history("one", "b", limit=5)] == ["b2", "b1"]
    if isinstance(storage, Storage):
        found = await storage.sets._collection.find({"expires": {"$exists": True}}).to_list()
        ends = {one["content"]: one["expires"].replace(tzinfo=UTC) for one in found}
        assert ends == {"a1": at(60) + KEPT, "b1": at(60) + month, "c1": at(2) + month, "c2": at(3) + month}
