"""Authentication data and tokens."""

from typing import Any

import msgspec
import pytest

from core.errors import Invalid
from core.model.ids import ContractId, PartyId, TokenUid
from core.model.loss import LossKind
from core.model.token import Token, Whitelist
from mappings.oicp.tokens import token_from_oicp, token_to_oicp
from tests.unit.mappings.oicp.oicp_samples import NOW, replace
from tests.unit.protocols.oicp.wire.oicp_goldens import golden

FAR = PartyId("DE", "FAR")
DESFIRE, MIFARE, HASHED, CLEAR, PNC, REMOTE = golden(
    "push_authentication_data/all_media"
).provider_authentication_data.authentication_data_record
CARD = Token(
    issuer=FAR,
    uid=TokenUid.parse("04c1d2e3f40580"),
    kind="RFID",
    contract_id=ContractId.parse("DEFARC0A1B2C3D"),
    valid=True,
    whitelist=Whitelist.ALLOWED,
    updated_at=NOW,
)


def received(record: Any) -> Token:
    return token_from_oicp(record, FAR, received_at=NOW, hash_pin=lambda pin: "$2b$10$" + "h" * 53)


def test_a_card_with_all_its_details() -> None:
    token = received(DESFIRE)
    assert (token.issuer, token.kind, token.uid.text) == (FAR, "RFID", "04C1D2E3F40580")
    assert token.contract_id == ContractId.parse("DEFARC0A1B2C3D")
    assert (token.visual_number, token.rfid_family) == ("FAR 0917 22", "MIFARE_DESFIRE")
    assert (token.valid, token.whitelist) == (True, Whitelist.ALLOWED)
    assert token.expires_at is not None
    assert token.expires_at.year == 2031


def test_kinds_of_media() -> None:
    assert [received(record).kind for record in (MIFARE, HASHED, PNC, REMOTE)] == [
        "RFID",
        "QR_CODE",
        "EMAID",
        "APP_USER",
    ]


def test_an_expired_record_is_not_valid() -> None:
    card = replace(DESFIRE.identification.rfid_identification, expiry_date="2020-01-01T00:00:00Z")
    token = received(replace(DESFIRE, identification=replace(DESFIRE.identification, rfid_identification=card)))
    assert not token.valid
    assert token_to_oicp(token).record is None


@pytest.mark.spec("OICP-ADATA-32")
def test_a_clear_pin_is_hashed_and_kept_nowhere() -> None:
    token = received(CLEAR)
    assert token.pin_hash == "$2b$10$" + "h" * 53
    assert b"0042" not in msgspec.json.encode(token)
    record = token_to_oicp(token).record
    assert record is not None
    code = record.identification.qr_code_identification
    assert code is not None
    assert (code.pin, code.hashed_pin and code.hashed_pin.value) == (None, token.pin_hash)


def test_a_clear_pin_needs_somebody_to_hash_it() -> None:
    with pytest.raises(Invalid) as caught:
        token_from_oicp(CLEAR, FAR, received_at=NOW)
    assert "0042" not in str(caught.value)


def test_a_card_of_another_protocol() -> None:
    record = token_to_oicp(CARD).record
    assert record is not None
    card = record.identification.rfid_identification
    assert card is not None
    assert (card.uid, card.evco_id, card.rfid) == ("04C1D2E3F40580", "DE-FAR-C0A1B2C3D-A", "mifareFamily")


@pytest.mark.parametrize(
    "change",
    [
        {"valid": False},
        {"whitelist": Whitelist.NEVER},
        {"whitelist": Whitelist.ALLOWED_OFFLINE},
        {"uid": TokenUid.parse("012345678")},
        {"kind": "OTHER"},
        {"kind": "APP_USER", "contract_id": None},
        {"kind": "QR_CODE"},
    ],
)
def test_tokens_that_are_not_uploaded(change: Any) -> None:
    record, found = token_to_oicp(replace(CARD, **change))
    assert record is None
    assert found[0].kind is LossKind.WITHHELD


def test_a_contract_that_oicp_cannot_say_is_reported_and_the_card_goes_on() -> None:
    record, found = token_to_oicp(replace(CARD, contract_id=ContractId.parse("NL-TNM-012345678-W"), group_id="G"))
    assert record is not None
    assert record.identification.rfid_mifare_family_identification is not None
    assert {loss.path for loss in found} == {"contract_id", "group_id"}
