"""Charging notifications: forwarded while the operator waits, or told as a session. OICP 2.3, rows OICP-NOTIF."""

from decimal import Decimal
from typing import Any

import httpx
import pytest

from core.model.authorisation import JourneyState
from core.model.session import SessionStatus
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, envelope, evse, location, session, token
from tests.flows.oicp_partners import (
    CARD,
    NOTIFY,
    Emp,
    Reached,
    code,
    cpo,
    emp,
    errors,
    join,
    notification,
    opened,
    pnc,
    record,
    rfid,
)

spec = pytest.mark.spec


async def pair(hub: TestHub, **settings: Any) -> tuple[Reached, Emp, str]:
    """A CPO, its EMP's back office, and a session between them."""
    back = Emp(CARD)
    abc = await join(hub, cpo())
    await join(hub, emp(**settings), back)
    session_id: str = (await abc.start(rfid(), CPOPartnerSessionID="c1")).json()["SessionID"]
    assert session_id
    back.asked.clear()
    return abc, back, session_id


def told(back: Emp) -> list[dict[str, Any]]:
    return [body for path, body, _ in back.asked if path == f"/api/oicp/{NOTIFY}"]


# --- to an EMP on OICP


@spec("OICP-URL-06", "OICP-URL-29", "OICP-NOTIF-02", "OICP-NOTIF-06", "OICP-NOTIF-13")
@pytest.mark.parametrize("medium", [None, rfid(), pnc("DE-8EO-C12345678-X")])
@pytest.mark.parametrize("kind", ["Start", "Progress", "End", "Error"])
async def test_a_notification_goes_unchanged_to_the_emp(kind: str, medium: Any) -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        more: dict[str, Any] = {"CustomData": {"z": Decimal("1.50")}, "Identification": medium}
        body = notification(kind, session_id, EMPPartnerSessionID="e1", CPOPartnerSessionID="c1", **more)
        assert code(await abc.post(NOTIFY, body)) == (200, "000")
        assert told(back) == [body]


@spec("OICP-NOTIF-07", "OICP-SES-09")
async def test_the_emps_own_answer_is_given_back() -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        back.acknowledgement |= {"EMPPartnerSessionID": "e7"}
        said = (await abc.notify("Start", session_id)).json()
        assert (said["SessionID"], said["CPOPartnerSessionID"], said["EMPPartnerSessionID"]) == (session_id, "c1", "e7")
        back.acknowledgement = {"Result": False, "StatusCode": {"Code": "021", "AdditionalInfo": "not now"}}
        answer = await abc.notify("End", session_id)
        assert code(answer) == (200, "021")
        assert answer.json()["StatusCode"]["AdditionalInfo"] == "not now"
        assert answer.json()["SessionID"] == session_id


@spec("OICP-NOTIF-08")
@pytest.mark.parametrize(
    "broken",
    [httpx.ReadTimeout("late"), httpx.ConnectError("nobody"), httpx.Response(500), httpx.Response(200, content=b"x")],
)
async def test_an_emp_that_gives_no_answer_is_310_and_nothing_is_kept(broken: Any) -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        back.broken = broken
        assert code(await abc.notify("Start", session_id)) == (200, "310")
        assert not hub.storage.sessions.held


@spec("OICP-NOTIF-10", "OICP-NOTIF-16")
async def test_an_emp_that_cannot_be_told_is_320() -> None:
    for settings in ({"notifications": False}, {}):
        async with opened() as hub:
            abc, back, session_id = await pair(hub, **settings)
            if not settings:
                back.broken = httpx.Response(404, content=b"no such path")
            assert code(await abc.notify("Start", session_id)) == (200, "320")
            back.broken = None
            dcb = next(partner for partner in await hub.hub.partners.all() if partner.name == "EMSP DE-DCB")
            await hub.hub.partners.suspend(dcb.id)
            back.asked.clear()
            assert code(await abc.notify("Start", session_id)) == (200, "320")
            assert not back.asked
            assert not hub.storage.sessions.held


@spec("OICP-NOTIF-16")
async def test_a_locked_operator_is_017() -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        await hub.hub.partners.suspend(abc.partner.id)
        assert code(await abc.notify("Start", session_id)) == (401, "017")
        assert not told(back)


@spec("OICP-NOTIF-01", "OICP-SES-06", "OICP-ERR-28")
async def test_only_the_operator_of_an_open_session_notifies() -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        other = await join(hub, cpo("DE*XYZ"))
        assert code(await other.notify("Start", session_id, OperatorID="DE*XYZ")) == (404, "400")
        assert code(await other.notify("Start", session_id)) == (401, "017")
        assert code(await abc.notify("Start", "00000000-0000-4000-8000-00000000dead")) == (404, "400")
        assert errors(await abc.notify("Start", session_id, ChargingStart=None)) == ["chargingStart"]
        assert not told(back)


@spec("OICP-NOTIF-02", "OICP-NOTIF-03", "OICP-NOTIF-04")
@pytest.mark.parametrize(
    ("kind", "members", "fields"),
    [
        ("Pause", {}, ["type"]),
        ("", {"Type": None}, ["type"]),
        ("Start", {"EvseID": None}, ["evseID"]),
        ("Start", {"ChargingStart": None}, ["chargingStart"]),
        ("Progress", {"ChargingStart": None}, ["chargingStart"]),
        ("Progress", {"EventOccurred": None}, ["eventOccurred"]),
        ("Progress", {"ConsumedEnergyProgress": None}, ["chargingDuration"]),
        ("End", {"ChargingEnd": None}, ["chargingEnd"]),
        ("End", {"ChargingEnd": "2026-02-30T10:00:00Z"}, []),
        ("Error", {"ErrorType": None}, ["errorType"]),
        ("Error", {"ErrorType": "Sad"}, ["errorType"]),
        ("Error", {"ErrorAdditionalInfo": "x" * 251}, ["errorAdditionalInfo"]),
        ("Start", {"SessionID": "short"}, ["sessionID"]),
        ("Start", {"Identification": {**rfid(), **pnc()}}, ["identification"]),
    ],
)
async def test_a_wrong_notification_is_named(kind: str, members: dict[str, Any], fields: list[str]) -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        answer = await abc.notify(kind, members.pop("SessionID", session_id), **members)
        if fields:
            assert errors(answer) == fields
            assert not told(back)
            assert not hub.storage.sessions.held
        else:  # the form is right, and an odd time passes
            assert code(answer) == (200, "000")


@spec("OICP-NOTIF-05")
async def test_progress_comes_at_most_every_five_minutes() -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        assert code(await abc.notify("Progress", session_id)) == (200, "000")
        hub.clock.advance(299)
        answer = await abc.notify("Progress", session_id)
        assert code(answer) == (200, "022")
        assert "300 seconds" in answer.json()["StatusCode"]["AdditionalInfo"]
        assert code(await abc.notify("Start", session_id)) == (200, "000")
        hub.clock.advance(1)
        assert code(await abc.notify("Progress", session_id)) == (200, "000")
        assert [body["Type"] for body in told(back)] == ["Progress", "Start", "Progress"]


@spec("OICP-NOTIF-11", "OICP-SES-08", "OICP-NOTIF-14", "OICP-NOTIF-15")
async def test_notifications_neither_close_a_session_nor_replace_its_record() -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        for kind in ("Start", "Start", "End", "Error", "End"):
            odd = {"ChargingEnd": "2026-01-15T08:00:00+01:00", "SessionEnd": "2026-01-15T08:00:00+01:00"}
            assert code(await abc.notify(kind, session_id, **(odd if kind == "End" else {}))) == (200, "000")
        [held] = hub.storage.sessions.held.values()
        assert (held.id, held.status, held.journey_id) == ("c1", SessionStatus.COMPLETED, session_id)
        assert held.extensions["oicp"].count('"Type"') == 5
        assert code(await abc.cdr(session_id)) == (200, "000")
        assert code(await abc.notify("End", session_id)) == (404, "400")
        assert len(told(back)) == 5


@spec("OICP-NOTIF-12")
@pytest.mark.parametrize("word", ["ConnectorError", "Connector Error", "CriticalError", "Critical Error"])
async def test_both_spellings_of_an_error_pass_as_received(word: str) -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        assert code(await abc.notify("Error", session_id, ErrorType=word)) == (200, "000")
        assert told(back)[0]["ErrorType"] == word


@spec("OICP-SEC-07")
async def test_the_caller_is_named_by_the_body_or_is_its_only_operator() -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        assert code(await abc.notify("Start", session_id, OperatorID=None)) == (200, "000")
        assert "OperatorID" not in told(back)[0]
        assert errors(await abc.notify("Start", session_id, OperatorID=7)) == ["operatorID"]
        assert errors(await abc.post(NOTIFY, b"{")) == [""]
        two = await join(hub, cpo("DE*TWO", roles=[_cpo_role("TWO"), _cpo_role("TWA")]))
        assert errors(await two.notify("Start", session_id, OperatorID=None)) == ["operatorID"]
        stranger = await abc.post(NOTIFY, notification("Start", session_id), headers={"authorization": "Bearer x"})
        assert code(stranger) == (401, "017")


def _cpo_role(party_id: str) -> dict[str, str]:
    return {"role": "CPO", "country_code": "DE", "party_id": party_id}


@spec("OICP-NOTIF-09")
async def test_a_failure_of_the_hub_itself_is_001(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened() as hub:
        abc, _, session_id = await pair(hub)

        async def fails(*_: Any, **__: Any) -> Any:
            raise RuntimeError("unforeseen")

        monkeypatch.setattr(hub.hub.sessions, "report", fails)
        assert code(await abc.notify("Start", session_id)) == (500, "001")


async def test_a_pin_is_neither_kept_nor_passed_on() -> None:
    async with opened() as hub:
        abc, back, session_id = await pair(hub)
        medium = {"QRCodeIdentification": {"EvcoID": "DE-DCB-C12345678-X", "PIN": "4711"}}
        assert code(await abc.notify("Start", session_id, Identification=medium)) == (200, "000")
        [held] = hub.storage.sessions.held.values()
        assert "4711" not in str(held)
        assert "PIN" not in told(back)[0]["Identification"]["QRCodeIdentification"]


# --- to an eMSP on OCPI, and from an operator on OCPI


async def asked_emsp(hub: TestHub) -> OcpiPartner:
    """An OCPI eMSP that says yes."""
    p2 = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
    yes = {"allowed": "ALLOWED", "token": token(CARD), "authorization_reference": "ref-1"}
    p2.answers["POST", "tokens"] = (200, envelope(yes), {})
    return p2


async def test_an_ocpi_emsp_follows_the_session_of_an_oicp_operator() -> None:
    async with TestHub.open([OCPI, OICP]) as hub:
        p2 = await asked_emsp(hub)
        abc = await join(hub, cpo())
        await abc.push_data("fullLoad", record())
        started = await abc.start(rfid(), EvseID="DE*ABC*E1", CPOPartnerSessionID="c1")
        session_id = started.json()["SessionID"]
        end = {"ConsumedEnergy": Decimal("10.123"), "SessionEnd": "2026-01-15T11:00:00+01:00"}
        for kind, more in (("Start", {}), ("Progress", {}), ("End", {}), ("Error", {}), ("End", end)):
            assert code(await abc.notify(kind, session_id, **more)) == (200, "000")
            await hub.relay()
            hub.clock.advance(360)
        seen = [request.json for request in p2.seen("PUT", "sessions")]
        assert [(one["status"], one["kwh"], one.get("end_date_time")) for one in seen] == [
            ("ACTIVE", 0, None),
            ("ACTIVE", 1.2, None),
            ("ACTIVE", 1.2, None),
            ("ACTIVE", 1.2, None),
            ("COMPLETED", 10.123, "2026-01-15T10:00:00Z"),
        ]
        last = seen[-1]
        assert {last["id"] for last in seen} == {"c1"}
        assert (last["authorization_reference"], last["cdr_token"]["uid"]) == ("ref-1", CARD)
        assert last["evse_uid"].endswith("E1")
        assert last["start_date_time"] == "2026-01-15T09:01:00Z"
        assert session_id not in str(seen)


async def test_an_emp_is_notified_of_the_session_of_an_ocpi_operator() -> None:
    async with TestHub.open([OCPI, OICP]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        back = Emp(CARD, EMPPartnerSessionID="e1")
        await join(hub, emp(), back)
        await p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(evses=[evse(evse_id="NL*CPA*E1")]))
        asked = await p1.call(hub, "POST", f"tokens/sender/{CARD}/authorize", {"location_id": "LOC1"})
        reference = asked.json()["data"]["authorization_reference"]
        [journey] = hub.storage.journeys.held.values()
        running = session(authorization_reference=reference, evse_uid="E1", kwh=0, cdr_token=_dcb_token())
        at = "2026-01-15T12:0{}:00Z"
        steps: list[dict[str, Any]] = [
            {"last_updated": at.format(0)},
            {"last_updated": at.format(1), "kwh": 2.5},
            {"last_updated": at.format(2), "kwh": 3.1},
            {"last_updated": at.format(3), "kwh": 9.9994, "status": "COMPLETED", "end_date_time": at.format(3)},
            {"last_updated": at.format(4), "kwh": 9.9994, "status": "COMPLETED", "end_date_time": at.format(3)},
        ]
        for step in steps:
            put = await p1.call(hub, "PUT", "sessions/receiver/NL/CPA/S1", running | step, to="DEDCB")
            assert put.json()["status_code"] == 1000, put.text
            await hub.relay()
        bodies = told(back)
        assert [body["Type"] for body in bodies] == ["Start", "Progress", "End"]
        assert {(body["SessionID"], body["CPOPartnerSessionID"], body["EMPPartnerSessionID"]) for body in bodies} == {
            (journey.id, "S1", "e1")
        }
        assert {body["EvseID"] for body in bodies} == {"NL*CPA*E1"}
        assert (bodies[1]["ConsumedEnergyProgress"], bodies[2]["ConsumedEnergy"]) == (Decimal("2.5"), Decimal("9.999"))
        assert (bodies[2]["SessionEnd"], bodies[0]["Identification"]) == ("2026-01-15T13:03:00+01:00", rfid())
        lost = {loss.path for one in hub.storage.outbox.deliveries.values() for loss in one.losses}
        assert {"currency", "ChargingStart", "energy_kwh"} <= lost
        assert "SessionStart" not in lost
        assert next(iter(hub.storage.journeys.held.values())).state is JourneyState.ENDED


async def test_an_emp_that_was_away_is_notified_when_it_is_back() -> None:
    async with TestHub.open([OCPI, OICP]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        back = Emp(CARD)
        dcb = await join(hub, emp(), back)
        await p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(evses=[evse(evse_id="NL*CPA*E1")]))
        asked = await p1.call(hub, "POST", f"tokens/sender/{CARD}/authorize", {"location_id": "LOC1"})
        ended = session(
            authorization_reference=asked.json()["data"]["authorization_reference"],
            cdr_token=_dcb_token(), evse_uid="E1", kwh=3, status="COMPLETED", end_date_time="2026-01-15T12:03:00Z",
        )  # fmt: skip
        back.broken = httpx.ConnectError("away")
        await p1.call(hub, "PUT", "sessions/receiver/NL/CPA/S1", ended, to="DEDCB")
        await hub.relay()
        back.broken = None
        back.asked.clear()
        await hub.hub.partners.reached(dcb.partner.id)
        await hub.relay()
        assert [body["Type"] for body in told(back)] == ["Start", "End"]


def _dcb_token() -> dict[str, Any]:
    return {"country_code": "DE", "party_id": "DCB", "uid": CARD, "type": "RFID", "contract_id": "#NA"}
