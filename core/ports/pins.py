"""PINs: kept as hashes only, and checked against them."""

from typing import Protocol


class Pins(Protocol):
    def hash(self, pin: str) -> str:
        """With a salt of its own. Slow on purpose: to be called in a thread."""
        ...

    async def matches(self, pin: str | None, hashed: str) -> bool | None:
        """None: a hash that cannot be checked: of another kind, at a price nobody pays for one card, or late."""
        ...
