"""One schedule on Temporal per partner and feed, kept in step with who is connected and what its operator chose.

Any worker may do it, and several may at once: a schedule that is new asks for a run at once, and only one of them makes
it."""

import asyncio
import logging
from contextlib import suppress
from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
)
from temporalio.service import RPCError, RPCStatusCode

from core.errors import RoamingError, Unavailable
from core.model.feed import Feed
from core.services.following import FollowingService
from gateway.workflows.follow_feed import FollowFeed
from gateway.workflows.processes import RPC_TIMEOUT, TemporalProcesses, schedule_id

MEMO: Final = "feeds_of"
"""Tells our schedules from those of others on the same Temporal."""
PAUSE_S: Final = 2.0
LOOK_AGAIN: Final = 300
"""After so many passes it is looked at anew what there is."""
CATCH_UP: Final = timedelta(minutes=10)
"""What was due while Temporal was away for longer is not made up for: the next time is soon enough."""

log = logging.getLogger(__name__)


class FeedSchedules:
    def __init__(self, following: FollowingService, processes: TemporalProcesses, task_queue: str) -> None:
        self._following = following
        self._processes = processes
        self._task_queue = task_queue
        self._made: dict[str, Feed] = {}
        self._passes = 0

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set; what fails is tried again."""
        while not stopping.is_set():
            try:
                await self.reconcile()
            except (RoamingError, RPCError) as error:
                log.warning("schedules of feeds: %s; trying again", error)
            except Exception:  # the worker has other work to do
                log.exception("schedules of feeds; trying again")
            with suppress(TimeoutError):
                async with asyncio.timeout(PAUSE_S):
                    await stopping.wait()

    async def reconcile(self) -> None:
        client = await self._processes.client()
        first, anew = self._passes == 0, self._passes % LOOK_AGAIN == 0
        known = await self._existing(client) if anew else set(self._made)
        if anew:
            self._made.clear()
        wanted = {schedule_id(*key): (key, feed) for key, feed in (await self._following.all_wanted()).items()}
        for name in known - set(wanted):
            await self._remove(client, name)
        for name, (key, feed) in wanted.items():
            if self._made.get(name) != feed:
                await self._make(client, name, self._schedule(*key, feed), again=first)
                self._made[name] = feed
        self._passes += 1

    async def _existing(self, client: Client) -> set[str]:
        found = await client.list_schedules(rpc_timeout=RPC_TIMEOUT)
        return {listed.id async for listed in found if await listed.memo_value(MEMO, "") == self._task_queue}

    async def _make(self, client: Client, name: str, schedule: Schedule, *, again: bool) -> None:
        """`again`: a worker that has just come up fetches what the hub missed while there was none."""
        try:
            await client.create_schedule(
                name, schedule, trigger_immediately=True, memo={MEMO: self._task_queue}, rpc_timeout=RPC_TIMEOUT
            )
        except ScheduleAlreadyRunningError:
            handle = client.get_schedule_handle(name)
            await handle.update(lambda _: ScheduleUpdate(schedule), rpc_timeout=RPC_TIMEOUT)
            if again:
                await handle.trigger(rpc_timeout=RPC_TIMEOUT)

    async def _remove(self, client: Client, name: str) -> None:
        try:
            await client.get_schedule_handle(name).delete(rpc_timeout=RPC_TIMEOUT)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise Unavailable(f"Temporal: {error}") from error
        self._made.pop(name, None)

    def _schedule(self, partner_id: str, name: str, feed: Feed) -> Schedule:
        jitter = feed.every / 10
        return Schedule(
            action=ScheduleActionStartWorkflow(
                FollowFeed.run,
                args=[partner_id, name],
                id=schedule_id(partner_id, name),
                task_queue=self._task_queue,
            ),
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=feed.every + jitter)], jitter=jitter),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
        )
