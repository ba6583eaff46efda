"""What the model has no home for is not lost in silence on the way to another protocol."""

import json
from typing import Any

from gateway.translation.model import Kind
from gateway.translation.translate import translate
from gateway.translation.unknown import unknown_fields
from mappings.ocpi.locations import location_from_ocpi
from protocols.ocpi.wire.locations import Location
from protocols.transport.json_codec import decode
from tests.translation.payloads import EMIP, GOLDEN, OCHP, OCPI, OICP, context


def lost(source: str, target: str, kind: Kind, body: bytes) -> dict[str, Any]:
    done = translate(source, target, kind, body, context(target, kind))
    return {loss.path: loss.value for loss in done.losses if "goes back to its own partners only" in loss.reason}


def test_fields_that_the_specification_does_not_know() -> None:
    body = (GOLDEN / "ocpi/command_result/rich.json").read_bytes()
    assert lost(OCPI, OICP, Kind.COMMAND_RESULT, body) == {"$.x_code": 17}
    assert lost(OCPI, "ocpi-2.2.1", Kind.COMMAND_RESULT, body) == {}
    place = location_from_ocpi(decode((GOLDEN / "ocpi/location/unknown_fields.json").read_bytes(), Location))
    found = {loss.path for loss in unknown_fields(place, "ocpi")}
    assert {"$.foo", "$.coordinates.altitude", "$.evses[0].shore_power"} <= found
    assert "$.evses[0].connectors[0].cable_length_m" in found


def test_members_that_the_model_has_no_field_for() -> None:
    question = (GOLDEN / "oicp/authorize_start/rfid.json").read_bytes()
    assert lost(OICP, OCPI, Kind.AUTHORIZATION_REQUEST, question) == {"$.PartnerProductID": "AC3"}
    assert lost(OICP, OICP, Kind.AUTHORIZATION_REQUEST, question) == {}
    records = (GOLDEN / "ochp/set_charge_point_list/request.xml").read_bytes()
    assert "$[0].evses[0].parkingSpot" in lost(OCHP, OICP, Kind.LOCATION, records)


def test_a_limit_of_an_allowance_is_not_dropped_in_silence() -> None:
    """P4."""
    answer = (GOLDEN / "emip/to_get_service_authorisation/granted_response.xml").read_bytes()
    for target in (OCPI, OICP, OCHP):
        assert "$.meterLimitList" in lost(EMIP, target, Kind.AUTHORIZATION, answer)


def test_other_spellings_are_not_lost() -> None:
    record = json.loads((GOLDEN / "oicp/charge_detail_record/full.json").read_text())
    found = lost(OICP, OCPI, Kind.CDR, json.dumps(record).encode())
    assert not {"$.SessionStart", "$.ChargingStart", "$.Identification"} & set(found)


def test_what_may_be_a_pin_is_named_and_not_shown() -> None:
    record = json.loads((GOLDEN / "oicp/authorize_start/rfid.json").read_text()) | {"DriverPIN": "1234"}
    done = translate(
        OICP, OCPI, Kind.AUTHORIZATION_REQUEST, json.dumps(record).encode(), context(OCPI, Kind.AUTHORIZATION_REQUEST)
    )
    [pin] = [loss for loss in done.losses if loss.path == "$.DriverPIN"]
    assert (pin.kind, pin.value) == ("WITHHELD", None)
