"""The roaming story: four networks of two protocols meet in the hub, and their drivers charge across."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.simulator.access import Admin, HubAccess
from gateway.simulator.cast import OCPI_PRICE, OICP_PRICE, Cast, card, cast, join_ocpi, join_oicp
from gateway.simulator.network import NotAsTold, bare
from gateway.simulator.ocpi_objects import location
from gateway.simulator.outage import outages
from gateway.simulator.pairs import COLUMNS, Trip, four_pairs
from gateway.simulator.replay import play_data_set
from gateway.simulator.transcript import Transcript

__all__ = ["HubAccess", "Scene", "play"]

ALLOWED, BLOCKED, UPLOADED = 1, 2, 3
"""Numbers of the cards that each home network hands out."""


class Scene:
    """What every chapter needs: the hub, the networks, the transcript, and the trips that it adds to the table."""

    def __init__(self, admin: Admin, networks: Cast, out: Transcript) -> None:
        self.admin = admin
        self.cast = networks
        self.out = out
        self.trips: list[Trip] = []


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
    return [
        ("Four networks join", lambda: _join(scene)),
        ("Stations cross the border", lambda: _stations(scene)),
        ("Cards are handed out", lambda: _cards(scene)),
        ("Drivers charge across", lambda: _charge(scene)),
        ("Networks are switched off, and come back", lambda: _outages(scene)),
        ("Nothing twice, nothing lost", lambda: _balance(scene)),
    ]


async def _join(scene: Scene) -> None:
    networks, out = scene.cast, scene.out
    for network in (networks.ocpi_cpo, networks.ocpi_emsp):
        await join_ocpi(scene.admin, network)
        out.held(f"{network.name} ({network.role} {network.party}) registered by the OCPI credentials handshake")
    await join_oicp(scene.admin, networks.oicp_cpo, OICP_PRICE)
    out.held(
        f"{networks.oicp_cpo.name} (CPO {networks.oicp_cpo.party}) speaks OICP, and agreed on "
        f"{OICP_PRICE.per_kwh} EUR/kWh, which its records cannot carry"
    )
    await join_oicp(scene.admin, networks.oicp_emp)
    out.held(f"{networks.oicp_emp.name} (EMP {networks.oicp_emp.party}) speaks OICP, and answers for its cards online")
    listed = await scene.admin.call("GET", "/partners")
    states = {entry["name"]: entry["state"] for entry in listed}
    for member in networks.everybody:
        if states.get(member.name) != "CONNECTED":
            raise NotAsTold(f"the hub lists {member.name} as {states.get(member.name)}, not CONNECTED")


async def _stations(scene: Scene) -> None:
    networks, out = scene.cast, scene.out
    cpo, emsp, emp = networks.ocpi_cpo, networks.ocpi_emsp, networks.oicp_emp
    await cpo.put_tariff(OCPI_PRICE.tariff(cpo.party.country_code, cpo.party.party_id, cpo.now()))
    for station in networks.ocpi_operator.stations:
        await cpo.put_location(location(station, tariff_id=OCPI_PRICE.tariff_id))
    out.tell(
        f"{cpo.name} puts {len(networks.ocpi_operator.stations)} locations and its tariff, {OCPI_PRICE.tariff_id}."
    )
    points = networks.oicp_operator.points
    await networks.oicp_cpo.push_evse_data(networks.oicp_operator)
    await networks.oicp_cpo.push_evse_status({point.evse_id: "Available" for point in points}, "fullLoad")
    out.tell(f"{networks.oicp_cpo.name} pushes {len(points)} EVSE records and their statuses.")

    wanted = {bare(point.evse_id) for point in (*networks.ocpi_operator.points, *points)}
    await emsp.until(lambda: wanted <= emsp.statuses().keys(), "the arrival of all EVSEs of both operators")
    out.held(f"{emsp.name} was told of all {len(wanted)} EVSEs, as OCPI Locations")
    await emsp.until(lambda: bool(emsp.theirs["tariffs"]), "the arrival of the tariff")
    pulled = {bare(record["EvseID"]): record for record in await emp.pull_evse_data()}
    if missing := wanted - pulled.keys():
        raise NotAsTold(f"{emp.name} pulled EVSE data without {sorted(missing)}")
    out.held(f"{emp.name} pulled all {len(wanted)} EVSEs, as OICP records")


async def _cards(scene: Scene) -> None:
    networks, out = scene.cast, scene.out
    emsp, emp, cpo = networks.ocpi_emsp, networks.oicp_emp, networks.ocpi_cpo
    for number, blocked in ((ALLOWED, False), (BLOCKED, True)):
        for home in networks.homes:
            held = card(home.party, number, blocked=blocked)
            home.cards[held.uid] = held
        held = card(emsp.party, number, blocked=blocked)
        await emsp.put_token(emsp.token_of(held, emsp.now()))
    await cpo.until(
        lambda: {uid.upper() for uid in emsp.cards} <= {key.split("/")[-1] for key in cpo.theirs["tokens"]},
        f"the arrival of {emsp.name}'s tokens",
    )
    out.held(f"{emsp.name} put two tokens, one of them blocked; {cpo.name} received both")
    await emp.push_authentication_data([card(emp.party, UPLOADED)])
    await cpo.until(lambda: cpo.whitelisted(card(emp.party, UPLOADED).uid) is not None, "the arrival of the card")
    out.held(f"{emp.name} uploaded one card, which others may accept without asking; for two it answers online")


async def _charge(scene: Scene) -> None:
    scene.trips += await four_pairs(scene.cast, scene.admin, scene.out, allowed=ALLOWED, blocked=BLOCKED)


async def _outages(scene: Scene) -> None:
    scene.trips += await outages(scene.cast, scene.admin, scene.out, allowed=ALLOWED, uploaded=UPLOADED)


async def _balance(scene: Scene) -> None:
    """Each CDR once at the right home, and nowhere else; then the table."""
    await asyncio.sleep(1)  # whatever would come twice has the time to
    for trip in scene.trips:
        trip.check_once(scene.cast.homes)
    settled = {entry["state"] for entry in await scene.admin.cdrs()}
    if not settled <= {"DELIVERED", "FETCHABLE"}:
        raise NotAsTold(f"the hub still holds CDRs that are {sorted(settled)}")
    scene.out.held(f"{len(scene.trips)} charge detail records, each exactly once at its home network, amounts exact")
    scene.out.table("What it took", COLUMNS, [trip.row() for trip in scene.trips])
