"""Locations, EVSEs and connectors. Source: OCPI 2.3.0, mod_locations."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.types import (
    CiString,
    CiString2,
    CiString3,
    CiString4,
    CiString25,
    CiString36,
    CiString48,
    ClockTime,
    Code,
    DateTime,
    EndOfPeriod,
    Latitude,
    Longitude,
    Number,
    OpenEnum,
    String2,
    String3,
    String4,
    String10,
    String12,
    String16,
    String45,
    String50,
    String64,
    String100,
    String255,
    String512,
    Url,
)

Digits5 = Annotated[int, Meta(ge=0, le=99999)]


class Status(Code):
    """Source: OCPI 2.3.0, mod_locations, Status enum."""

    AVAILABLE = "AVAILABLE"
    BLOCKED = "BLOCKED"
    CHARGING = "CHARGING"
    INOPERATIVE = "INOPERATIVE"
    OUTOFORDER = "OUTOFORDER"
    PLANNED = "PLANNED"
    REMOVED = "REMOVED"
    RESERVED = "RESERVED"
    UNKNOWN = "UNKNOWN"


class ConnectorFormat(Code):
    """Source: OCPI 2.3.0, mod_locations, ConnectorFormat enum."""

    SOCKET = "SOCKET"
    CABLE = "CABLE"


class PowerType(Code):
    """Source: OCPI 2.3.0, mod_locations, PowerType enum."""

    AC_1_PHASE = "AC_1_PHASE"
    AC_2_PHASE = "AC_2_PHASE"
    AC_2_PHASE_SPLIT = "AC_2_PHASE_SPLIT"
    AC_3_PHASE = "AC_3_PHASE"
    DC = "DC"


class ParkingDirection(Code):
    """Source: OCPI 2.3.0, mod_locations, ParkingDirection enum."""

    PARALLEL = "PARALLEL"
    PERPENDICULAR = "PERPENDICULAR"
    ANGLE = "ANGLE"


class EvsePosition(Code):
    """Source: OCPI 2.3.0, mod_locations, EVSEPosition enum."""

    LEFT = "LEFT"
    RIGHT = "RIGHT"
    CENTER = "CENTER"


class EnergySourceCategory(Code):
    """Source: OCPI 2.3.0, mod_locations, EnergySourceCategory enum."""

    NUCLEAR = "NUCLEAR"
    GENERAL_FOSSIL = "GENERAL_FOSSIL"
    COAL = "COAL"
    GAS = "GAS"
    GENERAL_GREEN = "GENERAL_GREEN"
    SOLAR = "SOLAR"
    WIND = "WIND"
    WATER = "WATER"


class DisplayText(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, types, DisplayText class."""

    language: String2
    text: String512


class GeoLocation(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, GeoLocation class."""

    latitude: Latitude
    longitude: Longitude


class AdditionalGeoLocation(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, AdditionalGeoLocation class."""

    latitude: Latitude
    longitude: Longitude
    name: DisplayText | None = None


class Image(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, Image class."""

    url: Url
    thumbnail: Url | None = None
    category: OpenEnum
    type: CiString4
    width: Digits5 | None = None
    height: Digits5 | None = None


class BusinessDetails(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, BusinessDetails class."""

    name: String100
    website: Url | None = None
    logo: Image | None = None


class RegularHours(Wire, frozen=True, kw_only=True):
    """Monday is 1; times are local. Source: OCPI 2.3.0, mod_locations, RegularHours class."""

    weekday: Annotated[int, Meta(ge=1, le=7)]
    period_begin: ClockTime
    period_end: EndOfPeriod


class ExceptionalPeriod(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, ExceptionalPeriod class."""

    period_begin: DateTime
    period_end: DateTime


class Hours(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, Hours class."""

    twentyfourseven: bool
    regular_hours: tuple[RegularHours, ...] | None = ()
    exceptional_openings: tuple[ExceptionalPeriod, ...] | None = ()
    exceptional_closings: tuple[ExceptionalPeriod, ...] | None = ()


class StatusSchedule(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, StatusSchedule class."""

    period_begin: DateTime
    period_end: DateTime | None = None
    status: Status


class EnergySource(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, EnergySource class."""

    source: EnergySourceCategory
    percentage: Number


class EnvironmentalImpact(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, EnvironmentalImpact class."""

    category: OpenEnum
    amount: Number


class EnergyMix(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, EnergyMix class."""

    is_green_energy: bool
    energy_sources: tuple[EnergySource, ...] | None = ()
    environ_impact: tuple[EnvironmentalImpact, ...] | None = ()
    supplier_name: String64 | None = None
    energy_product_name: String64 | None = None


class PublishTokenType(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, PublishTokenType class."""

    uid: CiString36 | None = None
    type: OpenEnum | None = None
    visual_number: String64 | None = None
    issuer: String64 | None = None
    group_id: CiString36 | None = None


class Parking(Wire, frozen=True, kw_only=True):
    """Lengths in cm, weight in kg, time limit in minutes. Source: OCPI 2.3.0, mod_locations, Parking class."""

    id: CiString36
    physical_reference: String12 | None = None
    vehicle_types: Annotated[tuple[OpenEnum, ...], Meta(min_length=1)]
    max_vehicle_weight: Number | None = None
    max_vehicle_height: Number | None = None
    max_vehicle_length: Number | None = None
    max_vehicle_width: Number | None = None
    parking_space_length: Number | None = None
    parking_space_width: Number | None = None
    dangerous_goods_allowed: bool | None = None
    direction: ParkingDirection | None = None
    drive_through: bool | None = None
    restricted_to_type: bool
    reservation_required: bool
    time_limit: Number | None = None
    roofed: bool | None = None
    images: tuple[Image, ...] | None = ()
    lighting: bool | None = None
    refrigeration_outlet: bool | None = None
    standards: tuple[CiString36, ...] | None = ()
    apds_reference: CiString | None = None


class EvseParking(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, EVSEParking class."""

    parking_id: CiString36
    evse_position: EvsePosition | None = None


class Connector(Wire, frozen=True, kw_only=True):
    """Volt, Ampere, Watt. Source: OCPI 2.3.0, mod_locations, Connector object."""

    id: CiString36
    standard: OpenEnum
    format: ConnectorFormat
    power_type: PowerType
    max_voltage: int
    max_amperage: int
    max_electric_power: int | None = None
    tariff_ids: tuple[CiString36, ...] | None = ()
    terms_and_conditions: Url | None = None
    capabilities: tuple[OpenEnum, ...] | None = ()
    last_updated: DateTime


class Evse(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, EVSE object."""

    uid: CiString36
    evse_id: CiString48 | None = None
    status: Status
    status_schedule: tuple[StatusSchedule, ...] | None = ()
    capabilities: tuple[OpenEnum, ...] | None = ()
    connectors: Annotated[tuple[Connector, ...], Meta(min_length=1)]
    floor_level: String4 | None = None
    coordinates: GeoLocation | None = None
    physical_reference: String16 | None = None
    directions: tuple[DisplayText, ...] | None = ()
    parking_restrictions: tuple[OpenEnum, ...] | None = ()
    parking: tuple[EvseParking, ...] | None = ()
    images: tuple[Image, ...] | None = ()
    accepted_service_providers: tuple[String50, ...] | None = ()
    last_updated: DateTime


class Location(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_locations, Location object."""

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    publish: bool
    publish_allowed_to: tuple[PublishTokenType, ...] | None = ()
    name: String255 | None = None
    address: String255
    city: String45
    postal_code: String10 | None = None
    state: String45 | None = None
    country: String3
    coordinates: GeoLocation
    related_locations: tuple[AdditionalGeoLocation, ...] | None = ()
    parking_type: OpenEnum | None = None
    evses: tuple[Evse, ...] | None = ()
    parking_places: tuple[Parking, ...] | None = ()
    directions: tuple[DisplayText, ...] | None = ()
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: tuple[OpenEnum, ...] | None = ()
    time_zone: String255
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    images: tuple[Image, ...] | None = ()
    energy_mix: EnergyMix | None = None
    help_phone: CiString25 | None = None
    last_updated: DateTime


class ConnectorPatch(Wire, frozen=True, kw_only=True):
    """What changes of a connector; null counts as not mentioned.

    Source: OCPI 2.3.0, mod_locations, PATCH method."""

    id: CiString36 | UnsetType = UNSET
    standard: OpenEnum | UnsetType = UNSET
    format: ConnectorFormat | UnsetType = UNSET
    power_type: PowerType | UnsetType = UNSET
    max_voltage: int | UnsetType = UNSET
    max_amperage: int | UnsetType = UNSET
    max_electric_power: int | UnsetType | None = UNSET
    tariff_ids: tuple[CiString36, ...] | UnsetType | None = UNSET
    terms_and_conditions: Url | UnsetType | None = UNSET
    capabilities: tuple[OpenEnum, ...] | UnsetType | None = UNSET
    last_updated: DateTime


class EvsePatch(Wire, frozen=True, kw_only=True):
    """What changes of an EVSE; null counts as not mentioned.

    Source: OCPI 2.3.0, mod_locations, PATCH method."""

    uid: CiString36 | UnsetType = UNSET
    evse_id: CiString48 | UnsetType | None = UNSET
    status: Status | UnsetType = UNSET
    status_schedule: tuple[StatusSchedule, ...] | UnsetType | None = UNSET
    capabilities: tuple[OpenEnum, ...] | UnsetType | None = UNSET
    connectors: Annotated[tuple[Connector, ...], Meta(min_length=1)] | UnsetType = UNSET
    floor_level: String4 | UnsetType | None = UNSET
    coordinates: GeoLocation | UnsetType | None = UNSET
    physical_reference: String16 | UnsetType | None = UNSET
    directions: tuple[DisplayText, ...] | UnsetType | None = UNSET
    parking_restrictions: tuple[OpenEnum, ...] | UnsetType | None = UNSET
    parking: tuple[EvseParking, ...] | UnsetType | None = UNSET
    images: tuple[Image, ...] | UnsetType | None = UNSET
    accepted_service_providers: tuple[String50, ...] | UnsetType | None = UNSET
    last_updated: DateTime


class LocationPatch(Wire, frozen=True, kw_only=True):
    """What changes of a location; null counts as not mentioned.

    Source: OCPI 2.3.0, mod_locations, PATCH method."""

    country_code: CiString2 | UnsetType = UNSET
    party_id: CiString3 | UnsetType = UNSET
    id: CiString36 | UnsetType = UNSET
    publish: bool | UnsetType = UNSET
    publish_allowed_to: tuple[PublishTokenType, ...] | UnsetType | None = UNSET
    name: String255 | UnsetType | None = UNSET
    address: String255 | UnsetType = UNSET
    city: String45 | UnsetType = UNSET
    postal_code: String10 | UnsetType | None = UNSET
    state: String45 | UnsetType | None = UNSET
    country: String3 | UnsetType = UNSET
    coordinates: GeoLocation | UnsetType = UNSET
    related_locations: tuple[AdditionalGeoLocation, ...] | UnsetType | None = UNSET
    parking_type: OpenEnum | UnsetType | None = UNSET
    evses: tuple[Evse, ...] | UnsetType | None = UNSET
    parking_places: tuple[Parking, ...] | UnsetType | None = UNSET
    directions: tuple[DisplayText, ...] | UnsetType | None = UNSET
    operator: BusinessDetails | UnsetType | None = UNSET
    suboperator: BusinessDetails | UnsetType | None = UNSET
    owner: BusinessDetails | UnsetType | None = UNSET
    facilities: tuple[OpenEnum, ...] | UnsetType | None = UNSET
    time_zone: String255 | UnsetType = UNSET
    opening_times: Hours | UnsetType | None = UNSET
    charging_when_closed: bool | UnsetType | None = UNSET
    images: tuple[Image, ...] | UnsetType | None = UNSET
    energy_mix: EnergyMix | UnsetType | None = UNSET
    help_phone: CiString25 | UnsetType | None = UNSET
    last_updated: DateTime
