"""(i) A Location of one OCPI party addressed to another: what passing it on adds, and how many a second, against a bare
proxy on the same server and client. The receiver is a process that answers at once."""

from bench.rig import Figure, Load, Pairs, free_port, load, module, request
from bench.scene import Elsewhere, Scene, good, settled
from core.model.ids import PartyId
from gateway.simulator.ocpi.objects import location
from protocols.transport.json_codec import encode

RATE = 200
PACED = 2_000
CONNECTIONS = 32
TOTAL = 3_000
MOST_MS = 5.0
LEAST = 0.6


async def measure(made: Scene, rounds: int) -> list[Figure]:
    receiver, proxy = free_port(), free_port()
    target = f"http://127.0.0.1:{receiver}"
    emsp = Elsewhere("Durchgang", PartyId("DE", "DRG"), made.url, f"{target}/locations")
    try:
        async with module("receiver", receiver), module("proxy", proxy, target):
            await emsp.join(made.admin)
            await settled(made.url)
            sent = _requests(made, emsp)
            return [await _share(made, sent, receiver), *await _throughput(made, sent, proxy, rounds)]
    finally:
        await emsp.close()


def _requests(made: Scene, emsp: Elsewhere) -> list[bytes]:
    """Of many Locations: those of one and the same would wait for each other, as its copies are kept in order."""
    party, headers = made.operator.party, made.cpo.headers(to=emsp.party)
    base = f"{made.cpo.path('locations', 'RECEIVER')}/{party.country_code}/{party.party_id}"
    stations = made.operator.stations[:PACED]
    return [request("PUT", f"{base}/{station.id}", headers, encode(location(station))) for station in stations]


async def _share(made: Scene, sent: list[bytes], receiver: int) -> Figure:
    """From when a request was due; what the receiver alone takes is taken off."""
    good(await load(made.port, sent, total=PACED // 4, connections=CONNECTIONS, rate=RATE))
    direct = good(await load(receiver, sent, total=PACED, connections=CONNECTIONS, rate=RATE)).percentile(50)
    whole = good(await load(made.port, sent, total=PACED, connections=CONNECTIONS, rate=RATE))
    own = Load(per_second=RATE, failures=0, latencies_ms=[one - direct for one in whole.latencies_ms])
    return Figure(
        name=f"(i) a Location passed on, {RATE}/s: the hub's own share, p50 / p95 / p99",
        measured=" / ".join(f"{own.percentile(percent):.1f}" for percent in (50, 95, 99)) + " ms",
        reference=f"{direct:.1f} ms without the hub (p50)",
        ratio="",
        goal=f"p95 < {MOST_MS:g} ms",
        held=own.percentile(95) < MOST_MS,
    )


async def _throughput(made: Scene, sent: list[bytes], proxy: int, rounds: int) -> list[Figure]:
    pairs = Pairs()
    for number in range(rounds + 1):
        theirs = good(await load(proxy, sent, total=TOTAL, connections=CONNECTIONS))
        ours = good(await load(made.port, sent, total=TOTAL, connections=CONNECTIONS))
        if number:
            pairs.add(ours.per_second, theirs.per_second)
    return [pairs.figure(f"    as many as go, {CONNECTIONS} connections", "/s", "by a bare proxy", LEAST)]
