"""Two hubs in one process: ours, and a platform above it in which it is CPO and EMP.

Each has an operator and an EMP of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx

from core.model.partner import Partner
from tests.flows.hub import TestHub
from tests.flows.oicp_partners import Emp, Reached, cpo, decode, emp, encode, join, opened, record

ABOVE = "https://above.test"
OUR_KEY = "the-key-of-our-hub-at-the-platform-above"
OUR_OPERATOR, OUR_PROVIDER = "DE*HHH", "DE-HHH"
GOOD_HERE, GOOD_THERE = "04AAAAAAAAAAAA", "04BBBBBBBBBBBB"
CONTRACT_HERE, CONTRACT_THERE = "DE-DCB-C12345678-X", "DE-FAR-C12345678-X"
EVSE_HERE, EVSE_THERE = "DE*ABC*E1", "DE*XXX*E1"


class Cpo:
    """An operator that says yes to every remote command, and remembers them."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: dict[str, Any] = {"Result": True, "StatusCode": {"Code": "000"}}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.url.raw_path.decode(), decode(request.content)))
        return httpx.Response(200, content=encode(self.answer))


class Two(NamedTuple):
    """`here` is ours. `upstream` is the platform in ours, `us` our hub as the platform knows it."""

    here: TestHub
    above: TestHub
    upstream: Partner
    us: Partner
    cpo: Reached
    cpo_at: Cpo
    emp: Reached
    emp_at: Emp
    far_cpo: Reached
    far_cpo_at: Cpo
    far_emp: Reached
    far_emp_at: Emp

    async def run(self, feed: str) -> Any:
        """One run of what our hub fetches from the platform or shows it."""
        return await self.here.following.run(self.upstream.id, feed)

    async def stations(self) -> None:
        """Both operators upload a station, and both hubs know them."""
        await self.cpo.push_data("fullLoad", record(EVSE_HERE))
        await self.cpo.push_status("fullLoad", {EVSE_HERE: "Available"})
        await self.far_cpo.push_data("fullLoad", record(EVSE_THERE))
        await self.far_cpo.push_status("fullLoad", {EVSE_THERE: "Available"})
        for feed in ("shown-evses", "shown-statuses", "evse-data", "evse-status"):
            await self.run(feed)

    async def relay(self) -> None:
        for hub in (self.here, self.above):
            await hub.relay()


@asynccontextmanager
async def two(**upstream: Any) -> AsyncIterator[Two]:
    async with opened() as here, opened() as above:
        above.ids.count = 1_000_000
        here.network.serve("above.test", above.app)
        above.network.serve("hub.test", here.app)
        platform, shown = await here.add(platform_document(**upstream))
        us, _ = await above.add(
            {
                "name": "Our hub",
                "protocol": "oicp",
                "roles": [{"role": role, "country_code": "DE", "party_id": "HHH"} for role in ("CPO", "EMSP")],
                "operator_id": OUR_OPERATOR,
                "provider_id": OUR_PROVIDER,
                "sub_ids": ["DE*ABC", "DE*DCB"],
                "callback_url": shown["service_url"],
                "outbound_key": shown["api_key"],
                "inbound_key": OUR_KEY,
            }
        )
        cpo_at, emp_at, far_cpo_at, far_emp_at = Cpo(), Emp(GOOD_HERE), Cpo(), Emp(GOOD_THERE)
        yield Two(
            here,
            above,
            platform,
            us,
            await join(here, cpo("DE*ABC"), cpo_at),
            cpo_at,
            await join(here, emp("DE-DCB"), emp_at),
            emp_at,
            await join(above, cpo("DE*XXX"), far_cpo_at),
            far_cpo_at,
            await join(above, emp("DE-FAR"), far_emp_at),
            far_emp_at,
        )


def platform_document(**upstream: Any) -> dict[str, Any]:
    own = {"operator_id": OUR_OPERATOR, "provider_id": OUR_PROVIDER, "sub_ids": ["DE*ABC", "DE-DCB"], **upstream}
    return {
        "name": "Platform above",
        "protocol": "oicp",
        "roles": [{"role": role, "country_code": "DE", "party_id": "UPS"} for role in ("CPO", "EMSP")],
        "operator_id": "DE*UPS",
        "provider_id": "DE-UPS",
        "callback_url": ABOVE,
        "outbound_key": OUR_KEY,
        "upstream": own,
    }
