"""Locations, tariffs and tokens that an owner told to one party instead of all: kept for that party alone, and shown to
it where they are newer than what all were told. Source: OCPI 2.3.0, transport_and_format, message routing, GET All.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Final

from msgspec import Struct

from core.errors import RoamingError, Unknown
from core.model.ids import PartyId
from core.model.location import Location
from core.model.partner import Role
from core.model.record import Record, RecordKind
from core.model.tariff import Tariff
from core.model.token import Token, TokenKind
from core.routing import CPO_SIDE
from mappings.ocpi.changes import patch_connector, patch_evse, patch_location, with_connector, with_evse
from mappings.ocpi.evses import connector_from_ocpi, evse_from_ocpi
from mappings.ocpi.ids import token_uid_in
from mappings.ocpi.locations import location_from_ocpi, location_to_ocpi
from mappings.ocpi.tariffs import tariff_from_ocpi, tariff_to_ocpi
from mappings.ocpi.tokens import patch_token, token_from_ocpi, token_to_ocpi
from protocols.ocpi import codec
from protocols.ocpi.codes import succeeded
from protocols.ocpi.paging import Page
from protocols.ocpi.server.answers import time_of
from protocols.ocpi.server.exchange import Ask, Reply, Side
from protocols.ocpi.server.locked import turn
from protocols.ocpi.wire import locations, tariffs, tokens
from protocols.plugin import Hub

log = logging.getLogger(__name__)

Thing = Any
"""A Location, Tariff or Token."""
Base = Callable[[int, int], Awaitable[tuple[Sequence[Any], int]]]
"""What all were told: so many from an offset on, and how many there are."""


class Noun(Struct, frozen=True, kw_only=True):
    """One kind of object. `roles`: whose they are. `name`: what its owner calls it, `named`: by the path. `shared`: as
    all were told of it. `after`: as it is after a message, by what is held of it; None: the message is older."""

    kind: RecordKind
    wire_type: Any
    roles: frozenset[Role]
    read: Callable[[Any], Thing]
    write: Callable[[Thing], Any]
    owner: Callable[[Thing], PartyId]
    name: Callable[[Thing], str]
    named: Callable[[Ask], str]
    shared: Callable[[Hub, PartyId, str], Awaitable[Thing | None]]
    after: Callable[[Ask, Thing | None], Thing | None]


# --- kept


async def keep(ask: Ask, to: Side, reply: Reply) -> None:
    """Beside what was passed on and taken. Whatever comes of it changes nothing for the caller."""
    noun = NOUNS.get(ask.path)
    if noun is None or ask.method == "GET" or not succeeded(reply.code):
        return
    try:
        async with turn(ask.hub.cache, f"{noun.kind}/{to.party.key}/{ask.owner().key}/{noun.named(ask).upper()}"):
            await _keep(ask, noun, to.party)
    except RoamingError as error:
        log.warning("%s for %s was passed on and not kept: %s", ask.path, to.party, error)


async def _keep(ask: Ask, noun: Noun, reader: PartyId) -> None:
    owner, name, records = ask.owner(), noun.named(ask), ask.hub.records
    record = await records.told(noun.kind, owner, reader, name)
    if ask.method == "DELETE":
        if record is not None:
            await records.forget(record)
        return
    held = _thing(noun, record) if record else await noun.shared(ask.hub, owner, name)
    thing = noun.after(ask, held)
    if thing is not None and (noun.owner(thing), noun.name(thing).upper()) == (owner, name.upper()):
        content = codec.encode(noun.write(thing)).decode()
        await records.keep(
            Record(kind=noun.kind, owner=owner, id=name, reader=reader, content=content, updated_at=thing.updated_at)
        )


def _thing(noun: Noun, record: Record) -> Thing:
    return noun.read(codec.read_bare(record.content.encode(), noun.wire_type))


def _location_after(ask: Ask, held: Location | None) -> Location | None:
    depth = len(ask.args)
    if depth == 3 and ask.method == "PUT":
        return location_from_ocpi(ask.read(locations.Location))
    if held is None:
        raise Unknown("location", ask.args[2])
    kinds: tuple[Any, Any] = _PARTS[depth]
    message = ask.read(kinds[ask.method == "PATCH"])
    part = _part(held, ask.args[3:])
    if part is not None and time_of(message) < part.updated_at:
        return None
    match depth, ask.method:
        case 3, _:
            return patch_location(held, message)
        case 4, "PUT":
            return with_evse(held, evse_from_ocpi(message))
        case 4, _:
            return patch_evse(held, ask.args[3], message)
        case _, "PUT":
            return with_connector(held, ask.args[3], connector_from_ocpi(message))
    return patch_connector(held, ask.args[3], ask.args[4], message)


_PARTS: Final = {
    3: (locations.Location, locations.LocationPatch),
    4: (locations.Evse, locations.EvsePatch),
    5: (locations.Connector, locations.ConnectorPatch),
}


def _part(location: Location, ids: list[str]) -> Any:
    """The location, its EVSE or its connector; None where it has none of this id."""
    evse = location.evse(ids[0]) if ids else None
    if evse is None or len(ids) == 1:
        return evse if ids else location
    return next((held for held in evse.connectors if held.id.upper() == ids[1].upper()), None)


def _tariff_after(ask: Ask, _: Tariff | None) -> Tariff:
    return tariff_from_ocpi(ask.read(tariffs.Tariff))


def _token_after(ask: Ask, held: Token | None) -> Token | None:
    if ask.method == "PUT":
        return token_from_ocpi(ask.read(tokens.Token))
    if held is None:
        raise Unknown("token", ask.args[2])
    change = ask.read(tokens.TokenPatch)
    return None if time_of(change) < held.updated_at else patch_token(held, change)


async def _token(hub: Hub, owner: PartyId, name: str) -> Token | None:
    kind, _, uid = name.partition("/")
    return await hub.tokens.known(owner, kind, token_uid_in(uid, "uid"))


LOCATION: Final = Noun(
    kind=RecordKind.LOCATION,
    wire_type=locations.Location,
    roles=CPO_SIDE,
    read=location_from_ocpi,
    write=location_to_ocpi,
    owner=lambda location: location.owner,
    name=lambda location: location.id,
    named=lambda ask: ask.args[2],
    shared=lambda hub, owner, name: hub.locations.place(owner, name),
    after=_location_after,
)
TARIFF: Final = Noun(
    kind=RecordKind.TARIFF,
    wire_type=tariffs.Tariff,
    roles=CPO_SIDE,
    read=tariff_from_ocpi,
    write=tariff_to_ocpi,
    owner=lambda tariff: tariff.owner,
    name=lambda tariff: tariff.id,
    named=lambda ask: ask.args[2],
    shared=lambda hub, owner, name: hub.tariffs.known(owner, name),
    after=_tariff_after,
)
TOKEN: Final = Noun(
    kind=RecordKind.TOKEN,
    wire_type=tokens.Token,
    roles=frozenset({Role.EMSP}),
    read=token_from_ocpi,
    write=token_to_ocpi,
    owner=lambda token: token.issuer,
    name=lambda token: f"{token.kind}/{token.uid.text}",
    named=lambda ask: f"{ask.query.get('type') or TokenKind.RFID.value}/{ask.args[2]}",
    shared=_token,
    after=_token_after,
)
NOUNS: Final = {"locations/receiver": LOCATION, "tariffs/receiver": TARIFF, "tokens/receiver": TOKEN}


# --- shown


async def addressed(ask: Ask, noun: Noun, name: str | None = None) -> list[Thing]:
    """What the caller was told alone: under this name, or all. A list of one party's objects holds none: who tells one
    party alone is asked itself."""
    if name is None and ask.addressed is not None:
        return []
    found = await ask.hub.records.addressed(ask.partner, noun.kind, noun.roles, name)
    return [_thing(noun, record) for record in found]


async def latest(ask: Ask, noun: Noun, page: Page, own: Sequence[Thing], base: Base) -> tuple[list[Thing], int]:
    """A page of what all were told, each object as the caller was told of it last; behind it comes what it was told
    alone and all were not, or not within the dates that it asks for."""
    found, total = await base(page.offset, page.limit)
    shared = await asyncio.gather(*(noun.shared(ask.hub, noun.owner(thing), noun.name(thing)) for thing in own))
    instead: dict[str, Thing] = {}
    behind: list[Thing] = []
    for thing, held in zip(own, shared, strict=True):
        if held is not None and thing.updated_at <= held.updated_at:
            continue
        if held is not None and _within(page, held.updated_at):
            instead[thing.key] = thing
        elif _within(page, thing.updated_at):
            behind.append(thing)
    behind.sort(key=lambda thing: (thing.updated_at, thing.key))
    shown: list[Thing] = [instead.get(one.key, one) for one in found]
    shown = [one for one in shown if _within(page, one.updated_at)]
    start, end = max(page.offset - total, 0), max(page.offset + page.limit - total, 0)
    return shown + behind[start:end], total + len(behind)


def _within(page: Page, moment: datetime) -> bool:
    return (page.date_from is None or moment >= page.date_from) and (page.date_to is None or moment < page.date_to)
