"""Remote commands: routed once, honest about what cannot be, the charge point's own word reported."""

import msgspec
import pytest

from core.errors import Refused, Unavailable, Uncertain, Unknown, Unsupported
from core.model.authorisation import JourneyState
from core.model.command import Command, CommandKind, CommandOutcome, Outcome, Sent
from core.model.ids import EvseId
from core.model.loss import Loss
from core.model.partner import Role
from core.ports.adapter import Call, Capability, Told
from core.services.command_log import CommandLog
from core.services.commands import CommandService
from tests.fakes import FakeIds, FakeLedger, FakeProcesses, FakeStorage
from tests.unit.core.examples import CPO, EMSP, OTHER_EMSP, FakeAdapter, location, partner, sessions_of, token


class Operator(FakeAdapter):
    capabilities = FakeAdapter.capabilities | {
        Capability.START_SESSION,
        Capability.STOP_SESSION,
        Capability.RESERVE_NOW,
        Capability.CANCEL_RESERVATION,
    }

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[Command] = []
        self.sent: Sent | Exception = Sent()

    async def start_session(self, call: Call, command: Command, location: object) -> Sent:
        self.commands.append(command)
        if isinstance(self.sent, Exception):
            raise self.sent
        return self.sent

    async def stop_session(self, call: Call, command: Command, journey: object) -> Sent:
        return await self.start_session(call, command, journey)

    async def reserve_now(self, call: Call, command: Command, location: object) -> Sent:
        return await self.start_session(call, command, location)

    async def cancel_reservation(self, call: Call, command: Command, journey: object) -> Sent:
        return await self.start_session(call, command, journey)


class Provider(FakeAdapter):
    capabilities = FakeAdapter.capabilities | {Capability.PUSH_COMMAND_RESULT}

    def __init__(self) -> None:
        super().__init__()
        self.results: list[Outcome] = []
        self.broken: Exception | None = None

    async def push_command_result(self, call: Call, command: Command, outcome: CommandOutcome) -> Told:
        if self.broken:
            raise self.broken
        self.results.append(outcome.outcome)
        return Told()


class World:
    def __init__(self) -> None:
        self.storage, self.processes = FakeStorage(), FakeProcesses()
        self.operator, self.provider = Operator(), Provider()
        self.emb = partner("emb", EMSP, Role.EMSP, protocol="provider")
        self.ledger = FakeLedger()
        log = CommandLog(
            records=self.storage.commands,
            partners=self.storage.partners,
            ledger=self.ledger,
            clock=self.storage.clock,
        )
        self.service = CommandService(
            log=log,
            locations=self.storage.locations,
            journeys=self.storage.journeys,
            partners=self.storage.partners,
            sessions=sessions_of(self.storage),
            adapters={"fake": self.operator, "provider": self.provider, "bare": FakeAdapter()},
            processes=self.processes,
            clock=self.storage.clock,
            ids=FakeIds(),
        )


@pytest.fixture
async def world() -> World:
    world = World()
    await world.storage.partners.add(partner("cpo", CPO, Role.CPO))
    await world.storage.partners.add(world.emb)
    await world.storage.locations.save(location(), events=[])
    return world


def start(**more: object) -> Command:
    members = {
        "id": "c1",
        "kind": CommandKind.START_SESSION,
        "issuer": EMSP,
        "operator": CPO,
        "token": token(),
        "evse_id": EvseId.parse("NL*CPA*E1"),
    }
    return Command(**{**members, **more})


async def test_a_start_is_routed_by_its_evse_and_begins_a_journey(world: World) -> None:
    command = await world.service.prepare_start(world.emb, start())
    assert (command.target, command.location_id, command.evse_uid) == ("cpo", "LOC1", "E1")
    assert (await world.service.run(command)).outcome is Outcome.ACCEPTED
    journey = await world.storage.journeys.get(command.journey_id or "")
    assert journey
    assert (journey.operator_partner, journey.issuer_partner, journey.answered_by) == ("cpo", "emb", "COMMAND")


async def test_a_start_by_location_and_uid_learns_the_evse_id(world: World) -> None:
    command = await world.service.prepare_start(world.emb, start(evse_id=None, location_id="loc1", evse_uid="e1"))
    assert command.evse_id == EvseId.parse("NL*CPA*E1")
    with pytest.raises(Unknown):
        await world.service.prepare_start(world.emb, start(evse_id=None, location_id="loc1", evse_uid="zz"))


async def test_nobody_starts_for_another_or_where_nothing_is(world: World) -> None:
    with pytest.raises(Refused):
        await world.service.prepare_start(world.emb, start(issuer=OTHER_EMSP))
    with pytest.raises(Unknown):
        await world.service.prepare_start(world.emb, start(evse_id=EvseId.parse("NL*CPA*E9")))


async def test_what_the_operators_protocol_lacks_is_said_at_once(world: World) -> None:
    cpo = await world.storage.partners.get("cpo")
    assert cpo
    await world.storage.partners.update(msgspec.structs.replace(cpo, protocol="bare"))
    with pytest.raises(Unsupported):
        await world.service.prepare_start(world.emb, start())


@pytest.mark.parametrize(
    ("sent", "outcome"),
    [
        (Sent(result=CommandOutcome(outcome=Outcome.EVSE_OCCUPIED)), Outcome.EVSE_OCCUPIED),
        (Uncertain("no answer"), Outcome.TIMED_OUT),
        (Unsupported("no"), Outcome.NOT_SUPPORTED),
    ],
)
async def test_what_an_operator_answers_is_an_outcome(world: World, sent: Sent | Exception, outcome: Outcome) -> None:
    world.operator.sent = sent
    command = await world.service.prepare_start(world.emb, start())
    done = await world.service.send(command)
    assert done.result
    assert done.result.outcome is outcome


async def test_a_refused_start_ends_its_journey_and_the_caller_is_told(world: World) -> None:
    command = await world.service.prepare_start(world.emb, start())
    await world.service.launch(command)
    await world.service.finish(command, CommandOutcome(outcome=Outcome.EVSE_OCCUPIED))
    journey = await world.storage.journeys.get(command.journey_id or "")
    assert journey
    assert journey.state is JourneyState.REFUSED
    assert world.provider.results == [Outcome.EVSE_OCCUPIED]


async def test_a_stop_needs_ones_own_journey_and_names_the_operators_session(world: World) -> None:
    begun = await world.service.prepare_start(world.emb, start())
    await world.service.run(begun)
    await world.service.finish(begun, CommandOutcome(outcome=Outcome.ACCEPTED, session_id="S-1"))
    journey = await world.storage.journeys.get(begun.journey_id or "")
    assert journey
    stop = Command(id="c2", kind=CommandKind.STOP_SESSION, issuer=EMSP, operator=CPO)
    prepared = await world.service.prepare_stop(world.emb, stop, journey)
    assert (prepared.session_id, prepared.target) == ("S-1", "cpo")
    await world.service.send(prepared)
    assert world.operator.commands[-1].session_id == "S-1"
    with pytest.raises(Refused):
        await world.service.prepare_stop(partner("emc", OTHER_EMSP, Role.EMSP), stop, journey)


async def test_a_result_is_believed_from_the_operator_only(world: World) -> None:
    command = await world.service.prepare_start(world.emb, start())
    await world.service.launch(command)
    cpo = await world.storage.partners.get("cpo")
    assert cpo
    with pytest.raises(Unknown):
        await world.service.result(world.emb, "c1", CommandOutcome(outcome=Outcome.ACCEPTED))
    assert world.processes.results == {}
    await world.service.result(cpo, "c1", CommandOutcome(outcome=Outcome.ACCEPTED))
    assert world.processes.results["c1"].outcome is Outcome.ACCEPTED
    with pytest.raises(Unknown):
        await world.service.result(cpo, "c9", CommandOutcome(outcome=Outcome.ACCEPTED))


# --- reservations


async def reserved(world: World, outcome: Outcome = Outcome.ACCEPTED) -> Command:
    asked = start(kind=CommandKind.RESERVE_NOW, reservation_id="R-1")
    command = await world.service.prepare_reservation(world.emb, asked)
    await world.service.launch(command)
    await world.service.finish(command, CommandOutcome(outcome=outcome))
    world.processes.open.clear()
    world.provider.results.clear()
    return command


async def state(world: World, command: Command) -> JourneyState:
    journey = await world.storage.journeys.get(command.journey_id or "")
    assert journey
    return journey.state


async def test_a_reservation_that_is_called_off_later_is_told_once(world: World) -> None:
    """For certain: an operator that was answered with success has told it."""
    command = await reserved(world)
    cpo, off = await world.storage.partners.get("cpo"), CommandOutcome(outcome=Outcome.CANCELED_RESERVATION)
    assert cpo
    world.provider.broken = Unavailable("away")
    with pytest.raises(Unavailable):
        await world.service.result(cpo, command.id, off)
    assert await state(world, command) is JourneyState.AUTHORISED
    world.provider.broken = None
    for _ in range(2):
        await world.service.result(cpo, command.id, off)
    assert world.provider.results == [Outcome.CANCELED_RESERVATION]
    assert await state(world, command) is JourneyState.ENDED


async def test_only_a_reservation_of_ones_own_can_be_called_off(world: World) -> None:
    command, off = await reserved(world), CommandOutcome(outcome=Outcome.CANCELED_RESERVATION)
    begun = await world.service.prepare_start(world.emb, start(id="c2"))
    await world.service.launch(begun)
    world.processes.open.clear()
    cpo = await world.storage.partners.get("cpo")
    assert cpo
    refused = [
        (partner("other", OTHER_EMSP, Role.CPO), command.id, off),
        (cpo, begun.id, off),
        (cpo, "nothing", off),
        (cpo, command.id, CommandOutcome(outcome=Outcome.FAILED)),
    ]
    for sender, command_id, outcome in refused:
        with pytest.raises(Unknown):
            await world.service.result(sender, command_id, outcome)
    assert not world.provider.results


async def test_a_cancellation_that_crosses_the_cdr_changes_nothing(world: World) -> None:
    command = await reserved(world)
    held = await world.storage.journeys.get(command.journey_id or "")
    assert held
    cancel = Command(id="c3", kind=CommandKind.CANCEL_RESERVATION, issuer=EMSP, operator=CPO)
    asked = await world.service.prepare_cancellation(world.emb, cancel, held)
    await world.service.launch(asked)
    await world.storage.journeys.update(msgspec.structs.replace(held, state=JourneyState.BILLED))
    await world.service.finish(asked, CommandOutcome(outcome=Outcome.ACCEPTED))
    assert await state(world, command) is JourneyState.BILLED
    with pytest.raises(Unknown):
        await world.service.prepare_cancellation(world.emb, cancel, await world.storage.journeys.get(held.id))


async def test_what_came_of_a_command_is_kept_with_its_journey(world: World) -> None:
    world.operator.sent = Sent(losses=(Loss(path="token.uid", reason="no field"),))
    command = await world.service.prepare_start(world.emb, start())
    await world.service.launch(command)
    [record] = await world.storage.commands.of_journeys([command.journey_id or ""])
    assert (record.command, record.outcome) == (command, None)
    await world.service.send(command)
    await world.service.finish(command, CommandOutcome(outcome=Outcome.FAILED))
    [record] = await world.storage.commands.of_journeys([command.journey_id or ""])
    assert record.outcome and record.outcome.outcome is Outcome.FAILED
    assert [loss.path for loss in record.losses] == ["token.uid"]
    assert world.ledger.noted == [("start_session", "provider", "fake", "token.uid")]
