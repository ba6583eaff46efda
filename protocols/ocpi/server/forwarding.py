"""Requests for another OCPI party: passed on while the caller waits, never kept for later, and answered with the
party's own answer. Between parties of one version as they came, else converted on both ways (`crossing.py`). Source:
OCPI 2.3.0, transport_and_format, message routing; status_codes, hub errors.

What leads to a partner's own host is given a name of the hub's (`core.model.alias`), which `relayed.py` serves.
"""

import asyncio
import logging
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urljoin

from core.errors import Invalid, RoamingError, StoreUnavailable, Unavailable, Uncertain, Unsupported
from core.model.alias import Alias, AliasUse
from core.model.partner import PartnerState
from core.ports.adapter import Call
from protocols.ocpi import codec
from protocols.ocpi.client import FORWARD_S, Hop, OcpiClient, Routing, routing_headers
from protocols.ocpi.codes import HUB_ERROR, NOT_CONNECTED, TIMED_OUT, Failure, succeeded
from protocols.ocpi.paging import next_link
from protocols.ocpi.server import crossing
from protocols.ocpi.server.crossing import Words
from protocols.ocpi.server.exchange import ROUTING, Ask, Reply, Side
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import version_url
from protocols.ocpi.wire.versions import InterfaceRole
from protocols.transport.http import Answer
from protocols.transport.json_codec import decode_raw

LASTS: Final = {
    AliasUse.PAGE: timedelta(days=1),
    AliasUse.RESULT: timedelta(days=1),
    AliasUse.CDR: timedelta(days=366),
}
"""How long a name of the hub's is good: a result may come long after its command, a CDR is read back in an audit."""
NO_WORDS: Final = Words()
_MEANINGFUL: Final = (404, 405)
"""Statuses that say something even without an envelope. Source: OCPI 2.3.0, transport_and_format, HTTP status codes."""
LONGEST: Final = timedelta(days=366)
"""So far ahead may lie what a name of the hub's is needed for."""
_PASSED: Final = ("x-total-count", "x-limit", "allow")
checks: Final[set[asyncio.Task[None]]] = set()
"""Those under way; a task that nobody holds may be collected."""
log = logging.getLogger(__name__)


async def forward(
    ask: Ask,
    to: Side,
    content: bytes | None = None,
    *,
    query: str | None = None,
    message: Any = None,
    method: str | None = None,
    wait_s: float = FORWARD_S,
) -> Reply:
    """To the same interface of this party, with the same rest of the path; `content` and `query` None: as they came. To
    another version all of them are converted; `message` and `method` are then what to say instead.
    Raises Failure 4000, 4002 or 4003 where there is no answer of the party's own."""
    endpoint = _endpoint(ask, to)
    if endpoint is None:
        raise Failure(HUB_ERROR, f"{to.party} has no endpoint {ask.path}")
    content, query = content or ask.body, ask.raw_query if query is None else query
    if not ask.crosses(to):
        return await send(ask, to, _url(endpoint, ask.remainder, query), headers_of(ask, to), content, wait_s=wait_s)
    crossing.check(ask, to)
    content, path = await crossing.request_for(ask, to, content, message)
    url, words = _url(endpoint, path, crossing.query_for(ask, to, query)), crossing.words_of(ask)
    return await send(ask, to, url, headers_of(ask, to), content, words, method=method, wait_s=wait_s)


def _url(endpoint: str, rest: str, query: str) -> str:
    url = f"{endpoint.rstrip('/')}/{rest}" if rest else endpoint
    return f"{url}?{query}" if query else url


def headers_of(ask: Ask, to: Side) -> dict[str, str]:
    """Those of routing, as they came; a version of single parties has none."""
    if to.version.single_party:
        return {}
    headers = routing_headers(to.partner, Routing(ask.asking, to.party))
    return headers | {name: value for name in ROUTING if (value := ask.header(name))}  # in the spelling that came


def serves(ask: Ask, to: Side) -> bool:
    """Whether the party has the interface that is asked for."""
    return _endpoint(ask, to) is not None


def _endpoint(ask: Ask, to: Side) -> str | None:
    module, _, interface = ask.path.partition("/")
    return settings_of(to.partner).url(module, InterfaceRole(interface.upper()))


async def send(
    ask: Ask,
    to: Side,
    url: str,
    headers: dict[str, str],
    content: bytes,
    words: Words = NO_WORDS,
    *,
    method: str | None = None,
    wait_s: float = FORWARD_S,
) -> Reply:
    """One call, and what came back as the answer to our caller. `words`: what an answer of another version is made of.
    Raises NotJson besides what `forward` raises."""
    if content:
        decode_raw(content)  # what is no JSON at all is no message for anybody; the rest is the party's to judge
    kind = ask.header("content-type") or ""
    if content and kind.startswith("application/json"):
        headers = {**headers, "content-type": kind}
    hop = Hop(
        operation=f"{ask.method} {ask.path}",
        method=method or ask.method,
        url=url,
        headers=headers,
        content=content or None,
        correlation_id=ask.correlation_id,
        wait_s=wait_s,
    )
    answer = await _answer(ask, to, hop)
    envelope = codec.received(answer.body)
    if answer.status in (401, 403):  # it is the hub that is not let in: our caller's own token is good
        log.error("%s does not accept the hub's credentials (HTTP %d)", to.partner.name, answer.status)
        raise Failure(NOT_CONNECTED, f"{to.party} cannot be reached by this hub now")
    if envelope is None:
        http = answer.status if answer.status in _MEANINGFUL else 200
        log.warning("%s: %s: HTTP %d without OCPI envelope", to.partner.name, hop.operation, answer.status)
        raise Failure(HUB_ERROR, f"{to.party} answered HTTP {answer.status} without an OCPI envelope", http)
    whole, code = answer.body, envelope.status_code
    if ask.crosses(to):
        whole = await crossing.answer_for(ask, to, answer.body, envelope, words)
        code = ask.version.codes.get(code, code)
    return Reply(
        http=answer.status,
        whole=whole,
        code=code,
        headers=await _headers(ask, to, url, answer),
        sender=to.party,
    )


def data_of(reply: Reply) -> bytes:
    """`data` of a success that was passed back; empty where there is none."""
    envelope = codec.received(reply.whole or b"")
    return (codec.present(envelope) if envelope and succeeded(reply.code) else None) or b""


async def _answer(ask: Ask, to: Side, hop: Hop) -> Answer:
    """Any HTTP answer. Raises Failure 4002 for a silence, 4003 for a partner that is not there."""
    if to.partner.standing_of(to.party) is not PartnerState.CONNECTED:
        raise Failure(NOT_CONNECTED, f"{to.party} is not connected now")
    client = OcpiClient(ask.hub.outbound)
    try:
        return await client.forward(to.partner, hop)
    except StoreUnavailable:  # ours: the party was not asked
        raise
    except Unavailable as error:
        _check(ask, to, client)
        raise Failure(NOT_CONNECTED, f"{to.party} is not connected now") from error
    except Uncertain as error:
        _check(ask, to, client)
        raise Failure(TIMED_OUT, f"{to.party} gave no answer") from error
    except Unsupported as error:
        raise Failure(NOT_CONNECTED, str(error)) from error
    except Invalid as error:
        raise Failure(HUB_ERROR, f"{to.party} gave a URL that this hub does not call") from error


def _check(ask: Ask, to: Side, client: OcpiClient) -> None:
    """One request that came to nothing says little: the partner is away if its versions cannot be had either. Our
    caller does not wait for that."""
    task = asyncio.create_task(_check_alive(ask, to, client))
    checks.add(task)
    task.add_done_callback(checks.discard)


async def _check_alive(ask: Ask, to: Side, client: OcpiClient) -> None:
    call = Call(partner=to.partner, correlation_id=ask.correlation_id, sender=ask.asking)
    try:
        await client.probe(call)
    except RoamingError:
        with suppress(RoamingError):  # our own store: the next request that fails will say it again
            await ask.hub.partners.not_reached(to.partner.id)


# --- what is rewritten


async def _headers(ask: Ask, to: Side, url: str, answer: Answer) -> tuple[tuple[str, str], ...]:
    """Of the party's own answer: `Link` and `Location` lead back to the hub."""
    found = [(name, value) for name in _PASSED if (value := answer.headers.get(name, "")).isascii() and value]
    following = next_link(answer.headers.get("link", ""))
    if following is not None:
        page = await alias_url(ask, AliasUse.PAGE, _absolute(ask, to, url, following), user=ask.side, target=to)
        found.append(("Link", f'<{page}>; rel="next"'))
    location = answer.headers.get("location")
    if location and ask.path == "cdrs/receiver" and ask.method == "POST" and 200 <= answer.status < 300:
        with suppress(Failure):  # the CDR was taken all the same
            place = await alias_url(ask, AliasUse.CDR, _absolute(ask, to, url, location), user=ask.side, target=to)
            found.append(("Location", place))
    return tuple(found)


def _absolute(ask: Ask, to: Side, base: str, link: str) -> str:
    """Raises Failure 4000 for what is no URL that the hub may call: a list without the rest would pass for whole."""
    try:
        url = ask.hub.outbound.http.check_url(urljoin(base, link), "Link")
        return settings_of(to.partner).check_home(url, "Link")
    except (ValueError, Invalid) as error:
        raise Failure(HUB_ERROR, f"{to.party} gave a URL that this hub does not call") from error


async def alias_url(
    ask: Ask,
    use: AliasUse,
    url: str,
    *,
    user: Side,
    target: Side,
    until: datetime | None = None,
    subject: str | None = None,
) -> str:
    """The hub's own URL, in the same module and the user's version, for one of `target`; `user` may call it. `until`:
    it is needed at least so long."""
    now = ask.hub.clock.now()
    alias = Alias(
        id=ask.hub.ids.uuid(),
        use=use,
        url=url,
        user=user.partner.id,
        caller=user.party,
        target=target.partner.id,
        called=target.party,
        subject=subject,
        expires_at=min(max(now, until or now), now + LONGEST) + LASTS[use],
    )
    await ask.hub.aliases.put(alias)
    module = ask.path.partition("/")[0]
    return f"{version_url(ask.hub.identity, user.version.id)}/{module}/{use.lower()}/{alias.id}"
