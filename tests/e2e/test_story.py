"""The demonstration that a newcomer runs first: the whole story on a fresh hub, in its own processes."""

import io
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.simulator.story import HubAccess, play
from gateway.simulator.transcript import Transcript

PLAYED_S = 150


@pytest.mark.server
@pytest.mark.timeout(PLAYED_S + 30)
def test_the_story_holds(tmp_path: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "demo", "--once"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PLAYED_S,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr[-4000:]
    assert "✗" not in told.stdout
    table = told.stdout.partition("What it took")[2]
    for home in ("Nordlicht (OCPI)", "Elektra (OICP)"):
        for host in ("Voltaire (OCPI)", "Stromwerk (OICP)"):
            assert f"{home} at {host}" in table
    assert "fetched after its return" in table
    assert "The story held" in told.stdout
    assert list(tmp_path.iterdir()) == [], "an ephemeral hub leaves nothing behind"


async def test_a_hub_that_is_not_there_ends_the_story_with_a_clear_sentence() -> None:
    stream = io.StringIO()
    hub = HubAccess(base_url="http://127.0.0.1:9", admin_key="none")
    assert not await play(hub, data_set=None, out=Transcript(stream))
    assert "✗ Four networks join: the hub's admin API cannot be reached" in stream.getvalue()
