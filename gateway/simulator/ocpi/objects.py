"""Neutral points and visits as OCPI 2.3.0 objects. Source: OCPI 2.3.0, mod_locations, mod_sessions, mod_cdrs."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from core.model.ids import PartyId
from gateway.simulator.hours import DAY, clock
from gateway.simulator.stations import HOTLINE, Outlet, Point, Socket, Station
from gateway.simulator.visits import Price, Visit

Object = dict[str, Any]

STANDARD = {
    Socket.DOMESTIC: "DOMESTIC_E",
    Socket.TYPE_2: "IEC_62196_T2",
    Socket.CCS: "IEC_62196_T2_COMBO",
    Socket.CHADEMO: "CHADEMO",
}


def stamp(at: datetime) -> str:
    """UTC, to the millisecond where there is a fraction."""
    text = at.astimezone(UTC).replace(tzinfo=None)
    return text.isoformat(timespec="milliseconds" if text.microsecond else "seconds") + "Z"


def location(station: Station, *, tariff_id: str | None = None, status: str = "AVAILABLE") -> Object:
    """All points of a station as one Location."""
    first = station.points[0]
    found: Object = {
        "country_code": first.operator.country_code,
        "party_id": first.operator.party_id,
        "id": station.id,
        "publish": True,
        "name": first.station_name,
        "address": first.address,
        "city": first.city,
        "country": first.country,
        "coordinates": {"latitude": degrees(first.latitude), "longitude": degrees(first.longitude)},
        "parking_type": "ON_STREET" if first.on_street else "PARKING_LOT",
        "evses": [evse(point, tariff_id, status) for point in station.points],
        "operator": {"name": first.operator_name},
        "time_zone": first.time_zone,
        "help_phone": HOTLINE,
        "last_updated": stamp(max(point.updated_at for point in station.points)),
    }
    if first.postal_code:
        found["postal_code"] = first.postal_code
    if hours := opening_times(first):
        found["opening_times"] = hours
    return found


def evse(point: Point, tariff_id: str | None, status: str) -> Object:
    found: Object = {
        "uid": point.evse_id,
        "evse_id": point.evse_id,
        "status": status,
        "capabilities": _capabilities(point),
        "connectors": [
            connector(outlet, str(index), point.updated_at, tariff_id)
            for index, outlet in enumerate(point.outlets, start=1)
        ],
        "last_updated": stamp(point.updated_at),
    }
    if restrictions := _restrictions(point):
        found["parking_restrictions"] = restrictions
    return found


def connector(outlet: Outlet, connector_id: str, updated_at: datetime, tariff_id: str | None) -> Object:
    found: Object = {
        "id": connector_id,
        "standard": STANDARD[outlet.socket],
        "format": "CABLE" if outlet.cable else "SOCKET",
        "power_type": power_type(outlet),
        "max_voltage": outlet.volts,
        "max_amperage": outlet.amperes,
        "max_electric_power": int(outlet.power_kw * 1000),
        "last_updated": stamp(updated_at),
    }
    if tariff_id:
        found["tariff_ids"] = [tariff_id]
    return found


def power_type(outlet: Outlet) -> str:
    if outlet.socket.direct_current:
        return "DC"
    return "AC_1_PHASE" if outlet.phases == 1 else "AC_3_PHASE"


def opening_times(point: Point) -> Object | None:
    """None where the hours are not known. A day has no minute 24:00 here: it ends at 23:59."""
    if point.always_open:
        return {"twentyfourseven": True}
    if not point.openings:
        return None
    return {
        "twentyfourseven": False,
        "regular_hours": [
            {
                "weekday": opening.weekday,
                "period_begin": clock(opening.begin),
                "period_end": clock(min(opening.end, DAY - 1)),
            }
            for opening in point.openings
        ],
    }


def session(visit: Visit, party: PartyId, authorised: Object, at: str) -> Object:
    """As it begins. `authorised`: the members that say who may charge."""
    return {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": visit.id,
        "start_date_time": stamp(visit.started_at),
        "kwh": Decimal(0),
        **authorised,
        "location_id": visit.point.station_id,
        "evse_uid": visit.point.evse_id,
        "connector_id": "1",
        "currency": "EUR",
        "status": "ACTIVE",
        "last_updated": at,
    }


def cdr(visit: Visit, party: PartyId, price: Price, authorised: Object, at: str) -> Object:
    """Of one charging period, with its tariff."""
    begun, cost = stamp(visit.started_at), price.cost(visit.energy_kwh)
    dimensions = [{"type": "ENERGY", "volume": visit.energy_kwh}, {"type": "TIME", "volume": visit.hours}]
    return {
        "country_code": party.country_code,
        "party_id": party.party_id,
        "id": visit.id,
        "start_date_time": begun,
        "end_date_time": stamp(visit.ended_at),
        "session_id": visit.id,
        **authorised,
        "cdr_location": _cdr_location(visit.point),
        "currency": "EUR",
        "tariffs": [price.tariff(party.country_code, party.party_id, begun)],
        "charging_periods": [{"start_date_time": begun, "dimensions": dimensions, "tariff_id": price.tariff_id}],
        "total_cost": cost,
        "total_energy": visit.energy_kwh,
        "total_energy_cost": cost,
        "total_time": visit.hours,
        "last_updated": at,
    }


def _cdr_location(point: Point) -> Object:
    outlet = point.outlets[0]
    found: Object = {
        "id": point.station_id,
        "name": point.station_name,
        "address": point.address[:45].strip(),
        "city": point.city,
        "country": point.country,
        "coordinates": {"latitude": degrees(point.latitude), "longitude": degrees(point.longitude)},
        "evse_uid": point.evse_id,
        "evse_id": point.evse_id,
        "connector_id": "1",
        "connector_standard": STANDARD[outlet.socket],
        "connector_format": "CABLE" if outlet.cable else "SOCKET",
        "connector_power_type": power_type(outlet),
    }
    if point.postal_code:
        found["postal_code"] = point.postal_code
    return found


def degrees(value: Decimal) -> str:
    """Five to seven decimals, as OCPI asks; zeros are added to what has fewer."""
    places = -int(value.as_tuple().exponent)
    return f"{value:.{min(max(places, 5), 7)}f}"


def _capabilities(point: Point) -> list[str]:
    found = ["RFID_READER", "REMOTE_START_STOP_CAPABLE"]
    if point.card_payment:
        found.append("CREDIT_CARD_PAYABLE")
    if point.reservable:
        found.append("RESERVABLE")
    return found


def _restrictions(point: Point) -> list[str]:
    found = ["DISABLED"] if point.for_disabled else []
    if point.two_wheels_only:
        found.append("MOTORCYCLES")
    if point.reserved_access:
        found.append("CUSTOMERS")
    return found
