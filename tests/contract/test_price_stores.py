"""Tariffs and EVSE prices that are written as sets, and kept as they were."""

import asyncio

import pytest
from msgspec.structs import replace

from core.model.event import EventKind
from core.model.ids import EvseId
from core.model.location import EvseChange, EvseStatus, Location
from core.model.tariff import EvsePrice
from gateway.storage import Storage
from tests.contract.samples import ABC, EMP, XYZ, at, event, location, tariff
from tests.fakes import FakeStorage

Any_ = FakeStorage | Storage


def price(evse: str = "DE*ABC*E1", *products: str, seconds: float = 0, **fields: object) -> EvsePrice:
    given = {"owner": ABC, "evse_id": EvseId.parse(evse), "products": products or ("AC3",), "updated_at": at(seconds)}
    return EvsePrice(**given | fields)  # type: ignore[arg-type]


@pytest.mark.spec("OICP-PRICE-12")
async def test_tariffs_are_kept_as_they_were(storage: Any_) -> None:
    one, two = tariff("t1"), tariff("t2")
    await storage.tariffs.change([one, two], [], at=at(1), events=[event(one.key)])
    dearer = replace(tariff("t1", seconds=2), currency="CHF")
    await storage.tariffs.change([dearer], [two], at=at(2), events=[event(one.key)])
    assert await storage.tariffs.of_owner(ABC) == [dearer]
    assert await storage.tariffs.of_owner(XYZ) == []
    assert await storage.tariffs.as_of(ABC, at(0)) == []
    assert await storage.tariffs.as_of(ABC, at(1)) == [one, two]
    assert await storage.tariffs.as_of(ABC, at(1.5)) == [one, two]
    assert await storage.tariffs.as_of(ABC, at(9)) == [dearer]
    assert await storage.tariffs.as_of(XYZ, at(9)) == []
    assert await storage.tariffs.as_of(ABC, at(1), [two.key]) == [two]
    assert await storage.tariffs.as_of(ABC, at(1), []) == []


async def test_a_tariff_for_one_emsp_is_on_no_other_page(storage: Any_) -> None:
    everybodys, own = tariff("t1"), replace(tariff("t2"), recipient=EMP)
    await storage.tariffs.save(everybodys, events=[])
    await storage.tariffs.change([own], [], at=at(), events=[])
    window = {"owners": None, "updated_from": None, "updated_to": None, "offset": 0, "limit": 10}
    assert await storage.tariffs.page(**window) == ([everybodys, own], 2)
    assert await storage.tariffs.page(**window, recipients=[EMP]) == ([everybodys, own], 2)
    assert await storage.tariffs.page(**window, recipients=[XYZ]) == ([everybodys], 1)


@pytest.mark.spec("OICP-PRICE-05", "OICP-PRICE-12")
async def test_evse_prices_are_kept_as_they_were(storage: Any_) -> None:
    all_, own, other = price(), price(recipient=EMP), price("DE*ABC*E2", "AC3", "DC")
    await storage.evse_prices.change([all_, own, other], [], at=at(1), events=[event("DEABC")])
    changed = price("DE*ABC*E1", "DC", seconds=2)
    await storage.evse_prices.change([changed], [own], at=at(2), events=[])
    assert await storage.evse_prices.of_owner(ABC) == [changed, other]
    assert await storage.evse_prices.of_owner(ABC, [EvseId.parse("DEABCE2")]) == [other]
    assert await storage.evse_prices.of_owner(ABC, []) == []
    assert await storage.evse_prices.of_owner(XYZ) == []
    assert await storage.evse_prices.as_of(ABC, at(1)) == [all_, own, other]
    assert await storage.evse_prices.as_of(ABC, at(2)) == [changed, other]
    told = await storage.outbox.claim_events(10, 60)
    assert [one.key for one in told] == ["DEABC"]


async def test_locations_are_revised_from_what_is_held(storage: Any_) -> None:
    await storage.locations.save_all([location(1), location(2)], events=[])
    seen: list[str] = []

    def renamed(held: Location) -> tuple[Location, object] | None:
        seen.append(held.id)
        changed = replace(held, name="new", updated_at=at(5))
        return (changed, event(held.key)) if held.id == "Loc1" else None

    before = storage.locations.generation
    await storage.locations.revise(["DEABC/LOC1", "DEABC/LOC2", "DEABC/LOC3"], renamed)  # type: ignore[arg-type]
    assert sorted(seen) == ["Loc1", "Loc2"]
    assert storage.locations.generation > before or before == -1
    assert (await storage.locations.get(ABC, "loc1")) == replace(location(1), name="new", updated_at=at(5))
    assert (await storage.locations.get(ABC, "loc2")) == location(2)
    assert [one.key for one in await storage.outbox.claim_events(10, 60)] == ["DEABC/LOC1"]


@pytest.mark.server
async def test_a_status_that_comes_meanwhile_is_not_undone(real_storage: Storage) -> None:
    await real_storage.locations.save(location(1, evses=1), events=[])
    change = EvseChange(status=EvseStatus.CHARGING, updated_at=at(3))
    told = event("DEABC/LOC1", "UID-1-0", kind=EventKind.EVSE_STATUS_CHANGED)

    async def status() -> None:
        await real_storage.locations.change_status(ABC, "Loc1", "uid-1-0", change, event=told)

    async def revise() -> None:
        await real_storage.locations.revise(
            ["DEABC/LOC1"], lambda held: (replace(held, name="new", updated_at=at(4)), event(held.key))
        )

    await asyncio.gather(*(work() for _ in range(5) for work in (status, revise)))
    held = await real_storage.locations.get(ABC, "Loc1")
    assert held is not None
    assert (held.name, held.evses[0].status) == ("new", EvseStatus.CHARGING)


@pytest.mark.server
async def test_prices_outlive_the_process(real_storage: Storage, second_storage: Storage) -> None:
    await real_storage.evse_prices.change([price()], [], at=at(), events=[])
    await real_storage.tariffs.change([tariff()], [], at=at(), events=[])
    assert await second_storage.evse_prices.of_owner(ABC) == [price()]
    assert await second_storage.tariffs.as_of(ABC, at()) == [tariff()]
