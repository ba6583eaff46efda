"""`/`: partners, connection state, what flows, what is stuck."""

from html import escape
from typing import Any

from litestar import MediaType, Request, Response, get

from core.model.cdr import CdrSettlement, CdrState
from core.model.delivery import Delivery, DeliveryState
from core.model.partner import Partner, PartnerState
from core.ports.adapter import Capability
from gateway.dashboard.parts import guarded, number, scrolling, state, table
from gateway.wiring import Assembled, Assembly

_STUCK_CDRS = (CdrState.WAITING, CdrState.REFUSED, CdrState.UNDELIVERABLE)
_NEEDS_A_PERSON = (CdrState.REFUSED, CdrState.UNDELIVERABLE)


@get("/", media_type=MediaType.HTML, include_in_schema=False)
async def dashboard(request: Request[Any, Any, Any], assembly: Assembled) -> Response[str]:
    return await guarded(request, assembly, _page)


async def _page(assembly: Assembly) -> str:
    partners = await assembly.hub.partners.all()
    outbox = assembly.storage.outbox
    counts = await outbox.counts()
    dead, _ = await outbox.page(partner=None, states=[DeliveryState.DEAD], offset=0, limit=50)
    stuck, _ = await assembly.storage.cdrs.page(
        owners=None,
        recipients=None,
        updated_from=None,
        updated_to=None,
        offset=0,
        limit=50,
        states=list(_STUCK_CDRS),
    )
    cdrs = await assembly.storage.cdrs.counts()
    oldest = await outbox.oldest_waiting()
    age = f"{(assembly.hub.clock.now() - oldest).total_seconds():.0f} s" if oldest else ""
    names = {partner.id: partner.name for partner in partners}
    return "".join(
        (
            _summary(partners, counts, cdrs, age),
            _partners(partners, counts),
            _stuck_deliveries(dead, names),
            _stuck_cdrs(stuck, names),
            _coverage(assembly),
        )
    )


def _partners(partners: list[Partner], counts: dict[tuple[str, DeliveryState], int]) -> str:
    rows = [
        [
            escape(partner.name),
            f"{partner.protocol} {partner.version or ''}",
            ", ".join(f"<span class=nowrap>{held.role} {held.party}</span>" for held in partner.roles),
            state(partner.state),
            *(
                number(counts.get((partner.id, told), 0), bad=told is DeliveryState.DEAD)
                for told in (
                    DeliveryState.DELIVERED,
                    DeliveryState.PENDING,
                    DeliveryState.MISSED,
                    DeliveryState.DEAD,
                )
            ),
        ]
        for partner in sorted(partners, key=lambda partner: partner.name)
    ]
    head = ["Partner", "Protocol", "Parties", "Connection", "Told", "Waiting", "Missed", "Dead"]
    return table("Partners", head, rows, "No partners yet.")


def _summary(
    partners: list[Partner], counts: dict[tuple[str, DeliveryState], int], cdrs: dict[CdrState, int], age: str
) -> str:
    """The four things that an operator looks for first."""
    connected = sum(partner.state is PartnerState.CONNECTED for partner in partners)
    dead = sum(number for (_, state), number in counts.items() if state is DeliveryState.DEAD)
    stuck = dead + sum(cdrs.get(state, 0) for state in _NEEDS_A_PERSON)
    under_way = sum(cdrs.get(state, 0) for state in (CdrState.ACCEPTED, CdrState.DELIVERING, CdrState.WAITING))
    arrived = sum(cdrs.get(state, 0) for state in (CdrState.DELIVERED, CdrState.FETCHABLE))
    cards = (
        (f"{connected} of {len(partners)}", "partners connected", ""),
        (str(arrived), f"CDRs arrived, {under_way} under way", ""),
        (age or "empty", "old is what waits longest in the outbox" if age else "outbox", ""),
        (str(stuck), "need a person", "bad" if stuck else "ok"),
    )
    shown = (f"<div class=card><b class='{tone}'>{value}</b><span>{what}</span></div>" for value, what, tone in cards)
    return f"<div class=cards>{''.join(shown)}</div>"


def _stuck_deliveries(dead: list[Delivery], names: dict[str, str]) -> str:
    rows = [
        [
            escape(names.get(delivery.partner, delivery.partner)),
            f"{delivery.kind} <code>{escape(delivery.key)}</code>",
            str(len(delivery.attempts)),
            escape(delivery.attempts[-1].error or "" if delivery.attempts else ""),
        ]
        for delivery in dead
    ]
    return table("Dead letters", ["Partner", "What", "Attempts", "Its last words"], rows, "Nothing is stuck.")


def _stuck_cdrs(stuck: list[CdrSettlement], names: dict[str, str]) -> str:
    rows = [
        [
            f"<code>{escape(settlement.key)}</code>",
            escape(names.get(settlement.recipient or "", settlement.recipient or "")),
            state(settlement.state),
            escape(settlement.last_error or ""),
        ]
        for settlement in stuck
    ]
    return table("CDRs that have not arrived", ["CDR", "For", "State", "Why"], rows, "Every CDR has arrived.")


def _coverage(assembly: Assembly) -> str:
    rows = [
        [
            capability.value.replace("_", " "),
            *("yes" if capability in adapter.capabilities else "<span class=dim>-</span>" for adapter in adapters),
        ]
        for adapters in [tuple(assembly.adapters.values())]
        for capability in Capability
    ]
    table = scrolling(["The hub can", *assembly.adapters], rows)
    return f"<details><summary>What the hub can tell or ask, by protocol</summary>{table}</details>"
