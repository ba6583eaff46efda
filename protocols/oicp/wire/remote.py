"""Remote start and stop, reservations. Source: OICP 2.3, eRoamingAuthorizeRemoteStart_V2.1,
eRoamingAuthorizeRemoteStop_V2.1, eRoamingAuthorizeRemoteReservationStart_V1.1, ...ReservationStop_V1.1."""

from typing import Annotated

from msgspec import Meta

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


class AuthorizeRemoteReservationStart(AuthorizeRemoteStart, frozen=True, kw_only=True):
    """eRoamingAuthorizeRemoteReservationStart. `duration` in minutes; the session id is the reservation's own."""

    duration: Annotated[int, Meta(ge=1, le=99)] | None = None


class AuthorizeRemoteReservationStop(AuthorizeRemoteStop, frozen=True, kw_only=True):
    """eRoamingAuthorizeRemoteReservationStop."""
