"""What a mapping out assumed, narrowed or left out, noted with the OCHP member that it concerns."""

from typing import Any

from core.model.loss import Loss, LossKind
from mappings.losses import plain

Notes = list[tuple[str, Loss]]
"""(Python name of the OCHP member, loss): a member that came from OCHP itself takes its notes with it."""


def assumed(notes: Notes | None, member: str, path: str, reason: str, value: Any = None) -> None:
    """`path` is the OCHP member that had to be filled."""
    _note(notes, member, path, reason, value, LossKind.ASSUMED)


def narrowed(notes: Notes | None, member: str, path: str, reason: str, value: Any = None) -> None:
    """`path` is the canonical field of which less arrives."""
    _note(notes, member, path, reason, value, LossKind.NARROWED)


def lost(notes: Notes | None, member: str, path: str, reason: str, value: Any = None) -> None:
    """`path` is the canonical field that does not arrive."""
    _note(notes, member, path, reason, value, LossKind.LOST)


def _note(notes: Notes | None, member: str, path: str, reason: str, value: Any, kind: LossKind) -> None:
    if notes is not None:
        notes.append((member, Loss(path=path, reason=reason, value=plain(value), kind=kind)))


def withheld(path: str, reason: str, value: Any = None) -> Loss:
    """Nothing of this object is sent."""
    return Loss(path=path, reason=reason, value=plain(value), kind=LossKind.WITHHELD)


def remaining(notes: Notes, written: frozenset[str]) -> tuple[Loss, ...]:
    """The notes on members that did not come from OCHP."""
    return tuple(loss for member, loss in notes if member not in written)
