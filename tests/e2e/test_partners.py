"""Partners of a running hub: looked at by the command line, asked when they are silent, there after a crash."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio

from gateway.simulator.access import Admin
from gateway.simulator.faults import Fault
from tests.e2e.hub_fixture import BARE, HubProcess, Town, chargesphere, town

pytestmark = pytest.mark.server
SILENCE_S = 1.0


@pytest.fixture(scope="module")
def attentive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """A hub that asks after a second of silence."""
    hub = HubProcess(tmp_path_factory.mktemp("hub"), "--ephemeral", silence_s=str(SILENCE_S))
    hub.start()
    yield hub
    assert hub.end(signal.SIGTERM) == 0, hub.said()


@pytest_asyncio.fixture(scope="module")
async def networks(attentive: HubProcess) -> AsyncIterator[Town]:
    async with town(attentive) as found:
        yield found


async def state_of(hub: HubProcess, name: str) -> dict[str, Any]:
    async with Admin(hub.access) as admin:
        return next(one for one in await admin.call("GET", "/partners") if one["name"] == name)


async def becomes(hub: HubProcess, name: str, state: str) -> None:
    async with asyncio.timeout(30):
        while (await state_of(hub, name))["state"] != state:  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def run(hub: HubProcess, *arguments: str) -> tuple[int, str, str]:
    command = chargesphere("partner", *arguments, "--state", str(hub.state_file))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe, env=BARE)
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_check_says_what_is_wrong_and_how_it_ends(attentive: HubProcess, networks: Town) -> None:
    for network in (networks.ocpi_cpo, networks.ocpi_emsp):
        partner = (await state_of(attentive, network.name))["id"]
        code, out, err = await run(attentive, "check", partner)
        assert (code, err) == (0, ""), out
        assert out.splitlines()[-1] == "PASSED: 0 broken MUST, 0 other remarks"
        await network.become(Fault.WRONG_TOKEN)
        code, out, err = await run(attentive, "check", partner, "--json")
        await network.become()
        assert (code, json.loads(out)["passed"], err) == (1, False, "")
    code, out, err = await run(attentive, "check", (await state_of(attentive, networks.oicp_cpo.name))["id"])
    assert (code, out) == (1, "")
    assert "OICP has nothing to read" in err


@pytest.mark.spec("OCPI-HCI-10", "OCPI-HCI-12")
async def test_a_silent_partner_is_asked_by_whatever_worker_there_is(attentive: HubProcess, networks: Town) -> None:
    host = networks.ocpi_cpo
    await becomes(attentive, host.name, "CONNECTED")
    await host.switch_off()
    await becomes(attentive, host.name, "OFFLINE")
    killed = await attentive.kill("worker")
    await attentive.recovered("worker", killed)
    await host.switch_on()
    await becomes(attentive, host.name, "CONNECTED")
    seen = await state_of(attentive, host.name)
    assert seen["last_seen_at"] is not None
    await asyncio.sleep(4 * SILENCE_S)
    assert (await state_of(attentive, host.name))["silent"] is False, "it is asked again and again, and answers"


@pytest.mark.spec("OCPI-CRD-42")
@pytest.mark.parametrize("victim", ["serve", "mongod"])
async def test_registrations_survive(attentive: HubProcess, networks: Town, victim: str) -> None:
    before = [station["id"] for station in await networks.ocpi_emsp.pull("locations")]
    assert before
    killed = await attentive.kill(victim)
    await attentive.recovered(victim, killed)
    assert [station["id"] for station in await networks.ocpi_emsp.pull("locations")] == before
    partner = await state_of(attentive, networks.ocpi_emsp.name)
    assert partner["version"] == "2.3.0"
    assert partner["settings"]["endpoints"]
