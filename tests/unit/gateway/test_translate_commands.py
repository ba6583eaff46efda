"""Remote start, stop and their results through the translate command's engine."""

import json
from typing import Any

import pytest

from core.errors import Invalid, Unsupported
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


def reserve(**more: Any) -> Any:
    return golden("reserve_now/rich") | {"expiry_date": "2026-02-03T04:25:06Z"} | more


@pytest.mark.parametrize("version", ["ocpi-2.3.0", "ocpi-2.2.1"])
def test_a_reservation_for_oicp(version: str) -> None:
    message = reserve()
    found = translated(version, "oicp-2.3", Kind.RESERVE_NOW, message)
    session = found.output.pop("SessionID")
    assert found.output == {
        "ProviderID": "DE-NOR",
        "EvseID": "DE*ABC*E1",
        "Identification": {"RemoteIdentification": {"EvcoID": "DE-NOR-C00004711-X"}},
        "EMPPartnerSessionID": "REF-2026-0002",
        "Duration": 20,
    }
    assert {loss.path: loss.value for loss in found.losses if loss.kind == "ASSUMED"} == {"$.SessionID": session}
    assert "$.location_id" in paths(found)
    assert "$.expires_at" not in paths(found)


@pytest.mark.parametrize(
    ("expiry", "minutes", "kind"),
    [
        ("2026-02-03T04:25:07Z", 21, "NARROWED"),
        ("2026-02-03T05:44:06Z", 99, None),
        ("2026-02-03T05:44:07Z", None, "WITHHELD"),
        ("2026-02-03T04:05:06Z", None, "WITHHELD"),
    ],
)
def test_the_end_of_a_reservation_is_rounded_up_and_never_cut(
    expiry: str, minutes: int | None, kind: str | None
) -> None:
    found = translated("ocpi-2.3.0", "oicp-2.3", Kind.RESERVE_NOW, reserve(expiry_date=expiry))
    assert (found.output or {}).get("Duration") == minutes
    assert [loss.kind for loss in found.losses if loss.path == "$.expires_at"] == ([kind] if kind else [])


def test_a_reservation_for_ocpi() -> None:
    message = oicp("authorize_remote_reservation_start/rich") | {"EvseID": "DE*ABC*E1"}
    found = translated("oicp-2.3", "ocpi-2.3.0", Kind.RESERVE_NOW, message)
    said = {name: found.output[name] for name in ("location_id", "evse_uid", "reservation_id", "expiry_date")}
    assert said == {
        "location_id": "LOC-KIEL-1",
        "evse_uid": "3256",
        "reservation_id": message["SessionID"],
        "expiry_date": "2026-02-03T04:25:06Z",
    }
    assert found.output["token"]["contract_id"] == "DE-FAR-C00004711-X"
    assert {"$.response_url", "$.product_id", "$.token.uid"} <= paths(found)
    bare = oicp("authorize_remote_reservation_start/minimal") | {"EvseID": "DE*ABC*E1"}
    found = translated("oicp-2.3", "ocpi-2.3.0", Kind.RESERVE_NOW, bare)
    assert found.output["expiry_date"] == "2026-02-03T04:20:06Z"
    assumed = {loss.path for loss in found.losses if loss.kind == "ASSUMED"}
    assert {"$.reservation_id", "$.expires_at"} <= assumed


def test_a_cancellation_there_and_back() -> None:
    found = translated("ocpi-2.3.0", "oicp-2.3", Kind.CANCEL_RESERVATION, golden("cancel_reservation/minimal"))
    assert {name: found.output[name] for name in ("ProviderID", "EvseID")} == {
        "ProviderID": "DE-NOR",
        "EvseID": "DE*ABC*E1",
    }
    assert paths(found) == {"$.SessionID", "$.EvseID"}
    message = oicp("authorize_remote_reservation_stop/rich")
    found = translated("oicp-2.3", "ocpi-2.3.0", Kind.CANCEL_RESERVATION, message)
    assert found.output["reservation_id"] == message["SessionID"].lower()


def test_reservations_in_a_version_that_numbers_them() -> None:
    number = reserve(reservation_id="4711")
    found = translated("ocpi-2.3.0", "ocpi-2.1.1", Kind.RESERVE_NOW, number)
    assert found.output["reservation_id"] == 4711
    again = translated("ocpi-2.1.1", "ocpi-2.3.0", Kind.RESERVE_NOW, found.output)
    assert again.output["reservation_id"] == "4711"
    assert translated("ocpi-2.3.0", "ocpi-2.1.1", Kind.RESERVE_NOW, reserve()).output is None
    for source, target in (("ocpi-2.3.0", "ocpi-2.1.1"), ("ocpi-2.1.1", "oicp-2.3")):
        with pytest.raises(Unsupported, match="no CANCEL_RESERVATION"):
            translated(source, target, Kind.CANCEL_RESERVATION, golden("cancel_reservation/minimal"))


def test_an_unknown_session_of_a_reservation_is_an_unknown_reservation() -> None:
    answer = {"Result": False, "StatusCode": {"Code": "400"}}
    asked = context(request=golden("cancel_reservation/minimal"))
    found = translated("oicp-2.3", "ocpi-2.3.0", Kind.COMMAND_RESULT, answer, asked)
    assert found.output["result"] == "UNKNOWN_RESERVATION"
    there = translated("ocpi-2.3.0", "oicp-2.3", Kind.COMMAND_RESULT, {"result": "UNKNOWN_RESERVATION"})
    assert there.output["StatusCode"]["Code"] == "400"


@pytest.mark.parametrize("kind", [Kind.RESERVE_NOW, Kind.CANCEL_RESERVATION])
@pytest.mark.parametrize("other", ["ochp-1.4", "emip-0.7.4"])
def test_protocols_without_reservations_say_why(kind: Kind, other: str) -> None:
    message = reserve() if kind is Kind.RESERVE_NOW else golden("cancel_reservation/minimal")
    with pytest.raises(Unsupported, match=r"\w{4,}"):
        translated("ocpi-2.3.0", other, kind, message)


@pytest.mark.parametrize("protocol", ["ocpi-2.3.0", "oicp-2.3"])
@pytest.mark.parametrize("kind", [Kind.RESERVE_NOW, Kind.CANCEL_RESERVATION])
def test_reservations_into_their_own_protocol(protocol: str, kind: Kind) -> None:
    if protocol == "oicp-2.3":
        name = "start" if kind is Kind.RESERVE_NOW else "stop"
        message = oicp(f"authorize_remote_reservation_{name}/rich")
    else:
        message = golden("reserve_now/rich" if kind is Kind.RESERVE_NOW else "cancel_reservation/minimal")
    found = translated(protocol, protocol, kind, message)
    assert found.output == message
    assert not found.losses
