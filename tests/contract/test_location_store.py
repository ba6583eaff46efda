import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from msgspec.structs import replace

from core.errors import Invalid, Unknown
from core.model.event import EventKind
from core.model.ids import EvseId
from core.model.location import (
    Connector,
    ConnectorFormat,
    EvseChange,
    EvseStatus,
    LocationQuery,
    PowerType,
    StationQuery,
)
from core.model.quantities import Coordinates
from core.ports.stores import Saved
from tests.contract.samples import ABC, MICROSECOND, XYZ, at, event, location, until


async def events(storage):
    return await storage.outbox.claim_events(1000, 0)


async def status(storage, number=1, uid="UID-1-0", seconds=10.0, status=EvseStatus.CHARGING, **fields):
    told = event(f"DEABC/LOC{number}", uid, kind=EventKind.EVSE_STATUS_CHANGED)
    change = EvseChange(status=status, updated_at=at(seconds), **fields)
    return await storage.locations.change_status(ABC, f"LOC{number}", uid, change, event=told)


async def test_a_location_comes_back_as_it_was_saved(storage):
    exact = location(updated_at=at() + MICROSECOND)
    assert await storage.locations.save(exact, events=[event()]) is Saved.CREATED
    assert await storage.locations.get(ABC, "lOC1") == exact
    assert await storage.locations.get(XYZ, "Loc1") is None


async def test_each_save_says_what_it_did_and_tells_only_changes(storage):
    store = storage.locations
    assert await store.save(location(), events=[event()]) is Saved.CREATED
    assert await store.save(location(), events=[event()]) is Saved.SAME
    assert await store.save(location(name="Newer name"), events=[event()]) is Saved.CHANGED
    assert await store.save(location(updated_at=at() - MICROSECOND), events=[event()]) is Saved.OLDER
    assert await store.save(location(updated_at=at() + MICROSECOND), events=[event()]) is Saved.CHANGED
    assert len(await events(storage)) == 3
    assert (await store.get(ABC, "Loc1")).name is None


async def test_ids_that_differ_in_their_stars_only_are_told_apart(storage):
    one, other = (
        replace(location(number), evses=(replace(location(number).evses[0], evse_id=EvseId.parse(text)),))
        for number, text in ((1, "DE*ABC*E1*11"), (2, "DE*ABC*E11*1"))
    )
    await storage.locations.save(one, events=[])
    assert await storage.locations.by_evse_id(EvseId.parse("DEABCE111")) == one
    await storage.locations.save(other, events=[])
    assert await storage.locations.by_evse_id(EvseId.parse("DE*ABC*E1*11")) == one
    assert await storage.locations.by_evse_id(EvseId.parse("de*abc*E11*1")) == other
    assert await storage.locations.by_evse_id(EvseId.parse("DEABCE111")) is None


async def test_a_location_is_found_by_the_id_of_its_evse_in_any_spelling(storage):
    await storage.locations.save(location(), events=[])
    assert await storage.locations.by_evse_id(EvseId.parse("deabce11")) == location()
    assert await storage.locations.by_evse_id(EvseId.parse("DE*ABC*E9*1")) is None


async def test_an_evse_is_where_the_operator_in_its_id_says_whoever_else_claims_it(storage):
    """Starts and statuses of one operator's EVSE went to another's."""
    mine = location()
    claimed = [
        replace(location(number), owner=XYZ, evses=(replace(mine.evses[0], uid=f"U{number}"),))
        for number in range(20, 30)
    ]
    for one in [*claimed[:5], mine, *claimed[5:]]:
        await storage.locations.save(one, events=[])
    assert await storage.locations.by_evse_id(mine.evses[0].evse_id) == mine


async def test_a_full_load_replaces_whatever_is_held(storage):
    await storage.locations.save(location(seconds=100), events=[])
    many = [location(number) for number in range(1, 1204)]
    await storage.locations.save_all(many, events=[event(many[0].key), event(many[-1].key), event("elsewhere")])
    assert len(await events(storage)) == 3
    assert await storage.locations.get(ABC, "Loc1") == location()
    assert (await storage.locations.page(LocationQuery(limit=1)))[1] == 1203
    streamed = [found async for found in storage.locations.each(LocationQuery(limit=1))]
    assert sorted(x.key for x in streamed) == sorted(x.key for x in many)
    await storage.locations.remove(many[:1202], events=[event(many[0].key)])
    assert await storage.locations.page(LocationQuery()) == ([many[-1]], 1)
    assert len(await events(storage)) == 4


async def test_pages_are_in_order_and_their_window_is_exact(storage):
    places = [location(n, updated_at=at() + n // 2 * MICROSECOND) for n in range(9, 0, -1)]
    await storage.locations.save_all(places, events=[])
    in_order = sorted(places, key=lambda x: (x.updated_at, x.key))
    assert await storage.locations.page(LocationQuery(offset=2, limit=3)) == (in_order[2:5], 9)
    window = LocationQuery(updated_from=at() + MICROSECOND, updated_to=at() + 3 * MICROSECOND)
    assert await storage.locations.page(window) == (
        [x for x in in_order if x.id in ("Loc2", "Loc3", "Loc4", "Loc5")],
        4,
    )
    assert await storage.locations.page(replace(window, offset=10)) == ([], 4)


async def test_what_is_behind_a_position(storage):
    await storage.locations.save_all([location(n) for n in range(1, 6)], events=[])
    for number in (7, 6):  # in the order in which they came
        await storage.locations.save(location(number), events=[])
    query = LocationQuery(limit=3)
    first, total = await storage.locations.page_keys(query)
    assert ([one.key for one in first], total) == (["DEABC/LOC1", "DEABC/LOC2", "DEABC/LOC3"], 7)
    await status(storage)  # changes no place
    await storage.locations.save_all([location(2, updated_at=at(90))], events=[])
    await storage.locations.remove([location(3)], events=[])  # by its offset the fourth would be missed
    second, _ = await storage.locations.page_keys(replace(query, offset=3, after=first[-1].position))
    third, total = await storage.locations.page_keys(replace(query, after=second[-1].position))
    assert [one.key for one in second] == ["DEABC/LOC4", "DEABC/LOC5", "DEABC/LOC7"]
    assert ([one.key for one in third], total) == (["DEABC/LOC6"], 6)
    assert await storage.locations.page_keys(replace(query, after=third[-1].position)) == ([], 6)
    foreign = replace(query, owners=(XYZ,), after=first[-1].position)
    assert await storage.locations.page_keys(foreign) == ([], 0)


async def test_pages_by_owner_and_by_evse(storage):
    mine, theirs = location(1), location(2, owner=XYZ)
    await storage.locations.save_all([mine, theirs], events=[])
    page = storage.locations.page
    assert await page(LocationQuery(owners=(XYZ,))) == ([theirs], 1)
    assert await page(LocationQuery(owners=())) == ([], 0)
    assert await page(LocationQuery(evse_ids=(EvseId.parse("DE*ABC*E1*1"), EvseId.parse("DE*ABC*E7")))) == ([mine], 1)


async def test_pages_by_tariff(storage):
    (evse, *others), bare = location(1).evses, location(2)
    plug = replace(evse.connectors[0], tariff_ids=("T1", "T2"))
    named = replace(location(1), evses=(replace(evse, connectors=(plug, *evse.connectors[1:])), *others))
    await storage.locations.save_all([named, bare], events=[])
    assert await storage.locations.page(LocationQuery(tariff_id="T2", owners=(ABC,))) == ([named], 1)
    assert await storage.locations.page(LocationQuery(tariff_id="T3")) == ([], 0)


async def test_keys_and_revisions_of_a_page_follow_every_change(storage):
    await storage.locations.save_all([location(1), location(2)], events=[])
    first, total = await storage.locations.page_keys(LocationQuery())
    assert ([key for key, *_ in first], total) == (["DEABC/LOC1", "DEABC/LOC2"], 2)
    await status(storage)
    by_key = {one.key: one.revision for one in first}
    assert len(await storage.locations.by_keys(["DEABC/LOC1", "DEABC/LOC2", "DEABC/LOC3"])) == 2
    now = {found.key: revision for revision, found in await storage.locations.by_keys(list(by_key))}
    assert now["DEABC/LOC1"] > by_key["DEABC/LOC1"]
    assert now["DEABC/LOC2"] == by_key["DEABC/LOC2"]
    await storage.locations.remove([location(1)], events=[])
    await storage.locations.save(location(1), events=[])
    again = {one.key: one.revision for one in (await storage.locations.page_keys(LocationQuery()))[0]}
    assert again["DEABC/LOC1"] > now["DEABC/LOC1"]


async def test_what_its_owner_no_longer_has_is_not_current_until_it_comes_again(storage):
    store = storage.locations
    await store.save_all([location(1), location(2)], events=[])
    gone = replace(location(1), updated_at=at(60))
    await store.retire([gone], events=[event()])
    for owners in (None, (ABC,), (ABC, XYZ)):
        assert await store.page(LocationQuery(owners=owners, current=True)) == ([location(2)], 1)
        assert await store.page(LocationQuery(owners=owners)) == ([gone, location(2)], 2)
    assert (await store.page_keys(LocationQuery(owners=(ABC,), current=True)))[1] == 1
    assert [found async for found in store.each(LocationQuery(current=True))] == [location(2)]
    assert len(await events(storage)) == 1
    assert await store.save(location(1), events=[event()]) is Saved.CREATED, "although the time goes back"
    assert await store.page(LocationQuery(owners=(ABC,), current=True)) == ([location(1), location(2)], 2)
    assert await store.save(replace(location(1), updated_at=at(-9)), events=[]) is Saved.OLDER


def place(latitude: str, longitude: str) -> Coordinates:
    return Coordinates(latitude=Decimal(latitude), longitude=Decimal(longitude))


UTRECHT = place("52.0895", "5.1104")


def plug(standard: str, **fields) -> Connector:
    given = {"id": "1", "format": ConnectorFormat.CABLE, "power_type": PowerType.AC_3_PHASE, "updated_at": at()}
    return Connector(**given | {"standard": standard} | fields)


def at_place(number: int, where: Coordinates, *evses: tuple[EvseStatus, Connector], owner=ABC):
    made = location(number, owner=owner, coordinates=where)
    shown = [
        replace(made.evses[0], uid=f"e{index}", evse_id=None, status=status, connectors=(connector,))
        for index, (status, connector) in enumerate(evses)
    ]
    return replace(made, evses=tuple(shown))


async def test_stations_are_found_near_a_place_nearest_first(storage):
    store = storage.locations
    free = (EvseStatus.AVAILABLE, plug("IEC_62196_T2", max_power_w=11_000))
    away = {1: "52.0895", 2: "52.0985", 3: "52.1345", 4: "-52.0895"}
    for number, latitude in away.items():
        await store.save(at_place(number, place(latitude, "5.1104"), free), events=[])

    async def found(**fields):
        stations, total = await store.search(StationQuery(**fields))
        return [(one.location.id, one.distance_m) for one in stations], total

    assert await found(near=UTRECHT, radius_m=100) == ([("Loc1", 0)], 1)
    near, total = await found(near=UTRECHT, radius_m=6000)
    assert ([name for name, _ in near], total) == (["Loc1", "Loc2", "Loc3"], 3)
    assert [round(distance, -1) for _, distance in near] == [0, 1000, 5010]
    assert (await found(near=UTRECHT, radius_m=6000, offset=1, limit=1)) == (near[1:2], 3)
    assert await found(offset=2) == ([("Loc3", None), ("Loc4", None)], 4)
    assert (await found(near=place("52.0895", "-179.9999"), radius_m=200_000)) == ([], 0)
    await store.save(at_place(5, place("10", "179.9999"), free), events=[])
    assert [name for name, _ in (await found(near=place("10", "-179.9999"), radius_m=100))[0]] == ["Loc5"]


async def test_what_is_looked_for_is_one_evse(storage):
    store = storage.locations
    slow, fast = plug("IEC_62196_T2", max_voltage=230, max_amperage=16), plug("IEC_62196_T2_COMBO", max_power_w=150_000)
    unknown = plug("CHADEMO")
    await store.save(at_place(1, UTRECHT, (EvseStatus.AVAILABLE, slow), (EvseStatus.CHARGING, fast)), events=[])
    await store.save(at_place(2, UTRECHT, (EvseStatus.AVAILABLE, fast), (EvseStatus.REMOVED, unknown)), events=[])
    await store.save(at_place(3, UTRECHT, (EvseStatus.UNKNOWN, unknown), owner=XYZ), events=[])

    async def found(**fields):
        stations, total = await store.search(StationQuery(near=UTRECHT, **fields))
        assert len(stations) == total
        return [one.location.id for one in stations]

    assert await found(statuses=(EvseStatus.AVAILABLE,), min_power_w=50_000) == ["Loc2"]
    assert await found(min_power_w=50_000) == ["Loc1", "Loc2"]
    assert await found(min_power_w=11_040, standard="IEC_62196_T2") == ["Loc1"]
    assert await found(min_power_w=11_041, standard="IEC_62196_T2") == []
    assert await found(standard="CHADEMO") == ["Loc3"]
    assert await found(statuses=(EvseStatus.REMOVED,)) == ["Loc2"]
    assert await found(statuses=(EvseStatus.CHARGING, EvseStatus.UNKNOWN)) == ["Loc1", "Loc3"]
    assert await found(operator=XYZ) == ["Loc3"]
    await status(storage, uid="e0", status=EvseStatus.BLOCKED)
    assert await found(statuses=(EvseStatus.BLOCKED,)) == ["Loc1"]
    await store.retire([at_place(2, UTRECHT, (EvseStatus.REMOVED, fast))], events=[])
    assert await found() == ["Loc1", "Loc3"]
    assert await found(operator=ABC) == ["Loc1"]


async def test_a_location_off_the_globe_is_kept_and_has_no_place(storage):
    odd = location(coordinates=place("95.000000", "13.4"))
    await storage.locations.save(odd, events=[])
    stations, _ = await storage.locations.search(StationQuery(near=place("90", "13.4"), radius_m=100))
    assert stations == []
    stations, total = await storage.locations.search(StationQuery())
    assert ([one.location for one in stations], total) == ([odd], 1)


async def test_a_revision_says_when_it_was_written(storage):
    """Of two writes the later one has the higher revision, whatever they are: deltas go by it."""
    for number in (1, 2):
        await storage.locations.save(location(number), events=[])
    await status(storage)
    [(first, _), (second, _)] = await storage.locations.by_keys(["DEABC/LOC1", "DEABC/LOC2"])
    assert first > second


async def test_the_generation_moves_with_own_writes_at_once(storage):
    seen = [storage.locations.generation]
    await storage.locations.save(location(), events=[])
    seen.append(storage.locations.generation)
    await status(storage)
    seen.append(storage.locations.generation)
    await storage.locations.remove([location()], events=[])
    seen.append(storage.locations.generation)
    assert seen == sorted(set(seen))
    assert seen[0] >= 0


async def test_counts_follow_what_comes_and_goes(storage):
    for query in (LocationQuery(limit=0), LocationQuery(limit=0, updated_from=at(5))):
        await storage.locations.page(query)
    await storage.locations.save_all([location(1), location(2)], events=[])
    assert await storage.locations.page(LocationQuery(limit=0)) == ([], 2)
    await status(storage, seconds=6)
    assert await storage.locations.page(LocationQuery(limit=0, updated_from=at(5))) == ([], 1)
    await storage.locations.save(location(3), events=[])
    assert await storage.locations.page(LocationQuery(limit=0)) == ([], 3)


async def test_a_status_changes_one_evse_and_moves_the_times_forward(storage):
    await storage.locations.save(location(seconds=5), events=[])
    until = at(99) + MICROSECOND
    assert await status(storage, seconds=10, status_until=until) is Saved.CHANGED
    held = await storage.locations.get(ABC, "Loc1")
    before = location()
    changed = replace(before.evses[0], status=EvseStatus.CHARGING, status_until=until, updated_at=at(10))
    assert held == replace(before, evses=(changed, before.evses[1]), updated_at=at(10))
    assert await status(storage, seconds=11) is Saved.CHANGED
    assert (await storage.locations.get(ABC, "Loc1")).evses[0].status_until is None
    assert [told.part for told in await events(storage)] == ["UID-1-0", "UID-1-0"]


async def test_a_status_older_than_the_location_moves_only_the_evse(storage):
    await storage.locations.save(location(seconds=50), events=[])
    assert await status(storage, seconds=10) is Saved.CHANGED
    assert (await storage.locations.get(ABC, "Loc1")).updated_at == at(50)


async def test_a_status_brings_its_extensions_along(storage):
    await storage.locations.save(location(), events=[])
    before = (await storage.locations.get(ABC, "Loc1")).evses[0].extensions
    assert await status(storage, extensions={"words": "1"}) is Saved.CHANGED
    assert await status(storage, extensions={"words": "2"}) is Saved.SAME
    assert (await storage.locations.get(ABC, "Loc1")).evses[0].extensions == {**before, "words": "1"}


async def test_extensions_of_statuses_that_come_together_are_all_kept(storage):
    await storage.locations.save(location(), events=[])
    one, other = EvseStatus.CHARGING, EvseStatus.BLOCKED
    await asyncio.gather(
        status(storage, status=one, extensions={"one": "1"}), status(storage, status=other, extensions={"other": "2"})
    )
    kept = (await storage.locations.get(ABC, "Loc1")).evses[0].extensions
    assert (kept["one"], kept["other"]) == ("1", "2")


async def test_what_is_noted_at_an_evse_is_no_change(storage):
    await storage.locations.save(location(), events=[])
    before = await storage.locations.get(ABC, "Loc1")
    page = await storage.locations.page_keys(LocationQuery())
    await storage.locations.annotate(ABC, "LOC1", "uid-1-0", {"words": "1", "more-words": "2"})
    after = await storage.locations.get(ABC, "Loc1")
    noted = {**before.evses[0].extensions, "words": "1", "more-words": "2"}
    assert after == replace(before, evses=(replace(before.evses[0], extensions=noted), *before.evses[1:]))
    assert await storage.locations.page_keys(LocationQuery()) == page
    assert not await events(storage)
    for number, uid in (("LOC9", "UID-1-0"), ("LOC1", "nobody")):
        with pytest.raises(Unknown):
            await storage.locations.annotate(ABC, number, uid, {"words": "1"})


async def test_a_status_that_is_old_or_known_is_not_told(storage):
    await storage.locations.save(location(), events=[])
    assert await status(storage, seconds=10) is Saved.CHANGED
    assert await status(storage, seconds=10) is Saved.SAME
    assert await status(storage, seconds=9, status=EvseStatus.AVAILABLE) is Saved.OLDER
    assert await status(storage, seconds=10, status=EvseStatus.BLOCKED) is Saved.CHANGED
    assert len(await events(storage)) == 2


async def test_a_status_of_what_is_not_held_is_unknown(storage):
    await storage.locations.save(location(evses=0), events=[])
    with pytest.raises(Unknown, match="location"):
        await status(storage, number=7)
    with pytest.raises(Unknown, match="EVSE"):
        await status(storage)
    assert await events(storage) == []


async def test_in_a_group_each_caller_gets_its_own_answer(storage):
    await storage.locations.save_all([location(1), location(2)], events=[])
    answers = await asyncio.gather(
        status(storage, 1, "uid-1-0", 10),
        status(storage, 1, "uid-1-9", 10),
        status(storage, 2, "uid-2-1", -1),
        status(storage, 2, "uid-2-1", 0, EvseStatus.AVAILABLE),
        status(storage, 3, "uid-3-1", 10),
        status(storage, 2, "uid-2-0", 20),
        return_exceptions=True,
    )
    assert [type(answer) if isinstance(answer, Exception) else answer for answer in answers] == [
        Saved.CHANGED,
        Unknown,
        Saved.OLDER,
        Saved.SAME,
        Unknown,
        Saved.CHANGED,
    ]


async def test_of_many_at_once_the_latest_wins_everywhere(storage):
    await storage.locations.save_all([location(n, evses=3) for n in (1, 2)], events=[])
    statuses = list(EvseStatus)
    order = [(n * 7919) % 200 for n in range(200)]
    await asyncio.gather(
        *(status(storage, 1 + i % 2, f"UID-{1 + i % 2}-{i % 3}", i, statuses[i % len(statuses)]) for i in order)
    )
    for place in (await storage.locations.page(LocationQuery()))[0]:
        for index, evse in enumerate(place.evses):
            latest = max(i for i in range(200) if 1 + i % 2 == int(place.id[-1]) and i % 3 == index)
            assert (evse.updated_at, evse.status) == (at(latest), statuses[latest % len(statuses)])
        assert place.updated_at == max(evse.updated_at for evse in place.evses)
    told = {(x.key, x.part) for x in await events(storage)}
    assert len(told) == 6


@pytest.mark.server
async def test_what_cannot_be_kept_fails_alone(real_storage):
    """One member of a group must not take the others with it."""
    huge = location(2, address="x" * 17_000_000)
    saves = (real_storage.locations.save(x, events=[event(x.key)]) for x in (location(1), huge, location(3)))
    answers = await asyncio.gather(*saves, return_exceptions=True)
    assert answers[0] is answers[2] is Saved.CREATED
    assert isinstance(answers[1], Invalid)
    assert {told.key for told in await events(real_storage)} == {"DEABC/LOC1", "DEABC/LOC3"}


@pytest.mark.server
async def test_a_failed_transaction_leaves_neither_state_nor_event(real_storage):
    unfit = event(extra := "DEABC/LOC1", correlation_id="x" * 17_000_000)
    with pytest.raises(Invalid):
        await real_storage.locations.save(location(), events=[unfit])
    assert await real_storage.locations.by_keys([extra]) == []
    assert await events(real_storage) == []


@pytest.mark.server
async def test_another_process_moves_the_generation(real_storage, second_storage):
    await until(lambda: second_storage.locations.generation >= 0)
    before = second_storage.locations.generation
    await second_storage.locations.page(LocationQuery())
    await real_storage.locations.save(location(), events=[])
    await until(lambda: second_storage.locations.generation != before)
    assert (await second_storage.locations.page(LocationQuery()))[1] == 1


@pytest.mark.server
async def test_two_processes_change_the_same_evses(real_storage, second_storage):
    await real_storage.locations.save_all([location(n) for n in (1, 2)], events=[])
    both = (real_storage, second_storage)
    await asyncio.gather(*(status(both[i % 2], 1 + i // 2 % 2, f"uid-{1 + i // 2 % 2}-0", i) for i in range(100)))
    page, _ = await real_storage.locations.page(LocationQuery())
    assert max(place.evses[0].updated_at for place in page) == at(99)
    assert min(place.evses[0].updated_at for place in page) == at(97)
    assert all(place.evses[0].updated_at - at() >= timedelta(seconds=97) for place in page)


@pytest.mark.server
async def test_locations_of_an_older_build_are_listed_found_and_changed(real_storage):
    """They were not: without a time of creation they stood in no list, and nothing could be written over them."""
    plug = Connector(
        id="1",
        standard="IEC_62196_T2",
        format=ConnectorFormat.SOCKET,
        power_type=PowerType.AC_1_PHASE,
        max_power_w=22_000,
        updated_at=at(),
    )
    evse = replace(location(1).evses[0], connectors=(plug,))
    mine, others = replace(location(1), evses=(evse,)), [location(number) for number in range(2, 205)]
    store, collection = real_storage.locations, real_storage._database["locations"]
    await store.save_all([mine, *others], events=[])
    await collection.update_many({}, {"$unset": {"created": "", "point": ""}})
    await collection.update_one({"_id": mine.key}, {"$unset": {"doc.evses.0.connectors.0.watts": ""}})
    revisions = {key: revision for key, revision, _ in [x async for x in store.at_one_instant([ABC], {})]}

    await store.catch_up()
    keys, total = await store.page_keys(LocationQuery(limit=1000))
    assert total == len(keys) == 204
    assert all(key.created == key.revision for key in keys)
    assert revisions.items() <= {key.key: key.revision for key in keys}.items()
    assert [x.location for x in (await store.search(StationQuery(near=mine.coordinates, min_power_w=11_000)))[0]] == [
        mine
    ]
    assert await store.save(replace(mine, name="Newer", updated_at=at(1000)), events=[]) is Saved.CHANGED
    await store.save_together([others[0]], events=[], versions=[])
    await store.catch_up()
    assert (await store.page_keys(LocationQuery(limit=1000)))[1] == 204
