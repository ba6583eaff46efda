"""One after the other for changes of the same object, so that no PATCH overwrites what another has just read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

_locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@asynccontextmanager
async def turn(key: str) -> AsyncIterator[None]:
    """Waits for the turn of this object within this process."""
    lock = _locks.get(key)
    if lock is None:
        _locks[key] = lock = asyncio.Lock()
    async with lock:
        yield
