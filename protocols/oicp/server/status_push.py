"""eRoamingPushEvseStatus_V2.1: all or nothing.

The status of an EVSE whose data the hub holds is in its location; that of any other waits in a set for the data.

Insert wants an EVSE whose status was never pushed, update one whose data or status the hub holds; with the partner's
lenient switch both take what comes. A first status is written with its location, every later one goes the short way of
live statuses.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from core.model.ids import EvseId
from core.model.location import Evse, EvseChange, EvseStatus, Location
from core.model.version import Version
from mappings.oicp.ids import evse_id_from_oicp
from protocols.oicp import sets
from protocols.oicp.history import in_set, status_word, with_status_word
from protocols.oicp.server.evse_change import batched, status_from_oicp
from protocols.oicp.server.evse_push import check_transaction
from protocols.oicp.server.inbound import Inbound, Reply, acknowledged
from protocols.oicp.wire.common import ActionType
from protocols.oicp.wire.evse_status import EvseStatusRecord, PushEvseStatus


class Wanted(Struct, frozen=True):
    """The status that an EVSE shall have; `word` None: none any more."""

    status: EvseStatus
    word: str | None
    record: EvseStatusRecord | None = None


AT_ONCE: Final = 500
"""Statuses that go the short way together."""
NOTHING: Final = Wanted(EvseStatus.UNKNOWN, None)
Changes = list[tuple[Location, Evse, Wanted]]


class Held(Struct, frozen=True):
    """What the hub has of the operator beside a push: EVSEs with data, those with a status, what has to change, and the
    statuses without data."""

    evses: set[str]
    pushed: set[str]
    changes: Changes
    loose: dict[str, EvseStatusRecord]


async def push_evse_status(call: Inbound) -> Reply:
    message = call.message(PushEvseStatus)
    data = message.operator_evse_status
    call.check_id(data.operator_id, "$.OperatorEvseStatus.OperatorID")
    evse_ids = [evse_id_from_oicp(record.evse_id) for record in data.evse_status_record]
    call.check_evse_ids(evse_ids)
    action = message.action_type
    wanted = {
        evse_id.key: NOTHING if action is ActionType.DELETE else _wanted(record)
        for evse_id, record in zip(evse_ids, data.evse_status_record, strict=True)
    }
    async with call.shared.lock(f"evses/{call.party.key}"):
        full = action is ActionType.FULL_LOAD
        held = await _held(call, None if full else evse_ids, wanted)
        info = None if full else _check(call, action, evse_ids, held)
        await _write(call, held, wanted, full=full)
    return acknowledged(info)


def _wanted(record: EvseStatusRecord) -> Wanted:
    status, word = status_from_oicp(record.evse_status)
    return Wanted(status, word, record)


async def _held(call: Inbound, evse_ids: Sequence[EvseId] | None, wanted: dict[str, Wanted]) -> Held:
    """`evse_ids` None: the given set is the whole set, and what is not in it has no status any more."""
    held = Held(set(), set(), [], {})
    for bulk in [()] if evse_ids is None else batched(evse_ids):
        async for location in call.hub.locations.owned(call.party, bulk):
            _note(held, location, wanted, NOTHING if evse_ids is None else None)
    missing = None if evse_ids is None else [key for key in wanted if key not in held.evses]
    if missing is None or missing:
        held.loose.update(sets.status_records(await call.hub.sets.entries([sets.loose(call.party)], keys=missing)))
    return held


def _note(held: Held, location: Location, wanted: dict[str, Wanted], otherwise: Wanted | None) -> None:
    for evse in location.evses:
        key = evse.uid.upper()
        if not in_set(evse):
            continue
        held.evses.add(key)
        if status_word(evse) is not None:
            held.pushed.add(key)
        want = wanted.get(key, otherwise)
        if want is not None and (evse.status is not want.status or status_word(evse) != want.word):
            held.changes.append((location, evse, want))


def _check(call: Inbound, action: ActionType, evse_ids: Sequence[EvseId], held: Held) -> str | None:
    """Raises Negative 009."""
    if action is not ActionType.DELETE and call.settings.lenient_status:
        return None
    known = held.evses if action is ActionType.UPDATE else held.pushed
    return check_transaction(action, evse_ids, known | held.loose.keys())


async def _write(call: Inbound, held: Held, wanted: dict[str, Wanted], *, full: bool) -> None:
    at = call.hub.clock.now()
    mine = sets.statuses(call.party)
    versions = [sets.status_version(mine, evse.uid.upper(), at, want.record) for _, evse, want in held.changes]
    versions += _loose(call, held, wanted, at, full=full)
    hub, partner, party = call.hub, call.partner, call.party
    begun = {location.id for location, evse, want in held.changes if status_word(evse) != want.word}
    if begun or len(held.changes) > AT_ONCE:
        whole = _rewritten(held.changes, at)
        await hub.locations.push(partner, party, whole, versions, statuses=_uids(held.changes, begun))
    elif versions:
        changes = [
            (location.id, evse.uid, EvseChange(status=want.status, updated_at=at))
            for location, evse, want in held.changes
        ]
        await hub.locations.push_statuses(partner, party, changes, versions, call.process_id)


def _loose(call: Inbound, held: Held, wanted: dict[str, Wanted], at: datetime, *, full: bool) -> list[Version]:
    given = {key: want.record for key, want in wanted.items() if key not in held.evses}
    if full:
        given = {**dict.fromkeys(held.loose), **given}
    name = sets.loose(call.party)
    return [
        sets.status_version(name, key, at, record) for key, record in given.items() if held.loose.get(key) != record
    ]


def _uids(changes: Changes, begun: set[str]) -> dict[str, list[str]]:
    """EVSEs whose status alone has changed, by location."""
    found: dict[str, list[str]] = {}
    for location, evse, _ in changes:
        if location.id not in begun:
            found.setdefault(location.id, []).append(evse.uid)
    return found


def _rewritten(changes: Changes, at: datetime) -> list[Location]:
    by_location: dict[str, tuple[Location, dict[str, Wanted]]] = {}
    for location, evse, want in changes:
        by_location.setdefault(location.key, (location, {}))[1][evse.uid] = want
    return [
        msgspec.structs.replace(
            location,
            evses=tuple(_with(evse, wanted[evse.uid], at) if evse.uid in wanted else evse for evse in location.evses),
            updated_at=at,
        )
        for location, wanted in by_location.values()
    ]


def _with(evse: Evse, want: Wanted, at: datetime) -> Evse:
    changed = msgspec.structs.replace(evse, status=want.status, status_until=None, updated_at=at)
    return with_status_word(changed, want.word)
