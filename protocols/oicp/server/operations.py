"""Every operation that partners may call: its path, who calls it, and who answers."""

from typing import Final

from msgspec import Struct

from core.model.partner import Role
from protocols.oicp.client import (
    NOTIFICATION,
    NOTIFICATION_PATH,
    NOTIFICATION_PATH_2_2,
    RESERVATION_ALIASES,
    RESERVATION_PATHS,
    RESERVATION_START,
    RESERVATION_STOP,
)
from protocols.oicp.server.authentication_data import pull_authentication_data, push_authentication_data
from protocols.oicp.server.authorisation import authorize_start, authorize_stop
from protocols.oicp.server.cdrs import (
    charge_detail_record,
    charge_detail_record_2_2,
    get_charge_detail_records,
    get_charge_detail_records_2_2,
)
from protocols.oicp.server.evse_pull import pull_evse_data, pull_evse_data_2_2
from protocols.oicp.server.evse_push import push_evse_data, push_evse_data_2_2
from protocols.oicp.server.inbound import Handler
from protocols.oicp.server.notifications import charging_notification
from protocols.oicp.server.pricing_pull import pull_evse_pricing, pull_pricing_product_data
from protocols.oicp.server.pricing_push import push_evse_pricing, push_pricing_product_data
from protocols.oicp.server.remote import (
    authorize_remote_start,
    authorize_remote_stop,
    reservation_start,
    reservation_stop,
)
from protocols.oicp.server.status_pull import (
    pull_evse_status,
    pull_evse_status_by_id,
    pull_evse_status_by_operator_id,
)
from protocols.oicp.server.status_push import push_evse_status
from protocols.oicp.settings import DYNAMIC_PRICING


class Operation(Struct, frozen=True, kw_only=True):
    """`prefix` + id + `suffix` is the path under the base; without a `suffix` the body names the caller. `service`: the
    subscription that it needs, if any."""

    name: str
    prefix: str
    suffix: str
    role: Role
    handle: Handler
    service: str | None = None
    authorisation: bool = False


def _cpo(name: str, prefix: str, suffix: str, handle: Handler, service: str | None = None) -> Operation:
    return Operation(
        name=name,
        prefix=f"{prefix}/operators/",
        suffix=f"/{suffix}",
        role=Role.CPO,
        handle=handle,
        service=service,
        authorisation=suffix.startswith("authorize/"),
    )


def _emp(name: str, prefix: str, suffix: str, handle: Handler, service: str | None = None) -> Operation:
    return Operation(
        name=name, prefix=f"{prefix}/providers/", suffix=f"/{suffix}", role=Role.EMSP, handle=handle, service=service
    )


_RESERVATIONS: Final = (RESERVATION_PATHS, RESERVATION_ALIASES)
_STATUS: Final = "eRoamingPullEvseStatus"
_PRICING: Final = "dynamicpricing/v10"
OPERATIONS: Final = (
    _cpo("PushEvseData", "evsepush/v23", "data-records", push_evse_data, "eRoamingPushEvseData"),
    _cpo("PushEvseData", "evsepush/v22", "data-records", push_evse_data_2_2, "eRoamingPushEvseData"),
    _cpo("PushEvseStatus", "evsepush/v21", "status-records", push_evse_status, "eRoamingPushEvseData"),
    _cpo("AuthorizeStart", "charging/v21", "authorize/start", authorize_start),
    _cpo("AuthorizeStop", "charging/v21", "authorize/stop", authorize_stop),
    _cpo("ChargeDetailRecord", "cdrmgmt/v22", "charge-detail-record", charge_detail_record),
    _cpo("ChargeDetailRecord", "cdrmgmt/v21", "charge-detail-record", charge_detail_record_2_2),
    _cpo(
        "PullAuthenticationData",
        "authdata/v21",
        "pull-request",
        pull_authentication_data,
        "eRoamingPullAuthenticationData",
    ),
    _cpo("PushPricingProductData", _PRICING, "pricing-products", push_pricing_product_data, DYNAMIC_PRICING),
    _cpo("PushEVSEPricing", _PRICING, "evse-pricing", push_evse_pricing, DYNAMIC_PRICING),
    _emp("PullPricingProductData", _PRICING, "pricing-products", pull_pricing_product_data, DYNAMIC_PRICING),
    _emp("PullEVSEPricing", _PRICING, "evse-pricing", pull_evse_pricing, DYNAMIC_PRICING),
    _emp("PullEvseData", "evsepull/v23", "data-records", pull_evse_data, "eRoamingPullEvseData"),
    _emp("PullEvseData", "evsepull/v22", "data-records", pull_evse_data_2_2, "eRoamingPullEvseData"),
    _emp("PullEvseStatus", "evsepull/v21", "status-records", pull_evse_status, _STATUS),
    _emp("PullEvseStatusByID", "evsepull/v21", "status-records-by-id", pull_evse_status_by_id, _STATUS),
    _emp(
        "PullEvseStatusByOperatorID",
        "evsepull/v21",
        "status-records-by-operator-id",
        pull_evse_status_by_operator_id,
        _STATUS,
    ),
    _emp(
        "PushAuthenticationData",
        "authdata/v21",
        "push-request",
        push_authentication_data,
        "eRoamingPushAuthenticationData",
    ),
    _emp("AuthorizeRemoteStart", "charging/v21", "authorize-remote/start", authorize_remote_start),
    _emp("AuthorizeRemoteStop", "charging/v21", "authorize-remote/stop", authorize_remote_stop),
    *(_emp(RESERVATION_START, *paths["start"], reservation_start) for paths in _RESERVATIONS),
    *(_emp(RESERVATION_STOP, *paths["stop"], reservation_stop) for paths in _RESERVATIONS),
    _emp("GetChargeDetailRecords", "cdrmgmt/v22", "get-charge-detail-records-request", get_charge_detail_records),
    _emp("GetChargeDetailRecords", "cdrmgmt/v21", "get-charge-detail-records-request", get_charge_detail_records_2_2),
    Operation(name=NOTIFICATION, prefix=NOTIFICATION_PATH_2_2, suffix="", role=Role.CPO, handle=charging_notification),
    Operation(name=NOTIFICATION, prefix=NOTIFICATION_PATH, suffix="", role=Role.CPO, handle=charging_notification),
)
"""Source: OICP 2.3, code snippets (URLs); OICP 2.2, PullAuthenticationData."""
