"""EVSE data records <-> locations. Source: OICP 2.3, eRoamingPushEvseData_V2.3, eRoamingPullEvseData_V2.3.

OICP speaks of single EVSEs, the model of EVSEs at a location. Records of one operator belong to one location if they
name the same ChargingPoolID, else the same ChargingStationID; else each EVSE is a location of its own. The first record
of a group says what the location is like; where a later one says it differently, that stays with its EVSE and comes
back with it. Ids are stable whatever spelling a push uses: a pool or EVSE is known by its id without separators.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final, NamedTuple

from core.model.ids import PartyId
from core.model.location import (
    AuthenticationMode,
    EnergyMix,
    EnergySource,
    EnvironmentalImpact,
    Evse,
    EvseStatus,
    Location,
)
from core.model.loss import Loss, LossKind
from core.model.quantities import Business, Image, Text
from mappings.losses import losses
from mappings.oicp import codes
from mappings.oicp.connectors import connectors_from_oicp
from mappings.oicp.coordinates import coordinates_from_oicp, coordinates_to_oicp
from mappings.oicp.evse_records import record_members
from mappings.oicp.ids import evse_id_from_oicp, party_from_oicp
from mappings.oicp.leftovers import PROTOCOL, put_aside, put_back
from mappings.oicp.notes import Notes, withheld
from mappings.oicp.opening_times import hours_from_oicp
from mappings.oicp.place_members import known, shared_members
from mappings.oicp.times import moment_from_oicp, zone_from_oicp
from mappings.oicp.v2_2 import plain
from protocols.oicp.wire import evse_data as wire
from protocols.oicp.wire.common import DeltaType, InfoText
from protocols.oicp.wire.coordinates import GeoCoordinates, GeoFormat
from protocols.oicp.wire.v2_2 import ORIGINAL, ConvertedEvseDataRecord

NOT_CARRIED: Final = {
    "publish_allowed_to": "OICP shows an EVSE to all or to nobody",
    "related_locations": "OICP knows one entrance only",
    "directions": "OICP has directions to a charging station only",
    "proprietor": "OICP names operator and suboperator only",
    "facilities": "OICP does not say what is around",
    "opening_times.exceptional_openings": "OICP has no exceptions from weekly hours",
    "opening_times.exceptional_closings": "OICP has no exceptions from weekly hours",
    "charging_when_closed": "OICP does not say whether one can charge while it is closed",
    "energy_mix.supplier_name": "OICP does not name the energy supplier",
    "energy_mix.energy_product_name": "OICP does not name the energy product",
    "parking_places": "OICP does not describe parking places, only whether there is a roof",
    "evses[].status_schedule": "OICP has no planned statuses",
    "evses[].status_until": "an OICP status has no end",
    "evses[].physical_reference": "OICP has no place for the number written on an EVSE",
    "evses[].parking": "OICP does not describe parking places",
    "evses[].accepted_service_providers": "OICP shows an EVSE to all or to nobody",
    "evses[].max_reservation_min": "OICP does not say how long a reservation lasts",
    "evses[].guaranteed_power_w": "OICP has maximum power only",
    "evses[].connectors[].tariff_ids": "OICP assigns prices in a message of their own (EVSEPricing)",
    "evses[].connectors[].terms_and_conditions": "OICP has no terms and conditions",
}
"""Canonical field -> why an EvseDataRecord does not carry it."""

ELSEWHERE: Final = {
    "owner": "OperatorID of the message",
    "operator": "OperatorName of the message",
    "id": "the hub's own key of a group of EVSEs",
    "updated_at": "lastUpdate, which is the hub's",
    "publish": "an unpublished location is withheld",
    "evses[].uid": "the hub's own key of an EVSE",
    "evses[].status": "EvseStatusRecord; planned and removed EVSEs are withheld",
    "evses[].updated_at": "lastUpdate, which is the hub's",
    "evses[].connectors[].id": "OICP addresses no connectors",
    "evses[].connectors[].updated_at": "lastUpdate, which is the hub's",
}
"""Canonical field -> where it goes instead of the record."""

_IMAGE_TYPES: Final = frozenset({"jpeg", "jpg", "png", "gif", "svg", "webp"})
_MANDATORY: Final = (
    ("evse_id", "no EVSE id that OICP can say"),
    ("plugs", "none of its connectors can be said in OICP"),
    ("charging_facilities", "no power is known, which OICP demands"),
    ("hotline_phone_number", "no telephone number is known, which OICP demands and nobody may invent"),
)


class EvseRecords(NamedTuple):
    """What a location becomes. `withheld` names the EVSEs of which nothing may be sent, and why."""

    records: list[wire.PlatformEvseDataRecord]
    losses: tuple[Loss, ...]
    withheld: tuple[Loss, ...]


def locations_from_oicp(
    operator: PartyId,
    records: Iterable[wire.PlatformEvseDataRecord],
    *,
    received_at: datetime,
    operator_name: str | None = None,
) -> list[Location]:
    """All records of one operator, grouped. Statuses are UNKNOWN: OICP says them in other messages.

    Raises Invalid with a path below the record."""
    groups: dict[str, list[wire.PlatformEvseDataRecord]] = {}
    for record in records:
        groups.setdefault(group_key(record), []).append(record)
    name = Business(name=operator_name) if operator_name else None
    return [_location(operator, name, group, received_at) for group in groups.values()]


def group_key(record: wire.PlatformEvseDataRecord) -> str:
    """Which records are one location, and its id."""
    if record.charging_pool_id:
        return record.charging_pool_id.upper().replace("*", "")
    return record.charging_station_id or evse_id_from_oicp(record.evse_id).key


def _location(
    operator: PartyId, name: Business | None, records: list[wire.PlatformEvseDataRecord], received_at: datetime
) -> Location:
    first = records[0]
    address = first.address
    names = _texts(first.charging_station_names)
    fields: dict[str, Any] = dict(  # noqa: C408
        owner=operator,
        id=group_key(first),
        name=names[0].text,
        names=names,
        address=address.street,
        house_number=address.house_num,
        city=address.city,
        postal_code=address.postal_code,
        state=address.region,
        country=address.country,
        coordinates=coordinates_from_oicp(first.geo_coordinates),
        entrance=known(coordinates_from_oicp, first.geo_charging_point_entrance),
        parking_type=known(codes.PARKING_TYPE.core_for, first.accessibility_location),
        operator=name,
        suboperator=Business(name=first.sub_operator_name) if first.sub_operator_name else None,
        time_zone=zone_from_oicp(address.country, address.time_zone),
        opening_times=hours_from_oicp(first.is_open_24_hours, first.opening_times),
        energy_mix=_energy_mix(first),
        help_phone=first.hotline_phone_number,
        pool_id=first.charging_pool_id,
        hub_operator=known(party_from_oicp, first.hub_operator_id),
        updated_at=received_at,
        extensions={PROTOCOL: "{}"},
    )
    location = Location(**fields)
    shared = shared_members(location, None)
    evses = tuple(_evse(record, location, shared, received_at) for record in records)
    fields["evses"], fields["updated_at"] = evses, max(evse.updated_at for evse in evses)
    return Location(**fields)


def _evse(
    record: wire.PlatformEvseDataRecord, location: Location, shared: dict[str, Any], received_at: datetime
) -> Evse:
    updated_at = moment_from_oicp(record.last_update, "$.lastUpdate") if record.last_update else received_at
    evse_id = evse_id_from_oicp(record.evse_id)
    modes = codes.words(codes.AUTHENTICATION_MODE, record.authentication_modes)
    services = codes.words(codes.VALUE_ADDED_SERVICE, record.value_added_services)
    place = coordinates_from_oicp(record.geo_coordinates)
    fields: dict[str, Any] = {
        "uid": evse_id.key,
        "evse_id": evse_id,
        "status": EvseStatus.UNKNOWN,
        "capabilities": _capabilities(modes, services),
        "connectors": connectors_from_oicp(record.plugs, record.charging_facilities or (), updated_at),
        "floor_level": record.address.floor,
        "coordinates": place if place != location.coordinates else None,
        "directions": _texts(record.charging_station_location_reference or ()),
        "images": (_image(record.charging_station_image),) if record.charging_station_image else (),
        "station_id": record.charging_station_id,
        "authentication_modes": modes,
        "payment_options": codes.words(codes.PAYMENT_OPTION, record.payment_options),
        "value_added_services": services,
        "accessibility": known(codes.ACCESSIBILITY.core_for, record.accessibility),
        "hub_compatible": record.is_hubject_compatible,
        "dynamic_info_available": _DYNAMIC.get(record.dynamic_info_available),
        "calibration_law": known(codes.CALIBRATION_LAW.core_for, record.calibration_law_data_availability),
        "max_capacity_kwh": record.max_capacity,
        "updated_at": updated_at,
        "extensions": {},
    }
    evse = Evse(**fields)
    put_aside(evse.extensions, record, record_members(location, evse, shared, None, ""))
    return evse


_DYNAMIC: Final = {wire.DynamicInfo.TRUE: True, wire.DynamicInfo.FALSE: False}


def _texts(texts: Iterable[InfoText]) -> tuple[Text, ...]:
    return tuple(_text(text.language, text.value) for text in texts)


@lru_cache(maxsize=65536)
def _text(language: str, text: str) -> Text:
    return Text(language=language, text=text)


def _image(url: str) -> Image:
    ending = url.rsplit(".", 1)[-1].lower()
    return Image(url=url, category="CHARGER", type=ending if ending in _IMAGE_TYPES else "")


@lru_cache(maxsize=4096)
def _capabilities(modes: tuple[AuthenticationMode, ...], services: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    if AuthenticationMode.RFID_MIFARE_CLASSIC in modes or AuthenticationMode.RFID_MIFARE_DESFIRE in modes:
        found.append("RFID_READER")
    if AuthenticationMode.REMOTE in modes:
        found.append("REMOTE_START_STOP_CAPABLE")
    if "RESERVATION" in services:
        found.append("RESERVABLE")
    return tuple(found)


def _energy_mix(record: wire.PlatformEvseDataRecord) -> EnergyMix | None:
    if record.renewable_energy is None:
        return None
    impact = record.environmental_impact
    sources = [
        EnergySource(source=codes.ENERGY.to_core(entry.energy), percentage=entry.percentage)
        for entry in record.energy_source or ()
        if entry.energy is not None
    ]
    impacts = []
    if impact is not None and impact.co2_emission is not None:
        impacts.append(EnvironmentalImpact(category="CARBON_DIOXIDE", amount=impact.co2_emission))
    if impact is not None and impact.nuclear_waste is not None:
        impacts.append(EnvironmentalImpact(category="NUCLEAR_WASTE", amount=impact.nuclear_waste))
    return EnergyMix(
        is_green_energy=record.renewable_energy, energy_sources=tuple(sources), environ_impact=tuple(impacts)
    )


def evse_records_to_oicp(location: Location, *, hotline: str | None = None, platform: bool = False) -> EvseRecords:
    """One record an EVSE.

    `hotline` is the telephone number that stands in where the owner gives none. `platform`: in the reference platform's
    profile, in which a record may go without the telephone number."""
    if not location.publish:
        reason = "not published by its owner; OICP has no way to say so"
        return EvseRecords([], (), (withheld("publish", reason, location.id),))
    own = PROTOCOL in location.extensions  # what came from OICP goes back whole: nothing to note
    shared_notes: Notes | None = None if own else []
    shared = shared_members(location, shared_notes, hotline)
    records: list[wire.PlatformEvseDataRecord] = []
    found: list[Loss] = []
    kept: list[Loss] = []
    for index, evse in enumerate(location.evses):
        path = f"evses[{index}]"
        notes: Notes = []
        members = record_members(location, evse, shared, None if own else notes, path)
        older = ORIGINAL in evse.extensions.get(PROTOCOL, "")
        written, refused = put_back(evse.extensions, members, ConvertedEvseDataRecord if older else wire.EvseDataRecord)
        if own and hotline is not None and members["hotline_phone_number"] is hotline:
            refused |= {"hotline_phone_number"}
        if refused:  # it came in a wider profile: what stands in for a missing member is noted
            again: Notes = []
            record_members(location, evse, shared_members(location, again, hotline), again, path)
            notes = [note for note in again if note[0] in refused]
        obstacle = _why_not(evse, members, platform, older=older)
        if obstacle:
            kept.append(withheld(path, obstacle, evse.uid if evse.evse_id is None else evse.evse_id))
            continue
        whole = wire.PlatformEvseDataRecord if members["hotline_phone_number"] is None else wire.EvseDataRecord
        record_type = ConvertedEvseDataRecord if older else whole
        record = record_type(**members)
        records.append(record if platform else plain(record))
        found += [loss for member, loss in notes if member not in written]
    if shared_notes is not None:
        found += [loss for _, loss in shared_notes if records or loss.kind is not LossKind.ASSUMED]
        found += losses(location, NOT_CARRIED)
    return EvseRecords(records, tuple(found), tuple(kept))


def _why_not(evse: Evse, members: dict[str, Any], platform: bool, *, older: bool) -> str | None:
    if evse.status is EvseStatus.REMOVED:
        return "removed: it is deleted from the EVSE data"
    if evse.status is EvseStatus.PLANNED:
        return "still planned, which OICP cannot say"
    for member, reason in _MANDATORY:
        if not members[member] and not (platform and (older or member == "hotline_phone_number")):
            return reason
    return None


def pull_record_to_oicp(
    record: wire.PlatformEvseDataRecord,
    *,
    operator_id: str,
    operator_name: str | None,
    last_update: str | None = None,
    delta_type: DeltaType | None = None,
    form: GeoFormat | None = None,
    statuses_come: bool | None = None,
) -> wire.PullEvseDataRecord:
    """A record as an EMP gets it: with its operator, the hub's stamps, coordinates in the form asked for.

    Coordinates that are in that form already stay as they came. `statuses_come` decides what `auto` means."""
    members: dict[str, Any] = {name: getattr(record, name) for name in record.__struct_fields__}
    members |= {"delta_type": delta_type, "last_update": last_update}
    members |= {"operator_id": operator_id, "operator_name": operator_name}
    if form is not None:
        for name in ("geo_coordinates", "geo_charging_point_entrance"):
            members[name] = in_form(members[name], form)
    if record.dynamic_info_available is wire.DynamicInfo.AUTO and statuses_come is not None:
        members["dynamic_info_available"] = wire.DynamicInfo.TRUE if statuses_come else wire.DynamicInfo.FALSE
    return wire.PullEvseDataRecord(**members)


_FORM_MEMBER: Final[Mapping[GeoFormat, str]] = {
    GeoFormat.GOOGLE: "google",
    GeoFormat.DECIMAL_DEGREE: "decimal_degree",
    GeoFormat.DEGREE_MINUTE_SECONDS: "degree_minute_seconds",
}


def in_form(place: GeoCoordinates | None, form: GeoFormat) -> GeoCoordinates | None:
    """The same coordinates in another form; untouched if they are in it."""
    if place is None or getattr(place, _FORM_MEMBER[form]) is not None:
        return place
    return coordinates_to_oicp(coordinates_from_oicp(place), form)
