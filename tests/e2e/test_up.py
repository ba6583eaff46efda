"""`chargesphere up`: what it starts, what it writes, what it leaves."""

import json
import signal
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.model.ids import PartyId
from gateway.simulator.access import partner_document
from tests.e2e.hub_fixture import BARE, HubProcess, chargesphere
from tests.e2e.processes import lives

pytestmark = pytest.mark.server

FIELDS = ["base_url", "admin_key", "mongodb_url", "redis_url", "temporal_address", "pid"]


def partner(hub: HubProcess, *arguments: str, document: Any = None) -> Any:
    done = subprocess.run(
        chargesphere("partner", *arguments, "--json", "--state", str(hub.state_file)),
        input=json.dumps(document).encode(),
        capture_output=True,
        env=BARE,
        check=True,
    )
    return json.loads(done.stdout)


def test_the_state_file(hub: HubProcess) -> None:
    assert list(hub.state) == FIELDS
    assert stat.S_IMODE(hub.state_file.stat().st_mode) == 0o600
    assert hub.state["pid"] == hub.process.pid


def test_what_it_starts(hub: HubProcess) -> None:
    """Itself, gateway, worker, three servers with a guard each."""
    assert all(map(hub.pid, ("serve", "worker", "mongod", "redis-server", "temporal")))
    assert len(hub.pids()) == 9


def test_what_is_kept_is_there_again_and_nothing_else(tmp_path: Path) -> None:
    """One data directory, twice; one stack at a time; ended by Ctrl-C, then by SIGKILL: nothing outlives it."""
    first = HubProcess(tmp_path, "--data", str(tmp_path / "data"))
    first.start()
    ocpi = partner(first, "add", document=partner_document("Kept", "ocpi", PartyId("FR", "KPT"), "CPO"))
    oicp = partner(
        first, "add", document=partner_document("Kept too", "oicp", PartyId("DE", "KPT"), "CPO", operator_id="DE*KPT")
    )
    held = partner(first, "list")

    second = subprocess.run(
        chargesphere("up", "--port", "0", "--data", str(tmp_path / "data")),
        capture_output=True,
        env=BARE,
        timeout=60,
        check=False,
    )
    assert second.returncode == 1
    assert second.stdout == b""
    assert b"Error: the data directory" in second.stderr
    assert f"is in use by process {first.process.pid}".encode() in second.stderr
    assert b"Traceback" not in second.stderr

    assert first.end(signal.SIGINT) == 0
    assert not first.state_file.exists()
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700

    again = HubProcess(tmp_path, "--data", str(tmp_path / "data"))
    again.start()
    assert again.state["admin_key"] == first.state["admin_key"]
    assert again.state["mongodb_url"] == first.state["mongodb_url"]
    assert partner(again, "list") == held
    assert {one["id"] for one in held} == {ocpi["id"], oicp["id"]}
    assert again.end(signal.SIGKILL) == -signal.SIGKILL
    secrets = [ocpi["token_a"], oicp["api_key"], first.state["admin_key"]]
    logs = [first.log, *(tmp_path / "data" / "logs").iterdir()]
    assert not [(log, secret) for log in logs for secret in secrets if secret in log.read_text(errors="replace")]
    assert "Traceback" not in first.said()


@pytest.fixture
def ephemeral(tmp_path: Path) -> Iterator[HubProcess]:
    running = HubProcess(tmp_path, "--ephemeral")
    running.start()
    yield running
    if lives(running.process.pid):
        running.end(signal.SIGTERM)


def test_an_ephemeral_hub_leaves_nothing_even_when_killed(ephemeral: HubProcess) -> None:
    data = ephemeral.data
    assert data.exists()
    ephemeral.end(signal.SIGKILL)
    assert not data.exists()
