"""eRoamingPushEvseData_V2.3: all or nothing, one push of an operator after the other.

A push is compared with what the hub holds of the operator in bulks, so that repeating a full load changes nothing; what
is different is written in one transaction. What is deleted stays as a removed EVSE: delta pulls have to name it.
"""

from collections.abc import Callable, Sequence

from core.model.ids import EvseId
from core.model.location import Evse, Location, location_key
from core.model.version import Version
from mappings.oicp.coordinates import coordinates_from_oicp
from mappings.oicp.ids import evse_id_from_oicp
from mappings.oicp.v2_2 import record_from_2_2
from protocols.oicp import codec, sets
from protocols.oicp.codes import Violations
from protocols.oicp.server.evse_change import (
    Change,
    Index,
    Pushed,
    Record,
    batched,
    grouped,
    is_as_pushed,
    leaving_of,
    location_after,
    note_places,
    touched,
)
from protocols.oicp.server.inbound import Inbound, Reply, acknowledged, check_held, decoded, listed
from protocols.oicp.wire import v2_2
from protocols.oicp.wire.common import ActionType
from protocols.oicp.wire.evse_data import DeleteEvseData, PlatformPushEvseData, PushEvseData
from protocols.oicp.wire.evse_status import EvseStatusRecord


async def push_evse_data(call: Inbound) -> Reply:
    message = _message(call)
    data = message.operator_evse_data
    records: tuple[Record, ...] = ()
    if not isinstance(message, DeleteEvseData):
        records = message.operator_evse_data.evse_data_record
    evse_ids = [evse_id_from_oicp(record.evse_id) for record in data.evse_data_record]
    return await _push(call, message.action_type, data.operator_id, data.operator_name, evse_ids, records)


async def push_evse_data_2_2(call: Inbound) -> Reply:
    """eRoamingPushEvseData_V2.2: as of 2.3, each record with what it was."""
    message, raw = _older_message(call), codec.decode_raw(call.body)
    data = message.operator_evse_data
    records: tuple[Record, ...] = ()
    if isinstance(message, v2_2.PushEvseData):
        given = zip(message.operator_evse_data.evse_data_record, raw["OperatorEvseData"]["EvseDataRecord"], strict=True)
        records = tuple(record_from_2_2(record, original) for record, original in given)
    evse_ids = [evse_id_from_oicp(record.evse_id) for record in data.evse_data_record]
    return await _push(call, message.action_type, data.operator_id, data.operator_name, evse_ids, records)


async def _push(
    call: Inbound,
    action: ActionType,
    operator_id: str,
    operator_name: str | None,
    evse_ids: Sequence[EvseId],
    records: tuple[Record, ...],
) -> Reply:
    call.check_id(operator_id, "$.OperatorEvseData.OperatorID")
    call.check_evse_ids(list(evse_ids))
    if action is ActionType.DELETE:
        records = ()
    async with call.shared.lock(f"evses/{call.party.key}"):
        pushed = grouped(records)
        index, same = await _index(call, None if action is ActionType.FULL_LOAD else evse_ids, pushed, operator_name)
        info = check_transaction(action, evse_ids, {key for key, where in index.items() if where.live})
        leaving = leaving_of(pushed, index)
        change = Change(
            index=index,
            pushed=pushed,
            full=action is ActionType.FULL_LOAD,
            same=same,
            gone=frozenset(e.key for e in evse_ids) if action is ActionType.DELETE else frozenset(),
            leaving=leaving,
            carried=await _carried(call, leaving),
            loose=await _loose(call, pushed, index),
            operator_name=operator_name,
            at=call.hub.clock.now(),
        )
        await _apply(call, change)
    return acknowledged(info or _odd_places(records))


async def take_records(
    call: Inbound, records: Sequence[Record], operator_name: str | None, group: Callable[[Record], str]
) -> None:
    """Insert or update, whatever is held. `group`: the id of the location that a record belongs to."""
    async with call.shared.lock(f"evses/{call.party.key}"):
        pushed = grouped(records, group)
        index, _ = await _index(call, [evse_id_from_oicp(record.evse_id) for record in records], pushed, None)
        leaving = leaving_of(pushed, index)
        change = Change(
            index=index,
            pushed=pushed,
            full=False,
            leaving=leaving,
            carried=await _carried(call, leaving),
            loose=await _loose(call, pushed, index),
            operator_name=operator_name,
            at=call.hub.clock.now(),
        )
        await _apply(call, change)


async def remove_evses(call: Inbound, evse_ids: Sequence[EvseId]) -> int:
    """Those that are not held are removed already. Gives how many were there."""
    async with call.shared.lock(f"evses/{call.party.key}"):
        index, _ = await _index(call, evse_ids, {}, None)
        live = frozenset(key for key, where in index.items() if where.live)
        gone = live & {evse_id.key for evse_id in evse_ids}
        now = call.hub.clock.now()
        await _apply(call, Change(index=index, pushed={}, full=False, gone=gone, operator_name=None, at=now))
    return len(gone)


def _message(call: Inbound) -> PushEvseData | PlatformPushEvseData | DeleteEvseData:
    platform = call.settings.platform_profile
    wire_type = PlatformPushEvseData if platform else PushEvseData
    return decoded(call.body, wire_type, lambda body: codec.decode_push_evse_data(body, platform=platform))


def _older_message(call: Inbound) -> v2_2.PushEvseData | DeleteEvseData:
    """A deletion needs only the ids."""
    try:
        return decoded(call.body, v2_2.PushEvseData, lambda body: codec.decode(body, v2_2.PushEvseData))
    except Violations:
        raw = codec.decode_raw(call.body)
        if not (isinstance(raw, dict) and raw.get("ActionType") == ActionType.DELETE):
            raise
        return call.message(DeleteEvseData)


def _odd_places(records: Sequence[Record]) -> str | None:
    """A hint: latitude and longitude are often swapped."""
    places = ((record.evse_id, coordinates_from_oicp(record.geo_coordinates)) for record in records)
    odd = [name for name, place in places if abs(place.latitude) > 90 or abs(place.longitude) > 180]
    return "no such place on earth: " + listed(odd) if odd else None


def check_transaction(action: ActionType, evse_ids: Sequence[EvseId], held: set[str]) -> str | None:
    """Raises Negative 009 for an insert of what is there or an update of what is not; a hint for a needless delete."""
    return check_held(action, {evse_id.key: evse_id.text for evse_id in evse_ids}, held)


async def _index(
    call: Inbound, evse_ids: Sequence[EvseId] | None, pushed: Pushed, operator_name: str | None
) -> tuple[Index, frozenset[str]]:
    """Where the operator's EVSEs are, for `evse_ids` None all of them; and the locations that are as pushed already."""
    index: Index = {}
    same: set[str] = set()
    owned = call.hub.locations.owned
    if evse_ids is None:
        async for location in owned(call.party):
            note_places(index, location)
            if is_as_pushed(location, pushed.get(location.id, {}), operator_name):
                same.add(location.id)
    for bulk in batched(evse_ids or ()):
        async for location in owned(call.party, bulk):
            note_places(index, location)
    return index, frozenset(same)


async def _carried(call: Inbound, leaving: dict[str, set[str]]) -> dict[str, Evse]:
    found: dict[str, Evse] = {}
    for bulk in batched(list(leaving)):
        held = await call.hub.locations.own_by_keys([location_key(call.party, name) for name in bulk])
        for location in held.values():
            going = leaving[location.id]
            found |= {evse.uid.upper(): evse for evse in location.evses if evse.uid.upper() in going}
    return found


async def _loose(call: Inbound, pushed: Pushed, index: Index) -> dict[str, EvseStatusRecord]:
    new = {key for records in pushed.values() for key in records if key not in index or not index[key].live}
    held = sets.status_records(await call.hub.sets.entries([sets.loose(call.party)])) if new else {}
    return {key: record for key, record in held.items() if key in new}


async def _apply(call: Inbound, change: Change) -> None:
    """Bulk by bulk read and compared; what is different is written at once."""
    changed: list[Location] = []
    versions: list[Version] = []
    for bulk in batched(touched(change)):
        held = await call.hub.locations.own_by_keys([location_key(call.party, name) for name in bulk])
        new = [location_after(call.party, change, name, held.get(location_key(call.party, name))) for name in bulk]
        for location in new:
            if location is not None:
                changed.append(location)
                versions += sets.record_versions(location, change.pushed.get(location.id, {}), change.at)
    for key, record in change.loose.items():
        versions.append(sets.status_version(sets.loose(call.party), key, change.at, None))
        versions.append(sets.status_version(sets.statuses(call.party), key, change.at, record))
    if changed:
        charged = await call.hub.prices.priced(call.party, changed)
        await call.hub.locations.push(call.partner, call.party, charged, versions)
