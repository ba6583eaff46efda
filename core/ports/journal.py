"""Raw messages, kept for a while."""

from collections.abc import Sequence
from typing import Protocol

from core.model.partner import Exchange


class Journal(Protocol):
    """Raw messages, kept for a while, so that `what did they send?` has an answer."""

    def record(self, exchange: Exchange) -> None:
        """Never waits and never fails its caller.

        Written in the background; when overrun, the oldest waiting are dropped."""
        ...

    async def page(self, *, partner: str | None, offset: int, limit: int) -> tuple[list[Exchange], int]:
        """Youngest first, and how many there are."""
        ...

    async def of_correlations(self, ids: Sequence[str], limit: int) -> list[Exchange]:
        """The messages of these chains, oldest first."""
        ...
