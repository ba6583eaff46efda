"""Locations, EVSEs, connectors <-> ours. Source: OCPI 2.3.0, mod_locations."""

from decimal import Decimal
from typing import Any, Final

from core.errors import Invalid, Unsupported
from core.model import location as core
from core.model.location import AuthenticationMode, Connector, Evse, Location
from core.model.loss import Loss, LossKind
from mappings.losses import losses, plain
from mappings.ocpi.common import (
    Aside,
    Kept,
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
    time_from_ocpi,
    time_in,
    time_out,
    unknown_of,
)
from mappings.ocpi.ids import evse_id_in, party_in, party_out
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
from mappings.tables import CodeTable, same
from protocols.ocpi.wire import locations as wire

STATUS_TIME: Final = "ocpi_status_time"
"""Extension: `last_updated` as a status alone spelled it."""
EVSE_STATUS: Final = same(wire.Status, core.EvseStatus)
CONNECTOR_FORMAT: Final = same(wire.ConnectorFormat, core.ConnectorFormat)
POWER_TYPE: Final = same(wire.PowerType, core.PowerType)
EVSE_POSITION: Final[CodeTable[wire.EvsePosition, str]] = CodeTable(
    both={word: word.value for word in wire.EvsePosition}
)

IMPLIED_CAPABILITY: Final = {
    AuthenticationMode.RFID_MIFARE_CLASSIC: "RFID_READER",
    AuthenticationMode.RFID_MIFARE_DESFIRE: "RFID_READER",
    AuthenticationMode.RFID_CALYPSO: "RFID_READER",
    AuthenticationMode.REMOTE: "REMOTE_START_STOP_CAPABLE",
}
"""Finer words of other protocols -> the capability that contains them."""
RESERVATION_SERVICE: Final = "Reservation"

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

_ASSUMED_VOLTAGE: Final = {core.PowerType.DC: 400}


# --- connectors


def connector_from_ocpi(connector: wire.Connector) -> Connector:
    aside: Aside = {}
    return Connector(
        id=connector.id,
        standard=connector.standard,
        format=CONNECTOR_FORMAT.to_core(connector.format),
        power_type=POWER_TYPE.to_core(connector.power_type),
        max_voltage=connector.max_voltage,
        max_amperage=connector.max_amperage,
        max_power_w=connector.max_electric_power,
        tariff_ids=connector.tariff_ids or (),
        terms_and_conditions=connector.terms_and_conditions,
        capabilities=connector.capabilities or (),
        updated_at=time_in(connector.last_updated, aside, "last_updated"),
        extensions=put_aside(connector.extra, aside),
    )


def connector_to_ocpi(connector: Connector) -> wire.Connector:
    """Voltage and current that the source does not say are assumed, see `assumptions`."""
    back = kept(connector.extensions)
    voltage, amperage = connector.max_voltage, connector.max_amperage
    if voltage is None or amperage is None:
        voltage, amperage = _ratings(connector)
    return wire.Connector(
        id=connector.id,
        standard=connector.standard,
        format=CONNECTOR_FORMAT.to_wire(connector.format),
        power_type=POWER_TYPE.to_wire(connector.power_type),
        max_voltage=voltage,
        max_amperage=amperage,
        max_electric_power=connector.max_power_w,
        tariff_ids=connector.tariff_ids,
        terms_and_conditions=connector.terms_and_conditions,
        capabilities=connector.capabilities,
        last_updated=time_out(connector.updated_at, back, "last_updated"),
        extra=back.extra,
    )


def _ratings(connector: Connector) -> tuple[int, int]:
    """Volt and Ampere, what is missing assumed so that they agree with the power."""
    phases = core.PHASES.get(connector.power_type, 1)
    power, voltage, amperage = connector.max_power_w, connector.max_voltage, connector.max_amperage
    if voltage is None and power and amperage:
        voltage = round(power / (amperage * phases))
    voltage = voltage or _ASSUMED_VOLTAGE.get(connector.power_type, 230)
    if amperage is None:
        amperage = round(power / (voltage * phases)) if power else 16
    return voltage, amperage


# --- EVSEs


def schedule_from_ocpi(schedule: wire.StatusSchedule) -> core.StatusSchedule:
    aside: Aside = {}
    return core.StatusSchedule(
        begin=time_in(schedule.period_begin, aside, "period_begin"),
        end=time_in(schedule.period_end, aside, "period_end") if schedule.period_end is not None else None,
        status=EVSE_STATUS.to_core(schedule.status),
        extensions=put_aside(schedule.extra, aside),
    )


def schedule_to_ocpi(schedule: core.StatusSchedule) -> wire.StatusSchedule:
    back = kept(schedule.extensions)
    return wire.StatusSchedule(
        period_begin=time_out(schedule.begin, back, "period_begin"),
        period_end=time_out(schedule.end, back, "period_end") if schedule.end else None,
        status=EVSE_STATUS.to_wire(schedule.status),
        extra=back.extra,
    )


def evse_parking_from_ocpi(parking: wire.EvseParking) -> core.EvseParking:
    position = parking.evse_position
    return core.EvseParking(
        parking_id=parking.parking_id,
        evse_position=EVSE_POSITION.to_core(position) if position is not None else None,
        extensions=put_aside(parking.extra, {}),
    )


def evse_parking_to_ocpi(parking: core.EvseParking) -> wire.EvseParking:
    position = parking.evse_position
    return wire.EvseParking(
        parking_id=parking.parking_id,
        evse_position=EVSE_POSITION.wire_for(position) if position is not None else None,
        extra=kept(parking.extensions).extra,
    )


def evse_from_ocpi(evse: wire.Evse) -> Evse:
    aside: Aside = {}
    unknown: dict[str, Any] = {}
    if evse.directions:
        unknown_of(unknown, "directions", evse.directions)
    return Evse(
        uid=evse.uid,
        evse_id=evse_id_in(evse.evse_id, aside, "evse_id"),
        status=EVSE_STATUS.to_core(evse.status),
        status_schedule=parts(schedule_from_ocpi, evse.status_schedule, "status_schedule"),
        capabilities=evse.capabilities or (),
        connectors=parts(connector_from_ocpi, evse.connectors, "connectors"),
        floor_level=evse.floor_level,
        coordinates=coordinates_in(evse.coordinates, aside, unknown, "coordinates") if evse.coordinates else None,
        physical_reference=evse.physical_reference,
        directions=each(text_from_ocpi, evse.directions or ()),
        parking_restrictions=evse.parking_restrictions or (),
        parking=each(evse_parking_from_ocpi, evse.parking or ()),
        images=each(image_from_ocpi, evse.images or ()),
        accepted_service_providers=evse.accepted_service_providers or (),
        updated_at=time_in(evse.last_updated, aside, "last_updated"),
        extensions=put_aside(evse.extra, aside, unknown),
    )


def evse_to_ocpi(evse: Evse) -> wire.Evse:
    """Raises Unsupported for an EVSE without connectors, which OCPI cannot say."""
    if not evse.connectors:
        raise Unsupported(f"OCPI has no EVSE without connectors, and {evse.uid} has none")
    back = kept(evse.extensions)
    return wire.Evse(
        uid=evse.uid,
        evse_id=evse.evse_id.text if evse.evse_id else back.texts.get("evse_id"),
        status=EVSE_STATUS.to_wire(evse.status),
        status_schedule=each(schedule_to_ocpi, evse.status_schedule),
        capabilities=_capabilities(evse),
        connectors=tuple([connector_to_ocpi(connector) for connector in evse.connectors]),
        floor_level=evse.floor_level,
        coordinates=coordinates_out(evse.coordinates, back, "coordinates") if evse.coordinates else None,
        physical_reference=evse.physical_reference,
        directions=texts_out(evse.directions, back, "directions"),
        parking_restrictions=evse.parking_restrictions,
        parking=each(evse_parking_to_ocpi, evse.parking),
        images=each(image_to_ocpi, evse.images),
        accepted_service_providers=evse.accepted_service_providers,
        last_updated=evse_time_out(evse, back),
        extra=back.extra,
    )


def evse_time_out(evse: Evse, back: Kept) -> str:
    """As the last status spelled it, if that is what it is of."""
    spelled = evse.extensions.get(STATUS_TIME)
    if spelled is not None and time_from_ocpi(spelled) == evse.updated_at:
        return spelled
    return time_out(evse.updated_at, back, "last_updated")


def _capabilities(evse: Evse) -> tuple[str, ...]:
    if not (evse.authentication_modes or evse.value_added_services or evse.max_reservation_min):
        return evse.capabilities
    said = dict.fromkeys(evse.capabilities)
    for mode in evse.authentication_modes:
        if capability := IMPLIED_CAPABILITY.get(mode):
            said.setdefault(capability)
    if RESERVATION_SERVICE in evse.value_added_services or evse.max_reservation_min:
        said.setdefault("RESERVABLE")
    return tuple(said)


# --- locations


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
        found += _evse_assumptions(evse, f"evses[{index}].")
    return found


def _evse_assumptions(evse: Evse, prefix: str) -> list[Loss]:
    if not evse.connectors:
        reason = "OCPI has no EVSE without connectors; it is left out"
        return [Loss(path=prefix + "connectors", reason=reason, value=evse.uid, kind=LossKind.WITHHELD)]
    found = []
    for index, connector in enumerate(evse.connectors):
        voltage, amperage = _ratings(connector)
        path = f"{prefix}connectors[{index}]."
        if connector.max_voltage is None:
            found.append(_assumed(path + "max_voltage", voltage))
        if connector.max_amperage is None:
            found.append(_assumed(path + "max_amperage", amperage))
    return found


def _says_when(hours: core.OpeningHours) -> bool:
    """What OCPI demands of opening times."""
    return hours.twentyfourseven or bool(hours.regular_hours)


def _assumed(path: str, value: int | Decimal | str) -> Loss:
    return Loss(path=path, reason="required by OCPI and not said by the source", value=value, kind=LossKind.ASSUMED)
