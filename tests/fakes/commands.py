"""Commands in memory."""

from collections.abc import Sequence

from core.model.command import CommandRecord
from core.ports.stores import MOST_SHOWN


class FakeCommands:
    def __init__(self) -> None:
        self.held: dict[str, CommandRecord] = {}

    async def save(self, record: CommandRecord) -> None:
        self.held[record.command.id] = record

    async def get(self, command_id: str) -> CommandRecord | None:
        return self.held.get(command_id)

    async def of_journeys(self, journey_ids: Sequence[str]) -> list[CommandRecord]:
        found = [record for record in self.held.values() if record.command.journey_id in journey_ids]
        return sorted(found, key=lambda record: (record.began_at, record.command.id))[:MOST_SHOWN]
