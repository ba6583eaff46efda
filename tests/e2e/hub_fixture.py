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
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio

from core.model.ids import PartyId
from gateway.simulator.access import Admin, HubAccess
from gateway.simulator.cast import HOSTS, LEIPZIG, LYON, card, invented
from gateway.simulator.ocpi.home import OcpiHome
from gateway.simulator.ocpi.host import OcpiHost
from gateway.simulator.oicp.home import OicpHome
from gateway.simulator.oicp.host import OicpHost
from gateway.simulator.roles import Home, Host
from gateway.simulator.server import Answer, Request
from gateway.simulator.stations import Operator
from tests.e2e.processes import descendants, lives

START_S = 90.0
BARE = {name: value for name, value in os.environ.items() if not name.startswith("CHARGESPHERE_")}
_letters = itertools.count()


def chargesphere(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "gateway.cli", *arguments]


class HubProcess:
    """`chargesphere up`, and all that it started. `secrets` are those that were ever issued or used here."""

    def __init__(self, directory: Path, *arguments: str, **settings: str) -> None:
        self.state_file = directory / "hub.json"
        self.log = directory / "hub.log"
        self.secrets: list[str] = []
        self.took_s = 0.0
        self._arguments = arguments
        self._settings = {f"CHARGESPHERE_{name.upper()}": value for name, value in settings.items()}

    def start(self) -> None:
        begun = time.monotonic()
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                chargesphere("up", "--port", "0", "--state", str(self.state_file), *self._arguments),
                stdout=subprocess.PIPE,
                stderr=log,
                env=BARE | self._settings,
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


class CarefulEmsp(OcpiHome):
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


class CarefulEmp(OicpHome):
    """An OICP EMP that takes its time with a CDR: it has it at once, and answers later."""

    thinks_over_cdrs_s = 0.0

    async def _answer(self, request: Request, body: Any) -> Answer:
        answer = await super()._answer(request, body)
        if request.parts[-1] == "charge-detail-record":
            await asyncio.sleep(self.thinks_over_cdrs_s)
        return answer


class Remembering(Admin):
    """`given`: what the hub gave for each partner that was added."""

    def __init__(self, hub: HubAccess) -> None:
        super().__init__(hub)
        self.given: list[dict[str, Any]] = []

    async def add(self, document: dict[str, Any]) -> dict[str, Any]:
        self.given.append(await super().add(document))
        return self.given[-1]


class Town(NamedTuple):
    """Four networks: stations and drivers, of two protocols."""

    ocpi_cpo: OcpiHost
    ocpi_emsp: CarefulEmsp
    oicp_cpo: OicpHost
    oicp_emp: CarefulEmp
    ocpi_operator: Operator
    oicp_operator: Operator

    @property
    def sites(self) -> tuple[tuple[Host, Operator], ...]:
        return ((self.ocpi_cpo, self.ocpi_operator), (self.oicp_cpo, self.oicp_operator))

    @property
    def homes(self) -> tuple[CarefulEmsp, CarefulEmp]:
        return (self.ocpi_emsp, self.oicp_emp)

    @property
    def everybody(self) -> tuple[OcpiHost | CarefulEmsp | OicpHost | CarefulEmp, ...]:
        return (self.ocpi_cpo, self.ocpi_emsp, self.oicp_cpo, self.oicp_emp)


@contextlib.asynccontextmanager
async def town(hub: HubProcess) -> AsyncIterator[Town]:
    """Its networks have parties of their own, and are all known to the hub."""
    letter = chr(ord("A") + next(_letters))
    parties = [PartyId("FR", f"{letter}O1"), PartyId("DE", f"{letter}O2"), PartyId("DE", f"{letter}I1")]
    parties.append(PartyId("DE", f"{letter}I2"))
    networks = Town(
        ocpi_cpo=OcpiHost(f"Voltaire {letter}", parties[0], hub.base_url, HOSTS["ocpi"].price),
        ocpi_emsp=CarefulEmsp(f"Nordlicht {letter}", parties[1], hub.base_url),
        oicp_cpo=OicpHost(f"Stromwerk {letter}", parties[2], hub.base_url, HOSTS["oicp"].price),
        oicp_emp=CarefulEmp(f"Elektra {letter}", parties[3], hub.base_url),
        ocpi_operator=invented(parties[0], f"Voltaire {letter}", 2, LYON),
        oicp_operator=invented(parties[2], f"Stromwerk {letter}", 2, LEIPZIG),
    )
    added: list[str] = []
    async with Remembering(hub.access) as admin:
        try:
            for network in networks.everybody:
                added.append(await join(hub, admin, network))  # noqa: PERF401 - what was added is removed
            for host, operator in networks.sites:
                await host.offer(operator)
            for home in networks.homes:
                await home.hand_out([card(home.party, 1)])
            yield networks
        finally:
            await asyncio.gather(*(network.close() for network in networks.everybody))
            for partner_id in added:
                await admin.call("DELETE", f"/partners/{partner_id}")


async def join(hub: HubProcess, admin: Remembering, network: Host | Home) -> str:
    """The partner's id. All secrets that it got are remembered."""
    await network.join(admin)
    found = admin.given[-1]
    hub.secrets += [found[name] for name in ("token_a", "api_key") if name in found]
    if isinstance(network, OcpiHost | OcpiHome):
        hub.secrets += [network.hub_token, network._token]
    return str(found["id"])
