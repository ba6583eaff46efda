"""A partner whose answers never ended held a place for deliveries with each, until none was left for the others."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from core.errors import Uncertain
from protocols.transport import http
from protocols.transport.http import HttpClient, Request
from tests.fakes import FakeIds, FakeStorage


class Drops(httpx.AsyncByteStream):
    def __init__(self) -> None:
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0.01)
            yield b" "

    async def aclose(self) -> None:
        self.closed = True


async def test_it_is_not_waited_for_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "SLOWEST_S", 0.05)
    storage, drops = FakeStorage(), Drops()

    async def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=drops)

    client = HttpClient(
        storage.journal, storage.clock, FakeIds(), allow_private=True, transport=httpx.MockTransport(answer)
    )
    request = Request(
        partner="p", protocol="ocpi", operation="PUT session", method="PUT", url="http://p.test/", timeout_s=0.05
    )
    async with asyncio.timeout(2):
        with pytest.raises(Uncertain, match="takes too long"):
            await client.send(request)
    assert drops.closed
