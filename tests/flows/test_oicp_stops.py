"""Who may end a session. OICP 2.3, eRoamingAuthorizeStop_V2.1."""

import httpx
import msgspec
import pytest

from core.model.partner import PartnerState
from tests.flows.oicp_partners import (
    CARD,
    START,
    STOP,
    Emp,
    code,
    cpo,
    emp,
    errors,
    join,
    opened,
    rfid,
)
from tests.flows.test_oicp_authorisation import OTHER, begun, no

# --- stop


@pytest.mark.spec("OICP-URL-04", "OICP-URL-27", "OICP-AUTH-47", "OICP-AUTH-44", "OICP-SES-11", "OICP-SES-15")
async def test_another_card_is_asked_about_at_the_emp_of_the_session() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back, other = Emp(CARD, EMPPartnerSessionID="emp-1"), Emp(OTHER)
        await join(hub, emp(), back)
        session_id = await begun(hub, abc, CPOPartnerSessionID="c1")
        await join(hub, emp("DE-8EO"), other)
        back.good.add(OTHER)
        answer = await abc.stop(session_id.upper(), rfid(OTHER), CPOPartnerSessionID="c2")
        assert code(answer) == (200, "000")
        said = answer.json()
        assert (said["SessionID"], said["ProviderID"]) == (session_id, "DE-DCB")
        assert (said["CPOPartnerSessionID"], said["EMPPartnerSessionID"]) == ("c2", "emp-1")
        path, body, _ = back.asked[-1]
        assert path == "/api/oicp/charging/v21/operators/DE%2AABC/authorize/stop"
        assert (body["SessionID"], body["EMPPartnerSessionID"], body["CPOPartnerSessionID"]) == (
            session_id,
            "emp-1",
            "c2",
        )
        assert not other.asked


@pytest.mark.spec("OICP-AUTH-43")
async def test_cards_of_the_stop_list_end_it_without_asking() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(CARD, AuthorizationStopIdentifications=[rfid(OTHER)])
        await join(hub, emp(), back)
        answer = await abc.start(rfid())
        assert answer.json()["AuthorizationStopIdentifications"] == [rfid(OTHER)]
        assert code(await abc.stop(answer.json()["SessionID"], rfid(OTHER))) == (200, "000")
        assert len(back.asked) == 1


@pytest.mark.spec("OICP-AUTH-49")
async def test_the_card_of_the_start_ends_it_at_an_emp_that_serves_no_stops() -> None:
    async with opened() as hub:
        abc, back = await join(hub, cpo()), Emp(CARD)
        await join(hub, emp(), back)
        session_id = await begun(hub, abc)
        back.broken = httpx.Response(404, content=b"not here")
        assert code(await abc.stop(session_id, rfid())) == (200, "000")
        assert code(await abc.stop(session_id, rfid(OTHER))) != (200, "000")


@pytest.mark.spec("OICP-AUTH-45", "OICP-AUTH-46", "OICP-SES-08")
async def test_after_a_no_the_session_goes_on() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(CARD)
        await join(hub, emp(), back)
        session_id = await begun(hub, abc)
        assert no(await abc.stop(session_id, rfid(OTHER))) == (200, "102")
        back.broken = httpx.ConnectError("down")
        answer = await abc.stop(session_id, rfid(OTHER))
        assert no(answer) == (200, "106")
        assert answer.json()["SessionID"] == session_id
        assert code(await abc.stop(session_id, rfid())) == (200, "000")
        assert code(await abc.cdr(session_id)) == (200, "000")


@pytest.mark.spec("OICP-AUTH-40", "OICP-AUTH-41", "OICP-SES-06", "OICP-ERR-28")
async def test_sessions_that_are_not_the_callers() -> None:
    async with opened() as hub:
        abc, bbb = await join(hub, cpo()), await join(hub, cpo("DE*BBB"))
        back = Emp(CARD)
        await join(hub, emp(), back)
        session_id = await begun(hub, abc)
        unknown = "f98efba4-02d8-4fa0-b810-9a9d50d2c527"
        for caller, name in ((bbb, session_id), (abc, unknown)):
            answer = await caller.stop(name, rfid())
            assert no(answer) == (404, "400")
        assert errors(await abc.stop("string", rfid())) == ["sessionID"]
        assert len(back.asked) == 1


@pytest.mark.spec("OICP-AUTH-40")
async def test_the_emp_of_the_session_is_locked() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        back = Emp(CARD)
        provider = await join(hub, emp(), back)
        session_id = await begun(hub, abc)
        hub.storage.partners.held[provider.partner.id] = msgspec.structs.replace(
            provider.partner, state=PartnerState.SUSPENDED
        )
        assert no(await abc.stop(session_id, rfid(OTHER))) == (200, "017")
        assert len(back.asked) == 1


@pytest.mark.spec("OICP-SES-07")
async def test_after_the_cdr_nothing_can_be_stopped() -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        await join(hub, emp(), Emp(CARD))
        session_id = await begun(hub, abc)
        assert code(await abc.cdr(session_id)) == (200, "000")
        assert no(await abc.stop(session_id, rfid())) == (404, "400")


@pytest.mark.spec("OICP-AUTH-02", "OICP-SES-12")
@pytest.mark.parametrize("path", [START, STOP])
async def test_the_operator_must_be_said(path: str) -> None:
    async with opened() as hub:
        abc = await join(hub, cpo())
        body = {"Identification": rfid(), "SessionID": "f98efba4-02d8-4fa0-b810-9a9d50d2c527"}
        assert errors(await abc.post(path, body)) == ["operatorID"]
