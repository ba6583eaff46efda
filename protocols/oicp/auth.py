"""Who calls: an API key, or a client certificate that a trusted proxy has verified; and in whose name.

Before anything else the id in the path must be one that the caller's credentials are bound to (017); then it must be
registered (300) and its partner not locked (017). Source: OICP 2.3, Communication Paradigms, Security.
"""

import base64
import binascii
import hashlib
import ipaddress
from collections.abc import Mapping
from functools import lru_cache

from cryptography import x509

from core.errors import Invalid, Refused, Unknown
from core.model.ids import PartyId
from core.model.partner import CredentialKind, Partner, PartnerState, Role
from protocols.oicp.codes import NO_PARTNER, UNAUTHORIZED, Negative
from protocols.oicp.settings import OicpSettings, settings_of
from protocols.plugin import Hub

PROTOCOL = "oicp"


async def authenticate(hub: Hub, headers: Mapping[bytes, bytes], peer: str | None) -> Partner:
    """The partner of the certificate, else of the key. Raises Negative 017. Locked partners are told apart later."""
    certificate = headers.get(b"client-cert")
    if certificate is not None and _trusted(hub, peer):
        return await _by_certificate(hub, certificate)
    scheme, _, key = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise Negative(UNAUTHORIZED, "no client certificate and no API key")
    found = await hub.credentials.partner_by_secret(key.strip())
    if found is None or found[1] is not CredentialKind.INBOUND:
        raise Negative(UNAUTHORIZED, "unknown credentials")
    return await _partner(hub, found[0])


def acting_as(partner: Partner, settings: OicpSettings, text: str, role: Role) -> PartyId:
    """The party that the id in the path names. Raises Negative 017, 300, 017 in the order of the specification."""
    party = bound_party(partner, settings, text, role)
    if not partner.speaks_for(party, role):
        raise Negative(NO_PARTNER, f"{text} is not registered")
    if partner.state is PartnerState.SUSPENDED:
        raise Negative(UNAUTHORIZED, "the partner is locked")
    return party


def bound_party(partner: Partner, settings: OicpSettings, text: str, role: Role) -> PartyId:
    """Raises Negative 017 unless the credentials are bound to this id in this role; sub ids are not."""
    try:
        party = PartyId.parse(text)
    except Invalid as error:
        raise Negative(UNAUTHORIZED, f"{text!r} is no id of the caller") from error
    if not partner.speaks_for(party, role) and settings.bound(role) != party:
        raise Negative(UNAUTHORIZED, f"{text!r} is no id of the caller")
    return party


async def _partner(hub: Hub, partner_id: str) -> Partner:
    try:
        partner = await hub.partners.get(partner_id)
    except (Unknown, Refused) as error:
        raise Negative(UNAUTHORIZED, "unknown credentials") from error
    if partner.protocol != PROTOCOL:
        raise Negative(UNAUTHORIZED, "credentials of another protocol")
    return partner


async def _by_certificate(hub: Hub, header: bytes) -> Partner:
    der = _der(header)
    if der is None or not _valid_at(der, hub):
        raise Negative(UNAUTHORIZED, "not a valid client certificate")
    fingerprint = hashlib.sha256(der).hexdigest()
    for partner in await hub.partners.all():
        if partner.protocol == PROTOCOL and fingerprint in settings_of(partner).certificates:
            return partner
    raise Negative(UNAUTHORIZED, "a client certificate that no partner is bound to")


def _der(header: bytes) -> bytes | None:
    """Source: RFC 9440, Client-Cert: the DER form as a structured-field byte sequence, `:base64:`."""
    try:
        return base64.b64decode(header.strip().removeprefix(b":").removesuffix(b":"), validate=True) or None
    except binascii.Error:
        return None


def _valid_at(der: bytes, hub: Hub) -> bool:
    certificate = _certificate(der)
    if certificate is None:
        return False
    return certificate.not_valid_before_utc <= hub.clock.now() <= certificate.not_valid_after_utc


@lru_cache(maxsize=1024)
def _certificate(der: bytes) -> x509.Certificate | None:
    try:
        return x509.load_der_x509_certificate(der)
    except ValueError:
        return None


def _trusted(hub: Hub, peer: str | None) -> bool:
    """Whether the request comes from a proxy of ours: only then its header is more than a claim."""
    if not peer:
        return False
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    return any(address in network for network in hub.trusted_proxies)
