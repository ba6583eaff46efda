import asyncio

import pytest

from core.errors import Invalid, Unavailable, Unknown
from gateway.storage.group_commit import GroupCommit


async def test_those_who_come_while_a_group_is_written_form_the_next_one():
    groups = []
    gate = asyncio.Event()

    async def write(group):
        groups.append(group)
        await gate.wait()
        return [number * 2 for number in group]

    commit = GroupCommit(write, limit=3)
    first = [asyncio.create_task(commit(number)) for number in (1, 2)]
    await asyncio.sleep(0.01)
    later = [asyncio.create_task(commit(number)) for number in (3, 4, 5, 6)]
    await asyncio.sleep(0.01)
    gate.set()
    assert await asyncio.gather(*first, *later) == [2, 4, 6, 8, 10, 12]
    assert groups == [[1, 2], [3, 4, 5], [6]]
    await commit.close()


async def test_an_error_reaches_its_own_caller_only():
    async def write(group):
        if "bad" in group:
            raise Invalid("$", "bad")
        return [Unknown("x", name) if name == "unknown" else name for name in group]

    commit = GroupCommit(write)
    answers = await asyncio.gather(*map(commit, ("a", "bad", "unknown", "b")), return_exceptions=True)
    assert [str(answer) for answer in answers] == ["a", "$: bad", "unknown x: unknown", "b"]


async def test_a_database_that_is_away_is_asked_once_for_the_group():
    asked = 0

    async def write(group):
        nonlocal asked
        asked += 1
        raise Unavailable("away")

    commit = GroupCommit(write)
    answers = await asyncio.gather(*map(commit, range(5)), return_exceptions=True)
    assert [type(answer) for answer in answers] == [Unavailable] * 5
    assert asked == 1


async def test_a_caller_that_gives_up_does_not_stop_the_others():
    async def write(group):
        await asyncio.sleep(0.01)
        return group

    commit = GroupCommit(write)
    first, second = asyncio.create_task(commit(1)), asyncio.create_task(commit(2))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == 2
    with pytest.raises(asyncio.CancelledError):
        await first
    await commit.close()


async def test_a_writer_that_is_stopped_answers_everyone():
    async def write(group):
        raise asyncio.CancelledError

    commit = GroupCommit(write, limit=2)
    answers = await asyncio.gather(*map(commit, range(5)), return_exceptions=True)
    assert all(isinstance(answer, Exception) for answer in answers)
