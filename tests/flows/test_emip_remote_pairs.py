"""Remote start and stop between eMIP and the other protocols: each side speaks its own language, sees its own ids."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any, NamedTuple

import httpx
import msgspec
import pytest
from msgspec.structs import replace

from core.model.authorisation import JourneyState
from core.model.ids import ContractId, PartyId, TokenUid
from core.model.location import EvseStatus
from core.model.token import Token, TokenKind, Whitelist
from mappings.oicp.ids import contract_id_to_oicp
from protocols.emip.plugin import PLUGIN as EMIP
from protocols.emip.wire import from_iop
from protocols.emip.wire.parts import MeterReportList
from protocols.emip.wire.words import AuthorisationValue, AvailabilityStatus, BusyStatus, CdrNature, Flag
from protocols.ochp.plugin import PLUGIN as OCHP
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows import emip_partners as emip
from tests.flows import oicp_partners as oicp
from tests.flows.emip_partners import BADGE, CONTRACT, EVSE, report
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import document as ochp_document
from tests.flows.ocpi_partner import OcpiPartner, envelope, evse, location, session, token
from tests.flows.test_oicp_remote import EVCO, REMOTE_START, REMOTE_STOP, Cpo, start

spec = pytest.mark.spec
URL = "https://p2.test/cb/1"
START = from_iop.SetServiceAuthorisationRequest
ACTION = from_iop.SetSessionActionRequestRequest
EVENT = from_iop.SetSessionEventReportRequest
CDR = from_iop.SetChargeDetailRecordRequest
DRIVER = {"country_code": "FR", "party_id": "ZM1", "uid": CONTRACT, "type": "APP_USER", "contract_id": CONTRACT}


class Net(NamedTuple):
    """CPOs and eMSPs: OCPI NL CPA (p1) and DE EMB (p2), OICP DE*ABC and DE-DCB, eMIP FR*ZC1 and FR*ZM1."""

    hub: TestHub
    p1: OcpiPartner
    p2: OcpiPartner
    abc: oicp.Reached
    abc_back: Cpo
    dcb: oicp.Reached
    dcb_back: oicp.Emp
    zc1: emip.Reached
    zc1_back: emip.Cpo
    zm1: emip.Reached
    zm1_back: emip.Emsp

    async def command(self, kind: str, body: dict[str, Any]) -> str:
        """What the OCPI eMSP is answered at once."""
        body = {"response_url": URL, **body}
        answer = await self.p2.call(self.hub, "POST", f"commands/receiver/{kind}", body, to="FRZC1")
        assert answer.json()["status_code"] == 1000, answer.text
        said: str = answer.json()["data"]["result"]
        return said

    async def ocpi_start(self, **changes: Any) -> str:
        app = token("app-1", type="APP_USER", contract_id="DE-EMB-C12345678")
        body = {"token": app, "location_id": "P1001", "evse_uid": "u1", **changes}
        return await self.command("START_SESSION", {name: value for name, value in body.items() if value})

    async def told(self) -> dict[str, Any]:
        """The one result that the OCPI eMSP got."""
        return await self.p2.told(self.hub)

    def answers(self, **members: Any) -> None:
        self.p1.answer_commands(**members)

    def results_in(self, body: dict[str, Any] | None) -> None:
        """What the OCPI CPO posts while the other side waits."""
        self.p1.results_in(self.hub, body)

    @property
    def journey(self) -> Any:
        [journey] = self.hub.storage.journeys.held.values()
        return journey


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with TestHub.open([OCPI, OICP, OCHP, EMIP]) as hub:
        abc_back, dcb_back = Cpo(), oicp.Emp()
        zc1_back, zm1_back = emip.Cpo(), emip.Emsp(BADGE)
        found = Net(
            hub,
            await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub),
            await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub),
            await oicp.join(hub, oicp.cpo(), abc_back),
            abc_back,
            await oicp.join(hub, oicp.emp(), dcb_back),
            dcb_back,
            await emip.join(hub, emip.cpo(), zc1_back),
            zc1_back,
            await emip.join(hub, emip.emsp(), zm1_back),
            zm1_back,
        )
        await found.abc.push_data("fullLoad", oicp.record())
        place = location(evses=[evse(evse_id="NL*CPA*E1"), evse("E2", evse_id=None)])
        await found.p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", place)
        await hub.hub.locations.put(found.zc1.partner, emip.place())
        found.answers()
        await hub.relay()
        for partner in (found.p1, found.p2):
            partner.received.clear()
        yield found


# --- an OCPI eMSP at a CPO on eMIP


@spec("EMIP-RSA-22", "EMIP-ACT-12", "EMIP-ACT-23", "EMIP-MAP-02")
async def test_an_ocpi_driver_at_an_emip_station(net: Net) -> None:
    assert await net.ocpi_start(authorization_reference="ref-1") == "ACCEPTED"
    assert await net.told() == {"result": "ACCEPTED"}
    journey_id = net.journey.id
    [asked] = net.zc1_back.got(START)
    assert (asked.operator_id, asked.target_operator_id, asked.evse_id) == ("DE*EMB", "FR*ZC1", EVSE)
    assert (asked.user_id_type, asked.user_id) == ("eMA", "DE-EMB-C12345678")
    assert (asked.service_session_id, asked.authorisation_value) == (journey_id, AuthorisationValue.GRANTED)
    assert b"ref-1" not in net.zc1_back.requests[0].content
    await net.zc1.event(journey_id, 3, "2026-01-15T12:00:01Z")
    await net.hub.relay()
    [shown] = net.p2.seen("PUT", "sessions")
    assert {name: shown.json[name] for name in ("id", "status", "auth_method", "authorization_reference")} == {
        "id": "ZC1-S-1",
        "status": "ACTIVE",
        "auth_method": "COMMAND",
        "authorization_reference": "ref-1",
    }
    net.p2.received.clear()
    assert await net.command("STOP_SESSION", {"session_id": "ZC1-S-1"}) == "ACCEPTED"
    assert await net.told() == {"result": "ACCEPTED"}
    [action] = net.zc1_back.got(ACTION)
    assert (action.service_session_id, action.exec_partner_session_id) == (journey_id, "ZC1-S-1")
    assert action.session_action.session_action_nature == 1
    assert action.session_action.session_action_id
    assert action.session_action.session_action_date_time == "2026-01-15T12:00:00Z"
    await net.zc1.event(journey_id, 1, "2026-01-15T12:30:01Z")
    assert (await net.zc1.cdr(journey_id, user_id=CONTRACT, user_id_type="eMA")).request_status == 1
    await net.hub.settle()
    [bill] = net.p2.seen("POST", "cdrs")
    said = {name: bill.json[name] for name in ("session_id", "auth_method", "authorization_reference")}
    assert said == {"session_id": "ZC1-S-1", "auth_method": "COMMAND", "authorization_reference": "ref-1"}


@spec("EMIP-RSA-22")
async def test_a_card_is_named_with_its_contract(net: Net) -> None:
    assert await net.ocpi_start(token=token(BADGE, contract_id="DE-EMB-C12345678")) == "ACCEPTED"
    assert await net.told() == {"result": "ACCEPTED"}
    [asked] = net.zc1_back.got(START)
    assert (asked.user_id_type, asked.user_id) == ("RFID-UID", BADGE)
    assert asked.user_contract_id_alias == "DE-EMB-C12345678"


@pytest.mark.parametrize(
    ("status", "evse_status", "result"),
    [
        (205, EvseStatus.AVAILABLE, "REJECTED"),
        (205, EvseStatus.CHARGING, "EVSE_OCCUPIED"),
        (205, EvseStatus.OUT_OF_ORDER, "EVSE_INOPERATIVE"),
        (206, EvseStatus.CHARGING, "TIMEOUT"),
        (10201, EvseStatus.AVAILABLE, "FAILED"),
        (299, EvseStatus.AVAILABLE, "REJECTED"),
    ],
)
async def test_a_refusal_of_emip_in_ocpi(net: Net, status: int, evse_status: EvseStatus, result: str) -> None:
    later = replace(emip.place(status=evse_status), updated_at=net.hub.clock.now())
    await net.hub.hub.locations.put(net.zc1.partner, later)
    net.zc1_back.status = status
    await net.ocpi_start()
    said = await net.told()
    assert said["result"] == result
    assert str(status) in said["message"][0]["text"]
    assert net.journey.state is JourneyState.REFUSED


@pytest.mark.parametrize(
    ("error", "said"), [(httpx.ReadTimeout("late"), "TIMEOUT"), (httpx.ConnectError("nobody"), "REJECTED")]
)
async def test_an_emip_operator_that_does_not_answer(net: Net, error: Exception, said: str) -> None:
    net.zc1_back.broken = error
    await net.ocpi_start()
    assert (await net.told())["result"] == said
    assert len(net.zc1_back.requests) == 1


@spec("EMIP-MAP-09")
async def test_what_emip_cannot_say_is_said_at_once(net: Net) -> None:
    assert await net.ocpi_start(evse_uid=None) == "REJECTED"
    assert await net.ocpi_start(token=token("no hex")) == "REJECTED"
    assert not net.zc1_back.requests
    assert not net.hub.storage.journeys.held


async def test_a_session_that_the_cpo_has_forgotten(net: Net) -> None:
    await net.ocpi_start()
    await net.told()
    await net.zc1.event(net.journey.id, 3, "2026-01-15T12:00:01Z")
    net.zc1_back.status = 10501
    await net.command("STOP_SESSION", {"session_id": "ZC1-S-1"})
    assert (await net.told())["result"] == "REJECTED"  # a CommandResult has no UNKNOWN_SESSION


# --- an OICP EMP at a CPO on eMIP


async def test_an_oicp_driver_at_an_emip_station(net: Net) -> None:
    answer = await net.dcb.post(REMOTE_START, start(EVSE, EMPPartnerSessionID="emp-1"))
    assert oicp.code(answer) == (200, "000")
    session_id = answer.json()["SessionID"]
    [asked] = net.zc1_back.got(START)
    assert (asked.operator_id, asked.service_session_id) == ("DE*DCB", session_id)
    assert (asked.user_id_type, asked.user_id, asked.user_contract_id_alias) == ("eMA", EVCO, EVCO)
    assert b"emp-1" not in net.zc1_back.requests[0].content
    await net.zc1.event(session_id, 3, "2026-01-15T12:00:01Z")
    stop = {"SessionID": session_id, "ProviderID": "DE-DCB", "EvseID": EVSE}
    stopped = await net.dcb.post(REMOTE_STOP, stop)
    assert oicp.code(stopped) == (200, "000")
    assert stopped.json()["EMPPartnerSessionID"] == "emp-1"
    [action] = net.zc1_back.got(ACTION)
    assert (action.service_session_id, action.exec_partner_session_id) == (session_id, "ZC1-S-1")
    await net.zc1.event(session_id, 1, "2026-01-15T12:30:01Z")
    assert (await net.zc1.cdr(session_id, user_id=EVCO, user_id_type="eMA")).request_status == 1
    await net.hub.settle()
    [bill] = [body for path, body, _ in net.dcb_back.asked if path.endswith("charge-detail-record")]
    assert (bill["SessionID"], bill["EMPPartnerSessionID"], bill["CPOPartnerSessionID"]) == (
        session_id,
        "emp-1",
        "ZC1-S-1",
    )


@pytest.mark.parametrize(("status", "code"), [(205, "320"), (206, "501"), (10201, "501")])
async def test_a_refusal_of_emip_in_oicp(net: Net, status: int, code: str) -> None:
    net.zc1_back.status = status
    assert oicp.code(await net.dcb.post(REMOTE_START, start(EVSE))) == (200, code)
    net.zc1_back.broken = httpx.ReadTimeout("late")
    assert oicp.code(await net.dcb.post(REMOTE_START, start(EVSE))) == (200, "310")


# --- an eMSP on eMIP at an OCPI operator


@spec("EMIP-MAP-02", "EMIP-SES-05")
@pytest.mark.parametrize("nature", [0, 1])
async def test_an_emip_driver_at_an_ocpi_station(net: Net, nature: int) -> None:
    net.results_in({"result": "ACCEPTED"})
    answer = await net.zm1.start("NL*CPA*E1", partner_service_session_id="ZM1-S-1")
    assert (answer.request_status, answer.exec_partner_operator_id) == (1, "NL*CPA")
    session_id = answer.service_session_id
    [asked] = net.p1.seen("POST", "commands")
    assert (asked.party("from"), asked.party("to")) == ("FRZM1", "NLCPA")
    assert (asked.json["location_id"], asked.json["evse_uid"]) == ("LOC1", "E1")
    assert asked.json["authorization_reference"] == session_id
    assert {name: asked.json["token"][name] for name in DRIVER} == DRIVER
    assert (await net.zm1.act(session_id)).request_status == 10501  # OCPI has told of no session to stop
    told = session(cdr_token=DRIVER, authorization_reference=session_id, auth_method="COMMAND", evse_uid="E1")
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", told, to="FRZM1")
    await net.hub.relay()
    [event] = net.zm1_back.got(EVENT)
    assert (event.service_session_id, event.sale_partner_session_id) == (session_id, "ZM1-S-1")
    assert event.session_event.session_event_nature == 3
    assert (await net.zm1.act(session_id, nature)).request_status == 1
    stop = net.p1.seen("POST", "commands")[-1]
    assert stop.path.endswith("/STOP_SESSION")
    assert stop.json["session_id"] == "S1"


@spec("EMIP-ACT-06", "EMIP-MAP-02")
@pytest.mark.parametrize("nature", [2, 3, 9])
async def test_what_only_emip_can_do_to_a_session(net: Net, nature: int) -> None:
    net.results_in({"result": "ACCEPTED"})
    session_id = (await net.zm1.start("NL*CPA*E1")).service_session_id
    asked = len(net.p1.received)
    assert (await net.zm1.act(session_id, nature)).request_status == 10506
    assert len(net.p1.received) == asked


@spec("EMIP-MAP-06")
@pytest.mark.parametrize(
    ("result", "status"),
    [
        ("REJECTED", 205),
        ("EVSE_OCCUPIED", 205),
        ("NOT_SUPPORTED", 205),
        ("EVSE_INOPERATIVE", 206),
        ("TIMEOUT", 206),
        ("FAILED", 10201),
    ],
)
async def test_a_result_of_ocpi_in_emip(net: Net, result: str, status: int) -> None:
    net.results_in({"result": result})
    assert (await net.zm1.start("NL*CPA*E1")).request_status == status
    assert net.journey.state is JourneyState.REFUSED


@spec("EMIP-MAP-06")
async def test_an_ocpi_operator_that_is_away(net: Net) -> None:
    net.hub.network.silence("p1.test")
    assert (await net.zm1.start("NL*CPA*E1")).request_status == 10207


async def test_a_silence_is_no_yes(net: Net) -> None:
    assert (await net.zm1.start("NL*CPA*E1")).request_status == 206
    assert net.journey.state is JourneyState.REFUSED


@spec("EMIP-MAP-11")
async def test_an_evse_without_an_id_cannot_be_named(net: Net) -> None:
    assert (await net.zm1.start("NL*CPA*E2")).request_status == 201
    assert not net.p1.received


# --- an eMSP on eMIP at an OICP operator


@spec("EMIP-MAP-02")
async def test_an_emip_driver_at_an_oicp_station(net: Net) -> None:
    answer = await net.zm1.start("DE*ABC*E1", partner_service_session_id="ZM1-S-1")
    assert (answer.request_status, answer.exec_partner_operator_id) == (1, "DE*ABC")
    session_id = answer.service_session_id
    ((path, body, _),) = net.abc_back.asked
    assert path == "/api/oicp/charging/v21/providers/FR-ZM1/authorize-remote/start"
    by_contract = {"RemoteIdentification": {"EvcoID": contract_id_to_oicp(ContractId.parse(CONTRACT))}}
    assert body == {
        "SessionID": session_id,
        "EMPPartnerSessionID": "ZM1-S-1",
        "ProviderID": "FR-ZM1",
        "EvseID": "DE*ABC*E1",
        "Identification": by_contract,
    }
    await net.hub.relay()
    assert not net.zm1_back.got(EVENT)  # nothing has been said of a session
    assert (await net.zm1.act(session_id)).request_status == 1
    path, body, _ = net.abc_back.asked[-1]
    assert path == "/api/oicp/charging/v21/providers/FR-ZM1/authorize-remote/stop"
    assert (body["SessionID"], body["EMPPartnerSessionID"]) == (session_id, "ZM1-S-1")
    assert oicp.code(await net.abc.cdr(session_id, Identification=by_contract)) == (200, "000")
    await net.hub.settle()
    [bill] = net.zm1_back.got(CDR)
    record = bill.charge_detail_record
    assert (record.service_session_id, record.sale_partner_session_id) == (session_id, "ZM1-S-1")
    net.abc_back.refuses("400")
    assert (await net.zm1.act(session_id)).request_status == 1  # billed: there is nothing left to stop


@spec("EMIP-MAP-06")
@pytest.mark.parametrize(
    ("code", "status"), [("602", 205), ("320", 205), ("510", 205), ("700", 206), ("501", 206), ("021", 10201)]
)
async def test_a_refusal_of_oicp_in_emip(net: Net, code: str, status: int) -> None:
    net.abc_back.refuses(code)
    assert (await net.zm1.start("DE*ABC*E1")).request_status == status


@spec("EMIP-RSA-09")
async def test_what_is_forbidden_is_stopped_where_it_is_certain_what(net: Net) -> None:
    forbidden = {"authorisation_value": AuthorisationValue.REFUSED}
    assert (await net.zm1.start("DE*ABC*E1", **forbidden)).request_status == 10201
    assert not net.abc_back.asked
    session_id = (await net.zm1.start("DE*ABC*E1")).service_session_id
    assert (await net.zm1.start("DE*ABC*E1", **forbidden)).request_status == 1
    path, body, _ = net.abc_back.asked[-1]
    assert path.endswith("authorize-remote/stop")
    assert body["SessionID"] == session_id
    net.abc_back.refuses("320")
    assert (await net.zm1.start("DE*ABC*E1", **forbidden)).request_status == 10201
    net.abc_back.broken = httpx.ConnectError("gone")
    assert (await net.zm1.start("DE*ABC*E1", **forbidden)).request_status == 10207
    net.abc_back.broken = None
    net.abc_back.said = {"Result": True, "StatusCode": {"Code": "000"}}
    await net.zm1.start("DE*ABC*E1")
    asked = len(net.abc_back.asked)
    assert (await net.zm1.start("DE*ABC*E1", **forbidden)).request_status == 10201  # two run: which one is meant?
    assert len(net.abc_back.asked) == asked


async def test_a_badge_without_a_contract_starts_nothing_at_oicp(net: Net) -> None:
    badge = {"user_id": BADGE, "user_id_type": "RFID-UID"}
    assert (await net.zm1.start("DE*ABC*E1", **badge)).request_status == 205
    assert not net.abc_back.asked
    answer = await net.zm1.start("DE*ABC*E1", **badge, user_contract_id_alias=CONTRACT)
    assert answer.request_status == 1


async def test_a_session_that_oicp_does_not_know(net: Net) -> None:
    session_id = (await net.zm1.start("DE*ABC*E1")).service_session_id
    for code, status in (("400", 10501), ("501", 206), ("320", 10503), ("021", 10507)):
        net.abc_back.refuses(code)
        assert (await net.zm1.act(session_id)).request_status == status
    net.abc_back.broken = httpx.ReadTimeout("late")
    assert (await net.zm1.act(session_id)).request_status == 10504


async def test_limits_are_for_emip_only(net: Net) -> None:
    limits = MeterReportList(meter_report=(report(2, "22000", "Wh"),))
    answer = await net.zm1.start("DE*ABC*E1", meter_limit_list=limits, intermediate_cdr_requested=Flag.YES)
    assert answer.request_status == 1
    assert "22000" not in str(net.abc_back.asked)


# --- OCHP has no remote start


async def test_an_ochp_operator_is_not_asked(net: Net) -> None:
    partner, _ = await net.hub.add(ochp_document("CPO", "NLOLD", callback_url="http://old.test"))
    owner = PartyId("NL", "OLD")
    place = emip.place("NL*OLD*E1")
    await net.hub.hub.locations.put(partner, replace(place, owner=owner))
    before = len(net.hub.network.seen)
    answer = await net.zm1.start("NL*OLD*E1")
    assert (answer.request_status, answer.exec_partner_operator_id) == (205, "NL*OLD")
    assert len(net.hub.network.seen) == before
    assert not net.hub.storage.journeys.held


# --- beyond commands: what the two sides tell each other


def authorizing(net: Net, allowed: str) -> None:
    """What the OCPI eMSP says of every card."""
    info = {"allowed": allowed, "token": token(BADGE, contract_id="DE-EMB-C12345678")}
    net.p2.answers["POST", "tokens"] = (200, envelope(info), {})


@spec("EMIP-GEN-10", "EMIP-MAP-05")
@pytest.mark.parametrize(
    ("allowed", "value", "status"), [("ALLOWED", 1, 1), ("NOT_ALLOWED", 2, 1), ("BLOCKED", 2, 1), ("NO_CREDIT", 2, 1)]
)
async def test_a_badge_of_an_ocpi_emsp_at_an_emip_station(net: Net, allowed: str, value: int, status: int) -> None:
    await net.p2.call(net.hub, "PUT", f"tokens/receiver/DE/EMB/{BADGE}", token(BADGE))
    authorizing(net, allowed)
    answer = await net.zc1.ask()
    assert (answer.authorisation_value, answer.request_status) == (value, status)
    assert (answer.sale_partner_operator_id, answer.intermediate_cdr_requested) == ("DE*EMB", Flag.NO)
    assert answer.service_session_id
    assert not net.zm1_back.received


@spec("EMIP-MTR-07", "EMIP-MTR-01")
async def test_intermediate_records_are_asked_for_where_the_operator_of_the_hub_wants_them(net: Net) -> None:
    await net.p2.call(net.hub, "PUT", f"tokens/receiver/DE/EMB/{BADGE}", token(BADGE))
    authorizing(net, "ALLOWED")
    held = net.hub.storage.partners.held[net.zc1.partner.id]
    settings = msgspec.json.decode(held.settings) | {"intermediate_records": True}
    await net.hub.storage.partners.update(replace(held, settings=msgspec.json.encode(settings).decode()))
    answer = await net.zc1.ask()
    assert answer.intermediate_cdr_requested is Flag.YES
    reading = MeterReportList(meter_report=(report(2, "4000", "Wh"),))
    members = {"cdr_nature": CdrNature.INTERMEDIATE, "end_time": "2026-01-15T10:20:00Z", "meter_report_list": reading}
    assert (await net.zc1.cdr(answer.service_session_id, **members)).request_status == 1
    await net.hub.relay()
    assert net.p2.seen("PUT", "sessions")[-1].json["kwh"] == 4
    await net.ocpi_start()
    await net.told()
    assert net.zc1_back.got(START)[0].intermediate_cdr_requested is Flag.YES


@spec("EMIP-AUTH-23")
async def test_a_badge_of_an_emip_emsp_at_an_ocpi_station(net: Net) -> None:
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(evses=[evse(evse_id="NL*CPA*E1")]))
    place = {"location_id": "LOC1", "evse_uids": ["E1"]}
    answer = await net.p1.call(net.hub, "POST", f"tokens/sender/{BADGE}/authorize", place, to="FRZM1")
    assert answer.json()["data"]["allowed"] == "ALLOWED", answer.text
    [asked] = net.zm1_back.got(from_iop.GetServiceAuthorisationRequest)
    assert (asked.operator_id, asked.target_operator_id, asked.evse_id) == ("NL*CPA", "FR*ZM1", "NL*CPA*E1")
    assert (asked.user_id_type, asked.user_id) == ("RFID-UID", BADGE)
    assert asked.service_session_id == net.journey.id


@spec("EMIP-AUTH-23")
async def test_a_badge_of_an_emip_emsp_at_an_oicp_station(net: Net) -> None:
    net.dcb_back.code = "102"
    answer = await net.abc.start(oicp.rfid(BADGE), EvseID="DE*ABC*E1")
    assert answer.json()["AuthorizationStatus"] == "Authorized"
    [asked] = net.zm1_back.got(from_iop.GetServiceAuthorisationRequest)
    assert (asked.evse_id, asked.service_session_id) == ("DE*ABC*E1", answer.json()["SessionID"])


@spec("EMIP-DYN-09")
async def test_a_status_of_emip_reaches_an_ocpi_emsp(net: Net) -> None:
    assert await net.zc1.available(AvailabilityStatus.IN_SERVICE, "2026-01-15T11:00:00Z") == 1
    assert await net.zc1.busy(BusyStatus.BUSY, "2026-01-15T11:00:01Z") == 1
    await net.hub.relay()
    patch = net.p2.seen("PATCH", "locations")[-1]
    assert (patch.json["status"], patch.segments[-1]) == ("CHARGING", "u1")
    assert not net.zm1_back.received


@spec("EMIP-EVT-11")
async def test_an_emsp_that_follows_no_sessions(net: Net) -> None:
    """OCHP has no sessions: the hub keeps them."""
    document = ochp_document("EMSP", "NLOLP", callback_url="http://olp.test")
    partner, _ = await net.hub.add(document)
    card = token_of(PartyId("NL", "OLP"), "04B1B2C3D4E5F6", at=net.hub.clock.now())
    await net.hub.hub.tokens.put(partner, card)
    answer = await net.zc1.ask(card.uid.text)
    assert answer.authorisation_value == 1
    assert (await net.zc1.event(answer.service_session_id, 3, "2026-01-15T12:00:01Z")).request_status == 1
    await net.hub.relay()
    assert len(net.hub.storage.sessions.held) == 1
    assert not net.hub.network.requests_to("olp.test")


def token_of(issuer: PartyId, uid: str, at: datetime) -> Token:
    return Token(
        issuer=issuer,
        uid=TokenUid.parse(uid),
        kind=TokenKind.RFID,
        contract_id=ContractId.parse("NL-OLP-C12345678"),
        valid=True,
        whitelist=Whitelist.ALWAYS,
        updated_at=at,
    )
