"""What EMPs may pull, in the order of EVSE ids: small entries in memory, the records themselves stay in the store.

An entry is made once per revision of its location; a pull asks the store for keys and revisions and reads again only
what has changed. A walk over pages goes over a snapshot of its first page, so that no record is missed or seen twice.
"""

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Struct

from core.model.ids import PartyId
from core.model.location import Evse, EvseStatus, Location
from core.model.partner import Partner
from mappings.oicp.coordinates import coordinates_from_oicp
from mappings.oicp.evse_statuses import evse_status_to_oicp
from mappings.oicp.ids import evse_id_from_oicp
from mappings.oicp.leftovers import PROTOCOL
from mappings.oicp.locations import EvseRecords, evse_records_to_oicp
from mappings.oicp.notes import withheld
from mappings.oicp.v2_2 import original_of
from protocols.oicp.history import HISTORY, in_set, revived, status_word
from protocols.oicp.wire.common import DeltaType
from protocols.oicp.wire.evse_data import PlatformEvseDataRecord
from protocols.oicp.wire.evse_status import EvseStatus as Word
from protocols.plugin import Hub

ALL: Final = 10_000_000
BULK: Final = 100
WALKS_KEPT: Final = 64
WALKS_OF_ONE: Final = 4
"""Kept for one reader, so that nobody's questions drive out the walks of others."""
WALK_LIFE: Final = timedelta(minutes=10)
log = logging.getLogger(__name__)


class Entry(Struct, frozen=True, kw_only=True, gc=False):
    """What filters, orders and reports statuses. `operator` is the one in the EVSE id, `owner` the one that pushed.

    `history` as text; None: of another protocol, of which the hub keeps no versions. `tariff_ids` are those that all of
    its connectors bear alike; `power_kw` is the most that one of them gives."""

    key: str
    evse_id: str
    location_key: str
    owner: PartyId
    owner_name: str | None
    operator: PartyId
    status: Word | None
    pushes_status: bool
    removed: bool
    has_hotline: bool
    country: str
    modes: tuple[str, ...]
    accessibility: str | None
    calibration: str | None
    renewable: bool | None
    compatible: bool
    always_open: bool
    latitude: float
    longitude: float
    history: str | None
    changed_at: datetime
    tariff_ids: tuple[str, ...]
    power_kw: Decimal | None


Step = tuple[Entry, DeltaType | None]
Build = Callable[[Sequence[Entry]], list[Step]]


class Walk(Struct, frozen=True):
    made_at: datetime
    steps: list[Step]
    reporting: frozenset[PartyId]
    """Operators that push statuses."""


class Catalogue:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._made: dict[str, tuple[int, tuple[Entry, ...]]] = {}
        self._walks: OrderedDict[tuple[str, bytes], Walk] = OrderedDict()

    async def entries(self, reader: Partner) -> list[Entry]:
        """All that the reader may see at one instant, removed ones too, by EVSE id."""
        made, found = dict(self._made), list[Entry]()
        known = {key: revision for key, (revision, _) in made.items()}
        async for key, revision, location in self._hub.locations.at_one_instant(reader, known):
            entries = made[key][1] if location is None else await self._entries(location)
            if location is not None:
                self._made[key] = revision, entries
            found += entries
        found.sort(key=lambda entry: (entry.key, entry.location_key))
        return found

    async def _entries(self, location: Location) -> tuple[Entry, ...]:
        records = records_of(location, self._hub.identity.hotline)
        await self._hub.note_fetched("location", location.owner, PROTOCOL, (*records.losses, *records.withheld))
        return entries_of(location, records)

    async def walk(self, reader: Partner, question: bytes, *, first: bool, build: Build) -> Walk:
        """The snapshot that later pages of the same question go over; the first page makes a new one."""
        name, now = (reader.id, question), self._hub.clock.now()
        walk = self._walks.get(name)
        if first or walk is None or now - walk.made_at > WALK_LIFE:
            entries = await self.entries(reader)
            reporting = frozenset(entry.owner for entry in entries if entry.pushes_status)
            walk = Walk(now, build(entries), reporting)
            self._walks[name] = walk
        self._walks.move_to_end(name)
        self._forget_walks(reader)
        return walk

    def _forget_walks(self, reader: Partner) -> None:
        """Those that were looked at longest ago, of the reader and of all."""
        own = [name for name in self._walks if name[0] == reader.id]
        for name in own[:-WALKS_OF_ONE]:
            del self._walks[name]
        while len(self._walks) > WALKS_KEPT:
            self._walks.popitem(last=False)

    async def locations(self, keys: Sequence[str]) -> dict[str, Location]:
        found: dict[str, Location] = {}
        for start in range(0, len(keys), BULK):
            found |= {x.key: x for _, x in await self._hub.locations.by_keys(keys[start : start + BULK])}
        return found


def last_valid(location: Location, evse_keys: frozenset[str] | None = None) -> Location:
    """With the wanted EVSEs only, removed ones as they were: their records are still asked for."""
    evses = [revived(evse) for evse in location.evses if evse_keys is None or _key(evse) in evse_keys]
    return msgspec.structs.replace(location, evses=tuple(evses))


def records_of(location: Location, hotline: str | None) -> EvseRecords:
    """None of a location that OICP cannot say at all: it does not keep readers from the others."""
    try:
        return evse_records_to_oicp(last_valid(location), hotline=hotline, platform=True)
    except (ValueError, ArithmeticError) as error:
        log.exception("location %s is left out of all pulls", location.key)
        return EvseRecords([], (), (withheld("$", f"no valid record: {error}"),))


def entries_of(location: Location, outcome: EvseRecords) -> tuple[Entry, ...]:
    by_key = {_key(evse): evse for evse in location.evses}
    keyed = [(evse_id_from_oicp(record.evse_id).key, record) for record in outcome.records]
    return tuple(_entry(location, by_key[key], key, record) for key, record in keyed if key in by_key)


def _entry(location: Location, evse: Evse, key: str, record: PlatformEvseDataRecord) -> Entry:
    place = coordinates_from_oicp(record.geo_coordinates)
    history = evse.extensions.get(HISTORY)
    return Entry(
        key=key,
        evse_id=record.evse_id,
        location_key=location.key,
        owner=location.owner,
        owner_name=location.operator.name if location.operator else None,
        operator=evse.evse_id.operator if evse.evse_id else location.owner,
        status=_status(evse),
        pushes_status=history is None or status_word(evse) is not None,
        removed=not in_set(evse),
        has_hotline=record.hotline_phone_number is not None or original_of(record) is not None,
        country=record.address.country,
        modes=tuple(record.authentication_modes),
        accessibility=record.accessibility,
        calibration=record.calibration_law_data_availability,
        renewable=record.renewable_energy,
        compatible=record.is_hubject_compatible,
        always_open=record.is_open_24_hours,
        latitude=float(place.latitude),
        longitude=float(place.longitude),
        history=history,
        tariff_ids=_tariff_ids(evse),
        power_kw=_power_kw(record),
        changed_at=evse.updated_at if history is not None else max(evse.updated_at, location.updated_at),
    )


def _tariff_ids(evse: Evse) -> tuple[str, ...]:
    """None where one connector costs other than the next: OICP has one price for an EVSE."""
    borne = {plug.tariff_ids for plug in evse.connectors}
    return borne.pop() if len(borne) == 1 else ()


def _power_kw(record: PlatformEvseDataRecord) -> Decimal | None:
    return max((facility.power for facility in record.charging_facilities or ()), default=None)


def _status(evse: Evse) -> Word | None:
    if evse.status is EvseStatus.REMOVED and status_word(evse) == Word.EVSE_NOT_FOUND:
        return Word.EVSE_NOT_FOUND
    record, _ = evse_status_to_oicp(evse.evse_id, evse.status)
    return None if record is None else record.evse_status


def _key(evse: Evse) -> str:
    return evse.evse_id.key if evse.evse_id else evse.uid.upper()
