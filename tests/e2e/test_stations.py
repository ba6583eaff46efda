"""Stations of an operator whose protocol cannot say them, handed in at the admin API and on the command line."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.e2e.hub_fixture import BARE, HubProcess, chargesphere

pytestmark = pytest.mark.server


def station(location_id: str, evse_id: str, **changes: Any) -> dict[str, Any]:
    at = "2026-01-01T00:00:00Z"
    connector = {
        "id": "1",
        "standard": "IEC_62196_T2",
        "format": "SOCKET",
        "power_type": "AC_3_PHASE",
        "max_voltage": 230,
        "max_amperage": 32,
        "last_updated": at,
    }
    evse = {"uid": evse_id, "evse_id": evse_id, "status": "UNKNOWN", "connectors": [connector], "last_updated": at}
    return {
        "country_code": "FR",
        "party_id": "HDI",
        "id": location_id,
        "publish": True,
        "address": "Rue de la Gare 1",
        "city": "Lyon",
        "country": "FRA",
        "coordinates": {"latitude": "45.75781", "longitude": "4.83201"},
        "time_zone": "Europe/Paris",
        "evses": [evse],
        "last_updated": at,
        **changes,
    }


def document(protocol: str, party_id: str) -> dict[str, Any]:
    role = {"role": "CPO", "country_code": "FR", "party_id": party_id}
    return {"name": f"{protocol} {party_id}", "protocol": protocol, "roles": [role]}


@pytest_asyncio.fixture
async def web(hub: HubProcess) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {hub.state['admin_key']}"}
    base_url = f"{hub.base_url}/admin/api"
    async with httpx.AsyncClient(base_url=base_url, headers=headers, trust_env=False, timeout=20) as client:
        yield client


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(chargesphere(*arguments), capture_output=True, text=True, env=BARE, timeout=60, check=False)


async def added(web: httpx.AsyncClient, protocol: str, party_id: str) -> str:
    answer = await web.post("/partners", json=document(protocol, party_id))
    assert answer.status_code == 201, answer.text
    partner_id: str = answer.json()["id"]
    return partner_id


async def test_a_list_is_the_operators_whole_word(hub: HubProcess, web: httpx.AsyncClient, tmp_path: Path) -> None:
    partner_id = await added(web, "emip", "HDI")
    listed = [station("P1", "FR*HDI*E1"), station("P2", "FR*HDI*E2")]
    answer = await web.put(f"/partners/{partner_id}/locations", json=listed)
    assert (answer.status_code, answer.json()) == (200, {"added": 2, "changed": 0, "unchanged": 0, "removed": 0})

    answer = await web.put(f"/partners/{partner_id}/locations", json=[*listed, station("P3", "FR*HDI*E3", id=5)])
    assert (answer.status_code, answer.json()["error"]["path"]) == (400, "$[2].id")

    file = tmp_path / "stations.json"
    file.write_text(json.dumps(listed[:1]))
    command = ("partner", "locations", partner_id, str(file), "--json", "--state", str(hub.state_file))
    done = await asyncio.to_thread(run, *command)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"added": 0, "changed": 0, "unchanged": 1, "removed": 1}

    file.write_text("{}")
    done = await asyncio.to_thread(run, *command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.strip() == "Error: $: a list of OCPI Locations is expected"


@pytest.mark.parametrize("protocol", ["ocpi", "oicp", "ochp"])
async def test_who_tells_of_its_stations_itself_is_not_spoken_for(web: httpx.AsyncClient, protocol: str) -> None:
    partner_id = await added(web, protocol, f"H{protocol[1:3].upper()}")
    answer = await web.put(f"/partners/{partner_id}/locations", json=[])
    assert answer.status_code == 409
    assert f"its protocol is {protocol}" in answer.json()["error"]["reason"]


async def test_nobody_has_no_stations(web: httpx.AsyncClient) -> None:
    assert (await web.put("/partners/nobody/locations", json=[])).status_code == 404
