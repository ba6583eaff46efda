"""Session events, actions, and charge detail records. eMIP checklist, 5.4 to 5.6, 5.15 to 5.17, 7."""

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from core.model.authorisation import JourneyState
from core.model.cdr import CdrState
from core.model.delivery import DeliveryState
from core.model.ids import ContractId, EvseId, PartyId
from core.model.quantities import Price
from core.model.session import AuthMethod, CdrToken, Session, SessionStatus
from protocols.emip import codec
from protocols.emip.plugin import PLUGIN
from protocols.emip.wire import from_iop, to_iop
from protocols.emip.wire.parts import MeterReport, MeterReportList, SessionEvent
from protocols.emip.wire.words import CdrNature, Flag
from protocols.transport.soap.envelope import SOAP_12, Fault, FaultKind, fault_envelope, seal
from tests.flows.emip_partners import (
    BADGE,
    CONTRACT,
    XML,
    Cpo,
    Emsp,
    Reached,
    cpo,
    emsp,
    fault,
    join,
    opened,
    pair,
    place,
    record,
    report,
)
from tests.flows.hub import TestHub
from tests.unit.core.examples import cdr as core_cdr

EVENT = from_iop.SetSessionEventReportRequest
CDR = from_iop.SetChargeDetailRecordRequest
AT = "2026-01-15T12:00:{:02}Z"


async def begun(one: Reached, **members: Any) -> str:
    answer = await one.ask(**members)
    assert answer.authorisation_value == 1
    return answer.service_session_id


def sessions(hub: TestHub) -> list[Any]:
    return list(hub.storage.sessions.held.values())


# --- events


@pytest.mark.spec("EMIP-EVT-02", "EMIP-EVT-20", "EMIP-EVT-04", "EMIP-EVT-08", "EMIP-SES-03", "EMIP-EVT-21")
async def test_events_reach_the_emsp_as_they_were_sent() -> None:
    async with pair(partner_service_session_id="ZM1-S-1") as (hub, one, _, back):
        session_id = await begun(one, partner_service_session_id="ZC1-S-1")
        answer = await one.event(session_id, 3, AT.format(1), session_event_id="E1", session_event_parameter="é")
        assert (answer.request_status, answer.session_action_id) == (1, "E1")
        await hub.relay()
        [told] = back.got(EVENT)
        assert (told.operator_id, told.target_operator_id) == ("FR*ZC1", "FR*ZM1")
        assert (told.service_session_id, told.sale_partner_session_id) == (session_id, "ZM1-S-1")
        event = told.session_event
        assert (event.session_event_nature, event.session_event_id, event.session_event_date_time) == (
            3,
            "E1",
            AT.format(1),
        )
        assert event.session_event_parameter == "é"
        [session] = sessions(hub)
        assert (session.id, session.status) == ("ZC1-S-1", SessionStatus.ACTIVE)
        await one.event(session_id, 2, AT.format(2))
        assert sessions(hub)[0].status is SessionStatus.ACTIVE
        answer = await one.event(session_id, 1, AT.format(3), related_session_action_id="A1")
        assert answer.session_action_id == "A1"
        assert sessions(hub)[0].status is SessionStatus.COMPLETED
        await hub.relay()
        assert [told.session_event.session_event_nature for told in back.got(EVENT)] == [3, 2, 1]
        assert all(told.session_event.session_event_id for told in back.got(EVENT))
        assert hub.storage.journeys.held[session_id].state is JourneyState.ENDED


@pytest.mark.spec("EMIP-EVT-04")
async def test_an_emergency_stop_ends_the_session() -> None:
    async with pair() as (hub, one, _, _):
        session_id = await begun(one)
        await one.event(session_id, 3, AT.format(1))
        await one.event(session_id, 0, AT.format(9))
        [session] = sessions(hub)
        assert session.status is SessionStatus.COMPLETED
        assert session.ended_at.isoformat() == "2026-01-15T12:00:09+00:00"


@pytest.mark.spec("EMIP-EVT-07", "EMIP-SES-06")
async def test_events_in_any_order_and_after_the_record() -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        assert (await one.event(session_id, 1, AT.format(30))).request_status == 1
        assert (await one.event(session_id, 3, AT.format(1))).request_status == 1
        [session] = sessions(hub)
        assert session.status is SessionStatus.COMPLETED
        assert session.started_at.second == 1
        assert (await one.cdr(session_id)).request_status == 1
        assert (await one.event(session_id, 2, AT.format(10))).request_status == 1
        await hub.relay()
        assert [told.session_event.session_event_nature for told in back.got(EVENT)] == [1, 3, 2]


@pytest.mark.spec("EMIP-EVT-05", "EMIP-ENU-02")
async def test_an_unknown_nature_is_passed_on_and_changes_no_state() -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        await one.event(session_id, 3, AT.format(1))
        assert (await one.event(session_id, 7, AT.format(2))).request_status == 1
        await hub.relay()
        assert [told.session_event.session_event_nature for told in back.got(EVENT)] == [3, 7]
        assert sessions(hub)[0].status is SessionStatus.ACTIVE


@pytest.mark.spec("EMIP-EVT-06")
async def test_both_names_of_the_related_action() -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        await one.event(session_id, 1, AT.format(1), related_session_action_id="A9")
        body = back_to_dialect(one, session_id)
        assert (await one.post(body)).status_code == 200
        await hub.relay()
        assert [told.session_event.related_session_action_id for told in back.got(EVENT)] == ["A9", "A9"]
        assert b"relatedSessionEventId" not in back.requests[-1].content


def back_to_dialect(one: Reached, session_id: str) -> bytes:
    event = SessionEvent(session_event_nature=3, session_event_date_time=AT.format(2), related_session_action_id="A9")
    message = to_iop.SetSessionEventReportRequest(**one.header(), service_session_id=session_id, session_event=event)
    return seal(SOAP_12, codec.encode(message).replace(b"relatedSessionActionId", b"relatedSessionEventId"))


@pytest.mark.spec("EMIP-EVT-01", "EMIP-EVT-10", "EMIP-SEC-01")
async def test_who_may_report() -> None:
    async with pair() as (hub, one, other, back):
        third = await join(hub, cpo("FR*ZC2"))
        session_id = await begun(one)
        assert (await one.event("00000000-0000-4000-8000-00000000ffff", 3, AT.format(1))).request_status == 10501
        assert (await third.event(session_id, 3, AT.format(1))).request_status == 10508
        assert (await other.event(session_id, 3, AT.format(1))).request_status == 10503
        await hub.relay()
        assert not back.got(EVENT)
        assert not sessions(hub)


@pytest.mark.spec("EMIP-TID-03", "EMIP-RTY-10")
async def test_an_emsp_that_is_away_gets_every_event_once_and_in_order() -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        await one.event(session_id, 3, AT.format(1), session_event_id="E1")
        back.broken = httpx.ConnectError("away")
        await hub.relay()
        await one.event(session_id, 3, AT.format(1), session_event_id="E1")
        await one.event(session_id, 1, AT.format(2), session_event_id="E2")
        back.broken = None
        await hub.connected(hub.storage.partners.held[[*hub.storage.partners.held][1]])
        hub.clock.advance(86400)
        await hub.relay()
        assert [told.session_event.session_event_id for told in back.got(EVENT)] == ["E1", "E2"]


@pytest.mark.spec("EMIP-EVT-23")
async def test_an_emsp_may_want_no_events() -> None:
    back = Emsp(BADGE)
    async with opened() as hub:
        one = await join(hub, cpo())
        await join(hub, emsp(session_events=False), back)
        session_id = await begun(one)
        assert (await one.event(session_id, 3, AT.format(1))).request_status == 10503
        [delivery] = await hub.relay()
        assert delivery.state is DeliveryState.WITHHELD
        assert not back.got(EVENT)
        assert sessions(hub)[0].status is SessionStatus.ACTIVE


@pytest.mark.spec("EMIP-RTY-08", "EMIP-GEN-03")
async def test_an_emsp_that_is_away_holds_up_no_other() -> None:
    away, here = Emsp(BADGE), Emsp("04A1B2C3D4E5F7")
    async with opened() as hub:
        one, two = await join(hub, cpo(), Cpo()), await join(hub, cpo("FR*ZC2"), Cpo())
        gone = await join(hub, emsp(), away)
        await join(hub, emsp("FR*ZM2"), here)
        first = await begun(one)
        second = await begun(two, user_id="04A1B2C3D4E5F7", evse_id="FR*ZC2*E1")
        away.broken = httpx.ConnectError("away")
        await one.event(first, 3, AT.format(1))
        await two.event(second, 3, AT.format(2))
        await hub.relay()
        [told] = here.got(EVENT)
        assert (told.operator_id, told.service_session_id) == ("FR*ZC2", second)
        away.broken = None
        await hub.connected(hub.storage.partners.held[gone.partner.id])
        hub.clock.advance(86400)
        await hub.relay()
        assert [(told.operator_id, told.service_session_id) for told in away.got(EVENT)] == [("FR*ZC1", first)]
        assert len(here.got(EVENT)) == 1


@pytest.mark.spec("EMIP-EVT-22")
async def test_a_session_of_another_protocol_begins_and_ends() -> None:
    async with pair() as (hub, one, other, back):
        party = PartyId("FR", "ZC1")
        session = Session(
            owner=party,
            id="S-1",
            started_at=hub.clock.now(),
            energy_kwh=Decimal(0),
            token=CdrToken(issuer=PartyId("FR", "ZM1"), kind="RFID"),
            auth_method=AuthMethod.AUTH_REQUEST,
            location_id="P1001",
            evse_uid="u1",
            connector_id="1",
            currency="EUR",
            status=SessionStatus.ACTIVE,
            updated_at=hub.clock.now(),
        )
        await hub.hub.sessions.put(one.partner, session)
        await hub.relay()
        [first] = back.got(EVENT)
        assert first.session_event.session_event_nature == 3
        assert first.service_session_id
        hub.clock.advance(60)
        ended = msgspec.structs.replace(
            session, status=SessionStatus.COMPLETED, ended_at=hub.clock.now(), updated_at=hub.clock.now()
        )
        await hub.hub.sessions.put(one.partner, ended)
        await hub.relay()
        natures = [told.session_event.session_event_nature for told in back.got(EVENT)]
        assert natures == [3, 1]
        assert back.got(EVENT)[1].service_session_id == first.service_session_id
        assert other.partner.id


# --- records


@pytest.mark.spec("EMIP-CDR-03", "EMIP-CDR-04", "EMIP-CDR-20", "EMIP-CDR-12", "EMIP-SES-03", "EMIP-CDR-14")
async def test_a_record_reaches_the_emsp_of_the_session() -> None:
    reports = MeterReportList(
        meter_report=(
            report(9999, "1", "x"),
            report(2, "18.25", "kWh"),
            report(41, "100.50", "Wh"),
            report(41, "100.5", "Wh"),
            report(1, "62.5", "min"),
        )
    )
    async with pair(partner_service_session_id="ZM1-S-1") as (hub, one, _, back):
        session_id = await begun(one, partner_service_session_id="ZC1-S-1")
        answer = await one.cdr(session_id, meter_report_list=reports, partner_product_id="AC22")
        assert (answer.request_status, answer.service_session_id) == (1, session_id)
        assert answer.sale_partner_operator_id == "FR*ZM1"
        [settled] = await hub.settle()
        assert settled.state is CdrState.DELIVERED
        [told] = back.got(CDR)
        assert told.operator_id == "FR*ZC1"
        sent = told.charge_detail_record
        assert (sent.sale_partner_operator_id, sent.sale_partner_session_id) == ("FR*ZM1", "ZM1-S-1")
        assert (sent.exec_partner_operator_id, sent.exec_partner_session_id) == ("FR*ZC1", "ZC1-S-1")
        assert (sent.service_session_id, sent.partner_product_id) == (session_id, "AC22")
        assert sent.meter_report_list == reports
        assert hub.storage.journeys.held[session_id].state is JourneyState.BILLED


@pytest.mark.spec("EMIP-CDR-18")
async def test_what_a_cpo_says_of_the_emsp_is_replaced() -> None:
    async with pair(partner_service_session_id="ZM1-S-1") as (hub, one, _, back):
        session_id = await begun(one)
        wrong = {"sale_partner_session_id": "ZC1-S-1", "sale_partner_operator_id": "FR*ZC1"}
        assert (await one.cdr(session_id, **wrong)).request_status == 1
        await hub.settle()
        sent = back.got(CDR)[0].charge_detail_record
        assert (sent.sale_partner_operator_id, sent.sale_partner_session_id) == ("FR*ZM1", "ZM1-S-1")


@pytest.mark.spec("EMIP-CDR-02", "EMIP-SEC-01")
async def test_whose_record_it_is() -> None:
    async with pair() as (hub, one, _, _):
        third = await join(hub, cpo("FR*ZC2"))
        session_id = await begun(one)
        unknown = await one.cdr("00000000-0000-4000-8000-00000000ffff")
        assert (unknown.request_status, unknown.sale_partner_operator_id) == (10501, None)
        assert (await third.cdr(session_id)).request_status == 10508
        assert not hub.storage.cdrs.held


@pytest.mark.spec("EMIP-CDR-01")
async def test_a_record_is_stored_before_it_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    async with pair() as (hub, one, _, _):
        session_id = await begun(one)
        with monkeypatch.context() as patch:
            patch.setattr(hub.storage.cdrs, "accept", None)
            message = to_iop.SetChargeDetailRecordRequest(**one.header(), charge_detail_record=record(session_id))
            refused = await one.post(seal(SOAP_12, codec.encode(message)))
        assert fault(refused)[:3] == (500, "Receiver", "INTERNAL")
        assert not hub.storage.cdrs.held
        assert (await one.cdr(session_id)).request_status == 1
        assert len(hub.storage.cdrs.held) == 1


@pytest.mark.spec("EMIP-RTY-03")
async def test_what_is_stored_is_answered_so_whatever_fails_after_it() -> None:
    async with pair() as (hub, one, _, _):
        session_id = await begun(one)
        hub.processes.down = True
        assert (await one.cdr(session_id)).request_status == 1
        assert len(hub.storage.cdrs.held) == 1


@pytest.mark.spec("EMIP-RTY-07")
async def test_what_is_to_be_told_outlives_the_process() -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        await one.event(session_id, 3, AT.format(1))
        hub.adapters["emip"] = PLUGIN.adapter(hub.outbound)
        hub.delivery = hub._delivery()
        await hub.relay()
        assert len(back.got(EVENT)) == 1


@pytest.mark.spec("EMIP-CDR-06")
async def test_the_same_record_again_is_once() -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        assert (await one.cdr(session_id)).request_status == 1
        hub.clock.advance(10)
        assert (await one.cdr(session_id)).request_status == 1
        await hub.settle()
        assert len(back.got(CDR)) == 1


@pytest.mark.spec("EMIP-CDR-07", "EMIP-SES-07")
async def test_another_record_for_the_session_is_refused() -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        await one.cdr(session_id)
        other = MeterReportList(meter_report=(report(2, "18251", "Wh"),))
        hub.clock.advance(80 * 86400)
        assert (await one.cdr(session_id, meter_report_list=other)).request_status == 10701
        await hub.settle()
        assert len(back.got(CDR)) == 1
        [held] = hub.storage.cdrs.held.values()
        assert held.cdr.total_energy_kwh == Decimal("18.25")


@pytest.mark.spec("EMIP-MTR-01", "EMIP-MTR-02")
async def test_intermediate_records_are_progress_and_no_bill() -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        for wh, at in ((4000, "10:20"), (9000, "10:40")):
            reading = MeterReportList(meter_report=(report(2, str(wh), "Wh"),))
            answer = await one.cdr(
                session_id,
                cdr_nature=CdrNature.INTERMEDIATE,
                end_time=f"2026-01-15T{at}:00Z",
                meter_report_list=reading,
            )
            assert answer.request_status == 1
        [session] = sessions(hub)
        assert session.energy_kwh == 9
        assert not hub.storage.cdrs.held
        assert (await one.cdr(session_id)).request_status == 1
        await hub.settle()
        assert [told.charge_detail_record.cdr_nature for told in back.got(CDR)] == [CdrNature.FINAL]
        [held] = hub.storage.cdrs.held.values()
        assert held.cdr.total_energy_kwh == Decimal("18.25")


async def metered(one: Reached, session_id: str, wh: int, at: str, **members: Any) -> int:
    """An intermediate record: so much until then."""
    reading = MeterReportList(meter_report=(report(2, str(wh), "Wh"),))
    members = {"cdr_nature": CdrNature.INTERMEDIATE, "end_time": at, "meter_report_list": reading, **members}
    return (await one.cdr(session_id, **members)).request_status


@pytest.mark.spec("EMIP-CDR-05", "EMIP-CDR-04", "EMIP-CDR-12")
@pytest.mark.parametrize("wanted", [Flag.YES, Flag.NO])
async def test_intermediate_records_reach_an_emsp_that_asked_for_them(wanted: Flag) -> None:
    async with pair(partner_service_session_id="ZM1-S-1", intermediate_cdr_requested=wanted) as (hub, one, _, back):
        answer = await one.ask(partner_service_session_id="ZC1-S-1")
        assert answer.intermediate_cdr_requested is wanted
        session_id = answer.service_session_id
        for wh, at in ((4000, "2026-01-15T10:20:00Z"), (9000, "2026-01-15T10:40:00Z")):
            assert await metered(one, session_id, wh, at) == 1
            assert await metered(one, session_id, wh, at) == 1
            await hub.relay()
        told = [message.charge_detail_record for message in back.got(CDR)]
        if wanted is Flag.NO:
            assert not told
            return
        assert [record.end_time for record in told] == ["2026-01-15T10:20:00Z", "2026-01-15T10:40:00Z"]
        assert {record.cdr_nature for record in told} == {CdrNature.INTERMEDIATE}
        assert [record.meter_report_list.meter_report[0].meter_value for record in told] == [4000, 9000]
        sale = {(record.sale_partner_operator_id, record.sale_partner_session_id) for record in told}
        assert sale == {("FR*ZM1", "ZM1-S-1")}
        execs = {(record.exec_partner_operator_id, record.exec_partner_session_id) for record in told}
        assert execs == {("FR*ZC1", "ZC1-S-1")}
        assert (await one.cdr(session_id)).request_status == 1
        await hub.settle()
        assert back.got(CDR)[-1].charge_detail_record.cdr_nature is CdrNature.FINAL


@pytest.mark.spec("EMIP-CDR-05", "EMIP-RSA-10")
async def test_a_start_may_ask_for_intermediate_records() -> None:
    async with opened() as hub:
        one = await join(hub, cpo(), Cpo())
        back = Emsp()
        other = await join(hub, emsp(), back)
        await hub.hub.locations.put(one.partner, place())
        session_id = (await other.start(intermediate_cdr_requested=Flag.YES)).service_session_id
        assert await metered(one, session_id, 4000, "2026-01-15T10:20:00Z") == 1
        await hub.relay()
        [told] = back.got(CDR)
        assert told.charge_detail_record.service_session_id == session_id


async def test_what_the_emsp_refuses_does_not_hold_up_the_rest() -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        await one.event(session_id, 7, AT.format(1))
        back.status = 10506
        await hub.relay()
        back.status = 1
        await one.event(session_id, 3, AT.format(2))
        await hub.relay()
        assert [told.session_event.session_event_nature for told in back.got(EVENT)] == [7, 3]


@pytest.mark.spec("EMIP-CDR-10")
@pytest.mark.parametrize("nature", list(CdrNature))
async def test_an_end_before_the_start(nature: CdrNature) -> None:
    async with pair() as (hub, one, _, _):
        session_id = await begun(one)
        message = to_iop.SetChargeDetailRecordRequest(
            **one.header(), charge_detail_record=record(session_id, cdr_nature=nature, end_time="2026-01-15T09:00:00Z")
        )
        answer = await one.post(seal(SOAP_12, codec.encode(message)))
        assert fault(answer) == (400, "Sender", "INVALID_VALUE", "endTime")
        assert not hub.storage.cdrs.held
        assert not sessions(hub)


@pytest.mark.spec("EMIP-CDR-11", "EMIP-MTR-04")
async def test_a_record_without_meter_reports() -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        assert (await one.cdr(session_id, meter_report_list=MeterReportList())).request_status == 1
        await hub.settle()
        assert back.got(CDR)[0].charge_detail_record.meter_report_list == MeterReportList()
        [held] = hub.storage.cdrs.held.values()
        assert held.cdr.total_cost is None
        assert (held.cdr.total_energy_kwh, held.cdr.remark) == (None, None)


@pytest.mark.spec("EMIP-CDR-21", "EMIP-CDR-22", "EMIP-CDR-09", "EMIP-TID-03")
@pytest.mark.parametrize(
    "broken",
    [
        httpx.ConnectError("away"),
        httpx.ReadTimeout("silence"),
        httpx.Response(500, content=fault_envelope(SOAP_12, Fault(FaultKind.SERVER, "no")), headers=XML),
        httpx.Response(400, content=fault_envelope(SOAP_12, Fault(FaultKind.CLIENT, "no")), headers=XML),
        10502,
    ],
)
async def test_a_record_is_tried_again_with_the_same_ids(broken: Any) -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        if isinstance(broken, int):
            back.status = broken
        else:
            back.broken = broken
        assert (await one.cdr(session_id)).request_status == 1
        [settled] = await hub.settle()
        assert settled.state is CdrState.WAITING
        back.broken, back.status = None, 1
        [settled] = await hub.settle()
        assert settled.state is CdrState.DELIVERED
        sent = back.got(CDR)
        assert len({message.transaction_id for message in sent}) == 1
        assert all(message == sent[0] for message in sent)


@pytest.mark.spec("EMIP-CDR-21")
@pytest.mark.parametrize("status", [1, 299, 10701])
async def test_what_confirms_a_record(status: int) -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        await one.cdr(session_id)
        back.status = status
        [settled] = await hub.settle()
        assert settled.state is CdrState.DELIVERED


@pytest.mark.spec("EMIP-CDR-23", "EMIP-CDR-24", "EMIP-MAP-03")
async def test_a_record_of_another_protocol() -> None:
    async with pair() as (hub, one, other, back):
        foreign = msgspec.structs.replace(
            core_cdr(),
            owner=PartyId("FR", "ZC1"),
            token=CdrToken(issuer=PartyId("FR", "ZM1"), uid=None, kind="EMAID", contract_id=_contract()),
            currency="EUR",
            total_energy_kwh=Decimal("12.3456"),
            total_time_h=Decimal("1.5"),
            total_cost=Price(before_taxes=Decimal("4.20")),
            journey_id=None,
            authorization_reference=None,
            session_id=None,
            credit=None,
        )
        location = msgspec.structs.replace(foreign.location, evse_id=EvseId.parse("FR*ZC1*E1001*1"))
        await hub.hub.billing.accept(one.partner, msgspec.structs.replace(foreign, location=location))
        [settled] = await hub.settle()
        assert settled.state is CdrState.DELIVERED
        [told] = back.got(CDR)
        sent = told.charge_detail_record
        assert sent.cdr_nature is CdrNature.FINAL
        assert (sent.requested_service_id, sent.user_id_type, sent.user_id) == ("1", "EMP-SPEC", CONTRACT)
        assert sent.service_session_id
        assert sent.meter_report_list.meter_report == (
            MeterReport(meter_type_id=1, meter_value=Decimal(90), meter_unit="min"),
            MeterReport(meter_type_id=2, meter_value=Decimal("12345.6"), meter_unit="Wh"),
            MeterReport(meter_type_id=3, meter_value=Decimal("4.20"), meter_unit="EUR"),
        )
        assert other.partner.id


def _contract() -> Any:
    return ContractId.parse(CONTRACT)


@pytest.mark.spec("EMIP-SES-04")
async def test_two_operators_with_the_same_session_id() -> None:
    async with pair() as (hub, one, _, back):
        third = await join(hub, cpo("FR*ZC2"))
        first = await begun(one, partner_service_session_id="1")
        second = await begun(third, partner_service_session_id="1", evse_id="FR*ZC2*E1")
        await one.event(first, 3, AT.format(1))
        await third.event(second, 3, AT.format(2))
        await hub.relay()
        told = {message.operator_id: message.service_session_id for message in back.got(EVENT)}
        assert told == {"FR*ZC1": first, "FR*ZC2": second}


async def test_many_events_of_one_session_at_once() -> None:
    async with pair() as (hub, one, _, back):
        session_id = await begun(one)
        await asyncio.gather(*(one.event(session_id, 2, AT.format(second)) for second in range(20)))
        await hub.relay()
        assert len({told.session_event.session_event_id for told in back.got(EVENT)}) == 20
