"""Remote commands, reservations and charging profiles."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from core.model.base import Extensions, Model
from core.model.ids import EvseId, PartyId
from core.model.loss import Loss
from core.model.quantities import Text
from core.model.token import Token


class CommandKind(StrEnum):
    START_SESSION = "START_SESSION"
    STOP_SESSION = "STOP_SESSION"
    RESERVE_NOW = "RESERVE_NOW"
    CANCEL_RESERVATION = "CANCEL_RESERVATION"
    UNLOCK_CONNECTOR = "UNLOCK_CONNECTOR"


class Outcome(StrEnum):
    """The charge point's own result, or why there is none."""

    ACCEPTED = "ACCEPTED"
    CANCELED_RESERVATION = "CANCELED_RESERVATION"
    EVSE_OCCUPIED = "EVSE_OCCUPIED"
    EVSE_INOPERATIVE = "EVSE_INOPERATIVE"
    FAILED = "FAILED"
    NOT_SUPPORTED = "NOT_SUPPORTED"
    REJECTED = "REJECTED"
    TIMED_OUT = "TIMEOUT"
    UNKNOWN_RESERVATION = "UNKNOWN_RESERVATION"
    UNKNOWN_SESSION = "UNKNOWN_SESSION"


class Command(Model, frozen=True, kw_only=True):
    """One request to a charge point. `issuer` asks, `operator` is to act; which members are set depends on `kind`.

    `caller` and `target` are the partners of both. `patience_s` is how long the caller waits for the charge point's
    result. `journey_id` is the journey that a start or a reservation begins and a stop or a cancellation ends.
    `session_id` is that of whoever minted it: in a start the issuer's own, in a stop the operator's. `reservation_id`
    is the issuer's; `expires_at` None in a reservation: for as long as the operator keeps it. `correlation_id`: of
    the caller's request, where it is not the command's own id."""

    id: str
    kind: CommandKind
    issuer: PartyId
    operator: PartyId
    caller: str = ""
    target: str = ""
    token: Token | None = None
    location_id: str | None = None
    evse_uid: str | None = None
    evse_id: EvseId | None = None
    connector_id: str | None = None
    session_id: str | None = None
    authorization_reference: str | None = None
    reservation_id: str | None = None
    expires_at: datetime | None = None
    product_id: str | None = None
    patience_s: Decimal = Decimal(30)
    journey_id: str | None = None
    correlation_id: str | None = None
    extensions: Extensions = {}


class CommandOutcome(Model, frozen=True, kw_only=True):
    """The end of a command. `session_id` is the operator's, if its protocol says it with the answer.

    `unanswered`: the operator itself was not reached or gave no usable answer (its charge point is another matter)."""

    outcome: Outcome
    messages: tuple[Text, ...] = ()
    session_id: str | None = None
    unanswered: bool = False
    extensions: Extensions = {}


class Sent(Model, frozen=True, kw_only=True):
    """A command has reached its operator. `result` None: the charge point's own result follows, within `patience_s`.

    `losses`: what the operator was not told of it."""

    result: CommandOutcome | None = None
    patience_s: Decimal | None = None
    losses: tuple[Loss, ...] = ()


class CommandRecord(Model, frozen=True, kw_only=True):
    """A command and what came of it. `outcome` None: nothing yet. `losses`: what the operator was not told of the
    command; `answer_losses`: what its caller was not told of the outcome."""

    command: Command
    began_at: datetime
    outcome: CommandOutcome | None = None
    ended_at: datetime | None = None
    losses: tuple[Loss, ...] = ()
    answer_losses: tuple[Loss, ...] = ()


class ChargingProfilePeriod(Model, frozen=True, kw_only=True):
    """From `start_s` seconds after the start of the profile the limit holds, in the unit of the profile."""

    start_s: int
    limit: Decimal


class ChargingProfile(Model, frozen=True, kw_only=True):
    """A limit over time for a running session; `unit` is W or A."""

    session_id: str
    unit: str
    starts_at: datetime | None = None
    duration_s: int | None = None
    min_rate: Decimal | None = None
    periods: tuple[ChargingProfilePeriod, ...] = ()
    extensions: Extensions = {}
