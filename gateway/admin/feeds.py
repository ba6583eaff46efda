"""What is fetched from a partner: how far it has come, what could not be taken, and what the operator chose."""

from datetime import datetime
from typing import Any

from litestar import Controller, Request, get, post, put
from msgspec import Struct
from msgspec.structs import asdict

from core.model.feed import Feed, FeedChoice, FeedState
from core.model.partner import Partner
from gateway.admin.choices import choice_from
from gateway.admin.partners import parse_document
from gateway.wiring import Assembled, Assembly


class HeldView(Struct, frozen=True, kw_only=True):
    """`key` null: it cannot be read whose object it is. `pointer` is a JSON pointer into the item, `raw` its
    beginning."""

    key: str | None
    pointer: str
    reason: str
    raw: str
    seen_at: datetime


class FeedView(Struct, frozen=True, kw_only=True):
    """`fetched`: whether there are runs now (it is not off, and the partner is connected). `delta_every_s` null: always
    the whole. `since`: from then on changes are asked for next. `whole`, `began_at`, `counts`, `error` are of the last
    run; `held`: what could not be taken."""

    feed: str
    off: bool
    fetched: bool
    full_every_s: int
    delta_every_s: int | None
    since: datetime | None
    last_full_at: datetime | None
    last_success_at: datetime | None
    began_at: datetime | None
    whole: bool
    error: str | None
    counts: dict[str, int]
    held: list[HeldView]


class FeedController(Controller):
    path = "/partners/{partner_id:str}/feeds"
    tags = ("feeds",)

    @get("/", summary="What is fetched from a partner, how far it has come, and what could not be taken")
    async def list(self, partner_id: str, assembly: Assembled) -> list[FeedView]:
        return await feeds_of(assembly, await assembly.hub.partners.get(partner_id))

    @put("/{feed:str}", summary="Intervals of a feed, or none at all")
    async def choose(
        self, partner_id: str, feed: str, request: Request[Any, Any, Any], assembly: Assembled
    ) -> FeedView:
        """`{"off": false, "full_every_s": 86400, "delta_every_s": 14400}`; what is left out is as the protocol has
        it."""
        choice = choice_from(parse_document(await request.body()), "$")
        changed = await feeds_of(assembly, await assembly.following.choose(partner_id, feed, choice))
        return next(view for view in changed if view.feed == feed)

    @post("/{feed:str}/run", status_code=202, summary="Fetch it now, after the run that is under way")
    async def run(self, partner_id: str, feed: str, assembly: Assembled, whole: bool = False) -> dict[str, str]:
        """`whole`: not what has changed, but everything."""
        await assembly.following.check(partner_id, feed)
        if whole:
            await assembly.following.ask_whole(partner_id, feed)
        await assembly.processes.follow_feed(partner_id, feed)
        return {"feed": feed, "state": "asked for"}


async def feeds_of(assembly: Assembly, partner: Partner) -> list[FeedView]:
    following = assembly.following
    wanted = {feed.name for feed in following.wanted(partner)}
    return [
        _view(feed, await following.state(partner.id, feed.name), partner.feeds.get(feed.name), feed.name in wanted)
        for feed in following.feeds(partner)
    ]


def _view(feed: Feed, state: FeedState, choice: FeedChoice | None, fetched: bool) -> FeedView:
    return FeedView(
        feed=feed.name,
        off=choice is not None and choice.off,
        fetched=fetched,
        full_every_s=round(feed.full_every.total_seconds()),
        delta_every_s=round(feed.delta_every.total_seconds()) if feed.delta_every else None,
        since=state.since,
        last_full_at=state.last_full_at,
        last_success_at=state.last_success_at,
        began_at=state.began_at,
        whole=state.whole,
        error=state.error,
        counts=asdict(state.counts),
        held=[HeldView(**asdict(item)) for item in state.held],
    )
