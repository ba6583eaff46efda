"""What all list endpoints share, and the encoded copies of Locations.

A Location is encoded once for each of its revisions, and a whole page is kept for as long as the store says that no
Location has changed: a page that is asked for again costs no work, and is never older than the store.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from core.errors import Unsupported
from core.model.ids import PartyId
from core.model.location import LocationQuery, Position
from core.model.loss import Loss, LossKind
from core.model.partner import Partner
from core.prices import as_charged, has_own_prices
from mappings.ocpi.common import PROTOCOL
from mappings.ocpi.locations import location_losses, location_to_ocpi
from protocols.ocpi import codec
from protocols.ocpi.codes import INVALID, Failure
from protocols.ocpi.dialect import Dialect
from protocols.ocpi.naming import telling
from protocols.ocpi.paging import Page, page_from, page_headers
from protocols.ocpi.server.exchange import Ask, Reply
from protocols.ocpi.server.surroundings import surroundings
from protocols.ocpi.settings import settings_of
from protocols.plugin import Hub

FRAGMENT_BYTES: Final = 64 * 1024 * 1024
PAGE_BYTES: Final = 32 * 1024 * 1024
ENTRY_BYTES: Final = 1024
"""What an entry costs beside its bytes, so that many small ones are bounded too."""
_LEFT_OUT: Final = b""
WITHHELD: Final = (Loss(path="$", reason="OCPI cannot say it", kind=LossKind.WITHHELD),)

T = TypeVar("T")
Parties = tuple[PartyId, ...]
log = logging.getLogger(__name__)


def list_page(ask: Ask) -> Page:
    """The page that is asked for. Raises the answer to a list request that does not say whom it asks."""
    if ask.recipient is None and not settings_of(ask.partner).list_without_to:
        raise Failure(INVALID, "OCPI-to-party-id: a list needs TO headers: the hub for all, or one party")
    return page_from(ask.query)


def reply_list(ask: Ask, page: Page, data: bytes, total: int) -> Reply:
    return _listed(ask, page, data, total, page.following(total))


def reply_walk(ask: Ask, page: Page, data: bytes, total: int, last: Position | None) -> Reply:
    """A page of a list that is walked by position; `last`: of the page, None: nothing is behind it."""
    return _listed(ask, page, data, total, None if last is None else page.behind(last))


def _listed(ask: Ask, page: Page, data: bytes, total: int, following: Mapping[str, str] | None) -> Reply:
    url = f"{ask.url}/{ask.remainder}" if ask.remainder else ask.url
    headers = page_headers(url, ask.query, page, total, following)
    return Reply(data=data, headers=tuple(headers), sender=ask.addressed)


def reply_nothing(ask: Ask, page: Page) -> Reply:
    return reply_list(ask, page, b"[]", 0)


def sayable(items: Iterable[T], to_wire: Callable[[T], Any]) -> Iterator[Any]:
    """What OCPI can say of them."""
    for item in items:
        with suppress(Unsupported):
            yield to_wire(item)


def encoded(ask: Ask, items: Iterable[T], to_wire: Callable[[T], Any]) -> bytes:
    """An array of what the reader's version can say; the others are left out and logged."""
    dialect = ask.dialect
    return codec.joined(filter(None, (fragment(dialect, item, to_wire) for item in items)))


def fragment(dialect: Dialect, item: T, to_wire: Callable[[T], Any]) -> bytes:
    """One encoded object; empty if the version has no words for it."""
    try:
        return dialect.write(to_wire(item))
    except Unsupported as error:
        log.warning("left out of a list: %s", error)
        return _LEFT_OUT


class Kept(OrderedDict[Any, Any]):
    """The most recently used (value, size) by key, up to a total size."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._size = 0

    def keep(self, key: Any, value: Any, size: int) -> None:
        if (held := self.pop(key, None)) is not None:
            self._size -= held[1]
        size += ENTRY_BYTES
        self[key] = (value, size)
        self._size += size
        while self._size > self._limit:
            self._size -= self.popitem(last=False)[1][1]

    def find(self, key: Any) -> Any:
        held = self.get(key)
        if held is None:
            return None
        self.move_to_end(key)
        return held[0]


class Walked(Struct, frozen=True):
    """An array of Locations, how many match altogether, and the position of the last; None: nothing is behind it.

    `own`: it shows prices that are meant for its reader alone."""

    data: bytes
    total: int
    last: Position | None
    own: bool


class LocationPages:
    """Encoded pages of what `LocationService` holds, by the way that a reader is told of it; what shows prices that are
    meant for the reader alone is kept for it alone. A key has one fragment, that of the revision last asked for."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._locations = hub.locations
        self._fragments = Kept(FRAGMENT_BYTES)
        self._pages = Kept(PAGE_BYTES)

    async def page(self, query: LocationQuery, dialect: Dialect, reader: Partner) -> Walked:
        """`query` names the owners that may be seen."""
        generation = -1 if dialect.version.single_party else self._locations.generation  # its tariffs pass with time
        names = _names(dialect, query, reader.parties)
        for name in names if generation != -1 else ():
            held = self._pages.find(name)
            if held is not None and held[0] == generation:
                known: Walked = held[1]
                return known
        walked = await self._build(query, dialect, reader)
        if generation != -1:
            self._pages.keep(names[walked.own], (generation, walked), len(walked.data))
        return walked

    async def _build(self, query: LocationQuery, dialect: Dialect, reader: Partner) -> Walked:
        more, total = await self._locations.visible_keys(replace(query, limit=query.limit + 1))
        keys = more[: query.limit]
        last = keys[-1].position if len(more) > len(keys) else None
        found: dict[str, bytes] = {}
        own = False
        for key, revision, _ in keys:
            for alone, name in enumerate(_names(dialect, key, reader.parties)):
                known = None if dialect.version.single_party else self._fragments.find(name)
                if known is not None and known[0] == revision:
                    found[key], own = known[1], own or bool(alone)
        missing = [key for key, *_ in keys if key not in found]
        fresh = await self._locations.by_keys(missing) if missing else []
        charged = [as_charged(location, reader) for _, location in fresh]
        dialect = dialect.knowing(**await surroundings(dialect.version, self._hub, charged))
        told = sayable(charged, location_to_ocpi)
        dialect = await telling(self._hub.outbound.names, reader, dialect, told)
        for (revision, held), location in zip(fresh, charged, strict=True):
            found[location.key] = part = fragment(dialect, location, location_to_ocpi)
            lost = location_losses(location) + dialect.losses(location) if part else WITHHELD
            await self._hub.note_fetched("location", location.owner, PROTOCOL, lost)
            alone = has_own_prices(held)
            self._fragments.keep(_names(dialect, held.key, reader.parties)[alone], (revision, part), len(part))
            own = own or alone
        return Walked(codec.joined(filter(None, (found.get(key, _LEFT_OUT) for key, *_ in keys))), total, last, own)


def _names(dialect: Dialect, what: Any, reader: Parties) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Under which something is kept for all readers of a dialect, and for one alone."""
    shared = (dialect.key, what)
    return shared, (*shared, reader)
