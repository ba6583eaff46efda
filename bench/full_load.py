"""(d) OICP full load: all EVSEs by one PushEvseData, then twice as many by another operator."""

import time

import httpx

from bench.material import EVSES, operated_by
from bench.rig import Figure, peak_memory_mb
from bench.scene import OicpPartner, bare_hub, oicp_partner, settled
from core.model.ids import PartyId
from gateway.simulator.access import Admin
from gateway.simulator.network import NotAsTold
from gateway.simulator.oicp_objects import push_evse_data
from gateway.simulator.stations import Point
from protocols.transport.json_codec import encode

MOST_MB = 400
MOST_TIMES = 2.3


async def measure(points: list[Point]) -> list[Figure]:
    async with bare_hub() as (installation, running, admin):
        once = await _join(admin, running.base_url, "AAA")
        twice = await _join(admin, running.base_url, "BBB")
        warm = await _join(admin, running.base_url, "CCC")
        try:
            pid = installation.pids["serve"]
            before = peak_memory_mb(pid)
            await _push(warm, points[:500])
            first = await _push(once, points)
            memory = peak_memory_mb(pid)
            await settled(running.base_url)
            again = await _push(once, points)
            second = await _push(twice, [*points, *points])
            memory_twice = peak_memory_mb(pid)
        finally:
            for partner in (once, twice, warm):
                await partner.close()
    times = second / first
    return [
        Figure(
            name=f"(d) OICP full load of {EVSES} EVSEs by one push",
            measured=f"{first:.1f} s",
            reference=f"{EVSES / first:,.0f} EVSEs/s",
            ratio="",
            goal="",
            held=None,
        ),
        Figure(
            name="    most memory of the gateway, ever",
            measured=f"{memory:.0f} MB",
            reference=f"{before:.0f} MB before",
            ratio=f"{memory / MOST_MB:.2f}",
            goal=f"< {MOST_MB} MB",
            held=memory < MOST_MB,
        ),
        Figure(
            name="    twice as many",
            measured=f"{second:.1f} s",
            reference=f"{first:.1f} s; {memory_twice:.0f} MB",
            ratio=f"{times:.2f}",
            goal=f"<= {MOST_TIMES:g}",
            held=times <= MOST_TIMES,
        ),
        Figure(
            name="    the same again, unchanged",
            measured=f"{again:.1f} s",
            reference=f"{first:.1f} s",
            ratio=f"{again / first:.2f}",
            goal="",
            held=None,
        ),
    ]


async def _join(admin: Admin, url: str, party_id: str) -> OicpPartner:
    return await oicp_partner(admin, url, f"Operator {party_id}", PartyId("FR", party_id), "CPO")


async def _push(partner: OicpPartner, points: list[Point]) -> float:
    """Seconds from the first byte sent to the answer."""
    body = encode(push_evse_data(operated_by(partner.party, partner.name, points)))
    path = partner.operators.replace("charging/v21", "evsepush/v23") + "/data-records"
    async with httpx.AsyncClient(base_url=partner.hub_url, trust_env=False, timeout=300) as client:
        begun = time.perf_counter()
        answer = await client.post(
            path, content=body, headers={**partner.headers(), "content-type": "application/json"}
        )
        taken = time.perf_counter() - begun
    if answer.status_code != 200 or answer.json().get("Result") is not True:
        raise NotAsTold(f"the push was answered {answer.status_code}: {answer.text[:300]}")
    return taken
