"""Who calls: an API key, or a client certificate that a trusted proxy has verified; and in whose name.

Before anything else the id in the path must be one that the caller's credentials are bound to (017); then it must be
registered (300) and its partner not locked (017). Source: OICP 2.3, Communication Paradigms, Security.
"""

from collections.abc import Mapping

from core.errors import Invalid, Refused, Unknown
from core.model.ids import PartyId
from core.model.partner import CredentialKind, Partner, PartnerState, Role
from protocols.oicp.codes import NO_PARTNER, UNAUTHORIZED, Negative
from protocols.oicp.settings import OicpSettings, settings_of
from protocols.plugin import Hub
from protocols.transport.certificates import client_certificate, is_trusted_proxy

PROTOCOL = "oicp"


async def authenticate(hub: Hub, headers: Mapping[bytes, bytes], peer: str | None) -> Partner:
    """The partner of the certificate, else of the key. Raises Negative 017. Locked partners are told apart later."""
    certificate = headers.get(b"client-cert")
    if certificate is not None and is_trusted_proxy(peer, hub.trusted_proxies):
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
    certificate = client_certificate(header.decode("latin-1"))
    if certificate is None or not certificate.valid_at(hub.clock.now()):
        raise Negative(UNAUTHORIZED, "not a valid client certificate")
    for partner in await hub.partners.all():
        if partner.protocol == PROTOCOL and certificate.fingerprint in settings_of(partner).certificates:
            return partner
    raise Negative(UNAUTHORIZED, "a client certificate that no partner is bound to")
