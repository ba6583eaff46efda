"""A load generator over raw sockets: it must cost less than what it measures.

Run as a process of its own: reads a job from stdin (JSON: port, connections, requests as a file of length-prefixed
bytes, and perhaps a rate per second), prints {"seconds", "failures", "latencies_ms"}; latencies in the order of the
requests. Without a rate each connection sends as soon as it is answered; with one, requests are sent when they are due,
and a latency counts from then.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any


def framed(requests: list[bytes], path: Path) -> None:
    """Requests as the job file wants them."""
    with path.open("wb") as file:
        for request in requests:
            file.write(len(request).to_bytes(4, "big") + request)


def unframed(path: Path) -> list[bytes]:
    content, at, found = path.read_bytes(), 0, []
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big")
        found.append(content[at + 4 : at + 4 + size])
        at += 4 + size
    return found


class _Connection(asyncio.Protocol):
    """One keep-alive connection: sends, waits for the whole answer, sends again (at a rate: when it is told to)."""

    def __init__(self, job: "_Job") -> None:
        self._job = job
        self._buffer = bytearray()
        self._wanted = -1
        self._sent_at = 0.0
        self._number = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport
        if not self._job.paced:
            self._next()

    def _next(self) -> None:
        taken = self._job.take()
        if taken is None:
            self.close()
            return
        self.send(*taken, time.perf_counter())

    def send(self, number: int, request: bytes, due: float) -> None:
        self._number, self._sent_at = number, due
        self._transport.write(request)

    def close(self) -> None:
        self._transport.close()
        if not self.done.done():
            self.done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._wanted < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._wanted = end + 4 + content_length(bytes(self._buffer[:end]))
        if len(self._buffer) < self._wanted:
            return
        self._job.answered(self._number, bytes(self._buffer[:12]), time.perf_counter() - self._sent_at)
        del self._buffer[: self._wanted]
        self._wanted = -1
        if self._job.paced:
            self._job.idle.put_nowait(self)
        else:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class _Job:
    """`latencies` by the number of the request; None: never answered. `idle`: connections of a paced job."""

    def __init__(self, requests: list[bytes], total: int, paced: bool) -> None:
        self._requests = requests
        self.paced = paced
        self.idle: asyncio.Queue[_Connection] = asyncio.Queue()
        self._next = 0
        self.latencies: list[float | None] = [None] * total
        self.failures = 0

    def take(self) -> tuple[int, bytes] | None:
        number = self._next
        if number >= len(self.latencies):
            return None
        self._next += 1
        return number, self._requests[number % len(self._requests)]

    def answered(self, number: int, head: bytes, seconds: float) -> None:
        self.latencies[number] = seconds * 1000
        if not head.startswith(b"HTTP/1.1 2"):
            self.failures += 1


async def _run(asked: dict[str, Any]) -> dict[str, Any]:
    rate = asked.get("rate")
    job = _Job(unframed(Path(asked["requests"])), asked["total"], rate is not None)
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    connections = []
    for _ in range(asked["connections"]):
        _, connection = await loop.create_connection(lambda: _Connection(job), "127.0.0.1", asked["port"])
        connections.append(connection)
    if rate is not None:
        await _pace(job, connections, rate)
    await asyncio.gather(*(connection.done for connection in connections))
    seconds = time.perf_counter() - started
    latencies = [latency for latency in job.latencies if latency is not None]
    unanswered = len(job.latencies) - len(latencies)
    return {"seconds": seconds, "failures": job.failures + unanswered, "latencies_ms": latencies}


async def _pace(job: _Job, connections: list[_Connection], rate: float) -> None:
    for connection in connections:
        job.idle.put_nowait(connection)
    due = time.perf_counter()
    while (taken := job.take()) is not None:
        await asyncio.sleep(max(due - time.perf_counter(), 0))
        connection = await job.idle.get()
        connection.send(*taken, due)
        due += 1 / rate
    for _ in connections:
        (await job.idle.get()).close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_run(json.load(sys.stdin)))))
