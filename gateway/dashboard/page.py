"""`/`: partners, connection state, what flows, what is stuck. No scripts, no other host."""

import base64
from html import escape
from typing import Any

from litestar import MediaType, Request, Response, get

from core.model.cdr import CdrSettlement, CdrState
from core.model.delivery import Delivery, DeliveryState
from core.model.partner import Partner
from core.ports.adapter import Capability
from gateway.admin.api import is_admin
from gateway.wiring import Assembled, Assembly

_STUCK_CDRS = (CdrState.WAITING, CdrState.REFUSED, CdrState.UNDELIVERABLE)
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}
body{color:#1d2b36;background:#fbfcfd}
h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;margin:2rem 0 .5rem}p.lead{color:#5b6b77;margin:.2rem 0 0}
table{border-collapse:collapse;width:100%;background:#fff}th,td{text-align:left;padding:.4rem .6rem;
border-bottom:1px solid #e3e9ee;vertical-align:top}th{font-weight:600;color:#5b6b77;font-size:.85rem}
td.n{text-align:right;font-variant-numeric:tabular-nums}.ok{color:#0a7d48}.bad{color:#b3261e}.dim{color:#8796a1}
"""


@get("/", media_type=MediaType.HTML, include_in_schema=False)
async def dashboard(request: Request[Any, Any, Any], assembly: Assembled) -> Response[str]:
    """Open in a development installation; elsewhere behind the admin key, asked for by the browser (any user name)."""
    if not assembly.settings.open_registration and not is_admin(assembly, _basic_password(request)):
        headers = {"WWW-Authenticate": 'Basic realm="ChargeSphere: the admin key is the password"'}
        return Response("The admin key is required.", status_code=401, headers=headers, media_type=MediaType.TEXT)
    return Response(await _page(assembly), media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})


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
    age = f"{(assembly.hub.clock.now() - oldest).total_seconds():.0f} s" if oldest else "nothing waits"
    names = {partner.id: partner.name for partner in partners}
    return "".join(
        (
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
            "<meta http-equiv=refresh content=5>",
            f"<title>{escape(assembly.hub.identity.name)}</title><style>{_STYLE}</style>",
            f"<h1>{escape(assembly.hub.identity.name)}</h1><p class=lead>roaming hub {assembly.hub.identity.party}"
            f", outbox: {age}</p>",
            _partners(partners, counts),
            _cdr_counts(cdrs),
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
            ", ".join(f"{held.role} {held.party}" for held in partner.roles),
            _state(partner.state, good="CONNECTED"),
            *(
                _number(counts.get((partner.id, state), 0), bad=state is DeliveryState.DEAD)
                for state in (
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
    return _table("Partners", head, rows, "No partners yet.")


def _cdr_counts(counts: dict[CdrState, int]) -> str:
    rows = [[state.value, _number(number, bad=state in _STUCK_CDRS)] for state, number in counts.items() if number]
    return _table("Charge detail records", ["State", "Number"], rows, "None yet.")


def _stuck_deliveries(dead: list[Delivery], names: dict[str, str]) -> str:
    rows = [
        [
            escape(names.get(delivery.partner, delivery.partner)),
            f"{delivery.kind} {escape(delivery.key)}",
            str(len(delivery.attempts)),
            escape(delivery.attempts[-1].error or "" if delivery.attempts else ""),
        ]
        for delivery in dead
    ]
    return _table("Dead letters", ["Partner", "What", "Attempts", "Its last words"], rows, "Nothing is stuck.")


def _stuck_cdrs(stuck: list[CdrSettlement], names: dict[str, str]) -> str:
    rows = [
        [
            escape(settlement.key),
            escape(names.get(settlement.recipient or "", settlement.recipient or "")),
            _state(settlement.state, good=""),
            escape(settlement.last_error or ""),
        ]
        for settlement in stuck
    ]
    return _table("CDRs that wait", ["CDR", "For", "State", "Why"], rows, "Every CDR has arrived.")


def _coverage(assembly: Assembly) -> str:
    head = ["Protocol", *(capability.value.replace("_", " ") for capability in Capability)]
    rows = [
        [
            name,
            *("yes" if capability in adapter.capabilities else "<span class=dim>-</span>" for capability in Capability),
        ]
        for name, adapter in assembly.adapters.items()
    ]
    return _table("What the hub can tell or ask, by protocol", head, rows, "")


def _table(title: str, head: list[str], rows: list[list[str]], empty: str) -> str:
    if not rows:
        return f"<h2>{title}</h2><p class=dim>{empty}</p>"
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<h2>{title}</h2><table><tr>{top}</tr>{body}</table>"


def _state(state: str, good: str) -> str:
    return f"<span class={'ok' if state == good else 'bad'}>{state}</span>"


def _number(number: int, *, bad: bool) -> str:
    return f"<span class={'bad' if bad and number else 'ok' if number else 'dim'}>{number}</span>"


def _basic_password(request: Request[Any, Any, Any]) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (ValueError, UnicodeDecodeError):
        return ""
