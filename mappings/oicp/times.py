"""Date-times and time zones. OICP writes the offset of the place, and zones as `UTC+01:00`."""

from datetime import UTC, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from core.errors import Invalid
from mappings.zones import zone_info

ZONES: Final[dict[str, tuple[str, ...]]] = {
    "ALB": ("Europe/Tirane",), "AND": ("Europe/Andorra",), "AUT": ("Europe/Vienna",), "BEL": ("Europe/Brussels",),
    "BGR": ("Europe/Sofia",), "BIH": ("Europe/Sarajevo",), "CHE": ("Europe/Zurich",), "CYP": ("Asia/Nicosia",),
    "CZE": ("Europe/Prague",), "DEU": ("Europe/Berlin",), "DNK": ("Europe/Copenhagen",),
    "ESP": ("Europe/Madrid", "Atlantic/Canary"), "EST": ("Europe/Tallinn",), "FIN": ("Europe/Helsinki",),
    "FRA": ("Europe/Paris",), "GBR": ("Europe/London",), "GRC": ("Europe/Athens",), "HRV": ("Europe/Zagreb",),
    "HUN": ("Europe/Budapest",), "IRL": ("Europe/Dublin",), "ISL": ("Atlantic/Reykjavik",), "ISR": ("Asia/Jerusalem",),
    "ITA": ("Europe/Rome",), "LIE": ("Europe/Vaduz",), "LTU": ("Europe/Vilnius",), "LUX": ("Europe/Luxembourg",),
    "LVA": ("Europe/Riga",), "MCO": ("Europe/Monaco",), "MDA": ("Europe/Chisinau",), "MKD": ("Europe/Skopje",),
    "MLT": ("Europe/Malta",), "MNE": ("Europe/Podgorica",), "NLD": ("Europe/Amsterdam",), "NOR": ("Europe/Oslo",),
    "POL": ("Europe/Warsaw",), "PRT": ("Europe/Lisbon", "Atlantic/Azores"), "ROU": ("Europe/Bucharest",),
    "SMR": ("Europe/San_Marino",), "SRB": ("Europe/Belgrade",), "SVK": ("Europe/Bratislava",),
    "SVN": ("Europe/Ljubljana",), "SWE": ("Europe/Stockholm",), "TUR": ("Europe/Istanbul",), "UKR": ("Europe/Kyiv",),
}  # fmt: skip
"""ISO 3166-1 alpha-3 -> its IANA zones. A country that is not here has too many of one offset to tell them apart."""


def moment_from_oicp(text: str, path: str) -> datetime:
    """The instant in UTC, to the microsecond. Raises Invalid for a day that does not exist."""
    try:
        return _utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        raise Invalid(path, f"{text!r} is not a date and time") from None


def moment_to_oicp(moment: datetime, zone: ZoneInfo | None = None) -> str:
    """With the offset that the place had at that instant; `Z` if its zone is not known."""
    if zone is None:
        return _utc(moment).isoformat()[:-6] + "Z"
    return moment.astimezone(zone).isoformat()


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is UTC else moment.astimezone(UTC)


@lru_cache(maxsize=1024)
def zone_from_oicp(country: str, offset: str | None) -> str | None:
    """IANA name of the country's zone with that standard offset; None unless there is exactly one."""
    if offset is None:
        return None
    found = [name for name in ZONES.get(country, ()) if zone_to_oicp(name) == offset]
    return found[0] if len(found) == 1 else None


@lru_cache(maxsize=1024)
def zone_to_oicp(name: str | None) -> str | None:
    """Standard offset, `UTC+01:00` all year."""
    zone = zone_info(name)
    if zone is None:
        return None
    offsets = [datetime(2025, month, 1, tzinfo=zone).utcoffset() for month in (1, 7)]
    minutes = min(int(offset.total_seconds()) // 60 for offset in offsets if offset is not None)
    sign, size = ("-" if minutes < 0 else "+"), abs(minutes)
    return f"UTC{sign}{size // 60:02}:{size % 60:02}"
