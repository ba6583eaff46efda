"""`kill -9` of anything, at any moment: what was answered with yes is there afterwards, and comes once."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from gateway.simulator.access import Admin
from gateway.simulator.bills import arrival, check_bill
from gateway.simulator.cast import card
from gateway.simulator.network import NotAsTold, bare
from gateway.simulator.roles import Bill, Charging, Home, Host, Verdict
from gateway.simulator.stations import Point
from gateway.simulator.trips import visit
from gateway.simulator.visits import Price
from tests.e2e.hub_fixture import HubProcess, Town, town, until

pytestmark = pytest.mark.server

STATUSES = ("CHARGING", "AVAILABLE", "BLOCKED", "OUTOFORDER")
ENOUGH = 24
"""Answers before the kill, and again after the recovery."""
ALREADY = "the session is closed"
"""How an OICP platform says that it has the CDR. Source: OICP 2.3, ChargeDetailRecord."""
_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="module")
async def networks(hub: HubProcess) -> AsyncIterator[Town]:
    async with town(hub) as found:
        yield found


class Drive:
    """A driver of `home` at a point of `host`, and what the record will be compared with."""

    def __init__(self, home: Home, host: Host, point: Point) -> None:
        self.home = home
        self.host = host
        self.price: Price = host.price
        self.visit = visit(card(home.party, 1), point, next(_numbers))
        self.charging: Charging = host.charging(self.visit)

    async def authorise(self) -> None:
        verdict = await self.charging.authorise()
        assert verdict is Verdict.ALLOWED, f"{self.home.name} at {self.host.name}: {self.charging.why}"

    async def bills(self) -> list[Bill]:
        """As they have reached the home network."""
        return (await self.home.bills()).get(self.visit.key, [])

    async def arrives(self, admin: Admin, patience_s: float = 60.0) -> None:
        """Waits for the record at the home network, and compares it."""
        bill, _ = await arrival(self.home, self.visit, admin, patience_s)
        check_bill(bill, self.visit, self.price)


class Traffic:
    """Status changes and CDRs without a pause. It remembers what the hub has said yes to.

    `may_be`: the statuses that an EVSE may have by what was answered, and what was sent without an answer since."""

    def __init__(self, networks: Town) -> None:
        self.networks = networks
        self.may_be: dict[str, set[str]] = {}
        self.answered = 0
        self.unanswered = 0
        self.billed: list[Drive] = []
        self._over = asyncio.Event()

    async def __aenter__(self) -> "Traffic":
        self._tasks = [asyncio.create_task(self._watch(point)) for point in self.networks.ocpi_operator.points]
        self._tasks += [asyncio.create_task(self._bill(host, of.points[0])) for host, of in self.networks.sites]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        await asyncio.gather(*self._tasks)

    async def flows(self) -> None:
        """Waits for some more yes of each kind."""
        statuses, cdrs = self.answered, len(self.billed)
        await until(lambda: self.answered >= statuses + ENOUGH and len(self.billed) > cdrs, "the hub answers", 60)

    async def _watch(self, point: Point) -> None:
        for status in itertools.cycle(STATUSES):
            if self._over.is_set():
                return
            may_be = self.may_be.setdefault(point.evse_id, set())
            may_be.add(status)
            try:
                await self.networks.ocpi_cpo.patch_evse(point.station_id, point.evse_id, status)
            except NotAsTold:
                self.unanswered += 1
                await asyncio.sleep(0.1)
            else:
                self.answered += 1
                self.may_be[point.evse_id] = {status}
                await asyncio.sleep(0.01)

    async def _bill(self, host: Host, point: Point) -> None:
        """Authorise, then a CDR that is sent until it is taken."""
        for home in itertools.cycle(self.networks.homes):
            if self._over.is_set():
                return
            drive = Drive(home, host, point)
            await self._insist(drive.authorise)
            await self._insist(drive.charging.bill)
            self.billed.append(drive)

    async def _insist(self, work: Callable[[], Awaitable[None]]) -> None:
        """What a careful partner does with a message that was not answered: it sends the same again."""
        async with asyncio.timeout(60):
            while True:
                try:
                    await work()
                    return
                except NotAsTold as error:
                    if ALREADY in str(error):
                        return
                    self.unanswered += 1
                    await asyncio.sleep(0.1)


def drives(networks: Town) -> list[Drive]:
    """One of each home at each host."""
    return [Drive(home, host, operator.points[5]) for host, operator in networks.sites for home in networks.homes]


@pytest.mark.spec("OICP-CDR-22", "OICP-SES-03", "OCPI-HUB-105")
@pytest.mark.parametrize("victim", ["serve", "worker", "mongod", "redis-server", "temporal"])
async def test_nothing_that_was_answered_is_lost(hub: HubProcess, networks: Town, admin: Admin, victim: str) -> None:
    begun = drives(networks)
    for drive in begun:
        await drive.authorise()
    async with Traffic(networks) as traffic:
        await traffic.flows()
        killed = await hub.kill(victim)
        await hub.recovered(victim, killed)
        await traffic.flows()
    for drive in begun:
        await drive.charging.bill()
        traffic.billed.append(drive)

    at_emsp = {
        bare(evse["uid"]): evse["status"]
        for place in await networks.ocpi_emsp.pull("locations")
        for evse in place["evses"]
    }
    wrong = {id: at_emsp[bare(id)] for id, may_be in traffic.may_be.items() if at_emsp[bare(id)] not in may_be}
    assert not wrong

    await arrived_once(networks, admin, traffic.billed)
    words = {"serve": "serve ended", "worker": "worker ended", "mongod": "MongoDB died", "redis-server": "Redis died"}
    assert words.get(victim, "Temporal died") in hub.said()


async def arrived_once(networks: Town, admin: Admin, billed: list[Drive]) -> None:
    for drive in billed:
        await drive.arrives(admin)
    async with asyncio.timeout(60):
        while {entry["state"] for entry in await admin.cdrs()} & {"ACCEPTED", "WAITING", "DELIVERING"}:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    for home in networks.homes:
        assert {key: len(bills) for key, bills in (await home.bills()).items() if len(bills) != 1} == {}


async def test_a_worker_killed_while_an_emsp_thinks(hub: HubProcess, networks: Town, admin: Admin) -> None:
    """Nobody knows then whether the CDR arrived. OCPI makes a second one harmless; OICP has the EMP fetch it."""
    emsp, emp = networks.homes
    mine = [drive for drive in drives(networks) if drive.host is networks.ocpi_cpo]
    emsp.thinks_over_cdrs_s = emp.thinks_over_cdrs_s = 20.0
    before = len(emp.cdrs)
    try:
        for drive in mine:
            await drive.authorise()
            await drive.charging.bill()
        await until(lambda: len(emp.cdrs) > before, "the EMP has it")
        killed = await hub.kill("worker")
    finally:
        emsp.thinks_over_cdrs_s = emp.thinks_over_cdrs_s = 0.0
    await hub.recovered("worker", killed)
    await arrived_once(networks, admin, mine)
    states = {entry["id"].lower(): entry["state"] for entry in await admin.cdrs()}
    assert [states[drive.visit.id] for drive in mine] == ["DELIVERED", "FETCHABLE"]
