"""Everything that is kept, opened and closed together."""

import asyncio
from collections.abc import Awaitable

from redis.exceptions import RedisError

from core.errors import RoamingError
from core.ports.clock import Clock
from gateway.storage.aliases import MongoAliases
from gateway.storage.cdrs import MongoCdrs
from gateway.storage.commands import MongoCommands
from gateway.storage.copies import MongoCopies
from gateway.storage.credentials import MongoCredentials, SecretBox
from gateway.storage.database import Database
from gateway.storage.feeds import MongoFeeds
from gateway.storage.indexes import create_indexes
from gateway.storage.journal import MongoJournal
from gateway.storage.journeys import MongoJourneys
from gateway.storage.locations import MongoLocations
from gateway.storage.names import MongoNames
from gateway.storage.outbox import EventWriter, MongoOutbox
from gateway.storage.partners import MongoPartners
from gateway.storage.pushes import Pushes
from gateway.storage.records import MongoRecords
from gateway.storage.redis_cache import RedisCache
from gateway.storage.retention import MongoRetention
from gateway.storage.sessions import MongoSessions
from gateway.storage.sets import MongoSets, VersionWriter
from gateway.storage.sightings import MongoSightings
from gateway.storage.tallies import MongoTallies
from gateway.storage.tariffs import MongoEvsePrices, MongoTariffs
from gateway.storage.tokens import MongoTokens
from gateway.storage.watcher import Watcher


class Storage:
    """`await Storage.open(...)`, use the stores, `await close()`: what was accepted is on disk then."""

    def __init__(self, database: Database, cache: RedisCache, box: SecretBox, journal_days: int) -> None:
        self._database = database
        self._watcher = Watcher(database)
        events = EventWriter(database)
        versions, self._pushes = VersionWriter(database), Pushes(database)
        self.sets = MongoSets(database, versions)
        self.locations = MongoLocations(database, events, versions, self._pushes, self._watcher)
        self.tokens = MongoTokens(database, events, versions, self._pushes)
        self.sessions = MongoSessions(database, events)
        self.tariffs = MongoTariffs(database, events)
        self.evse_prices = MongoEvsePrices(database, events)
        self.journeys = MongoJourneys(database)
        self.cdrs = MongoCdrs(database, events, self.journeys)
        self.commands = MongoCommands(database)
        self.aliases = MongoAliases(database)
        self.copies = MongoCopies(database)
        self.records = MongoRecords(database, events)
        self.names = MongoNames(database)
        self.feeds = MongoFeeds(database)
        self.partners = MongoPartners(database, self._watcher)
        self.credentials = MongoCredentials(database, self.partners, self._watcher, box)
        self.retention = MongoRetention(database)
        self.sightings = MongoSightings(database)
        self.outbox = MongoOutbox(database, events)
        self.journal = MongoJournal(database, journal_days)
        self.tallies = MongoTallies(database)
        self.cache = cache

    @classmethod
    async def open(
        cls,
        mongodb_url: str,
        database: str,
        redis_url: str,
        secret_key: str,
        *,
        clock: Clock | None = None,
        journal_days: int = 7,
    ) -> "Storage":
        """Raises Unavailable if MongoDB cannot be reached; without Redis everything is slower, and works.

        `secret_key` encrypts credentials; several, separated by commas, while they are being changed."""
        box = SecretBox(secret_key)
        storage = cls(Database(mongodb_url, database, clock), RedisCache(redis_url, database), box, journal_days)
        try:
            await create_indexes(storage._database)
            await storage.locations.catch_up()
            await storage._pushes.carry_out_all()
        except BaseException:
            await storage.close()
            raise
        storage._watcher.start()
        storage._pushes.start()
        storage.journal.start()
        storage.tallies.start()
        return storage

    async def ping(self) -> dict[str, str | None]:
        """Name -> what is wrong with it, or None."""
        mongodb, redis = await asyncio.gather(_trouble(self._database.ping()), _trouble(self.cache.ping()))
        return {"mongodb": mongodb, "redis": redis}

    async def close(self) -> None:
        await self._pushes.close()
        await self._watcher.close()
        aggregates = (self.locations, self.tokens, self.sessions, self.tariffs, self.journeys, self.cdrs, self.records)
        for store in (*aggregates, self.evse_prices, self.outbox, self.journal, self.tallies):
            await store.close()
        await self.cache.close()
        await self._database.close()


async def _trouble(ping: Awaitable[None]) -> str | None:
    try:
        await ping
    except (RoamingError, RedisError, OSError, TimeoutError) as error:
        return str(error) or type(error).__name__
    return None
