"""A partner that never pushes, at a running hub: what it lists is fetched, shown, kept in step and found."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from core.model.ids import PartyId
from gateway.simulator.access import Admin
from gateway.simulator.ocpi.network import OcpiNetwork
from tests.e2e.hub_fixture import HubProcess
from tests.flows.ocpi_partner import location

pytestmark = pytest.mark.server
OWNER, AT = "NLLST", {"latitude": "51.99990", "longitude": "4.37070"}


def listed(location_id: str, **changes: Any) -> dict[str, Any]:
    return location(location_id, OWNER, coordinates=AT, **changes)


@pytest.mark.spec("OCPI-TRN-49", "OCPI-HUB-72", "OCPI-LOC-30")
async def test_a_partner_that_only_lists_is_fetched_when_it_connects(hub: HubProcess, admin: Admin) -> None:
    network = OcpiNetwork("Lister", PartyId.parse(OWNER), "CPO", hub.base_url)
    network.mine["locations"] = {one: listed(one) for one in ("LOC1", "LOC2")} | {"BAD": listed("BAD", city=7)}
    await network.join(admin)
    (partner_id,) = [one["id"] for one in await admin.call("GET", "/partners") if one["name"] == "Lister"]

    async def feed() -> Any:
        feeds = await admin.call("GET", f"/partners/{partner_id}/feeds")
        return next(one for one in feeds if one["feed"] == "locations")

    async def stations() -> list[str]:
        found = await admin.call("GET", "/stations", near="52.0,4.37", radius_m=500)
        return sorted(one["id"] for one in found["items"])

    try:
        first = await seen(feed, lambda one: one["last_success_at"] is not None)
        assert await stations() == ["LOC1", "LOC2"]
        assert [(held["key"], held["pointer"]) for held in first["held"]] == [(f"{OWNER}/BAD", "/city")]
        del network.mine["locations"]["LOC1"]
        del network.mine["locations"]["BAD"]
        await admin.call("POST", f"/partners/{partner_id}/feeds/locations/run", whole=True)
        again = await seen(feed, lambda one: one["last_full_at"] != first["last_full_at"])
        assert await stations() == ["LOC2"]
        assert again["held"] == []
    finally:
        await admin.call("DELETE", f"/partners/{partner_id}")
        await network.close()


async def seen(ask: Callable[[], Awaitable[Any]], holds: Callable[[Any], bool]) -> Any:
    """What is answered as soon as it is so."""
    async with asyncio.timeout(40):
        while not holds(found := await ask()):  # noqa: ASYNC110 - another process has no event for us
            await asyncio.sleep(0.2)
    return found
