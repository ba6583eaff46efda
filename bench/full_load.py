"""(d) OICP full load: all EVSEs by one PushEvseData, then twice as many by another operator."""

import statistics
import time
from itertools import count

import httpx

from bench.material import EVSES, doubled, operated_by
from bench.rig import Figure, Pairs, peak_memory_mb
from bench.scene import bare_hub, oicp_cpo, settled
from core.model.ids import PartyId
from gateway.simulator.access import Admin
from gateway.simulator.network import NotAsTold
from gateway.simulator.oicp.host import OicpHost
from gateway.simulator.oicp.objects import push_evse_data
from gateway.simulator.stations import Point
from protocols.transport.json_codec import encode

MOST_MB = 400
MOST_TIMES = 2.3
MOST_ROUNDS = 3


async def measure(points: list[Point], rounds: int) -> list[Figure]:
    async with bare_hub() as (installation, running, admin):
        pid, operators = installation.pids["serve"], map("A{:02}".format, count(1))
        before = peak_memory_mb(pid)
        await _first_push(admin, running.base_url, next(operators), points[:500])
        twice, again, seconds = Pairs(), Pairs(), []
        memory = 0.0
        for _ in range(min(rounds, MOST_ROUNDS)):
            partner, first = await _first_push(admin, running.base_url, next(operators), points)
            memory = memory or peak_memory_mb(pid)
            again.add(await _push(partner, points), first)
            _, second = await _first_push(admin, running.base_url, next(operators), doubled(points))
            twice.add(second, first)
            seconds.append(first)
        most = peak_memory_mb(pid)
    first = statistics.median(seconds)
    return [
        Figure(name=f"(d) OICP full load of {EVSES} EVSEs by one push", measured=f"{first:.1f} s",
               reference=f"{EVSES / first:,.0f} EVSEs/s", ratio="", goal="", held=None),
        Figure(name="    the most memory that the gateway ever had", measured=f"{memory:.0f} MB",
               reference=f"{before:.0f} MB before", ratio=f"{memory / MOST_MB:.2f}", goal=f"< {MOST_MB} MB",
               held=memory < MOST_MB),
        Figure(name="    twice as many", measured=f"{statistics.median(twice.ours):.1f} s",
               reference=f"{first:.1f} s; in the end {most:.0f} MB", ratio=f"{twice.ratio:.2f}",
               goal=f"<= {MOST_TIMES:g}", held=twice.ratio <= MOST_TIMES),
        Figure(name="    the same again, unchanged", measured=f"{statistics.median(again.ours):.1f} s",
               reference=f"{first:.1f} s", ratio=f"{again.ratio:.2f}", goal="", held=None),
    ]  # fmt: skip


async def _first_push(admin: Admin, url: str, party_id: str, points: list[Point]) -> tuple[OicpHost, float]:
    """By an operator of whom the hub holds nothing yet."""
    partner = await oicp_cpo(admin, url, f"Operator {party_id}", PartyId("FR", party_id))
    await partner.switch_off()
    seconds = await _push(partner, points)
    await settled(url)
    return partner, seconds


async def _push(partner: OicpHost, points: list[Point]) -> float:
    """Seconds from the first byte sent to the answer."""
    body = encode(push_evse_data(operated_by(partner.party, partner.name, points)))
    path = f"/api/oicp/evsepush/v23/{partner.operators}/data-records"
    async with httpx.AsyncClient(base_url=partner.hub_url, trust_env=False, timeout=300) as client:
        begun = time.perf_counter()
        answer = await client.post(
            path, content=body, headers={**partner.headers(), "content-type": "application/json"}
        )
        taken = time.perf_counter() - begun
    if answer.status_code != 200 or answer.json().get("Result") is not True:
        raise NotAsTold(f"the push was answered {answer.status_code}: {answer.text[:300]}")
    return taken
