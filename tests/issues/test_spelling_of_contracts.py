"""A cache that was keyed by ContractId gave one spelling of a contract in the place of another: they compare equal."""

from core.model.ids import ContractId, EvseId
from mappings.ochp.ids import contract_id_to_ochp, evse_id_to_ochp


def test_each_spelling_of_a_contract_stays_its_own() -> None:
    texts = ["DE8ACC12E46L89", "DE-8AC-C12E46L89-1", "DE8ACC12E46L891"]
    assert [contract_id_to_ochp(ContractId.parse(text)) for text in texts] == texts


def test_each_spelling_of_an_evse_stays_its_own() -> None:
    texts = ["DE*ABC*E1*2", "DEABCE12", "DE*ABC*E12"]
    assert [evse_id_to_ochp(EvseId.parse(text)) for text in texts] == texts
