"""Partners, their secrets, and when they were last heard of. A failing database is `Unavailable`."""

from datetime import datetime
from typing import Protocol

from core.model.ids import PartyId
from core.model.partner import CredentialKind, Partner, Role, Sighting


class PartnerStore(Protocol):
    """Partners are few and read on every request.

    Implementations keep them in memory and follow changes of other processes."""

    async def get(self, partner_id: str) -> Partner | None: ...

    async def all(self) -> list[Partner]: ...

    async def by_party(self, party: PartyId, role: Role | None = None) -> Partner | None:
        """Who speaks for the party (in this role: two partners may hold one party in different roles); another hub
        only if nobody holds it himself."""
        ...

    async def add(self, partner: Partner) -> None:
        """Raises Invalid if another partner already speaks for one of its parties or sub ids in the same role."""
        ...

    async def update(self, partner: Partner) -> Partner:
        """Optimistic on `rev`: raises Uncertain if another writer was faster. Raises Invalid as `add`."""
        ...

    async def remove(self, partner_id: str) -> None:
        """The partner and all its credentials."""
        ...


class CredentialStore(Protocol):
    """Secrets. Inbound and registration secrets are kept as hashes, outbound ones encrypted."""

    async def partner_by_secret(self, secret: str) -> tuple[str, CredentialKind] | None:
        """The partner id whose inbound or registration secret this is; constant time in what matters."""
        ...

    async def put(self, partner_id: str, kind: CredentialKind, secret: str) -> None:
        """Replaces the partner's secret of this kind."""
        ...

    async def outbound(self, partner_id: str) -> str | None: ...

    async def inbound(self, partner_id: str) -> str | None:
        """The partner's inbound secret, decrypted, for protocols that must repeat it (OCPI GET credentials)."""
        ...

    async def drop(self, partner_id: str, kind: CredentialKind) -> None: ...

    async def switch(self, partner: Partner, *, inbound: str, outbound: str, spend_registration: bool) -> Partner:
        """A completed handshake: partner and both secrets at once, or none of it."""
        ...


class SightingStore(Protocol):
    """When partners were last heard of, and whose turn it is to ask them: one truth for all processes."""

    async def note(self, partner_id: str, at: datetime, sign: str | None) -> None:
        """The partner was heard of, by the named sign if there is one. What is older than what is held changes
        nothing."""
        ...

    async def all(self) -> dict[str, Sighting]:
        """By partner id; who was never heard of may be missing."""
        ...

    async def take_turn(self, partner_id: str, at: datetime, lasts_s: float) -> bool:
        """True for one caller within the time: it is the one that asks the partner whether it is there."""
        ...

    async def forget(self, partner_id: str) -> None: ...
