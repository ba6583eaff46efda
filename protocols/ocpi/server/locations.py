"""Locations, EVSEs and connectors. Source: OCPI 2.3.0, mod_locations."""

import logging
from collections.abc import Iterable, Sequence

from msgspec import UNSET
from msgspec.structs import replace

from core.errors import Unknown
from core.model.ids import PartyId
from core.model.location import Connector, Evse, Location, LocationQuery, location_key
from core.model.name import NameKind
from core.model.partner import Partner
from core.ports.stores import Saved
from core.prices import as_charged
from mappings.ocpi.changes import (
    evse_change_from_ocpi,
    patch_connector,
    patch_evse,
    patch_location,
    with_connector,
    with_evse,
)
from mappings.ocpi.evses import connector_from_ocpi, connector_to_ocpi, evse_from_ocpi, evse_to_ocpi
from mappings.ocpi.locations import location_from_ocpi, location_to_ocpi
from protocols.ocpi.codes import NOT_ENOUGH, Failure
from protocols.ocpi.naming import telling
from protocols.ocpi.paging import Page
from protocols.ocpi.server.addressed import LOCATION, addressed, latest
from protocols.ocpi.server.answers import CREATED, DONE, done, for_everybody, time_of
from protocols.ocpi.server.exchange import Ask, Reply, same_id, same_owner
from protocols.ocpi.server.forwarding import forward, serves
from protocols.ocpi.server.lists import (
    LocationPages,
    encoded,
    list_page,
    reply_list,
    reply_nothing,
    reply_walk,
    sayable,
)
from protocols.ocpi.server.locked import together, turn
from protocols.ocpi.server.names import tell
from protocols.ocpi.server.routes import Route
from protocols.ocpi.server.surroundings import surroundings
from protocols.ocpi.wire import locations as wire
from protocols.plugin import Hub

log = logging.getLogger(__name__)

# --- the receiver interface: from the owner


async def get_own(ask: Ask) -> Reply:
    """What the hub holds, for the owner to compare."""
    location = await ask.hub.locations.own(ask.partner, ask.owner(), ask.args[2])
    return Reply(data=await _at_depth(ask, location, ask.args[3:]), sender=ask.addressed)


async def put_location(ask: Ask) -> Reply:
    for_everybody(ask)
    owner, location_id = ask.owner(), ask.args[2]
    message = ask.read(wire.Location)
    same_owner(message, owner)
    same_id(message.id, location_id, "$.id")
    saved = await take(ask.hub, ask.partner, message, ask.correlation_id)
    if saved in (Saved.CREATED, Saved.CHANGED):
        named = {
            tariff_id for evse in message.evses or () for plug in evse.connectors for tariff_id in plug.tariff_ids or ()
        }
        await _look_for_tariffs(ask, named)
    return done(saved)


async def _look_for_tariffs(ask: Ask, named: Iterable[str]) -> None:
    """They may come later; an operator of the hub wants to know of those that do not."""
    owner, location_id = ask.owner(), ask.args[2]
    for tariff_id in sorted(named):
        if await ask.hub.tariffs.known(owner, tariff_id) is None:
            log.warning("location %r of %s names tariff %r, which is not known here", location_id, owner, tariff_id)


async def take(hub: Hub, owner: Partner, message: wire.Location, correlation_id: str) -> Saved:
    """From its owner, pushed or listed."""
    location = location_from_ocpi(message)
    async with turn(hub.cache, location.key):
        return await hub.locations.put(owner, location, correlation_id)


async def put_evse(ask: Ask) -> Reply:
    for_everybody(ask)
    owner, location_id, uid = ask.owner(), *ask.args[2:]
    message = ask.read(wire.Evse)
    same_id(message.uid, uid, "$.uid")
    evse = evse_from_ocpi(message)
    async with turn(ask.hub.cache, location_key(owner, location_id)):
        location = await ask.hub.locations.own(ask.partner, owner, location_id)
        held = location.evse(uid)
        if held is not None and held.updated_at > evse.updated_at:
            return DONE
        await ask.hub.locations.put(ask.partner, with_evse(location, evse), ask.correlation_id)
    return DONE if held else CREATED


async def put_connector(ask: Ask) -> Reply:
    for_everybody(ask)
    owner, location_id, uid, connector_id = ask.owner(), *ask.args[2:]
    message = ask.read(wire.Connector)
    same_id(message.id, connector_id, "$.id")
    connector = connector_from_ocpi(message)
    async with turn(ask.hub.cache, location_key(owner, location_id)):
        location = await ask.hub.locations.own(ask.partner, owner, location_id)
        held = _find_connector(_find_evse(location, uid), connector_id)
        if held is not None and held.updated_at > connector.updated_at:
            return DONE
        await ask.hub.locations.put(ask.partner, with_connector(location, uid, connector), ask.correlation_id)
    await _look_for_tariffs(ask, message.tariff_ids or ())
    return DONE if held else CREATED


async def patch_whole(ask: Ask) -> Reply:
    for_everybody(ask)
    owner, location_id = ask.owner(), ask.args[2]
    patch = ask.read(wire.LocationPatch)
    same_owner(patch, owner)
    same_id(patch.id, location_id, "$.id")
    async with turn(ask.hub.cache, location_key(owner, location_id)):
        location = await ask.hub.locations.own(ask.partner, owner, location_id)
        if time_of(patch) < location.updated_at:
            return DONE
        return done(await ask.hub.locations.put(ask.partner, patch_location(location, patch), ask.correlation_id))


async def patch_one_evse(ask: Ask) -> Reply:
    """Nearly always a status and nothing else: then the location is not even loaded."""
    for_everybody(ask)
    owner, location_id, uid = ask.owner(), *ask.args[2:]
    patch = ask.read(wire.EvsePatch)
    if patch.uid is not UNSET:
        same_id(patch.uid, uid, "$.uid")
    change = evse_change_from_ocpi(patch)
    if change is not None:
        service = ask.hub.locations
        async with together(location_key(owner, location_id)):
            await service.change_status(ask.partner, owner, location_id, uid, change, ask.correlation_id)
        return DONE
    async with turn(ask.hub.cache, location_key(owner, location_id)):
        location = await ask.hub.locations.own(ask.partner, owner, location_id)
        if time_of(patch) < _find_evse(location, uid).updated_at:
            return DONE
        changed = patch_evse(location, uid, patch)
        return done(await ask.hub.locations.put(ask.partner, changed, ask.correlation_id))


async def patch_one_connector(ask: Ask) -> Reply:
    for_everybody(ask)
    owner, location_id, uid, connector_id = ask.owner(), *ask.args[2:]
    patch = ask.read(wire.ConnectorPatch)
    same_id(patch.id, connector_id, "$.id")
    async with turn(ask.hub.cache, location_key(owner, location_id)):
        location = await ask.hub.locations.own(ask.partner, owner, location_id)
        held = _find_connector(_find_evse(location, uid), connector_id)
        if held is None:
            raise Unknown("connector", connector_id)
        if time_of(patch) < held.updated_at:
            return DONE
        changed = patch_connector(location, uid, connector_id, patch)
        return done(await ask.hub.locations.put(ask.partner, changed, ask.correlation_id))


# --- the sender interface: to readers


class Reading:
    """Lists and single objects for those who may see them."""

    def __init__(self, pages: LocationPages) -> None:
        self._pages = pages

    async def list(self, ask: Ask) -> Reply:
        page = list_page(ask)
        if page.empty:
            return reply_nothing(ask, page)
        query = LocationQuery(
            updated_from=page.date_from,
            updated_to=page.date_to,
            owners=None if ask.addressed is None else (ask.addressed,),
            current=page.date_from is None and page.date_to is None,
            offset=page.offset,
            limit=page.limit,
            after=page.after,
        )
        if page.after is None and (own := await addressed(ask, LOCATION)):
            return await self._with_own(ask, page, query, own)
        visible_query = await ask.hub.locations.visible_query(ask.partner, query)
        walked = await self._pages.page(visible_query, ask.dialect, ask.partner)
        return reply_walk(ask, page, walked.data, walked.total, walked.last)

    async def _with_own(self, ask: Ask, page: Page, query: LocationQuery, own: Sequence[Location]) -> Reply:
        """For a reader that was told of some alone."""

        async def base(offset: int, limit: int) -> tuple[Sequence[Location], int]:
            part = replace(query, offset=offset, limit=limit)
            return await ask.hub.locations.page(ask.partner, part)

        found, total = await latest(ask, LOCATION, page, own, base)
        charged = [as_charged(location, ask.partner) for location in found]
        ask.about |= await surroundings(ask.version, ask.hub, charged)
        await tell(ask, sayable(charged, location_to_ocpi))
        return reply_list(ask, page, encoded(ask, charged, location_to_ocpi), total)

    async def one(self, ask: Ask) -> Reply:
        """From the only owner of that id that the reader may see; from the hub's copy if that was asked for, or if the
        owner does not serve it itself."""
        location = await visible(ask, ask.args[0], ask.addressed)
        if ask.recipient is None and (to := await ask.way_to(location.owner)) and serves(ask, to):
            return await forward(ask, to)
        sender = None if ask.to_hub else location.owner
        location = as_charged(location, ask.partner)
        return Reply(data=await _at_depth(ask, location, ask.args[1:]), sender=sender)


async def visible(ask: Ask, location_id: str, owner: PartyId | None) -> Location:
    """Raises Unknown, or Failure 2002 where the id alone does not say which."""
    owner = owner or ask.owners.get((NameKind.LOCATION, location_id.upper()))
    wanted = LocationQuery(owners=None if owner is None else (owner,))
    query = await ask.hub.locations.visible_query(ask.partner, wanted)
    keys = [location_key(party, location_id) for party in query.owners or ()]
    found = {location.key: location for _, location in await ask.hub.locations.by_keys(keys)}
    for location in await addressed(ask, LOCATION, location_id):
        held = found.get(location.key)
        if location.key in keys and (held is None or location.updated_at > held.updated_at):
            found[location.key] = location
    if not found:
        raise Unknown("location", location_id)
    if len(found) > 1:
        raise Failure(NOT_ENOUGH, f"several parties have a location {location_id}: name one in the TO headers")
    return next(iter(found.values()))


async def _at_depth(ask: Ask, location: Location, ids: list[str]) -> bytes:
    """The Location, its EVSE or its connector, encoded."""
    around = await surroundings(ask.version, ask.hub, [location])
    dialect = ask.dialect.knowing(owner=location.owner.key, **around)
    whole = sayable([location], location_to_ocpi)
    dialect = await telling(ask.hub.outbound.names, ask.partner, dialect, whole)
    if not ids:
        return dialect.write(location_to_ocpi(location))
    evse = _find_evse(location, ids[0])
    if len(ids) == 1:
        return dialect.write(evse_to_ocpi(evse))
    connector = _find_connector(evse, ids[1])
    if connector is None:
        raise Unknown("connector", ids[1])
    return dialect.write(connector_to_ocpi(connector))


def _find_evse(location: Location, uid: str) -> Evse:
    evse = location.evse(uid)
    if evse is None:
        raise Unknown("EVSE", uid)
    return evse


def _find_connector(evse: Evse, connector_id: str) -> Connector | None:
    wanted = connector_id.upper()
    return next((held for held in evse.connectors if held.id.upper() == wanted), None)


def location_routes(pages: LocationPages) -> list[Route]:
    reading = Reading(pages)
    receiver = "locations/receiver"
    return [
        Route(path="locations/sender", methods={"GET": reading.list}),
        *[Route(path="locations/sender", parameters=depth, methods={"GET": reading.one}) for depth in (1, 2, 3)],
        Route(path=receiver, parameters=3, methods={"GET": get_own, "PUT": put_location, "PATCH": patch_whole}),
        Route(path=receiver, parameters=4, methods={"GET": get_own, "PUT": put_evse, "PATCH": patch_one_evse}),
        Route(
            path=receiver, parameters=5, methods={"GET": get_own, "PUT": put_connector, "PATCH": patch_one_connector}
        ),
    ]
