"""The hub as a client of its partners' lists. Source: OCPI 2.3.0, transport_and_format, client owned object pull and
pagination.

What is listed takes the way of what is pushed, object by object: one that is wrong is held, and hinders no other.
"""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from core.errors import Invalid, Rejected, RoamingError, Unavailable, Uncertain, Unknown
from core.model.cdr import cdr_key
from core.model.feed import Feed
from core.model.ids import PartyId
from core.model.location import Location, location_key
from core.model.name import NameKind
from core.model.partner import Partner, Role
from core.model.session import session_key
from core.model.tariff import Tariff, tariff_key
from core.model.token import TokenKind, token_key
from core.ports.adapter import Call
from core.ports.feeds import Follower, Pull
from core.ports.stores import Saved
from mappings.ocpi.common import time_from_ocpi, time_to_ocpi
from mappings.ocpi.ids import token_uid_in
from protocols.ocpi.client import OcpiClient, Routing
from protocols.ocpi.dialect import Dialect, dialect_of
from protocols.ocpi.naming import hearing, mentioned_in, ours_of
from protocols.ocpi.paging import MAX_LIMIT
from protocols.ocpi.peers import PARTIES, follow_parties, lists_parties
from protocols.ocpi.server import cdrs, locations, sessions, tariffs, tokens
from protocols.ocpi.server.exchange import tokens_named
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import SENDER, hub_role
from protocols.ocpi.wire.cdrs import Cdr
from protocols.ocpi.wire.locations import Location as WireLocation
from protocols.ocpi.wire.sessions import Session
from protocols.ocpi.wire.tariffs import Tariff as WireTariff
from protocols.ocpi.wire.tokens import Token
from protocols.plugin import Hub

DAY: Final = timedelta(days=1)
HOURS: Final = timedelta(hours=4)
REACH: Final = 31 * DAY
"""So far back are sessions and CDRs fetched, and never what was before the partner was added, or is forgotten."""
LONGEST_ID: Final = 255
log = logging.getLogger(__name__)


class Listed(Struct):
    """As much of an item as it takes to say which object it is, whatever is wrong with the rest. `country_code` and
    `party_id` are missing in 2.1.1."""

    country_code: Any = None
    party_id: Any = None
    id: Any = None
    uid: Any = None
    type: Any = TokenKind.RFID.value
    last_updated: Any = None


class Replaced(Struct, frozen=True):
    """How the whole list of an owner replaces what is held of it: what there is, and what becomes of what is gone."""

    held: Callable[[Hub, PartyId], AsyncIterator[Location | Tariff]]
    drop: Callable[[Hub, Partner, str], Awaitable[None]]


class Kind(Struct, frozen=True, kw_only=True):
    """One module. `role`: who owns its objects. `take` is what a push does, `key` names an item. `reach`: how far back
    the whole goes, None: all there is."""

    feed: Feed
    role: Role
    wire_type: Any
    take: Callable[[Hub, Partner, Any, str], Awaitable[Saved]]
    key: Callable[[PartyId, Listed], str]
    """Raises Invalid where the item does not say it."""
    reach: timedelta | None = None
    replaced: Replaced | None = None


class OcpiFollower(Follower):
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._client = OcpiClient(hub.outbound)

    def feeds(self, partner: Partner) -> tuple[Feed, ...]:
        parties = (PARTIES,) if lists_parties(partner) else ()
        return parties + tuple(kind.feed for kind in KINDS.values() if _listed_by(partner, kind))

    async def follow(self, pull: Pull) -> None:
        """Party by party: lists are asked for in the name of one. What a platform lists of another of its parties is
        taken too."""
        if pull.feed.name == PARTIES.name:
            await follow_parties(self._hub, pull, self._parties(pull), await self._dialect(pull, b""))
            return
        kind = KINDS[pull.feed.name]
        owners = pull.partner.parties_as(kind.role)
        before = await self._held(kind, owners) if pull.whole else {}
        for owner in owners:
            await self._walk(pull, kind, owner)
        if pull.replaces and kind.replaced is not None:
            await self._drop(pull, kind.replaced, before, await self._held(kind, owners))

    # --- the list

    async def _walk(self, pull: Pull, kind: Kind, owner: PartyId) -> None:
        """Every page, by the links that the partner gives, until there is none."""
        call = Call(
            partner=pull.partner, correlation_id=self._hub.ids.uuid(), sender=self._hub.identity.party, recipient=owner
        )
        async for raw in self._items(pull, call, Routing(call.sender, owner), self._first(pull, kind)):
            await self._item(pull, kind, owner, raw, call.correlation_id)

    def _parties(self, pull: Pull) -> AsyncIterator[bytes]:
        call = Call(partner=pull.partner, correlation_id=self._hub.ids.uuid(), sender=self._hub.identity.party)
        return self._items(pull, call, None, self._first(pull, None))

    async def _items(self, pull: Pull, call: Call, to: Routing | None, first: str) -> AsyncIterator[bytes]:
        url: str | None = first
        visited: set[str] = set()
        most, found = -1, 0
        while url is not None:
            if url in visited:
                raise Rejected(pull.feed.name, f"{pull.partner.name}: the next page is one that was there before")
            visited.add(url)
            await pull.page()
            page = await self._client.get_page(call, to, pull.feed.name, url)
            if page.total is not None:  # what has gone has moved the rest, and something was skipped
                pull.certain = pull.certain and page.total >= most
                most = max(most, page.total)
            found += len(page.items)
            for raw in page.items:
                yield raw
            url = page.following
        # some partners give no next links; that there is nothing at all has to be said
        pull.certain = pull.certain and found >= most and (found > 0 or most == 0)

    def _first(self, pull: Pull, kind: Kind | None) -> str:
        url = settings_of(pull.partner).url(pull.feed.name, SENDER) or ""
        bound = _reach(kind, pull) if kind else None
        since = max(pull.since or bound, bound) if bound else pull.since
        query = {"limit": str(MAX_LIMIT)} | ({"date_from": time_to_ocpi(since)} if since else {})
        return f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"

    async def _item(self, pull: Pull, kind: Kind, owner: PartyId, raw: bytes, correlation_id: str) -> None:
        dialect = await self._dialect(pull, raw, kind.wire_type)
        whose, key = _named(kind, owner, raw, dialect)
        if (whose is not None and not pull.partner.speaks_for(whose)) or _out_of_reach(kind, pull, raw):
            pull.ignore()
            return
        try:
            message = dialect.read(raw, kind.wire_type)
            saved = await kind.take(self._hub, pull.partner, message, correlation_id)
        except (Unavailable, Uncertain):  # ours: nothing is said of the object
            raise
        except RoamingError as error:
            if isinstance(error, Unknown) and error.what == "party":  # a session or CDR that is nobody's here
                pull.ignore()
                return
            log.warning("%s: %s %s is held: %s", pull.partner.name, pull.feed.name, key or "", error)
            pull.hold(key, error, raw.decode(errors="replace"))
        except Exception:
            log.exception("%s: %s %s is held", pull.partner.name, pull.feed.name, key or "")
            pull.hold(key, Rejected("$", "an unexpected error, see the log of the hub"), raw.decode(errors="replace"))
        else:
            pull.took(key, saved)

    async def _dialect(self, pull: Pull, raw: bytes, wire_type: Any = None) -> Dialect:
        dialect = dialect_of(pull.partner, hub_role(self._hub.identity), self._hub.clock.now())
        if not dialect.version.single_party:
            return dialect
        said = mentioned_in(dialect, raw, wire_type)
        found = await hearing(self._hub.outbound.names, pull.partner, dialect, said)
        dialect = dialect.knowing(heard=ours_of(found))
        if pull.feed.name in ("sessions", "cdrs"):
            return dialect.knowing(tokens=await tokens_named(self._hub, pull.partner, raw))
        return dialect

    # --- what the list no longer names

    async def _held(self, kind: Kind, owners: tuple[PartyId, ...]) -> dict[str, datetime]:
        if kind.replaced is None:
            return {}
        return {held.key: held.updated_at for owner in owners async for held in kind.replaced.held(self._hub, owner)}

    async def _drop(
        self, pull: Pull, replaced: Replaced, before: Mapping[str, datetime], now: Mapping[str, datetime]
    ) -> None:
        """What was held before and neither listed nor told since."""
        for key, updated_at in before.items():
            if key not in pull.seen and now.get(key) == updated_at:
                await replaced.drop(self._hub, pull.partner, key)
                pull.removed += 1


def _listed_by(partner: Partner, kind: Kind) -> bool:
    """A partner that has its CDRs passed on while it waits lists what nobody wanted: it sends that again itself."""
    settings = settings_of(partner)
    if kind.feed.name == "cdrs" and settings.forward_cdrs:
        return False
    return partner.plays(kind.role) and settings.url(kind.feed.name, SENDER) is not None


def _reach(kind: Kind, pull: Pull) -> datetime | None:
    if kind.reach is None:
        return None
    return max(pull.partner.created_at, pull.began_at - kind.reach, pull.oldest or pull.partner.created_at)


def _out_of_reach(kind: Kind, pull: Pull, raw: bytes) -> bool:
    """Not every partner minds `date_from`."""
    bound = _reach(kind, pull)
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError, Invalid):
        if bound is not None:
            said = _text(msgspec.json.decode(raw, type=Listed).last_updated)
            return time_from_ocpi(said) < bound.replace(microsecond=0)
    return False


def _named(kind: Kind, owner: PartyId, raw: bytes, dialect: Dialect) -> tuple[PartyId | None, str | None]:
    """Whose object it is and its key; None where that cannot be read. `owner` where items name none (2.1.1)."""
    whose = None
    with suppress(msgspec.MsgspecError, UnicodeDecodeError, RecursionError, Invalid):
        listed = msgspec.json.decode(raw, type=Listed)
        if kind.wire_type is WireLocation and isinstance(listed.id, str):
            listed.id = dialect.about.heard.get((NameKind.LOCATION, listed.id), listed.id)
        whose = owner
        if listed.country_code is not None or listed.party_id is not None:
            whose = PartyId.of(_text(listed.country_code), _text(listed.party_id), "$.party_id")
        return whose, kind.key(whose, listed)
    return whose, None


def _text(member: Any) -> str:
    """Raises Invalid for what can be no id: keys are remembered for as long as the walk lasts."""
    if not isinstance(member, str) or not 0 < len(member) <= LONGEST_ID:
        raise Invalid("$", "is no text that could be an id")
    return member


async def _drop_location(hub: Hub, owner: Partner, key: str) -> None:
    found = await hub.locations.own_by_keys([key])
    await hub.locations.forget(owner, list(found.values()))


async def _drop_tariff(hub: Hub, owner: Partner, key: str) -> None:
    party, _, tariff_id = key.partition("/")
    with suppress(Unknown):  # it has just been deleted
        await hub.tariffs.remove(owner, PartyId.parse(party), tariff_id)


KINDS: Final = {
    kind.feed.name: kind
    for kind in (
        Kind(
            feed=Feed(name="locations", full_every=DAY, delta_every=HOURS),
            role=Role.CPO,
            wire_type=WireLocation,
            take=locations.take,
            key=lambda owner, listed: location_key(owner, _text(listed.id)),
            replaced=Replaced(lambda hub, owner: hub.locations.current(owner), _drop_location),
        ),
        Kind(
            feed=Feed(name="tariffs", full_every=DAY, delta_every=HOURS),
            role=Role.CPO,
            wire_type=WireTariff,
            take=tariffs.take,
            key=lambda owner, listed: tariff_key(owner, _text(listed.id)),
            replaced=Replaced(lambda hub, owner: hub.tariffs.owned(owner), _drop_tariff),
        ),
        Kind(
            feed=Feed(name="tokens", full_every=DAY, delta_every=HOURS),
            role=Role.EMSP,
            wire_type=Token,
            take=tokens.take,
            key=lambda owner, listed: token_key(owner, _text(listed.type), token_uid_in(_text(listed.uid), "$.uid")),
        ),
        Kind(
            feed=Feed(name="sessions", full_every=7 * DAY, delta_every=HOURS),
            role=Role.CPO,
            wire_type=Session,
            take=sessions.take,
            key=lambda owner, listed: session_key(owner, _text(listed.id)),
            reach=REACH,
        ),
        Kind(
            feed=Feed(name="cdrs", full_every=7 * DAY, delta_every=HOURS),
            role=Role.CPO,
            wire_type=Cdr,
            take=cdrs.take,
            key=lambda owner, listed: cdr_key(owner, _text(listed.id)),
            reach=REACH,
        ),
    )
}
