"""Charge points, one record an EVSE. Source: OCHP 1.4, array-types.xsd, data-types.xsd, message-elements.xsd."""

from typing import Annotated

from msgspec import Meta, field

from protocols.ochp.wire.base import Wire
from protocols.ochp.wire.places import Address, Connector, Ratings
from protocols.ochp.wire.results import Result
from protocols.ochp.wire.types import (
    DateTime,
    EvseId,
    FileType,
    FloorLevel,
    HourMinute,
    ImageUri,
    Language,
    Latitude,
    LocationId,
    Longitude,
    Minutes,
    Name,
    ParkingId,
    Pixels,
    PointName,
    SpotNumber,
    Telephone,
    TimeZone,
    WebUri,
    Weekday,
)
from protocols.ochp.wire.words import (
    AuthMethod,
    ChargePointStatus,
    CurrentType,
    GeneralLocation,
    ImageClass,
    PointType,
    ResourceClass,
    Restriction,
)


class Image(Wire, frozen=True, kw_only=True):
    """EvseImageUrlType."""

    uri: ImageUri
    thumb_uri: ImageUri | None = None
    class_: ImageClass = field(name="class")
    type: FileType
    width: Pixels | None = None
    height: Pixels | None = None


class RelatedResource(Wire, frozen=True, kw_only=True):
    uri: WebUri
    class_: ResourceClass = field(name="class")


class GeoPoint(Wire, frozen=True, kw_only=True):
    """WGS 84, six decimals."""

    lat: Latitude = field(name="@lat")
    lon: Longitude = field(name="@lon")


class AdditionalGeoPoint(Wire, frozen=True, kw_only=True):
    lat: Latitude = field(name="@lat")
    lon: Longitude = field(name="@lon")
    name: PointName | None = field(name="@name", default=None)
    type: PointType = field(name="@type")


class RegularHours(Wire, frozen=True, kw_only=True):
    """Local time, 1 = Monday."""

    weekday: Weekday = field(name="@weekday")
    period_begin: HourMinute = field(name="@periodBegin")
    period_end: HourMinute = field(name="@periodEnd")

    def __post_init__(self) -> None:
        if self.period_begin >= self.period_end:
            raise ValueError("periodBegin must be before periodEnd")


class ExceptionalPeriod(Wire, frozen=True, kw_only=True):
    period_begin: DateTime = field(name="periodBegin/DateTime")
    period_end: DateTime = field(name="periodEnd/DateTime")

    def __post_init__(self) -> None:
        if self.period_begin >= self.period_end:
            raise ValueError("periodBegin must be before periodEnd")


class Hours(Wire, frozen=True, kw_only=True):
    """HoursType: weekly hours or `twentyfourseven`, then exceptions. False: open in exceptional openings only."""

    regular_hours: Annotated[tuple[RegularHours, ...], Meta(max_length=7)] = ()
    twentyfourseven: bool | None = None
    exceptional_openings: tuple[ExceptionalPeriod, ...] = ()
    exceptional_closings: tuple[ExceptionalPeriod, ...] = ()
    closed_charging: bool

    def __post_init__(self) -> None:
        if bool(self.regular_hours) == (self.twentyfourseven is not None):
            raise ValueError("either regularHours or twentyfourseven must be there, and not both")


class Schedule(Wire, frozen=True, kw_only=True):
    """ChargePointScheduleType: overrides `status` while it lasts."""

    start_date: DateTime = field(name="startDate/DateTime")
    end_date: DateTime | None = field(name="endDate/DateTime", default=None)
    status: ChargePointStatus = field(name="status/ChargePointStatusType")

    def __post_init__(self) -> None:
        if self.end_date is not None and self.start_date >= self.end_date:
            raise ValueError("startDate must be before endDate")


class ParkingSpot(Wire, frozen=True, kw_only=True):
    """ParkingSpotInfo."""

    parking_id: ParkingId
    restriction: tuple[Restriction, ...] = field(name="restriction/RestrictionType", default=())
    floor_level: FloorLevel | None = None
    parking_spot_number: SpotNumber | None = None


class ChargePointInfo(Wire, frozen=True, kw_only=True):
    """An EVSE. Records of one operator with one `location_id` are at one place."""

    evse_id: EvseId
    location_id: LocationId
    timestamp: DateTime | None = field(name="timestamp/DateTime", default=None)
    location_name: Name
    location_name_lang: Language
    images: tuple[Image, ...] = ()
    related_resource: tuple[RelatedResource, ...] = ()
    charge_point_address: Address
    charge_point_location: GeoPoint
    related_location: tuple[AdditionalGeoPoint, ...] = ()
    time_zone: TimeZone | None = None
    opening_times: Hours | None = None
    status: ChargePointStatus | None = field(name="status/ChargePointStatusType", default=None)
    status_schedule: tuple[Schedule, ...] = ()
    telephone_number: Telephone | None = None
    location: GeneralLocation = field(name="location/GeneralLocationType")
    parking_spot: tuple[ParkingSpot, ...] = ()
    restriction: tuple[Restriction, ...] = field(name="restriction/RestrictionType", default=())
    auth_methods: Annotated[tuple[AuthMethod, ...], Meta(min_length=1)] = field(name="authMethods/AuthMethodType")
    connectors: Annotated[tuple[Connector, ...], Meta(min_length=1)]
    charge_point_type: CurrentType
    ratings: Ratings | None = None
    user_interface_lang: tuple[Language, ...] = ()
    max_reservation: Minutes | None = None


Records = tuple[ChargePointInfo, ...]
SomeRecords = Annotated[Records, Meta(min_length=1)]


class SetChargePointListRequest(Wire, frozen=True, kw_only=True):
    """Of the operation SetChargepointList."""

    charge_point_info_array: SomeRecords


class SetChargePointListResponse(Wire, frozen=True, kw_only=True):
    result: Result
    refused_charge_point_info: Records = ()


class UpdateChargePointListRequest(Wire, frozen=True, kw_only=True):
    charge_point_info_array: SomeRecords


class UpdateChargePointListResponse(Wire, frozen=True, kw_only=True):
    result: Result
    refused_charge_point_info: Records = ()


class GetChargePointListRequest(Wire, frozen=True, kw_only=True):
    """No members."""


class GetChargePointListResponse(Wire, frozen=True, kw_only=True):
    result: Result
    charge_point_info_array: Records = ()


class GetChargePointListUpdatesRequest(Wire, frozen=True, kw_only=True):
    last_update: DateTime = field(name="lastUpdate/DateTime")


class GetChargePointListUpdatesResponse(Wire, frozen=True, kw_only=True):
    result: Result
    charge_point_info_array: Records = ()
