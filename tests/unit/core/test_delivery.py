"""Who is told, once or again, and that nothing ends out of sight."""

import msgspec
import pytest

from core.errors import Rejected, StoreUnavailable, Unavailable, Uncertain
from core.model.cdr import CdrSettlement, CdrState
from core.model.delivery import Delivery, DeliveryState
from core.model.event import Event, EventKind
from core.model.ids import PartyId
from core.model.loss import Loss
from core.model.partner import Partner, PartnerState, PartyRole, Role
from core.ports.adapter import Capability, Told
from core.retries import ONCE, PERSISTENT, next_attempt, policy_for
from core.routing import agreed, candidate_issuers, recipients, visible_owners
from core.services.delivery import DeliveryService
from tests.fakes import FakeIds, FakeLedger, FakeProcesses, FakeStorage
from tests.unit.core.examples import (
    CPO,
    EMSP,
    NOW,
    OTHER_EMSP,
    FakeAdapter,
    cdr,
    location,
    partner,
    prices_over,
    registry_over,
)

CAN = {"fake": frozenset({Capability.PUSH_LOCATION, Capability.PUSH_TOKEN})}
OTHER_CPO = PartyId("BE", "CPB")


def event(kind: EventKind = EventKind.LOCATION_CHANGED, **more: object) -> Event:
    return Event(**{"id": "e1", "kind": kind, "key": "NLCPA/LOC1", "owner": CPO, "source": "cpo", "at": NOW, **more})


def cast(**open_to: tuple[PartyId, ...]) -> list[Partner]:
    return [
        partner("cpo", CPO, Role.CPO, open_to=open_to.get("cpo")),
        partner("emb", EMSP, Role.EMSP, open_to=open_to.get("emb")),
        partner("emc", OTHER_EMSP, Role.EMSP),
        partner("cpb", OTHER_CPO, Role.CPO),
    ]


def names(partners: list[Partner]) -> list[str]:
    return [one.id for one in partners]


def test_a_location_is_told_to_the_other_side_only() -> None:
    everybody = cast()
    assert names(recipients(event(), everybody[0], everybody, CAN)) == ["emb", "emc"]


def test_a_token_is_told_to_operators() -> None:
    everybody = cast()
    told = event(EventKind.TOKEN_CHANGED, owner=EMSP, source="emb")
    assert names(recipients(told, everybody[1], everybody, CAN)) == ["cpo", "cpb"]


def test_an_event_for_one_party_is_told_to_it_alone() -> None:
    everybody = cast()
    assert names(recipients(event(recipient=OTHER_EMSP), everybody[0], everybody, CAN)) == ["emc"]


def test_who_cannot_be_told_is_not_told() -> None:
    everybody = cast()
    assert recipients(event(EventKind.SESSION_CHANGED), everybody[0], everybody, CAN) == []


@pytest.mark.parametrize("state", [PartnerState.OFFLINE, PartnerState.SUSPENDED, PartnerState.PLANNED])
def test_who_is_not_connected_is_not_told(state: PartnerState) -> None:
    everybody = cast()
    everybody[1] = msgspec.structs.replace(everybody[1], state=state)
    assert names(recipients(event(), everybody[0], everybody, CAN)) == ["emc"]


@pytest.mark.parametrize(
    ("state", "told"),
    [(PartnerState.OFFLINE, ["emb", "emc"]), (PartnerState.SUSPENDED, ["emc"]), (PartnerState.PLANNED, ["emc"])],
)
def test_who_is_waited_for_is_told_though_it_is_away(state: PartnerState, told: list[str]) -> None:
    everybody = cast()
    everybody[1] = msgspec.structs.replace(everybody[1], state=state)
    assert names(recipients(event(), everybody[0], everybody, CAN, {"emb"})) == told


def test_an_agreement_takes_two() -> None:
    everybody = cast(cpo=(EMSP,))
    assert names(recipients(event(), everybody[0], everybody, CAN)) == ["emb"]
    assert agreed(everybody[0], everybody[1])
    assert not agreed(everybody[2], everybody[0])
    assert visible_owners(everybody[2], everybody, frozenset({Role.CPO})) == (OTHER_CPO,)
    assert names(candidate_issuers(everybody[0], everybody, None, NOW)) == ["emb"]


def test_ones_own_objects_are_not_shown_to_oneself() -> None:
    everybody = cast()
    assert visible_owners(everybody[0], everybody, frozenset({Role.CPO})) == (OTHER_CPO,)


def test_how_often() -> None:
    assert policy_for(EventKind.LOCATION_CHANGED, {}) is ONCE
    assert policy_for(EventKind.CDR_ACCEPTED, {}) is PERSISTENT
    assert policy_for(EventKind.LOCATION_CHANGED, {"LOCATION_CHANGED": 3}).attempts == 3
    assert next_attempt(ONCE, 1, NOW) is None
    first = next_attempt(PERSISTENT, 1, NOW)
    later = next_attempt(PERSISTENT, 11, NOW)
    assert first and later
    assert (first - NOW).total_seconds() == 5
    assert (later - NOW).total_seconds() == 3600
    assert next_attempt(PERSISTENT, 12, NOW) is None


class World:
    def __init__(self) -> None:
        self.storage = FakeStorage()
        self.adapter = FakeAdapter()
        self.processes = FakeProcesses()
        stores = self.storage
        registry = registry_over(stores)
        self.ledger = FakeLedger()
        self.service = DeliveryService(
            outbox=stores.outbox,
            locations=stores.locations,
            tokens=stores.tokens,
            sessions=stores.sessions,
            tariffs=stores.tariffs,
            journeys=stores.journeys,
            cdrs=stores.cdrs,
            records=stores.records,
            partners=stores.partners,
            registry=registry,
            prices=prices_over(stores),
            adapters={"fake": self.adapter},
            processes=self.processes,
            ledger=self.ledger,
            clock=stores.clock,
            ids=FakeIds(),
        )

    async def told(self, outcome: Told | Exception) -> Delivery:
        """The one delivery of a location to emb, after one attempt that ended so."""
        self.adapter.push_outcome = outcome
        await self.storage.locations.save(location(), events=[event()])
        for happened in await self.storage.outbox.claim_events(10, 60):
            await self.service.fan_out(happened)
        (delivery,) = await self.storage.outbox.claim_deliveries(10, 60)
        return await self.service.send(delivery)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.storage.partners.add(partner("cpo", CPO, Role.CPO))
    await world.storage.partners.add(partner("emb", EMSP, Role.EMSP))
    return world


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Told(), DeliveryState.DELIVERED),
        (Told(withheld=True, losses=(Loss(path="$.evses", reason="no plug"),)), DeliveryState.WITHHELD),
        (Unavailable("refused"), DeliveryState.MISSED),
        (Uncertain("timeout"), DeliveryState.MISSED),
        (Rejected("2001", "no"), DeliveryState.DEAD),
        (KeyError("a bug of ours"), DeliveryState.DEAD),
    ],
)
async def test_what_comes_of_a_push(world: World, outcome: Told | Exception, state: DeliveryState) -> None:
    delivery = await world.told(outcome)
    assert delivery.state is state
    assert len(delivery.attempts) == 1
    stored = await world.storage.outbox.get(delivery.id)
    assert stored == delivery
    assert await world.storage.outbox.claim_deliveries(10, 60) == []


async def test_what_a_push_lost_is_counted_by_both_protocols(world: World) -> None:
    delivery = await world.told(Told(losses=(Loss(path="evses[0].status_until", reason="no field"),)))
    assert [loss.path for loss in delivery.losses] == ["evses[0].status_until"]
    assert world.ledger.noted == [("location", "fake", "fake", "evses[0].status_until")]


async def test_a_partner_that_is_not_reached_is_offline_until_it_is(world: World) -> None:
    delivery = await world.told(Unavailable("refused"))
    emb = await world.storage.partners.get("emb")
    assert emb and emb.state is PartnerState.OFFLINE
    world.adapter.push_outcome = Told()
    assert await world.storage.outbox.replay(delivery.id)
    (again,) = [one for one in await world.storage.outbox.claim_deliveries(10, 60) if one.id == delivery.id]
    assert (await world.service.send(again)).state is DeliveryState.DELIVERED
    emb = await world.storage.partners.get("emb")
    assert emb and emb.state is PartnerState.CONNECTED


@pytest.mark.parametrize(("attempts", "told"), [({}, 0), ({"LOCATION_CHANGED": 5}, 1)])
async def test_a_partner_that_cannot_pull_is_told_later_of_what_happens_while_it_is_away(
    world: World, monkeypatch: pytest.MonkeyPatch, attempts: dict[str, int], told: int
) -> None:
    emb = await world.storage.partners.get("emb")
    assert emb
    await world.storage.partners.update(msgspec.structs.replace(emb, state=PartnerState.OFFLINE))
    monkeypatch.setattr(world.adapter, "retries", lambda _: attempts)
    await world.storage.locations.save(location(), events=[event()])
    for happened in await world.storage.outbox.claim_events(10, 60):
        await world.service.fan_out(happened)
    assert len(await world.storage.outbox.claim_deliveries(10, 60)) == told


async def test_our_own_database_away_is_not_the_partner_away(world: World) -> None:
    with pytest.raises(StoreUnavailable):
        await world.told(StoreUnavailable("the database is out of reach"))
    emb = await world.storage.partners.get("emb")
    assert emb and emb.state is PartnerState.CONNECTED
    world.storage.clock.advance(61)
    (again,) = await world.storage.outbox.claim_deliveries(10, 60)
    assert again.attempts == ()


async def test_a_cdr_gets_its_process_and_no_delivery(world: World) -> None:
    await world.service.fan_out(event(EventKind.CDR_ACCEPTED, key="NLCPA/CDR1"))
    assert world.processes.started == ["NLCPA/CDR1"]
    assert await world.storage.outbox.claim_deliveries(10, 60) == []


async def test_a_cdr_whose_process_was_at_work_needs_no_other(world: World) -> None:
    settlement = CdrSettlement(
        cdr=cdr(), digest="d", sender="cpo", recipient="emb", state=CdrState.DELIVERED, accepted_at=NOW
    )
    await world.storage.cdrs.accept(settlement, event=event(EventKind.CDR_ACCEPTED))
    await world.service.fan_out(event(EventKind.CDR_ACCEPTED, key="NLCPA/CDR1"))
    assert world.processes.started == []


async def test_cdrs_that_wait_for_a_partner_are_hurried_when_it_is_back(world: World) -> None:
    settlement = CdrSettlement(
        cdr=cdr(), digest="d", sender="cpo", recipient="emb", state=CdrState.WAITING, accepted_at=NOW
    )
    await world.storage.cdrs.accept(settlement, event=event(EventKind.CDR_ACCEPTED))
    world.processes.waiting.add("NLCPA/CDR1")
    back = event(EventKind.PARTY_CHANGED, key="DEEMB/EMSP", part="CONNECTED", owner=EMSP, source="emb")
    await world.service.fan_out(back)
    assert world.processes.nudged == ["NLCPA/CDR1"]


async def test_parties_are_announced_when_a_partner_is_suspended(world: World) -> None:
    stores = world.storage
    registry = registry_over(stores)
    await registry.suspend("emb")
    (told,) = await stores.outbox.claim_events(10, 60)
    assert (told.kind, told.owner, told.part) == (EventKind.PARTY_CHANGED, EMSP, "SUSPENDED")


async def test_a_role_named_twice_is_refused(world: World) -> None:
    stores = world.storage
    registry = registry_over(stores)
    twice = (PartyRole(role=Role.CPO, party=OTHER_CPO),) * 2
    with pytest.raises(Exception, match="twice"):
        await registry.add(partner("x", OTHER_CPO, Role.CPO, roles=twice), {})
