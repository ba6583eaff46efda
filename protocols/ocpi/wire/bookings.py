"""Places that can be booked, and their bookings. Source: OCPI 2.3.0, mod_bookings 1.1."""

from typing import Annotated

from msgspec import Meta

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.locations import ConnectorFormat, EvsePosition, PowerType
from protocols.ocpi.wire.types import CiString2, CiString3, CiString36, Code, DateTime, Number, OpenEnum, Url


class ReservationStatus(Code):
    """Source: OCPI 2.3.0, mod_bookings, ReservationStatus enum."""

    PENDING = "PENDING"
    RESERVED = "RESERVED"
    CANCELED = "CANCELED"
    FAILED = "FAILED"
    NO_SHOW = "NO_SHOW"
    FULFILLED = "FULFILLED"
    REJECTED = "REJECTED"
    UNKNOWN = "UNKNOWN"


class ReservationRequestStatus(Code):
    """Source: OCPI 2.3.0, mod_bookings, ReservationRequestStatus enum."""

    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    FAILED = "FAILED"


class AccessMethod(Code):
    """Source: OCPI 2.3.0, mod_bookings, AccessMethod enum."""

    OPEN = "OPEN"
    TOKEN = "TOKEN"  # noqa: S105
    LICENSE_PLATE = "LICENSE_PLATE"
    ACCESS_CODE = "ACCESS_CODE"
    INTERCOM = "INTERCOM"
    PARKING_TICKET = "PARKING_TICKET"


class CanceledReason(Code):
    """Source: OCPI 2.3.0, mod_bookings, CanceledReason enum."""

    POWER_OUTAGE = "POWER_OUTAGE"
    BROKEN_CHARGER = "BROKEN_CHARGER"
    FULL = "FULL"
    BLOCKED = "BLOCKED"
    TRAFFIC = "TRAFFIC"
    BROKEN_VEHICLE = "BROKEN_VEHICLE"
    NO_CANCELED = "NO_CANCELED"
    UNKNOWN = "UNKNOWN"


class WhoCanceled(Code):
    """The text says a Role, its link leads to InterfaceRole: both are taken. Source: OCPI 2.3.0, mod_bookings,
    Cancellation class."""

    CPO = "CPO"
    EMSP = "EMSP"
    NAP = "NAP"
    NSP = "NSP"
    OTHER = "OTHER"
    SCSP = "SCSP"
    PTP = "PTP"
    SENDER = "SENDER"
    RECEIVER = "RECEIVER"


class Timeslot(Wire, frozen=True, kw_only=True):
    """Powers in W. Source: OCPI 2.3.0, mod_bookings, Timeslot class."""

    start_date_time: DateTime
    end_date_time: DateTime
    min_power: Number | None = None
    max_power: Number | None = None
    green_energy_support: bool | None = None


class Calendar(Wire, frozen=True, kw_only=True):
    """`timeslot_increment` in minutes. Source: OCPI 2.3.0, mod_bookings, Calendar object."""

    id: CiString36
    begin_from: DateTime
    end_before: DateTime
    timeslot_increment: int | None = None
    available_timeslots: Annotated[tuple[Timeslot, ...], Meta(min_length=1)]
    last_updated: DateTime


class BookingOption(Wire, frozen=True, kw_only=True):
    """Weight in kg, lengths in cm. Source: OCPI 2.3.0, mod_bookings, BookingOption class."""

    evse_uid: CiString36 | None = None
    connector_id: CiString36 | None = None
    parking_id: CiString36 | None = None
    evse_position: tuple[EvsePosition, ...] | None = ()
    vehicle_types: tuple[OpenEnum, ...] | None = ()
    connector_format: tuple[ConnectorFormat, ...] | None = ()
    connector_types: tuple[OpenEnum, ...] | None = ()
    power_types: tuple[PowerType, ...] | None = ()
    max_vehicle_weight: Number | None = None
    max_vehicle_height: Number | None = None
    max_vehicle_length: Number | None = None
    max_vehicle_width: Number | None = None
    min_parking_space_length: Number | None = None
    min_parking_space_width: Number | None = None
    dangerous_goods_allowed: bool | None = None
    drive_through: bool | None = None
    refrigeration_outlet: bool | None = None


class Policy(Wire, frozen=True, kw_only=True):
    """`ad_hoc`: how many chargers need no booking. Source: OCPI 2.3.0, mod_bookings, Policy class."""

    reservation_required: bool
    ad_hoc: Number | None = None


class BookingTerms(Wire, frozen=True, kw_only=True):
    """Times in minutes. Source: OCPI 2.3.0, mod_bookings, BookingTerms class."""

    rfid_auth_required: bool | None = None
    token_groups_supported: bool | None = None
    remote_auth_supported: bool | None = None
    supported_access_methods: Annotated[tuple[AccessMethod, ...], Meta(min_length=1)]
    change_until_minutes: Number
    cancel_until_minutes: Number
    change_not_allowed: bool | None = None
    early_start_allowed: bool | None = None
    early_start_time: Number | None = None
    noshow_timeout: Number | None = None
    noshow_fee: bool | None = None
    late_stop_allowed: bool | None = None
    late_stop_time: Number | None = None
    overlapping_bookings_allowed: bool | None = None
    min_booking_duration: Number | None = None
    max_booking_duration: Number | None = None
    booking_terms: Url | None = None


class BookingLocation(Wire, frozen=True, kw_only=True):
    """Owned by the CPO. Source: OCPI 2.3.0, mod_bookings, BookingLocation object."""

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    location_id: CiString36
    booking_option: BookingOption | None = None
    policy: Policy | None = None
    tariff_ids: tuple[CiString36, ...] | None = ()
    booking_terms: BookingTerms | None = None
    calendars: tuple[Calendar, ...] | None = ()
    last_updated: DateTime


class BookingToken(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_bookings, BookingToken class."""

    country_code: CiString2
    party_id: CiString3
    uid: CiString36
    type: OpenEnum
    contract_id: CiString36


class Period(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_bookings, Period class."""

    start_date_time: DateTime
    end_date_time: DateTime


class AccessInformation(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_bookings, AccessInformation class."""

    method: AccessMethod
    value: str | None = None


class Cancellation(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_bookings, Cancellation class."""

    cancellation_reason: CanceledReason
    who_canceled: WhoCanceled


class BookingRequest(Wire, frozen=True, kw_only=True):
    """The party is the eMSP that asks; `power_required` in kW. Source: OCPI 2.3.0, mod_bookings, BookingRequest
    object."""

    country_code: CiString2
    party_id: CiString3
    request_id: CiString36
    booking_option: BookingOption | None = None
    location_id: CiString36
    booking_location_id: CiString36
    tokens: tuple[BookingToken, ...] | None = ()
    access_information: tuple[AccessInformation, ...] | None = ()
    period: Period
    authorization_reference: CiString36
    power_required: int | None = None
    canceled: Cancellation | None = None


class BookingRequestStatus(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_bookings, BookingRequestStatus class."""

    request_status: ReservationRequestStatus
    booking_request: BookingRequest
    request_received: DateTime


class Booking(Wire, frozen=True, kw_only=True):
    """The party is the CPO that is asked. Source: OCPI 2.3.0, mod_bookings, Booking object."""

    id: CiString36
    country_code: CiString2
    party_id: CiString3
    request_id: CiString36
    booking_option: BookingOption | None = None
    location_id: CiString36
    booking_tokens: tuple[BookingToken, ...] | None = ()
    tariff_ids: tuple[CiString36, ...] | None = ()
    period: Timeslot
    reservation_status: ReservationStatus
    canceled: Cancellation | None = None
    access_information: tuple[AccessInformation, ...] | None = ()
    authorization_reference: CiString36
    booking_terms: BookingTerms
    booking_requests: Annotated[tuple[BookingRequestStatus, ...], Meta(min_length=1)]
    last_updated: DateTime
