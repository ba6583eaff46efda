"""Charge detail records. OICP 2.3, eRoamingChargeDetailRecord_V2.2, eRoamingGetChargeDetailRecords_V2.2."""

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from core.model.authorisation import JourneyState
from core.model.cdr import CdrState
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import (
    CARD,
    Emp,
    Reached,
    cdr,
    code,
    cpo,
    emp,
    errors,
    join,
    opened,
    pnc,
    record,
    rfid,
)


async def trio(hub: TestHub, **answer: Any) -> tuple[Reached, Reached, Emp]:
    back = Emp(CARD, **answer)
    return await join(hub, cpo(sub_ids=["DE*XYZ"])), await join(hub, emp(), back), back


async def begun(abc: Reached, **members: Any) -> str:
    session_id: str = (await abc.start(rfid(), **members)).json()["SessionID"]
    assert session_id
    return session_id


def sent(back: Emp) -> list[dict[str, Any]]:
    return [body for path, body, _ in back.asked if path.endswith("charge-detail-record")]


# --- from the CPO


@pytest.mark.spec("OICP-URL-05", "OICP-URL-28", "OICP-CDR-03", "OICP-SES-09", "OICP-SES-13", "OICP-SES-11")
@pytest.mark.spec("OICP-CDR-06", "OICP-NET-17", "OICP-NET-19", "OICP-DT-08", "OICP-CDR-18")
async def test_a_record_goes_unchanged_to_the_emp_of_the_session() -> None:
    async with opened() as hub:
        abc, _, back = await trio(hub, EMPPartnerSessionID="emp-1")
        session_id = await begun(abc, CPOPartnerSessionID="c1")
        body = cdr(
            session_id.upper(),
            EvseID="deabce1*2",
            Identification=pnc("DE-8EO-C12345678-X"),
            SessionStart="2026-01-15T10:00:00.038+05:30",
            ChargingStart="2026-01-15T10:00:00.10+05:30",
            ConsumedEnergy=Decimal("10.1234"),
            MeterValueStart=Decimal("10.100"),
            MeterValueEnd=Decimal("20.0"),
            MeterValueInBetween={"meterValues": [Decimal("11.0"), Decimal("12.50")]},
            HubOperatorID="DE*HUB",
            HubProviderID="DE-HUB",
            PartnerProductID="AC 1",
            SignedMeteringValues=[{"SignedMeteringValue": "OCMF|{}", "MeteringStatus": "Start"}],
            CustomData={"z": Decimal("1.50")},
        )
        answer = await abc.post("cdrmgmt/v22/operators/{id}/charge-detail-record", body)
        assert code(answer) == (200, "000")
        said = answer.json()
        assert (said["SessionID"], said["CPOPartnerSessionID"], said["EMPPartnerSessionID"]) == (
            session_id,
            "c1",
            "emp-1",
        )
        [settled] = await hub.settle()
        assert settled.state is CdrState.DELIVERED
        path, received, _ = back.asked[-1]
        assert path == "/api/oicp/cdrmgmt/v22/operators/DE%2AABC/charge-detail-record"
        assert received == {**body, "CPOPartnerSessionID": "c1", "EMPPartnerSessionID": "emp-1"}
        for digits in (b"10.1234", b"10.100", b"20.0", b"12.50", b'"z":1.50'):
            assert digits in back.raw[-1]


@pytest.mark.spec("OICP-CDR-06")
async def test_no_session_id_is_made_up_for_a_partner() -> None:
    async with opened() as hub:
        abc, _, back = await trio(hub)
        session_id = await begun(abc)
        await abc.cdr(session_id)
        await hub.settle()
        assert sent(back) == [cdr(session_id)]


@pytest.mark.spec("OICP-SES-07", "OICP-CDR-02", "OICP-ERR-28")
async def test_the_second_record_is_refused() -> None:
    async with opened() as hub:
        abc, _, back = await trio(hub)
        session_id = await begun(abc)
        assert code(await abc.cdr(session_id)) == (200, "000")
        assert hub.storage.journeys.held[session_id].state is JourneyState.BILLED
        for again in (cdr(session_id), cdr(session_id, ConsumedEnergy=1), cdr(session_id.upper())):
            answer = await abc.post("cdrmgmt/v22/operators/{id}/charge-detail-record", again)
            assert (code(answer), answer.json()["Result"]) == ((404, "400"), False)
        await hub.settle()
        assert len(sent(back)) == 1
        assert len(hub.storage.cdrs.held) == 1


@pytest.mark.spec("OICP-SES-17")
async def test_of_two_at_once_one_is_taken() -> None:
    async with opened() as hub:
        abc, _, _ = await trio(hub)
        session_id = await begun(abc)
        answers = await asyncio.gather(*(abc.cdr(session_id) for _ in range(5)))
        assert sorted(map(code, answers)) == [(200, "000")] + [(404, "400")] * 4


@pytest.mark.spec("OICP-SES-06", "OICP-CDR-01", "OICP-SEC-14")
async def test_sessions_that_are_not_the_callers() -> None:
    async with opened() as hub:
        abc, _, _ = await trio(hub)
        bbb = await join(hub, cpo("DE*BBB"))
        session_id = await begun(abc)
        unknown = "f98efba4-02d8-4fa0-b810-9a9d50d2c527"
        for caller, name in ((bbb, session_id), (abc, unknown)):
            assert code(await caller.cdr(name)) == (404, "400")
        assert code(await abc.cdr(session_id, EvseID="DE*BBB*E1")) == (200, "018")
        assert code(await abc.cdr(unknown, EvseID="DE*BBB*E1", ConsumedEnergy=-1)) == (404, "400")
        assert code(await abc.cdr(session_id, EvseID="DE*BBB*E1", ConsumedEnergy=-1)) == (200, "018")
        assert not hub.storage.cdrs.held
        assert code(await abc.cdr(session_id, EvseID="DE*XYZ*E1")) == (200, "000")


@pytest.mark.spec("OICP-CDR-11", "OICP-CDR-12", "OICP-CDR-01")
@pytest.mark.parametrize(
    "wrong",
    [
        {"ChargingEnd": "2026-01-15T10:00:59+01:00"},
        {"SessionEnd": "2026-01-15T09:59:59+01:00"},
        {"SessionEnd": "2026-01-15T12:05:01Z"},
        {"ConsumedEnergy": Decimal("-0.001")},
        {"ConsumedEnergy": 10500},
        {"MeterValueStart": 10, "MeterValueEnd": 9},
    ],
)
async def test_what_cannot_be_is_refused_and_may_be_corrected(wrong: dict[str, Any]) -> None:
    async with opened() as hub:
        abc, _, _ = await trio(hub)
        session_id = await begun(abc)
        answer = await abc.cdr(session_id, **wrong)
        assert (code(answer), answer.json()["Result"]) == ((200, "022"), False)
        assert answer.json()["StatusCode"]["AdditionalInfo"]
        assert not hub.storage.cdrs.held
        assert code(await abc.cdr(session_id)) == (200, "000")


@pytest.mark.spec("OICP-CDR-11", "OICP-CDR-20", "OICP-CDR-21", "OICP-CDR-15")
@pytest.mark.parametrize(
    "odd",
    [
        {"SessionEnd": "2026-01-15T12:05:00Z"},
        {"ChargingStart": "2026-01-15T09:00:00+01:00"},
        {"ChargingEnd": "2026-01-15T12:30:00+01:00"},
        {"MeterValueStart": 0, "MeterValueEnd": 99},
        {"ConsumedEnergy": 0},
        {"SessionEnd": "2026-01-15T13:04:59+01:00"},
    ],
)
async def test_what_is_merely_odd_is_taken(odd: dict[str, Any]) -> None:
    async with opened() as hub:
        abc, _, _ = await trio(hub)
        assert code(await abc.cdr(await begun(abc), **odd)) == (200, "000")


@pytest.mark.spec("OICP-CDR-21", "OICP-CDR-41")
async def test_a_late_record_counts_when_it_came() -> None:
    async with opened() as hub:
        abc, provider, _ = await trio(hub)
        session_id = await begun(abc)
        hub.clock.advance(90 * 24 * 3600)
        assert code(await abc.cdr(session_id)) == (200, "000")
        today = {"From": "2026-04-15T00:00:00+02:00", "To": "2026-04-15T16:00:00+02:00"}
        assert (await provider.fetch(**today)).json()["totalElements"] == 1
        then = {"From": "2026-01-15T00:00:00Z", "To": "2026-01-16T00:00:00Z"}
        assert (await provider.fetch(**then)).json()["totalElements"] == 0


@pytest.mark.spec("OICP-CDR-13")
async def test_external_calibration_data_need_signed_values() -> None:
    async with opened() as hub:
        abc, _, _ = await trio(hub)
        await abc.push_data("insert", record(CalibrationLawDataAvailability="External"))
        session_id = await begun(abc)
        assert code(await abc.cdr(session_id)) == (200, "022")
        signed = [{"SignedMeteringValue": "x", "MeteringStatus": "End"}]
        assert code(await abc.cdr(session_id, SignedMeteringValues=signed)) == (200, "000")


@pytest.mark.spec("OICP-CDR-14", "OICP-DT-01", "OICP-NET-18", "OICP-SES-12", "OICP-DT-05")
@pytest.mark.parametrize(
    ("members", "field"),
    [
        *[({name: None}, name[:1].lower() + name[1:]) for name in cdr("x") if name != "SessionID"],
        ({"SignedMeteringValues": [{"SignedMeteringValue": "x"}] * 11}, "signedMeteringValues"),
        (
            {"SignedMeteringValues": [{"SignedMeteringValue": "x" * 3001}]},
            "signedMeteringValues[0].signedMeteringValue",
        ),
        ({"SessionStart": "2014-02-01T15:45:00"}, "sessionStart"),
        ({"SessionStart": "2014-02-31T15:45:00Z"}, "sessionStart"),
        ({"ConsumedEnergy": "lots"}, "consumedEnergy"),
        ({"MeterValueInBetween": {"meterValues": "x"}}, "meterValueInBetween.meterValues"),
        ({"CPOPartnerSessionID": "x" * 251}, "cPOPartnerSessionID"),
        ({"PartnerProductID": "x" * 101}, "partnerProductID"),
        ({"HubProviderID": "DE|HUB"}, "hubProviderID"),
        ({"EvseID": "DE*ABC"}, "evseID"),
    ],
)
async def test_wrong_records(members: dict[str, Any], field: str) -> None:
    async with opened() as hub:
        abc, _, _ = await trio(hub)
        session_id = await begun(abc)
        assert errors(await abc.cdr(session_id, **members)) == [field]
        assert not hub.storage.cdrs.held
        assert hub.storage.journeys.held[session_id].state is not JourneyState.BILLED


@pytest.mark.spec("OICP-CDR-16", "OICP-CDR-17", "OICP-CDR-14", "OICP-CDR-18")
@pytest.mark.parametrize(
    "identification",
    [
        rfid(),
        pnc(),
        {"RFIDIdentification": {"UID": CARD, "RFID": "mifareCls"}},
        {"RemoteIdentification": {"EvcoID": "DE-DCB-C12345678-X"}},
        {"QRCodeIdentification": {"EvcoID": "DE-DCB-C12345678-X"}},
    ],
)
async def test_other_forms_are_taken(identification: dict[str, Any]) -> None:
    async with opened() as hub:
        abc, _, back = await trio(hub)
        signed = [{"SignedMeteringValue": "x" * 3000, "MeteringStatus": "Progress"}] * 10
        more = {"SignedMeteringValues": signed, "MeterValueInBetween": [1, Decimal("2.5")], "HubProviderId": "DE-HUB"}
        answer = await abc.cdr(await begun(abc), Identification=identification, **more)
        assert code(answer) == (200, "000")
        await hub.settle()
        [body] = sent(back)
        assert body["MeterValueInBetween"] == {"meterValues": [1, Decimal("2.5")]}
        assert body["HubProviderID"] == "DE-HUB"
        assert body["SignedMeteringValues"] == signed
