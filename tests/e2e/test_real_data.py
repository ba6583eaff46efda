"""Real stations and sessions through the wire, into a hub that the command line started."""

import asyncio
import io
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.simulator.access import Admin, HubAccess
from gateway.simulator.cast import HOSTS, cast
from gateway.simulator.replay import play_data_set
from gateway.simulator.roles import Home
from gateway.simulator.transcript import Transcript

DATA = Path(__file__).parents[2].parent / "shared" / "data"
POINTS, SESSIONS = 2000, 40
READY_S, PLAYED_S = 90, 240

pytestmark = [
    pytest.mark.server,
    pytest.mark.timeout(READY_S + PLAYED_S + 30),
    pytest.mark.skipif(
        not (DATA / "irve-static.jsonl.gz").exists(),
        reason="the data set (../shared/data, see the README) is not on this machine; no part of it is in the project",
    ),
]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[HubAccess]:
    """`chargesphere up` in a process of its own, ended by SIGINT."""
    state = tmp_path / "hub.json"
    arguments = ("-m", "gateway.cli", "up", "--ephemeral", "--port", "0", "--state", str(state))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    assert process.stdout
    try:
        async with asyncio.timeout(READY_S):
            ready = await process.stdout.readline()
        assert ready.startswith(b"ready: ")
        known = json.loads(state.read_text())
        yield HubAccess(base_url=known["base_url"], admin_key=known["admin_key"])
    finally:
        if process.returncode is None:
            os.kill(process.pid, signal.SIGINT)
        await process.wait()


async def all_stations(home: Home, wanted: int) -> int:
    """How many EVSEs it knows: what is pushed may come a while after the sessions."""
    while (known := len(await home.stations())) < wanted:  # noqa: ASYNC110 - what it fetches has no event
        await asyncio.sleep(0.5)
    return known


async def test_a_slice_of_the_data_set(hub: HubAccess) -> None:
    networks = cast(hub.base_url)
    stream = io.StringIO()
    try:
        async with Admin(hub) as admin, asyncio.timeout(PLAYED_S):
            for home in networks.homes:
                await home.join(admin)
            played = await play_data_set(
                admin, networks, DATA, Transcript(stream), hub.base_url, points=POINTS, sessions=SESSIONS
            )
            partners = await admin.call("GET", "/partners")
            seen = [await all_stations(home, played.points) for home in networks.homes if home.sees_stations]
            settled = await admin.cdrs()
    finally:
        await networks.close()
    assert (played.authorised, played.sessions, played.cdrs) == (SESSIONS, SESSIONS, SESSIONS), stream.getvalue()
    assert played.points >= POINTS
    hosts = [entry for entry in partners if entry["roles"][0]["role"] == "CPO"]
    assert {entry["protocol"] for entry in hosts} == set(HOSTS)
    assert {entry["state"] for entry in partners} == {"CONNECTED"}
    assert seen == [played.points] * 3
    assert len(settled) == SESSIONS
    assert {entry["state"] for entry in settled} == {"DELIVERED"}
    assert "no connector" in stream.getvalue()
