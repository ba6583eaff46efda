"""Opening hours <-> ours. Source: OCHP 1.4, HoursType; crosswalk 1.15. Weekly hours are local, exceptions UTC."""

from core.model.location import ExceptionalPeriod, OpeningHours, RegularHours
from mappings.ochp.notes import Notes, assumed, lost
from mappings.ochp.times import moment_from_ochp, moment_to_ochp
from protocols.ochp.wire import charge_points as wire


def hours_from_ochp(hours: wire.Hours) -> OpeningHours:
    return OpeningHours(
        twentyfourseven=bool(hours.twentyfourseven),
        regular_hours=tuple(
            RegularHours(weekday=entry.weekday, begin=entry.period_begin, end=entry.period_end)
            for entry in hours.regular_hours
        ),
        exceptional_openings=_periods_from(hours.exceptional_openings, "exceptionalOpenings"),
        exceptional_closings=_periods_from(hours.exceptional_closings, "exceptionalClosings"),
    )


def _periods_from(periods: tuple[wire.ExceptionalPeriod, ...], name: str) -> tuple[ExceptionalPeriod, ...]:
    return tuple(
        ExceptionalPeriod(
            begin=moment_from_ochp(period.period_begin, f"/openingTimes/{name}[{index}]/periodBegin/DateTime"),
            end=moment_from_ochp(period.period_end, f"/openingTimes/{name}[{index}]/periodEnd/DateTime"),
        )
        for index, period in enumerate(periods, 1)
    )


def hours_to_ochp(hours: OpeningHours | None, closed_charging: bool | None, notes: Notes | None) -> wire.Hours | None:
    """Left out where nothing is said, and where there are more periods a week than OCHP takes: never merged."""
    if hours is None:
        if closed_charging is not None:
            lost(notes, "opening_times", "charging_when_closed", "OCHP says it with opening hours only")
        return None
    weekly = () if hours.twentyfourseven else _weekly(hours.regular_hours)
    if len(weekly) > 7:
        reason = "OCHP takes seven periods a week; the hours are left out"
        lost(notes, "opening_times", "opening_times.regular_hours", reason, len(weekly))
        return None
    if closed_charging is None:
        assumed(notes, "opening_times", "openingTimes/closedCharging", "not said; sent as true", True)
    return wire.Hours(
        regular_hours=weekly,
        twentyfourseven=None if weekly else hours.twentyfourseven,
        exceptional_openings=_periods_to(hours.exceptional_openings, notes, "exceptional_openings"),
        exceptional_closings=_periods_to(hours.exceptional_closings, notes, "exceptional_closings"),
        closed_charging=True if closed_charging is None else closed_charging,
    )


def _weekly(regular: tuple[RegularHours, ...]) -> tuple[wire.RegularHours, ...]:
    """Midnight at the end of the day is 24:00; a period over midnight is two."""
    found = []
    for entry in regular:
        if entry.begin < entry.end:
            found.append((entry.weekday, entry.begin, entry.end))
            continue
        if entry.begin < "24:00":
            found.append((entry.weekday, entry.begin, "24:00"))
        if entry.end > "00:00":
            found.append((entry.weekday % 7 + 1, "00:00", entry.end))
    return tuple(wire.RegularHours(weekday=day, period_begin=begin, period_end=end) for day, begin, end in found)


def _periods_to(
    periods: tuple[ExceptionalPeriod, ...], notes: Notes | None, name: str
) -> tuple[wire.ExceptionalPeriod, ...]:
    found = []
    for index, period in enumerate(periods):
        begin, end = moment_to_ochp(period.begin), moment_to_ochp(period.end)
        if begin < end:
            found.append(wire.ExceptionalPeriod(period_begin=begin, period_end=end))
        else:
            lost(notes, "opening_times", f"opening_times.{name}[{index}]", "ends before it begins")
    return tuple(found)
