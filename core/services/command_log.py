"""What became of every command: kept with its journey, and what got lost on its way counted."""

from collections.abc import Sequence

from msgspec.structs import replace

from core.model.command import Command, CommandOutcome, CommandRecord
from core.model.loss import Loss, LossKind
from core.ports.clock import Clock
from core.ports.ledger import Ledger
from core.ports.registry import PartnerStore
from core.ports.stores import CommandStore

RESULT = "command_result"
"""What the ledger calls the way back of every command; the way out goes by the command's kind."""


class CommandLog:
    def __init__(self, *, records: CommandStore, partners: PartnerStore, ledger: Ledger, clock: Clock) -> None:
        self._records = records
        self._partners = partners
        self._ledger = ledger
        self._clock = clock

    async def begun(self, command: Command) -> None:
        await self._records.save(CommandRecord(command=command, began_at=self._clock.now()))

    async def withheld(self, command: Command, reason: str) -> None:
        """Its operator's protocol cannot say it: nothing was sent, and nothing is kept."""
        lost = Loss(path="$", reason=reason, kind=LossKind.WITHHELD)
        await self._note(command.kind.lower(), command.caller, command.target, (lost,))

    async def sent(self, command: Command, losses: Sequence[Loss]) -> None:
        """What the operator was not told of it."""
        if losses and (record := await self._records.get(command.id)):
            await self._records.save(replace(record, losses=tuple(losses)))
            await self._note(command.kind.lower(), command.caller, command.target, losses)

    async def ended(self, command: Command, outcome: CommandOutcome, losses: Sequence[Loss]) -> None:
        """`losses`: what the caller is not told of the outcome."""
        if record := await self._records.get(command.id):
            await self._records.save(
                replace(record, outcome=outcome, ended_at=self._clock.now(), answer_losses=tuple(losses))
            )
            await self._note(RESULT, command.target, command.caller, losses)

    async def get(self, command_id: str) -> CommandRecord | None:
        return await self._records.get(command_id)

    async def _note(self, what: str, source: str, target: str, losses: Sequence[Loss]) -> None:
        one, other = await self._partners.get(source), await self._partners.get(target)
        if losses and one and other:
            self._ledger.note(what, source=one.protocol, target=other.protocol, losses=losses)
