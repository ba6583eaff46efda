"""What several messages hold. Source: checklist, 5.0, 5.4 to 5.6."""

from msgspec import field

from protocols.emip.wire.base import Wire
from protocols.emip.wire.types import DateTime, Id, MeterTypeId, Nature, Number, Text, UserIdTypeText
from protocols.emip.wire.words import CdrNature, IdType


class Request(Wire, frozen=True, kw_only=True):
    """The common header: who speaks (partner), and for which business (operator)."""

    transaction_id: Id | None = None
    partner_id_type: IdType
    partner_id: Id
    operator_id_type: IdType
    operator_id: Id


class TargetedRequest(Request, frozen=True, kw_only=True):
    """From the platform, with the operation behind the partner that is meant."""

    target_operator_id_type: IdType
    target_operator_id: Id


class MeterReport(Wire, frozen=True, kw_only=True):
    """One measured value, or one limit."""

    meter_type_id: MeterTypeId
    meter_value: Number
    meter_unit: Id


class MeterReportList(Wire, frozen=True, kw_only=True):
    meter_report: tuple[MeterReport, ...] = ()


class SessionAction(Wire, frozen=True, kw_only=True):
    session_action_nature: Nature
    session_action_id: Id | None = None
    session_action_date_time: DateTime
    session_action_parameter: Text | None = None
    related_session_event_id: Id | None = None


class SessionEvent(Wire, frozen=True, kw_only=True):
    session_event_nature: Nature
    session_event_id: Id | None = None
    session_event_date_time: DateTime
    session_event_parameter: Text | None = None
    related_session_action_id: Id | None = None


class ChargeDetailRecord(Wire, frozen=True, kw_only=True):
    """Final, or intermediate: then `end_time` is when the meter was read."""

    cdr_nature: CdrNature = field(name="CDRNature")
    service_session_id: Id
    exec_partner_session_id: Id | None = None
    exec_partner_operator_id_type: IdType | None = None
    exec_partner_operator_id: Id | None = None
    sale_partner_session_id: Id | None = None
    sale_partner_operator_id_type: IdType | None = None
    sale_partner_operator_id: Id | None = None
    requested_service_id: Id
    evse_id_type: IdType = field(name="EVSEIdType")
    evse_id: Id = field(name="EVSEId")
    user_contract_id_alias: Id | None = None
    user_id_type: UserIdTypeText
    user_id: Id
    partner_product_id: Id | None = None
    start_time: DateTime
    end_time: DateTime
    meter_report_list: MeterReportList = MeterReportList()
