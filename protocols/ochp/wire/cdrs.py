"""Charge data records. Source: OCHP 1.4, array-types.xsd, data-types.xsd, message-elements.xsd."""

from typing import Annotated

from msgspec import Meta, field

from protocols.ochp.wire.base import Wire
from protocols.ochp.wire.places import Address, Connector, Ratings
from protocols.ochp.wire.results import Result
from protocols.ochp.wire.tokens import EmtId
from protocols.ochp.wire.types import (
    CdrId,
    ContractId,
    Currency,
    Duration,
    EvseId,
    Float,
    LocalDateTime,
    MeterId,
    Percent,
)
from protocols.ochp.wire.words import BillingItem, CdrStatus, CurrentType


class CdrPeriod(Wire, frozen=True, kw_only=True):
    """CdrPeriodType: one item of the bill. Periods may overlap. Money is net; `item_price` is per unit of the item."""

    start_date_time: LocalDateTime = field(name="startDateTime/LocalDateTime")
    end_date_time: LocalDateTime = field(name="endDateTime/LocalDateTime")
    billing_item: BillingItem = field(name="billingItem/BillingItemType")
    billing_value: Float
    item_price: Float
    period_cost: Float | None = None
    taxrate: Percent | None = None


class CDRInfo(Wire, frozen=True, kw_only=True):
    """Times are local to the charge point; `duration` is elapsed time, hhh:mm:ss."""

    cdr_id: CdrId = field(name="CdrId")
    evse_id: EvseId
    emt_id: EmtId
    contract_id: ContractId
    status: CdrStatus = field(name="status/CdrStatusType")
    start_date_time: LocalDateTime = field(name="startDateTime/LocalDateTime")
    end_date_time: LocalDateTime = field(name="endDateTime/LocalDateTime")
    duration: Duration | None = None
    charge_point_address: Address
    charge_point_type: CurrentType
    connector_type: Connector
    ratings: Ratings | None = None
    meter_id: MeterId | None = None
    charging_periods: Annotated[tuple[CdrPeriod, ...], Meta(min_length=1)]
    total_cost: Float | None = None
    currency: Currency


Records = tuple[CDRInfo, ...]


class AddCDRsRequest(Wire, frozen=True, kw_only=True):
    cdr_info_array: Annotated[Records, Meta(min_length=1)]


class AddCDRsResponse(Wire, frozen=True, kw_only=True):
    """`implausible_cdrs_array` holds ids only."""

    result: Result
    implausible_cdrs_array: tuple[CdrId, ...] = ()


class GetCDRsRequest(Wire, frozen=True, kw_only=True):
    """Without status: accepted and revised ones."""

    cdr_status: CdrStatus | None = field(name="cdrStatus/CdrStatusType", default=None)


class GetCDRsResponse(Wire, frozen=True, kw_only=True):
    result: Result
    cdr_info_array: Records = ()


class CheckCDRsRequest(Wire, frozen=True, kw_only=True):
    """Without status: declined ones."""

    cdr_status: CdrStatus | None = field(name="cdrStatus/CdrStatusType", default=None)


class CheckCDRsResponse(Wire, frozen=True, kw_only=True):
    result: Result
    cdr_info_array: Records = ()


class CdrReference(Wire, frozen=True, kw_only=True):
    """What names a CDR in a confirmation."""

    cdr_id: CdrId
    evse_id: EvseId


class ConfirmCDRsRequest(Wire, frozen=True, kw_only=True):
    approved: tuple[CdrReference, ...] = ()
    declined: tuple[CdrReference, ...] = ()


class ConfirmCDRsResponse(Wire, frozen=True, kw_only=True):
    result: Result
