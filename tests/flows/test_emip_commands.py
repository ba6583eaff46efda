"""Remote start and stop between an eMSP and a CPO on eMIP. eMIP checklist, 5.3, 5.4, 5.14, 5.15, 7.4."""

import logging
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest

from core.model.authorisation import JourneyState
from core.model.partner import PartnerState
from core.model.session import AuthMethod, SessionStatus
from protocols.emip import codec
from protocols.emip.wire import from_iop, to_iop
from protocols.emip.wire.parts import MeterReportList, SessionAction
from protocols.emip.wire.words import AuthorisationValue, Flag
from protocols.transport.soap.envelope import SOAP_12, Fault, FaultKind, fault_envelope, seal
from tests.flows.emip_partners import (
    BADGE,
    CONTRACT,
    EVSE,
    XML,
    Cpo,
    Emsp,
    Reached,
    asked,
    cpo,
    emsp,
    fault,
    join,
    opened,
    place,
    report,
)
from tests.flows.hub import TestHub

spec = pytest.mark.spec
START = from_iop.SetServiceAuthorisationRequest
ACTION = from_iop.SetSessionActionRequestRequest
EVENT = from_iop.SetSessionEventReportRequest
CDR = from_iop.SetChargeDetailRecordRequest
NOBODY = "00000000-0000-4000-8000-00000000ffff"


class Net(NamedTuple):
    """A CPO with one EVSE and an eMSP, both on eMIP."""

    hub: TestHub
    cpo: Reached
    back: Cpo
    emsp: Reached
    home: Emsp

    async def begun(self, **members: Any) -> str:
        answer = await self.emsp.start(**members)
        assert answer.request_status == 1
        return answer.service_session_id

    def state(self, session_id: str) -> JourneyState:
        return self.hub.storage.journeys.held[session_id].state


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with opened() as hub:
        back, home = Cpo(), Emsp(BADGE)
        found = Net(hub, await join(hub, cpo(), back), back, await join(hub, emsp(), home), home)
        await hub.hub.locations.put(found.cpo.partner, place())
        yield found


def soap_fault(kind: FaultKind) -> httpx.Response:
    body = fault_envelope(SOAP_12, Fault(kind, "no"))
    return httpx.Response(500 if kind is FaultKind.SERVER else 400, content=body, headers=XML)


PLAIN = httpx.Response(400, content=b"unknown message", headers={"content-type": "text/plain"})


# --- start


@spec("EMIP-RSA-04", "EMIP-RSA-11", "EMIP-RSA-20")
async def test_a_start_reaches_the_cpo(net: Net) -> None:
    answer = await net.emsp.start(partner_service_session_id="ZM1-S-1")
    assert (answer.request_status, answer.exec_partner_operator_id) == (1, "FR*ZC1")
    [told] = net.back.got(START)
    assert (told.partner_id, told.operator_id, told.target_operator_id) == ("NL*HUB", "FR*ZM1", "FR*ZC1")
    assert told.service_session_id == answer.service_session_id
    assert (told.evse_id, told.user_id_type, told.user_id) == (EVSE, "eMA", CONTRACT)
    assert (told.authorisation_value, told.intermediate_cdr_requested) == (AuthorisationValue.GRANTED, Flag.NO)
    assert b"ZM1-S-1" not in net.back.requests[0].content
    assert net.state(answer.service_session_id) is JourneyState.AUTHORISED
    assert not net.hub.storage.sessions.held


@spec("EMIP-HB-06")
async def test_a_start_reaches_a_cpo_that_has_been_silent_for_long(net: Net) -> None:
    net.hub.clock.advance(3600)
    seen = (await net.hub.keep_alive.sightings()).get(net.cpo.partner.id)
    assert net.hub.keep_alive.silent(net.cpo.partner, seen)
    await net.hub.keep_alive.round()
    assert (await net.emsp.start()).request_status == 1
    assert net.back.got(START)


@spec("EMIP-RSA-10", "EMIP-MTR-03")
async def test_what_the_emsp_grants_is_passed_on(net: Net) -> None:
    limits = MeterReportList(meter_report=(report(2, "22000", "Wh"), report(3, "15.50", "EUR")))
    given = {
        "intermediate_cdr_requested": Flag.YES,
        "user_contract_id_alias": "alias 5",
        "meter_limit_list": limits,
        "parameter": "IOP={}",
        "booking_id": "b-1",
    }
    session_id = await net.begun(**given, sale_partner_booking_id="sb-1")
    [told] = net.back.got(START)
    assert {name: getattr(told, name) for name in given} == given
    assert "sb-1" in net.hub.storage.journeys.held[session_id].extensions["emip"]
    assert b"sb-1" not in net.back.requests[0].content


@spec("EMIP-RSA-05", "EMIP-RSA-24", "EMIP-STS-06", "EMIP-RSA-01", "EMIP-STS-02")
@pytest.mark.parametrize(
    ("said", "told"),
    [(205, 205), (206, 206), (10201, 10201), (299, 299), (10999, 10201), (0, 10201), (-9999990, 10201)],
)
async def test_a_refusal_of_the_cpo(net: Net, said: int, told: int) -> None:
    net.back.status = said
    answer = await net.emsp.start()
    assert (answer.request_status, answer.exec_partner_operator_id) == (told, "FR*ZC1")
    assert net.state(answer.service_session_id) is JourneyState.REFUSED


@spec("EMIP-RSA-06", "EMIP-RSA-23", "EMIP-RTY-04")
@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (httpx.ConnectError("down"), 10207),
        (httpx.ReadTimeout("late"), 10207),
        (httpx.Response(401), 10207),
        (httpx.Response(503), 10207),
        (soap_fault(FaultKind.SERVER), 10201),
        (soap_fault(FaultKind.CLIENT), 10201),
        (PLAIN, 10201),
        (httpx.Response(200, content=seal(SOAP_12, b"<x/>"), headers=XML), 10201),
    ],
)
async def test_a_cpo_that_fails_is_asked_once(net: Net, broken: Any, told: int) -> None:
    net.back.broken = broken
    answer = await net.emsp.start()
    assert (answer.request_status, answer.exec_partner_operator_id) == (told, "FR*ZC1")
    assert len(net.back.requests) == 1


@spec("EMIP-RSA-01", "EMIP-RSA-02")
async def test_a_start_at_an_evse_of_nobody(net: Net) -> None:
    for evse_id in ("DE*ABC*E1", "FR*ZC1*E9"):
        first, second = await net.emsp.start(evse_id), await net.emsp.start(evse_id)
        assert (first.request_status, first.exec_partner_operator_id) == (201, None)
        assert first.service_session_id != second.service_session_id
    assert not net.back.received


@spec("EMIP-RSA-03")
async def test_a_start_without_an_agreement(net: Net) -> None:
    held = net.hub.storage.partners.held[net.cpo.partner.id]
    net.hub.storage.partners.held[net.cpo.partner.id] = msgspec.structs.replace(held, open_to=())
    answer = await net.emsp.start()
    assert (answer.request_status, answer.exec_partner_operator_id) == (202, "FR*ZC1")
    assert not net.back.received


@spec("EMIP-RSA-13")
async def test_whose_driver_it_can_be(net: Net) -> None:
    for user in ({"user_id": "DE-XYZ-C00012345"}, {"user_id": "XYZ", "user_id_type": "RFID-UID"}):
        assert (await net.emsp.start(**user)).request_status == 203
    assert not net.back.received
    await net.begun(user_id=BADGE, user_id_type="RFID-UID")
    [told] = net.back.got(START)
    assert (told.user_id_type, told.user_id, told.user_contract_id_alias) == ("RFID-UID", BADGE, None)


@spec("EMIP-RSA-07")
async def test_the_emsps_session_id_under_its_other_name(net: Net) -> None:
    given = {**net.emsp.header(), **asked(CONTRACT, user_id_type="eMA"), "partner_service_session_id": "ZM1-S-7"}
    given |= {"authorisation_value": AuthorisationValue.GRANTED, "intermediate_cdr_requested": Flag.NO}
    body = codec.encode(to_iop.SetServiceAuthorisationRequest(**given))
    body = body.replace(b"partnerServiceSessionId", b"serviceSessionId")
    answer = await net.emsp.post(
        seal(SOAP_12, body.replace(b">1</authorisationValue>", b">Start</authorisationValue>"))
    )
    assert answer.status_code == 200
    [journey] = net.hub.storage.journeys.held.values()
    assert journey.issuer_session_id == "ZM1-S-7"
    assert len(net.back.got(START)) == 1


@spec("EMIP-RSA-09")
async def test_a_service_that_is_forbidden_is_told_as_it_is(net: Net) -> None:
    await net.begun(authorisation_value=AuthorisationValue.REFUSED)
    [told] = net.back.got(START)
    assert told.authorisation_value is AuthorisationValue.REFUSED


async def test_a_cpo_without_a_callback_url_cannot_be_asked() -> None:
    async with opened() as hub:
        one, other = await join(hub, cpo()), await join(hub, emsp())
        await hub.hub.locations.put(one.partner, place())
        assert (await other.start()).request_status == 205
        assert not hub.network.seen
        assert not hub.storage.journeys.held


async def test_a_cpo_that_is_offline_is_not_asked(net: Net) -> None:
    held = net.hub.storage.partners.held[net.cpo.partner.id]
    net.hub.storage.partners.held[net.cpo.partner.id] = msgspec.structs.replace(held, state=PartnerState.OFFLINE)
    assert (await net.emsp.start()).request_status == 10207
    assert not net.back.received


@spec("EMIP-TID-04", "EMIP-RTY-01")
async def test_a_start_that_comes_again_starts_once(net: Net) -> None:
    given = {**net.emsp.header(), **asked(CONTRACT, user_id_type="eMA")}
    given |= {"authorisation_value": AuthorisationValue.GRANTED, "intermediate_cdr_requested": Flag.NO}
    message = to_iop.SetServiceAuthorisationRequest(**given)
    first, second = await net.emsp.send(message), await net.emsp.send(message)
    assert first == second
    assert len(net.back.received) == 1


# --- the session that follows


@spec("EMIP-RSA-21", "EMIP-SES-02", "EMIP-SES-03", "EMIP-ACT-21")
async def test_the_whole_story(net: Net) -> None:
    session_id = await net.begun(partner_service_session_id="ZM1-S-1")
    event = await net.cpo.event(session_id, 3, "2026-01-15T12:00:01Z")
    assert event.request_status == 1
    [session] = net.hub.storage.sessions.held.values()
    assert (session.id, session.auth_method, session.journey_id) == ("ZC1-S-1", AuthMethod.COMMAND, session_id)
    answer = await net.emsp.act(session_id, session_action_id="A1")
    assert (answer.request_status, answer.session_action_id, answer.service_session_id) == (1, "A1", session_id)
    [action] = net.back.got(ACTION)
    assert (action.operator_id, action.target_operator_id) == ("FR*ZM1", "FR*ZC1")
    assert (action.service_session_id, action.exec_partner_session_id) == (session_id, "ZC1-S-1")
    assert action.session_action.session_action_id == "A1"
    await net.cpo.event(session_id, 1, "2026-01-15T12:30:00Z", related_session_action_id="A1")
    assert (await net.cpo.cdr(session_id)).request_status == 1
    await net.hub.settle()
    told = net.home.got(EVENT)
    assert [one.session_event.session_event_nature for one in told] == [3, 1]
    assert {(one.service_session_id, one.sale_partner_session_id) for one in told} == {(session_id, "ZM1-S-1")}
    assert told[1].session_event.related_session_action_id == "A1"
    [bill] = net.home.got(CDR)
    record = bill.charge_detail_record
    assert (record.service_session_id, record.sale_partner_session_id) == (session_id, "ZM1-S-1")
    assert record.exec_partner_session_id == "ZC1-S-1"
    assert net.state(session_id) is JourneyState.BILLED
    assert net.hub.storage.sessions.held[session.key].status is SessionStatus.COMPLETED


@spec("EMIP-GEN-02")
async def test_all_five_messages_are_called(net: Net) -> None:
    """Each of them valid by our schema, which the two sides check."""
    session_id = await running(net)
    await net.begun()
    await net.emsp.act(session_id)
    await net.cpo.event(session_id, 3, "2026-01-15T12:00:01Z")
    await net.cpo.cdr(session_id)
    await net.hub.settle()
    called = {type(message) for message in net.back.received + net.home.received}
    assert called == {operation.request for operation in codec.OPERATIONS if operation.name.startswith("FromIOP")}


@spec("EMIP-SEC-02")
async def test_who_charges_stands_in_no_log(net: Net, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    session_id = await running(net)
    await net.begun(user_contract_id_alias="alias-of-a-driver")
    await net.emsp.act(session_id)
    await net.cpo.event(session_id, 3, "2026-01-15T12:00:01Z")
    await net.cpo.cdr(session_id, user_contract_id_alias="alias-of-a-driver")
    strange = codec.encode(to_iop.GetServiceAuthorisationRequest(**net.cpo.header(), **asked(BADGE)))
    await net.cpo.post(
        seal(SOAP_12, strange.replace(b"<userId>", b"<userID>x</userID><userId>04A1B2C3D4E5F6</userId><userId>"))
    )
    net.home.broken = httpx.ReadTimeout("late")
    await net.cpo.ask(BADGE)
    await net.hub.settle()
    assert caplog.text
    assert not [secret for secret in (BADGE, CONTRACT, "alias-of-a-driver") if secret in caplog.text]


async def test_a_session_of_a_start_that_was_not_answered(net: Net) -> None:
    """The car charges after all: the eMSP hears of it, and can stop it."""
    net.back.broken = httpx.ReadTimeout("late")
    session_id = (await net.emsp.start()).service_session_id
    assert net.state(session_id) is JourneyState.REFUSED
    assert (await net.emsp.act(session_id)).request_status == 10501
    net.back.broken = None
    assert (await net.cpo.event(session_id, 3, "2026-01-15T12:00:01Z")).request_status == 1
    await net.hub.relay()
    assert [one.service_session_id for one in net.home.got(EVENT)] == [session_id]
    assert (await net.emsp.act(session_id)).request_status == 1


# --- actions


async def running(net: Net, **members: Any) -> str:
    answer = await net.cpo.ask(BADGE, **members)
    assert answer.authorisation_value == 1
    return answer.service_session_id


@spec("EMIP-ACT-01", "EMIP-ACT-02", "EMIP-ACT-10")
async def test_who_may_act(net: Net) -> None:
    third = await join(net.hub, emsp("FR*ZM2"))
    session_id = await running(net)
    unknown = await net.emsp.act(NOBODY, session_action_id="A1")
    assert (unknown.request_status, unknown.session_action_id) == (10501, "A1")
    assert (await third.act(session_id)).request_status == 10508
    assert (await net.cpo.act(session_id)).request_status == 10503
    assert not net.back.got(ACTION)


@spec("EMIP-ACT-07", "EMIP-ACT-04", "EMIP-ACT-20")
async def test_a_session_that_began_with_a_badge_is_stopped(net: Net) -> None:
    session_id = await running(net, partner_service_session_id="ZC1-B-1")
    answer = await net.emsp.act(session_id.upper())
    assert answer.request_status == 1
    [told] = net.back.got(ACTION)
    assert answer.session_action_id
    assert told.session_action == SessionAction(
        session_action_nature=1,
        session_action_id=answer.session_action_id,
        session_action_date_time="2026-01-15T12:30:00Z",
    )
    assert told.exec_partner_session_id == "ZC1-B-1"


@spec("EMIP-ACT-05", "EMIP-ACT-06")
@pytest.mark.parametrize("nature", [0, 1, 2, 3, 9])
async def test_every_nature_reaches_a_cpo_on_emip(net: Net, nature: int) -> None:
    session_id = await running(net)
    members = {"session_action_parameter": "é", "related_session_event_id": "E7"}
    assert (await net.emsp.act(session_id, nature, **members)).request_status == 1
    [told] = net.back.got(ACTION)
    action = told.session_action
    assert (action.session_action_nature, action.session_action_parameter) == (nature, "é")
    assert action.related_session_event_id == "E7"


@spec("EMIP-ACT-03", "EMIP-STS-06", "EMIP-STS-07")
@pytest.mark.parametrize(
    ("said", "told"),
    [(205, 205), (206, 206), (299, 299), (10501, 10501), (10506, 10506), (10201, 10507), (10505, 10507), (-1, 10507)],
)
async def test_what_the_cpo_says_of_an_action(net: Net, said: int, told: int) -> None:
    session_id = await running(net)
    net.back.status = said
    assert (await net.emsp.act(session_id)).request_status == told


@spec("EMIP-ACT-03")
@pytest.mark.parametrize(
    ("broken", "told", "calls"),
    [
        (soap_fault(FaultKind.SERVER), 10505, 1),
        (soap_fault(FaultKind.CLIENT), 10505, 1),
        (httpx.ReadTimeout("late"), 10504, 1),
        (httpx.ConnectError("down"), 10504, 2),
        (PLAIN, 10504, 1),
    ],
)
async def test_a_cpo_that_fails_an_action(net: Net, broken: Any, told: int, calls: int) -> None:
    session_id = await running(net)
    net.back.broken = broken
    assert (await net.emsp.act(session_id)).request_status == told
    assert len(net.back.requests) == calls


@spec("EMIP-ACT-22")
async def test_a_stop_is_repeated_once_where_the_cpo_was_not_reached(net: Net) -> None:
    session_id = await running(net)
    answers: list[Any] = [httpx.ConnectError("down"), None]

    def answering(request: httpx.Request) -> httpx.Response:
        net.back.broken = answers.pop(0)
        return net.back(request)

    net.hub.network.answer("frzc1.test", answering)
    assert (await net.emsp.act(session_id)).request_status == 1
    first, second = net.back.requests
    assert first.content == second.content


@spec("EMIP-ACT-08")
async def test_a_cpo_that_is_gone_or_takes_no_actions(net: Net) -> None:
    session_id = await running(net)
    held = net.hub.storage.partners.held[net.cpo.partner.id]
    settings = msgspec.json.decode(held.settings) | {"session_actions": False}
    switched_off = msgspec.structs.replace(held, settings=msgspec.json.encode(settings).decode())
    await net.hub.storage.partners.update(switched_off)
    assert (await net.emsp.act(session_id)).request_status == 10503
    await net.hub.storage.partners.remove(held.id)
    assert (await net.emsp.act(session_id)).request_status == 10502
    assert not net.back.got(ACTION)


@spec("EMIP-ACT-09")
async def test_a_stop_of_what_has_ended(net: Net) -> None:
    session_id = await running(net)
    await net.cpo.event(session_id, 3, "2026-01-15T12:00:01Z")
    await net.cpo.event(session_id, 1, "2026-01-15T12:10:01Z")
    assert net.state(session_id) is JourneyState.ENDED
    assert (await net.emsp.act(session_id)).request_status == 1
    assert len(net.back.got(ACTION)) == 1
    net.back.status = 10501
    assert (await net.emsp.act(session_id)).request_status == 1
    net.back.broken = httpx.ConnectError("gone")
    assert (await net.emsp.act(session_id)).request_status == 1
    assert (await net.emsp.act(session_id, 2)).request_status == 10504
    await net.cpo.cdr(session_id)
    assert (await net.emsp.act(session_id)).request_status == 1


@spec("EMIP-ACT-12")
async def test_an_action_needs_a_date(net: Net) -> None:
    session_id = await running(net)
    action = SessionAction(session_action_nature=1, session_action_date_time="2026-01-15T12:30:00Z")
    message = to_iop.SetSessionActionRequestRequest(
        **net.emsp.header(), service_session_id=session_id, session_action=action
    )
    body = codec.encode(message)
    garbled = await net.emsp.post(seal(SOAP_12, body.replace(b"2026-01-15T12:30:00Z", b"soon")))
    assert fault(garbled) == (400, "Sender", "INVALID_VALUE", "sessionActionDateTime")
    empty = await net.emsp.post(seal(SOAP_12, body.replace(b"2026-01-15T12:30:00Z", b"")))
    assert fault(empty) == (400, "Sender", "MISSING_ELEMENT", "sessionActionDateTime")
    assert not net.back.got(ACTION)


@spec("EMIP-ACT-11")
async def test_an_action_under_its_short_name(net: Net) -> None:
    session_id = await running(net)
    action = SessionAction(session_action_nature=1, session_action_date_time="2026-01-15T12:30:00Z")
    message = to_iop.SetSessionActionRequestRequest(
        **net.emsp.header(), service_session_id=session_id, session_action=action
    )
    body = codec.encode(message).replace(b"ActionRequestRequest", b"ActionRequest")
    answer = await net.emsp.post(seal(SOAP_12, body))
    names = [b"<transactionId>", b"<serviceSessionId>", b"<sessionActionId>", b"<requestStatus>"]
    assert b"eMIP_ToIOP_SetSessionActionRequestResponse" in answer.content
    assert sorted(names, key=answer.content.index) == names


async def test_the_emsps_session_id_is_kept_if_it_had_none(net: Net) -> None:
    session_id = await running(net)
    await net.emsp.act(session_id, sale_partner_session_id="ZM1-S-3")
    await net.emsp.act(session_id, sale_partner_session_id="ZM1-S-4")
    assert net.hub.storage.journeys.held[session_id].issuer_session_id == "ZM1-S-3"
