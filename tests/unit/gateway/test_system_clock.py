"""The hub's own clock."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.clock import SystemClock

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.mark.spec("OICP-OPS-08")
def test_a_small_step_back_is_waited_out_and_a_large_one_followed() -> None:
    offsets = iter([0, 5, 3, 4, 6, -100, -99])
    clock = SystemClock(lambda: NOON + timedelta(seconds=next(offsets)))
    found = [round((clock.now() - NOON).total_seconds()) for _ in range(6)]
    assert found == [5, 5, 5, 6, -100, -99]


def test_it_is_the_time_of_the_system() -> None:
    before = datetime.now(UTC)
    assert before <= SystemClock().now() <= datetime.now(UTC)
