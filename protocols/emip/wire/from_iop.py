"""What the platform says to partners, and their answers. Source: checklist, 5.13 to 5.17."""

from typing import ClassVar

from msgspec import field

from protocols.emip.wire.base import Wire
from protocols.emip.wire.parts import (
    ChargeDetailRecord,
    MeterReportList,
    Request,
    SessionAction,
    SessionEvent,
    TargetedRequest,
)
from protocols.emip.wire.types import AnsweredValue, Id, Status, Text, UserIdTypeText
from protocols.emip.wire.words import AuthorisationValue, Flag, IdType


class GetServiceAuthorisationRequest(TargetedRequest, frozen=True, kw_only=True):
    """To an eMSP."""

    element: ClassVar[str] = "eMIP_FromIOP_GetServiceAuthorisationRequest"
    evse_id_type: IdType = field(name="EVSEIdType")
    evse_id: Id = field(name="EVSEId")
    user_id_type: UserIdTypeText
    user_id: Id
    requested_service_id: Id
    service_session_id: Id | None = None
    booking_id: Id | None = None


class GetServiceAuthorisationResponse(Wire, frozen=True, kw_only=True):
    """`partner_service_session_id` may be missing where the eMSP refuses."""

    element: ClassVar[str] = "eMIP_FromIOP_GetServiceAuthorisationResponse"
    transaction_id: Id | None = None
    authorisation_value: AnsweredValue
    partner_service_session_id: Id | None = None
    intermediate_cdr_requested: Flag = field(name="intermediateCDRRequested", default=Flag.NO)
    user_contract_id_alias: Id | None = None
    meter_limit_list: MeterReportList | None = None
    parameter: Text | None = None
    request_status: Status


class SetServiceAuthorisationRequest(TargetedRequest, frozen=True, kw_only=True):
    """To a CPO."""

    element: ClassVar[str] = "eMIP_FromIOP_SetServiceAuthorisationRequest"
    evse_id_type: IdType = field(name="EVSEIdType")
    evse_id: Id = field(name="EVSEId")
    user_id_type: UserIdTypeText
    user_id: Id
    requested_service_id: Id
    service_session_id: Id
    authorisation_value: AuthorisationValue
    intermediate_cdr_requested: Flag = field(name="intermediateCDRRequested")
    user_contract_id_alias: Id | None = None
    meter_limit_list: MeterReportList | None = None
    parameter: Text | None = None
    booking_id: Id | None = None


class SetServiceAuthorisationResponse(Wire, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_FromIOP_SetServiceAuthorisationResponse"
    transaction_id: Id | None = None
    partner_service_session_id: Id | None = None
    request_status: Status


class SetSessionActionRequestRequest(TargetedRequest, frozen=True, kw_only=True):
    """To a CPO."""

    element: ClassVar[str] = "eMIP_FromIOP_SetSessionActionRequestRequest"
    service_session_id: Id
    exec_partner_session_id: Id | None = None
    session_action: SessionAction


class SetSessionActionRequestResponse(Wire, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_FromIOP_SetSessionActionRequestResponse"
    transaction_id: Id | None = None
    request_status: Status


class SetSessionEventReportRequest(TargetedRequest, frozen=True, kw_only=True):
    """To an eMSP."""

    element: ClassVar[str] = "eMIP_FromIOP_SetSessionEventReportRequest"
    service_session_id: Id
    sale_partner_session_id: Id | None = None
    session_event: SessionEvent


class SetSessionEventReportResponse(Wire, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_FromIOP_SetSessionEventReportResponse"
    transaction_id: Id | None = None
    service_session_id: Id | None = None
    session_action_id: Id | None = None
    request_status: Status


class SetChargeDetailRecordRequest(Request, frozen=True, kw_only=True):
    """To an eMSP, which sees from the record for whom it is."""

    element: ClassVar[str] = "eMIP_FromIOP_SetChargeDetailRecordRequest"
    charge_detail_record: ChargeDetailRecord


class SetChargeDetailRecordResponse(Wire, frozen=True, kw_only=True):
    element: ClassVar[str] = "eMIP_FromIOP_SetChargeDetailRecordResponse"
    transaction_id: Id | None = None
    request_status: Status
    partner_service_session_id: Id | None = None
