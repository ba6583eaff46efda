"""Remote start and stop between an OCPI and an OICP side: each speaks its own language and sees its own kind of id."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import pytest
from msgspec.structs import replace

from core.model.authorisation import JourneyState
from core.model.ids import ContractId
from core.model.session import SessionStatus
from mappings.ocpi.tariffs import tariff_from_ocpi
from mappings.oicp.ids import contract_id_to_oicp
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.ocpi.wire.tariffs import Tariff
from protocols.oicp.plugin import PLUGIN as OICP
from protocols.transport.json_codec import convert
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, connector, evse, location, session, token
from tests.flows.oicp_partners import Reached, cdr, code, cpo, emp, join, record
from tests.flows.test_oicp_remote import EVCO, REMOTE_START, REMOTE_STOP, Cpo, start

spec = pytest.mark.spec
URL = "https://p2.test/cb/1"
CONTRACT = "DE-EMB-C12345678"


class Net(NamedTuple):
    """An OCPI CPO (NL CPA) and eMSP (DE EMB), an OICP CPO (DE ABC) and EMP (DE DCB)."""

    hub: TestHub
    p1: OcpiPartner
    p2: OcpiPartner
    abc: Reached
    back: Cpo
    dcb: Reached

    async def command(self, kind: str, body: dict[str, Any], to: str | None = "DEABC") -> httpx.Response:
        return await self.p2.call(self.hub, "POST", f"commands/receiver/{kind}", {"response_url": URL, **body}, to=to)

    async def place(self) -> dict[str, Any]:
        """The location of the OICP operator, as the eMSP sees it."""
        listed = await self.p2.call(self.hub, "GET", "locations/sender")
        [found] = [one for one in listed.json()["data"] if one["party_id"] == "ABC"]
        return dict(found)

    async def ocpi_start(self, to: str | None = "DEABC", **changes: Any) -> str:
        place = await self.place()
        body = {
            "token": token("app-1", type="APP_USER", contract_id=CONTRACT),
            "location_id": place["id"],
            "evse_uid": place["evses"][0]["uid"],
            **changes,
        }
        answer = await self.command("START_SESSION", {name: value for name, value in body.items() if value}, to)
        assert answer.json()["status_code"] == 1000, answer.text
        said: str = answer.json()["data"]["result"]
        return said

    async def ocpi_stop(self, session_id: str, to: str | None = "DEABC") -> str:
        answer = await self.command("STOP_SESSION", {"session_id": session_id}, to)
        said: str = answer.json()["data"]["result"]
        return said

    async def told(self) -> dict[str, Any]:
        """The one result that the OCPI eMSP got."""
        return await self.p2.told(self.hub)

    def answers(self, **members: Any) -> None:
        self.p1.answer_commands(**members)

    def results_in(self, body: dict[str, Any] | None) -> None:
        """What the OCPI CPO posts while the other side waits."""
        self.p1.results_in(self.hub, body)


@asynccontextmanager
async def met() -> AsyncIterator[Net]:
    async with TestHub.open([OCPI, OICP]) as hub:
        p1 = await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub)
        p2 = await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub)
        back = Cpo()
        found = Net(hub, p1, p2, await join(hub, cpo(), back), back, await join(hub, emp()))
        await found.abc.push_data("fullLoad", record())
        await p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(evses=[evse(evse_id="NL*CPA*E1")]))
        found.answers()
        await hub.relay()
        p1.received.clear()
        p2.received.clear()
        yield found


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with met() as found:
        yield found


# --- an OCPI eMSP at an OICP operator


@spec("OICP-URL-22")
async def test_an_ocpi_driver_starts_at_an_oicp_station(net: Net) -> None:
    assert await net.ocpi_start(authorization_reference="ref-1") == "ACCEPTED"
    assert await net.told() == {"result": "ACCEPTED"}
    ((path, body, _),) = net.back.asked
    [journey] = net.hub.storage.journeys.held.values()
    assert path == "/api/oicp/charging/v21/providers/DE-EMB/authorize-remote/start"
    assert body == {
        "SessionID": journey.id,
        "EMPPartnerSessionID": "ref-1",
        "ProviderID": "DE-EMB",
        "EvseID": "DE*ABC*E1",
        "Identification": {"RemoteIdentification": {"EvcoID": contract_id_to_oicp(ContractId.parse(CONTRACT))}},
    }


async def test_a_card_is_started_by_its_contract(net: Net) -> None:
    assert await net.ocpi_start(token=token(contract_id="DE-EMB-C12345678-X")) == "ACCEPTED"
    await net.told()
    identification = net.back.asked[0][1]["Identification"]
    assert identification == {"RemoteIdentification": {"EvcoID": "DE-EMB-C12345678-X"}}
    assert "EMPPartnerSessionID" not in net.back.asked[0][1]


@pytest.mark.parametrize(
    ("oicp", "ocpi"),
    [
        ("602", "EVSE_OCCUPIED"),
        ("700", "EVSE_INOPERATIVE"),
        ("501", "TIMEOUT"),
        ("510", "REJECTED"),
        ("601", "REJECTED"),
        ("021", "FAILED"),
        ("320", "NOT_SUPPORTED"),
    ],
)
async def test_a_refusal_in_the_other_language(net: Net, oicp: str, ocpi: str) -> None:
    net.back.refuses(oicp, AdditionalInfo="because")
    assert await net.ocpi_start() == "ACCEPTED"
    assert await net.told() == {"result": ocpi, "message": [{"language": "en", "text": "because"}]}
    await net.hub.relay()
    assert not net.p2.seen("PUT", "sessions")
    assert not net.hub.storage.sessions.held


@pytest.mark.parametrize(
    ("error", "said"), [(httpx.ReadTimeout("late"), "TIMEOUT"), (httpx.ConnectError("nobody"), "REJECTED")]
)
async def test_an_oicp_operator_that_does_not_answer(net: Net, error: Exception, said: str) -> None:
    net.back.broken = error
    await net.ocpi_start()
    assert (await net.told())["result"] == said
    [journey] = net.hub.storage.journeys.held.values()
    assert journey.state is JourneyState.REFUSED


async def test_what_oicp_cannot_say_is_said_at_once(net: Net) -> None:
    assert await net.ocpi_start(evse_uid=None) == "NOT_SUPPORTED"
    assert await net.ocpi_start(token=token(contract_id="whatever")) == "REJECTED"
    assert not net.back.asked
    assert not net.hub.storage.journeys.held


async def test_the_emsp_is_shown_a_session_and_stops_by_it(net: Net) -> None:
    """OICP has no session objects: the hub makes one, so that OCPI has an id to stop by; it ends with the CDR."""
    await net.ocpi_start(authorization_reference="ref-1")
    await net.told()
    [journey] = net.hub.storage.journeys.held.values()
    await net.hub.relay()
    [shown] = net.p2.seen("PUT", "sessions")
    place = await net.place()
    assert shown.party("from") == "DEABC"
    assert {name: shown.json[name] for name in ("id", "kwh", "status", "auth_method", "currency")} == {
        "id": journey.id,
        "kwh": 0,
        "status": "ACTIVE",
        "auth_method": "COMMAND",
        "currency": "XXX",
    }
    assert shown.json["authorization_reference"] == "ref-1"
    assert (shown.json["location_id"], shown.json["evse_uid"]) == (place["id"], place["evses"][0]["uid"])
    assert (shown.json["cdr_token"]["uid"], shown.json["cdr_token"]["type"]) == ("app-1", "APP_USER")
    assumed = [
        loss.value for one in net.hub.storage.outbox.deliveries.values() for loss in one.losses if loss.path == "$"
    ]
    assert assumed == [journey.id]
    net.p2.received.clear()
    for to in ("DEABC", None):
        assert await net.ocpi_stop(journey.id, to) == "ACCEPTED"
        assert await net.told() == {"result": "ACCEPTED"}
    path, body, _ = net.back.asked[-1]
    assert path == "/api/oicp/charging/v21/providers/DE-EMB/authorize-remote/stop"
    assert body == {
        "SessionID": journey.id,
        "ProviderID": "DE-EMB",
        "EvseID": "DE*ABC*E1",
        "EMPPartnerSessionID": "ref-1",
    }
    bill = cdr(journey.id, Identification=start()["Identification"], CPOPartnerSessionID="cpo-1")
    assert code(await net.abc.post("cdrmgmt/v22/operators/{id}/charge-detail-record", bill)) == (200, "000")
    await net.hub.settle()
    await net.hub.relay()
    [held] = net.hub.storage.sessions.held.values()
    assert held.status is SessionStatus.COMPLETED
    ended = net.p2.seen("PUT", "sessions")[-1].json
    assert (ended["status"], ended["kwh"], ended["id"]) == ("COMPLETED", 10.123, journey.id)
    assert ended["end_date_time"] == "2026-01-15T10:00:00Z"
    assert await net.ocpi_stop(journey.id) == "UNKNOWN_SESSION"


async def agreed(net: Net) -> None:
    """What the OICP operator charges, in francs."""
    tariff: Any = {
        "country_code": "DE",
        "party_id": "ABC",
        "id": "AGREED",
        "currency": "CHF",
        "tax_included": "NO",
        "elements": [{"price_components": [{"type": "ENERGY", "price": 0.4, "step_size": 1}]}],
        "last_updated": "2026-01-01T00:00:00Z",
    }
    held = net.hub.storage.partners.held[net.abc.partner.id]
    priced = tariff_from_ocpi(convert(tariff, Tariff))
    await net.hub.storage.partners.update(replace(held, agreed_tariff=priced))


@spec("OCPI-HUB-87")
async def test_session_and_cdr_bear_one_id_and_the_agreed_currency(net: Net) -> None:
    await agreed(net)
    await net.ocpi_start(authorization_reference="ref-1")
    await net.told()
    by_contract = net.back.asked[0][1]["Identification"]
    [found] = net.hub.storage.sessions.held.values()
    assert found.currency == "CHF"
    await net.abc.cdr(found.id, Identification=by_contract, CPOPartnerSessionID="cpo-1")
    await net.hub.settle()
    [bill] = net.p2.seen("POST", "cdrs")
    said = {name: bill.json[name] for name in ("session_id", "auth_method", "authorization_reference", "currency")}
    assert said == {
        "session_id": found.id,
        "auth_method": "COMMAND",
        "authorization_reference": "ref-1",
        "currency": "CHF",
    }
    assert (bill.json["cdr_token"]["uid"], bill.json["cdr_token"]["type"]) == ("app-1", "APP_USER")


async def test_a_session_of_the_hubs_own_is_nobody_elses(net: Net) -> None:
    await net.ocpi_start()
    await net.told()
    [journey] = net.hub.storage.journeys.held.values()
    p3 = await OcpiPartner("p3.test", ("EMSP", "FR", "EMC")).join(net.hub)
    body = {"response_url": "https://p3.test/cb", "session_id": journey.id}
    answer = await p3.call(net.hub, "POST", "commands/receiver/STOP_SESSION", body, to="DEABC")
    assert answer.json()["data"]["result"] == "UNKNOWN_SESSION"
    stop = {"SessionID": journey.id, "ProviderID": "DE-DCB", "EvseID": "DE*ABC*E1"}
    assert code(await net.dcb.post(REMOTE_STOP, stop)) == (404, "400")


# --- an OICP EMP at an OCPI operator


async def remote_start(net: Net, evse_id: str = "NL*CPA*E1", **members: Any) -> httpx.Response:
    return await net.dcb.post(REMOTE_START, start(evse_id, **members))


async def test_an_oicp_driver_starts_at_an_ocpi_station(net: Net) -> None:
    net.results_in({"result": "ACCEPTED"})
    answer = await remote_start(net, EMPPartnerSessionID="emp-1")
    assert code(answer) == (200, "000")
    said = answer.json()
    assert (said["Result"], said["EMPPartnerSessionID"]) == (True, "emp-1")
    [request] = net.p1.seen("POST", "commands")
    assert (request.party("to"), request.party("from")) == ("NLCPA", "DEDCB")
    assert request.json == {
        "response_url": request.json["response_url"],
        "token": {
            "country_code": "DE",
            "party_id": "DCB",
            "uid": EVCO,
            "type": "APP_USER",
            "contract_id": EVCO,
            "issuer": "DE*DCB",
            "valid": True,
            "whitelist": "NEVER",
            "last_updated": request.json["token"]["last_updated"],
        },
        "location_id": "LOC1",
        "evse_uid": "E1",
        "authorization_reference": said["SessionID"],
    }


@pytest.mark.parametrize(
    ("ocpi", "oicp"),
    [
        ("EVSE_OCCUPIED", "602"),
        ("EVSE_INOPERATIVE", "700"),
        ("TIMEOUT", "501"),
        ("FAILED", "501"),
        ("REJECTED", "320"),
        ("NOT_SUPPORTED", "320"),
        (None, "501"),
    ],
)
async def test_a_result_in_the_other_language(net: Net, ocpi: str | None, oicp: str) -> None:
    net.results_in({"result": ocpi, "message": [{"language": "en", "text": "because"}]} if ocpi else None)
    answer = await remote_start(net)
    assert code(answer) == (200, oicp)
    said = answer.json()
    assert (said["Result"], said["SessionID"]) == (False, None)
    assert said["StatusCode"]["AdditionalInfo"] == ("because" if ocpi else None)


@pytest.mark.parametrize(
    ("response", "oicp"), [("REJECTED", "320"), ("NOT_SUPPORTED", "320"), ("UNKNOWN_SESSION", "400")]
)
async def test_a_response_that_is_no_accepted_ends_it_at_once(net: Net, response: str, oicp: str) -> None:
    net.answers(result=response)
    assert code(await remote_start(net)) == (200, oicp)


@spec("OICP-REM-09")
async def test_an_ocpi_operator_that_does_not_answer(net: Net) -> None:
    net.p1.answers["POST", "commands"] = (200, b"<html/>", {})
    assert code(await remote_start(net)) == (200, "310")
    net.hub.network.silence("p1.test")
    assert code(await remote_start(net)) == (200, "310")


async def test_the_connector_that_the_operator_wants_named(net: Net) -> None:
    wanting = {"evse_id": "NL*CPA*E1", "capabilities": ["START_SESSION_CONNECTOR_REQUIRED"]}
    later = "2026-01-15T12:10:00Z"
    path = "locations/receiver/NL/CPA/LOC1"
    await net.p1.call(net.hub, "PUT", path, location(evses=[evse(**wanting)], last_updated=later))
    net.results_in({"result": "ACCEPTED"})
    assert code(await remote_start(net)) == (200, "000")
    assert net.p1.seen("POST", "commands")[-1].json["connector_id"] == "1"
    two = [connector(), connector(id="2")]
    later = "2026-01-15T12:11:00Z"
    await net.p1.call(net.hub, "PUT", path, location(evses=[evse(**wanting, connectors=two)], last_updated=later))
    assert code(await remote_start(net)) == (200, "320")


async def test_an_unknown_evse_of_an_ocpi_operator(net: Net) -> None:
    assert code(await remote_start(net, "NL*CPA*E9")) == (200, "603")
    assert not net.p1.received


async def test_an_oicp_driver_stops_at_an_ocpi_station(net: Net) -> None:
    """Once the operator has told of its session; before that there is nothing to stop."""
    net.results_in({"result": "ACCEPTED"})
    session_id = (await remote_start(net)).json()["SessionID"]
    body = {"SessionID": session_id, "ProviderID": "DE-DCB", "EvseID": "NL*CPA*E1"}
    assert code(await net.dcb.post(REMOTE_STOP, body)) == (200, "400")
    driver = {"country_code": "DE", "party_id": "DCB", "uid": EVCO, "type": "APP_USER", "contract_id": EVCO}
    told = session(cdr_token=driver, authorization_reference=session_id, auth_method="COMMAND", evse_uid="E1")
    await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", told, to="DEDCB")
    answer = await net.dcb.post(REMOTE_STOP, body)
    assert code(answer) == (200, "000")
    assert (answer.json()["SessionID"], answer.json()["CPOPartnerSessionID"]) == (session_id, "S1")
    request = net.p1.seen("POST", "commands")[-1]
    assert request.path.endswith("/STOP_SESSION")
    assert request.json["session_id"] == "S1"
    net.results_in({"result": "FAILED"})
    assert code(await net.dcb.post(REMOTE_STOP, body)) == (200, "501")
    net.answers(result="UNKNOWN_SESSION")
    assert code(await net.dcb.post(REMOTE_STOP, body)) == (200, "400")


async def test_a_session_that_begins_after_all_is_stopped_again(net: Net) -> None:
    """The result was not heard in time, and the car charges. OICP cannot tell the EMP of it: it must not run unseen."""
    assert code(await remote_start(net)) == (200, "501")
    [journey] = net.hub.storage.journeys.held.values()
    assert journey.state is JourneyState.REFUSED
    driver = {"country_code": "DE", "party_id": "DCB", "uid": EVCO, "type": "APP_USER", "contract_id": EVCO}
    told = session(cdr_token=driver, authorization_reference=journey.id, auth_method="COMMAND", evse_uid="E1")
    for changes in ({}, {"kwh": 2, "last_updated": "2026-01-15T12:01:00Z"}):
        await net.p1.call(net.hub, "PUT", "sessions/receiver/NL/CPA/S1", told | changes, to="DEDCB")
        await net.hub.processes.work()
    assert net.hub.storage.journeys.held[journey.id].state is JourneyState.CHARGING
    [request] = [request for request in net.p1.seen("POST", "commands") if request.path.endswith("STOP_SESSION")]
    assert request.json["session_id"] == "S1"
    assert request.party("from") == "DEDCB"


# --- an OCPI terminal provider at an OICP operator


@spec("OCPI-PAY-08", "OCPI-CDR-23")
@pytest.mark.parametrize("role", ["PTP", "OTHER"])
async def test_a_driver_of_a_terminal_starts_at_an_oicp_station_and_is_billed(net: Net, role: str) -> None:
    p8 = await OcpiPartner("p8.test", (role, "AT", "PTH")).join(net.hub)
    net = net._replace(p2=p8)
    await agreed(net)
    contract = "AT-PTH-C12345678"
    anonymous = token("anon-1", owner="ATPTH", type="AD_HOC_USER", contract_id=contract)
    started = await p8.call(
        net.hub,
        "POST",
        "commands/receiver/START_SESSION",
        {
            "response_url": "https://p8.test/cb/1",
            "token": anonymous,
            "location_id": (await net.place())["id"],
            "evse_uid": (await net.place())["evses"][0]["uid"],
            "authorization_reference": "pay-1",
        },
        to="DEABC",
    )
    assert started.json()["data"]["result"] == "ACCEPTED"
    assert await net.told() == {"result": "ACCEPTED"}
    [journey] = net.hub.storage.journeys.held.values()
    evco = contract_id_to_oicp(ContractId.parse(contract))
    assert net.back.asked[-1][1]["Identification"] == {"RemoteIdentification": {"EvcoID": evco}}
    await net.hub.relay()
    [shown] = p8.seen("PUT", "sessions")
    assert (shown.party("to"), shown.json["authorization_reference"]) == ("ATPTH", "pay-1")
    await net.abc.cdr(journey.id, Identification=net.back.asked[-1][1]["Identification"])
    await net.hub.settle()
    [bill] = p8.seen("POST", "cdrs")
    assert (bill.party("to"), bill.json["authorization_reference"]) == ("ATPTH", "pay-1")
    assert (bill.json["cdr_token"]["uid"], bill.json["cdr_token"]["party_id"]) == ("anon-1", "PTH")
    await net.hub.relay()
    [completed] = [request.json for request in p8.seen("PUT", "sessions") if request.json["status"] == "COMPLETED"]
    assert completed["id"] == bill.json["session_id"]
