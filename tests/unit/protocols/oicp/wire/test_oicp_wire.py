"""The OICP messages: what is right decodes and comes back the same, what is wrong is refused where it is wrong."""

import copy
import json
import re
from typing import Any

import pytest

from core.errors import Invalid
from protocols.oicp import codec
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.common import Acknowledgement, StatusCode
from protocols.oicp.wire.evse_data import (
    DeleteEvseData,
    PlatformPushEvseData,
    PullEvseDataRecord,
    PushEvseData,
)
from protocols.oicp.wire.identification import QRCodeIdentification
from protocols.transport.json_codec import NotJson
from tests.unit.protocols.oicp.wire.oicp_goldens import GOLDENS, TYPES, body, golden, raw

EVSE = "$.OperatorEvseData.EvseDataRecord[0]"
PRODUCT = "$.PricingProductData.PricingProductDataRecords[0]"


def edited(name: str, path: str, value: Any) -> Any:
    """A golden with the member at `path` set, or removed if `value` is `...`."""
    message = copy.deepcopy(raw(name))
    steps: list[Any] = [
        int(step) if step.isdigit() else step for step in re.split(r"[.\[\]]+", path.strip("$.")) if step
    ]
    place = message
    for step in steps[:-1]:
        place = place[step]
    if value is ...:
        del place[steps[-1]]
    else:
        place[steps[-1]] = value
    return message


def accepted(name: str, path: str, value: Any) -> Any:
    return codec.decode(codec.encode(edited(name, path, value)), TYPES[name.split("/", 1)[0]])


def refused(name: str, path: str, value: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        accepted(name, path, value)
    return caught.value


@pytest.mark.parametrize("name", GOLDENS)
def test_golden_comes_back_the_same(name: str) -> None:
    wanted = json.dumps(raw(name), sort_keys=True, default=str, indent=1)
    assert json.dumps(codec.to_raw(golden(name)), sort_keys=True, default=str, indent=1) == wanted


@pytest.mark.spec("OICP-NET-13")
@pytest.mark.parametrize("name", GOLDENS)
def test_unknown_members_are_kept_wherever_they_stand(name: str) -> None:
    def strewn(value: Any) -> Any:
        if isinstance(value, dict):
            return {**{key: strewn(inner) for key, inner in value.items()}, "Foo": 1.50}
        return [strewn(inner) for inner in value] if isinstance(value, list) else value

    message = codec.decode_raw(codec.encode(strewn(raw(name))))
    assert codec.to_raw(codec.convert(message, TYPES[name.split("/", 1)[0]])) == message


@pytest.mark.spec("OICP-NET-14")
def test_null_is_absent_where_optional_and_missing_where_not() -> None:
    assert accepted("authorize_start/rfid", "$.PartnerProductID", None).partner_product_id is None
    assert refused("push_evse_data/full_load", f"{EVSE}.EvseID", None).path == f"{EVSE}.EvseID"


@pytest.mark.parametrize(
    "member",
    [
        "EvseID", "ChargingStationNames", "Address", "GeoCoordinates", "Plugs", "ChargingFacilities", "RenewableEnergy",
        "CalibrationLawDataAvailability", "AuthenticationModes", "PaymentOptions", "ValueAddedServices",
        "Accessibility", "HotlinePhoneNumber", "IsOpen24Hours", "IsHubjectCompatible", "DynamicInfoAvailable",
        "Address.Country", "Address.City", "Address.Street", "Address.PostalCode", "Address.HouseNum",
    ],
)  # fmt: skip
@pytest.mark.spec("OICP-DT-01")
def test_mandatory_members_of_a_record(member: str) -> None:
    error = refused("push_evse_data/full_load", f"{EVSE}.{member}", ...)
    assert (error.path, error.reason) == (f"{EVSE}.{member}", "may not be null")


@pytest.mark.parametrize(
    "member",
    [
        "ChargingStationNames",
        "Plugs",
        "ChargingFacilities",
        "AuthenticationModes",
        "PaymentOptions",
        "ValueAddedServices",
    ],
)
@pytest.mark.spec("OICP-DT-09")
def test_mandatory_lists_are_not_empty(member: str) -> None:
    assert refused("push_evse_data/full_load", f"{EVSE}.{member}", []).path == f"{EVSE}.{member}"


@pytest.mark.parametrize(
    "member",
    [
        "SessionID",
        "EvseID",
        "Identification",
        "ChargingStart",
        "ChargingEnd",
        "SessionStart",
        "SessionEnd",
        "ConsumedEnergy",
    ],
)
@pytest.mark.spec("OICP-DT-01")
def test_mandatory_members_of_a_cdr(member: str) -> None:
    assert refused("charge_detail_record/full", f"$.{member}", ...).path == f"$.{member}"


@pytest.mark.spec("OICP-DT-15")
@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("push_evse_data/full_load", f"{EVSE}.Address.Country"),
        ("push_pricing_product_data/rich", "$.PricingProductData.PricingDefaultPriceCurrency"),
        ("push_pricing_product_data/rich", f"{PRODUCT}.ProductPriceCurrency"),
    ],
)
def test_countries_and_currencies_are_of_the_iso_lists(name: str, path: str) -> None:
    assert accepted(name, path, "CHE" if path.endswith("Country") else "CHF")
    error = refused(name, path, "ZZZ")
    assert error.path == path
    assert "ZZZ" in error.reason


@pytest.mark.spec("OICP-EVSE-14")
@pytest.mark.parametrize(
    ("path", "value"),
    [("Plugs", ["Unspecified"]), ("Accessibility", "Unspecified"), ("ChargingFacilities[0].PowerType", "Unspecified")],
)
def test_values_of_the_older_version_are_refused(path: str, value: Any) -> None:
    assert refused("push_evse_data/full_load", f"{EVSE}.{path}", value).path.startswith(f"{EVSE}.{path}")


@pytest.mark.spec("OICP-DT-10")
def test_enumerations_are_exact() -> None:
    refused("push_evse_data/full_load", f"{EVSE}.AuthenticationModes[0]", "pnc")


@pytest.mark.spec("OICP-DT-11")
def test_a_boolean_is_not_a_text_but_dynamic_info_is() -> None:
    refused("push_evse_data/full_load", f"{EVSE}.IsOpen24Hours", "yes")
    record = accepted("push_evse_data/full_load", f"{EVSE}.DynamicInfoAvailable", True)
    assert record.operator_evse_data.evse_data_record[0].dynamic_info_available == "true"


@pytest.mark.spec("OICP-EVSE-17")
def test_opening_times_are_needed_unless_always_open() -> None:
    error = refused("push_evse_data/full_load", f"{EVSE}.OpeningTimes", ...)
    assert error.path == f"{EVSE}.OpeningTimes"


@pytest.mark.spec("OICP-EVSE-18")
def test_no_payment_stands_alone() -> None:
    path = f"{EVSE}.PaymentOptions"
    assert refused("push_evse_data/full_load", path, ["No Payment", "Direct"]).path == path
    accepted("push_evse_data/full_load", path, ["No Payment"])


@pytest.mark.spec("OICP-EVSE-27")
def test_country_has_three_letters() -> None:
    refused("push_evse_data/full_load", f"{EVSE}.Address.Country", "DE")


@pytest.mark.spec("OICP-DT-02")
def test_limits_count_characters() -> None:
    path = f"{EVSE}.Address.City"
    accepted("push_evse_data/full_load", path, "ü" * 50)
    refused("push_evse_data/full_load", path, "ü" * 51)


@pytest.mark.spec("OICP-DT-03", "OICP-AUTH-02")
@pytest.mark.parametrize(
    "media",
    [
        {},
        {
            "RFIDMifareFamilyIdentification": {"UID": "9A8B7C6D"},
            "PlugAndChargeIdentification": {"EvcoID": "DEFARA1B2C34"},
        },
        {"RFIDMifareFamilyIdentification": None},
    ],
)
def test_exactly_one_identification(media: Any) -> None:
    assert refused("authorize_start/rfid", "$.Identification", media).path == "$.Identification"


@pytest.mark.spec("OICP-DT-03")
def test_members_that_are_null_do_not_count() -> None:
    media = {
        "RFIDMifareFamilyIdentification": {"UID": "9A8B7C6D"},
        "RFIDIdentification": None,
        "QRCodeIdentification": None,
        "PlugAndChargeIdentification": None,
        "RemoteIdentification": None,
    }
    accepted("authorize_start/rfid", "$.Identification", media)
    refused("push_evse_data/full_load", f"{EVSE}.GeoCoordinates", {"Google": None})


@pytest.mark.spec("OICP-AUTH-03")
@pytest.mark.parametrize(
    "media",
    [
        {"RFIDIdentification": {"UID": "9A8B7C6D", "RFID": "nfc"}},
        {"RemoteIdentification": {"EvcoID": "DE-FAR-C0A1B2C3D-8"}},
    ],
)
@pytest.mark.parametrize("name", ["authorize_start/rfid", "authorize_stop/rfid"])
def test_media_that_may_not_ask(name: str, media: Any) -> None:
    assert refused(name, "$.Identification", media).path == f"$.Identification.{next(iter(media))}"


@pytest.mark.spec("OICP-AUTH-04")
def test_a_qr_code_asks_with_its_clear_pin_only() -> None:
    hashed = {"Value": "0123456789", "Function": "Bcrypt"}
    code: dict[str, Any] = {"EvcoID": "DE-FAR-C0A1B2C3D-8"}
    path = "$.Identification.QRCodeIdentification"
    assert refused("authorize_start/qr_code", path, {**code, "HashedPIN": hashed}).path == f"{path}.PIN"
    assert (
        refused("authorize_start/qr_code", path, {**code, "HashedPIN": hashed, "PIN": "1"}).path == f"{path}.HashedPIN"
    )


@pytest.mark.spec("OICP-ADATA-08", "OICP-ADATA-12")
def test_an_uploaded_qr_code_has_one_kind_of_pin() -> None:
    place = "$.ProviderAuthenticationData.AuthenticationDataRecord[2].Identification"
    hashed = {"Value": "0123456789", "Function": "Bcrypt"}
    path = f"{place}.QRCodeIdentification"
    name = "push_authentication_data/all_media"
    assert refused(name, path, {"EvcoID": "DE-FAR-C0A1B2C3D-8"}).path == path
    assert refused(name, path, {"EvcoID": "DE-FAR-C0A1B2C3D-8", "PIN": "1", "HashedPIN": hashed}).path == path
    assert refused(name, place, {}).path == place
    refused(name, path, {"EvcoID": "DE-FAR-C0A1B2C3D-8", "PIN": "1" * 21})


@pytest.mark.spec("OICP-ADATA-10")
def test_a_bcrypt_hash_fits() -> None:
    record = golden("push_authentication_data/all_media").provider_authentication_data.authentication_data_record[2]
    assert record.identification.qr_code_identification.hashed_pin.value.startswith("$2b$10$")


@pytest.mark.spec("OICP-NET-18")
@pytest.mark.parametrize(
    ("moment", "fine"),
    [
        ("2026-02-01T15:45:00+02:00", True),
        ("2026-02-01T15:45:00Z", True),
        ("2026-02-01T15:45:00.038Z", True),
        ("2026-02-01T15:45:00", False),
        ("2026-13-01T15:45:00Z", False),
        ("2026-02-01 15:45:00Z", False),
        ("2026-02-01T15:45:00Z\n", False),
    ],
)
def test_times_have_a_zone(moment: str, fine: bool) -> None:
    (accepted if fine else refused)("charge_detail_record/full", "$.SessionStart", moment)


@pytest.mark.spec("OICP-NET-16")
def test_numbers_may_come_as_text() -> None:
    record = accepted("charge_detail_record/full", "$.MeterValueStart", "0.0")
    assert str(record.meter_value_start) == "0.0"
    accepted("push_evse_data/full_load", f"{EVSE}.ChargingFacilities[0].Voltage", "230")


@pytest.mark.spec("OICP-NET-17", "OICP-DT-08")
def test_digits_and_offsets_are_kept() -> None:
    text = codec.encode(golden("charge_detail_record/full")).decode()
    for written in (
        '"MeterValueStart":10.100',
        '"ConsumedEnergy":18.6410',
        "[15.000,21.37]",
        "2026-03-29T01:42:10.250+01:00",
    ):
        assert written in text


@pytest.mark.spec("OICP-NET-12", "OICP-DT-13", "OICP-EX-03")
@pytest.mark.parametrize(
    ("name", "path", "seen", "documented"),
    [
        ("push_evse_data/full_load", EVSE, "ChargingStationId", "ChargingStationID"),
        ("evse_data_page/two_records", "$.content[0]", "ChargingStationId", "ChargingStationID"),
        ("evse_data_page/two_records", "$.content[0]", "OperatorId", "OperatorID"),
        ("pull_evse_data/all_filters", "$", "OperatorIDs", "OperatorIds"),
        ("pull_evse_data/all_filters", "$", "calibrationLawDataAvailability", "CalibrationLawDataAvailability"),
        ("pull_evse_status/around", "$", "EVSEStatus", "EvseStatus"),
        ("get_charge_detail_records/all_filters", "$", "CDRForwarder", "CDRForwarded"),
        ("charge_detail_record/full", "$", "HubProviderId", "HubProviderID"),
        ("charge_detail_record_page/one", "$.content[0]", "HubProviderId", "HubProviderID"),
        ("push_evse_data/full_load", f"{EVSE}.ChargingFacilities[0]", "Charging Modes", "ChargingModes"),
        ("push_evse_data/full_load", f"{EVSE}.GeoCoordinates.Google", "Coordinatea", "Coordinates"),
        ("push_evse_data/full_load", f"{EVSE}.OpeningTimes[0]", "On", "on"),
        ("push_evse_data/full_load", f"{EVSE}.OpeningTimes[1]", "Periods", "Period"),
        ("push_pricing_product_data/rich", f"{PRODUCT}.ProductAvailabilityTimes[0]", "Period", "Periods"),
        ("push_pricing_product_data/rich", f"{PRODUCT}.ProductAvailabilityTimes[0]", "On", "on"),
        ("pull_pricing_product_data/delta", "$", "OperatorIds", "OperatorIDs"),
        ("pull_evse_pricing/all", "$", "OperatorIds", "OperatorIDs"),
        ("pricing_product_data/one_set", "$", "OperatorPricingProducts", "PricingProductData"),
        ("evse_pricing/one_operator", "$", "OperatorEVSEPricing", "EVSEPricing"),
    ],
)
def test_spellings_seen_in_practice(name: str, path: str, seen: str, documented: str) -> None:
    message = edited(name, f"{path}.Foo", 1) if path != "$" else copy.deepcopy(raw(name))
    place = message
    for step in [int(step) if step.isdigit() else step for step in re.split(r"[.\[\]]+", path.strip("$.")) if step]:
        place = place[step]
    place.pop("Foo", None)
    place[seen] = place.pop(documented)
    assert codec.decode(codec.encode(message), TYPES[name.split("/", 1)[0]]) == golden(name)


@pytest.mark.spec("OICP-CDR-16")
def test_meter_values_may_be_a_plain_list() -> None:
    record = accepted("charge_detail_record/full", "$.MeterValueInBetween", [1, 2])
    assert codec.to_raw(record)["MeterValueInBetween"] == {"meterValues": [1, 2]}


def test_operator_of_a_cdr_query_may_be_one_or_many() -> None:
    assert accepted("get_charge_detail_records/all_filters", "$.OperatorID", "DE*NOR").operator_id == ("DE*NOR",)


@pytest.mark.parametrize("member", ["From", "To"])
def test_a_cdr_query_has_a_range(member: str) -> None:
    assert refused("get_charge_detail_records/all_filters", f"$.{member}", ...).path == f"$.{member}"


@pytest.mark.spec("OICP-CDR-14")
def test_signed_values_are_limited_and_never_cut() -> None:
    value = {"SignedMeteringValue": "x" * 3000}
    assert (
        len(accepted("charge_detail_record/full", "$.SignedMeteringValues", [value] * 10).signed_metering_values) == 10
    )
    refused("charge_detail_record/full", "$.SignedMeteringValues", [value] * 11)
    refused("charge_detail_record/full", "$.SignedMeteringValues", [{"SignedMeteringValue": "x" * 3001}])


@pytest.mark.spec("OICP-CDR-17")
@pytest.mark.parametrize(
    "media",
    [
        {"RFIDMifareFamilyIdentification": {"UID": "9A8B7C6D"}},
        {"RFIDIdentification": {"UID": "9A8B7C6D", "RFID": "nfc"}},
        {"QRCodeIdentification": {"EvcoID": "DE-FAR-C0A1B2C3D-8"}},
        {"PlugAndChargeIdentification": {"EvcoID": "DE-FAR-C0A1B2C3D-8"}},
        {"RemoteIdentification": {"EvcoID": "DE-FAR-C0A1B2C3D-8"}},
    ],
)
def test_a_cdr_takes_any_medium(media: Any) -> None:
    accepted("charge_detail_record/full", "$.Identification", media)


@pytest.mark.spec("OICP-EVSE-50")
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("OperatorIds", ["DE*NOR"]),
        ("CountryCodes", ["DEU"]),
        ("SearchCenter", {"GeoCoordinates": {"Google": {"Coordinates": "53.87 10.69"}}, "Radius": 1}),
    ],
)
def test_a_delta_pull_excludes_some_filters(member: str, value: Any) -> None:
    assert refused("pull_evse_data/delta", f"$.{member}", value).path == "$.LastCall"


def test_a_delta_pull_allows_the_other_filters() -> None:
    assert golden("pull_evse_data/delta").authentication_modes == ("REMOTE",)


@pytest.mark.spec("OICP-EVSE-43")
@pytest.mark.parametrize("member", ["ProviderID", "GeoCoordinatesResponseFormat"])
def test_a_pull_says_who_and_how(member: str) -> None:
    assert refused("pull_evse_data/all_filters", f"$.{member}", ...).path == f"$.{member}"


def test_a_deletion_needs_ids_only() -> None:
    assert isinstance(codec.decode_push_evse_data(body("delete_evse_data/ids_only")), DeleteEvseData)
    assert isinstance(codec.decode_push_evse_data(body("push_evse_data/full_load")), PushEvseData)
    with pytest.raises(Invalid):
        codec.decode_push_evse_data(codec.encode(edited("push_evse_data/full_load", f"{EVSE}.Plugs", [])))


def test_two_profiles_of_a_record() -> None:
    message = edited("push_evse_data/full_load", f"{EVSE}.HotlinePhoneNumber", ...)
    with pytest.raises(Invalid):
        codec.decode_push_evse_data(codec.encode(message))
    assert isinstance(codec.decode_push_evse_data(codec.encode(message), platform=True), PlatformPushEvseData)


@pytest.mark.spec("OICP-STAT-06")
def test_status_words_are_exact() -> None:
    refused("push_evse_status/update", "$.OperatorEvseStatus.EvseStatusRecord[0].EvseStatus", "Charging")


def test_a_full_load_may_be_empty() -> None:
    accepted("push_evse_status/update", "$.OperatorEvseStatus.EvseStatusRecord", [])
    assert golden("push_evse_data/empty_full_load").operator_evse_data.evse_data_record == ()
    assert (
        golden("push_authentication_data/empty_full_load").provider_authentication_data.authentication_data_record == ()
    )


@pytest.mark.spec("OICP-STAT-25")
def test_a_status_query_by_id_has_one_to_a_hundred_ids() -> None:
    accepted("pull_evse_status_by_id/two", "$.EvseID", ["DE*NOR*E1"] * 100)
    refused("pull_evse_status_by_id/two", "$.EvseID", ["DE*NOR*E1"] * 101)
    refused("pull_evse_status_by_id/two", "$.EvseID", [])


def test_a_status_query_by_operator_names_one() -> None:
    refused("pull_evse_status_by_operator_id/two", "$.OperatorID", [])


@pytest.mark.spec("OICP-DT-05")
@pytest.mark.parametrize("provider", ["DE|DCB", "DE_DCB", "DE-DC", "*", "DE-DCBX"])
def test_provider_ids_are_checked(provider: str) -> None:
    assert refused("pull_evse_status/around", "$.ProviderID", provider).path == "$.ProviderID"


@pytest.mark.spec("OICP-DT-04")
@pytest.mark.parametrize("evse_id", ["DE*NOR*E1", "DENORE1", "de*nor*e1", "+49*822*1", "49*822*1*2"])
def test_evse_ids_come_in_two_forms_and_any_case(evse_id: str) -> None:
    accepted("push_evse_data/full_load", f"{EVSE}.EvseID", evse_id)


@pytest.mark.parametrize("evse_id", ["", "DE*NOR*F1", "DE*NO*E1", "+49822*1", "DE*NOR*E" + "1" * 31, "DE*NOR*E1\n"])
def test_evse_ids_are_checked(evse_id: str) -> None:
    refused("push_evse_data/full_load", f"{EVSE}.EvseID", evse_id)


@pytest.mark.spec("OICP-DT-14")
def test_opening_hours_are_clock_times() -> None:
    path = f"{EVSE}.OpeningTimes[0].Period[0]"
    accepted("push_evse_data/full_load", path, {"begin": "22:00", "end": "06:00"})
    accepted("push_evse_data/full_load", path, {"begin": "00:00", "end": "24:00"})
    refused("push_evse_data/full_load", path, {"begin": "24:30", "end": "25:00"})


@pytest.mark.parametrize(
    ("member", "value", "fine"),
    [("Amperage", 500, True), ("Voltage", 1000, True), ("Power", 3.7, True), ("Power", 10000, False),
     ("Amperage", 0, False), ("Voltage", 230.5, False), ("Power", -1, False)],
)  # fmt: skip
@pytest.mark.spec("OICP-DT-13")
def test_ratings_are_taken_wider_than_printed(member: str, value: Any, fine: bool) -> None:
    (accepted if fine else refused)("push_evse_data/full_load", f"{EVSE}.ChargingFacilities[0].{member}", value)


def test_every_violation_is_named() -> None:
    message = edited("push_evse_data/full_load", f"{EVSE}.Plugs", [])
    record = message["OperatorEvseData"]["EvseDataRecord"][1]
    del record["HotlinePhoneNumber"]
    record["Address"]["Country"] = "DE"
    record["ChargingFacilities"][1]["Power"] = -1
    second = "$.OperatorEvseData.EvseDataRecord[1]"
    assert sorted(error.path for error in codec.violations(message, PushEvseData)) == sorted(
        [
            f"{EVSE}.Plugs",
            f"{second}.HotlinePhoneNumber",
            f"{second}.Address.Country",
            f"{second}.ChargingFacilities[1].Power",
        ]
    )


@pytest.mark.parametrize("name", GOLDENS)
def test_a_right_message_has_no_violations(name: str) -> None:
    assert codec.violations(raw(name), TYPES[name.split("/", 1)[0]]) == []


@pytest.mark.parametrize("bad", [b"", b"{", b"\xff", b"[" * 2000])
def test_what_is_not_json_says_so(bad: bytes) -> None:
    with pytest.raises(NotJson):
        codec.decode(bad, ChargeDetailRecord)


@pytest.mark.spec("OICP-ERR-07")
def test_empty_members_of_an_answer_are_written() -> None:
    answer = Acknowledgement(result=True, status_code=StatusCode(code="000"))
    assert codec.decode_raw(codec.encode_answer(answer)) == {
        "Result": True,
        "StatusCode": {"Code": "000", "Description": None, "AdditionalInfo": None},
        "SessionID": None,
        "CPOPartnerSessionID": None,
        "EMPPartnerSessionID": None,
    }


def test_a_pulled_record_may_lack_what_older_partners_do_not_say() -> None:
    record = golden("evse_data_page/older_partner").content[0]
    assert isinstance(record, PullEvseDataRecord)
    assert record.hotline_phone_number is None


def test_a_pin_does_not_show() -> None:
    assert "7391" not in repr(golden("authorize_start/qr_code"))
    assert "7391" not in repr(QRCodeIdentification(evco_id="DE-FAR-C0A1B2C3D-8", pin="7391"))
