"""Aliases in a dict."""

from core.model.alias import Alias
from core.ports.clock import Clock


class FakeAliases:
    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.held: dict[str, Alias] = {}

    async def put(self, alias: Alias) -> None:
        self.held[alias.id] = alias

    async def get(self, alias_id: str) -> Alias | None:
        found = self.held.get(alias_id)
        return found if found and found.expires_at > self.clock.now() else None

    async def by_subject(self, subject: str) -> Alias | None:
        found = [alias for alias in self.held.values() if alias.subject == subject]
        alive = [alias for alias in found if alias.expires_at > self.clock.now()]
        return max(alive, key=lambda alias: alias.expires_at, default=None)
