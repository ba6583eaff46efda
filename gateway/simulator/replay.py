"""Real stations and sessions through the wire: the national data set, split over operators of both protocols."""

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from gateway.simulator.access import Admin
from gateway.simulator.cast import OCPI_PRICE, OICP_PRICE, Cast, card, join_ocpi, join_oicp
from gateway.simulator.drivers import Charging, cdrs_of, charging, check_cdr
from gateway.simulator.irve import PastSession, read_sessions, read_static
from gateway.simulator.network import Card, NotAsTold
from gateway.simulator.ocpi import OcpiNetwork
from gateway.simulator.ocpi_objects import location
from gateway.simulator.oicp import OicpNetwork
from gateway.simulator.rows import Refusal
from gateway.simulator.stations import Operator, Point, operators, slice_of, split, stable
from gateway.simulator.transcript import Transcript
from gateway.simulator.visits import Price, Visit

STATIC = "irve-static.jsonl"
SESSIONS = "irve-sessions.jsonl"
REPLAYED = 300
AT_ONCE = 8
CARDS = 10
FIRST_CARD = 100
PATIENCE_S = 180.0
Host = OcpiNetwork | OicpNetwork


class Material(Struct):
    """What the files held: all points, the sessions that fit them, and the refused rows by reason."""

    points: list[Point]
    sessions: list[PastSession]
    refused_points: Counter[str]
    refused_sessions: Counter[str]
    remarks: Counter[str]


class Played(Struct):
    """What came of a replay. `wrong` holds one sentence for each session that did not go as told."""

    points: int = 0
    loaded_s: float = 0.0
    authorised: int = 0
    sessions: int = 0
    cdrs: int = 0
    replayed_s: float = 0.0
    delivered_s: float = 0.0
    wrong: list[str] = field(default_factory=list)


async def play_data_set(
    admin: Admin,
    networks: Cast,
    data_set: Path,
    out: Transcript,
    hub_url: str,
    *,
    points: int | None = None,
    sessions: int = REPLAYED,
) -> Played:
    """Loads the points (or a slice of about so many), replays sessions at them, and tells the counts.

    Raises NotAsTold if any session or CDR did not go through."""
    material = await asyncio.to_thread(read, data_set)
    tell(material, out)
    chosen = slice_of(material.points, points) if points else material.points
    ocpi, oicp = split(operators(chosen))
    hosts: dict[str, Host] = {}
    played = Played(points=len(chosen))
    try:
        await _load(admin, hub_url, ocpi, oicp, hosts, played, out)
        cards = await _cards(networks)
        await _replay(networks, hosts, sample(material.sessions, chosen, ocpi, sessions), cards, played)
    finally:
        await asyncio.gather(*(host.close() for host in hosts.values()))
    out.held(
        f"{played.authorised} authorised, {played.sessions} sessions, in {played.replayed_s:.1f} s; "
        f"{played.cdrs} CDRs at their home networks, exact, {played.delivered_s:.1f} s later"
    )
    if played.wrong:
        raise NotAsTold(f"{len(played.wrong)} sessions did not go as told; the first: {played.wrong[0]}")
    return played


def read(data_set: Path) -> Material:
    """Both files of a data set, plain or packed. Raises NotAsTold if one is missing."""
    found = Material([], [], Counter(), Counter(), Counter())
    for point in read_static(_file(data_set, STATIC)):
        if isinstance(point, Refusal):
            found.refused_points[point.reason] += 1
        else:
            found.points.append(point)
            found.remarks.update(point.remarks)
    known = {point.evse_id: point for point in found.points}
    for session in read_sessions(_file(data_set, SESSIONS), known):
        if isinstance(session, Refusal):
            found.refused_sessions[session.reason] += 1
        else:
            found.sessions.append(session)
    return found


def tell(material: Material, out: Transcript) -> None:
    out.tell(f"{len(material.points)} points and {len(material.sessions)} sessions can be right.")
    rows = [("point", reason, str(number)) for reason, number in material.refused_points.most_common()]
    rows += [("session", reason, str(number)) for reason, number in material.refused_sessions.most_common()]
    rows += [("point, taken", remark, str(number)) for remark, number in material.remarks.most_common()]
    if rows:
        out.table("Rows refused, and remarks on rows taken", ("row", "reason", "rows"), rows)


def sample(
    sessions: Sequence[PastSession], points: Sequence[Point], ocpi: Sequence[Operator], wanted: int
) -> list[tuple[PastSession, Point]]:
    """Always the same ones, half of them at points of OCPI operators if there are so many."""
    known = {point.evse_id: point for point in points}
    parties = {operator.party for operator in ocpi}
    halves: tuple[list[PastSession], list[PastSession]] = ([], [])
    for session in sessions:
        if point := known.get(session.evse_id):
            halves[point.operator not in parties].append(session)
    chosen: list[PastSession] = []
    for half in halves:
        ordered = sorted(half, key=lambda session: stable(f"{session.evse_id} {session.started_at}"))
        chosen += ordered[: wanted // 2]
    return [(session, known[session.evse_id]) for session in chosen]


async def _load(
    admin: Admin,
    hub_url: str,
    ocpi: Sequence[Operator],
    oicp: Sequence[Operator],
    hosts: dict[str, Host],
    played: Played,
    out: Transcript,
) -> None:
    begun = time.perf_counter()
    for operator in oicp:
        oicp_host = OicpNetwork(operator.name, operator.party, "CPO", hub_url)
        hosts[operator.party.key] = oicp_host
        await join_oicp(admin, oicp_host, OICP_PRICE)
        await oicp_host.push_evse_data(operator)
        await oicp_host.push_evse_status({point.evse_id: "Available" for point in operator.points}, "fullLoad")
    at_oicp = time.perf_counter()
    for operator in ocpi:
        ocpi_host = OcpiNetwork(operator.name, operator.party, "CPO", hub_url)
        hosts[operator.party.key] = ocpi_host
        await join_ocpi(admin, ocpi_host)
        await at_once([ocpi_host.put_location(location(station)) for station in operator.stations])
    played.loaded_s = time.perf_counter() - begun
    out.held(
        f"{len(oicp)} operators pushed {sum(len(operator.points) for operator in oicp)} EVSEs by OICP full load in "
        f"{at_oicp - begun:.1f} s, {len(ocpi)} put {sum(len(operator.points) for operator in ocpi)} EVSEs in "
        f"{sum(len(operator.stations) for operator in ocpi)} OCPI Locations in {time.perf_counter() - at_oicp:.1f} s"
    )


async def _cards(networks: Cast) -> list[tuple[Host, Card]]:
    """Cards of both homes, turn by turn."""
    found: list[tuple[Host, Card]] = []
    emsp = networks.ocpi_emsp
    for number in range(FIRST_CARD, FIRST_CARD + CARDS):
        for home in networks.homes:
            held = card(home.party, number)
            home.cards[held.uid] = held
            home.thinks_s = 0.0
            found.append((home, held))
        await emsp.put_token(emsp.token_of(emsp.cards[card(emsp.party, number).uid], emsp.now()))
    return found


async def _replay(
    networks: Cast,
    hosts: dict[str, Host],
    stays: Sequence[tuple[PastSession, Point]],
    cards: Sequence[tuple[Host, Card]],
    played: Played,
) -> None:
    begun = time.perf_counter()
    expected: list[tuple[Host, Charging, Price]] = []

    async def one(index: int, session: PastSession, point: Point) -> None:
        home, held = cards[index % len(cards)]
        stay = Visit(
            id=f"S-{stable(f'{session.evse_id} {session.started_at}')[:24]}",
            card=held,
            point=point,
            started_at=session.started_at,
            ended_at=session.ended_at,
            energy_kwh=session.energy_kwh,
        )
        host = hosts[point.operator.key]
        price = OCPI_PRICE if isinstance(host, OcpiNetwork) else OICP_PRICE
        attempt = charging(host, stay, price, live=False)
        try:
            if not await attempt.authorise():
                raise NotAsTold(f"{stay.key}: {home.name}'s card was refused: {attempt.why}")
            played.authorised += 1
            await attempt.begin()
            await attempt.end()
            played.sessions += 1
            await attempt.bill()
            expected.append((home, attempt, price))
        except NotAsTold as error:
            played.wrong.append(str(error))

    await at_once([one(index, session, point) for index, (session, point) in enumerate(stays)])
    played.replayed_s = time.perf_counter() - begun
    for home in networks.homes:
        keys = {attempt.visit.key for at, attempt, _ in expected if at is home}
        await home.until(lambda: keys <= cdrs_of(home).keys(), f"the arrival of {len(keys)} CDRs", PATIENCE_S)  # noqa: B023
    played.delivered_s = time.perf_counter() - begun - played.replayed_s
    for home, attempt, price in expected:
        arrived = cdrs_of(home)[attempt.visit.key]
        if len(arrived) != 1:
            played.wrong.append(f"the CDR of {attempt.visit.key} arrived {len(arrived)} times")
            continue
        played.cdrs += 1
        check_cdr(arrived[0], attempt, price)


async def at_once(work: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Some at a time, all of them to their end; then the first failure is raised."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def guarded(one: Coroutine[Any, Any, None]) -> None:
        async with gate:
            await one

    ends = await asyncio.gather(*map(guarded, work), return_exceptions=True)
    for end in ends:
        if isinstance(end, BaseException):
            raise end


def _file(data_set: Path, name: str) -> Path:
    for candidate in (data_set / f"{name}.gz", data_set / name):
        if candidate.exists():
            return candidate
    raise NotAsTold(f"{data_set} holds no {name}.gz")
