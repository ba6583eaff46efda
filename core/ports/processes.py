"""Long-running processes that must not be lost. They sequence and wait; the rules are in core."""

from typing import Protocol

from core.model.command import Command, CommandOutcome


class Processes(Protocol):
    async def settle_cdr(self, cdr_key: str) -> None:
        """Start the settlement of an accepted CDR.

        Starting it twice is once. Raises Unavailable if it cannot be started now."""
        ...

    async def run_command(self, command: Command) -> CommandOutcome:
        """Send it and wait for the charge point's result, for as long as the command is patient.

        Raises Unavailable if the process cannot be started."""
        ...

    async def launch_command(self, command: Command) -> None:
        """As `run_command`, without waiting: the caller is told by its adapter. Raises Unavailable."""
        ...

    async def command_result(self, command_id: str, partner_id: str, outcome: CommandOutcome) -> None:
        """The charge point's own result, from the partner that was to act. Raises Unknown if nobody waits for a result
        of this partner's (any more)."""
        ...

    async def nudge_cdr(self, cdr_key: str) -> bool:
        """Try its delivery again now (an operator's replay). False if no such process waits."""
        ...

    async def follow_feed(self, partner_id: str, feed: str) -> None:
        """Fetch it now, out of turn. Raises Unknown if it is not being fetched."""
        ...
