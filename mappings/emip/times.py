"""Dates: UTC, seconds or milliseconds. Source: checklist, EMIP-XML-12, EMIP-XML-13."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache


@lru_cache(maxsize=4096)
def moment_from_emip(text: str) -> datetime:
    """Of a date as the wire types hold it."""
    return datetime.fromisoformat(text.removesuffix("Z")).replace(tzinfo=UTC)


def moment_to_emip(moment: datetime) -> str:
    """Half a millisecond and more is rounded up."""
    moment = moment.astimezone(UTC) + timedelta(microseconds=500)
    precision = "milliseconds" if moment.microsecond // 1000 else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"
