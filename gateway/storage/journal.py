"""Raw messages for a while. Written behind the back of the request that they belong to."""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from pymongo.errors import BulkWriteError

from core.errors import RoamingError
from core.model.partner import Exchange
from gateway.storage.database import Database, translated
from gateway.storage.documents import Document, content, expiry, item, stamp
from gateway.storage.tasks import end

WAITING = 10_000
BULK = 1_000
PAUSE_S = 0.5


class MongoJournal:
    """`dropped` counts what was never written because too much waited."""

    def __init__(self, database: Database, kept_days: int) -> None:
        self._kept = timedelta(days=kept_days)
        self._collection = database.unhurried("journal")
        self._waiting: deque[Exchange] = deque(maxlen=WAITING)
        self._writing = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self.dropped = 0

    def record(self, exchange: Exchange) -> None:
        if len(self._waiting) == WAITING:
            self.dropped += 1
        self._waiting.append(exchange)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        if self._task is not None:
            await end(self._task)
            self._task = None
        with suppress(RoamingError):
            await self.flush()

    async def flush(self) -> None:
        """Writes what waits now; what cannot be written because the database is away waits on."""
        async with self._writing:
            while self._waiting:
                bulk = [self._waiting.popleft() for _ in range(min(BULK, len(self._waiting)))]
                try:
                    await self._write(bulk)
                except RoamingError:
                    room = WAITING - len(self._waiting)
                    self.dropped += max(0, len(bulk) - room)
                    self._waiting.extendleft(reversed(bulk[-room:] if room else []))
                    raise

    async def page(self, *, partner: str | None, offset: int, limit: int) -> tuple[list[Exchange], int]:
        wanted: Document = {} if partner is None else {"partner": partner}
        found: list[Document] = []
        with translated(writes=False):
            if limit > 0:
                newest_first = self._collection.find(wanted).sort([("at", -1), ("_id", -1)])
                found = await newest_first.skip(offset).limit(limit).to_list()
            total = await self._collection.count_documents(wanted)
        return [item(document, Exchange) for document in found], total

    async def of_correlations(self, ids: Sequence[str], limit: int) -> list[Exchange]:
        with translated(writes=False):
            cursor = self._collection.find({"doc.correlation_id": {"$in": list(ids)}}).sort([("at", 1), ("_id", 1)])
            return [item(document, Exchange) for document in await cursor.limit(limit).to_list()]

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(PAUSE_S)
            with suppress(RoamingError):
                await self.flush()

    async def _write(self, bulk: list[Exchange]) -> None:
        with translated(writes=True), suppress(BulkWriteError):
            await self._collection.insert_many([self._document(exchange) for exchange in bulk], ordered=False)

    def _document(self, exchange: Exchange) -> Document:
        return {
            "_id": exchange.id,
            "partner": exchange.partner,
            "at": stamp(exchange.at),
            "expires": expiry(exchange.at, self._kept),
            "doc": content(exchange),
        }
