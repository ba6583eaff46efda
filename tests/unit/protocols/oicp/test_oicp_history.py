"""What the hub remembers of an EVSE, and the deltas that follow from it."""

from datetime import UTC, datetime, timedelta

import pytest

from protocols.oicp.history import KEPT, History, Version, delta, grown, history_of, history_text, present
from protocols.oicp.wire.common import DeltaType

T0 = datetime(2026, 1, 1, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return T0 + timedelta(minutes=minutes)


def history(*versions: tuple[int, str]) -> History:
    return tuple(Version(at(minutes), digest) for minutes, digest in versions)


@pytest.mark.spec("OICP-EVSE-52", "OICP-EVSE-53", "OICP-EVSE-57")
@pytest.mark.parametrize(
    ("versions", "since", "expected"),
    [
        ([(1, "a")], 0, DeltaType.INSERT),
        ([(1, "a")], 1, DeltaType.INSERT),
        ([(1, "a")], 2, None),
        ([(1, "a"), (3, "b")], 2, DeltaType.UPDATE),
        ([(1, "a"), (3, "b")], 0, DeltaType.INSERT),
        ([(1, "a"), (3, "b"), (4, "a")], 2, None),
        ([(1, "a"), (3, "")], 2, DeltaType.DELETE),
        ([(1, "a"), (3, "")], 4, None),
        ([(1, "a"), (3, "")], 0, None),
        ([(1, "a"), (3, ""), (4, "a")], 2, None),
        ([(1, "a"), (3, ""), (4, "b")], 2, DeltaType.UPDATE),
        ([], 0, None),
    ],
)
def test_net_effects(versions: list[tuple[int, str]], since: int, expected: DeltaType | None) -> None:
    assert delta(history(*versions), at(since)) is expected


def test_it_survives_as_text() -> None:
    written = history((1, "a"), (2, ""))
    assert history_of({"oicp-history": history_text(written)}) == written
    assert history_of({}) == ()


def test_a_long_history_is_thinned_but_never_forgets_the_beginning() -> None:
    grown_up: History = ()
    for number in range(3 * KEPT):
        grown_up = grown(grown_up, at(number), f"v{number}")
    assert len(grown_up) == KEPT
    assert grown_up[0].digest == "v0"
    assert present(grown_up) == f"v{3 * KEPT - 1}"
    assert delta(grown_up, at(KEPT)) is DeltaType.UPDATE
    assert delta(grown_up, at(-1)) is DeltaType.INSERT
