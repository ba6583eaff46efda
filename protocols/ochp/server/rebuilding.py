"""An operator's location, made anew from the records of its EVSEs.

What is held goes back into records, which is exact; records are exchanged, added or withdrawn; and all of them become a
location again. So an EVSE that is not touched reads as before, whatever became of its neighbours.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from msgspec import Struct

from core.model.location import Evse, EvseStatus, Location
from mappings.ochp.locations import charge_points_to_ochp, locations_from_ochp
from protocols.ochp import codec
from protocols.ochp.marks import Live, is_withdrawn, live_of, marked, static_of, withdrawn
from protocols.ochp.server.catalogue import records_by_uid
from protocols.ochp.wire.charge_points import ChargePointInfo


class Change(Struct, frozen=True, kw_only=True):
    """By uid: new and exchanged records, EVSEs that leave the list, EVSEs that went to another location."""

    records: Mapping[str, ChargePointInfo]
    withdrawn: frozenset[str] = frozenset()
    moved: frozenset[str] = frozenset()


class _Held(Struct, frozen=True):
    evse: Evse
    record: ChargePointInfo

    @property
    def gone(self) -> bool:
        return is_withdrawn(self.evse)

    @property
    def live(self) -> Live | None:
        return None if self.gone else live_of(self.evse)


def uids_in_list(location: Location) -> set[str]:
    """Of the EVSEs that are not withdrawn."""
    return {evse.uid for evse in location.evses if evse.evse_id is not None and not is_withdrawn(evse)}


def rebuilt(location: Location | None, change: Change, now: datetime) -> Location | None:
    """None if nothing reads otherwise than before."""
    held = _held(location) if location is not None else {}
    if (
        not change.moved
        and not change.withdrawn
        and all(_is_held(held.get(uid), one) for uid, one in change.records.items())
    ):
        return None
    for uid in change.moved:
        held.pop(uid, None)
    gone = {uid for uid, one in held.items() if uid not in change.records and (one.gone or uid in change.withdrawn)}
    records = {uid: one.record for uid, one in held.items()} | dict(change.records)
    in_order = sorted(records, key=lambda uid: uid in gone)  # who is there says what the place is like
    evses = _evses(location, held, records, in_order, gone, now)
    ghosts = _ghosts(location, change, now) if location is not None else ()
    if not records:
        return None if location is None else msgspec.structs.replace(location, evses=ghosts, updated_at=now)
    made, parts = evses
    if location is not None and [*parts, *ghosts] == list(location.evses):
        return None
    return msgspec.structs.replace(made, evses=(*parts, *ghosts), updated_at=now)


def _held(location: Location) -> dict[str, _Held]:
    there = tuple(evse for evse in location.evses if evse.evse_id is not None)
    listed = msgspec.structs.replace(location, evses=there)
    records = records_by_uid(listed, charge_points_to_ochp(listed).records)
    return {
        evse.uid: _Held(evse, msgspec.structs.replace(records[evse.uid], status=static_of(evse)))
        for evse in there
        if evse.uid in records
    }


def _evses(
    location: Location | None,
    held: Mapping[str, _Held],
    records: Mapping[str, ChargePointInfo],
    in_order: Iterable[str],
    gone: set[str],
    now: datetime,
) -> tuple[Location, list[Evse]]:
    order = list(in_order)
    if not order:
        assert location is not None
        return location, []
    made = locations_from_ochp([records[uid] for uid in order], received_at=now)[0]
    return made, [
        _evse(evse, records[uid], held.get(uid), uid in gone, now) for uid, evse in zip(order, made.evses, strict=True)
    ]


def _evse(evse: Evse, record: ChargePointInfo, held: _Held | None, gone: bool, now: datetime) -> Evse:
    """With its live status, whatever its record says; the time is that at which its record came to read so."""
    evse = marked(evse, record, held.live if held is not None else None, now)
    if gone:
        evse = withdrawn(evse)
    same = held is not None and held.gone == gone and _text(held.record) == _text(record)
    if held is not None and same:
        return msgspec.structs.replace(evse, connectors=held.evse.connectors, updated_at=held.evse.updated_at)
    connectors = tuple(msgspec.structs.replace(one, updated_at=now) for one in evse.connectors)
    return msgspec.structs.replace(evse, connectors=connectors, updated_at=now)


def _is_held(held: _Held | None, record: ChargePointInfo) -> bool:
    return held is not None and not held.gone and _text(held.record) == _text(record)


def _text(record: ChargePointInfo) -> str:
    return codec.piece(record, "record")


def _ghosts(location: Location, change: Change, now: datetime) -> tuple[Evse, ...]:
    """What has moved away stays under its old uid as removed, without the id that drivers know: partners who hold the
    old place hear that it is gone there."""
    found = []
    for evse in location.evses:
        if evse.uid in change.records:
            continue
        if evse.evse_id is None:
            found.append(evse)
        elif evse.uid in change.moved:
            found.append(
                msgspec.structs.replace(
                    evse, evse_id=None, status=EvseStatus.REMOVED, status_until=None, updated_at=now
                )
            )
    return tuple(found)
