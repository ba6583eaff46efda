"""What all model types share."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core.model.base import EARLIEST, LATEST, utc


@pytest.mark.parametrize(
    ("moment", "same"),
    [
        (datetime.fromisoformat("2026-01-01T12:00:00"), datetime(2026, 1, 1, 12, tzinfo=UTC)),
        (datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2))), datetime(2026, 1, 1, 10, tzinfo=UTC)),
        (datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=14))), EARLIEST),
        (datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-12))), LATEST),
    ],
)
def test_an_instant_in_utc(moment: datetime, same: datetime) -> None:
    assert utc(moment) == same
