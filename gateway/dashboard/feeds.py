"""`/feeds`: what is fetched from partners, how far it has come, and what could not be taken."""

from html import escape
from typing import Any

from litestar import MediaType, Request, Response, get

from core.model.partner import Partner
from gateway.admin.feeds import FeedView, feeds_of
from gateway.dashboard.parts import guarded, number, table
from gateway.wiring import Assembled, Assembly

MOST_SHOWN = 100


@get("/feeds", media_type=MediaType.HTML, include_in_schema=False)
async def feeds_page(request: Request[Any, Any, Any], assembly: Assembled) -> Response[str]:
    return await guarded(request, assembly, _page)


async def _page(assembly: Assembly) -> str:
    partners = sorted(await assembly.hub.partners.all(), key=lambda partner: partner.name)
    found = [(partner, view) for partner in partners for view in await feeds_of(assembly, partner)]
    head = ["Partner", "Feed", "Last run", "Taken", "Unchanged", "Removed", "Held", "Next", "Error"]
    rows = [_row(partner, view) for partner, view in found]
    return table("Feeds", head, rows, "No partner lists anything.") + _held(found)


def _row(partner: Partner, view: FeedView) -> list[str]:
    counts = view.counts
    began = f"{view.began_at:%Y-%m-%d %H:%M:%S}" if view.began_at else "never"
    kind = "whole" if view.whole else "changes"
    every = view.delta_every_s or view.full_every_s
    return [
        escape(partner.name),
        escape(view.feed),
        f"<span class=nowrap>{began}</span>" + (f" <span class=dim>{kind}</span>" if view.began_at else ""),
        str(counts["taken"]),
        str(counts["unchanged"]),
        str(counts["removed"]),
        number(len(view.held), bad=True),
        f"every {_span(every)}" if view.fetched else f"<span class=dim>{'off' if view.off else 'not connected'}</span>",
        f"<span class=bad>{escape(view.error)}</span>" if view.error else "",
    ]


def _held(found: list[tuple[Partner, FeedView]]) -> str:
    rows = [
        [
            escape(partner.name),
            escape(view.feed),
            escape(item.key or "?"),
            f"<code>{escape(item.pointer or '/')}</code>",
            escape(item.reason),
        ]
        for partner, view in found
        for item in view.held
    ][:MOST_SHOWN]
    head = ["Partner", "Feed", "Object", "Where", "Why"]
    return table("Listed and not taken", head, rows, "Everything that partners list could be taken.")


def _span(seconds: int) -> str:
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds % size == 0:
            return f"{seconds // size} {name}"
    return f"{seconds} s"
