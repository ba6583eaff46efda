"""The embedded stack with its real servers."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pymongo import AsyncMongoClient
from redis.asyncio import Redis
from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError

from gateway.stack import Death, EmbeddedStack, StackAddresses, StackError

pytestmark = pytest.mark.server

SERVERS = {"mongod", "redis-server", "temporal"}


class Running:
    """A stack of its own for this file: what is done to it here must not trouble the shared one."""

    def __init__(self, stack: EmbeddedStack, addresses: StackAddresses, deaths: "asyncio.Queue[Death]") -> None:
        self.stack = stack
        self.addresses = addresses
        self.deaths = deaths


@pytest.fixture(scope="module")
async def running() -> AsyncIterator[Running]:
    deaths: asyncio.Queue[Death] = asyncio.Queue()
    stack = EmbeddedStack(Path(), ephemeral=True, on_death=deaths.put_nowait)
    async with stack as addresses:
        yield Running(stack, addresses, deaths)


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.02)


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def listens(address: str) -> bool:
    """An address, or a URL."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(f"//{address.rpartition('//')[2]}").port or 0)) == 0


async def commit(mongodb_url: str, *, insert: str | None = None) -> list[Any]:
    """Names in a collection, after `insert` was added in a transaction."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongodb_url, serverSelectionTimeoutMS=20_000)
    async with client, client.start_session() as session:
        names = client.test_stack.names
        if insert:

            async def write(session: Any) -> None:
                await names.insert_one({"_id": insert}, session=session)

            await session.with_transaction(write)
        return [document["_id"] async for document in names.find()]


async def redis_pid(redis_url: str) -> int:
    async with Redis.from_url(redis_url) as redis:
        return int((await redis.info("server"))["process_id"])


async def test_all_three_answer(running: Running) -> None:
    assert await commit(running.addresses.mongodb_url, insert="in a transaction") == ["in a transaction"]
    assert await redis_pid(running.addresses.redis_url) == running.stack.pids["redis-server"][0]
    client = await Client.connect(running.addresses.temporal_address)
    assert [workflow async for workflow in client.list_workflows()] == []


def test_servers_listen_on_loopback_only(running: Running) -> None:
    """Also ports that nobody asked for, of Temporal say."""
    pids = {server[0] for server in running.stack.pids.values()}
    inodes = {os.readlink(entry) for pid in pids for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    listening = [line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in inodes]
    assert len(listening) >= 3
    assert {address.partition(":")[0] for address in listening} == {"0100007F"}


@pytest.mark.parametrize("executable", ["redis-server", "mongod", "temporal"])
async def test_a_killed_server_is_reported_and_comes_back(running: Running, executable: str) -> None:
    before, addresses = running.stack.pids[executable], running.addresses
    os.kill(before[0], signal.SIGKILL)
    death = await running.deaths.get()
    assert (death.exit_code, death.again) == (-signal.SIGKILL, True)
    await until(lambda: len(running.stack.pids[executable]) == 2 and running.stack.pids[executable] != before)
    await until(lambda: all(map(listens, (addresses.mongodb_url, addresses.redis_url, addresses.temporal_address))))
    assert await commit(running.addresses.mongodb_url) == ["in a transaction"]
    assert await redis_pid(running.addresses.redis_url) == running.stack.pids["redis-server"][0]
    assert await workflows(running.addresses.temporal_address) == []


async def workflows(address: str, patience_s: float = 30.0) -> list[WorkflowExecution]:
    """Temporal listens a moment before it is healthy again."""
    async with asyncio.timeout(patience_s):
        while True:
            try:
                client = await Client.connect(address)
                return [workflow async for workflow in client.list_workflows()]
            except (RuntimeError, RPCError):
                await asyncio.sleep(0.2)


async def test_data_is_kept_even_if_another_has_the_port(tmp_path: Path) -> None:
    first = EmbeddedStack(tmp_path, ephemeral=False)
    async with first as addresses:
        await commit(addresses.mongodb_url, insert="kept")
        with pytest.raises(StackError, match=f"in use by process {os.getpid()}"):
            await EmbeddedStack(tmp_path, ephemeral=False).start()
    port = urlsplit(addresses.mongodb_url).port
    other = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
    async with other, EmbeddedStack(tmp_path, ephemeral=False) as moved:
        assert urlsplit(moved.mongodb_url).port != port
        assert (moved.redis_url, moved.temporal_address) == (addresses.redis_url, addresses.temporal_address)
        assert await commit(moved.mongodb_url) == ["kept"]
    assert {path.name for path in (tmp_path / "logs").iterdir()} == {f"{name}.log" for name in SERVERS}


PARENT = """
import asyncio, logging, sys
from pathlib import Path
from gateway.stack import EmbeddedStack

async def main():
    stack = EmbeddedStack(Path(), ephemeral=True)
    async with stack:
        print(stack.data_dir, *(pid for pids in stack.pids.values() for pid in pids), flush=True)
        await stack.wait()

asyncio.run(main())
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_nothing_outlives_the_parent(number: signal.Signals) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert parent.stdout
    directory, *pids = (await parent.stdout.readline()).decode().split()
    assert len(pids) == 2 * len(SERVERS)
    assert all(lives(int(pid)) for pid in pids)
    parent.send_signal(number)
    await parent.communicate()
    await until(lambda: not any(lives(int(pid)) for pid in pids))
    await until(lambda: not Path(directory).exists())


def test_the_shared_stack_serves_tests_without_a_loop(stack: StackAddresses) -> None:
    with socket.create_connection(("127.0.0.1", urlsplit(stack.redis_url).port or 0)) as connection:
        connection.sendall(b"PING\r\n")
        assert connection.recv(16) == b"+PONG\r\n"
