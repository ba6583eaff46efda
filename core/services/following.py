"""Following partners: when the whole is fetched and when what has changed, and what is kept of it. Source: ADR 20."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from core.errors import Refused, Rejected, RoamingError, Unknown, Unsupported
from core.model.feed import MOST_HELD, Feed, FeedChoice, FeedState, HeldItem
from core.model.partner import Partner, PartnerState
from core.ports.clock import Clock
from core.ports.feeds import FeedStore, Follower, Pull
from core.services.partners import PartnerService

MOST_PAGES: Final = 100_000
LONGEST: Final = timedelta(hours=2)


class FollowingService:
    """`followers` by protocol. `kept_days`: for how many days things are kept, by name of the feed; the others for
    ever."""

    def __init__(
        self,
        *,
        feeds: FeedStore,
        registry: PartnerService,
        followers: Mapping[str, Follower],
        clock: Clock,
        kept_days: Mapping[str, int] | None = None,
    ) -> None:
        self._feeds = feeds
        self._registry = registry
        self._followers = followers
        self._clock = clock
        self._kept = {name: timedelta(days=days) for name, days in (kept_days or {}).items()}

    # --- what is followed

    def feeds(self, partner: Partner) -> tuple[Feed, ...]:
        """All that the partner serves, with the operator's intervals, and those that are switched off."""
        follower = self._followers.get(partner.protocol)
        served = follower.feeds(partner) if follower else ()
        return tuple(_chosen(feed, partner.feeds.get(feed.name)) for feed in served)

    def wanted(self, partner: Partner) -> tuple[Feed, ...]:
        """Those that are to be fetched now: of nobody who is not connected."""
        if partner.state is not PartnerState.CONNECTED:
            return ()
        return tuple(feed for feed in self.feeds(partner) if not partner.feeds.get(feed.name, _AS_IT_IS).off)

    async def all_wanted(self) -> dict[tuple[str, str], Feed]:
        """By partner id and name of the feed."""
        return {
            (partner.id, feed.name): feed for partner in await self._registry.all() for feed in self.wanted(partner)
        }

    async def state(self, partner_id: str, feed: str) -> FeedState:
        return await self._feeds.get(partner_id, feed) or FeedState(partner_id=partner_id, feed=feed)

    async def choose(self, partner_id: str, name: str, choice: FeedChoice) -> Partner:
        """Raises Unknown for a feed that the partner does not serve."""
        self._served(await self._registry.get(partner_id), name)
        return await self._registry.choose(partner_id, name, choice)

    async def check(self, partner_id: str, name: str) -> None:
        """Raises Unknown for what the partner does not serve, Unsupported for what is not to be fetched now."""
        partner = await self._registry.get(partner_id)
        feed = self._served(partner, name)
        if feed not in self.wanted(partner):
            why = "is switched off" if partner.state is PartnerState.CONNECTED else f"waits: {partner.name} is away"
            raise Unsupported(f"feed {name} {why}")

    async def forget(self, partner_id: str) -> None:
        await self._feeds.forget(partner_id)

    async def ask_whole(self, partner_id: str, feed: str) -> None:
        """The next run is one of the whole."""
        await self._feeds.ask_whole(partner_id, feed, self._clock.now())

    # --- one run

    async def run(self, partner_id: str, name: str) -> FeedState:
        """Fetch and take; what came of it, on disk. A run that fails moves no cursor: its error is in the state, and
        raised again. Raises Unknown for what is not (any longer) to be fetched."""
        partner = await self._registry.get(partner_id)
        feed = _named(self.wanted(partner), partner, name)
        before = await self.state(partner_id, name)
        since = self._since(before, feed)
        pull = Pull(partner, feed, since, self._clock, self._check, self._kept.get(name))
        try:
            await self._followers[partner.protocol].follow(pull)
        except Exception as error:
            why = str(error) if isinstance(error, RoamingError) else "an unexpected error, see the log of the hub"
            await self._feeds.save(_failed(before, pull, why))
            raise
        after = _succeeded(before, pull, self._clock.now())
        await self._feeds.save(after)
        return after

    def _served(self, partner: Partner, name: str) -> Feed:
        return _named(self.feeds(partner), partner, name)

    def _since(self, state: FeedState, feed: Feed) -> datetime | None:
        """Where to begin; None: with the whole."""
        if feed.delta_every is None or state.since is None or state.last_full_at is None:
            return None
        asked = state.whole_asked_at is not None and state.whole_asked_at >= state.last_full_at
        if asked or self._clock.now() - state.last_full_at >= feed.full_every:
            return None
        return state.since - feed.overlap

    async def _check(self, pull: Pull) -> Partner:
        partner = await self._registry.get(pull.partner.id)
        if pull.feed.name not in {feed.name for feed in self.wanted(partner)}:
            raise Refused(f"{partner.name} is not to be asked for {pull.feed.name} any more")
        if pull.pages >= MOST_PAGES:
            raise Rejected(pull.feed.name, f"the list has no end after {MOST_PAGES} pages")
        if self._clock.now() - pull.began_at >= LONGEST:
            raise Rejected(pull.feed.name, f"the list has no end after {LONGEST}")
        return partner


_AS_IT_IS: Final = FeedChoice()


def _named(feeds: tuple[Feed, ...], partner: Partner, name: str) -> Feed:
    feed = next((feed for feed in feeds if feed.name == name), None)
    if feed is None:
        raise Unknown("feed", f"{name} of {partner.name}")
    return feed


def _chosen(feed: Feed, choice: FeedChoice | None) -> Feed:
    if choice is None:
        return feed
    full, delta = choice.full_every or feed.full_every, choice.delta_every or feed.delta_every
    return replace(feed, full_every=full, delta_every=delta if feed.delta_every else None)


def _failed(before: FeedState, pull: Pull, error: str) -> FeedState:
    return replace(
        before,
        began_at=pull.began_at,
        whole=pull.whole,
        error=error,
        counts=pull.counts,
        held=_still_held(before, pull, over=False),
    )


def _succeeded(before: FeedState, pull: Pull, now: datetime) -> FeedState:
    return replace(
        before,
        since=pull.began_at,
        last_full_at=pull.began_at if pull.whole else before.last_full_at,
        last_success_at=now,
        began_at=pull.began_at,
        whole=pull.whole,
        error=None,
        counts=pull.counts,
        held=_still_held(before, pull, over=pull.whole),
    )


def _still_held(before: FeedState, pull: Pull, *, over: bool) -> tuple[HeldItem, ...]:
    """What this run held, then what an earlier one did and this one did not see again; `over`: then that is gone."""
    raw = {item.raw for item in pull.held}
    kept = () if over else (x for x in before.held if x.key not in pull.seen and x.raw not in raw)
    return (*pull.held, *kept)[:MOST_HELD]
