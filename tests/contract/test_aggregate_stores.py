"""Tokens, sessions, tariffs, CDRs and journeys."""

import asyncio
import hashlib
from datetime import timedelta

import pytest
from msgspec.structs import replace

from core.errors import Uncertain, Unknown
from core.model.authorisation import JourneyState
from core.model.cdr import CdrState, CdrVersion
from core.model.ids import ContractId, TokenUid
from core.model.loss import Loss
from core.model.token import Token, TokenQuery
from core.ports.stores import Saved
from tests.contract.samples import (
    ABC,
    EMP,
    MICROSECOND,
    XYZ,
    at,
    event,
    journey,
    session,
    settlement,
    tariff,
    token,
)

DAY = timedelta(days=1)


async def events(storage):
    return await storage.outbox.claim_events(1000, 0)


async def test_tokens_are_found_by_key_and_by_uid_without_regard_to_case(storage):
    theirs = token(issuer=XYZ, kind="OTHER")
    await storage.tokens.save_all([token(), theirs, token("ff")], events=[event("NLEMP/RFID/FF")])
    assert await storage.tokens.get(EMP, "RFID", TokenUid.parse("04AABBCC")) == token()
    assert await storage.tokens.get(EMP, "OTHER", TokenUid.parse("04AABBCC")) is None
    assert await storage.tokens.of_card("RFID", TokenUid.parse("04AaBbCc")) == [theirs, token()]
    assert len(await events(storage)) == 1


async def test_a_card_and_its_hash_find_each_other(storage):
    mine = token("aa01")
    hashed = [token(_sha256("AA01"), kind="RFID_SHA_256"), token(_sha1("aa01"), kind="RFID_SHA_160", issuer=XYZ)]
    others = [token(_sha1("AA02"), kind="RFID_SHA_160"), token("BB02"), token("AA01", kind="EMAID", issuer=XYZ)]
    await storage.tokens.save_all([mine, *hashed, *others], events=[])
    assert await of_card(storage, "RFID", "Aa01") == keys(mine, others[2], *hashed)
    for text in ("AA01", "aa01"):
        assert mine.key in await of_card(storage, "RFID_SHA_160", _sha1(text))
        assert mine.key in await of_card(storage, "RFID_SHA_256", _sha256(text))
    assert await of_card(storage, "RFID_SHA_256", _sha256("AA01")) == keys(mine, hashed[0])
    assert await of_card(storage, "EMAID", "AA01") == keys(mine, others[2])
    assert await of_card(storage, "RFID", hashed[0].uid.text) == []


async def test_tokens_are_found_by_their_contract_however_it_is_written(storage):
    contract = ContractId.parse("NL-EMP-C12345678")
    one, other = token(contract_id=contract), token("ff", contract_id=ContractId.parse("nlempc12345678"))
    third = token("dd", contract_id=ContractId.parse("NL-EMP-C00000000"))
    await storage.tokens.save_all([one, other, token("ee"), third], events=[])
    assert await storage.tokens.of_contract(contract) == [one, other]
    assert await storage.tokens.of_contract(ContractId.parse("NL-EMP-C99999999")) == []


async def of_card(storage, kind, text):
    return [one.key for one in await storage.tokens.of_card(kind, TokenUid(text, text.upper()))]


def keys(*tokens: Token) -> list[str]:
    return sorted(one.key for one in tokens)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _sha1(text: str) -> str:
    return hashlib.sha1(text.encode()).hexdigest()


async def test_an_older_token_changes_nothing(storage):
    assert await storage.tokens.save(token(seconds=5), events=[event()]) is Saved.CREATED
    assert await storage.tokens.save(token(valid=False), events=[event()]) is Saved.OLDER
    assert await storage.tokens.save(token(seconds=5), events=[event()]) is Saved.SAME
    assert await storage.tokens.save(token(seconds=5, valid=False), events=[event()]) is Saved.CHANGED
    assert len(await events(storage)) == 2


async def test_saves_of_one_token_at_the_same_time_are_taken_in_turn(storage):
    answers = await asyncio.gather(*(storage.tokens.save(token(seconds=i // 2), events=[event()]) for i in range(8)))
    assert answers == [Saved.CREATED, Saved.SAME] + 3 * [Saved.CHANGED, Saved.SAME]
    assert await storage.tokens.save(token(), events=[]) is Saved.OLDER


async def test_tokens_by_the_time_at_which_the_hub_stored_them(storage):
    """Whatever time their issuer gave."""
    await storage.tokens.save_all([token(updated_at=at() + 9000 * DAY)], events=[])
    for stored_from, found in ((at() - 9000 * DAY, 1), (at() + 8000 * DAY, 0)):
        query = TokenQuery(stored_from=stored_from)
        assert (await storage.tokens.page(query))[1] == found
        assert len([one async for one in storage.tokens.each(query)]) == found


async def test_token_pages_and_streams(storage):
    tokens = [token(f"{i:02}", issuer=(EMP, XYZ)[i % 2], updated_at=at() + i * MICROSECOND) for i in range(6)]
    await storage.tokens.save_all(tokens, events=[])
    by_key = sorted(tokens, key=lambda one: one.key)
    assert await storage.tokens.page(TokenQuery(offset=1, limit=2)) == (by_key[1:3], 6)
    query = TokenQuery(issuers=(EMP,), updated_from=at() + MICROSECOND, updated_to=at() + 4 * MICROSECOND)
    assert await storage.tokens.page(query) == ([tokens[2]], 1)
    assert [found async for found in storage.tokens.each(query)] == [tokens[2]]
    await storage.tokens.remove(tokens[1:], events=[event()])
    assert await storage.tokens.page(TokenQuery()) == (tokens[:1], 1)


async def test_sessions(storage):
    mine, theirs, nobodys = session(), session("s2", owner=XYZ, issuer=XYZ, seconds=1), session("s3", issuer=None)
    for each in (mine, theirs, nobodys):
        assert await storage.sessions.save(each, events=[event(each.key)]) is Saved.CREATED
    assert await storage.sessions.get(ABC, "S1") == mine
    window = {"updated_from": at(), "updated_to": None, "offset": 0, "limit": 10}
    assert await storage.sessions.page(owners=None, issuers=None, **window) == ([mine, theirs, nobodys], 3)
    assert await storage.sessions.page(owners=[ABC], issuers=None, **window) == ([mine, nobodys], 2)
    assert await storage.sessions.page(owners=None, issuers=[EMP, XYZ], **window) == ([mine, theirs], 2)
    assert await storage.sessions.page(owners=None, issuers=None, **window | {"updated_to": at(1)}) == (
        [mine, nobodys],
        2,
    )


async def test_tariffs(storage):
    await storage.tariffs.save(tariff(), events=[event()])
    await storage.tariffs.save(tariff("t2", owner=XYZ), events=[])
    assert await storage.tariffs.get(ABC, "T1") == tariff()
    window = {"updated_from": None, "updated_to": None, "offset": 0, "limit": 10}
    assert await storage.tariffs.page(owners=[XYZ], **window) == ([tariff("t2", owner=XYZ)], 1)
    await storage.tariffs.remove(tariff(), events=[event()])
    assert await storage.tariffs.get(ABC, "T1") is None
    assert await storage.tariffs.page(owners=None, **window) == ([tariff("t2", owner=XYZ)], 1)
    assert len(await events(storage)) == 2


@pytest.mark.spec("OICP-CDR-22")
async def test_a_cdr_is_accepted_once_and_bills_its_journey(storage):
    await storage.journeys.create(journey())
    first = settlement(journey_id="j1")
    assert await storage.cdrs.accept(first, event=event()) == first
    again = settlement("C1", digest="d2", journey_id="j1")
    assert await storage.cdrs.accept(again, event=event()) == first
    assert await storage.cdrs.get("DEABC/C1") == first
    billed = await storage.journeys.get("j1")
    assert (billed.state, billed.cdr_key, billed.rev) == (JourneyState.BILLED, "DEABC/C1", 1)
    assert len(await events(storage)) == 1


async def test_of_many_identical_cdrs_at_once_one_is_accepted(storage):
    many = [settlement(f"c{i % 3}", digest=f"d{i}") for i in range(30)]
    held = await asyncio.gather(*(storage.cdrs.accept(each, event=event(each.key)) for each in many))
    assert [each.digest for each in held] == [f"d{i % 3}" for i in range(30)]
    assert len(await events(storage)) == 3


async def test_the_way_of_a_cdr_is_written_and_the_cdr_never(storage):
    first = await storage.cdrs.accept(settlement(), event=event())
    losses = (Loss(path="$.x", reason="no home", value={"big": 2**80, "$odd.key": [1.5, None]}),)
    altered = replace(
        first, cdr=replace(first.cdr, remark="forged"), state=CdrState.REFUSED, losses=losses, next_attempt_at=at(5)
    )
    updated = await storage.cdrs.update(altered)
    held = await storage.cdrs.get(first.key)
    assert held == replace(updated, cdr=first.cdr)
    assert (held.rev, held.state, held.losses) == (1, CdrState.REFUSED, losses)
    with pytest.raises(Uncertain):
        await storage.cdrs.update(first)
    with pytest.raises(Unknown):
        await storage.cdrs.update(settlement("c9"))
    back = await storage.cdrs.update(replace(held, next_attempt_at=None, state=CdrState.ACCEPTED))
    assert await storage.cdrs.get(first.key) == back


async def test_a_revision_writes_the_cdr_and_its_event_or_neither(storage):
    first = await storage.cdrs.accept(settlement(journey_id="j1"), event=event())
    version = CdrVersion(
        cdr=first.cdr, digest="d1", state=CdrState.REFUSED, replaced_at=at(80), replaced_by="p-cpo", last_error="no"
    )
    changed = replace(first, cdr=replace(first.cdr, remark="better"), digest="d2", versions=(version,))
    revised = await storage.cdrs.revise(changed, event=event())
    assert await storage.cdrs.get(first.key) == revised == replace(changed, rev=1)
    assert len(await events(storage)) == 2
    with pytest.raises(Uncertain):
        await storage.cdrs.revise(changed, event=event())
    with pytest.raises(Unknown):
        await storage.cdrs.revise(settlement("c9"), event=event())
    assert len(await events(storage)) == 2


async def test_which_version_was_fetched_is_written_of_what_is_as_it_was_shown(storage):
    shown = [await storage.cdrs.accept(settlement(name), event=event()) for name in ("c1", "c2")]
    await storage.cdrs.update(replace(shown[1], state=CdrState.REFUSED))
    await storage.cdrs.fetched(shown)
    held = [await storage.cdrs.get(one.key) for one in shown]
    assert [(one.fetched_version, one.rev) for one in held] == [(0, 1), (None, 1)]


async def test_cdr_pages_and_counts(storage):
    mine = settlement("c1", seconds=1)
    theirs = settlement("c2", owner=XYZ, recipient="p2", seconds=2, state=CdrState.FETCHABLE)
    lost = settlement("c3", recipient=None, seconds=3, state=CdrState.UNDELIVERABLE)
    for each in (lost, theirs, mine):
        await storage.cdrs.accept(each, event=event(each.key))
    window = {"updated_from": at(1), "updated_to": at(3), "offset": 0, "limit": 10}
    assert await storage.cdrs.page(owners=None, recipients=None, **window) == ([mine, theirs], 2)
    assert await storage.cdrs.page(owners=[XYZ], recipients=None, **window) == ([theirs], 1)
    assert await storage.cdrs.page(owners=None, recipients=["p-emsp"], **window) == ([mine], 1)
    everything = window | {"updated_from": None, "updated_to": None}
    found = await storage.cdrs.page(owners=None, recipients=None, states=[CdrState.UNDELIVERABLE], **everything)
    assert found == ([lost], 1)
    assert await storage.cdrs.counts() == {CdrState.ACCEPTED: 1, CdrState.FETCHABLE: 1, CdrState.UNDELIVERABLE: 1}


async def test_journeys_are_found_by_every_name(storage):
    first = journey(operator_session_id="Sess-1", issuer_session_id="Theirs-1", reference="Ref-1")
    second = journey("j2", seconds=1, uid=TokenUid.parse("04AA"))
    for each in (first, second, journey("j1", reference="other")):
        await storage.journeys.create(each)
    journeys = storage.journeys
    assert await journeys.get("j1") == first
    assert await journeys.by_operator_session(ABC, "SESS-1") == first
    assert await journeys.by_operator_session(XYZ, "SESS-1") is None
    assert await journeys.by_issuer_session(first.issuer_partner, "theirs-1") == first
    assert await journeys.by_issuer_session("another", "theirs-1") is None
    assert await journeys.by_reference("REF-1") == first
    assert await journeys.latest_for_token(ABC, TokenUid.parse("04Aa")) == second
    assert await journeys.latest_for_token(XYZ, TokenUid.parse("04Aa")) is None
    assert await journeys.unended_for_token(ABC, TokenUid.parse("04Aa")) == [second, first]
    assert await journeys.unended_for_token(XYZ, TokenUid.parse("04Aa")) == []
    await journeys.update(replace(second, state=JourneyState.BILLED))
    assert await journeys.latest_for_token(ABC, TokenUid.parse("04Aa")) == first
    assert await journeys.unended_for_token(ABC, TokenUid.parse("04Aa")) == [first]


async def test_reservations_are_found_by_their_own_name_and_not_by_the_card(storage):
    journeys = storage.journeys
    older = journey(reservation_id="Res-1", reserved_until=at(900))
    younger = journey("j2", seconds=1, reservation_id="res-1", operator=XYZ)
    for each in (older, younger, journey("j3", reservation_id="RES-1", issuer=XYZ), journey("j4", reservation_id="2")):
        await journeys.create(each)
    assert await journeys.of_reservation(EMP, "RES-1") == [younger, older]
    assert await journeys.of_reservation(EMP, "3") == []
    assert await journeys.latest_for_token(ABC, TokenUid.parse("04aa")) is None
    assert await journeys.unended_for_token(ABC, TokenUid.parse("04aa")) == []


async def test_a_journey_is_updated_by_one_writer_at_a_time(storage):
    await storage.journeys.create(journey())
    updated = await storage.journeys.update(journey(reference="r"))
    assert updated.rev == 1
    assert await storage.journeys.get("j1") == updated
    with pytest.raises(Uncertain):
        await storage.journeys.update(journey(reference="x"))
    with pytest.raises(Unknown):
        await storage.journeys.update(journey("j9"))
    cleared = await storage.journeys.update(replace(updated, reference=None))
    assert await storage.journeys.by_reference("r") is None
    assert (await storage.journeys.get("j1")) == cleared


async def test_cdrs_are_found_by_their_keys(storage):
    held = settlement("C1"), settlement("C2")
    for one in held:
        await storage.cdrs.accept(one, event=event(one.key))
    found = await storage.cdrs.by_keys([held[0].key, "DEABC/NONE", held[1].key])
    assert sorted(one.key for one in found) == sorted(one.key for one in held)
    assert await storage.cdrs.by_keys([]) == []
