"""A CDR on its way, on real Temporal: accepted whatever happens, waiting in plain sight, delivered once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client

from gateway.simulator.access import Admin
from gateway.simulator.cast import Cast
from gateway.simulator.drivers import Charging, cdrs_of, check_cdr
from tests.e2e.hub_fixture import HubProcess, town, until
from tests.e2e.test_admin import partner_of, reaches
from tests.e2e.test_kill import pairs

pytestmark = pytest.mark.server


@pytest_asyncio.fixture(scope="module")
async def networks(hub: HubProcess) -> AsyncIterator[Cast]:
    async with town(hub) as found:
        yield found


async def accepted(networks: Cast) -> Charging:
    """A driver of the OCPI eMSP at the OCPI CPO has charged, and may be billed."""
    _, trip = pairs(networks)[0]
    assert await trip.authorise(), trip.why
    return trip


def path_of(networks: Cast, trip: Charging) -> str:
    return f"/cdrs/{networks.ocpi_cpo.party.key}/{trip.visit.id}"


async def test_it_waits_for_an_emsp_that_is_away(hub: HubProcess, admin: Admin, networks: Cast) -> None:
    """Shown as waiting, found in Temporal by its id, delivered once, and at once when the eMSP is heard of again."""
    emsp, cpo = networks.ocpi_emsp, networks.ocpi_cpo
    trip = await accepted(networks)
    path = path_of(networks, trip)
    await emsp.switch_off()
    await trip.bill()
    entry = await reaches(admin, path, "WAITING")
    assert entry["attempts"] >= 1
    assert emsp.url in entry["last_error"]
    client = await Client.connect(hub.state["temporal_address"])
    workflow = client.get_workflow_handle(f"cdr/{cpo.party.key}/{trip.visit.id.upper()}")
    assert await workflow.query("state") == "WAITING"

    point = networks.ocpi_operator.points[3]
    await cpo.patch_evse(point.station_id, point.evse_id, "OUTOFORDER")  # a push that fails: now it is known to be away
    async with asyncio.timeout(20):
        while (await partner_of(admin, emsp.name))["state"] != "OFFLINE":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    async with asyncio.timeout(60):
        while (await admin.call("GET", path))["attempts"] < 4:  # noqa: ASYNC110 - the next wait is eight times the first
            await asyncio.sleep(0.1)
    await emsp.switch_on()
    await emsp.pull("locations")
    took = await emsp.until(lambda: bool(cdrs_of(emsp).get(trip.visit.key)), "the CDR")
    assert took < 8
    check_cdr(cdrs_of(emsp)[trip.visit.key][0], trip, trip._price)
    await reaches(admin, path, "DELIVERED")
    assert await workflow.result() == "DELIVERED"
    assert len(cdrs_of(emsp)[trip.visit.key]) == 1


async def test_it_is_accepted_while_temporal_is_away(hub: HubProcess, admin: Admin, networks: Cast) -> None:
    """The relay starts its process later, from the event."""
    trip = await accepted(networks)
    killed = await hub.kill("temporal")
    await trip.bill()
    await hub.recovered("temporal", killed)
    await until(lambda: cdrs_of(networks.ocpi_emsp).get(trip.visit.key), "the CDR arrives")
    await reaches(admin, path_of(networks, trip), "DELIVERED")
    assert len(cdrs_of(networks.ocpi_emsp)[trip.visit.key]) == 1
