"""`/journeys`: the youngest charging processes, with the ids of both sides."""

from html import escape
from typing import Any

from litestar import MediaType, Request, Response, get

from gateway.admin.journeys import JourneyView, SideView, journey_view
from gateway.dashboard.parts import guarded, state, table
from gateway.wiring import Assembled, Assembly

YOUNGEST = 100


@get("/journeys", media_type=MediaType.HTML, include_in_schema=False)
async def journeys_page(request: Request[Any, Any, Any], assembly: Assembled) -> Response[str]:
    return await guarded(request, assembly, _page)


async def _page(assembly: Assembly) -> str:
    found, total = await assembly.storage.journeys.page(offset=0, limit=YOUNGEST)
    partners = {partner.id: partner for partner in await assembly.hub.partners.all()}
    rows = [_row(journey_view(journey, partners)) for journey in found]
    head = ["Began", "State", "Operator", "Its ids", "Issuer", "Its ids", "Card or contract", "Answered by"]
    return table(f"Journeys, {len(found)} of {total}", head, rows, "No journeys yet.")


def _row(journey: JourneyView) -> list[str]:
    return [
        f"<span class=nowrap>{journey.created_at:%Y-%m-%d %H:%M:%S}</span>",
        state(journey.state),
        *_side(journey.operator),
        *_side(journey.issuer),
        escape(journey.contract_id or journey.token),
        escape(journey.answered_by),
    ]


def _side(side: SideView) -> list[str]:
    ids = "<br>".join(f"{escape(name)} {escape(value)}" for name, value in side.ids.items())
    return [f"{escape(side.name or side.partner)}<br><span class=dim>{escape(side.protocol or '')}</span>", ids]
