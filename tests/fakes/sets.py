"""Sets that are kept by version, in a dict."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from core.model.version import Version, by_entry


class FakeSets:
    """`held`: by set and key, in order of time."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], list[Version]] = {}

    def add(self, versions: Iterable[Version]) -> None:
        for name, of_one in by_entry([*(x for held in self.held.values() for x in held), *versions]).items():
            self.held[name] = of_one

    async def write(self, versions: Sequence[Version]) -> None:
        self.add(versions)

    async def entries(
        self, names: Sequence[str], *, at: datetime | None = None, keys: Sequence[str] | None = None, limit: int = 0
    ) -> list[Version]:
        found = [
            past[-1]
            for (name, key), held in sorted(self.held.items())
            if name in names and (keys is None or key in keys)
            if (past := [version for version in held if at is None or version.at <= at])
        ]
        found = [version for version in found if version.content is not None]
        return found[:limit] if limit else found

    async def history(self, name: str, key: str, *, limit: int) -> list[Version]:
        return self.held.get((name, key), [])[::-1][:limit]
