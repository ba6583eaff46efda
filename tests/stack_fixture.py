"""One embedded stack for the whole test session, started when the first test asks for it."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from gateway.stack import EmbeddedStack, StackAddresses

START_S = 90.0


class StackThread:
    """Runs a stack in an event loop of its own, so that tests of any loop, or none, can use it."""

    def __init__(self) -> None:
        self._loop: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = Future()
        self._addresses: Future[StackAddresses] = Future()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="embedded stack", daemon=True)

    def start(self) -> StackAddresses:
        self._thread.start()
        return self._addresses.result(START_S)

    def stop(self) -> None:
        loop, ending = self._loop.result()
        loop.call_soon_threadsafe(ending.set)
        self._thread.join()

    async def _run(self) -> None:
        ending = asyncio.Event()
        self._loop.set_result((asyncio.get_running_loop(), ending))
        stack = EmbeddedStack(Path(), ephemeral=True)
        try:
            self._addresses.set_result(await stack.start())
        except BaseException as error:
            self._addresses.set_exception(error)
            return
        await ending.wait()
        await stack.stop()


@pytest.fixture(scope="session")
def stack() -> Iterator[StackAddresses]:
    """Addresses of real servers. They are shared: a test that needs them empty takes a database name of its own."""
    thread = StackThread()
    addresses = thread.start()
    yield addresses
    thread.stop()
