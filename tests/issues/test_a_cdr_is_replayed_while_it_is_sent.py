"""An operator's replay of a CDR that was on the wire just then: to an EMP that must never be sent one twice it was."""

from typing import Any

from msgspec.structs import replace

from core.errors import Uncertain
from core.model.cdr import CdrState
from core.model.partner import Role
from tests.unit.core.examples import EMSP, cdr, partner
from tests.unit.core.test_billing import World

KEY = "NLCPA/CDR1"


async def test_it_is_sent_once() -> None:
    world = World()
    await world.storage.partners.add(world.cpo)
    await world.storage.partners.add(partner("emb", EMSP, Role.EMSP))
    await world.service.accept(world.cpo, cdr())
    sent = 0

    async def push_cdr(*_: Any) -> Any:
        nonlocal sent
        sent += 1
        assert (await world.service.reopen(KEY)).state is CdrState.DELIVERING
        raise Uncertain("no answer")

    world.adapter.push_cdr = push_cdr  # type: ignore[assignment, method-assign]
    world.adapter.after_failed_cdr = lambda *_: CdrState.FETCHABLE  # type: ignore[assignment, method-assign]
    for _ in range(2):
        assert (await world.service.deliver(KEY)).state is CdrState.FETCHABLE
    assert sent == 1


async def test_one_that_waits_is_hurried_and_stays_as_it_stands() -> None:
    world = World()
    await world.storage.partners.add(world.cpo)
    await world.storage.partners.add(partner("emb", EMSP, Role.EMSP))
    settlement, _ = await world.service.accept(world.cpo, cdr())
    waiting = await world.storage.cdrs.update(replace(settlement, state=CdrState.WAITING))
    world.processes.waiting.add(KEY)
    assert await world.service.reopen(KEY) == waiting
    assert world.processes.nudged == [KEY]
