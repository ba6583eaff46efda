"""Who calls: an API key, or a client certificate that a trusted proxy has verified; and in whose name.

Source: checklist, 2.2, EMIP-ID-01 to EMIP-ID-07.
"""

from collections.abc import Mapping
from typing import Final

from core.errors import Invalid, Unknown
from core.model.ids import PartyId
from core.model.partner import CredentialKind, Partner, PartnerState, Role
from mappings.emip.ids import party_from_emip
from protocols.emip.codes import Detail, EmipFault
from protocols.emip.settings import EmipSettings, settings_of
from protocols.emip.wire.parts import Request
from protocols.emip.wire.words import IdType
from protocols.plugin import Hub
from protocols.transport.certificates import client_certificate, is_trusted_proxy

PROTOCOL: Final = "emip"


async def authenticate(hub: Hub, headers: Mapping[str, str], peer: str | None) -> Partner:
    """The partner of the certificate, else of the key. Raises EmipFault: 401, or 403 for a suspended partner."""
    certificate = headers.get("client-cert")
    if certificate is not None and is_trusted_proxy(peer, hub.trusted_proxies):
        partner = await _by_certificate(hub, certificate)
    else:
        partner = await _by_key(hub, headers.get("authorization", ""))
    if partner.state is PartnerState.SUSPENDED:
        raise EmipFault(Detail.FORBIDDEN, "the partner is suspended")
    return partner


def operation_of(partner: Partner, settings: EmipSettings, message: Request, roles: frozenset[Role]) -> PartyId:
    """The operation in whose name the partner speaks, if it is its own and may play one of `roles`.

    Raises EmipFault 403."""
    partner_id: str | None = message.partner_id
    if message.partner_id_type is IdType.GIREVE:
        partner_id = settings.meant(message.partner_id)
    if partner_id is None or not settings.is_partner_id(partner_id):
        raise EmipFault(Detail.FORBIDDEN, "partnerId is not that of the caller", "partnerId")
    operator_id: str | None = message.operator_id
    if message.operator_id_type is IdType.GIREVE:
        operator_id = settings.meant(message.operator_id)
    try:
        party = party_from_emip(operator_id or "")
    except Invalid:
        raise EmipFault(Detail.FORBIDDEN, "operatorId is no operation of the caller", "operatorId") from None
    if not partner.speaks_for(party):
        raise EmipFault(Detail.FORBIDDEN, "operatorId is no operation of the caller", "operatorId")
    if not any(partner.speaks_for(party, role) for role in roles):
        raise EmipFault(Detail.FORBIDDEN, "the operation's role does not allow this message", "operatorId")
    return party


async def _by_key(hub: Hub, header: str) -> Partner:
    scheme, _, key = header.partition(" ")
    if scheme.lower() != "bearer" or not key.strip():
        raise _unknown("no client certificate and no API key")
    found = await hub.credentials.partner_by_secret(key.strip())
    if found is None or found[1] is not CredentialKind.INBOUND:
        raise _unknown("unknown credentials")
    try:
        partner = await hub.partners.get(found[0])
    except Unknown:
        raise _unknown("unknown credentials") from None
    if partner.protocol != PROTOCOL:
        raise _unknown("unknown credentials")
    return partner


async def _by_certificate(hub: Hub, header: str) -> Partner:
    certificate = client_certificate(header)
    if certificate is None:
        raise _unknown("not a client certificate")
    if not certificate.valid_at(hub.clock.now()):
        raise _unknown("the client certificate is not valid now")
    for partner in await hub.partners.all():
        if partner.protocol == PROTOCOL and certificate.fingerprint in settings_of(partner).certificates:
            return partner
    raise _unknown("a client certificate that no partner is bound to")


def _unknown(why: str) -> EmipFault:
    return EmipFault(Detail.UNAUTHENTICATED, why)
