"""The hub as its users meet it: `chargesphere up` in a process of its own, and partners that reach it by sockets."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from core.model.ids import PartyId
from gateway.simulator.access import Admin, HubAccess, ocpi_document, oicp_document
from gateway.simulator.cast import OCPI_PRICE, OICP_PRICE, PLACES, Cast, card, invented
from gateway.simulator.network import Card, Network
from gateway.simulator.ocpi import OcpiNetwork
from gateway.simulator.ocpi_objects import Object, location, stamp
from gateway.simulator.oicp import OicpNetwork
from gateway.simulator.server import Answer, Request
from gateway.simulator.visits import Price
from tests.e2e.processes import descendants, lives

START_S = 90.0
BARE = {name: value for name, value in os.environ.items() if not name.startswith("CHARGESPHERE_")}
_letters = itertools.count()


def chargesphere(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gateway.cli", *arguments]


class HubProcess:
    """`chargesphere up`, and all that it started. `secrets` are those that were ever issued or used here."""

    def __init__(self, directory: Path, *arguments: str) -> None:
        self.state_file = directory / "hub.json"
        self.log = directory / "hub.log"
        self.secrets: list[str] = []
        self.took_s = 0.0
        self._arguments = arguments

    def start(self) -> None:
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                chargesphere("up", "--port", "0", "--state", str(self.state_file), *self._arguments),
                stdout=subprocess.PIPE,
                stderr=log,
                env=BARE,
                start_new_session=True,
            )
        assert self.process.stdout
        line = self.process.stdout.readline().decode()
        if not line.startswith("ready: "):
            self.process.wait(20)
            self.process.stdout.close()
            pytest.fail(f"the hub did not start: {line!r}\n{self.said()}")
        self.took_s = time.monotonic() - begun
        self.state: dict[str, Any] = json.loads(self.state_file.read_text())
        assert line == f"ready: {self.state['base_url']}\n"
        self.secrets.append(self.state["admin_key"])

    def end(self, number: signal.Signals, patience_s: float = 10.0) -> int:
        """Its exit code. Nothing that it started outlives it by more than the patience."""
        everybody = self.pids()
        self.process.send_signal(number)
        code = self.process.wait(2 * patience_s)
        assert self.process.stdout
        self.process.stdout.close()
        deadline = time.monotonic() + patience_s
        while left := [pid for pid in everybody if lives(pid)]:
            assert time.monotonic() < deadline, f"still there: {[everybody[pid] for pid in left]}"
            time.sleep(0.05)
        return code

    @property
    def base_url(self) -> str:
        return str(self.state["base_url"])

    @property
    def access(self) -> HubAccess:
        return HubAccess(base_url=self.base_url, admin_key=self.state["admin_key"])

    @property
    def data(self) -> Path:
        """Where its servers keep their data."""
        line = next(line for line in descendants(self.process.pid).values() if Path(line[0]).name == "mongod")
        return Path(line[line.index("--dbpath") + 1]).parent

    def pids(self) -> dict[int, list[str]]:
        """`up` itself and every process below it, with their command lines."""
        return {self.process.pid: ["up"], **descendants(self.process.pid)}

    def pid(self, name: str) -> int | None:
        """Of `serve`, `worker`, or a server's executable."""
        for pid, line in descendants(self.process.pid).items():
            if Path(line[0].split(" ")[0]).name == name or line[1:4] == ["-m", "gateway.cli", name]:
                return pid
        return None

    def said(self) -> str:
        return self.log.read_text(errors="replace")

    async def kill(self, name: str) -> int:
        pid = self.pid(name)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        return pid

    async def recovered(self, name: str, killed: int) -> None:
        """Another process took the place of the killed one, and all is ready."""
        await until(lambda: self.pid(name) not in (None, killed), f"{name} started again")
        async with httpx.AsyncClient(base_url=self.base_url, trust_env=False) as client:
            async with asyncio.timeout(60):
                while not await _ready(client):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)


async def _ready(client: httpx.AsyncClient) -> bool:
    try:
        return (await client.get("/ready", timeout=5)).status_code == 200
    except httpx.HTTPError:
        return False


async def until(holds: Callable[[], Any], what: str, patience_s: float = 40.0) -> None:
    try:
        async with asyncio.timeout(patience_s):
            while not holds():  # noqa: ASYNC110 - another process has no event for us
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"within {patience_s:g} s it did not happen that: {what}")


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    """One for all tests that do not end it. Whatever they do, it ends well, with its data gone and no secret told."""
    running = HubProcess(tmp_path_factory.mktemp("hub"), "--ephemeral")
    running.start()
    data = running.data
    yield running
    code = running.end(signal.SIGTERM)
    assert code == 0, running.said()
    assert not data.exists()
    assert not running.state_file.exists()
    assert not [secret for secret in running.secrets if secret in running.said()]


@pytest_asyncio.fixture(scope="session")
async def admin(hub: HubProcess) -> AsyncIterator[Admin]:
    async with Admin(hub.access) as found:
        yield found


class CarefulEmsp(OcpiNetwork):
    """An OCPI eMSP as a real one: it takes its time with a CDR, and refuses one that it has. `refusing` refuses all."""

    thinks_over_cdrs_s = 0.0
    refusing = False

    async def _answer(self, request: Request, body: Any) -> Answer:
        if request.method == "POST" and request.parts[-1] == "cdrs" and isinstance(body, dict):
            await asyncio.sleep(self.thinks_over_cdrs_s)
            if self.refusing:
                return self._envelope(request, 2001, message="$.total_cost: we agreed on another price")
            if any(held["id"] == body["id"] for held in self.cdrs):
                return self._envelope(request, 2000, message=f"CDR {body['id']} is held already")
        return await super()._answer(request, body)


class CarefulEmp(OicpNetwork):
    """An OICP EMP that takes its time with a CDR: it has it at once, and answers later."""

    thinks_over_cdrs_s = 0.0

    async def _answer(self, request: Request, body: Any) -> Answer:
        answer = await super()._answer(request, body)
        if request.parts[-1] == "charge-detail-record":
            await asyncio.sleep(self.thinks_over_cdrs_s)
        return answer


@contextlib.asynccontextmanager
async def town(hub: HubProcess) -> AsyncIterator[Cast]:
    """Four networks with parties of their own: stations and drivers, of both protocols, all known to the hub."""
    letter = chr(ord("A") + next(_letters))
    parties = [PartyId("FR", f"{letter}O1"), PartyId("DE", f"{letter}O2"), PartyId("DE", f"{letter}I1")]
    parties.append(PartyId("DE", f"{letter}I2"))
    networks = Cast(
        ocpi_cpo=OcpiNetwork(f"Voltaire {letter}", parties[0], "CPO", hub.base_url),
        ocpi_emsp=CarefulEmsp(f"Nordlicht {letter}", parties[1], "EMSP", hub.base_url),
        oicp_cpo=OicpNetwork(f"Stromwerk {letter}", parties[2], "CPO", hub.base_url),
        oicp_emp=CarefulEmp(f"Elektra {letter}", parties[3], "EMSP", hub.base_url),
        ocpi_operator=invented(parties[0], f"Voltaire {letter}", 2, PLACES["FR"]),
        oicp_operator=invented(parties[2], f"Stromwerk {letter}", 2, PLACES["DE"]),
    )
    added: list[str] = []
    async with Admin(hub.access) as admin:
        try:
            for network in networks.everybody:
                added.append(await join(hub, admin, network))  # noqa: PERF401 - what was added is removed
            for held in networks.homes:
                held.cards[_allowed(held).uid] = _allowed(held)
            await networks.ocpi_cpo.put_tariff(OCPI_PRICE.tariff("FR", parties[0].party_id, networks.ocpi_cpo.now()))
            for station in networks.ocpi_operator.stations:
                await networks.ocpi_cpo.put_location(location(station, tariff_id=OCPI_PRICE.tariff_id))
            await networks.oicp_cpo.push_evse_data(networks.oicp_operator)
            emsp = networks.ocpi_emsp
            await emsp.put_token(emsp.token_of(_allowed(emsp), emsp.now()))
            yield networks
        finally:
            await networks.close()
            for partner_id in added:
                await admin.call("DELETE", f"/partners/{partner_id}")


def _allowed(home: Network) -> Card:
    return card(home.party, 1)


async def join(hub: HubProcess, admin: Admin, network: Network, price: Price = OICP_PRICE) -> str:
    """Switched on, added and connected: the partner's id. All its secrets are remembered."""
    await network.switch_on()
    party = network.party
    if isinstance(network, OcpiNetwork):
        given = await admin.add(ocpi_document(network.name, party, network.role))
        await network.register(given["token_a"], given["versions_url"])
        hub.secrets += [given["token_a"], network.hub_token, network._token]
        return str(given["id"])
    assert isinstance(network, OicpNetwork)
    url, tariff = (network.url, None) if network.role == "EMSP" else (None, _tariff(price, party))
    given = await admin.add(oicp_document(network.name, party, network.role, url, tariff))
    network.connect(given["api_key"], given.get("base_url"))
    hub.secrets.append(given["api_key"])
    return str(given["id"])


def _tariff(price: Price, party: PartyId) -> Object:
    from gateway.simulator.cast import BEGAN

    return price.tariff(party.country_code, party.party_id, stamp(BEGAN))
