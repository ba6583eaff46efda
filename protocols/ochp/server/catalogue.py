"""The charge points that partners may fetch, rendered once a revision of their location.

A question asks the store for keys and revisions and reads again only what has changed. Revisions say when the hub
stored something, so deltas go by the hub's own clock. Within a process an EVSE counts as changed only if its record (or
its live status) reads otherwise than before; a new process takes all of a location for changed when it was stored,
which repeats records and loses none.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from core.model.base import revision_at
from core.model.ids import PartyId
from core.model.location import Evse, EvseStatus, Location, LocationQuery
from core.model.loss import Loss
from core.model.partner import Partner
from mappings.ochp.evse_status import evse_status_to_ochp
from mappings.ochp.ids import evse_id_to_ochp
from mappings.ochp.leftovers import PROTOCOL
from mappings.ochp.locations import ChargePoints, charge_points_to_ochp
from protocols.ochp import codec
from protocols.ochp.marks import UNKNOWN, Live, is_ours, is_withdrawn, live_of
from protocols.ochp.wire.charge_points import ChargePointInfo
from protocols.ochp.wire.live import EvseStatus as LiveStatus
from protocols.ochp.wire.words import Major
from protocols.plugin import Hub

ALL: Final = 10_000_000
BULK: Final = 100
RECORDS: Final = "chargePointInfoArray"


class Entry(Struct, frozen=True, kw_only=True, gc=False):
    """`record` is rendered. `changed` and `live_changed` are revisions. `live` None: not told of by live status."""

    owner: PartyId
    uid: str
    evse_id: str
    record: str
    changed: int
    withdrawn: bool
    live: Live | None
    live_changed: int

    def status_changed_since(self, since: datetime, now: datetime) -> bool:
        """Received, renewed, or expired since then."""
        until = self.live.until if self.live is not None else None
        return self.live_changed >= revision_at(since) or (until is not None and since <= until <= now)


Rendered = tuple[Location, int, tuple[Entry, ...], tuple[Loss, ...]]
"""A location, its revision, and what came of it."""


class Catalogue:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._made: dict[str, tuple[int, tuple[Entry, ...]]] = {}

    async def entries(self, reader: Partner) -> list[Entry]:
        """All that the reader may see, in the order in which it was stored; withdrawn ones too."""
        held, _ = await self._hub.locations.page_keys(reader, LocationQuery(limit=ALL))
        stale = [key for key, revision, _ in held if self._made.get(key, (-1, ()))[0] != revision]
        for start in range(0, len(stale), BULK):
            read = await self._hub.locations.by_keys(stale[start : start + BULK])
            for location, revision, entries, losses in await asyncio.to_thread(self._rendered, read):
                self._made[location.key] = revision, entries
                await self._hub.note_fetched("location", location.owner, PROTOCOL, losses)
        found = [entry for key, *_ in held if key in self._made for entry in self._made[key][1]]
        found.sort(key=lambda entry: entry.changed)
        return found

    def _rendered(self, read: Sequence[tuple[int, Location]]) -> list[Rendered]:
        found = []
        for revision, location in read:
            _, before = self._made.get(location.key, (0, ()))
            made = charge_points_to_ochp(location)
            entries = entries_of(location, made, revision, {one.uid: one for one in before})
            found.append((location, revision, entries, (*made.losses, *made.withheld)))
        return found


def entries_of(location: Location, made: ChargePoints, revision: int, before: Mapping[str, Entry]) -> tuple[Entry, ...]:
    records = records_by_uid(location, made.records)
    return tuple(
        _entry(location.owner, evse, records[evse.uid], revision, before.get(evse.uid))
        for evse in location.evses
        if evse.uid in records
    )


def records_by_uid(location: Location, records: Sequence[ChargePointInfo]) -> dict[str, ChargePointInfo]:
    """The records of a location by the uid of their EVSE: they come in the order of the EVSEs, some left out."""
    found: dict[str, ChargePointInfo] = {}
    waiting = iter(records)
    record = next(waiting, None)
    for evse in location.evses:
        if record is None:
            break
        if evse.evse_id is not None and evse_id_to_ochp(evse.evse_id) == record.evse_id.upper():
            found[evse.uid] = record
            record = next(waiting, None)
    return found


def _entry(owner: PartyId, evse: Evse, record: ChargePointInfo, revision: int, before: Entry | None) -> Entry:
    text, live = codec.piece(record, RECORDS), _live(evse)
    same_record = before is not None and before.record == text
    same_status = before is not None and before.live == live
    return Entry(
        owner=owner,
        uid=evse.uid,
        evse_id=record.evse_id,
        record=text,
        changed=before.changed if before is not None and same_record else revision,
        withdrawn=is_withdrawn(evse) if is_ours(evse) else evse.status is EvseStatus.REMOVED,
        live=live,
        live_changed=before.live_changed if before is not None and same_status else revision,
    )


def _live(evse: Evse) -> Live | None:
    if is_ours(evse):
        return None if is_withdrawn(evse) else live_of(evse)
    sent = evse_status_to_ochp(evse.evse_id, evse.status).record
    return None if sent is None else Live(sent.major, sent.minor, evse.status_until)


def status_of(entry: Entry, now: datetime) -> LiveStatus:
    """As it is at this moment: after its time it is unknown, and nothing more."""
    live = (entry.live or UNKNOWN).at(now)
    if live.major is Major.UNKNOWN:
        return LiveStatus(evse_id=entry.evse_id, major=Major.UNKNOWN)
    ttl = None if live.until is None else msgspec.to_builtins(live.until.replace(microsecond=0))
    return LiveStatus(evse_id=entry.evse_id, major=live.major, minor=live.minor, ttl=ttl)
