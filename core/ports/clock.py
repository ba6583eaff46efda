"""Time and fresh ids, so that rules can be tested without waiting."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """Aware UTC."""
        ...


class Ids(Protocol):
    def uuid(self) -> str:
        """A fresh random UUID (version 4), lower case."""
        ...
