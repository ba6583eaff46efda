"""What partners say to the platform, and its answers. Source: checklist, 5.1 to 5.12."""

from typing import ClassVar

from msgspec import field

from protocols.emip.wire.base import Wire
from protocols.emip.wire.parts import ChargeDetailRecord, MeterReportList, Request, SessionAction, SessionEvent
from protocols.emip.wire.types import AnsweredValue, DateTime, Id, PositiveInteger, Status, Text, UserIdTypeText
from protocols.emip.wire.words import AuthorisationValue, AvailabilityStatus, BusyStatus, Flag, IdType


class HeartBeatRequest(Request, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_HeartBeatRequest"


class HeartBeatResponse(Wire, frozen=True, kw_only=True):
    """`heart_beat_period` in seconds."""

    element: ClassVar[str] = "eMIP_ToIOP_HeartBeatResponse"
    heart_beat_period: PositiveInteger
    current_time: DateTime
    transaction_id: Id
    request_status: Status


class GetServiceAuthorisationRequest(Request, frozen=True, kw_only=True):
    """A CPO asks whether a driver may use a service."""

    element: ClassVar[str] = "eMIP_ToIOP_GetServiceAuthorisationRequest"
    evse_id_type: IdType = field(name="EVSEIdType")
    evse_id: Id = field(name="EVSEId")
    user_id_type: UserIdTypeText
    user_id: Id
    requested_service_id: Id
    partner_service_session_id: Id | None = None


class GetServiceAuthorisationResponse(Wire, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_GetServiceAuthorisationResponse"
    transaction_id: Id
    sale_partner_operator_id_type: IdType | None = None
    sale_partner_operator_id: Id | None = None
    authorisation_value: AnsweredValue
    service_session_id: Id
    intermediate_cdr_requested: Flag = field(name="intermediateCDRRequested", default=Flag.NO)
    user_contract_id_alias: Id | None = None
    meter_limit_list: MeterReportList | None = None
    parameter: Text | None = None
    request_status: Status


class SetServiceAuthorisationRequest(Request, frozen=True, kw_only=True):
    """An eMSP starts a service from afar (value 1), or forbids it (2)."""

    element: ClassVar[str] = "eMIP_ToIOP_SetServiceAuthorisationRequest"
    evse_id_type: IdType = field(name="EVSEIdType")
    evse_id: Id = field(name="EVSEId")
    user_id_type: UserIdTypeText
    user_id: Id
    requested_service_id: Id
    partner_service_session_id: Id | None = None
    authorisation_value: AuthorisationValue
    intermediate_cdr_requested: Flag = field(name="intermediateCDRRequested")
    user_contract_id_alias: Id | None = None
    meter_limit_list: MeterReportList | None = None
    parameter: Text | None = None
    booking_id: Id | None = None
    sale_partner_booking_id: Id | None = None


class SetServiceAuthorisationResponse(Wire, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetServiceAuthorisationResponse"
    transaction_id: Id
    request_status: Status
    service_session_id: Id
    exec_partner_operator_id_type: IdType | None = None
    exec_partner_operator_id: Id | None = None


class SetSessionActionRequestRequest(Request, frozen=True, kw_only=True):
    """The operation's name is SetSessionActionRequest."""

    element: ClassVar[str] = "eMIP_ToIOP_SetSessionActionRequestRequest"
    service_session_id: Id
    sale_partner_session_id: Id | None = None
    session_action: SessionAction


class SetSessionActionRequestResponse(Wire, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetSessionActionRequestResponse"
    transaction_id: Id
    service_session_id: Id
    session_action_id: Id
    request_status: Status


class SetSessionEventReportRequest(Request, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetSessionEventReportRequest"
    service_session_id: Id
    exec_partner_session_id: Id | None = None
    session_event: SessionEvent


class SetSessionEventReportResponse(Wire, frozen=True, kw_only=True):
    """`session_action_id`: the related action's id, else the event's."""

    element: ClassVar[str] = "eMIP_ToIOP_SetSessionEventReportResponse"
    transaction_id: Id
    service_session_id: Id
    session_action_id: Id
    request_status: Status


class SetChargeDetailRecordRequest(Request, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetChargeDetailRecordRequest"
    charge_detail_record: ChargeDetailRecord


class SetChargeDetailRecordResponse(Wire, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetChargeDetailRecordResponse"
    transaction_id: Id
    sale_partner_operator_id_type: IdType | None = None
    sale_partner_operator_id: Id | None = None
    service_session_id: Id
    request_status: Status


# --- status


class StatusResponse(Wire, frozen=True, kw_only=True):
    """What all six answers on status hold."""

    transaction_id: Id
    request_status: Status


class SetChargingPoolAvailabilityStatusRequest(Request, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetChargingPoolAvailabilityStatusRequest"
    charging_pool_id_type: IdType = field(name="ChargingPoolIdType")
    charging_pool_id: Id = field(name="ChargingPoolId")
    status_event_date: DateTime
    availability_status: AvailabilityStatus
    availability_status_until: DateTime | None = None
    availability_status_comment: Text | None = None


class SetChargingPoolAvailabilityStatusResponse(StatusResponse, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetChargingPoolAvailabilityStatusResponse"


class SetChargingStationAvailabilityStatusRequest(Request, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetChargingStationAvailabilityStatusRequest"
    charging_station_id_type: IdType = field(name="ChargingStationIdType")
    charging_station_id: Id = field(name="ChargingStationId")
    status_event_date: DateTime
    availability_status: AvailabilityStatus
    availability_status_until: DateTime | None = None
    availability_status_comment: Text | None = None


class SetChargingStationAvailabilityStatusResponse(StatusResponse, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetChargingStationAvailabilityStatusResponse"


class SetEVSEAvailabilityStatusRequest(Request, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetEVSEAvailabilityStatusRequest"
    evse_id_type: IdType = field(name="EVSEIdType")
    evse_id: Id = field(name="EVSEId")
    status_event_date: DateTime
    availability_status: AvailabilityStatus
    availability_status_until: DateTime | None = None
    availability_status_comment: Text | None = None


class SetEVSEAvailabilityStatusResponse(StatusResponse, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetEVSEAvailabilityStatusResponse"


class SetChargingConnectorAvailabilityStatusRequest(Request, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetChargingConnectorAvailabilityStatusRequest"
    charging_connector_id_type: IdType = field(name="ChargingConnectorIdType")
    charging_connector_id: Id = field(name="ChargingConnectorId")
    status_event_date: DateTime
    availability_status: AvailabilityStatus
    availability_status_until: DateTime | None = None
    availability_status_comment: Text | None = None


class SetChargingConnectorAvailabilityStatusResponse(StatusResponse, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetChargingConnectorAvailabilityStatusResponse"


class SetEVSEBusyStatusRequest(Request, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetEVSEBusyStatusRequest"
    evse_id_type: IdType = field(name="EVSEIdType")
    evse_id: Id = field(name="EVSEId")
    status_event_date: DateTime
    busy_status: BusyStatus
    busy_status_until: DateTime | None = None
    busy_status_comment: Text | None = None


class SetEVSEBusyStatusResponse(StatusResponse, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetEVSEBusyStatusResponse"


class SetEVSESyntheticStatusRequest(Request, frozen=True, kw_only=True):
    """Availability, busy status or both; without its date a status counts from when it arrives."""

    element: ClassVar[str] = "eMIP_ToIOP_SetEVSESyntheticStatusRequest"
    evse_id_type: IdType = field(name="EVSEIdType")
    evse_id: Id = field(name="EVSEId")
    availability_status_event_date: DateTime | None = None
    availability_status: AvailabilityStatus | None = None
    availability_status_until: DateTime | None = None
    availability_status_comment: Text | None = None
    busy_status_event_date: DateTime | None = None
    busy_status: BusyStatus | None = None
    busy_status_until: DateTime | None = None
    busy_status_comment: Text | None = None


class SetEVSESyntheticStatusResponse(StatusResponse, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_ToIOP_SetEVSESyntheticStatusResponse"
