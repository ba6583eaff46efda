"""Charge detail records. Source: OCPI 2.3.0, mod_cdrs."""

from typing import Annotated

from msgspec import Meta

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.locations import ConnectorFormat, GeoLocation, PowerType
from protocols.ocpi.wire.sessions import AuthMethod, CdrToken, ChargingPeriod, Price
from protocols.ocpi.wire.tariffs import Tariff
from protocols.ocpi.wire.types import (
    CdrDateTime,
    CiString2,
    CiString3,
    CiString32,
    CiString36,
    CiString39,
    CiString48,
    DateTime,
    Number,
    OpenEnum,
    String3,
    String10,
    String20,
    String45,
    String255,
    String512,
    String5000,
)


class CdrLocation(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_cdrs, CdrLocation class."""

    id: CiString36
    name: String255 | None = None
    address: String45
    city: String45
    postal_code: String10 | None = None
    state: String20 | None = None
    country: String3
    coordinates: GeoLocation
    evse_uid: CiString36
    evse_id: CiString48
    connector_id: CiString36
    connector_standard: OpenEnum
    connector_format: ConnectorFormat
    connector_power_type: PowerType


class SignedValue(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_cdrs, SignedValue class."""

    nature: CiString32
    plain_data: String5000
    signed_data: String5000


class SignedData(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_cdrs, SignedData class."""

    encoding_method: CiString36
    encoding_method_version: int | None = None
    public_key: String512 | None = None
    signed_values: Annotated[tuple[SignedValue, ...], Meta(min_length=1)]
    url: String512 | None = None


class Cdr(Wire, frozen=True, kw_only=True):
    """Energy in kWh, times in hours. Source: OCPI 2.3.0, mod_cdrs, CDR object (and bookings)."""

    country_code: CiString2
    party_id: CiString3
    id: CiString39
    start_date_time: CdrDateTime
    end_date_time: CdrDateTime
    booking_id: CiString36 | None = None
    session_id: CiString36 | None = None
    cdr_token: CdrToken
    auth_method: AuthMethod
    authorization_reference: CiString36 | None = None
    cdr_location: CdrLocation
    meter_id: String255 | None = None
    currency: String3
    tariffs: tuple[Tariff, ...] | None = ()
    charging_periods: Annotated[tuple[ChargingPeriod, ...], Meta(min_length=1)]
    signed_data: SignedData | None = None
    total_cost: Price
    total_fixed_cost: Price | None = None
    total_energy: Number
    total_energy_cost: Price | None = None
    total_time: Number
    total_time_cost: Price | None = None
    total_parking_time: Number | None = None
    total_parking_cost: Price | None = None
    total_reservation_cost: Price | None = None
    remark: String255 | None = None
    invoice_reference_id: CiString39 | None = None
    credit: bool | None = None
    credit_reference_id: CiString39 | None = None
    home_charging_compensation: bool | None = None
    last_updated: DateTime
