"""What partners call objects, kept for good."""

import asyncio

import pytest
from msgspec.structs import replace

from core.model.name import Name, NameKind
from core.services.names import NameService
from gateway.storage import Storage
from tests.contract.samples import ABC, XYZ
from tests.fakes import FakeStorage

NAME = Name(partner="p5", kind=NameKind.LOCATION, owner=ABC, ours="LOC1", theirs="LOC1")


async def test_a_name_is_found_from_both_sides(storage: FakeStorage | Storage) -> None:
    await storage.names.keep([NAME])
    assert await storage.names.by_ours([NAME.our_key, "nothing"]) == [NAME]
    assert await storage.names.by_theirs([NAME.their_key, "nothing"]) == [NAME]


async def test_the_first_name_stands(storage: FakeStorage | Storage) -> None:
    """Neither is an object called otherwise later, nor a name given to another; what is free is kept beside."""
    await storage.names.keep([NAME])
    other, free = replace(NAME, owner=XYZ), replace(NAME, owner=XYZ, theirs="XYZ-LOC1")
    await storage.names.keep([replace(NAME, theirs="L-1"), other, free, replace(free, theirs="again")])
    assert await storage.names.by_ours([NAME.our_key, other.our_key]) in ([NAME, free], [free, NAME])
    assert await storage.names.by_theirs(["p5/LOCATION/L-1"]) == []


async def test_partners_and_kinds_have_names_of_their_own(storage: FakeStorage | Storage) -> None:
    others = [replace(NAME, partner="p6", owner=XYZ), replace(NAME, kind=NameKind.SESSION, owner=XYZ)]
    await storage.names.keep([NAME, *others])
    assert len(await storage.names.by_theirs([name.their_key for name in (NAME, *others)])) == 3


@pytest.mark.spec("OCPI-V211-07", "OCPI-V211-38")
async def test_many_at_once_agree_on_the_names(storage: FakeStorage | Storage) -> None:
    wanted = [(NameKind.LOCATION, owner, f"L{number}") for number in range(5) for owner in (ABC, XYZ)]
    told = await asyncio.gather(*(NameService(storage.names).told("p5", wanted) for _ in range(4)))
    assert all(one == told[0] for one in told)
    assert len(set(told[0].values())) == len(wanted)


@pytest.mark.server
@pytest.mark.spec("OCPI-V211-07")
async def test_names_outlive_the_process(real_storage: Storage, second_storage: Storage) -> None:
    await real_storage.names.keep([NAME])
    assert await second_storage.names.by_theirs([NAME.their_key]) == [NAME]
