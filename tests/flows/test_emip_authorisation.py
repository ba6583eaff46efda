"""GetServiceAuthorisation. eMIP checklist, 5.2, 5.13."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

from core.model.ids import PartyId, TokenUid
from core.model.token import Token, TokenKind, Whitelist
from protocols.emip import codec
from protocols.emip.wire import from_iop, to_iop
from protocols.emip.wire.parts import MeterReportList
from protocols.emip.wire.words import Flag, IdType
from protocols.transport.soap.envelope import SOAP_12, Fault, FaultKind, fault_envelope, seal
from tests.flows.emip_partners import (
    BADGE,
    CONTRACT,
    EVSE,
    XML,
    Emsp,
    asked,
    cpo,
    emsp,
    fault,
    join,
    opened,
    pair,
    report,
)

ASK = from_iop.GetServiceAuthorisationRequest


@pytest.mark.spec("EMIP-AUTH-05", "EMIP-AUTH-06", "EMIP-AUTH-20", "EMIP-STS-04", "EMIP-ID-08", "EMIP-TID-03")
@pytest.mark.spec("EMIP-TRN-31", "EMIP-ID-04", "EMIP-SES-02")
async def test_the_emsp_is_asked_and_its_yes_is_given() -> None:
    async with pair() as (hub, one, _, back):
        answer = await one.ask()
        assert (answer.authorisation_value, answer.request_status) == (1, 1)
        assert (answer.sale_partner_operator_id_type, answer.sale_partner_operator_id) == (IdType.EMI3, "FR*ZM1")
        [question] = back.got(ASK)
        assert question.partner_id == "NL*HUB"
        assert (question.operator_id, question.target_operator_id) == ("FR*ZC1", "FR*ZM1")
        assert (question.evse_id, question.user_id_type, question.user_id) == (EVSE, "RFID-UID", BADGE)
        assert question.service_session_id == answer.service_session_id
        assert question.transaction_id not in (None, "T-FRZC1-1")
        [request] = back.requests
        assert request.headers["content-type"].startswith("application/soap+xml; charset=utf-8; action=")
        assert request.headers["accept"] == "application/soap+xml"
        journey = hub.storage.journeys.held[answer.service_session_id]
        assert journey.issuer_partner != journey.operator_partner


@pytest.mark.spec("EMIP-AUTH-07", "EMIP-AUTH-01", "EMIP-AUTH-12", "EMIP-STS-05")
async def test_a_refusal_has_a_session_id_too() -> None:
    async with pair(CONTRACT, intermediate_cdr_requested=Flag.YES) as (_, one, _, _):
        first, second = await one.ask(), await one.ask()
        assert (first.authorisation_value, first.request_status) == (2, 1)
        assert first.sale_partner_operator_id == "FR*ZM1"
        assert first.intermediate_cdr_requested is Flag.NO
        assert first.service_session_id != second.service_session_id


@pytest.mark.spec("EMIP-AUTH-08", "EMIP-AUTH-24")
@pytest.mark.parametrize(
    ("value", "status", "expected"),
    [
        (2, 203, (2, 203)),
        (2, 299, (2, 299)),
        (1, 299, (1, 1)),
        (1, 203, (2, 203)),
        (1, 10210, (2, 10210)),
        (1, 0, (2, 10210)),
    ],
)
async def test_remarks_of_the_emsp(value: int, status: int, expected: tuple[int, int]) -> None:
    async with pair(authorisation_value=value, request_status=status) as (_, one, _, _):
        answer = await one.ask()
        assert (answer.authorisation_value, answer.request_status) == expected


@pytest.mark.spec("EMIP-ENU-04")
async def test_another_value_than_one_is_a_no() -> None:
    async with pair(authorisation_value=7) as (_, one, _, _):
        assert (await one.ask()).authorisation_value == 2


@pytest.mark.spec("EMIP-AUTH-09", "EMIP-AUTH-22", "EMIP-RTY-04", "EMIP-TRN-30")
@pytest.mark.parametrize(
    "broken",
    [
        httpx.ReadTimeout("silence"),
        httpx.ConnectError("nobody"),
        httpx.Response(400, text="what is this"),
        httpx.Response(500, text="<html>"),
        httpx.Response(200, content=fault_envelope(SOAP_12, Fault(FaultKind.CLIENT, "no")), headers=XML),
        httpx.Response(500, content=fault_envelope(SOAP_12, Fault(FaultKind.SERVER, "no")), headers=XML),
        httpx.Response(200, content=seal(SOAP_12, b"<x/>"), headers=XML),
    ],
)
async def test_an_emsp_that_fails_is_no_answer(broken: httpx.Response | Exception) -> None:
    async with pair() as (hub, one, _, back):
        back.broken = broken
        answer = await one.ask()
        assert (answer.authorisation_value, answer.request_status) == (2, 10210)
        assert len(hub.network.requests_to("frzm1.test")) == 1


@pytest.mark.spec("EMIP-AUTH-10")
async def test_what_the_emsp_adds_reaches_the_cpo() -> None:
    limits = MeterReportList(meter_report=(report(2, "20000", "Wh"), report(1, "90", "min"), report(3, "12.50", "EUR")))
    said = {
        "intermediate_cdr_requested": Flag.YES,
        "user_contract_id_alias": CONTRACT,
        "meter_limit_list": limits,
        "parameter": "IOP={}CPO={é}",
    }
    async with pair(**said) as (_, one, _, _):
        answer = await one.ask()
        assert {name: getattr(answer, name) for name in said} == said


@pytest.mark.spec("EMIP-AUTH-11", "EMIP-AUTH-21")
async def test_both_sides_session_ids_are_kept() -> None:
    async with pair(partner_service_session_id="ZM1-S-1") as (hub, one, _, _):
        answer = await one.ask(partner_service_session_id="ZC1-S-1")
        journey = hub.storage.journeys.held[answer.service_session_id]
        assert (journey.operator_session_id, journey.issuer_session_id) == ("ZC1-S-1", "ZM1-S-1")


@pytest.mark.spec("EMIP-AUTH-02", "EMIP-ID-09")
@pytest.mark.parametrize("evse_id", ["FR*ZC2*E1", "DE*ABC*E1001*1"])
async def test_a_foreign_evse(evse_id: str) -> None:
    async with pair() as (_, one, _, back):
        answer = await one.ask(evse_id=evse_id)
        assert (answer.authorisation_value, answer.request_status, answer.sale_partner_operator_id) == (2, 201, None)
        assert not back.received


async def test_an_evse_without_a_copy_here_is_known_by_its_name_unless_the_settings_say_no() -> None:
    async with opened() as hub:
        easy, strict = await join(hub, cpo()), await join(hub, cpo("FR*ZC2", known_evses_only=True))
        await join(hub, emsp(), Emsp(BADGE))
        assert (await easy.ask()).request_status == 1
        assert (await strict.ask(evse_id="FR*ZC2*E1")).request_status == 201


@pytest.mark.spec("EMIP-AUTH-03")
async def test_nobody_for_the_badge() -> None:
    async with opened() as hub:
        one = await join(hub, cpo())
        answer = await one.ask()
        assert (answer.authorisation_value, answer.request_status, answer.sale_partner_operator_id) == (2, 203, None)
        answer = await one.ask(user_id="DE-XYZ-C00012345", user_id_type="EMP-SPEC")
        assert (answer.authorisation_value, answer.request_status) == (2, 203)


@pytest.mark.spec("EMIP-ID-10", "EMIP-ID-14")
async def test_uids_in_upper_case_and_implausible_ones_refused() -> None:
    async with pair(BADGE, "0" * 20) as (_, one, _, back):
        assert (await one.ask(user_id=BADGE.lower())).request_status == 1
        assert back.got(ASK)[0].user_id == BADGE
        assert (await one.ask(user_id="0" * 20)).authorisation_value == 1
        for wrong in ("XYZ", "04A1B2C3D", "04A1B2C3D4E5F6 "[:9]):
            answer = await one.ask(user_id=wrong)
            assert (answer.authorisation_value, answer.request_status) == (2, 203)
        assert len(back.received) == 2


@pytest.mark.spec("EMIP-ID-11", "EMIP-ID-12", "EMIP-ID-13")
@pytest.mark.parametrize(
    ("kind", "sent"),
    [("EMP-SPEC", "EMP-SPEC"), ("EVCO", "EVCO"), ("eMA", "eMA"), ("eMI3", "eMI3"), ("XYZ", "XYZ")],
)
async def test_a_contract_goes_to_the_emsp_that_it_names(kind: str, sent: str) -> None:
    elsewhere = Emsp(CONTRACT)
    async with pair(CONTRACT) as (hub, one, _, back):
        await join(hub, emsp("FR*ZM2"), elsewhere)
        assert (await one.ask(user_id=CONTRACT, user_id_type=kind)).sale_partner_operator_id == "FR*ZM1"
        [question] = back.got(ASK)
        assert (question.user_id_type, question.user_id) == (sent, CONTRACT)
        assert not elsewhere.received


@pytest.mark.spec("EMIP-AUTH-04")
async def test_no_agreement_with_the_emsp_of_the_contract() -> None:
    back = Emsp(CONTRACT)
    async with opened() as hub:
        one = await join(hub, cpo(open_to=[]))
        await join(hub, emsp(), back)
        held = hub.storage.partners.held[one.partner.id]
        hub.storage.partners.held[one.partner.id] = msgspec.structs.replace(held, open_to=())
        answer = await one.ask(user_id=CONTRACT, user_id_type="eMA")
        assert (answer.authorisation_value, answer.request_status) == (2, 202)
        assert answer.sale_partner_operator_id == "FR*ZM1"
        assert not back.received


@pytest.mark.spec("EMIP-AUTH-04", "EMIP-AUTH-03")
async def test_no_agreement_with_the_emsp_of_the_badge() -> None:
    async with pair() as (hub, one, other, back):
        badge = Token(
            issuer=PartyId("FR", "ZM1"),
            uid=TokenUid.parse(BADGE),
            kind=TokenKind.RFID,
            valid=True,
            whitelist=Whitelist.ALWAYS,
            updated_at=hub.clock.now(),
        )
        await hub.hub.tokens.put(other.partner, badge)
        assert (await one.ask()).authorisation_value == 1
        held = hub.storage.partners.held[one.partner.id]
        hub.storage.partners.held[one.partner.id] = msgspec.structs.replace(held, open_to=())
        answer = await one.ask()
        assert (answer.authorisation_value, answer.request_status) == (2, 202)
        assert answer.sale_partner_operator_id == "FR*ZM1"
        assert not back.received


@pytest.mark.spec("EMIP-TRN-16")
async def test_an_emsp_that_never_answers_is_waited_for_no_longer_than_the_budget() -> None:
    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.Event().wait()

    async with opened(authorise_deadline_s=0.05) as hub:
        one = await join(hub, cpo())
        await join(hub, emsp(callback_url="http://silent.test/emip"))
        hub.network.serve("silent.test", silent)
        answer = await asyncio.wait_for(one.ask(), 5)
        assert (answer.authorisation_value, answer.request_status) == (2, 10210)


@pytest.mark.spec("EMIP-AUTH-15", "EMIP-ENU-02")
async def test_other_services_are_passed_on() -> None:
    async with pair() as (_, one, _, back):
        assert (await one.ask(requested_service_id="2")).request_status == 1
        assert back.got(ASK)[0].requested_service_id == "2"


@pytest.mark.spec("EMIP-AUTH-17", "EMIP-SES-08")
async def test_a_badge_read_again_is_another_session() -> None:
    async with pair() as (hub, one, _, _):
        first, second = await one.ask(), await one.ask()
        assert first.service_session_id != second.service_session_id
        assert len(hub.storage.journeys.held) == 2


@pytest.mark.spec("EMIP-TID-01", "EMIP-TID-04", "EMIP-RTY-01")
async def test_the_same_request_again_has_the_same_answer_and_asks_nobody() -> None:
    async with pair() as (hub, one, _, back):
        header = one.header(transaction_id="fixed")
        message = to_iop.GetServiceAuthorisationRequest(**header, **asked())
        first = await one.send(message)
        for process in (one, one.elsewhere()):
            hub.clock.advance(3600)
            assert await process.send(message) == first
        assert first.transaction_id == "fixed"
        assert len(back.received) == 1
        hub.clock.advance(24 * 3600)
        assert (await one.send(message)).service_session_id != first.service_session_id
        assert len(back.received) == 2


async def test_without_a_cache_every_request_is_answered() -> None:
    async with pair() as (hub, one, _, back):
        hub.storage.cache.broken = True
        message = to_iop.GetServiceAuthorisationRequest(**one.header(), **asked())
        first, second = await one.send(message), await one.send(message)
        assert (first.request_status, second.request_status) == (1, 1)
        assert len(back.received) == 2


async def test_a_failure_is_not_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pair() as (hub, one, _, back):
        message = to_iop.GetServiceAuthorisationRequest(**one.header(), **asked())
        with monkeypatch.context() as patch:
            patch.setattr(hub.storage.journeys, "create", None)
            failed = await one.post(seal(SOAP_12, codec.encode(message)))
        assert fault(failed)[:3] == (500, "Receiver", "INTERNAL")
        assert (await one.send(message)).request_status == 1
        assert len(back.received) == 2


@pytest.mark.spec("EMIP-TID-05")
async def test_the_same_transaction_id_with_other_content_is_another_request() -> None:
    async with pair() as (_, one, _, back):
        header = one.header(transaction_id="fixed")
        await one.send(to_iop.GetServiceAuthorisationRequest(**header, **asked()))
        await one.send(to_iop.GetServiceAuthorisationRequest(**header, **asked("04A1B2C3D4E5F7")))
        assert len(back.received) == 2


@pytest.mark.spec("EMIP-TID-07")
async def test_a_repetition_waits_for_the_first_one() -> None:
    async with pair() as (_, one, _, back):
        message = to_iop.GetServiceAuthorisationRequest(**one.header(), **asked())
        answers = await asyncio.gather(*(one.send(message) for _ in range(5)))
        assert all(answer == answers[0] for answer in answers)
        assert len(back.received) == 1


@pytest.mark.spec("EMIP-TID-02")
async def test_a_request_without_transaction_id_gets_one() -> None:
    async with pair() as (_, one, _, _):
        assert (await one.ask(transaction_id=None)).transaction_id


@pytest.mark.spec("EMIP-TID-06", "EMIP-CLI-19", "EMIP-STS-03")
async def test_answers_in_a_dialect_are_read() -> None:
    body = (
        b'<q:eMIP_FromIOP_GetServiceAuthorisationAnswer xmlns:q="urn:x"><q:requestStatus>1: Ok!</q:requestStatus>'
        b"<q:authorisationValue>OK</q:authorisationValue><q:transactionId>0</q:transactionId>"
        b"</q:eMIP_FromIOP_GetServiceAuthorisationAnswer>"
    )
    async with pair() as (_, one, _, back):
        back.broken = httpx.Response(200, content=seal(SOAP_12, body), headers={"content-type": "text/xml"})
        answer = await one.ask()
        assert (answer.authorisation_value, answer.request_status) == (1, 1)


async def test_a_callback_key_is_sent() -> None:
    back = Emsp(BADGE)
    async with opened() as hub:
        one = await join(hub, cpo())
        await join(hub, emsp(callback_key="s3cret"), back)
        await one.ask()
        assert back.requests[0].headers["authorization"] == "Bearer s3cret"


@pytest.mark.spec("EMIP-ID-07")
async def test_opaque_ids_are_looked_up() -> None:
    async with opened() as hub:
        one = await join(hub, cpo(platform_ids={"77": "FR*ZC1", "99": EVSE}))
        await join(hub, emsp(), Emsp(BADGE))
        known = await one.ask(
            operator_id_type=IdType.GIREVE, operator_id="77", evse_id_type=IdType.GIREVE, evse_id="99"
        )
        assert known.request_status == 1
        assert (await one.ask(evse_id_type=IdType.GIREVE, evse_id="98")).request_status == 201
