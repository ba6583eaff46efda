"""Real time and real ids."""

import uuid
from datetime import UTC, datetime


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class RandomIds:
    def uuid(self) -> str:
        return str(uuid.uuid4())
