"""A message that comes again to another gateway, while the first still works on it: one start became two."""

import asyncio

import pytest

from protocols.emip.server import repeats
from protocols.emip.server.repeats import Repeats
from tests.fakes import FakeCache


class Work:
    """Ends when it is told to."""

    def __init__(self) -> None:
        self.begun = 0
        self.end = asyncio.Event()
        self.fails = False

    async def __call__(self) -> bytes:
        self.begun += 1
        number = self.begun
        await self.end.wait()
        if self.fails:
            self.fails = False
            raise RuntimeError
        return b"answer %d" % number


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    monkeypatch.setattr(repeats, "PAUSE_S", 0.01)
    return Work()


async def both(work: Work, cache: FakeCache) -> list[bytes | BaseException]:
    one, other = (asyncio.create_task(Repeats(cache).once("m", work, takes_s=25)) for _ in range(2))
    await asyncio.sleep(0.05)
    work.end.set()
    return [*await asyncio.gather(one, other, return_exceptions=True)]


async def test_the_second_gateway_waits_for_the_first(work: Work) -> None:
    cache = FakeCache()
    assert await both(work, cache) == [b"answer 1"] * 2
    assert await Repeats(cache).once("m", work, takes_s=25) == b"answer 1"
    assert work.begun == 1


async def test_what_failed_at_the_first_is_done_by_the_second(work: Work) -> None:
    work.fails = True
    failed, answer = await both(work, FakeCache())
    assert isinstance(failed, RuntimeError)
    assert answer == b"answer 2"


async def test_a_gateway_that_died_is_not_waited_for_for_ever(work: Work) -> None:
    cache = FakeCache()
    await cache.put("emip/being-answered/m", b"1", 25)
    waiting = asyncio.create_task(Repeats(cache).once("m", work, takes_s=25))
    await asyncio.sleep(0.05)
    assert work.begun == 0
    cache.clock.advance(26)  # type: ignore[attr-defined]
    work.end.set()
    assert await waiting == b"answer 1"


async def test_without_a_cache_nobody_waits(work: Work) -> None:
    cache = FakeCache()
    cache.broken = True
    assert await both(work, cache) == [b"answer 1", b"answer 2"]
