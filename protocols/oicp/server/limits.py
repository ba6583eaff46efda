"""How often a partner may call an operation. Source: Acceptable Use Policy, rate limits; off unless agreed."""

import math
from datetime import datetime, timedelta
from typing import Final

from core.ports.clock import Clock

MINUTE: Final = timedelta(minutes=1)


class Limits:
    """Counts in this process, from a partner's first call of an operation for one minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._counted: dict[tuple[str, str], tuple[datetime, int]] = {}

    def seconds_to_wait(self, partner_id: str, operation: str, most: int) -> int | None:
        """None: the call is counted, and may go on. Else nothing is counted."""
        now, name = self._clock.now(), (partner_id, operation)
        begun, calls = self._counted.get(name, (now, 0))
        if now - begun >= MINUTE:
            begun, calls = now, 0
        if calls >= most:
            return math.ceil((begun + MINUTE - now).total_seconds())
        self._counted[name] = begun, calls + 1
        return None
