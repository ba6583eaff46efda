"""Partners that are fetched from: what they list comes in as if it had been pushed."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from core.errors import Rejected, RoamingError, StoreUnavailable, Unavailable, Uncertain
from core.model.cdr import CdrState
from core.model.feed import FeedState
from core.model.ids import PartyId
from core.model.location import EvseStatus
from core.model.partner import Partner
from core.model.token import Token
from core.services.tokens import TokenService
from protocols.ocpi.plugin import PLUGIN
from tests.flows.hub import TestHub
from tests.flows.ocpi_2_1_1_partner import OldPartner, old_cdr, old_location, old_session, old_tariff, old_token
from tests.flows.ocpi_partner import (
    TIME,
    OcpiPartner,
    Received,
    cast,
    cdr,
    envelope,
    evse,
    location,
    session,
    tariff,
    token,
)

spec = pytest.mark.spec
LATER, EARLIER = "2026-01-15T12:30:00Z", "2026-01-15T11:00:00Z"
CPA = PartyId("NL", "CPA")


class Shelf:
    """What a partner lists of a module, in pages of its own size. `total` None: it does not say how many there are."""

    def __init__(self, partner: OcpiPartner, module: str, items: list[Any], size: int = 100) -> None:
        self.partner = partner
        self.module = module
        self.items = items
        self.size = size
        self.asked: list[dict[str, str]] = []
        self.link: Callable[[str], str] = lambda url: f'<{url}>; rel="next"'
        self.meanwhile: Callable[[], object] = lambda: None
        partner.answers["GET", module] = self

    def __call__(self, request: Received) -> Any:
        query = {name: values[0] for name, values in parse_qs(request.query).items()}
        self.asked.append(query)
        start = int(query.get("cursor", "0"))
        wanted = [x for x in self.items if not isinstance(x, dict) or x["last_updated"] >= query.get("date_from", "")]
        page, rest = wanted[start : start + self.size], start + self.size < len(wanted)
        url = f"{self.partner.url}{request.path}?cursor={start + self.size}"
        if "date_from" in query:
            url += f"&date_from={query['date_from']}"
        headers = {"x-total-count": str(len(wanted)), "x-limit": str(self.size)}
        self.meanwhile()
        return 200, envelope(page), {**headers, **({"link": self.link(url)} if rest else {})}


class Net:
    def __init__(self, hub: TestHub) -> None:
        self.hub = hub
        self.p1, self.p2, self.p3 = cast()

    async def pull(self, partner: OcpiPartner, feed: str, *, whole: bool = False) -> FeedState:
        if whole:
            self.hub.clock.advance(1)
            await self.hub.following.ask_whole(self.id(partner), feed)
        return await self.hub.following.run(self.id(partner), feed)

    def id(self, partner: OcpiPartner) -> str:
        (found,) = [held.id for held in self.hub.storage.partners.held.values() if held.name == partner.host]
        return found

    async def listed(self, module: str, reader: OcpiPartner, query: str = "") -> list[dict[str, Any]]:
        answer = await reader.call(self.hub, "GET", f"{module}/sender?{query}")
        assert answer.json()["status_code"] == 1000, answer.text
        found: list[dict[str, Any]] = answer.json()["data"]
        return found

    async def ids(self, module: str, reader: OcpiPartner, query: str = "") -> list[str]:
        return [found["id"] for found in await self.listed(module, reader, query)]


@pytest.fixture
async def net() -> Any:
    async with TestHub.open([PLUGIN]) as hub:
        found = Net(hub)
        for partner in (found.p1, found.p2, found.p3):
            await partner.join(hub)
        yield found


@spec("OCPI-TRN-49", "OCPI-HUB-64")
async def test_a_partner_that_never_pushes_is_seen_all_the_same(net: Net) -> None:
    Shelf(net.p1, "locations", [location("LOC1"), location("LOC2", "BECPA")])
    state = await net.pull(net.p1, "locations")
    found = {one["id"]: one for one in await net.listed("locations", net.p2)}
    assert found == {"LOC1": location("LOC1"), "LOC2": location("LOC2", "BECPA")}
    assert (state.counts.taken, state.counts.unchanged, state.counts.held) == (2, 2, 0)
    await net.hub.relay()
    assert len(net.p2.seen("PUT", "locations")) == 2


@spec("OCPI-HUB-72", "OCPI-HCI-24")
async def test_each_party_is_asked_for_its_own_in_the_hub_s_name(net: Net) -> None:
    Shelf(net.p1, "locations", [])
    await net.pull(net.p1, "locations")
    asked = net.p1.seen("GET", "locations")
    assert [(one.party("to"), one.party("from")) for one in asked] == [("NLCPA", "NLHUB"), ("BECPA", "NLHUB")]


@spec("OCPI-PAG-17", "OCPI-PAG-22")
async def test_links_are_followed_as_they_are_until_there_is_none(net: Net) -> None:
    """Opaque cursors, in odd links, on pages shorter than the limit that was asked for."""
    shelf = Shelf(net.p2, "tokens", [token(f"04AABB{number:02}") for number in range(7)], size=3)
    shelf.link = lambda url: f"<https://p2.test/>; rel=first, <{urlsplit(url).path}?{urlsplit(url).query}>; REL=Next"
    state = await net.pull(net.p2, "tokens")
    assert [query.get("cursor") for query in shelf.asked] == [None, "3", "6"]
    assert shelf.asked[0]["limit"] == "100"
    assert (state.counts.pages, state.counts.taken) == (3, 7)


@spec("OCPI-PAG-17")
@pytest.mark.parametrize("back", [0, 3])
async def test_a_list_that_leads_back_is_given_up(net: Net, back: int) -> None:
    shelf = Shelf(net.p2, "tokens", [token(f"04AABB{number:02}") for number in range(7)], size=3)
    shelf.link = lambda url: f'<{url.replace("cursor=6", f"cursor={back}")}>; rel="next"'
    with pytest.raises(Rejected):
        await net.pull(net.p2, "tokens")
    state = net.hub.storage.feeds.held[net.id(net.p2), "tokens"]
    assert "was there before" in (state.error or "")
    assert state.since is None
    assert len(shelf.asked) <= 3


async def test_a_link_to_where_the_hub_must_not_call_is_not_followed() -> None:
    async with TestHub.open([PLUGIN], allow_private=False) as hub:
        net = Net(hub)
        await net.p2.join(hub)
        shelf = Shelf(net.p2, "tokens", [token("04AABB01"), token("04AABB02")], size=1)
        shelf.link = lambda url: '<http://127.0.0.1/x>; rel="next"'
        with pytest.raises(RoamingError):
            await net.pull(net.p2, "tokens")
        assert len(hub.network.requests_to("127.0.0.1")) == 0


@spec("OCPI-PAG-24", "OCPI-LOC-30")
async def test_the_whole_list_replaces_what_is_held(net: Net) -> None:
    shelf = Shelf(net.p1, "locations", [location("LOC1"), location("LOC2")])
    await net.pull(net.p1, "locations")
    await net.hub.relay()
    shelf.items = [location("LOC2")]
    state = await net.pull(net.p1, "locations")
    assert sorted(await net.ids("locations", net.p2)) == ["LOC1", "LOC2"], "a list by date removes nothing"
    state = await net.pull(net.p1, "locations", whole=True)
    assert state.counts.removed == 1
    assert await net.ids("locations", net.p2) == ["LOC2"]
    await net.hub.relay()
    assert net.p2.seen("PUT", "locations")[-1].json["evses"][0]["status"] == "REMOVED"
    assert "LOC1" in await net.ids("locations", net.p2, f"date_from={TIME}"), "who follows by date hears of it"
    shelf.items = [location("LOC1"), location("LOC2")]
    await net.pull(net.p1, "locations", whole=True)
    assert await net.listed("locations", net.p2) == [location("LOC1"), location("LOC2")]


@spec("OCPI-TAR-06", "OCPI-PAG-24")
async def test_a_tariff_that_is_listed_no_longer_is_gone(net: Net) -> None:
    shelf = Shelf(net.p1, "tariffs", [tariff("11"), tariff("12"), tariff("13", "BECPA")])
    await net.pull(net.p1, "tariffs")
    await net.p3.call(net.hub, "PUT", "tariffs/receiver/FR/CPC/31", tariff("31", "FRCPC"), sender="FRCPC")
    shelf.items = [tariff("11"), tariff("13", "BECPA")]
    await net.pull(net.p1, "tariffs")
    assert len(await net.ids("tariffs", net.p2)) == 4
    await net.pull(net.p1, "tariffs", whole=True)
    assert sorted(await net.ids("tariffs", net.p2)) == ["11", "13", "31"]
    await net.hub.relay()
    (deleted,) = net.p2.seen("DELETE", "tariffs")
    assert deleted.segments[-1] == "12"


@spec("OCPI-TOK-06", "OCPI-PAG-24")
async def test_tokens_are_added_and_never_removed(net: Net) -> None:
    shelf = Shelf(net.p2, "tokens", [token("04AABB01"), token("04AABB02")])
    await net.pull(net.p2, "tokens")
    shelf.items = [token("04AABB02", valid=False, last_updated=LATER), token("04AABB03")]
    await net.pull(net.p2, "tokens", whole=True)
    found = {one["uid"]: one["valid"] for one in await net.listed("tokens", net.p1)}
    assert found == {"04AABB01": True, "04AABB02": False, "04AABB03": True}


@spec("OCPI-HUB-73", "OCPI-COP-17")
async def test_objects_of_others_are_ignored(net: Net) -> None:
    await net.p3.call(
        net.hub, "PUT", "locations/receiver/FR/CPC/LOC1", location("LOC1", "FRCPC", city="Paris"), sender="FRCPC"
    )
    Shelf(net.p1, "locations", [location("LOC1", "FRCPC", last_updated=LATER), location("X", "ZZZZZ"), location()])
    state = await net.pull(net.p1, "locations")
    assert (state.counts.foreign, state.counts.held) == (4, 0)
    assert {one["party_id"]: one["city"] for one in await net.listed("locations", net.p2)} == {
        "CPC": "Paris",
        "CPA": "Utrecht",
    }


@spec("OCPI-TRN-52")
async def test_one_that_is_wrong_hinders_no_other_and_is_shown(net: Net) -> None:
    bad = location("BAD")
    bad["evses"][0]["connectors"][0].pop("standard")
    items = [location(f"LOC{number}") for number in range(9)]
    shelf = Shelf(net.p1, "locations", [*items[:4], bad, 7, {"last_updated": TIME, "id": 8}, *items[4:]], size=4)
    state = await net.pull(net.p1, "locations")
    assert len(await net.ids("locations", net.p2)) == 9
    held = {(one.key, one.pointer) for one in state.held}
    assert ("NLCPA/BAD", "/evses/0/connectors/0") in held
    assert {key for key, _ in held} == {"NLCPA/BAD", None}
    assert '"id":"BAD"' in next(one.raw for one in state.held if one.key)
    shelf.items = [*items, location("BAD", last_updated=LATER)]
    state = await net.pull(net.p1, "locations", whole=True)
    assert state.held == ()
    assert len(await net.ids("locations", net.p2)) == 10


async def test_what_cannot_be_read_any_more_is_not_gone(net: Net) -> None:
    """An object that is listed wrongly is still there; while it is not known which one it is, none is removed."""
    shelf = Shelf(net.p1, "locations", [location("LOC1"), location("LOC2")])
    await net.pull(net.p1, "locations")
    shelf.items = [location("LOC1", coordinates=None)]
    await net.pull(net.p1, "locations", whole=True)
    assert await net.ids("locations", net.p2) == ["LOC1"]
    shelf.items = [7]
    state = await net.pull(net.p1, "locations", whole=True)
    assert await net.ids("locations", net.p2) == ["LOC1"]
    assert (state.counts.removed, state.error) == (0, None)


async def test_members_that_ocpi_does_not_know_do_not_hide_which_object_it_is(net: Net) -> None:
    odd = location("LOC2", type=5, uid=[])
    shelf = Shelf(net.p1, "locations", [location("LOC1"), odd])
    await net.pull(net.p1, "locations")
    shelf.items = [odd]
    state = await net.pull(net.p1, "locations", whole=True)
    assert (state.counts.removed, state.counts.unchanged, state.held) == (1, 2, ())
    assert await net.ids("locations", net.p2) == ["LOC2"]


async def test_an_error_of_our_own_in_one_object_is_held_too(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    real = TokenService.put

    async def put(self: TokenService, caller: Partner, token: Token, correlation_id: str | None = None) -> Any:
        if token.uid.text == "04AABB02":
            raise ZeroDivisionError
        return await real(self, caller, token, correlation_id)

    monkeypatch.setattr(TokenService, "put", put)
    Shelf(net.p2, "tokens", [token(f"04AABB0{number}") for number in range(4)])
    state = await net.pull(net.p2, "tokens")
    assert [one.key for one in state.held] == ["DEEMB/RFID/04AABB02"]
    assert state.counts.taken == 3


async def test_a_database_that_is_away_ends_the_run(net: Net, monkeypatch: pytest.MonkeyPatch) -> None:
    async def save(*_: Any, **__: Any) -> Any:
        raise StoreUnavailable("away")

    monkeypatch.setattr(net.hub.storage.tokens, "save", save)
    Shelf(net.p2, "tokens", [token()])
    with pytest.raises(StoreUnavailable):
        await net.pull(net.p2, "tokens")
    assert net.hub.storage.feeds.held[net.id(net.p2), "tokens"].held == ()


async def test_older_ones_change_nothing(net: Net) -> None:
    await net.p1.call(net.hub, "PUT", "locations/receiver/NL/CPA/LOC1", location(last_updated=LATER, city="New"))
    Shelf(net.p1, "locations", [location(city="Old"), location("LOC2")])
    state = await net.pull(net.p1, "locations")
    assert (state.counts.taken, state.counts.unchanged) == (1, 3)
    assert {one["id"]: one["city"] for one in await net.listed("locations", net.p2)} == {
        "LOC1": "New",
        "LOC2": "Utrecht",
    }


async def test_what_is_pushed_while_the_list_is_walked_stays(net: Net) -> None:
    shelf = Shelf(net.p1, "locations", [location("LOC1"), location("LOC2")])
    await net.pull(net.p1, "locations")
    shelf.items = [location("LOC1")]
    pushes = [location("LOC2", last_updated=LATER), location("LOC3")]

    async def answer(request: Received) -> Any:
        while pushes:
            pushed = pushes.pop()
            await net.p1.call(net.hub, "PUT", f"locations/receiver/NL/CPA/{pushed['id']}", pushed)
        return shelf(request)

    net.p1.answers["GET", "locations"] = answer
    await net.pull(net.p1, "locations", whole=True)
    assert sorted(await net.ids("locations", net.p2)) == ["LOC1", "LOC2", "LOC3"]


async def test_a_list_that_shrinks_while_it_is_walked_removes_nothing(net: Net) -> None:
    """What followed has moved up by one, so that one was on no page."""
    shelf = Shelf(net.p1, "tariffs", [tariff(str(number)) for number in range(4)], size=2)
    await net.pull(net.p1, "tariffs")
    shelf.meanwhile = lambda: shelf.items and shelf.items[0]["id"] == "0" and shelf.items.pop(0)
    state = await net.pull(net.p1, "tariffs", whole=True)
    assert state.counts.removed == 0
    assert sorted(await net.ids("tariffs", net.p2)) == ["0", "1", "2", "3"]
    await net.pull(net.p1, "tariffs", whole=True)
    assert sorted(await net.ids("tariffs", net.p2)) == ["1", "2", "3"]


@pytest.mark.parametrize("feed", ["locations", "tariffs"])
async def test_a_list_that_says_that_there_is_more_removes_nothing(net: Net, feed: str) -> None:
    """Some partners count what they have and give no next link."""
    items = [(location if feed == "locations" else tariff)(str(number)) for number in range(4)]
    shelf = Shelf(net.p1, feed, items)
    await net.pull(net.p1, feed)
    net.p1.answers["GET", feed] = (200, envelope(items[:2]), {"x-total-count": "4", "x-limit": "2"})
    state = await net.pull(net.p1, feed, whole=True)
    assert (state.error, state.counts.removed) == (None, 0)
    assert sorted(await net.ids(feed, net.p2)) == ["0", "1", "2", "3"]
    shelf.items = items[:2]
    net.p1.answers["GET", feed] = shelf
    await net.pull(net.p1, feed, whole=True)
    assert sorted(await net.ids(feed, net.p2)) == ["0", "1"]


async def test_that_there_is_nothing_any_more_has_to_be_said(net: Net) -> None:
    Shelf(net.p1, "locations", [location()])
    await net.pull(net.p1, "locations")
    net.p1.answers["GET", "locations"] = (200, envelope([]), {})
    await net.pull(net.p1, "locations", whole=True)
    assert await net.ids("locations", net.p2) == ["LOC1"]
    net.p1.answers["GET", "locations"] = (200, envelope([]), {"x-total-count": "0", "x-limit": "100"})
    state = await net.pull(net.p1, "locations", whole=True)
    assert (state.counts.removed, await net.ids("locations", net.p2)) == (1, [])


async def test_a_list_that_breaks_off_removes_nothing_and_moves_no_cursor(net: Net) -> None:
    shelf = Shelf(net.p1, "locations", [location(f"LOC{number}") for number in range(4)], size=2)
    await net.pull(net.p1, "locations")
    shelf.items = shelf.items[:1]
    before = net.hub.storage.feeds.held[net.id(net.p1), "locations"]
    net.p1.answers["GET", "locations"] = lambda request: (
        (500, envelope(None, 3000), {}) if request.party("to") == "BECPA" else shelf(request)
    )
    with pytest.raises(Uncertain):
        await net.pull(net.p1, "locations", whole=True)
    assert len(await net.ids("locations", net.p2)) == 4
    after = net.hub.storage.feeds.held[net.id(net.p1), "locations"]
    assert (after.since, after.last_full_at) == (before.since, before.last_full_at)
    assert "3000" in (after.error or "")


@pytest.mark.parametrize(
    "answer",
    [(200, b"<html>", {}), (200, envelope({"not": "a list"}), {}), (200, envelope(None), {}), (200, b'{"data":[', {})],
)
async def test_what_is_no_list_is_an_error(net: Net, answer: Any) -> None:
    net.p1.answers["GET", "tariffs"] = answer
    with pytest.raises(Uncertain):
        await net.pull(net.p1, "tariffs")


async def test_a_partner_that_is_away_is_an_error(net: Net) -> None:
    net.hub.network.silence("p1.test")
    with pytest.raises(Unavailable):
        await net.pull(net.p1, "tariffs")


async def test_what_has_changed_is_asked_for_with_a_margin(net: Net) -> None:
    shelf = Shelf(net.p2, "tokens", [])
    await net.pull(net.p2, "tokens")
    net.hub.clock.advance(4 * 3600)
    await net.pull(net.p2, "tokens")
    assert [query.get("date_from") for query in shelf.asked] == [None, "2026-01-15T11:50:00Z"]


async def test_sessions_are_fetched_from_the_day_the_partner_was_added(net: Net) -> None:
    """The list of sessions needs a date_from; nothing of before concerns anybody here."""
    net.hub.clock.advance(60)
    shelf = Shelf(net.p1, "sessions", [session(), session("S2", last_updated=EARLIER)])
    await net.pull(net.p1, "sessions")
    assert shelf.asked[0]["date_from"] == "2026-01-15T12:00:00Z"
    assert await net.ids("sessions", net.p2, f"date_from={EARLIER}") == ["S1"]
    net.hub.clock.advance(90 * 86400)
    await net.pull(net.p1, "sessions", whole=True)
    assert shelf.asked[-1]["date_from"] == "2026-03-15T12:01:01Z"


async def test_what_is_forgotten_here_is_not_fetched_again(net: Net) -> None:
    """A CDR that is not kept any more would be a new one, and be billed again; whatever the partner lists."""
    net.hub.following._kept = {"cdrs": timedelta(days=5)}
    net.hub.clock.advance(9 * 86_400)
    items = [cdr("OLD", last_updated="2026-01-19T11:59:59Z"), cdr("NEW", last_updated="2026-01-19T12:30:00Z")]
    shelf = Shelf(net.p1, "cdrs", items)
    state = await net.pull(net.p1, "cdrs")
    assert shelf.asked[0]["date_from"] == "2026-01-19T12:00:00Z"
    assert list(net.hub.storage.cdrs.held) == ["NLCPA/NEW"]
    net.p1.answers["GET", "cdrs"] = (200, envelope(items), {})
    state = await net.pull(net.p1, "cdrs", whole=True)
    assert (state.counts.foreign, state.counts.held) == (2, 0)
    assert list(net.hub.storage.cdrs.held) == ["NLCPA/NEW"]
    net.hub.clock.advance(20 * 86_400)
    Shelf(net.p1, "cdrs", [cdr("NEXT", last_updated="2026-01-25T12:00:00Z")])
    await net.pull(net.p1, "cdrs")
    assert list(net.hub.storage.cdrs.held) == ["NLCPA/NEW"], "a partner that was long away"


async def test_a_session_that_was_missed_reaches_its_emsp(net: Net) -> None:
    Shelf(net.p1, "sessions", [session(), session("S9", cdr_token={**session()["cdr_token"], "party_id": "ZZZ"})])
    state = await net.pull(net.p1, "sessions")
    await net.hub.relay()
    (told,) = net.p2.seen("PUT", "sessions")
    assert told.json == session()
    assert (state.counts.foreign, state.counts.held) == (2, 0), "whose driver is nobody's here is none of ours"


async def test_a_cdr_that_was_missed_is_accepted_as_if_it_had_been_posted(net: Net) -> None:
    await net.p1.call(net.hub, "POST", "cdrs/receiver", cdr("C1"), to="DEEMB")
    net.hub.clock.advance(1)
    shelf = Shelf(net.p1, "cdrs", [cdr("C1"), cdr("C2")])
    shelf.meanwhile = lambda: net.hub.clock.advance(1)
    state = await net.pull(net.p1, "cdrs")
    assert (state.counts.taken, state.counts.unchanged) == (1, 3)
    settled = await net.hub.settle()
    assert [one.state for one in settled] == [CdrState.DELIVERED, CdrState.DELIVERED]
    assert [one.json["id"] for one in net.p2.seen("POST", "cdrs")] == ["C1", "C2"]
    shelf.items = [cdr("C2", total_energy=99)]
    state = await net.pull(net.p1, "cdrs", whole=True)
    assert [(one.key, one.pointer) for one in state.held] == [("NLCPA/C2", "/id")]


async def test_only_what_a_partner_serves_in_its_role_is_fetched(net: Net) -> None:
    feeds = {partner.host: {} for partner in (net.p1, net.p2, net.p3)}
    for partner in net.hub.storage.partners.held.values():
        feeds[partner.name] = {feed.name for feed in net.hub.following.feeds(partner)}
    assert feeds == {
        "p1.test": {"locations", "tariffs", "sessions", "cdrs"},
        "p2.test": {"tokens"},
        "p3.test": {"locations", "tariffs", "sessions", "cdrs", "tokens"},
    }
    p4 = OcpiPartner("p4.test", ("CPO", "ES", "CPD"), endpoints=[("locations", "SENDER"), ("cdrs", "RECEIVER")])
    await p4.join(net.hub)
    (partner,) = [held for held in net.hub.storage.partners.held.values() if held.name == "p4.test"]
    assert [feed.name for feed in net.hub.following.feeds(partner)] == ["locations"]


async def test_cdrs_that_are_passed_on_are_not_fetched_too(net: Net) -> None:
    held = net.hub.storage.partners.held[net.id(net.p1)]
    settings = msgspec.json.decode(held.settings) | {"forward_cdrs": True}
    changed = msgspec.structs.replace(held, settings=msgspec.json.encode(settings).decode())
    assert "cdrs" not in {feed.name for feed in net.hub.following.feeds(changed)}


@spec("OCPI-V211-13", "OCPI-TRN-49")
async def test_a_partner_of_2_1_1_is_fetched_from_too(net: Net) -> None:
    """Its objects name no owner: that is the party of the connection."""
    p6, p7 = OldPartner("p6.test", "CPO", "IT", "CPF"), OldPartner("p7.test", "EMSP", "IT", "EME")
    for partner in (p6, p7):
        await partner.join(net.hub)
    Shelf(p7, "tokens", [old_token()])
    Shelf(p6, "tariffs", [old_tariff()])
    Shelf(p6, "locations", [old_location(), old_location("L7")], size=1)
    Shelf(p6, "sessions", [old_session(auth_id="IT-EME-C00000001")])
    Shelf(p6, "cdrs", [old_cdr(auth_id="IT-EME-C00000001")])
    assert (await net.pull(p7, "tokens")).counts.taken == 1
    for feed, taken in (("tariffs", 1), ("locations", 2), ("sessions", 1), ("cdrs", 1)):
        state = await net.pull(p6, feed)
        assert (feed, state.counts.taken, state.held) == (feed, taken, ())
    assert [request.party("to") for request in p6.seen("GET", "locations")] == [None, None]
    assert [one["party_id"] for one in await net.listed("locations", net.p2)] == ["CPF", "CPF"]
    (kept,) = net.hub.storage.sessions.held.values()
    assert (kept.owner, kept.token.issuer) == (PartyId("IT", "CPF"), PartyId("IT", "EME"))
    (kept_cdr,) = net.hub.storage.cdrs.held.values()
    assert kept_cdr.recipient == net.id(p7)


async def test_an_evse_that_is_removed_is_listed_as_it_is(net: Net) -> None:
    Shelf(net.p1, "locations", [location(evses=[evse(), evse("E2", status="REMOVED")])])
    await net.pull(net.p1, "locations")
    held = net.hub.storage.locations.held["NLCPA/LOC1"]
    assert [one.status for one in held.evses] == [EvseStatus.AVAILABLE, EvseStatus.REMOVED]


@pytest.mark.parametrize("feed", ["locations", "sessions", "cdrs", "tariffs"])
async def test_what_is_no_object_at_all_hinders_no_other_in_2_1_1(net: Net, feed: str) -> None:
    p6, p7 = OldPartner("p6.test", "CPO", "IT", "CPF"), OldPartner("p7.test", "EMSP", "IT", "EME")
    for partner in (p6, p7):
        await partner.join(net.hub)
    good = {"locations": old_location(), "tariffs": old_tariff()}
    good |= {"sessions": old_session(auth_id="IT-EME-C00000001"), "cdrs": old_cdr(auth_id="IT-EME-C00000001")}
    odd = [{"id": what, "last_updated": TIME, "location": what, "evses": what} for what in ([], {}, 5, None, "x" * 99)]
    Shelf(p6, feed, [7, "x", None, [], *odd, good[feed]])
    state = await net.pull(p6, feed)
    assert (state.counts.taken, state.counts.held) == (1, 9)
    assert len(state.held) == 9


async def test_a_cdr_of_2_1_1_is_the_same_although_its_token_is_known_better_since(net: Net) -> None:
    p6, p7 = OldPartner("p6.test", "CPO", "IT", "CPF"), OldPartner("p7.test", "EMSP", "IT", "EME")
    for partner in (p6, p7):
        await partner.join(net.hub)
    told = old_cdr(auth_id="IT-EME-C00000001")
    assert (await p6.ask(net.hub, "POST", "cdrs", told)).json()["status_code"] == 1000
    Shelf(p7, "tokens", [old_token()])
    await net.pull(p7, "tokens")
    net.hub.clock.advance(1)
    Shelf(p6, "cdrs", [told])
    state = await net.pull(p6, "cdrs")
    assert (state.counts.taken, state.counts.unchanged, state.held) == (0, 1, ())


@spec("OCPI-PAG-18")
async def test_what_changes_while_the_list_is_walked_is_not_missed(net: Net) -> None:
    """No list is asked for up to a moment, so nothing leaves it by changing; what was walked past comes next time."""
    items = [location(f"L{number}") for number in range(4)]
    shelf = Shelf(net.p1, "locations", items, size=1)

    def change() -> None:
        if len(shelf.asked) == 2:
            items[0] = location("L0", name="newer", last_updated=LATER)

    shelf.meanwhile = change
    await net.pull(net.p1, "locations")
    assert await net.ids("locations", net.p2) == ["L0", "L1", "L2", "L3"]
    await net.pull(net.p1, "locations")
    assert not any("date_to" in query for query in shelf.asked)
    held = net.hub.storage.locations.held["NLCPA/L0"]
    assert held.name == "newer"
