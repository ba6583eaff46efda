"""SetChargepointList and UpdateChargePointList: an operator's EVSEs.

A set is the whole list of the caller's operators: what it does not name is withdrawn, and told as closed from then on.
What reads as before is not written again.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from core.errors import Invalid
from core.model.ids import EvseId, PartyId
from core.model.location import Location, location_key
from core.model.partner import Role
from mappings.ochp.ids import evse_id_from_ochp, evse_uid
from mappings.ochp.locations import location_from_ochp
from mappings.zones import zone_info
from protocols.ochp.server.feedback import Feedback, Refusal, invalid
from protocols.ochp.server.inbound import Inbound, Reply, aside, numbered, replied
from protocols.ochp.server.rebuilding import Change, rebuilt, uids_in_list
from protocols.ochp.wire import charge_points as wire
from protocols.ochp.wire.charge_points import ChargePointInfo
from protocols.ochp.wire.words import ResultCode
from protocols.transport.soap.reading import Refused

RECORDS: Final = "chargePointInfoArray"
BULK: Final = 200
Groups = dict[str, dict[str, ChargePointInfo]]
"""Location key -> uid -> record."""


async def set_charge_point_list(call: Inbound) -> Reply:
    message, bad = await call.message_each(wire.SetChargePointListRequest)
    feedback = await _upload(call, message.charge_point_info_array, bad, whole=True)
    return replied(wire.SetChargePointListResponse(result=feedback.result(), refused_charge_point_info=feedback.echoed))


async def update_charge_point_list(call: Inbound) -> Reply:
    message, bad = await call.message_each(wire.UpdateChargePointListRequest)
    feedback = await _upload(call, message.charge_point_info_array, bad, whole=False)
    return replied(
        wire.UpdateChargePointListResponse(result=feedback.result(), refused_charge_point_info=feedback.echoed)
    )


async def _upload(
    call: Inbound, records: Sequence[ChargePointInfo], bad: Sequence[Refused], *, whole: bool
) -> Feedback:
    feedback = Feedback()
    feedback.unreadable(bad, evse_id_in)
    wanted = await aside(len(records), _wanted, call, records, bad, feedback)
    if not feedback.nothing_accepted:
        kept = _uids_of(bad) | {uid for one in feedback.refusals if one.record and (uid := _read_uid(one.record))}
        async with call.lock("evses"):
            await _write(call, wanted, kept if whole else None)
    return feedback


def _wanted(
    call: Inbound, records: Sequence[ChargePointInfo], bad: Sequence[Refused], feedback: Feedback
) -> dict[str, ChargePointInfo]:
    """Those that are right, by uid."""
    return feedback.last_of_each(
        (uid, record)
        for position, record in numbered(records, bad, RECORDS)
        if (uid := _uid(call, record, position, feedback)) is not None
    )


def _uid(call: Inbound, record: ChargePointInfo, position: int, feedback: Feedback) -> str | None:
    """The hub's key of the EVSE, if the record is right and the caller's."""
    try:
        evse_id = evse_id_from_ochp(record.evse_id)
        if call.partner.speaks_for(evse_id.operator, Role.CPO):
            if record.time_zone is not None and zone_info(record.time_zone) is None:
                raise Invalid("/timeZone", "not a time zone of the IANA list")
            location_from_ochp(record, received_at=call.now)
            return evse_uid(evse_id)
    except Invalid as error:
        feedback.refuse(invalid(position, record.evse_id, error, record))
        return None
    feedback.refuse(
        Refusal(
            position=position,
            name=record.evse_id,
            code=ResultCode.INVALID_ID,
            reason="not an EVSE of the caller",
            record=record,
        )
    )
    return None


async def _write(call: Inbound, wanted: dict[str, ChargePointInfo], kept: set[str] | None) -> None:
    """`kept` None: an update; else all that is not wanted and not kept is withdrawn."""
    for owner in call.partner.parties_as(Role.CPO):
        mine = {uid: one for uid, one in wanted.items() if evse_id_from_ochp(one.evse_id).operator == owner}
        if not mine and kept is None:
            continue
        groups = _grouped(owner, mine)
        held = await _held(call, owner, groups, mine, everything=kept is not None)
        changed = await aside(len(mine) + len(held), _changes, call, held, groups, mine, kept)
        if changed:
            await call.hub.locations.load(call.partner, owner, changed)


def _grouped(owner: PartyId, records: dict[str, ChargePointInfo]) -> Groups:
    groups: Groups = {}
    for uid, record in records.items():
        groups.setdefault(location_key(owner, record.location_id), {})[uid] = record
    return groups


async def _held(
    call: Inbound, owner: PartyId, groups: Groups, records: dict[str, ChargePointInfo], *, everything: bool
) -> dict[str, Location]:
    """The locations that are named, and those in which a named EVSE was until now."""
    if everything:
        return {location.key: location async for location in call.hub.locations.owned(owner)}
    held = await call.hub.locations.own_by_keys(list(groups))
    async for location in owned_with(call, owner, [evse_id_from_ochp(one.evse_id) for one in records.values()]):
        held.setdefault(location.key, location)
    return held


async def owned_with(call: Inbound, owner: PartyId, evse_ids: Sequence[EvseId]) -> Any:
    """The owner's locations that hold one of these EVSEs, in bulks; a location may come more than once."""
    for start in range(0, len(evse_ids), BULK):
        async for location in call.hub.locations.owned(owner, evse_ids[start : start + BULK]):
            yield location


def _changes(
    call: Inbound,
    held: dict[str, Location],
    groups: Groups,
    wanted: dict[str, ChargePointInfo],
    kept: set[str] | None,
) -> list[Location]:
    found = []
    for key in dict.fromkeys([*groups, *held]):
        location, here = held.get(key), groups.get(key, {})
        listed = uids_in_list(location) if location is not None else set()
        elsewhere = {uid for uid in listed if uid in wanted and uid not in here}
        gone = {uid for uid in listed if uid not in wanted and uid not in kept} if kept is not None else set()
        if not here and not elsewhere and not gone:
            continue
        change = Change(records=here, withdrawn=frozenset(gone), moved=frozenset(elsewhere))
        made = rebuilt(location, change, call.now)
        if made is not None:
            found.append(made)
    return found


def evse_id_in(raw: Any) -> str:
    text = raw.get("evseId") if isinstance(raw, dict) else None
    return text if isinstance(text, str) and len(text) <= 48 else ""


def _uids_of(bad: Iterable[Refused]) -> set[str]:
    """Of records that cannot be read, as far as the id can be."""
    found = set()
    for one in bad:
        try:
            found.add(evse_uid(EvseId.parse(evse_id_in(one.raw))))
        except Invalid:
            continue
    return found


def _read_uid(record: ChargePointInfo) -> str | None:
    try:
        return evse_uid(evse_id_from_ochp(record.evse_id))
    except Invalid:
        return None
