"""Simulated networks of every version of OCPI, in both roles: a visit, a remote start and a reservation across."""

from collections.abc import AsyncIterator

import pytest

from core.model.ids import PartyId
from gateway.simulator.network import bare
from gateway.simulator.ocpi.home import OcpiHome
from gateway.simulator.ocpi.host import OcpiHost
from gateway.simulator.ocpi.versions import V2_1_1, VERSIONS
from gateway.simulator.roles import Live, Refusal, Verdict
from tests.flows.test_simulated_faults import Net, networks

CROSSINGS = [("ocpi", "oicp"), ("oicp", "ocpi"), ("ocpi", "ocpi")]


@pytest.fixture(params=VERSIONS)
async def net(request: pytest.FixtureRequest) -> AsyncIterator[Net]:
    async with networks(request.param) as found:
        yield found


def version(net: Net) -> str:
    home = net.homes["ocpi"]
    assert isinstance(home, OcpiHome)
    return home.speech.id


@pytest.mark.parametrize(("host", "home"), CROSSINGS)
async def test_a_visit(net: Net, host: str, home: str) -> None:
    """Authorised, followed, billed to the cent where the protocol has money; the home sees station and status."""
    operator, driver, point = net.hosts[host], net.homes[home], net.point(host)
    if version(net) == V2_1_1.id and home == "oicp":  # its sessions name a contract, and a yes of OICP none
        await driver.hand_out([net.card(home)], listed=True)
        await net.hub.relay()
    assert bare(point.evse_id) in await driver.stations()
    assert await driver.status(point) is Live.FREE
    visit = net.visit(host, home)
    charging = operator.charging(visit)
    assert await charging.authorise() is Verdict.ALLOWED
    await charging.begin()
    await net.hub.relay()
    assert await driver.status(point) is Live.CHARGING
    await charging.proceed()
    await charging.end()
    await net.hub.relay()
    assert await driver.status(point) is Live.FREE
    await charging.bill()
    await net.hub.settle()
    await net.hub.relay()
    assert driver.followed(visit)
    [bill] = (await driver.bills())[visit.key]
    assert (bare(bill.evse_id), bill.energy_kwh) == (bare(point.evse_id), visit.energy_kwh)
    assert (bill.started_at, bill.ended_at) == (visit.started_at, visit.ended_at)
    assert bill.net == (None if home == "oicp" else operator.price.net(visit.energy_kwh))


@pytest.mark.parametrize(("host", "home"), CROSSINGS)
async def test_a_remote_start_and_stop(net: Net, host: str, home: str) -> None:
    operator, driver = net.hosts[host], net.homes[home]
    started = await net.commanded(driver.start(net.card(home), net.point(host)))
    charging = await operator.started(net.visit(host, home))
    await charging.begin()
    await net.hub.relay()
    await net.commanded(driver.stop(started))
    assert operator.stopped(charging)


@pytest.mark.parametrize(("host", "home"), CROSSINGS)
async def test_a_reservation(net: Net, host: str, home: str) -> None:
    """2.1.1 has no cancellation: an eMSP that speaks it cannot ask, and for an operator the hub says so."""
    operator, driver, point = net.hosts[host], net.homes[home], net.point(host)
    reserved = await net.commanded(driver.reserve(net.card(home), point, 15))
    assert operator.reserved(point)
    if version(net) == V2_1_1.id:
        with pytest.raises(Refusal, match=r"CANCEL_RESERVATION|320"):
            await net.commanded(driver.give_back(reserved))
        return
    await net.commanded(driver.give_back(reserved))
    assert not operator.reserved(point)


async def test_who_comes_late_fetches_what_there_is(net: Net) -> None:
    home = net.homes["ocpi"]
    assert isinstance(home, OcpiHome)
    told = dict(home.theirs["locations"])
    home.theirs["locations"].clear()
    await home.catch_up()
    assert home.theirs["locations"].keys() == told.keys()
    assert bare(net.point("oicp").evse_id) in await home.stations()


async def test_each_hears_its_own_version(net: Net) -> None:
    host, home = net.hosts["ocpi"], net.homes["ocpi"]
    assert isinstance(host, OcpiHost)
    held = {partner.version for partner in net.hub.storage.partners.held.values() if partner.protocol == "ocpi"}
    assert held == {version(net)}
    for network in (host, home):
        paths = {call.path.split("/")[2] for call in network.received if call.path.count("/") > 2}
        assert paths == {version(net)}


def test_a_version_that_nobody_speaks() -> None:
    with pytest.raises(ValueError, match=r"2\.0"):
        OcpiHome("Zett", PartyId("FR", "ZZZ"), "http://127.0.0.1:1").speak("2.0")
