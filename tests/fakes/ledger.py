"""A ledger that remembers."""

from collections.abc import Sequence

from core.model.loss import Loss


class FakeLedger:
    """`noted` are (what, source, target, path) of every loss."""

    def __init__(self) -> None:
        self.noted: list[tuple[str, str, str, str]] = []

    def note(self, what: str, *, source: str, target: str, losses: Sequence[Loss]) -> None:
        self.noted += [(what, source, target, loss.path) for loss in losses]
