"""(a) EVSE statuses by OCPI PATCH, each on disk when it is answered, against a bare echo of the same bytes."""

from datetime import UTC, datetime, timedelta

from bench.rig import Figure, Pairs, load, reference, request
from bench.scene import Scene, good, settled
from gateway.simulator.ocpi.objects import stamp

CONNECTIONS = 32
UPDATES = 6_000
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


async def measure(made: Scene, rounds: int) -> list[Figure]:
    pairs = Pairs()
    async with reference() as port:
        for number in range(rounds + 1):
            paths, bodies = _changes(made, number)
            headers = made.cpo.to_hub()
            patches = [request("PATCH", path, headers, body) for path, body in zip(paths, bodies, strict=True)]
            echoes = [request("POST", "/echo", headers, body) for body in bodies]
            theirs = good(await load(port, echoes, total=UPDATES, connections=CONNECTIONS))
            ours = good(await load(made.port, patches, total=UPDATES, connections=CONNECTIONS))
            await settled(made.url)
            if number:  # the first turn warms up
                pairs.add(ours.per_second, theirs.per_second)
    return [pairs.figure("(a) EVSE status by OCPI PATCH, 32 connections", "/s", "echoed", 0.25)]


def _changes(made: Scene, number: int) -> tuple[list[str], list[bytes]]:
    """Real changes, spread over all EVSEs, each later than the one before."""
    party = made.operator.party
    base = f"{made.cpo.path('locations', 'RECEIVER')}/{party.country_code}/{party.party_id}"
    points = made.operator.points
    paths, bodies = [], []
    for index in range(UPDATES):
        point = points[index * 7919 % len(points)]
        at = stamp(_BEGAN + timedelta(minutes=number, milliseconds=index))
        status = ("CHARGING", "AVAILABLE")[number % 2]
        paths.append(f"{base}/{point.station_id}/{point.evse_id}")
        bodies.append(f'{{"status":"{status}","last_updated":"{at}"}}'.encode())
    return paths, bodies
