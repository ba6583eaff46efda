"""Ids that are equal did differ at the same time: `!=` compared objects, `==` their keys."""

from core.model.ids import ContractId, EvseId, TokenUid


def test_equal_ids_do_not_differ() -> None:
    for one, other in (
        (ContractId.parse("DE-EMB-C12345678"), ContractId.parse("DEEMBC12345678")),
        (EvseId.parse("DE*ABC*E1"), EvseId.parse("deabce1")),
        (TokenUid.parse("ab"), TokenUid.parse("AB")),
    ):
        assert one == other
        assert not one != other  # noqa: SIM202
    assert TokenUid.parse("ab") != TokenUid.parse("ac")
    assert TokenUid.parse("DEABCE1") != EvseId.parse("DEABCE1")
