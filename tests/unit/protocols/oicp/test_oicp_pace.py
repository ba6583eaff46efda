"""How often the hub calls a platform."""

import itertools

import pytest

from core.errors import Busy
from protocols.oicp.upstream.pace import LONGEST_REST_S, Pace
from protocols.oicp.upstream.settings import PUBLISHED, Upstream
from tests.fakes import FakeClock


class World:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.slept: list[float] = []
        self.chances = itertools.cycle((0.1, 0.9, 0.5))
        self.pace = Pace(self.clock, sleep=self.sleep, chance=lambda: next(self.chances))

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.clock.advance(seconds)


@pytest.mark.spec("OICP-NET-51", "OICP-UP-01")
async def test_no_more_calls_a_minute_than_the_platform_allows() -> None:
    world = World()
    for _ in range(6):
        await world.pace.turn("up", "PullEvseStatus", 6, 0)
        world.clock.advance(1)
    with pytest.raises(Busy):
        await world.pace.turn("up", "PullEvseStatus", 6, 0)
    await world.pace.turn("up", "AuthorizeStart", 200, 0)
    await world.pace.turn("other", "PullEvseStatus", 6, 0)
    await world.pace.turn("up", "PullEvseStatus", 6, 60)
    assert world.slept == [54.0]
    await world.pace.turn("up", "Unlimited", None, 0)


@pytest.mark.spec("OICP-NET-51", "OICP-UP-23")
async def test_after_a_429_the_rests_grow_and_are_never_the_same() -> None:
    world = World()
    gaps = []
    for _ in range(6):
        world.pace.heard("up", "PullEvseData", limited=True, retry_after=None)
        before = world.clock.now()
        with pytest.raises(Busy):
            await world.pace.turn("up", "PullEvseData", None, 0)
        await world.pace.turn("up", "PullEvseData", None, 2000)
        gaps.append((world.clock.now() - before).total_seconds())
    assert gaps == sorted(gaps)
    assert len({round(gap / 2**number, 3) for number, gap in enumerate(gaps)}) > 1
    for _ in range(20):
        world.pace.heard("up", "PullEvseData", limited=True, retry_after=None)
    assert world.pace._wait_s(("up", "PullEvseData"), None) <= 2 * LONGEST_REST_S
    world.pace.heard("up", "PullEvseData", limited=False, retry_after=None)
    await world.pace.turn("up", "PullEvseData", None, 0)
    world.pace.heard("up", "PullEvseData", limited=True, retry_after="30")
    assert 30 <= world.pace._wait_s(("up", "PullEvseData"), None) <= 31
    world.pace.heard("up", "X", limited=True, retry_after="Wed, 21 Oct 2026 07:28:00 GMT")
    assert 2 <= world.pace._wait_s(("up", "X"), None) <= 4


def test_limits_are_the_published_ones_unless_others_are_agreed() -> None:
    agreed = Upstream(calls_per_minute={"PullEvseData": 25})
    assert (agreed.most("PullEvseData"), agreed.most("PullEvseStatus")) == (25, PUBLISHED["PullEvseStatus"])
    assert agreed.most("probe") is None
