"""Coordinates in OICP's three spellings.

Decimal arithmetic only; digits are never added, and dropped only beyond six."""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

from core.model.quantities import Coordinates
from protocols.oicp.wire.coordinates import (
    DecimalDegreeCoordinates,
    DegreeMinuteSecondsCoordinates,
    GeoCoordinates,
    GeoFormat,
    GoogleCoordinates,
)

_MINUTES = re.compile(r"^(-?)([0-9]+)° ?([0-9]+)' ?([0-9]+\.[0-9]+)''$")
_SIX: Final = Decimal("0.000001")
_SEVEN: Final = Decimal("0.0000001")


def coordinates_from_oicp(place: GeoCoordinates) -> Coordinates:
    """WGS 84 degrees. Degrees, minutes and seconds become decimals of seven places (about a centimetre)."""
    if place.google is not None:
        return _from_google(place.google.coordinates)
    if place.decimal_degree is not None:
        degrees = place.decimal_degree
        return Coordinates(latitude=Decimal(degrees.latitude), longitude=Decimal(degrees.longitude))
    minutes = place.degree_minute_seconds
    if minutes is None:
        raise ValueError("coordinates without any form")  # the wire type does not let them exist
    return Coordinates(latitude=_from_minutes(minutes.latitude), longitude=_from_minutes(minutes.longitude))


def coordinates_to_oicp(place: Coordinates, form: GeoFormat = GeoFormat.GOOGLE) -> GeoCoordinates:
    """In the form that was asked for, filled alone."""
    if form is GeoFormat.GOOGLE:
        text = f"{_degrees(place.latitude)} {_degrees(place.longitude)}"
        return GeoCoordinates(google=GoogleCoordinates(coordinates=text))
    if form is GeoFormat.DECIMAL_DEGREE:
        return GeoCoordinates(
            decimal_degree=DecimalDegreeCoordinates(
                longitude=_degrees(place.longitude), latitude=_degrees(place.latitude)
            )
        )
    return GeoCoordinates(
        degree_minute_seconds=DegreeMinuteSecondsCoordinates(
            longitude=_to_minutes(place.longitude), latitude=_to_minutes(place.latitude)
        )
    )


def is_rounded(place: Coordinates) -> bool:
    """Whether OICP's six decimals are too few for it."""
    return place.latitude % _SIX != 0 or place.longitude % _SIX != 0


@lru_cache(maxsize=65536)
def _from_google(text: str) -> Coordinates:
    latitude, longitude = text.replace(",", " ").split()
    return Coordinates(latitude=Decimal(latitude), longitude=Decimal(longitude))


def _degrees(value: Decimal) -> str:
    text = f"{value:f}"
    _, point, decimals = text.partition(".")
    if not point:
        return text + ".0"
    return text if len(decimals) <= 6 else f"{value.quantize(_SIX, ROUND_HALF_UP):f}"


def _from_minutes(text: str) -> Decimal:
    match = _MINUTES.match(text)
    if match is None:
        raise ValueError(f"not degrees, minutes and seconds: {text!r}")  # the wire type has checked it
    size = Decimal(match[2]) + Decimal(match[3]) / 60 + Decimal(match[4]) / 3600
    return (-size if match[1] else size).quantize(_SEVEN, ROUND_HALF_UP)


def _to_minutes(value: Decimal) -> str:
    thousandths = int((abs(value) * 3_600_000).to_integral_value(ROUND_HALF_UP))
    seconds, rest = divmod(thousandths, 1000)
    sign = "-" if value < 0 else ""
    return f"{sign}{seconds // 3600}°{seconds // 60 % 60:02}'{seconds % 60:02}.{rest:03}''"
