"""(g) Authorisation across every pair of home and host protocol at a steady rate: what the hub adds to the home
network's own time. Each card has been there once before, so that the hub knows whom to ask. Latency counts from the
moment at which a request was due, so that a queue is part of it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any, Final

import httpx

from bench.rig import Figure, Load, load
from bench.scene import bare_hub, port_of, settled
from gateway.simulator.access import Admin
from gateway.simulator.cast import Cast, Site, card, cast
from gateway.simulator.grid import LISTED, Grid, Pair
from gateway.simulator.network import Card, NotAsTold
from gateway.simulator.ochp.cards import emt_id
from gateway.simulator.ochp.host import OchpHost
from gateway.simulator.roles import Home
from gateway.simulator.trips import visit

RATE: Final = 100
REQUESTS: Final = 200
CONNECTIONS: Final = 64
MOST_MS: Final = 10.0
_UID: Final = re.compile(r"\b00[0-9A-F]{12}\b")


async def measure() -> list[Figure]:
    async with bare_hub() as (_, running, admin):
        networks = cast(running.base_url)
        try:
            await _opened(networks, admin)
            await settled(running.base_url)
            return [await _pair(pair, running.base_url) for pair in Grid.of(networks).pairs]
        finally:
            await networks.close()


async def _opened(networks: Cast, admin: Admin) -> None:
    for network in networks.everybody:
        await network.join(admin)
    for site in networks.sites:
        await site.host.offer(site.operator)


async def _pair(pair: Pair, url: str) -> Figure:
    """Each card once, so that the home network's own time is known of every request."""
    cards = [card(pair.home.party, 1000 * _index(pair) + n) for n in range(REQUESTS)]
    listed = pair.good is LISTED or not pair.home.is_asked
    await pair.home.hand_out(cards, listed=listed)
    await settled(url)
    first, requests = [[await _recorded(pair.site, held) for held in cards] for _ in range(2)]
    await load(port_of(url), first, total=REQUESTS, connections=4)
    await settled(url)
    pair.home.received.clear()
    done = await load(port_of(url), requests, total=REQUESTS, connections=CONNECTIONS, rate=RATE)
    if done.failures:
        raise NotAsTold(f"{pair.name}: {done.failures} of {REQUESTS} requests failed")
    theirs = _answered_ms(pair.home)
    own = [whole - theirs.get(held.uid, 0.0) for whole, held in zip(done.latencies_ms, cards, strict=True)]
    return _figure(pair, Load(per_second=0, failures=0, latencies_ms=own), "from its list" if listed else "asked", done)


def _index(pair: Pair) -> int:
    """Of the home network's hosts, the one this pair is about: no card is used at two."""
    return ["OCPI", "OICP", "OCHP", "eMIP"].index(pair.host.protocol) + 1


def _answered_ms(home: Home) -> dict[str, float]:
    """By card: how long the home network took over it."""
    found: dict[str, float] = {}
    for call in home.received:
        for uid in _UID.findall(f"{call.path} {call.body}"):
            found[uid] = call.answered_s * 1000
    return found


async def _recorded(site: Site, held: Card) -> bytes:
    """The request by which the host asks for this card, as bytes."""
    taken: list[httpx.Request] = []

    async def take(request: httpx.Request) -> httpx.Response:
        taken.append(request)
        return httpx.Response(503)

    kept, site.host._client = site.host._client, httpx.AsyncClient(transport=httpx.MockTransport(take))
    try:
        await _ask(site, held)()
    except NotAsTold:  # 503 is no answer
        pass
    finally:
        site.host._client = kept
    return _bytes(taken[-1])


def _ask(site: Site, held: Card) -> Callable[[], Awaitable[Any]]:
    if isinstance(site.host, OchpHost):  # it would look at its own copy of the list first
        host = site.host
        return lambda: host.ask("GetSingleRoamingAuthorisation", emt_id("emtId", held.uid))
    return site.host.charging(visit(held, site.operator.points[0], 1)).authorise


def _bytes(request: httpx.Request) -> bytes:
    headers = {name: value for name, value in request.headers.items() if name not in ("connection", "accept-encoding")}
    lines = [f"{request.method} {request.url.raw_path.decode()} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + request.content


def _figure(pair: Pair, own: Load, way: str, whole: Load) -> Figure:
    name = f"(g) {pair.home.protocol} card at {pair.host.protocol} host, {way}: own share p50 / p95"
    p50, p95 = own.percentile(50), own.percentile(95)
    return Figure(
        name=name,
        measured=f"{p50:.1f} / {p95:.1f} ms",
        reference=f"{whole.percentile(50):.1f} / {whole.percentile(95):.1f} ms in all",
        ratio=f"{p95 / whole.percentile(95):.2f}",
        goal=f"p95 < {MOST_MS:g} ms",
        held=p95 < MOST_MS,
    )
