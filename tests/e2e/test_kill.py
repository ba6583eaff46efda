"""`kill -9` of anything, at any moment: what was answered with yes is there afterwards, and comes once."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

import pytest
import pytest_asyncio

from gateway.simulator.access import Admin
from gateway.simulator.cast import OCPI_PRICE, OICP_PRICE, Cast, card
from gateway.simulator.drivers import Charging, cdrs_of, charging, check_cdr
from gateway.simulator.network import NotAsTold
from gateway.simulator.ocpi import OcpiNetwork
from gateway.simulator.oicp import bare
from gateway.simulator.pairs import Home, Host, visit
from gateway.simulator.stations import Point
from gateway.simulator.visits import Price
from tests.e2e.hub_fixture import CarefulEmp, CarefulEmsp, HubProcess, town, until

pytestmark = pytest.mark.server

STATUSES = ("CHARGING", "AVAILABLE", "BLOCKED", "OUTOFORDER")
ENOUGH = 24
"""Answers before the kill, and again after the recovery."""
ALREADY = "the session is closed"
"""How an OICP platform says that it has the CDR. Source: OICP 2.3, ChargeDetailRecord."""
_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="module")
async def networks(hub: HubProcess) -> AsyncIterator[Cast]:
    async with town(hub) as found:
        yield found


class Traffic:
    """Status changes and CDRs without a pause. It remembers what the hub has said yes to.

    `may_be`: the statuses that an EVSE may have by what was answered, and what was sent without an answer since."""

    def __init__(self, networks: Cast) -> None:
        self.networks = networks
        self.may_be: dict[str, set[str]] = {}
        self.answered = 0
        self.unanswered = 0
        self.billed: list[tuple[Home, Charging]] = []
        self._over = asyncio.Event()

    async def __aenter__(self) -> "Traffic":
        points = self.networks.ocpi_operator.points
        bills = [(self.networks.ocpi_cpo, points[0]), (self.networks.oicp_cpo, self.networks.oicp_operator.points[0])]
        self._tasks = [asyncio.create_task(self._watch(point)) for point in points]
        self._tasks += [asyncio.create_task(self._bill(*bill)) for bill in bills]
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
            trip = charging(host, visit(card(home.party, 1), point, next(_numbers)), _price(self.networks, host))
            if await self._insist(trip.authorise) is False:
                pytest.fail(f"{home.name}'s card was refused at {host.name}: {trip.why}")
            record = trip.cdr()
            post = host.post_cdr if isinstance(host, OcpiNetwork) else host.charge_detail_record
            await self._insist(partial(post, record))
            self.billed.append((home, trip))

    async def _insist(self, work: Callable[[], Awaitable[object]]) -> object:
        """What a careful partner does with a message that was not answered: it sends the same again."""
        async with asyncio.timeout(60):
            while True:
                try:
                    return await work()
                except NotAsTold as error:
                    if ALREADY in str(error):
                        return None
                    self.unanswered += 1
                    await asyncio.sleep(0.1)


def _price(networks: Cast, host: Host) -> Price:
    return OCPI_PRICE if host is networks.ocpi_cpo else OICP_PRICE


def pairs(networks: Cast) -> list[tuple[Home, Charging]]:
    hosts = ((networks.ocpi_cpo, networks.ocpi_operator), (networks.oicp_cpo, networks.oicp_operator))
    return [
        (home, charging(host, visit(card(home.party, 1), operator.points[5], next(_numbers)), _price(networks, host)))
        for host, operator in hosts
        for home in networks.homes
    ]


@pytest.mark.parametrize("victim", ["serve", "worker", "mongod", "redis-server", "temporal"])
async def test_nothing_that_was_answered_is_lost(hub: HubProcess, networks: Cast, admin: Admin, victim: str) -> None:
    begun = pairs(networks)
    for _, trip in begun:
        assert await trip.authorise(), trip.why
    async with Traffic(networks) as traffic:
        await traffic.flows()
        killed = await hub.kill(victim)
        await hub.recovered(victim, killed)
        await traffic.flows()
    for home, trip in begun:
        await trip.bill()
        traffic.billed.append((home, trip))

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


async def arrived_once(networks: Cast, admin: Admin, billed: list[tuple[Home, Charging]]) -> None:
    for home, trip in billed:
        key = trip.visit.key
        await until(lambda key=key, home=home: cdrs_of(home).get(key), f"the CDR of {key} reached {home.name}", 60)
        check_cdr(cdrs_of(home)[key][0], trip, trip._price)
    async with asyncio.timeout(60):
        while {entry["state"] for entry in await admin.cdrs()} & {"ACCEPTED", "WAITING", "DELIVERING"}:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    for home in networks.homes:
        assert {key: len(cdrs) for key, cdrs in cdrs_of(home).items() if len(cdrs) != 1} == {}


async def test_a_worker_killed_while_an_emsp_thinks(hub: HubProcess, networks: Cast, admin: Admin) -> None:
    """Nobody knows then whether the CDR arrived. OCPI makes a second one harmless; OICP has the EMP fetch it."""
    emsp, emp = networks.ocpi_emsp, networks.oicp_emp
    assert isinstance(emsp, CarefulEmsp)
    assert isinstance(emp, CarefulEmp)
    trips = [pair for pair in pairs(networks) if pair[1].operator is networks.ocpi_cpo]
    emsp.thinks_over_cdrs_s = emp.thinks_over_cdrs_s = 5.0
    try:
        for _, trip in trips:
            assert await trip.authorise(), trip.why
            await trip.bill()
        await until(lambda: cdrs_of(emp).get(trips[1][1].visit.key), "the EMP has it")
        killed = await hub.kill("worker")
    finally:
        emsp.thinks_over_cdrs_s = emp.thinks_over_cdrs_s = 0.0
    await hub.recovered("worker", killed)
    await arrived_once(networks, admin, trips)
    states = {entry["id"].lower(): entry["state"] for entry in await admin.cdrs()}
    assert [states[trip.visit.id] for _, trip in trips] == ["DELIVERED", "FETCHABLE"]
