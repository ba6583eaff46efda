"""Remembers which processes were started and nudged; runs none of them, unless a test asks for it."""

from collections.abc import Awaitable, Callable

from core.errors import Unavailable, Unknown
from core.model.command import Command, CommandOutcome, Outcome
from core.services.commands import CommandService


class FakeProcesses:
    """`started` in order, each key once. Put keys into `waiting` to have a nudge find them.

    `down = True`: nothing can be started. Commands: with `service` each is really sent, once, and what comes of it
    finished, as the worker does; `meanwhile` is what happens while their result is waited for. Without `service` the
    `outcome` comes of every command. Launched commands wait in `launched` for `work`."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.nudged: list[str] = []
        self.followed: list[tuple[str, str]] = []
        self.waiting: set[str] = set()
        self.down = False
        self.commands: list[Command] = []
        self.open: dict[str, Command] = {}
        self.launched: list[Command] = []
        self.results: dict[str, CommandOutcome] = {}
        self.outcome = CommandOutcome(outcome=Outcome.ACCEPTED)
        self.service: CommandService | None = None
        self.meanwhile: Callable[[Command], Awaitable[object]] | None = None

    async def settle_cdr(self, cdr_key: str) -> None:
        if self.down:
            raise Unavailable("the process engine is out of reach")
        if cdr_key not in self.started:
            self.started.append(cdr_key)

    async def run_command(self, command: Command) -> CommandOutcome:
        self._begin(command)
        return self.outcome if self.service is None else await self._run(command, self.service)

    async def launch_command(self, command: Command) -> None:
        self._begin(command)
        self.launched.append(command)

    async def work(self) -> list[CommandOutcome]:
        """Run what was launched to its end."""
        launched, self.launched = self.launched, []
        return [await self._run(command, self.service) for command in launched if self.service]

    def _begin(self, command: Command) -> None:
        if self.down:
            raise Unavailable("the process engine is out of reach")
        self.commands.append(command)
        self.open[command.id] = command

    async def _run(self, command: Command, service: CommandService) -> CommandOutcome:
        sent = await service.send(command)
        if sent.result is None and self.meanwhile is not None:
            await self.meanwhile(command)
        result = sent.result or self.results.get(command.id) or CommandOutcome(outcome=Outcome.TIMED_OUT)
        await service.finish(command, result)
        del self.open[command.id]
        return result

    async def command_result(self, command_id: str, partner_id: str, outcome: CommandOutcome) -> None:
        waiting = self.open.get(command_id)
        if waiting is None or waiting.target != partner_id:
            raise Unknown("command", command_id)
        self.results.setdefault(command_id, outcome)

    async def nudge_cdr(self, cdr_key: str) -> bool:
        if cdr_key not in self.waiting:
            return False
        self.nudged.append(cdr_key)
        return True

    async def follow_feed(self, partner_id: str, feed: str) -> None:
        if self.down:
            raise Unavailable("the process engine is out of reach")
        self.followed.append((partner_id, feed))
