"""Golden OICP messages: which folder holds which message."""

from pathlib import Path
from typing import Any

from protocols.oicp import codec
from protocols.oicp.wire.authentication_data import AuthenticationData, PullAuthenticationData, PushAuthenticationData
from protocols.oicp.wire.authorisation import AuthorizationStart, AuthorizationStop, AuthorizeStart, AuthorizeStop
from protocols.oicp.wire.cdr import ChargeDetailRecord, GetChargeDetailRecords
from protocols.oicp.wire.common import Acknowledgement, Fault, FaultBody
from protocols.oicp.wire.envelope import ChargeDetailRecordPage, EvseDataPage
from protocols.oicp.wire.evse_data import DeleteEvseData, PullEvseData, PushEvseData
from protocols.oicp.wire.evse_status import (
    EvseStatusAnswer,
    EvseStatusByIDAnswer,
    PullEvseStatus,
    PullEvseStatusByID,
    PullEvseStatusByOperatorID,
    PushEvseStatus,
)
from protocols.oicp.wire.pricing import (
    EvsePricingAnswer,
    PricingProductData,
    PricingProductDataAnswer,
    PullEvsePricing,
    PullPricingProductData,
    PushEvsePricing,
    PushPricingProductData,
)
from protocols.oicp.wire.remote import (
    AuthorizeRemoteReservationStart,
    AuthorizeRemoteReservationStop,
    AuthorizeRemoteStart,
    AuthorizeRemoteStop,
)

ROOT = Path(__file__).parents[4] / "golden" / "oicp"
TYPES: dict[str, Any] = {
    "acknowledgement": Acknowledgement,
    "authentication_data": AuthenticationData,
    "authorization_start": AuthorizationStart,
    "authorization_stop": AuthorizationStop,
    "authorize_remote_start": AuthorizeRemoteStart,
    "authorize_remote_stop": AuthorizeRemoteStop,
    "authorize_remote_reservation_start": AuthorizeRemoteReservationStart,
    "authorize_remote_reservation_stop": AuthorizeRemoteReservationStop,
    "authorize_start": AuthorizeStart,
    "authorize_stop": AuthorizeStop,
    "charge_detail_record": ChargeDetailRecord,
    "charge_detail_record_page": ChargeDetailRecordPage,
    "delete_evse_data": DeleteEvseData,
    "evse_data_page": EvseDataPage,
    "evse_pricing": EvsePricingAnswer,
    "evse_status": EvseStatusAnswer,
    "evse_status_by_id": EvseStatusByIDAnswer,
    "fault": Fault,
    "fault_body": FaultBody,
    "get_charge_detail_records": GetChargeDetailRecords,
    "pricing_product_data": PricingProductDataAnswer,
    "pricing_product_set": PricingProductData,
    "pull_authentication_data": PullAuthenticationData,
    "pull_evse_data": PullEvseData,
    "pull_evse_pricing": PullEvsePricing,
    "pull_evse_status": PullEvseStatus,
    "pull_evse_status_by_id": PullEvseStatusByID,
    "pull_evse_status_by_operator_id": PullEvseStatusByOperatorID,
    "pull_pricing_product_data": PullPricingProductData,
    "push_authentication_data": PushAuthenticationData,
    "push_evse_data": PushEvseData,
    "push_evse_pricing": PushEvsePricing,
    "push_evse_status": PushEvseStatus,
    "push_pricing_product_data": PushPricingProductData,
}
GOLDENS = sorted(f"{path.parent.name}/{path.stem}" for path in ROOT.glob("*/*.json") if path.parent.name in TYPES)


def body(name: str) -> bytes:
    return (ROOT / f"{name}.json").read_bytes()


def raw(name: str) -> Any:
    return codec.decode_raw(body(name))


def golden(name: str) -> Any:
    return codec.decode(body(name), TYPES[name.split("/", 1)[0]])
