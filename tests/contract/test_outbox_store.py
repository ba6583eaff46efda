import asyncio
from collections import Counter
from time import monotonic

import pytest
from msgspec.structs import replace

from core.model.delivery import Attempt, DeliveryState
from core.model.loss import Loss
from tests.contract.samples import at, delivery, event, location

LEASE_S = 30


async def fan_out(storage, *deliveries_of):
    """Puts an event and fans it out; the arguments make its deliveries."""
    told = event(at=storage.clock.now() if hasattr(storage, "clock") else at())
    await storage.outbox.put([told])
    deliveries = [make(told) for make in deliveries_of]
    await storage.outbox.fan_out(told, deliveries)
    return deliveries


def to(partner, **fields):
    return lambda told: delivery(told, partner, **fields)


async def test_events_are_claimed_oldest_first_and_by_one_claimer_only(storage):
    late, early = event(at=at(5)), event(at=at(1), part="p", source="s", correlation_id="c")
    await storage.outbox.put([late, early])
    assert await storage.outbox.claim_events(1, LEASE_S) == [early]
    assert await storage.outbox.claim_events(9, LEASE_S) == [late]
    assert await storage.outbox.claim_events(9, LEASE_S) == []


async def test_the_events_of_a_dead_claimer_return(storage, clock):
    told = event()
    await storage.locations.save(location(), events=[told])
    assert await storage.outbox.claim_events(9, LEASE_S) == [told]
    clock.advance(LEASE_S - 1)
    assert await storage.outbox.claim_events(9, LEASE_S) == []
    clock.advance(1)
    assert await storage.outbox.claim_events(9, LEASE_S) == [told]


async def test_claimers_at_the_same_time_share_the_events(storage):
    await storage.outbox.put([event() for _ in range(50)])
    claims = await asyncio.gather(*(storage.outbox.claim_events(20, LEASE_S) for _ in range(6)))
    claimed = [told.id for claim in claims for told in claim]
    assert len(claimed) == len(set(claimed))
    rest = await storage.outbox.claim_events(50, LEASE_S)
    assert len(claimed) + len(rest) == 50


async def test_fanning_out_twice_is_once(storage):
    told = event()
    await storage.outbox.put([told])
    first, second = delivery(told), delivery(told)
    await storage.outbox.fan_out(told, [first])
    await storage.outbox.fan_out(told, [second])
    assert await storage.outbox.get(first.id) == first
    assert await storage.outbox.get(second.id) is None
    assert await storage.outbox.claim_events(9, LEASE_S) == []


async def test_an_event_that_concerns_nobody_is_dropped(storage):
    await fan_out(storage)
    assert await storage.outbox.claim_events(9, LEASE_S) == []
    assert await storage.outbox.oldest_waiting() is None


async def test_a_newer_delivery_supersedes_the_pending_ones_of_the_same_thing(storage):
    old, other = await fan_out(storage, to("p1", coalesce="a"), to("p1", coalesce="b"))
    (new,) = await fan_out(storage, to("p1", coalesce="a"))
    states = [(await storage.outbox.get(each.id)).state for each in (old, other, new)]
    assert states == [DeliveryState.SUPERSEDED, DeliveryState.PENDING, DeliveryState.PENDING]
    assert (await storage.outbox.get(old.id)).settled_at == at()


async def test_fan_outs_at_the_same_time_leave_one_pending(storage):
    await asyncio.gather(*(fan_out(storage, to("p1", coalesce="a"), to("p2", coalesce="a")) for _ in range(20)))
    assert await storage.outbox.counts() == {
        (partner, state): number
        for partner in ("p1", "p2")
        for state, number in ((DeliveryState.PENDING, 1), (DeliveryState.SUPERSEDED, 19))
    }


async def test_a_retry_does_not_bring_back_what_was_superseded(storage):
    (old,) = await fan_out(storage, to("p1", coalesce="a"))
    (claimed,) = await storage.outbox.claim_deliveries(9, LEASE_S)
    await fan_out(storage, to("p1", coalesce="a"))
    attempt = Attempt(at=at(1), duration_ms=3, error="busy")
    await storage.outbox.settle(replace(claimed, attempts=(attempt,), due_at=at(0)))
    held = await storage.outbox.get(old.id)
    assert (held.state, held.attempts) == (DeliveryState.SUPERSEDED, (attempt,))
    assert old.id not in [each.id for each in await storage.outbox.claim_deliveries(9, LEASE_S)]


@pytest.mark.spec("OCPI-COP-20")
async def test_nothing_overtakes_an_older_one_of_the_same_thing(storage, clock):
    (older,) = await fan_out(storage, to("p1", coalesce="a"))
    assert await storage.outbox.claim_deliveries(9, LEASE_S) == [older]
    newer, other, elsewhere = await fan_out(
        storage, to("p1", coalesce="a"), to("p1", coalesce="b"), to("p2", coalesce="a")
    )
    claimed = await storage.outbox.claim_deliveries(9, LEASE_S)
    assert {found.id for found in claimed} == {other.id, elsewhere.id}
    await storage.outbox.settle(replace(older, state=DeliveryState.DELIVERED, settled_at=clock.now()))
    assert await storage.outbox.claim_deliveries(9, LEASE_S) == [newer]


async def test_what_a_dead_claimer_took_holds_up_the_next_no_longer_than_its_claim(storage, clock):
    (older,) = await fan_out(storage, to("p1", coalesce="a"))
    await storage.outbox.claim_deliveries(9, LEASE_S)
    (newer,) = await fan_out(storage, to("p1", coalesce="a"))
    clock.advance(LEASE_S - 1)
    assert await storage.outbox.claim_deliveries(9, LEASE_S) == []
    clock.advance(1)
    assert await storage.outbox.claim_deliveries(9, LEASE_S) == [newer]
    assert (await storage.outbox.get(older.id)).state is DeliveryState.SUPERSEDED


async def test_deliveries_are_claimed_when_due_and_by_one_claimer(storage, clock):
    now, later = await fan_out(storage, to("p1", coalesce="a"), to("p1", coalesce="b", seconds=10))
    assert await storage.outbox.claim_deliveries(9, LEASE_S) == [now]
    assert await storage.outbox.claim_deliveries(9, LEASE_S) == []
    clock.advance(10)
    assert await storage.outbox.claim_deliveries(9, LEASE_S) == [later]
    clock.advance(LEASE_S - 10)
    assert await storage.outbox.claim_deliveries(9, LEASE_S) == [now]


async def test_a_claim_is_shared_fairly_among_partners(storage):
    for number in range(40):
        await fan_out(storage, to("slow", coalesce=f"{number}"))
    await fan_out(storage, to("p2"), to("p3"))
    claimed = Counter(each.partner for each in await storage.outbox.claim_deliveries(9, LEASE_S))
    assert claimed == {"slow": 3, "p2": 1, "p3": 1}


async def test_a_slow_partner_never_has_all_in_flight(storage):
    told = event()
    await storage.outbox.put([told])
    await storage.outbox.fan_out(told, [delivery(told, "slow", coalesce=f"{n}") for n in range(300)])
    claimed = []
    for _ in range(4):
        claimed += await storage.outbox.claim_deliveries(100, LEASE_S)
    assert len(claimed) == 32
    await storage.outbox.settle(replace(claimed[0], state=DeliveryState.DELIVERED, settled_at=at(1)))
    assert len(await storage.outbox.claim_deliveries(100, LEASE_S)) == 1


async def test_an_outcome_is_kept_in_full(storage):
    (given,) = await fan_out(storage, to("p1"))
    (claimed,) = await storage.outbox.claim_deliveries(9, LEASE_S)
    losses = (Loss(path="$.x", reason="r", value={"n": 10**30}),)
    retry = replace(claimed, attempts=(Attempt(at=at(1), duration_ms=5, error="down"),), due_at=at(60), losses=losses)
    await storage.outbox.settle(retry)
    assert await storage.outbox.get(given.id) == retry
    done = replace(retry, state=DeliveryState.DELIVERED, settled_at=at(61))
    await storage.outbox.settle(done)
    assert await storage.outbox.get(given.id) == done
    assert await storage.outbox.claim_deliveries(9, LEASE_S) == []
    await storage.outbox.settle(delivery(event()))


@pytest.mark.parametrize("state", [DeliveryState.DEAD, DeliveryState.MISSED])
async def test_what_failed_can_be_replayed(storage, clock, state):
    (given,) = await fan_out(storage, to("p1"))
    assert not await storage.outbox.replay(given.id)
    await storage.outbox.settle(replace(given, state=state, settled_at=at(1)))
    clock.advance(100)
    assert await storage.outbox.replay(given.id)
    assert not await storage.outbox.replay(given.id)
    assert not await storage.outbox.replay("nothing")
    (again,) = await storage.outbox.claim_deliveries(9, LEASE_S)
    assert again == replace(given, due_at=at(100))


async def test_what_waits_for_a_partner_is_due_when_it_is_back(storage, clock):
    (mine,) = await fan_out(storage, to("p1"))
    (others,) = await fan_out(storage, to("p2"))
    for waiting in (mine, others):
        await storage.outbox.settle(replace(waiting, due_at=at(3600)))
    clock.advance(1)
    await storage.outbox.hurry("p1")
    assert await storage.outbox.claim_deliveries(9, LEASE_S) == [replace(mine, due_at=at(1))]


async def test_pages_of_deliveries_are_newest_first(storage):
    first, second = await fan_out(storage, to("p1", coalesce="a"), to("p2", coalesce="a", seconds=1))
    (third,) = await fan_out(storage, to("p1", coalesce="b", seconds=2))
    dead = replace(first, state=DeliveryState.DEAD, settled_at=at(1))
    await storage.outbox.settle(dead)
    page = storage.outbox.page
    assert await page(partner=None, states=None, offset=0, limit=2) == ([third, second], 3)
    assert await page(partner="p1", states=None, offset=0, limit=9) == ([third, dead], 2)
    assert await page(partner=None, states=[DeliveryState.DEAD], offset=0, limit=9) == ([dead], 1)
    assert await page(partner="p2", states=[DeliveryState.DEAD], offset=0, limit=9) == ([], 0)


async def test_the_oldest_that_waits(storage):
    assert await storage.outbox.oldest_waiting() is None
    await storage.outbox.put([event(at=at(7))])
    assert await storage.outbox.oldest_waiting() == at(7)
    (waiting,) = await fan_out(storage, to("p1", seconds=3))
    assert await storage.outbox.oldest_waiting() == at(3)
    await storage.outbox.settle(replace(waiting, state=DeliveryState.DEAD, settled_at=at(8)))
    assert await storage.outbox.oldest_waiting() == at(7)


async def test_news_wakes_whoever_waits(storage):
    started = monotonic()
    waiting = asyncio.create_task(storage.outbox.changed(20))
    await asyncio.sleep(0.01)
    await storage.locations.save(location(), events=[event()])
    await waiting
    assert monotonic() - started < 10


async def test_without_news_the_wait_ends(storage):
    await storage.outbox.changed(0.05)


@pytest.mark.server
async def test_news_of_another_process_wakes_as_well(real_storage, second_storage):
    waiting = asyncio.create_task(second_storage.outbox.changed(20))
    await asyncio.sleep(0.01)
    await real_storage.outbox.put([event()])
    async with asyncio.timeout(10):
        await waiting
    assert len(await second_storage.outbox.claim_events(9, LEASE_S)) == 1


@pytest.mark.server
async def test_settled_deliveries_expire(real_storage):
    (given,) = await fan_out(real_storage, to("p1"))
    held = real_storage._database["deliveries"]
    assert "expires" not in await held.find_one({"_id": given.id})
    await real_storage.outbox.settle(replace(given, state=DeliveryState.DEAD, settled_at=at(1)))
    assert (await held.find_one({"_id": given.id}))["expires"] > at(1)
    await real_storage.outbox.replay(given.id)
    assert "expires" not in await held.find_one({"_id": given.id})
