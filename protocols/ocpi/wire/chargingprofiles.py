"""Charging profiles, their answers and results. Source: OCPI 2.3.0, mod_charging_profiles."""

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.types import Code, DateTime, Number, Url


class ChargingRateUnit(Code):
    """W: in total, A: for each phase. Source: OCPI 2.3.0, mod_charging_profiles, ChargingRateUnit enum."""

    W = "W"
    A = "A"


class ChargingProfileResponseType(Code):
    """Source: OCPI 2.3.0, mod_charging_profiles, ChargingProfileResponseType enum."""

    ACCEPTED = "ACCEPTED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TOO_OFTEN = "TOO_OFTEN"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class ChargingProfileResultType(Code):
    """Source: OCPI 2.3.0, mod_charging_profiles, ChargingProfileResultType enum."""

    ACCEPTED = "ACCEPTED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


class ChargingProfilePeriod(Wire, frozen=True, kw_only=True):
    """`start_period` in seconds from the start of the profile, `limit` in its unit. Source: OCPI 2.3.0,
    mod_charging_profiles, ChargingProfilePeriod class."""

    start_period: int
    limit: Number


class ChargingProfile(Wire, frozen=True, kw_only=True):
    """Without `start_date_time` it is relative to the start of charging; `duration` in seconds. Source: OCPI 2.3.0,
    mod_charging_profiles, ChargingProfile class."""

    start_date_time: DateTime | None = None
    duration: int | None = None
    charging_rate_unit: ChargingRateUnit
    min_charging_rate: Number | None = None
    charging_profile_period: tuple[ChargingProfilePeriod, ...] | None = ()


class SetChargingProfile(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_charging_profiles, SetChargingProfile object."""

    charging_profile: ChargingProfile
    response_url: Url


class ActiveChargingProfile(Wire, frozen=True, kw_only=True):
    """All its offsets count from `start_date_time`. Source: OCPI 2.3.0, mod_charging_profiles, ActiveChargingProfile
    object."""

    start_date_time: DateTime
    charging_profile: ChargingProfile


class ChargingProfileResponse(Wire, frozen=True, kw_only=True):
    """The answer at once; `timeout` in seconds. Source: OCPI 2.3.0, mod_charging_profiles, ChargingProfileResponse
    object."""

    result: ChargingProfileResponseType
    timeout: int


class ActiveChargingProfileResult(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_charging_profiles, ActiveChargingProfileResult object."""

    result: ChargingProfileResultType
    profile: ActiveChargingProfile | None = None


class ChargingProfileResult(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_charging_profiles, ChargingProfileResult object."""

    result: ChargingProfileResultType


class ClearProfileResult(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_charging_profiles, ClearProfileResult object."""

    result: ChargingProfileResultType
