"""(k) A page of Locations deep in 1,000,000 EVSEs, against one in 10,000: each for the first time, by its
link. The million is the ten thousand written again under other ids, straight into MongoDB."""

import statistics
import time
from collections.abc import Sequence
from typing import Any

import httpx
from pymongo import AsyncMongoClient

from bench.rig import Figure
from bench.scene import OcpiEmsp, Scene, ocpi_emsp, restarted, scene, settled
from core.model.ids import PartyId
from gateway.simulator.stations import Point

FEW = 10_000
TIMES = 100
SIZE = 100
PAGES = 12
MOST = 1.5
BULK = 2_000


async def measure(points: Sequence[Point], rounds: int) -> list[Figure]:
    async with scene(list(points[:FEW])) as made:
        emsp = await ocpi_emsp(made, "Wanderer", PartyId("DE", "WDR"))
        try:
            stations = len(made.operator.stations)
            few = [await _walk(made, emsp, stations // 4) for _ in range(rounds)]
            await _multiplied(made)
            deep = stations * TIMES * 9 // 10
            many = [await _walk(made, emsp, deep) for _ in range(rounds)]
        finally:
            await emsp.close()
    few_ms, many_ms = (statistics.median(turn[1] for turn in turns) for turns in (few, many))
    ratio = many_ms / few_ms
    jump = statistics.median(turn[0] for turn in many)
    return [
        Figure(
            name=f"(k) a page of {SIZE} locations behind {deep} ({FEW * TIMES} EVSEs), by its link",
            measured=f"{many_ms:.1f} ms",
            reference=f"{few_ms:.1f} ms of {stations} locations ({FEW} EVSEs)",
            ratio=f"{ratio:.2f}",
            goal=f"<= {MOST:g}",
            held=ratio <= MOST,
        ),
        Figure(
            name="    the first of them, by its offset alone, with the count of all",
            measured=f"{jump:.0f} ms",
            reference="",
            ratio="",
            goal="",
            held=None,
        ),
    ]


async def _walk(made: Scene, emsp: OcpiEmsp, offset: int) -> tuple[float, float]:
    """Milliseconds for the page at this offset, and the median of those behind it."""
    await settled(made.url)
    await restarted(made)
    url: str | None = f"{made.url}{emsp.path('locations', 'SENDER')}?offset={offset}&limit={SIZE}"
    taken: list[float] = []
    async with httpx.AsyncClient(headers=emsp.to_hub(), trust_env=False, timeout=60) as client:
        await client.get(f"{made.url}{emsp.path('tokens', 'SENDER')}?limit=1")  # the connection, the caller's token
        while url and len(taken) <= PAGES:
            begun = time.perf_counter()
            answer = (await client.get(url)).raise_for_status()
            taken.append((time.perf_counter() - begun) * 1000)
            url = answer.links.get("next", {}).get("url")
    return taken[0], statistics.median(taken[1:])


async def _multiplied(made: Scene) -> None:
    client: AsyncMongoClient[Any] = AsyncMongoClient(made.running.mongodb_url)
    try:
        locations = client["chargesphere"]["locations"]
        held = await locations.find({}).to_list()
        for time_ in range(1, TIMES):
            copies = [_copy(document, f"{time_:02}") for document in held]
            for start in range(0, len(copies), BULK):
                await locations.insert_many(copies[start : start + BULK], ordered=False)
    finally:
        await client.close()


def _copy(document: dict[str, Any], number: str) -> dict[str, Any]:
    """Under ids of its own."""
    doc = document["doc"]
    evses = [
        {
            **evse,
            "uid": f"{evse['uid']}*{number}",
            "key": f"{evse['key']}*{number}",
            "evse_id": {name: f"{text}{number}" for name, text in evse["evse_id"].items()},
        }
        for evse in doc["evses"]
    ]
    return {
        **document,
        "_id": f"{document['_id']}-{number}",
        "doc": {**doc, "id": f"{doc['id']}-{number}", "evses": evses},
    }
