"""What an operator of the hub looks up about journeys."""

from typing import Any

from core.model.authorisation import JourneyState
from core.model.event import EventKind
from core.model.ids import ContractId
from core.model.partner import Exchange
from tests.contract import samples


async def test_journeys_by_partner_state_contract_and_time(storage: Any) -> None:
    contract = ContractId.parse("DE-EMP-C12345678")
    await storage.journeys.create(samples.journey("a", contract_id=contract))
    await storage.journeys.create(samples.journey("b", seconds=1, issuer_partner="p-other"))
    await storage.journeys.create(samples.journey("c", seconds=2, state=JourneyState.ENDED, operator_partner="p-other"))

    async def found(**filters: Any) -> list[str]:
        page, total = await storage.journeys.page(offset=0, limit=10, **filters)
        assert total == len(page)
        return [journey.id for journey in page]

    assert await found() == ["c", "b", "a"]
    assert await found(partner="p-other") == ["c", "b"]
    assert await found(states=[JourneyState.ENDED]) == ["c"]
    assert await found(contract=ContractId.parse("DEEMPC12345678")) == ["a"]
    assert await found(since=samples.at(1)) == ["c", "b"]
    page, total = await storage.journeys.page(offset=1, limit=1)
    assert ([journey.id for journey in page], total) == (["b"], 3)


async def test_what_partners_were_told_of_an_object(storage: Any) -> None:
    event = samples.event("DEABC/S1", kind=EventKind.SESSION_CHANGED)
    told, other = samples.delivery(event, "p1"), samples.delivery(event, "p2")
    await storage.outbox.put([event])
    await storage.outbox.fan_out(event, [told, other])
    found = await storage.outbox.about(["DEABC/S1"], partners=["p1"], since=samples.at(), limit=10)
    assert [delivery.id for delivery in found] == [told.id]
    assert await storage.outbox.about(["DEABC/S1"], partners=["p1"], since=samples.at(9), limit=10) == []
    assert await storage.outbox.about(["DEABC/S2"], partners=["p1"], since=samples.at(), limit=10) == []


async def test_messages_of_a_chain(storage: Any) -> None:
    for number, chain in enumerate(("c1", "c2", "c1")):
        storage.journal.record(
            Exchange(
                id=f"x{number}",
                at=samples.at(-number),
                protocol="ocpi",
                inbound=True,
                operation="POST",
                correlation_id=chain,
            )
        )
    if hasattr(storage.journal, "flush"):
        await storage.journal.flush()
    assert [exchange.id for exchange in await storage.journal.of_correlations(["c1"], 10)] == ["x2", "x0"]
    assert len(await storage.journal.of_correlations(["c1", "c2"], 2)) == 2
