"""Short-lived answers."""

from typing import Protocol


class Cache(Protocol):
    """A cache may forget anything at any time and never fails its caller: a cache out of reach is an empty one."""

    async def get(self, key: str) -> bytes | None: ...

    async def put(self, key: str, value: bytes, ttl_s: float) -> None: ...

    async def drop(self, key: str) -> None: ...

    async def first(self, key: str, ttl_s: float) -> bool:
        """True for the first caller with this key within the time; True, too, when the cache is out of reach."""
        ...
