"""Commands and their results. Source: OCPI 2.3.0, mod_commands."""

from protocols.ocpi.wire.base import Wire
from protocols.ocpi.wire.locations import DisplayText
from protocols.ocpi.wire.tokens import Token
from protocols.ocpi.wire.types import CiString36, Code, DateTime, Url


class CommandType(Code):
    """The listed values of an open enumeration. Source: OCPI 2.3.0, mod_commands, CommandType enum."""

    CANCEL_RESERVATION = "CANCEL_RESERVATION"
    RESERVE_NOW = "RESERVE_NOW"
    START_SESSION = "START_SESSION"
    STOP_SESSION = "STOP_SESSION"
    UNLOCK_CONNECTOR = "UNLOCK_CONNECTOR"


class CommandResponseType(Code):
    """Source: OCPI 2.3.0, mod_commands, CommandResponseType enum."""

    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    ACCEPTED = "ACCEPTED"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class CommandResultType(Code):
    """Source: OCPI 2.3.0, mod_commands, CommandResultType enum."""

    ACCEPTED = "ACCEPTED"
    CANCELED_RESERVATION = "CANCELED_RESERVATION"
    EVSE_OCCUPIED = "EVSE_OCCUPIED"
    EVSE_INOPERATIVE = "EVSE_INOPERATIVE"
    FAILED = "FAILED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TIMEOUT = "TIMEOUT"
    UNKNOWN_RESERVATION = "UNKNOWN_RESERVATION"


class StartSession(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_commands, StartSession object."""

    response_url: Url
    token: Token
    location_id: CiString36
    evse_uid: CiString36 | None = None
    connector_id: CiString36 | None = None
    authorization_reference: CiString36 | None = None


class StopSession(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_commands, StopSession object."""

    response_url: Url
    session_id: CiString36


class ReserveNow(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_commands, ReserveNow object."""

    response_url: Url
    token: Token
    expiry_date: DateTime
    reservation_id: CiString36
    location_id: CiString36
    evse_uid: CiString36 | None = None
    authorization_reference: CiString36 | None = None


class CancelReservation(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_commands, CancelReservation object."""

    response_url: Url
    reservation_id: CiString36


class UnlockConnector(Wire, frozen=True, kw_only=True):
    """Source: OCPI 2.3.0, mod_commands, UnlockConnector object."""

    response_url: Url
    location_id: CiString36
    evse_uid: CiString36
    connector_id: CiString36


CommandMessage = StartSession | StopSession | ReserveNow | CancelReservation | UnlockConnector


class CommandResponse(Wire, frozen=True, kw_only=True):
    """The answer at once; `timeout` in seconds. Source: OCPI 2.3.0, mod_commands, CommandResponse object."""

    result: CommandResponseType
    timeout: int
    message: tuple[DisplayText, ...] | None = ()


class CommandResult(Wire, frozen=True, kw_only=True):
    """The charge point's own result, sent later. Source: OCPI 2.3.0, mod_commands, CommandResult object."""

    result: CommandResultType
    message: tuple[DisplayText, ...] | None = ()
