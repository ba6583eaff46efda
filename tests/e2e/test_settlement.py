"""A CDR on its way, on real Temporal: accepted whatever happens, waiting in plain sight, delivered once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from temporalio.client import Client

from gateway.simulator.access import Admin
from tests.e2e.hub_fixture import HubProcess, Town, town
from tests.e2e.test_admin import partner_of, reaches
from tests.e2e.test_kill import Drive, drives

pytestmark = pytest.mark.server


@pytest_asyncio.fixture(scope="module")
async def networks(hub: HubProcess) -> AsyncIterator[Town]:
    async with town(hub) as found:
        yield found


async def accepted(networks: Town) -> Drive:
    """A driver of the OCPI eMSP at the OCPI CPO has charged, and may be billed."""
    drive = drives(networks)[0]
    await drive.authorise()
    return drive


def path_of(networks: Town, drive: Drive) -> str:
    return f"/cdrs/{networks.ocpi_cpo.party.key}/{drive.visit.id}"


async def test_it_waits_for_an_emsp_that_is_away(hub: HubProcess, admin: Admin, networks: Town) -> None:
    """Shown as waiting, found in Temporal by its id, delivered once, and at once when the eMSP is heard of again."""
    emsp, cpo = networks.ocpi_emsp, networks.ocpi_cpo
    drive = await accepted(networks)
    path = path_of(networks, drive)
    await emsp.switch_off()
    await drive.charging.bill()
    entry = await reaches(admin, path, "WAITING")
    assert entry["attempts"] >= 1
    assert "POST CDR: All connection attempts failed" in entry["last_error"]
    client = await Client.connect(hub.state["temporal_address"])
    workflow = client.get_workflow_handle(f"cdr/{cpo.party.key}/{drive.visit.id.upper()}")
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
    await drive.arrives(admin, patience_s=8)
    await reaches(admin, path, "DELIVERED")
    assert await workflow.result() == "DELIVERED"
    assert len(await drive.bills()) == 1


async def test_it_is_accepted_while_temporal_is_away(hub: HubProcess, admin: Admin, networks: Town) -> None:
    """The relay starts its process later, from the event."""
    drive = await accepted(networks)
    killed = await hub.kill("temporal")
    await drive.charging.bill()
    await hub.recovered("temporal", killed)
    await drive.arrives(admin)
    await reaches(admin, path_of(networks, drive), "DELIVERED")
    assert len(await drive.bills()) == 1
