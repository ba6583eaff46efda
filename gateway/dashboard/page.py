"""`/`: partners, connection state, what flows, what is stuck. No scripts, no other host."""

import base64
from html import escape
from typing import Any

from litestar import MediaType, Request, Response, get

from core.model.cdr import CdrSettlement, CdrState
from core.model.delivery import Delivery, DeliveryState
from core.model.partner import Partner, PartnerState
from core.ports.adapter import Capability
from gateway.admin.api import is_admin
from gateway.wiring import Assembled, Assembly

_STUCK_CDRS = (CdrState.WAITING, CdrState.REFUSED, CdrState.UNDELIVERABLE)
_NEEDS_A_PERSON = (CdrState.REFUSED, CdrState.UNDELIVERABLE)
_TONE = {
    "CONNECTED": "ok",
    "PLANNED": "calm",
    "OFFLINE": "warn",
    "WAITING": "warn",
    "DELIVERED": "ok",
    "FETCHABLE": "ok",
    "ACCEPTED": "calm",
    "DELIVERING": "calm",
}
"""How a state looks; what is not here is bad."""
_STYLE = """
:root{color-scheme:light dark;--ink:#1d2b36;--dim:#5b6b77;--page:#f5f7f9;--card:#fff;--line:#e3e9ee;
--ok:#0a7d48;--warn:#9a5b00;--bad:#b3261e;--calm:#4a6a8a}
@media(prefers-color-scheme:dark){:root{--ink:#e4eaef;--dim:#93a3b0;--page:#12181d;--card:#1b232a;--line:#2c3842;
--ok:#4cc38a;--warn:#e5a54b;--bad:#ff7b72;--calm:#8fb4d9}}
*{box-sizing:border-box}
body{font:15px/1.5 system-ui,sans-serif;margin:0 auto;max-width:76rem;padding:2rem 1rem 4rem}
body{color:var(--ink);background:var(--page)}
h1{font-size:1.6rem;margin:0}h2{font-size:1.05rem;margin:2.2rem 0 .6rem}p.lead{color:var(--dim);margin:.2rem 0 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(10rem,1fr));gap:.8rem;margin-top:1.6rem}
.card,.scroll{background:var(--card);border:1px solid var(--line);border-radius:.6rem}
.card{padding:.8rem 1rem}.card b{display:block;font-size:1.5rem;font-variant-numeric:tabular-nums;line-height:1.3}
.card span{color:var(--dim);font-size:.85rem}.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.45rem .8rem;vertical-align:top}
tr+tr>*{border-top:1px solid var(--line)}th{font-weight:600;color:var(--dim);font-size:.82rem;white-space:nowrap}
code{font:13px/1.5 ui-monospace,monospace;display:inline-block;min-width:13rem}.nowrap{white-space:nowrap}
.ok{color:var(--ok)}.warn{color:var(--warn)}.bad{color:var(--bad)}.calm{color:var(--calm)}.dim{color:var(--dim)}
.tag{border:1px solid;border-radius:1rem;padding:.05rem .55rem;font-size:.78rem;font-weight:600;white-space:nowrap}
summary{cursor:pointer;color:var(--dim)}details{margin-top:2.2rem}details>*+*{margin-top:.6rem}
"""


@get("/", media_type=MediaType.HTML, include_in_schema=False)
async def dashboard(request: Request[Any, Any, Any], assembly: Assembled) -> Response[str]:
    """Open in a development installation; elsewhere behind the admin key, asked for by the browser (any user name)."""
    if not assembly.settings.open_registration and not is_admin(assembly, _basic_password(request)):
        headers = {"WWW-Authenticate": 'Basic realm="ChargeSphere: the admin key is the password"'}
        return Response("The admin key is required.", status_code=401, headers=headers, media_type=MediaType.TEXT)
    return Response(await _page(assembly), media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})


async def _page(assembly: Assembly) -> str:
    identity = assembly.hub.identity
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
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
            "<meta http-equiv=refresh content=5>",
            f"<title>{escape(identity.name)}</title><style>{_STYLE}</style>",
            f"<h1>{escape(identity.name)}</h1>",
            f"<p class=lead>Roaming hub {identity.party}, at {escape(identity.public_url)}</p>",
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
            _state(partner.state),
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
    return _table("Dead letters", ["Partner", "What", "Attempts", "Its last words"], rows, "Nothing is stuck.")


def _stuck_cdrs(stuck: list[CdrSettlement], names: dict[str, str]) -> str:
    rows = [
        [
            f"<code>{escape(settlement.key)}</code>",
            escape(names.get(settlement.recipient or "", settlement.recipient or "")),
            _state(settlement.state),
            escape(settlement.last_error or ""),
        ]
        for settlement in stuck
    ]
    return _table("CDRs that have not arrived", ["CDR", "For", "State", "Why"], rows, "Every CDR has arrived.")


def _coverage(assembly: Assembly) -> str:
    rows = [
        [
            capability.value.replace("_", " "),
            *("yes" if capability in adapter.capabilities else "<span class=dim>-</span>" for adapter in adapters),
        ]
        for adapters in [tuple(assembly.adapters.values())]
        for capability in Capability
    ]
    table = _scrolling(["The hub can", *assembly.adapters], rows)
    return f"<details><summary>What the hub can tell or ask, by protocol</summary>{table}</details>"


def _table(title: str, head: list[str], rows: list[list[str]], empty: str) -> str:
    return f"<h2>{title}</h2>" + (_scrolling(head, rows) if rows else f"<p class=dim>{empty}</p>")


def _scrolling(head: list[str], rows: list[list[str]]) -> str:
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=scroll><table><tr>{top}</tr>{body}</table></div>"


def _state(state: str) -> str:
    return f"<span class='tag {_TONE.get(state, 'bad')}'>{state}</span>"


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
