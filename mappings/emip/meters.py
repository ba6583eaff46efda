"""Meter reports: what was measured, in the unit that is written beside it. Source: checklist, 6.9, EMIP-CDR-13.

Type 2 is Wh by the table and kWh by habit: only the written unit decides.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

from core.model.session import ChargingPeriod, Dimension
from protocols.emip.wire.parts import MeterReport

DURATION: Final = 1
ENERGY: Final = 2
COST: Final = 3
SERIES: Final = {
    21: ("POWER", 1), 25: ("POWER", 5), 31: ("MAX_POWER", 1), 35: ("MAX_POWER", 5), 41: ("ENERGY", 1), 45: ("ENERGY", 5)
}  # fmt: skip
"""Type of a series -> what it measures, and its step in minutes."""

_KWH: Final = {"wh": -3, "kwh": 0, "mwh": 3}
_KW: Final = {"w": -3, "kw": 0, "mw": 3}
_MINUTES: Final = {"min": Decimal(1), "h": Decimal(60), "s": Decimal(1) / 60}
_TEN_THOUSANDTH: Final = Decimal("0.0001")


class Money(NamedTuple):
    amount: Decimal
    currency: str


def energy_kwh(reports: Iterable[MeterReport]) -> Decimal | None:
    """Total energy; None if it is not said, or in no unit of energy."""
    return next((value for report in _of(reports, ENERGY) if (value := _scaled(report, _KWH)) is not None), None)


def duration_h(reports: Iterable[MeterReport]) -> Decimal | None:
    """Hours with four decimals, half up."""
    for report in _of(reports, DURATION):
        minutes = _MINUTES.get(report.meter_unit.lower())
        if minutes is not None:
            hours = report.meter_value * minutes / 60
            return hours.quantize(_TEN_THOUSANDTH, ROUND_HALF_UP).normalize() + 0
    return None


def cost(reports: Iterable[MeterReport]) -> Money | None:
    """What the operator asks for, without taxes. An absent price is none, not zero."""
    for report in _of(reports, COST):
        unit = report.meter_unit.upper()
        if len(unit) == 3 and unit.isascii() and unit.isalpha():
            return Money(report.meter_value, unit)
    return None


def periods(reports: Iterable[MeterReport], begin: datetime) -> tuple[ChargingPeriod, ...]:
    """One for each step of the series; none where steps of two lengths are mixed."""
    rows: dict[int, list[Dimension]] = {}
    counts: dict[int, int] = {}
    steps: set[int] = set()
    for report in reports:
        found = SERIES.get(report.meter_type_id)
        if found is None:
            continue
        kind, step = found
        value = _scaled(report, _KWH if kind == "ENERGY" else _KW)
        index = counts.get(report.meter_type_id, 0)
        counts[report.meter_type_id] = index + 1
        steps.add(step)
        if value is not None:
            rows.setdefault(index, []).append(Dimension(type=kind, volume=value))
    if len(steps) != 1:
        return ()
    length = timedelta(minutes=steps.pop())
    return tuple(
        ChargingPeriod(started_at=begin + index * length, dimensions=tuple(rows[index])) for index in sorted(rows)
    )


def reports_to_emip(hours: Decimal | None, energy: Decimal | None, money: Money | None) -> tuple[MeterReport, ...]:
    """Minutes, Wh and money, in this order. Source: checklist, EMIP-CDR-23."""
    found = []
    if hours is not None:
        found.append(MeterReport(meter_type_id=DURATION, meter_value=_tidy(hours * 60), meter_unit="min"))
    if energy is not None:
        found.append(MeterReport(meter_type_id=ENERGY, meter_value=_tidy(energy.scaleb(3)), meter_unit="Wh"))
    if money is not None:
        found.append(MeterReport(meter_type_id=COST, meter_value=money.amount, meter_unit=money.currency))
    return tuple(found)


def _of(reports: Iterable[MeterReport], meter_type: int) -> list[MeterReport]:
    return [report for report in reports if report.meter_type_id == meter_type]


def _scaled(report: MeterReport, units: dict[str, int]) -> Decimal | None:
    power = units.get(report.meter_unit.lower())
    return None if power is None else _tidy(report.meter_value.scaleb(power))


def _tidy(value: Decimal) -> Decimal:
    """Without zeros at the end, and without exponent."""
    value = value.normalize()
    return value.quantize(Decimal(1)) if value.as_tuple().exponent > 0 else value  # type: ignore[operator]
