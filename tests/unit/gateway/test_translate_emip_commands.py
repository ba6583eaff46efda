"""Remote start, stop and their results to and from eMIP, through the translate command's engine."""

import json
from typing import Any

import pytest

from core.errors import Invalid, Unsupported
from gateway.translation.model import Context, Kind, Translated
from gateway.translation.translate import read_context, translate
from protocols.emip import codec
from protocols.emip.wire import from_iop, to_iop
from protocols.transport.soap.xml import parse
from tests.golden.ocpi import goldens as ocpi
from tests.unit.gateway.test_translate import LOCATION
from tests.unit.protocols.emip import emip_goldens as emip
from tests.unit.protocols.oicp.wire.oicp_goldens import raw as oicp

NOW = "2026-02-03T04:05:06Z"
EMSP = {"country_code": "DE", "party_id": "NOR", "role": "EMSP", "name": "Nordlicht", "protocol": "ocpi"}
CPO = {"country_code": "DE", "party_id": "ABC", "role": "CPO", "name": "ABC", "protocol": "emip"}
PLACE = {**LOCATION, "id": "LOC-KIEL-1"}
LUM = {**LOCATION, "id": "PORT", "country_code": "FR", "party_id": "LUM"}
LUM["evses"] = [{**LOCATION["evses"][0], "uid": "7", "evse_id": "FR*LUM*EPORT7*2"}]
EMIP, OCPI, OICP = "emip-0.7.4", "ocpi-2.3.0", "oicp-2.3"


def context(**more: Any) -> Context:
    return read_context({"now": NOW, "locations": [PLACE], "parties": [EMSP], **more})


def done(source: str, target: str, kind: Kind, payload: Any, known: Context | None = None) -> Translated:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return translate(source, target, kind, body, known or context())


def message(found: Translated) -> Any:
    element = parse(found.output.encode())
    known = codec.find(element)
    assert known is not None
    return codec.read(element, known.wire_type)


def paths(found: Translated) -> set[str]:
    return {loss.path for loss in found.losses}


def golden(name: str) -> Any:
    return json.loads(ocpi.body(name))


def test_a_start_of_ocpi_for_emip() -> None:
    found = done(OCPI, EMIP, Kind.START_SESSION, golden("start_session/rich"))
    said = message(found)
    assert isinstance(said, from_iop.SetServiceAuthorisationRequest)
    assert (said.operator_id, said.target_operator_id, said.evse_id) == ("DE*NOR", "DE*ABC", "DE*ABC*E1")
    assert said.user_contract_id_alias == "DE-NOR-C00004711-X"
    minted = {"$.transactionId", "$.partnerId", "$.serviceSessionId"}
    assert {loss.path for loss in found.losses if loss.kind == "ASSUMED"} == minted
    assert {"$.connector_id", "$.location_id", "$.authorization_reference", "$.token.visual_number"} <= paths(found)


def test_a_start_that_emip_cannot_say() -> None:
    elsewhere = golden("start_session/rich") | {"location_id": "ELSEWHERE"}
    found = done(OCPI, EMIP, Kind.START_SESSION, elsewhere)
    assert (found.output, "$.evse_id" in paths(found)) == (None, True)
    card = golden("start_session/rich")
    card["token"] |= {"type": "RFID", "uid": "no hex"}
    found = done(OCPI, EMIP, Kind.START_SESSION, card)
    assert (found.output, "$.token" in paths(found)) == (None, True)


def test_a_start_of_oicp_for_emip() -> None:
    asked = oicp("authorize_remote_start/rich")
    said = message(done(OICP, EMIP, Kind.START_SESSION, asked))
    assert said.service_session_id == asked["SessionID"].lower()
    assert (said.user_id_type, said.user_id) == ("eMA", "DE-FAR-C00004711-X")


def test_a_start_of_emip_for_the_others() -> None:
    body = emip.body("to_set_service_authorisation/request")
    known = context(locations=[LUM])
    found = done(EMIP, OCPI, Kind.START_SESSION, body, known)
    assert (found.output["location_id"], found.output["evse_uid"]) == ("PORT", "7")
    assert found.output["token"]["party_id"] == "CLA"
    only_emip = {"$.meterLimitList", "$.parameter", "$.bookingId", "$.salePartnerBookingId", "$.userContractIdAlias"}
    assert only_emip <= paths(found)
    found = done(EMIP, OICP, Kind.START_SESSION, body, known)
    assert found.output["EvseID"] == "FR*LUM*EPORT7*2"
    assert only_emip <= paths(found)


def test_a_stop_for_emip() -> None:
    found = done(OCPI, EMIP, Kind.STOP_SESSION, golden("stop_session/minimal"), context(parties=[EMSP, CPO]))
    said = message(found)
    assert isinstance(said, from_iop.SetSessionActionRequestRequest)
    assert (said.operator_id, said.target_operator_id, said.exec_partner_session_id) == ("DE*NOR", "DE*ABC", "S-77")
    assert said.session_action.session_action_nature == 1
    assert said.session_action.session_action_date_time == NOW
    assert {"$.serviceSessionId", "$.sessionAction.sessionActionId", "$.sessionAction.sessionActionDateTime"} <= paths(
        found
    )
    found = done(OCPI, EMIP, Kind.STOP_SESSION, golden("stop_session/minimal"), context(parties=[EMSP]))
    assert isinstance(message(found), to_iop.SetSessionActionRequestRequest)
    found = done(OCPI, EMIP, Kind.STOP_SESSION, golden("stop_session/minimal"), context(parties=[]))
    assert (found.output, paths(found)) == (None, {"$.operatorId"})
    asked = oicp("authorize_remote_stop/rich")
    assert message(done(OICP, EMIP, Kind.STOP_SESSION, asked)).service_session_id == asked["SessionID"].lower()


def test_a_stop_of_emip_for_the_others() -> None:
    body = emip.body("from_set_session_action_request/request")
    exec_id = emip.golden("from_set_session_action_request/request").exec_partner_session_id
    assert done(EMIP, OCPI, Kind.STOP_SESSION, body).output["session_id"] == exec_id
    found = done(EMIP, OICP, Kind.STOP_SESSION, body)
    assert found.output["SessionID"] == emip.golden("from_set_session_action_request/request").service_session_id


@pytest.mark.parametrize(
    ("kind", "name", "old", "new"),
    [
        (Kind.START_SESSION, "to_set_service_authorisation/request", b">1</auth", b">2</auth"),
        (Kind.STOP_SESSION, "to_set_session_action_request/request", b">1</sessionActionN", b">2</sessionActionN"),
    ],
)
def test_what_is_no_start_and_no_stop(kind: Kind, name: str, old: bytes, new: bytes) -> None:
    body = emip.body(name)
    assert old in body
    with pytest.raises(Unsupported):
        done(EMIP, OCPI, kind, body.replace(old, new))


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (Kind.START_SESSION, "to_set_service_authorisation/request"),
        (Kind.START_SESSION, "from_set_service_authorisation/request"),
        (Kind.STOP_SESSION, "to_set_session_action_request/request"),
        (Kind.STOP_SESSION, "from_set_session_action_request/request"),
        (Kind.COMMAND_RESULT, "to_set_service_authorisation/response"),
        (Kind.COMMAND_RESULT, "from_set_service_authorisation/response"),
        (Kind.COMMAND_RESULT, "to_set_session_action_request/response"),
        (Kind.COMMAND_RESULT, "from_set_session_action_request/response"),
    ],
)
def test_into_its_own_protocol_nothing_changes(kind: Kind, name: str) -> None:
    found = done(EMIP, EMIP, kind, emip.body(name))
    assert message(found) == emip.golden(name)
    assert not found.losses


RESULTS = [
    ("ACCEPTED", 1, "ACCEPTED"),
    ("REJECTED", 205, "REJECTED"),
    ("EVSE_OCCUPIED", 205, "REJECTED"),
    ("NOT_SUPPORTED", 205, "REJECTED"),
    ("EVSE_INOPERATIVE", 206, "TIMEOUT"),
    ("TIMEOUT", 206, "TIMEOUT"),
    ("FAILED", 10201, "FAILED"),
]


@pytest.mark.parametrize(("said", "status", "back"), RESULTS)
def test_results_there_and_back(said: str, status: int, back: str) -> None:
    there = done(OCPI, EMIP, Kind.COMMAND_RESULT, {"result": said})
    answer = message(there)
    assert isinstance(answer, to_iop.SetServiceAuthorisationResponse)
    assert answer.request_status == status
    assert {"$.transactionId", "$.serviceSessionId"} <= paths(there)
    assert ("$.outcome" in paths(there)) is (said != back)
    again = done(EMIP, OCPI, Kind.COMMAND_RESULT, there.output.encode())
    assert again.output["result"] == back


def test_a_result_answers_the_request_of_the_context() -> None:
    asked = emip.golden("to_set_session_action_request/request")
    known = context(request=emip.body("to_set_session_action_request/request").decode())
    answer = message(done(OICP, EMIP, Kind.COMMAND_RESULT, {"Result": False, "StatusCode": {"Code": "400"}}, known))
    assert isinstance(answer, to_iop.SetSessionActionRequestResponse)
    assert (answer.request_status, answer.transaction_id) == (10501, asked.transaction_id)
    assert answer.service_session_id == asked.service_session_id
    assert answer.session_action_id == asked.session_action.session_action_id
    known = context(request=emip.body("from_set_service_authorisation/request").decode())
    accepted = {"Result": True, "StatusCode": {"Code": "000"}, "CPOPartnerSessionID": "abc-1"}
    found = done(OICP, EMIP, Kind.COMMAND_RESULT, accepted, known)
    answer = message(found)
    assert isinstance(answer, from_iop.SetServiceAuthorisationResponse)
    assert (answer.request_status, answer.partner_service_session_id) == (1, "abc-1")
    assert "$.session_id" not in paths(found)
    known = context(request=emip.body("to_set_service_authorisation/request").decode())
    assert message(done(OICP, EMIP, Kind.COMMAND_RESULT, accepted, known)).exec_partner_operator_id == "FR*LUM"


@pytest.mark.parametrize("request_", ["<x/>", "no xml", {"a": 1}])
def test_a_request_that_is_none(request_: Any) -> None:
    with pytest.raises(Invalid, match="request"):
        done(OCPI, EMIP, Kind.COMMAND_RESULT, {"result": "ACCEPTED"}, context(request=request_))


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [("to_set_service_authorisation", 10207, "310"), ("to_set_session_action_request", 10503, "320")],
)
def test_what_a_platform_says(name: str, status: int, code: str) -> None:
    assert emip.golden(f"{name}/response").request_status == status
    found = done(EMIP, OICP, Kind.COMMAND_RESULT, emip.body(f"{name}/response"))
    assert found.output["StatusCode"]["Code"] == code
