"""What OCPI 2.1.1 writes otherwise than 2.3.0. What only lacks fields of 2.3.0 is read and written by its types.

Objects name no owner: a connection belongs to one party. Ids of places may be longer there (39). Locations:
`v2_1_1_locations`. Sources: OCPI 2.1.1, version_information_endpoint, credentials, mod_sessions, mod_cdrs, mod_tariffs,
mod_tokens, mod_commands."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.credentials import CredentialsToken
from protocols.ocpi.wire.locations import (
    BusinessDetails,
    DisplayText,
)
from protocols.ocpi.wire.sessions import AuthMethod, SessionStatus
from protocols.ocpi.wire.tariffs import TariffElement
from protocols.ocpi.wire.tokens import AllowedType, WhitelistType
from protocols.ocpi.wire.types import (
    CdrDateTime,
    CiString2,
    CiString3,
    CiString36,
    CiString39,
    Code,
    DateTime,
    Number,
    OpenEnum,
    String2,
    String3,
    String64,
    String255,
    Url,
)
from protocols.ocpi.wire.v2_1_1_locations import EnergyMix, Location

TOKEN_TYPES = frozenset({"OTHER", "RFID"})


class CdrDimensionType(Code):
    """Source: OCPI 2.1.1, mod_cdrs, CdrDimensionType enum."""

    ENERGY = "ENERGY"
    FLAT = "FLAT"
    MAX_CURRENT = "MAX_CURRENT"
    MIN_CURRENT = "MIN_CURRENT"
    PARKING_TIME = "PARKING_TIME"
    TIME = "TIME"


class CommandResponseType(Code):
    """Source: OCPI 2.1.1, mod_commands, CommandResponseType enum."""

    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    ACCEPTED = "ACCEPTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


# --- versions and credentials


class Endpoint(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, version_information_endpoint, Endpoint class."""

    identifier: OpenEnum
    url: Url


class VersionDetails(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, version_information_endpoint, version details."""

    version: OpenEnum
    endpoints: Annotated[tuple[Endpoint, ...], Meta(min_length=1)]


class Credentials(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, credentials, Credentials object."""

    token: CredentialsToken
    url: Url
    business_details: BusinessDetails
    party_id: CiString3
    country_code: CiString2

    def __repr__(self) -> str:
        return f"Credentials(url={self.url!r}, country_code={self.country_code!r}, party_id={self.party_id!r})"


# --- tokens


class Token(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_tokens, Token object."""

    uid: CiString36
    type: OpenEnum
    auth_id: CiString36
    visual_number: String64 | None = None
    issuer: String64
    valid: bool
    whitelist: WhitelistType
    language: String2 | None = None
    last_updated: DateTime


class TokenPatch(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_tokens, PATCH method."""

    uid: CiString36 | UnsetType = UNSET
    type: OpenEnum | UnsetType = UNSET
    auth_id: CiString36 | UnsetType = UNSET
    visual_number: String64 | UnsetType | None = UNSET
    issuer: String64 | UnsetType = UNSET
    valid: bool | UnsetType = UNSET
    whitelist: WhitelistType | UnsetType = UNSET
    language: String2 | UnsetType | None = UNSET
    last_updated: DateTime | UnsetType = UNSET


class LocationReferences(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_tokens, LocationReferences class."""

    location_id: CiString39
    evse_uids: tuple[CiString39, ...] | None = ()
    connector_ids: tuple[CiString36, ...] | None = ()


class AuthorizationInfo(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_tokens, AuthorizationInfo object."""

    allowed: AllowedType
    location: LocationReferences | None = None
    info: DisplayText | None = None


# --- tariffs


class Tariff(Wire, frozen=True, kw_only=True):
    """Prices are without VAT. Source: OCPI 2.1.1, mod_tariffs, Tariff object."""

    id: CiString36
    currency: String3
    tariff_alt_text: tuple[DisplayText, ...] | None = ()
    tariff_alt_url: Url | None = None
    elements: Annotated[tuple[TariffElement, ...], Meta(min_length=1)]
    energy_mix: EnergyMix | None = None
    last_updated: DateTime


class TariffPatch(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_tariffs, PATCH method."""

    id: CiString36 | UnsetType = UNSET
    currency: String3 | UnsetType = UNSET
    tariff_alt_text: tuple[DisplayText, ...] | UnsetType | None = UNSET
    tariff_alt_url: Url | UnsetType | None = UNSET
    elements: Annotated[tuple[TariffElement, ...], Meta(min_length=1)] | UnsetType = UNSET
    energy_mix: EnergyMix | UnsetType | None = UNSET
    last_updated: DateTime | UnsetType = UNSET


# --- sessions and CDRs


class CdrDimension(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_cdrs, CdrDimension class."""

    type: CdrDimensionType
    volume: Number


class ChargingPeriod(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_cdrs, ChargingPeriod class."""

    start_date_time: CdrDateTime
    dimensions: Annotated[tuple[CdrDimension, ...], Meta(min_length=1)]


class Session(Wire, frozen=True, kw_only=True):
    """`location` holds the one EVSE and connector. Source: OCPI 2.1.1, mod_sessions, Session object."""

    id: CiString36
    start_datetime: DateTime
    end_datetime: DateTime | None = None
    kwh: Number
    auth_id: CiString36
    auth_method: AuthMethod
    location: Location
    meter_id: String255 | None = None
    currency: String3
    charging_periods: tuple[ChargingPeriod, ...] | None = ()
    total_cost: Number | None = None
    status: SessionStatus
    last_updated: DateTime


class SessionPatch(Wire, frozen=True, kw_only=True):
    """Periods are the whole list. Source: OCPI 2.1.1, mod_sessions, PATCH method."""

    id: CiString36 | UnsetType = UNSET
    start_datetime: DateTime | UnsetType = UNSET
    end_datetime: DateTime | UnsetType | None = UNSET
    kwh: Number | UnsetType = UNSET
    auth_id: CiString36 | UnsetType = UNSET
    auth_method: AuthMethod | UnsetType = UNSET
    location: Location | UnsetType = UNSET
    meter_id: String255 | UnsetType | None = UNSET
    currency: String3 | UnsetType = UNSET
    charging_periods: tuple[ChargingPeriod, ...] | UnsetType | None = UNSET
    total_cost: Number | UnsetType | None = UNSET
    status: SessionStatus | UnsetType = UNSET
    last_updated: DateTime | UnsetType = UNSET


class Cdr(Wire, frozen=True, kw_only=True):
    """Energy in kWh, times in hours, cost without VAT. Source: OCPI 2.1.1, mod_cdrs, CDR object."""

    id: CiString36
    start_date_time: CdrDateTime
    stop_date_time: CdrDateTime
    auth_id: CiString36
    auth_method: AuthMethod
    location: Location
    meter_id: String255 | None = None
    currency: String3
    tariffs: tuple[Tariff, ...] | None = ()
    charging_periods: Annotated[tuple[ChargingPeriod, ...], Meta(min_length=1)]
    total_cost: Number
    total_energy: Number
    total_time: Number
    total_parking_time: Number | None = None
    remark: String255 | None = None
    last_updated: DateTime


# --- commands


class StartSession(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_commands, StartSession object."""

    response_url: Url
    token: Token
    location_id: CiString39
    evse_uid: CiString39 | None = None


class ReserveNow(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_commands, ReserveNow object."""

    response_url: Url
    token: Token
    expiry_date: DateTime
    reservation_id: int
    location_id: CiString39
    evse_uid: CiString39 | None = None


class CommandResponse(Wire, frozen=True, kw_only=True):
    """The answer at once, and the result that is sent later. Source: OCPI 2.1.1, mod_commands, CommandResponse."""

    result: CommandResponseType


CommandAnswer = CommandResponse | CommandResponseType
"""Early texts had the bare word, which some partners still write."""
