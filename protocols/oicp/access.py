"""How the hub proves to an OICP partner who it is: a key, a client certificate, or both; kept with the secrets."""

import secrets
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.errors import Invalid
from protocols.transport.identity import TlsIdentity, tls_context


class Access(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`outbound_key` is sent as `Authorization: Bearer`; the others are PEM."""

    outbound_key: str | None = None
    outbound_certificate: str | None = None
    outbound_private_key: str | None = None
    trust_anchor: str | None = None

    @property
    def identity(self) -> TlsIdentity | None:
        if self.outbound_certificate is None and self.trust_anchor is None:
            return None
        return TlsIdentity(
            certificate=self.outbound_certificate,
            private_key=self.outbound_private_key,
            trust_anchor=self.trust_anchor,
        )

    def __repr__(self) -> str:
        return "Access(…)"


NOBODY: Final = Access()
_MEMBERS: Final = frozenset(field.name for field in msgspec.structs.fields(Access))
INBOUND_KEY: Final = "inbound_key"
MEMBERS: Final = _MEMBERS | {INBOUND_KEY}
SHORTEST_KEY: Final = 32


def inbound_key_from(document: Mapping[str, Any]) -> str:
    """The key by which the partner proves itself: one that was agreed on before, else a new one. Raises Invalid."""
    given = document.get(INBOUND_KEY)
    if given is None:
        return secrets.token_urlsafe(SHORTEST_KEY)
    if not isinstance(given, str) or len(given) < SHORTEST_KEY or not _is_visible(given):
        raise Invalid(f"$.{INBOUND_KEY}", f"{SHORTEST_KEY} or more visible ASCII characters are expected")
    return given


def access_from(document: Mapping[str, Any]) -> Access:
    """Raises Invalid naming the member that is wrong, and never its value."""
    given = {name: document[name] for name in _MEMBERS if document.get(name) is not None}
    for name, value in given.items():
        if not isinstance(value, str) or not value:
            raise Invalid(f"$.{name}", "a text is expected")
    if not _is_visible(given.get("outbound_key", "")):
        raise Invalid("$.outbound_key", "a key of visible ASCII characters is expected")
    access = Access(**given)
    if access.identity or access.outbound_private_key:
        tls_context(
            TlsIdentity(
                certificate=access.outbound_certificate,
                private_key=access.outbound_private_key,
                trust_anchor=access.trust_anchor,
            )
        )
    return access


def _is_visible(text: str) -> bool:
    return all(" " < character < "\x7f" for character in text)


def to_secret(access: Access) -> str | None:
    """As the credential store keeps it; None: nothing to keep."""
    return None if access == NOBODY else msgspec.json.encode(access).decode()


@lru_cache(maxsize=256)
def from_secret(text: str | None) -> Access:
    return NOBODY if text is None else msgspec.json.decode(text, type=Access)
