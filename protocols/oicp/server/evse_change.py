"""What a push makes of the locations of an operator, compared with what is held of them; pure.

EVSEs are grouped into locations; one that moves from one to another leaves the first, and one that is deleted stays as
a removed EVSE.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from core.model.ids import PartyId
from core.model.location import Evse, EvseStatus, Location
from mappings.oicp.codes import EVSE_STATUS
from mappings.oicp.ids import evse_id_from_oicp
from mappings.oicp.locations import evse_records_to_oicp, group_key, locations_from_oicp
from mappings.oicp.v2_2 import plain
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
from protocols.oicp.wire import v2_2
from protocols.oicp.wire.evse_data import PlatformEvseDataRecord
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


def is_as_pushed(held: Location, pushed: dict[str, tuple[Record, str]], operator_name: str | None) -> bool:
    """Whether a full load with these records of the location would change nothing about it."""
    live = {evse.uid.upper(): evse for evse in held.evses if in_set(evse)}
    return live.keys() == pushed.keys() and not _differs(operator_name, held, pushed, live)


def note_places(index: Index, location: Location) -> None:
    for evse in location.evses:
        index[evse.uid.upper()] = Where(location.id, in_set(evse))


def grouped(records: Iterable[Record], group: Callable[[Record], str] = group_key) -> Pushed:
    pushed: Pushed = {}
    for given in records:
        record = cleaned(given)
        evse_id = evse_id_from_oicp(record.evse_id)
        pushed.setdefault(group(record), {})[evse_id.key] = record, digest_of(record)
    return pushed


def leaving_of(pushed: Pushed, index: Index) -> dict[str, set[str]]:
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


def touched(change: Change) -> list[str]:
    named = {**dict.fromkeys(change.pushed), **dict.fromkeys(change.leaving)}
    for key, where in change.index.items():
        if (change.full and where.live) or key in change.gone:
            named[where.location_id] = None
    return [name for name in named if name not in change.same]


def location_after(owner: PartyId, change: Change, name: str, held: Location | None) -> Location | None:
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
        owner, ordered.values(), received_at=change.at, operator_name=change.operator_name or _name(held)
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
