"""Names in two dicts."""

from collections.abc import Sequence

from core.model.name import Name


class FakeNames:
    def __init__(self) -> None:
        self.held: dict[str, Name] = {}

    async def keep(self, names: Sequence[Name]) -> None:
        for name in names:
            taken = {held.our_key for held in self.held.values()}
            if name.their_key not in self.held and name.our_key not in taken:
                self.held[name.their_key] = name

    async def by_ours(self, keys: Sequence[str]) -> list[Name]:
        return [name for name in self.held.values() if name.our_key in keys]

    async def by_theirs(self, keys: Sequence[str]) -> list[Name]:
        return [self.held[key] for key in keys if key in self.held]
