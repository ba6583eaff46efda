"""Networks with something wrong with them: the hub stays right, says no where nobody can say yes, and loses no CDR."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from msgspec.structs import replace

from core.errors import RoamingError
from core.model.authorisation import JourneyState
from core.model.cdr import CdrState
from core.model.command import Outcome
from core.model.ids import PartyId
from gateway.simulator.cast import Cast, Site, card, invented
from gateway.simulator.faults import Fault
from gateway.simulator.grid import Grid, reservations
from gateway.simulator.network import Card, NotAsTold
from gateway.simulator.ocpi.home import OcpiHome
from gateway.simulator.ocpi.host import OcpiHost
from gateway.simulator.ocpi.network import OcpiNetwork
from gateway.simulator.ocpi.objects import location
from gateway.simulator.oicp.home import OicpHome
from gateway.simulator.oicp.host import OicpHost
from gateway.simulator.roles import Charging, Home, Host, Live, Refusal, Verdict
from gateway.simulator.stations import Point
from gateway.simulator.transcript import Transcript
from gateway.simulator.visits import Price, Visit, new_id
from protocols import checking
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows.hub import HUB_URL, TestHub
from tests.flows.simulated import Town

PRICE = Price("AC", Decimal("0.42"))
CPO, CPO2 = PartyId("FR", "HST"), PartyId("DE", "STW")
EMSP, EMP = PartyId("DE", "HOM"), PartyId("DE", "ELK")
UNREADABLE = (Fault.GARBAGE, Fault.PARTIAL_JSON)
AWAY = [(name, fault) for name in ("ocpi", "oicp") for fault in (Fault.DOWN, Fault.ERROR, Fault.BUSY, *UNREADABLE)]
AWAY.append(("ocpi", Fault.WRONG_TOKEN))


class Net(NamedTuple):
    """An OCPI and an OICP network in each role; each home has one card, each host one station."""

    hub: TestHub
    hosts: dict[str, Host]
    homes: dict[str, Home]

    def point(self, host: str) -> Point:
        found = self.hosts[host]
        return invented(found.party, found.name, 1).points[0]

    def card(self, home: str) -> Card:
        return card(self.homes[home].party, 1)

    def visit(self, host: str, home: str) -> Visit:
        ended = datetime.now(UTC).replace(microsecond=0)
        began = ended - timedelta(minutes=20)
        return Visit(
            id=new_id(),
            card=self.card(home),
            point=self.point(host),
            started_at=began,
            ended_at=ended,
            energy_kwh=Decimal("7.125"),
        )

    async def verdict(self, host: str, home: str) -> Verdict:
        return await self.hosts[host].charging(self.visit(host, home)).authorise()

    async def charged(self, host: str, home: str) -> Charging:
        """Up to its end; the CDR is still to be handed in."""
        charging = self.hosts[host].charging(self.visit(host, home))
        assert await charging.authorise() is Verdict.ALLOWED
        await charging.begin(lenient=True)
        await charging.end(lenient=True)
        return charging

    async def commanded(self, asking: Any) -> Any:
        """What a home asks, while the worker runs."""
        working = asyncio.create_task(self._work())
        try:
            return await asking
        finally:
            working.cancel()

    async def _work(self) -> None:
        while True:
            await self.hub.processes.work()
            await asyncio.sleep(0.01)


@asynccontextmanager
async def networks(version: str = "2.3.0", *, sockets: bool = False) -> AsyncIterator[Net]:
    """Those of OCPI speak this version. `sockets`: the hub calls them through the machine's own network."""
    async with TestHub.open([OCPI, OICP], authorise_deadline_s=0.5, hotline="+33100000000") as hub:
        hub.clock.now = lambda: datetime.now(UTC)  # type: ignore[method-assign]
        hub.processes.meanwhile = lambda _: asyncio.sleep(0.3)
        hosts: dict[str, Host] = {
            "ocpi": OcpiHost("Voltaire", CPO, HUB_URL, PRICE),
            "oicp": OicpHost("Stromwerk", CPO2, HUB_URL, PRICE),
        }
        homes: dict[str, Home] = {
            "ocpi": OcpiHome("Nordlicht", EMSP, HUB_URL),
            "oicp": OicpHome("Elektra", EMP, HUB_URL),
        }
        for network in (hosts["ocpi"], homes["ocpi"]):
            assert isinstance(network, OcpiNetwork)
            network.speak(version)
        town, found = Town(hub, sockets=sockets), Net(hub, hosts, homes)
        await town.join(*homes.values(), *hosts.values())
        for name, home in homes.items():
            home.slow_s = 2.0
            await home.hand_out([found.card(name)])
        for host in hosts.values():
            await host.offer(invented(host.party, host.name, 1))
        await hub.relay()
        yield found
        await town.close()


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    async with networks() as found:
        yield found


# --- a home that cannot be asked


@pytest.mark.parametrize(("home", "fault"), [*AWAY, ("ocpi", Fault.SLOW), ("oicp", Fault.SLOW)])
@pytest.mark.parametrize("host", ["ocpi", "oicp"])
async def test_who_cannot_answer_for_a_card_says_no(net: Net, fault: Fault, home: str, host: str) -> None:
    """And once it is well again it says yes."""
    there = net.homes[home]
    await there.become(fault)
    assert await net.verdict(host, home) is not Verdict.ALLOWED
    assert not [held for held in net.hub.storage.journeys.held.values() if held.state is JourneyState.AUTHORISED]
    await there.become()
    await net.hub.hub.partners.reached(partner_id(net, there))
    assert await net.verdict(host, home) is Verdict.ALLOWED


@pytest.mark.parametrize(("home", "fault"), AWAY)
@pytest.mark.parametrize("host", ["ocpi", "oicp"])
async def test_no_record_is_lost_and_none_comes_twice(net: Net, fault: Fault, home: str, host: str) -> None:
    there = net.homes[home]
    charging = await net.charged(host, home)
    await there.become(fault)
    await charging.bill()
    [settled] = await net.hub.settle()
    assert settled.state is not CdrState.DELIVERED
    await there.become()
    await net.hub.hub.partners.reached(partner_id(net, there))
    if settled.state is CdrState.REFUSED:  # the hub's own operator looks after it
        await net.hub.hub.billing.reopen(settled.key)
    await net.hub.settle()
    bills = await there.bills()
    assert set(bills) == {charging.visit.key}
    held = bills[charging.visit.key]
    assert {bill.energy_kwh for bill in held} == {charging.visit.energy_kwh}
    if fault not in UNREADABLE:  # what was taken and answered with nonsense is sent again, under the same id
        assert len(held) == 1


@pytest.mark.parametrize("home", ["ocpi", "oicp"])
@pytest.mark.parametrize("host", ["ocpi", "oicp"])
async def test_a_record_that_comes_twice_is_one(net: Net, host: str, home: str) -> None:
    charging = await net.charged(host, home)
    await net.hosts[host].become(Fault.DUPLICATE_CDR)
    await charging.bill()
    await net.hub.settle()
    assert len(net.hub.storage.cdrs.held) == 1
    bills = await net.homes[home].bills()
    assert [len(held) for held in bills.values()] == [1]


async def test_what_an_emsp_could_not_be_told_it_is_told_later(net: Net) -> None:
    """The newest, once: the hub neither gives up nor tells what is out of date."""
    home, host, point = net.homes["ocpi"], net.hosts["oicp"], net.point("oicp")
    assert isinstance(home, OcpiHome)
    for fault in (Fault.BUSY, Fault.PARTIAL_JSON, Fault.ERROR):
        await home.become(fault)
        await host.show(point, Live.BROKEN)
        await net.hub.relay()
        await host.show(point, Live.CHARGING)
        await home.become()
        await net.hub.hub.partners.reached(partner_id(net, home))
        later = datetime.now(UTC) + timedelta(hours=3)
        net.hub.clock.now = lambda later=later: later  # type: ignore[method-assign]
        await net.hub.relay()
        net.hub.clock.now = lambda: datetime.now(UTC)  # type: ignore[method-assign]
        assert await home.status(point) is Live.CHARGING
        await host.show(point, Live.FREE)
        await net.hub.relay()


# --- an operator that cannot be asked


@pytest.mark.parametrize("home", ["ocpi", "oicp"])
@pytest.mark.parametrize(("host", "fault"), AWAY)
async def test_a_command_that_nobody_carries_out_is_no_yes(net: Net, fault: Fault, host: str, home: str) -> None:
    there, asking = net.hosts[host], net.homes[home]
    await there.become(fault)
    point, driver = net.point(host), net.card(home)
    with pytest.raises((Refusal, NotAsTold)):
        await net.commanded(asking.start(driver, point))
    with pytest.raises((Refusal, NotAsTold)):
        await net.commanded(asking.reserve(driver, point, 15))
    assert all(held.state is JourneyState.REFUSED for held in net.hub.storage.journeys.held.values())


@pytest.mark.parametrize("home", ["ocpi", "oicp"])
async def test_a_result_that_comes_too_late_changes_nothing(net: Net, home: str) -> None:
    there = net.hosts["ocpi"]
    assert isinstance(there, OcpiHost)
    there.late_s = 0.6
    await there.become(Fault.LATE_RESULT)
    if home == "oicp":
        with pytest.raises(Refusal):
            await net.commanded(net.homes[home].start(net.card(home), net.point("ocpi")))
        await asyncio.sleep(0.6)
        [record] = net.hub.storage.commands.held.values()
        assert record.outcome and record.outcome.outcome is Outcome.TIMED_OUT
    else:  # between two of one protocol nobody waits but the eMSP itself: it hears the result, however late
        await net.commanded(net.homes[home].start(net.card(home), net.point("ocpi")))
    assert not net.hub.processes.open


@pytest.mark.parametrize("home", ["ocpi", "oicp"])
async def test_the_hubs_session_id_stands_whatever_an_operator_says(net: Net, home: str) -> None:
    there, asking = net.hosts["oicp"], net.homes[home]
    await there.become(Fault.WRONG_SESSION_ID)
    started = await net.commanded(asking.start(net.card(home), net.point("oicp")))
    [journey] = net.hub.storage.journeys.held.values()
    assert journey.state is JourneyState.AUTHORISED
    if home == "oicp":
        assert started == journey.id
    charging = await there.started(net.visit("oicp", home))
    await there.become()
    await charging.bill()
    await net.hub.settle()
    assert len(await asking.bills()) == 1


@pytest.mark.parametrize("host", ["ocpi", "oicp"])
async def test_the_hubs_session_id_stands_whatever_an_emp_says(net: Net, host: str) -> None:
    await net.homes["oicp"].become(Fault.WRONG_SESSION_ID)
    charging = await net.charged(host, "oicp")
    await charging.bill()
    await net.hub.settle()
    [bill] = (await net.homes["oicp"].bills())[charging.visit.key]
    assert bill.energy_kwh == charging.visit.energy_kwh


async def test_lists_of_one_item_a_page_are_read_whole_through_the_hub(net: Net) -> None:
    host, home = net.hosts["ocpi"], net.homes["ocpi"]
    assert isinstance(host, OcpiHost)
    assert isinstance(home, OcpiHome)
    await host.offer(invented(host.party, host.name, 3))
    await host.become(Fault.ONE_ITEM_PAGES)
    found = await home.pull("locations", of=host.party)
    assert len({place["id"] for place in found}) == len(found) == 3


@pytest.mark.parametrize("fault", [Fault.DOWN, Fault.ERROR, Fault.BUSY, *UNREADABLE, Fault.WRONG_TOKEN])
async def test_what_the_hub_fetches_is_whole_or_nothing(net: Net, fault: Fault) -> None:
    """What is held stays as it is while an operator's lists cannot be read; afterwards all are, page by page."""
    host = net.hosts["ocpi"]
    assert isinstance(host, OcpiHost)
    partner = partner_id(net, host)
    offered = invented(host.party, host.name, 4)
    fresh = {station.id: location(station) for station in offered.stations}
    host.mine["locations"] |= {key: place for key, place in fresh.items() if key not in host.mine["locations"]}
    before = dict(net.hub.storage.locations.held)
    await host.become(fault)
    with pytest.raises(RoamingError):
        await net.hub.following.run(partner, "locations")
    assert net.hub.storage.locations.held == before
    await host.become(Fault.ONE_ITEM_PAGES)
    await net.hub.hub.partners.reached(partner)
    await net.hub.following.run(partner, "locations")
    held = {place.id for place in net.hub.storage.locations.held.values() if place.owner == host.party}
    assert held == set(fresh)


# --- over real sockets


@pytest.mark.spec("OICP-OPS-04")
@pytest.mark.parametrize("fault", [Fault.SLOW, Fault.DOWN, Fault.ERROR, Fault.BUSY, *UNREADABLE])
async def test_over_real_sockets_an_operator_that_fails_holds_up_nobody(fault: Fault) -> None:
    """It has as long as it was given, and no longer; one that is well is served meanwhile."""
    async with networks(sockets=True) as net:
        host, home = net.hosts["oicp"], net.homes["oicp"]
        host.slow_s = 30.0
        held = net.hub.storage.partners.held[partner_id(net, host)]
        hurried = held.settings.replace("{", '{"remote_timeout_s": 0.5, ', 1)
        await net.hub.storage.partners.update(replace(held, settings=hurried))
        await host.become(fault)
        begun = asyncio.get_running_loop().time()
        asked = asyncio.create_task(net.commanded(home.start(net.card("oicp"), net.point("oicp"))))
        assert await net.verdict("ocpi", "oicp") is Verdict.ALLOWED
        with pytest.raises(Refusal, match="310"):
            await asked
        assert asyncio.get_running_loop().time() - begun < 10
        await host.become()
        await net.hub.hub.partners.reached(held.id)
        assert await net.commanded(home.start(net.card("oicp"), net.point("oicp")))


# --- reservations among networks that are well


@pytest.mark.parametrize("home", ["ocpi", "oicp"])
@pytest.mark.parametrize("host", ["ocpi", "oicp"])
async def test_a_reservation_between_any_two(net: Net, host: str, home: str) -> None:
    there, asking, point = net.hosts[host], net.homes[home], net.point(host)
    reserved = await net.commanded(asking.reserve(net.card(home), point, 15))
    assert there.reserved(point)
    other = net.homes["oicp" if home == "ocpi" else "ocpi"]
    with pytest.raises(Refusal):
        await net.commanded(other.reserve(card(other.party, 1), point, 15))
    await net.commanded(asking.give_back(reserved))
    assert not there.reserved(point)
    with pytest.raises(Refusal):
        await net.commanded(asking.give_back(reserved))


async def test_the_chapter_of_the_story(net: Net) -> None:
    """As the demonstration tells it, with the protocols of this town and one that has no reservations."""
    sites = tuple(Site(host, invented(host.party, host.name, 1)) for host in net.hosts.values())
    grid, told = Grid.of(Cast(sites=sites, homes=(*net.homes.values(), Mute(net)))), io.StringIO()
    await net.commanded(reservations(grid, Transcript(told)))
    text = " ".join(told.getvalue().split())
    assert "4 pairs reserved and gave back: Nordlicht (OCPI) at Voltaire (OCPI)" in text
    assert "2 pairs refused, in the words “MUTE has no reservations”" in text


class Mute(OicpHome):
    protocol = "MUTE"
    reserves = False

    def __init__(self, net: Net) -> None:
        super().__init__("Mute", PartyId("DE", "MUT"), HUB_URL)

    reserve = Home.reserve


async def test_a_network_has_only_the_faults_of_its_protocol(net: Net) -> None:
    for network, fault in ((net.homes["oicp"], Fault.WRONG_TOKEN), (net.hosts["ocpi"], Fault.WRONG_SESSION_ID)):
        with pytest.raises(ValueError, match="cannot have"):
            await network.become(fault)


def partner_id(net: Net, network: Any) -> str:
    held = net.hub.storage.partners.held.values()
    return next(partner.id for partner in held if network.party in partner.parties)


# --- what a check of the hub's says of them


@pytest.mark.parametrize("side", ["hosts", "homes"])
async def test_a_simulated_network_keeps_the_rules_of_its_protocol(net: Net, side: str) -> None:
    await net.charged("ocpi", "ocpi")
    network = getattr(net, side)["ocpi"]
    partner = await net.hub.hub.partners.get(partner_id(net, network))
    report = await OCPI.check(net.hub.hub, partner)
    assert [found for found in report.findings if found.verdict is checking.Verdict.BROKEN] == []
    await network.become(Fault.WRONG_TOKEN)
    assert not (await OCPI.check(net.hub.hub, partner)).passed
