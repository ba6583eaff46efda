"""Locations <-> ours. Source: OCPI 2.3.0, mod_locations."""

from typing import Any, Final

from core.errors import Invalid, Unsupported
from core.model import location as core
from core.model.location import Location
from core.model.loss import Loss, LossKind
from mappings.losses import losses, plain
from mappings.ocpi.common import (
    Aside,
    business_from_ocpi,
    business_to_ocpi,
    coordinates_in,
    coordinates_out,
    each,
    image_from_ocpi,
    image_to_ocpi,
    kept,
    part,
    parts,
    put_aside,
    text_from_ocpi,
    texts_out,
    time_in,
    time_out,
    unknown_of,
)
from mappings.ocpi.evses import (
    CONNECTOR_FORMAT,
    EVSE_STATUS,
    POWER_TYPE,
    evse_assumptions,
    evse_from_ocpi,
    evse_to_ocpi,
)
from mappings.ocpi.ids import party_in, party_out
from mappings.ocpi.places import (
    ENERGY_SOURCE,
    energy_mix_from_ocpi,
    energy_mix_to_ocpi,
    hours_from_ocpi,
    hours_to_ocpi,
    parking_from_ocpi,
    parking_to_ocpi,
    publish_token_from_ocpi,
    publish_token_to_ocpi,
    related_from_ocpi,
    related_to_ocpi,
)
from mappings.tables import CodeTable
from protocols.ocpi.wire import locations as wire

NOT_CARRIED: Final = {
    "names[]": "a location has one name, without language",
    "entrance": "no field for the entrance; sent as a related location, which does not say what it is",
    "pool_id": "no field",
    "hub_operator": "no field",
    "evses[].status_until": "no field",
    "evses[].station_id": "no level between location and EVSE",
    "evses[].authentication_modes": "only the capabilities RFID_READER and REMOTE_START_STOP_CAPABLE say part of it",
    "evses[].payment_options": "no field",
    "evses[].value_added_services": "no field, only the capability RESERVABLE",
    "evses[].accessibility": "no field",
    "evses[].hub_compatible": "no field",
    "evses[].dynamic_info_available": "no field",
    "evses[].calibration_law": "no field",
    "evses[].max_capacity_kwh": "no field",
    "evses[].max_reservation_min": "no field, only the capability RESERVABLE",
    "evses[].guaranteed_power_w": "no field",
}
"""Canonical fields that OCPI 2.3.0 has no place for -> why."""

CODES: Final[dict[str, CodeTable[Any, Any]]] = {
    "evses[].status": EVSE_STATUS,
    "evses[].connectors[].format": CONNECTOR_FORMAT,
    "evses[].connectors[].power_type": POWER_TYPE,
}

ONE_ZONE: Final = {
    "AUT": "Europe/Vienna", "BEL": "Europe/Brussels", "BGR": "Europe/Sofia", "CHE": "Europe/Zurich",
    "CZE": "Europe/Prague", "DEU": "Europe/Berlin", "DNK": "Europe/Copenhagen", "EST": "Europe/Tallinn",
    "FIN": "Europe/Helsinki", "FRA": "Europe/Paris", "GBR": "Europe/London", "GRC": "Europe/Athens",
    "HRV": "Europe/Zagreb", "HUN": "Europe/Budapest", "IRL": "Europe/Dublin", "ISL": "Atlantic/Reykjavik",
    "ITA": "Europe/Rome", "LIE": "Europe/Vaduz", "LTU": "Europe/Vilnius", "LUX": "Europe/Luxembourg",
    "LVA": "Europe/Riga", "MCO": "Europe/Monaco", "MLT": "Europe/Malta", "NLD": "Europe/Amsterdam",
    "NOR": "Europe/Oslo", "POL": "Europe/Warsaw", "ROU": "Europe/Bucharest", "SRB": "Europe/Belgrade",
    "SVK": "Europe/Bratislava", "SVN": "Europe/Ljubljana", "SWE": "Europe/Stockholm", "TUR": "Europe/Istanbul",
    "ISR": "Asia/Jerusalem", "JPN": "Asia/Tokyo", "KOR": "Asia/Seoul", "SGP": "Asia/Singapore",
}  # fmt: skip
"""Country -> time zone of (nearly) all its places, for owners whose protocol does not say it."""


def location_from_ocpi(location: wire.Location) -> Location:
    """Raises Invalid, with the path, for what the specification forbids beyond single fields."""
    aside: Aside = {}
    unknown: dict[str, Any] = {}
    if location.publish and location.publish_allowed_to:
        raise Invalid("$.publish_allowed_to", "is allowed only when publish is false")
    if location.directions:
        unknown_of(unknown, "directions", location.directions)
    hours = location.opening_times
    result = Location(
        owner=party_in(location.country_code, location.party_id, aside),
        id=location.id,
        publish=location.publish,
        publish_allowed_to=parts(publish_token_from_ocpi, location.publish_allowed_to, "publish_allowed_to"),
        name=location.name,
        address=location.address,
        city=location.city,
        postal_code=location.postal_code,
        state=location.state,
        country=location.country,
        coordinates=coordinates_in(location.coordinates, aside, unknown, "coordinates"),
        related_locations=parts(related_from_ocpi, location.related_locations, "related_locations"),
        parking_type=location.parking_type,
        evses=parts(evse_from_ocpi, location.evses, "evses"),
        parking_places=each(parking_from_ocpi, location.parking_places or ()),
        directions=each(text_from_ocpi, location.directions or ()),
        operator=business_from_ocpi(location.operator) if location.operator else None,
        suboperator=business_from_ocpi(location.suboperator) if location.suboperator else None,
        proprietor=business_from_ocpi(location.owner) if location.owner else None,
        facilities=location.facilities or (),
        time_zone=location.time_zone,
        opening_times=part(hours_from_ocpi, hours, "opening_times") if hours else None,
        charging_when_closed=location.charging_when_closed,
        images=each(image_from_ocpi, location.images or ()),
        energy_mix=energy_mix_from_ocpi(location.energy_mix) if location.energy_mix else None,
        help_phone=location.help_phone,
        updated_at=time_in(location.last_updated, aside, "last_updated"),
        extensions=put_aside(location.extra, aside, unknown),
    )
    check_parking(result)
    return result


def check_parking(location: Location) -> None:
    """Raises Invalid if parking ids occur twice, or an EVSE names a parking place that is not there."""
    ids = {place.id.upper() for place in location.parking_places}
    if len(ids) != len(location.parking_places):
        raise Invalid("$.parking_places", "an id occurs twice")
    for index, evse in enumerate(location.evses):
        for number, parking in enumerate(evse.parking):
            if parking.parking_id.upper() not in ids:
                reason = f"{parking.parking_id!r} is no parking place of the location"
                raise Invalid(f"$.evses[{index}].parking[{number}].parking_id", reason)


def location_to_ocpi(location: Location) -> wire.Location:
    """EVSEs without connectors are left out. Raises Unsupported if the time zone is not known and cannot be assumed."""
    back, hours = kept(location.extensions), location.opening_times
    country_code, party_id = party_out(location.owner, back)
    return wire.Location(
        country_code=country_code,
        party_id=party_id,
        id=location.id,
        publish=location.publish,
        publish_allowed_to=each(publish_token_to_ocpi, location.publish_allowed_to),
        name=_name(location),
        address=f"{location.address} {location.house_number}" if location.house_number else location.address,
        city=location.city,
        postal_code=location.postal_code,
        state=location.state,
        country=location.country,
        coordinates=coordinates_out(location.coordinates, back, "coordinates"),
        related_locations=_related(location),
        parking_type=location.parking_type,
        evses=tuple([evse_to_ocpi(evse) for evse in location.evses if evse.connectors]),
        parking_places=each(parking_to_ocpi, location.parking_places),
        directions=texts_out(location.directions, back, "directions"),
        operator=business_to_ocpi(location.operator) if location.operator else None,
        suboperator=business_to_ocpi(location.suboperator) if location.suboperator else None,
        owner=business_to_ocpi(location.proprietor) if location.proprietor else None,
        facilities=location.facilities,
        time_zone=location.time_zone if location.time_zone is not None else _zone(location),
        opening_times=hours_to_ocpi(hours) if hours is not None and _says_when(hours) else None,
        charging_when_closed=location.charging_when_closed,
        images=each(image_to_ocpi, location.images),
        energy_mix=energy_mix_to_ocpi(location.energy_mix) if location.energy_mix else None,
        help_phone=location.help_phone,
        last_updated=time_out(location.updated_at, back, "last_updated"),
        extra=back.extra,
    )


def _name(location: Location) -> str | None:
    if location.name is not None or not location.names:
        return location.name
    english = next((text.text for text in location.names if text.language.startswith("en")), None)
    return english or location.names[0].text


def _related(location: Location) -> tuple[wire.AdditionalGeoLocation, ...]:
    related = each(related_to_ocpi, location.related_locations)
    if location.entrance:
        related += (related_to_ocpi(core.RelatedLocation(coordinates=location.entrance)),)
    return related


def _zone(location: Location) -> str:
    zone = ONE_ZONE.get(location.country)
    if zone is None:
        raise Unsupported(f"OCPI demands a time zone, which the owner of location {location.id} does not say")
    return zone


# --- losses


def location_losses(location: Location) -> tuple[Loss, ...]:
    """What OCPI does not get of this location, and what had to be assumed."""
    found = losses(location, NOT_CARRIED, CODES) + tuple(_assumptions(location))
    if location.name is not None:
        return found
    sent = _name(location)
    return tuple(_unnamed(loss) if loss.path.startswith("names[") and sent == _text(loss) else loss for loss in found)


def _text(loss: Loss) -> Any:
    return loss.value.get("text") if isinstance(loss.value, dict) else None


def _unnamed(loss: Loss) -> Loss:
    return Loss(path=loss.path, reason="sent without its language", value=loss.value, kind=LossKind.NARROWED)


def _assumptions(location: Location) -> list[Loss]:
    found = []
    if location.time_zone is None:
        reason = "not said by the owner; taken from the country"
        found.append(Loss(path="time_zone", reason=reason, value=ONE_ZONE.get(location.country), kind=LossKind.ASSUMED))
    if location.opening_times and not _says_when(location.opening_times):
        reason = "not always open, and no hours are said, which OCPI demands"
        found.append(Loss(path="opening_times", reason=reason, value=plain(location.opening_times)))
    if location.opening_times:
        found += [
            Loss(path=f"opening_times.regular_hours[{i}].end", reason="sent as 23:59", value="24:00",
                 kind=LossKind.NARROWED)
            for i, hours in enumerate(location.opening_times.regular_hours)
            if hours.end == "24:00" and "ocpi" not in hours.extensions
        ]  # fmt: skip
    if location.energy_mix:
        found += [
            Loss(path=f"energy_mix.energy_sources[{i}]", reason="OCPI has no word for it, or demands a percentage",
                 value=plain(source))
            for i, source in enumerate(location.energy_mix.energy_sources)
            if source.percentage is None or ENERGY_SOURCE.wire_for(source.source) is None
        ]  # fmt: skip
    for index, evse in enumerate(location.evses):
        found += evse_assumptions(evse, f"evses[{index}].")
    return found


def _says_when(hours: core.OpeningHours) -> bool:
    """What OCPI demands of opening times."""
    return hours.twentyfourseven or bool(hours.regular_hours)
