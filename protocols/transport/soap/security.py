"""WS-Security UsernameToken: name and password in the header, in clear inside TLS or as a digest.

Source: OASIS Web Services Security UsernameToken Profile 1.0. A digest is good once: its nonce is remembered for as
long as its time of creation is believed.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from core.errors import Refused
from core.model.secret import Secret
from core.ports.cache import Cache
from core.ports.clock import Clock
from protocols.transport.soap.envelope import SECEXT, SOAP_11, Version
from protocols.transport.soap.xml import Element, escape

UTILITY: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
PROFILE: Final = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#"
SECURITY: Final = f"{{{SECEXT}}}Security"
"""Tag of the header block: what `open_envelope` is told to be understood."""

_LONGEST: Final = 512
_SKEW_S: Final = 300


class PasswordKind(StrEnum):
    TEXT = "PasswordText"
    DIGEST = "PasswordDigest"


class UsernameToken(Struct, frozen=True, kw_only=True):
    """`secret` is the password, or its digest with `nonce` and `created` (as it was written)."""

    username: str
    secret: Secret
    kind: PasswordKind
    nonce: bytes = b""
    created: str = ""


def username_token(header: tuple[Element, ...]) -> UsernameToken | None:
    """None if there is none.

    Raises Refused (not authenticated) for more than one, and for one that cannot be read; never says its content."""
    blocks = [block for block in header if block.tag == SECURITY]
    tokens = [token for block in blocks for token in block.iterchildren(f"{{{SECEXT}}}UsernameToken")]
    if not tokens:
        return None
    if len(blocks) > 1 or len(tokens) > 1:
        raise _refused("exactly one UsernameToken is taken")
    token = tokens[0]
    name, password = _only(token, SECEXT, "Username"), _only(token, SECEXT, "Password")
    kind = _kind(password)
    if kind is PasswordKind.TEXT:
        return UsernameToken(username=_text(name), secret=Secret(_text(password)), kind=kind)
    nonce, created = _only(token, SECEXT, "Nonce"), _only(token, UTILITY, "Created")
    try:
        raw = base64.b64decode(_text(nonce), validate=True)
    except (binascii.Error, ValueError):
        raise _refused("the Nonce is not base64") from None
    return UsernameToken(
        username=_text(name), secret=Secret(_text(password)), kind=kind, nonce=raw, created=_text(created)
    )


def _only(token: Element, namespace: str, name: str) -> Element:
    found = list(token.iterchildren(f"{{{namespace}}}{name}"))
    if len(found) != 1 or len(found[0]):
        raise _refused(f"the UsernameToken needs exactly one {name}")
    return found[0]


def _text(element: Element) -> str:
    text = element.text or ""
    if len(text) > _LONGEST:
        raise _refused("a part of the UsernameToken is too long")
    return text


def _kind(password: Element) -> PasswordKind:
    written = (password.get("Type") or PROFILE + PasswordKind.TEXT.value).strip()
    for kind in PasswordKind:
        if written in (PROFILE + kind.value, kind.value):
            return kind
    raise _refused("a Password of unknown type")


def _refused(reason: str) -> Refused:
    return Refused(reason, authenticated=False)


def digest(password: Secret, nonce: bytes, created: str) -> str:
    """SHA-1 is what the profile says; it protects a password only inside TLS."""
    mixed = nonce + created.encode() + password.value.encode()
    return base64.b64encode(hashlib.sha1(mixed).digest()).decode()  # noqa: S324


class DigestGuard:
    """Checks digests: the right password, made just now, never seen before."""

    def __init__(self, cache: Cache, clock: Clock, *, skew_s: float = _SKEW_S) -> None:
        self._cache = cache
        self._clock = clock
        self._skew_s = skew_s

    async def check(self, token: UsernameToken, password: Secret) -> None:
        """Raises Refused (not authenticated). The password is checked first, so that a stranger cannot use up nonces.

        A cache out of reach lets a repetition pass within the time in which its creation is believed."""
        if token.kind is not PasswordKind.DIGEST:
            raise _refused("not a PasswordDigest")
        expected = digest(password, token.nonce, token.created)
        right = hmac.compare_digest(expected.encode(), token.secret.value.encode())
        if not right or not token.nonce or not self._is_fresh(token.created):
            raise _refused("the login failed")
        used = hashlib.sha256(token.nonce).hexdigest()
        key = f"soap/nonce/{hashlib.sha256(token.username.encode()).hexdigest()}/{used}"
        if not await self._cache.first(key, 2 * self._skew_s):
            raise _refused("the login failed")

    def _is_fresh(self, created: str) -> bool:
        try:
            moment = datetime.fromisoformat(created)
        except ValueError:
            return False
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return abs(self._clock.now() - moment) <= timedelta(seconds=self._skew_s)


def security_header(
    username: str, password: Secret, *, version: Version = SOAP_11, digest_at: datetime | None = None
) -> bytes:
    """The block for a call of ours; with `digest_at` (now) the password goes as a digest."""
    more = ""
    secret, kind = password.value, PasswordKind.TEXT
    if digest_at is not None:
        nonce = secrets.token_bytes(16)
        created = digest_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        secret, kind = digest(password, nonce, created), PasswordKind.DIGEST
        more = (
            f"<wsse:Nonce>{base64.b64encode(nonce).decode()}</wsse:Nonce>"
            f'<wsu:Created xmlns:wsu="{UTILITY}">{created}</wsu:Created>'
        )
    text = (
        f'<wsse:Security xmlns:wsse="{SECEXT}" xmlns:e="{version.namespace}" e:mustUnderstand="1">'
        f"<wsse:UsernameToken><wsse:Username>{escape(username)}</wsse:Username>"
        f'<wsse:Password Type="{PROFILE}{kind.value}">{escape(secret)}</wsse:Password>{more}'
        "</wsse:UsernameToken></wsse:Security>"
    )
    return text.encode("ascii", "xmlcharrefreplace")
