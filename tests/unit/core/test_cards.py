"""A card that is read, and one of which the issuer told a hash only."""

import pytest

from core.model.authorisation import Answered, Decision
from core.model.cards import marks
from core.model.ids import TokenUid
from core.model.session import CdrToken
from core.model.token import Whitelist
from core.services.cards import billed_card
from tests.fakes import FakeStorage
from tests.unit.core.examples import EMSP, NOW, OTHER_EMSP, UID, request, token
from tests.unit.core.test_authorisation import YES, World


def hashed(index: int = 1, **more: object) -> dict[str, object]:
    """Of UID: 1 and 2 of the upper-case text, 3 and 4 of the lower-case one; odd ones have 256 bits."""
    digest = marks("RFID", UID)[index].removeprefix("#")
    return {"uid": TokenUid(digest.lower(), digest), "kind": "RFID_SHA_256" if index % 2 else "RFID_SHA_160", **more}


@pytest.fixture
async def world() -> World:
    return await World().open()


def test_a_card_s_marks() -> None:
    of_text = TokenUid("Test", "TEST")
    assert marks("RFID", of_text)[0] == "TEST"
    assert marks("RFID", of_text)[4] == "#A94A8FE5CCB19BA61C4C0873D391E987982FBBD3"  # of the lower-case text
    assert len(marks("RFID", TokenUid("01", "01"))) == 3
    assert marks("EMAID", of_text) == ("TEST",)


@pytest.mark.spec("OCHP-ID-15")
@pytest.mark.parametrize("index", [1, 2, 3, 4])
async def test_a_card_is_found_by_any_hash_and_goes_on_as_the_card(world: World, index: int) -> None:
    await world.storage.tokens.save(token(**hashed(index)), events=[])
    answer = await world.ask()
    assert (answer.decision, answer.answered_by) == (Decision.ALLOWED, Answered.WHITELIST)
    assert answer.token is not None
    assert (answer.token.uid.text, answer.token.kind) == (UID.text, "RFID")
    (journey,) = world.storage.journeys.held.values()
    assert (journey.uid.text, journey.kind) == (UID.text, "RFID")
    assert world.adapter.asked == []


@pytest.mark.spec("OCHP-ID-15")
async def test_a_question_about_a_hash_asks_the_issuer_about_the_card_it_is_of(world: World) -> None:
    await world.storage.tokens.save(token(Whitelist.NEVER), events=[])
    world.adapter.answer["emb"] = YES
    answer = await world.ask(**hashed())
    assert (answer.decision, answer.answered_by) == (Decision.ALLOWED, Answered.ISSUER)
    (journey,) = world.storage.journeys.held.values()
    assert (journey.uid, journey.kind) == (UID, "RFID")


async def test_a_hash_of_no_known_card_is_asked_of_nobody(world: World) -> None:
    world.adapter.answer["emb"] = YES
    answer = await world.ask(**hashed())
    assert answer.decision is Decision.NO_ISSUER
    assert world.adapter.asked == []
    await world.storage.tokens.save(token(**hashed()), events=[])
    answer = await world.ask(**hashed())
    assert (answer.decision, answer.token and answer.token.kind) == (Decision.ALLOWED, "RFID_SHA_256")


async def test_the_card_of_a_hash_ends_what_the_hash_began(world: World) -> None:
    await world.storage.tokens.save(token(**hashed()), events=[])
    await world.ask(**hashed())
    (journey,) = world.storage.journeys.held.values()
    assert (await world.service.authorise_stop(request(), journey)).decision is Decision.ALLOWED
    other = request(uid=TokenUid.parse("04A2B3C5"))
    assert (await world.service.authorise_stop(other, journey)).decision is not Decision.ALLOWED


async def test_a_cdr_by_the_hash_is_of_the_card_that_its_issuer_told_of() -> None:
    tokens = FakeStorage().tokens
    billed = CdrToken(issuer=EMSP, **hashed())  # type: ignore[arg-type]
    await tokens.save_all([token(issuer=OTHER_EMSP), token(**hashed())], events=[])
    assert await billed_card(tokens, billed) == billed
    await tokens.save(token(updated_at=NOW), events=[])
    card = await billed_card(tokens, billed)
    assert (card.uid, card.kind) == (UID, "RFID")
