"""What is kept of encoded lists, and for how long."""

from protocols.ocpi.server.lists import ENTRY_BYTES, Kept


def test_the_oldest_goes_first() -> None:
    kept = Kept(3 * (ENTRY_BYTES + 10))
    for name in "abc":
        kept.keep(name, name, 10)
    assert kept.find("a") == "a"
    kept.keep("d", "d", 10)
    assert [kept.find(name) for name in "abcd"] == ["a", None, "c", "d"]


def test_a_newer_value_takes_the_place_of_the_older() -> None:
    kept = Kept(2 * (ENTRY_BYTES + 10))
    for number in range(100):
        kept.keep("a", number, 10)
    kept.keep("b", "b", 10)
    assert (kept.find("a"), kept.find("b")) == (99, "b")


def test_small_things_are_bounded_too() -> None:
    kept = Kept(10 * ENTRY_BYTES)
    for number in range(1000):
        kept.keep(number, number, 0)
    assert len(kept) == 10


def test_what_is_larger_than_everything_is_not_kept() -> None:
    kept = Kept(100)
    kept.keep("a", "a", 1000)
    assert kept.find("a") is None
