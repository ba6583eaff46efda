"""Real time and real ids."""

import os
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


DRAWN = 256


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
