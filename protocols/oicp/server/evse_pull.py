"""eRoamingPullEvseData_V2.3: records of all operators that the EMP may see, whatever protocol they came by; filtered,
as a whole or as a delta, in pages."""

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from core.model.ids import PartyId
from core.model.location import Location
from core.model.partner import Partner, Role
from mappings.oicp.coordinates import coordinates_from_oicp
from mappings.oicp.ids import evse_id_from_oicp, party_from_oicp
from mappings.oicp.locations import evse_records_to_oicp, pull_record_to_oicp
from mappings.oicp.times import moment_from_oicp, moment_to_oicp
from mappings.oicp.v2_2 import original_of, shown_in_2_2, shown_in_2_3
from protocols.oicp import codec, sets
from protocols.oicp.codes import SUCCESS, status
from protocols.oicp.history import HISTORY, Version, delta, history_of
from protocols.oicp.server.catalogue import Entry, Step, Walk, last_valid
from protocols.oicp.server.inbound import Inbound, Reply
from protocols.oicp.settings import spelling_of
from protocols.oicp.wire.common import DeltaType
from protocols.oicp.wire.coordinates import SearchCenter
from protocols.oicp.wire.envelope import Pageable, Sort
from protocols.oicp.wire.evse_data import PlatformEvseDataRecord, PullEvseData, PullEvseDataRecord
from protocols.oicp.wire.v2_2 import ConvertedEvseDataRecord

EARTH_RADIUS_KM: Final = 6371.0088
Test = Callable[[Entry], bool]


async def pull_evse_data(call: Inbound) -> Reply:
    message = call.message(PullEvseData)
    number, size = call.page()
    walk = await _walk(call, message, first=number == 0)
    content = await _content(call, message, walk, walk.steps[number * size : (number + 1) * size])
    shown = [one if original is None else shown_in_2_3(codec.to_raw(one), original) for one, original in content]
    return Reply(page_body(shown, number, size, len(walk.steps)))


async def pull_evse_data_2_2(call: Inbound) -> Reply:
    """eRoamingPullEvseData_V2.2: everything at once, by operator; filters of 2.3 are not known."""
    asked = call.message(PullEvseData)
    message = PullEvseData(
        provider_id=asked.provider_id,
        geo_coordinates_response_format=asked.geo_coordinates_response_format,
        search_center=asked.search_center,
        last_call=asked.last_call,
        country_codes=asked.country_codes,
        operator_ids=asked.operator_ids,
    )
    walk = await _walk(call, message, first=True)
    blocks: dict[str, dict[str, Any]] = {}
    for one, original in await _content(call, message, walk, walk.steps):
        named: dict[str, Any] = {"OperatorID": one.operator_id, "OperatorName": one.operator_name, "EvseDataRecord": []}
        block = blocks.setdefault(one.operator_id, named)
        block["EvseDataRecord"].append(shown_in_2_2(codec.to_raw(one), original))
    code = {"Code": SUCCESS, "Description": status(SUCCESS).description, "AdditionalInfo": None}
    content = {"EvseData": {"OperatorEvseData": list(blocks.values())}, "StatusCode": code}
    return Reply(codec.encode(content))


async def _walk(call: Inbound, message: PullEvseData, *, first: bool) -> Walk:
    call.check_id(message.provider_id, "$.ProviderID")
    since = moment_from_oicp(message.last_call, "$.LastCall") if message.last_call else None
    tests = await _tests(call, message)

    def build(entries: Sequence[Entry]) -> list[Step]:
        wanted = (entry for entry in entries if all(test(entry) for test in tests))
        steps = ((entry, delta_of(entry, since) if since else None) for entry in wanted)
        return [step for step in steps if (step[1] is not None if since else not step[0].removed)]

    return await call.shared.catalogue.walk(call.partner, codec.encode(message), first=first, build=build)


def page_body(content: Sequence[Any], number: int, size: int, total: int) -> bytes:
    """The envelope of pages. A page beyond the end is an empty last one."""
    pages = -(-total // size)
    sort = Sort()
    return codec.encode(
        {
            "content": content,
            "number": number,
            "size": size,
            "totalElements": total,
            "totalPages": pages,
            "numberOfElements": len(content),
            "first": number == 0,
            "last": number >= pages - 1,
            "empty": not content,
            "pageable": Pageable(sort=sort, page_number=number, page_size=size, offset=number * size),
            "sort": sort,
            "StatusCode": {"Code": SUCCESS, "Description": status(SUCCESS).description, "AdditionalInfo": None},
        }
    )


def delta_of(entry: Entry, since: datetime) -> DeltaType | None:
    """Of EVSEs of other protocols the hub keeps no versions: what changed since then is an update."""
    if entry.history is not None:
        return delta(history_of({HISTORY: entry.history}), since)
    if entry.changed_at < since:
        return None
    return DeltaType.DELETE if entry.removed else DeltaType.UPDATE


async def _content(
    call: Inbound, message: PullEvseData, walk: Walk, steps: Sequence[Step]
) -> list[tuple[PullEvseDataRecord, dict[str, Any] | None]]:
    """The records of one page, in its order, each with what it was in 2.2 if it came so.

    What has vanished since the walk began is left out."""
    wanted: dict[str, set[str]] = {}
    for entry, _ in steps:
        wanted.setdefault(entry.location_key, set()).add(entry.key)
    locations = await call.shared.catalogue.locations(list(wanted))
    records: dict[tuple[str, str], tuple[PlatformEvseDataRecord, ...]] = {}
    for key, location in locations.items():
        narrow = last_valid(location, frozenset(wanted[key]))
        for record in evse_records_to_oicp(narrow, hotline=call.hub.identity.hotline, platform=True).records:
            records[key, evse_id_from_oicp(record.evse_id).key] = (record,)
    records |= await _as_they_were(call, locations, steps)
    owners = await Owners.read(call)
    return [
        (
            pull_record_to_oicp(
                record,
                operator_id=owners.spelling(entry.owner),
                operator_name=entry.owner_name or owners.name(entry.owner),
                last_update=_last_update(entry),
                delta_type=kind,
                form=message.geo_coordinates_response_format,
                statuses_come=entry.owner in walk.reporting,
            ),
            original_of(record),
        )
        for entry, kind in steps
        for record in records.get((entry.location_key, entry.key), ())
    ]


async def _as_they_were(
    call: Inbound, locations: Mapping[str, Location], steps: Sequence[Step]
) -> dict[tuple[str, str], tuple[PlatformEvseDataRecord, ...]]:
    """What has been pushed anew since the walk began is shown as it was then, so that no page mixes two pushes."""
    now = {
        (key, evse.uid.upper()): evse.extensions.get(HISTORY) for key, held in locations.items() for evse in held.evses
    }
    by_instant: dict[datetime, dict[str, Entry]] = {}
    for entry, _ in steps:
        if entry.history and not entry.removed and now.get((entry.location_key, entry.key)) != entry.history:
            by_instant.setdefault(history_of({HISTORY: entry.history})[-1].at, {})[entry.key] = entry
    found: dict[tuple[str, str], tuple[PlatformEvseDataRecord, ...]] = {}
    for at, entries in by_instant.items():
        names = {sets.evses(entry.owner) for entry in entries.values()}
        for version in await call.hub.sets.entries(list(names), at=at, keys=list(entries)):
            if version.content:
                record = codec.decode(version.content.encode(), ConvertedEvseDataRecord)
                found[entries[version.key].location_key, version.key] = (record,)
    return found


def _last_update(entry: Entry) -> str:
    versions: tuple[Version, ...] = history_of({HISTORY: entry.history}) if entry.history else ()
    return moment_to_oicp(versions[-1].at if versions else entry.changed_at)


class Owners:
    """How operators are spelled and called."""

    def __init__(self, partners: Sequence[Partner]) -> None:
        self._by_party = {
            role.party: partner for partner in partners for role in partner.roles if role.role is Role.CPO
        }

    @classmethod
    async def read(cls, call: Inbound) -> "Owners":
        return cls(await call.hub.partners.all())

    def spelling(self, party: PartyId) -> str:
        return spelling_of(self._by_party.get(party), party, Role.CPO)

    def name(self, party: PartyId) -> str | None:
        partner = self._by_party.get(party)
        if partner is None:
            return None
        found = next((role.business.name for role in partner.roles if role.party == party and role.business), None)
        return (found or partner.name)[:100]


async def with_subs(call: Inbound, parties: Sequence[PartyId]) -> tuple[frozenset[PartyId], frozenset[PartyId]]:
    """Owners that are named themselves, and operators that are somebody's sub-operators."""
    subs = {sub for partner in await call.hub.partners.all() for sub in partner.sub_ids}
    named = frozenset(parties)
    return named - subs, named & subs


async def _tests(call: Inbound, message: PullEvseData) -> list[Test]:
    tests: list[Test] = []
    if not call.settings.platform_profile:
        tests.append(lambda entry: entry.has_hotline)
    if message.search_center is not None:
        tests.append(near(message.search_center))
    if message.country_codes:
        countries = frozenset(message.country_codes)
        tests.append(lambda entry: entry.country in countries)
    if message.operator_ids:
        ids = [party_from_oicp(text, f"$.OperatorIds[{i}]") for i, text in enumerate(message.operator_ids)]
        owners, subs = await with_subs(call, ids)
        tests.append(lambda entry: entry.owner in owners or entry.operator in subs)
    return tests + _simple_tests(message)


def _simple_tests(message: PullEvseData) -> list[Test]:
    tests: list[Test] = []
    if message.authentication_modes:
        modes = frozenset(message.authentication_modes)
        tests.append(lambda entry: not modes.isdisjoint(entry.modes))
    for wanted, read in (
        (message.accessibility, lambda entry: entry.accessibility),
        (message.calibration_law_data_availability, lambda entry: entry.calibration),
    ):
        if wanted:
            tests.append(_one_of(frozenset(wanted), read))
    for flag, said in (
        (message.renewable_energy, lambda entry: entry.renewable),
        (message.is_hubject_compatible, lambda entry: entry.compatible),
        (message.is_open_24_hours, lambda entry: entry.always_open),
    ):
        if flag is not None:
            tests.append(_one_of(frozenset({flag}), said))
    return tests


def _one_of(wanted: frozenset[Any], read: Callable[[Entry], Any]) -> Test:
    return lambda entry: read(entry) in wanted


def near(center: SearchCenter) -> Test:
    """Within the radius (km) by air."""
    place = coordinates_from_oicp(center.geo_coordinates)
    latitude, longitude = math.radians(place.latitude), math.radians(place.longitude)
    radius = float(center.radius + Decimal(0))

    def test(entry: Entry) -> bool:
        there, over = math.radians(entry.latitude), math.radians(entry.longitude)
        half = (
            math.sin((there - latitude) / 2) ** 2
            + math.cos(latitude) * math.cos(there) * math.sin((over - longitude) / 2) ** 2
        )
        return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(max(half, 0.0), 1.0))) <= radius  # rounding goes beyond

    return test
