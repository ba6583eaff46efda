"""Objects that one protocol alone knows: taken from those whom they concern, shown to them, told to all where they are
for all."""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.errors import Unknown
from core.model.event import Event, EventKind
from core.model.ids import PartyId
from core.model.partner import Partner, Role
from core.model.record import Record, RecordKind, RecordQuery
from core.ports.clock import Clock, Ids
from core.ports.registry import PartnerStore
from core.ports.stores import RecordStore, Saved
from core.routing import CPO_SIDE, visible_owners
from core.services.partners import owner_of

NOTHING: Final = timedelta(seconds=1)
MOST: Final = 10_000
"""Of one kind are told to one party alone; what is beyond it is not shown."""


class RecordService:
    def __init__(self, records: RecordStore, partners: PartnerStore, clock: Clock, ids: Ids) -> None:
        self._records = records
        self._partners = partners
        self._clock = clock
        self._ids = ids
        self._nothing: dict[tuple[RecordKind, tuple[PartyId, ...]], datetime] = {}

    async def publish(self, caller: Partner, record: Record, correlation_id: str | None = None) -> Saved:
        """Said to all: stored, and told to whoever may see it. An older `updated_at` than ours changes nothing."""
        owner_of(caller, record.owner, "$.party_id")
        event = Event(
            id=self._ids.uuid(),
            kind=EventKind.BOOKING_LOCATION_CHANGED,
            key=record.key,
            owner=record.owner,
            source=caller.id,
            correlation_id=correlation_id,
            at=self._clock.now(),
        )
        return await self._records.save(record, events=[event])

    async def keep(self, record: Record) -> Saved:
        """Said by one party to another, who have been told already."""
        self._nothing.clear()
        return await self._records.save(record, events=[])

    async def forget(self, record: Record) -> None:
        await self._records.remove([record], events=[])

    async def own(self, caller: Partner, kind: RecordKind, owner: PartyId, name: str) -> Record:
        """The owner's own object, to be compared or changed: as it was said to all, else as it was told last. Raises
        Refused, Unknown."""
        owner_of(caller, owner, "$.party_id")
        found = await self._records.named(kind, name, owner)
        if not found:
            raise Unknown(kind.noun, name)
        return max(found, key=lambda record: (record.reader is None, record.updated_at))

    async def published(self, kind: RecordKind, owner: PartyId, name: str) -> Record | None:
        """What this owner has said to all."""
        return await self._one(kind, owner, None, name)

    async def told(self, kind: RecordKind, owner: PartyId, reader: PartyId, name: str) -> Record | None:
        """What this owner has told this reader."""
        return await self._one(kind, owner, reader, name)

    async def seen(self, reader: Partner, kind: RecordKind, name: str) -> list[Record]:
        """What the reader may see under this name, the latest of each owner: several owners may use one name."""
        owners = await self._visible(reader)
        found: dict[PartyId, Record] = {}
        for record in sorted(await self._records.named(kind, name), key=lambda record: record.updated_at):
            if record.owner in owners if record.reader is None else record.reader in reader.parties:
                found[record.owner] = record
        return list(found.values())

    async def addressed(
        self, reader: Partner, kind: RecordKind, roles: frozenset[Role], name: str | None = None
    ) -> list[Record]:
        """What the reader was told alone, by owners in these roles that it may still see: under this name, or all.

        That there is nothing, as nearly always, is taken for true for a second: another process may know better."""
        if name is not None:
            found = await self._records.named(kind, name)
        else:
            asked, now = (kind, reader.parties), self._clock.now()
            if now < self._nothing.get(asked, now):
                return []
            found, _ = await self._records.page(RecordQuery(kind=kind, parties=reader.parties, limit=MOST))
            if not found:
                self._nothing[asked] = now + NOTHING
        owners = visible_owners(reader, await self._partners.all(), roles) if found else ()
        return [record for record in found if record.reader in reader.parties and record.owner in owners]

    async def readers(self, caller: Partner, kind: RecordKind, name: str) -> list[PartyId]:
        """Whom the caller has told of this object of its own."""
        found = await self._records.named(kind, name)
        return list(dict.fromkeys(one.reader for one in found if one.reader and one.owner in caller.parties))

    async def page(self, reader: Partner, query: RecordQuery) -> tuple[list[Record], int]:
        """What concerns the reader, each object once."""
        query = msgspec.structs.replace(query, owners=await self._visible(reader), parties=reader.parties)
        return await self._records.page(query)

    async def _one(self, kind: RecordKind, owner: PartyId, reader: PartyId | None, name: str) -> Record | None:
        found = await self._records.named(kind, name, owner)
        return next((record for record in found if record.reader == reader), None)

    async def _visible(self, reader: Partner) -> tuple[PartyId, ...]:
        return visible_owners(reader, await self._partners.all(), CPO_SIDE)
