"""(m) OICP as the platform that partners know: statuses pushed, pages pulled, cards asked about at a steady rate, and
the gateway's memory while 100,000 records are walked."""

import statistics
import time
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Final

import httpx

from bench.material import operated_by
from bench.rig import Figure, Load, Pairs, load, peak_memory_mb, reference, request, resident_mb
from bench.scene import bare_hub, good, oicp_cpo, oicp_emp, port_of, settled
from core.model.ids import PartyId
from gateway.simulator.cast import card
from gateway.simulator.network import NotAsTold
from gateway.simulator.oicp.home import OicpHome
from gateway.simulator.oicp.host import OicpHost
from gateway.simulator.oicp.objects import identification, operator_id, provider_id, push_evse_data
from gateway.simulator.stations import Operator, Point
from protocols.transport.json_codec import encode

BATCH: Final = 100
WRITERS: Final = 8
PAGE: Final = 2_000
RECORDS: Final = 100_000
OPERATORS: Final = 5
RATE: Final = 200
ASKED: Final = 1_500
CONNECTIONS: Final = 64
MOST_MS: Final = 5.0
MOST_GROWTH_MB: Final = 20.0


async def measure(points: Sequence[Point], rounds: int) -> list[Figure]:
    async with bare_hub() as (installation, running, admin):
        url, pid = running.base_url, installation.pids["serve"]
        emp = await oicp_emp(admin, url, "Elektra", PartyId("DE", "ELK"))
        cpos = [await oicp_cpo(admin, url, f"Strom {n}", PartyId("DE", f"ST{n}")) for n in range(OPERATORS)]
        try:
            each = list(islice(cycle(points), RECORDS // OPERATORS))
            operators = [operated_by(cpo.party, cpo.name, each) for cpo in cpos]
            for cpo, operator in zip(cpos, operators, strict=True):
                await _full_load(cpo, operator)
            await settled(url)
            return [
                *await _walks(emp, pid, rounds),
                await _statuses(cpos[0], operators[0], url, rounds),
                await _asked(cpos[0], emp, operators[0], url),
            ]
        finally:
            for network in (emp, *cpos):
                await network.close()


async def _full_load(cpo: OicpHost, operator: Operator) -> None:
    body = encode(push_evse_data(operator))
    headers = {**cpo.headers(), "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=cpo.hub_url, headers=headers, trust_env=False, timeout=300) as client:
        answer = await client.post(f"/api/oicp/evsepush/v23/{cpo.operators}/data-records", content=body)
    if answer.json().get("Result") is not True:
        raise NotAsTold(f"the push was answered {answer.status_code}: {answer.text[:300]}")


async def _walks(emp: OicpHome, pid: int, rounds: int) -> list[Figure]:
    """The first walk fills the hub's own copies; from then on nothing may grow."""
    first = await _walk(emp)
    before = resident_mb(pid)
    pages = [taken for _ in range(rounds) for taken in await _walk(emp)]
    grown = resident_mb(pid) - before
    return [
        Figure(
            name=f"(m) PullEvseData, a page of {PAGE} of {RECORDS} records",
            measured=f"{statistics.median(pages):.0f} ms",
            reference=f"{statistics.median(first):.0f} ms in the first walk, its first page {first[0]:.0f} ms",
            ratio="",
            goal="",
            held=None,
        ),
        Figure(
            name=f"    memory of the gateway over {rounds} more walks",
            measured=f"{grown:+.0f} MB",
            reference=f"{before:.0f} MB after the first, {peak_memory_mb(pid):.0f} MB at most",
            ratio="",
            goal=f"<= {MOST_GROWTH_MB:g} MB",
            held=grown <= MOST_GROWTH_MB,
        ),
    ]


async def _walk(emp: OicpHome) -> list[float]:
    """Milliseconds of each page."""
    taken, found = [], 0
    body = encode({"ProviderID": provider_id(emp.party), "GeoCoordinatesResponseFormat": "Google"})
    path = f"/api/oicp/evsepull/v23/{emp.providers}/data-records"
    headers = {**emp.headers(), "content-type": "application/json"}
    async with httpx.AsyncClient(base_url=emp.hub_url, headers=headers, trust_env=False, timeout=300) as client:
        for page in range(RECORDS // PAGE):
            begun = time.perf_counter()
            answer = await client.post(path, content=body, params={"page": page, "size": PAGE})
            taken.append((time.perf_counter() - begun) * 1000)
            found += answer.raise_for_status().text.count('"EvseID"')
    if found != RECORDS:
        raise NotAsTold(f"{found} of {RECORDS} records came")
    return taken


async def _statuses(cpo: OicpHost, operator: Operator, url: str, rounds: int) -> Figure:
    pairs = Pairs()
    path = f"/api/oicp/evsepush/v21/{cpo.operators}/status-records"
    async with reference() as port:
        for number in range(rounds + 1):
            bodies = _batches(operator, ("Occupied", "Available")[number % 2])
            echoes = [request("POST", "/echo", cpo.headers(), body) for body in bodies]
            pushes = [request("POST", path, cpo.headers(), body) for body in bodies]
            theirs = good(await load(port, echoes, total=len(bodies), connections=WRITERS))
            ours = good(await load(port_of(url), pushes, total=len(bodies), connections=WRITERS))
            await settled(url)
            if number:
                pairs.add(ours.per_second * BATCH, theirs.per_second * BATCH)
    return pairs.figure(
        f"    PushEvseStatus, records in batches of {BATCH}, {WRITERS} connections", "/s", "echoed", None
    )


def _batches(operator: Operator, status: str) -> list[bytes]:
    """Every EVSE once: real changes."""
    evses = [point.evse_id for point in operator.points]
    return [
        encode(
            {
                "ActionType": "update",
                "OperatorEvseStatus": {
                    "OperatorID": operator_id(operator.party),
                    "OperatorName": operator.name,
                    "EvseStatusRecord": [{"EvseID": one, "EvseStatus": status} for one in evses[start : start + BATCH]],
                },
            }
        )
        for start in range(0, len(evses), BATCH)
    ]


async def _asked(cpo: OicpHost, emp: OicpHome, operator: Operator, url: str) -> Figure:
    """Each card once, so that the EMP's own time is known of every request."""
    cards = [card(emp.party, number) for number in range(ASKED)]
    await emp.hand_out(cards)
    path = f"/api/oicp/charging/v21/{cpo.operators}/authorize/start"
    bodies = [_start(operator, held.uid, number) for number, held in enumerate(cards)]
    starts = [request("POST", path, cpo.headers(), body) for body in bodies]
    emp.received.clear()
    done = good(await load(port_of(url), starts, total=ASKED, connections=CONNECTIONS, rate=RATE))
    theirs = {call.body["Identification"]["RFIDMifareFamilyIdentification"]["UID"]: call for call in emp.received}
    if len(theirs) != ASKED:
        raise NotAsTold(f"the EMP was asked about {len(theirs)} of {ASKED} cards")
    own = [whole - theirs[held.uid].answered_s * 1000 for whole, held in zip(done.latencies_ms, cards, strict=True)]
    share = Load(per_second=RATE, failures=0, latencies_ms=own)
    return Figure(
        name=f"    AuthorizeStart to an OICP EMP, {RATE}/s: the hub's own share, p50 / p95 / p99",
        measured=" / ".join(f"{share.percentile(percent):.1f}" for percent in (50, 95, 99)) + " ms",
        reference=f"{done.percentile(50):.1f} / {done.percentile(95):.1f} / {done.percentile(99):.1f} ms in all",
        ratio="",
        goal=f"p95 < {MOST_MS:g} ms",
        held=share.percentile(95) < MOST_MS,
    )


def _start(operator: Operator, uid: str, number: int) -> bytes:
    return encode(
        {
            "OperatorID": operator_id(operator.party),
            "EvseID": operator.points[number % len(operator.points)].evse_id,
            "CPOPartnerSessionID": f"M-{number}",
            "Identification": identification(uid),
        }
    )
