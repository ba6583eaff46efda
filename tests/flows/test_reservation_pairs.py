"""Reservations between an OCPI and an OICP side: a reservation id here, a session of its own there."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from core.model.authorisation import JourneyState
from core.model.command import Outcome
from core.model.contract import Contract, Service
from core.model.ids import PartyId
from core.model.loss import LossKind
from gateway.admin.journeys import chain
from mappings.ocpi.tariffs import tariff_from_ocpi
from protocols.ocpi.wire.tariffs import Tariff
from protocols.transport.json_codec import convert
from tests.flows.ocpi_partner import OcpiPartner, session, token
from tests.flows.oicp_partners import Reached, code, cpo, join, record
from tests.flows.test_dashboard_pages import page
from tests.flows.test_oicp_remote import EVCO, REMOTE_START, Cpo, start
from tests.flows.test_oicp_reservations import GIVE_BACK, RESERVE, stop
from tests.flows.test_remote_pairs import CONTRACT, Net, met

spec = pytest.mark.spec
NOON = "2026-01-15T12:00:00Z"


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with met() as found:
        yield found


async def reserve(net: Net, to: str | None = "DEABC", **changes: Any) -> httpx.Response:
    place = await net.place()
    body = {
        "token": token("app-1", type="APP_USER", contract_id=CONTRACT),
        "reservation_id": "R-1",
        "expiry_date": "2026-01-15T12:15:00Z",
        "location_id": place["id"],
        "evse_uid": place["evses"][0]["uid"],
        **changes,
    }
    return await net.command("RESERVE_NOW", {name: value for name, value in body.items() if value}, to)


async def cancel(net: Net, reservation_id: str = "R-1", to: str | None = "DEABC") -> httpx.Response:
    return await net.command("CANCEL_RESERVATION", {"reservation_id": reservation_id}, to)


def said(answer: httpx.Response) -> str:
    assert answer.json()["status_code"] == 1000, answer.text
    result: str = answer.json()["data"]["result"]
    return result


async def reserved(net: Net, **changes: Any) -> str:
    """The session id that the OICP operator was given."""
    assert said(await reserve(net, **changes)) == "ACCEPTED"
    assert await net.told() == {"result": "ACCEPTED"}
    session_id: str = net.back.asked[-1][1]["SessionID"]
    return session_id


# --- an OCPI eMSP at an OICP operator


async def test_an_ocpi_driver_reserves_at_an_oicp_station(net: Net) -> None:
    net.hub.clock.advance(30)
    answer = await reserve(net, authorization_reference="ref-1")
    assert (said(answer), answer.json()["data"]["timeout"]) == ("ACCEPTED", 60)
    assert await net.told() == {"result": "ACCEPTED"}
    ((path, body, _),) = net.back.asked
    assert path == "/api/oicp/reservation/v11/providers/DE-EMB/reservation-start-request"
    [journey] = net.hub.storage.journeys.held.values()
    assert body == {
        "ProviderID": "DE-EMB",
        "EvseID": "DE*ABC*E1",
        "Identification": {
            "RemoteIdentification": {"EvcoID": body["Identification"]["RemoteIdentification"]["EvcoID"]}
        },
        "SessionID": journey.id,
        "EMPPartnerSessionID": "ref-1",
        "Duration": 15,
    }
    assert (journey.reservation_id, journey.state) == ("R-1", JourneyState.AUTHORISED)
    await net.hub.relay()
    assert not net.p2.seen("PUT", "sessions")


async def test_it_is_found_again_without_to(net: Net) -> None:
    assert said(await reserve(net, to=None)) == "ACCEPTED"
    await net.told()
    session_id = net.back.asked[0][1]["SessionID"]
    for to in (None, "DEABC"):
        assert said(await cancel(net, "r-1", to)) == "ACCEPTED"
        assert await net.told() == {"result": "ACCEPTED"}
    path, body, _ = net.back.asked[-1]
    assert path == "/api/oicp/reservation/v11/providers/DE-EMB/reservation-stop-request"
    assert body == {"SessionID": session_id, "ProviderID": "DE-EMB", "EvseID": "DE*ABC*E1"}
    assert net.hub.storage.journeys.held[session_id].state is JourneyState.ENDED


@pytest.mark.parametrize(
    ("expiry", "outcome", "minutes"),
    [
        ("2026-01-15T12:00:01Z", "ACCEPTED", 1),
        ("2026-01-15T13:38:00.001Z", "ACCEPTED", 99),
        ("2026-01-15T13:39:00Z", "ACCEPTED", 99),
        ("2026-01-15T13:39:00.001Z", "REJECTED", None),
        ("2026-02-15T12:00:00Z", "REJECTED", None),
    ],
)
async def test_its_end_in_minutes_and_never_cut(net: Net, expiry: str, outcome: str, minutes: int | None) -> None:
    answer = await reserve(net, expiry_date=expiry)
    assert said(answer) == outcome
    await net.hub.processes.work()
    assert [body["Duration"] for _, body, _ in net.back.asked] == [minutes][: len(net.back.asked)]
    if outcome == "REJECTED":
        assert not net.back.asked
        assert "1 to 99 minutes" in answer.json()["data"]["message"][0]["text"]
        assert not net.hub.storage.journeys.held


@pytest.mark.parametrize("expiry", ["2026-01-15T11:59:59Z", NOON, "tomorrow", None])
async def test_an_end_that_cannot_be(net: Net, expiry: str | None) -> None:
    answer = await reserve(net, expiry_date=expiry)
    assert answer.json()["status_code"] == 2001
    assert "expiry_date" in answer.json()["status_message"]
    assert not net.back.asked


async def test_what_oicp_cannot_say_is_said_at_once(net: Net) -> None:
    assert said(await reserve(net, evse_uid=None)) == "NOT_SUPPORTED"
    assert said(await reserve(net, token=token(contract_id="whatever"))) == "REJECTED"
    foreign = token("app-1", country_code="FR", party_id="EMC", contract_id=CONTRACT)
    assert (await reserve(net, token=foreign)).json()["status_code"] == 2001
    assert not net.back.asked
    assert not net.hub.storage.journeys.held
    assert [noted for noted in net.hub.ledger.noted if noted[0] == "reserve_now"] == [
        ("reserve_now", "ocpi", "oicp", "$"),
        ("reserve_now", "ocpi", "oicp", "$"),
    ]


@pytest.mark.parametrize(("oicp", "ocpi"), [("601", "REJECTED"), ("602", "EVSE_OCCUPIED"), ("700", "EVSE_INOPERATIVE")])
async def test_a_refusal_in_the_other_language(net: Net, oicp: str, ocpi: str) -> None:
    net.back.refuses(oicp, AdditionalInfo="because")
    assert said(await reserve(net)) == "ACCEPTED"
    assert await net.told() == {"result": ocpi, "message": [{"language": "en", "text": "because"}]}
    [journey] = net.hub.storage.journeys.held.values()
    assert journey.state is JourneyState.REFUSED
    assert said(await cancel(net)) == "ACCEPTED"
    assert (await net.told())["result"] == "UNKNOWN_RESERVATION"
    assert len(net.back.asked) == 1


async def test_a_reservation_that_nobody_knows(net: Net) -> None:
    """A CommandResponse has no word for it, a CommandResult has."""
    assert said(await cancel(net, "R-9")) == "ACCEPTED"
    result = await net.told()
    assert result["result"] == "UNKNOWN_RESERVATION"
    assert not net.back.asked
    assert (await cancel(net, "R-9", None)).json()["status_code"] == 4001
    await reserved(net)
    p3 = await OcpiPartner("p3.test", ("EMSP", "FR", "EMC")).join(net.hub)
    body = {"response_url": "https://p3.test/cb", "reservation_id": "R-1"}
    answer = await p3.call(net.hub, "POST", "commands/receiver/CANCEL_RESERVATION", body, to=None)
    assert answer.json()["status_code"] == 4001


async def test_one_that_its_operator_does_not_know_any_more(net: Net) -> None:
    await reserved(net)
    net.back.refuses("400")
    assert said(await cancel(net)) == "ACCEPTED"
    assert (await net.told())["result"] == "UNKNOWN_RESERVATION"


async def test_a_cancellation_that_fails_can_be_asked_again(net: Net) -> None:
    await reserved(net)
    net.back.refuses("501")
    assert said(await cancel(net)) == "ACCEPTED"
    assert (await net.told())["result"] == "TIMEOUT"
    net.back.said = {"Result": True, "StatusCode": {"Code": "000"}}
    assert said(await cancel(net)) == "ACCEPTED"
    assert (await net.told())["result"] == "ACCEPTED"


async def test_one_that_stands_cannot_be_changed(net: Net) -> None:
    """OICP would make a second one of it. Once it is over its id is free again."""
    await reserved(net)
    answer = await reserve(net, expiry_date="2026-01-15T12:30:00Z")
    assert said(answer) == "REJECTED"
    assert "cancel it first" in answer.json()["data"]["message"][0]["text"]
    assert len(net.back.asked) == 1
    net.hub.clock.advance(16 * 60)
    first = net.back.asked[0][1]["SessionID"]
    second = await reserved(net, expiry_date="2026-01-15T12:30:00Z")
    assert second != first
    await cancel(net)
    await net.told()
    assert net.back.asked[-1][1]["SessionID"] == second
    await reserved(net, expiry_date="2026-01-15T12:30:00Z")


async def test_two_operators_may_hold_the_same_id(net: Net) -> None:
    back = Cpo()
    xyz = await join(net.hub, cpo("DE*XYZ"), back)
    await xyz.push_data("fullLoad", record("DE*XYZ*E1"))
    first = await reserved(net)
    listed = (await net.p2.call(net.hub, "GET", "locations/sender")).json()["data"]
    [there] = [one for one in listed if one["party_id"] == "XYZ"]
    assert said(await reserve(net, "DEXYZ", location_id=there["id"], evse_uid=there["evses"][0]["uid"])) == "ACCEPTED"
    await net.told()
    assert said(await cancel(net, to="DEABC")) == "ACCEPTED"
    await net.told()
    assert (net.back.asked[-1][1]["SessionID"], len(back.asked)) == (first, 1)


async def test_a_contract_for_reservations_counts_for_every_protocol(net: Net) -> None:
    only = Contract(service=Service.RESERVATION, party=PartyId("DE", "DCB"))
    await net.hub.hub.partners.agree(net.abc.partner.id, [only])
    assert said(await reserve(net)) == "REJECTED"
    assert await net.ocpi_start() == "ACCEPTED"


TARIFF: Any = {
    "country_code": "DE",
    "party_id": "ABC",
    "id": "AGREED",
    "currency": "CHF",
    "tax_included": "NO",
    "elements": [{"price_components": [{"type": "TIME", "price": 6, "step_size": 1}]}],
    "last_updated": "2026-01-01T00:00:00Z",
}
ELEMENT: Any = {
    "price_components": [
        {"type": "TIME", "price": 2, "step_size": 900},
        {"type": "FLAT", "price": 0.5, "step_size": 1},
    ],
    "restrictions": {"reservation": "RESERVATION"},
}


@spec("OICP-RES-07")
@pytest.mark.parametrize(("elements", "cost"), [(TARIFF["elements"], 0), ([*TARIFF["elements"], ELEMENT], 2.5)])
async def test_its_record_is_billed_as_a_reservation(net: Net, elements: Any, cost: float) -> None:
    """An hour that was reserved is no hour of charging."""
    held = net.hub.storage.partners.held[net.abc.partner.id]
    agreed = tariff_from_ocpi(convert({**TARIFF, "elements": elements}, Tariff))
    await net.hub.storage.partners.update(replace(held, agreed_tariff=agreed))
    session_id = await reserved(net, authorization_reference="ref-1")
    await cancel(net)
    await net.told()
    by_contract = net.back.asked[0][1]["Identification"]
    assert code(await net.abc.cdr(session_id, Identification=by_contract, ConsumedEnergy=0)) == (200, "000")
    await net.hub.settle()
    [bill] = net.p2.seen("POST", "cdrs")
    assert bill.json["authorization_reference"] == "ref-1"
    assert "session_id" not in bill.json
    assert bill.json["auth_method"] == "COMMAND"
    assert bill.json["total_cost"]["before_taxes"] == cost
    assert bill.json.get("total_reservation_cost", {"before_taxes": 0})["before_taxes"] == cost
    [period] = bill.json["charging_periods"]
    assert [one["type"] for one in period["dimensions"]] == ["RESERVATION_TIME"]
    assert bill.json["total_time"] == bill.json["total_energy"] == 0
    assert said(await cancel(net)) == "ACCEPTED"
    assert (await net.told())["result"] == "UNKNOWN_RESERVATION"


# --- an OICP EMP at an OCPI operator


async def oicp_reserve(net: Net, evse_id: str = "NL*CPA*E1", **members: Any) -> httpx.Response:
    return await net.dcb.post(RESERVE, start(evse_id, **members))


async def give_back(net: Net, session_id: str, by: Reached | None = None) -> httpx.Response:
    return await (by or net.dcb).post(GIVE_BACK, stop(session_id, "NL*CPA*E1"))


async def test_an_oicp_driver_reserves_at_an_ocpi_station(net: Net) -> None:
    net.results_in({"result": "ACCEPTED"})
    answer = await oicp_reserve(net, EMPPartnerSessionID="emp-1", Duration=20)
    assert code(answer) == (200, "000")
    session_id = answer.json()["SessionID"]
    [request] = net.p1.seen("POST", "commands")
    assert request.path.endswith("/RESERVE_NOW")
    assert (request.party("to"), request.party("from")) == ("NLCPA", "DEDCB")
    body = request.json
    assert body["token"]["contract_id"] == EVCO
    assert {name: body[name] for name in body if name not in ("token", "response_url")} == {
        "expiry_date": "2026-01-15T12:20:00Z",
        "reservation_id": session_id,
        "location_id": "LOC1",
        "evse_uid": "E1",
        "authorization_reference": session_id,
    }


async def test_without_a_duration_it_ends_by_the_hubs_default(net: Net) -> None:
    net.results_in({"result": "ACCEPTED"})
    assert code(await oicp_reserve(net)) == (200, "000")
    assert net.p1.seen("POST", "commands")[0].json["expiry_date"] == "2026-01-15T12:15:00Z"


@pytest.mark.parametrize(
    ("result", "expected"), [("EVSE_OCCUPIED", "602"), ("REJECTED", "320"), ("TIMEOUT", "501"), (None, "501")]
)
async def test_a_result_in_the_other_language(net: Net, result: str | None, expected: str) -> None:
    net.results_in({"result": result} if result else None)
    answer = await oicp_reserve(net)
    assert code(answer) == (200, expected)
    assert answer.json()["SessionID"] is None


async def test_it_is_given_back_by_its_id(net: Net) -> None:
    net.results_in({"result": "ACCEPTED"})
    session_id = (await oicp_reserve(net)).json()["SessionID"]
    net.results_in({"result": "UNKNOWN_RESERVATION"})
    assert code(await give_back(net, session_id)) == (200, "400")
    net.results_in({"result": "ACCEPTED"})
    answer = await give_back(net, session_id)
    assert (code(answer), answer.json()["SessionID"]) == ((200, "000"), session_id)
    request = net.p1.seen("POST", "commands")[-1]
    assert request.path.endswith("/CANCEL_RESERVATION")
    assert {name: request.json[name] for name in request.json if name != "response_url"} == {
        "reservation_id": session_id
    }


async def test_a_session_that_only_reserves_is_no_charging(net: Net) -> None:
    """The operator shows the reservation as a session; the journey of the start is another one."""
    net.results_in({"result": "ACCEPTED"})
    session_id = (await oicp_reserve(net)).json()["SessionID"]
    driver = {"country_code": "DE", "party_id": "DCB", "uid": EVCO, "type": "APP_USER", "contract_id": EVCO}
    told = session(
        status="RESERVATION", cdr_token=driver, authorization_reference=session_id, auth_method="COMMAND", evse_uid="E1"
    )
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", told, to="DEDCB")
    journey = net.hub.storage.journeys.held[session_id]
    assert (journey.state, journey.operator_session_id) == (JourneyState.AUTHORISED, "S1")
    started = (await net.dcb.post(REMOTE_START, start("NL*CPA*E1"))).json()["SessionID"]
    assert started not in (None, session_id)


# --- an operator that takes it back


def result_url(net: Net) -> str:
    url: str = net.p1.seen("POST", "commands")[-1].json["response_url"]
    return url.removeprefix("https://hub.test")


@spec("OCPI-CMD-13")
async def test_an_operator_calls_it_off_long_after(net: Net) -> None:
    """OICP has no message for it: the EMP learns it when it gives the reservation back."""
    net.results_in({"result": "ACCEPTED"})
    session_id = (await oicp_reserve(net, Duration=60)).json()["SessionID"]
    url = result_url(net)
    net.hub.clock.advance(1800)
    for body in ({"result": "ACCEPTED"}, {"result": "FAILED"}):
        assert (await net.p1.call(net.hub, "POST", url, body, to=None)).json()["status_code"] != 1000
    for _ in range(2):
        answer = await net.p1.call(net.hub, "POST", url, {"result": "CANCELED_RESERVATION"}, to=None)
        assert answer.json()["status_code"] == 1000
    assert net.hub.storage.journeys.held[session_id].state is JourneyState.ENDED
    [kept] = net.hub.storage.commands.held.values()
    assert kept.outcome and kept.outcome.outcome is Outcome.CANCELED_RESERVATION
    assert [(loss.path, loss.kind) for loss in kept.answer_losses] == [("outcome", LossKind.WITHHELD)]
    p3 = await OcpiPartner("p3.test", ("CPO", "FR", "CPC")).join(net.hub)
    foreign = await p3.call(net.hub, "POST", url, {"result": "CANCELED_RESERVATION"}, to=None)
    assert foreign.json()["status_code"] != 1000


# --- what the hub's operator sees


async def test_commands_stand_in_the_chain_of_their_journey(net: Net) -> None:
    net.back.refuses("501")
    place = await net.place()
    evse_uid = place["evses"][0]["uid"]
    await reserve(net, authorization_reference="ref-1", evse_uid=evse_uid, expiry_date="2026-01-15T12:14:30Z")
    await net.told()
    [journey] = net.hub.storage.journeys.held.values()
    found = await chain(net.hub.hub, net.hub.storage, journey.id)
    [command] = found.commands
    assert (command.kind, command.outcome, command.caller) == ("RESERVE_NOW", "TIMEOUT", journey.issuer_partner)
    assert (found.journey.reservation_id, found.journey.issuer.ids["reservation_id"]) == ("R-1", "R-1")
    assert [(hop.step, hop.source, hop.target) for hop in found.hops] == [
        ("RESERVE_NOW", "ocpi", "oicp"),
        ("result", "oicp", "ocpi"),
    ]
    assert {"location_id", "expires_at"} <= {loss.path for loss in found.hops[0].losses}
    assert {message.operation for message in found.messages} >= {"AuthorizeRemoteReservationStart"}


async def test_a_reservation_stands_on_the_dashboard_with_its_commands(net: Net) -> None:
    await reserved(net)
    await net.ocpi_start()
    shown = (await page(net.hub, "/journeys")).text
    for text in ("reservation until 12:15", "charging", "RESERVE_NOW ACCEPTED", "START_SESSION ...", "R-1"):
        assert text in shown


async def test_what_commands_lose_is_counted(net: Net) -> None:
    await net.ocpi_start()
    await net.told()
    net.results_in({"result": "FAILED", "message": [{"language": "fr", "text": "panne"}]})
    await oicp_reserve(net, PartnerProductID="Reservation=15")
    noted = set(net.hub.ledger.noted)
    assert ("start_session", "ocpi", "oicp", "location_id") in noted
    assert ("reserve_now", "oicp", "ocpi", "product_id") in noted
    assert ("reserve_now", "oicp", "ocpi", "expires_at") in noted
    assert ("command_result", "ocpi", "oicp", "outcome") in noted
    assert ("command_result", "ocpi", "oicp", "messages[0].language") in noted


# --- protocols without reservations


async def test_an_operator_of_a_protocol_without_reservations(net: Net) -> None:
    """Each caller hears it in its own words, and nobody is called."""
    held = net.hub.storage.partners.held[net.abc.partner.id]
    mute = type("Mute", (type(net.hub.adapters["oicp"]),), {"capabilities": frozenset()})
    net.hub.adapters["mute"] = mute(net.hub.outbound)
    await net.hub.storage.partners.update(replace(held, protocol="mute"))
    assert said(await reserve(net)) == "NOT_SUPPORTED"
    assert said(await cancel(net, "R-9")) == "NOT_SUPPORTED"
    assert code(await oicp_reserve(net, "DE*ABC*E1")) == (200, "320")
    assert not net.back.asked


async def test_without_the_process_engine_nothing_is_promised(net: Net) -> None:
    net.hub.processes.down = True
    answer = await reserve(net)
    assert answer.json()["status_code"] != 1000
    assert not net.hub.processes.commands
    [journey] = net.hub.storage.journeys.held.values()
    assert journey.state is JourneyState.REFUSED
    net.hub.processes.down = False
    await reserved(net)
