"""Opening hours: OICP's groups of days with periods <-> weekdays with one interval each. Both are local time."""

from functools import lru_cache
from typing import Final

from core.model.location import OpeningHours, RegularHours
from protocols.oicp.wire.evse_data import Day, OpeningTimes, Period

DAYS: Final[dict[Day, tuple[int, ...]]] = {
    Day.EVERYDAY: (1, 2, 3, 4, 5, 6, 7),
    Day.WORKDAYS: (1, 2, 3, 4, 5),
    Day.WEEKEND: (6, 7),
    Day.MONDAY: (1,),
    Day.TUESDAY: (2,),
    Day.WEDNESDAY: (3,),
    Day.THURSDAY: (4,),
    Day.FRIDAY: (5,),
    Day.SATURDAY: (6,),
    Day.SUNDAY: (7,),
}
_GROUPS: Final = (Day.EVERYDAY, Day.WORKDAYS, Day.WEEKEND)
SINGLE: Final = tuple(day for day in Day if len(DAYS[day]) == 1)

Interval = tuple[int, str, str]
"""Weekday (1 Monday .. 7 Sunday), begin, end."""


def hours_from_oicp(always: bool, times: tuple[OpeningTimes, ...] | None) -> OpeningHours:
    """A period over midnight is cut at midnight; begin = end means all day."""
    if always or not times:
        return OpeningHours(twentyfourseven=always)
    said = tuple((entry.on, period.begin, period.end) for entry in times for period in entry.period)
    intervals = intervals_of(said)
    if is_always(intervals):
        return OpeningHours(twentyfourseven=True)
    hours = tuple(RegularHours(weekday=day, begin=begin, end=end) for day, begin, end in intervals)
    return OpeningHours(twentyfourseven=False, regular_hours=hours)


def hours_to_oicp(hours: OpeningHours | None) -> tuple[OpeningTimes, ...] | None:
    """None where nothing is said beyond `twentyfourseven`. Days with the same hours are said together."""
    if hours is None or not hours.regular_hours:
        return None
    return _times(tuple((entry.weekday, entry.begin, entry.end) for entry in hours.regular_hours))


@lru_cache(maxsize=4096)
def intervals_of(said: tuple[tuple[Day, str, str], ...]) -> tuple[Interval, ...]:
    """What goes over midnight is cut there."""
    found: set[Interval] = set()
    for days, begin, end in said:
        for day in DAYS[days]:
            start_day, start = (day % 7 + 1, "00:00") if begin == "24:00" else (day, begin)
            if start < end:
                found.add((start_day, start, end))
            else:
                found.add((start_day, start, "24:00"))
                if end != "00:00":
                    found.add((start_day % 7 + 1, "00:00", end))
    return tuple(sorted(found))


def is_always(intervals: tuple[Interval, ...]) -> bool:
    return {day for day, begin, end in intervals if begin == "00:00" and end == "24:00"} == {1, 2, 3, 4, 5, 6, 7}


@lru_cache(maxsize=4096)
def _times(intervals: tuple[Interval, ...]) -> tuple[OpeningTimes, ...]:
    return tuple(OpeningTimes(on=day, period=periods) for day, periods in day_groups(intervals))


def day_groups(intervals: tuple[Interval, ...]) -> list[tuple[Day, tuple[Period, ...]]]:
    """Days with the same periods under one name, where OICP has one."""
    periods: dict[int, tuple[Period, ...]] = {}
    for day, begin, end in sorted(intervals):
        periods[day] = (*periods.get(day, ()), Period(begin=begin, end=end))
    found: list[tuple[Day, tuple[Period, ...]]] = []
    for group in _GROUPS:
        days = DAYS[group]
        if all(day in periods and periods[day] == periods[days[0]] for day in days):
            found.append((group, periods[days[0]]))
            for day in days:
                del periods[day]
    return found + [(SINGLE[day - 1], periods[day]) for day in sorted(periods)]
