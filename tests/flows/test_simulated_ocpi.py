"""The simulated OCPI networks with each other: charging profiles by way of the hub."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.model.ids import PartyId
from gateway.simulator.cast import card, invented
from gateway.simulator.ocpi.home import OcpiHome
from gateway.simulator.ocpi.host import OcpiHost
from gateway.simulator.roles import Refusal, Verdict
from gateway.simulator.visits import Price, Visit, new_id
from protocols.ocpi.plugin import PLUGIN
from tests.flows.hub import HUB_URL, TestHub
from tests.flows.simulated import Town

STATIONS, DRIVERS = PartyId("FR", "HST"), PartyId("DE", "HOM")
PROFILE = {"charging_rate_unit": "A", "charging_profile_period": [{"start_period": 0, "limit": Decimal("8.1")}]}


@pytest.mark.spec("OCPI-CHP-01", "OCPI-CHP-05", "OCPI-CHP-11")
async def test_an_emsp_sets_reads_and_clears_a_profile_of_a_running_session() -> None:
    async with TestHub.open([PLUGIN]) as hub:
        hub.clock.now = lambda: datetime.now(UTC)  # type: ignore[method-assign]
        host = OcpiHost("Host", STATIONS, HUB_URL, Price("ENERGY", Decimal("0.42")))
        home, town = OcpiHome("Home", DRIVERS, HUB_URL), Town(hub)
        await town.join(host, home)
        operator, driver = invented(STATIONS, "Host", 1), card(DRIVERS, 1)
        await host.offer(operator)
        await home.hand_out([driver])
        await hub.relay()
        ended = datetime.now(UTC).replace(microsecond=0)
        visit = Visit(
            id=new_id(),
            card=driver,
            point=operator.points[0],
            started_at=ended - timedelta(minutes=20),
            ended_at=ended,
            energy_kwh=Decimal("7.125"),
        )
        charging = host.charging(visit)
        assert await charging.authorise() is Verdict.ALLOWED
        await charging.begin()
        (session,) = home.theirs["sessions"].values()
        with pytest.raises(Refusal, match="REJECTED"):
            await home.profile(session, 900)
        await home.set_profile(session, PROFILE)
        assert host.theirs["chargingprofiles"][visit.id] == PROFILE
        assert await home.profile(session, 900) == PROFILE
        await home.clear_profile(session)
        assert not host.theirs["chargingprofiles"]
        with pytest.raises(Refusal, match="UNKNOWN"):
            await home.clear_profile(session)
        with pytest.raises(Refusal, match="UNKNOWN_SESSION"):
            await home.set_profile({**session, "id": "another"}, PROFILE)
        await town.close()
