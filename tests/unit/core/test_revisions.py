"""When a CDR may get another content, and that the process of its delivery goes on."""

import pytest
from msgspec.structs import replace

from core.errors import Invalid, Refused, Uncertain, Unknown
from core.model.cdr import CdrSettlement, CdrState, digest
from core.model.partner import Role
from core.services.revisions import RevisionService
from tests.fakes import FakeIds, FakeProcesses, FakeStorage
from tests.unit.core.examples import CPO, EMSP, NOW, FakeAdapter, cdr, partner

KEY = "NLCPA/CDR1"


class World:
    def __init__(self) -> None:
        self.storage = FakeStorage()
        self.adapter = FakeAdapter()
        self.processes = FakeProcesses()
        self.cpo = partner("cpo", CPO, Role.CPO)
        self.service = RevisionService(
            cdrs=self.storage.cdrs,
            partners=self.storage.partners,
            adapters={"fake": self.adapter},
            processes=self.processes,
            clock=self.storage.clock,
            ids=FakeIds(),
        )

    async def hold(self, state: CdrState) -> None:
        held = CdrSettlement(
            cdr=cdr(), digest=digest(cdr()), sender="cpo", recipient="emb", state=state, accepted_at=NOW
        )
        self.storage.cdrs.held[KEY] = held

    def now(self) -> CdrSettlement:
        return self.storage.cdrs.held[KEY]


@pytest.fixture
async def world() -> World:
    world = World()
    await world.storage.partners.add(world.cpo)
    await world.storage.partners.add(partner("emb", EMSP, Role.EMSP))
    return world


BETTER = replace(cdr(), remark="better")


@pytest.mark.parametrize("state", list(CdrState))
@pytest.mark.parametrize("decides", [True, False])
async def test_only_what_nobody_can_have_taken_is_replaced(
    world: World, monkeypatch: pytest.MonkeyPatch, state: CdrState, decides: bool
) -> None:
    monkeypatch.setattr(world.adapter, "decides_on_fetched_cdrs", decides, raising=False)
    await world.hold(state)
    if state is CdrState.REFUSED or (decides and state in (CdrState.ACCEPTED, CdrState.FETCHABLE)):
        revised = await world.service.revise(world.cpo, BETTER)
        assert (revised.cdr.remark, len(revised.versions)) == ("better", 1)
        assert revised.state is (CdrState.ACCEPTED if state is CdrState.REFUSED else state)
        assert world.processes.started == [KEY]
    else:
        with pytest.raises(Invalid) as raised:
            await world.service.revise(world.cpo, BETTER)
        assert raised.value.path == "$.state"
        assert world.now().cdr == cdr()


async def test_a_process_that_still_waits_is_nudged(world: World) -> None:
    await world.hold(CdrState.REFUSED)
    world.processes.waiting.add(KEY)
    await world.service.revise(world.cpo, BETTER)
    assert (world.processes.nudged, world.processes.started) == ([KEY], [])


async def test_temporal_away_is_no_reason_to_refuse(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.hold(CdrState.REFUSED)
    world.processes.down = True
    await world.service.revise(world.cpo, BETTER)
    assert [one.key for one in await world.storage.outbox.claim_events(9, 9)] == [KEY]


@pytest.mark.parametrize(("times", "taken"), [(1, True), (2, False)])
async def test_a_race_that_is_lost_once_is_run_again(
    world: World, monkeypatch: pytest.MonkeyPatch, times: int, taken: bool
) -> None:
    await world.hold(CdrState.REFUSED)
    revise, left = world.storage.cdrs.revise, [None] * times

    async def racing(*args: object, **more: object) -> CdrSettlement:
        if left:
            left.pop()
            raise Uncertain("another was faster")
        return await revise(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(world.storage.cdrs, "revise", racing)
    if taken:
        await world.service.revise(world.cpo, BETTER)
    else:
        with pytest.raises(Uncertain):
            await world.service.revise(world.cpo, BETTER)
    assert (world.now().cdr.remark == "better") is taken


async def test_nobody_changes_what_is_another_s_or_not_there(world: World) -> None:
    await world.hold(CdrState.REFUSED)
    stranger = partner("other", EMSP, Role.CPO)
    for changing in (world.service.revise(stranger, BETTER), world.service.withdraw(stranger, KEY)):
        with pytest.raises(Refused):
            await changing
    for absent in (
        world.service.revise(world.cpo, replace(BETTER, id="C9")),
        world.service.withdraw(world.cpo, "NLCPA/C9"),
    ):
        with pytest.raises(Unknown):
            await absent
    with pytest.raises(Invalid):
        await world.service.revise(world.cpo, replace(BETTER, ended_at=BETTER.started_at.replace(year=2000)))


@pytest.mark.parametrize("state", list(CdrState))
async def test_only_what_was_refused_is_taken_back(world: World, state: CdrState) -> None:
    await world.hold(state)
    if state in (CdrState.REFUSED, CdrState.WITHDRAWN):
        assert (await world.service.withdraw(world.cpo, KEY)).state is CdrState.WITHDRAWN
    else:
        with pytest.raises(Invalid):
            await world.service.withdraw(world.cpo, KEY)
    assert world.now().cdr == cdr()
