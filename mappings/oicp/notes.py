"""What a mapping out assumed or narrowed, noted with the OICP member that it concerns."""

from functools import lru_cache
from typing import Any, Final

from core.model.loss import Loss, LossKind
from mappings.losses import plain

Notes = list[tuple[str, Loss]]
"""(Python name of the OICP member, loss): a member that came from OICP itself takes its notes with it."""


def assumed(notes: Notes | None, member: str, path: str, reason: str, value: Any = None) -> None:
    """`path` is the OICP member that had to be filled."""
    if notes is not None:
        notes.append((member, _loss(path, reason, value, LossKind.ASSUMED)))


def narrowed(notes: Notes | None, member: str, path: str, reason: str, value: Any = None) -> None:
    """`path` is the canonical field of which less arrives."""
    if notes is not None:
        notes.append((member, _loss(path, reason, value, LossKind.NARROWED)))


def lost(notes: Notes | None, member: str, path: str, reason: str, value: Any = None) -> None:
    """`path` is the canonical field that does not arrive."""
    if notes is not None:
        notes.append((member, _loss(path, reason, value, LossKind.LOST)))


def _loss(path: str, reason: str, value: Any, kind: LossKind) -> Loss:
    """What is the same for every EVSE is made once."""
    make = _shared if type(value) in _SIMPLE else _made
    return make(path, reason, value, kind)


_SIMPLE: Final = frozenset({str, bool, type(None)})


def _made(path: str, reason: str, value: Any, kind: LossKind) -> Loss:
    return Loss(path=path, reason=reason, value=plain(value), kind=kind)


_shared: Final = lru_cache(maxsize=4096, typed=True)(_made)


def withheld(path: str, reason: str, value: Any = None) -> Loss:
    """Nothing of this object is sent."""
    return Loss(path=path, reason=reason, value=plain(value), kind=LossKind.WITHHELD)
