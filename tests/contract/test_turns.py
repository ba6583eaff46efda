"""Turns between processes, over a real Redis."""

import asyncio

import pytest

from core.errors import Busy
from core.services import turns
from core.services.turns import Turns

pytestmark = pytest.mark.server


async def test_two_processes_take_turns(real_storage, second_storage):
    """What came by one gateway was lost where another thing came by the other: each wrote what it had read."""
    written: list[int] = []

    async def add(one, number):
        async with one.turn("station"):
            read = list(written)
            await asyncio.sleep(0.002)
            written[:] = [*read, number]

    both = [Turns(real_storage.cache), Turns(second_storage.cache)]
    await asyncio.gather(*(add(both[number % 2], number) for number in range(20)))
    assert sorted(written) == list(range(20))


async def test_a_long_turn_is_kept_and_that_of_a_killed_process_ends(real_storage, second_storage, monkeypatch):
    monkeypatch.setattr(turns, "LASTS_S", 0.3)
    monkeypatch.setattr(turns, "PATIENCE_S", 0.6)
    other = Turns(second_storage.cache)
    async with Turns(real_storage.cache).turn("station"):
        with pytest.raises(Busy):
            async with other.turn("station"):
                pytest.fail("two at once")
        async with other.turn("another"):
            pass
    assert await real_storage.cache.first("turn/station", turns.LASTS_S)  # and then it is killed
    async with other.turn("station"):
        pass
