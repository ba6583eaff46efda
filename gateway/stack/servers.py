"""The three servers: how each is called, and when it is ready."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.stack.ports import LOOPBACK
from gateway.stack.replica_set import make_primary

PAUSE_S: Final = 0.05
TRANSACTION_S: Final = 15
"""What a killed process held locked is free again after this time. MongoDB's own limit is a minute."""

PortMap = Mapping[str, int]


class Server(Struct, frozen=True, kw_only=True):
    """`ports` are names of ports it listens on. `ready` returns when the server answers what will be asked of it.

    `hints`: text in its log (or its exit code as `exit -4`) -> what the user can do about it."""

    name: str
    executable: str
    ports: tuple[str, ...]
    arguments: Callable[[Path, PortMap], list[str]]
    ready: Callable[[PortMap], Awaitable[None]]
    hints: Mapping[str, str] = {}


def _mongod(home: Path, ports: PortMap) -> list[str]:
    # fmt: off
    return [
        "--replSet", "rs0", "--bind_ip", LOOPBACK, "--port", str(ports["mongodb"]), "--dbpath", str(home),
        "--nounixsocket", "--oplogSize", "1024", "--wiredTigerCacheSizeGB", "0.5",
        "--setParameter", "diagnosticDataCollectionEnabled=false",
        "--setParameter", f"transactionLifetimeLimitSeconds={TRANSACTION_S}",
    ]
    # fmt: on


async def _mongod_ready(ports: PortMap) -> None:
    await _listening(ports["mongodb"])
    await make_primary(LOOPBACK, ports["mongodb"])


def _redis(home: Path, ports: PortMap) -> list[str]:
    """A cache: nothing of it is kept."""
    # fmt: off
    return [
        "--bind", LOOPBACK, "--port", str(ports["redis"]), "--dir", str(home),
        "--save", "", "--appendonly", "no", "--daemonize", "no",
    ]
    # fmt: on


async def _redis_ready(ports: PortMap) -> None:
    await _until(ports["redis"], b"PING\r\n", b"+PONG")


def _temporal(home: Path, ports: PortMap) -> list[str]:
    # fmt: off
    return [
        "server", "start-dev", "--headless", "--ip", LOOPBACK, "--port", str(ports["temporal"]),
        "--http-port", str(ports["temporal_http"]), "--metrics-port", str(ports["temporal_metrics"]),
        "--db-filename", str(home / "temporal.db"), "--log-level", "warn",
    ]
    # fmt: on


async def _temporal_ready(ports: PortMap) -> None:
    """Ready is not "listens" but "the namespace is there, and can be asked for its workflows"."""
    question = "GET /api/v1/namespaces/default/workflows?pageSize=1 HTTP/1.0\r\nHost: localhost\r\n\r\n"
    await _until(ports["temporal_http"], question.encode(), b"HTTP/1.0 200", b"HTTP/1.1 200")


async def _listening(port: int) -> None:
    await _until(port, b"")


async def _until(port: int, question: bytes, *answers: bytes) -> None:
    """Ask until one of `answers` begins the answer."""
    while True:
        if await _answers(port, question, answers):
            return
        await asyncio.sleep(PAUSE_S)


async def _answers(port: int, question: bytes, answers: tuple[bytes, ...]) -> bool:
    try:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
    except OSError:
        return False
    try:
        writer.write(question)
        return not answers or (await reader.readline()).startswith(answers)
    except OSError:
        return False
    finally:
        writer.close()


MONGODB: Final = Server(
    name="MongoDB",
    executable="mongod",
    ports=("mongodb",),
    arguments=_mongod,
    ready=_mongod_ready,
    hints={
        "error while loading shared libraries": "MongoDB needs libcurl and OpenSSL 3 of the system "
        "(Debian, Ubuntu: apt-get install libcurl4 libssl3; Fedora: dnf install libcurl openssl-libs), "
        "or put a mongod of your own on PATH",
        "exit -4": "this MongoDB needs a processor with AVX; put a mongod that runs here on PATH",
        "No space left on device": "free some disk space; a fresh database takes about 300 MB",
    },
)
REDIS: Final = Server(name="Redis", executable="redis-server", ports=("redis",), arguments=_redis, ready=_redis_ready)
TEMPORAL: Final = Server(
    name="Temporal",
    executable="temporal",
    ports=("temporal", "temporal_http", "temporal_metrics"),
    arguments=_temporal,
    ready=_temporal_ready,
)
SERVERS: Final = (MONGODB, REDIS, TEMPORAL)
