"""Sessions that the hub makes for an eMSP, sessions found by their id, and those that nobody should miss."""

from decimal import Decimal

import msgspec
import pytest

from core.errors import Rejected, Unavailable, Uncertain, Unknown
from core.model.authorisation import Answered, Journey, JourneyState
from core.model.command import Command, CommandKind, CommandOutcome, Outcome, Sent
from core.model.event import EventKind
from core.model.ids import ContractId
from core.model.partner import Role
from core.model.session import AuthMethod, CdrToken, Session, SessionStatus
from core.ports.adapter import Capability
from core.services.sessions import is_ours
from tests.fakes import FakeStorage
from tests.unit.core.examples import CPO, EMSP, NOW, OTHER_EMSP, UID, location, partner, sessions_of
from tests.unit.core.test_commands import World, start

JOURNEY = Journey(
    id="11111111-1111-4111-8111-111111111111",
    operator=CPO,
    operator_partner="cpo",
    issuer=EMSP,
    issuer_partner="emb",
    uid=UID,
    kind="RFID",
    contract_id=ContractId.parse("DEEMBC12345678"),
    reference="ref-1",
    answered_by=Answered.COMMAND,
    created_at=NOW,
    updated_at=NOW,
)


@pytest.fixture
async def storage() -> FakeStorage:
    storage = FakeStorage()
    await storage.partners.add(partner("cpo", CPO, Role.CPO))
    await storage.partners.add(partner("emb", EMSP, Role.EMSP))
    await storage.partners.add(partner("emc", OTHER_EMSP, Role.EMSP))
    return storage


async def test_a_session_of_the_hubs_own_is_made_once_and_told(storage: FakeStorage) -> None:
    place = location()
    made = await sessions_of(storage).open_for(JOURNEY, place, place.evses[0], "CHF")
    assert await sessions_of(storage).open_for(JOURNEY, place, place.evses[0], None) == made
    assert is_ours(made)
    assert (made.id, made.energy_kwh, made.currency, made.status) == (JOURNEY.id, None, "CHF", SessionStatus.ACTIVE)
    [event] = await storage.outbox.claim_events(10, 60)
    assert (event.kind, event.recipient, event.source) == (EventKind.SESSION_CHANGED, EMSP, "cpo")


def session(**more: object) -> Session:
    token = CdrToken(issuer=EMSP, uid=UID, kind="RFID")
    members = {
        "owner": CPO,
        "id": "S1",
        "started_at": NOW,
        "energy_kwh": Decimal(1),
        "token": token,
        "auth_method": AuthMethod.WHITELIST,
        "location_id": "LOC1",
        "evse_uid": "E1",
        "connector_id": "1",
        "currency": "EUR",
        "status": SessionStatus.ACTIVE,
        "updated_at": NOW,
    }
    return Session(**{**members, **more})


async def test_sessions_are_found_among_ones_own(storage: FakeStorage) -> None:
    await storage.sessions.save(session(), events=[])
    emb, emc = await storage.partners.get("emb"), await storage.partners.get("emc")
    assert emb
    assert emc
    sessions = sessions_of(storage)
    assert [held.id for held in await sessions.named(emb, "s1")] == ["S1"]
    assert [held.id for held in await sessions.named(emb, "s1", CPO)] == ["S1"]
    assert await sessions.named(emb, "s1", OTHER_EMSP) == []
    assert await sessions.named(emc, "s1") == []


async def test_a_session_that_began_without_the_hub_gets_a_journey(storage: FakeStorage) -> None:
    sessions = sessions_of(storage)
    begun = await sessions.journey_for(session())
    assert (begun.operator_partner, begun.issuer_partner, begun.operator_session_id) == ("cpo", "emb", "S1")
    assert (await sessions.journey_for(session())).id == begun.id
    with pytest.raises(Unknown):
        await sessions.journey_for(session(id="S2", owner=OTHER_EMSP))


@pytest.mark.parametrize("state", [JourneyState.CHARGING, JourneyState.BILLED])
async def test_a_late_refusal_does_not_undo_what_has_happened(state: JourneyState) -> None:
    world = await _world()
    command = await world.service.prepare_start(world.emb, start())
    await world.service.launch(command)
    held = await world.storage.journeys.get(command.journey_id or "")
    assert held
    await world.storage.journeys.update(msgspec.structs.replace(held, state=state))
    await world.service.finish(command, CommandOutcome(outcome=Outcome.TIMED_OUT))
    held = await world.storage.journeys.get(command.journey_id or "")
    assert held
    assert held.state is state


async def test_a_stop_of_what_never_began_or_is_over() -> None:
    world = await _world()
    stop = Command(id="c2", kind=CommandKind.STOP_SESSION, issuer=EMSP, operator=CPO)
    for state in (JourneyState.REFUSED, JourneyState.BILLED):
        with pytest.raises(Unknown):
            await world.service.prepare_stop(world.emb, stop, msgspec.structs.replace(JOURNEY, state=state))


async def test_what_runs_unseen_is_stopped_and_what_is_told_is_not() -> None:
    world = await _world()
    journey = msgspec.structs.replace(JOURNEY, state=JourneyState.CHARGING, operator_session_id="S1")
    assert await world.service.stop_again(journey)
    assert [command.session_id for command in world.processes.commands] == ["S1"]
    world.provider.__class__.capabilities |= {Capability.PUSH_SESSION}
    try:
        assert not await world.service.stop_again(journey)
    finally:
        world.provider.__class__.capabilities -= {Capability.PUSH_SESSION}
    world.processes.down = True
    assert not await world.service.stop_again(journey)


async def test_an_operator_that_was_not_reached_is_told_apart() -> None:
    world = await _world()
    command = await world.service.prepare_start(world.emb, start())
    for error, unanswered in ((Unavailable("x"), True), (Uncertain("x"), True), (Rejected("1", "x"), False)):
        world.operator.sent = error
        sent: Sent = await world.service.send(command)
        assert sent.result
        assert sent.result.unanswered is unanswered


async def _world() -> World:
    world = World()
    await world.storage.partners.add(partner("cpo", CPO, Role.CPO))
    await world.storage.partners.add(world.emb)
    await world.storage.locations.save(location(), events=[])
    return world
