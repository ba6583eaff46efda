"""The official code snippets: read where they are right, refused for the known reason where they are not."""

from pathlib import Path
from typing import Any

import pytest

from protocols.oicp import codec
from protocols.oicp.wire.authentication_data import PushAuthenticationData
from protocols.oicp.wire.authorisation import AuthorizationStart, AuthorizationStop, AuthorizeStart, AuthorizeStop
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.common import Acknowledgement
from protocols.oicp.wire.envelope import ChargeDetailRecordPage, EvseDataPage
from protocols.oicp.wire.evse_data import PushEvseData
from protocols.oicp.wire.evse_status import EvseStatusAnswer, PullEvseStatus, PullEvseStatusByID
from protocols.oicp.wire.pricing import EvsePricingAnswer, PullPricingProductData, PushPricingProductData
from protocols.oicp.wire.remote import AuthorizeRemoteStart, AuthorizeRemoteStop

SAMPLES = Path(__file__).parents[6] / "shared" / "specs" / "data" / "oicp-2.3"
pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the official OICP 2.3 code snippets are not here")

RIGHT: dict[str, Any] = {
    "eRoamingAuthorizeRemoteStart_response_hub-to-emp": Acknowledgement,
    "eRoamingAuthorizeRemoteStop_request_emp-to-hub": AuthorizeRemoteStop,
    "eRoamingAuthorizeRemoteStop_response_cpo-to-hub": Acknowledgement,
    "eRoamingAuthorizeStop_response_hub-to-cpo": AuthorizationStop,
    "eRoamingPullEVSEData_response_hub-to-emp": EvseDataPage,
    "eRoamingPullEVSEPricing_response_hub-to-emp": EvsePricingAnswer,
    "eRoamingPullEVSEStatusByID_request_emp-to-hub": PullEvseStatusByID,
    "eRoamingPullEVSEStatusByOperatorID_response_hub-to-emp": EvseStatusAnswer,
    "eRoamingPullPricingProductData_request_emp-to-hub": PullPricingProductData,
    "eRoamingPushEvseData_request_cpo-to-hub": PushEvseData,
    "eRoamingPushPricingProductData_request_cpo-to-hub": PushPricingProductData,
}
IDENTIFICATION = "$.Identification"
WRONG: dict[str, tuple[Any, set[str]]] = {
    "eRoamingAuthorizeRemoteStart_request_hub-to-cpo": (AuthorizeRemoteStart, {IDENTIFICATION, "$.SessionID"}),
    "eRoamingAuthorizeStart_request_cpo-to-hub": (AuthorizeStart, {IDENTIFICATION}),
    "eRoamingAuthorizeStart_response_emp-to-hub": (AuthorizationStart, {"$.AuthorizationStopIdentifications[0]"}),
    "eRoamingAuthorizeStop_request_hub-to-emp": (AuthorizeStop, {IDENTIFICATION}),
    "eRoamingChargeDetailRecord_request_cpo-to-hub": (ChargeDetailRecord, {IDENTIFICATION, "$.SessionID"}),
    "eRoamingGetChargeDetailRecord_response_hub-to-emp": (
        ChargeDetailRecordPage,
        {"$.content[0].Identification", "$.content[0].SessionID"},
    ),
    "eRoamingPullEVSEStatus_request_emp-to-hub": (PullEvseStatus, {"$.SearchCenter.GeoCoordinates"}),
    "eRoamingPushAuthenticationData_request_emp-to-hub": (
        PushAuthenticationData,
        {"$.ProviderAuthenticationData.AuthenticationDataRecord[0].Identification"},
    ),
    "eRoamingPushEVSEPricing_response_hub-to-cpo": (Acknowledgement, {"$.SessionID"}),
    "eRoamingPushEVSEStatus_response_hub-to-cpo": (Acknowledgement, {"$.SessionID"}),
}
"""Member catalogues, not messages: all identifications, all coordinates, placeholder texts at once."""


def sample(name: str) -> Any:
    return codec.decode_raw((SAMPLES / f"{name}.json").read_bytes())


@pytest.mark.spec("OICP-EX-01", "OICP-EX-03")
@pytest.mark.parametrize("name", RIGHT)
def test_right_samples_are_read_without_loss(name: str) -> None:
    raw = sample(name)
    again = codec.to_raw(codec.convert(raw, RIGHT[name]))
    for record in raw.get("content", ()):
        record["OperatorID"] = record.pop("OperatorId")
    assert again == raw


@pytest.mark.spec("OICP-EX-02", "OICP-DT-03")
@pytest.mark.parametrize("name", WRONG)
def test_wrong_samples_are_refused_for_what_is_wrong(name: str) -> None:
    wire_type, places = WRONG[name]
    found = {error.path for error in codec.violations(sample(name), wire_type)}
    assert all(any(path.startswith(place) for path in found) for place in places)
    assert all(any(path.startswith(place) for place in places) for path in found)


@pytest.mark.spec("OICP-EX-02")
@pytest.mark.parametrize(
    "name", ["eRoamingAuthorizeStart_request_cpo-to-hub", "eRoamingAuthorizeStop_request_hub-to-emp"]
)
def test_a_reduced_request_is_read(name: str) -> None:
    raw = sample(name)
    raw["Identification"] = {"RFIDMifareFamilyIdentification": {"UID": "1234ABCD"}}
    codec.convert(raw, WRONG[name][0])


@pytest.mark.spec("OICP-EX-02")
def test_a_reduced_cdr_is_read() -> None:
    raw = sample("eRoamingChargeDetailRecord_request_cpo-to-hub")
    raw["SessionID"] = "f98efba4-02d8-4fa0-b810-9a9d50d2c527"
    raw["Identification"] = {"RFIDIdentification": raw["Identification"]["RFIDIdentification"]}
    record = codec.convert(raw, ChargeDetailRecord)
    assert codec.to_raw(record) == raw
