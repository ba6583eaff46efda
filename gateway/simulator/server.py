"""A small HTTP/1.1 server for simulated networks: one loopback port, one handler, switched off and on at will."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

from msgspec import Struct

MAX_HEAD_BYTES = 64 * 1024
MAX_BODY_BYTES = 64 * 1024 * 1024


class Request(Struct, frozen=True):
    """`parts` are the decoded segments of the path; `headers` have lower-case names."""

    method: str
    path: str
    parts: tuple[str, ...]
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    arrived: float


class Answer(Struct, frozen=True):
    status: int
    body: bytes = b""
    headers: dict[str, str] = {}


Handler = Callable[[Request], Awaitable[Answer]]


class BadRequest(Exception):
    """What came in is not HTTP as this server understands it."""


class SmallServer:
    """Listens on 127.0.0.1. `stop` closes all connections, so that callers meet a refused one; `start` takes the same
    port again."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def listening(self) -> bool:
        return self._server is not None

    async def start(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port, limit=MAX_HEAD_BYTES)
            self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        for task in tuple(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while (request := await _read(reader, writer)) is not None:
                writer.write(_written(await self._handler(request)))
                await writer.drain()
                if request.headers.get("connection", "").lower() == "close":
                    return
        except BadRequest as error:
            writer.write(_written(Answer(400, str(error).encode(), {"content-type": "text/plain"})))
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            return  # the caller went away, or the network was switched off
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    """The next request of a connection, or None at its end."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    except asyncio.LimitOverrunError as error:
        raise BadRequest("the head of the request is too long") from error
    arrived = time.perf_counter()
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    try:
        method, target, _ = first.split(" ")
        headers = {name.strip().lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    except ValueError as error:
        raise BadRequest("not a request line with headers") from error
    if headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = await _body(reader, headers)
    url = urlsplit(target)
    parts = tuple(unquote(part) for part in url.path.split("/") if part)
    query = dict(parse_qsl(url.query, keep_blank_values=True))
    return Request(method, url.path, parts, query, headers, body, arrived)


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _chunks(reader)
    try:
        length = int(headers.get("content-length", "0"))
    except ValueError as error:
        raise BadRequest("Content-Length is not a number") from error
    if not 0 <= length <= MAX_BODY_BYTES:
        raise BadRequest("the body is too long")
    return await reader.readexactly(length)


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    collected = bytearray()
    while True:
        try:
            size = int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
        except ValueError as error:
            raise BadRequest("a chunk without its size") from error
        if size < 0 or len(collected) + size > MAX_BODY_BYTES:
            raise BadRequest("the body is too long")
        if size == 0:
            while await reader.readuntil(b"\r\n") != b"\r\n":
                pass
            return bytes(collected)
        collected += await reader.readexactly(size)
        await reader.readexactly(2)


def _written(answer: Answer) -> bytes:
    headers = {"content-type": "application/json; charset=utf-8", **answer.headers}
    headers["content-length"] = str(len(answer.body))
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + answer.body
