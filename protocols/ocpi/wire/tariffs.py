"""Tariffs. Source: OCPI 2.3.0, mod_tariffs."""

from typing import Annotated

from msgspec import Meta

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.locations import DisplayText, EnergyMix
from protocols.ocpi.wire.types import (
    CiString2,
    CiString3,
    CiString36,
    ClockTime,
    Code,
    Date,
    DateTime,
    Number,
    String3,
    Url,
)


class TariffType(Code):
    """Source: OCPI 2.3.0, mod_tariffs, TariffType enum."""

    AD_HOC_PAYMENT = "AD_HOC_PAYMENT"
    PROFILE_CHEAP = "PROFILE_CHEAP"
    PROFILE_FAST = "PROFILE_FAST"
    PROFILE_GREEN = "PROFILE_GREEN"
    REGULAR = "REGULAR"


class TariffDimensionType(Code):
    """Source: OCPI 2.3.0, mod_tariffs, TariffDimensionType enum."""

    ENERGY = "ENERGY"
    FLAT = "FLAT"
    PARKING_TIME = "PARKING_TIME"
    TIME = "TIME"


class TaxIncluded(Code):
    """Source: OCPI 2.3.0, mod_tariffs, TaxIncluded enum."""

    YES = "YES"
    NO = "NO"
    NOT_APPLICABLE = "N/A"


class ReservationRestrictionType(Code):
    """Source: OCPI 2.3.0, mod_tariffs, ReservationRestrictionType enum."""

    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"


class BookingRestrictionType(Code):
    """Source: OCPI 2.3.0 bookings 1.1, BookingRestrictionType enum."""

    BOOKING = "BOOKING"
    BOOKING_EXPIRES = "BOOKING_EXPIRES"
    BOOKING_CANCELLATION_FEES = "BOOKING_CANCELLATION_FEES"
    BOOKING_OVERTIME = "BOOKING_OVERTIME"


class DayOfWeek(Code):
    """Source: OCPI 2.3.0, mod_tariffs, DayOfWeek enum."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


class PriceLimit(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_tariffs, PriceLimit class."""

    before_taxes: Number
    after_taxes: Number | None = None


class PriceComponent(Wire, frozen=True, kw_only=True):
    """`step_size` in Wh or s. Source: OCPI 2.3.0, mod_tariffs, PriceComponent class."""

    type: TariffDimensionType
    price: Number
    vat: Number | None = None
    step_size: int


class TariffRestrictions(Wire, frozen=True, kw_only=True):
    """kWh, A, kW, s; times and dates are local. Source: OCPI 2.3.0, mod_tariffs, TariffRestrictions class."""

    start_time: ClockTime | None = None
    end_time: ClockTime | None = None
    start_date: Date | None = None
    end_date: Date | None = None
    min_kwh: Number | None = None
    max_kwh: Number | None = None
    min_current: Number | None = None
    max_current: Number | None = None
    min_power: Number | None = None
    max_power: Number | None = None
    min_duration: int | None = None
    max_duration: int | None = None
    day_of_week: tuple[DayOfWeek, ...] | None = ()
    reservation: ReservationRestrictionType | None = None
    booking: BookingRestrictionType | None = None


class TariffElement(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_tariffs, TariffElement class."""

    price_components: Annotated[tuple[PriceComponent, ...], Meta(min_length=1)]
    restrictions: TariffRestrictions | None = None


class Tariff(Wire, frozen=True, kw_only=True):
    """The order of the elements counts. Source: OCPI 2.3.0, mod_tariffs, Tariff object (and payments, bookings)."""

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    currency: String3
    type: TariffType | None = None
    tariff_alt_text: tuple[DisplayText, ...] | None = ()
    tariff_alt_url: Url | None = None
    min_price: PriceLimit | None = None
    max_price: PriceLimit | None = None
    preauthorize_amount: Number | None = None
    elements: Annotated[tuple[TariffElement, ...], Meta(min_length=1)]
    tax_included: TaxIncluded
    start_date_time: DateTime | None = None
    end_date_time: DateTime | None = None
    energy_mix: EnergyMix | None = None
    last_updated: DateTime
