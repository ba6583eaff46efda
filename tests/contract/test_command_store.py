"""Commands and what came of them."""

from msgspec.structs import replace

from core.model.command import Command, CommandKind, CommandOutcome, CommandRecord, Outcome
from core.model.loss import Loss
from gateway.storage import Storage
from tests.contract.samples import ABC, EMP, at


def record(name: str = "c1", journey: str | None = "j1", *, seconds: float = 0) -> CommandRecord:
    command = Command(id=name, kind=CommandKind.RESERVE_NOW, issuer=EMP, operator=ABC, journey_id=journey)
    return CommandRecord(command=command, began_at=at(seconds))


async def test_a_command_is_kept_with_its_end_and_its_losses(storage) -> None:
    commands = storage.commands
    assert await commands.get("c1") is None
    await commands.save(record())
    assert await commands.get("c1") == record()
    lost = Loss(path="token.uid", reason="no field", value=2**70)
    ended = replace(
        record(),
        losses=(lost,),
        answer_losses=(lost,),
        outcome=CommandOutcome(outcome=Outcome.REJECTED),
        ended_at=at(3),
    )
    await commands.save(ended)
    assert await commands.get("c1") == ended


async def test_commands_of_journeys_in_the_order_of_their_beginning(storage) -> None:
    held = [record("c3", seconds=2), record("c1", seconds=2), record("c2"), record("c4", "j2"), record("c5", None)]
    for each in held:
        await storage.commands.save(each)
    assert await storage.commands.of_journeys(["j1"]) == [held[2], held[1], held[0]]
    assert len(await storage.commands.of_journeys(["j1", "j2", "j3"])) == 4
    assert await storage.commands.of_journeys([]) == []


async def test_commands_outlive_the_process(real_storage: Storage, second_storage: Storage) -> None:
    await real_storage.commands.save(record())
    assert await second_storage.commands.get("c1") == record()
