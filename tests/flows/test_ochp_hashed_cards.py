"""Cards of which an OCHP provider tells hashes only: readers of every protocol show the card itself."""

import hashlib
from typing import Any

import msgspec
import pytest

from core.errors import Unsupported
from core.model.cards import HashedKind
from core.model.cdr import CdrState
from core.model.ids import ContractId, TokenUid
from core.model.session import CdrToken
from mappings.emip.identification import user_id_to_emip
from mappings.ocpi.sessions import cdr_token_to_ocpi
from mappings.oicp.identification import identification_to_oicp
from protocols.emip.plugin import PLUGIN as EMIP
from tests.flows import emip_partners as emip
from tests.flows import oicp_partners as oicp
from tests.flows.ochp_partners import cdr, charge_point, emt_id, join, opened, token
from tests.flows.test_ochp_pairs import SINGLE, Net, net, put_token

__all__ = ["net"]
CARD = "04A2B3C4D5E680"
SET = "SetRoamingAuthorisationList"


def digest(text: str = CARD, algorithm: str = "sha256") -> str:
    return hashlib.new(algorithm, text.encode()).hexdigest()


def hashed(**more: Any) -> str:
    return token(digest(), representation="sha-256", **more)


@pytest.mark.spec("OCHP-ID-15")
async def test_an_ochp_operator_asks_by_the_card_and_by_each_hash(net: Net) -> None:
    await net.emp.ask(SET, token(CARD.lower(), more="<printedNumber>7</printedNumber>"))
    for algorithm, representation in (("sha256", "sha-256"), ("sha1", "sha-160")):
        for text in (CARD, CARD.lower()):
            instance = digest(text, algorithm)
            answer = await net.cpo.ask(SINGLE, emt_id(instance, representation=representation))
            assert answer.texts("roamingAuthorisationInfo/EmtId/instance") == [CARD.lower()], answer.text
            assert answer.texts("roamingAuthorisationInfo/printedNumber") == ["7"]
    wrong = await net.cpo.ask(SINGLE, emt_id(digest("04A2B3C4D5E681"), representation="sha-256"))
    assert wrong.result == "invalid-id"
    await net.emp.ask(SET, hashed())
    for asked in (emt_id(CARD), emt_id(digest(), representation="sha-256")):
        answer = await net.cpo.ask(SINGLE, asked)
        assert answer.texts("roamingAuthorisationInfo/contractId") == ["DE-QM1-C00000417-U"], answer.text


@pytest.mark.spec("OCHP-ID-15")
async def test_operators_of_other_protocols_show_the_card(net: Net) -> None:
    await net.emp.ask(SET, hashed())
    ocpi = await net.ocpi_cpo.call(net.hub, "POST", f"tokens/sender/{CARD}/authorize", to="DEQM1")
    info = ocpi.json()["data"]
    assert (info["allowed"], info["token"]["uid"], info["token"]["type"]) == ("ALLOWED", CARD, "RFID")
    oicp_cpo = await oicp.join(net.hub, oicp.cpo())
    body = msgspec.json.decode((await oicp_cpo.start(oicp.rfid(CARD))).content)
    assert (body["AuthorizationStatus"], body["ProviderID"]) == ("Authorized", "DE-QM1")
    assert {journey.uid.text for journey in net.hub.storage.journeys.held.values()} == {CARD}


async def test_an_emip_operator_shows_the_card() -> None:
    async with opened(EMIP) as hub:
        emp = await join(hub, "EMSP", "DEQM1")
        cpo = await emip.join(hub, emip.cpo())
        await emp.ask(SET, hashed())
        answer = await cpo.ask(CARD)
        assert answer.authorisation_value == 1
        (journey,) = hub.storage.journeys.held.values()
        assert (journey.uid.text, journey.issuer.key) == (CARD, "DEQM1")


@pytest.mark.spec("OCHP-ID-15")
async def test_the_issuer_of_a_card_is_asked_when_an_operator_knows_its_hash(net: Net) -> None:
    await put_token(net, uid=CARD, whitelist="NEVER")
    info = {"allowed": "ALLOWED", "token": msgspec.json.decode(msgspec.json.encode(await _held(net)))}
    net.emsp.answers["POST", "tokens"] = (
        200,
        {"data": info, "status_code": 1000, "timestamp": "2026-01-15T12:00:00Z"},
        {},
    )
    answer = await net.cpo.ask(SINGLE, emt_id(digest(), representation="sha-256"))
    assert answer.result == "ok", answer.text
    (asked,) = net.emsp.seen("POST", "tokens")
    assert asked.path.endswith(f"/{CARD}/authorize")


async def _held(net: Net) -> Any:
    return (await net.ocpi_cpo.call(net.hub, "GET", "tokens/sender")).json()["data"][0]


async def test_a_hash_is_told_to_no_other_protocol(net: Net) -> None:
    await net.emp.ask(SET, hashed())
    await net.hub.relay()
    assert net.ocpi_cpo.seen("PUT", "tokens") == []
    deliveries = [one for one in net.hub.storage.outbox.deliveries.values() if one.key.endswith(digest().upper())]
    assert [loss.reason for one in deliveries for loss in one.losses] == ["OCPI has no hashed cards"]
    assert (await net.ocpi_cpo.call(net.hub, "GET", "tokens/sender")).json()["data"] == []


@pytest.mark.parametrize("known", [True, False])
async def test_a_cdr_by_the_hash_reaches_an_ocpi_emsp_as_one_of_the_card(net: Net, known: bool) -> None:
    """Or stays in plain sight where nobody has told which card it is."""
    if known:
        await put_token(net, uid=CARD, whitelist="ALLOWED")
    await net.cpo.ask("SetChargePointList", charge_point())
    record = cdr(contract="DE-EMB-C12345678", instance=digest(), representation="sha-256")
    assert (await net.cpo.ask("AddCDRs", record)).result == "ok"
    await net.hub.settle()
    (held,) = net.hub.storage.cdrs.held.values()
    sent = [one.json["cdr_token"]["uid"] for one in net.emsp.seen("POST", "cdrs")]
    if known:
        assert sent == [CARD]
        assert held.cdr.token.kind == "RFID_SHA_256"
        assert "the card that the operator names by its hash" in {loss.reason for loss in held.losses}
    else:
        assert (sent, held.state) == ([], CdrState.WAITING)
        assert "hashed" in (held.last_error or "")


@pytest.mark.parametrize("kind", list(HashedKind))
def test_no_other_protocol_has_a_word_for_a_hash(kind: HashedKind) -> None:
    uid, contract = TokenUid(digest(), digest().upper()), ContractId.parse("DE-QM1-C00000417")
    assert identification_to_oicp(kind, uid, contract) is None
    assert user_id_to_emip(kind, uid, contract) is None
    with pytest.raises(Unsupported):
        cdr_token_to_ocpi(CdrToken(kind=kind, uid=uid, contract_id=contract))
