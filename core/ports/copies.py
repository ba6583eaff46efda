"""What a partner was told last, thing by thing, so that only what differs is told again."""

from collections.abc import Collection, Mapping
from typing import Protocol


class CopyStore(Protocol):
    """Digests by the key of the thing. `of` names the kind of thing (`evses`)."""

    async def held(self, partner_id: str, of: str, keys: Collection[str] | None = None) -> dict[str, str]:
        """Of these keys, or of all."""
        ...

    async def note(self, partner_id: str, of: str, changes: Mapping[str, str | None]) -> None:
        """None: the partner holds it no longer."""
        ...

    async def forget(self, partner_id: str, of: str | None = None) -> None:
        """It is not known any more what the partner holds; `of` None: of whatever kind."""
        ...
