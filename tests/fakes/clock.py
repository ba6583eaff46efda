"""Time that stands still until a test moves it, and ids that count."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 15, 12, tzinfo=UTC)


class FakeClock:
    def __init__(self, now: datetime = START) -> None:
        self._now = now

    def now(self) -> datetime:
        return self._now

    def advance(self, seconds: float) -> datetime:
        self._now += timedelta(seconds=seconds)
        return self._now

    def set(self, now: datetime) -> None:
        self._now = now


class FakeIds:
    """Well-formed version 4 UUIDs in counting order, so that a test can name the first and the second."""

    def __init__(self) -> None:
        self.count = 0

    def uuid(self) -> str:
        self.count += 1
        return f"00000000-0000-4000-8000-{self.count:012x}"
