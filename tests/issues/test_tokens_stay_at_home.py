"""Where the operator names a partner's hosts, the token that it gave is shown nowhere else, whatever its next links,
response URLs and CDR locations say."""

from typing import Any

import msgspec
import pytest

from core.errors import RoamingError
from core.model.partner import Partner
from protocols.ocpi.plugin import PLUGIN
from protocols.ocpi.settings import Interface, OcpiSettings, settings_of, settings_text
from protocols.ocpi.wire.versions import InterfaceRole
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, cast, cdr, envelope, location, token

STRANGER = "stranger.test"


class Net:
    def __init__(self, hub: TestHub) -> None:
        self.hub = hub
        self.p1, self.p2, _ = cast()
        self.stranger = OcpiPartner(STRANGER)
        self.stranger.guard = False

    def entry(self, partner: OcpiPartner) -> Partner:
        return next(held for held in self.hub.storage.partners.held.values() if held.name == partner.host)

    async def allow(self, partner: OcpiPartner, host: str) -> None:
        entry = self.entry(partner)
        settings = settings_text(msgspec.structs.replace(settings_of(entry), hosts=(host,)))
        self.hub.storage.partners.held[entry.id] = msgspec.structs.replace(entry, settings=settings)


@pytest.fixture
async def net() -> Any:
    async with TestHub.open([PLUGIN]) as hub:
        found = Net(hub)
        await found.p1.join(hub)
        await found.p2.join(hub)
        await found.allow(found.p1, "elsewhere.test")
        await found.allow(found.p2, "elsewhere.test")
        hub.network.serve(STRANGER, found.stranger)
        yield found


def _leads_away(partner: OcpiPartner, module: str, item: Any) -> None:
    link = {"link": f'<https://{STRANGER}/2>; rel="next"', "x-total-count": "2", "x-limit": "1"}
    partner.answers["GET", module] = (200, envelope([item]), link)


async def test_a_feed_does_not_go_on_elsewhere(net: Net) -> None:
    _leads_away(net.p1, "locations", location())
    with pytest.raises(RoamingError):
        await net.hub.following.run(net.entry(net.p1).id, "locations")
    assert not net.stranger.received


async def test_where_the_operator_says_so_it_does(net: Net) -> None:
    await net.allow(net.p1, STRANGER)
    _leads_away(net.p1, "locations", location())
    net.stranger.answers["GET", "2"] = (200, envelope([location("LOC2")]), {})
    state = await net.hub.following.run(net.entry(net.p1).id, "locations")
    assert (state.counts.pages, state.counts.taken) == (4, 2)


async def test_a_list_that_is_passed_back_does_not_either(net: Net) -> None:
    _leads_away(net.p1, "locations", location())
    answer = await net.p2.call(net.hub, "GET", "locations/sender", to="NLCPA")
    assert answer.json()["status_code"] == 4000
    assert "link" not in answer.headers
    assert not net.stranger.received


@pytest.mark.parametrize("to", ["NLCPA", None])
async def test_results_go_to_who_asked(net: Net, to: str | None) -> None:
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location())
    command = {"response_url": f"https://{STRANGER}/cb", "token": token(), "location_id": "LOC1"}
    answer = await net.p2.call(net.hub, "POST", "commands/receiver/START_SESSION", command, to=to)
    assert (answer.json()["status_code"], "response_url" in answer.text) == (2001, True)
    assert not net.p1.seen("POST", "commands")


async def test_results_about_charging_profiles_likewise(net: Net) -> None:
    query = f"duration=900&response_url=https://{STRANGER}/cb"
    answer = await net.p2.call(net.hub, "GET", f"chargingprofiles/receiver/S1?{query}", to="NLCPA")
    assert (answer.json()["status_code"], "response_url" in answer.text) == (2001, True)


async def test_a_cdr_is_not_read_back_elsewhere(net: Net) -> None:
    await net.p2.call(net.hub, "PUT", "tokens/receiver/DE/EMB/04AABBCC", token())
    entry = net.entry(net.p1)
    settings = settings_text(msgspec.structs.replace(settings_of(entry), forward_cdrs=True))
    net.hub.storage.partners.held[entry.id] = msgspec.structs.replace(entry, settings=settings)
    net.p2.answers["POST", "cdrs"] = (201, envelope(None), {"location": f"https://{STRANGER}/cdr"})
    answer = await net.p1.call(net.hub, "POST", "cdrs/receiver", cdr(), to="DEEMB")
    assert answer.json()["status_code"] == 1000, answer.text
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://p.test/2", True),
        ("https://P.test:443/2?a=b", True),
        ("https://cdn.test:8443/x", True),
        ("https://more.test/x", True),
        ("https://MORE.test/x", True),
        ("https://more.test:444/x", False),
        ("https://p.test:444/2", False),
        ("http://p.test/2", False),
        ("https://p.test@evil.test/2", False),
        ("https://p.test.evil.test/2", False),
        ("https://evil.test/p.test", False),
        ("https://p.test:x/2", False),
        ("https://[/2", False),
        ("", False),
    ],
)
def test_what_is_home_where_hosts_are_named(url: str, home: bool) -> None:
    endpoint = Interface("locations", InterfaceRole.SENDER, "https://cdn.test:8443/locations")
    settings = OcpiSettings(versions_url="https://p.test/versions", endpoints=(endpoint,), hosts=("more.test",))
    assert settings.leads_home(url) is home


@pytest.mark.parametrize(("url", "called"), [("https://callbacks.test/cb", True), ("https://[/2", False)])
def test_without_hosts_a_partner_may_be_called_where_it_says(url: str, called: bool) -> None:
    assert OcpiSettings(versions_url="https://p.test/versions").leads_home(url) is called
