"""All that core ever asks of a protocol."""

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar

from core.errors import RoamingError, Unavailable, Uncertain, Unsupported
from core.model.authorisation import Authorisation, AuthoriseRequest, Journey
from core.model.base import Model
from core.model.cdr import Cdr, CdrState
from core.model.command import Command, CommandOutcome, Sent
from core.model.ids import PartyId
from core.model.location import Evse, Location
from core.model.loss import Loss
from core.model.partner import Partner, PartyStatus
from core.model.quantities import Business
from core.model.record import Record
from core.model.session import Session
from core.model.tariff import Tariff
from core.model.token import Token


class Capability(StrEnum):
    """The names are those of the adapter's methods: a capability is declared exactly when its method is overridden."""

    AUTHORISE = "authorise"
    AUTHORISE_STOP = "authorise_stop"
    START_SESSION = "start_session"
    STOP_SESSION = "stop_session"
    RESERVE_NOW = "reserve_now"
    CANCEL_RESERVATION = "cancel_reservation"
    PUSH_COMMAND_RESULT = "push_command_result"
    PUSH_LOCATION = "push_location"
    PUSH_EVSE_STATUS = "push_evse_status"
    PUSH_TOKEN = "push_token"  # noqa: S105
    PUSH_SESSION = "push_session"
    PUSH_TARIFF = "push_tariff"
    DELETE_TARIFF = "delete_tariff"
    PUSH_BOOKING_LOCATION = "push_booking_location"
    PUSH_CDR = "push_cdr"
    PUSH_PARTY_STATUS = "push_party_status"


class Told(Model, frozen=True, kw_only=True):
    """A partner has confirmed. `remote_id` is what it calls the object now (OCPI: the URL of a CDR).

    `held_already`: it says that it had the object before."""

    remote_id: str | None = None
    losses: tuple[Loss, ...] = ()
    withheld: bool = False
    held_already: bool = False


class Call(Model, frozen=True, kw_only=True):
    """What every message out carries along.

    `sender` is the party in whose name it is sent, `recipient` the one party it is for; None: all parties of the
    partner that may be told. `place`: of a session or CDR, as the hub knows it. `operator` and `tariffs`: of the place
    that it is about, for partners with `needs_surroundings`."""

    partner: Partner
    correlation_id: str
    sender: PartyId
    recipient: PartyId | None = None
    place: Location | None = None
    operator: Business | None = None
    tariffs: tuple[Tariff, ...] = ()


class ProtocolAdapter:
    """The way out of the hub. A method raises only RoamingErrors; what is not overridden is Unsupported."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    tells_sessions: ClassVar[bool] = True
    """Whether operators of this protocol tell of their sessions while they run."""
    decides_on_fetched_cdrs: ClassVar[bool] = False
    """Whether eMSPs of this protocol fetch CDRs and say of each whether they take it."""
    tells_locations: ClassVar[bool] = True
    """Whether operators of this protocol tell of their locations; else the hub's operator hands them in."""
    stops_by_session: ClassVar[bool] = False
    """Whether eMSPs of this protocol name the session that is to be stopped, so that they have to be shown one."""
    late_starts: ClassVar[bool] = True
    """Whether an eMSP that was told that its start failed can know the session that begins after all for its own."""
    replaces_reservations: ClassVar[bool] = False
    """Whether a reservation under the id of one that stands takes its place at operators of this protocol."""
    bills_by_journey: ClassVar[bool] = False
    """Whether a CDR to this protocol bears the hub's own id of the session, so that it has to have one."""

    async def probe(self, call: Call) -> None:
        """Whether a partner that was not reached is back: returns if it answers. Raises as any call; Unsupported where
        the protocol has nothing harmless to ask."""
        raise Unsupported("probe")

    def silence_s(self, partner: Partner, usual_s: float) -> float | None:
        """After how long without any message this partner is silent; `usual_s` is the hub's own rule. None: partners of
        this protocol have nothing to say for days."""
        return None

    def answers(self, partner: Partner) -> bool:
        """Whether this partner can be asked in real time at all (an OICP EMP without a service URL cannot)."""
        return True

    def is_upstream(self, partner: Partner) -> bool:
        """Whether this partner is a platform in which the hub itself is a partner: it stands for all who are behind it.
        What comes from one upstream platform goes to no other, so that nothing can go round."""
        return False

    def joins_broadcasts(self, partner: Partner) -> bool:
        """Whether this partner wants to be asked about cards of which nobody knows the issuer."""
        return True

    def takes(self, partner: Partner, capability: Capability) -> bool:
        """Whether this partner is to be told in this way at all (an OCPI platform without the endpoint pulls)."""
        return True

    def needs_surroundings(self, partner: Partner) -> bool:
        """Whether this partner cannot look up who operates a place and what it costs, and is told so with the place."""
        return False

    def retries(self, partner: Partner) -> dict[str, int]:
        """The partner's own number of attempts by event kind, where it differs from the rule."""
        return {}

    async def authorise(self, call: Call, request: AuthoriseRequest, location: Location | None) -> Authorisation:
        """Ask an eMSP.

        A refusal is a decision, a dead partner an error. `location` is the hub's copy of the place, if known."""
        raise Unsupported("authorise")

    async def authorise_stop(self, call: Call, request: AuthoriseRequest, journey: Journey) -> Authorisation:
        """Ask the eMSP of a running journey whether another medium may end it."""
        raise Unsupported("authorise_stop")

    def check_command(self, partner: Partner, command: Command) -> None:
        """Before anything is promised to the caller: raises Unsupported for a command that this operator cannot be
        given at all, Rejected for one that cannot be said with what it holds."""

    async def start_session(self, call: Call, command: Command, location: Location | None) -> Sent:
        """Ask an operator to begin charging. A refusal is a result. Raises Uncertain if it may have begun.

        `location` None: the operator has told the hub of no places."""
        raise Unsupported("start_session")

    async def stop_session(self, call: Call, command: Command, journey: Journey) -> Sent:
        raise Unsupported("stop_session")

    async def reserve_now(self, call: Call, command: Command, location: Location | None) -> Sent:
        """Ask an operator to keep an EVSE free. As `start_session`."""
        raise Unsupported("reserve_now")

    async def cancel_reservation(self, call: Call, command: Command, journey: Journey) -> Sent:
        """`journey` is the reservation's."""
        raise Unsupported("cancel_reservation")

    def answer_losses(self, command: Command, outcome: CommandOutcome) -> tuple[Loss, ...]:
        """What a caller of this protocol, who waits for the answer to its command, is not told of the outcome."""
        return ()

    async def push_command_result(self, call: Call, command: Command, outcome: CommandOutcome) -> Told:
        """Tell a caller whose protocol was answered early what came of its command."""
        raise Unsupported("push_command_result")

    async def push_location(self, call: Call, location: Location) -> Told:
        raise Unsupported("push_location")

    async def push_evse_status(self, call: Call, location: Location, evses: Sequence[Evse]) -> Told:
        raise Unsupported("push_evse_status")

    async def push_token(self, call: Call, token: Token) -> Told:
        raise Unsupported("push_token")

    async def push_session(self, call: Call, session: Session, journey: Journey | None) -> Told:
        raise Unsupported("push_session")

    async def push_tariff(self, call: Call, tariff: Tariff) -> Told:
        raise Unsupported("push_tariff")

    async def delete_tariff(self, call: Call, owner: PartyId, tariff_id: str) -> Told:
        raise Unsupported("delete_tariff")

    async def push_booking_location(self, call: Call, record: Record) -> Told:
        """A place that can be booked, in the words of the one protocol that knows such places."""
        raise Unsupported("push_booking_location")

    async def push_cdr(self, call: Call, cdr: Cdr, journey: Journey | None) -> Told:
        """Confirmed means that the partner has it for certain; a duplicate that it already holds is a confirmation."""
        raise Unsupported("push_cdr")

    def after_failed_cdr(self, partner: Partner, error: RoamingError) -> CdrState:
        """How a CDR for this partner stands after a failure.

        Most protocols make a repeated CDR harmless by its id, so an uncertain one is tried again."""
        return CdrState.WAITING if isinstance(error, Unavailable | Uncertain) else CdrState.REFUSED

    async def push_party_status(self, call: Call, status: PartyStatus) -> Told:
        raise Unsupported("push_party_status")
