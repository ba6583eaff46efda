"""Certificates, and the documents by which partners are added. OICP 2.3."""

import hashlib
import ipaddress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from core.errors import Invalid
from core.model.partner import PartnerState
from tests.flows.oicp_partners import (
    CARD,
    STATUS,
    Emp,
    Reached,
    code,
    cpo,
    emp,
    join,
    opened,
    record,
    rfid,
)
from tests.flows.test_oicp_identity import STATUS_BODY

# --- certificates


PROXY = ("10.0.0.9", 4711)


def certificate(days: int = 365, name: str = "abc") -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    made = builder.not_valid_before(start).not_valid_after(start + timedelta(days=days)).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


def as_header(der: bytes) -> bytes:
    import base64

    return b":" + base64.b64encode(der) + b":"


async def called(one: Reached, header: bytes, peer: str = PROXY[0]) -> tuple[int, str]:
    """A call without key, from this address."""
    import httpx

    transport = httpx.ASGITransport(one.hub.app, client=(peer, 1))
    async with httpx.AsyncClient(transport=transport, base_url="https://hub.test") as client:
        path = "/api/oicp/" + STATUS.format(id=one.own_id)
        return code(await client.post(path, json=STATUS_BODY, headers={"client-cert": header.decode("latin-1")}))


@pytest.mark.spec("OICP-SEC-03", "OICP-SEC-10")
async def test_a_certificate_is_believed_from_our_proxy_only() -> None:
    old, new, strange = certificate(), certificate(), certificate()
    prints = [hashlib.sha256(der).hexdigest() for der in (old, new)]
    async with opened(trusted_proxies=(ipaddress.ip_network("10.0.0.0/24"),)) as hub:
        abc = await join(hub, cpo(certificates=prints))
        assert await called(abc, as_header(old)) == (200, "000")
        assert await called(abc, as_header(new)) == (200, "000")
        assert await called(abc, as_header(strange)) == (401, "017")
        assert await called(abc, b"rubbish") == (401, "017")
        assert await called(abc, as_header(b"rubbish")) == (401, "017")
        assert await called(abc, as_header(old), peer="203.0.113.5") == (401, "017")


@pytest.mark.spec("OICP-SEC-08")
async def test_an_expired_certificate_identifies_nobody() -> None:
    expired = certificate(days=3)
    async with opened(trusted_proxies=(ipaddress.ip_network("10.0.0.0/24"),)) as hub:
        abc = await join(hub, cpo(certificates=[hashlib.sha256(expired).hexdigest()]))
        assert await called(abc, as_header(expired)) == (401, "017")
        hub.clock.set(datetime(2026, 1, 2, tzinfo=UTC))
        assert await called(abc, as_header(expired)) == (200, "000")


# --- adding partners


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"operator_id": "DE*BBB"}, "$.operator_id"),
        ({"operator_id": "nonsense"}, "$.operator_id"),
        ({"sub_ids": ["DE*XYZ", "?"]}, "$.sub_ids[1]"),
        ({"sub_ids": "DE*XYZ"}, "$.sub_ids"),
        ({"callback_url": "ftp://cpo.test"}, "$.callback_url"),
        ({"callback_url": 7}, "$.callback_url"),
        ({"closed_services": ["eRoamingDreams"]}, "$.closed_services[0]"),
        ({"certificates": ["AB"]}, "$.certificates[0]"),
        ({"brodcast": True}, "$.brodcast"),
        ({"calls_per_minute": {"PushEverything": 1}}, "$.calls_per_minute.PushEverything"),
        ({"calls_per_minute": {"PushEvseData": 0}}, "$.calls_per_minute[...]"),
        ({"calls_per_minute": {"PushEvseData": 10**30}}, "$.calls_per_minute[...]"),
        ({"authorise_timeout_s": -1}, "$.authorise_timeout_s"),
        ({"remote_timeout_s": 0}, "$.remote_timeout_s"),
        ({"cdr_timeout_s": 1e300}, "$.cdr_timeout_s"),
        ({"roles": [{"role": "NSP", "country_code": "DE", "party_id": "ABC"}]}, "$.roles"),
    ],
)
async def test_a_wrong_partner_document_names_the_member(wrong: dict[str, Any], path: str) -> None:
    async with opened() as hub:
        with pytest.raises(Invalid) as raised:
            await hub.add({**cpo(), **wrong})
        assert raised.value.path == path
        assert not hub.storage.partners.held


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://10.1.2.3/x", "https://localhost", "http://emp.example"])
async def test_a_callback_url_into_a_private_network_is_refused(url: str) -> None:
    async with opened(allow_private=False) as hub:
        with pytest.raises(Invalid) as raised:
            await hub.add(emp(callback_url=url))
        assert raised.value.path == "$.callback_url"


@pytest.mark.spec("OICP-PRT-02")
@pytest.mark.parametrize(
    ("taken", "path"),
    [
        (cpo("DEABC"), "$.roles[0]"),
        (cpo("DE*BBB", sub_ids=["DE*CCC", "deabc"]), "$.sub_ids[1]"),
        (cpo("DE*XYZ"), "$.roles[0]"),
        (cpo("DE*BBB", sub_ids=["DE-XYZ"]), "$.sub_ids[0]"),
        (cpo("+49*811"), "$.roles[0]"),
        (cpo("DE*BBB", sub_ids=["+49*811"]), "$.sub_ids[0]"),
    ],
)
async def test_an_id_belongs_to_one_partner(taken: dict[str, Any], path: str) -> None:
    """In whatever spelling, as its own or as one that it bundles; an EMP may have the letters of a CPO."""
    async with opened() as hub:
        await join(hub, cpo(sub_ids=["DE*XYZ", "DE*811"]))
        with pytest.raises(Invalid) as raised:
            await hub.add(taken)
        assert raised.value.path == path
        await join(hub, emp("DE-XYZ", sub_ids=["DE-ABC"]))


@pytest.mark.spec("OICP-PRT-15")
async def test_no_message_changes_who_is_under_contract_with_whom() -> None:
    async with opened() as hub:
        back = Emp(CARD)
        abc = await join(hub, cpo())
        provider = await join(hub, emp(), back)
        before = dict(hub.storage.partners.held)
        session_id = (await abc.start(rfid())).json()["SessionID"]
        answers = [
            await abc.push_data("fullLoad", record()),
            await abc.push_status("fullLoad", {"DE*ABC*E1": "Available"}),
            await provider.push_cards("fullLoad", rfid("11111111")),
            await provider.pull(),
            await abc.notify("Start", session_id),
            await abc.stop(session_id, rfid()),
            await abc.cdr(session_id),
            await provider.fetch(),
        ]
        assert {code(answer) for answer in answers} == {(200, "000")}
        await hub.settle()
        assert hub.storage.partners.held == before


async def test_what_a_new_partner_is_shown() -> None:
    async with opened() as hub:
        partner, shown = await hub.add(emp(callback_url="http://emp.test"))
        assert shown["base_url"] == "https://hub.test"
        assert (shown["id"], len(shown["api_key"]) > 30) == (partner.id, True)
        assert partner.state is PartnerState.CONNECTED
        assert shown["api_key"] not in partner.settings
