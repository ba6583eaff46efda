"""What the hub passes on between two parties and keeps beside, as it came: for lists, and to find the other side
without TO. Objects that would not stand a full check are passed on all the same, and not kept.

The sender interface belongs to the owner of an object, the receiver interface to whom it is told. Handlers are made
here; the modules say which objects they are about, and how the other side is found.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from core.errors import Invalid, RoamingError, Unknown
from core.model.ids import PartyId
from core.model.record import Record, RecordQuery
from mappings.ocpi.records import Shape, record_from_ocpi
from protocols.ocpi import codec
from protocols.ocpi.codes import HUB_ERROR, NOT_ENOUGH, UNKNOWN_RECEIVER, Failure, succeeded
from protocols.ocpi.server.answers import for_one
from protocols.ocpi.server.exchange import Ask, Reply, Side
from protocols.ocpi.server.forwarding import forward
from protocols.ocpi.server.lists import list_page, reply_list, reply_nothing
from protocols.ocpi.server.locked import turn
from protocols.ocpi.server.routes import Handler

log = logging.getLogger(__name__)

LONGEST_NAME: Final = 255
"""Far more than any object of these has."""

Find = Callable[[Ask], Awaitable[PartyId | None]]
"""The other side, by the path or the content; None: nothing says who it is."""
Keep = Callable[[Ask, Side, Reply], Awaitable[None]]
"""After a success. What it raises changes nothing for the caller."""


class Sides(Struct, frozen=True):
    """Whose the objects of an exchange are, and whom they are told to."""

    owner: PartyId
    reader: PartyId


# --- passed on


def passed_on(what: str, find: Find, keep: Keep | None = None) -> Handler:
    """To the party of TO, else the one that is found. `what` names it where it is no broadcast."""

    async def handler(ask: Ask) -> Reply:
        for_one(ask, what)
        to = await way(ask, find)
        reply = await forward(ask, to)
        if keep is not None and succeeded(reply.code):
            await _beside(ask, to, reply, keep)
        return reply

    return handler


async def way(ask: Ask, find: Find) -> Side:
    """Raises Failure 404 for an owner in the path that is not the caller's, 4001 where nobody is found, 4000 for a
    party whose version or protocol has no such module."""
    if owner_in_path(ask):
        ask.owner()
    party = ask.addressed or await find(ask)
    module = ask.path.partition("/")[0]
    if party is None:
        raise Failure(UNKNOWN_RECEIVER, f"nothing here says whose {module} this is about: name the party in TO")
    to = await ask.way_to(party)
    if to is None or not to.version.offers(module):
        raise Failure(HUB_ERROR, f"{party} has no {module}")
    return to


def owner_in_path(ask: Ask) -> bool:
    return is_receiver(ask) and len(ask.args) >= 3


def is_receiver(ask: Ask) -> bool:
    return ask.path.endswith("/receiver")


async def _beside(ask: Ask, to: Side, reply: Reply, keep: Keep) -> None:
    sides = sides_of(ask, to)
    try:
        async with turn(ask.hub.cache, f"{ask.path.partition('/')[0]}/{sides.owner.key}/{sides.reader.key}"):
            await keep(ask, to, reply)
    except RoamingError as error:
        log.warning("%s %s for %s was passed on and not kept: %s", ask.method, ask.path, to.party, error)


def sides_of(ask: Ask, to: Side) -> Sides:
    """By the path where it names the owner: FROM may be another party of the same platform."""
    if owner_in_path(ask):
        return Sides(ask.owner(), to.party)
    return Sides(ask.asking, to.party) if is_receiver(ask) else Sides(to.party, ask.asking)


async def nobody(ask: Ask) -> PartyId | None:
    """For requests that name their party in TO, or have none."""
    return None


def by_name(shape: Shape, name: Callable[[Ask], str | None]) -> Find:
    """The other side of an object that was exchanged before. Raises Failure 2002 if there are several."""

    async def find(ask: Ask) -> PartyId | None:
        wanted = name(ask)
        return await other_side(ask, shape, wanted) if wanted else None

    return find


async def other_side(ask: Ask, shape: Shape, name: str) -> PartyId | None:
    """None for a name that nothing can have."""
    records = ask.hub.records
    if len(name) > LONGEST_NAME:
        return None
    if is_receiver(ask):
        found = await records.readers(ask.partner, shape.kind, name)
    else:
        found = [record.owner for record in await records.seen(ask.partner, shape.kind, name)]
    if len(found) > 1:
        raise Failure(NOT_ENOUGH, f"{name} may be one of several parties': name one in the TO headers")
    return found[0] if found else None


def named(ask: Ask) -> str:
    """The id of the object in the path, behind that of its owner if there is one."""
    return ask.args[2 if owner_in_path(ask) else 0]


def member(name: str) -> Callable[[Ask], str | None]:
    """A name in the body. Raises Invalid for what is no text."""

    def read(ask: Ask) -> str | None:
        raw = codec.members(ask.body).get(name)
        text = codec.read_bare(raw, str) if raw is not None else ""
        return text if 0 < len(text) <= LONGEST_NAME else None

    return read


# --- kept


def keep_whole(shape: Shape) -> Keep:
    """The body, if it stands a full check and is what the path says."""

    async def keep(ask: Ask, to: Side, reply: Reply) -> None:
        sides = sides_of(ask, to)
        record = read_record(ask, shape, ask.body, sides.owner, sides.reader)
        check_name(ask, record)
        await ask.hub.records.keep(record)

    return keep


def keep_changed(shape: Shape) -> Keep:
    """The body as a change of what is held; nothing where nothing is."""

    async def keep(ask: Ask, to: Side, reply: Reply) -> None:
        if held := await _held(ask, to, shape):
            changed = changed_by(held.content.encode(), ask.body)
            record = read_record(ask, shape, changed, held.owner, held.reader)
            check_name(ask, record)
            await ask.hub.records.keep(record)

    return keep


def keep_nothing(shape: Shape) -> Keep:
    async def keep(ask: Ask, to: Side, reply: Reply) -> None:
        if held := await _held(ask, to, shape):
            await ask.hub.records.forget(held)

    return keep


async def _held(ask: Ask, to: Side, shape: Shape) -> Record | None:
    sides = sides_of(ask, to)
    return await ask.hub.records.told(shape.kind, sides.owner, sides.reader, named(ask))


def read_record(ask: Ask, shape: Shape, content: bytes, owner: PartyId, reader: PartyId | None) -> Record:
    """Raises NotJson or Invalid."""
    return record_from_ocpi(shape, ask.dialect.read(content, shape.wire_type), content, owner, reader)


def check_name(ask: Ask, record: Record) -> None:
    """Raises Invalid where the id in the path is none of the object's."""
    if ask.args and named(ask).upper() not in record.names:
        raise Invalid("$.id", f"{record.id!r} in the body, {named(ask)!r} in the URL")


def changed_by(content: bytes, change: bytes) -> bytes:
    """What a PATCH makes of an object, each member as it was written; null means not mentioned."""
    said = {name: raw for name, raw in codec.members(change).items() if bytes(raw) != b"null"}
    return codec.whole({**codec.members(content), **said})


# --- shown


def listed(shape: Shape, bounds: Callable[[Ask], dict[str, datetime | None]] = lambda ask: {}) -> Handler:
    """What concerns the reader. `bounds`: those of RecordQuery that the query names beside its dates."""

    async def handler(ask: Ask) -> Reply:
        if ask.addressed is not None:
            return await forward(ask, await way(ask, nobody))
        page = list_page(ask)
        if page.empty:
            return reply_nothing(ask, page)
        query = RecordQuery(
            kind=shape.kind,
            updated_from=page.date_from,
            updated_to=page.date_to,
            offset=page.offset,
            limit=page.limit,
        )
        query = msgspec.structs.replace(query, **bounds(ask))
        records, total = await ask.hub.records.page(ask.partner, query)
        return reply_list(ask, page, codec.joined(record.content.encode() for record in records), total)

    return handler


def single(shape: Shape, shown: Callable[[Ask, Record], str] = lambda ask, record: record.content) -> Handler:
    """From the party that has it; from what is held where TO is the hub. `shown`: which part of it, as JSON text."""

    async def handler(ask: Ask) -> Reply:
        if ask.to_hub:
            return Reply(data=shown(ask, await copy(ask, shape)).encode())
        return await forward(ask, await way(ask, by_name(shape, named)))

    return handler


async def copy(ask: Ask, shape: Shape) -> Record:
    """Raises Unknown, or Failure 2002."""
    name = named(ask)
    if is_receiver(ask):
        owner = ask.owner() if owner_in_path(ask) else ask.asking
        return await ask.hub.records.own(ask.partner, shape.kind, owner, name)
    found = await ask.hub.records.seen(ask.partner, shape.kind, name)
    if len(found) > 1:
        raise Failure(NOT_ENOUGH, f"several owners have {name}: name one in the TO headers")
    if not found:
        raise Unknown(shape.kind.noun, name)
    return found[0]
