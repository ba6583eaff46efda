"""Partners, credentials, the journal and the cache."""

import pytest
from msgspec.structs import replace

from core.errors import Invalid, Uncertain, Unknown
from core.model.partner import CredentialKind, Exchange, PartyBehind, PartyRole, Role
from gateway.storage.credentials import SecretBox
from gateway.storage.redis_cache import RedisCache
from tests.contract.samples import ABC, EMP, XYZ, at, partner, until


async def test_partners_come_and_change_and_go(storage):
    first, second = partner("p1", (Role.CPO, ABC)), partner("p0", (Role.EMSP, EMP), created_at=at(1))
    for each in (second, first):
        await storage.partners.add(each)
    assert await storage.partners.all() == [first, second]
    assert await storage.partners.by_party(EMP) == second
    assert await storage.partners.by_party(XYZ) is None
    assert await storage.partners.by_party(EMP, second.roles[0].role) == second
    assert await storage.partners.by_party(EMP, Role.NAP) is None
    updated = await storage.partners.update(replace(first, name="New"))
    assert (updated.name, updated.rev) == ("New", 1)
    assert await storage.partners.get("p1") == updated
    await storage.credentials.put("p1", CredentialKind.INBOUND, "secret")
    await storage.partners.remove("p1")
    assert await storage.partners.get("p1") is None
    assert await storage.credentials.partner_by_secret("secret") is None
    await storage.partners.add(first)


async def test_a_party_is_sought_behind_a_hub_only_if_nobody_holds_it(storage):
    behind = (PartyBehind(role=PartyRole(role=Role.CPO, party=ABC), updated_at=at(1)),)
    hub = partner("p0", (Role.HUB, XYZ), behind=behind)
    await storage.partners.add(hub)
    assert await storage.partners.by_party(ABC) == hub
    assert await storage.partners.by_party(ABC, Role.CPO) == hub
    assert await storage.partners.by_party(ABC, Role.EMSP) is None
    direct = partner("p1", (Role.CPO, ABC), created_at=at(9))
    await storage.partners.add(direct)
    assert await storage.partners.by_party(ABC) == direct
    assert await storage.partners.by_party(ABC, Role.CPO) == direct
    await storage.partners.remove("p1")
    assert await storage.partners.by_party(ABC) == hub


async def test_a_party_has_one_partner_per_role(storage):
    await storage.partners.add(partner("p1", (Role.CPO, ABC), (Role.EMSP, ABC)))
    await storage.partners.add(partner("p2"))
    await storage.partners.add(partner("p3"))
    with pytest.raises(Invalid, match=r"DE\*ABC as EMSP") as failure:
        await storage.partners.add(partner("p4", (Role.CPO, XYZ), (Role.EMSP, ABC)))
    assert failure.value.path == "$.roles[1]"
    with pytest.raises(Invalid, match=r"DE\*ABC as CPO"):
        await storage.partners.update(partner("p2", (Role.CPO, ABC)))
    with pytest.raises(Invalid, match="p1"):
        await storage.partners.add(partner("p1"))
    assert [each.id for each in await storage.partners.all()] == ["p1", "p2", "p3"]
    assert (await storage.partners.update(partner("p2", (Role.NAP, ABC)))).rev == 1


@pytest.mark.spec("OICP-PRT-02")
async def test_an_id_that_a_partner_bundles_is_taken_in_its_roles(storage):
    await storage.partners.add(partner("p1", (Role.CPO, ABC), sub_ids=(XYZ,)))
    await storage.partners.add(partner("p2"))
    for taken, path in (
        (partner("p3", (Role.CPO, XYZ)), "$.roles[0]"),
        (partner("p3", (Role.CPO, EMP), sub_ids=(EMP, XYZ)), "$.sub_ids[1]"),
        (partner("p3", (Role.CPO, EMP), sub_ids=(ABC,)), "$.sub_ids[0]"),
    ):
        with pytest.raises(Invalid, match="another partner speaks for") as failure:
            await storage.partners.add(taken)
        assert failure.value.path == path
        with pytest.raises(Invalid):
            await storage.partners.update(replace(taken, id="p2"))
    await storage.partners.add(partner("p3", (Role.EMSP, XYZ), sub_ids=(ABC,)))
    await storage.partners.remove("p1")
    await storage.partners.add(partner("p4", (Role.CPO, XYZ)))


async def test_a_partner_is_updated_by_one_writer_at_a_time(storage):
    await storage.partners.add(partner())
    await storage.partners.update(partner(name="A"))
    with pytest.raises(Uncertain):
        await storage.partners.update(partner(name="B"))
    with pytest.raises(Unknown):
        await storage.partners.update(partner("p9"))


async def test_secrets_name_their_partner(storage):
    credentials = storage.credentials
    await storage.partners.add(partner())
    await credentials.put("p1", CredentialKind.REGISTRATION, "token-a")
    await credentials.put("p1", CredentialKind.OUTBOUND, "ours")
    assert await credentials.partner_by_secret("token-a") == ("p1", CredentialKind.REGISTRATION)
    assert await credentials.partner_by_secret("ours") is None
    assert await credentials.outbound("p1") == "ours"
    assert await credentials.inbound("p1") is None
    await credentials.put("p1", CredentialKind.INBOUND, "theirs")
    assert await credentials.partner_by_secret("theirs") == ("p1", CredentialKind.INBOUND)
    await credentials.put("p1", CredentialKind.INBOUND, "theirs-2")
    assert await credentials.partner_by_secret("theirs") is None
    assert await credentials.inbound("p1") == "theirs-2"
    await credentials.drop("p1", CredentialKind.INBOUND)
    assert await credentials.partner_by_secret("theirs-2") is None
    assert await credentials.inbound("p1") is None
    with pytest.raises(Invalid):
        await credentials.put("p2", CredentialKind.INBOUND, "token-a")


@pytest.mark.spec("OCPI-CRD-42")
async def test_a_handshake_is_all_or_nothing(storage):
    credentials = storage.credentials
    await storage.partners.add(partner("p2"))
    await credentials.put("p2", CredentialKind.INBOUND, "taken")
    await storage.partners.add(partner())
    await credentials.put("p1", CredentialKind.REGISTRATION, "token-a")
    new = partner(version="2.2.1")
    for bad, inbound in ((replace(new, rev=7), "b"), (new, "taken")):
        with pytest.raises((Uncertain, Invalid)):
            await credentials.switch(bad, inbound=inbound, outbound="c", spend_registration=True)
    assert await credentials.partner_by_secret("token-a") == ("p1", CredentialKind.REGISTRATION)
    assert (await storage.partners.get("p1"), await credentials.outbound("p1")) == (partner(), None)
    switched = await credentials.switch(new, inbound="b", outbound="c", spend_registration=True)
    assert switched == replace(new, rev=1) == await storage.partners.get("p1")
    assert await credentials.partner_by_secret("token-a") is None
    assert await credentials.partner_by_secret("b") == ("p1", CredentialKind.INBOUND)
    assert (await credentials.inbound("p1"), await credentials.outbound("p1")) == ("b", "c")


async def test_a_registration_token_may_become_the_inbound_one(storage):
    credentials = storage.credentials
    await storage.partners.add(partner())
    await credentials.put("p1", CredentialKind.INBOUND, "old")
    await credentials.put("p1", CredentialKind.REGISTRATION, "new")
    assert await credentials.partner_by_secret("old") == ("p1", CredentialKind.INBOUND)
    await credentials.switch(partner(), inbound="new", outbound="c", spend_registration=True)
    assert await credentials.partner_by_secret("new") == ("p1", CredentialKind.INBOUND)
    assert await credentials.partner_by_secret("old") is None


@pytest.mark.server
@pytest.mark.spec("OCPI-TRN-12")
async def test_no_secret_is_readable_at_rest(real_storage):
    for kind in CredentialKind:
        await real_storage.credentials.put("p1", kind, f"secret-{kind}")
    found = await real_storage._database["credentials"].find().to_list()
    assert len(found) == 3
    assert "secret-" not in str(found)


@pytest.mark.server
async def test_keys_can_be_changed(real_storage):
    credentials = real_storage.credentials
    await credentials.put("p1", CredentialKind.OUTBOUND, "ours")
    old = credentials._box
    try:
        credentials._box = SecretBox("new key, a secret of these tests")
        assert await credentials.reseal() == 1
        credentials._box = SecretBox("new key")
        credentials._seen()
        assert await credentials.outbound("p1") == "ours"
    finally:
        credentials._box = old


@pytest.mark.server
async def test_two_processes_see_each_others_partners_and_secrets(real_storage, second_storage):
    here, there = real_storage, second_storage
    await here.partners.add(partner("p1", (Role.CPO, ABC)))

    async def arrived():
        return await there.partners.by_party(ABC) is not None

    await until(arrived)
    await here.credentials.put("p1", CredentialKind.INBOUND, "s")
    assert await there.credentials.partner_by_secret("s") == ("p1", CredentialKind.INBOUND)
    await there.partners.update(replace(await there.partners.get("p1"), name="There"))
    await here.credentials.drop("p1", CredentialKind.INBOUND)

    async def both():
        renamed = (await here.partners.get("p1")).name == "There"
        return renamed and await there.credentials.partner_by_secret("s") is None

    await until(both)


async def test_the_journal_keeps_messages(storage):
    def exchange(name, seconds, partner):
        return Exchange(
            id=name, at=at(seconds), partner=partner, protocol="ocpi", inbound=True, operation="o", request="{}"
        )

    first, second, third = exchange("1", 1, "p1"), exchange("2", 2, "p2"), exchange("3", 3, None)
    for each in (first, third, second):
        storage.journal.record(each)
    await storage.journal.flush()
    assert await storage.journal.page(partner=None, offset=0, limit=2) == ([third, second], 3)
    assert await storage.journal.page(partner="p1", offset=0, limit=9) == ([first], 1)


async def test_the_cache_remembers_for_a_while(storage):
    cache = storage.cache
    await cache.drop("k")
    await cache.drop("f")
    assert await cache.get("k") is None
    await cache.put("k", b"\x00\xff", 60)
    assert await cache.get("k") == b"\x00\xff"
    await cache.drop("k")
    assert await cache.get("k") is None
    assert await cache.first("f", 60)
    assert not await cache.first("f", 60)


async def test_a_cache_out_of_reach_is_an_empty_one():
    cache = RedisCache("redis://127.0.0.1:1/0", "test")
    await cache.put("k", b"v", 60)
    assert await cache.get("k") is None
    assert await cache.first("k", 60)
    await cache.drop("k")
    await cache.close()


async def test_readiness_names_what_is_missing(storage):
    assert await storage.ping() == {"mongodb": None, "redis": None}
