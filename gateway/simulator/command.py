"""`chargesphere simulate`: one simulated network against a running hub, until Ctrl-C."""

import asyncio
import json
from pathlib import Path

import click

from core.errors import Invalid
from core.model.ids import PartyId
from gateway.lifecycle import stopping
from gateway.simulator.access import Admin, HubAccess
from gateway.simulator.cast import OCPI_PRICE, OICP_PRICE, card, invented, join_ocpi, join_oicp
from gateway.simulator.drivers import cdrs_of
from gateway.simulator.network import Network, NotAsTold, Received
from gateway.simulator.ocpi import OcpiNetwork, evse_statuses
from gateway.simulator.ocpi_objects import location
from gateway.simulator.oicp import OicpNetwork

EVERY_S = 10.0
_STATUSES = {"ocpi": ("CHARGING", "AVAILABLE"), "oicp": ("Occupied", "Available")}


@click.command()
@click.argument("protocol", type=click.Choice(("ocpi", "oicp")))
@click.argument("role", type=click.Choice(("cpo", "emsp"), case_sensitive=False))
@click.option("--hub", help="Base URL of the hub, for example http://127.0.0.1:8080.")
@click.option("--admin-key", envvar="CHARGESPHERE_ADMIN_KEY", help="The admin key (or CHARGESPHERE_ADMIN_KEY).")
@click.option("--state", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="State file of `up`.")
@click.option("--party", default="NL*SIM", show_default=True, help="Country and party id of the network.")
@click.option("--name", default="Simulated network", show_default=True, help="Its name.")
@click.option("--stations", default=3, show_default=True, type=click.IntRange(1, 1000), help="Stations of a CPO.")
@click.option("--cards", default=3, show_default=True, type=click.IntRange(1, 1000), help="Cards of an eMSP.")
def simulate(
    protocol: str,
    role: str,
    hub: str | None,
    admin_key: str | None,
    state: Path | None,
    party: str,
    name: str,
    stations: int,
    cards: int,
) -> None:
    """Join a simulated network to a running hub, over the wire, and let it live until Ctrl-C.

    A CPO offers its stations and changes a status now and then. An eMSP hands out cards (the last one is blocked),
    answers for them, and prints the CDRs that it gets.

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
        network = _network(protocol, role.upper(), name, parsed, base_url)
        asyncio.run(_live(network, HubAccess(base_url=base_url, admin_key=key), stations, cards))
    except (Invalid, NotAsTold) as error:
        raise click.ClickException(str(error)) from error


def _network(protocol: str, role: str, name: str, party: PartyId, hub_url: str) -> OcpiNetwork | OicpNetwork:
    if protocol == "ocpi":
        return OcpiNetwork(name, party, role, hub_url)
    return OicpNetwork(name, party, role, hub_url)


async def _live(network: OcpiNetwork | OicpNetwork, hub: HubAccess, stations: int, cards: int) -> None:
    ended = stopping()
    network.told = _print
    try:
        async with Admin(hub) as admin:
            if isinstance(network, OcpiNetwork):
                await join_ocpi(admin, network)
            else:
                await join_oicp(admin, network, OICP_PRICE if network.role == "CPO" else None)
        click.echo(f"{network.name} ({network.party}) has joined; it serves at {network.url}")
        if network.role == "CPO":
            await _operate(network, stations, ended)
        else:
            await _issue(network, cards)
            await ended.wait()
            click.echo(f"{sum(map(len, cdrs_of(network).values()))} CDRs received")
    finally:
        await network.close()


async def _operate(network: OcpiNetwork | OicpNetwork, stations: int, ended: asyncio.Event) -> None:
    operator = invented(network.party, network.name, stations)
    if isinstance(network, OcpiNetwork):
        await network.put_tariff(OCPI_PRICE.tariff(network.party.country_code, network.party.party_id, network.now()))
        for station in operator.stations:
            await network.put_location(location(station, tariff_id=OCPI_PRICE.tariff_id))
    else:
        await network.push_evse_data(operator)
        await network.push_evse_status({point.evse_id: "Available" for point in operator.points}, "fullLoad")
    click.echo(f"{len(operator.points)} EVSEs at {len(operator.stations)} stations were told to the hub")
    turn = 0
    while not ended.is_set():
        try:
            async with asyncio.timeout(EVERY_S):
                await ended.wait()
        except TimeoutError:
            point = operator.points[turn // 2 % len(operator.points)]
            if isinstance(network, OcpiNetwork):
                status = _STATUSES["ocpi"][turn % 2]
                await network.patch_evse(point.station_id, point.evse_id, status)
            else:
                status = _STATUSES["oicp"][turn % 2]
                await network.push_evse_status({point.evse_id: status})
            click.echo(f"{point.evse_id} is {status}")
            turn += 1


async def _issue(network: OcpiNetwork | OicpNetwork, cards: int) -> None:
    if isinstance(network, OcpiNetwork):
        seen = len(evse_statuses(await network.pull("locations")))
    else:
        seen = len(await network.pull_evse_data())
    click.echo(f"{seen} EVSEs of other networks can be used")
    for number in range(1, cards + 1):
        held = card(network.party, number, blocked=number == cards > 1)
        network.cards[held.uid] = held
        if isinstance(network, OcpiNetwork):
            await network.put_token(network.token_of(held, network.now()))
        click.echo(f"card {held.uid}, contract {held.contract_id}{', blocked' if held.blocked else ''}")


def _print(network: Network, call: Received) -> None:
    click.echo(f"{call.method} {call.path} -> {call.status}, {call.answered_s * 1000:.1f} ms")
