"""The operator of the hub says how long things are kept."""

import pytest

from core.ports.stores import Kept
from core.services.retention import Retention
from tests.fakes import FakeStorage
from tests.unit.core.examples import NOW, token


@pytest.mark.spec("OCPI-GEN-09")
async def test_only_what_is_named_and_old_goes() -> None:
    storage = FakeStorage()
    await storage.tokens.save(token(), events=[])
    retention = Retention(storage.retention, storage.clock, {Kept.TOKENS: 30})
    assert storage.clock.now() == NOW
    storage.clock.advance(30 * 86400)
    await retention.round()
    await Retention(storage.retention, storage.clock, {}).round()
    assert storage.tokens.held
    storage.clock.advance(1)
    await retention.round()
    assert not storage.tokens.held
