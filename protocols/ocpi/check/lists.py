"""The lists that a partner serves: pages, filters, objects. Source: OCPI 2.3.0, transport_and_format, pagination."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from msgspec import Struct

from core.errors import RoamingError
from core.model.ids import PartyId
from core.model.partner import Role
from mappings.ocpi.common import time_from_ocpi, time_to_ocpi
from protocols.ocpi import codec
from protocols.ocpi.check.faults import fault
from protocols.ocpi.check.visit import Got, Visit
from protocols.ocpi.client import Routing
from protocols.ocpi.paging import next_link
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import HUB_CLIENT_INFO, SENDER
from protocols.ocpi.wire.cdrs import Cdr
from protocols.ocpi.wire.hubclientinfo import ClientInfo
from protocols.ocpi.wire.locations import Location
from protocols.ocpi.wire.sessions import Session
from protocols.ocpi.wire.tariffs import Tariff
from protocols.ocpi.wire.tokens import Token
from protocols.ocpi.wire.versions import Endpoint
from protocols.transport.json_codec import decode_raw

PAGE: Final = 5
MOST_SHOWN: Final = 10
MOST_ITEMS: Final = 200
AHEAD: Final = timedelta(minutes=5)
LONG_AGO: Final = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
PAGING: Final = "transport_and_format, pagination"
Item = Mapping[str, Any]


class Module(Struct, frozen=True, kw_only=True):
    """`role`: who owns its objects, None: the platform. `key`: the members that tell an object from others of the same
    owner."""

    name: str
    wire_type: Any
    key: tuple[str, ...]
    role: Role | None


MODULES: Final = (
    Module(name=HUB_CLIENT_INFO, wire_type=ClientInfo, key=("role",), role=None),
    Module(name="locations", wire_type=Location, key=("id",), role=Role.CPO),
    Module(name="tariffs", wire_type=Tariff, key=("id",), role=Role.CPO),
    Module(name="sessions", wire_type=Session, key=("id",), role=Role.CPO),
    Module(name="cdrs", wire_type=Cdr, key=("id",), role=Role.CPO),
    Module(name="tokens", wire_type=Token, key=("uid", "type"), role=Role.EMSP),
)


class Listing:
    """One list of the partner, asked for in the name of one of its parties."""

    def __init__(self, visit: Visit, module: Module, url: str) -> None:
        self._visit = visit
        self._module = module
        self._url = url
        parties = (visit.partner.parties_as(module.role) if module.role else ()) or visit.partner.parties
        self._to = Routing(visit.hub.identity.party, parties[0]) if module.role else None

    async def check(self) -> list[Item]:
        """All that is to be said of the list; gives back its first objects."""
        first = await self._page("the first page", limit=PAGE)
        if first is None:
            return []
        items, total = self._items(first), _number(first, "x-total-count")
        self._judge_page(first, items, total)
        self._judge_items(items)
        following = await self._next(first, items)
        self._judge_keys([*items, *following])
        await self._filters(items, total)
        return items

    # --- pages

    async def _page(self, what: str, **query: Any) -> Got | None:
        """None, and a finding, if it is no list."""
        asked = {"date_from": LONG_AGO, **query}
        text = urlencode({name: _text(value) for name, value in asked.items() if value is not None})
        url = f"{self._url}{'&' if '?' in self._url else '?'}{text}"
        return self._listed(what, await self._visit.get(self._module.name, url, to=self._to))

    def _listed(self, what: str, got: Got | None) -> Got | None:
        if got is None:
            return None
        wrong = [] if got.succeeded else [f"{what}: {got.url} answers {got.said}"]
        if got.succeeded and got.data not in (b"", b"null") and not got.data.lstrip().startswith(b"["):
            wrong = [f"{what}: /data is no array"]
        elif got.succeeded and got.data.count(b",") > codec.MOST_COMMAS:
            wrong = [f"{what}: /data has more than {codec.MOST_COMMAS} commas"]
        return got if self._must(f"{what} can be had", *wrong) else None

    def _judge_page(self, got: Got, items: Sequence[Item], total: int | None) -> None:
        limit = _number(got, "x-limit")
        missing = [name for name, value in (("X-Total-Count", total), ("X-Limit", limit)) if value is None]
        self._must(
            "pages say how many there are and how long a page may be", *(f"{name} is missing" for name in missing)
        )
        self._must("a page is not longer than was asked for", *_longer(items, PAGE, "limit"))
        if limit is not None:
            self._must("a page is not longer than X-Limit says", *_longer(items, limit, "X-Limit"))
        link = next_link(got.answer.headers.get("link", ""))
        if total is None:
            return
        if link is None:
            short = total > len(items)
            self._must(
                "a page that is not the last has a next link", *([f"{len(items)} of {total}, no Link"] if short else [])
            )
        else:
            self._must(
                "the last page has no next link", *([f"all {total} are on the page"] if total <= len(items) else [])
            )

    async def _next(self, first: Got, items: Sequence[Item]) -> list[Item]:
        link = next_link(first.answer.headers.get("link", ""))
        if link is None:
            self._visit.sheet.skip(self._module.name, "the next link leads on", "there is one page only")
            return []
        if not self._must("the next link is absolute", *([] if urlsplit(link).netloc else [link[:200]])):
            return []
        stays = settings_of(self._visit.partner).leads_home(link)
        if not self._must("the next link stays with the partner", *([] if stays else [link[:200]])):
            return []
        got = self._listed("the next page", await self._visit.get(self._module.name, link, to=self._to))
        found = self._items(got) if got else []
        again = [str(key) for key in map(self._key, found) if key in set(map(self._key, items))]
        self._must("the next link leads on", *(f"{key} is on both pages" for key in again[:MOST_SHOWN]))
        return found

    # --- filters

    async def _filters(self, items: Sequence[Item], total: int | None) -> None:
        now = self._visit.hub.clock.now()
        future = await self._page("a page from the future", date_from=now + timedelta(days=366), limit=PAGE)
        if future is not None:
            self._must("date_from leaves out what is older", *_any(self._items(future), "date_from lies in the future"))
        past = await self._page("a page of the past", date_to=LONG_AGO - timedelta(days=1), date_from=None, limit=PAGE)
        if past is not None:
            self._must("date_to leaves out what is younger", *_any(self._items(past), "date_to lies long ago"))
        if total is not None:
            beyond = await self._page("a page behind the end", offset=total + 1000, limit=PAGE)
            if beyond is not None:
                self._must(
                    "behind the end of a list there is nothing", *_any(self._items(beyond), "offset is behind the end")
                )
        if items:
            await self._from_middle(items)
            await self._one_by_one(items)

    async def _from_middle(self, items: Sequence[Item]) -> None:
        moments = sorted(moment for item in items if (moment := _updated(item)) is not None)
        if not moments:
            return
        since = moments[len(moments) // 2]
        got = await self._page("a page by date", date_from=since, limit=PAGE)
        if got is None:
            return
        old = [f"{self._key(item)}: {item.get('last_updated')}" for item in self._items(got) if _before(item, since)]
        self._must("date_from is about last_updated, and inclusive", *old[:MOST_SHOWN])

    async def _one_by_one(self, items: Sequence[Item]) -> None:
        """The second object by itself: where it was on the page."""
        if len(items) < 2:
            return
        got = await self._page("a page of one", offset=1, limit=1)
        found = [self._key(item) for item in self._items(got)] if got else []
        if got is not None:
            wanted = self._key(items[1])
            wrong = [] if found == [wanted] else [f"offset=1 gives {found}, and the page has {wanted}"]
            self._must("offset counts objects of the same list", *wrong)

    # --- objects

    def _judge_items(self, items: Sequence[Item]) -> None:
        form = self._visit.version.forms.get(self._module.wire_type)
        wire_type = form.wire_type if form else self._module.wire_type
        faults = []
        for index, item in enumerate(items):
            try:
                codec.read(codec.encode(item), wire_type)
            except RoamingError as error:
                faults.append(f"{fault(f'/data/{index}', error)} ({self._key(item)})")
        self._must("objects are as specified", *faults[:MOST_SHOWN], source=f"mod_{self._module.name}")
        limit = self._visit.hub.clock.now() + AHEAD
        ahead = [
            f"/data/{index}/last_updated: {item.get('last_updated')}"
            for index, item in enumerate(items)
            if (moment := _updated(item)) is not None and moment > limit
        ]
        self._must("last_updated does not lie in the future", *ahead[:MOST_SHOWN], source=f"mod_{self._module.name}")
        if self._module.role is not None and not self._visit.version.single_party:
            foreign = [
                f"/data/{n}/party_id: {owner}" for n, owner in enumerate(map(_owner, items)) if self._is_foreign(owner)
            ]
            self._must("objects are of parties of the platform", *foreign[:MOST_SHOWN], source="transport_and_format")

    def _is_foreign(self, owner: str) -> bool:
        try:
            return not self._visit.partner.speaks_for(PartyId.parse(owner))
        except RoamingError:
            return False  # said as a fault of the object

    def _judge_keys(self, items: Sequence[Item]) -> None:
        twice = [str(key) for key, number in Counter(map(self._key, items)).items() if number > 1]
        self._must("no object is listed twice", *twice[:MOST_SHOWN])

    def _key(self, item: Item) -> tuple[str, ...]:
        """Ids have no case."""
        return tuple(str(item.get(name, "")).upper() for name in ("country_code", "party_id", *self._module.key))

    def _items(self, got: Got) -> list[Item]:
        """At most MOST_ITEMS, however many came; what is no object has no members."""
        found = [_decoded(raw) for raw in codec.items(got.data or b"[]")[:MOST_ITEMS]]
        return [item if isinstance(item, dict) else {} for item in found]

    def _must(self, rule: str, *faults: str, source: str = PAGING) -> bool:
        return self._visit.sheet.must(self._module.name, rule, source, *faults)


async def check_lists(visit: Visit, endpoints: Sequence[Endpoint]) -> None:
    served = {end.identifier: end.url for end in reversed(endpoints) if end.role is SENDER}
    for module in MODULES:
        url = served.get(module.name)
        if url is None:
            visit.sheet.skip(module.name, "lists", "the partner publishes no such SENDER interface")
            continue
        items = await Listing(visit, module, url).check()
        if module.name == "locations":
            await _check_single(visit, url, items)


async def _check_single(visit: Visit, url: str, items: Sequence[Item]) -> None:
    """Locations are the one module whose SENDER serves objects one by one. Source: OCPI 2.3.0, mod_locations, GET."""
    to = Routing(visit.hub.identity.party, (visit.partner.parties_as(Role.CPO) or visit.partner.parties)[0])
    parts = _parts(items[0]) if items else []
    for number, (what, item) in enumerate(parts):
        path = [quote(str(part.get("uid") or part.get("id")), safe="") for _, part in parts[: number + 1]]
        got = await visit.get("locations", "/".join([url.rstrip("/"), *path]), to=to)
        if got is not None:
            _judge_single(visit, got, what, item)
    got = await visit.get("locations", f"{url.rstrip('/')}/NO-SUCH-LOCATION-0", to=to)
    if got is not None:
        unknown = got.answer.status == 404 or (got.envelope is not None and 2000 <= got.envelope.status_code < 3000)
        rule = "an unknown location is HTTP 404 or a status code 2xxx"
        visit.sheet.must("locations", rule, "status_codes", *([] if unknown else [f"{got.url} answers {got.said}"]))


def _judge_single(visit: Visit, got: Got, what: str, item: Item) -> None:
    rule = f"{what} can be had by itself"
    try:
        found = decode_raw(got.data) if got.succeeded else None
    except RoamingError:
        found = None
    names = ("uid", "id", "last_updated")
    differs = not isinstance(found, dict) or any(found.get(name) != item.get(name) for name in names)
    wrong = f"{got.url} answers {got.said}" if not got.succeeded else f"{got.url}: not what the list says"
    visit.sheet.must("locations", rule, "mod_locations, GET method", *([wrong] if differs else []))


def _parts(location: Item) -> list[tuple[str, Item]]:
    """A location, its first EVSE, and the first connector of that."""
    found: list[tuple[str, Item]] = [("a location", location)]
    for name, member in (("an EVSE", "evses"), ("a connector", "connectors")):
        inner = found[-1][1].get(member)
        if not isinstance(inner, list) or not inner or not isinstance(inner[0], dict):
            break
        found.append((name, inner[0]))
    return found


def _decoded(raw: bytes) -> Any:
    try:
        return decode_raw(raw)
    except RoamingError:
        return None


def _text(value: Any) -> str:
    return time_to_ocpi(value) if isinstance(value, datetime) else str(value)


def _number(got: Got, header: str) -> int | None:
    text = got.answer.headers.get(header, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def _longer(items: Sequence[Item], limit: int, name: str) -> list[str]:
    return [f"{len(items)} objects, {name} is {limit}"] if len(items) > limit else []


def _any(items: Sequence[Item], why: str) -> list[str]:
    return [f"{why}, and there are {len(items)} objects"] if items else []


def _updated(item: Item) -> datetime | None:
    try:
        return time_from_ocpi(str(item.get("last_updated")), "")
    except RoamingError:
        return None


def _before(item: Item, since: datetime) -> bool:
    moment = _updated(item)
    return moment is not None and moment < since


def _owner(item: Item) -> str:
    return f"{item.get('country_code')}*{item.get('party_id')}"
