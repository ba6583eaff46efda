"""Reservations from an EMP to a CPO of OICP. OICP 2.3, eRoamingAuthorizeRemoteReservationStart_V1.1, ...Stop_V1.1."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, NamedTuple

import httpx
import pytest
from msgspec.structs import replace

from core.model.authorisation import JourneyState
from core.model.contract import Contract, Service
from core.model.ids import PartyId
from core.model.partner import PartnerState
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import CARD, Emp, Reached, code, cpo, emp, errors, join, opened, record, rfid
from tests.flows.test_oicp_remote import OTHER_SESSION, REMOTE_START, REMOTE_STOP, Cpo, start

RESERVE = "reservation/v11/providers/{id}/reservation-start-request"
GIVE_BACK = "reservation/v11/providers/{id}/reservation-stop-request"
RESERVE_ALIAS = "charging/v21/providers/{id}/authorize-remote-reservation/start"
GIVE_BACK_ALIAS = "charging/v21/providers/{id}/authorize-remote-reservation/stop"
spec = pytest.mark.spec


class Net(NamedTuple):
    """An EMP, a CPO with one EVSE, and another EMP."""

    hub: TestHub
    dcb: Reached
    abc: Reached
    back: Cpo
    other: Reached

    async def reserve(
        self, evse_id: str = "DE*ABC*E1", by: Reached | None = None, path: str = RESERVE, **members: Any
    ) -> httpx.Response:
        caller = by or self.dcb
        return await caller.post(path, start(evse_id, ProviderID=caller.own_id) | members)

    async def reserved(self, **members: Any) -> str:
        answer = await self.reserve(**members)
        assert code(answer) == (200, "000"), answer.text
        session_id: str = answer.json()["SessionID"]
        return session_id

    async def give_back(
        self,
        session_id: str,
        evse_id: str = "DE*ABC*E1",
        by: Reached | None = None,
        path: str = GIVE_BACK,
        **members: Any,
    ) -> httpx.Response:
        caller = by or self.dcb
        return await caller.post(path, stop(session_id, evse_id, ProviderID=caller.own_id) | members)

    async def change(self, who: Reached, **changes: Any) -> None:
        held = self.hub.storage.partners.held[who.partner.id]
        await self.hub.storage.partners.update(replace(held, **changes))


def stop(session_id: str, evse_id: str = "DE*ABC*E1", **members: Any) -> dict[str, Any]:
    return {"SessionID": session_id, "ProviderID": "DE-DCB", "EvseID": evse_id, **members}


def bills(home: Emp) -> list[dict[str, Any]]:
    return [body for path, body, _ in home.asked if path.endswith("/charge-detail-record")]


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with opened() as hub:
        back = Cpo()
        found = Net(hub, await join(hub, emp()), await join(hub, cpo(), back), back, await join(hub, emp("DE-OFF")))
        await found.abc.push_data("fullLoad", record())
        yield found


# --- reserve


@spec("OICP-URL-19", "OICP-URL-24", "OICP-RES-03", "OICP-RES-05", "OICP-SES-01")
async def test_a_reservation_goes_to_the_operator_and_its_answer_back(net: Net) -> None:
    net.back.said = {
        "Result": True,
        "StatusCode": {"Code": "000", "AdditionalInfo": "kept for you"},
        "SessionID": OTHER_SESSION,
        "CPOPartnerSessionID": "cpo-1",
    }
    answer = await net.reserve(EMPPartnerSessionID="emp-1", PartnerProductID="Reservation=15", Duration=15)
    assert code(answer) == (200, "000")
    said = answer.json()
    assert said["SessionID"] not in (None, OTHER_SESSION)
    assert said["StatusCode"]["AdditionalInfo"] == "kept for you"
    assert (said["CPOPartnerSessionID"], said["EMPPartnerSessionID"]) == ("cpo-1", "emp-1")
    ((path, body, _),) = net.back.asked
    assert path == "/api/oicp/reservation/v11/providers/DE-DCB/reservation-start-request"
    assert body == start(
        SessionID=said["SessionID"], EMPPartnerSessionID="emp-1", PartnerProductID="Reservation=15", Duration=15
    )
    journey = net.hub.storage.journeys.held[said["SessionID"]]
    assert (journey.operator_session_id, journey.issuer_session_id) == ("cpo-1", "emp-1")
    assert journey.reservation_id == journey.id
    assert journey.reserved_until == net.hub.clock.now() + timedelta(minutes=15)


@spec("OICP-RES-03")
@pytest.mark.parametrize("minutes", [1, 99, None])
async def test_the_duration_goes_on_as_it_came(net: Net, minutes: int | None) -> None:
    said = {} if minutes is None else {"Duration": minutes}
    await net.reserve(**said)
    assert net.back.asked[0][1].get("Duration") == minutes


@spec("OICP-RES-03", "OICP-RES-04")
@pytest.mark.parametrize(
    ("members", "field"),
    [
        ({"Duration": 0}, "duration"),
        ({"Duration": 100}, "duration"),
        ({"Duration": "15"}, "duration"),
        ({"Duration": 15.5}, "duration"),
        ({"Identification": rfid()}, "identification.remoteIdentification"),
        ({"EvseID": None}, "evseID"),
        ({"PartnerProductID": "x" * 101}, "partnerProductID"),
    ],
)
async def test_a_reservation_that_cannot_be_right(net: Net, members: dict[str, Any], field: str) -> None:
    answer = await net.dcb.post(RESERVE, start() | members)
    assert errors(answer) == [field]
    assert not net.back.asked
    assert not net.hub.storage.journeys.held


@spec("OICP-RES-05", "OICP-SES-05")
@pytest.mark.parametrize("refusal", ["601", "602", "210", "999"])
async def test_a_refusal_comes_back_unchanged_and_leaves_no_session(net: Net, refusal: str) -> None:
    net.back.refuses(refusal, AdditionalInfo="because")
    answer = await net.reserve()
    assert code(answer) == (200, refusal)
    assert (answer.json()["Result"], answer.json()["SessionID"]) == (False, None)
    tried = net.back.asked[0][1]["SessionID"]
    assert code(await net.give_back(tried)) == (404, "400")
    assert code(await net.abc.cdr(tried)) == (404, "400")
    assert len(net.back.asked) == 1


@spec("OICP-RES-05")
@pytest.mark.parametrize("broken", [httpx.ConnectError("nobody"), httpx.ReadTimeout("too long")])
async def test_an_operator_that_does_not_answer(net: Net, broken: Exception) -> None:
    net.back.broken = broken
    assert code(await net.reserve()) == (200, "310")
    net.back.broken = None
    assert code(await net.give_back(net.back.asked[0][1]["SessionID"])) == (404, "400")
    assert len(net.back.asked) == 1


@spec("OICP-RES-01", "OICP-ERR-27")
async def test_of_several_defects_the_first_is_named(net: Net) -> None:
    """Each defect is mended in turn, in the order in which they are looked at."""
    bad = {"evse_id": "DE*XYZ*E9"}
    assert code(await net.dcb.post(RESERVE, start("DE*XYZ*E9"), as_id="DE-OFF")) == (401, "017")
    assert code(await net.reserve(**bad)) == (200, "300")
    back = Cpo()
    reached = await join(net.hub, cpo("DE*XYZ"), back)
    await reached.push_data("fullLoad", record("DE*XYZ*E1", IsHubjectCompatible=False))
    await net.change(reached, state=PartnerState.SUSPENDED, open_to=())
    assert code(await net.reserve(**bad)) == (200, "017")
    await net.change(reached, state=PartnerState.CONNECTED)
    assert code(await net.reserve(**bad)) == (200, "210")
    await net.change(reached, open_to=None)
    assert code(await net.reserve(**bad)) == (200, "603")
    assert code(await net.reserve("DE*XYZ*E1")) == (200, "604")
    assert not back.asked
    await reached.push_data("fullLoad", record("DE*XYZ*E1"))
    assert code(await net.reserve("DE*XYZ*E1")) == (200, "000")


@spec("OICP-RES-01")
async def test_an_emp_without_the_contract_for_reservations(net: Net) -> None:
    """It may start all the same: that is another contract."""
    only = Contract(service=Service.RESERVATION, party=PartyId("DE", "DCB"))
    await net.hub.hub.partners.agree(net.abc.partner.id, [only])
    bare = await join(net.hub, emp("DE-8EO"))
    answer = await net.reserve("DE*ABC*E9", by=bare)  # the contract is looked at before the EVSE
    assert code(answer) == (200, "210")
    assert code(await bare.post(REMOTE_START, start(ProviderID="DE-8EO"))) == (200, "000")
    assert len(net.back.asked) == 1
    assert code(await net.reserve()) == (200, "000")


@spec("OICP-RES-02")
@pytest.mark.parametrize("settings", [{}, {"closed_services": ["eRoamingReservation"]}])
async def test_an_operator_without_reservations(net: Net, settings: dict[str, Any]) -> None:
    """Without service URL, or it offers none."""
    back = Cpo() if settings else None
    await join(net.hub, cpo("DE*BBB", **settings), back)
    answer = await net.reserve("DE*BBB*E1")
    assert code(answer) == (200, "320")
    assert answer.json()["Result"] is False
    assert back is None or not back.asked
    assert not net.hub.storage.journeys.held


async def test_the_session_id_is_the_hubs_to_give(net: Net) -> None:
    assert code(await net.reserve(SessionID=OTHER_SESSION)) == (404, "400")
    assert not net.back.asked


@spec("OICP-RES-10")
async def test_a_spelling_seen_in_practice(net: Net) -> None:
    session_id = await net.reserved(EMPPartnerSessionId="emp-1")
    assert net.back.asked[0][1]["EMPPartnerSessionID"] == "emp-1"
    answer = await net.give_back(session_id, EMPPartnerSessionId="emp-2")
    assert answer.json()["EMPPartnerSessionID"] == "emp-2"


@spec("OICP-URL-30")
async def test_the_paths_that_some_back_ends_use(net: Net) -> None:
    answer = await net.reserve(path=RESERVE_ALIAS)
    assert code(answer) == (200, "000")
    assert code(await net.give_back(answer.json()["SessionID"], path=GIVE_BACK_ALIAS)) == (200, "000")
    assert {path.split("/")[3] for path, _, _ in net.back.asked} == {"reservation"}
    settings = net.abc.partner.settings.replace("{", '{"reservation_alias": true, ', 1)
    await net.change(net.abc, settings=settings)
    await net.give_back(await net.reserved())
    assert [path for path, _, _ in net.back.asked[2:]] == [
        "/api/oicp/charging/v21/providers/DE-DCB/authorize-remote-reservation/start",
        "/api/oicp/charging/v21/providers/DE-DCB/authorize-remote-reservation/stop",
    ]


# --- give back


@spec("OICP-URL-20", "OICP-URL-25", "OICP-RES-06", "OICP-SES-15")
async def test_it_is_given_back_to_the_operator_of_the_session(net: Net) -> None:
    session_id = await net.reserved(EMPPartnerSessionID="emp-1")
    net.back.said = {"Result": True, "StatusCode": {"Code": "000"}, "CPOPartnerSessionID": "cpo-2"}
    answer = await net.give_back(session_id.upper(), CPOPartnerSessionID="stale")
    assert code(answer) == (200, "000")
    said = answer.json()
    ids = (said["SessionID"], said["CPOPartnerSessionID"], said["EMPPartnerSessionID"])
    assert ids == (session_id, "cpo-2", "emp-1")
    path, body, _ = net.back.asked[-1]
    assert path == "/api/oicp/reservation/v11/providers/DE-DCB/reservation-stop-request"
    assert body == stop(session_id, EMPPartnerSessionID="emp-1")
    assert net.hub.storage.journeys.held[session_id].state is JourneyState.ENDED


@spec("OICP-RES-06")
async def test_giving_back_names_the_first_defect(net: Net) -> None:
    session_id = await net.reserved()
    assert code(await net.dcb.post(GIVE_BACK, stop(session_id), as_id="DE-OFF")) == (401, "017")
    assert code(await net.give_back(OTHER_SESSION, "DE*NON*E9")) == (200, "300")
    assert code(await net.give_back(OTHER_SESSION, "DE*ABC*E9")) == (200, "603")
    assert code(await net.give_back(OTHER_SESSION)) == (404, "400")
    assert code(await net.give_back(session_id, by=net.other)) == (404, "400")
    await net.change(net.abc, state=PartnerState.SUSPENDED)
    assert code(await net.give_back(OTHER_SESSION, "DE*ABC*E9")) == (200, "017")
    assert len(net.back.asked) == 1


@spec("OICP-RES-06")
async def test_what_the_operator_says_to_it_is_forwarded(net: Net) -> None:
    session_id = await net.reserved()
    net.back.refuses("501")
    answer = await net.give_back(session_id)
    assert (code(answer), answer.json()["SessionID"]) == ((200, "501"), session_id)
    assert net.hub.storage.journeys.held[session_id].state is JourneyState.AUTHORISED
    net.back.refuses("400")
    assert code(await net.give_back(session_id)) == (200, "400")
    assert net.hub.storage.journeys.held[session_id].state is JourneyState.ENDED


async def test_it_outlives_its_contract(net: Net) -> None:
    session_id = await net.reserved()
    settings = net.abc.partner.settings.replace("{", '{"closed_services": ["eRoamingReservation"], ', 1)
    await net.change(net.abc, settings=settings, open_to=())
    assert code(await net.reserve()) == (200, "210")
    assert code(await net.give_back(session_id)) == (200, "000")


@spec("OICP-RES-08")
async def test_the_hub_lets_no_reservation_expire(net: Net) -> None:
    """However late: whether it still stands is for the operator to say."""
    session_id = await net.reserved(Duration=1)
    net.hub.clock.advance(86400)
    assert net.hub.storage.journeys.held[session_id].state is JourneyState.AUTHORISED
    assert len(net.back.asked) == 1
    assert code(await net.give_back(session_id)) == (200, "000")
    assert len(net.back.asked) == 2


# --- and after it


@spec("OICP-RES-09")
async def test_charging_after_a_reservation_is_another_session(net: Net) -> None:
    reserved = await net.reserved()
    started = (await net.dcb.post(REMOTE_START, start())).json()["SessionID"]
    assert started not in (None, reserved)
    assert code(await net.dcb.post(REMOTE_STOP, stop(reserved))) == (404, "400")
    assert code(await net.give_back(started)) == (404, "400")
    assert len(net.back.asked) == 2
    assert code(await net.dcb.post(REMOTE_STOP, stop(started))) == (200, "000")
    assert code(await net.give_back(reserved)) == (200, "000")


@spec("OICP-RES-07", "OICP-CDR-19")
@pytest.mark.parametrize("given_back", [True, False])
async def test_its_charge_detail_record_goes_to_the_emp_that_reserved(net: Net, given_back: bool) -> None:
    home = Emp()
    reached = await join(net.hub, emp("DE-HOM"), home)
    session_id = (await net.reserve(by=reached, EMPPartnerSessionID="emp-1")).json()["SessionID"]
    if given_back:
        assert code(await net.give_back(session_id, by=reached)) == (200, "000")
    assert code(await net.abc.cdr(session_id, ConsumedEnergy=0)) == (200, "000")
    await net.hub.settle()
    [bill] = bills(home)
    assert (bill["SessionID"], bill["EMPPartnerSessionID"]) == (session_id, "emp-1")
    assert code(await net.abc.cdr(session_id, ConsumedEnergy=0)) == (404, "400")
    assert code(await net.give_back(session_id, by=reached)) == (404, "400")


@spec("OICP-CDR-19")
async def test_records_of_every_kind_of_session_are_taken(net: Net) -> None:
    home = Emp(CARD)
    reached = await join(net.hub, emp("DE-HOM"), home)
    sessions = [
        (await net.abc.start(rfid(), EvseID="DE*ABC*E1")).json()["SessionID"],
        (await reached.post(REMOTE_START, start(ProviderID="DE-HOM"))).json()["SessionID"],
        (await net.reserve(by=reached)).json()["SessionID"],
    ]
    for session_id in sessions:
        assert code(await net.abc.cdr(session_id)) == (200, "000")
    await net.hub.settle()
    assert [bill["SessionID"] for bill in bills(home)] == sessions
