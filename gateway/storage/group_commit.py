"""Many callers, one transaction.

A commit to disk costs the same for one change and for a hundred. So callers that arrive while a group is being written
form the next one, and each is answered when its own group is on disk. A lone caller waits for nobody.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Generic, TypeVar

from core.errors import RoamingError, Unavailable, Uncertain

Request = TypeVar("Request")
Result = TypeVar("Result")


class GroupCommit(Generic[Request, Result]):
    """`write` gets a group and gives one result for each member, in order; an error among them is raised to its caller.

    If `write` itself fails because of one member (anything but Unavailable and Uncertain), each is tried alone."""

    def __init__(
        self, write: Callable[[list[Request]], Awaitable[Sequence[Result | RoamingError]]], *, limit: int = 256
    ) -> None:
        self._write = write
        self._limit = limit
        self._waiting: deque[tuple[Request, asyncio.Future[Result]]] = deque()
        self._task: asyncio.Task[None] | None = None

    async def __call__(self, request: Request) -> Result:
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return await future

    async def close(self) -> None:
        """Waits for what was accepted."""
        while self._task is not None:
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        try:
            await asyncio.sleep(0)
            while self._waiting:
                group = [self._waiting.popleft() for _ in range(min(self._limit, len(self._waiting)))]
                await self._run([(request, future) for request, future in group if not future.done()])
        finally:
            self._task = None
            _fail(self._waiting, Unavailable("the hub is stopping"))
            self._waiting.clear()

    async def _run(self, group: list[tuple[Request, "asyncio.Future[Result]"]]) -> None:
        if not group:
            return
        try:
            results = await self._write([request for request, _ in group])
            if len(results) != len(group):
                raise AssertionError("one result for each member")
        except (Unavailable, Uncertain) as error:
            _fail(group, error)
        except Exception as error:
            if len(group) == 1:
                _fail(group, error)
                return
            for member in group:
                await self._run([member])
        except asyncio.CancelledError:
            _fail(group, Uncertain("the hub is stopping"))
            raise
        else:
            for (_, future), result in zip(group, results, strict=True):
                _answer(future, result)


def _answer(future: "asyncio.Future[Result]", result: Result | RoamingError) -> None:
    if future.done():
        return
    if isinstance(result, RoamingError):
        future.set_exception(result)
    else:
        future.set_result(result)


def _fail(group: Iterable[tuple[Request, "asyncio.Future[Result]"]], error: Exception) -> None:
    for _, future in group:
        if not future.done():
            future.set_exception(error)
