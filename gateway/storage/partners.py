"""Partners: few, read on every request, so all of them are in memory."""

import asyncio
from typing import NoReturn

from msgspec.structs import replace
from pymongo.errors import BulkWriteError, DuplicateKeyError

from core.errors import Invalid, Uncertain, Unknown
from core.model.ids import PartyId
from core.model.partner import Partner, Role, with_eclipses
from gateway.storage.database import Database, Session, translated
from gateway.storage.documents import Document, content, item
from gateway.storage.watcher import Change, Watcher


class MongoPartners:
    """Read again after every write of this process, and when the watcher saw one of another.

    `claims` (`CPO/DEABC`...) is unique over all partners."""

    def __init__(self, database: Database, watcher: Watcher) -> None:
        self._database = database
        self._collection = database["partners"]
        self._credentials = database["credentials"]
        self._watcher = watcher
        self._loading = asyncio.Lock()
        self._wanted = 1
        self._loaded = 0
        self._by_id: dict[str, Partner] = {}
        self._by_party: dict[tuple[PartyId, Role | None], Partner] = {}
        watcher.on("partners", self.seen)

    async def get(self, partner_id: str) -> Partner | None:
        await self._refresh()
        return self._by_id.get(partner_id)

    async def all(self) -> list[Partner]:
        await self._refresh()
        return list(self._by_id.values())

    async def by_party(self, party: PartyId, role: Role | None = None) -> Partner | None:
        await self._refresh()
        return self._by_party.get((party, role))

    async def add(self, partner: Partner) -> None:
        with translated(writes=True):
            try:
                await self._collection.insert_one({"_id": partner.id} | _fields(partner))
            except DuplicateKeyError as error:
                _taken(partner, error)
            finally:
                self.seen()

    async def update(self, partner: Partner) -> Partner:
        with translated(writes=True):
            return await self.write_update(partner, None)

    async def remove(self, partner_id: str) -> None:
        async def write(session: Session) -> None:
            await self._collection.delete_one({"_id": partner_id}, session=session)
            await self._credentials.delete_many({"partner": partner_id}, session=session)

        try:
            await self._database.transaction(write)
        finally:
            self.seen()

    async def write_update(self, partner: Partner, session: Session | None) -> Partner:
        """The update itself, alone or as part of a transaction."""
        updated = replace(partner, rev=partner.rev + 1)
        try:
            written = await self._collection.replace_one(
                {"_id": partner.id, "rev": partner.rev}, _fields(updated), session=session
            )
            if written.matched_count == 0:
                held = await self._collection.find_one({"_id": partner.id}, {"_id": 1}, session=session)
                if held is None:
                    raise Unknown("partner", partner.id)
                raise Uncertain(f"partner {partner.id} was changed by another writer")
        except DuplicateKeyError as error:
            _taken(partner, error)
        finally:
            self.seen()
        return updated

    def seen(self, change: Change = Change.CONTENT) -> None:
        """What is in memory may be old."""
        self._wanted += 1

    async def _refresh(self) -> None:
        if self._loaded == self._wanted and self._watcher.live:
            return
        async with self._loading:
            if self._loaded == self._wanted and self._watcher.live:
                return
            version = self._wanted
            with translated(writes=False):
                found = await self._collection.find().to_list()
            partners = [replace(item(document, Partner), rev=document["rev"]) for document in found]
            partners.sort(key=lambda partner: (partner.created_at, partner.id))
            partners = with_eclipses(partners)
            self._by_id = {partner.id: partner for partner in partners}
            self._by_party = {
                (held.party, role): partner
                for partner in reversed(partners)
                for held in partner.voices
                for role in (held.role, None)
            }
            self._loaded = version


def _fields(partner: Partner) -> Document:
    fields: Document = {"rev": partner.rev, "doc": content(partner)}
    if partner.roles:
        fields["claims"] = list(partner.claims)
    return fields


def _taken(partner: Partner, error: DuplicateKeyError | BulkWriteError) -> NoReturn:
    claimed = ((error.details or {}).get("keyValue") or {}).get("claims")
    if claimed in partner.claims:
        raise partner.taken(claimed) from error
    raise Invalid("$.id", f"there is a partner {partner.id} already") from error
