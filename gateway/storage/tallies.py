"""Numbers that all processes of the hub add up, for `/metrics`."""

import asyncio
from collections import Counter
from contextlib import suppress

import msgspec
from pymongo import UpdateOne

from core.errors import RoamingError
from gateway.storage.database import Database, translated

PAUSE_S = 1.0


class MongoTallies:
    """Never waits and never fails its caller: what was added is written within a second, or lost in a crash."""

    def __init__(self, database: Database) -> None:
        self._collection = database.unhurried("tallies")
        self._waiting: Counter[tuple[str, ...]] = Counter()
        self._task: asyncio.Task[None] | None = None

    def add(self, *name: str, amount: float = 1) -> None:
        self._waiting[name] += amount  # type: ignore[assignment]

    async def all(self) -> dict[tuple[str, ...], float]:
        with translated(writes=False):
            found = await self._collection.find({}).to_list()
        return {msgspec.json.decode(one["_id"], type=tuple[str, ...]): one["number"] for one in found}

    async def flush(self) -> None:
        written, self._waiting = self._waiting, Counter()
        if not written:
            return
        updates = [
            UpdateOne({"_id": msgspec.json.encode(name).decode()}, {"$inc": {"number": float(number)}}, upsert=True)
            for name, number in written.items()
        ]
        try:
            with translated(writes=True):
                await self._collection.bulk_write(updates, ordered=False)
        except RoamingError:  # kept for the next time: rather twice than never
            self._waiting.update(written)
            raise

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        with suppress(RoamingError):
            await self.flush()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_S)
            with suppress(RoamingError):
                await self.flush()
