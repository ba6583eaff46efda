"""Parties and their roles <-> ours. Source: OCPI 2.3.0, credentials, mod_hub_client_info."""

from typing import Final

from core.errors import Unsupported
from core.model.ids import PartyId
from core.model.partner import PartnerState, PartyBehind, PartyRole, PartyStatus, Role
from mappings.ocpi.common import business_from_ocpi, business_to_ocpi, part, parts, time_from_ocpi, time_to_ocpi
from mappings.ocpi.ids import party_in
from mappings.tables import CodeTable, same
from protocols.ocpi.wire import credentials as wire
from protocols.ocpi.wire.hubclientinfo import ClientInfo, ConnectionStatus, HubInfo
from protocols.ocpi.wire.locations import BusinessDetails

ROLE: Final = CodeTable(
    both={
        wire.Role.CPO: Role.CPO,
        wire.Role.EMSP: Role.EMSP,
        wire.Role.NAP: Role.NAP,
        wire.Role.NSP: Role.NSP,
        wire.Role.OTHER: Role.OTHER,
        wire.Role.SCSP: Role.SCSP,
        wire.Role.PTP: Role.PTP,
    },
    unsent={Role.HUB: "a hub says that it is one by hub_party_id"},
)
CONNECTION_STATUS: Final = same(ConnectionStatus, PartnerState)


def role_from_ocpi(role: wire.CredentialsRole) -> PartyRole:
    """`spelling` is set where the partner does not write its id in capitals."""
    party = party_in(role.country_code, role.party_id, {})
    spelling = f"{role.country_code}*{role.party_id}"
    return PartyRole(
        role=ROLE.to_core(role.role),
        party=party,
        business=part(business_from_ocpi, role.business_details, "business_details"),
        spelling=spelling if spelling != str(party) else None,
    )


def role_word(role: Role, *, payments: bool) -> wire.Role:
    """`payments`: the reader has the module that PTP is a role of; to others it is OTHER.

    Raises Unsupported for the role HUB."""
    word = ROLE.wire_for(role)
    if word is None:
        raise Unsupported("OCPI 2.3.0 has no role HUB")
    return wire.Role.OTHER if word is wire.Role.PTP and not payments else word


def role_to_ocpi(role: PartyRole, *, payments: bool = False) -> wire.CredentialsRole:
    """A party without business details is named by its id. Raises Unsupported for the role HUB."""
    word = role_word(role.role, payments=payments)
    country_code, party_id = spelled(role)
    return wire.CredentialsRole(
        role=word, business_details=business_of(role), party_id=party_id, country_code=country_code
    )


def business_of(role: PartyRole) -> BusinessDetails:
    return business_to_ocpi(role.business) if role.business else BusinessDetails(name=str(role.party))


def spelled(role: PartyRole) -> tuple[str, str]:
    """Country code and party id as the party itself writes them."""
    text = role.spelling
    if text and len(text) == 6 and text[2] == "*" and text.upper() == str(role.party):
        return text[:2], text[3:]
    return role.party.country_code, role.party.party_id


def roles_from_ocpi(credentials: wire.Credentials) -> tuple[PartyRole, ...]:
    """All roles of a platform; a hub adds itself with the role HUB. Raises Invalid with the path."""
    roles = parts(role_from_ocpi, credentials.roles, "roles")
    if credentials.hub_party_id is not None:
        hub = PartyId.parse(credentials.hub_party_id, "$.hub_party_id")
        roles += (PartyRole(role=Role.HUB, party=hub),)
    return roles


def party_status_from_ocpi(info: ClientInfo) -> PartyStatus:
    return PartyStatus(
        party=party_in(info.country_code, info.party_id, {}),
        role=Role.HUB if isinstance(info, HubInfo) else ROLE.to_core(info.role),
        state=CONNECTION_STATUS.to_core(info.status),
        updated_at=time_from_ocpi(info.last_updated, "$.last_updated"),
    )


def party_status_to_ocpi(status: PartyStatus, *, payments: bool = False) -> ClientInfo:
    """A hub is a HubInfo, which versions that know the role tell as what it is."""
    is_hub = status.role is Role.HUB
    wire_type = HubInfo if is_hub else ClientInfo
    return wire_type(
        party_id=status.party.party_id,
        country_code=status.party.country_code,
        role=wire.Role.OTHER if is_hub else role_word(status.role, payments=payments),
        status=CONNECTION_STATUS.to_wire(status.state),
        last_updated=time_to_ocpi(status.updated_at),
    )


def party_behind_from_ocpi(info: ClientInfo) -> PartyBehind:
    """What another hub says of a party that is reached through it."""
    status = party_status_from_ocpi(info)
    return PartyBehind(
        role=PartyRole(role=status.role, party=status.party), state=status.state, updated_at=status.updated_at
    )
