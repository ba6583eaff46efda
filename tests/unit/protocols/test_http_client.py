"""The one way out by HTTP, against a real server on loopback."""

import gzip

import pytest

from core.errors import Uncertain
from gateway.simulator.server import Answer, Request, SmallServer
from protocols.transport import http
from protocols.transport.http import HttpClient
from tests.fakes import FakeIds, FakeStorage


async def ask(url: str, **more: object) -> http.Answer:
    storage = FakeStorage()
    client = HttpClient(storage.journal, storage.clock, FakeIds(), allow_private=True)
    try:
        request = http.Request(partner="p", protocol="ocpi", operation="test", method="GET", url=url, **more)
        await client.send(request)
        return await client.send(request)
    finally:
        await client.aclose()


async def test_nothing_of_an_answer_is_kept_for_the_next_request() -> None:
    seen: list[dict[str, str]] = []

    async def serve(request: Request) -> Answer:
        seen.append(request.headers)
        return Answer(200, b"{}", {"set-cookie": "who=you; Path=/"})

    server = SmallServer(serve)
    await server.start()
    try:
        answer = await ask(server.url, headers={"authorization": "Token abc"})
    finally:
        await server.stop()
    assert (answer.status, answer.headers["set-cookie"]) == (200, "who=you; Path=/")
    assert [headers.get("cookie") for headers in seen] == [None, None]
    assert {headers["authorization"] for headers in seen} == {"Token abc"}
    assert {headers["user-agent"] for headers in seen} == {"ChargeSphere"}


async def test_a_redirect_is_an_answer() -> None:
    paths: list[str] = []

    async def serve(request: Request) -> Answer:
        paths.append(request.path)
        return Answer(302, b"", {"location": "/elsewhere"})

    server = SmallServer(serve)
    await server.start()
    try:
        answer = await ask(f"{server.url}/here")
    finally:
        await server.stop()
    assert answer.status == 302
    assert paths == ["/here", "/here"]


async def test_an_answer_is_bounded_also_when_it_was_packed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_RESPONSE_BYTES", 1000)

    async def serve(_: Request) -> Answer:
        return Answer(200, gzip.compress(b"0" * 100_000), {"content-encoding": "gzip"})

    server = SmallServer(serve)
    await server.start()
    try:
        with pytest.raises(Uncertain, match="longer than 1000 bytes"):
            await ask(server.url)
    finally:
        await server.stop()
