"""CDRs that their recipient fetches, and takes or refuses by itself."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from core.errors import Invalid, Uncertain, Unknown
from core.model.authorisation import Journey
from core.model.cdr import CdrState
from core.model.loss import Loss
from core.model.partner import Partner, Role
from core.model.session import CdrToken
from tests.unit.core.examples import CPO, EMSP, OTHER_EMSP, UID, cdr, partner
from tests.unit.core.test_billing import World

KEY = "NLCPA/CDR1"


@pytest.fixture
async def world() -> World:
    world = World()
    world.adapter.offline.add("emb")
    await world.storage.partners.add(world.cpo)
    await world.storage.partners.add(partner("emb", EMSP, Role.EMSP, protocol="foreign"))
    await world.storage.partners.add(partner("other", OTHER_EMSP, Role.EMSP, protocol="foreign"))
    await world.service.accept(world.cpo, cdr())
    return world


def emb(world: World) -> Partner:
    return world.storage.partners.held["emb"]


async def test_what_was_fetched_is_confirmed_once_and_for_all(world: World) -> None:
    assert (await world.service.deliver(KEY)).state is CdrState.FETCHABLE
    loss = Loss(path="tariffs", reason="no room")
    settled = await world.service.confirm(emb(world), KEY, remote_id="NLCPACDR1", losses=(loss,))
    assert (settled.state, settled.remote_id, settled.losses) == (CdrState.DELIVERED, "NLCPACDR1", (loss,))
    assert settled.delivered_at == world.storage.clock.now()
    again = await world.service.confirm(emb(world), KEY)
    assert again == settled
    with pytest.raises(Invalid):
        await world.service.decline(emb(world), KEY, "too late")
    assert await world.service.get(KEY) == settled


async def test_what_was_declined_stays_declined_in_the_sender_s_sight(world: World) -> None:
    await world.service.deliver(KEY)
    settled = await world.service.decline(emb(world), KEY, "declined by the provider")
    assert (settled.state, settled.last_error) == (CdrState.REFUSED, "declined by the provider")
    with pytest.raises(Invalid):
        await world.service.confirm(emb(world), KEY)
    assert await world.service.sent(world.cpo, (CdrState.REFUSED,), 0, 10) == ([settled], 1)
    assert await world.service.sent(world.cpo, (CdrState.DELIVERED,), 0, 10) == ([], 0)


async def test_only_the_recipient_decides(world: World) -> None:
    await world.service.deliver(KEY)
    other = world.storage.partners.held["other"]
    for attempt in (world.service.confirm(other, KEY), world.service.decline(other, KEY, "")):
        with pytest.raises(Unknown):
            await attempt
    assert (await world.service.get(KEY)).state is CdrState.FETCHABLE


async def test_a_decision_before_the_process_ran_is_kept_by_it(world: World) -> None:
    await world.service.confirm(emb(world), KEY)
    assert (await world.service.deliver(KEY)).state is CdrState.DELIVERED


async def test_a_decision_that_races_with_the_process_is_taken_again(world: World) -> None:
    update = world.storage.cdrs.update
    lost = iter([True])

    async def racing(settlement):  # type: ignore[no-untyped-def]
        if next(lost, False):
            await update(replace(settlement, state=CdrState.FETCHABLE))
            raise Uncertain("changed by another writer")
        return await update(settlement)

    world.storage.cdrs.update = racing  # type: ignore[method-assign]
    assert (await world.service.confirm(emb(world), KEY)).state is CdrState.DELIVERED


async def test_what_the_recipient_s_protocol_cannot_say_is_in_plain_sight(world: World) -> None:
    await world.service.deliver(KEY)
    loss = Loss(path="currency", reason="no price is known")
    held = await world.service.withhold(emb(world), KEY, (loss,))
    assert (held.state, held.last_error, held.losses) == (
        CdrState.FETCHABLE,
        "withheld: no price is known",
        (loss,),
    )
    assert await world.service.withhold(emb(world), KEY, (loss,)) == held


@pytest.mark.parametrize(("before", "linked"), [(-30, True), (-70, False), (300, False)])
async def test_a_cdr_without_session_belongs_to_the_card_s_journey_of_that_time(
    world: World, before: int, linked: bool
) -> None:
    bill = cdr(id="CDR2", session_id=None, authorization_reference=None)
    begun = bill.started_at + timedelta(minutes=before)
    journey = Journey(
        id="j1",
        operator=CPO,
        operator_partner="cpo",
        issuer=EMSP,
        issuer_partner="emb",
        uid=UID,
        kind="RFID",
        created_at=begun,
        updated_at=begun,
    )
    await world.storage.journeys.create(journey)
    settlement, _ = await world.service.accept(world.cpo, bill)
    assert settlement.cdr.journey_id == ("j1" if linked else None)


async def test_another_issuer_s_card_is_not_that_journey_s(world: World) -> None:
    bill = cdr(id="CDR3", session_id=None, authorization_reference=None)
    await world.storage.journeys.create(
        Journey(
            id="j2",
            operator=CPO,
            operator_partner="cpo",
            issuer=OTHER_EMSP,
            issuer_partner="other",
            uid=UID,
            kind="RFID",
            created_at=bill.started_at,
            updated_at=bill.started_at,
        )
    )
    bill = replace(bill, token=CdrToken(issuer=EMSP, uid=UID, kind="RFID"))
    settlement, _ = await world.service.accept(world.cpo, bill)
    assert (settlement.cdr.journey_id, settlement.recipient) == (None, "emb")
