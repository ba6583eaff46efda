"""The roaming story: networks of all protocols meet in the hub, and their drivers charge across."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.simulator import grid as chapters
from gateway.simulator.access import Admin, HubAccess
from gateway.simulator.bills import SETTLED, check_once
from gateway.simulator.cast import Cast, card, cast
from gateway.simulator.grid import ALLOWED, BLOCKED, LISTED, SILENT, Grid
from gateway.simulator.network import NotAsTold, bare
from gateway.simulator.outage import outages
from gateway.simulator.replay import play_data_set
from gateway.simulator.roles import Home
from gateway.simulator.tables import COLUMNS, marks, rows
from gateway.simulator.transcript import Transcript
from gateway.simulator.trips import Trip

__all__ = ["HubAccess", "Scene", "play"]

LINGERS_S = 1.0
"""Time for whatever would come twice."""


class Scene:
    """What every chapter needs: the hub, the networks, the transcript, the grid of their pairs, and later trips."""

    def __init__(self, admin: Admin, networks: Cast, out: Transcript) -> None:
        self.admin = admin
        self.cast = networks
        self.out = out
        self.grid = Grid.of(networks)
        self.later: list[Trip] = []


async def play(hub: HubAccess, *, data_set: Path | None, out: Transcript) -> bool:
    """Tells the story on a running hub; with `data_set` real stations and sessions after it. False: a step failed, and
    the transcript names it."""
    networks = cast(hub.base_url)
    begun = time.perf_counter()
    step = "the beginning"
    try:
        async with Admin(hub) as admin:
            scene = Scene(admin, networks, out)
            for step, chapter in _chapters(scene):
                out.chapter(step)
                await chapter()
            if data_set:
                step = "Real stations and sessions"
                out.chapter(step)
                await play_data_set(admin, networks, data_set, out, hub.base_url)
    except NotAsTold as error:
        out.broke(f"{step}: {error}")
        return False
    finally:
        await networks.close()
    out.tell(f"The story held, in {time.perf_counter() - begun:.1f} s.")
    return True


Chapter = Callable[[], Awaitable[None]]


def _chapters(scene: Scene) -> list[tuple[str, Chapter]]:
    grid, admin, out = scene.grid, scene.admin, scene.out
    return [
        ("The networks join", lambda: _join(scene)),
        ("Stations cross the border", lambda: _stations(scene)),
        ("Cards are handed out", lambda: _cards(scene)),
        ("Cards are held to foreign stations", lambda: chapters.cards(grid, out)),
        ("Drivers charge across", lambda: chapters.sessions(grid, out)),
        ("Apps start and stop from afar", lambda: chapters.remote(grid, out)),
        ("Apps reserve, and give back", lambda: chapters.reservations(grid, out)),
        ("Charge detail records go home", lambda: chapters.bills(grid, admin, out)),
        ("A home network does not answer", lambda: chapters.silence(grid, out)),
        ("Home networks are switched off, and come back", lambda: _outages(scene)),
        ("Nothing twice, nothing lost", lambda: _balance(scene)),
    ]


async def _join(scene: Scene) -> None:
    for network in scene.cast.everybody:
        await network.join(scene.admin)
    listed = await scene.admin.call("GET", "/partners")
    states = {entry["name"]: entry["state"] for entry in listed}
    for network in scene.cast.everybody:
        if states.get(network.name) != "CONNECTED":
            raise NotAsTold(f"the hub lists {network.name} as {states.get(network.name)}, not CONNECTED")
    for site in scene.cast.sites:
        host = site.host
        scene.out.held(f"{host.name} ({host.protocol} CPO {host.party}): {len(site.operator.points)} EVSEs")
    for home in scene.cast.homes:
        scene.out.held(f"{home.name} ({home.protocol} eMSP {home.party})")


async def _stations(scene: Scene) -> None:
    for site in scene.cast.sites:
        await site.host.offer(site.operator)
    wanted = {bare(point.evse_id) for site in scene.cast.sites for point in site.operator.points}
    for home in scene.cast.homes:
        if home.sees_stations:
            await _sees(home, wanted)
            scene.out.held(f"{home.name} ({home.protocol}) knows all {len(wanted)} EVSEs")
    for home in scene.cast.homes:
        if not home.sees_stations:
            scene.out.tell(f"{home.name} is told of none: {home.protocol} has no station data.")


async def _sees(home: Home, wanted: set[str], patience_s: float = 20.0) -> None:
    deadline = time.perf_counter() + patience_s
    while missing := wanted - await home.stations():
        if time.perf_counter() > deadline:
            raise NotAsTold(f"{home.name} does not know of {sorted(missing)}")
        await asyncio.sleep(0.1)


async def _cards(scene: Scene) -> None:
    for home in scene.cast.homes:
        asked = [
            card(home.party, ALLOWED),
            card(home.party, BLOCKED, blocked=True),
            card(home.party, SILENT, silent=True),
        ]
        await home.hand_out(asked if home.is_asked else asked[:2])
        ways = ["answers for its cards when it is asked"] if home.is_asked else []
        if home.lists_cards:
            await home.hand_out([card(home.party, LISTED)], listed=True)
            ways.append("lists cards that others may accept without asking")
        scene.out.held(f"{home.name} ({home.protocol}) {' and '.join(ways)}")


async def _outages(scene: Scene) -> None:
    scene.later += await outages(scene.grid, scene.admin, scene.out)


async def _balance(scene: Scene) -> None:
    """Each CDR once at the right home, and nowhere else; then the tables."""
    await asyncio.sleep(LINGERS_S)
    trips = scene.grid.trips + scene.later
    for home in scene.cast.homes:
        await check_once(home, scene.cast.homes, [trip.visit for trip in trips if trip.home is home])
    settled = {entry["state"] for entry in await scene.admin.cdrs()}
    if not settled <= set(SETTLED):
        raise NotAsTold(f"the hub still holds CDRs that are {sorted(settled)}")
    scene.out.held(f"{len(trips)} charge detail records, each exactly once at its home network, amounts exact")
    scene.out.table("What it took", COLUMNS, rows(scene.grid))
    scene.out.table("What works, between whom", *marks(scene.grid))
