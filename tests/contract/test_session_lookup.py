"""Sessions by many keys at once."""

from gateway.storage import Storage
from tests.contract.samples import session
from tests.fakes import FakeStorage


async def test_sessions_by_their_keys(storage: FakeStorage | Storage) -> None:
    first, second = session("S1"), session("S2")
    for one in (first, second):
        await storage.sessions.save(one, events=[])
    found = await storage.sessions.by_keys([first.key, second.key, "XXXXX/S9"])
    assert sorted(one.id for one in found) == ["S1", "S2"]
    assert await storage.sessions.by_keys([first.key]) == [first]
    assert await storage.sessions.by_keys([]) == []
