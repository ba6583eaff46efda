"""Two gateways on the same servers: what came by one is not undone by what came by the other."""

import asyncio
import contextlib
import copy
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from msgspec.structs import replace
from pymongo import AsyncMongoClient

from gateway.simulator.access import Admin
from gateway.simulator.cast import LEIPZIG, invented
from gateway.simulator.network import NotAsTold, bare
from gateway.simulator.ocpi.host import OcpiHost
from gateway.simulator.oicp.host import OicpHost
from gateway.simulator.oicp.objects import push_evse_data
from gateway.simulator.stations import Operator, Point, Station
from tests.e2e.hub_fixture import HubProcess, Town, town
from tests.e2e.second_gateway import Gateway, second_gateway
from tests.e2e.test_kill import Drive, arrived_once

pytestmark = pytest.mark.server

ROUNDS = 3


@pytest_asyncio.fixture(scope="module")
async def other(hub: HubProcess) -> AsyncIterator[Gateway]:
    async with second_gateway(hub) as found:
        yield found


@pytest_asyncio.fixture(scope="module")
async def networks(hub: HubProcess) -> AsyncIterator[Town]:
    async with town(hub) as found:
        yield found


def oicp_by(network: OicpHost, gateway: Gateway) -> OicpHost:
    """The same network, as it talks to that gateway."""
    found = copy.copy(network)
    found._base = gateway.base_url
    return found


def ocpi_by(network: OcpiHost, gateway: Gateway) -> OcpiHost:
    found = copy.copy(network)
    found._endpoints = {
        name: url.replace(network.hub_url, gateway.base_url) for name, url in network._endpoints.items()
    }
    return found


async def insert(network: OicpHost, point: Point) -> None:
    operator = Operator(network.party, network.name, (Station(point.station_id, (point,)),))
    await network._acknowledged(
        f"evsepush/v23/{network.operators}/data-records", push_evse_data(operator, action="insert")
    )


async def shown(networks: Town) -> dict[str, dict[str, str]]:
    """By location: what an eMSP sees of its EVSEs."""
    return {
        place["id"]: {bare(evse["uid"]): evse["status"] for evse in place["evses"]}
        for place in await networks.ocpi_emsp.pull("locations")
    }


@pytest.mark.spec("OICP-EVSE-10", "OICP-STAT-02")
async def test_evses_of_one_station_by_both(networks: Town, other: Gateway) -> None:
    """Each gateway wrote the station as it had read it, without the EVSE that came by the other meanwhile."""
    both = [networks.oicp_cpo, oicp_by(networks.oicp_cpo, other)]
    first = networks.oicp_operator.points[0]
    points = [replace(first, evse_id=f"{first.evse_id}*{number}") for number in range(12)]
    live = asyncio.gather(
        *(network.push_evse_status({first.evse_id: status}) for network in both for status in ("Occupied", "Reserved"))
    )
    await asyncio.gather(*(insert(both[number % 2], point) for number, point in enumerate(points)))
    await live
    await both[0].push_evse_status({first.evse_id: "OutOfService"})
    [found] = [evses for evses in (await shown(networks)).values() if bare(first.evse_id) in evses]
    assert {bare(point.evse_id) for point in points} <= found.keys()
    assert found[bare(first.evse_id)] == "OUTOFORDER"


async def test_patches_of_one_location_by_both(networks: Town, other: Gateway) -> None:
    both = [networks.ocpi_cpo, ocpi_by(networks.ocpi_cpo, other)]
    place = networks.ocpi_operator.stations[0].id
    for round_ in range(ROUNDS):
        at = networks.ocpi_cpo.now()
        told = {name: f"{name} {round_}" for name in ("name", "address", "city", "state")} | {
            "postal_code": f"{round_}"
        }
        await asyncio.gather(
            *(
                both[number % 2]._push("PATCH", "locations", place, {name: value, "last_updated": at})
                for number, (name, value) in enumerate(told.items())
            )
        )
        [found] = [x for x in await networks.ocpi_emsp.pull("locations") if x["id"] == place]
        assert {name: found[name] for name in told} == told


async def test_one_cdr_by_both(networks: Town, other: Gateway, admin: Admin) -> None:
    drives = [Drive(home, networks.ocpi_cpo, networks.ocpi_operator.points[2]) for home in networks.homes]
    for drive in drives:
        await drive.authorise()
        again = copy.copy(drive.charging)
        again._host = ocpi_by(networks.ocpi_cpo, other)  # type: ignore[attr-defined]
        done = await asyncio.gather(drive.charging.bill(), again.bill(), return_exceptions=True)
        assert None in done
        assert not [x for x in done if x is not None and not isinstance(x, NotAsTold)]
    await arrived_once(networks, admin, drives)


@pytest.mark.spec("OICP-EVSE-10", "OICP-OPS-07")
async def test_a_gateway_killed_in_a_large_full_load(hub: HubProcess, networks: Town, other: Gateway) -> None:
    """The load counts from the moment when all of it is staged. The next process that starts carries the rest out, and
    a status that was taken before it did is there afterwards."""
    large = invented(networks.oicp_cpo.party, networks.oicp_cpo.name, 700, LEIPZIG)
    all_of_it = {bare(point.evse_id) for point in large.points}

    async def of_operator() -> set[str]:
        return {evse for evse in await networks.oicp_emp.stations() if evse.startswith(large.party.key)}

    before, network = await of_operator(), oicp_by(networks.oicp_cpo, other)
    loading = asyncio.create_task(network.push_evse_data(large))
    async with AsyncMongoClient[dict[str, object]](hub.state["mongodb_url"]) as client:
        pushes = client.get_database("chargesphere")["pushes"]
        async with asyncio.timeout(30):
            while not loading.done() and not await pushes.count_documents({}):  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        other.kill()
        with contextlib.suppress(NotAsTold):
            await loading
        assert await pushes.count_documents({}) == 1
        seen = await of_operator()
        assert seen in (before, all_of_it), (len(before), len(seen))
        await networks.oicp_cpo.push_evse_status({large.points[0].evse_id: "Occupied"})
        async with second_gateway(hub):
            assert await pushes.count_documents({}) == 0
    assert await of_operator() == all_of_it
    found = {uid: status for evses in (await shown(networks)).values() for uid, status in evses.items()}
    assert all_of_it <= found.keys()
    assert found[bare(large.points[0].evse_id)] == "CHARGING"
