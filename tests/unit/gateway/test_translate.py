"""The translate command, as the contract describes it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.commands.translate import translate

GOLDEN = Path(__file__).parents[2] / "golden"
RECORD = json.loads((GOLDEN / "oicp/charge_detail_record").glob("*.json").__iter__().__next__().read_text())
STATUS = {"EvseID": "DE*ABC*E1", "EvseStatus": "Reserved"}
LOCATION: dict[str, Any] = {
    "country_code": "DE",
    "party_id": "ABC",
    "id": "LOC1",
    "publish": True,
    "address": "Hafenstraße 12",
    "city": "Kiel",
    "postal_code": "24103",
    "country": "DEU",
    "coordinates": {"latitude": "54.323290", "longitude": "10.139950"},
    "time_zone": "Europe/Berlin",
    "help_phone": "+4943112345",
    "opening_times": {"twentyfourseven": True},
    "last_updated": "2026-01-02T03:04:05Z",
    "evses": [
        {
            "uid": "3256",
            "evse_id": "DE*ABC*E1",
            "status": "AVAILABLE",
            "capabilities": ["RFID_READER", "REMOTE_START_STOP_CAPABLE"],
            "last_updated": "2026-01-02T03:04:05Z",
            "connectors": [
                {
                    "id": "1",
                    "standard": "IEC_62196_T2",
                    "format": "SOCKET",
                    "power_type": "AC_3_PHASE",
                    "max_voltage": 230,
                    "max_amperage": 32,
                    "last_updated": "2026-01-02T03:04:05Z",
                }
            ],
        }
    ],
}
TARIFF = {
    "country_code": "DE",
    "party_id": "NOR",
    "id": "AGREED",
    "currency": "EUR",
    "tax_included": "NO",
    "elements": [{"price_components": [{"type": "ENERGY", "price": 0.4, "step_size": 1}]}],
    "last_updated": "2026-01-01T00:00:00Z",
}


def run(*arguments: str, given: Any) -> tuple[int, Any]:
    text = given if isinstance(given, str) else json.dumps(given)
    result = CliRunner().invoke(translate, list(arguments), input=text)
    return result.exit_code, json.loads(result.stdout) if result.stdout.startswith("{") else result.stderr


def between(source: str, target: str, kind: str, given: Any, context: Any = None) -> dict[str, Any]:
    line = {"id": "x", "from": source, "to": target, "kind": kind, "input": given, "context": context}
    code, done = run("--batch", given=line)
    assert code == 0
    assert done["id"] == "x"
    return dict(done)


def test_a_location_becomes_one_record_an_evse() -> None:
    done = between("ocpi-2.3.0", "oicp-2.3", "location", LOCATION)
    (record,) = done["output"]
    assert record["EvseID"] == "DE*ABC*E1"
    assert record["Plugs"] == ["Type 2 Outlet"]
    assert record["ChargingFacilities"][0]["Power"] == 22
    assert any(loss["kind"] == "ASSUMED" for loss in done["losses"])
    assert all(loss["path"].startswith("$") for loss in done["losses"])
    assert done["canonical"]["id"] == "LOC1"


def test_what_may_not_be_sent_on_has_no_output_and_says_why() -> None:
    done = between("ocpi-2.3.0", "oicp-2.3", "location", LOCATION | {"publish": False})
    assert done["output"] is None
    assert done["losses"][0]["kind"] == "WITHHELD"


def test_a_status_by_evse_id_finds_its_uid_in_the_context() -> None:
    done = between("oicp-2.3", "ocpi-2.3.0", "evse-status", STATUS, {"locations": [LOCATION]})
    assert done["output"]["uid"] == "3256"
    assert done["output"]["status"] == "RESERVED"
    assert [loss["path"] for loss in done["losses"]] == ["$.last_updated"]


def test_a_cdr_without_price_waits_and_with_the_agreed_tariff_is_priced() -> None:
    assert between("oicp-2.3", "ocpi-2.3.0", "cdr", RECORD)["output"] is None
    evse = LOCATION["evses"][0] | {"evse_id": RECORD["EvseID"]}
    known = {"tariffs": [TARIFF], "locations": [LOCATION | {"evses": [evse]}]}
    done = between("oicp-2.3", "ocpi-2.3.0", "cdr", RECORD, known)
    assert done["output"]["currency"] == "EUR"
    assert done["output"]["total_cost"]["before_taxes"] > 0
    assert "$.total_cost" in [loss["path"] for loss in done["losses"]]


def test_a_cdr_to_its_own_protocol_comes_back_as_it_went() -> None:
    assert between("oicp-2.3", "oicp-2.3", "cdr", RECORD)["output"] == RECORD


def test_the_session_id_that_a_running_hub_would_mint_is_reported() -> None:
    cdr = json.loads((GOLDEN / "ocpi/cdr/rich.json").read_text())
    done = between("ocpi-2.3.0", "oicp-2.3", "cdr", cdr)
    assert len(done["output"]["SessionID"]) == 36
    assert "$.SessionID" in [loss["path"] for loss in done["losses"]]


def test_an_authorisation_question_and_its_answer() -> None:
    start = {
        "OperatorID": "DE*ABC",
        "EvseID": "DE*ABC*E1",
        "Identification": {"RFIDMifareFamilyIdentification": {"UID": "04C1D2E3F40580"}},
    }
    asked = between("oicp-2.3", "ocpi-2.3.0", "authorization-request", start, {"locations": [LOCATION]})
    assert asked["output"] == {
        "token_uid": "04C1D2E3F40580",
        "type": "RFID",
        "location": {"location_id": "LOC1", "evse_uids": ["3256"]},
    }
    info = json.loads((GOLDEN / "ocpi/authorization_info/minimal.json").read_text()) | {"allowed": "BLOCKED"}
    answered = between("ocpi-2.3.0", "oicp-2.3", "authorization", info, {"request": start})
    assert answered["output"]["AuthorizationStatus"] == "NotAuthorized"
    assert answered["output"]["StatusCode"]["Code"] == "200"


def test_a_tariff_is_a_product_set_and_a_product_a_tariff() -> None:
    priced = TARIFF | {"elements": [{"price_components": [{"type": "TIME", "price": 3.0, "step_size": 60}]}]}
    plug = LOCATION["evses"][0]["connectors"][0] | {"max_electric_power": 11000, "tariff_ids": [TARIFF["id"]]}
    place = LOCATION | {"evses": [LOCATION["evses"][0] | {"connectors": [plug]}]}
    done = between("ocpi-2.3.0", "oicp-2.3", "tariff", priced, {"locations": [place]})
    [record] = done["output"]["PricingProductDataRecords"]
    assert (record["PricePerReferenceUnit"], record["ReferenceUnit"]) == (3.0, "HOUR")
    assert record["MaximumProductChargingPower"] == 11
    assert {loss["path"] for loss in done["losses"]} == {
        "$.elements[0].components[0].step_size",
        "$.PricingDefaultPrice",
    }
    record["ReferenceUnit"] = "MINUTE"
    back = between("oicp-2.3", "ocpi-2.3.0", "tariff", done["output"])
    assert back["output"]["elements"] == [{"price_components": [{"type": "TIME", "price": 180.0, "step_size": 1}]}]
    assert back["output"]["tax_included"] == "NO"


def test_a_wrong_payload_names_the_field_and_exits_2() -> None:
    code, said = run("--from", "ocpi-2.3.0", "--to", "oicp-2.3", "--kind", "location", given=LOCATION | {"city": 3})
    assert code == 2
    assert said["error"]["path"] == "$.city"


@pytest.mark.parametrize(("target", "kind"), [("emip-0.7.4", "tariff"), ("emip-0.7.4", "location")])
def test_an_impossible_pair_exits_3_and_says_why(target: str, kind: str) -> None:
    code, said = run("--from", "ocpi-2.3.0", "--to", target, "--kind", kind, given=LOCATION)
    assert code == 3
    assert target in said


def test_a_bad_line_of_a_batch_spoils_no_other() -> None:
    lines = [
        json.dumps({"id": 1, "from": "oicp-2.3", "to": "ocpi-2.3.0", "kind": "evse-status", "input": {}}),
        "not json",
        json.dumps({"id": 3, "from": "ocpi-2.3.0", "to": "emip-0.7.4", "kind": "location", "input": LOCATION}),
        json.dumps({"id": 4, "from": "oicp-2.3", "to": "ocpi-2.3.0", "kind": "evse-status", "input": STATUS}),
    ]
    result = CliRunner().invoke(translate, ["--batch"], input="\n".join(lines))
    done = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert done[0]["error"]["path"] == "$.EvseID"
    assert done[1]["error"]["path"] == "$"
    assert "emip-0.7.4" in done[2]["unsupported"]
    assert done[3]["output"]["evse_id"] == "DE*ABC*E1"
