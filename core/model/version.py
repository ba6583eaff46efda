"""Sets that are kept by version: what is in them now, and what was at any instant."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from core.model.base import Model

KEPT: Final = timedelta(days=400)


class Version(Model, frozen=True, kw_only=True):
    """What an entry of a set is from `at` on. `content` is text of whoever owns the set; None: no longer in it.

    `kept`: how long what it replaces is kept after its end."""

    set: str
    key: str
    at: datetime
    content: str | None = None
    kept: timedelta = KEPT


def by_entry(versions: Iterable[Version]) -> dict[tuple[str, str], list[Version]]:
    """By set and key, each in order of time; of several of one instant the last."""
    found: dict[tuple[str, str], dict[datetime, Version]] = {}
    for version in versions:
        found.setdefault((version.set, version.key), {})[version.at] = version
    return {name: sorted(of_one.values(), key=lambda version: version.at) for name, of_one in found.items()}
