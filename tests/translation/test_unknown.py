"""What the model has no home for is not lost in silence on the way to another protocol."""

import json
from typing import Any

from msgspec.structs import replace

from core.model.location import OpeningHours
from gateway.translation.model import Kind
from gateway.translation.translate import translate
from gateway.translation.unknown import unknown_fields
from mappings.ocpi.locations import location_from_ocpi, location_losses, location_to_ocpi
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


def test_hours_that_nobody_says_are_not_told_to_ocpi() -> None:
    """Found by a law: not always open, and no hours, of which OCPI has no form."""
    place = location_from_ocpi(decode((GOLDEN / "ocpi/location/minimal.json").read_bytes(), Location))
    closed = replace(place, opening_times=OpeningHours(twentyfourseven=False))
    assert location_to_ocpi(closed).opening_times is None
    assert "opening_times" in {loss.path for loss in location_losses(closed)}


def test_the_family_of_a_card_is_assumed_in_the_open() -> None:
    token = json.loads((GOLDEN / "ocpi/token/rich.json").read_text()) | {"whitelist": "ALWAYS", "type": "RFID"}
    token |= {"uid": "04A1B2C3D4E5F6", "valid": True}
    done = translate(OCPI, OICP, Kind.TOKEN, json.dumps(token).encode(), context(OICP, Kind.TOKEN))
    [family] = [loss for loss in done.losses if loss.path == "$.rfid_family"]
    assert (family.kind, family.value) == ("ASSUMED", "mifareFamily")
