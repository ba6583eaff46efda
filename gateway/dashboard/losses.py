"""`/losses`: what translations lose most often, and what was withheld last."""

from html import escape
from typing import Any

from litestar import MediaType, Request, Response, get

from core.model.cdr import CdrSettlement, CdrState
from core.model.delivery import Delivery, DeliveryState
from core.model.loss import Loss, LossKind
from gateway.dashboard.parts import guarded, table
from gateway.metrics import loss_counts
from gateway.wiring import Assembled, Assembly

MOST = 100
NEWEST = 50


@get("/losses", media_type=MediaType.HTML, include_in_schema=False)
async def losses_page(request: Request[Any, Any, Any], assembly: Assembled) -> Response[str]:
    return await guarded(request, assembly, _page)


async def _page(assembly: Assembly) -> str:
    outbox, cdrs = assembly.storage.outbox, assembly.storage.cdrs
    names = {partner.id: partner.name for partner in await assembly.hub.partners.all()}
    withheld, _ = await outbox.page(partner=None, states=[DeliveryState.WITHHELD], offset=0, limit=NEWEST)
    told, _ = await outbox.page(partner=None, states=[DeliveryState.DELIVERED], offset=0, limit=4 * NEWEST)
    waiting, _ = await cdrs.page(
        owners=None,
        recipients=None,
        updated_from=None,
        updated_to=None,
        offset=0,
        limit=4 * NEWEST,
        states=[CdrState.WAITING, CdrState.FETCHABLE, CdrState.UNDELIVERABLE],
    )
    held = [one for one in waiting if any(loss.kind is LossKind.WITHHELD for loss in one.losses)]
    return "".join(
        (
            _withheld(withheld, held, names),
            _frequent(await assembly.storage.tallies.all()),
            _newest([delivery for delivery in told if delivery.losses][:NEWEST], names),
        )
    )


def _withheld(deliveries: list[Delivery], cdrs: list[CdrSettlement], names: dict[str, str]) -> str:
    rows = [_row(one.kind, one.key, names.get(one.partner, one.partner), one.losses) for one in deliveries]
    rows += [_row("CDR", one.cdr.key, names.get(one.recipient or "", ""), one.losses) for one in cdrs]
    return table("Withheld", ["What", "Key", "From", "Why"], rows, "Nothing is withheld.")


def _frequent(tallies: dict[tuple[str, ...], float]) -> str:
    counted = list(loss_counts(tallies).items())[:MOST]
    rows = [
        [escape(what), f"{source} to {target}", f"<code>{escape(path)}</code>", kind, f"{number:.0f}"]
        for (what, source, target, kind, path), number in counted
    ]
    head = ["Object", "Translation", "Field", "Kind", "Times"]
    return table("Most frequent losses", head, rows, "Nothing was lost yet.")


def _newest(deliveries: list[Delivery], names: dict[str, str]) -> str:
    rows = [_row(one.kind, one.key, names.get(one.partner, one.partner), one.losses) for one in deliveries]
    return table("Newest losses", ["What", "Key", "To", "Lost"], rows, "Nothing was lost lately.")


def _row(what: str, key: str, partner: str, losses: tuple[Loss, ...]) -> list[str]:
    said = "<br>".join(f"{escape(loss.path)}: {escape(loss.reason)}" for loss in losses)
    return [escape(what), f"<code>{escape(key)}</code>", escape(partner), said]
