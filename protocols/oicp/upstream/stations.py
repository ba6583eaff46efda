"""The stations of a platform, taken in as if one operator, the platform, had pushed them.

Source: OICP 2.3, eRoamingPullEvseData_V2.3, eRoamingPullEvseStatus_V2.1; checklist, section 15.
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

from core.errors import Invalid
from core.model.ids import EvseId, PartyId
from core.model.location import EvseStatus, Location
from core.model.partner import Partner, Role
from core.ports.feeds import Pull
from core.ports.stores import Saved
from mappings.oicp.codes import EVSE_STATUS
from mappings.oicp.ids import evse_id_from_oicp, evse_id_to_oicp, party_from_oicp
from mappings.oicp.locations import group_key
from protocols.oicp import codec
from protocols.oicp.server.evse_change import Record, batched
from protocols.oicp.server.evse_push import remove_evses, take_records
from protocols.oicp.server.inbound import Inbound
from protocols.oicp.settings import is_upstream
from protocols.oicp.upstream.lists import Lists
from protocols.oicp.upstream.settings import Upstream
from protocols.oicp.wire.common import DeltaType
from protocols.oicp.wire.evse_data import PlatformEvseDataRecord, PullEvseDataRecord
from protocols.oicp.wire.evse_status import EvseStatusRecord
from protocols.transport.json_codec import encode

BY_ID: Final = 100
"""EVSE ids in one call. Source: OICP 2.3, eRoamingPullEVSEStatusByID."""
MOST_BY_ID: Final = 10 * BY_ID
"""More EVSEs than that are asked for all at once."""
TEXTS: Final = ("ChargingStationNames", "AdditionalInfo", "ChargingStationLocationReference")
UNSAID_LANGUAGE: Final = "en"
ASIDE: Final = 200
"""Records after which others have their turn."""


class Stations:
    """`call` stands for the platform as an operator of the hub's."""

    def __init__(self, call: Inbound, lists: Lists, upstream: Upstream) -> None:
        self._call = call
        self._lists = lists
        self._upstream = upstream
        self._process_id = call.process_id

    # --- data

    async def walk(self, pull: Pull) -> None:
        """All pages; what is new or changed is taken, what is deleted removed, after a whole walk what was not named,
        too. Whether a record of a whole walk says that it is a delta is not looked at."""
        foreign = await self._foreign()
        for number in itertools.count():
            partner = await pull.page()
            content, last = await self._lists.evse_page(partner, number, pull.since, self._process_id)
            await self._take(pull, content, foreign)
            if last:
                break
        if pull.replaces:
            await self._sweep(pull)

    async def _take(self, pull: Pull, content: Sequence[Any], foreign: frozenset[str]) -> None:
        named: dict[str, list[PullEvseDataRecord]] = {}
        gone: list[EvseId] = []
        for index, raw in enumerate(content):
            if index % ASIDE == 0:
                await asyncio.sleep(0)
            record = _record(pull, raw)
            if record is None:
                continue
            evse_id = evse_id_from_oicp(record.evse_id)
            if evse_id.operator.key in foreign or party_from_oicp(record.operator_id).key in foreign:
                pull.ignore()
            elif not pull.whole and record.delta_type is DeltaType.DELETE:
                gone.append(evse_id)
            else:
                named.setdefault(record.operator_id, []).append(record)
        for operator_id, records in named.items():
            plain = [_plain(record) for record in records]
            await take_records(self._call, plain, records[0].operator_name, _group_of(operator_id))
            for record in records:
                pull.took(evse_id_from_oicp(record.evse_id).key, Saved.CHANGED)
        pull.removed += await remove_evses(self._call, gone)

    async def _sweep(self, pull: Pull) -> None:
        """What a whole walk did not name is no longer there."""
        gone = [
            evse.evse_id
            async for location in self._call.hub.locations.owned(self._call.party)
            for evse in location.evses
            if evse.evse_id and evse.evse_id.key not in pull.seen and evse.status is not EvseStatus.REMOVED
        ]
        pull.removed += await remove_evses(self._call, gone)

    async def _foreign(self) -> frozenset[str]:
        """What is the hub's own: its ids there, and operators that are its partners."""
        partners = [partner for partner in await self._call.hub.partners.all() if not is_upstream(partner)]
        own = {party for partner in partners for party in (*partner.parties_as(Role.CPO), *_subs(partner))}
        return frozenset(party.key for party in own | self._upstream.bundled())

    # --- statuses

    async def poll(self, pull: Pull) -> None:
        """By id where there are few, else all at once."""
        owned = self._call.hub.locations.owned(self._call.party)
        evse_ids = [text async for location in owned for text in _live_ids(location)]
        if not evse_ids:
            return
        if len(evse_ids) > MOST_BY_ID:
            partner = await pull.page()
            await self._settle(pull, await self._lists.statuses(partner, self._process_id))
            return
        for bulk in batched(evse_ids, BY_ID):
            partner = await pull.page()
            await self._settle(pull, await self._lists.statuses_by_id(partner, bulk, self._process_id))

    async def _settle(self, pull: Pull, raw_records: Sequence[Any]) -> None:
        changes: list[tuple[EvseId, EvseStatus]] = []
        for raw in raw_records:
            try:
                record = codec.convert(raw, EvseStatusRecord)
            except Invalid as error:
                pull.hold(_named(raw), error, encode(raw).decode())
                continue
            status = EVSE_STATUS.core_for(record.evse_status) or EvseStatus.UNKNOWN
            if status is not EvseStatus.REMOVED:  # deletions are the data's to say
                changes.append((evse_id_from_oicp(record.evse_id), status))
        now = self._call.hub.clock.now()
        missing = await self._call.hub.locations.change_status_by_evse_id(self._call.partner, changes, now)
        for evse_id, _ in changes:
            if evse_id in missing:
                pull.ignore()
            else:
                pull.took(evse_id.key, Saved.CHANGED)


def _subs(partner: Partner) -> tuple[PartyId, ...]:
    return partner.sub_ids if partner.plays(Role.CPO) else ()


def _live_ids(location: Location) -> list[str]:
    live = (evse.evse_id for evse in location.evses if evse.status is not EvseStatus.REMOVED and evse.evse_id)
    return [text for evse_id in live if (text := evse_id_to_oicp(evse_id)) is not None]


def _record(pull: Pull, raw: Any) -> PullEvseDataRecord | None:
    """None for one that cannot be taken, which is held."""
    try:
        return codec.convert(_with_languages(raw), PullEvseDataRecord)
    except Invalid as error:
        pull.hold(_named(raw), error, encode(raw).decode())
        return None


def _named(raw: Any) -> str | None:
    """The EVSE that a record is about, if that much can be read."""
    name = raw.get("EvseID") if isinstance(raw, dict) else None
    try:
        return evse_id_from_oicp(name).key if isinstance(name, str) else None
    except Invalid:
        return None


def _with_languages(raw: Any) -> Any:
    """Records of older operators come with texts in no language. Source: OICP 2.3, release notes."""
    if not isinstance(raw, dict):
        return raw
    said = {name: raw[name] for name in TEXTS if isinstance(raw.get(name), list)}
    return raw | {name: [_in_some_language(text) for text in texts] for name, texts in said.items()}


def _in_some_language(text: Any) -> Any:
    if isinstance(text, dict) and text.get("lang") is None:
        return text | {"lang": UNSAID_LANGUAGE}
    return text


def _plain(record: PullEvseDataRecord) -> Record:
    """What its operator said of it, without what the platform added."""
    members = {name: getattr(record, name) for name in PlatformEvseDataRecord.__struct_fields__}
    return PlatformEvseDataRecord(**members | {"delta_type": None, "last_update": None})


def _group_of(operator_id: str) -> Callable[[Record], str]:
    """Station ids are an operator's own, and the platform stands for many."""
    operator = party_from_oicp(operator_id).key

    def group(record: Record) -> str:
        if record.charging_pool_id is None and record.charging_station_id is not None:
            return f"{operator}*{record.charging_station_id}"
        return group_key(record)

    return group
