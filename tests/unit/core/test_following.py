"""When the whole is fetched, when what has changed, and what is kept of it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from core.errors import Invalid, Refused, Rejected, Unavailable, Unknown
from core.model.feed import MOST_HELD, Feed, FeedChoice, FeedState, json_pointer
from core.model.ids import PartyId
from core.model.partner import Partner, PartnerState, PartyRole, Role
from core.ports.feeds import Follower, Pull
from core.ports.stores import Saved
from core.services import following
from core.services.following import FollowingService
from tests.fakes import FakeStorage
from tests.unit.core.examples import registry_over

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
STATIONS = Feed(name="stations", full_every=DAY, delta_every=HOUR)
STATUSES = Feed(name="statuses", full_every=timedelta(minutes=2))


class Lister(Follower):
    """Gives what a test says, or fails with it."""

    def __init__(self) -> None:
        self.served: tuple[Feed, ...] = (STATIONS, STATUSES)
        self.asked: list[datetime | None] = []
        self.doing: Callable[[Pull], object] = lambda pull: pull.took("a", Saved.CREATED)

    def feeds(self, partner: Partner) -> tuple[Feed, ...]:
        return self.served

    async def follow(self, pull: Pull) -> None:
        self.asked.append(pull.since)
        await pull.page()
        self.doing(pull)


class Bench:
    def __init__(self) -> None:
        self.storage = FakeStorage()
        self.clock = self.storage.clock
        registry = registry_over(self.storage)
        self.lister = Lister()
        self.service = FollowingService(
            feeds=self.storage.feeds, registry=registry, followers={"any": self.lister}, clock=self.clock
        )

    async def add(self, state: PartnerState = PartnerState.CONNECTED) -> None:
        now = self.clock.now()
        role = PartyRole(role=Role.CPO, party=PartyId("NL", "CPA"))
        await self.storage.partners.add(
            Partner(id="p1", name="P1", protocol="any", roles=(role,), state=state, created_at=now, updated_at=now)
        )

    async def change(self, **members: object) -> None:
        held = self.storage.partners.held["p1"]
        await self.storage.partners.update(replace(held, **members))  # type: ignore[arg-type]

    async def run(self, feed: str = "stations") -> FeedState:
        return await self.service.run("p1", feed)

    def state(self, feed: str = "stations") -> FeedState:
        return self.storage.feeds.held["p1", feed]


@pytest.fixture
async def bench() -> Bench:
    found = Bench()
    await found.add()
    return found


async def test_first_the_whole_then_what_changed_since_the_last_run_began(bench: Bench) -> None:
    began = bench.clock.now()
    bench.lister.doing = lambda pull: bench.clock.advance(90)
    await bench.run()
    assert bench.lister.asked == [None]
    assert bench.state().since == bench.state().last_full_at == began
    bench.clock.advance(3600)
    later = bench.clock.now()
    await bench.run()
    assert bench.lister.asked == [None, began - STATIONS.overlap]
    assert bench.state().since == later
    assert bench.state().last_full_at == began


async def test_the_whole_comes_round_again(bench: Bench) -> None:
    for _ in range(4):
        await bench.run()
        bench.clock.advance(DAY.total_seconds() / 2)
    assert [since is None for since in bench.lister.asked] == [True, False, True, False]


async def test_a_feed_without_deltas_is_always_whole(bench: Bench) -> None:
    for _ in range(2):
        await bench.run("statuses")
    assert bench.lister.asked == [None, None]


async def test_a_run_that_fails_moves_no_cursor(bench: Bench) -> None:
    await bench.run()
    before = bench.state()
    bench.clock.advance(3600)

    def fail(pull: Pull) -> None:
        pull.took("b", Saved.CHANGED)
        raise Unavailable("nobody answers")

    bench.lister.doing = fail
    with pytest.raises(Unavailable):
        await bench.run()
    assert bench.state().error == "nobody answers"
    assert (bench.state().since, bench.state().last_success_at) == (before.since, before.last_success_at)
    assert bench.state().counts.taken == 1
    bench.lister.doing = lambda pull: None
    await bench.run()
    assert bench.lister.asked[1] == bench.lister.asked[2]
    assert bench.state().error is None


async def test_a_run_that_breaks_says_so(bench: Bench) -> None:
    def fail(pull: Pull) -> None:
        raise ZeroDivisionError

    bench.lister.doing = fail
    with pytest.raises(ZeroDivisionError):
        await bench.run()
    assert bench.state().error == "an unexpected error, see the log of the hub"


async def test_what_cannot_be_taken_is_held_until_it_can_be(bench: Bench) -> None:
    bad = Invalid("$.evses[0].uid", "is required")
    bench.lister.doing = lambda pull: pull.hold("loc1", bad, '{"id": "LOC1"}' + " " * 9000)
    (item,) = (await bench.run()).held
    assert (item.key, item.pointer, item.reason, len(item.raw)) == ("loc1", "/evses/0/uid", "is required", 2000)
    bench.lister.doing = lambda pull: pull.took("other", Saved.CHANGED)
    assert len((await bench.run()).held) == 1
    bench.lister.doing = lambda pull: pull.took("loc1", Saved.CHANGED)
    assert (await bench.run()).held == ()


async def test_what_a_whole_run_does_not_meet_is_held_no_longer(bench: Bench) -> None:
    bench.lister.doing = lambda pull: pull.hold(None, Rejected("1", "no object"), "7")
    assert len((await bench.run()).held) == 1
    bench.lister.doing = lambda pull: None
    assert len((await bench.run()).held) == 1
    await bench.service.ask_whole("p1", "stations")
    assert (await bench.run()).held == ()


async def test_the_same_thing_is_held_once_and_not_without_end(bench: Bench) -> None:
    def hold(pull: Pull) -> None:
        for number in range(MOST_HELD + 5):
            pull.hold(None, Rejected("1", "no object"), str(number))

    bench.lister.doing = hold
    await bench.run()
    state = await bench.run()
    assert len(state.held) == MOST_HELD
    assert state.counts.held == MOST_HELD + 5


async def test_a_whole_run_replaces_only_where_every_item_can_be_told(bench: Bench) -> None:
    replaces = []

    def look(pull: Pull) -> None:
        pull.hold("a", Rejected("1", "bad"), "a")
        replaces.append(pull.replaces)
        pull.hold(None, Rejected("1", "bad"), "b")
        replaces.append(pull.replaces)

    bench.lister.doing = look
    await bench.run()
    await bench.run()
    assert replaces == [True, False, False, False]


async def test_an_operator_may_want_the_whole(bench: Bench) -> None:
    await bench.run()
    bench.clock.advance(60)
    await bench.service.ask_whole("p1", "stations")
    bench.clock.advance(60)
    await bench.run()
    await bench.run()
    assert [since is None for since in bench.lister.asked] == [True, True, False]


@pytest.mark.parametrize("state", [PartnerState.PLANNED, PartnerState.OFFLINE, PartnerState.SUSPENDED])
async def test_nobody_who_is_not_connected_is_asked(bench: Bench, state: PartnerState) -> None:
    await bench.change(state=state)
    assert await bench.service.all_wanted() == {}
    with pytest.raises(Unknown):
        await bench.run()
    assert bench.lister.asked == []


async def test_a_run_ends_when_the_partner_is_suspended(bench: Bench) -> None:
    await bench.run()
    pulls: list[Pull] = []
    bench.lister.doing = pulls.append
    await bench.run()
    await bench.change(state=PartnerState.SUSPENDED)
    with pytest.raises(Refused):
        await pulls[0].page()


async def test_a_list_without_end_is_given_up(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "MOST_PAGES", 3)
    pulls: list[Pull] = []
    bench.lister.doing = pulls.append
    await bench.run()
    await pulls[0].page()
    await pulls[0].page()
    with pytest.raises(Rejected, match="3 pages"):
        await pulls[0].page()
    bench.clock.advance(7200)
    with pytest.raises(Rejected, match="2:00:00"):
        await Pull(pulls[0].partner, STATIONS, None, bench.clock, slow(bench)).page()


def slow(bench: Bench) -> Callable[[Pull], object]:
    async def check(pull: Pull) -> Partner:
        bench.clock.advance(7200)
        return await bench.service._check(pull)

    return check


async def test_an_operator_chooses_intervals_and_switches_off(bench: Bench) -> None:
    await bench.change(
        feeds={"stations": FeedChoice(full_every=7 * DAY, delta_every=DAY), "statuses": FeedChoice(off=True)}
    )
    assert await bench.service.all_wanted() == {
        ("p1", "stations"): Feed(name="stations", full_every=7 * DAY, delta_every=DAY)
    }
    assert [feed.name for feed in bench.service.feeds(bench.storage.partners.held["p1"])] == ["stations", "statuses"]
    with pytest.raises(Unknown):
        await bench.run("statuses")
    await bench.change(feeds={"statuses": FeedChoice(delta_every=HOUR)})
    assert (await bench.service.all_wanted())["p1", "statuses"] == STATUSES


@pytest.mark.parametrize(
    ("path", "pointer"),
    [("$", ""), ("$.evses[0].uid", "/evses/0/uid"), ("$[2]", "/2"), ("$.a/b.c~d", "/a~1b/c~0d"), ("date_from", "")],
)
def test_paths_are_shown_as_pointers(path: str, pointer: str) -> None:
    assert json_pointer(path) == pointer
