"""A CDR on its way to the eMSP. Workflow id: `cdr/<owner>/<id>`."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

DELIVER = "deliver_cdr"
GIVE_UP = "give_up_cdr"
WAITING = "WAITING"

HEARTBEAT_TIMEOUT = timedelta(seconds=10)
"""A worker that was silent for so long is gone, and another one takes over."""
TRIED_FOR = timedelta(days=7)
FIRST_WAIT = timedelta(seconds=2)
LONGEST_WAIT = timedelta(minutes=10)
_OURS = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1))
"""For failures of our own (database away, worker killed): forever. The partner's failures are states, not failures."""


@workflow.defn
class SettleCdr:
    """Deliver until it is delivered, refused, left to be fetched, or a week has passed; an operator may hurry it."""

    def __init__(self) -> None:
        self._nudged = False
        self._state = "ACCEPTED"

    @workflow.run
    async def run(self, key: str) -> str:
        until = workflow.now() + TRIED_FOR
        wait = FIRST_WAIT
        while True:
            self._nudged = False
            self._state = await self._do(DELIVER, key)
            if self._state != WAITING:
                if self._nudged:  # reopened before this process had noticed that it was over
                    continue
                return self._state
            if workflow.now() >= until:
                return await self._do(GIVE_UP, key)
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(lambda: self._nudged, timeout=wait)
            wait = min(wait * 2, LONGEST_WAIT)

    async def _do(self, activity: str, key: str) -> str:
        state: str = await workflow.execute_activity(
            activity,
            key,
            result_type=str,
            start_to_close_timeout=timedelta(minutes=2),
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=_OURS,
        )
        return state

    @workflow.signal
    def nudge(self) -> None:
        self._nudged = True

    @workflow.query
    def state(self) -> str:
        return self._state
