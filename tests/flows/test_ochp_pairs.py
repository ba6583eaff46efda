"""OCHP partners with those of OCPI and OICP: tokens, questions, places, statuses and CDRs, both ways."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import NamedTuple

import httpx
import msgspec
import pytest

from core.model.cdr import CdrState
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows import oicp_partners as oicp
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import (
    Reached,
    cdr,
    charge_point,
    decision,
    emt_id,
    join,
    live,
    opened,
    since,
    token,
)
from tests.flows.ocpi_partner import OcpiPartner, envelope, location
from tests.flows.ocpi_partner import cdr as ocpi_cdr
from tests.flows.ocpi_partner import token as ocpi_token

SINGLE = "GetSingleRoamingAuthorisation"


class Net(NamedTuple):
    """OCHP: the operator DEQX7 and the provider DEQM1. OCPI: the CPO NLCPA and the eMSP DEEMB."""

    hub: TestHub
    cpo: Reached
    emp: Reached
    ocpi_cpo: OcpiPartner
    emsp: OcpiPartner


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with opened(OCPI, OICP) as hub:
        found = Net(
            hub,
            await join(hub, "CPO", "DEQX7"),
            await join(hub, "EMSP", "DEQM1"),
            await OcpiPartner("p1.test", ("CPO", "NL", "CPA")).join(hub),
            await OcpiPartner("p2.test", ("EMSP", "DE", "EMB")).join(hub),
        )
        await hub.relay()
        found.ocpi_cpo.received.clear()
        found.emsp.received.clear()
        yield found


async def put(net: Net, path: str, body: dict[str, object], partner: OcpiPartner) -> None:
    answer = await partner.call(net.hub, "PUT", path, body)
    assert answer.json()["status_code"] == 1000, answer.text


async def put_token(net: Net, **changes: object) -> None:
    body = ocpi_token(**changes)
    await put(net, f"tokens/receiver/DE/EMB/{body['uid']}", body, net.emsp)


# --- tokens and questions


@pytest.mark.spec("OCHP-REL-13", "OCHP-RA-31")
async def test_tokens_of_an_ocpi_emsp_are_listed_by_their_whitelist(net: Net) -> None:
    for index, whitelist in enumerate(("ALWAYS", "ALLOWED", "ALLOWED_OFFLINE", "NEVER")):
        await put_token(net, uid=f"AA0{index}", whitelist=whitelist)
    answer = await net.cpo.ask("GetRoamingAuthorisationList")
    assert answer.texts("roamingAuthorisationInfoArray/EmtId/instance") == ["AA00", "AA01"]
    assert set(answer.texts("roamingAuthorisationInfoArray/contractId")) == {"DE-EMB-C12345678"}
    assert set(answer.texts("roamingAuthorisationInfoArray/expiryDate/DateTime")) == {"2027-01-15T00:00:00Z"}


@pytest.mark.spec("OCHP-RA-31", "OCHP-DLT-01")
async def test_a_revocation_by_ocpi_is_in_the_delta_whatever_time_it_bears(net: Net) -> None:
    await put_token(net, uid="AA01", whitelist="ALWAYS")
    net.hub.clock.advance(3600)
    old = "2026-01-15T12:00:00Z"
    await put_token(net, uid="AA01", whitelist="ALWAYS", valid=False, last_updated=old)
    await put_token(net, uid="AA02", whitelist="NEVER", last_updated=old)
    answer = await net.cpo.ask("GetRoamingAuthorisationListUpdates", since("2026-01-15T12:59:00Z"))
    told = dict(
        zip(
            answer.texts("roamingAuthorisationInfo/EmtId/instance"),
            answer.texts("roamingAuthorisationInfo/expiryDate/DateTime"),
            strict=True,
        )
    )
    assert set(told) == {"AA01", "AA02"}
    assert all(expiry <= old for expiry in told.values())


def answering(net: Net, allowed: str, **changes: object) -> None:
    info = {"allowed": allowed, "token": ocpi_token(uid="AA09"), **changes}
    net.emsp.answers["POST", "tokens"] = (200, envelope(info), {})


async def test_the_card_of_an_ocpi_emsp_is_asked_of_it(net: Net) -> None:
    answering(net, "ALLOWED")
    answer = await net.cpo.ask(SINGLE, emt_id("AA09"))
    assert answer.result == "ok", answer.text
    assert answer.texts("roamingAuthorisationInfo/contractId") == ["DE-EMB-C12345678"]
    (asked,) = net.emsp.seen("POST", "tokens")
    assert (asked.path, asked.query, asked.body) == ("/2.3.0/tokens/sender/AA09/authorize", "type=RFID", b"")
    (journey,) = net.hub.storage.journeys.held.values()
    assert (str(journey.operator), str(journey.issuer)) == ("DE*QX7", "DE*EMB")


@pytest.mark.parametrize("allowed", ["BLOCKED", "EXPIRED", "NO_CREDIT", "NOT_ALLOWED"])
async def test_a_no_is_invalid_id_without_record(net: Net, allowed: str) -> None:
    answering(net, allowed)
    answer = await net.cpo.ask(SINGLE, emt_id("AA09"))
    assert (answer.result, len(answer.body)) == ("invalid-id", 1)


async def test_a_yes_for_some_evses_or_without_contract_is_a_no(net: Net) -> None:
    answering(net, "ALLOWED", location={"location_id": "L", "evse_uids": ["E1"]})
    assert (await net.cpo.ask(SINGLE, emt_id("AA09"))).result == "invalid-id"
    answering(net, "ALLOWED", token=ocpi_token(uid="AA09", contract_id="#NA"))
    assert (await net.cpo.ask(SINGLE, emt_id("AA09"))).result == "invalid-id"


async def test_silence_is_server(net: Net) -> None:
    def silent(_: object) -> object:
        raise httpx.ReadTimeout("")

    net.emsp.answers["POST", "tokens"] = silent
    assert (await net.cpo.ask(SINGLE, emt_id("AA09"))).result == "server"


@pytest.mark.spec("OCHP-RA-31")
async def test_tokens_of_an_ochp_provider_go_to_ocpi_cpos(net: Net) -> None:
    hashed = token("ab" * 32, representation="sha-256")
    await net.emp.ask("SetRoamingAuthorisationList", token("AA01") + hashed)
    await net.hub.relay()
    (told,) = net.ocpi_cpo.seen("PUT", "tokens")
    assert (told.json["uid"], told.json["whitelist"], told.json["valid"]) == ("AA01", "ALWAYS", True)
    listed = (await net.ocpi_cpo.call(net.hub, "GET", "tokens/sender")).json()["data"]
    assert [one["uid"] for one in listed] == ["AA01"]
    net.ocpi_cpo.received.clear()
    await net.emp.ask("SetRoamingAuthorisationList", hashed)
    await net.hub.relay()
    assert [one.json["valid"] for one in net.ocpi_cpo.seen("PUT", "tokens")] == [False]


async def test_an_ocpi_cpo_s_question_about_an_ochp_card_is_answered_from_its_list(net: Net) -> None:
    await net.emp.ask("SetRoamingAuthorisationList", token("AA01"))
    answer = await net.ocpi_cpo.call(net.hub, "POST", "tokens/sender/AA01/authorize", to="DEQM1")
    assert answer.json().get("data", {}).get("allowed") == "ALLOWED", answer.text
    unknown = await net.ocpi_cpo.call(net.hub, "POST", "tokens/sender/FF01/authorize", to="DEQM1")
    assert unknown.json()["status_code"] != 1000


# --- places and statuses


@pytest.mark.spec("OCHP-CP-29", "OCHP-CP-30", "OCHP-REL-13")
async def test_places_of_ocpi_and_oicp_operators_are_listed(net: Net) -> None:
    street = "Lange Straße der sehr langen Namen, hinter dem Bahnhof 17 bis 19"
    await put(net, "locations/receiver/NL/CPA/LOC1", location(address=street), net.ocpi_cpo)
    await put(net, "locations/receiver/NL/CPA/HID", location("HID", publish=False), net.ocpi_cpo)
    oicp_cpo = await oicp.join(net.hub, oicp.cpo())
    assert (await oicp_cpo.push_data("fullLoad", oicp.record())).json()["Result"] is True
    answer = await net.emp.ask("GetChargePointList")
    assert sorted(answer.texts("chargePointInfoArray/evseId")) == ["DE*ABC*E1", "NL*CPA*EE1"]
    assert all(len(one) <= 45 for one in answer.texts("chargePointInfoArray/chargePointAddress/address"))
    assert all(len(one) <= 15 for one in answer.texts("chargePointInfoArray/locationId"))


async def test_statuses_of_ocpi_and_oicp_operators_are_told(net: Net) -> None:
    await put(net, "locations/receiver/NL/CPA/LOC1", location(), net.ocpi_cpo)
    oicp_cpo = await oicp.join(net.hub, oicp.cpo())
    await oicp_cpo.push_data("fullLoad", oicp.record())
    await oicp_cpo.push_status("fullLoad", {"DE*ABC*E1": "Occupied"})
    answer = await net.emp.ask("GetStatus")
    found = {one.findtext("{*}evseId"): (one.get("major"), one.get("minor")) for one in answer.all("evse")}
    assert found == {"NL*CPA*EE1": ("available", "available"), "DE*ABC*E1": ("not-available", "charging")}
    patch = {"status": "OUTOFORDER", "last_updated": "2026-01-15T12:05:00Z"}
    done = await net.ocpi_cpo.call(net.hub, "PATCH", "locations/receiver/NL/CPA/LOC1/E1", patch)
    assert done.json()["status_code"] == 1000, done.text
    answer = await net.emp.ask("GetStatus")
    found = {one.findtext("{*}evseId"): (one.get("major"), one.get("minor")) for one in answer.all("evse")}
    assert found["NL*CPA*EE1"] == ("not-available", "outoforder")


@pytest.mark.spec("OCHP-LIVE-29", "OCHP-REL-13")
async def test_an_ochp_operator_s_places_and_statuses_reach_the_ocpi_emsp(net: Net) -> None:
    await net.cpo.ask("SetChargePointList", charge_point("DE*QX7*E1") + charge_point("DE*QX7*E2"))
    await net.hub.relay()
    (told,) = net.emsp.seen("PUT", "locations")
    assert [one["evse_id"] for one in told.json["evses"]] == ["DE*QX7*E1", "DE*QX7*E2"]
    net.emsp.received.clear()
    net.hub.clock.advance(5)
    await net.cpo.ask("UpdateStatus", live("DE*QX7*E1", "not-available", "charging"))
    await net.hub.relay()
    (patched,) = [one for one in net.emsp.received if one.method in ("PATCH", "PUT")]
    assert patched.json["status"] == "CHARGING"
    net.emsp.received.clear()
    await net.cpo.ask("SetChargePointList", charge_point("DE*QX7*E1"))
    await net.hub.relay()
    (told,) = net.emsp.seen("PUT", "locations")
    assert {one["uid"]: one["status"] for one in told.json["evses"]} == {"DEQX7E1": "CHARGING", "DEQX7E2": "REMOVED"}


# --- CDRs


def to_provider(**changes: object) -> dict[str, object]:
    issuer = {"country_code": "DE", "party_id": "QM1", "uid": "AA01", "type": "RFID", "contract_id": "DE-QM1-C00000417"}
    return ocpi_cdr(cdr_token=issuer, **changes)


@pytest.mark.parametrize("cdr_id", ["C1", "cdr/with-signs_and.more"])
async def test_an_ocpi_cdr_is_fetched_and_approved_by_an_ochp_provider(net: Net, cdr_id: str) -> None:
    answer = await net.ocpi_cpo.call(net.hub, "POST", "cdrs/receiver", to_provider(id=cdr_id), to="DEQM1")
    assert answer.json()["status_code"] == 1000, answer.text
    await net.hub.settle()
    (held,) = net.hub.storage.cdrs.held.values()
    assert held.state is CdrState.FETCHABLE
    answer = await net.emp.ask("GetCDRs")
    (wire_id,) = answer.texts("cdrInfoArray/CdrId")
    assert wire_id.startswith("NLCPA")
    assert answer.texts("cdrInfoArray/status/CdrStatusType") == ["accepted"]
    assert Decimal(answer.texts("cdrInfoArray/totalCost")[0]) == Decimal("4.0")
    (evse_id,) = answer.texts("cdrInfoArray/evseId")
    assert (await net.emp.ask("ConfirmCDRs", decision("approved", wire_id, evse_id))).result == "ok"
    (held,) = net.hub.storage.cdrs.held.values()
    assert (held.state, held.remote_id) == (CdrState.DELIVERED, wire_id)
    assert held.losses
    assert (await net.emp.ask("GetCDRs")).texts("cdrInfoArray/CdrId") == []


async def test_a_cdr_that_ochp_cannot_say_is_kept_back_in_plain_sight(net: Net) -> None:
    body = to_provider(credit=True, credit_reference_id="C0")
    await net.ocpi_cpo.call(net.hub, "POST", "cdrs/receiver", body, to="DEQM1")
    await net.hub.settle()
    assert (await net.emp.ask("GetCDRs")).texts("cdrInfoArray/CdrId") == []
    (held,) = net.hub.storage.cdrs.held.values()
    assert (held.state, held.last_error) == (
        CdrState.FETCHABLE,
        "withheld: OCHP takes back no record: it is revised or rejected",
    )


@pytest.mark.spec("OCHP-CDR-46")
@pytest.mark.parametrize(
    ("answer", "status", "found"),
    [
        ((201, envelope(None), {"location": "https://p2.test/c/1"}), "approved", True),
        ((200, envelope(None, 2001), {}), "declined", True),
    ],
)
async def test_an_ochp_operator_hears_what_the_ocpi_emsp_said_of_its_cdr(
    net: Net, answer: object, status: str, found: bool
) -> None:
    net.emsp.answers["POST", "cdrs"] = answer  # type: ignore[assignment]
    answering(net, "ALLOWED")
    net.hub.clock.advance(-3 * 3600)
    assert (await net.cpo.ask(SINGLE, emt_id("AA09"))).result == "ok"
    net.hub.clock.advance(3 * 3600)
    await net.cpo.ask("SetChargePointList", charge_point())
    record = cdr(contract="DE-EMB-C12345678", instance="AA09")
    assert (await net.cpo.ask("AddCDRs", record)).result == "ok"
    await net.hub.settle()
    (sent,) = net.emsp.seen("POST", "cdrs")
    assert sent.json["total_cost"]["before_taxes"] == 4
    (journey,) = net.hub.storage.journeys.held.values()
    assert sent.json["authorization_reference"] == journey.reference
    filters = f"<cdrStatus><CdrStatusType>{status}</CdrStatusType></cdrStatus>"
    checked = await net.cpo.ask("CheckCDRs", filters)
    assert checked.texts("cdrInfoArray/CdrId") == (["DEQX7A1"] if found else [])


async def test_an_oicp_cpo_s_card_question_is_answered_from_the_ochp_list(net: Net) -> None:
    await net.emp.ask("SetRoamingAuthorisationList", token("04A2B3C4D5E680"))
    oicp_cpo = await oicp.join(net.hub, oicp.cpo())
    answer = await oicp_cpo.start({"RFIDMifareFamilyIdentification": {"UID": "04A2B3C4D5E680"}})
    body = msgspec.json.decode(answer.content)
    assert (body["AuthorizationStatus"], body["ProviderID"]) == ("Authorized", "DE-QM1")


async def test_a_card_that_an_oicp_emp_uploaded_is_listed_with_its_contract(net: Net) -> None:
    emp = await oicp.join(net.hub, oicp.emp())
    identification = {"RFIDIdentification": {"UID": "1234ABCD", "EvcoID": "DE-DCB-C12345678-X", "RFID": "mifareCls"}}
    record = {"Identification": identification}
    data = {"ProviderID": emp.own_id, "AuthenticationDataRecord": [record]}
    body = {"ActionType": "fullLoad", "ProviderAuthenticationData": data}
    pushed = await emp.post("authdata/v21/providers/{id}/push-request", body)
    assert pushed.json()["Result"] is True, pushed.text
    answer = await net.cpo.ask("GetRoamingAuthorisationList")
    assert answer.texts("roamingAuthorisationInfoArray/EmtId/instance") == ["1234ABCD"]
    assert answer.texts("roamingAuthorisationInfoArray/contractId") == ["DE-DCB-C12345678-X"]


async def test_a_charge_that_an_ochp_operator_began_by_its_list_is_billed_to_the_oicp_emp(net: Net) -> None:
    """The hub was never asked, and OICP wants a SessionID: it is made, and the same when the CDR comes again."""
    told: list[dict[str, object]] = []

    def answering(request: httpx.Request) -> httpx.Response:
        told.append(msgspec.json.decode(request.content))
        return httpx.Response(200, json={"Result": True, "StatusCode": {"Code": "000"}})

    emp = await oicp.join(net.hub, oicp.emp(), answering)
    identification = {"RFIDIdentification": {"UID": "04C3A1B2", "EvcoID": "DE-DCB-C12345678-X", "RFID": "mifareCls"}}
    records = [{"Identification": identification}]
    data = {"ProviderID": emp.own_id, "AuthenticationDataRecord": records}
    await emp.post(
        "authdata/v21/providers/{id}/push-request", {"ActionType": "fullLoad", "ProviderAuthenticationData": data}
    )
    await net.cpo.ask("SetChargePointList", charge_point())
    for _ in range(2):
        answer = await net.cpo.ask("AddCDRs", cdr(contract="DE-DCB-C12345678-X"))
        assert answer.result == "ok"
    [settled] = await net.hub.settle()
    assert settled.state is CdrState.DELIVERED
    [sent] = told
    [journey] = net.hub.storage.journeys.held.values()
    assert (sent["SessionID"], sent["ConsumedEnergy"]) == (journey.id, 10)
    assert [loss.value for loss in settled.losses if loss.path == "$.journey_id"] == [journey.id]
