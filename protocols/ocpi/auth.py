"""The Authorization header: who calls us, and how we show ourselves. Source: OCPI 2.3.0, transport_and_format."""

import base64
import binascii
import secrets
from typing import Final

from msgspec import Struct

from core.errors import Refused
from core.model.partner import CredentialKind, Partner, PartnerState
from core.services.partners import PartnerService
from protocols.ocpi.settings import TokenEncoding

REMEMBERED: Final = 4096
_UNKNOWN: Final = "unknown credentials token"


class Caller(Struct, frozen=True):
    """`secret` is the token as it was meant, `encoding` how it was written."""

    partner: Partner
    kind: CredentialKind
    secret: str
    encoding: TokenEncoding

    @property
    def registered(self) -> bool:
        """Whether its handshake is complete: with token A, or while our own handshake is open, it is not."""
        return self.kind is CredentialKind.INBOUND and self.partner.state is not PartnerState.PLANNED


class Gate:
    """Remembers how a header value is to be read, never whether it is still good: that is asked every time."""

    def __init__(self, partners: PartnerService) -> None:
        self._partners = partners
        self._forms: dict[bytes, tuple[str, TokenEncoding]] = {}

    async def caller(self, header: bytes | None) -> Caller:
        """Raises Refused: `authenticated` False for an unknown token, True for a suspended partner."""
        if header is None:
            raise Refused("an Authorization header is required", authenticated=False)
        if known := self._forms.get(header):
            partner, kind = await self._partners.authenticate(known[0])
            return Caller(partner, kind, *known)
        for secret, encoding in readings(header):
            try:
                partner, kind = await self._partners.authenticate(secret)
            except Refused as refused:
                if refused.authenticated:
                    raise
                continue
            self._remember(header, (secret, encoding))
            return Caller(partner, kind, secret, encoding)
        raise Refused(_UNKNOWN, authenticated=False)

    def _remember(self, header: bytes, form: tuple[str, TokenEncoding]) -> None:
        if len(self._forms) >= REMEMBERED:
            self._forms.pop(next(iter(self._forms)))
        self._forms[header] = form


def readings(header: bytes) -> list[tuple[str, TokenEncoding]]:
    """What the header may mean: the decoded token first, then the text itself. Nothing for another scheme."""
    scheme, _, rest = header.strip().partition(b" ")
    value = rest.strip()
    if scheme.lower() != b"token" or not value:
        return []
    raw: tuple[str, TokenEncoding] = (value.decode("latin-1"), "raw")
    try:
        decoded = base64.b64decode(value, validate=True).decode().strip(" \t\r\n\f\v")
    except (binascii.Error, UnicodeDecodeError):
        return [raw]
    return [(decoded, "base64"), raw]


def authorization(token: str, encoding: TokenEncoding) -> str:
    """The header value for a token that a partner gave us."""
    return "Token " + (token if encoding == "raw" else base64.b64encode(token.encode()).decode())


def fresh_token() -> str:
    """256 random bits in printable ASCII, shorter than 64 characters."""
    return secrets.token_urlsafe(32)
