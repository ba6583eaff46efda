"""Sessions, and the pieces that they share with CDRs. Source: OCPI 2.3.0, mod_sessions and mod_cdrs."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.tokens import ProfileType
from protocols.ocpi.wire.types import (
    CdrDateTime,
    CiString2,
    CiString3,
    CiString36,
    Code,
    DateTime,
    Number,
    OpenEnum,
    String3,
    String255,
)


class SessionStatus(Code):
    """Source: OCPI 2.3.0, mod_sessions, SessionStatus enum."""

    ACTIVE = "ACTIVE"
    COMPLETED = "COMPLETED"
    INVALID = "INVALID"
    PENDING = "PENDING"
    RESERVATION = "RESERVATION"


class AuthMethod(Code):
    """Source: OCPI 2.3.0, mod_cdrs, AuthMethod enum."""

    AUTH_REQUEST = "AUTH_REQUEST"
    COMMAND = "COMMAND"
    WHITELIST = "WHITELIST"


class CdrDimensionType(Code):
    """The last two belong to bookings. Source: OCPI 2.3.0, mod_cdrs, CdrDimensionType enum."""

    CURRENT = "CURRENT"
    ENERGY = "ENERGY"
    ENERGY_EXPORT = "ENERGY_EXPORT"
    ENERGY_IMPORT = "ENERGY_IMPORT"
    MAX_CURRENT = "MAX_CURRENT"
    MIN_CURRENT = "MIN_CURRENT"
    MAX_POWER = "MAX_POWER"
    MIN_POWER = "MIN_POWER"
    PARKING_TIME = "PARKING_TIME"
    POWER = "POWER"
    RESERVATION_TIME = "RESERVATION_TIME"
    STATE_OF_CHARGE = "STATE_OF_CHARGE"
    TIME = "TIME"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"
    RESERVATION_OVERTIME = "RESERVATION_OVERTIME"


class ChargingPreferencesResponse(Code):
    """Source: OCPI 2.3.0, mod_sessions, ChargingPreferencesResponse enum."""

    ACCEPTED = "ACCEPTED"
    DEPARTURE_REQUIRED = "DEPARTURE_REQUIRED"
    ENERGY_NEED_REQUIRED = "ENERGY_NEED_REQUIRED"
    NOT_POSSIBLE = "NOT_POSSIBLE"
    PROFILE_TYPE_NOT_SUPPORTED = "PROFILE_TYPE_NOT_SUPPORTED"


class TaxAmount(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, types, TaxAmount class."""

    name: str
    account_number: str | None = None
    percentage: Number | None = None
    amount: Number


class Price(Wire, frozen=True, kw_only=True):
    """`taxes` is left out where nothing is said of them. Source: OCPI 2.3.0, types, Price class."""

    before_taxes: Number
    taxes: tuple[TaxAmount, ...] | None = None


class CdrToken(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_cdrs, CdrToken class."""

    country_code: CiString2
    party_id: CiString3
    uid: CiString36
    type: OpenEnum
    contract_id: CiString36


class CdrDimension(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_cdrs, CdrDimension class."""

    type: CdrDimensionType
    volume: Number


class ChargingPeriod(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_cdrs, ChargingPeriod class."""

    start_date_time: CdrDateTime
    dimensions: Annotated[tuple[CdrDimension, ...], Meta(min_length=1)]
    tariff_id: CiString36 | None = None


class Session(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_sessions, Session object."""

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    start_date_time: DateTime
    end_date_time: DateTime | None = None
    kwh: Number
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    location_id: CiString36
    evse_uid: CiString36
    connector_id: CiString36
    meter_id: String255 | None = None
    currency: String3
    charging_periods: tuple[ChargingPeriod, ...] | None = ()
    total_cost: Price | None = None
    status: SessionStatus
    last_updated: DateTime


class SessionPatch(Wire, frozen=True, kw_only=True):
    """What changes of a session; periods are added to those known, null counts as not mentioned.

    Source: OCPI 2.3.0, mod_sessions, PATCH method."""

    country_code: CiString2 | UnsetType = UNSET
    party_id: CiString3 | UnsetType = UNSET
    id: CiString36 | UnsetType = UNSET
    start_date_time: DateTime | UnsetType = UNSET
    end_date_time: DateTime | UnsetType | None = UNSET
    kwh: Number | UnsetType = UNSET
    cdr_token: CdrToken | UnsetType = UNSET
    auth_method: AuthMethod | UnsetType = UNSET
    authorization_reference: CiString36 | UnsetType | None = UNSET
    location_id: CiString36 | UnsetType = UNSET
    evse_uid: CiString36 | UnsetType = UNSET
    connector_id: CiString36 | UnsetType = UNSET
    meter_id: String255 | UnsetType | None = UNSET
    currency: String3 | UnsetType = UNSET
    charging_periods: tuple[ChargingPeriod, ...] | UnsetType | None = UNSET
    total_cost: Price | UnsetType | None = UNSET
    status: SessionStatus | UnsetType = UNSET
    last_updated: DateTime


class ChargingPreferences(Wire, frozen=True, kw_only=True):
    """Energy in kWh. Source: OCPI 2.3.0, mod_sessions, ChargingPreferences object."""

    profile_type: ProfileType
    departure_time: DateTime | None = None
    energy_need: Number | None = None
    discharge_allowed: bool | None = None
