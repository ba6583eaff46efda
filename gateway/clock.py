"""Real time and real ids."""

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

WAITED_OUT: Final = timedelta(minutes=1)
DRAWN: Final = 256


def _utc() -> datetime:
    return datetime.now(UTC)


class SystemClock:
    """Never goes back within a process, so that what is later has a later time. A step back of the system's clock is
    waited out; one of more than a minute is somebody's will, and is followed."""

    def __init__(self, read: Callable[[], datetime] = _utc) -> None:
        self._read = read
        self._latest = read()

    def now(self) -> datetime:
        read = self._read()
        if not timedelta(0) < self._latest - read <= WAITED_OUT:
            self._latest = read
        return self._latest


class RandomIds:
    """UUIDs of version 4. Random bytes are drawn for many at once: each draw is a call of the system."""

    def __init__(self) -> None:
        self._drawn: list[str] = []

    def uuid(self) -> str:
        if not self._drawn:
            digits = os.urandom(16 * DRAWN).hex()
            self._drawn = [digits[start : start + 32] for start in range(0, len(digits), 32)]
        text = self._drawn.pop()
        variant = "89ab"[int(text[16], 16) & 3]
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"
