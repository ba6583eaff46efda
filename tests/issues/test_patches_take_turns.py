"""A status PATCH beside a slow PATCH of the same location was acknowledged and lost.

The slow one read the location, the status was written, and the slow one's write was then older than the location (and
dropped without a word), or put the old status back."""

import asyncio

from protocols.ocpi.server.locked import together, turn
from tests.fakes import FakeCache


async def test_small_changes_run_side_by_side_and_never_within_a_turn() -> None:
    seen: list[str] = []
    inside = asyncio.Event()
    leave = asyncio.Event()

    async def small(name: str) -> None:
        async with together("location"):
            seen.append(f"{name} in")
            inside.set()
            await leave.wait()
        seen.append(f"{name} out")

    async def whole() -> None:
        async with turn(FakeCache(), "location"):
            seen.append("whole")

    async def late() -> None:
        async with together("location"):
            seen.append("late")

    running = [asyncio.create_task(small("one")), asyncio.create_task(small("two"))]
    await inside.wait()
    running.append(asyncio.create_task(whole()))
    await asyncio.sleep(0)
    running.append(asyncio.create_task(late()))
    for _ in range(5):
        await asyncio.sleep(0)
    assert seen == ["one in", "two in"]
    async with together("elsewhere"):
        pass
    leave.set()
    await asyncio.gather(*running)
    assert seen[-2:] == ["whole", "late"]
    assert sorted(seen[2:4]) == ["one out", "two out"]
