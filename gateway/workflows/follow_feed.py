"""One run of a feed. Workflow id: `feed/<partner>/<feed>`, with the time when its schedule was due."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

FOLLOW = "follow_feed"
LONGEST = timedelta(hours=3)
HEARTBEAT_TIMEOUT = timedelta(seconds=10)
_AGAIN = RetryPolicy(initial_interval=timedelta(seconds=10), backoff_coefficient=6, maximum_attempts=4)
"""For a partner that is away, or a worker that was killed; after that the schedule comes round again."""


@workflow.defn
class FollowFeed:
    @workflow.run
    async def run(self, partner_id: str, feed: str) -> str:
        """What came of it; a failure is in the feed's state, and no reason for this process to fail."""
        try:
            outcome: str = await workflow.execute_activity(
                FOLLOW,
                args=[partner_id, feed],
                result_type=str,
                start_to_close_timeout=LONGEST,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                retry_policy=_AGAIN,
            )
        except ActivityError as error:
            return f"failed: {error.cause or error}"
        return outcome
