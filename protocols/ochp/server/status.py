"""UpdateStatus and GetStatus: what is free now, each status with the time until which it holds."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from core.errors import Invalid
from core.model.ids import EvseId, PartyId
from core.model.location import Evse, EvseChange, Location
from core.model.partner import Role
from mappings.ochp.codes import LIVE_STATUS
from mappings.ochp.evse_status import status_from_ochp
from mappings.ochp.ids import evse_id_from_ochp, evse_uid
from mappings.ochp.times import moment_from_ochp
from protocols.ochp import codec
from protocols.ochp.marks import Live, is_simple, is_withdrawn, live_of, with_live
from protocols.ochp.server.catalogue import status_of
from protocols.ochp.server.charge_point_upload import evse_id_in, owned_with
from protocols.ochp.server.feedback import Feedback, Refusal, invalid
from protocols.ochp.server.inbound import Inbound, Reply, numbered, replied
from protocols.ochp.server.token_lists import reach_back
from protocols.ochp.wire import live as wire
from protocols.ochp.wire.words import ResultCode, StatusKind

AT_ONCE: Final = 64


class _Wanted(Struct, frozen=True):
    position: int
    name: str
    evse_id: EvseId
    live: Live


async def update_status(call: Inbound) -> Reply:
    message, bad = await call.message_each(wire.UpdateStatusRequest)
    default = moment_from_ochp(message.ttl, "/UpdateStatusRequest/ttl/DateTime") if message.ttl else None
    feedback = Feedback()
    for kind in ("evse", "parking"):
        feedback.unreadable([one for one in bad if one.name == kind], evse_id_in, kind)
    wanted: dict[str, _Wanted] = {}
    for position, record in numbered(message.evse, bad, "evse"):
        read = _wanted(call, record, position, default, feedback)
        if read is not None:
            wanted[evse_uid(read.evse_id)] = read
    for position, spot in numbered(message.parking, bad, "parking"):
        reason = "the status of parking spots is not kept here"
        feedback.refuse(_refusal(position, spot.parking_id, reason, "parking"))
    async with call.lock("evses"):
        await _apply(call, wanted, feedback)
    return replied(wire.UpdateStatusResponse(result=feedback.result()))


def _wanted(
    call: Inbound, record: wire.EvseStatus, position: int, default: datetime | None, feedback: Feedback
) -> _Wanted | None:
    try:
        evse_id = evse_id_from_ochp(record.evse_id)
        if not call.partner.speaks_for(evse_id.operator, Role.CPO):
            feedback.refuse(_refusal(position, record.evse_id, "not an EVSE of the caller"))
            return None
        status_from_ochp(record)
        until = moment_from_ochp(record.ttl, "/@ttl") if record.ttl is not None else default
    except Invalid as error:
        feedback.refuse(invalid(position, record.evse_id, error, None, "evse"))
        return None
    return _Wanted(position, record.evse_id, evse_id, Live(record.major, record.minor, until))


def _refusal(position: int, name: str, reason: str, kind: str = "evse") -> Refusal:
    return Refusal(position=position, name=name, code=ResultCode.INVALID_ID, reason=reason, kind=kind)


async def _apply(call: Inbound, wanted: dict[str, _Wanted], feedback: Feedback) -> None:
    for owner in call.partner.parties_as(Role.CPO):
        mine = {uid: one for uid, one in wanted.items() if one.evse_id.operator == owner}
        found: dict[str, Location] = {}
        async for location in owned_with(call, owner, [one.evse_id for one in mine.values()]):
            found[location.key] = location
        there: set[str] = set()
        whole: list[Location] = []
        single: list[tuple[Location, Evse, Live]] = []
        for location in found.values():
            named = [evse for evse in location.evses if evse.uid in mine and evse.evse_id and not is_withdrawn(evse)]
            there |= {evse.uid for evse in named}
            _sort_out(location, named, mine, call.now, whole, single)
        await _write(call, owner, whole, single)
        for uid, one in mine.items():
            if uid in there:
                feedback.accept()
            else:
                feedback.refuse(_refusal(one.position, one.name, "there is no charge point of this id"))


def _sort_out(
    location: Location,
    named: Sequence[Evse],
    wanted: dict[str, _Wanted],
    now: datetime,
    whole: list[Location],
    single: list[tuple[Location, Evse, Live]],
) -> None:
    """Most statuses go the short way; what the model's status alone cannot hold is written with its EVSE."""
    changed = [(evse, wanted[evse.uid].live) for evse in named if live_of(evse) != wanted[evse.uid].live]
    if all(is_simple(evse, live) for evse, live in changed):
        single += [(location, evse, live) for evse, live in changed]
        return
    fresh = {evse.uid: msgspec.structs.replace(with_live(evse, live, now), updated_at=now) for evse, live in changed}
    evses = tuple(fresh.get(evse.uid, evse) for evse in location.evses)
    whole.append(msgspec.structs.replace(location, evses=evses, updated_at=now))


async def _write(
    call: Inbound, owner: PartyId, whole: Sequence[Location], single: Sequence[tuple[Location, Evse, Live]]
) -> None:
    if whole:
        await call.hub.locations.load(call.partner, owner, whole)
    for start in range(0, len(single), AT_ONCE):
        await asyncio.gather(*(_tell(call, *one) for one in single[start : start + AT_ONCE]))


async def _tell(call: Inbound, location: Location, evse: Evse, live: Live) -> None:
    now = live.at(call.now)
    change = EvseChange(status=LIVE_STATUS.to_core((now.major, now.minor)), updated_at=call.now, status_until=now.until)
    await call.hub.locations.change_status(
        call.partner, location.owner, location.id, evse.uid, change, call.correlation_id
    )


async def get_status(call: Inbound) -> Reply:
    message = call.message(wire.GetStatusRequest)
    path = "/GetStatusRequest/startDateTime/DateTime"
    since = moment_from_ochp(message.start_date_time, path) if message.start_date_time else None
    if message.status_type is StatusKind.PARKING or not await call.operators():
        return Reply(codec.encode(wire.GetStatusResponse()))
    name = "combined" if message.status_type is StatusKind.COMBINED else "evse"
    entries = [one for one in await call.shared.catalogue.entries(call.partner) if one.live is not None]
    if since is not None and since < call.now:
        since = reach_back(since)
        entries = [entry for entry in entries if entry.status_changed_since(since, call.now)]
    pieces = [codec.piece(status_of(entry, call.now), name) for entry in entries]
    return Reply(codec.encode_list("GetStatusResponse", "", pieces))
