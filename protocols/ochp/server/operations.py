"""Every operation of the clearing house: its messages, who may call it, and who answers."""

from typing import Any, Final

from msgspec import Struct

from core.model.partner import Role
from protocols.ochp.server.authorisation import get_single_roaming_authorisation
from protocols.ochp.server.cdr_queue import check_cdrs, confirm_cdrs, get_cdrs
from protocols.ochp.server.cdr_upload import add_cdrs
from protocols.ochp.server.charge_point_lists import get_charge_point_list, get_charge_point_list_updates
from protocols.ochp.server.charge_point_upload import set_charge_point_list, update_charge_point_list
from protocols.ochp.server.inbound import Handler
from protocols.ochp.server.status import get_status, update_status
from protocols.ochp.server.token_lists import get_roaming_authorisation_list, get_roaming_authorisation_list_updates
from protocols.ochp.server.token_upload import set_roaming_authorisation_list, update_roaming_authorisation_list
from protocols.ochp.wire import cdrs, charge_points, live, tokens

_CPO: Final = frozenset({Role.CPO})
_EMP: Final = frozenset({Role.EMSP})
_READER: Final = frozenset({Role.EMSP, Role.NSP})


class Operation(Struct, frozen=True, kw_only=True):
    """`response` has a `result`, but for GetStatus."""

    request: Any
    response: Any
    roles: frozenset[Role]
    handle: Handler

    @property
    def has_result(self) -> bool:
        return "result" in self.response.__struct_fields__


def _op(request: Any, response: Any, roles: frozenset[Role], handle: Handler) -> Operation:
    return Operation(request=request, response=response, roles=roles, handle=handle)


OPERATIONS: Final = (
    _op(
        tokens.SetRoamingAuthorisationListRequest,
        tokens.SetRoamingAuthorisationListResponse,
        _EMP,
        set_roaming_authorisation_list,
    ),
    _op(
        tokens.UpdateRoamingAuthorisationListRequest,
        tokens.UpdateRoamingAuthorisationListResponse,
        _EMP,
        update_roaming_authorisation_list,
    ),
    _op(
        tokens.GetRoamingAuthorisationListRequest,
        tokens.GetRoamingAuthorisationListResponse,
        _CPO,
        get_roaming_authorisation_list,
    ),
    _op(
        tokens.GetRoamingAuthorisationListUpdatesRequest,
        tokens.GetRoamingAuthorisationListUpdatesResponse,
        _CPO,
        get_roaming_authorisation_list_updates,
    ),
    _op(
        tokens.GetSingleRoamingAuthorisationRequest,
        tokens.GetSingleRoamingAuthorisationResponse,
        _CPO,
        get_single_roaming_authorisation,
    ),
    _op(
        charge_points.SetChargePointListRequest,
        charge_points.SetChargePointListResponse,
        _CPO,
        set_charge_point_list,
    ),
    _op(
        charge_points.UpdateChargePointListRequest,
        charge_points.UpdateChargePointListResponse,
        _CPO,
        update_charge_point_list,
    ),
    _op(
        charge_points.GetChargePointListRequest,
        charge_points.GetChargePointListResponse,
        _READER,
        get_charge_point_list,
    ),
    _op(
        charge_points.GetChargePointListUpdatesRequest,
        charge_points.GetChargePointListUpdatesResponse,
        _READER,
        get_charge_point_list_updates,
    ),
    _op(live.UpdateStatusRequest, live.UpdateStatusResponse, _CPO, update_status),
    _op(live.GetStatusRequest, live.GetStatusResponse, _READER, get_status),
    _op(cdrs.AddCDRsRequest, cdrs.AddCDRsResponse, _CPO, add_cdrs),
    _op(cdrs.CheckCDRsRequest, cdrs.CheckCDRsResponse, _CPO, check_cdrs),
    _op(cdrs.GetCDRsRequest, cdrs.GetCDRsResponse, _EMP, get_cdrs),
    _op(cdrs.ConfirmCDRsRequest, cdrs.ConfirmCDRsResponse, _EMP, confirm_cdrs),
)
"""Source: OCHP 1.4, ochp.wsdl; the roles: Messages."""
