"""eRoamingPushEvseStatus_V2.1. A status belongs to an EVSE whose data the hub holds.

Insert wants an EVSE whose status was never pushed, update one that the hub holds; with the partner's lenient switch
both take what comes. A first status is written with its EVSE, every later one goes the short way of live statuses.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from core.model.ids import EvseId
from core.model.location import Evse, EvseChange, EvseStatus, Location
from mappings.oicp.codes import EVSE_STATUS
from mappings.oicp.ids import evse_id_from_oicp
from protocols.oicp.codes import TRANSACTION, Negative
from protocols.oicp.history import SET, in_set, status_word, with_status_word
from protocols.oicp.server.evse_push import batched, check_transaction
from protocols.oicp.server.inbound import Inbound, Reply, acknowledged, listed
from protocols.oicp.wire.common import ActionType
from protocols.oicp.wire.evse_status import EvseStatus as Word
from protocols.oicp.wire.evse_status import EvseStatusRecord, PushEvseStatus

AT_ONCE: Final = 64


class Wanted(Struct, frozen=True):
    """The status that an EVSE shall have; `word` None: none any more."""

    status: EvseStatus
    word: str | None


NOTHING: Final = Wanted(EvseStatus.UNKNOWN, None)


async def push_evse_status(call: Inbound) -> Reply:
    message = call.message(PushEvseStatus)
    data = message.operator_evse_status
    call.check_id(data.operator_id, "$.OperatorEvseStatus.OperatorID")
    evse_ids = [evse_id_from_oicp(record.evse_id) for record in data.evse_status_record]
    call.check_evse_ids(evse_ids)
    async with call.shared.lock(f"evses/{call.party.key}"):
        full = message.action_type is ActionType.FULL_LOAD
        if full:
            await _check_held(call, evse_ids)
        info = None if full else await _check(call, message.action_type, evse_ids)
        wanted = {
            evse_id.key: NOTHING if message.action_type is ActionType.DELETE else _wanted(record)
            for evse_id, record in zip(evse_ids, data.evse_status_record, strict=True)
        }
        if full:
            await _apply_all(call, wanted)
        else:
            await _apply(call, evse_ids, wanted)
    return acknowledged(info)


def _wanted(record: EvseStatusRecord) -> Wanted:
    not_found = record.evse_status is Word.EVSE_NOT_FOUND
    return Wanted(EVSE_STATUS.to_core(record.evse_status), Word.EVSE_NOT_FOUND.value if not_found else SET)


async def _check(call: Inbound, action: ActionType, evse_ids: Sequence[EvseId]) -> str | None:
    """Raises Negative 009."""
    held: set[str] = set()
    pushed: set[str] = set()
    for bulk in batched(evse_ids):
        async for location in call.hub.locations.owned(call.party, bulk):
            for evse in _live(location):
                held.add(evse.uid.upper())
                if status_word(evse) is not None:
                    pushed.add(evse.uid.upper())
    _refuse_missing(action, evse_ids, held)
    if action is ActionType.UPDATE or (action is ActionType.INSERT and call.settings.lenient_status):
        return None
    return check_transaction(action, evse_ids, pushed)


async def _check_held(call: Inbound, evse_ids: Sequence[EvseId]) -> None:
    held: set[str] = set()
    for bulk in batched(evse_ids):
        async for location in call.hub.locations.owned(call.party, bulk):
            held |= {evse.uid.upper() for evse in _live(location)}
    _refuse_missing(ActionType.FULL_LOAD, evse_ids, held)


def _refuse_missing(action: ActionType, evse_ids: Sequence[EvseId], held: set[str]) -> None:
    missing = [evse_id.text for evse_id in evse_ids if evse_id.key not in held]
    if missing and action is not ActionType.DELETE:
        raise Negative(TRANSACTION, "no EVSE data: " + listed(missing))


async def _apply(call: Inbound, evse_ids: Sequence[EvseId], wanted: dict[str, Wanted]) -> None:
    for bulk in batched(evse_ids):
        locations = [location async for location in call.hub.locations.owned(call.party, bulk)]
        await _write(call, locations, wanted, otherwise=None)


async def _apply_all(call: Inbound, wanted: dict[str, Wanted]) -> None:
    """The given set is the whole set: what is not in it has no status any more."""
    bulk: list[Location] = []
    async for location in call.hub.locations.owned(call.party):
        bulk.append(location)
        if len(bulk) == AT_ONCE:
            await _write(call, bulk, wanted, otherwise=NOTHING)
            bulk = []
    await _write(call, bulk, wanted, otherwise=NOTHING)


async def _write(
    call: Inbound, locations: Sequence[Location], wanted: dict[str, Wanted], otherwise: Wanted | None
) -> None:
    at = call.hub.clock.now()
    whole: list[Location] = []
    single: list[tuple[Location, Evse, EvseChange]] = []
    for location in locations:
        changes = [
            (evse, want)
            for evse in _live(location)
            if (want := wanted.get(evse.uid.upper(), otherwise)) is not None and _differs(evse, want)
        ]
        if any(status_word(evse) != want.word for evse, want in changes):
            whole.append(_rewritten(location, {evse.uid: want for evse, want in changes}, at))
        else:
            single += [(location, evse, EvseChange(status=want.status, updated_at=at)) for evse, want in changes]
    if whole:
        await call.hub.locations.load(call.partner, call.party, whole)
    for bulk in batched(single, AT_ONCE):
        await asyncio.gather(*(_tell(call, *one) for one in bulk))


async def _tell(call: Inbound, location: Location, evse: Evse, change: EvseChange) -> None:
    await call.hub.locations.change_status(call.partner, location.owner, location.id, evse.uid, change, call.process_id)


def _rewritten(location: Location, wanted: dict[str, Wanted], at: datetime) -> Location:
    evses = tuple(_with(evse, wanted[evse.uid], at) if evse.uid in wanted else evse for evse in location.evses)
    return msgspec.structs.replace(location, evses=evses, updated_at=at)


def _with(evse: Evse, want: Wanted, at: datetime) -> Evse:
    changed = msgspec.structs.replace(evse, status=want.status, status_until=None, updated_at=at)
    return with_status_word(changed, want.word)


def _differs(evse: Evse, want: Wanted) -> bool:
    return evse.status is not want.status or status_word(evse) != want.word


def _live(location: Location) -> list[Evse]:
    return [evse for evse in location.evses if in_set(evse)]
