"""Tariffs. Source: OCPI 2.3.0, mod_tariffs."""

import logging

from core.model.partner import Partner
from core.model.tariff import Tariff, tariff_key
from core.ports.stores import Saved
from mappings.ocpi.common import merged
from mappings.ocpi.tariffs import tariff_from_ocpi, tariff_to_ocpi
from protocols.ocpi.server.addressed import TARIFF, addressed, latest
from protocols.ocpi.server.answers import DONE, done, for_everybody, time_of
from protocols.ocpi.server.exchange import Ask, Reply, same_id, same_owner
from protocols.ocpi.server.lists import encoded, list_page, reply_list, reply_nothing, sayable
from protocols.ocpi.server.locked import turn
from protocols.ocpi.server.names import tell
from protocols.ocpi.server.routes import Route
from protocols.ocpi.wire import tariffs as wire
from protocols.ocpi.wire.v2_1_1 import TariffPatch
from protocols.plugin import Hub

log = logging.getLogger(__name__)

# --- the receiver interface: from the operator


async def get_own(ask: Ask) -> Reply:
    tariff = await ask.hub.tariffs.own(ask.partner, ask.owner(), ask.args[2])
    return Reply(data=ask.write(tariff_to_ocpi(tariff)), sender=ask.addressed)


async def put(ask: Ask) -> Reply:
    for_everybody(ask)
    owner = ask.owner()
    message = ask.read(wire.Tariff)
    same_owner(message, owner)
    same_id(message.id, ask.args[2], "$.id")
    return done(await take(ask.hub, ask.partner, message, ask.correlation_id))


async def take(hub: Hub, owner: Partner, message: wire.Tariff, correlation_id: str) -> Saved:
    """From its owner, pushed or listed."""
    tariff = tariff_from_ocpi(message)
    async with turn(hub.cache, tariff.key):
        return await hub.tariffs.put(owner, tariff, correlation_id)


async def patch(ask: Ask) -> Reply:
    """A method of 2.1.1 alone; later versions are told the whole."""
    owner = ask.owner()
    change = ask.read(TariffPatch)
    same_id(change.id, ask.args[2], "$.id")
    async with turn(ask.hub.cache, tariff_key(owner, ask.args[2])):
        tariff = await ask.hub.tariffs.own(ask.partner, owner, ask.args[2])
        if time_of(change) < tariff.updated_at:
            return DONE
        changed = tariff_from_ocpi(merged(tariff_to_ocpi(tariff), change))
        return done(await ask.hub.tariffs.put(ask.partner, changed, ask.correlation_id))


async def delete(ask: Ask) -> Reply:
    for_everybody(ask)
    owner, tariff_id = ask.owner(), ask.args[2]
    await ask.hub.tariffs.remove(ask.partner, owner, tariff_id, ask.correlation_id)
    place, number = await ask.hub.locations.naming_tariff(owner, tariff_id)
    if place is not None:
        log.warning("tariff %r of %s is gone, and %d locations name it: %r", tariff_id, owner, number, place.id)
    return DONE


# --- the sender interface: to readers


async def list_all(ask: Ask) -> Reply:
    page = list_page(ask)
    if page.empty:
        return reply_nothing(ask, page)
    owners = None if ask.addressed is None else (ask.addressed,)

    async def base(offset: int, limit: int) -> tuple[list[Tariff], int]:
        return await ask.hub.tariffs.page(ask.partner, page.date_from, page.date_to, offset, limit, owners)

    tariffs, total = await latest(ask, TARIFF, page, await addressed(ask, TARIFF), base)
    await tell(ask, sayable(tariffs, tariff_to_ocpi))
    return reply_list(ask, page, encoded(ask, tariffs, tariff_to_ocpi), total)


ROUTES = [
    Route(path="tariffs/sender", methods={"GET": list_all}),
    Route(path="tariffs/receiver", parameters=3, methods={"GET": get_own, "PUT": put, "DELETE": delete}),
    Route(
        path="tariffs/receiver",
        parameters=3,
        methods={"GET": get_own, "PUT": put, "PATCH": patch, "DELETE": delete},
        single_party=True,
    ),
]
