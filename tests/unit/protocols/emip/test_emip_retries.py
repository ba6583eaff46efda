"""How long an eMSP that is away is tried again."""

from datetime import UTC, datetime, timedelta
from itertools import count

from core.model.event import EventKind
from core.retries import next_attempt, policy_for
from protocols.emip.adapter import SESSION_ATTEMPTS


def test_sessions_wait_for_thirty_days() -> None:
    policy = policy_for(EventKind.SESSION_CHANGED, {EventKind.SESSION_CHANGED: SESSION_ATTEMPTS})
    begun = now = datetime(2026, 1, 15, 12, tzinfo=UTC)
    for done in count(1):
        again = next_attempt(policy, done, now)
        if again is None:
            break
        now = again
    assert timedelta(days=30) <= now - begun < timedelta(days=31)
