"""What an operator sees of feeds, and does about them: the admin API and the dashboard."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from core.errors import Invalid, Uncertain
from core.model.feed import FeedChoice
from core.model.partner import PartnerState
from gateway.admin.partners import add_partner
from protocols.ocpi.plugin import PLUGIN
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, location
from tests.flows.test_dashboard_pages import page
from tests.flows.test_ocpi_following import Net, Shelf
from tests.flows.test_sights import Admin

pytestmark = pytest.mark.filterwarnings("ignore:.*deprecated inferred style")
FEED = "locations"


class Office:
    def __init__(self, hub: TestHub, net: Net) -> None:
        self.hub = hub
        self.net = net
        self.admin = Admin(hub)
        self.path = f"partners/{net.id(net.p1)}/feeds"

    async def feed(self, name: str = FEED) -> Any:
        return next(one for one in await self.admin.get(self.path) if one["feed"] == name)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    async with TestHub.open([PLUGIN]) as hub:
        net = Net(hub)
        await net.p1.join(hub)
        yield Office(hub, net)


async def test_feeds_are_shown_with_what_is_held(office: Office) -> None:
    before = await office.feed()
    assert (before["off"], before["fetched"], before["last_success_at"], before["held"]) == (False, True, None, [])
    assert (before["full_every_s"], before["delta_every_s"]) == (86_400, 14_400)
    Shelf(office.net.p1, FEED, [location(), location("<b>", address=7)])
    await office.net.pull(office.net.p1, FEED)
    after = await office.feed()
    assert after["counts"] == {"pages": 2, "taken": 1, "unchanged": 1, "removed": 0, "foreign": 0, "held": 2}
    (held,) = after["held"]
    assert (held["key"], held["pointer"]) == ("NLCPA/<B>", "/address")
    assert held["raw"].startswith('{"country_code"')
    shown = (await page(office.hub, "/feeds")).text
    assert "NLCPA/&lt;B&gt;" in shown
    assert "<b>" not in shown.replace("<b>Feeds</b>", "")


async def test_a_run_can_be_asked_for(office: Office) -> None:
    partner_id = office.net.id(office.net.p1)
    await office.admin.call("POST", f"{office.path}/{FEED}/run", 202)
    assert office.hub.processes.followed == [(partner_id, FEED)]
    Shelf(office.net.p1, FEED, [])
    await office.net.pull(office.net.p1, FEED)
    office.hub.clock.advance(1)
    await office.admin.call("POST", f"{office.path}/{FEED}/run", 202, whole=True)
    assert (await office.hub.following.run(partner_id, FEED)).whole
    await office.admin.call("POST", f"{office.path}/nothing/run", 404)
    await office.admin.call("POST", f"partners/nobody/feeds/{FEED}/run", 404)
    office.hub.processes.down = True
    await office.admin.call("POST", f"{office.path}/{FEED}/run", 503)


async def test_intervals_are_chosen_and_feeds_switched_off(office: Office) -> None:
    changed = await office.admin.call("PUT", f"{office.path}/{FEED}", body={"full_every_s": 604_800})
    assert (changed["full_every_s"], changed["delta_every_s"]) == (604_800, 14_400)
    changed = await office.admin.call("PUT", f"{office.path}/{FEED}", body={"off": True})
    assert (changed["off"], changed["fetched"], changed["full_every_s"]) == (True, False, 86_400)
    refused = await office.admin.call("POST", f"{office.path}/{FEED}/run", 409)
    assert "switched off" in refused["error"]["reason"]
    assert "off</span>" in (await page(office.hub, "/feeds")).text
    await office.admin.call("PUT", f"{office.path}/nothing", 404, body={})


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"full_every_s": 59}, "$.full_every_s"),
        ({"delta_every_s": "often"}, "$.delta_every_s"),
        ({"full_every_s": 10**9}, "$.full_every_s"),
        ({"off": 1}, "$.off"),
        ({"often": True}, "$"),
        ([], "$"),
    ],
)
async def test_a_choice_that_is_none_names_the_member(office: Office, body: Any, path: str) -> None:
    refused = await office.admin.call("PUT", f"{office.path}/{FEED}", 400, body=body)
    assert refused["error"]["path"] == path
    assert not (await office.feed())["off"]


async def test_nobody_who_is_away_is_asked(office: Office) -> None:
    await office.hub.hub.partners.suspend(office.net.id(office.net.p1))
    assert not (await office.feed())["fetched"]
    refused = await office.admin.call("POST", f"{office.path}/{FEED}/run", 409)
    assert "away" in refused["error"]["reason"]
    assert "not connected" in (await page(office.hub, "/feeds")).text


async def test_a_failure_is_shown_until_a_run_succeeds(office: Office) -> None:
    office.net.p1.answers["GET", FEED] = (500, b"", {})
    with pytest.raises(Uncertain):
        await office.net.pull(office.net.p1, FEED)
    assert "HTTP 500" in (await office.feed())["error"]
    assert "HTTP 500" in (await page(office.hub, "/feeds")).text
    Shelf(office.net.p1, FEED, [])
    await office.net.pull(office.net.p1, FEED)
    assert (await office.feed())["error"] is None


async def test_choices_may_come_with_the_partner(office: Office) -> None:
    document = {**OcpiPartner("p9.test", ("CPO", "ES", "CPD")).document(), "feeds": {FEED: {"delta_every_s": 600}}}
    parts: Any = office.hub
    shown = await add_partner(_Parts(parts), document)  # type: ignore[arg-type]
    partner = office.hub.storage.partners.held[shown["id"]]
    assert partner.feeds == {FEED: FeedChoice(delta_every=timedelta(minutes=10))}
    assert partner.state is PartnerState.PLANNED
    for wrong, path in (([], "$.feeds"), ({FEED: 1}, f"$.feeds.{FEED}"), ({FEED: {"off": 1}}, f"$.feeds.{FEED}.off")):
        with pytest.raises(Invalid) as refused:
            await add_partner(_Parts(parts), {**document, "feeds": wrong})  # type: ignore[arg-type]
        assert refused.value.path == path


class _Parts:
    def __init__(self, hub: TestHub) -> None:
        self.hub = hub.hub
        self.plugins = hub.plugins


async def test_what_is_known_of_a_partner_s_feeds_goes_with_it(office: Office) -> None:
    Shelf(office.net.p1, FEED, [])
    await office.net.pull(office.net.p1, FEED)
    await office.admin.call("DELETE", f"partners/{office.net.id(office.net.p1)}", 204)
    assert office.hub.storage.feeds.held == {}
