"""The way in for what partners do not push: the hub follows their lists."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from core.errors import Invalid, RoamingError, Unsupported
from core.model.feed import MOST_HELD, RAW_LENGTH, Feed, FeedCounts, FeedState, HeldItem, json_pointer
from core.model.partner import Partner
from core.ports.clock import Clock
from core.ports.stores import Saved


class FeedStore(Protocol):
    """One state per partner and feed, with what is held of it."""

    async def get(self, partner_id: str, feed: str) -> FeedState | None: ...

    async def of_partner(self, partner_id: str) -> list[FeedState]:
        """In order of the feeds' names."""
        ...

    async def save(self, state: FeedState) -> None:
        """Insert or replace, but for `whole_asked_at`, which stays as it is. A feed has one run at a time."""
        ...

    async def ask_whole(self, partner_id: str, feed: str, at: datetime) -> None:
        """The next run is one of the whole, whatever is said by a run that is under way."""
        ...

    async def forget(self, partner_id: str) -> None:
        """All of a partner's, when it is removed."""
        ...


class Pull:
    """One run as it goes: the follower says what became of each item. It returns when the list is complete, and raises
    when it is not; then the next run begins where this one began."""

    def __init__(
        self,
        partner: Partner,
        feed: Feed,
        since: datetime | None,
        clock: Clock,
        before_page: Callable[["Pull"], Awaitable[Partner]],
        kept_for: timedelta | None = None,
    ) -> None:
        """`since` None: the whole. `kept_for`: how long things of this name are kept here, None: for ever."""
        self.partner = partner
        self.feed = feed
        self.since = since
        self.began_at = clock.now()
        self.oldest = None if kept_for is None else self.began_at - kept_for
        """What happened before has been forgotten here on purpose: taken again, it would be billed again."""
        self.seen: set[str] = set()
        """Keys of all that the partner listed, taken or not."""
        self.held: list[HeldItem] = []
        self.pages = self.taken = self.unchanged = self.removed = self.foreign = self.not_taken = 0
        self.certain = True
        """Whether it can be told of every item which object it is."""
        self._known: set[tuple[str | None, str]] = set()
        self._clock = clock
        self._before_page = before_page

    @property
    def whole(self) -> bool:
        return self.since is None

    @property
    def replaces(self) -> bool:
        """Whether, once the list is complete, what is not in `seen` is no longer there."""
        return self.whole and self.certain

    async def page(self) -> Partner:
        """To be called before each request: the partner as it is now. Raises what ends the run (too many pages, too
        long, the partner suspended)."""
        partner = await self._before_page(self)
        self.pages += 1
        return partner

    def took(self, key: str | None, saved: Saved) -> None:
        self._saw(key)
        if saved in (Saved.CREATED, Saved.CHANGED):
            self.taken += 1
        else:
            self.unchanged += 1

    def ignore(self) -> None:
        """It is of a party that is none of the partner's."""
        self.foreign += 1

    def hold(self, key: str | None, error: RoamingError, raw: str) -> None:
        """It cannot be taken; said twice it is held once. An error of our own (a database out of reach) is no reason to
        hold: let it pass."""
        self.not_taken += 1
        self._saw(key)
        raw = raw[:RAW_LENGTH]
        if len(self.held) < MOST_HELD and (key, raw) not in self._known:
            self._known.add((key, raw))
            pointer = json_pointer(error.path) if isinstance(error, Invalid) else ""
            now = self._clock.now()
            self.held.append(HeldItem(key=key, pointer=pointer, reason=error.reason, raw=raw, seen_at=now))

    def _saw(self, key: str | None) -> None:
        if key is None:
            self.certain = False
        else:
            self.seen.add(key)

    @property
    def counts(self) -> FeedCounts:
        return FeedCounts(
            pages=self.pages,
            taken=self.taken,
            unchanged=self.unchanged,
            removed=self.removed,
            foreign=self.foreign,
            held=self.not_taken,
        )


class Follower:
    """What of a partner is fetched, and how. A protocol without feeds uses it as it is."""

    def feeds(self, partner: Partner) -> tuple[Feed, ...]:
        """Those that this partner serves now; whether it is to be asked at all is not the follower's to decide."""
        return ()

    async def follow(self, pull: Pull) -> None:
        """Walk the list (`pull.since` None: all of it) and take what it holds as if it had been pushed. Raises only
        RoamingErrors."""
        raise Unsupported(f"feed {pull.feed.name}")
