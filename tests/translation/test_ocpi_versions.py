"""Translations between the versions of OCPI, and from the oldest to another protocol."""

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.translation.model import Kind
from gateway.translation.translate import read_context, translate
from tests.flows.ocpi_2_1_1_partner import old_cdr, old_location, old_session, old_tariff, old_token
from tests.flows.ocpi_partner import cdr, cdr_token, evse, location, session, tariff, token

GOLDEN = Path(__file__).parents[1] / "golden"
OURS = {
    "parties": [
        {"country_code": "IT", "party_id": "CPF", "role": "CPO", "name": "Charge"},
        {"country_code": "IT", "party_id": "EME", "role": "EMSP", "name": "Emobil"},
    ],
    "tokens": [token()],
    "locations": [location()],
    "now": "2026-01-15T12:00:00Z",
}
OLD = {
    Kind.LOCATION: old_location(),
    Kind.TOKEN: old_token(),
    Kind.SESSION: old_session(),
    Kind.CDR: old_cdr(),
    Kind.TARIFF: old_tariff(),
    Kind.EVSE_STATUS: {"uid": "E6", "status": "CHARGING", "last_updated": "2026-01-15T12:00:00Z"},
    Kind.AUTHORIZATION_REQUEST: {"token_uid": "04AABBCC", "type": "RFID", "location": {"location_id": "L6"}},
    Kind.AUTHORIZATION: {"allowed": "BLOCKED"},
    Kind.START_SESSION: {"response_url": "https://p5.test/1", "token": old_token(), "location_id": "LOC1"},
    Kind.STOP_SESSION: {"response_url": "https://p5.test/1", "session_id": "S1"},
    Kind.COMMAND_RESULT: {"result": "TIMEOUT"},
}


def between(source: str, target: str, kind: Kind, payload: Any, **context: Any) -> Any:
    done = translate(source, target, kind, json.dumps(payload).encode(), read_context({**OURS, **context}))
    return done.output, {loss.path: loss.reason for loss in done.losses}


@pytest.mark.parametrize("kind", [kind for kind in OLD if kind not in (Kind.SESSION, Kind.CDR)])
def test_what_came_in_2_1_1_goes_back_to_it(kind: Kind) -> None:
    output, _ = between("ocpi-2.1.1", "ocpi-2.1.1", kind, OLD[kind])
    if kind is Kind.LOCATION:
        assert output.pop("time_zone") == "Europe/Rome"
    assert output == OLD[kind]


@pytest.mark.parametrize("kind", OLD)
def test_2_1_1_is_said_in_newer_versions(kind: Kind) -> None:
    request = {"token_uid": "04AABBCC", "type": "RFID"}
    for target in ("ocpi-2.2.1", "ocpi-2.3.0"):
        output, _ = between("ocpi-2.1.1", target, kind, OLD[kind], request=request)
        assert output is not None
        assert translate(target, target, kind, json.dumps(output, default=float).encode(), read_context(OURS)).output


@pytest.mark.parametrize("target", ["ocpi-2.2.1", "ocpi-2.1.1"])
@pytest.mark.parametrize("golden", ["location/minimal", "token/minimal", "cdr/minimal"])
def test_goldens_of_2_3_0_are_said_in_older_versions(golden: str, target: str) -> None:
    kind = Kind(golden.partition("/")[0])
    payload = json.loads((GOLDEN / f"ocpi/{golden}.json").read_text())
    output, lost = between("ocpi-2.3.0", target, kind, payload)
    assert output is not None or "$" in lost
    if output is not None:
        again = translate(target, "ocpi-2.3.0", kind, json.dumps(output, default=float).encode(), read_context(OURS))
        assert again.output is not None


def test_a_session_holds_its_place_in_2_1_1() -> None:
    output, lost = between("ocpi-2.3.0", "ocpi-2.1.1", Kind.SESSION, session(authorization_reference="R1"))
    assert output["location"]["evses"][0]["uid"] == "E1"
    assert output["auth_id"] == cdr_token()["contract_id"]
    assert "$.authorization_reference" in lost
    output, lost = between("ocpi-2.3.0", "ocpi-2.1.1", Kind.SESSION, session(), locations=[])
    assert output is None
    assert "LOC1" in lost["$"]


def test_a_price_that_would_change_is_withheld() -> None:
    output, lost = between("ocpi-2.3.0", "ocpi-2.1.1", Kind.TARIFF, tariff(tax_included="YES"))
    assert output is None
    assert "unknown rate" in lost["$"]
    output, lost = between("ocpi-2.3.0", "ocpi-2.2.1", Kind.TARIFF, tariff(tax_included="YES"))
    assert "tax_included" not in output
    assert "$.tax_included" in lost


def test_what_a_cdr_has_to_assume_is_reported() -> None:
    output, lost = between("ocpi-2.3.0", "ocpi-2.1.1", Kind.CDR, cdr(), locations=[])
    assert output["location"]["evses"][0]["connectors"][0]["voltage"] == 230
    assert {"$.location.connector.voltage", "$.location.connector.amperage"} <= lost.keys()


@pytest.mark.parametrize("target", ["ocpi-2.2.1", "ocpi-2.1.1"])
def test_unknown_fields_are_reported_where_they_are_left_out(target: str) -> None:
    sent = location(foo=1, evses=[evse(bar=2)], coordinates={**location()["coordinates"], "alt": 3})
    output, lost = between("ocpi-2.3.0", target, Kind.LOCATION, sent)
    assert "foo" not in output and "bar" not in output["evses"][0] and "alt" not in output["coordinates"]
    assert {"$.foo", "$.evses[0].bar", "$.coordinates.alt"} <= lost.keys()


def test_an_owner_that_nobody_names_is_reported() -> None:
    _, lost = between("ocpi-2.1.1", "oicp-2.3", Kind.LOCATION, old_location(), parties=[])
    assert "$.owner" in lost
    _, lost = between("ocpi-2.1.1", "oicp-2.3", Kind.LOCATION, old_location())
    assert "$.owner" not in lost
