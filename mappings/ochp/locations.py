"""Charge points <-> locations. Source: OCHP 1.4, ChargePointInfo; crosswalk 3(d).

OCHP has one record an EVSE. Records of one operator with the same locationId are one location: the first record of a
group says what the location is like; where a later one says it differently, that stays with its EVSE and comes back
with it.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, NamedTuple

from core.model.ids import PartyId
from core.model.location import (
    Accessibility,
    Evse,
    EvseStatus,
    Location,
    RelatedLocation,
    StatusSchedule,
)
from core.model.loss import Loss, LossKind
from core.model.quantities import Coordinates, Text
from mappings.losses import losses
from mappings.ochp import codes
from mappings.ochp.addresses import coordinates_from_ochp, image_from_ochp
from mappings.ochp.charge_points import record_members, shared_members
from mappings.ochp.connectors import connectors_from_ochp
from mappings.ochp.evse_status import static_from_ochp
from mappings.ochp.hours import hours_from_ochp
from mappings.ochp.ids import evse_id_from_ochp, evse_uid
from mappings.ochp.languages import language_from_ochp
from mappings.ochp.leftovers import NOTHING, PROTOCOL, put_aside, put_back
from mappings.ochp.notes import Notes, remaining, withheld
from mappings.ochp.times import moment_from_ochp
from protocols.ochp.wire import charge_points as wire
from protocols.ochp.wire.words import AuthMethod, ChargePointStatus, GeneralLocation, PointType, Restriction

NOT_CARRIED: Final = {
    "publish_allowed_to": "OCHP shows an EVSE to all or to nobody",
    "state": "OCHP's address has no region",
    "parking_places[]": "OCHP names parking spots by ids of their own",
    "directions[]": "OCHP has no directions",
    "operator": "OCHP names an operator by its EVSE ids only",
    "suboperator": "OCHP names an operator by its EVSE ids only",
    "proprietor": "OCHP does not name the owner",
    "facilities": "OCHP does not say what is around",
    "energy_mix": "OCHP says nothing of where the energy comes from",
    "pool_id": "locationId groups EVSEs",
    "hub_operator": "OCHP knows no operator behind the operator",
    "evses[].floor_level": "OCHP says it of parking spots with an id only",
    "evses[].physical_reference": "OCHP has no field for it",
    "evses[].directions[]": "OCHP has no directions",
    "evses[].parking": "OCHP names parking spots by ids of their own",
    "evses[].accepted_service_providers": "OCHP does not say whose customers are served",
    "evses[].station_id": "OCHP has no level between location and EVSE",
    "evses[].payment_options": "OCHP has ways to identify only",
    "evses[].value_added_services": "OCHP has none",
    "evses[].calibration_law": "OCHP does not say it",
    "evses[].max_capacity_kwh": "OCHP does not say it",
    "evses[].connectors[].terms_and_conditions": "OCHP has no field for it",
    "evses[].connectors[].capabilities": "OCHP has ways to identify an EVSE only",
}
"""Canonical field -> why a ChargePointInfo does not carry it."""

ELSEWHERE: Final = {
    "owner": "the operator in evseId",
    "publish": "an unpublished location is withheld",
    "updated_at": "timestamp, of each EVSE",
    "evses[].uid": "the hub's own key of an EVSE",
    "evses[].status_until": "ttl of the live status",
    "evses[].accessibility": "a private place; noted where it cannot be said",
    "evses[].hub_compatible": "the OCHP partner sees what it can use",
    "evses[].dynamic_info_available": "the OCHP partner sees whether a status comes",
    "evses[].connectors[].id": "OCHP addresses no connectors",
    "evses[].connectors[].updated_at": "timestamp, of each EVSE",
}
"""Canonical field -> where it goes instead of the record."""


class ChargePoints(NamedTuple):
    """What a location becomes. `withheld` names the EVSEs of which nothing may be sent, and why."""

    records: list[wire.ChargePointInfo]
    losses: tuple[Loss, ...]
    withheld: tuple[Loss, ...]


def locations_from_ochp(records: Iterable[wire.ChargePointInfo], *, received_at: datetime) -> list[Location]:
    """All records, grouped. Statuses are those of the charge point itself: what is free the live status says.

    Raises Invalid with a path below the record."""
    groups: dict[tuple[str, str], list[wire.ChargePointInfo]] = {}
    for record in records:
        operator = evse_id_from_ochp(record.evse_id).operator
        groups.setdefault((operator.key, record.location_id), []).append(record)
    return [_location(group, received_at) for group in groups.values()]


def location_from_ochp(record: wire.ChargePointInfo, *, received_at: datetime) -> Location:
    """Of one record alone."""
    return _location([record], received_at)


def owner_of(record: wire.ChargePointInfo) -> PartyId:
    return evse_id_from_ochp(record.evse_id).operator


def _location(records: list[wire.ChargePointInfo], received_at: datetime) -> Location:
    first = records[0]
    address, point, hours = first.charge_point_address, first.charge_point_location, first.opening_times
    entrance, related = _points(first)
    fields: dict[str, Any] = {
        "owner": owner_of(first),
        "id": first.location_id,
        "name": first.location_name,
        "names": (Text(language=language_from_ochp(first.location_name_lang), text=first.location_name),),
        "address": address.address,
        "house_number": address.house_number,
        "city": address.city,
        "postal_code": address.zip_code,
        "country": address.country,
        "coordinates": coordinates_from_ochp(point.lat, point.lon),
        "entrance": entrance,
        "related_locations": related,
        "parking_type": codes.PARKING_TYPE.core_for(first.location),
        "time_zone": first.time_zone,
        "opening_times": hours_from_ochp(hours) if hours is not None else None,
        "charging_when_closed": hours.closed_charging if hours is not None else None,
        "help_phone": first.telephone_number,
        "updated_at": received_at,
        "extensions": {PROTOCOL: NOTHING},
    }
    location = Location(**fields)
    shared = shared_members(location, None)
    evses = tuple(_evse(record, location, shared, received_at) for record in records)
    fields["evses"], fields["updated_at"] = evses, max(evse.updated_at for evse in evses)
    return Location(**fields)


def _points(record: wire.ChargePointInfo) -> tuple[Coordinates | None, tuple[RelatedLocation, ...]]:
    """The first way in, and the others. Names have the language of the record's name."""
    entrance: Coordinates | None = None
    related = []
    language = language_from_ochp(record.location_name_lang)
    for point in record.related_location:
        place = coordinates_from_ochp(point.lat, point.lon)
        if entrance is None and point.type in (PointType.ENTRANCE, PointType.ACCESS):
            entrance = place
        else:
            name = Text(language=language, text=point.name) if point.name else None
            related.append(RelatedLocation(coordinates=place, name=name))
    return entrance, tuple(related)


def _evse(record: wire.ChargePointInfo, location: Location, shared: dict[str, Any], received_at: datetime) -> Evse:
    stamp = record.timestamp
    updated_at = moment_from_ochp(stamp, "/timestamp/DateTime") if stamp is not None else received_at
    evse_id = evse_id_from_ochp(record.evse_id)
    modes = _words(codes.AUTH_METHOD, record.auth_methods)
    place = coordinates_from_ochp(record.charge_point_location.lat, record.charge_point_location.lon)
    reservation, ratings = record.max_reservation, record.ratings
    guaranteed = ratings.guaranteed_power if ratings is not None else None
    evse = Evse(
        uid=evse_uid(evse_id),
        evse_id=evse_id,
        status=static_from_ochp(record.status),
        status_schedule=_schedule(record),
        capabilities=_capabilities(record.auth_methods, reservation is not None),
        connectors=connectors_from_ochp(record.connectors, record.charge_point_type, ratings, updated_at),
        floor_level=next((spot.floor_level for spot in record.parking_spot if spot.floor_level), None),
        coordinates=place if place != location.coordinates else None,
        parking_restrictions=_restrictions(record),
        images=tuple(image_from_ochp(image) for image in record.images),
        authentication_modes=modes,
        payment_options=("DIRECT",) if AuthMethod.DIRECT_CASH in record.auth_methods else (),
        accessibility=Accessibility.RESTRICTED if record.location is GeneralLocation.PRIVATE else None,
        max_reservation_min=None if reservation is None else Decimal(reservation),
        guaranteed_power_w=None if guaranteed is None else int((guaranteed * 1000).to_integral_value()),
        updated_at=updated_at,
        extensions={},
    )
    put_aside(evse.extensions, record, record_members(location, evse, shared, None, "", direct=True))
    return evse


@lru_cache(maxsize=4096)
def _words(table: Any, words: tuple[Any, ...]) -> tuple[Any, ...]:
    """Those that the model has a word for, each once."""
    return tuple(dict.fromkeys(code for word in words if (code := table.core_for(word)) is not None))


def _restrictions(record: wire.ChargePointInfo) -> tuple[str, ...]:
    """Of the EVSE; where it says none, those that all its parking spots have."""
    said: tuple[Restriction, ...] = record.restriction
    if not said and record.parking_spot:
        said = tuple(
            word
            for word in record.parking_spot[0].restriction
            if all(word in spot.restriction for spot in record.parking_spot)
        )
    return _words(codes.RESTRICTION, said)


def _schedule(record: wire.ChargePointInfo) -> tuple[StatusSchedule, ...]:
    return tuple(
        StatusSchedule(
            begin=moment_from_ochp(entry.start_date, f"/statusSchedule[{index}]/startDate/DateTime"),
            end=None
            if entry.end_date is None
            else moment_from_ochp(entry.end_date, f"/statusSchedule[{index}]/endDate/DateTime"),
            status=codes.SCHEDULED_STATUS.to_core(entry.status),
        )
        for index, entry in enumerate(record.status_schedule, 1)
    )


_CARDS: Final = frozenset({AuthMethod.RFID_MIFARE_CLASSIC, AuthMethod.RFID_MIFARE_DESFIRE, AuthMethod.RFID_CALYPSO})


@lru_cache(maxsize=4096)
def _capabilities(methods: tuple[AuthMethod, ...], reservable: bool) -> tuple[str, ...]:
    found = []
    if _CARDS & set(methods):
        found.append("RFID_READER")
    if AuthMethod.OCHP_DIRECT in methods:
        found.append("REMOTE_START_STOP_CAPABLE")
    if reservable:
        found.append("RESERVABLE")
    found += [capability for method, capability in codes.PAYMENT.items() if method in methods]
    return tuple(found)


def charge_points_to_ochp(location: Location, *, direct: bool = False) -> ChargePoints:
    """One record an EVSE. `direct`: the hub offers OCHPdirect for the EVSEs of this location."""
    if not location.publish:
        reason = "not published by its owner; OCHP has no way to say so"
        return ChargePoints([], (), (withheld("publish", reason, location.id),))
    own = PROTOCOL in location.extensions  # what came from OCHP goes back whole: nothing to note
    shared_notes: Notes | None = None if own else []
    shared = shared_members(location, shared_notes)
    records: list[wire.ChargePointInfo] = []
    found: list[Loss] = []
    kept: list[Loss] = []
    for index, evse in enumerate(location.evses):
        path = f"evses[{index}]"
        notes: Notes | None = None if own else []
        # What an OCHP operator said of its own EVSE stands, whether or not this hub could control it.
        members = record_members(location, evse, shared, notes, path, direct=direct or own)
        written = put_back(evse.extensions, members, wire.ChargePointInfo)
        if evse.status is EvseStatus.REMOVED:
            members["status"] = ChargePointStatus.CLOSED  # whatever its operator said while it was there
        obstacle = _why_not(evse, members)
        if obstacle:
            kept.append(withheld(path, obstacle, evse.uid if evse.evse_id is None else evse.evse_id))
            continue
        records.append(wire.ChargePointInfo(**members))
        if notes is not None:
            found += remaining(notes, written)
    if shared_notes is not None:
        found += [loss for _, loss in shared_notes if records or loss.kind is not LossKind.ASSUMED]
        found += losses(location, NOT_CARRIED)
    return ChargePoints(records, tuple(found), tuple(kept))


def _why_not(evse: Evse, members: dict[str, Any]) -> str | None:
    if evse.accessibility is Accessibility.TEST:
        return "a test station is shown to nobody"
    if members["evse_id"] is None:
        return "no EVSE id that OCHP can say"
    if members["charge_point_address"] is None:
        return "no country in three letters, which OCHP demands"
    if not members["connectors"]:
        return "none of its connectors can be said in OCHP"
    if not members["auth_methods"]:
        return "none of the ways to identify at it can be said in OCHP"
    return None
