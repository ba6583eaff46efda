"""What a ChargePointInfo says of a location and of one of its EVSEs, member by member.

Everything here can be asked with `notes` None: then it tells only what goes out, which is how the way in finds out what
it has to put aside.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from core.model.location import Accessibility, AuthenticationMode, Evse, Location
from mappings.ochp import codes
from mappings.ochp.addresses import (
    address_to_ochp,
    degrees_to_ochp,
    images_to_ochp,
    is_rounded,
    phone_to_ochp,
    point_to_ochp,
)
from mappings.ochp.connectors import connector_members
from mappings.ochp.hours import hours_to_ochp
from mappings.ochp.ids import evse_id_to_ochp, location_id_to_ochp
from mappings.ochp.languages import language_of_country, language_to_ochp
from mappings.ochp.notes import Notes, assumed, lost, narrowed
from mappings.ochp.times import moment_to_ochp
from mappings.zones import zone_info
from protocols.ochp.wire import charge_points as wire
from protocols.ochp.wire.words import AuthMethod, GeneralLocation, PointType

_CARD: Final = frozenset(
    {
        AuthenticationMode.RFID_MIFARE_CLASSIC,
        AuthenticationMode.RFID_MIFARE_DESFIRE,
        AuthenticationMode.RFID_CALYPSO,
    }
)
_ILLEGAL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")


def shared_members(location: Location, notes: Notes | None) -> dict[str, Any]:
    """The members that all EVSEs of a location have in common."""
    location_id = location_id_to_ochp(location.id)
    if location_id != location.id.upper():
        narrowed(notes, "location_id", "id", f"sent as {location_id}", location.id)
    name, language = _name(location, notes)
    return {
        "location_id": location_id,
        "location_name": name,
        "location_name_lang": language,
        "charge_point_address": address_to_ochp(location, notes),
        "charge_point_location": point_to_ochp(location.coordinates),
        "related_location": _related(location, notes),
        "time_zone": _time_zone(location, notes),
        "opening_times": hours_to_ochp(location.opening_times, location.charging_when_closed, notes),
        "telephone_number": phone_to_ochp(location.help_phone, notes),
        "location": _general(location, notes),
    }


def record_members(
    location: Location,
    evse: Evse,
    shared: dict[str, Any],
    notes: Notes | None,
    path: str,
    *,
    direct: bool,
) -> dict[str, Any]:
    """A record without what was put aside, by Python names. `direct`: the hub offers OCHPdirect for this EVSE."""
    members = dict(shared)
    place = evse.coordinates or location.coordinates
    if evse.coordinates is not None:
        members["charge_point_location"] = point_to_ochp(evse.coordinates)
    if notes is not None and is_rounded(place):
        value = f"{place.latitude} {place.longitude}"
        narrowed(notes, "charge_point_location", "coordinates", "rounded to six decimals", value)
    pictures = tuple((f"{path}.images[{index}]", image) for index, image in enumerate(evse.images))
    pictures += tuple((f"images[{index}]", image) for index, image in enumerate(location.images))
    members |= {
        "evse_id": None if evse.evse_id is None else evse_id_to_ochp(evse.evse_id),
        "timestamp": moment_to_ochp(evse.updated_at),
        "images": images_to_ochp(pictures, notes),
        "related_resource": (),
        "status": codes.STATIC_STATUS.to_wire(evse.status),
        "status_schedule": _schedule(evse, notes, path),
        "parking_spot": (),
        "restriction": _restrictions(evse, notes, path),
        "auth_methods": auth_methods(evse, notes, path, direct=direct),
        "user_interface_lang": (),
        "max_reservation": _reservation(evse, notes, path),
        **connector_members(evse, notes, path),
    }
    if notes is not None:
        _note_capabilities(evse, notes, path)
    return members


def _name(location: Location, notes: Notes | None) -> tuple[str, str]:
    """Name and language: of the first named language that OCHP can say."""
    for index, text in enumerate(location.names):
        language = language_to_ochp(text.language)
        if language is not None and text.text:
            others = [other.language for other in location.names if other is not text]
            if others:
                lost(notes, "location_name", "names", "OCHP has a name in one language", others)
            return _short_name(text.text, notes, f"names[{index}].text"), language
    language = language_of_country(location.country)
    assumed(notes, "location_name_lang", "locationNameLang", "the name has no language", language)
    if location.name:
        return _short_name(location.name, notes, "name"), language
    assumed(notes, "location_name", "locationName", "no name; the address stands in", location.address)
    return _short_name(location.address or location.city or "-", notes, "address"), language


def _short_name(text: str, notes: Notes | None, path: str) -> str:
    if len(text) > 100:
        narrowed(notes, "location_name", path, "cut to 100 characters", text)
    return _ILLEGAL.sub("", text[:100]) or "-"


def _related(location: Location, notes: Notes | None) -> tuple[wire.AdditionalGeoPoint, ...]:
    found = []
    if location.entrance is not None:
        place = location.entrance
        found.append(
            wire.AdditionalGeoPoint(
                lat=degrees_to_ochp(place.latitude), lon=degrees_to_ochp(place.longitude), type=PointType.ENTRANCE
            )
        )
    for index, related in enumerate(location.related_locations):
        place, name = related.coordinates, related.name
        if name is not None and len(name.text) > 255:
            narrowed(notes, "related_location", f"related_locations[{index}].name", "cut to 255 characters", name.text)
        found.append(
            wire.AdditionalGeoPoint(
                lat=degrees_to_ochp(place.latitude),
                lon=degrees_to_ochp(place.longitude),
                name=name.text[:255] if name is not None else None,
                type=PointType.OTHER,
            )
        )
    return tuple(found)


def _time_zone(location: Location, notes: Notes | None) -> str | None:
    zone = location.time_zone
    if zone is not None and zone_info(zone) is None:
        lost(notes, "time_zone", "time_zone", "not a zone that exists", zone)
        return None
    return zone


def _general(location: Location, notes: Notes | None) -> GeneralLocation:
    kind = location.parking_type
    if kind is None:
        return GeneralLocation.UNKNOWN
    word: GeneralLocation | None = codes.PARKING_TYPE.wire_for(kind)
    if word is None or kind in codes.PARKING_TYPE.lossy_out:
        narrowed(notes, "location", "parking_type", "sent as other", kind)
    return word or GeneralLocation.OTHER


def _schedule(evse: Evse, notes: Notes | None, path: str) -> tuple[wire.Schedule, ...]:
    found = []
    for index, entry in enumerate(evse.status_schedule):
        status = codes.SCHEDULED_STATUS.wire_for(entry.status)
        begin = moment_to_ochp(entry.begin)
        end = None if entry.end is None else moment_to_ochp(entry.end)
        if status is None or (end is not None and end <= begin):
            place = f"{path}.status_schedule[{index}]"
            lost(notes, "status_schedule", place, "OCHP plans only whether an EVSE is in operation", entry.status)
            continue
        found.append(wire.Schedule(start_date=begin, end_date=end, status=status))
    return tuple(found)


def _restrictions(evse: Evse, notes: Notes | None, path: str) -> tuple[Any, ...]:
    found = []
    for index, word in enumerate(evse.parking_restrictions):
        restriction = codes.RESTRICTION.wire_for(word)
        if restriction is None:
            place = f"{path}.parking_restrictions[{index}]"
            lost(notes, "restriction", place, "OCHP has no such restriction", word)
        elif restriction not in found:
            found.append(restriction)
    return tuple(found)


def auth_methods(evse: Evse, notes: Notes | None, path: str, *, direct: bool) -> tuple[AuthMethod, ...]:
    """Empty where there are ways to identify, but none that OCHP can say."""
    found: dict[AuthMethod, None] = {}
    for index, mode in enumerate(evse.authentication_modes):
        if mode is AuthenticationMode.REMOTE and not direct:
            place = f"{path}.authentication_modes[{index}]"
            lost(notes, "auth_methods", place, "remote control goes by OCHPdirect, which is not offered here", mode)
            continue
        found.setdefault(codes.AUTH_METHOD.to_wire(mode))
    capabilities = evse.capabilities
    if "RFID_READER" in capabilities and not _CARD & set(evse.authentication_modes):
        found.setdefault(AuthMethod.RFID_MIFARE_CLASSIC)
        assumed(notes, "auth_methods", "authMethods", "the family of cards is not said; sent as RfidMifareCls")
    if direct and "REMOTE_START_STOP_CAPABLE" in capabilities:
        found.setdefault(AuthMethod.OCHP_DIRECT)
    for method, capability in codes.PAYMENT.items():
        if capability in capabilities:
            found.setdefault(method)
    if not found and not evse.authentication_modes and "REMOTE_START_STOP_CAPABLE" not in capabilities:
        found.setdefault(AuthMethod.RFID_MIFARE_CLASSIC)
        assumed(notes, "auth_methods", "authMethods", "how to identify is not said; sent as RfidMifareCls")
    return tuple(found)


def _reservation(evse: Evse, notes: Notes | None, path: str) -> int | None:
    minutes = evse.max_reservation_min
    if minutes is None:
        return None
    whole = int(minutes.to_integral_value(ROUND_HALF_UP))
    if not 0 < whole <= 1000:
        lost(notes, "max_reservation", f"{path}.max_reservation_min", "OCHP takes 1 to 1000 minutes", minutes)
        return None
    if Decimal(whole) != minutes:
        narrowed(notes, "max_reservation", f"{path}.max_reservation_min", "rounded: OCHP has whole minutes", minutes)
    return whole


def _note_capabilities(evse: Evse, notes: Notes, path: str) -> None:
    for index, capability in enumerate(evse.capabilities):
        place = f"{path}.capabilities[{index}]"
        if capability in codes.CAPABILITY:
            lost(notes, "auth_methods", place, codes.CAPABILITY[capability], capability)
        elif capability == "RESERVABLE" and evse.max_reservation_min is None:
            lost(notes, "max_reservation", place, "OCHP says it by a longest duration, which is not known", capability)
        elif capability == "REMOTE_START_STOP_CAPABLE" and AuthenticationMode.REMOTE not in evse.authentication_modes:
            reason = "remote control goes by OCHPdirect, which is not offered here"
            lost(notes, "auth_methods", place, reason, capability)
        elif capability not in _SAID:
            lost(notes, "auth_methods", place, "OCHP has no such capability", capability)
    if evse.accessibility is Accessibility.RESTRICTED:
        lost(notes, "location", f"{path}.accessibility", "OCHP says it of private places only", evse.accessibility)


_SAID: Final = frozenset({"RFID_READER", "RESERVABLE", "REMOTE_START_STOP_CAPABLE", *codes.PAYMENT.values()})
