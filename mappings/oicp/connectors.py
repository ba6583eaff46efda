"""Plugs and power ratings of an EVSE <-> connectors.

OICP lists plugs and ratings of an EVSE side by side, without saying which belong together. They are paired by kind,
never by position: DC plugs with DC ratings, AC plugs with AC ratings of their natural phase, the highest power to the
largest plug; plugs of a kind that outnumber their ratings share them.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Final

from core.model.location import Connector, PowerType
from mappings.oicp.codes import PLUGS, POWER_TYPE, Kind, no_plug
from mappings.oicp.notes import Notes, lost, narrowed
from protocols.oicp.wire.evse_data import ChargingFacility, Plug
from protocols.oicp.wire.evse_data import PowerType as WirePower

_DC_PLUGS: Final = frozenset({Plug.CHADEMO, Plug.CCS_1, Plug.CCS_2})
_THREE_PHASE: Final = frozenset({Plug.TYPE_2_OUTLET, Plug.TYPE_2_CABLE, Plug.TYPE_3_OUTLET, Plug.IEC_60309_THREE})
_SIZE: Final = {
    Plug.TYPE_3_OUTLET: 2, Plug.IEC_60309_THREE: 3, Plug.TYPE_2_OUTLET: 4, Plug.TYPE_2_CABLE: 5, Plug.TESLA: 6,
    Plug.IEC_60309_SINGLE: 1, Plug.TYPE_1_CABLE: 2, Plug.CHADEMO: 7, Plug.CCS_1: 8, Plug.CCS_2: 9,
}  # fmt: skip
"""For "the largest plug"; small ones are 0."""


def connectors_from_oicp(
    plugs: Sequence[Plug], facilities: Sequence[ChargingFacility], updated_at: datetime
) -> tuple[Connector, ...]:
    """One connector a plug, numbered from 1. A plug without a rating of its kind has None for volt, ampere and watt."""
    return tuple(
        _connector(str(index), plug, facility, updated_at)
        for index, (plug, facility) in enumerate(zip(plugs, _paired(plugs, facilities), strict=True), start=1)
    )


def _connector(number: str, plug: Plug, facility: ChargingFacility | None, updated_at: datetime) -> Connector:
    standard, form = _kind(plug, facility)
    if facility is None:
        nature = PowerType.DC if plug in _DC_PLUGS else PowerType.AC_1_PHASE
        power_type = PowerType.AC_3_PHASE if plug in _THREE_PHASE else nature
        return Connector(id=number, standard=standard, format=form, power_type=power_type, updated_at=updated_at)
    return Connector(
        id=number,
        standard=standard,
        format=form,
        power_type=POWER_TYPE.to_core(facility.power_type),
        max_voltage=None if facility.voltage is None else int(facility.voltage),
        max_amperage=None if facility.amperage is None else int(facility.amperage),
        max_power_w=int(facility.power * 1000),
        updated_at=updated_at,
    )


def _kind(plug: Plug, facility: ChargingFacility | None) -> Kind:
    usual: Kind = PLUGS.to_core(plug)
    if facility is None:
        return usual
    if plug is Plug.IEC_60309_SINGLE and facility.amperage is not None and facility.amperage != 16:
        return f"IEC_60309_2_single_{facility.amperage}", usual[1]
    if plug is Plug.IEC_60309_THREE:
        amperage = facility.amperage or facility.power * 1000 / 690
        rating = next((rating for rating in (16, 32) if amperage <= rating), 64)
        return f"IEC_60309_2_three_{rating}", usual[1]
    if plug is Plug.TYPE_3_OUTLET and facility.power_type is WirePower.AC_1_PHASE:
        return "IEC_62196_T3A", usual[1]
    return usual


def _paired(plugs: Sequence[Plug], facilities: Sequence[ChargingFacility]) -> list[ChargingFacility | None]:
    if len(plugs) == 1 and len(facilities) == 1 and (plugs[0] in _DC_PLUGS) is (facilities[0].power_type == "DC"):
        return [facilities[0]]
    pools: dict[str, list[ChargingFacility]] = {}
    for facility in sorted(facilities, key=lambda facility: facility.power, reverse=True):
        pools.setdefault(facility.power_type.value, []).append(facility)
    found: list[ChargingFacility | None] = [None] * len(plugs)
    taken: dict[str, int] = {}
    for index in sorted(range(len(plugs)), key=lambda index: -_SIZE.get(plugs[index], 0)):
        pool = next((name for name in _wanted(plugs[index]) if name in pools), None)
        if pool is not None:
            place = taken.get(pool, 0)
            found[index] = pools[pool][min(place, len(pools[pool]) - 1)]
            taken[pool] = place + 1
    return found


def _wanted(plug: Plug) -> tuple[str, ...]:
    if plug in _DC_PLUGS:
        return ("DC",)
    if plug is Plug.TESLA:
        return ("DC", "AC_3_PHASE", "AC_1_PHASE")
    return ("AC_3_PHASE", "AC_1_PHASE") if plug in _THREE_PHASE else ("AC_1_PHASE", "AC_3_PHASE")


def plugs_to_oicp(connectors: tuple[Connector, ...], notes: Notes | None, path: str) -> tuple[Plug, ...]:
    """Every plug that OICP has a name for, once."""
    found: list[Plug] = []
    for index, connector in enumerate(connectors):
        kind = (connector.standard, connector.format)
        plug = PLUGS.wire_for(kind)
        if plug is None:
            lost(notes, "plugs", f"{path}.connectors[{index}]", no_plug(kind), connector.standard)
            continue
        if notes is not None and kind in PLUGS.lossy_out:
            reason = f"sent as {plug.value}, which does not say which of them it is"
            narrowed(notes, "plugs", f"{path}.connectors[{index}].standard", reason, connector.standard)
        if plug not in found:
            found.append(plug)
    return tuple(found)


def facilities_to_oicp(
    connectors: tuple[Connector, ...], notes: Notes | None, path: str
) -> tuple[ChargingFacility, ...]:
    """The ratings of those connectors that OICP can name, each said once."""
    found: list[ChargingFacility] = []
    for index, connector in enumerate(connectors):
        if PLUGS.wire_for((connector.standard, connector.format)) is None:
            continue
        facility = _facility(connector, notes, f"{path}.connectors[{index}]")
        if facility is not None and facility not in found:
            found.append(facility)
    return tuple(found)


def _facility(connector: Connector, notes: Notes | None, path: str) -> ChargingFacility | None:
    watts = connector.max_power_w
    if watts is None:
        watts = connector.computed_power_w
        if watts is None:
            lost(notes, "charging_facilities", path, "no power is known, which OICP demands")
            return None
    if not 0 <= _kilowatts(watts) < 10_000:
        lost(notes, "charging_facilities", f"{path}.max_power_w", "OICP has 0 to 9999 kilowatts", watts)
        return None
    voltage, amperage = connector.max_voltage, connector.max_amperage
    if notes is not None:
        if watts % 1000:
            reason = f"sent as {_kilowatts(watts)} kW: OICP has whole kilowatts"
            narrowed(notes, "charging_facilities", f"{path}.max_power_w", reason, watts)
        if connector.power_type in POWER_TYPE.lossy_out:
            reason = f"sent as {POWER_TYPE.to_wire(connector.power_type).value}"
            narrowed(notes, "charging_facilities", f"{path}.power_type", reason, connector.power_type)
        if voltage is not None and not 0 < voltage < 1000:
            lost(notes, "charging_facilities", f"{path}.max_voltage", "OICP has three digits", voltage)
        if amperage is not None and not 0 < amperage < 100:
            lost(notes, "charging_facilities", f"{path}.max_amperage", "OICP has two digits", amperage)
    return _rating(
        connector.power_type,
        _kilowatts(watts),
        voltage if voltage and 0 < voltage < 1000 else None,
        amperage if amperage and 0 < amperage < 100 else None,
    )


def _kilowatts(watts: int) -> int:
    return (watts + 500) // 1000


@lru_cache(maxsize=4096)
def _rating(power_type: PowerType, power: int, voltage: int | None, amperage: int | None) -> ChargingFacility:
    return ChargingFacility(
        power_type=POWER_TYPE.to_wire(power_type),
        power=Decimal(power),
        voltage=None if voltage is None else Decimal(voltage),
        amperage=None if amperage is None else Decimal(amperage),
    )
