"""The demonstration that a newcomer runs first: the whole story on a fresh hub, in its own processes."""

import io
import itertools
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.simulator.story import HubAccess, play
from gateway.simulator.transcript import Transcript

PLAYED_S = 150
HOSTS = ("Voltaire (OCPI)", "Stromwerk (OICP)", "Laadrijk (OCHP)", "Ampera (eMIP)")
HOMES = ("Nordlicht (OCPI)", "Elektra (OICP)", "Polder (OCHP)", "Cigogne (eMIP)")
PAIRS = list(itertools.product(HOMES, HOSTS))
COMMANDED = {pair for pair in PAIRS if "(OCHP)" not in pair[0] + pair[1]}
FOLLOWED = COMMANDED
"""OCHP has neither sessions nor, without OCHPdirect, commands."""
PRICED = {pair for pair in PAIRS if pair[0] != HOMES[1]}
"""OICP's records carry no amount."""


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
    _, _, tables = told.stdout.partition("What it took")
    table, _, marks = tables.partition("What works")
    for home, host in PAIRS:
        (row,) = (line for line in table.splitlines() if f"{home} at {host}" in line)
        assert ("started, stopped" in row) == ((home, host) in COMMANDED), row
        assert ("followed" in row) == ((home, host) in FOLLOWED), row
        assert re.search(r"(delivered|fetched), \d+ ms", row), row
        assert bool(re.search(r" ms +\d+\.\d\d ", row)) == ((home, host) in PRICED), row
    assert marks.count("card") == marks.count("CDR") == len(PAIRS)
    assert "The story held" in told.stdout
    assert list(tmp_path.iterdir()) == [], "an ephemeral hub leaves nothing behind"


async def test_a_hub_that_is_not_there_ends_the_story_with_a_clear_sentence() -> None:
    stream = io.StringIO()
    hub = HubAccess(base_url="http://127.0.0.1:9", admin_key="none")
    assert not await play(hub, data_set=None, out=Transcript(stream))
    assert "✗ The networks join: the hub's admin API cannot be reached" in stream.getvalue()
