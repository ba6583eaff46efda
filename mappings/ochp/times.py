"""Instants <-> OCHP's texts: UTC to the second, or local with the offset of the place."""

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from core.errors import Invalid


@lru_cache(maxsize=16384)
def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def moment_from_ochp(text: str, path: str) -> datetime:
    """Any of OCHP's forms; without zone it is UTC. Raises Invalid for a day that does not exist."""
    try:
        return _instant(text)
    except (ValueError, OverflowError) as error:
        raise Invalid(path, f"{text!r} is not a time: {error}") from error


@lru_cache(maxsize=16384)
def moment_to_ochp(moment: datetime) -> str:
    """DateTimeType: a fraction is cut off."""
    return moment.astimezone(UTC).isoformat()[:19] + "Z"


def local_to_ochp(moment: datetime, zone: ZoneInfo | None) -> str:
    """LocalDateTimeType: the offset that holds at the place at that instant; without zone that of UTC."""
    local = moment.astimezone(zone or UTC).replace(microsecond=0)
    return local.isoformat()[:25]
