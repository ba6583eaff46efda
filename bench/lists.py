"""(h) All EVSEs of an OICP operator as an OCHP charge point list; of an OCHP operator as OICP EVSE data."""

import time
from collections.abc import Sequence
from typing import TypeVar

import httpx

from bench.material import EVSES, operated_by
from bench.rig import Figure, peak_memory_mb
from bench.scene import bare_hub, oicp_cpo, oicp_emp, settled
from core.model.ids import PartyId
from gateway.simulator.cast import HOSTS
from gateway.simulator.network import Network, NotAsTold
from gateway.simulator.ochp.home import OchpHome
from gateway.simulator.ochp.host import OchpHost
from gateway.simulator.ochp.points import charge_point
from gateway.simulator.stations import Point

PATIENCE_S = 600.0
N = TypeVar("N", bound=Network)


async def measure(points: Sequence[Point]) -> list[Figure]:
    there = await _there(points)
    return [*there, *await _back(points)]


async def _there(points: Sequence[Point]) -> list[Figure]:
    async with bare_hub() as (installation, running, admin):
        cpo = await oicp_cpo(admin, running.base_url, "Bornes de France", PartyId("FR", "BCH"))
        provider = _patient(OchpHome("Polder", PartyId("NL", "PLD"), running.base_url))
        try:
            await provider.join(admin)
            await _patient(cpo).push_evse_data(operated_by(cpo.party, cpo.name, list(points)))
            await settled(running.base_url)
            before = peak_memory_mb(installation.pids["serve"])
            first, again = [await _charge_points(provider) for _ in range(2)]
            return [
                _figure(f"(h) {EVSES} EVSEs of OICP as an OCHP charge point list", first),
                _figure("    the same list again", again),
                _memory(before, peak_memory_mb(installation.pids["serve"])),
            ]
        finally:
            await cpo.close()
            await provider.close()


async def _charge_points(provider: OchpHome) -> float:
    """Seconds from the question to the last byte."""
    begun = time.perf_counter()
    reply = await provider.call("GetChargePointList")
    taken = time.perf_counter() - begun
    if len(reply.records) != EVSES:
        raise NotAsTold(f"{len(reply.records)} of {EVSES} charge points came")
    return taken


async def _back(points: Sequence[Point]) -> list[Figure]:
    async with bare_hub() as (installation, running, admin):
        cpo = _patient(OchpHost("Bornes de France", PartyId("FR", "BCH"), running.base_url, HOSTS["ochp"].price))
        emp = _patient(await oicp_emp(admin, running.base_url, "Elektra", PartyId("DE", "ELK")))
        try:
            await cpo.join(admin)
            records = [charge_point(point) for point in operated_by(cpo.party, cpo.name, list(points)).points]
            begun = time.perf_counter()
            await cpo.call("SetChargepointList", *records)
            sent = time.perf_counter() - begun
            await settled(running.base_url)
            begun = time.perf_counter()
            pulled = await emp.pull_evse_data()
            taken = time.perf_counter() - begun
            if len(pulled) != EVSES:
                raise NotAsTold(f"{len(pulled)} of {EVSES} EVSE records came")
            return [
                _figure("    and back: the list set by OCHP", sent),
                _figure("    as OICP EVSE data, all pages", taken),
                _memory(0, peak_memory_mb(installation.pids["serve"])),
            ]
        finally:
            await cpo.close()
            await emp.close()


def _patient(network: N) -> N:
    network._client.timeout = httpx.Timeout(PATIENCE_S)
    return network


def _figure(name: str, seconds: float) -> Figure:
    rate = f"{EVSES / seconds:,.0f} EVSEs/s"
    return Figure(name=name, measured=f"{seconds:.1f} s", reference=rate, ratio="", goal="", held=None)


def _memory(before: float, most: float) -> Figure:
    known = f"{before:.0f} MB before" if before else ""
    name = "    the most memory that the gateway ever had"
    return Figure(name=name, measured=f"{most:.0f} MB", reference=known, ratio="", goal="", held=None)
