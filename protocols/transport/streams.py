"""A connection as the HTTP client uses it, with less work for each message.

Its requests come in two pieces, head and body, each written by a call of the system; and before each request it looks
at every idle connection, which is slow through the layers below. Here the pieces go out together, when the answer is
waited for, and the look goes straight to the socket.
"""

import select
import socket
import ssl
from contextlib import suppress
from typing import Any, Final

import httpcore

MOST: Final = 64 * 1024
"""Bytes that are held back; a longer body is not kept in memory twice."""


class JoinedStream(httpcore.AsyncNetworkStream):
    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._held = bytearray()
        self._timeout: float | None = None
        found = inner.get_extra_info("socket")
        self._socket: socket.socket | None = found if hasattr(found, "fileno") else None

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Goes out with the next `read`."""
        self._held += buffer
        self._timeout = timeout
        if len(self._held) > MOST:
            await self._flush()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        with suppress(httpcore.WriteError):  # the other side may have answered before it heard all
            await self._flush()
        return await self._inner.read(max_bytes, timeout)

    async def aclose(self) -> None:
        self._held.clear()
        await self._inner.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        await self._flush()
        return JoinedStream(await self._inner.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._socket is not None:
            return _is_readable(self._socket)
        return self._inner.get_extra_info(info)

    async def _flush(self) -> None:
        if self._held:
            sent, self._held = bytes(self._held), bytearray()
            await self._inner.write(sent, self._timeout)


def _is_readable(held: socket.socket) -> bool:
    """Of an idle connection: whether its other side has closed it, or said what nobody asked for."""
    number = held.fileno()
    if number < 0:
        return True
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))
