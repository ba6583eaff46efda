"""eRoamingPushEvseData_V2.3: all or nothing, one push of an operator after the other.

A push is compared with what the hub holds of the operator in bulks, so that repeating a full load changes nothing; what
is different is written in one transaction. What is deleted stays as a removed EVSE: delta pulls have to name it.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from core.model.ids import EvseId
from core.model.location import Evse, EvseStatus, Location, location_key
from core.model.version import Version
from mappings.oicp.codes import EVSE_STATUS
from mappings.oicp.coordinates import coordinates_from_oicp
from mappings.oicp.ids import evse_id_from_oicp
from mappings.oicp.locations import evse_records_to_oicp, group_key, locations_from_oicp
from mappings.oicp.v2_2 import plain, record_from_2_2
from protocols.oicp import codec, sets
from protocols.oicp.codes import Violations
from protocols.oicp.history import (
    HISTORY,
    NONE,
    SET,
    STATUS,
    digest_of,
    grown,
    history_of,
    history_text,
    in_set,
    present,
    revived,
    with_status_word,
)
from protocols.oicp.server.inbound import Inbound, Reply, acknowledged, check_held, decoded, listed
from protocols.oicp.wire import v2_2
from protocols.oicp.wire.common import ActionType
from protocols.oicp.wire.evse_data import (
    DeleteEvseData,
    PlatformEvseDataRecord,
    PlatformPushEvseData,
    PushEvseData,
)
from protocols.oicp.wire.evse_status import EvseStatus as Word
from protocols.oicp.wire.evse_status import EvseStatusRecord

BULK: Final = 200
T = TypeVar("T")
Record = PlatformEvseDataRecord


class Where(Struct, frozen=True):
    """Where an EVSE is held. `live`: in the operator's valid set."""

    location_id: str
    live: bool


Index = dict[str, Where]
"""By the EVSE id's comparison form."""


Pushed = dict[str, dict[str, tuple[Record, str]]]
"""Location id -> EVSE -> its record, and the digest of it."""


class Change(Struct, frozen=True, kw_only=True):
    """One push. `index` holds all EVSEs of the operator in a full load, else those that the push names.

    `gone` are EVSEs to be deleted; `leaving` those that move to another location, and `carried` what they are now.
    `loose`: statuses that were pushed before their EVSEs. `same` are locations that a full load leaves as they are."""

    index: Index
    pushed: Pushed
    full: bool
    same: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    leaving: dict[str, set[str]] = {}
    carried: dict[str, Evse] = {}
    loose: dict[str, EvseStatusRecord] = {}
    operator_name: str | None
    at: datetime


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
        leaving = _leaving(pushed, index)
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
        leaving = _leaving(pushed, index)
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
            _note(index, location)
            if is_as_pushed(location, pushed.get(location.id, {}), operator_name):
                same.add(location.id)
    for bulk in batched(evse_ids or ()):
        async for location in owned(call.party, bulk):
            _note(index, location)
    return index, frozenset(same)


def is_as_pushed(held: Location, pushed: dict[str, tuple[Record, str]], operator_name: str | None) -> bool:
    """Whether a full load with these records of the location would change nothing about it."""
    live = {evse.uid.upper(): evse for evse in held.evses if in_set(evse)}
    return live.keys() == pushed.keys() and not _differs(operator_name, held, pushed, live)


def _note(index: Index, location: Location) -> None:
    for evse in location.evses:
        index[evse.uid.upper()] = Where(location.id, in_set(evse))


def grouped(records: Iterable[Record], group: Callable[[Record], str] = group_key) -> Pushed:
    pushed: Pushed = {}
    for given in records:
        record = cleaned(given)
        evse_id = evse_id_from_oicp(record.evse_id)
        pushed.setdefault(group(record), {})[evse_id.key] = record, digest_of(record)
    return pushed


def _leaving(pushed: Pushed, index: Index) -> dict[str, set[str]]:
    leaving: dict[str, set[str]] = {}
    for group, records in pushed.items():
        for key in records:
            where = index.get(key)
            if where is not None and where.location_id != group:
                leaving.setdefault(where.location_id, set()).add(key)
    return leaving


def cleaned(record: Record) -> Record:
    """Without what is the hub's to say, and with the id in upper case."""
    if not isinstance(record, v2_2.ConvertedEvseDataRecord):
        record = plain(record)
    if record.delta_type is None and record.last_update is None and record.evse_id == record.evse_id.upper():
        return record
    return msgspec.structs.replace(record, delta_type=None, last_update=None, evse_id=record.evse_id.upper())


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
    for bulk in batched(_touched(change)):
        held = await call.hub.locations.own_by_keys([location_key(call.party, name) for name in bulk])
        new = [_location(call, change, name, held.get(location_key(call.party, name))) for name in bulk]
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


def _touched(change: Change) -> list[str]:
    named = {**dict.fromkeys(change.pushed), **dict.fromkeys(change.leaving)}
    for key, where in change.index.items():
        if (change.full and where.live) or key in change.gone:
            named[where.location_id] = None
    return [name for name in named if name not in change.same]


def _location(call: Inbound, change: Change, name: str, held: Location | None) -> Location | None:
    """The location as it is after the push; None if that is how it is already."""
    pushed = change.pushed.get(name, {})
    leaving = change.leaving.get(name, set())
    before = {evse.uid.upper(): evse for evse in held.evses} if held else {}
    live = {key for key, evse in before.items() if in_set(evse)}
    stay = set() if change.full else live - change.gone - leaving - pushed.keys()
    going = live - stay - pushed.keys() - leaving
    if not leaving and not going and not _differs(change.operator_name, held, pushed, before):
        return None
    kept = _kept(held, stay) | {key: record for key, (record, _) in pushed.items()}
    ordered = {key: kept[key] for key in before if key in kept} | kept
    gone = [
        _removed(evse, change.at) if key in going else evse
        for key, evse in before.items()
        if key not in kept and key not in leaving
    ]
    if not ordered:
        return msgspec.structs.replace(held, evses=tuple(gone), updated_at=change.at) if held else None
    [fresh] = locations_from_oicp(
        call.party, ordered.values(), received_at=change.at, operator_name=change.operator_name or _name(held)
    )
    evses = [_evse(evse, change, pushed, before) for evse in fresh.evses]
    return msgspec.structs.replace(fresh, id=held.id if held else name, evses=(*evses, *gone), updated_at=change.at)


def _differs(
    operator_name: str | None, held: Location | None, pushed: dict[str, tuple[Record, str]], before: dict[str, Evse]
) -> bool:
    if not pushed:
        return False
    if held is None or (operator_name and operator_name != _name(held)):
        return True
    return any(
        key not in before or present(history_of(before[key].extensions)) != digest
        for key, (_, digest) in pushed.items()
    )


def _kept(held: Location | None, stay: set[str]) -> dict[str, Record]:
    """The records of those EVSEs that the push does not touch, as they came."""
    if held is None or not stay:
        return {}
    narrow = msgspec.structs.replace(held, evses=tuple(revived(e) for e in held.evses if e.uid.upper() in stay))
    records = evse_records_to_oicp(narrow, platform=True).records
    return {evse_id_from_oicp(record.evse_id).key: record for record in records}


def _evse(fresh: Evse, change: Change, pushed: dict[str, tuple[Record, str]], before: dict[str, Evse]) -> Evse:
    """With the status and the history of what was there; an unchanged record keeps its times, too."""
    key = fresh.uid.upper()
    old = before.get(key) or change.carried.get(key)
    digest = pushed[key][1] if key in pushed else None
    history = history_of(old.extensions) if old else ()
    unchanged = digest is None or digest == present(history)
    if not unchanged:
        history = grown(history, change.at, digest or NONE)
    extensions = {**fresh.extensions, HISTORY: history_text(history)}
    if old is None or not in_set(old):
        return _with_loose(msgspec.structs.replace(fresh, extensions=extensions), change.loose.get(key))
    if STATUS in old.extensions:
        extensions[STATUS] = old.extensions[STATUS]
    updated_at = old.updated_at if unchanged else change.at
    connectors = fresh.connectors
    if unchanged:
        connectors = tuple(msgspec.structs.replace(one, updated_at=updated_at) for one in connectors)
    return msgspec.structs.replace(
        fresh,
        status=old.status,
        status_until=old.status_until,
        updated_at=updated_at,
        connectors=connectors,
        extensions=extensions,
    )


def _with_loose(evse: Evse, record: EvseStatusRecord | None) -> Evse:
    """A new EVSE, with the status that was there before it."""
    if record is None:
        return evse
    status, word = status_from_oicp(record.evse_status)
    return with_status_word(msgspec.structs.replace(evse, status=status), word)


def status_from_oicp(word: Word) -> tuple[EvseStatus, str]:
    """Ours, and the mark of a pushed one."""
    return EVSE_STATUS.to_core(word), word.value if word is Word.EVSE_NOT_FOUND else SET


def _removed(evse: Evse, at: datetime) -> Evse:
    extensions = {name: text for name, text in evse.extensions.items() if name != STATUS}
    extensions[HISTORY] = history_text(grown(history_of(evse.extensions), at, NONE))
    return msgspec.structs.replace(
        evse, status=EvseStatus.REMOVED, status_until=None, updated_at=at, extensions=extensions
    )


def _name(held: Location | None) -> str | None:
    return held.operator.name if held and held.operator else None


def batched(items: Sequence[T], size: int = BULK) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
