"""The stores' contract is held by two implementations: each test that takes `storage` runs over both."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from gateway.storage import Storage
from gateway.storage.indexes import INDEXES
from tests.fakes import FakeClock, FakeStorage
from tests.fakes.clock import START

SECRET_KEY = "a secret of these tests"


@pytest.fixture
def clock() -> FakeClock:
    """Of the storage under test."""
    return FakeClock()


@pytest.fixture(params=["fake", pytest.param("real", marks=pytest.mark.server)])
def storage(request: pytest.FixtureRequest, clock: FakeClock) -> FakeStorage | Storage:
    if request.param == "fake":
        return FakeStorage(clock)
    return request.getfixturevalue("real_storage")  # type: ignore[no-any-return]


@pytest_asyncio.fixture
async def real_storage(opened_storage: Storage, clock: FakeClock) -> Storage:
    """Empty, and with the clock of the test."""
    opened_storage._database.clock = clock
    for name in INDEXES:
        await opened_storage._database[name].delete_many({})
    opened_storage._watcher._forget_all()
    opened_storage.outbox._writer.news.clear()
    return opened_storage


@pytest_asyncio.fixture(scope="session")
async def opened_storage(stack) -> AsyncIterator[Storage]:  # type: ignore[no-untyped-def]
    storage = await open_storage(stack)
    # The tests' clock stands in the past: what they settle has expired already for a server that looks.
    await storage._database.client.admin.command({"setParameter": 1, "ttlMonitorEnabled": False})
    yield storage
    await storage._database.client.drop_database("contract")
    await storage.close()


@pytest_asyncio.fixture
async def second_storage(stack, real_storage: Storage, clock: FakeClock) -> AsyncIterator[Storage]:  # type: ignore[no-untyped-def]
    """Another process on the same servers."""
    storage = await open_storage(stack, clock)
    yield storage
    await storage.close()


async def open_storage(stack, clock: FakeClock | None = None) -> Storage:  # type: ignore[no-untyped-def]
    clock = clock or FakeClock(START)
    return await Storage.open(stack.mongodb_url, "contract", stack.redis_url, SECRET_KEY, clock=clock)
