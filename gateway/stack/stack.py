"""The embedded stack: MongoDB, Redis and Temporal as child processes on loopback ports."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from gateway.stack.binaries import find_all
from gateway.stack.directory import DataDirectory
from gateway.stack.errors import Death, StackError
from gateway.stack.ports import LOOPBACK, Ports
from gateway.stack.replica_set import NAME
from gateway.stack.servers import SERVERS
from gateway.stack.supervisor import SupervisedServer

log = logging.getLogger(__name__)


class StackAddresses(Struct, frozen=True, kw_only=True):
    """Where the servers are; the same values that production takes from the environment."""

    mongodb_url: str
    redis_url: str
    temporal_address: str


class EmbeddedStack:
    """Real servers for one machine. `async with` gives the addresses; the end of it, or of this process, ends them.

    `ephemeral` ignores `data_dir` for a temporary directory, removed at the end. A server that dies is logged, told
    to `on_death`, and started again under its address; one that keeps dying makes `wait` raise."""

    def __init__(self, data_dir: Path, *, ephemeral: bool, on_death: Callable[[Death], None] | None = None) -> None:
        self._wanted = data_dir
        self._ephemeral = ephemeral
        self._on_death = on_death
        self._data: DataDirectory | None = None
        self._servers: list[SupervisedServer] = []
        self._over = asyncio.Event()
        self._failure: StackError | None = None

    @property
    def data_dir(self) -> Path:
        """Where the data is: known for an ephemeral stack once it has started."""
        return self._data.path if self._data else self._wanted

    @property
    def pids(self) -> dict[str, tuple[int, ...]]:
        """By executable (`mongod`, `redis-server`, `temporal`): the server's own process id, then its guard's."""
        return {supervised.server.executable: supervised.pids for supervised in self._servers}

    async def __aenter__(self) -> StackAddresses:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> StackAddresses:
        """Returns when all answer. Raises StackError, with nothing left behind."""
        binaries = find_all(server.executable for server in SERVERS)
        self._over.clear()
        self._data = await DataDirectory.open(self._wanted, ephemeral=self._ephemeral)
        try:
            ports = Ports(self._data.path / "ports.json")
            self._servers = [
                SupervisedServer(
                    server,
                    binaries[server.executable],
                    self._data,
                    ports,
                    on_death=self._died,
                    on_failure=self._failed,
                )
                for server in SERVERS
            ]
            await _all(self._servers)
            ports.save()
        except BaseException:
            await self.stop()
            raise
        return self._addresses()

    async def stop(self) -> None:
        """Ends what was started; may be called at any time, and again."""
        servers, self._servers = self._servers, []
        await asyncio.gather(*(server.stop() for server in servers))
        data, self._data = self._data, None
        if data:
            data.close()
        self._over.set()

    async def wait(self) -> None:
        """Returns when the stack was stopped. Raises StackError when a server cannot be kept running."""
        await self._over.wait()
        if self._failure:
            raise self._failure

    def _died(self, death: Death) -> None:
        log.warning("%s", death)
        if self._on_death:
            self._on_death(death)

    def _failed(self, failure: StackError) -> None:
        log.error("%s", failure)
        self._failure = failure
        self._over.set()

    def _addresses(self) -> StackAddresses:
        ports = {name: port for server in self._servers for name, port in server.ports.items()}
        return StackAddresses(
            mongodb_url=f"mongodb://{LOOPBACK}:{ports['mongodb']}/?replicaSet={NAME}",
            redis_url=f"redis://{LOOPBACK}:{ports['redis']}/0",
            temporal_address=f"{LOOPBACK}:{ports['temporal']}",
        )


async def _all(servers: list[SupervisedServer]) -> None:
    """Start them side by side; the first failure ends the wait for the others."""
    starting = [asyncio.create_task(server.start()) for server in servers]
    try:
        await asyncio.gather(*starting)
    finally:
        for task in starting:
            task.cancel()
        await asyncio.gather(*starting, return_exceptions=True)
