"""Remote start and stop from an EMP to a CPO of OICP. OICP 2.3, eRoamingAuthorizeRemoteStart_V2.1, ...Stop_V2.1."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import pytest
from msgspec.structs import replace

from core.model.authorisation import JourneyState
from core.model.partner import PartnerState
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import (
    CARD,
    Emp,
    Reached,
    code,
    cpo,
    decode,
    emp,
    encode,
    errors,
    join,
    opened,
    record,
    rfid,
)

REMOTE_START = "charging/v21/providers/{id}/authorize-remote/start"
REMOTE_STOP = "charging/v21/providers/{id}/authorize-remote/stop"
EVCO = "DE-DCB-C12345678-X"
OTHER_SESSION = "11111111-1111-4111-8111-111111111111"
spec = pytest.mark.spec


class Cpo:
    """An operator that answers every remote start and stop in the same way."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any], httpx.Headers]] = []
        self.said: dict[str, Any] | bytes = {"Result": True, "StatusCode": {"Code": "000"}}
        self.status = 200
        self.broken: Exception | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.raw_path.decode(), decode(request.content), request.headers))
        if self.broken is not None:
            raise self.broken
        return httpx.Response(self.status, content=self.said if isinstance(self.said, bytes) else encode(self.said))

    def refuses(self, status_code: str, **more: Any) -> None:
        self.said = {"Result": False, "StatusCode": {"Code": status_code, **more}}


class Net(NamedTuple):
    """An EMP, a CPO with one EVSE, and a second of each."""

    hub: TestHub
    dcb: Reached
    abc: Reached
    back: Cpo
    other: Reached

    async def start(self, evse_id: str = "DE*ABC*E1", by: Reached | None = None, **members: Any) -> httpx.Response:
        caller = by or self.dcb
        return await caller.post(REMOTE_START, start(evse_id, ProviderID=caller.own_id) | members)

    async def begun(self, **members: Any) -> str:
        answer = await self.start(**members)
        assert code(answer) == (200, "000"), answer.text
        session_id: str = answer.json()["SessionID"]
        return session_id

    async def stop(
        self, session_id: str, evse_id: str = "DE*ABC*E1", by: Reached | None = None, **members: Any
    ) -> httpx.Response:
        caller = by or self.dcb
        body = {"SessionID": session_id, "ProviderID": caller.own_id, "EvseID": evse_id, **members}
        return await caller.post(REMOTE_STOP, body)


def start(evse_id: str = "DE*ABC*E1", **members: Any) -> dict[str, Any]:
    remote = {"RemoteIdentification": {"EvcoID": EVCO}}
    return {"ProviderID": "DE-DCB", "EvseID": evse_id, "Identification": remote, **members}


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with opened() as hub:
        back = Cpo()
        found = Net(hub, await join(hub, emp()), await join(hub, cpo(), back), back, await join(hub, emp("DE-OFF")))
        await found.abc.push_data("fullLoad", record())
        yield found


# --- start


@spec("OICP-URL-17", "OICP-URL-22", "OICP-REM-07", "OICP-REM-08", "OICP-REM-11", "OICP-REM-13", "OICP-SES-01")
@spec("OICP-SES-02", "OICP-SES-11", "OICP-NET-24")
async def test_a_start_goes_to_the_operator_and_its_answer_back(net: Net) -> None:
    net.back.said = {
        "Result": True,
        "StatusCode": {"Code": "000", "AdditionalInfo": "welcome"},
        "SessionID": OTHER_SESSION,
        "CPOPartnerSessionID": "cpo-1",
    }
    answer = await net.start(EMPPartnerSessionID="emp-1", PartnerProductID="AC1")
    assert code(answer) == (200, "000")
    said = answer.json()
    assert said["Result"] is True
    assert said["SessionID"] not in (None, OTHER_SESSION)
    assert said["StatusCode"]["AdditionalInfo"] == "welcome"
    assert (said["CPOPartnerSessionID"], said["EMPPartnerSessionID"]) == ("cpo-1", "emp-1")
    ((path, body, headers),) = net.back.asked
    assert path == "/api/oicp/charging/v21/providers/DE-DCB/authorize-remote/start"
    assert body == start(SessionID=said["SessionID"], EMPPartnerSessionID="emp-1", PartnerProductID="AC1")
    assert headers["process-id"] == answer.headers["process-id"]
    journey = net.hub.storage.journeys.held[said["SessionID"]]
    assert (journey.operator_session_id, journey.issuer_session_id) == ("cpo-1", "emp-1")


@spec("OICP-REM-08", "OICP-SES-05", "OICP-ERR-20")
@pytest.mark.parametrize("refusal", ["510", "602", "700", "601", "501", "999"])
async def test_a_refusal_comes_back_unchanged_and_leaves_no_session(net: Net, refusal: str) -> None:
    net.back.refuses(refusal, AdditionalInfo="because")
    answer = await net.start()
    assert code(answer) == (200, refusal)
    assert answer.json()["Result"] is False
    assert answer.json()["StatusCode"]["AdditionalInfo"] == "because"
    assert answer.json()["SessionID"] is None
    tried = net.back.asked[0][1]["SessionID"]
    assert code(await net.stop(tried)) == (404, "400")
    assert code(await net.abc.cdr(tried)) == (404, "400")
    assert len(net.back.asked) == 1


@spec("OICP-REM-21")
async def test_the_result_decides_and_not_the_code(net: Net) -> None:
    net.back.said = {"Result": True, "StatusCode": {"Code": "601"}}
    answer = await net.start()
    assert code(answer) == (200, "601")
    assert answer.json()["Result"] is True
    net.back.said = {"Result": False, "StatusCode": {"Code": "000"}}
    answer = await net.start()
    assert answer.json()["Result"] is False
    net.back.said = {"Result": True}
    assert (await net.start()).json()["Result"] is True


@spec("OICP-REM-09", "OICP-REM-14")
@pytest.mark.parametrize("broken", ["connect", "timeout", "html", "503"])
async def test_an_operator_that_gives_no_usable_answer(net: Net, broken: str) -> None:
    if broken == "connect":
        net.back.broken = httpx.ConnectError("nobody")
    elif broken == "timeout":
        net.back.broken = httpx.ReadTimeout("too long")
    else:
        net.back.said, net.back.status = b"<html/>", 503 if broken == "503" else 200
    answer = await net.start()
    assert code(answer) == (200, "310")
    assert (answer.json()["Result"], answer.json()["SessionID"]) == (False, None)
    assert len(net.back.asked) == 1
    net.back.broken = None
    assert code(await net.stop(net.back.asked[0][1]["SessionID"])) == (404, "400")


@spec("OICP-REM-10")
async def test_an_operator_without_service_url(net: Net) -> None:
    await join(net.hub, cpo("DE*XYZ"))
    assert code(await net.start("DE*XYZ*E1")) == (200, "320")
    assert not net.hub.storage.journeys.held


@spec("OICP-REM-12")
async def test_the_operator_has_a_minute(net: Net) -> None:
    seen: list[float] = []
    transport = net.hub.network.handle_async_request

    async def watching(request: httpx.Request) -> httpx.Response:
        seen.append(request.extensions["timeout"]["read"])
        return await transport(request)

    net.hub.network.handle_async_request = watching  # type: ignore[method-assign]
    await net.start()
    assert seen == [60.0]
    patient = await net.hub.hub.partners.get(net.abc.partner.id)
    hurried = patient.settings.replace("{", '{"remote_timeout_s": 5.0, ', 1)
    await net.hub.storage.partners.update(replace(patient, settings=hurried))
    await net.start()
    assert seen == [60.0, 5.0]


# --- the order of the checks


@spec("OICP-REM-01", "OICP-ERR-27", "OICP-ERR-29", "OICP-REM-03")
async def test_of_several_defects_the_first_is_named(net: Net) -> None:
    """Each defect is mended in turn, in the order in which they are looked at."""
    bad = {"evse_id": "DE*XYZ*E9"}
    foreign = await net.dcb.post(REMOTE_START, start("DE*XYZ*E9"), as_id="DE-OFF")
    assert code(foreign) == (401, "017")
    assert code(await net.start(**bad)) == (200, "300")
    back = Cpo()
    reached = await join(net.hub, cpo("DE*XYZ"), back)
    await reached.push_data("fullLoad", record("DE*XYZ*E1", IsHubjectCompatible=False))
    held = net.hub.storage.partners.held
    await net.hub.storage.partners.update(replace(held[reached.partner.id], state=PartnerState.SUSPENDED, open_to=()))
    assert code(await net.start(**bad)) == (200, "017")
    await net.hub.storage.partners.update(replace(held[reached.partner.id], state=PartnerState.CONNECTED))
    assert code(await net.start(**bad)) == (200, "210")
    await net.hub.storage.partners.update(replace(held[reached.partner.id], open_to=None))
    assert code(await net.start(**bad)) == (200, "603")
    assert code(await net.start("DE*XYZ*E1")) == (200, "604")
    assert not back.asked
    await reached.push_data("fullLoad", record("DE*XYZ*E1"))
    assert code(await net.start("DE*XYZ*E1")) == (200, "000")


@spec("OICP-REM-02", "OICP-REM-04")
async def test_an_operator_without_data_is_asked_for_any_evse(net: Net) -> None:
    back = Cpo()
    reached = await join(net.hub, cpo("DE*XYZ", sub_ids=["DE*SUB"]), back)
    for evse_id in ("DE*XYZ*E7", "DE*SUB*E7"):
        assert code(await net.start(evse_id)) == (200, "000")
    assert [body["EvseID"] for _, body, _ in back.asked] == ["DE*XYZ*E7", "DE*SUB*E7"]
    await reached.push_data("fullLoad", record("DE*SUB*E1"))
    for evse_id in ("DE*XYZ*E7", "DE*SUB*E7"):
        assert code(await net.start(evse_id)) == (200, "603")


@spec("OICP-REM-05", "OICP-DT-03")
@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"Identification": rfid()}, "identification.remoteIdentification"),
        ({"Identification": {"RemoteIdentification": {"EvcoID": "X"}}}, "identification.remoteIdentification.evcoID"),
        ({"EvseID": "nowhere"}, "evseID"),
        ({"EvseID": None}, "evseID"),
        ({"ProviderID": "DE"}, "providerID"),
        ({"EMPPartnerSessionID": "x" * 251}, "eMPPartnerSessionID"),
    ],
)
async def test_a_start_that_cannot_be_right(net: Net, members: dict[str, Any], field: str) -> None:
    answer = (
        await net.start(**members) if "EvseID" not in members else await net.dcb.post(REMOTE_START, start() | members)
    )
    assert errors(answer) == [field]
    assert not net.back.asked


@spec("OICP-SES-10")
async def test_the_session_id_is_the_hubs_to_give(net: Net) -> None:
    assert code(await net.start(SessionID=OTHER_SESSION)) == (404, "400")
    careless = await join(net.hub, emp("DE-LAX", tolerate_foreign_session_ids=True))
    answer = await net.start(by=careless, SessionID=OTHER_SESSION)
    assert code(answer) == (200, "000")
    assert answer.json()["SessionID"] != OTHER_SESSION
    assert net.back.asked[0][1]["SessionID"] == answer.json()["SessionID"]


async def test_the_registered_spelling_of_the_provider_goes_out(net: Net) -> None:
    await net.dcb.post(REMOTE_START, start(ProviderID="dedcb"))
    ((path, body, _),) = net.back.asked
    assert (body["ProviderID"], "/DE-DCB/" in path) == ("DE-DCB", True)


async def test_an_operator_that_is_offline(net: Net) -> None:
    await net.hub.hub.partners.not_reached(net.abc.partner.id)
    assert code(await net.start()) == (200, "310")
    assert not net.back.asked


async def test_without_the_process_engine(net: Net) -> None:
    net.hub.processes.down = True
    assert code(await net.start()) == (500, "002")


# --- stop


@spec("OICP-URL-18", "OICP-URL-23", "OICP-SES-08", "OICP-SES-11", "OICP-SES-13", "OICP-SES-15")
async def test_a_stop_goes_to_the_operator_of_the_session(net: Net) -> None:
    session_id = await net.begun(EMPPartnerSessionID="emp-1")
    net.back.said = {"Result": True, "StatusCode": {"Code": "000"}, "CPOPartnerSessionID": "cpo-2"}
    answer = await net.stop(session_id.upper(), CPOPartnerSessionID="stale")
    assert code(answer) == (200, "000")
    said = answer.json()
    assert (said["SessionID"], said["CPOPartnerSessionID"], said["EMPPartnerSessionID"]) == (
        session_id,
        "cpo-2",
        "emp-1",
    )
    path, body, _ = net.back.asked[-1]
    assert path == "/api/oicp/charging/v21/providers/DE-DCB/authorize-remote/stop"
    assert body == {
        "SessionID": session_id,
        "ProviderID": "DE-DCB",
        "EvseID": "DE*ABC*E1",
        "EMPPartnerSessionID": "emp-1",
    }
    assert code(await net.abc.cdr(session_id)) == (200, "000")


@spec("OICP-REM-18")
async def test_a_refused_stop_can_be_asked_again(net: Net) -> None:
    session_id = await net.begun()
    net.back.refuses("501")
    answer = await net.stop(session_id)
    assert code(answer) == (200, "501")
    assert answer.json()["SessionID"] == session_id
    net.back.broken = httpx.ReadTimeout("too long")
    assert code(await net.stop(session_id)) == (200, "310")
    net.back.broken = None
    net.back.said = {"Result": True, "StatusCode": {"Code": "000"}}
    assert code(await net.stop(session_id)) == (200, "000")
    assert len(net.back.asked) == 4


@spec("OICP-REM-15", "OICP-ERR-28")
async def test_a_stop_names_the_first_defect(net: Net) -> None:
    session_id = await net.begun()
    assert code(await net.dcb.post(REMOTE_STOP, {**start(), "SessionID": session_id}, as_id="DE-OFF")) == (401, "017")
    assert code(await net.stop(OTHER_SESSION, "DE*NON*E9")) == (200, "300")
    assert code(await net.stop(OTHER_SESSION, "DE*ABC*E9")) == (200, "603")
    assert code(await net.stop(OTHER_SESSION)) == (404, "400")
    held = net.hub.storage.partners.held[net.abc.partner.id]
    await net.hub.storage.partners.update(replace(held, state=PartnerState.SUSPENDED))
    assert code(await net.stop(OTHER_SESSION, "DE*ABC*E9")) == (200, "017")
    assert len(net.back.asked) == 1


@spec("OICP-SES-06")
async def test_a_session_of_another_emp(net: Net) -> None:
    session_id = await net.begun()
    assert code(await net.stop(session_id, by=net.other)) == (404, "400")
    assert len(net.back.asked) == 1


@spec("OICP-REM-16")
async def test_a_session_outlives_its_contract(net: Net) -> None:
    session_id = await net.begun()
    held = net.hub.storage.partners.held[net.abc.partner.id]
    await net.hub.storage.partners.update(replace(held, open_to=()))
    assert code(await net.start()) == (200, "210")
    assert code(await net.stop(session_id)) == (200, "000")


@spec("OICP-REM-17")
async def test_a_session_that_a_card_began_can_be_stopped_too(net: Net) -> None:
    home = Emp(CARD)
    reached = await join(net.hub, emp("DE-HOM"), home)
    begun = await net.abc.start(rfid(), EvseID="DE*ABC*E1")
    session_id = begun.json()["SessionID"]
    assert code(await net.stop(session_id, by=net.other)) == (404, "400")
    assert code(await net.stop(session_id, by=reached)) == (200, "000")
    assert net.back.asked[-1][1]["SessionID"] == session_id


@spec("OICP-REM-19", "OICP-SES-07")
async def test_a_session_with_its_cdr_is_closed(net: Net) -> None:
    session_id = await net.begun()
    assert code(await net.abc.cdr(session_id)) == (200, "000")
    assert net.hub.storage.journeys.held[session_id].state is JourneyState.BILLED
    assert code(await net.stop(session_id)) == (404, "400")


@spec("OICP-REM-20")
async def test_an_evse_of_another_operator(net: Net) -> None:
    await net.abc.push_data("insert", record("DE*ABC*E2"))
    await join(net.hub, cpo("DE*XYZ"), Cpo())
    session_id = await net.begun()
    assert code(await net.stop(session_id, "DE*XYZ*E1")) == (200, "018")
    assert code(await net.stop(session_id, "DE*ABC*E2")) == (200, "000")
    assert net.back.asked[-1][1]["EvseID"] == "DE*ABC*E2"


async def test_a_stop_that_cannot_be_right(net: Net) -> None:
    assert errors(await net.stop("no guid")) == ["sessionID"]
