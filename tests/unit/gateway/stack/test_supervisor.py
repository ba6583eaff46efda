"""Keeping a server running, with small programs in the place of servers."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.stack import Death, StackError, supervisor
from gateway.stack.directory import DataDirectory
from gateway.stack.ports import Ports
from gateway.stack.servers import MONGODB, PortMap, Server
from gateway.stack.supervisor import SupervisedServer

SERVER = (
    "import sys; from socketserver import *; TCPServer.allow_reuse_address = True; "
    "TCPServer(('127.0.0.1', int(sys.argv[1])), BaseRequestHandler).serve_forever()"
)


async def accepts(ports: PortMap) -> None:
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", ports["port"])
        except OSError:
            await asyncio.sleep(0.01)
        else:
            writer.close()
            return


class Bench:
    """A supervised program, and what was heard of it."""

    def __init__(self, data: DataDirectory, program: str, server: Server | None = None) -> None:
        self.deaths: asyncio.Queue[Death] = asyncio.Queue()
        self.failures: asyncio.Queue[StackError] = asyncio.Queue()
        server = server or Server(
            name="Program",
            executable="program",
            ports=("port",),
            arguments=lambda home, ports: ["-S", "-c", program, str(ports["port"])],
            ready=accepts,
            hints={"a screw is loose": "tighten it", "exit -4": "buy a newer processor"},
        )
        self.supervised = SupervisedServer(
            server,
            Path(sys.executable),
            data,
            Ports(data.path / "ports.json"),
            on_death=self.deaths.put_nowait,
            on_failure=self.failures.put_nowait,
        )


@pytest.fixture
async def data(tmp_path: Path) -> AsyncIterator[DataDirectory]:
    directory = await DataDirectory.open(tmp_path, ephemeral=False)
    yield directory
    directory.close()


async def test_a_killed_server_is_reported_and_comes_back_under_its_port(data: DataDirectory) -> None:
    bench = Bench(data, f"print('hello', flush=True); {SERVER}")
    await bench.supervised.start()
    ports, pids = bench.supervised.ports, bench.supervised.pids
    os.kill(pids[0], signal.SIGKILL)
    death = await bench.deaths.get()
    assert death == Death(server="Program", exit_code=-9, last_words=("hello",), again=True)
    assert str(death) == "Program died (signal 9); starting it again. Its last words:\n    hello"
    async with asyncio.timeout(10):
        await accepts(ports)
    assert bench.supervised.ports == ports
    assert bench.supervised.pids != pids
    await bench.supervised.stop()
    assert bench.deaths.empty()


async def test_one_that_keeps_dying_is_given_up(data: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "RESTARTS", 2)
    marker = data.path / "ran"
    bench = Bench(
        data,
        f"import os, sys\nif os.path.exists({str(marker)!r}): sys.exit('worn out')\n"
        f"open({str(marker)!r}, 'w').close()\n{SERVER}",
    )
    await bench.supervised.start()
    os.kill(bench.supervised.pids[0], signal.SIGKILL)
    failure = await bench.failures.get()
    assert str(failure) == "Program died 3 times in a row. It said:\n    worn out"
    deaths = [bench.deaths.get_nowait() for _ in range(3)]
    assert [(death.exit_code, death.again) for death in deaths] == [(-9, True), (1, True), (1, False)]
    await bench.supervised.stop()


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; sys.exit('a screw is loose')", "exit code 1.*It said:\n    a screw is loose\n  tighten it$"),
        ("import os; os.kill(os.getpid(), 4)", "signal 4.*\n  buy a newer processor$"),
    ],
)
async def test_one_that_cannot_start_says_what_it_lacks(data: DataDirectory, program: str, said: str) -> None:
    bench = Bench(data, program)
    with pytest.raises(StackError, match=f"(?s)Program ended before it was ready .{said}"):
        await bench.supervised.start()
    await bench.supervised.stop()


async def test_one_that_never_gets_ready_is_ended(data: DataDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "READY_S", 0.5)
    bench = Bench(data, "import time; print('thinking', flush=True); time.sleep(60)")
    with pytest.raises(StackError, match=r"not ready within 0\.5 s\. It said:\n    thinking"):
        await bench.supervised.start()
    await bench.supervised.stop()


async def test_a_port_that_was_snatched_is_replaced(data: DataDirectory) -> None:
    marker = data.path / "tried"
    bench = Bench(
        data,
        f"import os, sys\nif not os.path.exists({str(marker)!r}):\n"
        f"    open({str(marker)!r}, 'w').write(sys.argv[1])\n    sys.exit('bind: Address already in use')\n{SERVER}",
    )
    await bench.supervised.start()
    assert bench.supervised.ports["port"] != int(marker.read_text())
    await bench.supervised.stop()


async def test_what_cannot_be_executed_is_said(data: DataDirectory) -> None:
    bench = Bench(data, "")
    bench.supervised._binary = data.path / "absent"
    with pytest.raises(StackError, match=r"Program: it cannot be executed: .*absent"):
        await bench.supervised.start()
    await bench.supervised.stop()


async def test_mongodb_without_its_libraries_shows_the_words_of_the_loader(data: DataDirectory) -> None:
    words = "mongod: error while loading shared libraries: libcurl.so.4: cannot open shared object file"
    mongod = data.path / "fake-mongod"
    mongod.write_text(f"#!/bin/sh\necho '{words}' >&2; exit 127\n")
    mongod.chmod(0o755)
    bench = Bench(data, "", MONGODB)
    bench.supervised._binary = mongod
    with pytest.raises(StackError) as caught:
        await bench.supervised.start()
    assert words in str(caught.value)
    assert "apt-get install libcurl4 libssl3" in str(caught.value)
    await bench.supervised.stop()
