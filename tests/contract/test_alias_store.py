"""URLs of partners under names of the hub's."""

from datetime import datetime

import pytest
from msgspec.structs import replace

from core.model.alias import Alias, AliasUse
from gateway.storage import Storage
from tests.contract.samples import ABC, XYZ, at
from tests.fakes import FakeClock, FakeStorage


def alias(name: str = "a1", subject: str | None = None, expires_at: datetime | None = None) -> Alias:
    return Alias(
        id=name,
        use=AliasUse.RESULT,
        url="https://emsp.test/cb?id=Ab%2F1",
        user="cpo",
        caller=ABC,
        target="emsp",
        called=XYZ,
        subject=subject,
        expires_at=expires_at or at(60),
    )


async def test_an_alias_is_found_by_its_name_until_it_expires(storage: FakeStorage | Storage, clock: FakeClock) -> None:
    await storage.aliases.put(alias())
    assert await storage.aliases.get("a1") == alias()
    assert await storage.aliases.get("a2") is None
    clock.advance(60)
    assert await storage.aliases.get("a1") is None


async def test_the_alias_that_lasts_longest_is_found_by_its_subject(
    storage: FakeStorage | Storage, clock: FakeClock
) -> None:
    for name, seconds in (("a1", 60), ("a2", 120), ("a3", 30)):
        await storage.aliases.put(alias(name, "DEABC/R1", at(seconds)))
    await storage.aliases.put(alias("a4", expires_at=at(900)))
    found = await storage.aliases.by_subject("DEABC/R1")
    assert found == alias("a2", "DEABC/R1", at(120))
    assert await storage.aliases.by_subject("DEABC/R2") is None
    clock.advance(120)
    assert await storage.aliases.by_subject("DEABC/R1") is None


async def test_an_alias_may_be_put_again(storage: FakeStorage | Storage) -> None:
    await storage.aliases.put(alias())
    await storage.aliases.put(replace(alias(), url="https://emsp.test/other"))
    found = await storage.aliases.get("a1")
    assert found is not None
    assert found.url == "https://emsp.test/other"


@pytest.mark.server
async def test_aliases_outlive_the_process(real_storage: Storage, second_storage: Storage) -> None:
    await real_storage.aliases.put(alias())
    assert await second_storage.aliases.get("a1") == alias()
