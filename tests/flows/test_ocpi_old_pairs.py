"""An operator of OCPI 2.1.1 and an eMSP of OCPI 2.2.1 roam with each other, and both oldest sides with OICP."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows import oicp_partners as oicp
from tests.flows.hub import TestHub
from tests.flows.ocpi_2_1_1_partner import OldPartner, accepted, old_cdr, old_location, old_session, old_token
from tests.flows.ocpi_partner import OcpiPartner, cdr_token, envelope, token

CARD = "0411223344"
CONTRACT = "AT-EMD-C12345678"
MINE = {**cdr_token(CARD, "ATEMD"), "contract_id": CONTRACT}
EMP_CARD = "04A1B2C3"
EMP_CONTRACT = "DE-DCB-C12345678-X"


@pytest.fixture
async def hub() -> AsyncIterator[TestHub]:
    async with TestHub.open([OCPI, OICP], hotline="+4930999") as hub:
        yield hub


async def pair(hub: TestHub) -> tuple[OldPartner, OcpiPartner]:
    """The operator has told its location, the eMSP its card."""
    cpo = await OldPartner("p6.test", "CPO", "IT", "CPF").join(hub)
    emsp = await OcpiPartner("p4.test", ("EMSP", "AT", "EMD"), version="2.2.1").join(hub)
    accepted(await cpo.ask(hub, "PUT", "locations/IT/CPF/L6", old_location()))
    accepted(await emsp.call(hub, "PUT", f"tokens/receiver/AT/EMD/{CARD}", token(CARD, "ATEMD", contract_id=CONTRACT)))
    await hub.relay()
    return cpo, emsp


def last(partner: OcpiPartner, method: str, module: str) -> Any:
    return partner.seen(method, module)[-1].json


async def test_locations_and_tokens_cross(hub: TestHub) -> None:
    cpo, emsp = await pair(hub)
    assert (last(emsp, "PUT", "locations")["id"], last(emsp, "PUT", "locations")["party_id"]) == ("L6", "CPF")
    assert last(cpo, "PUT", "tokens") == old_token(CARD, auth_id=CONTRACT, issuer="eMobility")


async def test_a_whole_journey_from_card_to_bill(hub: TestHub) -> None:
    cpo, emsp = await pair(hub)
    info = {"allowed": "ALLOWED", "token": token(CARD, "ATEMD", contract_id=CONTRACT)}
    emsp.answers["POST", "tokens"] = (200, envelope(info), {})
    answer = await cpo.ask(hub, "POST", f"tokens/{CARD}/authorize", {"location_id": "L6", "evse_uids": ["E6"]})
    assert accepted(answer) == {"allowed": "ALLOWED"}
    accepted(await cpo.ask(hub, "PUT", "sessions/IT/CPF/S6", old_session(auth_id=CONTRACT)))
    await hub.relay()
    session = last(emsp, "PUT", "sessions")
    assert (session["cdr_token"], session["location_id"]) == (MINE, "L6")
    assert session["total_cost"] == {"excl_vat": 4}
    accepted(await cpo.ask(hub, "POST", "cdrs", old_cdr(auth_id=CONTRACT)))
    await hub.settle()
    cdr = last(emsp, "POST", "cdrs")
    assert (cdr["cdr_token"], cdr["total_cost"], cdr["total_energy"]) == (MINE, {"excl_vat": 4}, 12.345)


async def test_a_remote_start_and_its_result(hub: TestHub) -> None:
    cpo, emsp = await pair(hub)
    cpo.answers["POST", "commands"] = (200, envelope({"result": "ACCEPTED"}), {})
    url, driver = "https://p4.test/results/1", token(CARD, "ATEMD", contract_id=CONTRACT)
    body = {"response_url": url, "token": driver, "location_id": "L6", "evse_uid": "E6"}
    response = accepted(await emsp.call(hub, "POST", "commands/receiver/START_SESSION", body, to="ITCPF"))
    assert response["result"] == "ACCEPTED"
    result = last(cpo, "POST", "commands")["response_url"].removeprefix("https://hub.test")
    accepted(await cpo.ask(hub, "POST", result, {"result": "ACCEPTED"}))
    assert [seen.json["result"] for seen in emsp.received if seen.path == "/results/1"] == ["ACCEPTED"]


async def test_an_operator_of_2_1_1_and_an_emp_of_oicp(hub: TestHub) -> None:
    cpo = await OldPartner("p6.test", "CPO", "IT", "CPF").join(hub)
    back = oicp.Emp(EMP_CARD, EMP_CONTRACT)
    emp = await oicp.join(hub, oicp.emp(), back)
    card = {"RFIDIdentification": {"UID": EMP_CARD, "EvcoID": EMP_CONTRACT, "RFID": "mifareCls"}}
    assert oicp.code(await emp.push_cards("insert", card)) == (200, "000")
    accepted(await cpo.ask(hub, "PUT", "locations/IT/CPF/L6", old_location()))
    await hub.relay()
    assert [record["EvseID"] for record in await emp.pulled()] == ["IT*CPF*EE6"]
    assert last(cpo, "PUT", "tokens")["auth_id"] == EMP_CONTRACT
    place = {"location_id": "L6", "evse_uids": ["E6"]}
    assert accepted(await cpo.ask(hub, "POST", f"tokens/{EMP_CARD}/authorize", place)) == {"allowed": "ALLOWED"}
    charged = {"start_date_time": "2026-01-15T12:01:00Z", "stop_date_time": "2026-01-15T13:00:00Z"}
    accepted(await cpo.ask(hub, "POST", "cdrs", old_cdr(auth_id=EMP_CONTRACT, **charged)))
    await hub.settle()
    [record] = [body for path, body, _ in back.asked if path.endswith("charge-detail-record")]
    assert (record["EvseID"], str(record["ConsumedEnergy"])) == ("IT*CPF*EE6", "12.345")


async def test_an_operator_of_oicp_and_an_emsp_of_2_1_1(hub: TestHub) -> None:
    emsp = await OldPartner("p5.test", "EMSP", "IT", "EME").join(hub)
    cpo = await oicp.join(hub, oicp.cpo())
    assert oicp.code(await cpo.push_data("fullLoad", oicp.record())) == (200, "000")
    accepted(await emsp.ask(hub, "PUT", f"tokens/IT/EME/{oicp.CARD}", old_token(oicp.CARD)))
    await hub.relay()
    (place,) = accepted(await emsp.ask(hub, "GET", "locations"))
    assert (place["evses"][0]["evse_id"], place["evses"][0]["connectors"][0]["standard"]) == (
        "DE*ABC*E1",
        "IEC_62196_T2",
    )
    emsp.answers["POST", "tokens"] = (200, envelope({"allowed": "ALLOWED"}), {})
    answer = await cpo.start(oicp.rfid(), EvseID="DE*ABC*E1")
    assert answer.json()["AuthorizationStatus"] == "Authorized"
    assert emsp.seen("POST", "tokens")[-1].path == f"/2.1.1/tokens/{oicp.CARD}/authorize"
