"""Time zones by the names that protocols and the model share, those of the IANA list."""

from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=256)
def zone_info(name: str | None) -> ZoneInfo | None:
    """None for no zone and for one that does not exist."""
    try:
        return ZoneInfo(name) if name else None
    except (KeyError, ValueError, OSError):
        return None
