"""A partner that costs next to nothing: answers every request with the same OCPI success, `GET /count` with how many.

Run as a process of its own: `python -m bench.receiver PORT`."""

import asyncio
import sys
from typing import Any, Final

from bench.load import content_length

COUNT: Final = b"GET /count "


def _answer(data: str) -> bytes:
    body = f'{{"data":{data},"status_code":1000,"status_message":"Success","timestamp":"2026-01-01T00:00:00Z"}}'
    return f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()


_DONE: Final = _answer("null")


class _Connection(asyncio.Protocol):
    answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        self._buffer = bytearray()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            whole = end + 4 + content_length(bytes(self._buffer[:end]))
            if len(self._buffer) < whole:
                return
            if self._buffer.startswith(COUNT):
                self._transport.write(_answer(str(_Connection.answered)))
            else:
                _Connection.answered += 1
                self._transport.write(_DONE)
            del self._buffer[:whole]


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Connection, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
