"""What a mapping out assumed or narrowed, noted with the OICP member that it concerns."""

from typing import Any

from core.model.loss import Loss, LossKind
from mappings.losses import plain

Notes = list[tuple[str, Loss]]
"""(Python name of the OICP member, loss): a member that came from OICP itself takes its notes with it."""


def assumed(notes: Notes | None, member: str, path: str, reason: str, value: Any = None) -> None:
    """`path` is the OICP member that had to be filled."""
    if notes is not None:
        notes.append((member, Loss(path=path, reason=reason, value=plain(value), kind=LossKind.ASSUMED)))


def narrowed(notes: Notes | None, member: str, path: str, reason: str, value: Any = None) -> None:
    """`path` is the canonical field of which less arrives."""
    if notes is not None:
        notes.append((member, Loss(path=path, reason=reason, value=plain(value), kind=LossKind.NARROWED)))


def lost(notes: Notes | None, member: str, path: str, reason: str, value: Any = None) -> None:
    """`path` is the canonical field that does not arrive."""
    if notes is not None:
        notes.append((member, Loss(path=path, reason=reason, value=plain(value))))


def withheld(path: str, reason: str, value: Any = None) -> Loss:
    """Nothing of this object is sent."""
    return Loss(path=path, reason=reason, value=plain(value), kind=LossKind.WITHHELD)
