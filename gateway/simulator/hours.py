"""Opening hours as OpenStreetMap writes them, as far as charging stations use that syntax."""

import re

from gateway.simulator.stations import Opening

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
DAY = 24 * 60
_RULE = re.compile(r"([A-Z][a-z])(?:-([A-Z][a-z]))? *((?:\d\d:\d\d-\d\d:\d\d *,? *)+)")
_SPAN = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


def always(text: str) -> bool:
    return text.strip() == "24/7"


def openings(text: str) -> tuple[Opening, ...] | None:
    """`Mo-Fr 08:00-12:00, 14:00-18:00; Sa 09:00-12:00` -> openings in order, overlaps joined. None: not understood.

    An end of 00:00 is midnight; a span over midnight becomes two."""
    found: list[Opening] = []
    rest = text.strip()
    while rest:
        rule = _RULE.match(rest)
        if rule is None or rule[1] not in DAYS or (rule[2] or rule[1]) not in DAYS:
            return None
        for weekday in _weekdays(rule[1], rule[2] or rule[1]):
            for span in _SPAN.finditer(rule[3]):
                parts = _spans(weekday, *(int(number) for number in span.groups()))
                if parts is None:
                    return None
                found += parts
        rest = rest[rule.end() :].lstrip(" ,;")
    return _joined(sorted(found)) or None


def clock(minute: int) -> str:
    """`HH:MM`; the end of a day is 24:00."""
    return f"{minute // 60:02}:{minute % 60:02}"


def _weekdays(first: str, last: str) -> list[int]:
    begin, end = DAYS.index(first), DAYS.index(last)
    return [day % 7 + 1 for day in range(begin, end + 1 if end >= begin else end + 8)]


def _spans(weekday: int, h1: int, m1: int, h2: int, m2: int) -> list[Opening] | None:
    begin, end = h1 * 60 + m1, h2 * 60 + m2 or DAY
    if begin >= DAY or end > DAY or m1 > 59 or m2 > 59:
        return None
    if begin < end:
        return [Opening(weekday, begin, end)]
    return [Opening(weekday, begin, DAY), Opening(weekday % 7 + 1, 0, end)]


def _joined(found: list[Opening]) -> tuple[Opening, ...]:
    joined: list[Opening] = []
    for opening in found:
        last = joined[-1] if joined else None
        if last and last.weekday == opening.weekday and opening.begin <= last.end:
            joined[-1] = Opening(last.weekday, last.begin, max(last.end, opening.end))
        else:
            joined.append(opening)
    return tuple(joined)
