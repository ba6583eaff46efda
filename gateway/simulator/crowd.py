"""Much to do at once, some at a time."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any

AT_ONCE = 8


async def at_once(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Some at a time, all of them to their end; then the first failure is raised."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def guarded(one: Coroutine[Any, Any, None]) -> None:
        async with gate:
            await one

    ends = await asyncio.gather(*map(guarded, work), return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end
