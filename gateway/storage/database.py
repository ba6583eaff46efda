"""The connection to MongoDB: write concern, transactions, and its errors in core's words."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import pymongo
from bson.errors import BSONError
from pymongo import AsyncMongoClient
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import (
    BulkWriteError,
    CollectionInvalid,
    ConnectionFailure,
    DuplicateKeyError,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WriteConcernError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from core.errors import Invalid, StoreUnavailable, Uncertain
from core.ports.clock import Clock
from gateway.storage.documents import Document

T = TypeVar("T")
Collection = AsyncCollection[Document]
Session = AsyncClientSession

DUPLICATE_KEY = 11000
NAMESPACE_EXISTS = 48
TOO_LARGE = {10334, 17419, 17420}
PATIENCE_S = 15.0
"""How long one operation or transaction may take, with all its retries."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@contextmanager
def translated(*, writes: bool) -> Iterator[None]:
    """The library's errors become core's. A write outside a transaction whose answer is lost may have happened."""
    try:
        yield
    except ServerSelectionTimeoutError as error:
        raise StoreUnavailable("the database is out of reach") from error
    except (BSONError, OverflowError) as error:
        raise Invalid("$", f"cannot be kept: {error}") from error
    except PyMongoError as error:
        if not _codes(error).isdisjoint(TOO_LARGE):
            raise Invalid("$", "is too large to be kept") from error
        lost = writes and isinstance(error, ConnectionFailure | WriteConcernError)
        if lost or error.has_error_label("UnknownTransactionCommitResult"):
            raise Uncertain("the database did not confirm the write") from error
        raise StoreUnavailable(f"the database failed: {error}") from error


def is_duplicate(error: Exception) -> bool:
    """Whether a unique index refused it, alone or within a bulk."""
    return DUPLICATE_KEY in _codes(error)


async def insert_new(collection: Collection, documents: list[Document]) -> None:
    """What a unique index has already stays as it is."""
    with translated(writes=True):
        try:
            await collection.insert_many(documents, ordered=False)
        except BulkWriteError as error:
            if _codes(error) != {DUPLICATE_KEY} or (error.details or {}).get("writeConcernErrors"):
                raise


def _codes(error: Exception) -> set[int]:
    if isinstance(error, BulkWriteError):
        return {failure.get("code", 0) for failure in (error.details or {}).get("writeErrors", ())}
    return {error.code or 0} if isinstance(error, OperationFailure) else set()


class Database:
    """Everything is read and written at majority, with the journal: what was answered survives a crash."""

    def __init__(self, url: str, name: str, clock: Clock | None = None) -> None:
        self.clock = clock or SystemClock()
        self.client: AsyncMongoClient[Document] = AsyncMongoClient(
            url,
            appname="chargesphere",
            tz_aware=True,
            serverSelectionTimeoutMS=5_000,
            connectTimeoutMS=5_000,
            socketTimeoutMS=30_000,
        )
        self._db = self.client.get_database(
            name, read_concern=ReadConcern("majority"), write_concern=WriteConcern("majority", j=True)
        )

    def __getitem__(self, name: str) -> Collection:
        return self._db[name]

    def unhurried(self, name: str) -> Collection:
        """A collection whose writes may be lost in a crash: the journal of messages."""
        return self._db.get_collection(name, read_concern=ReadConcern("local"), write_concern=WriteConcern(1, j=False))

    async def create(self, name: str) -> None:
        """A collection without indexes of its own; one that exists stays as it is."""
        try:
            await self._db.create_collection(name)
        except CollectionInvalid:
            return
        except OperationFailure as error:
            if error.code != NAMESPACE_EXISTS:  # another process was faster
                raise

    @asynccontextmanager
    async def one_instant(self) -> AsyncIterator[Session]:
        """Everything that is read in this session is read as of the instant of its first reading."""
        with translated(writes=False):
            async with self.client.start_session(snapshot=True) as session:
                yield session

    async def transaction(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """All of `work` or nothing of it. It may run more than once; a duplicate key means that another was faster."""
        with translated(writes=False), pymongo.timeout(PATIENCE_S):
            for attempt in range(4):
                try:
                    async with self.client.start_session() as session:
                        return await session.with_transaction(
                            work,
                            read_concern=ReadConcern("snapshot"),
                            write_concern=WriteConcern("majority", j=True),
                        )
                except (DuplicateKeyError, BulkWriteError) as error:
                    if attempt == 3 or not is_duplicate(error):
                        raise
        raise AssertionError("unreachable")

    async def watch(self, pipeline: list[Document], *, patience_ms: int) -> Any:
        return await self._db.watch(pipeline, max_await_time_ms=patience_ms)

    async def ping(self) -> None:
        with translated(writes=False), pymongo.timeout(2.0):
            await self.client.admin.command("ping")

    async def close(self) -> None:
        await self.client.close()
