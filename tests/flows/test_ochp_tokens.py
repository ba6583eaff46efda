"""Authorisation data: providers upload, operators download and ask."""

import random
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from core.errors import Invalid
from core.model.partner import Partner, Role
from core.model.token import Whitelist
from tests.flows.hub import TestHub
from tests.flows.ochp_partners import Answer, Reached, charge_point, emt_id, join, opened, since, token

SET, UPDATE = "SetRoamingAuthorisationList", "UpdateRoamingAuthorisationList"
GET, DELTA, SINGLE = (
    "GetRoamingAuthorisationList",
    "GetRoamingAuthorisationListUpdates",
    "GetSingleRoamingAuthorisation",
)
NOW = "2026-01-15T12:00:00Z"


class Net(NamedTuple):
    hub: TestHub
    cpo: Reached
    emp: Reached
    other: Reached


@pytest.fixture
async def net() -> AsyncIterator[Net]:
    """CPO DEQX7 and the providers DEQM1 and DKQE5."""
    async with opened() as hub:
        yield Net(
            hub, await join(hub, "CPO", "DEQX7"), await join(hub, "EMSP", "DEQM1"), await join(hub, "EMSP", "DKQE5")
        )


async def listed(cpo: Reached) -> list[str]:
    answer = await cpo.ask(GET)
    return sorted(answer.texts("roamingAuthorisationInfoArray/EmtId/instance"))


async def changed(cpo: Reached, moment: str) -> dict[str, str]:
    answer = await cpo.ask(DELTA, since(moment))
    assert answer.result == "ok", answer.text
    names = answer.texts("roamingAuthorisationInfo/EmtId/instance")
    return dict(zip(names, answer.texts("roamingAuthorisationInfo/expiryDate/DateTime"), strict=True))


@pytest.mark.spec("OCHP-RA-01", "OCHP-RES-01", "OCHP-RES-03", "OCHP-RA-30", "OCHP-RES-02")
async def test_a_set_is_the_whole_list(net: Net) -> None:
    answer = await net.emp.ask(SET, token("AA01") + token("BB02"))
    assert (answer.result, answer.text) == ("ok", "2 accepted")
    await net.emp.ask(SET, token("BB02") + token("CC03"))
    assert await listed(net.cpo) == ["BB02", "CC03"]


@pytest.mark.spec("OCHP-RA-05", "OCHP-RA-06", "OCHP-RA-02", "OCHP-ID-23")
async def test_an_update_adds_and_overwrites_by_token(net: Net) -> None:
    await net.emp.ask(SET, token("AA01") + token("BB02"))
    await net.other.ask(SET, token("EE09", "DK-QE5-C00000001"))
    answer = await net.emp.ask(UPDATE, token("BB02", "DE-QM1-C00000999") + token("CC03"))
    assert answer.result == "ok"
    assert await listed(net.cpo) == ["AA01", "BB02", "CC03", "EE09"]
    full = await net.cpo.ask(GET)
    assert "DE-QM1-C00000999" in full.texts("roamingAuthorisationInfoArray/contractId")
    await net.emp.ask(SET, token("CC03"))
    assert await listed(net.cpo) == ["CC03", "EE09"]


@pytest.mark.spec("OCHP-RES-04", "OCHP-RA-07", "OCHP-RES-08")
async def test_part_of_a_list_is_refused_and_echoed_unchanged(net: Net) -> None:
    foreign = token("AA02", "DKQE5C00000001")
    answer = await net.emp.ask(SET, token("AA01") + foreign + token("AA03"))
    assert answer.result == "partly"
    assert answer.texts("refusedRoamingAuthorisationInfo/EmtId/instance") == ["AA02"]
    assert answer.texts("refusedRoamingAuthorisationInfo/contractId") == ["DKQE5C00000001"]
    assert "record 2: DKQE5C00000001: not a contract of the caller" in answer.text
    assert await listed(net.cpo) == ["AA01", "AA03"]


@pytest.mark.spec("OCHP-RES-05", "OCHP-RA-03", "OCHP-RA-08")
async def test_a_list_that_is_all_refused_changes_nothing_and_says_the_gravest_cause(net: Net) -> None:
    await net.emp.ask(SET, token("AA01"))
    answer = await net.emp.ask(SET, token("AA02", "DKQE5C00000001"))
    assert (answer.result, len(answer.all("refusedRoamingAuthorisationInfo"))) == ("invalid-id", 1)
    answer = await net.emp.ask(SET, token("AA02", "DKQE5C00000001") + token("X", kind="remote"))
    assert answer.result == "format"
    assert await listed(net.cpo) == ["AA01"]


@pytest.mark.spec("OCHP-RES-06", "OCHP-RES-07", "OCHP-RA-04", "OCHP-WSD-04")
async def test_a_record_that_cannot_be_read_is_named_not_echoed_and_keeps_its_older_version(net: Net) -> None:
    await net.emp.ask(SET, token("AA01") + token("BB02"))
    broken = token("BB02").replace("<expiryDate><DateTime>2030-01-01T00:00:00Z</DateTime></expiryDate>", "")
    answer = await net.emp.ask(SET, token("AA01") + broken + token("CC03", "x"))
    assert (answer.result, answer.all("refusedRoamingAuthorisationInfo")) == ("partly", [])
    assert "record 2" in answer.text
    assert "record 3" in answer.text
    assert await listed(net.cpo) == ["AA01", "BB02"]


@pytest.mark.spec("OCHP-RES-08")
async def test_many_reasons_are_cut_with_a_count(net: Net) -> None:
    answer = await net.emp.ask(UPDATE, "".join(token(f"AA{i:02}", "DKQE5C00000001") for i in range(50)))
    assert answer.result == "invalid-id"
    assert len(answer.text) <= 1000
    assert answer.text.endswith("more)")
    assert len(answer.all("refusedRoamingAuthorisationInfo")) == 50


@pytest.mark.spec("OCHP-RA-24", "OCHP-RES-09", "OCHP-DLT-07", "OCHP-ID-24")
async def test_a_request_that_is_wrong_itself_is_format_and_changes_nothing(net: Net) -> None:
    await net.emp.ask(SET, token("AA01"))
    assert (await net.emp.ask(SET)).result == "format"
    assert (await net.emp.ask(SET, token("AA02") + "<pagination/>")).result == "format"
    assert await listed(net.cpo) == ["AA01"]
    moments = ("2026-13-41T25:61:00Z", "2026-02-30T00:00:00Z", "2026-01-15T12:00:00.5Z", "٢٠٢٦-01-15T12:00:00Z")
    for wrong in ("", *map(since, moments)):
        assert (await net.cpo.ask(DELTA, wrong)).result == "format", wrong


@pytest.mark.spec("OCHP-RA-09", "OCHP-RA-10", "OCHP-RA-11", "OCHP-RA-14", "OCHP-DLT-08", "OCHP-RA-15", "OCHP-DLT-04")
async def test_withdrawn_and_expired_tokens_are_told_in_deltas_only(net: Net) -> None:
    hub = net.hub
    await net.emp.ask(SET, token("AA01") + token("BB02") + token("CC03", expiry="2026-01-15T12:00:30Z"))
    hub.clock.advance(60)
    assert await listed(net.cpo) == ["AA01", "BB02"]
    first = await changed(net.cpo, "2026-01-15T12:00:00Z")
    assert first["CC03"] == "2026-01-15T12:00:30Z"
    hub.clock.advance(60)
    await net.emp.ask(UPDATE, token("AA01", expiry="2026-01-01T00:00:00Z"))
    await net.emp.ask(SET, token("DD04"))
    told = await changed(net.cpo, "2026-01-15T12:01:50Z")
    assert set(told) == {"AA01", "BB02", "CC03", "DD04"}
    assert told["AA01"] < told["BB02"] <= "2026-01-15T12:02:00Z"
    assert told["DD04"] == "2030-01-01T00:00:00Z"
    assert await listed(net.cpo) == ["DD04"]


@pytest.mark.spec("OCHP-DLT-02", "OCHP-DLT-05", "OCHP-DLT-06", "OCHP-DLT-10", "OCHP-RES-13")
async def test_deltas_go_by_the_hub_s_time(net: Net) -> None:
    await net.emp.ask(SET, token("AA01"))
    assert set(await changed(net.cpo, NOW)) == {"AA01"}
    assert set(await changed(net.cpo, "1970-01-01T00:00:00Z")) == {"AA01"}
    assert await changed(net.cpo, "2026-01-16T12:00:00Z") == {}
    net.hub.clock.advance(3600)
    await net.emp.ask(SET, token("AA01"))
    assert await changed(net.cpo, "2026-01-15T12:30:00Z") == {}


@pytest.mark.spec(
    "OCHP-RA-12", "OCHP-RA-26", "OCHP-RA-27", "OCHP-RA-28", "OCHP-RA-25", "OCHP-ID-09", "OCHP-ID-08", "OCHP-DT-04"
)
async def test_records_come_as_they_were_uploaded(net: Net) -> None:
    number = "<printedNumber>QM 0 417</printedNumber>"
    uploads = [
        token("04c3a1", "de-qm1-C00000417-X", more=number),
        token("A" * 512, "DEQM1123456789", "9999-12-31T23:59:59Z", kind="15118"),
        token("ab" * 32, "DEQM1C00000418", representation="sha-256"),
        token("CD" * 20, "DE-QM1-C00000419", representation="sha-160"),
    ]
    assert (await net.emp.ask(SET, "".join(uploads))).result == "ok"
    answer = await net.cpo.ask(GET)
    records = answer.all("roamingAuthorisationInfoArray")
    sent = {one.findtext("{*}EmtId/{*}instance"): _plain(one) for one in records}
    assert sent["04c3a1"] == "04c3a1rfidde-qm1-C00000417-XQM 0 4172030-01-01T00:00:00Z"
    assert sent["A" * 512].endswith("15118DEQM11234567899999-12-31T23:59:59Z")
    assert {one.find("{*}EmtId").get("representation") for one in records} == {None, "sha-160", "sha-256"}
    for wrong in (token("B" * 513), token("AA", more="<printedNumber/>"), token("ab" * 31, representation="sha-256")):
        assert (await net.emp.ask(UPDATE, wrong)).result == "format"


def _plain(element: object) -> str:
    return "".join(element.itertext())  # type: ignore[attr-defined]


@pytest.mark.spec("OCHP-RES-18")
async def test_of_doubles_the_last_one_counts(net: Net) -> None:
    answer = await net.emp.ask(SET, token("AA01") + token("AA01", expiry="2031-01-01T00:00:00Z"))
    assert (answer.result, "the last one counts" in answer.text) == ("ok", True)
    assert await changed(net.cpo, NOW) == {"AA01": "2031-01-01T00:00:00Z"}


# --- the single question


async def ask(cpo: Reached, instance: str = "AA01", **more: str) -> Answer:
    return await cpo.ask(SINGLE, emt_id(instance, **more))


@pytest.mark.spec("OCHP-RA-16", "OCHP-RA-17", "OCHP-RA-18", "OCHP-ID-14", "OCHP-RA-20", "OCHP-RA-21")
async def test_one_token_is_answered_from_the_list(net: Net) -> None:
    await net.emp.ask(SET, token("AA01") + token("BB02", expiry="2026-01-15T12:00:30Z"))
    for instance, more in (("AA01", ""), ("aa01", ""), ("AA01", "<tokenSubType>mifareCls</tokenSubType>")):
        answer = await ask(net.cpo, instance, more=more)
        assert (answer.result, answer.texts("roamingAuthorisationInfo/contractId")) == ("ok", ["DE-QM1-C00000417-U"])
    net.hub.clock.advance(60)
    refused = [await ask(net.cpo, instance) for instance in ("BB02", "0AA01", "FFFF")]
    assert {(one.result, one.text, len(one.all("roamingAuthorisationInfo"))) for one in refused} == {
        ("invalid-id", refused[0].text, 0)
    }
    assert (await ask(net.cpo, "AA01", kind="15118")).result == "invalid-id"


@pytest.mark.spec("OCHP-ID-17", "OCHP-ID-18")
async def test_of_two_providers_with_one_uid_the_newest_record_answers(net: Net) -> None:
    assert (await net.emp.ask(SET, token("AA01"))).result == "ok"
    net.hub.clock.advance(5)
    assert (await net.other.ask(SET, token("AA01", "DK-QE5-C00000001"))).result == "ok"
    assert (await ask(net.cpo)).texts("roamingAuthorisationInfo/contractId") == ["DK-QE5-C00000001"]


@pytest.mark.spec("OCHP-RA-13", "OCHP-RA-19", "OCHP-RES-12", "OCHP-REL-04", "OCHP-DLT-12", "OCHP-RES-17")
async def test_without_a_provider_there_is_nothing_to_exchange() -> None:
    async with opened() as hub:
        cpo = await join(hub, "CPO", "DEQX7")
        emp = await join(hub, "EMSP", "DEQM1")
        assert (await cpo.ask(GET)).result == "roaming"
        for party in ("cpo", "emp"):
            partner = (cpo if party == "cpo" else emp).partner
            hub.storage.partners.held[partner.id] = _closed(hub.storage.partners.held[partner.id])
        assert (await emp.ask(SET, token("AA01"))).result == "ok"
        for name, inner in ((GET, ""), (DELTA, since(NOW)), (SINGLE, emt_id("AA01"))):
            answer = await cpo.ask(name, inner)
            assert (answer.result, len(answer.body)) == ("roaming", 1)


def _closed(partner: Partner) -> Partner:
    return replace(partner, open_to=())


@pytest.mark.spec("OCHP-AUTH-10", "OCHP-REL-12", "OCHP-AUTH-11")
async def test_operations_belong_to_roles_and_own_records_do_not_come_back(net: Net) -> None:
    answer = await net.cpo.ask(SET, token("AA01"))
    assert (answer.result, "EMP" in answer.text) == ("not-authorized", True)
    assert (await net.emp.ask(GET)).result == "not-authorized"
    assert net.hub.storage.tokens.held == {}
    roles = [
        {"role": "CPO", "country_code": "AT", "party_id": "QV2"},
        {"role": "EMSP", "country_code": "AT", "party_id": "QV2"},
    ]
    both = await join(net.hub, "CPO", "ATQV2", roles=roles)
    await both.ask(SET, token("AA07", "AT-QV2-C00000001"))
    await net.emp.ask(SET, token("AA01"))
    assert await listed(both) == ["AA01"]
    assert both.partner.plays(Role.EMSP)
    for role in ("CPO", "EMSP"):
        with pytest.raises(Invalid):
            await join(net.hub, role, "ATQV2")


@pytest.mark.spec("OCHP-ID-25")
async def test_an_operator_and_a_provider_of_one_id_may_be_two_companies(net: Net) -> None:
    namesake = await join(net.hub, "EMSP", "DEQX7")
    await net.cpo.ask("SetChargePointList", charge_point())
    assert (await namesake.ask(SET, token("AA07", "DE-QX7-C00000001"))).result == "ok"
    assert await listed(net.cpo) == ["AA07"]
    assert (await namesake.ask("GetChargePointList")).texts("chargePointInfoArray/evseId") == ["DE*QX7*E1"]
    assert (await namesake.ask("SetChargePointList", charge_point())).result == "not-authorized"
    assert (await net.cpo.ask(SET, token("AA08", "DE-QX7-C00000002"))).result == "not-authorized"


@pytest.mark.spec("OCHP-DLT-03", "OCHP-DLT-09")
@pytest.mark.parametrize("seed", range(8))
async def test_all_deltas_onto_nothing_make_the_full_list(net: Net, seed: int) -> None:
    """Whoever uploads, replaces and withdraws in between, and however often it is asked."""
    chance = random.Random(seed)
    contracts = {net.emp: "DE-QM1-C00000417", net.other: "DK-QE5-C00000001"}
    known: dict[str, str] = {}
    asked = net.hub.clock.now()
    for _ in range(25):
        provider = chance.choice(list(contracts))
        prefix = "AA" if provider is net.emp else "BB"
        some = chance.sample(range(10), chance.randint(1, 4))
        expiry = chance.choice(("2030-01-01T00:00:00Z", "2026-01-15T12:01:00Z", "2025-01-01T00:00:00Z"))
        records = "".join(token(f"{prefix}{index:02}", contracts[provider], expiry) for index in some)
        await provider.ask(chance.choice((SET, UPDATE)), records)
        net.hub.clock.advance(chance.choice((0, 0, 1, 20)))
        if chance.random() < 0.5:
            now = net.hub.clock.now()
            known |= await changed(net.cpo, f"{asked:%Y-%m-%dT%H:%M:%SZ}")
            asked = now
    known |= await changed(net.cpo, f"{asked:%Y-%m-%dT%H:%M:%SZ}")
    valid = sorted(name for name, expiry in known.items() if expiry > f"{net.hub.clock.now():%Y-%m-%dT%H:%M:%SZ}")
    assert await listed(net.cpo) == valid


async def test_uploaded_tokens_may_be_decided_on_by_others(net: Net) -> None:
    await net.emp.ask(SET, token("AA01"))
    (held,) = net.hub.storage.tokens.held.values()
    assert (held.whitelist, held.valid, str(held.issuer)) == (Whitelist.ALWAYS, True, "DE*QM1")
