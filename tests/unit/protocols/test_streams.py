"""Connections of the HTTP client: what goes out together, and what is seen of an idle one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpcore
import httpx
import pytest

from protocols.transport.addresses import FilteredBackend
from protocols.transport.streams import MOST

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(serve: Serve) -> AsyncIterator[int]:
    async def closing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(closing, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()


@asynccontextmanager
async def pool() -> AsyncIterator[httpcore.AsyncConnectionPool]:
    backend = FilteredBackend(allow_private=True)
    async with httpcore.AsyncConnectionPool(network_backend=backend) as opened:
        yield opened


def answer(body: bytes, *more: bytes) -> bytes:
    return b"\r\n".join([b"HTTP/1.1 200 OK", b"content-length: %d" % len(body), *more, b"", body])


async def test_head_and_body_go_out_in_one_piece() -> None:
    pieces: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pieces.append(await reader.read(MOST))
        writer.write(answer(b"ok"))

    async with served(serve) as port, pool() as http:
        found = await http.request("POST", f"http://127.0.0.1:{port}/x", content=b"hello")
    assert found.content == b"ok"
    assert pieces[0].startswith(b"POST /x")
    assert pieces[0].endswith(b"\r\n\r\nhello")


async def test_a_long_body_arrives_whole() -> None:
    sent = bytes(range(256)) * (3 * MOST // 256)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(await reader.readexactly(len(sent))))

    async with served(serve) as port, pool() as http:
        found = await http.request("POST", f"http://127.0.0.1:{port}/", content=sent)
    assert found.content == sent


async def test_an_answer_before_the_whole_request_was_heard() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"too long", b"connection: close"))
        await writer.drain()
        writer.close()

    async with served(serve) as port, pool() as http:
        found = await http.request("POST", f"http://127.0.0.1:{port}/", content=b"x" * 200)
    assert found.content == b"too long"


async def test_an_idle_connection_that_was_closed_is_not_used_again() -> None:
    opened = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer(b"ok"))
        await writer.drain()
        writer.close()  # without having said so

    async with served(serve) as port, pool() as http:
        for _ in range(3):
            assert (await http.request("GET", f"http://127.0.0.1:{port}/")).content == b"ok"
            await asyncio.sleep(0.02)
    assert opened == 3


async def test_an_open_connection_is_used_again() -> None:
    opened = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        while await reader.read(MOST):
            writer.write(answer(b"ok"))

    async with served(serve) as port, pool() as http:
        for _ in range(3):
            assert (await http.request("GET", f"http://127.0.0.1:{port}/")).content == b"ok"
    assert opened == 1


async def test_a_silence_is_a_read_timeout() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(MOST)
        await reader.read(MOST)

    async with served(serve) as port, pool() as http:
        timeout = httpx.Timeout(0.05).as_dict()
        with pytest.raises(httpcore.ReadTimeout):
            await http.request("GET", f"http://127.0.0.1:{port}/", extensions={"timeout": timeout})
