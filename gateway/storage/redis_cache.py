"""Short-lived answers in Redis. Out of reach means empty, and costs nobody a wait."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import redis.asyncio as redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

PATIENCE_S = 0.25
PAUSE_S = 1.0
"""After a failure Redis is left alone for so long."""


class RedisCache:
    def __init__(self, url: str, prefix: str) -> None:
        self._redis = redis.from_url(
            url,
            socket_timeout=PATIENCE_S,
            socket_connect_timeout=PATIENCE_S,
            retry=Retry(NoBackoff(), 0),
        )
        self._prefix = prefix + ":"
        self._away_until = float("-inf")

    async def get(self, key: str) -> bytes | None:
        value: bytes | None = await self._tried(lambda: self._redis.get(self._prefix + key), None)
        return value

    async def put(self, key: str, value: bytes, ttl_s: float) -> None:
        milliseconds = round(ttl_s * 1000)
        if milliseconds > 0:
            await self._tried(lambda: self._redis.set(self._prefix + key, value, px=milliseconds), None)

    async def drop(self, key: str) -> None:
        await self._tried(lambda: self._redis.delete(self._prefix + key), None)

    async def first(self, key: str, ttl_s: float) -> bool:
        milliseconds = max(1, round(ttl_s * 1000))
        name = self._prefix + key
        return await self._tried(lambda: self._redis.set(name, b"1", px=milliseconds, nx=True), True) is not None

    async def ping(self) -> None:
        """Raises the library's error: for the readiness page, which shows it."""
        await self._redis.ping()

    async def close(self) -> None:
        await self._redis.aclose()

    async def _tried(self, command: Callable[[], Awaitable[Any]], otherwise: Any) -> Any:
        if time.monotonic() < self._away_until:
            return otherwise
        try:
            return await command()
        except (RedisError, OSError, TimeoutError):
            self._away_until = time.monotonic() + PAUSE_S
            return otherwise
