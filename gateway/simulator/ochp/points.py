"""Neutral charging points as OCHP records. Source: OCHP 1.4, ChargePointInfo in array-types.xsd, data-types.xsd."""

import re
from decimal import Decimal

from gateway.simulator.hours import clock
from gateway.simulator.ochp.xml import Element, element, leaf, moment, wrapped
from gateway.simulator.stations import HOTLINE, Outlet, Point, Socket, stable

LANGUAGES = {"FRA": "FRA", "DEU": "DEU", "NLD": "NLD"}
"""Of a country's names, as ISO 639-3."""
UNDETERMINED = "UND"
NOT_KNOWN = "-"
"""For members that OCHP demands and an address may lack."""
STANDARD = {
    Socket.DOMESTIC: "DOMESTIC_E",
    Socket.TYPE_2: "IEC_62196_T2",
    Socket.CCS: "IEC_62196_T2_COMBO",
    Socket.CHADEMO: "Chademo",
}
MOST_HOURS = 7
_LOCATION = re.compile(r"[A-Z0-9 ]{1,15}")
_HOUSE_NUMBER = re.compile(r"[A-Z0-9 \-]{1,6}")
_POSTAL_CODE = re.compile(r"[A-Z0-9 \-]{1,10}")


def charge_point(point: Point) -> Element:
    """One record with all that is mandatory, and what a driver wants to know."""
    return element(
        "chargePointInfoArray",
        leaf("evseId", point.evse_id),
        leaf("locationId", location_id(point.station_id)),
        moment("timestamp", point.updated_at),
        leaf("locationName", point.station_name[:100]),
        leaf("locationNameLang", LANGUAGES.get(point.country, UNDETERMINED)),
        address(point),
        element("chargePointLocation", lat=_degrees(point.latitude), lon=_degrees(point.longitude)),
        leaf("timeZone", point.time_zone),
        _opening_times(point),
        wrapped("status", "ChargePointStatusType", "Operative"),
        leaf("telephoneNumber", HOTLINE),
        wrapped("location", "GeneralLocationType", "on-street" if point.on_street else "parking-lot"),
        *(wrapped("restriction", "RestrictionType", word) for word in _restrictions(point)),
        *(wrapped("authMethods", "AuthMethodType", word) for word in _auth_methods(point)),
        *(connector("connectors", outlet) for outlet in point.outlets),
        leaf("chargePointType", current(*point.outlets)),
        ratings(point.power_kw),
    )


def location_id(station_id: str) -> str:
    """As it is, if OCHP takes it; else the one of 15 characters that an operator of OCHP would have given it."""
    return station_id if _LOCATION.fullmatch(station_id) else stable(station_id)[:15].upper()


def address(point: Point) -> Element:
    """Street and number apart where OCHP takes the number."""
    number = (point.house_number or "").upper()
    apart = _HOUSE_NUMBER.fullmatch(number) is not None
    postal_code = (point.postal_code or "").upper()
    return element(
        "chargePointAddress",
        leaf("houseNumber", number if apart else None),
        leaf("address", (point.street if apart else point.address)[:45]),
        leaf("city", point.city[:45]),
        leaf("zipCode", postal_code if _POSTAL_CODE.fullmatch(postal_code) else NOT_KNOWN),
        leaf("country", point.country),
    )


def connector(name: str, outlet: Outlet) -> Element:
    return element(
        name,
        wrapped("connectorStandard", "ConnectorStandard", STANDARD[outlet.socket]),
        wrapped("connectorFormat", "ConnectorFormat", "Cable" if outlet.cable else "Socket"),
    )


def current(*outlets: Outlet) -> str:
    return "DC" if any(outlet.socket.direct_current for outlet in outlets) else "AC"


def ratings(power_kw: Decimal) -> Element:
    return element("ratings", leaf("maximumPower", power_kw))


def _degrees(value: Decimal) -> str:
    return f"{value:.6f}"


def _opening_times(point: Point) -> Element | None:
    """None where the hours are not known, or are more periods than a record holds."""
    if not point.always_open and not 0 < len(point.openings) <= MOST_HOURS:
        return None
    always = leaf("twentyfourseven", "true") if point.always_open else None
    return element("openingTimes", always, *_regular_hours(point), leaf("closedCharging", "false"))


def _regular_hours(point: Point) -> list[Element]:
    return [
        element(
            "regularHours",
            weekday=str(opening.weekday),
            periodBegin=clock(opening.begin),
            periodEnd=clock(opening.end),
        )
        for opening in point.openings
    ]


def _restrictions(point: Point) -> list[str]:
    found = {"disabled": point.for_disabled, "customers": point.reserved_access, "motorcycles": point.two_wheels_only}
    return [word for word, holds in found.items() if holds]


def _auth_methods(point: Point) -> list[str]:
    found = ["RfidMifareCls", "RfidMifareDes"]
    if point.card_payment:
        found.append("DirectCreditcard")
    return found
