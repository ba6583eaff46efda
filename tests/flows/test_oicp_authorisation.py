"""Authorisation at OICP stations. OICP 2.3, eRoamingAuthorizeStart_V2.1, eRoamingAuthorizeStop_V2.1."""

import re
from typing import Any

import httpx
import msgspec
import pytest

from tests.flows.hub import TestHub
from tests.flows.oicp_partners import (
    CARD,
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

SESSION = re.compile(r"^[A-Za-z0-9]{8}(-[A-Za-z0-9]{4}){3}-[A-Za-z0-9]{12}$")
OTHER = "11223344"
EVCO = "DE-DCB-C12345678-X"


async def begun(hub: TestHub, abc: Reached, uid: str = CARD, **members: Any) -> str:
    answer = await abc.start(rfid(uid), **members)
    assert answer.json()["AuthorizationStatus"] == "Authorized", answer.text
    session_id: str = answer.json()["SessionID"]
    return session_id


def no(answer: httpx.Response) -> tuple[int, str]:
    """A refusal in the shape of this operation."""
    assert answer.json()["AuthorizationStatus"] == "NotAuthorized"
    return code(answer)


# --- start


@pytest.mark.spec("OICP-URL-03", "OICP-URL-26", "OICP-AUTH-18", "OICP-AUTH-20", "OICP-SES-01", "OICP-SES-02")
@pytest.mark.spec("OICP-NET-24", "OICP-NET-03", "OICP-NET-08", "OICP-SES-11", "OICP-PRT-12", "OICP-AUTH-06")
async def test_a_yes_of_an_online_emp() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(
            CARD, EMPPartnerSessionID="emp-1", ProviderID="DE-XXX", SessionID="11111111-1111-4111-8111-111111111111"
        )
        await join(hub, emp(callback_url="http://de-dcb.test/base/"), back)
        answer = await abc.start(rfid(), EvseID="DE*ABC*E404", CPOPartnerSessionID="1234XYZ", PartnerProductID="AC1")
        assert code(answer) == (200, "000")
        said = answer.json()
        assert SESSION.match(said["SessionID"])
        assert said["ProviderID"] == "DE-DCB"
        assert said["AuthorizationStatus"] == "Authorized"
        assert (said["CPOPartnerSessionID"], said["EMPPartnerSessionID"]) == ("1234XYZ", "emp-1")
        [(path, body, headers)] = back.asked
        assert path == "/base/api/oicp/charging/v21/operators/DE%2AABC/authorize/start"
        assert body == {
            "SessionID": said["SessionID"],
            "CPOPartnerSessionID": "1234XYZ",
            "OperatorID": "DE*ABC",
            "EvseID": "DE*ABC*E404",
            "Identification": rfid(),
            "PartnerProductID": "AC1",
        }
        assert headers["content-type"] == headers["accept"] == "application/json;charset=UTF-8"
        assert headers["process-id"] == answer.headers["process-id"]
        second = await abc.start(rfid())
        assert second.json()["SessionID"] != said["SessionID"]


@pytest.mark.spec("OICP-AUTH-05")
async def test_uids_go_out_in_upper_case() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(CARD)
        await join(hub, emp(), back)
        assert code(await abc.start(rfid(CARD.lower()))) == (200, "000")
        assert back.asked[0][1]["Identification"] == rfid(CARD)


@pytest.mark.spec("OICP-AUTH-21", "OICP-SES-04", "OICP-AUTH-17", "OICP-ERR-20")
async def test_a_no_leaves_nothing_behind() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(code="103")
        await join(hub, emp(), back)
        answer = await abc.start(rfid(), CPOPartnerSessionID="c1")
        assert no(answer) == (200, "103")
        said = answer.json()
        assert (said["SessionID"], said["ProviderID"], said["CPOPartnerSessionID"]) == (None, None, "c1")
        assert not hub.storage.journeys.held
        tried = back.asked[0][1]["SessionID"]
        assert code(await abc.cdr(tried)) == (404, "400")
        assert no(await abc.stop(tried, rfid())) == (404, "400")


@pytest.mark.spec("OICP-AUTH-02", "OICP-AUTH-03", "OICP-AUTH-04", "OICP-DT-03", "OICP-DT-05", "OICP-SES-12")
@pytest.mark.parametrize(
    ("identification", "more"),
    [
        ({}, {}),
        ({**rfid(), **pnc()}, {}),
        ({"RFIDMifareFamilyIdentification": None}, {}),
        ({"RFIDIdentification": {"UID": CARD, "RFID": "mifareCls"}}, {}),
        ({"RemoteIdentification": {"EvcoID": EVCO}}, {}),
        ({"QRCodeIdentification": {"EvcoID": EVCO}}, {}),
        (
            {"QRCodeIdentification": {"EvcoID": EVCO, "HashedPIN": {"Value": "$2a$10$abcdefgh", "Function": "Bcrypt"}}},
            {},
        ),
        ({"QRCodeIdentification": {"EvcoID": EVCO, "PIN": "x" * 21}}, {}),
        (rfid("044A2DAA85628"), {}),
        (rfid("044A2DAA85628G"), {}),
        (pnc("DE|DCB|C12345678|X"), {}),
        (pnc("*"), {}),
        (rfid(), {"EvseID": "DE*ABC"}),
        (rfid(), {"CPOPartnerSessionID": "x" * 251}),
        (rfid(), {"EMPPartnerSessionID": "x" * 251}),
        (rfid(), {"SessionID": "string"}),
        (rfid(), {"PartnerProductID": 7}),
        (rfid(), {"OperatorID": None}),
    ],
)
async def test_wrong_questions(identification: dict[str, Any], more: dict[str, Any]) -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(CARD, EVCO)
        await join(hub, emp(), back)
        assert errors(await abc.start(identification, **more))
        assert not back.asked
        assert not hub.storage.journeys.held


@pytest.mark.spec("OICP-NET-14", "OICP-DT-03", "OICP-SES-12")
async def test_nulls_are_nothing_and_250_characters_fit() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        await join(hub, emp(), Emp(CARD))
        nulls = {"PlugAndChargeIdentification": None, "RemoteIdentification": None, "QRCodeIdentification": None}
        answer = await abc.start(
            {**rfid(), **nulls}, EvseID=None, SessionID=None, PartnerProductID=None, CPOPartnerSessionID="x" * 250
        )
        assert code(answer) == (200, "000")
        assert answer.json()["CPOPartnerSessionID"] == "x" * 250


@pytest.mark.spec("OICP-ERR-26", "OICP-AUTH-07", "OICP-AUTH-01")
async def test_without_any_emp_under_contract() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo(open_to=[]))
        held = hub.storage.partners.held
        held[abc.partner.id] = msgspec.structs.replace(abc.partner, open_to=())
        back = Emp(CARD)
        await join(hub, emp(), back)
        answer = await abc.start(rfid())
        assert no(answer) == (200, "210")
        assert answer.json()["SessionID"] is None
        assert not back.asked


@pytest.mark.spec("OICP-AUTH-08", "OICP-PRT-10", "OICP-ERR-29")
async def test_contracts_of_nobody_and_of_strangers() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        other, back = Emp(CARD), Emp(EVCO)
        await join(hub, emp("DE-8EO"), other)
        assert no(await abc.start(pnc("DE-NIX-C12345678-X"))) == (200, "300")
        provider = await join(hub, emp(), back)
        hub.storage.partners.held[provider.partner.id] = msgspec.structs.replace(provider.partner, open_to=())
        assert no(await abc.start(pnc())) == (200, "210")
        assert not other.asked
        assert not back.asked


@pytest.mark.spec("OICP-AUTH-12", "OICP-PRT-09", "OICP-PRT-11", "OICP-DT-06")
@pytest.mark.parametrize("evco_id", [EVCO, "DEDCBC12345678X", "DE*DCB*123456*7", "DEDCB1234567", "DE-456-C12345678-X"])
async def test_a_contract_names_whom_to_ask(evco_id: str) -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back, other = Emp(evco_id), Emp(evco_id)
        await join(hub, emp(sub_ids=["DE-456"], broadcast=False), back)
        await join(hub, emp("DE-8EO"), other)
        answer = await abc.start(pnc(evco_id))
        assert code(answer) == (200, "000")
        assert answer.json()["ProviderID"] == "DE-DCB"
        assert (len(back.asked), len(other.asked)) == (1, 0)
        assert back.asked[0][1]["Identification"] == pnc(evco_id)


@pytest.mark.spec("OICP-AUTH-13", "OICP-AUTH-15", "OICP-AUTH-19", "OICP-AUTH-25", "OICP-AUTH-26", "OICP-PRT-16")
async def test_a_broadcast_asks_all_that_want_to_be_asked() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        one, two, nob, locked = Emp(CARD), Emp(CARD), Emp(CARD), Emp(CARD)
        await join(hub, emp(), one)
        await join(hub, emp("DE-8EO"), two)
        await join(hub, emp("DE-OFF"))
        await join(hub, emp("DE-NOB", broadcast=False), nob)
        suspended = await join(hub, emp("DE-LCK"), locked)
        await hub.hub.partners.suspend(suspended.partner.id)
        answer = await abc.start(rfid())
        assert code(answer) == (200, "000")
        assert answer.json()["ProviderID"] in ("DE-DCB", "DE-8EO")
        assert not nob.asked
        assert not locked.asked
        assert {body["SessionID"] for e in (one, two) for _, body, _ in e.asked} == {answer.json()["SessionID"]}
        assert code(await abc.cdr(answer.json()["SessionID"])) == (200, "000")
        await hub.settle()
        owner = one if answer.json()["ProviderID"] == "DE-DCB" else two
        billed = [e for e in (one, two) for path, _, _ in e.asked if path.endswith("charge-detail-record")]
        assert billed == [owner]


@pytest.mark.spec("OICP-AUTH-13", "OICP-AUTH-17", "OICP-AUTH-19")
async def test_a_broadcast_that_all_refuse_asks_each_once() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        one, two, nob = Emp(), Emp(), Emp(CARD)
        await join(hub, emp(), one)
        await join(hub, emp("DE-8EO"), two)
        await join(hub, emp("DE-NOB", broadcast=False), nob)
        assert no(await abc.start(rfid())) == (200, "102")
        assert (len(one.asked), len(two.asked), len(nob.asked)) == (1, 1, 0)
        assert one.asked[0][1]["SessionID"] == two.asked[0][1]["SessionID"]


@pytest.mark.spec("OICP-AUTH-17")
async def test_emps_that_refuse_in_different_words() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        await join(hub, emp(), Emp(code="102"))
        await join(hub, emp("DE-8EO"), Emp(code="200"))
        assert no(await abc.start(rfid())) == (200, "106")


@pytest.mark.spec("OICP-AUTH-16", "OICP-ERR-12")
@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.Response(500, content=b"<html>sorry</html>"),
        httpx.Response(200, content=b"<html>hello</html>"),
        httpx.Response(200, content=b'{"AuthorizationStatus":"Perhaps"}'),
        httpx.Response(200, content=b""),
        httpx.Response(302, headers={"location": "http://elsewhere.test/"}),
    ],
)
async def test_an_emp_in_trouble_is_a_no(trouble: Any) -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(CARD)
        back.broken = trouble
        await join(hub, emp(), back)
        assert no(await abc.start(rfid())) == (200, "106")
        assert len(back.asked) == 1
        [exchange] = [one for one in hub.storage.journal.exchanges if not one.inbound]
        assert bool(exchange.error) is isinstance(trouble, Exception)
        assert exchange.status == (None if isinstance(trouble, Exception) else trouble.status_code)
        assert not hub.network.requests_to("elsewhere.test")


@pytest.mark.spec("OICP-ERR-11")
async def test_the_log_tells_the_troubles_apart(caplog: pytest.LogCaptureFixture) -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(CARD)
        await join(hub, emp(), back)
        for trouble, words in (
            (httpx.ConnectError("refused"), "refused"),
            (httpx.ReadTimeout("timed out"), "timed out"),
            (httpx.Response(500, content=b"<html>"), "HTTP 500, not a usable answer"),
            (httpx.Response(200, content=b'{"AuthorizationStatus":"Perhaps"}'), "AuthorizationStatus"),
        ):
            back.broken = trouble
            caplog.clear()
            with caplog.at_level("INFO", logger="protocols.oicp"):
                assert no(await abc.start(rfid())) == (200, "106")
            assert words in caplog.text


@pytest.mark.spec("OICP-ERR-09")
async def test_a_readable_code_of_a_failed_answer_counts() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(CARD)
        back.broken = httpx.Response(403, content=b'{"StatusCode":{"Code":"200","Description":"locked"}}')
        await join(hub, emp(), back)
        assert no(await abc.start(rfid())) == (200, "200")


@pytest.mark.spec("OICP-AUTH-22", "OICP-ERR-09")
@pytest.mark.parametrize(
    ("answer", "allowed"),
    [
        ({"AuthorizationStatus": "Authorized"}, True),
        ({"AuthorizationStatus": "Authorized", "StatusCode": {"Code": "102"}}, True),
        ({"AuthorizationStatus": "Authorized", "StatusCode": {"Code": "987"}, "Foo": 1}, True),
        ({"AuthorizationStatus": "NotAuthorized", "StatusCode": {"Code": "000"}}, False),
        ({"AuthorizationStatus": "NotAuthorized"}, False),
    ],
)
async def test_the_status_decides(answer: dict[str, Any], allowed: bool) -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp()
        back.broken = httpx.Response(200, content=msgspec.json.encode(answer))
        await join(hub, emp(), back)
        said = (await abc.start(rfid())).json()
        assert (said["AuthorizationStatus"] == "Authorized") is allowed
        assert said["ProviderID"] == ("DE-DCB" if allowed else None)
        if not allowed:
            assert said["StatusCode"]["Code"] == "106"


@pytest.mark.spec("OICP-AUTH-27")
async def test_a_contract_of_a_locked_emp() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(EVCO)
        provider = await join(hub, emp(), back)
        await hub.hub.partners.suspend(provider.partner.id)
        assert no(await abc.start(pnc())) == (200, "106")
        assert not back.asked


@pytest.mark.spec("OICP-SES-10")
async def test_foreign_session_ids() -> None:
    foreign = "f98efba4-02d8-4fa0-b810-9a9d50d2c527"
    async with opened() as hub:
        await join(hub, emp(), Emp(CARD))
        abc = await join(hub, cpo())
        answer = await abc.start(rfid(), SessionID=foreign, CPOPartnerSessionID="c1")
        assert no(answer) == (404, "400")
        assert answer.json()["CPOPartnerSessionID"] == "c1"
        tolerated = await join(hub, cpo("DE*BBB", tolerate_foreign_session_ids=True))
        answer = await tolerated.start(rfid(), SessionID=foreign.upper())
        assert code(answer) == (200, "000")
        assert answer.json()["SessionID"].lower() != foreign
        assert foreign not in hub.storage.journeys.held


@pytest.mark.spec("OICP-SEC-13")
async def test_a_pin_is_forwarded_and_kept_nowhere() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(EVCO)
        await join(hub, emp(), back)
        answer = await abc.start(qr("s3cr3tpin", EVCO))
        assert code(answer) == (200, "000")
        assert back.asked[0][1]["Identification"]["QRCodeIdentification"]["PIN"] == "s3cr3tpin"
        kept = repr((hub.storage.journal.exchanges, hub.storage.journeys.held, hub.storage.outbox.events))
        assert "s3cr3tpin" not in kept
