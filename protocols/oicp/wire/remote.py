"""Remote start and stop. Source: OICP 2.3, eRoamingAuthorizeRemoteStart_V2.1, eRoamingAuthorizeRemoteStop_V2.1."""

from protocols.oicp.wire.base import Wire
from protocols.oicp.wire.common import EvseID, PartnerSessionID, ProductID, ProviderID, SessionID
from protocols.oicp.wire.identification import Identification, check_remote


class AuthorizeRemoteStart(Wire, frozen=True, kw_only=True):
    """eRoamingAuthorizeRemoteStart. The session id is the hub's: an EMP sends none, a CPO always gets one."""

    provider_id: ProviderID
    evse_id: EvseID
    identification: Identification
    session_id: SessionID | None = None
    cpo_partner_session_id: PartnerSessionID | None = None
    emp_partner_session_id: PartnerSessionID | None = None
    partner_product_id: ProductID | None = None

    def __post_init__(self) -> None:
        check_remote(self.identification)


class AuthorizeRemoteStop(Wire, frozen=True, kw_only=True):
    """eRoamingAuthorizeRemoteStop."""

    session_id: SessionID
    provider_id: ProviderID
    evse_id: EvseID
    cpo_partner_session_id: PartnerSessionID | None = None
    emp_partner_session_id: PartnerSessionID | None = None
