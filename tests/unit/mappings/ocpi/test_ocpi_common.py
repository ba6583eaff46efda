from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from core.errors import Invalid
from core.model.quantities import Coordinates
from mappings.ocpi.common import NOTHING, coordinates_out, degrees_to_ocpi, time_from_ocpi, time_to_ocpi


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-03-04T10:00:00Z", datetime(2025, 3, 4, 10, tzinfo=UTC)),
        ("2025-03-04T10:00:00", datetime(2025, 3, 4, 10, tzinfo=UTC)),
        ("2025-03-04T10:00:00.5", datetime(2025, 3, 4, 10, microsecond=500000, tzinfo=UTC)),
        ("1970-1-1T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
    ],
)
@pytest.mark.spec("OCPI-TYP-02", "OCPI-CDR-12")
def test_times_are_utc(text: str, moment: datetime) -> None:
    assert time_from_ocpi(text) == moment
    assert time_from_ocpi(text).tzinfo is UTC


@pytest.mark.parametrize("text", ["2025-02-30T10:00:00Z", "2025-03-04T10:00:00+01:00", "soon"])
def test_a_day_that_does_not_exist_is_no_time(text: str) -> None:
    with pytest.raises(Invalid) as error:
        time_from_ocpi(text, "$.last_updated")
    assert error.value.path == "$.last_updated"


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2025, 3, 4, 10, tzinfo=UTC), "2025-03-04T10:00:00Z"),
        (datetime(2025, 3, 4, 10, microsecond=120000, tzinfo=UTC), "2025-03-04T10:00:00.12Z"),
        (datetime(2025, 3, 4, 10, microsecond=123456, tzinfo=UTC), "2025-03-04T10:00:00.1234Z"),
        (datetime(2025, 3, 4, 10, microsecond=56, tzinfo=UTC), "2025-03-04T10:00:00Z"),
        (datetime(2025, 3, 4, 10, tzinfo=timezone(timedelta(hours=2))), "2025-03-04T08:00:00Z"),
    ],
)
@pytest.mark.spec("OCPI-TYP-03")
def test_times_are_written_shortly(moment: datetime, text: str) -> None:
    assert time_to_ocpi(moment) == text
    assert len(text) <= 25


@pytest.mark.parametrize(
    ("value", "text"),
    [("51.5", "51.50000"), ("-0.0000001", "-0.0000001"), ("3", "3.00000"), ("4.12345678", "4.1234568")],
)
@pytest.mark.spec("OCPI-TYP-10")
def test_degrees_have_five_to_seven_decimals(value: str, text: str) -> None:
    assert degrees_to_ocpi(Decimal(value)) == text
    place = coordinates_out(Coordinates(latitude=Decimal(value), longitude=Decimal(value)), NOTHING, "coordinates")
    assert (place.latitude, place.longitude) == (text, text)
