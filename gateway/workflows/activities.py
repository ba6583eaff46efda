"""What the processes do: one call into core each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from temporalio import activity
from temporalio.exceptions import ApplicationError

from core.errors import RoamingError, Unavailable, Uncertain
from core.model.command import Command, CommandOutcome
from core.services.billing import BillingService
from core.services.commands import CommandService
from core.services.following import FollowingService
from gateway.workflows.follow_feed import FOLLOW
from gateway.workflows.run_command import FINISH, SEND
from gateway.workflows.settle_cdr import DELIVER, GIVE_UP, HEARTBEAT_TIMEOUT


class CdrActivities:
    def __init__(self, billing: BillingService) -> None:
        self._billing = billing

    @activity.defn(name=DELIVER)
    async def deliver(self, key: str) -> str:
        """One attempt; the CDR's state after it."""
        async with _heartbeat():
            return (await self._billing.deliver(key)).state.value

    @activity.defn(name=GIVE_UP)
    async def give_up(self, key: str) -> str:
        async with _heartbeat():
            return (await self._billing.give_up(key)).state.value


class CommandActivities:
    def __init__(self, commands: CommandService) -> None:
        self._commands = commands

    @activity.defn(name=SEND)
    async def send(self, command: str) -> list[str | float | None]:
        """The result as JSON (None: it follows), and how long the operator asks to wait for it."""
        sent = await self._commands.send(msgspec.json.decode(command, type=Command))
        result = msgspec.json.encode(sent.result).decode() if sent.result else None
        return [result, float(sent.patience_s) if sent.patience_s is not None else None]

    @activity.defn(name=FINISH)
    async def finish(self, command: str, outcome: str) -> None:
        await self._commands.finish(
            msgspec.json.decode(command, type=Command), msgspec.json.decode(outcome, type=CommandOutcome)
        )


class FeedActivities:
    def __init__(self, following: FollowingService) -> None:
        self._following = following

    @activity.defn(name=FOLLOW)
    async def follow(self, partner_id: str, feed: str) -> str:
        """The counts of the run, as JSON. Only what may go better in a few minutes is tried again."""
        async with _heartbeat():
            try:
                state = await self._following.run(partner_id, feed)
            except (Unavailable, Uncertain) as error:
                raise ApplicationError(str(error), type=type(error).__name__) from error
            except RoamingError as error:
                raise ApplicationError(str(error), type=type(error).__name__, non_retryable=True) from error
        return msgspec.json.encode(state.counts).decode()


@asynccontextmanager
async def _heartbeat() -> AsyncIterator[None]:
    """Temporal hears of us as long as we are at work."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(HEARTBEAT_TIMEOUT.total_seconds() / 4)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)
