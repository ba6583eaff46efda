"""One after the other: to read something, change it and write it back while nobody else does so, in any process.

Within this process that is certain. Between processes the cache decides; while it is out of reach two may cross. The
turn of a process that was killed ends by itself.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from weakref import WeakValueDictionary

from core.errors import Busy
from core.ports.cache import Cache

LASTS_S: Final = 10.0
"""After a crash; who lives says in time that it needs longer."""
PATIENCE_S: Final = 30.0
_LOOK_S: Final = 0.02


class Turns:
    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Raises Busy if another process does not come to an end."""
        async with self._locks.setdefault(name, asyncio.Lock()), among_processes(self._cache, name):
            yield


@asynccontextmanager
async def among_processes(cache: Cache, name: str) -> AsyncIterator[None]:
    """For callers that take turns within their process already. Raises Busy if another one does not come to an end."""
    key = f"turn/{name}"
    await _wait(cache, key)
    keeping = asyncio.create_task(_keep(cache, key))
    try:
        yield
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await cache.drop(key)


async def _wait(cache: Cache, key: str) -> None:
    clock = asyncio.get_running_loop().time
    until = clock() + PATIENCE_S
    while not await cache.first(key, LASTS_S):
        if clock() >= until:
            raise Busy("another change of the same takes too long")
        await asyncio.sleep(_LOOK_S)


async def _keep(cache: Cache, key: str) -> None:
    while True:
        await asyncio.sleep(LASTS_S / 3)
        await cache.put(key, b"1", LASTS_S)
