"""EVSEs, connectors <-> ours. Source: OCPI 2.3.0, mod_locations."""

from typing import Any, Final

from core.errors import Unsupported
from core.model import location as core
from core.model.location import AuthenticationMode, Connector, Evse
from core.model.loss import Loss, LossKind
from mappings.ocpi.common import (
    Aside,
    Kept,
    assumption,
    coordinates_in,
    coordinates_out,
    each,
    image_from_ocpi,
    image_to_ocpi,
    kept,
    parts,
    put_aside,
    text_from_ocpi,
    texts_out,
    time_from_ocpi,
    time_in,
    time_out,
    unknown_of,
)
from mappings.ocpi.ids import evse_id_in
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
_ASSUMED_VOLTAGE: Final = {core.PowerType.DC: 400}


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
    """Voltage and current that the source does not say are assumed, see `evse_assumptions`."""
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


def evse_assumptions(evse: Evse, prefix: str) -> list[Loss]:
    """What OCPI demands of an EVSE and its connectors and nobody has said. `prefix`: of the paths."""
    if not evse.connectors:
        reason = "OCPI has no EVSE without connectors; it is left out"
        return [Loss(path=prefix + "connectors", reason=reason, value=evse.uid, kind=LossKind.WITHHELD)]
    found = []
    for index, connector in enumerate(evse.connectors):
        voltage, amperage = _ratings(connector)
        path = f"{prefix}connectors[{index}]."
        if connector.max_voltage is None:
            found.append(assumption(path + "max_voltage", voltage))
        if connector.max_amperage is None:
            found.append(assumption(path + "max_amperage", amperage))
    return found
