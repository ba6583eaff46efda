"""Charge detail records. OICP 2.3, eRoamingChargeDetailRecord_V2.2, eRoamingGetChargeDetailRecords_V2.2."""

import asyncio
from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from core.model.authorisation import JourneyState
from core.model.cdr import CdrLocation, CdrState
from core.model.ids import EvseId
from core.model.partner import PartnerState
from core.model.quantities import Price
from core.model.session import CdrToken
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import (
    CARD,
    GET_CDRS,
    Emp,
    Reached,
    cdr,
    code,
    cpo,
    decode,
    emp,
    errors,
    join,
    opened,
    pnc,
    record,
    rfid,
)
from tests.unit.core.examples import cdr as core_cdr


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


# --- to the EMP


@pytest.mark.spec("OICP-CDR-04", "OICP-CDR-07", "OICP-CDR-09", "OICP-CDR-05")
@pytest.mark.parametrize(
    ("trouble", "state"),
    [
        (httpx.ReadTimeout("slow"), CdrState.FETCHABLE),
        (httpx.Response(500, content=b"<html>"), CdrState.FETCHABLE),
        (httpx.Response(200, content=b'{"Result":false,"StatusCode":{"Code":"022"}}'), CdrState.FETCHABLE),
        (httpx.Response(200, content=b'{"Result":false}'), CdrState.FETCHABLE),
        (httpx.Response(404, content=b'{"StatusCode":{"Code":"400"}}'), CdrState.FETCHABLE),
        (httpx.ConnectError("down"), CdrState.WAITING),
        (httpx.Response(503, content=b"later"), CdrState.WAITING),
        (httpx.Response(200, content=b'{"Result":true,"StatusCode":{"Code":"601"}}'), CdrState.DELIVERED),
        (httpx.Response(200, content=b'{"Result":true}'), CdrState.DELIVERED),
    ],
)
async def test_the_cpo_is_acknowledged_whatever_becomes_of_it(trouble: Any, state: CdrState) -> None:
    async with opened() as hub:
        abc, provider, back = await trio(hub)
        session_id = await begun(abc)
        back.broken = trouble
        assert code(await abc.cdr(session_id)) == (200, "000")
        assert not sent(back)
        [settled] = await hub.settle()
        assert settled.state is state
        assert bool(settled.last_error) is (state is not CdrState.DELIVERED)
        assert len(sent(back)) == 1
        await hub.settle()
        assert len(sent(back)) == (2 if state is CdrState.WAITING else 1)
        forwarded = (await provider.fetch(CDRForwarded=True)).json()["totalElements"]
        assert forwarded == (1 if state is CdrState.DELIVERED else 0)


@pytest.mark.spec("OICP-CDR-04", "OICP-CDR-10", "OICP-CDR-07")
@pytest.mark.parametrize("locked", [False, True])
async def test_an_offline_or_locked_emp_fetches(locked: bool) -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(CARD)
        provider = await join(hub, emp("DE-OFF"), back if locked else None)
        await provider.push_cards("insert", rfid())
        session_id = await begun(abc)
        if locked:
            await hub.hub.partners.suspend(provider.partner.id)
        assert code(await abc.cdr(session_id)) == (200, "000")
        [settled] = await hub.settle()
        assert settled.state is CdrState.FETCHABLE
        assert not back.asked
        if locked:
            await hub.hub.partners.resume(provider.partner.id)
        page = (await provider.fetch()).json()
        assert [one["SessionID"] for one in page["content"]] == [session_id]


# --- fetched by the EMP


async def three(hub: TestHub) -> tuple[Reached, Reached, Emp, list[str]]:
    """Records of two operators, the last one not delivered."""
    abc, provider, back = await trio(hub)
    bbb = await join(hub, cpo("DE*BBB"))
    names = []
    for caller, evse_id in ((abc, "DE*ABC*E1"), (bbb, "DE*BBB*E1"), (abc, "DE*XYZ*E1")):
        names.append(await begun(caller))
        if len(names) == 3:
            back.acknowledgement = {"Result": False}
        hub.clock.advance(1)
        assert code(await caller.cdr(names[-1], EvseID=evse_id)) == (200, "000")
        await hub.settle()
    return abc, provider, back, names


def sessions(answer: httpx.Response) -> list[str]:
    assert code(answer) == (200, "000")
    return [one["SessionID"] for one in answer.json()["content"]]


@pytest.mark.spec("OICP-URL-21", "OICP-CDR-42", "OICP-CDR-43", "OICP-CDR-48", "OICP-CDR-47", "OICP-CDR-41")
async def test_filters_of_a_fetch() -> None:
    async with opened() as hub:
        _, provider, _, (one, two, three_) = await three(hub)
        for _ in range(2):
            assert sessions(await provider.fetch()) == [one, two, three_]
        for members, found in (
            ({"SessionID": [two.upper()]}, [two]),
            ({"SessionID": two}, [two]),
            ({"SessionID": [one, three_]}, [one, three_]),
            ({"OperatorID": "deabc"}, [one, three_]),
            ({"OperatorID": ["DE*BBB", "DE*NIX"]}, [two]),
            ({"OperatorID": ["DE*XYZ"]}, [three_]),
            ({"CDRForwarded": True}, [one, two]),
            ({"CDRForwarded": False}, [three_]),
            ({"CDRForwarder": False}, [three_]),
            ({"CDRForwarded": False, "OperatorID": "DE*BBB"}, []),
            ({"From": "2026-01-15T13:00:02+01:00"}, [two, three_]),
            ({"To": "2026-01-15T12:00:02Z"}, [one, two]),
        ):
            assert sessions(await provider.fetch(**members)) == found, members
        page = (await provider.fetch("?page=1&size=2")).json()
        assert (page["number"], page["totalElements"], page["totalPages"], page["last"]) == (1, 3, 2, True)
        assert (await provider.fetch("?size=5000")).json()["size"] == 2000
        assert (await provider.fetch()).json()["size"] == 20


@pytest.mark.spec("OICP-CDR-45")
async def test_the_window_compares_instants() -> None:
    async with opened() as hub:
        _, provider, _, (one, *_) = await three(hub)
        window = {"From": "2026-01-15T17:30:01+05:30", "To": "2026-01-15T06:00:01-06:00"}
        assert sessions(await provider.fetch(**window)) == [one]


@pytest.mark.spec("OICP-CDR-46", "OICP-NET-17", "OICP-NET-19")
async def test_a_record_is_fetched_as_it_came() -> None:
    async with opened() as hub:
        abc, provider, _ = await trio(hub, EMPPartnerSessionID="emp-1")
        session_id = await begun(abc, CPOPartnerSessionID="c1")
        body = cdr(
            session_id,
            SessionStart="2026-01-15T10:00:00.038+05:30",
            ChargingStart="2026-01-15T10:00:00.10+05:30",
            ConsumedEnergy=Decimal("10.1234"),
            MeterValueStart=Decimal("10.100"),
            CustomData={"z": Decimal("1.50")},
        )
        await abc.post("cdrmgmt/v22/operators/{id}/charge-detail-record", body)
        answer = await provider.fetch()
        assert decode(answer.content)["content"] == [body]
        for digits in (b"10.1234", b"10.100", b'"z":1.50'):
            assert digits in answer.content


@pytest.mark.spec("OICP-CDR-44", "OICP-CDR-40")
async def test_wrong_fetches() -> None:
    async with opened() as hub:
        _, provider, _ = await trio(hub)
        assert errors(await provider.fetch(From=None)) == ["from"]
        assert errors(await provider.fetch(To=None)) == ["to"]
        assert errors(await provider.fetch(From="2027-01-01T00:00:01Z")) == ["from"]
        assert errors(await provider.fetch(SessionID=["x"])) == ["sessionID[0]"]
        body = {"ProviderID": "DE-8EO", "From": "2026-01-01T00:00:00Z", "To": "2026-01-01T00:00:00Z"}
        assert code(await provider.post(GET_CDRS, body)) == (401, "017")
        held = hub.storage.partners.held
        held[provider.partner.id] = msgspec.structs.replace(provider.partner, roles=())
        assert code(await provider.fetch()) == (404, "300")
        held[provider.partner.id] = msgspec.structs.replace(provider.partner, state=PartnerState.SUSPENDED)
        assert code(await provider.fetch()) == (401, "017")


@pytest.mark.spec("OICP-SEC-14")
async def test_another_emp_sees_nothing_of_it() -> None:
    async with opened() as hub:
        abc, _, _ = await trio(hub)
        other = await join(hub, emp("DE-8EO"), Emp())
        await abc.cdr(await begun(abc))
        assert sessions(await other.fetch()) == []


async def test_the_service_url_has_no_double_slash() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(CARD)
        await join(hub, emp(callback_url="http://de-dcb.test/x/"), back)
        await abc.cdr(await begun(abc))
        await hub.settle()
        assert back.asked[-1][0] == "/x/api/oicp/cdrmgmt/v22/operators/DE%2AABC/charge-detail-record"


# --- records of other protocols


async def foreign(hub: TestHub, abc: Reached, **members: Any) -> str:
    """A record that came by another protocol, for a session of this EMP's driver."""
    session_id = await begun(abc, EvseID="DE*ABC*E1")
    journey = await hub.hub.sessions.journey(session_id)
    assert journey is not None
    made = core_cdr(
        owner=journey.operator,
        id=f"cdr-{session_id[-4:]}",
        token=CdrToken(issuer=journey.issuer, uid=journey.uid, kind="RFID"),
        location=CdrLocation(id="L1", evse_uid="1", evse_id=EvseId.parse("DE*ABC*E1")),
        authorization_reference=journey.reference,
        currency="EUR",
        total_cost=Price(before_taxes=Decimal("5.00")),
        **members,
    )
    await hub.hub.billing.accept(abc.partner, made, journey)
    return session_id


async def test_a_record_of_another_protocol_is_translated_once_and_the_same() -> None:
    async with opened() as hub:
        abc, provider, back = await trio(hub)
        session_id = await foreign(hub, abc)
        [settled] = await hub.settle()
        assert settled.state is CdrState.DELIVERED
        assert "total_cost" in {loss.path for loss in settled.losses}
        [received] = sent(back)
        assert received["SessionID"] == session_id
        assert "EMPPartnerSessionID" not in received
        answer = await provider.fetch()
        assert decode(answer.content)["content"] == [received]


async def test_a_credit_cannot_be_said_and_waits_for_a_person() -> None:
    async with opened() as hub:
        abc, provider, back = await trio(hub)
        await foreign(hub, abc, credit=True, credit_reference_id="cdr-1")
        [settled] = await hub.settle()
        assert not sent(back)
        assert settled.state is CdrState.WAITING
        assert "withheld" in (settled.last_error or "")
        assert sessions(await provider.fetch()) == []
