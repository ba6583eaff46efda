"""eRoamingPullEvseStatus_V2.1 in its three forms: complete answers, no pages."""

from collections.abc import Container, Mapping, Sequence
from typing import Any, Final

from core.model.ids import EvseId, PartyId
from core.model.location import LocationQuery
from mappings.oicp.ids import evse_id_from_oicp, party_from_oicp
from protocols.oicp import codec, sets
from protocols.oicp.codes import SUCCESS, status
from protocols.oicp.server.catalogue import Entry, entries_of, records_of
from protocols.oicp.server.evse_pull import Owners, near, with_subs
from protocols.oicp.server.inbound import Inbound, Reply
from protocols.oicp.wire.evse_status import (
    EvseStatus,
    EvseStatusRecord,
    PullEvseStatus,
    PullEvseStatusByID,
    PullEvseStatusByOperatorID,
)

ID_LIMIT: Final = 100


async def pull_evse_status(call: Inbound) -> Reply:
    message = call.message(PullEvseStatus)
    call.check_id(message.provider_id, "$.ProviderID")
    within = near(message.search_center) if message.search_center else None
    known = await call.shared.catalogue.entries(call.partner)
    loose = {} if within else await _loose(call, {entry.key for entry in known})
    entries = [
        entry
        for entry in known
        if not entry.removed
        and (message.evse_status is None or entry.status == message.evse_status)
        and (within is None or within(entry))
    ]
    said = {
        owner: [one for one in records if message.evse_status in (None, one.evse_status)]
        for owner, records in loose.items()
    }
    return await _by_operator(call, entries, said)


async def pull_evse_status_by_operator_id(call: Inbound) -> Reply:
    message = call.message(PullEvseStatusByOperatorID)
    call.check_id(message.provider_id, "$.ProviderID")
    ids = [party_from_oicp(text, f"$.OperatorID[{index}]") for index, text in enumerate(message.operator_id)]
    owners, subs = await with_subs(call, ids)
    known = await call.shared.catalogue.entries(call.partner)
    loose = await _loose(call, {entry.key for entry in known})
    entries = [entry for entry in known if not entry.removed and (entry.owner in owners or entry.operator in subs)]
    said = {
        owner: [one for one in records if owner in owners or evse_id_from_oicp(one.evse_id).operator in subs]
        for owner, records in loose.items()
    }
    return await _by_operator(call, entries, said)


async def pull_evse_status_by_id(call: Inbound) -> Reply:
    """One record an id, in the order and spelling of the request."""
    message = call.message(PullEvseStatusByID)
    call.check_id(message.provider_id, "$.ProviderID")
    asked = [evse_id_from_oicp(text, f"$.EvseID[{index}]") for index, text in enumerate(message.evse_id)]
    known = await _statuses(call, asked)
    records = [
        EvseStatusRecord(evse_id=text, evse_status=known.get(evse_id.key, EvseStatus.EVSE_NOT_FOUND))
        for text, evse_id in zip(message.evse_id, asked, strict=True)
    ]
    return _reply({"EVSEStatusRecords": {"EvseStatusRecord": records}})


async def _statuses(call: Inbound, asked: Sequence[EvseId]) -> dict[str, EvseStatus]:
    query = LocationQuery(evse_ids=tuple(asked), limit=10 * ID_LIMIT)
    locations, _ = await call.hub.locations.page(call.partner, query)
    entries = [
        entry
        for location in locations
        for entry in entries_of(location, records_of(location, call.hub.identity.hotline))
    ]
    found = {entry.key: entry.status for entry in entries if not entry.removed and entry.status is not None}
    loose = await _loose(call, {entry.key for entry in entries}, [evse_id.key for evse_id in asked])
    for records in loose.values():
        found |= {evse_id_from_oicp(one.evse_id).key: one.evse_status for one in records}
    return found


async def _loose(
    call: Inbound, held: Container[str], keys: Sequence[str] | None = None
) -> dict[PartyId, list[EvseStatusRecord]]:
    """Statuses of EVSEs of which the hub does not hold the data, nor ever did, by operator."""
    owners = (await call.hub.locations.visible_query(call.partner, LocationQuery())).owners or ()
    by_name = {sets.loose(owner): owner for owner in owners}
    found: dict[PartyId, list[EvseStatusRecord]] = {}
    for version in await call.hub.sets.entries(list(by_name), keys=keys):
        if version.key not in held:
            found.setdefault(by_name[version.set], []).extend(sets.status_records([version]).values())
    return found


async def _by_operator(
    call: Inbound, entries: Sequence[Entry], loose: Mapping[PartyId, Sequence[EvseStatusRecord]]
) -> Reply:
    blocks: dict[PartyId, list[EvseStatusRecord]] = {}
    names: dict[PartyId, str | None] = {}
    for entry in entries:
        if entry.status is not None:
            names.setdefault(entry.owner, entry.owner_name)
            blocks.setdefault(entry.owner, []).append(EvseStatusRecord(evse_id=entry.evse_id, evse_status=entry.status))
    for owner, records in loose.items():
        if records:
            blocks.setdefault(owner, []).extend(records)
    owners = await Owners.read(call)
    content = [
        {
            "OperatorID": owners.spelling(party),
            "OperatorName": names.get(party) or owners.name(party),
            "EvseStatusRecord": records,
        }
        for party, records in blocks.items()
    ]
    return _reply({"EvseStatuses": {"OperatorEvseStatus": content}})


def _reply(content: dict[str, Any]) -> Reply:
    code = {"Code": SUCCESS, "Description": status(SUCCESS).description, "AdditionalInfo": None}
    return Reply(codec.encode({**content, "StatusCode": code}))
