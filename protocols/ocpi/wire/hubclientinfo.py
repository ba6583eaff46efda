"""Source: OCPI 2.3.0, mod_hub_client_info."""

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.credentials import Role
from protocols.ocpi.wire.types import CiString2, CiString3, Code, DateTime


class ConnectionStatus(Code):
    """Source: OCPI 2.3.0, mod_hub_client_info, ConnectionStatus enum."""

    CONNECTED = "CONNECTED"
    OFFLINE = "OFFLINE"
    PLANNED = "PLANNED"
    SUSPENDED = "SUSPENDED"


class ClientInfo(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_hub_client_info, ClientInfo object."""

    party_id: CiString3
    country_code: CiString2
    role: Role
    status: ConnectionStatus
    last_updated: DateTime


class HubInfo(ClientInfo, frozen=True, kw_only=True):
    """A ClientInfo of another hub, for whose role 2.3.0 has no word: `role` is OTHER."""
