"""Remembers which processes were started and nudged; runs none of them."""

from core.errors import Unavailable, Unknown
from core.model.command import Command, CommandOutcome, Outcome


class FakeProcesses:
    """`started` in order, each key once. Put keys into `waiting` to have a nudge find them.

    `down = True`: nothing can be started. `outcome` is what comes of every command."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.nudged: list[str] = []
        self.waiting: set[str] = set()
        self.down = False
        self.commands: list[Command] = []
        self.results: dict[str, CommandOutcome] = {}
        self.outcome = CommandOutcome(outcome=Outcome.ACCEPTED)

    async def settle_cdr(self, cdr_key: str) -> None:
        if self.down:
            raise Unavailable("the process engine is out of reach")
        if cdr_key not in self.started:
            self.started.append(cdr_key)

    async def run_command(self, command: Command) -> CommandOutcome:
        if self.down:
            raise Unavailable("the process engine is out of reach")
        self.commands.append(command)
        return self.outcome

    async def launch_command(self, command: Command) -> None:
        await self.run_command(command)

    async def command_result(self, command_id: str, partner_id: str, outcome: CommandOutcome) -> None:
        waiting = next((one for one in self.commands if one.id == command_id), None)
        if waiting is None:
            raise Unknown("command", command_id)
        if waiting.target == partner_id:
            self.results[command_id] = outcome

    async def nudge_cdr(self, cdr_key: str) -> bool:
        if cdr_key not in self.waiting:
            return False
        self.nudged.append(cdr_key)
        return True
