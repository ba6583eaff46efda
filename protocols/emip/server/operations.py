"""Which message goes to which handler, and who may send it. Source: checklist, 1.1, 1.2."""

from typing import Any, Final

from core.model.partner import Role
from protocols.emip.server.authorisation import get_service_authorisation
from protocols.emip.server.cdrs import set_charge_detail_record
from protocols.emip.server.commands import set_service_authorisation, set_session_action_request
from protocols.emip.server.heartbeat import heart_beat
from protocols.emip.server.inbound import Operation
from protocols.emip.server.sessions import set_session_event_report
from protocols.emip.server.status import set_evse_status, unknown_object
from protocols.emip.wire import to_iop

_CPO: Final = frozenset({Role.CPO})
_EMSP: Final = frozenset({Role.EMSP})
_BOTH: Final = _CPO | _EMSP

OPERATIONS: Final[dict[Any, Operation]] = {
    to_iop.HeartBeatRequest: Operation(heart_beat, _BOTH, remembered=False),
    to_iop.GetServiceAuthorisationRequest: Operation(get_service_authorisation, _CPO),
    to_iop.SetServiceAuthorisationRequest: Operation(set_service_authorisation, _EMSP),
    to_iop.SetSessionActionRequestRequest: Operation(set_session_action_request, _BOTH),
    to_iop.SetSessionEventReportRequest: Operation(set_session_event_report, _BOTH),
    to_iop.SetChargeDetailRecordRequest: Operation(set_charge_detail_record, _CPO),
    to_iop.SetChargingPoolAvailabilityStatusRequest: Operation(unknown_object, _CPO, remembered=False),
    to_iop.SetChargingStationAvailabilityStatusRequest: Operation(unknown_object, _CPO, remembered=False),
    to_iop.SetEVSEAvailabilityStatusRequest: Operation(set_evse_status, _CPO, remembered=False),
    to_iop.SetChargingConnectorAvailabilityStatusRequest: Operation(unknown_object, _CPO, remembered=False),
    to_iop.SetEVSEBusyStatusRequest: Operation(set_evse_status, _CPO, remembered=False),
    to_iop.SetEVSESyntheticStatusRequest: Operation(set_evse_status, _CPO, remembered=False),
}
