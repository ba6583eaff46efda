"""Locations of OCPI 2.1.1, where they are not those of 2.3.0. Source: OCPI 2.1.1, mod_locations."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from protocols.ocpi.wire import words
from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.locations import (
    AdditionalGeoLocation,
    BusinessDetails,
    ConnectorFormat,
    DisplayText,
    EnergySource,
    ExceptionalPeriod,
    GeoLocation,
    Image,
    PowerType,
    RegularHours,
    Status,
    StatusSchedule,
)
from protocols.ocpi.wire.types import (
    CiString36,
    CiString39,
    CiString48,
    DateTime,
    Number,
    OpenEnum,
    String3,
    String4,
    String10,
    String16,
    String45,
    String64,
    String255,
    Url,
)

LOCATION_TYPES = frozenset({"ON_STREET", "PARKING_GARAGE", "UNDERGROUND_GARAGE", "PARKING_LOT", "OTHER", "UNKNOWN"})
CAPABILITIES = frozenset(
    {
        "CHARGING_PROFILE_CAPABLE", "CREDIT_CARD_PAYABLE", "REMOTE_START_STOP_CAPABLE", "RESERVABLE", "RFID_READER",
        "UNLOCK_CAPABLE",
    }
)  # fmt: skip
CONNECTOR_TYPES = words.CONNECTOR_TYPES - {
    "CHAOJI", "DOMESTIC_M", "DOMESTIC_N", "DOMESTIC_O", "GBT_AC", "GBT_DC", "MCS", "NEMA_5_20", "NEMA_6_30",
    "NEMA_6_50", "NEMA_10_30", "NEMA_10_50", "NEMA_14_30", "NEMA_14_50", "PANTOGRAPH_BOTTOM_UP", "PANTOGRAPH_TOP_DOWN",
    "SAE_J3400",
}  # fmt: skip
PARKING_RESTRICTIONS = words.PARKING_RESTRICTIONS - {"EMPLOYEES", "TAXIS", "TENANTS"}
FACILITIES = words.FACILITIES - {"BIKE_SHARING", "PARKING_LOT", "TRAM_STOP", "METRO_STATION"}


class EnvironmentalImpact(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_locations, EnvironmentalImpact class."""

    source: OpenEnum
    amount: Number


class EnergyMix(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_locations, EnergyMix class."""

    is_green_energy: bool
    energy_sources: tuple[EnergySource, ...] | None = ()
    environ_impact: tuple[EnvironmentalImpact, ...] | None = ()
    supplier_name: String64 | None = None
    energy_product_name: String64 | None = None


class Hours(Wire, frozen=True, kw_only=True):
    """Either always open or with regular hours. Source: OCPI 2.1.1, mod_locations, Hours class."""

    twentyfourseven: bool | None = None
    regular_hours: tuple[RegularHours, ...] | None = ()
    exceptional_openings: tuple[ExceptionalPeriod, ...] | None = ()
    exceptional_closings: tuple[ExceptionalPeriod, ...] | None = ()


class Connector(Wire, frozen=True, kw_only=True):
    """Volt, Ampere. Source: OCPI 2.1.1, mod_locations, Connector object."""

    id: CiString36
    standard: OpenEnum
    format: ConnectorFormat
    power_type: PowerType
    voltage: int
    amperage: int
    tariff_id: CiString36 | None = None
    terms_and_conditions: Url | None = None
    last_updated: DateTime


class Evse(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_locations, EVSE object."""

    uid: CiString39
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
    images: tuple[Image, ...] | None = ()
    last_updated: DateTime


class Location(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_locations, Location object."""

    id: CiString39
    type: OpenEnum
    name: String255 | None = None
    address: String45
    city: String45
    postal_code: String10
    country: String3
    coordinates: GeoLocation
    related_locations: tuple[AdditionalGeoLocation, ...] | None = ()
    evses: tuple[Evse, ...] | None = ()
    directions: tuple[DisplayText, ...] | None = ()
    operator: BusinessDetails | None = None
    suboperator: BusinessDetails | None = None
    owner: BusinessDetails | None = None
    facilities: tuple[OpenEnum, ...] | None = ()
    time_zone: String255 | None = None
    opening_times: Hours | None = None
    charging_when_closed: bool | None = None
    images: tuple[Image, ...] | None = ()
    energy_mix: EnergyMix | None = None
    last_updated: DateTime


class ConnectorPatch(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_locations, PATCH method."""

    id: CiString36 | UnsetType = UNSET
    standard: OpenEnum | UnsetType = UNSET
    format: ConnectorFormat | UnsetType = UNSET
    power_type: PowerType | UnsetType = UNSET
    voltage: int | UnsetType = UNSET
    amperage: int | UnsetType = UNSET
    tariff_id: CiString36 | UnsetType | None = UNSET
    terms_and_conditions: Url | UnsetType | None = UNSET
    last_updated: DateTime | UnsetType = UNSET


class EvsePatch(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_locations, PATCH method."""

    uid: CiString39 | UnsetType = UNSET
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
    images: tuple[Image, ...] | UnsetType | None = UNSET
    last_updated: DateTime | UnsetType = UNSET


class LocationPatch(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.1.1, mod_locations, PATCH method."""

    id: CiString39 | UnsetType = UNSET
    type: OpenEnum | UnsetType = UNSET
    name: String255 | UnsetType | None = UNSET
    address: String45 | UnsetType = UNSET
    city: String45 | UnsetType = UNSET
    postal_code: String10 | UnsetType = UNSET
    country: String3 | UnsetType = UNSET
    coordinates: GeoLocation | UnsetType = UNSET
    related_locations: tuple[AdditionalGeoLocation, ...] | UnsetType | None = UNSET
    evses: tuple[Evse, ...] | UnsetType | None = UNSET
    directions: tuple[DisplayText, ...] | UnsetType | None = UNSET
    operator: BusinessDetails | UnsetType | None = UNSET
    suboperator: BusinessDetails | UnsetType | None = UNSET
    owner: BusinessDetails | UnsetType | None = UNSET
    facilities: tuple[OpenEnum, ...] | UnsetType | None = UNSET
    time_zone: String255 | UnsetType | None = UNSET
    opening_times: Hours | UnsetType | None = UNSET
    charging_when_closed: bool | UnsetType | None = UNSET
    images: tuple[Image, ...] | UnsetType | None = UNSET
    energy_mix: EnergyMix | UnsetType | None = UNSET
    last_updated: DateTime | UnsetType = UNSET
