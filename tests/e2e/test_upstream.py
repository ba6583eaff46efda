"""Two hubs, each with all its processes and servers: ours is CPO and EMP of the platform above it."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import pytest
import pytest_asyncio

from core.model.ids import PartyId
from gateway.simulator.access import Admin
from gateway.simulator.cast import HOSTS, LEIPZIG, LYON, card, invented
from gateway.simulator.network import NotAsTold, bare
from gateway.simulator.oicp.home import OicpHome
from gateway.simulator.oicp.host import OicpHost
from gateway.simulator.roles import Live, Verdict
from gateway.simulator.stations import Operator
from gateway.simulator.visits import Visit, new_id
from tests.e2e.hub_fixture import HubProcess

pytestmark = pytest.mark.server

OUR_KEY = "the-key-that-our-hub-has-at-the-platform"
OURS = {"operator_id": "DE*UPH", "provider_id": "DE-UPH"}
BOTH = ("CPO", "EMSP")


class Side(NamedTuple):
    """A hub with an operator and an EMP of its own."""

    admin: Admin
    cpo: OicpHost
    emp: OicpHome
    operator: Operator


class Net(NamedTuple):
    here: Side
    above: Side
    platform: str
    """Partner id of the platform at our hub."""

    async def run(self, *feeds: str) -> None:
        """Each to its end, one after the other."""
        path = f"/partners/{self.platform}/feeds"
        for feed in feeds:
            before = datetime.now(UTC)
            async with asyncio.timeout(30):
                while not await self._asked_for(f"{path}/{feed}/run"):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                while await self._last(path, feed) < before:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)

    async def _asked_for(self, path: str) -> bool:
        """Its schedule is made within seconds after the partner was added."""
        try:
            await self.here.admin.call("POST", path)
        except NotAsTold as error:
            if "unknown feed" not in str(error):
                raise
            return False
        return True

    async def _last(self, path: str, feed: str) -> datetime:
        [view] = [one for one in await self.here.admin.call("GET", path) if one["feed"] == feed]
        assert view["error"] is None, view
        return datetime.fromisoformat(view["began_at"] or "2000-01-01T00:00:00Z")


async def side(hub: HubProcess, letter: str) -> Side:
    admin = Admin(hub.access)
    party, other = PartyId("DE", f"U{letter}O"), PartyId("DE", f"U{letter}E")
    cpo = OicpHost(f"Operator {letter}", party, hub.base_url, HOSTS["oicp"].price)
    emp = OicpHome(f"Provider {letter}", other, hub.base_url)
    await cpo.join(admin)
    await emp.join(admin)
    operator = invented(party, cpo.name, 1, LYON if letter == "A" else LEIPZIG)
    await cpo.offer(operator)
    await emp.hand_out([card(other, 1)])
    return Side(admin, cpo, emp, operator)


@pytest_asyncio.fixture(scope="module")
async def net(hub: HubProcess, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Net]:
    ours = HubProcess(Path(tmp_path_factory.mktemp("ours")), "--ephemeral")
    await asyncio.to_thread(ours.start)
    try:
        here, above = await side(ours, "B"), await side(hub, "A")
        roles = [{"role": role, "country_code": "DE", "party_id": "UPS"} for role in BOTH]
        given = await here.admin.add(
            {
                "name": "Platform above",
                "protocol": "oicp",
                "roles": roles,
                "callback_url": hub.base_url,
                "outbound_key": OUR_KEY,
                "upstream": OURS | {"sub_ids": ["DE*UBO"]},
            }
        )
        us = await above.admin.add(
            {
                "name": "Hub below",
                "protocol": "oicp",
                "roles": [role | {"party_id": "UPH"} for role in roles],
                "sub_ids": ["DE*UBO"],
                "callback_url": given["service_url"],
                "outbound_key": given["api_key"],
                "inbound_key": OUR_KEY,
                **OURS,
            }
        )
        hub.secrets += [OUR_KEY, given["api_key"]]
        yield Net(here, above, given["id"])
        await above.admin.call("DELETE", f"/partners/{us['id']}")
        for one in (here, above):
            await asyncio.gather(one.cpo.close(), one.emp.close(), one.admin.__aexit__(None, None, None))
        assert OUR_KEY not in ours.said()
    finally:
        await asyncio.to_thread(ours.end, signal.SIGTERM)


def visit(where: Side, who: Side) -> Visit:
    now = datetime.now(UTC).replace(microsecond=0)
    return Visit(
        id=new_id(),
        card=card(who.emp.party, 1),
        point=where.operator.points[0],
        started_at=now - timedelta(minutes=40),
        ended_at=now - timedelta(minutes=2),
        energy_kwh=Decimal("11.5"),
    )


async def billed(who: Side, stay: Visit) -> None:
    async with asyncio.timeout(20):
        while stay.key not in await who.emp.bills():  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    [bill] = (await who.emp.bills())[stay.key]
    assert (bill.energy_kwh, bare(bill.evse_id)) == (stay.energy_kwh, bare(stay.point.evse_id))


@pytest.mark.spec("OICP-UP-04", "OICP-UP-05", "OICP-UP-10", "OICP-UP-11")
async def test_each_sees_the_other_s_stations_and_how_they_are(net: Net) -> None:
    await net.run("shown-evses", "shown-statuses", "evse-data", "evse-status")
    assert {bare(point.evse_id) for point in net.here.operator.points} <= await net.above.emp.stations()
    assert {bare(point.evse_id) for point in net.above.operator.points} <= await net.here.emp.stations()
    point, far = net.here.operator.points[1], net.above.operator.points[1]
    await net.here.cpo.show(point, Live.CHARGING)
    async with asyncio.timeout(10):
        while await net.above.emp.status(point) is not Live.CHARGING:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    await net.above.cpo.show(far, Live.BROKEN)
    await net.run("evse-status")
    assert await net.here.emp.status(far) is Live.BROKEN


@pytest.mark.spec("OICP-UP-07", "OICP-UP-08", "OICP-UP-09")
async def test_a_driver_from_above_starts_from_afar_at_a_station_here(net: Net) -> None:
    stay = visit(net.here, net.above)
    started = await net.above.emp.start(stay.card, stay.point)
    charging = await net.here.cpo.started(stay)
    await charging.begin()
    await net.above.emp.stop(started)
    await net.here.cpo.until(lambda: net.here.cpo.stopped(charging), "the stop")
    await charging.end()
    await charging.bill()
    await billed(net.above, stay)
    assert net.above.emp.followed(stay)


@pytest.mark.spec("OICP-UP-06", "OICP-UP-12", "OICP-UP-13")
async def test_cards_are_good_on_the_other_side_both_ways(net: Net) -> None:
    for where, who in ((net.here, net.above), (net.above, net.here)):
        stay = visit(where, who)
        charging = where.cpo.charging(stay, live=False)
        assert await charging.authorise() is Verdict.ALLOWED
        await charging.begin()
        await charging.end()
        await charging.bill()
        await billed(who, stay)
