from datetime import UTC, datetime

import msgspec
import pytest

from core.errors import Invalid, Uncertain, Unknown, Unsupported
from core.model.authorisation import Authorisation, AuthoriseRequest, Decision
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.loss import LossKind
from core.model.token import Token, TokenKind, Whitelist
from mappings.ocpi import authorisation, locations, tokens
from protocols.ocpi.wire.tokens import AllowedType, LocationReferences
from protocols.transport.json_codec import to_raw
from tests.golden.ocpi.goldens import golden

NOW = datetime(2025, 3, 1, 12, tzinfo=UTC)
ELK = PartyId("DE", "ELK")
REQUEST = AuthoriseRequest(operator=PartyId("NL", "VLT"), uid=TokenUid.parse("04ab12"), kind="RFID")


def test_a_token_in_our_words() -> None:
    token = tokens.token_from_ocpi(golden("token/rich"))
    assert (token.issuer, token.uid, token.kind, token.whitelist) == (
        ELK,
        TokenUid.parse("04a7c9f0112280"),
        TokenKind.RFID,
        Whitelist.ALLOWED_OFFLINE,
    )
    assert token.contract_id == ContractId.parse("DEELKC00012345")


@pytest.mark.spec("OCPI-TYP-09")
def test_a_contract_that_cannot_be_filled_is_none() -> None:
    assert tokens.token_from_ocpi(golden("token/unknown_type")).contract_id is None


def test_a_token_without_uid_is_refused() -> None:
    with pytest.raises(Invalid) as error:
        tokens.token_from_ocpi(msgspec.structs.replace(golden("token/rich"), uid=""))
    assert error.value.path == "$.uid"


@pytest.mark.spec("OCPI-TOK-05", "OCPI-COP-09")
def test_a_token_is_blocked_by_patch() -> None:
    before = tokens.token_from_ocpi(golden("token/rich"))
    after = tokens.patch_token(before, golden("token_patch/blocked"))
    assert after == msgspec.structs.replace(before, valid=False, updated_at=datetime(2025, 3, 5, 3, tzinfo=UTC),
                                            extensions={})  # fmt: skip


def test_what_a_foreign_token_lacks_is_assumed_and_said() -> None:
    token = Token(
        issuer=ELK, uid=TokenUid.parse("04AB"), kind="RFID", valid=True, whitelist=Whitelist.ALLOWED, updated_at=NOW,
        expires_at=NOW, pin_hash="5f00d",
    )  # fmt: skip
    sent = tokens.token_to_ocpi(token)
    assert (sent.contract_id, sent.issuer) == ("#NA", "DE*ELK")
    losses = tokens.token_losses(token)
    assert {loss.path for loss in losses} == {"expires_at", "pin_hash", "contract_id", "issuer_name"}
    assert "5f00d" not in repr(losses)


# --- authorisation


def test_a_request_without_type_is_for_a_card() -> None:
    request = authorisation.authorise_request_from_ocpi("04ab12", None, None, PartyId("NL", "VLT"))
    assert request == REQUEST


def test_the_place_of_a_foreign_request_comes_from_the_hubs_copy() -> None:
    place = locations.location_from_ocpi(golden("location/rich"))
    request = msgspec.structs.replace(REQUEST, evse_id=EvseId.parse("nlvlte07071"))
    assert authorisation.authorise_request_to_ocpi(request, place)[2] == LocationReferences(
        location_id="HAVEN-07", evse_uids=("HAVEN-07-A",)
    )
    assert authorisation.authorise_request_to_ocpi(request)[2] is None
    private = msgspec.structs.replace(request, pin="1234", location_id="L")
    (loss,) = authorisation.authorise_request_losses(private)
    assert (loss.path, loss.value, loss.kind) == ("pin", None, LossKind.WITHHELD)


@pytest.mark.parametrize("allowed", AllowedType)
@pytest.mark.spec("OCPI-TOK-10")
def test_each_decision_is_an_answer(allowed: AllowedType) -> None:
    info = msgspec.structs.replace(golden("authorization_info/minimal"), allowed=allowed)
    answer = authorisation.authorisation_from_ocpi(info)
    assert answer.decision.value == allowed.value
    assert authorisation.authorisation_to_ocpi(answer).allowed is allowed


def test_a_foreign_answer_gets_a_token_from_the_request() -> None:
    answer = Authorisation(decision=Decision.ALLOWED, contract_id=ContractId.parse("DE-ELK-C00012345-K"))
    info = authorisation.authorisation_to_ocpi(answer, REQUEST, NOW)
    assert to_raw(info.token) == {
        "country_code": "DE", "party_id": "ELK", "uid": "04ab12", "type": "RFID", "contract_id": "DE-ELK-C00012345-K",
        "issuer": "DE*ELK", "valid": True, "whitelist": "NEVER", "last_updated": "2025-03-01T12:00:00Z",
    }  # fmt: skip
    with pytest.raises(Unsupported):
        authorisation.authorisation_to_ocpi(answer)


@pytest.mark.parametrize(
    ("decision", "error"),
    [
        (Decision.UNKNOWN_TOKEN, Unknown),
        (Decision.NO_ISSUER, Unknown),
        (Decision.TIMED_OUT, Uncertain),
        (Decision.NEEDS_LOCATION, Unsupported),
    ],
)
def test_what_is_no_authorization_info(decision: Decision, error: type[Exception]) -> None:
    with pytest.raises(error):
        authorisation.authorisation_to_ocpi(Authorisation(decision=decision), REQUEST)
    loss = authorisation.DECISION.loss(decision, "decision")
    assert loss
    assert loss.kind is LossKind.LOST
