"""Live status. Source: OCHP 1.4, live-types.xsd, message-elements.xsd."""

from msgspec import field

from protocols.ochp.wire.base import Wire
from protocols.ochp.wire.results import Result
from protocols.ochp.wire.types import DateTime, EvseId, ParkingId, XsdDateTime
from protocols.ochp.wire.words import Major, Minor, StatusKind


class EvseStatus(Wire, frozen=True, kw_only=True):
    """EvseStatusType. After `ttl` nothing is known any more."""

    evse_id: EvseId
    major: Major = field(name="@major")
    minor: Minor | None = field(name="@minor", default=None)
    ttl: XsdDateTime | None = field(name="@ttl", default=None)


class ParkingStatus(Wire, frozen=True, kw_only=True):
    """ParkingStatusType."""

    parking_id: ParkingId
    status: Major = field(name="@status")
    ttl: XsdDateTime | None = field(name="@ttl", default=None)


class UpdateStatusRequest(Wire, frozen=True, kw_only=True):
    """`ttl` is for the entries without their own."""

    evse: tuple[EvseStatus, ...] = ()
    parking: tuple[ParkingStatus, ...] = ()
    ttl: DateTime | None = field(name="ttl/DateTime", default=None)


class UpdateStatusResponse(Wire, frozen=True, kw_only=True):
    result: Result


class GetStatusRequest(Wire, frozen=True, kw_only=True):
    start_date_time: DateTime | None = field(name="startDateTime/DateTime", default=None)
    status_type: StatusKind | None = None


class GetStatusResponse(Wire, frozen=True, kw_only=True):
    """Without a result. Only one of the three lists is ever sent; some clearing houses mix them."""

    combined: tuple[EvseStatus, ...] = ()
    evse: tuple[EvseStatus, ...] = ()
    parking: tuple[ParkingStatus, ...] = ()
