"""Authorisation at the charging station. Source: OICP 2.3, eRoamingAuthorizeStart_V2.1, …Stop_V2.1."""

from enum import StrEnum

from protocols.oicp.wire.base import Wire
from protocols.oicp.wire.common import (
    EvseID,
    OperatorID,
    PartnerSessionID,
    ProductID,
    ProviderID,
    SessionID,
    StatusCode,
)
from protocols.oicp.wire.identification import Identification, check_asked


class AuthorizationStatus(StrEnum):
    AUTHORIZED = "Authorized"
    NOT_AUTHORIZED = "NotAuthorized"


class AuthorizeStart(Wire, frozen=True, kw_only=True):
    """eRoamingAuthorizeStart."""

    operator_id: OperatorID
    identification: Identification
    evse_id: EvseID | None = None
    session_id: SessionID | None = None
    cpo_partner_session_id: PartnerSessionID | None = None
    emp_partner_session_id: PartnerSessionID | None = None
    partner_product_id: ProductID | None = None

    def __post_init__(self) -> None:
        check_asked(self.identification)


class AuthorizationStart(Wire, frozen=True, kw_only=True):
    """eRoamingAuthorizationStart. A partner's answer may lack the status code: `authorization_status` decides."""

    authorization_status: AuthorizationStatus
    status_code: StatusCode | None = None
    session_id: SessionID | None = None
    cpo_partner_session_id: PartnerSessionID | None = None
    emp_partner_session_id: PartnerSessionID | None = None
    provider_id: ProviderID | None = None
    authorization_stop_identifications: tuple[Identification, ...] | None = None


class AuthorizeStop(Wire, frozen=True, kw_only=True):
    """eRoamingAuthorizeStop."""

    session_id: SessionID
    operator_id: OperatorID
    identification: Identification
    evse_id: EvseID | None = None
    cpo_partner_session_id: PartnerSessionID | None = None
    emp_partner_session_id: PartnerSessionID | None = None

    def __post_init__(self) -> None:
        check_asked(self.identification)


class AuthorizationStop(Wire, frozen=True, kw_only=True):
    """eRoamingAuthorizationStop."""

    authorization_status: AuthorizationStatus
    status_code: StatusCode | None = None
    session_id: SessionID | None = None
    cpo_partner_session_id: PartnerSessionID | None = None
    emp_partner_session_id: PartnerSessionID | None = None
    provider_id: ProviderID | None = None
