"""Ids that stay, and what stands for those that cannot."""

import pytest

from core.model.ids import PartyId
from core.model.name import NameKind
from core.services.names import LARGEST, NameService
from tests.fakes.names import FakeNames

A, B = PartyId("NL", "CPA"), PartyId("FR", "CPC")
LOCATION, EVSE, RESERVATION = NameKind.LOCATION, NameKind.EVSE, NameKind.RESERVATION
LONG = "a-location-id-of-thirty-nine-characters"


@pytest.fixture
def names() -> NameService:
    return NameService(FakeNames())


@pytest.mark.spec("OCPI-V211-07")
async def test_the_second_owner_of_an_id_gets_a_surrogate_for_good(names: NameService) -> None:
    assert await names.told("p5", [(LOCATION, A, "LOC1")]) == {(LOCATION, A, "LOC1"): "LOC1"}
    both = {(LOCATION, A, "LOC1"): "LOC1", (LOCATION, B, "loc1"): "FRCPC-loc1"}
    for _ in range(2):
        assert await names.told("p5", list(both)) == both
    assert (await names.meant("p5", [(LOCATION, "frcpc-LOC1")]))[LOCATION, "frcpc-LOC1"].owner == B
    assert await names.told("p9", [(LOCATION, B, "LOC1")]) == {(LOCATION, B, "LOC1"): "LOC1"}


async def test_a_surrogate_may_be_taken_or_too_long(names: NameService) -> None:
    wide = "x" * 36
    first = [(LOCATION, A, "LOC1"), (LOCATION, A, "FRCPC-LOC1"), (LOCATION, A, wide)]
    await names.told("p5", first)
    told = await names.told("p5", [(LOCATION, B, "LOC1"), (LOCATION, B, wide)])
    assert len(set(told.values()) | {"LOC1", "FRCPC-LOC1", wide}) == 5
    assert all(len(theirs) <= 36 for theirs in told.values())


@pytest.mark.spec("OCPI-V211-09")
async def test_long_ids_and_those_that_differ_by_case(names: NameService) -> None:
    said = [(LOCATION, "L6"), (LOCATION, "l6"), (LOCATION, LONG), (EVSE, LONG)]
    heard = await names.heard("p6", A, said)
    assert heard[LOCATION, "L6"] == "L6"
    assert heard[LOCATION, "l6"].upper() != "L6"
    assert all(len(ours) <= 36 for ours in heard.values())
    assert await names.heard("p6", A, said) == heard
    back = await names.known("p6", [(LOCATION, A, heard[LOCATION, "l6"]), (EVSE, A, heard[EVSE, LONG])])
    assert [name.theirs for name in back.values()] == ["l6", LONG]


@pytest.mark.spec("OCPI-V211-29")
async def test_reservations_are_numbers(names: NameService) -> None:
    ids = ["17", "0017", "R-1", str(LARGEST), str(LARGEST + 1), "1" * 36]
    told = await names.told("p6", [(RESERVATION, A, one) for one in ids])
    told |= await names.told("p6", [(RESERVATION, B, "17")])
    assert told[RESERVATION, A, "17"] == "17"
    assert told[RESERVATION, A, str(LARGEST)] == str(LARGEST)
    numbers = {int(theirs) for theirs in told.values()}
    assert len(numbers) == 7
    assert all(0 <= number <= LARGEST for number in numbers)


async def test_what_was_found_is_remembered_within_bounds(names: NameService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.services.names.REMEMBERED", 3)
    wanted = [(LOCATION, A, f"L{number}") for number in range(5)]
    for _ in range(2):
        assert await names.told("p5", wanted) == {one: one[2] for one in wanted}
