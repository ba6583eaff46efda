"""What the measurements share: running the hub, the reference and the load; figures and their table."""

import asyncio
import json
import os
import socket
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from bench.load import framed
from gateway.up import Installation, Running


class Figure(Struct, frozen=True, kw_only=True):
    """One line of the table. `goal` in words; `held` None where there is none."""

    name: str
    measured: str
    reference: str
    ratio: str
    goal: str
    held: bool | None


class Load(Struct, frozen=True, kw_only=True):
    per_second: float
    failures: int
    latencies_ms: list[float]

    def percentile(self, percent: int) -> float:
        return statistics.quantiles(self.latencies_ms, n=100)[percent - 1]


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body or method != "GET":
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def load(
    port: int, requests: Sequence[bytes], *, total: int, connections: int, rate: float | None = None
) -> Load:
    """From a process of its own, so that it has a core of its own. `rate`: requests a second; None: as many as go."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requests"
        framed(list(requests), path)
        job = {"port": port, "requests": str(path), "total": total, "connections": connections, "rate": rate}
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bench.load", stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate(json.dumps(job).encode())
    done: dict[str, Any] = json.loads(out)
    answers = len(done["latencies_ms"])
    return Load(per_second=answers / done["seconds"], failures=done["failures"], latencies_ms=done["latencies_ms"])


@asynccontextmanager
async def reference(pages: Sequence[bytes] = ()) -> AsyncIterator[int]:
    """The port of a bare Litestar, which sends `pages` in turn."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "pages"
        framed(list(pages), path)
        async with module("reference", port, *([str(path)] if pages else [])):
            yield port


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def module(name: str, port: int, *arguments: str) -> AsyncIterator[None]:
    """A server of this package in a process of its own; its first argument is the port that it listens on."""
    async with serving(port, sys.executable, "-m", f"bench.{name}", str(port), *arguments):
        yield


@asynccontextmanager
async def serving(port: int, *command: str, folder: Path | None = None) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*command, cwd=folder)
    try:
        await _listening(port)
        yield
    finally:
        process.terminate()
        await process.wait()


async def _listening(port: int) -> None:
    for _ in range(400):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
            continue
        writer.close()
        return
    raise TimeoutError(f"nothing listens on port {port}")


@asynccontextmanager
async def hub() -> AsyncIterator[tuple[Installation, Running]]:
    """A fresh hub on the embedded stack. It logs as ever, into a file: a terminal would be part of the figures."""
    installation = Installation(
        host="127.0.0.1", port=0, data=Path(".chargesphere"), ephemeral=True, environment=os.environ
    )
    with tempfile.TemporaryFile() as log, _errors_into(log.fileno()):
        async with installation as running:
            yield installation, running


@contextmanager
def _errors_into(descriptor: int) -> Iterator[None]:
    """Also those of the children that are started meanwhile."""
    kept = os.dup(2)
    os.dup2(descriptor, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


class Pairs:
    """Figures of the hub and of the reference, taken in turn; the ratio is the median of those of each turn."""

    def __init__(self) -> None:
        self.ours: list[float] = []
        self.theirs: list[float] = []

    def add(self, ours: float, theirs: float) -> None:
        self.ours.append(ours)
        self.theirs.append(theirs)

    @property
    def ratio(self) -> float:
        return statistics.median(one / other for one, other in zip(self.ours, self.theirs, strict=True))

    def figure(self, name: str, unit: str, reference: str, least: float | None) -> Figure:
        """`least`: the goal, for figures of which more is better."""
        return Figure(
            name=name,
            measured=f"{statistics.median(self.ours):,.0f} {unit}",
            reference=f"{statistics.median(self.theirs):,.0f} {unit} {reference}",
            ratio=f"{self.ratio:.2f}",
            goal="" if least is None else f">= {least:g}",
            held=None if least is None else self.ratio >= least,
        )


def peak_memory_mb(pid: int) -> float:
    """The most memory that the process ever had resident (Linux)."""
    return _memory_mb(pid, "VmHWM:")


def resident_mb(pid: int) -> float:
    """What it has resident now (Linux)."""
    return _memory_mb(pid, "VmRSS:")


def _memory_mb(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    return 0.0


def table(figures: Sequence[Figure]) -> str:
    head = ("", "measured", "reference", "ratio", "goal", "")
    rows = [
        (f.name, f.measured, f.reference, f.ratio, f.goal, {True: "held", False: "MISSED", None: ""}[f.held])
        for f in figures
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in (head, *rows)]
    return "\n".join(line.rstrip() for line in lines)
