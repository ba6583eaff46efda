"""What is older than it may be is gone, and nothing else."""

import pytest

from core.model.cdr import CdrState
from core.ports.stores import Kept
from tests.contract.samples import at, event, journey, record, session, settlement, token
from tests.contract.test_command_store import record as command_record

DAY = 86400.0


async def left(storage):
    """(kind, name) of all that is held."""
    names = {
        Kept.SESSIONS: {"old", "new"},
        Kept.CDRS: {"old", "new", *(state.value for state in CdrState)},
        Kept.JOURNEYS: {"old", "new"},
        Kept.COMMANDS: {"old", "new"},
        Kept.TOKENS: {"01", "02"},
    }
    found = {(Kept.SESSIONS, name) for name in names[Kept.SESSIONS] if await storage.sessions.by_key(session(name).key)}
    found |= {(Kept.CDRS, name) for name in names[Kept.CDRS] if await storage.cdrs.get(settlement(name).key)}
    found |= {(Kept.JOURNEYS, name) for name in names[Kept.JOURNEYS] if await storage.journeys.get(name)}
    found |= {(Kept.COMMANDS, name) for name in names[Kept.COMMANDS] if await storage.commands.get(name)}
    return found | {(Kept.TOKENS, name) for name in names[Kept.TOKENS] if await storage.tokens.by_key(token(name).key)}


@pytest.mark.spec("OCPI-GEN-09")
async def test_the_old_goes_kind_by_kind(storage):
    for name, seconds in (("old", 0.0), ("new", DAY)):
        await storage.sessions.save(session(name, seconds=seconds), events=[])
        delivered = settlement(name, seconds=seconds, state=CdrState.DELIVERED)
        await storage.cdrs.accept(delivered, event=event())
        await storage.journeys.create(journey(name, seconds=seconds))
        await storage.commands.save(command_record(name, seconds=seconds))
        await storage.records.save(record(name, seconds), events=[])
    for uid, seconds in (("01", 0.0), ("02", DAY)):
        await storage.tokens.save(token(uid, seconds=seconds), events=[])
    everything = await left(storage)
    assert len(everything) == 10
    for kind in Kept:
        before = await left(storage)
        assert await storage.retention.forget(kind, at()) == 0
        assert await left(storage) == before
        assert await storage.retention.forget(kind, at(1)) == 1
        assert {found for found, _ in before - await left(storage)} <= {kind}
    assert {name for _, name in await left(storage)} == {"new", "02"}


@pytest.mark.spec("OCPI-GEN-09")
async def test_a_cdr_on_its_way_stays(storage):
    for state in CdrState:
        await storage.cdrs.accept(settlement(state.value, state=state), event=event())
    await storage.retention.forget(Kept.CDRS, at(DAY))
    kept = {name for kind, name in await left(storage) if kind is Kept.CDRS}
    assert kept == {CdrState.ACCEPTED, CdrState.DELIVERING, CdrState.WAITING}
