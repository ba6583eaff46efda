"""CDRs: accepted once, delivered for certain, never changed in silence."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from core.errors import Invalid, Refused, Rejected, Unavailable, Uncertain, Unknown
from core.model.cdr import CdrState
from core.model.ids import PartyId
from core.model.loss import Loss, LossKind
from core.model.partner import PartnerState, Role
from core.model.session import CdrToken
from core.model.tariff import PriceComponent, Tariff, TariffElement
from core.ports.adapter import Told
from core.services.billing import BillingService
from tests.fakes import FakeIds, FakeLedger, FakeProcesses, FakeStorage
from tests.unit.core.examples import (
    CPO,
    EMSP,
    NOW,
    OTHER_EMSP,
    UID,
    FakeAdapter,
    cdr,
    location,
    partner,
    prices_over,
    registry_over,
)

TARIFF = Tariff(
    owner=CPO,
    id="AGREED",
    currency="EUR",
    elements=(TariffElement(components=(PriceComponent(type="ENERGY", price=Decimal("0.40"), step_size=1),)),),
    updated_at=NOW,
)


class World:
    def __init__(self) -> None:
        self.storage = FakeStorage()
        self.adapter = FakeAdapter()
        self.processes = FakeProcesses()
        self.cpo = partner("cpo", CPO, Role.CPO, agreed_tariff=TARIFF)
        stores = self.storage
        registry = registry_over(stores)
        self.ledger = FakeLedger()
        self.service = BillingService(
            registry=registry,
            prices=prices_over(stores),
            cdrs=self.storage.cdrs,
            journeys=self.storage.journeys,
            sessions=self.storage.sessions,
            locations=self.storage.locations,
            tokens=self.storage.tokens,
            partners=self.storage.partners,
            adapters={"fake": self.adapter, "foreign": self.adapter},
            processes=self.processes,
            ledger=self.ledger,
            clock=self.storage.clock,
            ids=FakeIds(),
        )


@pytest.fixture
async def world() -> World:
    world = World()
    await world.storage.partners.add(world.cpo)
    await world.storage.partners.add(partner("emb", EMSP, Role.EMSP, protocol="foreign"))
    return world


async def test_accepted_is_on_disk_with_its_process(world: World) -> None:
    settlement, created = await world.service.accept(world.cpo, cdr())
    assert created
    assert settlement.recipient == "emb"
    assert world.processes.started == ["NLCPA/CDR1"]
    assert (await world.service.get("NLCPA/CDR1")).state is CdrState.ACCEPTED


async def test_the_same_cdr_twice_is_once(world: World) -> None:
    await world.service.accept(world.cpo, cdr())
    world.storage.clock.advance(5)
    _, created = await world.service.accept(world.cpo, cdr())
    assert not created
    assert world.processes.started == ["NLCPA/CDR1"]


async def test_the_same_id_with_another_content_is_refused_and_nothing_changes(world: World) -> None:
    await world.service.accept(world.cpo, cdr())
    world.storage.clock.advance(5)
    with pytest.raises(Invalid, match="another content"):
        await world.service.accept(world.cpo, cdr(total_energy_kwh=Decimal("99")))
    assert (await world.service.get("NLCPA/CDR1")).cdr.total_energy_kwh == Decimal("12.345")


async def test_temporal_away_is_no_reason_to_refuse(world: World) -> None:
    world.processes.down = True
    _, created = await world.service.accept(world.cpo, cdr())
    assert created
    events = await world.storage.outbox.claim_events(10, 60)
    assert [event.key for event in events] == ["NLCPA/CDR1"]


async def test_nobody_bills_for_another(world: World) -> None:
    with pytest.raises(Refused):
        await world.service.accept(world.cpo, cdr(owner=PartyId("BE", "XYZ")))


async def test_a_cdr_for_nobody_is_refused(world: World) -> None:
    with pytest.raises(Unknown):
        await world.service.accept(world.cpo, cdr(token=CdrToken(issuer=OTHER_EMSP, uid=UID, kind="RFID")))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"ended_at": datetime(2026, 1, 1, tzinfo=UTC)}, "$.end_date_time"),
        ({"total_energy_kwh": Decimal(-1)}, "$.total_energy"),
        ({"meter_start_kwh": Decimal(2), "meter_end_kwh": Decimal(1)}, "$.meter_end"),
    ],
)
async def test_what_cannot_be_is_refused(world: World, change: dict[str, object], path: str) -> None:
    with pytest.raises(Invalid) as refused:
        await world.service.accept(world.cpo, cdr(**change))
    assert refused.value.path == path
    with pytest.raises(Unknown):
        await world.service.get("NLCPA/CDR1")


async def test_delivered_with_what_the_hub_knows_filled_in_and_reported(world: World) -> None:
    await world.storage.locations.save(location(), events=[])
    await world.service.accept(world.cpo, cdr())
    settlement = await world.service.deliver("NLCPA/CDR1")
    assert settlement.state is CdrState.DELIVERED
    (sent,) = world.adapter.cdrs
    assert (sent.location.address, sent.location.connector_standard) == ("Kade 1", "IEC_62196_T2")
    assert sent.total_cost and sent.total_cost.before_taxes == Decimal("4.94")
    assert sent.total_time_h == Decimal("1.5")
    assert sent.currency == "EUR"
    assumed = {loss.path for loss in settlement.losses if loss.kind is LossKind.ASSUMED}
    assert {"$.location.address", "$.total_cost", "$.periods"} <= assumed
    assert settlement.cdr.total_cost is None, "what came is kept as it came"


async def test_to_its_own_protocol_it_goes_as_it_came(world: World) -> None:
    emb = await world.storage.partners.get("emb")
    assert emb
    await world.storage.partners.update(msgspec.structs.replace(emb, protocol="fake"))
    await world.storage.locations.save(location(), events=[])
    await world.service.accept(world.cpo, cdr())
    settlement = await world.service.deliver("NLCPA/CDR1")
    assert world.adapter.cdrs == [cdr()]
    assert settlement.losses == ()


async def test_without_a_tariff_an_absent_price_is_not_zero(world: World) -> None:
    held = await world.storage.partners.get("cpo")
    assert held
    await world.storage.partners.update(msgspec.structs.replace(held, agreed_tariff=None))
    await world.service.accept(world.cpo, cdr())
    await world.service.deliver("NLCPA/CDR1")
    assert world.adapter.cdrs[0].total_cost is None


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Unavailable("down"), CdrState.WAITING),
        (Uncertain("no answer"), CdrState.WAITING),
        (Rejected("2001", "no"), CdrState.REFUSED),
        (Told(withheld=True, losses=(Loss(path="$.total_cost", reason="no price"),)), CdrState.WAITING),
    ],
)
async def test_what_comes_of_an_attempt(world: World, outcome: Told | Exception, state: CdrState) -> None:
    world.adapter.cdr_outcome = outcome
    await world.service.accept(world.cpo, cdr())
    settlement = await world.service.deliver("NLCPA/CDR1")
    assert settlement.state is state
    assert settlement.last_error
    assert settlement.attempts == 1


@pytest.mark.parametrize(
    ("afterwards", "found", "end"),
    [
        (CdrState.FETCHABLE, CdrState.DELIVERING, CdrState.FETCHABLE),
        (CdrState.WAITING, CdrState.ACCEPTED, CdrState.DELIVERED),
    ],
)
async def test_killed_while_it_was_sent(
    world: World, monkeypatch: pytest.MonkeyPatch, afterwards: CdrState, found: CdrState, end: CdrState
) -> None:
    """Nobody knows whether it arrived: sent again only where the protocol makes a second one harmless."""
    monkeypatch.setattr(world.adapter, "after_failed_cdr", lambda *_: afterwards)
    await world.service.accept(world.cpo, cdr())
    world.adapter.cdr_outcome = MemoryError()
    with pytest.raises(MemoryError):
        await world.service.deliver("NLCPA/CDR1")
    assert (await world.service.get("NLCPA/CDR1")).state is found
    world.adapter.cdr_outcome = Told()
    assert (await world.service.deliver("NLCPA/CDR1")).state is end


async def test_a_recipient_that_is_not_reached_is_offline_so_that_its_return_hurries_the_cdr(world: World) -> None:
    world.adapter.cdr_outcome = Unavailable("refused")
    await world.service.accept(world.cpo, cdr())
    await world.service.deliver("NLCPA/CDR1")
    emb = await world.storage.partners.get("emb")
    assert emb and emb.state is PartnerState.OFFLINE
    world.adapter.cdr_outcome = Told()
    await world.service.deliver("NLCPA/CDR1")
    emb = await world.storage.partners.get("emb")
    assert emb and emb.state is PartnerState.CONNECTED


async def test_a_delivered_cdr_is_not_delivered_again(world: World) -> None:
    await world.service.accept(world.cpo, cdr())
    await world.service.deliver("NLCPA/CDR1")
    await world.service.deliver("NLCPA/CDR1")
    assert len(world.adapter.cdrs) == 1


async def test_a_recipient_that_cannot_be_called_fetches(world: World) -> None:
    world.adapter.offline.add("emb")
    await world.service.accept(world.cpo, cdr())
    assert (await world.service.deliver("NLCPA/CDR1")).state is CdrState.FETCHABLE
    emb = await world.storage.partners.get("emb")
    assert emb
    found, total = await world.service.fetch(emb, None, None, 0, 10)
    assert (total, found[0].key) == (1, "NLCPA/CDR1")


async def test_an_operator_may_try_again_what_ended_badly(world: World) -> None:
    world.adapter.cdr_outcome = Rejected("2001", "no")
    await world.service.accept(world.cpo, cdr())
    await world.service.deliver("NLCPA/CDR1")
    world.adapter.cdr_outcome = Told()
    await world.service.reopen("NLCPA/CDR1")
    assert (await world.service.deliver("NLCPA/CDR1")).state is CdrState.DELIVERED
    with pytest.raises(Invalid):
        await world.service.reopen("NLCPA/CDR1")
