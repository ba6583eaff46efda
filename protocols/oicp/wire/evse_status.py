"""EVSE status. Source: OICP 2.3, eRoamingPushEvseStatus_V2.1, eRoamingPullEvseStatus_V2.1 in its three forms."""

from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from protocols.oicp.wire.base import Wire
from protocols.oicp.wire.common import ActionType, EvseID, OperatorID, ProviderID, StatusCode, Text100
from protocols.oicp.wire.coordinates import SearchCenter


class EvseStatus(StrEnum):
    AVAILABLE = "Available"
    RESERVED = "Reserved"
    OCCUPIED = "Occupied"
    OUT_OF_SERVICE = "OutOfService"
    EVSE_NOT_FOUND = "EvseNotFound"
    UNKNOWN = "Unknown"


class EvseStatusRecord(Wire, frozen=True, kw_only=True):
    """EvseStatusRecordType."""

    evse_id: EvseID
    evse_status: EvseStatus


class OperatorEvseStatus(Wire, frozen=True, kw_only=True):
    """OperatorEvseStatusType."""

    operator_id: OperatorID
    operator_name: Text100 | None = None
    evse_status_record: tuple[EvseStatusRecord, ...]


class PushEvseStatus(Wire, frozen=True, kw_only=True):
    """eRoamingPushEvseStatus."""

    action_type: ActionType
    operator_evse_status: OperatorEvseStatus


class PullEvseStatus(Wire, frozen=True, kw_only=True):
    """eRoamingPullEVSEStatus."""

    provider_id: ProviderID
    search_center: SearchCenter | None = None
    evse_status: EvseStatus | None = None


class PullEvseStatusByID(Wire, frozen=True, kw_only=True):
    """eRoamingPullEVSEStatusByID: at most 100 EVSEs."""

    provider_id: ProviderID
    evse_id: Annotated[tuple[EvseID, ...], Meta(min_length=1, max_length=100)]


class PullEvseStatusByOperatorID(Wire, frozen=True, kw_only=True):
    """eRoamingPullEVSEStatusByOperatorID."""

    provider_id: ProviderID
    operator_id: Annotated[tuple[OperatorID, ...], Meta(min_length=1)]


class EvseStatuses(Wire, frozen=True, kw_only=True):
    """Member EvseStatuses of eRoamingEVSEStatus: one block an operator."""

    operator_evse_status: tuple[OperatorEvseStatus, ...]


class EvseStatusAnswer(Wire, frozen=True, kw_only=True):
    """eRoamingEVSEStatus."""

    evse_statuses: EvseStatuses
    status_code: StatusCode | None = None


class EvseStatusRecords(Wire, frozen=True, kw_only=True):
    """Member EVSEStatusRecords of eRoamingEVSEStatusByID."""

    evse_status_record: tuple[EvseStatusRecord, ...]


class EvseStatusByIDAnswer(Wire, frozen=True, kw_only=True):
    """eRoamingEVSEStatusByID: another root than the other two pulls have."""

    evse_status_records: EvseStatusRecords = field(name="EVSEStatusRecords")
    status_code: StatusCode | None = None
