"""Remote start, stop and their results through the translate command's engine."""

import json
from typing import Any

import pytest

from core.errors import Invalid
from gateway.translation.model import Context, Kind, Translated
from gateway.translation.translate import read_context, translate
from tests.golden.ocpi import goldens as ocpi
from tests.unit.gateway.test_translate import LOCATION
from tests.unit.protocols.oicp.wire.oicp_goldens import raw as oicp

NOW = "2026-02-03T04:05:06Z"
EMSP = {"country_code": "DE", "party_id": "NOR", "role": "EMSP", "name": "Nordlicht", "protocol": "ocpi"}
PLACE = {**LOCATION, "id": "LOC-KIEL-1"}


def context(**more: Any) -> Context:
    return read_context({"now": NOW, "locations": [PLACE], "parties": [EMSP], **more})


def translated(source: str, target: str, kind: Kind, payload: Any, known: Context | None = None) -> Translated:
    return translate(source, target, kind, json.dumps(payload).encode(), known or context())


def golden(name: str) -> Any:
    return json.loads(ocpi.body(name))


def paths(found: Translated) -> set[str]:
    return {loss.path for loss in found.losses}


def test_a_start_for_oicp() -> None:
    found = translated("ocpi-2.3.0", "oicp-2.3", Kind.START_SESSION, golden("start_session/rich"))
    session = found.output.pop("SessionID")
    assert found.output == {
        "ProviderID": "DE-NOR",
        "EvseID": "DE*ABC*E1",
        "Identification": {"RemoteIdentification": {"EvcoID": "DE-NOR-C00004711-X"}},
        "EMPPartnerSessionID": "REF-2026-0001",
    }
    assumed = {loss.path: loss.value for loss in found.losses if loss.kind == "ASSUMED"}
    assert assumed == {"$.SessionID": session}
    assert {"$.connector_id", "$.location_id", "$.token.visual_number", "$.token.energy_contract"} <= paths(found)


@pytest.mark.parametrize("name", ["start_session/minimal", "start_session/rich"])
def test_a_start_that_oicp_cannot_say(name: str) -> None:
    message = golden(name) | {"location_id": "ELSEWHERE"}
    found = translated("ocpi-2.3.0", "oicp-2.3", Kind.START_SESSION, message)
    assert found.output is None
    assert any("EVSE" in loss.reason for loss in found.losses)
    message = golden("start_session/rich")
    message["token"]["contract_id"] = "whatever"
    found = translated("ocpi-2.3.0", "oicp-2.3", Kind.START_SESSION, message)
    assert found.output is None
    assert paths(found) == {"$.token.contract_id"}


def test_a_start_for_ocpi() -> None:
    message = oicp("authorize_remote_start/rich") | {"EvseID": "DE*ABC*E1"}
    found = translated("oicp-2.3", "ocpi-2.3.0", Kind.START_SESSION, message)
    assert found.output["location_id"] == "LOC-KIEL-1"
    assert found.output["evse_uid"] == "3256"
    assert found.output["authorization_reference"] == message["SessionID"]
    assert found.output["token"]["type"] == "APP_USER"
    assert found.output["token"]["contract_id"] == "DE-FAR-C00004711-X"
    assert {"$.response_url", "$.token.uid", "$.product_id", "$.session_id"} <= paths(found)
    found = translated("oicp-2.3", "ocpi-2.3.0", Kind.START_SESSION, oicp("authorize_remote_start/minimal"))
    assert (found.output, paths(found)) == (None, {"$.location_id"})


def test_the_connector_is_named_where_the_operator_wants_it() -> None:
    evse = LOCATION["evses"][0] | {"capabilities": ["START_SESSION_CONNECTOR_REQUIRED"]}
    message = oicp("authorize_remote_start/minimal") | {"EvseID": "DE*ABC*E1"}
    known = context(locations=[PLACE | {"evses": [evse]}])
    assert translated("oicp-2.3", "ocpi-2.3.0", Kind.START_SESSION, message, known).output["connector_id"] == "1"
    two = evse | {"connectors": [*evse["connectors"], evse["connectors"][0] | {"id": "2"}]}
    found = translated(
        "oicp-2.3", "ocpi-2.3.0", Kind.START_SESSION, message, context(locations=[PLACE | {"evses": [two]}])
    )
    assert found.output is None


def test_a_stop_for_oicp_takes_from_the_context_what_the_hub_would_know() -> None:
    found = translated("ocpi-2.3.0", "oicp-2.3", Kind.STOP_SESSION, golden("stop_session/minimal"))
    assert {name: found.output[name] for name in ("ProviderID", "EvseID", "CPOPartnerSessionID")} == {
        "ProviderID": "DE-NOR",
        "EvseID": "DE*ABC*E1",
        "CPOPartnerSessionID": "S-77",
    }
    assert paths(found) == {"$.SessionID", "$.EvseID"}
    for known in (context(parties=[]), context(locations=[])):
        found = translated("ocpi-2.3.0", "oicp-2.3", Kind.STOP_SESSION, golden("stop_session/minimal"), known)
        assert found.output is None


def test_a_stop_for_ocpi() -> None:
    found = translated("oicp-2.3", "ocpi-2.3.0", Kind.STOP_SESSION, oicp("authorize_remote_stop/rich"))
    assert found.output["session_id"] == "nor-77"
    message = oicp("authorize_remote_stop/minimal")
    found = translated("oicp-2.3", "ocpi-2.3.0", Kind.STOP_SESSION, message)
    assert found.output["session_id"] == message["SessionID"]
    assert "$.session_id" in paths(found)


@pytest.mark.parametrize("protocol", ["ocpi-2.3.0", "oicp-2.3"])
@pytest.mark.parametrize("kind", [Kind.START_SESSION, Kind.STOP_SESSION])
def test_into_its_own_protocol_nothing_changes(protocol: str, kind: Kind) -> None:
    if protocol == "oicp-2.3":
        message = oicp("authorize_remote_" + ("start/rich" if kind is Kind.START_SESSION else "stop/rich"))
    else:
        message = golden("start_session/rich" if kind is Kind.START_SESSION else "stop_session/minimal")
    found = translated(protocol, protocol, kind, message)
    assert found.output == message
    assert not found.losses


RESULTS = [
    ("ACCEPTED", "000", "ACCEPTED"),
    ("EVSE_OCCUPIED", "602", "EVSE_OCCUPIED"),
    ("EVSE_INOPERATIVE", "700", "EVSE_INOPERATIVE"),
    ("TIMEOUT", "501", "TIMEOUT"),
    ("NOT_SUPPORTED", "320", "NOT_SUPPORTED"),
    ("REJECTED", "320", "NOT_SUPPORTED"),
    ("FAILED", "501", "TIMEOUT"),
]


@pytest.mark.parametrize(("said", "code", "back"), RESULTS)
def test_results_there_and_back(said: str, code: str, back: str) -> None:
    there = translated("ocpi-2.3.0", "oicp-2.3", Kind.COMMAND_RESULT, {"result": said})
    assert (there.output["Result"], there.output["StatusCode"]["Code"]) == (said == "ACCEPTED", code)
    again = translated("oicp-2.3", "ocpi-2.3.0", Kind.COMMAND_RESULT, there.output)
    assert again.output["result"] == back
    assert (said == back) is not any(loss.path == "$.outcome" for loss in there.losses)


def test_an_answer_at_once_is_a_result_too() -> None:
    for body in ({"result": "UNKNOWN_SESSION", "timeout": 0}, {"result": "UNKNOWN_SESSION"}):
        found = translated("ocpi-2.3.0", "oicp-2.3", Kind.COMMAND_RESULT, body)
        assert found.output["StatusCode"]["Code"] == "400"
        again = translated("ocpi-2.3.0", "ocpi-2.3.0", Kind.COMMAND_RESULT, body)
        assert again.output == {"result": "REJECTED"}
        assert paths(again) == {"$.outcome"}
    for wrong in ({"result": "MAYBE"}, [], {}):
        with pytest.raises(Invalid):
            translated("ocpi-2.3.0", "oicp-2.3", Kind.COMMAND_RESULT, wrong)


def test_an_acknowledgement_bears_the_ids_of_its_request() -> None:
    start = context(request=oicp("authorize_remote_start/rich"))
    found = translated("ocpi-2.3.0", "oicp-2.3", Kind.COMMAND_RESULT, {"result": "ACCEPTED"}, start)
    assert found.output["SessionID"] == oicp("authorize_remote_start/rich")["SessionID"]
    assert found.output["EMPPartnerSessionID"] == "far-0042"
    minimal = context(request=oicp("authorize_remote_start/minimal"))
    found = translated("ocpi-2.3.0", "oicp-2.3", Kind.COMMAND_RESULT, {"result": "ACCEPTED"}, minimal)
    assert "$.SessionID" in paths(found)
    refused = translated("ocpi-2.3.0", "oicp-2.3", Kind.COMMAND_RESULT, {"result": "REJECTED"}, start)
    assert "SessionID" not in refused.output
    stop = context(request=oicp("authorize_remote_stop/rich"))
    found = translated("ocpi-2.3.0", "oicp-2.3", Kind.COMMAND_RESULT, {"result": "FAILED"}, stop)
    assert found.output["SessionID"] == oicp("authorize_remote_stop/rich")["SessionID"]


def test_a_refusal_of_an_operator_with_its_words() -> None:
    answer = {"Result": False, "StatusCode": {"Code": "510", "Description": "No EV connected to EVSE."}}
    found = translated("oicp-2.3", "ocpi-2.3.0", Kind.COMMAND_RESULT, answer)
    assert found.output == {
        "result": "REJECTED",
        "message": [{"language": "en", "text": "No EV connected to EVSE."}],
    }
    assert translated("oicp-2.3", "oicp-2.3", Kind.COMMAND_RESULT, answer).output == answer
