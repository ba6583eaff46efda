"""Who calls: a WS-Security UsernameToken, its password in clear inside TLS or as a digest.

Source: OCHP 1.4, User Identification; checklist, 3. Unknown account, wrong password and locked account look the same.
"""

from datetime import datetime
from typing import Final

from core.errors import Refused
from core.model.partner import CredentialKind, Partner, PartnerState
from core.model.secret import Secret
from protocols.ochp.codes import LOGIN_FAILED
from protocols.ochp.settings import Upstream, settings_of
from protocols.plugin import Hub
from protocols.transport.soap.security import DigestGuard, PasswordKind, UsernameToken, security_header, username_token
from protocols.transport.soap.xml import Element

PROTOCOL: Final = "ochp"


class Accounts:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._guard = DigestGuard(hub.cache, hub.clock)

    async def authenticate(self, header: tuple[Element, ...]) -> Partner:
        """Raises Refused (not authenticated)."""
        token = username_token(header)
        if token is None:
            raise Refused("a UsernameToken is needed", authenticated=False)
        partner = await self._partner(token)
        if partner is None or partner.state is PartnerState.SUSPENDED:
            raise Refused(LOGIN_FAILED, authenticated=False)
        await self._hub.partners.heard(partner)
        return partner

    async def _partner(self, token: UsernameToken) -> Partner | None:
        """The account that was named, if the password is its own."""
        named = await self._named(token.username)
        if token.kind is PasswordKind.TEXT:
            found = await self._hub.credentials.partner_by_secret(token.secret.value)
            right = found is not None and found[1] is CredentialKind.INBOUND
            return named if right and found and named and found[0] == named.id else None
        held = await self._hub.credentials.inbound(named.id) if named else None
        try:
            await self._guard.check(token, Secret(held or token.username))
        except Refused:
            return None
        return named if held else None

    async def _named(self, username: str) -> Partner | None:
        for partner in await self._hub.partners.all():
            if partner.protocol == PROTOCOL and settings_of(partner).username == username:
                return partner
        return None


def our_header(upstream: Upstream, password: Secret, now: datetime) -> bytes:
    """The login of a call of ours."""
    return security_header(upstream.username, password, digest_at=now if upstream.digest else None)
