"""Below the limits of a platform, and at rest after it has said that it was too much.

Counted in each process. Source: Acceptable Use Policy, rate limits, handling limiting gracefully.
"""

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from core.errors import Busy
from core.ports.clock import Clock

MINUTE: Final = timedelta(minutes=1)
FIRST_REST_S: Final = 2.0
LONGEST_REST_S: Final = 600.0


class Pace:
    """One for all calls of a process. `chance` gives a number from 0 to 1."""

    def __init__(
        self,
        clock: Clock,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._chance = chance
        self._made: dict[tuple[str, str], deque[datetime]] = {}
        self._rests: dict[tuple[str, str], tuple[int, datetime]] = {}

    async def turn(self, partner_id: str, operation: str, most: int | None, patience_s: float) -> None:
        """Counts a call, which may go now, or after a wait that is no longer than `patience_s`. Raises Busy."""
        name = partner_id, operation
        while (wait := self._wait_s(name, most)) > 0:
            if wait > patience_s:
                raise Busy(f"{operation}: not before {wait:.1f} s from now, by the limits of the platform")
            patience_s -= wait
            await self._sleep(wait)
        if most is not None:
            self._made.setdefault(name, deque()).append(self._clock.now())

    def heard(self, partner_id: str, operation: str, *, limited: bool, retry_after: str | None) -> None:
        """Each refusal in a row doubles the rest; chance keeps those apart who were refused together."""
        name = partner_id, operation
        if not limited:
            self._rests.pop(name, None)
            return
        strikes = self._rests.get(name, (0, self._clock.now()))[0]
        rest = min(FIRST_REST_S * 2**strikes, LONGEST_REST_S) * (1 + self._chance())
        asked = float(retry_after) if retry_after and retry_after.isdigit() and len(retry_after) < 6 else 0.0
        until = self._clock.now() + timedelta(seconds=max(rest, min(asked, LONGEST_REST_S) + self._chance()))
        self._rests[name] = min(strikes + 1, 20), until

    def _wait_s(self, name: tuple[str, str], most: int | None) -> float:
        now = self._clock.now()
        rest = (self._rests[name][1] - now).total_seconds() if name in self._rests else 0.0
        made = self._made.get(name)
        while made and now - made[0] >= MINUTE:
            made.popleft()
        full = (made[0] + MINUTE - now).total_seconds() if most is not None and made and len(made) >= most else 0.0
        return max(rest, full)
