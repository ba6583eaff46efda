"""How far the hub has come with what it fetches."""

import pytest
from msgspec.structs import replace

from core.model.feed import FeedCounts, FeedState, HeldItem
from gateway.storage import Storage
from tests.contract.samples import at
from tests.fakes import FakeStorage

HELD = HeldItem(key="NLCPA/LOC1", pointer="/evses/0/uid", reason="is required", raw='{"id":"LOC1"}', seen_at=at(3))


def state(partner: str = "p1", feed: str = "locations") -> FeedState:
    return FeedState(
        partner_id=partner,
        feed=feed,
        since=at(1),
        last_full_at=at(1),
        last_success_at=at(4),
        began_at=at(1),
        whole=False,
        counts=FeedCounts(pages=2, taken=3, held=1),
        held=(HELD,),
    )


async def test_a_state_is_found_again_with_what_is_held(storage: FakeStorage | Storage) -> None:
    assert await storage.feeds.get("p1", "locations") is None
    await storage.feeds.save(state())
    assert await storage.feeds.get("p1", "locations") == state()
    await storage.feeds.save(replace(state(), error="HTTP 500", held=()))
    assert await storage.feeds.get("p1", "locations") == replace(state(), error="HTTP 500", held=())


async def test_a_partner_has_its_feeds_by_name(storage: FakeStorage | Storage) -> None:
    for partner, feed in (("p1", "tariffs"), ("p1", "locations"), ("p11", "locations")):
        await storage.feeds.save(state(partner, feed))
    assert [found.feed for found in await storage.feeds.of_partner("p1")] == ["locations", "tariffs"]
    await storage.feeds.forget("p1")
    assert await storage.feeds.of_partner("p1") == []
    assert await storage.feeds.of_partner("p11") == [state("p11")]


async def test_a_run_that_is_under_way_does_not_undo_a_wish(storage: FakeStorage | Storage) -> None:
    await storage.feeds.ask_whole("p1", "locations", at(7))
    assert await storage.feeds.get("p1", "locations") == FeedState(
        partner_id="p1", feed="locations", whole_asked_at=at(7)
    )
    await storage.feeds.save(state())
    assert await storage.feeds.get("p1", "locations") == replace(state(), whole_asked_at=at(7))


@pytest.mark.server
async def test_it_outlives_the_process(real_storage: Storage, second_storage: Storage) -> None:
    await real_storage.feeds.save(state())
    assert await second_storage.feeds.get("p1", "locations") == state()
