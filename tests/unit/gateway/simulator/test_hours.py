import pytest

from gateway.simulator.hours import always, clock, openings
from gateway.simulator.stations import Opening


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Mo-We 08:00-12:00", [(1, 480, 720), (2, 480, 720), (3, 480, 720)]),
        ("Mo 08:00-12:00,14:00-18:30", [(1, 480, 720), (1, 840, 1110)]),
        ("Su 07:00-20:59, Sa 07:00-20:59", [(6, 420, 1259), (7, 420, 1259)]),
        ("Mo 07:00-00:00", [(1, 420, 1440)]),
        ("Sa-Mo 00:00-00:00", [(1, 0, 1440), (6, 0, 1440), (7, 0, 1440)]),
        ("Su 22:00-02:00", [(1, 0, 120), (7, 1320, 1440)]),
        ("Mo-Tu 08:00-19:30; Tu 08:00-23:00", [(1, 480, 1170), (2, 480, 1380)]),
    ],
)
def test_understood(text: str, wanted: list[tuple[int, int, int]]) -> None:
    assert openings(text) == tuple(Opening(*opening) for opening in wanted)


@pytest.mark.parametrize("text", ["", "24/7", "Mo", "Lu 08:00-12:00", "Mo 25:00-26:00", "Mo 08:00-12:00 PH off"])
def test_not_understood(text: str) -> None:
    assert openings(text) is None


def test_around_the_clock() -> None:
    assert always(" 24/7 ")
    assert not always("Mo-Su 00:00-24:00")
    assert (clock(65), clock(1440)) == ("01:05", "24:00")
