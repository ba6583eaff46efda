"""A child process and its guard, with small programs in the place of servers."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from gateway.stack import StackError
from gateway.stack.directory import DataDirectory
from gateway.stack.process import GuardedProcess

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, lambda *_: print('no', flush=True))\n" + SLEEPER + "\n" * 2
)


@pytest.fixture
async def data(tmp_path: Path) -> AsyncIterator[DataDirectory]:
    directory = await DataDirectory.open(tmp_path, ephemeral=False)
    yield directory
    directory.close()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.01)


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def run(data: DataDirectory, program: str, *, grace_s: float = 10) -> GuardedProcess:
    """Returns when the program has said something."""
    log = data.path / "log"
    process = await GuardedProcess.start([sys.executable, "-S", "-c", program], log, data, grace_s=grace_s)
    await until(lambda: bool(log.read_text()))
    return process


async def test_exit_code_and_output(data: DataDirectory) -> None:
    process = await run(data, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)")
    assert await process.wait() == 7
    assert sorted((data.path / "log").read_text().split()) == ["err", "out"]


async def test_a_stopped_process_ends_by_sigterm(data: DataDirectory) -> None:
    process = await run(data, SLEEPER)
    await process.stop()
    assert await process.wait() == -signal.SIGTERM
    assert process.pid
    assert not lives(process.pid)
    await process.stop()


async def test_one_that_does_not_listen_is_killed_after_the_grace(data: DataDirectory) -> None:
    process = await run(data, STUBBORN, grace_s=0.2)
    await process.stop()
    assert await process.wait() == -signal.SIGKILL
    assert "no" in (data.path / "log").read_text().split()


async def test_a_killed_guard_takes_its_server_along(data: DataDirectory) -> None:
    process = await run(data, SLEEPER)
    os.kill(process.guard_pid, signal.SIGKILL)
    assert await process.wait() == -signal.SIGKILL
    await until(lambda: not lives(process.pid or 0))


async def test_sigterm_to_the_guard_ends_its_server(data: DataDirectory) -> None:
    process = await run(data, SLEEPER)
    os.kill(process.guard_pid, signal.SIGTERM)
    assert await process.wait() == -signal.SIGTERM


async def test_the_terminal_does_not_reach_it(data: DataDirectory) -> None:
    process = await run(data, SLEEPER)
    assert process.pid
    assert os.getsid(process.pid) == os.getsid(process.guard_pid) == process.guard_pid != os.getsid(0)
    await process.stop()


async def test_what_cannot_be_executed_is_said(data: DataDirectory) -> None:
    process = await GuardedProcess.start([str(data.path / "absent")], data.path / "log", data)
    with pytest.raises(StackError, match=r"cannot be executed: .*No such file"):
        await process.wait()
    await process.stop()


CRASHING = """
import asyncio, os, sys
from pathlib import Path
from gateway.stack.directory import DataDirectory
from gateway.stack.process import GuardedProcess

async def main():
    data = await DataDirectory.open(Path(), ephemeral=True)
    started = [await GuardedProcess.start(sys.argv[1:], data.path / "log", data, grace_s=1) for _ in range(3)]
    while not all(process.pid for process in started):
        await asyncio.sleep(0.01)
    print(data.path, *(process.pid for process in started), *(process.guard_pid for process in started), flush=True)
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@pytest.mark.parametrize("program", [SLEEPER, STUBBORN], ids=["listens", "does not listen"])
async def test_a_crashed_parent_leaves_nothing_behind(program: str) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CRASHING, sys.executable, "-S", "-c", program, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await parent.communicate()
    assert parent.returncode == -signal.SIGKILL
    directory, *pids = output.decode().split()
    assert len(pids) == 6
    await until(lambda: not any(lives(int(pid)) for pid in pids))
    await until(lambda: not Path(directory).exists())
