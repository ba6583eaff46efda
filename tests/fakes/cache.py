"""A cache in a dict. `broken = True` behaves as one out of reach: empty, and never an error."""

from datetime import datetime, timedelta

from core.ports.clock import Clock
from tests.fakes.clock import FakeClock


class FakeCache:
    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.entries: dict[str, tuple[datetime, bytes]] = {}
        self.broken = False

    async def get(self, key: str) -> bytes | None:
        expires, value = self.entries.get(key, (self.clock.now(), b""))
        return value if expires > self.clock.now() and not self.broken else None

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        if not self.broken and ttl_s > 0:
            self.entries[key] = (self.clock.now() + timedelta(seconds=ttl_s), value)

    async def drop(self, key: str) -> None:
        self.entries.pop(key, None)

    async def first(self, key: str, ttl_s: float) -> bool:
        if await self.get(key) is not None:
            return False
        await self.put(key, b"1", ttl_s)
        return True
