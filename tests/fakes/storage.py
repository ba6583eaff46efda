"""All fakes together, with the attributes of `gateway.storage.Storage`."""

from tests.fakes.aliases import FakeAliases
from tests.fakes.cache import FakeCache
from tests.fakes.clock import FakeClock
from tests.fakes.commands import FakeCommands
from tests.fakes.copies import FakeCopies
from tests.fakes.feeds import FakeFeeds
from tests.fakes.names import FakeNames
from tests.fakes.outbox import FakeJournal, FakeOutbox
from tests.fakes.prices import FakeEvsePrices, FakeTariffs
from tests.fakes.registry import FakeCredentials, FakePartners
from tests.fakes.retention import FakeRetention
from tests.fakes.sets import FakeSets
from tests.fakes.sightings import FakeSightings
from tests.fakes.stores import (
    FakeCdrs,
    FakeJourneys,
    FakeLocations,
    FakeRecords,
    FakeSessions,
    FakeTokens,
)


class FakeStorage:
    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.outbox = FakeOutbox(self.clock)
        self.sets = FakeSets()
        self.locations = FakeLocations(self.outbox, self.sets)
        self.tokens = FakeTokens(self.outbox, self.sets)
        self.sessions = FakeSessions(self.outbox)
        self.tariffs = FakeTariffs(self.outbox)
        self.evse_prices = FakeEvsePrices(self.outbox)
        self.journeys = FakeJourneys()
        self.cdrs = FakeCdrs(self.outbox, self.journeys)
        self.commands = FakeCommands()
        self.aliases = FakeAliases(self.clock)
        self.copies = FakeCopies()
        self.records = FakeRecords(self.outbox)
        self.names = FakeNames()
        self.feeds = FakeFeeds()
        self.partners = FakePartners()
        self.credentials = FakeCredentials(self.partners)
        self.retention = FakeRetention(
            sessions=self.sessions,
            cdrs=self.cdrs,
            journeys=self.journeys,
            commands=self.commands,
            tokens=self.tokens,
            records=self.records,
        )
        self.sightings = FakeSightings()
        self.journal = FakeJournal()
        self.cache = FakeCache(self.clock)

    async def ping(self) -> dict[str, str | None]:
        return {"mongodb": None, "redis": None}

    async def close(self) -> None:
        """Nothing to close."""
