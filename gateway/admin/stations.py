"""The stations of an operator whose protocol cannot say them: the hub's operator hands in the whole list.

They are the partner's word from then on: stored and told as if it had sent them.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from core.errors import Invalid, Unsupported
from core.model.ids import EvseId
from core.model.location import Evse, EvseStatus, Location
from core.model.partner import Partner, Role
from gateway.wiring import Assembly
from mappings.ocpi.common import PROTOCOL as LISTED
from mappings.ocpi.locations import location_from_ocpi
from protocols.ocpi.wire.locations import Location as WireLocation
from protocols.plugin import Hub
from protocols.transport.json_codec import convert, decode_raw

MOST: Final = 20_000


class HandedIn(Struct, frozen=True):
    """What a list changed, in locations."""

    added: int
    changed: int
    unchanged: int
    removed: int


async def hand_in_stations(assembly: Assembly, partner_id: str, body: bytes) -> HandedIn:
    """`body` is a JSON list of OCPI 2.3.0 Locations. Raises Unknown, Unsupported, or Invalid naming the wrong item."""
    partner = await assembly.hub.partners.get(partner_id)
    if assembly.adapters[partner.protocol].tells_locations:
        raise Unsupported(f"{partner.name} tells of its locations itself: its protocol is {partner.protocol}")
    return await replace_stations(assembly.hub, partner, stations_from(body, partner))


def stations_from(body: bytes, partner: Partner) -> list[Location]:
    """Raises Invalid with the path of the first wrong member, such as `$[3].evses[0].status`."""
    listed = decode_raw(body)
    if not isinstance(listed, list):
        raise Invalid("$", "a list of OCPI Locations is expected")
    if len(listed) > MOST:
        raise Invalid("$", f"at most {MOST} locations are taken at once")
    found = [_station(raw, f"$[{index}]", partner) for index, raw in enumerate(listed)]
    _nothing_twice(found)
    return found


def _station(raw: object, path: str, partner: Partner) -> Location:
    try:
        location = location_from_ocpi(convert(raw, WireLocation))
    except Invalid as error:
        raise Invalid(path + error.path.removeprefix("$"), error.reason) from error
    if not partner.speaks_for(location.owner, Role.CPO):
        raise Invalid(f"{path}.party_id", f"{location.owner} is no CPO of {partner.name}")
    return location


def _nothing_twice(locations: Sequence[Location]) -> None:
    seen: set[str | EvseId] = set()
    for index, location in enumerate(locations):
        _first(location.key, f"$[{index}].id", seen)
        for number, evse in enumerate(location.evses):
            path = f"$[{index}].evses[{number}]"
            _first(f"{location.key}/{evse.uid.upper()}", f"{path}.uid", seen)
            if evse.evse_id is not None:
                _first(evse.evse_id, f"{path}.evse_id", seen)


def _first(name: str | EvseId, path: str, seen: set[str | EvseId]) -> None:
    if name in seen:
        raise Invalid(path, "occurs twice in the list")
    seen.add(name)


async def replace_stations(hub: Hub, partner: Partner, locations: Sequence[Location]) -> HandedIn:
    """From now on these are all that the partner's CPO parties have: what is gone is told as REMOVED.

    What is equal to before is told to nobody. Stored bulk by bulk: should the hub stop on the way, the same list again
    does the rest."""
    owners = partner.parties_as(Role.CPO)
    if not owners:
        raise Unsupported(f"{partner.name} is no CPO: it has no stations")
    held = {location.key: location for owner in owners async for location in hub.locations.owned(owner)}
    before, after, now = _by_evse_id(held.values()), _by_evse_id(locations), hub.clock.now()
    stored = [_joined(location, held.get(location.key), before, after, now) for location in locations]
    changed = [location for location in stored if location != held.get(location.key)]
    for owner in {location.owner for location in changed}:
        await hub.locations.load(partner, owner, [location for location in changed if location.owner == owner])
    unnamed = held.keys() - {location.key for location in locations}
    removed = await _take_away(hub, partner, [held[key] for key in sorted(unnamed)], after)
    added = sum(location.key not in held for location in changed)
    return HandedIn(added, len(changed) - added, len(locations) - len(changed), removed)


async def _take_away(hub: Hub, partner: Partner, unnamed: Sequence[Location], after: Mapping[EvseId, Evse]) -> int:
    """How many there were: those that were taken away before are told again only if an EVSE of theirs is elsewhere."""
    there = [location for location in unnamed if _has_something(location)]
    left = [location for location in unnamed if not _has_something(location) and _without(location, after) != location]
    if there or left:
        await hub.locations.forget(partner, [_without(location, after) for location in (*there, *left)])
    return len(there)


def _by_evse_id(locations: Iterable[Location]) -> dict[EvseId, Evse]:
    return {evse.evse_id: evse for location in locations for evse in location.evses if evse.evse_id is not None}


def _joined(
    location: Location,
    held: Location | None,
    before: Mapping[EvseId, Evse],
    after: Mapping[EvseId, Evse],
    now: datetime,
) -> Location:
    """As it is to be stored: with the statuses that were told, and the EVSEs that it has no longer as REMOVED.

    `held` itself if nothing is new."""
    evses = [_with_status(evse, _same(evse, held, before)) for evse in location.evses]
    if held is None:
        return replace(location, evses=tuple(evses))
    gone = [evse for evse in _without(held, after).evses if location.evse(evse.uid) is None]
    joined = replace(location, evses=(*evses, *(_removed(evse, now) for evse in gone)), updated_at=held.updated_at)
    if joined == held:
        return held
    newer = location.updated_at > held.updated_at
    return replace(joined, updated_at=location.updated_at if newer else max(now, held.updated_at))


def _same(evse: Evse, held: Location | None, before: Mapping[EvseId, Evse]) -> Evse | None:
    """What is held of it, wherever it was."""
    found = before.get(evse.evse_id) if evse.evse_id is not None else None
    return found or (held.evse(evse.uid) if held is not None else None)


def _with_status(evse: Evse, held: Evse | None) -> Evse:
    """With all that was told of its status; the list's own counts where nothing is known."""
    if held is None:
        return evse
    told = {name: text for name, text in held.extensions.items() if name != LISTED}
    updated_at = max(evse.updated_at, held.updated_at)
    joined = replace(evse, updated_at=updated_at, extensions={**told, **evse.extensions})
    if held.status in (EvseStatus.UNKNOWN, EvseStatus.REMOVED):
        return joined
    return replace(joined, status=held.status, status_until=held.status_until)


def _removed(evse: Evse, now: datetime) -> Evse:
    return evse if evse.status is EvseStatus.REMOVED else replace(evse, status=EvseStatus.REMOVED, updated_at=now)


def _without(location: Location, after: Mapping[EvseId, Evse]) -> Location:
    """Without the EVSEs that the list names elsewhere: an EVSE is in one place."""
    return replace(location, evses=tuple(evse for evse in location.evses if evse.evse_id not in after))


def _has_something(location: Location) -> bool:
    return any(evse.status is not EvseStatus.REMOVED for evse in location.evses)
