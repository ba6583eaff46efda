"""Coordinates in their three forms. Source: OICP 2.3, data types, GeoCoordinatesType."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from protocols.oicp.wire.base import Wire, broken, in_range


class GeoFormat(StrEnum):
    """GeoCoordinatesResponseFormatType."""

    GOOGLE = "Google"
    DEGREE_MINUTE_SECONDS = "DegreeMinuteSeconds"
    DECIMAL_DEGREE = "DecimalDegree"


GoogleText = Annotated[str, Meta(pattern=r"^-?1?[0-9]{1,2}\.[0-9]{1,6}(?: *, *| +)-?1?[0-9]{1,2}\.[0-9]{1,6}\Z")]
DegreeText = Annotated[str, Meta(pattern=r"^-?1?[0-9]{1,2}\.[0-9]{1,6}\Z")]
MinuteText = Annotated[str, Meta(pattern=r"^-?1?[0-9]{1,2}° ?[0-9]{1,2}' ?[0-9]{1,2}\.[0-9]+''\Z")]


class GoogleCoordinates(Wire, frozen=True, kw_only=True):
    """Latitude first, then longitude."""

    coordinates: GoogleText


class DecimalDegreeCoordinates(Wire, frozen=True, kw_only=True):
    longitude: DegreeText
    latitude: DegreeText


class DegreeMinuteSecondsCoordinates(Wire, frozen=True, kw_only=True):
    """A sign belongs to the whole value; two apostrophes for seconds."""

    longitude: MinuteText
    latitude: MinuteText


class GeoCoordinates(Wire, frozen=True, kw_only=True):
    """GeoCoordinatesType: exactly one form; members that are null do not count."""

    google: GoogleCoordinates | None = None
    decimal_degree: DecimalDegreeCoordinates | None = None
    degree_minute_seconds: DegreeMinuteSecondsCoordinates | None = None

    def __post_init__(self) -> None:
        given = (self.google is not None) + (self.decimal_degree is not None) + (self.degree_minute_seconds is not None)
        if given != 1:
            raise ValueError(f"exactly one form of coordinates must be given, not {given}")


class SearchCenter(Wire, frozen=True, kw_only=True):
    """SearchCenterType. `radius` in km."""

    geo_coordinates: GeoCoordinates
    radius: Decimal

    def __post_init__(self) -> None:
        if not in_range(self.radius, 0):
            raise broken("Radius", "may not be negative")
