"""What the hub fetches from partners again and again, how far it has come, and what it could not take."""

import re
from datetime import datetime, timedelta
from typing import Final

from core.model.base import Model

MOST_HELD: Final = 100
"""Items that are kept of one feed; more are counted."""
RAW_LENGTH: Final = 2000
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


class Feed(Model, frozen=True, kw_only=True):
    """One kind of object of a partner. The whole is fetched `full_every`; in between, `delta_every`, what has changed
    since the last successful run began, less `overlap`, because clocks differ. `delta_every` None: always the whole.

    Between two runs lies at least the interval, and at most a fifth more: not all partners are asked at once."""

    name: str
    full_every: timedelta
    delta_every: timedelta | None = None
    overlap: timedelta = timedelta(minutes=10)

    @property
    def every(self) -> timedelta:
        """How often there is a run at all."""
        return min(self.full_every, self.delta_every or self.full_every)


class FeedChoice(Model, frozen=True, kw_only=True):
    """What an operator decided about a feed of a partner; None: as the protocol has it."""

    off: bool = False
    full_every: timedelta | None = None
    delta_every: timedelta | None = None


class HeldItem(Model, frozen=True, kw_only=True):
    """What a partner listed and the hub could not take. `key` None: it cannot be read whose object it is.

    `pointer` is a JSON pointer into the item, `raw` its beginning as it came."""

    key: str | None = None
    pointer: str
    reason: str
    raw: str
    seen_at: datetime


class FeedCounts(Model, frozen=True, kw_only=True):
    """Of one run. `unchanged`: held as it is, or newer. `foreign`: of parties that are none of the partner's."""

    pages: int = 0
    taken: int = 0
    unchanged: int = 0
    removed: int = 0
    foreign: int = 0
    held: int = 0


class FeedState(Model, frozen=True, kw_only=True):
    """How far a feed has come. `since` is when the last successful run began: the cursor, by the hub's clock.

    `began_at`, `whole`, `counts` and `error` are of the last run, however it ended; `last_success_at` and
    `last_full_at` say when the last successful one, and the last successful one of the whole, was over or began.
    `held` is what could not be taken and has not been taken since. `whole_asked_at`: an operator wants the whole."""

    partner_id: str
    feed: str
    since: datetime | None = None
    last_full_at: datetime | None = None
    last_success_at: datetime | None = None
    began_at: datetime | None = None
    whole: bool = True
    error: str | None = None
    counts: FeedCounts = FeedCounts()
    held: tuple[HeldItem, ...] = ()
    whole_asked_at: datetime | None = None


def json_pointer(path: str) -> str:
    """`$.evses[0].uid` -> `/evses/0/uid`. Source: RFC 6901."""
    steps = (name or index for name, index in _STEP.findall(path))
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
