"""Who decides about a card, in which order, and that silence is a no."""

import asyncio

import msgspec
import pytest

from core.errors import Unavailable, Unknown
from core.model.authorisation import Answered, Authorisation, AuthoriseRequest, Decision
from core.model.ids import ContractId, TokenUid
from core.model.location import Location
from core.model.loss import Loss
from core.model.partner import PartnerState, Role
from core.model.token import Whitelist
from core.ports.adapter import Call
from core.services.authorisation import AuthorisationService
from gateway.pins import BcryptPins
from tests.fakes import FakeIds, FakeLedger, FakeStorage
from tests.unit.core.examples import CPO, EMSP, NOW, OTHER_EMSP, UID, FakeAdapter, partner, request, token

YES = Authorisation(decision=Decision.ALLOWED)


class World:
    def __init__(self) -> None:
        self.storage = FakeStorage()
        self.adapter = FakeAdapter()
        self.cpo = partner("cpo", CPO, Role.CPO)
        self.ledger = FakeLedger()
        self.service = AuthorisationService(
            tokens=self.storage.tokens,
            locations=self.storage.locations,
            journeys=self.storage.journeys,
            partners=self.storage.partners,
            adapters={"fake": self.adapter},
            cache=self.storage.cache,
            ledger=self.ledger,
            pins=BcryptPins(rounds=4),
            clock=self.storage.clock,
            ids=FakeIds(),
            deadline_s=0.2,
        )

    async def open(self) -> "World":
        await self.storage.partners.add(self.cpo)
        await self.storage.partners.add(partner("emb", EMSP, Role.EMSP))
        await self.storage.partners.add(partner("emc", OTHER_EMSP, Role.EMSP))
        return self

    async def ask(self, **more: object) -> Authorisation:
        return await self.service.authorise(request(**more), self.cpo)


@pytest.fixture
async def world() -> World:
    return await World().open()


@pytest.mark.parametrize("whitelist", [Whitelist.ALWAYS, Whitelist.ALLOWED])
async def test_a_token_that_the_issuer_lets_us_decide_on_is_not_asked_about(world: World, whitelist: Whitelist) -> None:
    await world.storage.tokens.save(token(whitelist), events=[])
    answer = await world.ask()
    assert (answer.decision, answer.answered_by) == (Decision.ALLOWED, Answered.WHITELIST)
    assert answer.explanation
    assert world.adapter.asked == []


async def test_a_blocked_token_of_that_sort_is_a_no(world: World) -> None:
    await world.storage.tokens.save(token(Whitelist.ALWAYS, valid=False), events=[])
    answer = await world.ask()
    assert answer.decision is Decision.BLOCKED
    assert answer.journey_id is None


async def test_an_expired_token_is_a_no(world: World) -> None:
    await world.storage.tokens.save(token(Whitelist.ALWAYS, expires_at=NOW), events=[])
    assert (await world.ask()).decision is Decision.EXPIRED


async def test_the_issuer_is_asked_even_so_where_the_callers_protocol_promises_it(world: World) -> None:
    await world.storage.tokens.save(token(Whitelist.ALWAYS), events=[])
    world.adapter.answer["emb"] = Authorisation(decision=Decision.NO_CREDIT)
    answer = await world.ask(ask_issuer=True)
    assert (answer.decision, world.adapter.asked) == (Decision.NO_CREDIT, ["emb"])


@pytest.mark.parametrize("whitelist", [Whitelist.NEVER, Whitelist.ALLOWED_OFFLINE])
async def test_the_issuer_of_a_known_token_is_asked_and_nobody_else(world: World, whitelist: Whitelist) -> None:
    await world.storage.tokens.save(token(whitelist), events=[])
    world.adapter.answer["emb"] = YES
    answer = await world.ask()
    assert (answer.decision, answer.answered_by, answer.issuer) == (Decision.ALLOWED, Answered.ISSUER, EMSP)
    assert world.adapter.asked == ["emb"]


@pytest.mark.parametrize(
    ("whitelist", "decision"),
    [(Whitelist.ALLOWED_OFFLINE, Decision.ALLOWED), (Whitelist.NEVER, Decision.TIMED_OUT)],
)
async def test_our_copy_helps_when_the_issuer_is_silent_only_if_it_may(
    world: World, whitelist: Whitelist, decision: Decision
) -> None:
    await world.storage.tokens.save(token(whitelist), events=[])
    world.adapter.answer["emb"] = Unavailable("connection refused")
    assert (await world.ask()).decision is decision


async def test_an_issuer_that_cannot_be_asked_at_all_has_its_copy_decide(world: World) -> None:
    await world.storage.tokens.save(token(Whitelist.ALWAYS), events=[])
    world.adapter.offline.add("emb")
    assert (await world.ask(ask_issuer=True)).decision is Decision.ALLOWED


async def test_the_contract_names_the_issuer_of_an_unknown_token(world: World) -> None:
    world.adapter.answer["emc"] = YES
    contract = ContractId.parse("FREMCC12345678")
    answer = await world.ask(uid=TokenUid.parse(contract.text), kind="EMAID", contract_id=contract)
    assert answer.issuer == OTHER_EMSP
    assert world.adapter.asked == ["emc"]


async def test_an_unknown_card_is_asked_of_all_at_once_and_the_yes_is_remembered(world: World) -> None:
    world.adapter.answer["emc"] = YES
    first = await world.ask()
    assert (first.decision, first.issuer, first.answered_by) == (Decision.ALLOWED, OTHER_EMSP, Answered.BROADCAST)
    assert sorted(world.adapter.asked) == ["emb", "emc"]
    world.adapter.asked.clear()
    second = await world.ask()
    assert (second.answered_by, world.adapter.asked) == (Answered.CACHE, ["emc"])


async def test_of_several_refusals_the_one_that_knows_most_is_told(world: World) -> None:
    world.adapter.answer |= {
        "emb": Authorisation(decision=Decision.UNKNOWN_TOKEN),
        "emc": Authorisation(decision=Decision.BLOCKED),
    }
    answer = await world.ask()
    assert (answer.decision, answer.issuer) == (Decision.BLOCKED, OTHER_EMSP)


async def test_one_dead_issuer_does_not_spoil_the_yes_of_another(world: World) -> None:
    world.adapter.answer |= {"emb": Unavailable("down"), "emc": YES}
    assert (await world.ask()).decision is Decision.ALLOWED


async def test_nobody_knows_the_card(world: World) -> None:
    world.adapter.answer |= {"emb": Unknown("token", "x"), "emc": Unknown("token", "x")}
    assert (await world.ask()).decision is Decision.UNKNOWN_TOKEN


async def test_silence_ends_at_the_deadline_and_is_a_no(world: World) -> None:
    class Silent(FakeAdapter):
        async def authorise(self, call: Call, request: AuthoriseRequest, location: Location | None) -> Authorisation:
            await asyncio.sleep(30)
            return YES

    world.service._adapters = {"fake": Silent()}
    answer = await world.ask()
    assert answer.decision is Decision.TIMED_OUT
    assert "emb" in answer.explanation


async def test_partners_without_agreement_and_suspended_ones_are_not_asked(world: World) -> None:
    emc = await world.storage.partners.get("emc")
    emb = await world.storage.partners.get("emb")
    assert emb and emc
    import msgspec

    await world.storage.partners.update(msgspec.structs.replace(emb, open_to=(OTHER_EMSP,)))
    await world.storage.partners.update(msgspec.structs.replace(emc, state=PartnerState.SUSPENDED))
    answer = await world.ask()
    assert (answer.decision, world.adapter.asked) == (Decision.NO_ISSUER, [])


async def test_a_yes_for_other_evses_is_a_no_here(world: World) -> None:
    world.adapter.answer["emb"] = Authorisation(decision=Decision.ALLOWED, evse_uids=("E2",))
    assert (await world.ask(location_id="LOC1", evse_uids=("E1",))).decision is Decision.NOT_ALLOWED
    assert (await world.ask(location_id="LOC1", evse_uids=("e2",))).decision is Decision.ALLOWED


async def test_a_yes_begins_a_journey_that_knows_both_sides(world: World) -> None:
    world.adapter.answer["emb"] = Authorisation(
        decision=Decision.ALLOWED, reference="REF-7", issuer_session_id="EMP-1", stop_uids=(TokenUid.parse("AA"),)
    )
    answer = await world.ask(operator_session_id="CPO-1")
    journey = await world.storage.journeys.get(answer.journey_id or "")
    assert journey
    assert (journey.operator_partner, journey.issuer_partner, journey.issuer) == ("cpo", "emb", EMSP)
    assert (journey.reference, journey.operator_session_id, journey.issuer_session_id) == ("REF-7", "CPO-1", "EMP-1")


async def test_a_reference_that_is_too_long_for_ocpi_is_mapped_never_cut(world: World) -> None:
    world.adapter.answer["emb"] = Authorisation(decision=Decision.ALLOWED, reference="x" * 37)
    answer = await world.ask()
    assert answer.reference == answer.journey_id
    assert await world.storage.journeys.by_reference(answer.reference or "")


async def test_the_medium_that_began_a_journey_may_end_it_and_a_stop_medium_too(world: World) -> None:
    world.adapter.answer["emb"] = Authorisation(decision=Decision.ALLOWED, stop_uids=(TokenUid.parse("AA"),))
    journey = await world.storage.journeys.get((await world.ask()).journey_id or "")
    assert journey
    for uid in (UID, TokenUid.parse("aa")):
        assert (await world.service.authorise_stop(request(uid=uid), journey)).decision is Decision.ALLOWED


async def test_another_medium_ends_it_only_with_the_issuers_word_for_the_same_contract(world: World) -> None:
    contract = ContractId.parse("DEEMBC12345678")
    world.adapter.answer["emb"] = Authorisation(decision=Decision.ALLOWED, contract_id=contract)
    journey = await world.storage.journeys.get((await world.ask()).journey_id or "")
    assert journey
    other = request(uid=TokenUid.parse("BB"))
    assert (await world.service.authorise_stop(other, journey)).decision is Decision.ALLOWED
    world.adapter.answer["emb"] = Authorisation(
        decision=Decision.ALLOWED, contract_id=ContractId.parse("DEEMBC99999999")
    )
    assert (await world.service.authorise_stop(other, journey)).decision is Decision.NOT_ALLOWED


async def test_what_the_issuer_was_not_asked_is_kept_with_the_journey_and_counted(world: World) -> None:
    lost = Loss(path="evse_id", reason="no field")
    world.adapter.answer["emb"] = msgspec.structs.replace(YES, losses=(lost,))
    answer = await world.ask()
    journey = await world.storage.journeys.get(answer.journey_id or "")
    assert journey is not None
    assert journey.losses == (lost,)
    assert world.ledger.noted == [("authorisation", "fake", "fake", "evse_id")]


# --- upstream platforms


def _upstream(world: World, *names: str) -> None:
    world.adapter.upstream = set(names)


async def test_an_upstream_platform_is_asked_after_all_others_and_only_if_none_says_yes(world: World) -> None:
    _upstream(world, "emb")
    world.adapter.answer["emb"] = YES
    answer = await world.ask()
    assert (answer.decision, answer.issuer) == (Decision.ALLOWED, EMSP)
    assert world.adapter.asked == ["emc", "emb"]
    world.adapter.asked.clear()
    await world.storage.cache.drop(f"issuer/{UID.key}")
    world.adapter.answer["emc"] = YES
    assert (await world.ask()).issuer == OTHER_EMSP
    assert world.adapter.asked == ["emc"]


async def test_a_contract_of_nobody_here_is_asked_upstream_alone(world: World) -> None:
    _upstream(world, "emb")
    await world.ask(contract_id=ContractId.parse("DEXYZC12345678"))
    assert world.adapter.asked == ["emb"]
    world.adapter.asked.clear()
    await world.ask(contract_id=ContractId.parse("FREMCC12345678"))
    assert world.adapter.asked == ["emc"]


async def test_nothing_goes_from_one_upstream_platform_to_another(world: World) -> None:
    _upstream(world, "emb", "cpo")
    world.adapter.answer["emb"] = YES
    assert (await world.ask()).decision is Decision.UNKNOWN_TOKEN
    assert world.adapter.asked == ["emc"]


async def test_silence_here_leaves_time_for_an_upstream_platform(world: World) -> None:
    _upstream(world, "emb")
    world.adapter.answer["emb"] = YES
    world.adapter.slow["emc"] = 1.0
    assert (await world.ask()).issuer == EMSP
