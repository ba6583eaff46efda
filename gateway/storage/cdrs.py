"""Charge detail records and their way to the eMSP."""

from collections.abc import Sequence
from datetime import datetime
from typing import NoReturn

import msgspec
from msgspec.structs import replace
from pymongo import UpdateOne

from core.errors import Uncertain, Unknown
from core.model.cdr import Cdr, CdrSettlement, CdrState
from core.model.event import Event
from core.model.ids import PartyId
from gateway.storage.database import Database, Session, translated
from gateway.storage.documents import Document, content, losses_from, losses_text
from gateway.storage.group_commit import GroupCommit
from gateway.storage.journeys import MongoJourneys
from gateway.storage.outbox import EventWriter
from gateway.storage.versioned import owners_filter, window

_Accept = tuple[CdrSettlement, Event]


class MongoCdrs:
    """`cdr` is written by `accept` and `revise` only; `way` is all the rest of the settlement."""

    def __init__(self, database: Database, events: EventWriter, journeys: MongoJourneys) -> None:
        self._database = database
        self._collection = database["cdrs"]
        self._events = events
        self._journeys = journeys
        self._accept: GroupCommit[_Accept, CdrSettlement] = GroupCommit(self._accept_group, limit=64)

    async def close(self) -> None:
        await self._accept.close()

    async def accept(self, settlement: CdrSettlement, *, event: Event) -> CdrSettlement:
        return await self._accept((settlement, event))

    async def get(self, key: str) -> CdrSettlement | None:
        with translated(writes=False):
            found = await self._collection.find_one({"_id": key})
        return None if found is None else _settlement(found)

    async def by_keys(self, keys: Sequence[str]) -> list[CdrSettlement]:
        with translated(writes=False):
            return [_settlement(found) async for found in self._collection.find({"_id": {"$in": list(keys)}})]

    async def update(self, settlement: CdrSettlement) -> CdrSettlement:
        updated = replace(settlement, rev=settlement.rev + 1)
        with translated(writes=True):
            written = await self._collection.update_one(_as_read(settlement), {"$set": _way(updated)})
        if written.matched_count == 0:
            await self._raise_lost(settlement)
        return updated

    async def revise(self, settlement: CdrSettlement, *, event: Event) -> CdrSettlement:
        updated = replace(settlement, rev=settlement.rev + 1)
        changed = {"$set": _cdr(updated.cdr) | _way(updated)}

        async def write(session: Session) -> bool:
            written = await self._collection.update_one(_as_read(settlement), changed, session=session)
            if written.matched_count:
                await self._events.write([event], session)
            return written.matched_count > 0

        if not await self._database.transaction(write):
            await self._raise_lost(settlement)
        self._events.poke([event])
        return updated

    async def fetched(self, settlements: Sequence[CdrSettlement]) -> None:
        updates = [
            UpdateOne(_as_read(one), {"$set": {"way.fetched_version": len(one.versions)}, "$inc": {"rev": 1}})
            for one in settlements
        ]
        with translated(writes=True):
            await self._collection.bulk_write(updates, ordered=False)

    async def _raise_lost(self, settlement: CdrSettlement) -> NoReturn:
        if await self.get(settlement.key) is None:
            raise Unknown("CDR", settlement.key)
        raise Uncertain(f"CDR {settlement.key} was changed by another writer")

    async def page(
        self,
        *,
        owners: Sequence[PartyId] | None,
        recipients: Sequence[str] | None,
        updated_from: datetime | None,
        updated_to: datetime | None,
        offset: int,
        limit: int,
        states: Sequence[CdrState] | None = None,
    ) -> tuple[list[CdrSettlement], int]:
        wanted = owners_filter("owner", owners) | window("cdr.updated_at", updated_from, updated_to)
        if recipients is not None:
            wanted["recipient"] = {"$in": list(recipients)}
        if states is not None:
            wanted["state"] = {"$in": list(states)}
        found: list[Document] = []
        with translated(writes=False):
            if limit > 0:
                cursor = self._collection.find(wanted).sort([("way.accepted_at", 1), ("_id", 1)])
                found = await cursor.skip(offset).limit(limit).to_list()
            total = await self._collection.count_documents(wanted)
        return [_settlement(document) for document in found], total

    async def counts(self) -> dict[CdrState, int]:
        by_state: list[Document] = [{"$sort": {"state": 1}}, {"$group": {"_id": "$state", "number": {"$sum": 1}}}]
        with translated(writes=False):
            cursor = await self._collection.aggregate(by_state)
            return {CdrState(found["_id"]): found["number"] for found in await cursor.to_list()}

    async def _accept_group(self, group: list[_Accept]) -> list[CdrSettlement]:
        async def write(session: Session) -> tuple[list[CdrSettlement], list[Event]]:
            keys = list({settlement.key for settlement, _ in group})
            cursor = self._collection.find({"_id": {"$in": keys}}, session=session)
            held = {document["_id"]: _settlement(document) for document in await cursor.to_list()}
            fresh: list[_Accept] = []
            for settlement, event in group:
                if settlement.key not in held:
                    held[settlement.key] = settlement
                    fresh.append((settlement, event))
            if fresh:
                accepted = [settlement for settlement, _ in fresh]
                await self._collection.insert_many([_document(x) for x in accepted], session=session)
                await self._events.write([event for _, event in fresh], session)
                await self._journeys.bill(accepted, session)
            return [held[settlement.key] for settlement, _ in group], [event for _, event in fresh]

        results, events = await self._database.transaction(write)
        self._events.poke(events)
        return results


def _as_read(settlement: CdrSettlement) -> Document:
    """Matches what nobody has written since."""
    return {"_id": settlement.key, "rev": settlement.rev}


def _document(settlement: CdrSettlement) -> Document:
    return {"_id": settlement.key, "owner": settlement.cdr.owner.key} | _cdr(settlement.cdr) | _way(settlement)


def _cdr(cdr: Cdr) -> Document:
    return {"cdr": content(cdr, "updated_at")}


def _way(settlement: CdrSettlement) -> Document:
    way = content(settlement, "accepted_at")
    for name in ("cdr", "losses"):
        way.pop(name, None)
    return {
        "rev": settlement.rev,
        "state": settlement.state.value,
        "recipient": settlement.recipient,
        "losses": losses_text(settlement.losses),
        "way": way,
    }


def _settlement(document: Document) -> CdrSettlement:
    cdr = msgspec.convert(document["cdr"], Cdr)
    whole = document["way"] | {"cdr": cdr, "rev": document["rev"]}
    return replace(msgspec.convert(whole, CdrSettlement), losses=losses_from(document["losses"]))
