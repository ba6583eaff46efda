"""Connectors, current and ratings of a charge point <-> connectors of an EVSE. Source: OCHP 1.4; crosswalk 1.1-1.3.

OCHP has one current type and one rating an EVSE. How many phases AC has is told from the connector, else from the
power: one phase of a car's charger ends at 7.4 kW. The rating is that of the connectors of the current type said.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from core.model.location import Connector, Evse, PowerType
from mappings.ochp.codes import CONNECTOR_FORMAT, CONNECTOR_STANDARD, CURRENT
from mappings.ochp.ids import tariff_id_to_ochp
from mappings.ochp.notes import Notes, lost, narrowed
from protocols.ochp.wire import places as wire
from protocols.ochp.wire.words import ConnectorStandard, CurrentType

_SINGLE: Final = frozenset(
    {ConnectorStandard.IEC_62196_T1, ConnectorStandard.IEC_62196_T3A, ConnectorStandard.IEC_60309_2_SINGLE_16}
    | {word for word in ConnectorStandard if word.value.startswith("DOMESTIC_")}
)
_THREE: Final = frozenset(
    {
        ConnectorStandard.IEC_62196_T3C,
        ConnectorStandard.IEC_60309_2_THREE_16,
        ConnectorStandard.IEC_60309_2_THREE_32,
        ConnectorStandard.IEC_60309_2_THREE_64,
    }
)
_DC: Final = frozenset(
    {ConnectorStandard.CHADEMO, ConnectorStandard.IEC_62196_T1_COMBO, ConnectorStandard.IEC_62196_T2_COMBO}
)
_ONE_PHASE_KW: Final = Decimal("7.4")
_KILO: Final = Decimal(1000)


def connectors_from_ochp(
    connectors: tuple[wire.Connector, ...], current: CurrentType, ratings: wire.Ratings | None, updated_at: datetime
) -> tuple[Connector, ...]:
    """Numbered from 1. Only connectors of the current type said have the rating; a one-phase socket beside a
    three-phase one has not."""
    standards = {connector.connector_standard for connector in connectors}
    types = [power_type_of(connector.connector_standard, current, ratings, standards) for connector in connectors]
    described = _described(current, types)
    found = []
    for number, (connector, power_type) in enumerate(zip(connectors, types, strict=True), 1):
        rated = ratings if power_type is described else None
        found.append(
            Connector(
                id=str(number),
                standard=CONNECTOR_STANDARD.to_core(connector.connector_standard),
                format=CONNECTOR_FORMAT.to_core(connector.connector_format),
                power_type=power_type,
                max_voltage=rated.nominal_voltage if rated is not None else None,
                max_power_w=_watts(rated.maximum_power) if rated is not None else None,
                tariff_ids=(connector.tariff_id,) if connector.tariff_id is not None else (),
                updated_at=updated_at,
            )
        )
    return tuple(found)


def _described(current: CurrentType, types: list[PowerType]) -> PowerType:
    if current is CurrentType.DC:
        return PowerType.DC
    return PowerType.AC_3_PHASE if PowerType.AC_3_PHASE in types else PowerType.AC_1_PHASE


def power_type_of(
    standard: ConnectorStandard,
    current: CurrentType,
    ratings: wire.Ratings | None = None,
    standards: set[ConnectorStandard] | None = None,
) -> PowerType:
    """`standards`: all of the EVSE; beside a plug for DC only, a Type 2 or household socket is AC."""
    if current is CurrentType.DC and (standard in _DC or not (standards or set()) & _DC):
        return PowerType.DC
    if standard in _DC and current is CurrentType.AC:
        return PowerType.DC
    if standard in _SINGLE:
        return PowerType.AC_1_PHASE
    if standard in _THREE or ratings is None or current is CurrentType.DC:
        return PowerType.AC_3_PHASE
    return PowerType.AC_3_PHASE if ratings.maximum_power > _ONE_PHASE_KW else PowerType.AC_1_PHASE


def _watts(kilowatts: Decimal) -> int:
    return int((kilowatts * _KILO).to_integral_value())


def connector_members(evse: Evse, notes: Notes | None, path: str) -> dict[str, Any]:
    """connectors, chargePointType and ratings, by Python names; no connectors where none can be said."""
    sent: list[wire.Connector] = []
    said: list[Connector] = []
    for index, connector in enumerate(evse.connectors):
        place = f"{path}.connectors[{index}]"
        standard = CONNECTOR_STANDARD.wire_for(connector.standard)
        if standard is None:
            lost(notes, "connectors", place, "OCHP has no such connector", connector.standard)
            continue
        said.append(connector)
        sent.append(
            wire.Connector(
                connector_standard=standard,
                connector_format=CONNECTOR_FORMAT.to_wire(connector.format),
                tariff_id=_tariff(connector, notes, place),
            )
        )
        if notes is not None:
            _note_connector(connector, notes, place)
    strongest = max(said, key=_strength, default=None)
    current = CurrentType.AC if strongest is None else CURRENT.to_wire(strongest.power_type)
    if notes is not None:
        _note_currents(said, current, notes, path)
    return {
        "connectors": tuple(sent),
        "charge_point_type": current,
        "ratings": _ratings(evse, strongest, notes, path),
    }


def _strength(connector: Connector) -> tuple[int, bool]:
    return connector.power_w or 0, connector.power_type is PowerType.DC


def _ratings(evse: Evse, strongest: Connector | None, notes: Notes | None, path: str) -> wire.Ratings | None:
    power = None if strongest is None else strongest.power_w
    if strongest is None or power is None:
        if evse.guaranteed_power_w is not None:
            lost(notes, "ratings", f"{path}.guaranteed_power_w", "OCHP says it beside the maximum only")
        return None
    voltage = strongest.max_voltage
    if voltage is not None and not 0 < voltage <= 1000:
        lost(notes, "ratings", f"{path}.connectors[].max_voltage", "OCHP takes 1 to 1000 V", voltage)
        voltage = None
    guaranteed = evse.guaranteed_power_w
    return wire.Ratings(
        maximum_power=kilowatts(power),
        guaranteed_power=None if guaranteed is None else kilowatts(guaranteed),
        nominal_voltage=voltage,
    )


def kilowatts(watts: int) -> Decimal:
    """Exact, without zeros at the end."""
    whole, rest = divmod(watts, 1000)
    return Decimal(whole) if rest == 0 else Decimal(watts).scaleb(-3).normalize()


def _tariff(connector: Connector, notes: Notes | None, place: str) -> str | None:
    found = [spelled for text in connector.tariff_ids if (spelled := tariff_id_to_ochp(text)) is not None]
    if len(connector.tariff_ids) > 1 or len(found) < len(connector.tariff_ids):
        reason = "OCHP names one tariff, by an id of its own form"
        lost(notes, "connectors", f"{place}.tariff_ids", reason, connector.tariff_ids)
    return found[0] if found else None


def _note_connector(connector: Connector, notes: Notes, place: str) -> None:
    if connector.power_type in CURRENT.lossy_out:
        reason = f"OCHP says {CURRENT.to_wire(connector.power_type).value} only"
        narrowed(notes, "charge_point_type", f"{place}.power_type", reason, connector.power_type)
    if connector.max_amperage is not None:
        lost(notes, "ratings", f"{place}.max_amperage", "OCHP has no current", connector.max_amperage)


def _note_currents(said: list[Connector], current: CurrentType, notes: Notes, path: str) -> None:
    others = [connector for connector in said if CURRENT.to_wire(connector.power_type) is not current]
    if others:
        reason = f"OCHP has one current type an EVSE: {current.value}"
        words = [connector.power_type.value for connector in others]
        lost(notes, "charge_point_type", f"{path}.connectors[].power_type", reason, words)
    if len({(connector.power_w, connector.max_voltage) for connector in said}) > 1:
        powers = [connector.power_w for connector in said]
        narrowed(notes, "ratings", f"{path}.connectors[].max_power_w", "OCHP has one rating an EVSE", powers)
