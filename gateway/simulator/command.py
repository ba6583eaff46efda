"""`chargesphere simulate`: one simulated network against a running hub, until Ctrl-C."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import click
from msgspec.structs import replace

from core.errors import Invalid
from core.model.ids import PartyId
from gateway.lifecycle import stopping
from gateway.simulator.access import Admin, HubAccess
from gateway.simulator.cast import HOMES, HOSTS, card, invented
from gateway.simulator.faults import SLOW_S, Fault
from gateway.simulator.network import Card, Network, NotAsTold, Received
from gateway.simulator.ocpi.network import OcpiNetwork
from gateway.simulator.ocpi.versions import VERSIONS
from gateway.simulator.roles import Home, Host, Live, Refusal

EVERY_S = 10.0
RESERVED_MIN = 15


@click.command()
@click.argument("protocol", type=click.Choice(tuple(HOSTS)))
@click.argument("role", type=click.Choice(("cpo", "emsp"), case_sensitive=False))
@click.option("--hub", help="Base URL of the hub, for example http://127.0.0.1:8080.")
@click.option("--admin-key", envvar="CHARGESPHERE_ADMIN_KEY", help="The admin key (or CHARGESPHERE_ADMIN_KEY).")
@click.option("--state", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="State file of `up`.")
@click.option("--party", default="NL*SIM", show_default=True, help="Country and party id of the network.")
@click.option("--name", default="Simulated network", show_default=True, help="Its name.")
@click.option("--stations", default=3, show_default=True, type=click.IntRange(1, 1000), help="Stations of a CPO.")
@click.option("--cards", default=3, show_default=True, type=click.IntRange(1, 1000), help="Cards of an eMSP.")
@click.option(
    "--version",
    default=None,
    type=click.Choice(tuple(VERSIONS)),
    help="The version of OCPI that it speaks; 2.3.0 unless said.",
)
@click.option("--reserve", metavar="EVSE_ID", help="An eMSP reserves this EVSE, and gives it back after a while.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    type=click.Choice([fault.value for fault in Fault]),
    help="What is wrong with it from the moment that it has joined; may be given several times.",
)
@click.option("--slow-s", default=SLOW_S, show_default=True, help="How long it thinks with --fault slow.")
def simulate(
    *,
    protocol: str,
    role: str,
    hub: str | None,
    admin_key: str | None,
    state: Path | None,
    party: str,
    name: str,
    stations: int,
    cards: int,
    version: str | None,
    reserve: str | None,
    faults: tuple[str, ...],
    slow_s: float,
) -> None:
    """Join a simulated network to a running hub, over the wire, and let it live until Ctrl-C.

    A CPO offers its stations, changes a status now and then, and takes remote starts and reservations. An eMSP hands
    out cards (the last one is blocked), answers for them, and prints the CDRs that it gets.

    \b
    chargesphere up --state hub.json &
    chargesphere simulate ocpi cpo --state hub.json --party NL*AAA
    """
    known = json.loads(state.read_text(encoding="utf-8")) if state else {}
    base_url, key = hub or known.get("base_url"), admin_key or known.get("admin_key")
    if not base_url or not key:
        raise click.UsageError("say which hub: --hub and --admin-key, or --state FILE")
    try:
        parsed = PartyId.parse(party, "--party")
        access = HubAccess(base_url=base_url, admin_key=key)
        if role.lower() == "cpo":
            kind = HOSTS[protocol]
            host = kind.make(name, parsed, base_url, kind.price)
            _speak(host, version)
            wrong = _wrong(host, faults, slow_s)
            asyncio.run(_operate(host, access, stations, wrong))
        else:
            home = HOMES[protocol](name, parsed, base_url)
            _speak(home, version)
            wrong = _wrong(home, faults, slow_s)
            asyncio.run(_issue(home, access, cards, reserve, wrong))
    except (Invalid, NotAsTold) as error:
        raise click.ClickException(str(error)) from error


def _speak(network: Network, version: str | None) -> None:
    """Raises UsageError where there is nothing to choose."""
    if version is None:
        return
    if not isinstance(network, OcpiNetwork):
        raise click.UsageError("--version: only networks of OCPI speak several")
    network.speak(version)


def _wrong(network: Network, faults: tuple[str, ...], slow_s: float) -> tuple[Fault, ...]:
    """Raises UsageError for what such a network cannot have."""
    network.slow_s = slow_s
    wanted = tuple(Fault(fault) for fault in faults)
    if foreign := [fault for fault in wanted if fault not in network.possible_faults]:
        possible = ", ".join(sorted(network.possible_faults))
        raise click.UsageError(f"--fault {foreign[0]}: such a network can have {possible}")
    return wanted


async def _operate(host: Host, hub: HubAccess, stations: int, faults: tuple[Fault, ...]) -> None:
    """Offers its stations, and changes a status now and then."""
    operator = invented(host.party, host.name, stations)
    async with _joined(host, hub) as ended:
        await host.offer(operator)
        click.echo(f"{len(operator.points)} EVSEs at {len(operator.stations)} stations were told to the hub")
        await host.become(*faults)
        for point in itertools.cycle(operator.points):
            for live in (Live.CHARGING, Live.FREE):
                if await _over(ended):
                    return
                await host.show(point, live)
                click.echo(f"{point.evse_id} is {live}")


async def _issue(home: Home, hub: HubAccess, cards: int, reserve: str | None, faults: tuple[Fault, ...]) -> None:
    """Hands out cards, answers for them, and says which CDRs came."""
    async with _joined(home, hub) as ended:
        await home.catch_up()
        if home.sees_stations:
            click.echo(f"{len(await home.stations())} EVSEs of other networks can be used")
        held = [card(home.party, number, blocked=number == cards > 1) for number in range(1, cards + 1)]
        await home.hand_out(held)
        for one in held:
            click.echo(f"card {one.uid}, contract {one.contract_id}{', blocked' if one.blocked else ''}")
        await home.become(*faults)
        if reserve and await _reserved(home, held[0], reserve, ended):
            return
        told: set[str] = set()
        while not await _over(ended):
            bills = await home.bills()
            for key in bills.keys() - told:
                click.echo(f"CDR of {key}: {bills[key][0].energy_kwh} kWh")
            told |= bills.keys()
        click.echo(f"{len(told)} CDRs received")


async def _reserved(home: Home, held: Card, evse_id: str, ended: asyncio.Event) -> bool:
    """Reserves, waits, gives back. Whether it has ended meanwhile."""
    point = replace(invented(home.party, home.name, 1).points[0], evse_id=evse_id)
    try:
        reservation = await home.reserve(held, point, RESERVED_MIN)
        click.echo(f"{evse_id} is reserved for {RESERVED_MIN} minutes: {reservation}")
        over = await _over(ended)
        await home.give_back(reservation)
        click.echo(f"{evse_id} is given back")
    except Refusal as error:
        click.echo(f"{evse_id}: {error}")
        over = False
    return over


@asynccontextmanager
async def _joined(network: Host | Home, hub: HubAccess) -> AsyncIterator[asyncio.Event]:
    """Gives what is set when it shall end."""
    ended = stopping()
    network.told = _print
    try:
        async with Admin(hub) as admin:
            await network.join(admin)
            click.echo(f"{network.name} ({network.party}) has joined; it serves at {network.url}")
            yield ended
    finally:
        await network.close()


async def _over(ended: asyncio.Event) -> bool:
    """Whether it has ended, after a while."""
    with suppress(TimeoutError):
        async with asyncio.timeout(EVERY_S):
            await ended.wait()
    return ended.is_set()


def _print(network: Network, call: Received) -> None:
    click.echo(f"{call.method} {call.path} -> {call.status}, {call.answered_s * 1000:.1f} ms")
