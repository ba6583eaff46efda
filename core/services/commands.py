"""Remote start and stop, reservations: routed to the operator, the charge point's own result reported to who asked.

What the caller's protocol answers at once is the caller's affair; the rules of waiting are in the process.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import msgspec

from core.errors import Refused, Rejected, RoamingError, Unavailable, Uncertain, Unknown, Unsupported
from core.model.authorisation import Answered, Journey, JourneyState
from core.model.command import Command, CommandKind, CommandOutcome, Outcome, Sent
from core.model.contract import Service
from core.model.ids import PartyId
from core.model.location import Location, LocationQuery
from core.model.loss import Loss
from core.model.partner import Partner, Role
from core.ports.adapter import Call, Capability, ProtocolAdapter
from core.ports.clock import Clock, Ids
from core.ports.processes import Processes
from core.ports.registry import PartnerStore
from core.ports.stores import JourneyStore, LocationStore
from core.routing import contracted, reachable
from core.services.command_log import CommandLog
from core.services.command_rules import (
    BEGINS,
    CLOSED,
    GIVEN_BACK,
    NEEDED,
    UNSAID,
    begun_state,
    ended,
    may_be_off,
    placed,
    stands,
)
from core.services.partners import owner_of
from core.services.sessions import SessionService

log = logging.getLogger(__name__)


class CommandService:
    def __init__(
        self,
        *,
        log: CommandLog,
        locations: LocationStore,
        journeys: JourneyStore,
        partners: PartnerStore,
        sessions: SessionService,
        adapters: dict[str, ProtocolAdapter],
        processes: Processes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._log = log
        self._locations = locations
        self._journeys = journeys
        self._partners = partners
        self._sessions = sessions
        self._adapters = adapters
        self._processes = processes
        self._clock = clock
        self._ids = ids

    async def prepare_start(self, caller: Partner, command: Command) -> Command:
        """Routed by its EVSE or location, with a journey of its own. Nothing is sent yet.

        An operator that has told the hub of no places at all is asked for any EVSE. Raises Refused (not the caller's
        party, no agreement), Unknown (no such place), Unsupported (its operator's protocol or installation has no
        such command), Rejected (its protocol cannot say this one), Unavailable (the operator is not connected)."""
        return await self._prepared(caller, command)

    async def prepare_reservation(self, caller: Partner, command: Command) -> Command:
        """As `prepare_start`; an issuer that names no reservation gets the journey's id for its name. Raises Rejected,
        too, for the id of one that stands, where the operator's protocol cannot change it."""
        command = await self._prepared(caller, command)
        command = msgspec.structs.replace(command, reservation_id=command.reservation_id or command.journey_id)
        target = await self._partners.get(command.target)
        if target is None or self._adapters[target.protocol].replaces_reservations:
            return command
        now = self._clock.now()
        for held in await self._journeys.of_reservation(command.issuer, command.reservation_id or ""):
            if held.operator == command.operator and stands(held, now):
                raise Rejected("", "a reservation of this operator cannot be changed: cancel it first")
        return command

    async def _prepared(self, caller: Partner, command: Command) -> Command:
        owner_of(caller, command.issuer, "$.token")
        location = await self._location(command)
        if location is None and not await self._tells_nothing(command):
            raise Unknown("location", str(command.evse_id or command.location_id))
        operator = location.owner if location else command.operator
        target = await self._partners.by_party(operator, Role.CPO)
        if target is None:
            raise Unknown("party", str(operator))
        command = msgspec.structs.replace(
            command, caller=caller.id, target=target.id, operator=operator, journey_id=self._ids.uuid()
        )
        if location is not None:
            command = placed(command, location)
        if self._is_upstream(caller) and self._is_upstream(target):
            raise Unknown("location", str(command.evse_id or command.location_id))
        service = Service.RESERVATION if command.kind is CommandKind.RESERVE_NOW else Service.AUTHORISATION
        if not contracted(caller, target, service, self._clock.now()):
            raise Refused(f"there is no agreement with {target.name}")
        await self._check(target, command)
        return command

    async def prepare_stop(self, caller: Partner, command: Command, journey: Journey) -> Command:
        """For a journey of the caller's own drivers; it outlives the agreement under which it began.

        Raises Refused, Unknown (it is over, or never began), Unsupported, Rejected, Unavailable."""
        if journey.issuer_partner != caller.id:
            raise Refused("the session belongs to another provider")
        if journey.state in CLOSED or journey.reservation_id is not None:
            raise Unknown("session", command.session_id or journey.id)
        return await self._about(caller, command, journey)

    async def reservation(
        self, caller: Partner, issuer: PartyId, reservation_id: str, operator: PartyId | None
    ) -> Journey | None:
        """The youngest of this name that can be cancelled, at this operator (None: at any)."""
        for held in await self._journeys.of_reservation(issuer, reservation_id):
            if held.issuer_partner == caller.id and held.state not in CLOSED and operator in (None, held.operator):
                return held
        return None

    async def prepare_cancellation(self, caller: Partner, command: Command, journey: Journey | None) -> Command:
        """Of a reservation, whatever became of the agreement; expired or not, it is for the operator to say. `journey`
        None: the operator has none of this name, which is a result like any other. Raises as `prepare_stop`."""
        if journey is not None:
            if journey.issuer_partner != caller.id:
                raise Refused("the reservation belongs to another provider")
            if journey.state in CLOSED or journey.reservation_id is None:
                raise Unknown("reservation", command.reservation_id or journey.id)
            return await self._about(caller, command, journey)
        target = await self._partners.by_party(command.operator, Role.CPO)
        if target is None:
            raise Unknown("party", str(command.operator))
        self._check_able(target, command)
        return msgspec.structs.replace(command, caller=caller.id, target=target.id, journey_id=None)

    async def _about(self, caller: Partner, command: Command, journey: Journey) -> Command:
        target = await self._partners.get(journey.operator_partner)
        if target is None:
            raise Unavailable("the operator is not connected any more")
        command = msgspec.structs.replace(
            command,
            caller=caller.id,
            target=target.id,
            operator=journey.operator,
            evse_id=command.evse_id or journey.evse_id,
            location_id=command.location_id or journey.location_id,
            session_id=command.session_id or journey.operator_session_id,
            reservation_id=journey.reservation_id,
            journey_id=journey.id,
        )
        await self._check(target, command)
        return command

    async def stop_again(self, journey: Journey) -> bool:
        """For a session that began after its issuer had been told that it does not: where the issuer could not know it
        for its own, it is stopped rather than left to run unseen. Gives whether a stop is on its way."""
        issuer = await self._partners.get(journey.issuer_partner)
        if issuer is None:
            return False
        adapter = self._adapters[issuer.protocol]
        if adapter.late_starts and Capability.PUSH_SESSION in adapter.capabilities:
            return False
        stop = Command(
            id=self._ids.uuid(), kind=CommandKind.STOP_SESSION, issuer=journey.issuer, operator=journey.operator
        )
        try:
            await self.launch(await self.prepare_stop(issuer, stop, journey))
        except RoamingError as error:
            log.warning("session %s runs on unseen: %s", journey.id, error)
            return False
        return True

    async def begun(self, caller: Partner, target: Partner, command: Command) -> None:
        """A start that caller and operator, who speak the same protocol, settle between them has its journey too."""
        await self._begin(
            msgspec.structs.replace(command, caller=caller.id, target=target.id, journey_id=self._ids.uuid())
        )

    async def run(self, command: Command) -> CommandOutcome:
        """Send and wait. A silence is TIMED_OUT: never a yes."""
        async with self._begun_unless_lost(command):
            return await self._processes.run_command(command)

    async def launch(self, command: Command) -> None:
        """Send without waiting: the caller's adapter tells the result when it is there."""
        async with self._begun_unless_lost(command):
            await self._processes.launch_command(command)

    @asynccontextmanager
    async def _begun_unless_lost(self, command: Command) -> AsyncIterator[None]:
        """What could not be put on its way has begun nothing: its reservation stands in nobody's way."""
        await self._begin(command)
        try:
            yield
        except Unavailable:
            journey = await self._journeys.get(command.journey_id or "")
            if journey is not None and command.kind in BEGINS:
                await self._journeys.update(msgspec.structs.replace(journey, state=JourneyState.REFUSED))
            raise

    async def result(self, sender: Partner, command_id: str, outcome: CommandOutcome) -> None:
        """A charge point's result. That a reservation is off may come long after it was made: its caller hears of it at
        once, so this raises whatever telling it raises. Raises Unknown if no such command waits for this partner."""
        try:
            await self._processes.command_result(command_id, sender.id, outcome)
        except Unknown:
            record = await self._log.get(command_id)
            if not (record and may_be_off(record.command, sender, outcome)):
                raise
            if record.outcome is None or record.outcome.outcome is not outcome.outcome:
                await self._called_off(record.command, outcome)

    async def _called_off(self, command: Command, outcome: CommandOutcome) -> None:
        lost = await self._tell(command, outcome, late=True)
        journey = await self._journeys.get(command.journey_id or "")
        if journey is not None:
            await self._end(journey)
        await self._log.ended(command, outcome, lost)

    # --- for the process

    async def send(self, command: Command) -> Sent:
        """Once: what may have happened is not sent again."""
        sent = await self._sent(command)
        await self._log.sent(command, sent.losses)
        return sent

    async def _sent(self, command: Command) -> Sent:
        target = await self._partners.get(command.target)
        if target is None:
            return ended(Outcome.REJECTED, "the operator is not connected any more")
        adapter, call = self._adapters[target.protocol], self._call(target, command)
        try:
            if command.kind in BEGINS:
                begin = adapter.start_session if command.kind is CommandKind.START_SESSION else adapter.reserve_now
                return await begin(call, command, await self._location(command))
            journey = await self._journeys.get(command.journey_id or "")
            if command.kind is CommandKind.CANCEL_RESERVATION:
                if journey is None:
                    return ended(Outcome.UNKNOWN_RESERVATION, "the operator has no such reservation")
                return await adapter.cancel_reservation(call, command, journey)
            if journey is None:
                return ended(Outcome.UNKNOWN_SESSION, "the session is not known any more")
            return await adapter.stop_session(call, command, journey)
        except Unsupported as error:
            return ended(Outcome.NOT_SUPPORTED, error.reason)
        except Uncertain as error:
            return ended(Outcome.TIMED_OUT, error.reason, unanswered=True)
        except Unavailable as error:
            return ended(Outcome.REJECTED, error.reason, unanswered=True)
        except RoamingError as error:
            return ended(Outcome.REJECTED, error.reason)

    async def finish(self, command: Command, outcome: CommandOutcome) -> None:
        """Remember what came of it, and tell a caller that was answered early: once, the journal shows a failure."""
        caller = await self._partners.get(command.caller)
        await self._remember(command, outcome, self._adapters[caller.protocol] if caller else None)
        lost: tuple[Loss, ...] = ()
        with suppress(RoamingError):
            lost = await self._tell(command, outcome)
        await self._log.ended(command, outcome, lost)

    async def _tell(self, command: Command, outcome: CommandOutcome, *, late: bool = False) -> tuple[Loss, ...]:
        """What its caller is not told of it, be it told now or waiting for the answer. `late`: it waits no longer."""
        caller = await self._partners.get(command.caller)
        if caller is None:
            return ()
        adapter = self._adapters[caller.protocol]
        if Capability.PUSH_COMMAND_RESULT not in adapter.capabilities:
            return (UNSAID,) if late else adapter.answer_losses(command, outcome)
        return (await adapter.push_command_result(self._call(caller, command), command, outcome)).losses

    async def _remember(self, command: Command, outcome: CommandOutcome, home: ProtocolAdapter | None) -> None:
        journey = await self._journeys.get(command.journey_id or "")
        if journey is None:
            return
        if command.kind in BEGINS:
            await self._remember_beginning(command, outcome, journey, home)
        elif command.kind is CommandKind.CANCEL_RESERVATION and outcome.outcome in GIVEN_BACK:
            await self._end(journey)

    async def _end(self, journey: Journey) -> None:
        if journey.state not in (JourneyState.BILLED, JourneyState.ENDED):
            ended = msgspec.structs.replace(journey, state=JourneyState.ENDED, updated_at=self._clock.now())
            await self._journeys.update(ended)

    async def _remember_beginning(
        self, command: Command, outcome: CommandOutcome, journey: Journey, home: ProtocolAdapter | None
    ) -> None:
        accepted = outcome.outcome is Outcome.ACCEPTED
        journey = await self._journeys.update(
            msgspec.structs.replace(
                journey,
                state=begun_state(journey.state, accepted),
                operator_session_id=outcome.session_id or journey.operator_session_id,
                updated_at=self._clock.now(),
            )
        )
        if accepted and home and home.stops_by_session and command.kind is CommandKind.START_SESSION:
            await self._show_session(command, journey)

    async def _show_session(self, command: Command, journey: Journey) -> None:
        """An eMSP that stops by a session is shown one that the operator's protocol does not have."""
        operator = await self._partners.get(command.target)
        if operator is None or self._adapters[operator.protocol].tells_sessions:
            return
        location = await self._location(command)
        evse = location.evse(command.evse_uid) if location and command.evse_uid else None
        if location is not None and evse is not None:
            tariff = operator.agreed_tariff
            await self._sessions.open_for(journey, location, evse, tariff.currency if tariff else None)

    async def _begin(self, command: Command) -> None:
        """The journey of a start or a reservation exists before the operator can speak of it."""
        await self._log.begun(command)
        if command.kind not in BEGINS or command.token is None or command.journey_id is None:
            return
        now = self._clock.now()
        await self._journeys.create(
            Journey(
                id=command.journey_id,
                operator=command.operator,
                operator_partner=command.target,
                issuer=command.issuer,
                issuer_partner=command.caller,
                uid=command.token.uid,
                kind=command.token.kind,
                contract_id=command.token.contract_id,
                evse_id=command.evse_id,
                location_id=command.location_id,
                reference=command.authorization_reference or command.journey_id,
                issuer_session_id=command.session_id,
                answered_by=Answered.COMMAND,
                reservation_id=command.reservation_id if command.kind is CommandKind.RESERVE_NOW else None,
                reserved_until=command.expires_at,
                correlation_id=command.correlation_id or command.id,
                extensions=command.extensions,
                created_at=now,
                updated_at=now,
            )
        )

    async def _location(self, command: Command) -> Location | None:
        if command.location_id is not None:
            return await self._locations.get(command.operator, command.location_id)
        return await self._locations.by_evse_id(command.evse_id) if command.evse_id else None

    def _is_upstream(self, partner: Partner) -> bool:
        adapter = self._adapters.get(partner.protocol)
        return adapter is not None and adapter.is_upstream(partner)

    async def _tells_nothing(self, command: Command) -> bool:
        if command.location_id is not None or command.evse_id is None:
            return False
        _, held = await self._locations.page_keys(LocationQuery(owners=(command.operator,), limit=1))
        return held == 0

    async def _check(self, target: Partner, command: Command) -> None:
        self._check_able(target, command)
        try:
            self._adapters[target.protocol].check_command(target, command)
        except (Rejected, Unsupported) as error:
            await self._log.withheld(command, error.reason)
            raise

    def _check_able(self, target: Partner, command: Command) -> None:
        needed = NEEDED[command.kind]
        if needed not in self._adapters[target.protocol].capabilities:
            raise Unsupported(f"{target.protocol} has no {needed.replace('_', ' ')}")
        if not reachable(target):
            raise Unavailable(f"{target.name} is not connected now")

    def _call(self, partner: Partner, command: Command) -> Call:
        to_operator = partner.id == command.target
        return Call(
            partner=partner,
            correlation_id=command.id,
            sender=command.issuer if to_operator else command.operator,
            recipient=command.operator if to_operator else command.issuer,
        )
