"""Authentication data of offline EMPs, and what the hub decides by them. OICP 2.3, eRoamingPushAuthenticationData."""

from typing import Any

import bcrypt
import msgspec
import pytest

from core.model.contract import Contract, Service
from core.model.ids import PartyId
from core.model.partner import PartnerState
from core.model.token import Whitelist
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import (
    CARD,
    CARDS,
    PULL_CARDS,
    Emp,
    Reached,
    code,
    cpo,
    emp,
    errors,
    join,
    opened,
    pnc,
    qr,
    rfid,
)

EVCO = "DE-OFF-C12345678-X"
PIN = "s3cr3t"


async def pair(hub: TestHub) -> tuple[Reached, Reached]:
    """A CPO, and an EMP without service URL."""
    return await join(hub, cpo()), await join(hub, emp("DE-OFF", sub_ids=["DE-456"]))


def card(uid: str = CARD, **members: Any) -> dict[str, Any]:
    return {"RFIDIdentification": {"UID": uid, "RFID": "mifareFamily", **members}}


async def allowed(abc: Reached, identification: dict[str, Any]) -> bool:
    status: str = (await abc.start(identification)).json()["AuthorizationStatus"]
    return status == "Authorized"


# --- action types


@pytest.mark.spec("OICP-ADATA-02", "OICP-URL-16")
async def test_a_full_load_is_the_whole_set() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        assert code(await off.push_cards("fullLoad", card("11111111"), rfid("22222222"))) == (200, "000")
        assert await allowed(abc, rfid("11111111"))
        assert code(await off.push_cards("fullLoad", rfid("22222222"))) == (200, "000")
        assert not await allowed(abc, rfid("11111111"))
        assert await allowed(abc, rfid("22222222"))
        assert code(await off.push_cards("fullLoad")) == (200, "000")
        assert not await allowed(abc, rfid("22222222"))


@pytest.mark.spec("OICP-ADATA-03", "OICP-ADATA-06")
async def test_insert_of_what_is_there_changes_nothing() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        await off.push_cards("insert", card("11111111"))
        answer = await off.push_cards("insert", rfid("22222222"), rfid("11111111"))
        assert (code(answer), answer.json()["Result"]) == ((200, "009"), False)
        assert "11111111" in answer.json()["StatusCode"]["AdditionalInfo"]
        assert not await allowed(abc, rfid("22222222"))


@pytest.mark.spec("OICP-ADATA-04")
async def test_update_of_what_is_not_there_changes_nothing() -> None:
    async with opened() as hub:
        _, off = await pair(hub)
        await off.push_cards("insert", card("11111111"))
        before = dict(hub.storage.tokens.held)
        hub.clock.advance(1)
        answer = await off.push_cards("update", card("11111111", PrintedNumber="7"), card("22222222"))
        assert code(answer) == (200, "009")
        assert hub.storage.tokens.held == before
        assert code(await off.push_cards("update", card("11111111", PrintedNumber="7"))) == (200, "000")
        [token] = hub.storage.tokens.held.values()
        assert token.visual_number == "7"


@pytest.mark.spec("OICP-ADATA-05")
async def test_delete_may_come_twice_and_ends_it() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        await off.push_cards("insert", card())
        assert code(await off.push_cards("delete", rfid())) == (200, "000")
        assert not await allowed(abc, rfid())
        again = await off.push_cards("delete", rfid())
        assert code(again) == (200, "000")
        assert CARD in again.json()["StatusCode"]["AdditionalInfo"]
        assert code(await off.push_cards("insert", card())) == (200, "000")
        assert await allowed(abc, rfid())


async def test_repeating_a_full_load_tells_nobody() -> None:
    async with opened() as hub:
        _, off = await pair(hub)
        for number in (2, 0):
            hub.storage.outbox.events.clear()
            hub.clock.advance(1)
            await off.push_cards("fullLoad", card("11111111"), pnc(EVCO))
            assert len(hub.storage.outbox.events) == number


# --- checks


@pytest.mark.spec("OICP-ADATA-01")
async def test_checks_in_order() -> None:
    async with opened() as hub:
        _, off = await pair(hub)
        held = hub.storage.partners.held
        assert code(await off.push_cards("insert", card(), body_id="DE-DCB")) == (401, "017")
        held[off.partner.id] = msgspec.structs.replace(off.partner, roles=())
        assert code(await off.push_cards("insert", card())) == (404, "300")
        held[off.partner.id] = msgspec.structs.replace(off.partner, state=PartnerState.SUSPENDED)
        assert code(await off.push_cards("insert", card())) == (401, "017")
        held[off.partner.id] = off.partner
        answer = await off.push_cards("update", card(EvcoID="DE-8EO-C12345678-X"))
        assert code(answer) == (200, "019")
        assert not hub.storage.tokens.held


@pytest.mark.spec("OICP-ADATA-07", "OICP-ADATA-16")
@pytest.mark.parametrize(
    "foreign",
    [
        card(EvcoID="DE-8EO-C12345678-X"),
        pnc("DE-8EO-C12345678-X"),
        qr(PIN, "DE-8EO-C12345678-X"),
        {"RemoteIdentification": {"EvcoID": "DE-8EO-C12345678-X"}},
    ],
)
async def test_a_foreign_contract_refuses_the_whole_push(foreign: dict[str, Any]) -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        assert code(await off.push_cards("fullLoad", rfid(), foreign)) == (200, "019")
        assert not hub.storage.tokens.held
        assert code(await off.push_cards("fullLoad", pnc("DE-456-C12345678-X"))) == (200, "000")
        answer = (await abc.start(pnc("DE-456-C12345678-X"))).json()
        assert (answer["AuthorizationStatus"], answer["ProviderID"]) == ("Authorized", "DE-OFF")


BCRYPT = {"Value": "$2a$10$vI8aWBnW3fID.ZQ4/zo1G.q1lRps.9cGLcZEiGDMVr5yUP1KUOYTa", "Function": "Bcrypt"}


@pytest.mark.spec("OICP-ADATA-08", "OICP-ADATA-12", "OICP-DT-01")
@pytest.mark.parametrize(
    "bad",
    [
        {},
        {**rfid(), **pnc(EVCO)},
        {"QRCodeIdentification": {"EvcoID": EVCO}},
        {"QRCodeIdentification": {"EvcoID": EVCO, "PIN": PIN, "HashedPIN": BCRYPT}},
        {"QRCodeIdentification": {"EvcoID": EVCO, "PIN": "x" * 21}},
        {"QRCodeIdentification": {"EvcoID": EVCO, "HashedPIN": {**BCRYPT, "Function": "MD5"}}},
        {"QRCodeIdentification": {"EvcoID": EVCO, "HashedPIN": {**BCRYPT, "Value": "short"}}},
        {"RFIDIdentification": {"UID": CARD}},
        {"RFIDIdentification": {"UID": CARD, "RFID": "mifare"}},
        card(ExpiryDate="2030-01-01"),
        card(PrintedNumber="x" * 151),
        card("123"),
        pnc("DE|OFF|C12345678|X"),
    ],
)
async def test_wrong_records(bad: dict[str, Any]) -> None:
    async with opened() as hub:
        _, off = await pair(hub)
        assert all("authenticationDataRecord[1]" in one for one in errors(await off.push_cards("insert", rfid(), bad)))
        assert not hub.storage.tokens.held


@pytest.mark.spec("OICP-ADATA-10")
async def test_a_bcrypt_hash_is_taken_as_it_is() -> None:
    async with opened() as hub:
        _, off = await pair(hub)
        legacy = {"Function": "SHA-1", "Salt": "pepper", "Value": "a" * 40}
        given = {"QRCodeIdentification": {"EvcoID": EVCO, "HashedPIN": {**BCRYPT, "LegacyHashData": legacy}}}
        assert code(await off.push_cards("insert", given)) == (200, "000")
        [token] = hub.storage.tokens.held.values()
        assert token.pin_hash == BCRYPT["Value"]


@pytest.mark.spec("OICP-ADATA-15", "OICP-AUTH-09")
async def test_online_emps_may_upload_too_and_are_not_asked_then() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(CARD)
        online = await join(hub, emp(), back)
        assert code(await online.push_cards("insert", card())) == (200, "000")
        assert await allowed(abc, rfid())
        assert not back.asked


# --- deciding by them


@pytest.mark.spec("OICP-AUTH-09", "OICP-ADATA-11", "OICP-AUTH-05")
async def test_an_uploaded_card_is_good_without_asking() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        back = Emp(CARD)
        await join(hub, emp(), back)
        await off.push_cards("insert", card(CARD.lower()), pnc(EVCO.lower()))
        answer = await abc.start(rfid(CARD.lower()))
        assert (code(answer), answer.json()["ProviderID"]) == ((200, "000"), "DE-OFF")
        assert await allowed(abc, pnc(EVCO))
        assert not back.asked
        [token] = [t for t in hub.storage.tokens.held.values() if t.kind == "RFID"]
        assert token.whitelist is Whitelist.ALWAYS


@pytest.mark.spec("OICP-AUTH-09", "OICP-PRT-16")
async def test_a_card_of_a_locked_emp_is_not() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        await off.push_cards("insert", card())
        await hub.hub.partners.suspend(off.partner.id)
        assert not await allowed(abc, rfid())


@pytest.mark.spec("OICP-AUTH-10")
async def test_an_expired_card_is_not() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        await off.push_cards("insert", card(ExpiryDate="2026-01-16T00:00:00+01:00"))
        assert await allowed(abc, rfid())
        hub.clock.advance(24 * 3600)
        assert not await allowed(abc, rfid())


@pytest.mark.spec("OICP-AUTH-11", "OICP-ADATA-06")
async def test_a_qr_code_needs_its_pin() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        await off.push_cards("insert", qr("0000", EVCO))
        assert code(await off.push_cards("update", qr(PIN, EVCO))) == (200, "000")
        answer = await abc.start(qr(PIN, EVCO))
        assert (code(answer), answer.json()["ProviderID"]) == ((200, "000"), "DE-OFF")
        for wrong in ("0000", "S3CR3T"):
            answer = await abc.start(qr(wrong, EVCO))
            assert answer.json()["AuthorizationStatus"] == "NotAuthorized"
            assert code(answer) == (200, "101")
        assert not await allowed(abc, pnc(EVCO))


@pytest.mark.spec("OICP-AUTH-11")
async def test_a_wrong_pin_is_not_asked_about() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(EVCO)
        online = await join(hub, emp("DE-OFF"), back)
        await online.push_cards("insert", qr(PIN, EVCO))
        assert code(await abc.start(qr("9999", EVCO))) == (200, "101")
        assert not back.asked


@pytest.mark.spec("OICP-AUTH-04")
async def test_the_hash_itself_is_no_pin() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        await off.push_cards("insert", qr(PIN, EVCO))
        [token] = hub.storage.tokens.held.values()
        assert token.pin_hash
        answer = await abc.start({"QRCodeIdentification": {"EvcoID": EVCO, "HashedPIN": BCRYPT}})
        assert answer.status_code == 400


def hashed(value: str) -> dict[str, Any]:
    return {"QRCodeIdentification": {"EvcoID": EVCO, "HashedPIN": {"Value": value, "Function": "Bcrypt"}}}


async def test_a_hash_that_the_hub_cannot_check_is_no_proof() -> None:
    """The EMP is asked itself; an offline one cannot be."""
    async with opened() as hub:
        abc, off = await pair(hub)
        await off.push_cards("insert", hashed("$2b$31$" + "a" * 53))
        assert not await allowed(abc, qr("allmine", EVCO))


@pytest.mark.spec("OICP-ADATA-09", "OICP-AUTH-10")
async def test_a_clear_pin_is_kept_as_a_bcrypt_hash_and_checked() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        await off.push_cards("insert", qr(PIN, EVCO))
        [token] = hub.storage.tokens.held.values()
        assert token.pin_hash is not None
        assert token.pin_hash.startswith("$2b$")
        assert bcrypt.checkpw(PIN.encode(), token.pin_hash.encode())
        assert await allowed(abc, qr(PIN, EVCO))
        assert not await allowed(abc, qr("wrong", EVCO))


@pytest.mark.spec("OICP-ADATA-09", "OICP-AUTH-10")
async def test_a_pin_is_checked_against_the_hash_that_the_emp_made() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        made = bcrypt.hashpw(PIN.encode(), bcrypt.gensalt(4, b"2a")).decode()
        await off.push_cards("insert", hashed(made))
        [token] = hub.storage.tokens.held.values()
        assert token.pin_hash == made
        assert await allowed(abc, qr(PIN, EVCO))
        assert code(await abc.start(qr("wrong", EVCO))) == (200, "101")
        assert code(await abc.start(qr(made[:20], EVCO))) == (200, "101")


@pytest.mark.spec("OICP-SEC-13")
async def test_a_pin_is_kept_nowhere() -> None:
    async with opened() as hub:
        _, off = await pair(hub)
        await off.push_cards("insert", qr(PIN, EVCO))
        assert hub.storage.tokens.held
        assert PIN not in repr((hub.storage.tokens.held, hub.storage.outbox.events, hub.storage.journal.exchanges))


@pytest.mark.spec("OICP-AUTH-42", "OICP-AUTH-40")
async def test_an_offline_session_ends_by_the_same_medium_only() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        back = Emp("11223344")
        await join(hub, emp(), back)
        await off.push_cards("insert", rfid(), rfid("11223344"), pnc(EVCO), qr(PIN, EVCO))
        for medium, other, refusal in (
            (rfid(), rfid("11223344"), "102"),
            (pnc(EVCO), pnc("DE-OFF-C99999999-X"), "105"),
            (qr(PIN, EVCO), qr("9999", EVCO), "101"),
            (pnc(EVCO), qr(PIN, EVCO), "101"),
        ):
            session_id = (await abc.start(medium)).json()["SessionID"]
            refused = await abc.stop(session_id, other)
            assert (code(refused), refused.json()["AuthorizationStatus"]) == ((200, refusal), "NotAuthorized")
            ended = await abc.stop(session_id, medium)
            assert (code(ended), ended.json()["ProviderID"]) == ((200, "000"), "DE-OFF")
        assert not back.asked


@pytest.mark.spec("OICP-ADATA-13")
async def test_of_two_emps_with_the_same_card_the_latest_counts(caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        other = await join(hub, emp("DE-AAA"))
        for latest in (off, other, off):
            hub.clock.advance(1)
            await latest.push_cards("delete", rfid())
            assert code(await latest.push_cards("insert", rfid())) == (200, "000")
            with caplog.at_level("INFO", logger="protocols.oicp"):
                answer = await abc.start(rfid())
            assert answer.json()["ProviderID"] == latest.own_id
            assert answer.headers["process-id"] in caplog.text
            said = [held.getMessage() for held in caplog.records if held.name.startswith("protocols.oicp")]
            assert f"of {latest.own_id.replace('-', '*')}" in said[-1]


@pytest.mark.spec("OICP-ADATA-01")
async def test_the_action_must_be_one() -> None:
    async with opened() as hub:
        _, off = await pair(hub)
        data = {"ProviderID": "DE-OFF", "AuthenticationDataRecord": []}
        assert errors(await off.post(CARDS, {"ActionType": "FULLLOAD", "ProviderAuthenticationData": data})) == [
            "actionType"
        ]


# --- pulled by an operator


@pytest.mark.spec("OICP-ADATA-33", "OICP-URL-09")
async def test_no_operator_is_handed_any_card() -> None:
    async with opened() as hub:
        abc, off = await pair(hub)
        await off.push_cards("fullLoad", rfid())
        answer = await abc.post(PULL_CARDS, {"OperatorID": "DE*ABC"})
        assert code(answer) == (200, "320")
        assert answer.json()["AuthenticationData"] == {"ProviderAuthenticationData": []}
        assert CARD not in answer.text
        assert errors(await abc.post(PULL_CARDS, {})) == ["operatorID"]
        assert code(await abc.post(PULL_CARDS, {"OperatorID": "DE*BBB"})) == (401, "017")
        assert code(await abc.post(PULL_CARDS, {"OperatorID": "DE*BBB"}, as_id="DE*BBB")) == (401, "017")
        held = hub.storage.partners.held
        held[abc.partner.id] = locked = msgspec.structs.replace(abc.partner, state=PartnerState.SUSPENDED)
        assert code(await abc.post(PULL_CARDS, {"OperatorID": "DE*ABC"})) == (401, "017")
        held[abc.partner.id] = msgspec.structs.replace(locked, roles=())
        assert code(await abc.post(PULL_CARDS, {"OperatorID": "DE*ABC"})) == (404, "300")


@pytest.mark.spec("OICP-ADATA-30", "OICP-ADATA-31", "OICP-ADATA-32")
async def test_cards_that_are_disclosed_are_handed_to_operators_under_contract() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo(pulls_cards=True))
        off = await join(hub, emp("DE-OFF", disclosed=True))
        shy, other = await join(hub, emp("DE-SHY")), await join(hub, emp("DE-AAA", disclosed=True))
        await off.push_cards("fullLoad", card("11111111", EvcoID=EVCO), rfid("55555555"), qr(PIN, EVCO))
        await off.push_cards("delete", rfid("55555555"))
        await shy.push_cards("fullLoad", rfid("22222222"))
        await other.push_cards("fullLoad", rfid("33333333"))
        elsewhere = Contract(service=Service.AUTHORISATION, party=PartyId("DE", "BBB"))
        await hub.hub.partners.agree(other.partner.id, (elsewhere,))
        answer = await abc.post(PULL_CARDS, {"OperatorID": "DE*ABC"})
        assert code(answer) == (200, "000")
        [shown] = answer.json()["AuthenticationData"]["ProviderAuthenticationData"]
        assert shown["ProviderID"] == "DE-OFF"
        given = [one["Identification"] for one in shown["AuthenticationDataRecord"]]
        assert card("11111111", EvcoID=EVCO) in given
        [secret] = [one["QRCodeIdentification"] for one in given if "QRCodeIdentification" in one]
        assert secret["HashedPIN"]["Function"] == "Bcrypt"
        assert (len(given), "PIN" in secret, PIN in answer.text) == (2, False, False)


@pytest.mark.spec("OICP-ADATA-30")
async def test_who_has_not_subscribed_is_handed_no_cards() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo(pulls_cards=True, closed_services=["eRoamingPullAuthenticationData"]))
        assert code(await abc.post(PULL_CARDS, {"OperatorID": "DE*ABC"})) == (403, "210")
