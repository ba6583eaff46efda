"""(l) One EVSE status told to 500 OCPI partners: from the answer to the operator until the last has it."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta

import httpx

from bench.rig import Figure, free_port, load, module, request
from bench.scene import Elsewhere, Scene, good, scene, settled
from core.model.ids import PartyId
from gateway.simulator.network import NotAsTold
from gateway.simulator.ocpi.objects import stamp
from gateway.simulator.stations import Point

PARTNERS = 500
PATIENCE_S = 120.0


async def measure(points: list[Point], rounds: int) -> list[Figure]:
    port = free_port()
    target = f"http://127.0.0.1:{port}"
    networks: list[Elsewhere] = []
    async with scene(points[:100]) as made, module("receiver", port):
        try:
            for number in range(PARTNERS):
                party = PartyId("DE", f"{number:03}")
                networks.append(Elsewhere(f"Partner {number}", party, made.url, f"{target}/locations"))
                await networks[-1].join(made.admin)
            await settled(made.url)
            seconds = [await _told(made, target, number) for number in range(rounds + 1)][1:]
        finally:
            for network in networks:
                await network.close()
    taken = statistics.median(seconds)
    return [
        Figure(
            name=f"(l) one EVSE status to {PARTNERS} partners",
            measured=f"{taken:.2f} s",
            reference=f"{PARTNERS / taken:,.0f} partners/s",
            ratio="",
            goal="",
            held=None,
        )
    ]


async def _told(made: Scene, target: str, number: int) -> float:
    party, point = made.operator.party, made.operator.points[0]
    path = f"{made.cpo.path('locations', 'RECEIVER')}/{party.country_code}/{party.party_id}"
    at = stamp(datetime(2026, 4, 1, tzinfo=UTC) + timedelta(minutes=number))
    body = f'{{"status":"{("CHARGING", "AVAILABLE")[number % 2]}","last_updated":"{at}"}}'.encode()
    patch = request("PATCH", f"{path}/{point.station_id}/{point.evse_id}", made.cpo.to_hub(), body)
    async with httpx.AsyncClient(base_url=target, trust_env=False) as client:
        before = await _count(client)
        good(await load(made.port, [patch], total=1, connections=1))
        begun = time.perf_counter()
        while await _count(client) < before + PARTNERS:
            if time.perf_counter() - begun > PATIENCE_S:
                raise NotAsTold(f"{await _count(client) - before} of {PARTNERS} partners were told")
            await asyncio.sleep(0.01)
        return time.perf_counter() - begun


async def _count(client: httpx.AsyncClient) -> int:
    return int((await client.get("/count")).json()["data"])
