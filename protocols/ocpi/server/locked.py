"""One after the other for changes of the same object, so that no PATCH overwrites what another has just read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from core.ports.cache import Cache
from core.services.turns import among_processes


class _Gate:
    """One alone, or any number together. Who wants to be alone stops newcomers and waits for those inside."""

    def __init__(self) -> None:
        self._entrance = asyncio.Lock()
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        async with self._entrance:
            await self._empty.wait()
            yield

    @asynccontextmanager
    async def together(self) -> AsyncIterator[None]:
        async with self._entrance:
            self._inside += 1
            self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if self._inside == 0:
                self._empty.set()


_gates: WeakValueDictionary[str, _Gate] = WeakValueDictionary()


@asynccontextmanager
async def turn(cache: Cache, key: str) -> AsyncIterator[None]:
    """To read this object, change it and write it back: nobody else does so meanwhile, see `core.services.turns`."""
    gate = _gate(key)
    async with gate.alone(), among_processes(cache, f"ocpi/{key}"):
        yield


@asynccontextmanager
async def together(key: str) -> AsyncIterator[None]:
    """To change a part of this object in one step: side by side with others who do so, never within a `turn` of this
    process."""
    gate = _gate(key)
    async with gate.together():
        yield


def _gate(key: str) -> _Gate:
    gate = _gates.get(key)
    if gate is None:
        _gates[key] = gate = _Gate()
    return gate
