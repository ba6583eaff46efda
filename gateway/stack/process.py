"""A server as a child process that cannot outlive us."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.stack import guard
from gateway.stack.directory import DataDirectory
from gateway.stack.errors import StackError

GRACE_S: Final = 10.0
_GUARD: Final = (sys.executable, "-I", "-S", guard.__file__)


class GuardedProcess:
    """A server and its guard (see `gateway.stack.guard`), in a session of their own: a Ctrl-C does not reach them."""

    def __init__(self, process: Process) -> None:
        self._guard = process
        self._pid: int | None = None
        self._ended = asyncio.create_task(self._listen())

    @classmethod
    async def start(
        cls, command: Sequence[str], log: Path, data: DataDirectory, *, grace_s: float = GRACE_S
    ) -> "GuardedProcess":
        """Output is appended to `log`. That the server cannot be executed is raised by `wait`."""
        remove = str(data.path) if data.ephemeral else ""
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *_GUARD,
                str(grace_s),
                str(data.lock),
                remove,
                *command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=output,
                pass_fds=(data.lock,),
                start_new_session=True,
            )
        return cls(process)

    @property
    def pid(self) -> int | None:
        """The server's own; None until it runs."""
        return self._pid

    @property
    def guard_pid(self) -> int:
        return self._guard.pid

    async def wait(self) -> int:
        """Its exit code, negative for a signal. Raises StackError if it could not be executed."""
        return await asyncio.shield(self._ended)

    async def stop(self) -> None:
        """SIGTERM, and SIGKILL after the grace. Returns when the server is gone."""
        assert self._guard.stdin is not None
        self._guard.stdin.close()
        with suppress(StackError):
            await self.wait()

    async def _listen(self) -> int:
        assert self._guard.stdout is not None
        code: int | None = None
        refusal = ""
        async for line in self._guard.stdout:
            word, _, rest = line.decode(errors="replace").rstrip().partition(" ")
            if word == "pid":
                self._pid = int(rest)
            elif word == "exit":
                code = int(rest)
            else:
                refusal = rest
        guard_code = await self._guard.wait()
        if refusal:
            raise StackError(f"it cannot be executed: {refusal}")
        if code is None:
            self._kill_orphan()
        return guard_code if code is None else code

    def _kill_orphan(self) -> None:
        """The guard was killed before it could tell how the server ended: outside Linux the server still runs."""
        if self._pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
