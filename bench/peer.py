"""(j) EVSE statuses and pages of Locations, against a public OCPI library doing the same work on the same MongoDB.

The library (2.2.1, on FastAPI and pydantic) has packages of its own, in `.venv-bench`, made when it is first needed."""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.rig import Figure, Pairs, free_port, load, request, serving
from bench.scene import OcpiEmsp, Scene, good, ocpi_emsp, settled
from core.model.ids import PartyId
from gateway.simulator.ocpi.objects import Object, location, stamp
from protocols.transport.json_codec import encode

HERE = Path(__file__).parent / "library"
PACKAGES = Path(".venv-bench")
TOKEN = {"authorization": "Token YmVuY2gtdG9rZW4tYw=="}
"""`bench-token-c`."""
STATIONS = 2_000
PATCHES, THEIR_PATCHES = STATIONS, 600
PAGES, THEIR_PAGES = 3_000, 40
SIZE = 100
WRITERS, READERS = 32, 8
MANY_PATCHES, MANY_PAGES = 10.0, 100.0


async def measure(made: Scene, rounds: int) -> list[Figure]:
    patches, pages = Pairs(), Pairs()
    reader = await ocpi_emsp(made, "Vergleich", PartyId("DE", "VGL"))
    try:
        async with _library(made) as port:
            for number in range(rounds + 1):
                theirs = await _write(port, _their_patches(made, number), THEIR_PATCHES)
                ours = await _write(made.port, _our_patches(made, number), PATCHES)
                await settled(made.url)
                slow = await _read(port, _their_pages(), THEIR_PAGES)
                quick = await _read(made.port, _our_pages(reader), PAGES)
                if number:
                    patches.add(ours, theirs)
                    pages.add(quick, slow)
    finally:
        await reader.close()
    return [
        patches.figure("(j) EVSE status by OCPI PATCH, 32 connections", "/s", "by a public library", MANY_PATCHES),
        pages.figure(f"    pages of {SIZE} locations, all in turn", "/s", "by a public library", MANY_PAGES),
    ]


async def _write(port: int, patches: list[bytes], total: int) -> float:
    return good(await load(port, patches, total=total, connections=WRITERS)).per_second


async def _read(port: int, pages: list[bytes], total: int) -> float:
    return good(await load(port, pages, total=total, connections=READERS)).per_second


@asynccontextmanager
async def _library(made: Scene) -> AsyncIterator[int]:
    """Its port; it holds the first stations of the scene."""
    port = free_port()
    command = (str(_python().absolute()), str(HERE / "app.py"), str(port), made.running.mongodb_url)
    async with serving(port, *command):
        puts = [
            request("PUT", f"{_receiver(made)}/{station.id}", TOKEN, _older(location(station)))
            for station in made.operator.stations[:STATIONS]
        ]
        await _write(port, puts, len(puts))
        yield port


def _older(held: Object) -> bytes:
    """2.2.1 has less room for an address."""
    return encode({**held, "address": held["address"][:45]})


def _python() -> Path:
    """Of the environment in which the library is installed."""
    python, listed = PACKAGES / "bin" / "python", HERE / "requirements.txt"
    done = PACKAGES / "installed"
    if not done.exists() or done.read_bytes() != listed.read_bytes():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(PACKAGES)], check=True)
        install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r")
        subprocess.run([str(python), *install, str(listed)], check=True)
        done.write_bytes(listed.read_bytes())
    return python


def _receiver(made: Scene) -> str:
    party = made.operator.party
    return f"/ocpi/emsp/2.2.1/locations/{party.country_code}/{party.party_id}"


def _their_patches(made: Scene, number: int) -> list[bytes]:
    return [request("PATCH", f"{_receiver(made)}/{path}", TOKEN, body) for path, body in _changes(made, number)]


def _our_patches(made: Scene, number: int) -> list[bytes]:
    party = made.operator.party
    base = f"{made.cpo.path('locations', 'RECEIVER')}/{party.country_code}/{party.party_id}"
    return [request("PATCH", f"{base}/{path}", made.cpo.to_hub(), body) for path, body in _changes(made, number)]


def _changes(made: Scene, number: int) -> list[tuple[str, bytes]]:
    """One for each station: a real change, later than the one before."""
    at = stamp(datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=number))
    body = f'{{"status":"{("CHARGING", "AVAILABLE")[number % 2]}","last_updated":"{at}"}}'.encode()
    stations = made.operator.stations[:STATIONS]
    return [(f"{station.id}/{station.points[0].evse_id}", body) for station in stations]


def _their_pages() -> list[bytes]:
    base = f"/ocpi/cpo/2.2.1/locations/?limit={SIZE}"
    return [request("GET", f"{base}&offset={at}", TOKEN) for at in range(0, STATIONS, SIZE)]


def _our_pages(reader: OcpiEmsp) -> list[bytes]:
    base = f"{reader.path('locations', 'SENDER')}?limit={SIZE}"
    return [request("GET", f"{base}&offset={at}", reader.to_hub()) for at in range(0, STATIONS, SIZE)]
