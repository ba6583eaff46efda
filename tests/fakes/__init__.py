"""In-memory stand-ins for the ports, held to them by the contract tests. `FakeStorage` has the attributes of `Storage`.

Start with `storage = FakeStorage()`; move time with `storage.clock.advance(5)`; look at `storage.outbox.events`."""

from tests.fakes.cache import FakeCache
from tests.fakes.clock import FakeClock, FakeIds
from tests.fakes.ledger import FakeLedger
from tests.fakes.outbox import FakeJournal, FakeOutbox
from tests.fakes.processes import FakeProcesses
from tests.fakes.storage import FakeStorage

__all__ = [
    "FakeCache",
    "FakeClock",
    "FakeIds",
    "FakeJournal",
    "FakeLedger",
    "FakeOutbox",
    "FakeProcesses",
    "FakeStorage",
]
