"""One change stream over the collections that processes keep in memory."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum

from pymongo.errors import PyMongoError

from gateway.storage.database import Database
from gateway.storage.documents import Document

PATIENCE_MS = 500
SILENCE_S = 3.0
"""A stream that said nothing for so long, not even that there is nothing, is not to be relied on."""


class Change(StrEnum):
    CONTENT = "CONTENT"
    """Something was written over or changed in place."""
    MEMBERS = "MEMBERS"
    """Something was added or removed; or anything may have happened, after the stream was away."""


Listener = Callable[[Change], None]


class Watcher:
    """Tells listeners what any process wrote, a little later. While not `live` nothing kept in memory may be used."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: defaultdict[str, list[Listener]] = defaultdict(list)
        self._task: asyncio.Task[None] | None = None
        self._heard_at = float("-inf")

    def on(self, collection: str, listener: Listener) -> None:
        self._listeners[collection].append(listener)

    @property
    def live(self) -> bool:
        return time.monotonic() - self._heard_at < SILENCE_S

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            with suppress(PyMongoError):
                await self._follow()
            self._heard_at = float("-inf")
            await asyncio.sleep(0.2)

    async def _follow(self) -> None:
        pipeline: list[Document] = [
            {"$match": {"ns.coll": {"$in": list(self._listeners)}}},
            {"$project": {"ns": 1, "operationType": 1}},
        ]
        async with await self._database.watch(pipeline, patience_ms=PATIENCE_MS) as stream:
            self._forget_all()
            while stream.alive:
                change = await stream.try_next()
                if not self.live:
                    self._forget_all()
                self._heard_at = time.monotonic()
                if change is not None:
                    self._tell(change["ns"].get("coll", ""), change["operationType"])

    def _tell(self, collection: str, operation: str) -> None:
        change = Change.CONTENT if operation in ("update", "replace") else Change.MEMBERS
        for listener in self._listeners.get(collection, ()):
            listener(change)

    def _forget_all(self) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener(Change.MEMBERS)
        self._heard_at = time.monotonic()
