"""Keeps one server running."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.stack.directory import DataDirectory
from gateway.stack.errors import Death, StackError, describe_exit
from gateway.stack.logs import ServerLog
from gateway.stack.ports import Ports
from gateway.stack.process import GuardedProcess
from gateway.stack.servers import Server

READY_S: Final = 60.0
RESTARTS: Final = 5
"""So many deaths within the window are mended; the next one is the end."""
WINDOW_S: Final = 60.0
BACKOFF_S: Final = 0.1
ATTEMPTS: Final = 3


class PortTaken(StackError):
    """Somebody took the port between our look and the server's own."""


class SupervisedServer:
    """Started, watched, and started again under the same ports when it dies.

    `on_death` hears of every death; `on_failure` once, when it will not be started again."""

    def __init__(
        self,
        server: Server,
        binary: Path,
        data: DataDirectory,
        ports: Ports,
        *,
        on_death: Callable[[Death], None],
        on_failure: Callable[[StackError], None],
    ) -> None:
        self.server = server
        self.ports: dict[str, int] = {}
        self._binary = binary
        self._data = data
        self._choice = ports
        self._log = ServerLog(data.path / "logs" / f"{server.executable}.log")
        self._on_death = on_death
        self._on_failure = on_failure
        self._process: GuardedProcess | None = None
        self._watching: asyncio.Task[None] | None = None

    @property
    def pids(self) -> tuple[int, ...]:
        """The server and its guard, as far as they run."""
        if self._process is None:
            return ()
        return tuple(pid for pid in (self._process.pid, self._process.guard_pid) if pid)

    async def start(self) -> None:
        """Returns when it is ready. Raises StackError with its last words, and what to do about them."""
        for attempt in range(ATTEMPTS):
            self.ports = self._choice.take(self.server.ports, fresh=attempt > 0)
            try:
                await self._launch()
            except PortTaken:
                if attempt == ATTEMPTS - 1:
                    raise
            else:
                break
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        if self._process:
            await self._process.stop()

    async def _launch(self) -> None:
        self._log.begin()
        command = [str(self._binary), *self.server.arguments(self._data.home(self.server.executable), self.ports)]
        self._process = await GuardedProcess.start(command, self._log.path, self._data)
        ended = asyncio.ensure_future(self._process.wait())
        ready = asyncio.ensure_future(self.server.ready(self.ports))
        try:
            await asyncio.wait((ended, ready), timeout=READY_S, return_when=asyncio.FIRST_COMPLETED)
            if ended.done():
                raise self._stillborn(ended)
            if not ready.done():
                raise StackError(f"{self.server.name} was not ready within {READY_S:g} s.{self._said()}")
            if error := ready.exception():
                raise StackError(f"{self.server.name} does not answer as it should: {error}.{self._said()}")
        finally:
            for task in (ended, ready):
                task.cancel()
            await asyncio.gather(ended, ready, return_exceptions=True)

    def _stillborn(self, ended: "asyncio.Future[int]") -> StackError:
        if error := ended.exception():
            return StackError(f"{self.server.name}: {error}")
        code = ended.result()
        kind = PortTaken if self._log.contains("address already in use") else StackError
        hints = (hint for sign, hint in self.server.hints.items() if sign == f"exit {code}" or self._log.contains(sign))
        advice = next((f"\n  {hint}" for hint in hints), "")
        return kind(f"{self.server.name} ended before it was ready ({describe_exit(code)}).{self._said()}{advice}")

    def _said(self) -> str:
        words = "".join(f"\n    {line}" for line in self._log.last_words())
        return f" It said:{words}" if words else f" Its log is {self._log.path}"

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        deaths: list[float] = []
        while True:
            code = await self._ended()
            deaths = [moment for moment in deaths if loop.time() - moment < WINDOW_S] + [loop.time()]
            again = len(deaths) <= RESTARTS
            self._on_death(
                Death(server=self.server.name, exit_code=code, last_words=self._log.last_words(), again=again)
            )
            if not again:
                self._on_failure(StackError(f"{self.server.name} died {len(deaths)} times in a row.{self._said()}"))
                return
            await asyncio.sleep(BACKOFF_S * 2 ** (len(deaths) - 1))
            await self._relaunch()

    async def _relaunch(self) -> None:
        """What fails here has ended, or is ended now: the watch counts it as one more death."""
        try:
            await self._launch()
        except StackError:
            if self._process:
                await self._process.stop()

    async def _ended(self) -> int:
        assert self._process is not None
        with suppress(StackError):
            return await self._process.wait()
        return 127
