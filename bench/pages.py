"""(b) Pages of 100 locations out of the whole data set, against a bare server sending the same bytes."""

import asyncio
from datetime import UTC, datetime, timedelta

import httpx

from bench.rig import Figure, Pairs, load, reference, request
from bench.scene import OcpiEmsp, Scene, good, ocpi_emsp, restarted, settled
from core.model.ids import PartyId
from gateway.simulator.ocpi.objects import stamp

CONNECTIONS = 8
SIZE = 100
WARM = 3_000


async def measure(made: Scene, rounds: int) -> list[Figure]:
    emsp = await ocpi_emsp(made, "Reader", PartyId("DE", "RDR"))
    try:
        return await _measure(made, emsp, rounds)
    finally:
        await emsp.close()


async def _measure(made: Scene, emsp: OcpiEmsp, rounds: int) -> list[Figure]:
    path = emsp.path("locations", "SENDER")
    paths = [f"{path}?offset={start}&limit={SIZE}" for start in range(0, len(made.operator.stations), SIZE)]
    asked = [request("GET", one, emsp.to_hub()) for one in paths]
    sent = await _bodies(made, emsp, paths)
    simple = [request("GET", "/page", emsp.to_hub())]
    warm, changed, cold = Pairs(), Pairs(), Pairs()
    async with reference(sent) as port:
        for number in range(rounds + 1):
            theirs = good(await load(port, simple, total=WARM, connections=CONNECTIONS))
            ours = good(await load(made.port, asked, total=WARM, connections=CONNECTIONS))
            await _change_one(made, number)
            after = good(await load(made.port, asked, total=len(asked), connections=CONNECTIONS))
            await restarted(made)
            first = good(await load(made.port, asked, total=len(asked), connections=CONNECTIONS))
            await settled(made.url)
            if number:
                warm.add(ours.per_second, theirs.per_second)
                changed.add(after.per_second, theirs.per_second)
                cold.add(first.per_second, theirs.per_second)
    size = sum(map(len, sent)) / len(sent) / 1000
    name = f"(b) a page of {SIZE} of {len(made.operator.stations)} locations ({size:.0f} kB), all pages in turn"
    return [
        warm.figure(f"{name}: warm", "/s", "sent", 0.5),
        changed.figure("    each page once, after one location has changed", "/s", "sent", None),
        cold.figure("    each page once, after a restart", "/s", "sent", None),
    ]


async def _bodies(made: Scene, emsp: OcpiEmsp, paths: list[str]) -> list[bytes]:
    async with httpx.AsyncClient(base_url=made.url, headers=emsp.to_hub(), trust_env=False) as client:
        return [(await client.get(path)).raise_for_status().content for path in paths]


async def _change_one(made: Scene, number: int) -> None:
    point = made.operator.points[-1]
    party = made.operator.party
    path = f"{made.cpo.path('locations', 'RECEIVER')}/{party.country_code}/{party.party_id}"
    at = stamp(datetime(2026, 2, 1, tzinfo=UTC) + timedelta(seconds=number))
    body = f'{{"status":"{("CHARGING", "AVAILABLE")[number % 2]}","last_updated":"{at}"}}'.encode()
    patch = request("PATCH", f"{path}/{point.station_id}/{point.evse_id}", made.cpo.to_hub(), body)
    good(await load(made.port, [patch], total=1, connections=1))
    await asyncio.sleep(0.5)
