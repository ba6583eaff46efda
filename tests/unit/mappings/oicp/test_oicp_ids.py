"""Identifiers between the model and OICP. The pairs are those of the crosswalk."""

import pytest

from core.errors import Invalid
from core.model.ids import ContractId, EvseId, PartyId
from mappings.oicp.ids import (
    contract_id_to_oicp,
    evse_id_from_oicp,
    evse_id_to_oicp,
    operator_to_oicp,
    party_from_oicp,
    provider_to_oicp,
)


@pytest.mark.parametrize(
    ("text", "party"),
    [("DE*ABC", "DEABC"), ("deabc", "DEABC"), ("DE-DCB", "DEDCB"), ("+49*810", "DE810"), ("49*810", "DE810")],
)
def test_parties_are_read_in_any_spelling(text: str, party: str) -> None:
    assert party_from_oicp(text).key == party


def test_a_party_that_is_none_is_refused() -> None:
    with pytest.raises(Invalid) as caught:
        party_from_oicp("DE|DCB", "$.ProviderID")
    assert caught.value.path == "$.ProviderID"


def test_parties_are_written_as_registered() -> None:
    assert operator_to_oicp(PartyId("DE", "ABC")) == "DE*ABC"
    assert operator_to_oicp(PartyId("DE", "810"), "+49*810") == "+49*810"
    assert operator_to_oicp(PartyId("DE", "811"), "+49*810") == "DE*811"
    assert operator_to_oicp(PartyId("DE", "811"), "nonsense") == "DE*811"
    assert provider_to_oicp(PartyId("DE", "DCB")) == "DE-DCB"
    assert provider_to_oicp(PartyId("DE", "DCB"), "DEDCB") == "DEDCB"


@pytest.mark.spec("OICP-EVSE-19")
def test_evse_ids_are_upper_case_and_din_stays_din() -> None:
    assert evse_id_from_oicp("de*abc*e45b*78c").text == "DE*ABC*E45B*78C"
    assert evse_id_to_oicp(EvseId.parse("de*abc*e1")) == "DE*ABC*E1"
    assert evse_id_to_oicp(EvseId.parse("+49*823*1234*5678")) == "+49*823*1234*5678"
    assert evse_id_to_oicp(EvseId.parse("DE823E12345678")) == "DE823E12345678"


@pytest.mark.spec("OICP-DT-07")
@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("DE*ABC*E1*1", "DEABC"),
        ("deabce11", "DEABC"),
        ("DE*AB1*E1", "DEAB1"),
        ("DE*8EO*E45B*78C", "DE8EO"),
        ("+49*810*000*438", "DE810"),
        ("49*810*000438", "DE810"),
        ("+423*123*9", "LI123"),
    ],
)
def test_the_operator_that_an_evse_id_names(text: str, operator: str) -> None:
    assert evse_id_from_oicp(text).operator == PartyId(operator[:2], operator[2:])


@pytest.mark.spec("OICP-DT-07")
@pytest.mark.parametrize(
    ("text", "provider"),
    [
        ("DE-DCB-C12345678-X", "DEDCB"),
        ("DEDCBC12345678X", "DEDCB"),
        ("de-8eo-c12345678", "DE8EO"),
        ("DE*8EO*123456*X", "DE8EO"),
        ("DE-8EO-123456-7", "DE8EO"),
        ("DE8EO123456X", "DE8EO"),
    ],
)
def test_the_provider_that_a_contract_names(text: str, provider: str) -> None:
    assert ContractId.parse(text).provider == PartyId(provider[:2], provider[2:])


def test_an_evse_id_is_never_cut() -> None:
    assert evse_id_to_oicp(EvseId.parse("DE*ABC*E" + "1" * 31)) is None


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("DE8ACC12E46L89", "DE-8AC-C12E46L89-1"),
        ("de-8ac-C12e46l89-1", "DE-8AC-C12E46L89-1"),
        ("DE8EOCAet5e43X1", "DE8EOCAET5E43X1"),
        ("NL-TNM-000122045-U", "NL-TNM-012204-5"),
        ("NLTNM000122045", "NL-TNM-012204-5"),
        ("NL-TNM-122045-0", "NL-TNM-122045-0"),
        ("NL-TNM-012345678-W", None),
        ("Q4M-ALIAS-7731", None),
        ("#NA", None),
        ("FREMPC00000042", "FR-EMP-C00000042-4"),
    ],
)
def test_contract_ids(theirs: str, ours: str | None) -> None:
    assert contract_id_to_oicp(ContractId.parse(theirs)) == ours
