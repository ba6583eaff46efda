"""Version details and credentials. Source: OCPI 2.1.1 and 2.3.0, version_information_endpoint, credentials."""

from typing import Final

from core.errors import Invalid
from core.model.partner import PartyRole, Role
from mappings.ocpi.forms import About, Unsayable, retyped
from mappings.ocpi.parties import ROLE, business_of, spelled
from protocols.ocpi.wire import credentials, versions
from protocols.ocpi.wire import v2_1_1 as wire
from protocols.ocpi.wire.versions import InterfaceRole

SENDER, RECEIVER = InterfaceRole.SENDER, InterfaceRole.RECEIVER
_OF_CPO: Final = {
    "credentials": SENDER,
    "locations": SENDER,
    "sessions": SENDER,
    "cdrs": SENDER,
    "tariffs": SENDER,
    "tokens": RECEIVER,
    "commands": RECEIVER,
}
_OF_EMSP: Final = {
    module: SENDER if role is RECEIVER or module == "credentials" else RECEIVER for module, role in _OF_CPO.items()
}
INTERFACES: Final = {Role.CPO: _OF_CPO, Role.EMSP: _OF_EMSP}
"""What a platform of this side serves; the hub is the other side of each connection."""
OPPOSITE: Final = {Role.CPO: Role.EMSP, Role.EMSP: Role.CPO}


def party_of(about: About) -> PartyRole:
    """The party whose connection it is. Raises Unsayable where it is neither CPO nor eMSP."""
    if about.partner is None:
        raise Unsayable("OCPI 2.1.1 connects one CPO or one eMSP, and this partner is neither")
    return about.partner


def details_newer(details: wire.VersionDetails, about: About) -> versions.VersionDetails:
    """The side of the partner says in which role it serves a module; modules that it should not have are left out."""
    interfaces = INTERFACES[party_of(about).role]
    endpoints = tuple(
        versions.Endpoint(identifier=found.identifier, role=interfaces[found.identifier], url=found.url)
        for found in details.endpoints
        if found.identifier in interfaces
    )
    return retyped(details, versions.VersionDetails, endpoints=endpoints)


def details_older(details: versions.VersionDetails, about: About) -> wire.VersionDetails:
    """What the hub is to this partner: an eMSP to a CPO, and the other way round."""
    interfaces = INTERFACES[OPPOSITE[party_of(about).role]]
    endpoints = tuple(
        wire.Endpoint(identifier=held.identifier, url=held.url)
        for held in details.endpoints
        if interfaces.get(held.identifier) is held.role
    )
    return wire.VersionDetails(version=details.version, endpoints=endpoints)


def credentials_newer(message: wire.Credentials, about: About) -> credentials.Credentials:
    """Raises Invalid where nobody has said on which side this partner is."""
    if about.partner is None:
        raise Invalid("$", "OCPI 2.1.1 does not say who is CPO or eMSP: the operator of the hub has to")
    role = credentials.CredentialsRole(
        role=ROLE.to_wire(about.partner.role),
        business_details=message.business_details,
        party_id=message.party_id,
        country_code=message.country_code,
    )
    return retyped(message, credentials.Credentials, roles=(role,))


def credentials_older(message: credentials.Credentials, about: About) -> wire.Credentials:
    """The hub, as if it were the only party."""
    if about.hub is None:
        raise Unsayable("OCPI 2.1.1 names the hub itself in its credentials")
    country_code, party_id = spelled(about.hub)
    return wire.Credentials(
        token=message.token,
        url=message.url,
        business_details=business_of(about.hub),
        party_id=party_id,
        country_code=country_code,
    )
