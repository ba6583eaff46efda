"""The pages of the dashboard over the parts of a test hub."""

from collections import Counter
from collections.abc import AsyncIterator
from types import SimpleNamespace

import httpx
import pytest
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from core.model.secret import Secret
from gateway.dashboard.feeds import feeds_page
from gateway.dashboard.journeys import journeys_page
from gateway.dashboard.losses import losses_page
from gateway.dashboard.page import dashboard
from gateway.dashboard.stations import stations_page
from protocols.ocpi.plugin import PLUGIN as OCPI
from protocols.oicp.plugin import PLUGIN as OICP
from tests.flows import chain_sides as sides
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import location

KEY = "<admin>"


class Tallies:
    def __init__(self) -> None:
        self.held: Counter[tuple[str, ...]] = Counter()

    async def all(self) -> dict[tuple[str, ...], int]:
        return dict(self.held)


@pytest.fixture
async def hub() -> AsyncIterator[TestHub]:
    async with TestHub.open([OCPI, OICP]) as found:
        yield found


async def page(hub: TestHub, path: str, tallies: Tallies | None = None, *, key: str = KEY) -> httpx.Response:
    storage = SimpleNamespace(
        outbox=hub.storage.outbox,
        cdrs=hub.storage.cdrs,
        journeys=hub.storage.journeys,
        commands=hub.storage.commands,
        tallies=tallies or Tallies(),
    )
    settings = SimpleNamespace(open_registration=False, admin_key=Secret(KEY))
    parts = SimpleNamespace(
        hub=hub.hub, adapters=hub.adapters, storage=storage, settings=settings, following=hub.following
    )
    app = Litestar(
        [dashboard, journeys_page, losses_page, feeds_page, stations_page],
        dependencies={"assembly": Provide(lambda: parts, sync_to_thread=False)},
        state=State({"assembly": parts}),
        openapi_config=None,
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub.test") as client:
        return await client.get(path, auth=("operator", key))


async def test_the_pages_ask_for_the_admin_key(hub: TestHub) -> None:
    for path in ("/", "/journeys", "/losses", "/feeds", "/stations"):
        assert (await page(hub, path, key="wrong")).status_code == 401
        assert (await page(hub, path)).status_code == 200


async def test_partners_are_shown_with_what_they_were_told(hub: TestHub) -> None:
    operator = sides.OcpiOperator()
    await operator.join(hub)
    await sides.OcpiIssuer().join(hub)
    await operator._send("PUT", "locations/receiver/NL/CPA/LOC2", location("LOC2"))
    await hub.relay()
    shown = (await page(hub, "/")).text
    assert "p2.test" in shown
    assert "<span class=ok>2</span>" in shown
    assert "<a href='/losses'>" in shown


async def test_a_journey_is_shown_with_the_ids_of_both_sides(hub: TestHub) -> None:
    operator, issuer = sides.OicpOperator(), sides.OcpiIssuer()
    await issuer.join(hub)
    await operator.join(hub)
    assert "No journeys yet" in (await page(hub, "/journeys")).text
    assert await operator.authorise()
    shown = (await page(hub, "/journeys")).text
    for text in (operator.session_id, sides.OWN_SESSION, sides.THEIR_SESSION, "AUTHORISED"):
        assert text in shown


async def test_losses_are_shown_most_frequent_first_and_withheld_ones_with_their_reason(hub: TestHub) -> None:
    operator, issuer = sides.OicpOperator(), sides.OcpiIssuer()
    await issuer.join(hub)
    await operator.join(hub)
    assert await operator.authorise()
    await operator.charge()
    await hub.settle()
    tallies = Tallies()
    tallies.held["loss", "cdr", "ocpi", "oicp", "LOST", "total_cost"] = 3
    tallies.held["loss", "location", "ocpi", "ochp", "LOST", "<b>"] = 5
    shown = (await page(hub, "/losses", tallies)).text
    assert shown.index("&lt;b&gt;") < shown.index("total_cost</code>")
    assert "OCPI demands the total cost" in shown
