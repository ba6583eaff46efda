"""What a platform, or somebody in its name, must not bring about, and what must not be lost."""

import asyncio
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from core.errors import Invalid
from core.model.authorisation import JourneyState
from core.model.cdr import CdrState
from tests.flows.oicp_partners import cdr, code, cpo, decode, emp, encode, join, pnc, record, rfid
from tests.flows.test_oicp_upstream_answers import OK, SESSION, START, _there, net
from tests.flows.upstream import EVSE_HERE, GOOD_HERE, GOOD_THERE, OUR_KEY, platform_document

RECORD = "cdrmgmt/v22/operators/DE*FAR/charge-detail-record"
STRANGER = rfid("04999999999999")
ASK = {"OperatorID": "DE*FAR", "SessionID": SESSION, "Identification": rfid(GOOD_HERE)}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[" * 100_000,
        b'{"SessionID":' + b"[" * 5000 + b"]" * 5000 + b"}",
        encode(ASK)[:-1] + b',"Foo":"\\ud800"}',
        encode(ASK)[:-1] + b',"Foo":99999999999999999999999999}',
        encode(ASK)[:-1] + b',"Foo":1e999}',
        encode(ASK | {"SessionID": "x" * 100_000}),
        encode(ASK | {"SessionID": {"$gt": ""}}),
        b"\xff\xfe",
    ],
)
async def test_no_body_is_too_odd(body: bytes) -> None:
    async with net() as one:
        answer = await one.hub.client.post(
            f"/oicp/upstream/{one.upstream.id}/api/oicp/{START}",
            content=body,
            headers={"authorization": f"Bearer {one.key}"},
        )
        assert answer.status_code in (200, 400), answer.text
        assert answer.headers["process-id"]


@pytest.mark.spec("OICP-UP-18")
async def test_a_session_begins_once_however_often_it_is_asked_for_at_once() -> None:
    async with net() as one:
        answers = await asyncio.gather(*(one.call(START, ASK) for _ in range(5)))
        assert sorted(code(answer)[1] for answer in answers) == ["000", "400", "400", "400", "400"]
        assert len(one.hub.storage.journeys.held) == 1


@pytest.mark.spec("OICP-UP-18")
async def test_sessions_of_others_are_out_of_reach() -> None:
    async with net() as one:
        ours = (await one.cpo.start(rfid(GOOD_THERE), EvseID=EVSE_HERE)).json()["SessionID"]
        local = (await one.cpo.start(rfid(GOOD_HERE), EvseID=EVSE_HERE)).json()["SessionID"]
        await one.call(START, ASK)
        for theirs in (ours, local):  # of an operator here, by whatever id
            assert code(await one.call(RECORD, cdr(theirs, EvseID=EVSE_HERE, Identification=STRANGER)))[1] in (
                "400",
                "022",
            ), theirs
        assert code(await one.cpo.cdr(SESSION, EvseID=EVSE_HERE)) == (404, "400")
        other = [{"role": role, "country_code": "DE", "party_id": "UPT"} for role in ("CPO", "EMSP")]
        more = {"roles": other, "operator_id": None, "provider_id": None}
        second, shown = await one.hub.add(platform_document() | more)
        answer = await one.call(RECORD, cdr(SESSION, Identification=STRANGER), shown["api_key"], second.id)
        assert code(answer)[1] == "400"
        assert one.hub.storage.cdrs.held == {}


@pytest.mark.spec("OICP-UP-13")
@pytest.mark.parametrize("medium", [pnc("DE-8EO-C12345678-X"), rfid("04EEEEEEEEEEEE"), pnc("DE-UPS-C12345678-X")])
async def test_a_platform_bills_nobody_that_is_not_open_to_it(medium: dict[str, Any]) -> None:
    """Nor itself: cards of others were never shown to it."""
    async with net() as one:
        closed = await join(one.hub, emp("DE-8EO"))
        await closed.push_cards("insert", {"RFIDIdentification": {"UID": "04EEEEEEEEEEEE", "RFID": "mifareCls"}})
        held = one.hub.storage.partners.held
        held[closed.partner.id] = replace(held[closed.partner.id], open_to=(one.cpo.partner.parties[0],))
        bill = cdr(SESSION, EvseID="DE*FAR*E1", Identification=medium)
        assert code(await one.call(RECORD, bill))[1] == "400"
        assert one.hub.storage.cdrs.held == {}


@pytest.mark.spec("OICP-UP-06", "OICP-UP-18")
async def test_an_operator_here_cannot_rename_the_platform_s_session() -> None:
    async with net() as one:
        ours = (await one.cpo.start(rfid(GOOD_THERE), EvseID=EVSE_HERE)).json()["SessionID"]
        await one.cpo.stop(ours, rfid("04CCCCCCCCCCCC"), EMPPartnerSessionID="mine", CPOPartnerSessionID="also mine")
        assert code(await one.cpo.cdr(ours, EMPPartnerSessionID="mine again"))[1] == "000"
        [settled] = await one.hub.settle()
        assert settled.state is CdrState.DELIVERED
        assert decode(one.platform.asked[-1].content)["SessionID"] == SESSION


@pytest.mark.spec("OICP-UP-07", "OICP-UP-13")
async def test_what_began_after_a_silence_is_billed_all_the_same() -> None:
    async with net() as one:
        one.platform.says("data-records", {"content": [_there("1")], "last": True, "StatusCode": {"Code": "000"}})
        await one.hub.following.run(one.upstream.id, "evse-data")
        one.platform.answers["start"] = httpx.ReadTimeout("")
        start: dict[str, Any] = {"ProviderID": "DE-DCB", "EvseID": "DE*FAR*E1"}
        start["Identification"] = {"RemoteIdentification": {"EvcoID": "DE-DCB-C12345678-X"}}
        assert code(await one.emp.post("charging/v21/providers/{id}/authorize-remote/start", start))[1] == "310"
        [journey] = one.hub.storage.journeys.held.values()
        assert journey.state is JourneyState.REFUSED
        bill = cdr(SESSION, EvseID="DE*FAR*E1", EMPPartnerSessionID=journey.id, Identification=start["Identification"])
        assert code(await one.call(RECORD, bill)) == (200, "000")
        [settled] = await one.hub.settle()
        assert (settled.state, settled.cdr.journey_id) == (CdrState.DELIVERED, journey.id)
        assert code(await one.call(RECORD, bill)) == (200, "000")
        assert len(one.hub.storage.cdrs.held) == 1


@pytest.mark.spec("OICP-UP-07")
@pytest.mark.parametrize(
    ("evse_id", "answer", "expected"),
    [
        ("DE*ABC*E9", OK, "603"),
        ("DE*NIX*E1", OK, "603"),
        (EVSE_HERE, httpx.ReadTimeout(""), "501"),
        (EVSE_HERE, {"Result": False, "StatusCode": {"Code": "510"}}, "510"),
        ("DE*BBB*E1", OK, "604"),
        ("DE*CCC*E1", OK, "320"),
    ],
)
async def test_a_no_of_ours_is_said_as_a_cpo_says_it(evse_id: str, answer: Any, expected: str) -> None:
    def local(request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(200, content=encode(answer))

    async with net() as one:
        one.hub.network.answer("deabc.test", local)
        await one.hub.hub.partners.remove(one.cpo.partner.id)
        here = await join(one.hub, cpo("DE*ABC", callback_url="http://deabc.test"))
        await here.push_data("fullLoad", record(EVSE_HERE))
        odd = await join(one.hub, cpo("DE*BBB"), local)
        await odd.push_data("fullLoad", record("DE*BBB*E1", IsHubjectCompatible=False))
        mute = await join(one.hub, cpo("DE*CCC"))
        await mute.push_data("fullLoad", record("DE*CCC*E1"))
        body = {"ProviderID": "DE-FAR", "EvseID": evse_id, "SessionID": SESSION, "EMPPartnerSessionID": "far"}
        body["Identification"] = {"RemoteIdentification": {"EvcoID": "DE-FAR-C12345678-X"}}
        said = await one.call("charging/v21/providers/DE-FAR/authorize-remote/start", body)
        assert code(said) == (200, expected), said.text
        assert (said.json()["Result"], said.json()["EMPPartnerSessionID"]) == (False, "far")


@pytest.mark.spec("OICP-UP-08")
async def test_what_waits_for_a_suspended_platform_is_sent_when_it_is_back() -> None:
    async with net() as one:
        await one.billed()
        await one.hub.hub.partners.suspend(one.upstream.id)
        before = len(one.platform.asked)
        [settled] = await one.hub.settle()
        assert (settled.state, len(one.platform.asked)) == (CdrState.WAITING, before)
        await one.hub.hub.partners.resume(one.upstream.id)
        [settled] = await one.hub.settle()
        assert settled.state is CdrState.DELIVERED


@pytest.mark.spec("OICP-UP-10")
async def test_a_page_that_does_not_say_whether_it_is_the_last_removes_nothing() -> None:
    def page(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params["page"])
        found = [_there(str(number))] if number < 3 else []
        return httpx.Response(200, content=encode({"content": found, "StatusCode": {"Code": "000"}}))

    document = platform_document(page_size=1)
    async with net(**document) as one:
        one.platform.answers["data-records"] = page
        for _ in range(2):
            state = await one.hub.following.run(one.upstream.id, "evse-data")
            assert (state.counts.taken, state.counts.removed, state.counts.pages) == (3, 0, 4)
            one.hub.clock.advance(8 * 86400)


@pytest.mark.spec("OICP-UP-01")
async def test_a_key_that_is_another_s_adds_nobody() -> None:
    async with net() as one:
        before = len(one.hub.storage.partners.held)
        with pytest.raises(Invalid, match="in use"):
            await one.hub.add(cpo("DE*ZZZ", inbound_key=one.cpo.key))
        assert len(one.hub.storage.partners.held) == before
        _, shown = await one.hub.add(cpo("DE*ZZZ", inbound_key=OUR_KEY))
        assert shown["api_key"] == OUR_KEY
