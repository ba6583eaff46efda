from enum import StrEnum

import pytest

from core.model.loss import LossKind
from mappings.tables import CodeTable, same


class Word(StrEnum):
    RED = "red"
    PINK = "pink"
    BLUE = "blue"


class Code(StrEnum):
    RED = "RED"
    BLUE = "BLUE"
    NAVY = "NAVY"


def table() -> CodeTable[Word, Code]:
    return CodeTable(
        both={Word.RED: Code.RED, Word.BLUE: Code.BLUE}, inbound={Word.PINK: Code.RED}, outbound={Code.NAVY: Word.BLUE}
    )


def test_translates_both_ways() -> None:
    assert table().to_core(Word.PINK) is Code.RED
    assert table().to_wire(Code.NAVY) is Word.BLUE
    assert table().lossy_in == {Word.PINK: Code.RED}
    assert table().lossy_out == {Code.NAVY: Word.BLUE}


def test_a_code_that_narrows_is_a_loss() -> None:
    loss = table().loss(Code.NAVY, "colour")
    assert loss
    assert (loss.path, loss.kind, loss.value) == ("colour", LossKind.NARROWED, "NAVY")
    assert table().loss(Code.RED, "colour") is None


def test_a_word_that_says_less_is_a_loss_even_if_it_comes_back_the_same() -> None:
    table = CodeTable(
        both={Word.RED: Code.RED, Word.PINK: Code.NAVY}, inbound={Word.BLUE: Code.BLUE}, outbound={Code.BLUE: Word.BLUE}
    )
    assert table.loses(Code.BLUE)


@pytest.mark.parametrize(
    "rows",
    [
        {"both": {Word.RED: Code.RED, Word.BLUE: Code.BLUE}, "outbound": {Code.NAVY: Word.BLUE}},
        {"both": {Word.RED: Code.RED, Word.BLUE: Code.BLUE}, "inbound": {Word.PINK: Code.RED}},
        {"both": {Word.RED: Code.RED, Word.BLUE: Code.BLUE, Word.PINK: Code.NAVY}, "inbound": {Word.PINK: Code.RED}},
        {"both": {Word.RED: Code.RED, Word.BLUE: Code.BLUE, Word.PINK: Code.RED}, "outbound": {Code.NAVY: Word.BLUE}},
    ],
)
def test_a_code_without_exactly_one_home_does_not_import(rows: dict[str, dict[StrEnum, StrEnum]]) -> None:
    with pytest.raises(ValueError, match=r"no home|two places|two wire codes"):
        CodeTable(**rows)


def test_a_code_that_is_never_sent_says_why() -> None:
    silent = CodeTable(
        both={Word.RED: Code.RED, Word.BLUE: Code.BLUE}, unread={Word.PINK: "odd"}, unsent={Code.NAVY: "too dark"}
    )
    assert silent.wire_for(Code.NAVY) is None
    assert silent.core_for(Word.PINK) is None
    loss = silent.loss(Code.NAVY, "colour")
    assert loss
    assert loss.reason == "too dark"


def test_open_codes_are_covered_when_named() -> None:
    with pytest.raises(ValueError, match="no home"):
        CodeTable(both={"a": "A"}, wire=["a", "b"])


def test_same_needs_the_same_values() -> None:
    with pytest.raises(ValueError, match="same values"):
        same(Word, Code)
    assert same(Code, Code).to_core(Code.NAVY) is Code.NAVY
