"""Tokens and real-time authorisation. Source: OCPI 2.3.0, mod_tokens."""

from msgspec import UNSET, UnsetType

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.locations import DisplayText
from protocols.ocpi.wire.types import CiString2, CiString3, CiString36, Code, DateTime, OpenEnum, String2, String64


class AllowedType(Code):
    """Source: OCPI 2.3.0, mod_tokens, AllowedType enum."""

    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    NO_CREDIT = "NO_CREDIT"
    NOT_ALLOWED = "NOT_ALLOWED"


class WhitelistType(Code):
    """Source: OCPI 2.3.0, mod_tokens, WhitelistType enum."""

    ALWAYS = "ALWAYS"
    ALLOWED = "ALLOWED"
    ALLOWED_OFFLINE = "ALLOWED_OFFLINE"
    NEVER = "NEVER"


class ProfileType(Code):
    """Source: OCPI 2.3.0, mod_sessions, ProfileType enum."""

    CHEAP = "CHEAP"
    FAST = "FAST"
    GREEN = "GREEN"
    REGULAR = "REGULAR"


class EnergyContract(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_tokens, EnergyContract class."""

    supplier_name: String64
    contract_id: String64 | None = None


class Token(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_tokens, Token object."""

    country_code: CiString2
    party_id: CiString3
    uid: CiString36
    type: OpenEnum
    contract_id: CiString36
    visual_number: String64 | None = None
    issuer: String64
    group_id: CiString36 | None = None
    valid: bool
    whitelist: WhitelistType
    language: String2 | None = None
    default_profile_type: ProfileType | None = None
    energy_contract: EnergyContract | None = None
    last_updated: DateTime


class TokenPatch(Wire, frozen=True, kw_only=True):
    """What changes of a token; null counts as not mentioned. Source: OCPI 2.3.0, mod_tokens, PATCH method."""

    country_code: CiString2 | UnsetType = UNSET
    party_id: CiString3 | UnsetType = UNSET
    uid: CiString36 | UnsetType = UNSET
    type: OpenEnum | UnsetType = UNSET
    contract_id: CiString36 | UnsetType = UNSET
    visual_number: String64 | UnsetType | None = UNSET
    issuer: String64 | UnsetType = UNSET
    group_id: CiString36 | UnsetType | None = UNSET
    valid: bool | UnsetType = UNSET
    whitelist: WhitelistType | UnsetType = UNSET
    language: String2 | UnsetType | None = UNSET
    default_profile_type: ProfileType | UnsetType | None = UNSET
    energy_contract: EnergyContract | UnsetType | None = UNSET
    last_updated: DateTime


class LocationReferences(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_tokens, LocationReferences class."""

    location_id: CiString36
    evse_uids: tuple[CiString36, ...] | None = ()


class AuthorizationInfo(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_tokens, AuthorizationInfo object."""

    allowed: AllowedType
    token: Token
    location: LocationReferences | None = None
    authorization_reference: CiString36 | None = None
    info: DisplayText | None = None
