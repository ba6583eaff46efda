"""Translation to and from the XML protocols, from the golden messages."""

import json
from typing import Any

import pytest
from click.testing import CliRunner
from lxml import etree

from gateway.commands.translate import translate
from tests.unit.gateway.test_translate import GOLDEN, LOCATION, TARIFF, between, run

OCPI, OICP, OCHP, EMIP = "ocpi-2.3.0", "oicp-2.3", "ochp-1.4", "emip-0.7.4"
NS = "{http://ochp.eu/1.4}"


def xml(name: str) -> str:
    return (GOLDEN / f"{name}.xml").read_text()


def js(name: str) -> Any:
    return json.loads((GOLDEN / f"{name}.json").read_text())


def tree(text: str) -> Any:
    return etree.fromstring(text.encode())


def payload(text: str) -> Any:
    """What is in the envelope, if there is one."""
    root = tree(text)
    return root[-1][0] if etree.QName(root).localname == "Envelope" else root


def meaning(element: Any) -> Any:
    """Names, attributes, texts, in order; prefixes mean nothing."""
    children = [meaning(child) for child in element]
    return element.tag, sorted(element.attrib.items()), children or (element.text or "").strip()


def items(text: str, name: str) -> list[Any]:
    return [child for child in payload(text) if etree.QName(child).localname == name]


def one(text: str, name: str, index: int = 0) -> str:
    return str(etree.tostring(items(text, name)[index], encoding="unicode"))


def value(text: str, name: str) -> str | None:
    found = [element.text for element in tree(text).iter() if etree.QName(element).localname == name]
    return found[0] if found else None


def paths(done: dict[str, Any]) -> list[str]:
    return [loss["path"] for loss in done["losses"]]


TOKEN = js("ocpi/token/rich") | {"whitelist": "ALWAYS"}
NOW = "2026-01-15T11:00:00Z"
OCHP_CDR = one(xml("ochp/add_cdrs/request"), "cdrInfoArray")
OCHP_STATUS = one(xml("ochp/update_status/request"), "evse")
SYNTHETIC = xml("emip/to_set_evse_synthetic_status/request")
EMIP_CDR = xml("emip/to_set_charge_detail_record/final_request")
CPO = {"country_code": "NL", "party_id": "VLT", "role": "CPO"}
EMSP = {"country_code": "DE", "party_id": "ELK", "role": "EMSP"}
QUESTION = {"token_uid": TOKEN["uid"], "type": "RFID", "location": {"location_id": "LOC1", "evse_uids": ["3256"]}}


def place(evse_id: str) -> dict[str, Any]:
    return LOCATION | {"evses": [LOCATION["evses"][0] | {"evse_id": evse_id}]}


# --- OCHP


def test_ochp_locations() -> None:
    done = between(OCPI, OCHP, "location", LOCATION)
    assert tree(done["output"]).tag == f"{NS}chargePointInfoArray"
    assert value(done["output"], "evseId") == "DE*ABC*E1"
    back = between(OCHP, OCPI, "location", done["output"])
    assert back["output"]["evses"][0]["evse_id"] == "DE*ABC*E1"
    assert between(OCPI, OCHP, "location", LOCATION | {"publish": False})["output"] is None
    assert between(OCPI, OCHP, "location", LOCATION | {"evses": []})["losses"]
    whole = xml("ochp/set_charge_point_list/request")
    same = between(OCHP, OCHP, "location", whole, {"now": NOW})["output"]
    same = same if isinstance(same, list) else [same]
    assert sorted(map(str, map(meaning, map(tree, same)))) == sorted(
        map(str, map(meaning, items(whole, "chargePointInfoArray")))
    )


def test_ochp_statuses() -> None:
    done = between(OCPI, OCHP, "evse-status", js("ocpi/evse_patch/status") | {"evse_id": "NL*VLT*E0707*1"})
    assert tree(done["output"]).tag == f"{NS}evse"
    back = between(OCHP, OCPI, "evse-status", OCHP_STATUS, {"now": NOW})
    assert back["output"]["status"] == "CHARGING"
    assert "$.status_until" in paths(back)
    late = between(OCHP, OCPI, "evse-status", OCHP_STATUS, {"now": "2026-01-16T00:00:00Z"})
    assert late["output"]["status"] == "UNKNOWN"
    assert meaning(tree(between(OCHP, OCHP, "evse-status", OCHP_STATUS)["output"])) == meaning(tree(OCHP_STATUS))


def test_ochp_statuses_of_a_whole_request_are_a_list() -> None:
    done = between(OCHP, OCPI, "evse-status", xml("ochp/update_status/request"), {"now": NOW})
    assert [one["status"] for one in done["output"]] == ["CHARGING", "AVAILABLE", "UNKNOWN"]
    assert {path[:4] for path in paths(done)} >= {"$[0]", "$[1]"}
    assert any(loss["kind"] == "NARROWED" for loss in done["losses"])


def test_ochp_charge_points_have_a_status_of_their_own() -> None:
    record = one(xml("ochp/set_charge_point_list/request"), "chargePointInfoArray")
    assert between(OCHP, OCPI, "evse-status", record)["output"]["status"]


def test_ochp_tokens() -> None:
    done = between(OCPI, OCHP, "token", TOKEN)
    assert tree(done["output"]).tag == f"{NS}roamingAuthorisationInfoArray"
    assert "$.expiryDate" in paths(done)
    whole = xml("ochp/set_roaming_authorisation_list/request")
    card = one(whole, "roamingAuthorisationInfoArray")
    assert between(OCHP, OCPI, "token", card, {"now": NOW})["output"]["valid"] is True
    same = between(OCHP, OCHP, "token", whole, {"now": NOW})["output"]
    assert [meaning(tree(text)) for text in same] == [
        meaning(item) for item in items(whole, "roamingAuthorisationInfoArray")
    ]
    assert between(OCPI, OCHP, "token", TOKEN | {"whitelist": "NEVER"})["output"] is None


def test_ochp_questions() -> None:
    done = between(OCPI, OCHP, "authorization-request", QUESTION, {"locations": [LOCATION]})
    assert value(done["output"], "instance").upper() == TOKEN["uid"]  # type: ignore[union-attr]
    assert "$.location_id" in paths(done)
    asked = xml("ochp/get_single_roaming_authorisation/request")
    assert between(OCHP, OCPI, "authorization-request", asked)["output"]["type"] == "RFID"
    assert meaning(tree(between(OCHP, OCHP, "authorization-request", asked)["output"])) == meaning(tree(asked))
    assert between(OCHP, OICP, "authorization-request", asked)["output"] is None
    known = {"parties": [CPO]}
    assert between(OCHP, OICP, "authorization-request", asked, known)["output"]["OperatorID"] == "NL*VLT"


def ochp_answers() -> list[str]:
    return [path.read_text() for path in sorted((GOLDEN / "ochp/get_single_roaming_authorisation").glob("*.xml"))]


def test_ochp_answers() -> None:
    info = js("ocpi/authorization_info/rich")
    del info["location"]
    done = between(OCPI, OCHP, "authorization", info)
    assert value(done["output"], "contractId") == "DE-ELK-C00012345-K"
    no = between(OCPI, OCHP, "authorization", js("ocpi/authorization_info/minimal"))
    assert value(no["output"], "contractId") is None
    yes, asked, refused = ochp_answers()
    assert between(OCHP, OCPI, "authorization", yes, {"now": NOW})["output"]["allowed"] == "ALLOWED"
    assert between(OCHP, OCPI, "authorization", refused, {"now": NOW})["output"] is None  # no token is named
    known = {"now": NOW, "request": QUESTION, "tokens": [TOKEN]}
    unknown = between(OCHP, OCPI, "authorization", refused, known)
    assert (unknown["output"], unknown["losses"][0]["path"]) == (
        None,
        "$.allowed",
    )  # OCPI's error, no AuthorizationInfo
    for text in (yes, refused):
        same = between(OCHP, OCHP, "authorization", text, {"now": NOW, "request": asked})
        assert meaning(tree(same["output"])) == meaning(tree(text))


def test_a_yes_without_token_needs_its_request() -> None:
    granted = xml("emip/to_get_service_authorisation/granted_response")
    done = between(EMIP, OCHP, "authorization", granted)
    assert done["output"] is None
    assert paths(done) == ["$.context.request"]
    asked = xml("ochp/get_single_roaming_authorisation/request")
    done = between(EMIP, OCHP, "authorization", granted, {"request": asked, "parties": [EMSP], "now": NOW})
    assert value(done["output"], "contractId") == "FR-CLA-C1A2B3C4D-5"
    assert "$.roamingAuthorisationInfo.expiryDate" in paths(done)
    wrong = between(EMIP, OCHP, "authorization", granted, {"request": {"no": "xml"}})
    assert wrong["error"]["path"] == "$.context.request"


def test_ochp_failures_are_no_answers() -> None:
    text = ochp_answers()[2].replace("invalid-id", "server")
    assert between(OCHP, OCPI, "authorization", text)["error"]["path"].endswith("/resultCode")


def test_ochp_cdrs() -> None:
    done = between(OCPI, OCHP, "cdr", js("ocpi/cdr/rich"), {"time_zone": "Europe/Amsterdam"})
    assert tree(done["output"]).tag == f"{NS}cdrInfoArray"
    assert value(done["output"], "LocalDateTime") == "2025-03-04T11:00:00+01:00"
    assert between(OCPI, OCHP, "cdr", js("ocpi/cdr/credit"))["losses"][-1]["kind"] == "WITHHELD"
    known = {"locations": [place("DE*NOR*E0815*2")], "now": NOW}
    assert between(OCHP, OCPI, "cdr", OCHP_CDR, known)["output"]["total_cost"]["before_taxes"] == 5.3
    whole = xml("ochp/add_cdrs/request")
    same = between(OCHP, OCHP, "cdr", whole)["output"]
    assert [meaning(tree(text)) for text in same] == [meaning(item) for item in items(whole, "cdrInfoArray")]


def test_a_cdr_of_the_cheapest_protocol_is_completed_for_ochp() -> None:
    known = {"tariffs": [TARIFF], "locations": [place("FR*LUM*EPORT7*2")], "time_zone": "Europe/Paris"}
    done = between(EMIP, OCHP, "cdr", xml("emip/to_set_charge_detail_record/minimal_request"), known)
    assert done["output"] is not None or any(loss["kind"] == "WITHHELD" for loss in done["losses"])
    full = between(EMIP, OCHP, "cdr", EMIP_CDR, known)
    assert value(full["output"], "address") == "Hafenstraße 12"
    assert "$.location.address" in paths(full)


@pytest.mark.parametrize("wrapped", ["bare", "item", "request", "envelope"])
def test_ochp_payloads_come_in_four_wrappings(wrapped: str) -> None:
    request = f'<AddCDRsRequest xmlns="http://ochp.eu/1.4">{OCHP_CDR}</AddCDRsRequest>'
    text = {
        "bare": OCHP_CDR.replace("cdrInfoArray", "CDRInfo"),
        "item": OCHP_CDR,
        "request": request,
        "envelope": '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/>'
        f"<s:Body>{request}</s:Body></s:Envelope>",
    }[wrapped]
    assert meaning(tree(between(OCHP, OCHP, "cdr", text)["output"])) == meaning(tree(OCHP_CDR))


# --- eMIP


def test_emip_statuses() -> None:
    status = js("ocpi/evse_patch/status") | {"evse_id": "NL*VLT*E0707*1", "status": "AVAILABLE"}
    done = between(OCPI, EMIP, "evse-status", status)
    assert tree(done["output"]).tag.endswith("eMIP_ToIOP_SetEVSESyntheticStatusRequest")
    assert (value(done["output"], "availabilityStatus"), value(done["output"], "operatorId")) == ("2", "NL*VLT")
    assert {"$.transactionId", "$.partnerId"} <= set(paths(done))
    alone = between(OCPI, EMIP, "evse-status", status | {"status": "INOPERATIVE"})
    assert tree(alone["output"]).tag.endswith("SetEVSEAvailabilityStatusRequest")
    assert "$.status" in paths(alone)
    back = between(EMIP, OCPI, "evse-status", SYNTHETIC, {"locations": [place("FR*LUM*EPORT7*2")]})
    assert back["output"]["status"] == "AVAILABLE"
    assert {"$.busyStatusComment", "$.status_until"} <= set(paths(back))
    del status["evse_id"]
    assert between(OCPI, EMIP, "evse-status", status)["output"] is None


def same_as(text: str, kind: str, context: Any = None) -> None:
    done = between(EMIP, EMIP, kind, text, context)
    assert meaning(tree(done["output"])) == meaning(payload(text))


@pytest.mark.parametrize("name", ["synthetic", "busy", "availability"])
def test_emip_statuses_to_emip(name: str) -> None:
    same_as(xml(f"emip/to_set_evse_{name}_status/request"), "evse-status")


@pytest.mark.parametrize(
    "name",
    [
        "to_get_service_authorisation/badge_request",
        "to_get_service_authorisation/contract_request",
        "from_get_service_authorisation/request",
    ],
)
def test_emip_questions(name: str) -> None:
    text = xml(f"emip/{name}")
    same_as(text, "authorization-request")
    evse = value(text, "EVSEId")
    done = between(EMIP, OCPI, "authorization-request", text, {"locations": [place(str(evse))]})
    assert done["output"]["token_uid"]


def test_ocpi_questions_to_emip() -> None:
    known = {"locations": [LOCATION], "tokens": [TOKEN]}
    done = between(OCPI, EMIP, "authorization-request", QUESTION, known)
    assert tree(done["output"]).tag.endswith("eMIP_FromIOP_GetServiceAuthorisationRequest")
    assert value(done["output"], "targetOperatorId") == "DE*ELK"
    assert value(done["output"], "EVSEId") == "DE*ABC*E1"
    assert "$.serviceSessionId" in paths(done)
    asked = between(OCPI, EMIP, "authorization-request", QUESTION, {"locations": [LOCATION]})
    assert tree(asked["output"]).tag.endswith("eMIP_ToIOP_GetServiceAuthorisationRequest")
    assert between(OCPI, EMIP, "authorization-request", QUESTION)["output"] is None


@pytest.mark.parametrize("name", ["to", "from"])
@pytest.mark.parametrize("answer", ["granted", "refused"])
def test_emip_answers(name: str, answer: str) -> None:
    text = xml(f"emip/{name}_get_service_authorisation/{answer}_response")
    known = {"request": QUESTION, "tokens": [TOKEN], "locations": [LOCATION]}
    done = between(EMIP, OCPI, "authorization", text, known)
    if (name, answer) == ("to", "refused"):  # an unknown token, which OCPI says with an error
        assert (done["output"], done["losses"][0]["kind"]) == (None, "WITHHELD")
    else:
        assert (done["output"]["allowed"] == "ALLOWED") is (answer == "granted")
    same_as(text, "authorization", {"parties": [{"country_code": "FR", "party_id": "CLA", "role": "EMSP"}]})


def test_ocpi_answers_to_emip() -> None:
    asked = xml("emip/to_get_service_authorisation/badge_request")
    done = between(OCPI, EMIP, "authorization", js("ocpi/authorization_info/rich"), {"request": asked})
    assert value(done["output"], "transactionId") == value(asked, "transactionId")
    assert value(done["output"], "salePartnerOperatorId") == "DE*ELK"
    assert value(done["output"], "userContractIdAlias") == "DE-ELK-C00012345-K"
    assert "$.serviceSessionId" in paths(done)
    alone = between(OCPI, EMIP, "authorization", js("ocpi/authorization_info/rich"))
    assert "$.transactionId" in paths(alone)


def test_emip_sessions() -> None:
    done = between(OCPI, EMIP, "session", js("ocpi/session/rich"))
    assert [value(text, "sessionEventNature") for text in done["output"]] == ["3", "1"]
    assert "$.serviceSessionId" in paths(done)
    assert between(OCPI, EMIP, "session", js("ocpi/session/minimal"))["output"] is None  # PENDING
    for name in ("to", "from"):
        same_as(xml(f"emip/{name}_set_session_event_report/request"), "session")
    text = xml("emip/to_set_session_event_report/request")
    known = {"locations": [LOCATION], "tokens": [TOKEN], "tariffs": [TARIFF]}
    back = between(EMIP, OCPI, "session", text, known)
    assert (back["output"]["location_id"], back["output"]["currency"]) == ("LOC1", "EUR")
    assert between(EMIP, OCPI, "session", text)["output"] is None


def test_emip_cdrs() -> None:
    done = between(OCPI, EMIP, "cdr", js("ocpi/cdr/rich"))
    assert value(done["output"], "EVSEId") == "NL*VLT*E0707*1"
    assert "$.chargeDetailRecord.serviceSessionId" in paths(done)
    assert between(OCPI, EMIP, "cdr", js("ocpi/cdr/credit"))["output"] is None
    for name in ("to_set_charge_detail_record/final_request", "to_set_charge_detail_record/minimal_request"):
        same_as(xml(f"emip/{name}"), "cdr")
    same_as(xml("emip/from_set_charge_detail_record/request"), "cdr")
    known = {"locations": [place("FR*LUM*EPORT7*2")]}
    back = between(EMIP, OCPI, "cdr", EMIP_CDR, known)
    assert back["output"]["total_cost"]["before_taxes"] == 4.05
    record = etree.tostring(payload(EMIP_CDR)[-1], encoding="unicode")
    assert between(EMIP, OCPI, "cdr", record, known)["output"]["party_id"] == "LUM"
    half = xml("emip/to_set_charge_detail_record/intermediate_request")
    assert between(EMIP, OCPI, "cdr", half)["error"]["path"].endswith("CDRNature")


# --- what cannot be


@pytest.mark.parametrize(
    ("source", "kind", "text", "path"),
    [
        (OCHP, "cdr", OCHP_CDR.replace("DENORNACHT0001", ""), "CdrId"),
        (OCHP, "cdr", "<cdrInfoArray/>", "cdrInfoArray"),
        (OCHP, "token", "not xml", "/"),
        (OCHP, "evse-status", OCHP_STATUS.replace("charging", "dancing"), "minor"),
        (EMIP, "cdr", SYNTHETIC, "SetEVSESyntheticStatusRequest"),
        (EMIP, "cdr", EMIP_CDR.replace(">9876.50<", ">much<"), "meterValue"),
        (EMIP, "evse-status", SYNTHETIC.replace("FR*LUM*EPORT7*2", "?"), "EVSEId"),
    ],
)
def test_a_wrong_payload_exits_2_with_a_path(source: str, kind: str, text: str, path: str) -> None:
    code, said = run("--from", source, "--to", OCPI, "--kind", kind, given=text)
    assert code == 2
    assert path in said["error"]["path"]
    assert said["error"]["reason"]


@pytest.mark.parametrize(
    ("target", "kind"),
    [(OCHP, "session"), (OCHP, "tariff"), (OCHP, "start-session"), (EMIP, "token"), (EMIP, "tariff")],
)
def test_an_impossible_pair_exits_3_with_its_reason(target: str, kind: str) -> None:
    code, said = run("--from", OCPI, "--to", target, "--kind", kind, given={})
    assert code == 3
    assert f"{target}, {kind}: " in said


def test_batch_lines_of_all_sorts() -> None:
    lines = [
        {"id": 1, "from": OCHP, "to": OCPI, "kind": "cdr", "input": OCHP_CDR},
        {"id": 2, "from": OCHP, "to": OCPI, "kind": "cdr", "input": "<a/>"},
        {"id": 3, "from": OCPI, "to": EMIP, "kind": "location", "input": LOCATION},
        {"id": 4, "from": EMIP, "to": OICP, "kind": "evse-status", "input": SYNTHETIC},
        {"id": 5, "from": EMIP, "to": OICP, "kind": "evse-status", "input": {"no": "xml"}},
        {"id": 6, "from": OCHP, "to": OICP, "kind": "evse-status", "input": None},
    ]
    result = CliRunner().invoke(translate, ["--batch"], input="\n".join(map(json.dumps, lines)))
    done = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert [one["id"] for one in done] == [1, 2, 3, 4, 5, 6]
    assert "losses" in done[0]
    assert done[1]["error"]["path"] == "/a"
    assert "static data" in done[2]["unsupported"]
    assert done[3]["output"]["EvseStatus"] == "Available"
    assert "error" in done[4] and "error" in done[5]
