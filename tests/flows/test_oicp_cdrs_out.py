"""Charge detail records on their way to the EMP: pushed once, fetched at will. OICP 2.3."""

from decimal import Decimal
from typing import Any

import httpx
import msgspec
import pytest

from core.model.cdr import CdrLocation, CdrState
from core.model.ids import EvseId
from core.model.location import Location
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
    rfid,
)
from tests.flows.test_oicp_cdrs import begun, sent, trio
from tests.unit.core.examples import cdr as core_cdr
from tests.unit.core.examples import location as core_location

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
        (httpx.ConnectError("down"), CdrState.FETCHABLE),
        (httpx.Response(503, content=b"later"), CdrState.FETCHABLE),
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
        assert len(sent(back)) == 1, "never again by itself"
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
    usual: dict[str, Any] = {
        "owner": journey.operator,
        "id": f"cdr-{session_id[-4:]}",
        "token": CdrToken(issuer=journey.issuer, uid=journey.uid, kind="RFID"),
        "location": CdrLocation(id="L1", evse_uid="1", evse_id=EvseId.parse("DE*ABC*E1")),
        "authorization_reference": journey.reference,
        "currency": "EUR",
        "total_cost": Price(before_taxes=Decimal("5.00")),
    }
    made = core_cdr(**usual | members)
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


@pytest.mark.parametrize(
    ("place", "begun_at", "assumed"),
    [
        (core_location(), "2026-01-15T11:00:00+01:00", False),
        (msgspec.structs.replace(core_location(), time_zone=None), "2026-01-15T10:00:00Z", True),
    ],
)
async def test_times_have_the_offset_of_the_place_that_the_hub_knows(
    place: Location, begun_at: str, assumed: bool
) -> None:
    async with opened() as hub:
        abc, provider, back = await trio(hub)
        held = msgspec.structs.replace(place, owner=abc.partner.parties[0])
        await hub.storage.locations.save(held, events=[])
        await foreign(hub, abc, location=CdrLocation(id="LOC1", evse_id=EvseId.parse("DE*ABC*E1")))
        [settled] = await hub.settle()
        [received] = sent(back)
        assert received["SessionStart"] == begun_at
        assert decode((await provider.fetch()).content)["content"] == [received]
        assert ("SessionStart" in {loss.path for loss in settled.losses}) is assumed


async def test_a_credit_cannot_be_said_and_waits_for_a_person() -> None:
    async with opened() as hub:
        abc, provider, back = await trio(hub)
        await foreign(hub, abc, credit=True, credit_reference_id="cdr-1")
        [settled] = await hub.settle()
        assert not sent(back)
        assert settled.state is CdrState.WAITING
        assert "withheld" in (settled.last_error or "")
        assert sessions(await provider.fetch()) == []
