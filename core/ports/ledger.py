"""What translations lost, counted."""

from collections.abc import Sequence
from typing import Protocol

from core.model.loss import Loss


class Ledger(Protocol):
    """Counts for the operator of the hub. The losses themselves are kept with what was translated."""

    def note(self, what: str, *, source: str, target: str, losses: Sequence[Loss]) -> None:
        """Of one object of a kind (`location`, `cdr`), from protocol to protocol. Never waits, never fails its
        caller."""
        ...
