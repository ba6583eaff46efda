"""A message that comes again does nothing again. Source: checklist, 3.3, EMIP-TID-04 to EMIP-TID-07.

What is stored is safe against repetition by its own key: an answer that the cache has lost is found anew.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from core.ports.cache import Cache

REMEMBERED: Final = timedelta(hours=24)
PAUSE_S: Final = 0.2

Answering = Callable[[], Awaitable[bytes]]


class Repeats:
    """Answers of the last day by message, known to every process. While one is being found, all others wait for it."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._being_found: dict[str, asyncio.Future[bytes]] = {}

    async def once(self, key: str, answering: Answering, *, takes_s: float) -> bytes:
        """The answer that was given, or that is being found just now, or a new one. A failure is not remembered.

        `takes_s`: after so long a process that was finding it is taken for dead."""
        known = self._being_found.get(key)
        if known is not None:
            return await asyncio.shield(known)
        future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        self._being_found[key] = future
        try:
            answer = await self._answer(key, answering, takes_s)
        except BaseException as error:
            future.set_exception(error if isinstance(error, Exception) else asyncio.CancelledError())
            future.exception()  # whoever waits for it gets it; nobody has to
            raise
        else:
            future.set_result(answer)
            return answer
        finally:
            del self._being_found[key]

    async def _answer(self, key: str, answering: Answering, takes_s: float) -> bytes:
        name, taken = f"emip/answer/{key}", f"emip/being-answered/{key}"
        while (known := await self._cache.get(name)) is None:
            if await self._cache.first(taken, takes_s):
                break
            await asyncio.sleep(PAUSE_S)
        else:
            return known
        try:
            answer = await answering()
        except BaseException:
            await self._cache.drop(taken)
            raise
        await self._cache.put(name, answer, REMEMBERED.total_seconds())
        return answer
