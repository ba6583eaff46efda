"""The worker process: the relay, and the activities of the processes on Temporal."""

import asyncio
import logging
from contextlib import suppress

from temporalio.worker import Worker

from core.errors import Unavailable
from gateway.relay import Relay
from gateway.settings import Settings
from gateway.watch import watch
from gateway.wiring import Assembly, assemble
from gateway.workflows.activities import CdrActivities, CommandActivities, FeedActivities
from gateway.workflows.feed_schedules import FeedSchedules
from gateway.workflows.follow_feed import FollowFeed
from gateway.workflows.run_command import RunCommand
from gateway.workflows.settle_cdr import SettleCdr

RETRY_S = 2.0
log = logging.getLogger(__name__)


async def run_worker(settings: Settings, stopping: asyncio.Event) -> None:
    """Until `stopping` is set. A Temporal out of reach is waited for; deliveries go on meanwhile."""
    assembly = await assemble(settings)
    relay = Relay(assembly.storage.outbox, assembly.delivery, assembly.metrics)
    relaying = asyncio.create_task(relay.run())
    watching = asyncio.create_task(watch(assembly))
    try:
        await _settle(assembly, stopping)
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        relay.stop()
        await relaying
        await assembly.close()


async def _settle(assembly: Assembly, stopping: asyncio.Event) -> None:
    while not stopping.is_set():
        try:
            client = await assembly.processes.client()
        except Unavailable as error:
            log.warning("%s; trying again", error)
            with suppress(TimeoutError):
                async with asyncio.timeout(RETRY_S):
                    await stopping.wait()
            continue
        cdrs, commands = CdrActivities(assembly.hub.billing), CommandActivities(assembly.hub.commands)
        feeds = FeedActivities(assembly.following)
        schedules = FeedSchedules(assembly.following, assembly.processes, assembly.settings.temporal_task_queue)
        worker = Worker(
            client,
            task_queue=assembly.settings.temporal_task_queue,
            workflows=[SettleCdr, RunCommand, FollowFeed],
            activities=[cdrs.deliver, cdrs.give_up, commands.send, commands.finish, feeds.follow],
            max_concurrent_activities=50,
        )
        async with worker:
            await schedules.run(stopping)
