"""What a partner entry holds for OCPI, as JSON text in `Partner.settings`."""

from datetime import datetime
from functools import lru_cache
from typing import Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from core.errors import Invalid
from core.model.partner import Partner
from mappings.ocpi.forms import Switches
from protocols.ocpi.wire.versions import InterfaceRole

TokenEncoding = Literal["base64", "raw"]


class Interface(Struct, frozen=True):
    """One endpoint that the partner publishes."""

    module: str
    role: InterfaceRole
    url: str


class OcpiSettings(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`version`, `endpoints`, `remarks` (what was noticed, and hindered nothing) and `tokens_since` are of the last
    handshake.

    `allowed`: the parties that the operator added the partner for (`NLCPA`); empty: any that is free. `retries`: event
    kind -> attempts, where the partner wants another number than the rule. `list_without_to`: a list request without
    TO headers is answered as if it were addressed to the hub. `forward_cdrs`: the partner's CDRs are passed on while it
    waits, and not kept; it sends those again that were not taken. `hub_party_id`: the partner is a hub itself.
    `bookings_as`: how the partner knows that module. `unlocks`: its help desk may unlock connectors. `hosts`: if there
    are any, the URLs that it gives on the way may lead to them and to the hosts of its endpoints alone
    (`callbacks.example.com`, with a port that is not the usual one). `older`: what is chosen for a partner of an older
    version."""

    versions_url: str | None = None
    version: str | None = None
    endpoints: tuple[Interface, ...] = ()
    token_encoding: TokenEncoding = "base64"  # noqa: S105
    hub_party_id: str | None = None
    remarks: tuple[str, ...] = ()
    tokens_since: datetime | None = None
    allowed: tuple[str, ...] = ()
    retries: dict[str, int] = {}
    list_without_to: bool = False
    bookings_as: Literal["bookings", "Booking"] = "bookings"
    forward_cdrs: bool = False
    unlocks: bool = True
    hosts: tuple[str, ...] = ()
    older: Switches = Switches()

    def url(self, module: str, role: InterfaceRole) -> str | None:
        """Where the partner serves this interface."""
        return next((held.url for held in self.endpoints if held.module == module and held.role is role), None)

    def has(self, module: str) -> bool:
        return any(held.module == module for held in self.endpoints)

    def leads_home(self, url: str) -> bool:
        """Whether a URL that the partner gave may be called with the token that it gave."""
        published = [held.url for held in self.endpoints] + ([self.versions_url] if self.versions_url else [])
        here = _origin(url)
        if here is None or not self.hosts:
            return here is not None
        return here in map(_origin, published) or _authority(url) in map(str.lower, self.hosts)

    def check_home(self, url: str, path: str) -> str:
        """Raises Invalid for one that `leads_home` knows nothing of."""
        if not self.leads_home(url):
            raise Invalid(path, "leads to a host where none of the partner's endpoints is")
        return url


def _origin(url: str) -> tuple[str, str | None, int | None] | None:
    """None for what is no URL."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return None


def _authority(url: str) -> str:
    return urlsplit(url).netloc.lower()


@lru_cache(maxsize=1024)
def _read(text: str) -> OcpiSettings:
    return msgspec.json.decode(text, type=OcpiSettings)


def settings_of(partner: Partner) -> OcpiSettings:
    return _read(partner.settings)


def settings_text(settings: OcpiSettings) -> str:
    return msgspec.json.encode(settings).decode()


def settings_from(document: object) -> OcpiSettings:
    """The switches that an operator may set. Raises Invalid with the path."""
    try:
        return msgspec.convert(document, OcpiSettings)
    except msgspec.ValidationError as error:
        raise Invalid("$.ocpi", str(error)) from error
