"""Journeys: one charging process across two protocols."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from msgspec.structs import replace
from pymongo import UpdateOne

from core.errors import Uncertain, Unknown
from core.model.authorisation import Journey, JourneyState
from core.model.cdr import CdrSettlement
from core.model.ids import ContractId, PartyId, TokenUid
from gateway.storage.database import Database, Session, insert_new, translated
from gateway.storage.documents import Document, content, item, losses_from, losses_text, stamp
from gateway.storage.group_commit import GroupCommit
from gateway.storage.versioned import window

_UNENDED = [JourneyState.AUTHORISED, JourneyState.CHARGING]
_FEW = 10


class MongoJourneys:
    """`rev`, `state`, `reference` and both sides' sessions repeat the content for filters and indexes."""

    collection_name: ClassVar[str] = "journeys"

    def __init__(self, database: Database) -> None:
        self._collection = database[self.collection_name]
        self._create: GroupCommit[Journey, None] = GroupCommit(self._insert)

    async def close(self) -> None:
        await self._create.close()

    async def create(self, journey: Journey) -> None:
        """A second time with the same id changes nothing."""
        await self._create(journey)

    async def get(self, journey_id: str) -> Journey | None:
        return await self._youngest({"_id": journey_id})

    async def by_operator_session(self, operator: PartyId, session_id: str) -> Journey | None:
        return await self._youngest({"operator_session": f"{operator.key}/{session_id.upper()}"})

    async def by_issuer_session(self, issuer_partner: str, session_id: str) -> Journey | None:
        return await self._youngest({"issuer_session": f"{issuer_partner}/{session_id.upper()}"})

    async def by_reference(self, reference: str) -> Journey | None:
        return await self._youngest({"reference": reference.upper()})

    async def latest_for_token(self, operator: PartyId, uid: TokenUid) -> Journey | None:
        wanted = {"card": f"{operator.key}/{uid.key}", "state": {"$ne": JourneyState.BILLED}}
        return await self._youngest(wanted)

    async def unended_for_token(self, operator: PartyId, uid: TokenUid) -> list[Journey]:
        return await self._few({"card": f"{operator.key}/{uid.key}", "state": {"$in": _UNENDED}})

    async def of_reservation(self, issuer: PartyId, reservation_id: str) -> list[Journey]:
        return await self._few({"reservation": f"{issuer.key}/{reservation_id.upper()}"})

    async def _few(self, wanted: Document) -> list[Journey]:
        with translated(writes=False):
            youngest_first = self._collection.find(wanted).sort([("created", -1), ("_id", -1)])
            return [_journey(document) for document in await youngest_first.limit(_FEW).to_list()]

    async def page(
        self,
        *,
        partner: str | None = None,
        states: Sequence[JourneyState] | None = None,
        contract: ContractId | None = None,
        since: datetime | None = None,
        offset: int,
        limit: int,
    ) -> tuple[list[Journey], int]:
        wanted = window("created", since, None)
        if partner is not None:
            wanted["$or"] = [{"doc.operator_partner": partner}, {"doc.issuer_partner": partner}]
        if states is not None:
            wanted["state"] = {"$in": list(states)}
        if contract is not None:
            wanted["doc.contract_id.key"] = contract.key
        found: list[Document] = []
        with translated(writes=False):
            if limit > 0:
                youngest_first = self._collection.find(wanted).sort([("created", -1), ("_id", -1)])
                found = await youngest_first.skip(offset).limit(limit).to_list()
            total = await self._collection.count_documents(wanted)
        return [_journey(document) for document in found], total

    async def update(self, journey: Journey) -> Journey:
        updated = replace(journey, rev=journey.rev + 1)
        with translated(writes=True):
            written = await self._collection.replace_one({"_id": journey.id, "rev": journey.rev}, _fields(updated))
        if written.matched_count == 0:
            if await self.get(journey.id) is None:
                raise Unknown("journey", journey.id)
            raise Uncertain(f"journey {journey.id} was changed by another writer")
        return updated

    async def _insert(self, journeys: list[Journey]) -> list[None]:
        documents = [{"_id": journey.id} | _fields(journey) for journey in journeys]
        await insert_new(self._collection, documents)
        return [None] * len(journeys)

    async def bill(self, settlements: list[CdrSettlement], session: Session) -> None:
        """Within the transaction that accepts the CDRs."""
        updates = [
            UpdateOne(
                {"_id": settlement.cdr.journey_id},
                {
                    "$set": {
                        "state": JourneyState.BILLED,
                        "doc.state": JourneyState.BILLED,
                        "doc.cdr_key": settlement.key,
                        "doc.updated_at": stamp(settlement.accepted_at),
                    },
                    "$inc": {"rev": 1},
                },
            )
            for settlement in settlements
            if settlement.cdr.journey_id is not None
        ]
        if updates:
            await self._collection.bulk_write(updates, session=session)

    async def _youngest(self, wanted: Document) -> Journey | None:
        with translated(writes=False):
            found = await self._collection.find_one(wanted, sort=[("created", -1), ("_id", -1)])
        return None if found is None else _journey(found)


def _fields(journey: Journey) -> Document:
    document = content(journey)
    document.pop("losses", None)
    fields: Document = {
        "rev": journey.rev,
        "state": journey.state.value,
        "created": stamp(journey.created_at),
        "doc": document,
    }
    if journey.reservation_id is None:
        fields["card"] = f"{journey.operator.key}/{journey.uid.key}"
    else:
        fields["reservation"] = f"{journey.issuer.key}/{journey.reservation_id.upper()}"
    if journey.losses:
        fields["losses"] = losses_text(journey.losses)
    if journey.operator_session_id is not None:
        fields["operator_session"] = f"{journey.operator.key}/{journey.operator_session_id.upper()}"
    if journey.issuer_session_id is not None:
        fields["issuer_session"] = f"{journey.issuer_partner}/{journey.issuer_session_id.upper()}"
    if journey.reference is not None:
        fields["reference"] = journey.reference.upper()
    return fields


def _journey(document: Document) -> Journey:
    losses = losses_from(document["losses"]) if "losses" in document else ()
    return replace(item(document, Journey), rev=document["rev"], losses=losses)
