"""Remote start and stop: routed to the operator, the charge point's own result reported to who asked.

What the caller's protocol answers at once is the caller's affair; the rules of waiting are in the process.
"""

import msgspec

from core.errors import Refused, Rejected, RoamingError, Unavailable, Uncertain, Unknown, Unsupported
from core.model.authorisation import Answered, Journey, JourneyState
from core.model.command import Command, CommandKind, CommandOutcome, Outcome, Sent
from core.model.location import Location
from core.model.partner import Partner, Role
from core.model.quantities import Text
from core.ports.adapter import Call, Capability, ProtocolAdapter
from core.ports.clock import Clock, Ids
from core.ports.processes import Processes
from core.ports.stores import JourneyStore, LocationStore, PartnerStore
from core.routing import agreed, reachable
from core.services.partners import owner_of


class CommandService:
    def __init__(
        self,
        *,
        locations: LocationStore,
        journeys: JourneyStore,
        partners: PartnerStore,
        adapters: dict[str, ProtocolAdapter],
        processes: Processes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._locations = locations
        self._journeys = journeys
        self._partners = partners
        self._adapters = adapters
        self._processes = processes
        self._clock = clock
        self._ids = ids

    async def prepare_start(self, caller: Partner, command: Command) -> Command:
        """Routed by its EVSE or location, with a journey of its own. Nothing is sent yet.

        Raises Refused (not the caller's party, no agreement), Unknown (no such place), Unsupported (its operator's
        protocol or installation has no remote start), Unavailable (the operator is not connected)."""
        owner_of(caller, command.issuer, "$.token")
        location = await self._place(command)
        target = await self._operator(caller, location, Capability.START_SESSION)
        command = msgspec.structs.replace(
            command,
            caller=caller.id,
            target=target.id,
            operator=location.owner,
            location_id=location.id,
            journey_id=self._ids.uuid(),
        )
        if command.evse_uid is None and command.evse_id is not None:
            evse = next((held for held in location.evses if held.evse_id == command.evse_id), None)
            command = msgspec.structs.replace(command, evse_uid=evse.uid if evse else None)
        elif command.evse_id is None and command.evse_uid is not None:
            evse = location.evse(command.evse_uid)
            if evse is None:
                raise Unknown("evse", command.evse_uid)
            command = msgspec.structs.replace(command, evse_id=evse.evse_id)
        return command

    async def prepare_stop(self, caller: Partner, command: Command, journey: Journey) -> Command:
        """For a journey of the caller's own drivers. Raises Refused, Unsupported, Unavailable."""
        if journey.issuer_partner != caller.id:
            raise Refused("the session belongs to another provider")
        target = await self._partners.get(journey.operator_partner)
        if target is None:
            raise Unavailable("the operator is not connected any more")
        self._check(caller, target, Capability.STOP_SESSION)
        return msgspec.structs.replace(
            command,
            caller=caller.id,
            target=target.id,
            operator=journey.operator,
            evse_id=command.evse_id or journey.evse_id,
            location_id=command.location_id or journey.location_id,
            session_id=command.session_id or journey.operator_session_id,
            journey_id=journey.id,
        )

    async def run(self, command: Command) -> CommandOutcome:
        """Send and wait. A silence is TIMED_OUT: never a yes."""
        await self._begin(command)
        return await self._processes.run_command(command)

    async def launch(self, command: Command) -> None:
        """Send without waiting: the caller's adapter tells the result when it is there."""
        await self._begin(command)
        await self._processes.launch_command(command)

    async def result(self, sender: Partner, command_id: str, outcome: CommandOutcome) -> None:
        """A charge point's result. Raises Unknown if no such command waits for this partner."""
        await self._processes.command_result(command_id, sender.id, outcome)

    # --- for the process

    async def send(self, command: Command) -> Sent:
        """Once: what may have happened is not sent again."""
        target = await self._partners.get(command.target)
        if target is None:
            return _ended(Outcome.REJECTED, "the operator is not connected any more")
        adapter, call = self._adapters[target.protocol], self._call(target, command)
        try:
            if command.kind is CommandKind.START_SESSION:
                return await adapter.start_session(call, command, await self._place(command))
            journey = await self._journeys.get(command.journey_id or "")
            if journey is None:
                return _ended(Outcome.UNKNOWN_SESSION, "the session is not known any more")
            return await adapter.stop_session(call, command, journey)
        except Unsupported as error:
            return _ended(Outcome.NOT_SUPPORTED, error.reason)
        except Uncertain as error:
            return _ended(Outcome.TIMED_OUT, error.reason)
        except (Unavailable, Rejected, RoamingError) as error:
            return _ended(Outcome.REJECTED, error.reason)

    async def finish(self, command: Command, outcome: CommandOutcome) -> None:
        """Remember what came of it, and tell a caller that was answered early."""
        await self._remember(command, outcome)
        caller = await self._partners.get(command.caller)
        if caller is None:
            return
        adapter = self._adapters[caller.protocol]
        if Capability.PUSH_COMMAND_RESULT in adapter.capabilities:
            await adapter.push_command_result(self._call(caller, command), command, outcome)

    async def _remember(self, command: Command, outcome: CommandOutcome) -> None:
        journey = await self._journeys.get(command.journey_id or "")
        if journey is None or command.kind is not CommandKind.START_SESSION:
            return
        accepted = outcome.outcome is Outcome.ACCEPTED
        await self._journeys.update(
            msgspec.structs.replace(
                journey,
                state=journey.state if accepted else JourneyState.ENDED,
                operator_session_id=outcome.session_id or journey.operator_session_id,
                updated_at=self._clock.now(),
            )
        )

    async def _begin(self, command: Command) -> None:
        """The journey of a start exists before the operator can speak of it."""
        if command.kind is not CommandKind.START_SESSION or command.token is None or command.journey_id is None:
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
                created_at=now,
                updated_at=now,
            )
        )

    async def _place(self, command: Command) -> Location:
        if command.evse_id is not None:
            location = await self._locations.by_evse_id(command.evse_id)
        else:
            location = await self._locations.get(command.operator, command.location_id or "")
        if location is None:
            raise Unknown("location", str(command.evse_id or command.location_id))
        return location

    async def _operator(self, caller: Partner, location: Location, needed: Capability) -> Partner:
        target = await self._partners.by_party(location.owner, Role.CPO)
        if target is None or not target.plays(Role.CPO):
            raise Unknown("party", str(location.owner))
        self._check(caller, target, needed)
        return target

    def _check(self, caller: Partner, target: Partner, needed: Capability) -> None:
        if not agreed(caller, target):
            raise Refused(f"there is no agreement with {target.name}")
        adapter = self._adapters[target.protocol]
        if needed not in adapter.capabilities:
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


def _ended(outcome: Outcome, why: str) -> Sent:
    return Sent(result=CommandOutcome(outcome=outcome, messages=(Text(language="en", text=why),)))
