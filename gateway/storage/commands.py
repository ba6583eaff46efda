"""Commands, and what came of them."""

from collections.abc import Sequence
from typing import ClassVar

from msgspec.structs import replace

from core.model.command import CommandRecord
from core.ports.stores import MOST_SHOWN
from gateway.storage.database import Database, translated
from gateway.storage.documents import Document, content, item, losses_from, losses_text, stamp


class MongoCommands:
    """`journey` and `began` repeat the content for the index."""

    collection_name: ClassVar[str] = "commands"

    def __init__(self, database: Database) -> None:
        self._collection = database[self.collection_name]

    async def save(self, record: CommandRecord) -> None:
        with translated(writes=True):
            await self._collection.replace_one({"_id": record.command.id}, _fields(record), upsert=True)

    async def get(self, command_id: str) -> CommandRecord | None:
        with translated(writes=False):
            found = await self._collection.find_one({"_id": command_id})
        return None if found is None else _record(found)

    async def of_journeys(self, journey_ids: Sequence[str]) -> list[CommandRecord]:
        with translated(writes=False):
            found = self._collection.find({"journey": {"$in": list(journey_ids)}}).sort([("began", 1), ("_id", 1)])
            return [_record(document) for document in await found.limit(MOST_SHOWN).to_list()]


def _fields(record: CommandRecord) -> Document:
    document = content(replace(record, losses=(), answer_losses=()))
    fields: Document = {"began": stamp(record.began_at), "doc": document}
    if record.command.journey_id is not None:
        fields["journey"] = record.command.journey_id
    if record.losses:
        fields["losses"] = losses_text(record.losses)
    if record.answer_losses:
        fields["answer_losses"] = losses_text(record.answer_losses)
    return fields


def _record(document: Document) -> CommandRecord:
    losses, answer = document.get("losses"), document.get("answer_losses")
    return replace(
        item(document, CommandRecord),
        losses=losses_from(losses) if losses else (),
        answer_losses=losses_from(answer) if answer else (),
    )
