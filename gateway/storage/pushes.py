"""Pushes that are too large for one transaction, and are seen as a whole nevertheless.

First everything is staged: what becomes of objects, events and sets, in bulks that nobody looks at. Then one document
says that the push counts. From then on it does, also after a crash: bulk by bulk what is staged is moved to where it
belongs, each in a transaction, by whoever made the push or by the next process that looks. Who reads as of one instant
sees what is staged of a push that counts in place of what it is to replace.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final

import bson
from bson.raw_bson import RawBSONDocument
from msgspec import Struct

from core.errors import Invalid, RoamingError
from gateway.storage.database import Database, Session, translated
from gateway.storage.documents import Document, stamp

MOST: Final = 400
MOST_BYTES: Final = 4_000_000
"""Of one bulk. A document of MongoDB holds four times as much, and so one large object more."""
LEFT_BEHIND: Final = timedelta(minutes=2)
"""After this a push that still counts has nobody any more who moves it. A process that starts does not wait so long."""
FORGOTTEN: Final = timedelta(hours=1)
"""After this what was staged and never counted is dropped."""
LOOK_EVERY_S: Final = 30.0
SAME_INSTANT: Final = "/~"
log = logging.getLogger(__name__)

Move = Callable[[Document, Session], Awaitable[None]]


class Part(Struct, frozen=True):
    """An object's document, and what goes with it."""

    document: Document
    events: list[Document]
    versions: list[Document]


class Pushes:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._staged = database["staged"]
        self._pushes = database["pushes"]
        self._moves: dict[str, Move] = {}
        self._task: asyncio.Task[None] | None = None
        self._left_behind = False
        self._settling = asyncio.Lock()

    def on(self, collection: str, move: Move) -> None:
        """`move` writes one staged bulk of this collection, in the transaction in which it ceases to be staged."""
        self._moves[collection] = move

    def start(self) -> None:
        self._task = asyncio.create_task(self._look_after())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def push(self, collection: str, parts: Iterable[Part]) -> None:
        now = self._database.clock.now()
        name = f"{stamp(now)}/{secrets.token_hex(8)}"
        try:
            with translated(writes=True):
                for number, bulk in enumerate(_bulks(parts)):
                    await self._staged.insert_one({"_id": f"{name}/{number:06}", "push": name, **bulk})
                await self._pushes.insert_one({"_id": name, "collection": collection})
            await self._carry_out(name, collection)
        except BaseException:
            self._left_behind = True
            raise

    async def settled(self) -> None:
        """Before what is held is read: what counts of this process and could not be moved to its end would be missing
        there, and be moved over what comes later."""
        if not self._left_behind and not self._settling.locked():
            return
        async with self._settling:
            if self._left_behind:
                await self.carry_out_all()
                self._left_behind = False

    async def to_come(self, collection: str, wanted: Document, session: Session) -> list[Document]:
        """What is staged of pushes that count, in the order in which it counts: `wanted` of each bulk."""
        names = await self.counting(collection, session)
        if not names:
            return []
        return await self._staged.find({"push": {"$in": names}}, wanted, session=session).sort("_id").to_list()

    async def counting(self, collection: str, session: Session | None = None) -> list[str]:
        """Pushes that count and are still to be moved, oldest first."""
        found = await self._pushes.find({"collection": collection}, session=session).sort("_id").to_list()
        return [push["_id"] for push in found]

    async def of_keys(self, collection: str, keys: Sequence[str], session: Session) -> dict[str, Document]:
        """What these objects are to become by pushes that count."""
        wanted, names = set(keys), await self.counting(collection, session)
        here = {"push": {"$in": names}, "documents._id": {"$in": list(keys)}}
        cursor = self._staged.find(here, {"documents": 1}, session=session).sort("_id")
        bulks = await cursor.to_list() if names else []
        return {one["_id"]: one for bulk in bulks for one in bulk["documents"] if one["_id"] in wanted}

    async def staged(self, key: str, session: Session) -> Document:
        found = await self._staged.find_one({"_id": key}, session=session)
        return found or {"documents": []}

    async def carry_out_all(self, *, older_than: timedelta = timedelta(0)) -> None:
        """What others have left behind; what they had not finished staging is dropped."""
        now = self._database.clock.now()
        with translated(writes=False):
            counting = await self._pushes.find({}).sort("_id").to_list()
            names = [push["_id"] for push in counting]
            await self._staged.delete_many({"push": {"$nin": names, "$lt": stamp(now - FORGOTTEN)}})
        for push in counting:
            if push["_id"] <= stamp(now - older_than) + SAME_INSTANT:
                await self._carry_out(push["_id"], push["collection"])

    async def _carry_out(self, name: str, collection: str) -> None:
        with translated(writes=False):
            staged = await self._staged.find({"push": name}, {"_id": 1}).sort("_id").to_list()
        for one in staged:
            await self._database.transaction(partial(self._moved, collection, one["_id"]))
        with translated(writes=True):
            await self._pushes.delete_one({"_id": name})

    async def _moved(self, collection: str, key: str, session: Session) -> None:
        bulk = await self._staged.find_one_and_delete({"_id": key}, session=session)
        if bulk is not None:  # else another process was faster
            await self._moves[collection](bulk, session)

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await self.carry_out_all(older_than=LEFT_BEHIND)
            except RoamingError as error:
                log.warning("pushes that were left behind wait: %s", error)


def _bulks(parts: Iterable[Part]) -> Iterable[dict[str, Any]]:
    documents: list[Any] = []
    events: list[Document] = []
    versions: list[Document] = []
    size = 0
    for part in parts:
        raw = _raw(part.document)
        if documents and (size + len(raw.raw) > MOST_BYTES or len(documents) >= MOST):
            yield {"documents": documents, "events": events, "versions": versions}
            documents, events, versions, size = [], [], [], 0
        documents.append(raw)
        events += part.events
        versions += part.versions
        size += len(raw.raw)
    if documents:
        yield {"documents": documents, "events": events, "versions": versions}


def _raw(document: Document) -> RawBSONDocument:
    try:
        return RawBSONDocument(bson.encode(document))
    except (bson.errors.InvalidDocument, OverflowError) as error:
        raise Invalid("$", f"cannot be kept: {error}") from error
