"""Events waiting to be fanned out, deliveries waiting to be sent. Claims are leases."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from random import shuffle
from uuid import uuid4

from msgspec.structs import replace
from pymongo import UpdateOne

from core.errors import Unavailable
from core.model.delivery import Delivery, DeliveryState
from core.model.event import Event
from gateway.storage.database import Collection, Database, Session, translated
from gateway.storage.documents import (
    FREE,
    Document,
    content,
    event_document,
    event_key,
    expiry,
    item,
    losses_from,
    losses_text,
    moment,
    stamp,
)
from gateway.storage.group_commit import GroupCommit

POLL_S = 0.1
"""How long an event written by another process may wait to be seen."""
IN_FLIGHT = 32
"""Of one partner's queue only so many, the oldest due, are out at any time: a slow partner holds up nobody."""
KEPT = {
    DeliveryState.DELIVERED: timedelta(days=7),
    DeliveryState.SUPERSEDED: timedelta(days=1),
    DeliveryState.MISSED: timedelta(days=30),
    DeliveryState.WITHHELD: timedelta(days=30),
    DeliveryState.DEAD: timedelta(days=90),
}
"""How long a settled delivery is kept to be looked at."""

_FanOut = tuple[Event, Sequence[Delivery]]


class EventWriter:
    """The stores' way into the outbox, within their own transaction."""

    def __init__(self, database: Database) -> None:
        self._collection = database["events"]
        self.news = asyncio.Event()

    async def write(self, events: Iterable[Event], session: Session) -> None:
        if documents := [event_document(event) for event in events]:
            await self._collection.insert_many(documents, session=session)

    def poke(self, events: Sequence[Event]) -> None:
        """After the commit: whoever waits in this process need not poll."""
        if events:
            self.news.set()


class MongoOutbox:
    """`slot` (partner and `coalesce`) names what a delivery brings up to date.

    `state`, `partner`, `due` and `created` repeat the content for the indexes."""

    def __init__(self, database: Database, events: EventWriter) -> None:
        self._database = database
        self._events = database["events"]
        self._deliveries = database["deliveries"]
        self._writer = events
        self._fan_out: GroupCommit[_FanOut, None] = GroupCommit(self._fan_out_group)
        self._settle: GroupCommit[Delivery, None] = GroupCommit(self._settle_group)

    async def close(self) -> None:
        await self._fan_out.close()
        await self._settle.close()

    async def put(self, events: Sequence[Event]) -> None:
        with translated(writes=True):
            if events:
                await self._events.insert_many([event_document(event) for event in events])
        self._writer.poke(events)

    async def claim_events(self, limit: int, lease_s: float) -> list[Event]:
        now = self._database.clock.now()
        with translated(writes=True):
            cursor = self._events.find({"lease": {"$lte": stamp(now)}}, {"_id": 1}).sort("_id", 1).limit(limit)
            free = [event["_id"] for event in await cursor.to_list()]
            mine = await self._claim(self._events, {"_id": {"$in": free}}, now, lease_s)
        return [item(event, Event) for event in sorted(mine, key=lambda event: str(event["_id"]))]

    async def fan_out(self, event: Event, deliveries: Sequence[Delivery]) -> None:
        await self._fan_out((event, deliveries))

    async def claim_deliveries(self, limit: int, lease_s: float) -> list[Delivery]:
        now = self._database.clock.now()
        with translated(writes=True):
            partners = await self._deliveries.distinct("partner", {"state": DeliveryState.PENDING})
            shuffle(partners)
            windows = await asyncio.gather(*(self._window(partner, now) for partner in partners[:limit]))
            queues = await self._in_turn([window for window in windows if window], now)
            wanted = {
                "_id": {"$in": _fair([queue for queue in queues if queue], limit)},
                "state": DeliveryState.PENDING.value,
            }
            mine = await self._claim(self._deliveries, wanted, now, lease_s)
        return sorted((_delivery(document) for document in mine), key=lambda delivery: (delivery.due_at, delivery.id))

    async def settle(self, delivery: Delivery) -> None:
        await self._settle(delivery)

    async def hurry(self, partner: str) -> None:
        now = stamp(self._database.clock.now())
        waiting = {"partner": partner, "state": DeliveryState.PENDING.value, "due": {"$gt": now}}
        with translated(writes=True):
            await self._deliveries.update_many(waiting, {"$set": {"due": now, "doc.due_at": now}})
        self._writer.news.set()

    async def replay(self, delivery_id: str) -> bool:
        held = await self.get(delivery_id)
        if held is None or held.state not in (DeliveryState.DEAD, DeliveryState.MISSED):
            return False
        again = replace(held, state=DeliveryState.PENDING, due_at=self._database.clock.now(), settled_at=None)
        with translated(writes=True):
            written = await self._deliveries.update_one(
                {"_id": delivery_id, "state": held.state}, {"$set": _fields(again), "$unset": {"expires": ""}}
            )
        self._writer.news.set()
        return written.matched_count == 1

    async def get(self, delivery_id: str) -> Delivery | None:
        with translated(writes=False):
            found = await self._deliveries.find_one({"_id": delivery_id})
        return None if found is None else _delivery(found)

    async def page(
        self, *, partner: str | None, states: Sequence[DeliveryState] | None, offset: int, limit: int
    ) -> tuple[list[Delivery], int]:
        wanted: Document = {"state": {"$in": list(states if states is not None else DeliveryState)}}
        if partner is not None:
            wanted["partner"] = partner
        found: list[Document] = []
        with translated(writes=False):
            if limit > 0:
                newest_first = self._deliveries.find(wanted).sort([("created", -1), ("_id", -1)])
                found = await newest_first.skip(offset).limit(limit).to_list()
            total = await self._deliveries.count_documents(wanted)
        return [_delivery(document) for document in found], total

    async def about(
        self, keys: Sequence[str], *, partners: Sequence[str], since: datetime, limit: int
    ) -> list[Delivery]:
        wanted = {"partner": {"$in": list(partners)}, "created": {"$gte": stamp(since)}, "doc.key": {"$in": list(keys)}}
        with translated(writes=False):
            cursor = self._deliveries.find(wanted).sort([("created", 1), ("_id", 1)]).limit(limit)
            return [_delivery(document) for document in await cursor.to_list()]

    async def counts(self) -> dict[tuple[str, DeliveryState], int]:
        group = {"$group": {"_id": {"partner": "$partner", "state": "$state"}, "number": {"$sum": 1}}}
        with translated(writes=False):
            cursor = await self._deliveries.aggregate([{"$sort": {"state": 1, "partner": 1}}, group])
            return {
                (found["_id"]["partner"], DeliveryState(found["_id"]["state"])): found["number"]
                for found in await cursor.to_list()
            }

    async def oldest_waiting(self) -> datetime | None:
        with translated(writes=False):
            event = await self._events.find_one({}, {"_id": 1}, sort=[("_id", 1)])
            pending = {"state": DeliveryState.PENDING}
            delivery = await self._deliveries.find_one(pending, {"created": 1}, sort=[("created", 1)])
        times = [event["_id"].partition("/")[0]] if event else []
        times += [delivery["created"]] if delivery else []
        return moment(min(times)) if times else None

    async def changed(self, timeout_s: float) -> None:
        """Own writes are known at once; those of other processes by a look every `POLL_S`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not await self._is_news():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._writer.news.wait(), POLL_S)
        self._writer.news.clear()

    async def _is_news(self) -> bool:
        if self._writer.news.is_set():
            return True
        with suppress(Unavailable), translated(writes=False):
            return await self._events.find_one({"lease": FREE}, {"_id": 1}) is not None
        return False

    async def _window(self, partner: str, now: datetime) -> list[Document]:
        """Of the first `IN_FLIGHT` due deliveries of a partner those that nobody has claimed."""
        due = {"state": DeliveryState.PENDING, "partner": partner, "due": {"$lte": stamp(now)}}
        cursor = self._deliveries.find(due, {"lease": 1, "slot": 1}).sort([("due", 1), ("_id", 1)]).limit(IN_FLIGHT)
        return [document for document in await cursor.to_list() if document["lease"] <= stamp(now)]

    async def _in_turn(self, windows: list[list[Document]], now: datetime) -> list[list[str]]:
        """Without those that would overtake an older one of the same thing. Asked after the windows were: whoever is
        superseded can be claimed no more, so what is on its way when the newer one is seen is all there will be."""
        if not windows:
            return []
        on_its_way = self._deliveries.find({"lease": {"$gt": stamp(now)}}, {"_id": 0, "slot": 1})
        slots = {document["slot"] for document in await on_its_way.to_list()}
        return [[one["_id"] for one in window if one["slot"] not in slots] for window in windows]

    async def _claim(self, collection: Collection, wanted: Document, now: datetime, lease_s: float) -> list[Document]:
        """Of these, what no other claimer took in between."""
        ids = wanted["_id"]["$in"]
        if not ids:
            return []
        claim = uuid4().hex
        lease = stamp(now + timedelta(seconds=lease_s))
        free = wanted | {"lease": {"$lte": stamp(now)}}
        await collection.update_many(free, {"$set": {"lease": lease, "claim": claim}})
        return await collection.find({"_id": {"$in": ids}, "claim": claim}).to_list()

    async def _fan_out_group(self, group: list[_FanOut]) -> list[None]:
        async def write(session: Session) -> None:
            ids = {"_id": {"$in": [event_key(event) for event, _ in group]}}
            waiting = {event["_id"] for event in await self._events.find(ids, {"_id": 1}, session=session).to_list()}
            deliveries = [delivery for event, listed in group if event_key(event) in waiting for delivery in listed]
            await self._events.delete_many(ids, session=session)
            if deliveries:
                await self._supersede(deliveries, session)
                await self._deliveries.insert_many(self._documents(deliveries), session=session)

        await self._database.transaction(write)
        self._writer.news.set()
        return [None] * len(group)

    async def _supersede(self, deliveries: Sequence[Delivery], session: Session) -> None:
        now = self._database.clock.now()
        state = DeliveryState.SUPERSEDED
        fields = {"state": state, "doc.state": state, "doc.settled_at": stamp(now), "expires": expiry(now, KEPT[state])}
        older = {"slot": {"$in": list({_slot(delivery) for delivery in deliveries})}, "state": DeliveryState.PENDING}
        await self._deliveries.update_many(older, {"$set": fields}, session=session)

    def _documents(self, deliveries: Sequence[Delivery]) -> list[Document]:
        """Those that a later one of the same group brings up to date are superseded from the start."""
        now = self._database.clock.now()
        latest = {_slot(delivery): delivery.id for delivery in deliveries if delivery.state is DeliveryState.PENDING}
        old = {"state": DeliveryState.SUPERSEDED, "settled_at": now}
        return [
            {"_id": delivery.id}
            | _fields(
                delivery
                if delivery.state is not DeliveryState.PENDING or latest[_slot(delivery)] == delivery.id
                else replace(delivery, **old)
            )
            for delivery in deliveries
        ]

    async def _settle_group(self, group: list[Delivery]) -> list[None]:
        """What was settled for good meanwhile (superseded, say) does not wait again: it only learns of the attempt."""
        updates: list[UpdateOne] = []
        for delivery in group:
            fields = _fields(delivery)
            if delivery.state is not DeliveryState.PENDING:
                updates.append(UpdateOne({"_id": delivery.id}, {"$set": fields}))
                continue
            attempt = {"doc.attempts": fields["doc"].get("attempts", []), "lease": FREE}
            settled = {"_id": delivery.id, "state": {"$ne": DeliveryState.PENDING}}
            updates.append(UpdateOne(settled, {"$set": attempt}))
            updates.append(UpdateOne({"_id": delivery.id, "state": DeliveryState.PENDING}, {"$set": fields}))
        with translated(writes=True):
            await self._deliveries.bulk_write(updates)
        self._writer.news.set()
        return [None] * len(group)


def _slot(delivery: Delivery) -> str:
    return f"{delivery.partner}|{delivery.coalesce}"


def _fair(queues: list[list[str]], limit: int) -> list[str]:
    """The same share for each partner that has something due."""
    share = -(-limit // max(1, len(queues)))
    return [name for queue in queues for name in queue[:share]][:limit]


def _fields(delivery: Delivery) -> Document:
    document = content(delivery)
    document.pop("losses", None)
    fields: Document = {
        "partner": delivery.partner,
        "state": delivery.state.value,
        "slot": _slot(delivery),
        "due": stamp(delivery.due_at),
        "created": stamp(delivery.created_at),
        "lease": FREE,
        "losses": losses_text(delivery.losses),
        "doc": document,
    }
    if delivery.state in KEPT:
        fields["expires"] = expiry(delivery.settled_at or delivery.created_at, KEPT[delivery.state])
    return fields


def _delivery(document: Document) -> Delivery:
    return replace(item(document, Delivery), losses=losses_from(document["losses"]))
