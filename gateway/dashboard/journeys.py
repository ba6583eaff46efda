"""`/journeys`: the youngest charging processes, with the ids of both sides."""

from html import escape
from typing import Any

from litestar import MediaType, Request, Response, get

from gateway.admin.journeys import CommandView, JourneyView, SideView, command_view, journey_view
from gateway.dashboard.parts import guarded, state, table
from gateway.wiring import Assembled, Assembly

YOUNGEST = 100


@get("/journeys", media_type=MediaType.HTML, include_in_schema=False)
async def journeys_page(request: Request[Any, Any, Any], assembly: Assembled) -> Response[str]:
    return await guarded(request, assembly, _page)


async def _page(assembly: Assembly) -> str:
    found, total = await assembly.storage.journeys.page(offset=0, limit=YOUNGEST)
    partners = {partner.id: partner for partner in await assembly.hub.partners.all()}
    commands: dict[str, list[CommandView]] = {}
    for record in await assembly.storage.commands.of_journeys([journey.id for journey in found]):
        commands.setdefault(record.command.journey_id or "", []).append(command_view(record))
    rows = [_row(journey_view(journey, partners), commands.get(journey.id, [])) for journey in found]
    head = ["Began", "What", "State", "Operator", "Its ids", "Issuer", "Its ids", "Card or contract", "Answered by"]
    head.append("Commands")
    return table(f"Journeys, {len(found)} of {total}", head, rows, "No journeys yet.")


def _row(journey: JourneyView, commands: list[CommandView]) -> list[str]:
    return [
        f"<span class=nowrap>{journey.created_at:%Y-%m-%d %H:%M:%S}</span>",
        _what(journey),
        state(journey.state),
        *_side(journey.operator),
        *_side(journey.issuer),
        escape(journey.contract_id or journey.token),
        escape(journey.answered_by),
        "<br>".join(f"{escape(one.kind)} {escape(one.outcome or '...')}" for one in commands),
    ]


def _what(journey: JourneyView) -> str:
    if journey.reservation_id is None:
        return "charging"
    return f"reservation until {journey.reserved_until:%H:%M}" if journey.reserved_until else "reservation"


def _side(side: SideView) -> list[str]:
    ids = "<br>".join(f"{escape(name)} {escape(value)}" for name, value in side.ids.items())
    return [f"{escape(side.name or side.partner)}<br><span class=dim>{escape(side.protocol or '')}</span>", ids]
