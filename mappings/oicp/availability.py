"""When a price holds: OICP's availability times of a product <-> the restrictions of a tariff's elements.

In between stand intervals of local time, each within one weekday. Source: OICP 2.3, ProductAvailabilityTimesType;
OCPI 2.3.0, mod_tariffs, TariffRestrictions; crosswalk 1.15, 1.19.
"""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from core.model.tariff import Restrictions
from mappings.oicp.opening_times import SINGLE, Interval, day_groups, intervals_of, is_always
from protocols.oicp.wire.pricing import ProductAvailabilityTimes

WEEKDAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
ALWAYS: Final[tuple[Interval, ...]] = tuple((day, "00:00", "24:00") for day in range(1, 8))
Intervals = tuple[Interval, ...]


def intervals_from_oicp(times: Iterable[ProductAvailabilityTimes]) -> Intervals:
    """A period over midnight is cut at midnight; begin = end means a whole day."""
    return merged(intervals_of(tuple((one.on, period.begin, period.end) for one in times for period in one.periods)))


def times_to_oicp(intervals: Intervals) -> tuple[ProductAvailabilityTimes, ...]:
    """Empty for what holds always."""
    if is_always(intervals):
        return ()
    return tuple(ProductAvailabilityTimes(on=day, periods=periods) for day, periods in day_groups(intervals))


def restrictions_from(intervals: Intervals) -> tuple[Restrictions | None, ...]:
    """One for each period of the day, with all of its days; None stands for what holds always."""
    if is_always(intervals):
        return (None,)
    days: dict[tuple[str, str], list[str]] = {}
    for day, begin, end in intervals:
        days.setdefault((begin, end), []).append(WEEKDAYS[day - 1])
    return tuple(_restrictions(begin, end, tuple(held)) for (begin, end), held in days.items())


def _restrictions(begin: str, end: str, days: tuple[str, ...]) -> Restrictions:
    whole_day = (begin, end) == ("00:00", "24:00")
    return Restrictions(
        start_time=None if whole_day else begin,
        end_time=None if whole_day else end,
        day_of_week=() if days == WEEKDAYS else days,
    )


def intervals_from(restrictions: Restrictions | None) -> Intervals:
    """What the times and days of the restrictions say; whatever else they say is left to the caller."""
    if restrictions is None:
        return ALWAYS
    begin, end = restrictions.start_time or "00:00", restrictions.end_time or "24:00"
    days = restrictions.day_of_week or WEEKDAYS
    return merged(intervals_of(tuple((SINGLE[WEEKDAYS.index(day)], begin, end) for day in days)))


def merged(intervals: Sequence[Interval]) -> Intervals:
    """In order, what overlaps or touches as one."""
    found: list[Interval] = []
    for day, begin, end in sorted(intervals):
        if found and found[-1][0] == day and found[-1][2] >= begin:
            found[-1] = (day, found[-1][1], max(end, found[-1][2]))
        else:
            found.append((day, begin, end))
    return tuple(found)


def pieces(held: Sequence[Intervals]) -> list[tuple[Interval, tuple[int, ...]]]:
    """The week cut at every begin and end: each piece with the numbers of those that hold in it, none left out."""
    found: list[tuple[Interval, tuple[int, ...]]] = []
    for day in range(1, 8):
        today = [[(begin, end) for at, begin, end in intervals if at == day] for intervals in held]
        marks = sorted({mark for spans in today for span in spans for mark in span})
        for begin, end in pairwise(marks):
            holding = tuple(
                number for number, spans in enumerate(today) if any(a <= begin and end <= z for a, z in spans)
            )
            if holding:
                found.append(((day, begin, end), holding))
    return found
