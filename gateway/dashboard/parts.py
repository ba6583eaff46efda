"""What all pages of the dashboard share. No scripts, no other host."""

import base64
from collections.abc import Awaitable, Callable
from html import escape
from typing import Any

from litestar import MediaType, Request, Response

from gateway.admin.api import is_admin
from gateway.wiring import Assembly

_TONE = {
    "CONNECTED": "ok",
    "PLANNED": "calm",
    "OFFLINE": "warn",
    "WAITING": "warn",
    "DELIVERED": "ok",
    "FETCHABLE": "ok",
    "ACCEPTED": "calm",
    "DELIVERING": "calm",
    "AUTHORISED": "calm",
    "CHARGING": "ok",
    "ENDED": "warn",
    "BILLED": "ok",
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
.asked{margin-top:1.6rem;display:flex;flex-wrap:wrap;gap:.8rem;align-items:end}
.asked label{color:var(--dim);font-size:.82rem}
summary{cursor:pointer;color:var(--dim)}nav{margin-top:.8rem;display:flex;gap:1.2rem}a{color:var(--calm)}details{margin-top:2.2rem}details>*+*{margin-top:.6rem}
"""
_PAGES = (
    ("/", "Partners"),
    ("/journeys", "Journeys"),
    ("/losses", "Losses"),
    ("/feeds", "Feeds"),
    ("/stations", "Stations"),
)
_ASKED = {"/stations"}
"""Pages with a form: they stay as they are while somebody fills it in."""


async def guarded(
    request: Request[Any, Any, Any], assembly: Assembly, page: Callable[[Assembly], Awaitable[str]]
) -> Response[str]:
    """Open in a development installation; elsewhere behind the admin key, asked for by the browser (any user name)."""
    if not assembly.settings.open_registration and not is_admin(assembly, _basic_password(request)):
        headers = {"WWW-Authenticate": 'Basic realm="ChargeSphere: the admin key is the password"'}
        return Response("The admin key is required.", status_code=401, headers=headers, media_type=MediaType.TEXT)
    content = _framed(assembly, request.url.path, await page(assembly))
    return Response(content, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})


def _framed(assembly: Assembly, here: str, content: str) -> str:
    identity = assembly.hub.identity
    links = " ".join(f"<b>{name}</b>" if path == here else f"<a href='{path}'>{name}</a>" for path, name in _PAGES)
    return "".join(
        (
            "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>",
            "" if here in _ASKED else "<meta http-equiv=refresh content=5>",
            f"<title>{escape(identity.name)}</title><style>{_STYLE}</style>",
            f"<h1>{escape(identity.name)}</h1>",
            f"<p class=lead>Roaming hub {identity.party}, at {escape(identity.public_url)}</p><nav>{links}</nav>",
            content,
        )
    )


def table(title: str, head: list[str], rows: list[list[str]], empty: str) -> str:
    return f"<h2>{title}</h2>" + (scrolling(head, rows) if rows else f"<p class=dim>{empty}</p>")


def scrolling(head: list[str], rows: list[list[str]]) -> str:
    top = "".join(f"<th>{cell}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div class=scroll><table><tr>{top}</tr>{body}</table></div>"


def state(word: str) -> str:
    return f"<span class='tag {_TONE.get(word, 'bad')}'>{word}</span>"


def number(value: int, *, bad: bool) -> str:
    return f"<span class={'bad' if bad and value else 'ok' if value else 'dim'}>{value}</span>"


def _basic_password(request: Request[Any, Any, Any]) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (ValueError, UnicodeDecodeError):
        return ""
