"""Real stations and sessions through the wire: the national data set, split over operators of all protocols."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from gateway.simulator.access import Admin
from gateway.simulator.bills import check_bill
from gateway.simulator.cast import HOSTS, Cast, card, written
from gateway.simulator.crowd import at_once
from gateway.simulator.irve import PastSession, read_sessions, read_static
from gateway.simulator.network import Card, NotAsTold
from gateway.simulator.roles import Bill, Charging, Home, Host, Verdict
from gateway.simulator.rows import Refusal
from gateway.simulator.stations import Operator, Point, operators, slice_of, split, stable
from gateway.simulator.transcript import Transcript
from gateway.simulator.visits import Visit

STATIC = "irve-static.jsonl"
SESSIONS = "irve-sessions.jsonl"
REPLAYED = 300
CARDS = 10
FIRST_CARD = 100
PATIENCE_S = 180.0
LOOKS_EVERY_S = 1.0


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
    parts = dict(zip(HOSTS, split(operators(chosen), len(HOSTS)), strict=True))
    hosts: dict[str, Host] = {}
    played = Played(points=len(chosen))
    try:
        await _load(admin, hub_url, parts, hosts, played, out)
        stays = sample(material.sessions, chosen, list(parts.values()), sessions)
        await _replay(networks.homes, hosts, stays, await _cards(networks.homes), played)
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
    sessions: Sequence[PastSession], points: Sequence[Point], parts: Sequence[Sequence[Operator]], wanted: int
) -> list[tuple[PastSession, Point]]:
    """Always the same ones, as many at the operators of each part if there are so many."""
    known = {point.evse_id: point for point in points}
    part_of = {operator.party: index for index, part in enumerate(parts) for operator in part}
    held: list[list[PastSession]] = [[] for _ in parts]
    for session in sessions:
        if point := known.get(session.evse_id):
            held[part_of[point.operator]].append(session)
    return [
        (session, known[session.evse_id])
        for part in held
        for session in sorted(part, key=lambda session: stable(_name(session)))[: wanted // len(parts)]
    ]


async def _load(
    admin: Admin,
    hub_url: str,
    parts: Mapping[str, Sequence[Operator]],
    hosts: dict[str, Host],
    played: Played,
    out: Transcript,
) -> None:
    """The operators of one protocol after those of the other."""
    for protocol, part in parts.items():
        begun = time.perf_counter()
        for operator in part:
            kind = HOSTS[protocol]
            host = kind.make(operator.name, operator.party, hub_url, kind.price)
            hosts[operator.party.key] = host
            await host.join(admin)
            await host.offer(operator)
        took = time.perf_counter() - begun
        evses = sum(len(operator.points) for operator in part)
        out.held(f"{len(part)} operators on {written(protocol)} told of {evses} EVSEs in {took:.1f} s")
        played.loaded_s += took


async def _cards(homes: Sequence[Home]) -> list[tuple[Home, Card]]:
    """Cards of all homes, turn by turn; listed where that can be, for not every host can ask every home."""
    found: list[tuple[Home, Card]] = []
    for home in homes:
        home.thinks_s = 0.0
        held = [card(home.party, number) for number in range(FIRST_CARD, FIRST_CARD + CARDS)]
        await home.hand_out(held, listed=home.lists_cards)
    for number in range(FIRST_CARD, FIRST_CARD + CARDS):
        found += [(home, card(home.party, number)) for home in homes]
    return found


async def _replay(
    homes: Sequence[Home],
    hosts: dict[str, Host],
    stays: Sequence[tuple[PastSession, Point]],
    cards: Sequence[tuple[Home, Card]],
    played: Played,
) -> None:
    begun = time.perf_counter()
    expected: list[tuple[Home, Host, Visit]] = []

    async def one(index: int, session: PastSession, point: Point) -> None:
        home, held = cards[index % len(cards)]
        host = hosts[point.operator.key]
        stay = _visit(session, point, held)
        try:
            await _charge(host.charging(stay, live=False), home, played)
            expected.append((home, host, stay))
        except NotAsTold as error:
            played.wrong.append(str(error))

    await at_once([one(index, session, point) for index, (session, point) in enumerate(stays)])
    played.replayed_s = time.perf_counter() - begun
    for home in homes:
        mine = [(host, stay) for at, host, stay in expected if at is home]
        bills = await _arrived(home, [stay for _, stay in mine])
        for host, stay in mine:
            _compare(bills[stay.key], stay, host, home, played)
    played.delivered_s = time.perf_counter() - begun - played.replayed_s


async def _charge(attempt: Charging, home: Home, played: Played) -> None:
    verdict = await attempt.authorise()
    if verdict is not Verdict.ALLOWED:
        raise NotAsTold(f"{attempt.visit.key}: {home.name}'s card was refused: {attempt.why or verdict}")
    played.authorised += 1
    await attempt.begin()
    await attempt.end()
    played.sessions += 1
    await attempt.bill()


async def _arrived(home: Home, stays: Sequence[Visit]) -> dict[str, list[Bill]]:
    """All bills of a home network, once those of these stays are among them."""
    deadline = time.perf_counter() + PATIENCE_S
    keys = {stay.key for stay in stays}
    while missing := keys - (bills := await home.bills()).keys():
        if time.perf_counter() > deadline:
            raise NotAsTold(f"{len(missing)} of {len(keys)} CDRs did not reach {home.name}")
        await asyncio.sleep(LOOKS_EVERY_S)
    return bills


def _compare(bills: Sequence[Bill], stay: Visit, host: Host, home: Home, played: Played) -> None:
    if len(bills) != 1:
        played.wrong.append(f"the CDR of {stay.key} arrived {len(bills)} times")
        return
    check_bill(bills[0], stay, host.price, whole_seconds=host.whole_seconds or home.whole_seconds)
    played.cdrs += 1


def _visit(session: PastSession, point: Point, held: Card) -> Visit:
    return Visit(
        id=f"S-{stable(_name(session))[:24]}",
        card=held,
        point=point,
        started_at=session.started_at,
        ended_at=session.ended_at,
        energy_kwh=session.energy_kwh,
    )


def _name(session: PastSession) -> str:
    return f"{session.evse_id} {session.started_at}"


def _file(data_set: Path, name: str) -> Path:
    for candidate in (data_set / f"{name}.gz", data_set / name):
        if candidate.exists():
            return candidate
    raise NotAsTold(f"{data_set} holds no {name}.gz")
