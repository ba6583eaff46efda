"""Identifiers: one comparison form for every spelling, and the spelling itself untouched."""

import pytest

from core.errors import Invalid
from core.model.ids import ContractId, EvseId, PartyId, TokenUid, din_check_digit, emaid_check_digit

EMAID_DIGITS = {
    "NN123ABCDEFGHI": "T",
    "NLTSTC12345678": "S",
    "FRXYZ123456789": "2",
    "DE8ACC12E46L89": "1",
    "ITA1B2C3E4F5G6": "4",
    "ESZU8WOX834H1D": "R",
    "PT73902837ABCZ": "Z",
    "DE83DUIEN83QGZ": "D",
    "DE83DUIEN83ZGQ": "M",
    "DE8AA001234567": "0",
    "NLTNM000122045": "U",
    "DEICEC01234567": "X",
}
DIN_DIGITS = {
    "INTNM000071": "9",
    "INTNM000110": "X",
    "INTNM000124": "0",
    "INTNM000114": "6",
    "INTNM000191": "5",
    "NLTNM012204": "5",
}


@pytest.mark.parametrize(("code", "digit"), EMAID_DIGITS.items())
def test_emaid_check_digit(code: str, digit: str) -> None:
    assert emaid_check_digit(code) == digit


@pytest.mark.parametrize(("code", "digit"), DIN_DIGITS.items())
def test_din_check_digit(code: str, digit: str) -> None:
    assert din_check_digit(code) == digit


@pytest.mark.parametrize("text", ["DE*ABC", "DE-ABC", "DEABC", "de*abc"])
def test_a_party_in_every_spelling(text: str) -> None:
    assert PartyId.parse(text) == PartyId("DE", "ABC")


def test_a_party_in_din_form() -> None:
    assert PartyId.parse("+49*810") == PartyId("DE", "810")


@pytest.mark.parametrize("text", ["", "D*ABC", "DEABCD", "+1*810", "DE_ABC", "D3*ABC"])
def test_what_is_no_party(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        PartyId.parse(text, "$.OperatorID")
    assert refused.value.path == "$.OperatorID"


@pytest.mark.parametrize("text", ["DE*823*E1234*5678", "DE823E12345678", "de*823*e1234*5678", "+49*823*1234*5678"])
def test_an_evse_compares_equal_in_every_spelling_and_keeps_its_own(text: str) -> None:
    evse_id = EvseId.parse(text)
    assert evse_id == EvseId.parse("DE*823*E12345678")
    assert hash(evse_id) == hash(EvseId.parse("DE*823*E12345678"))
    assert evse_id.text == text
    assert evse_id.operator == PartyId("DE", "823")


def test_iso_form_of_a_din_evse_keeps_the_stars_of_the_outlet() -> None:
    assert EvseId.parse("+49*823*1234*5678").iso == "DE*823*E1234*5678"
    assert EvseId.parse("deabce45b*78c").iso == "DE*ABC*E45B*78C"


def test_a_din_evse_of_an_ambiguous_dialling_code_has_no_iso_form() -> None:
    assert EvseId.parse("+1*555*42").iso == "+1*555*42"


@pytest.mark.parametrize("text", ["", "3256", "DE*ABC*X1", "DE*ABC*E", "DE*ABC*E" + "1" * 41, "#NA"])
def test_what_is_no_evse_id(text: str) -> None:
    with pytest.raises(Invalid, match="EVSE id"):
        EvseId.parse(text)


@pytest.mark.parametrize("text", ["DE8ACC12E46L89", "DE-8AC-C12E46L89", "DE8ACC12E46L891", "de-8ac-C12e46l89-1"])
def test_a_contract_compares_equal_with_and_without_its_check_digit(text: str) -> None:
    contract = ContractId.parse(text)
    assert contract == ContractId.parse("DE8ACC12E46L89")
    assert contract.provider == PartyId("DE", "8AC")
    assert contract.expected_check_digit == "1"
    assert contract.is_emaid


def test_a_din_contract_is_not_a_short_emaid() -> None:
    contract = ContractId.parse("NL-TNM-012204-5")
    assert contract.is_din
    assert not contract.is_emaid
    assert contract.check_digit == contract.expected_check_digit == "5"
    assert contract != ContractId.parse("NL-TNM-000122045-U")


def test_a_wrong_check_digit_is_kept_as_the_issuer_wrote_it() -> None:
    contract = ContractId.parse("DE8EOCAet5e43X1")
    assert contract.text == "DE8EOCAet5e43X1"
    assert (contract.check_digit, contract.expected_check_digit) == ("1", "9")


def test_any_other_text_is_a_contract_without_provider() -> None:
    assert ContractId.parse("Q4M-ALIAS-7731").provider is None
    with pytest.raises(Invalid):
        ContractId.parse("x" * 37)


def test_a_token_compares_without_case() -> None:
    assert TokenUid.parse("04a2b3") == TokenUid.parse("04A2B3")
    with pytest.raises(Invalid):
        TokenUid.parse("grün")
