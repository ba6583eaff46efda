"""The hub with all the data in it, and the networks that talk to it."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from msgspec import Struct

from bench.material import operated_by
from bench.rig import Load, hub, load, request
from core.model.ids import PartyId
from gateway.simulator.access import Admin, HubAccess, partner_document
from gateway.simulator.cast import HOSTS
from gateway.simulator.network import NotAsTold
from gateway.simulator.ocpi.home import OcpiHome
from gateway.simulator.ocpi.host import OcpiHost
from gateway.simulator.ocpi.network import OcpiNetwork
from gateway.simulator.ocpi.objects import Object, location
from gateway.simulator.oicp.home import OicpHome
from gateway.simulator.oicp.host import OicpHost
from gateway.simulator.stations import Operator, Point
from gateway.up import Installation, Running
from protocols.transport.json_codec import encode

PATIENCE_S = 300.0


class OcpiPartner(OcpiNetwork):
    """What a load needs to know of a partner that has joined. The hub fetches nothing from it: it lists nothing, and a
    crawl beside a measurement would be part of it."""

    async def join(self, admin: Admin) -> None:
        await self.switch_on()
        off = {module: {"off": True} for module in self.mine}
        given = await admin.add(partner_document(self.name, "ocpi", self.party, self.role, feeds=off))
        await self.register(given["token_a"], given["versions_url"])

    def to_hub(self) -> dict[str, str]:
        return self.headers(to=self.hub_party)

    def path(self, module: str, role: str) -> str:
        return httpx.URL(self.endpoint(module, role)).path


class OcpiCpo(OcpiPartner, OcpiHost):
    pass


class OcpiEmsp(OcpiPartner, OcpiHome):
    pass


class Elsewhere(OcpiEmsp):
    """An eMSP whose Locations are received at another address than the rest."""

    def __init__(self, name: str, party: PartyId, hub_url: str, receiver: str) -> None:
        super().__init__(name, party, hub_url)
        self._receiver = receiver

    def _published(self) -> list[Object]:
        endpoints = super()._published()
        for endpoint in endpoints:
            if (endpoint["identifier"], endpoint["role"]) == ("locations", "RECEIVER"):
                endpoint["url"] = self._receiver
        return endpoints


class Scene(Struct):
    installation: Installation
    running: Running
    admin: Admin
    cpo: OcpiCpo
    operator: Operator
    loaded: Load | None = None
    """How fast the data went in, by PUT."""

    @property
    def url(self) -> str:
        return self.running.base_url

    @property
    def port(self) -> int:
        return port_of(self.url)

    @property
    def gateway_pid(self) -> int:
        return self.installation.pids["serve"]


@asynccontextmanager
async def scene(points: list[Point]) -> AsyncIterator[Scene]:
    """A hub that holds all points as Locations of one OCPI operator."""
    operator = operated_by(PartyId("FR", "BCH"), "Bornes de France", points)
    async with bare_hub() as (installation, running, admin):
        cpo = OcpiCpo(operator.name, operator.party, running.base_url, HOSTS["ocpi"].price)
        try:
            await cpo.join(admin)
            made = Scene(installation, running, admin, cpo, operator)
            path = f"{cpo.path('locations', 'RECEIVER')}/{operator.party.country_code}/{operator.party.party_id}"
            puts = [
                request("PUT", f"{path}/{station.id}", cpo.to_hub(), encode(location(station)))
                for station in operator.stations
            ]
            made.loaded = good(await load(made.port, puts, total=len(puts), connections=32))
            await settled(made.url)
            yield made
        finally:
            await cpo.close()


@asynccontextmanager
async def bare_hub() -> AsyncIterator[tuple[Installation, Running, Admin]]:
    async with hub() as (installation, running), Admin(_access(running)) as admin:
        yield installation, running, admin


def _access(running: Running) -> HubAccess:
    return HubAccess(base_url=running.base_url, admin_key=running.admin_key)


async def ocpi_emsp(made: Scene, name: str, party: PartyId, thinks_s: float = 0.0) -> OcpiEmsp:
    emsp = OcpiEmsp(name, party, made.url, thinks_s=thinks_s)
    await emsp.join(made.admin)
    await settled(made.url)
    return emsp


async def oicp_cpo(admin: Admin, url: str, name: str, party: PartyId) -> OicpHost:
    cpo = OicpHost(name, party, url, HOSTS["oicp"].price)
    await cpo.join(admin)
    return cpo


async def oicp_emp(admin: Admin, url: str, name: str, party: PartyId) -> OicpHome:
    emp = OicpHome(name, party, url)
    await emp.join(admin)
    return emp


async def settled(url: str) -> None:
    """Until nothing waits in the outbox: what the hub does behind an answer must not weigh on the next figure."""
    async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
        for _ in range(int(PATIENCE_S / 0.25)):
            found = re.search(
                rb"^chargesphere_outbox_age_seconds (\S+)$", (await client.get(f"{url}/metrics")).content, re.M
            )
            if found and float(found[1]) == 0:
                return
            await asyncio.sleep(0.25)
    raise NotAsTold("the outbox is not empty after minutes")


async def restarted(made: Scene) -> None:
    """The gateway killed and started anew by its installation: nothing is in its memory."""
    before = made.gateway_pid
    os.kill(before, 9)
    async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
        for _ in range(400):
            await asyncio.sleep(0.1)
            try:
                answer = await client.get(f"{made.url}/ready")
            except httpx.HTTPError:
                continue
            if answer.status_code == 200 and made.gateway_pid != before:
                await asyncio.sleep(1)  # the change stream opens
                return
    raise NotAsTold("the gateway did not come back")


def port_of(url: str) -> int:
    return int(httpx.URL(url).port or 80)


def good(done: Load) -> Load:
    """Raises NotAsTold if any answer was no success: only good answers are measured."""
    if done.failures:
        raise NotAsTold(f"{done.failures} requests of {len(done.latencies_ms)} were refused")
    return done
