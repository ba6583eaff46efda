"""Takes from the other fakes what is too old."""

from datetime import datetime
from typing import Any

from core.model.cdr import CdrState
from core.ports.stores import Kept

ON_THEIR_WAY = (CdrState.ACCEPTED, CdrState.DELIVERING, CdrState.WAITING)


class FakeRetention:
    def __init__(self, **shelves: Any) -> None:
        """By the names of `Kept`."""
        self._shelves = shelves

    async def forget(self, kind: Kept, before: datetime) -> int:
        held = self._shelves[kind.value].held
        old = [key for key, thing in held.items() if _changed(kind, thing) < before and not _on_its_way(kind, thing)]
        for key in old:
            del held[key]
        return len(old)


def _changed(kind: Kept, thing: Any) -> datetime:
    changed = {
        Kept.CDRS: lambda: thing.cdr.updated_at,
        Kept.JOURNEYS: lambda: thing.created_at,
        Kept.COMMANDS: lambda: thing.began_at,
    }
    at: datetime = changed.get(kind, lambda: thing.updated_at)()
    return at


def _on_its_way(kind: Kept, thing: Any) -> bool:
    return kind is Kept.CDRS and thing.state in ON_THEIR_WAY
