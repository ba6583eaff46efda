"""One change stream over what processes keep in memory.

Partners and credentials are followed themselves. Locations change far too often for that: whoever writes them leaves a
mark in the same transaction, one for a whole group of changes, and the marks are followed. (So a change made by hand in
the database is seen only after a restart, or after the next write to any location.)
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import uuid4

from pymongo.errors import PyMongoError

from gateway.storage.database import Database, Session
from gateway.storage.documents import Document
from gateway.storage.tasks import end

PATIENCE_MS = 500
MARKS = "marks"
MARK_KEPT = timedelta(minutes=10)
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
        self._marked: set[str] = set()
        self._marks = database[MARKS]
        self._name = uuid4().hex
        self._task: asyncio.Task[None] | None = None
        self._heard_at = float("-inf")

    def on(self, collection: str, listener: Listener, *, marked: bool = False) -> None:
        """`marked`: the writers of this collection leave marks."""
        self._listeners[collection].append(listener)
        if marked:
            self._marked.add(collection)

    async def mark(self, collection: str, change: Change, session: Session) -> None:
        """Tells the listeners of other processes, if the transaction comes about. Own ones the writer tells itself."""
        expires = datetime.now(UTC) + MARK_KEPT
        mark = {"of": collection, "change": change.value, "by": self._name, "expires": expires}
        await self._marks.insert_one(mark, session=session)

    @property
    def live(self) -> bool:
        return time.monotonic() - self._heard_at < SILENCE_S

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            await end(self._task)
            self._task = None

    async def _run(self) -> None:
        while True:
            with suppress(PyMongoError):
                await self._follow()
            self._heard_at = float("-inf")
            await asyncio.sleep(0.2)

    async def _follow(self) -> None:
        followed = [name for name in self._listeners if name not in self._marked]
        pipeline: list[Document] = [
            {"$match": {"$or": [{"ns.coll": {"$in": followed}}, {"ns.coll": MARKS, "operationType": "insert"}]}},
            {
                "$project": {
                    "ns": 1,
                    "operationType": 1,
                    "fullDocument.of": 1,
                    "fullDocument.by": 1,
                    "fullDocument.change": 1,
                }
            },
        ]
        async with await self._database.watch(pipeline, patience_ms=PATIENCE_MS) as stream:
            self._forget_all()
            while stream.alive:
                change = await stream.try_next()
                if not self.live:
                    self._forget_all()
                self._heard_at = time.monotonic()
                if change is not None:
                    self._tell(change)

    def _tell(self, seen: Mapping[str, Any]) -> None:
        collection = seen["ns"].get("coll", "")
        change = Change.CONTENT if seen["operationType"] in ("update", "replace") else Change.MEMBERS
        if collection == MARKS:
            mark = seen["fullDocument"]
            if mark["by"] == self._name:
                return
            collection, change = mark["of"], Change(mark["change"])
        for listener in self._listeners.get(collection, ()):
            listener(change)

    def _forget_all(self) -> None:
        for listeners in self._listeners.values():
            for listener in listeners:
                listener(Change.MEMBERS)
        self._heard_at = time.monotonic()
