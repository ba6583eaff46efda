"""core.ports.processes over the fake and over Temporal; and that its workflow is deterministic."""

import asyncio
from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
import pytest_asyncio
from temporalio import activity
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer, Worker

from core.errors import Unavailable
from gateway.stack import StackAddresses
from gateway.workflows.processes import TemporalProcesses, workflow_id
from gateway.workflows.settle_cdr import DELIVER, GIVE_UP, SettleCdr
from tests.fakes.processes import FakeProcesses


class Settlement:
    """Processes under test, and what stands for the hub's side of a delivery: each attempt gives the next state."""

    def __init__(self, processes: FakeProcesses | TemporalProcesses, queue: str) -> None:
        self.processes = processes
        self.queue = queue
        self.key = f"FRVLT/{uuid4()}"
        self.states: list[str] = ["DELIVERED"]
        self.attempts: list[str] = []

    @activity.defn(name=DELIVER)
    async def deliver(self, key: str) -> str:
        self.attempts.append(key)
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    @activity.defn(name=GIVE_UP)
    async def give_up(self, key: str) -> str:
        return "UNDELIVERABLE"

    async def waits(self) -> None:
        """The process has tried once and waits."""
        if isinstance(self.processes, FakeProcesses):
            self.processes.waiting.add(self.key)
        else:
            await until(lambda: len(self.attempts) >= 1)


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.02)


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.server)])
def settlement(request: pytest.FixtureRequest) -> Settlement:
    if request.param == "fake":
        return Settlement(FakeProcesses(), "")
    return request.getfixturevalue("on_temporal")  # type: ignore[no-any-return]


@pytest_asyncio.fixture
async def on_temporal(stack: StackAddresses) -> AsyncIterator[Settlement]:
    queue = str(uuid4())
    found = Settlement(TemporalProcesses(stack.temporal_address, "default", queue), queue)
    client = await Client.connect(stack.temporal_address)
    async with Worker(client, task_queue=queue, workflows=[SettleCdr], activities=[found.deliver, found.give_up]):
        yield found


async def test_starting_it_twice_is_once(settlement: Settlement) -> None:
    settlement.states = ["WAITING"]
    await settlement.processes.settle_cdr(settlement.key)
    await settlement.processes.settle_cdr(settlement.key)
    if isinstance(settlement.processes, FakeProcesses):
        assert settlement.processes.started == [settlement.key]
    else:
        await until(lambda: settlement.attempts)
        assert settlement.attempts == [settlement.key]


async def test_a_nudge_finds_what_waits_and_nothing_else(settlement: Settlement) -> None:
    assert await settlement.processes.nudge_cdr("FRVLT/none") is False
    settlement.states = ["WAITING", "DELIVERED"]
    await settlement.processes.settle_cdr(settlement.key)
    await settlement.waits()
    assert await settlement.processes.nudge_cdr(settlement.key) is True


async def test_out_of_reach_is_unavailable() -> None:
    away = FakeProcesses()
    away.down = True
    for processes in (away, TemporalProcesses("127.0.0.1:1", "default", "none")):
        with pytest.raises(Unavailable):
            await processes.settle_cdr("FRVLT/1")


@pytest.mark.server
async def test_a_cdr_that_was_reopened_before_its_process_ended(on_temporal: Settlement) -> None:
    """The nudge meets a process that has done its last attempt: it must not be lost."""
    nudged = asyncio.Event()

    @activity.defn(name=DELIVER)
    async def refuse_then_deliver(key: str) -> str:
        on_temporal.attempts.append(key)
        if len(on_temporal.attempts) > 1:
            return "DELIVERED"
        await nudged.wait()
        return "REFUSED"

    client = await on_temporal.processes.client()  # type: ignore[union-attr]
    queue = str(uuid4())
    processes = TemporalProcesses(client.service_client.config.target_host, "default", queue)
    async with Worker(client, task_queue=queue, workflows=[SettleCdr], activities=[refuse_then_deliver]):
        await processes.settle_cdr(on_temporal.key)
        await until(lambda: on_temporal.attempts)
        assert await processes.nudge_cdr(on_temporal.key)
        nudged.set()
        assert await client.get_workflow_handle(workflow_id(on_temporal.key)).result() == "DELIVERED"


@pytest.mark.server
async def test_the_workflow_is_found_by_its_id_and_replays(on_temporal: Settlement) -> None:
    """A history that was recorded just now: two waits (one cut short by a nudge), then delivered."""
    on_temporal.states = ["WAITING", "WAITING", "DELIVERED"]
    await on_temporal.processes.settle_cdr(on_temporal.key)
    await on_temporal.waits()
    await on_temporal.processes.nudge_cdr(on_temporal.key)
    client = await on_temporal.processes.client()  # type: ignore[union-attr]
    handle = client.get_workflow_handle(f"cdr/{on_temporal.key}")
    assert await handle.result() == "DELIVERED"
    assert await handle.query(SettleCdr.state) == "DELIVERED"
    assert on_temporal.attempts == [on_temporal.key] * 3
    history: WorkflowHistory = await handle.fetch_history()
    await Replayer(workflows=[SettleCdr]).replay_workflow(history)
