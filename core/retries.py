"""When to try again. Pure."""

from datetime import datetime, timedelta

from msgspec import Struct

from core.model.event import EventKind


class RetryPolicy(Struct, frozen=True, kw_only=True):
    """`attempts` altogether (the first included); waits grow by `factor` from `first_s` to at most `longest_s`."""

    attempts: int
    first_s: float = 5.0
    factor: float = 2.0
    longest_s: float = 3600.0


ONCE = RetryPolicy(attempts=1)
"""For a push whose receiver pulls what it missed. Source: OCPI 2.3.0, transport: failed pushes are not queued."""
PERSISTENT = RetryPolicy(attempts=12)
"""For what has no other way to its receiver: about five hours, then dead and in plain sight."""

PULLED = frozenset(
    {
        EventKind.LOCATION_CHANGED,
        EventKind.EVSE_STATUS_CHANGED,
        EventKind.TOKEN_CHANGED,
        EventKind.TARIFF_CHANGED,
        EventKind.TARIFF_DELETED,
        EventKind.BOOKING_LOCATION_CHANGED,
        EventKind.SESSION_CHANGED,
        EventKind.PARTY_CHANGED,
    }
)


def policy_for(kind: EventKind, overrides: dict[str, int]) -> RetryPolicy:
    """The policy of a partner and kind. `overrides` is the partner's own setting: kind -> attempts."""
    if attempts := overrides.get(kind.value):
        return RetryPolicy(attempts=attempts)
    return ONCE if kind in PULLED else PERSISTENT


def next_attempt(policy: RetryPolicy, done: int, now: datetime) -> datetime | None:
    """When to try again after `done` attempts; None: no more."""
    if done >= policy.attempts:
        return None
    wait = min(policy.first_s * policy.factor ** (done - 1), policy.longest_s)
    return now + timedelta(seconds=wait)
