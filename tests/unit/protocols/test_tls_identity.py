"""A client certificate of ours, against a TLS server on loopback that demands one."""

import asyncio
import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.errors import Invalid, Unavailable, Uncertain
from protocols.transport.http import HttpClient, Request
from protocols.transport.identity import TlsIdentity, tls_context
from tests.fakes import FakeIds, FakeStorage


def pair(name: str, password: bytes | None = None) -> tuple[str, str]:
    """A certificate for loopback that vouches for itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    builder = builder.add_extension(x509.SubjectAlternativeName([loopback]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    sealed = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)
    certificate = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    return certificate.decode(), text.decode()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nprocess-id: theirs-1\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
    await writer.drain()
    writer.close()


@pytest.mark.spec("OICP-UP-01", "OICP-UP-20", "OICP-SEC-11")
async def test_a_server_that_demands_a_certificate_gets_ours_and_its_own_is_checked(tmp_path: Path) -> None:
    theirs, their_key = pair("platform")
    ours, our_key = pair("hub")
    (tmp_path / "theirs.pem").write_text(their_key + theirs)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=ours)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(tmp_path / "theirs.pem")
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    storage = FakeStorage()
    client = HttpClient(storage.journal, storage.clock, FakeIds(), allow_private=True)

    async def ask(identity: TlsIdentity | None) -> int:
        wanted = Request(partner="p", protocol="oicp", operation="x", method="GET", url=url, identity=identity)
        return (await client.send(wanted)).status

    try:
        full = TlsIdentity(certificate=ours, private_key=our_key, trust_anchor=theirs)
        assert await ask(full) == 200
        assert storage.journal.exchanges[-1].their_id == "theirs-1"
        assert our_key not in str(storage.journal.exchanges) + repr(full)
        for wrong in (None, TlsIdentity(trust_anchor=theirs), TlsIdentity(certificate=ours, private_key=our_key)):
            with pytest.raises((Unavailable, Uncertain)):
                await ask(wrong)
    finally:
        await client.aclose()
        server.close()


def test_what_is_no_identity() -> None:
    certificate, key = pair("hub")
    _, other_key = pair("other")
    _, sealed = pair("sealed", b"secret")
    for wrong, path in (
        (TlsIdentity(certificate=certificate), "$.outbound_private_key"),
        (TlsIdentity(private_key=key), "$.outbound_private_key"),
        (TlsIdentity(certificate=certificate, private_key=other_key), "$.outbound_certificate"),
        (TlsIdentity(certificate=certificate, private_key=sealed), "$.outbound_certificate"),
        (TlsIdentity(certificate="nonsense", private_key="nonsense"), "$.outbound_certificate"),
        (TlsIdentity(trust_anchor="nonsense"), "$.trust_anchor"),
    ):
        with pytest.raises(Invalid) as refused:
            tls_context(wrong)
        assert refused.value.path == path
