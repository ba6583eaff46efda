"""When partners were last heard of, and whose turn it is to ask."""

import asyncio

from core.model.partner import Sighting
from tests.contract.samples import at


async def test_the_last_word_counts(storage):
    assert await storage.sightings.all() == {}
    await storage.sightings.note("p1", at(5), None)
    await storage.sightings.note("p1", at(3), None)
    await storage.sightings.note("p2", at(1), "FR*ZC1")
    await storage.sightings.note("p2", at(2), "FR*ZC2")
    await storage.sightings.note("p2", at(4), None)
    assert await storage.sightings.all() == {
        "p1": Sighting(at=at(5)),
        "p2": Sighting(at=at(4), signs={"FR*ZC1": at(1), "FR*ZC2": at(2)}),
    }
    await storage.sightings.forget("p2")
    await storage.sightings.forget("p3")
    assert set(await storage.sightings.all()) == {"p1"}


async def test_a_turn_is_one_s_alone_and_passes(storage):
    await storage.sightings.note("p1", at(0), None)
    for partner in ("p1", "p2"):
        turns = await asyncio.gather(*(storage.sightings.take_turn(partner, at(1), 24.0) for _ in range(5)))
        assert sorted(turns) == [False, False, False, False, True]
    assert not await storage.sightings.take_turn("p1", at(24), 24.0)
    assert await storage.sightings.take_turn("p1", at(25), 24.0)
    assert (await storage.sightings.all())["p1"] == Sighting(at=at(0))
