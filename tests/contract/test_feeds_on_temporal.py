"""Schedules of feeds on a real Temporal: made, changed and taken away as partners come and go."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
import pytest_asyncio
from msgspec.structs import replace
from temporalio.client import ScheduleActionExecutionStartWorkflow
from temporalio.service import RPCError
from temporalio.worker import Worker

from core.errors import Refused, Unknown
from core.model.feed import Feed, FeedChoice
from core.model.partner import Partner, PartnerState
from core.ports.feeds import Follower, Pull
from core.ports.stores import Saved
from core.services.following import FollowingService
from gateway.stack import StackAddresses
from gateway.workflows.activities import FeedActivities
from gateway.workflows.feed_schedules import FeedSchedules
from gateway.workflows.follow_feed import FollowFeed
from gateway.workflows.processes import TemporalProcesses, schedule_id
from tests.fakes import FakeStorage
from tests.unit.core.examples import registry_over

pytestmark = pytest.mark.server
spec = pytest.mark.spec
HOUR = timedelta(hours=1)
STATIONS = Feed(name="stations", full_every=24 * HOUR, delta_every=HOUR)


class Lister(Follower):
    """Takes one object a run; waits at `gate` if that is closed."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.refusing = False

    def feeds(self, partner: Partner) -> tuple[Feed, ...]:
        return (STATIONS,)

    async def follow(self, pull: Pull) -> None:
        self.runs.append("whole" if pull.whole else "delta")
        await self.gate.wait()
        if self.refusing:
            raise Refused("not for you")
        pull.took("a", Saved.CREATED)


class Net:
    def __init__(self, address: str, name: str) -> None:
        self.storage = FakeStorage()
        registry = registry_over(self.storage)
        self.lister = Lister()
        self.following = FollowingService(
            feeds=self.storage.feeds, registry=registry, followers={"any": self.lister}, clock=self.storage.clock
        )
        self.queue = f"feeds-{name}"
        self.partner = f"p-{name}"
        self.processes = TemporalProcesses(address, "default", self.queue)
        self.schedules = self.reconciler()

    def reconciler(self) -> FeedSchedules:
        """That of one worker."""
        return FeedSchedules(self.following, self.processes, self.queue)

    async def add(self) -> None:
        now = self.storage.clock.now()
        await self.storage.partners.add(
            Partner(
                id=self.partner,
                name="P",
                protocol="any",
                state=PartnerState.CONNECTED,
                created_at=now,
                updated_at=now,
            )
        )

    async def change(self, **members: object) -> None:
        held = self.storage.partners.held[self.partner]
        await self.storage.partners.update(replace(held, **members))  # type: ignore[arg-type]

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        worker = Worker(
            await self.processes.client(),
            task_queue=self.queue,
            workflows=[FollowFeed],
            activities=[FeedActivities(self.following).follow],
        )
        async with worker:
            yield

    async def every(self) -> timedelta | None:
        """The interval of the schedule, if there is one."""
        handle = (await self.processes.client()).get_schedule_handle(schedule_id(self.partner, "stations"))
        try:
            spec = (await handle.describe()).schedule.spec
        except RPCError:
            return None
        assert spec.jitter == spec.intervals[0].every / 11
        return spec.intervals[0].every

    async def outcomes(self) -> list[str]:
        """Of the runs that are over."""
        client = await self.processes.client()
        handle = client.get_schedule_handle(schedule_id(self.partner, "stations"))
        done = []
        for action in (await handle.describe()).info.recent_actions:
            assert isinstance(action.action, ScheduleActionExecutionStartWorkflow)
            started = client.get_workflow_handle(action.action.workflow_id)
            if (await started.describe()).status.name != "RUNNING":  # type: ignore[union-attr]
                done.append(str(await started.result()))
        return done


@pytest_asyncio.fixture
async def net(stack: StackAddresses, request: pytest.FixtureRequest) -> AsyncIterator[Net]:
    found = Net(stack.temporal_address, request.node.name)
    await found.add()
    yield found
    found.lister.gate.set()
    await found.storage.partners.remove(found.partner)
    await found.schedules.reconcile()


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 - a worker has no event for us
            await asyncio.sleep(0.05)


async def ran(net: Net, number: int, *, tries: int | None = None) -> None:
    async def over() -> bool:
        return len(net.lister.runs) == (tries or number) and len(await net.outcomes()) >= number

    await until(over)


@spec("OCPI-HUB-72", "OCPI-HCI-24")
async def test_a_partner_is_fetched_when_it_connects_and_when_it_returns(net: Net) -> None:
    async with net.working():
        await net.schedules.reconcile()
        await ran(net, 1)
        await net.schedules.reconcile()
        await net.change(state=PartnerState.OFFLINE)
        await net.schedules.reconcile()
        assert await net.every() is None
        await net.change(state=PartnerState.CONNECTED)
        await net.schedules.reconcile()
        await until_runs(net, 2)
    assert net.lister.runs == ["whole", "delta"]


async def until_runs(net: Net, number: int) -> None:
    async def over() -> bool:
        return len(net.lister.runs) >= number

    await until(over)


@spec("OCPI-TRN-51")
async def test_an_interval_is_what_the_operator_chose_and_a_little_more(net: Net) -> None:
    await net.schedules.reconcile()
    assert await net.every() == HOUR * 1.1
    await net.change(feeds={"stations": FeedChoice(delta_every=10 * HOUR)})
    await net.schedules.reconcile()
    assert await net.every() == 11 * HOUR
    await net.change(feeds={"stations": FeedChoice(off=True)})
    await net.schedules.reconcile()
    assert await net.every() is None


async def test_of_several_workers_one_begins(net: Net) -> None:
    await net.schedules.reconcile()
    other = net.reconciler()
    await other.reconcile()
    async with net.working():
        await ran(net, 1)
    await net.change(state=PartnerState.SUSPENDED)
    await other.reconcile()
    assert await net.every() is None
    await net.schedules.reconcile()


@spec("OCPI-HUB-103")
async def test_a_worker_that_comes_up_fetches_what_was_missed(net: Net) -> None:
    async with net.working():
        await net.schedules.reconcile()
        await ran(net, 1)
    async with net.working():
        await net.reconciler().reconcile()
        await ran(net, 2)
    assert net.lister.runs == ["whole", "delta"]


async def test_one_run_at_a_time_and_one_more_on_demand(net: Net) -> None:
    net.lister.gate.clear()
    async with net.working():
        await net.schedules.reconcile()
        await until_runs(net, 1)
        for _ in range(3):
            await net.processes.follow_feed(net.partner, "stations")
        await asyncio.sleep(0.2)
        assert net.lister.runs == ["whole"]
        net.lister.gate.set()
        await ran(net, 2)
    with pytest.raises(Unknown):
        await net.processes.follow_feed(net.partner, "nothing")


async def test_what_fails_for_good_is_not_tried_again_at_once(net: Net) -> None:
    net.lister.refusing = True
    async with net.working():
        await net.schedules.reconcile()
        await ran(net, 1)
        assert await net.outcomes() == ["failed: Refused: not for you"]
    assert net.storage.feeds.held[net.partner, "stations"].error == "not for you"


async def test_a_run_survives_its_worker(net: Net) -> None:
    net.lister.gate.clear()
    async with net.working():
        await net.schedules.reconcile()
        await until_runs(net, 1)
    net.lister.gate.set()
    async with net.working():
        await ran(net, 1, tries=2)
    assert net.storage.feeds.held[net.partner, "stations"].last_full_at is not None
