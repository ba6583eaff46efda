"""Updates of one object, told to one receiver by the relay of a worker."""

import asyncio
from typing import Any

import pytest

from gateway.relay import Relay
from protocols.ocpi.plugin import PLUGIN
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import Received, cast, envelope, location


class Unmeasured:
    def delivery(self, _: Any) -> None:
        """Nothing is counted here."""


@pytest.mark.spec("OCPI-COP-20")
async def test_quick_patches_arrive_in_their_order() -> None:
    """A receiver that takes its time with one is not shown a later one meanwhile."""
    async with TestHub.open([PLUGIN]) as hub:
        p1, p2, _ = cast()
        await p1.join(hub)
        await p2.join(hub)
        await p1.call(hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
        await hub.relay()
        arrived: list[str] = []
        delay: list[float] = []

        async def take(request: Received) -> Any:
            delay.append(0.1 if len(delay) % 2 == 0 else 0)
            await asyncio.sleep(delay[-1])
            arrived.append(request.json["last_updated"])
            return 200, envelope(None), {}

        p2.answers["PATCH", "locations"] = take
        relay = Relay(hub.storage.outbox, hub.delivery, Unmeasured())  # type: ignore[arg-type]
        relaying = asyncio.create_task(relay.run())
        for second in range(100):
            at = f"2026-01-15T13:{second // 60:02}:{second % 60:02}Z"
            patch = {"status": "CHARGING" if second % 2 else "BLOCKED", "last_updated": at}
            answer = await p1.call(hub, "PATCH", "locations/receiver/NL/CPA/LOC1/E1", patch)
            assert answer.json()["status_code"] == 1000
            await asyncio.sleep(0.002)
        async with asyncio.timeout(10):
            while "2026-01-15T13:01:39Z" not in arrived:  # noqa: ASYNC110 - the relay has no event for us
                await asyncio.sleep(0.01)
        relay.stop()
        await relaying
        assert arrived == sorted(set(arrived))
        assert len(arrived) > 3
