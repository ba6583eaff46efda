"""A remote command, from the sending to the charge point's own result. Workflow id: `command/<target>/<id>`."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

SEND = "send_command"
FINISH = "finish_command"

_ONCE = RetryPolicy(maximum_attempts=1)
"""What may have happened at a charge point is not asked for again."""
_TELL = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=5)
TIMED_OUT = '{"outcome":"TIMEOUT"}'


@workflow.defn
class RunCommand:
    """Texts in and out are JSON of core's Command, Sent and CommandOutcome. Gives the outcome."""

    def __init__(self) -> None:
        self._target = ""
        self._result: str | None = None

    @workflow.run
    async def run(self, command: str, target: str, patience_s: float) -> str:
        self._target = target
        result, patience = await self._send(command, patience_s)
        if result is None:
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(lambda: self._result is not None, timeout=timedelta(seconds=patience))
            result = self._result or TIMED_OUT
        await workflow.execute_activity(
            FINISH, args=[command, result], start_to_close_timeout=timedelta(seconds=30), retry_policy=_TELL
        )
        return result

    async def _send(self, command: str, patience_s: float) -> tuple[str | None, float]:
        try:
            sent: list[str | float | None] = await workflow.execute_activity(
                SEND, command, start_to_close_timeout=timedelta(seconds=patience_s + 5), retry_policy=_ONCE
            )
        except Exception as error:
            workflow.logger.warning("the command was not sent: %s", error)
            return TIMED_OUT, 0.0
        result, patience = sent
        return (str(result) if result is not None else None), float(patience or patience_s)

    @workflow.signal
    def result_received(self, partner_id: str, outcome: str) -> None:
        """Believed only from the partner that was to act, and only once."""
        if partner_id == self._target and self._result is None:
            self._result = outcome
