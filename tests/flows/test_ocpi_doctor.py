"""The hub begins a handshake, and says in one sentence what is wrong with the other side."""

import asyncio
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.errors import RoamingError
from core.model.partner import Partner, PartnerState
from core.services.presence import Presence
from protocols.ocpi.plugin import PLUGIN
from protocols.ocpi.settings import settings_of
from protocols.transport.http import HttpClient
from tests.fakes import FakeIds, FakeStorage
from tests.flows.conftest import OcpiNet
from tests.flows.hub import TestHub
from tests.flows.ocpi_partner import OcpiPartner, envelope

spec = pytest.mark.spec
URL = "https://new.test/versions"


def newcomer(**options: Any) -> OcpiPartner:
    return OcpiPartner("new.test", ("CPO", "NL", "NEW"), **options)


async def connected(hub: TestHub, partner: OcpiPartner, url: str = URL) -> Partner:
    hub.network.serve(partner.host, partner)
    planned, _ = await hub.add(partner.document())
    plan = {"versions_url": url, "token_a": partner.token_b}
    try:
        return await PLUGIN.connect(hub.hub, planned, plan)
    finally:
        held = await hub.hub.partners.get(planned.id)
        assert held.state is PartnerState.CONNECTED or await hub.storage.credentials.inbound(planned.id) is None


async def told(hub: TestHub, partner: OcpiPartner, url: str = URL) -> str:
    with pytest.raises(RoamingError) as failure:
        await connected(hub, partner, url)
    return str(failure.value)


def answers(method: str, module: str, status: int, body: Any, **headers: str) -> Callable[[OcpiPartner], None]:
    return lambda partner: partner.answers.update({(method, module): (status, body, headers)})


def failing(error: Exception) -> Callable[[OcpiPartner], None]:
    def fails(_: Any) -> Any:
        raise error

    return lambda partner: partner.answers.update({("GET", "versions"): fails})


def locked_out(partner: OcpiPartner) -> None:
    partner.answers["GET", "versions"] = (401, envelope(None, 2000, "no"), {})


def lists(*versions: str) -> Callable[[OcpiPartner], None]:
    return lambda partner: setattr(partner, "versions", list(versions))


def endpoints(*listed: tuple[str, str]) -> Callable[[OcpiPartner], None]:
    return lambda partner: setattr(partner, "_details", lambda: [_end(*one) for one in listed])


def _end(module: str, role: str) -> dict[str, str]:
    return {"identifier": module, "role": role, "url": f"https://new.test/2.3.0/{module}"}


def says(**changes: Any) -> Callable[[OcpiPartner], None]:
    def spoil(partner: OcpiPartner) -> None:
        partner.answers["POST", "credentials"] = lambda _: (200, envelope(partner.credentials("c", **changes)), {})

    return spoil


ROLE = {"role": "CPO", "business_details": {"name": "X"}, "country_code": "NL"}
TLS = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1006)"

WRONG = [
    (locked_out, "/versions does not accept the token (HTTP 401): no, neither encoded in base64 nor as it is"),
    (
        answers("GET", "versions", 301, b"", location="/v"),
        "redirect (HTTP 301), which OCPI does not know; it leads to https://new.test/v",
    ),
    (
        answers("GET", "versions", 307, b"", location=URL + "/"),
        "leads to https://new.test/versions/, which differs by the slash at its end only",
    ),
    (answers("GET", "versions", 302, b"", location=URL), "a redirect that leads nowhere (HTTP 302)"),
    (
        answers("GET", "versions", 404, b""),
        "GET versions: https://new.test/versions has nothing at this address (HTTP 404)",
    ),
    (answers("GET", "versions", 500, b"oops"), "answers with HTTP 500"),
    (
        answers("GET", "versions", 503, envelope(None, 3000, "later")),
        "answers with HTTP 503 and status code 3000: later",
    ),
    (answers("GET", "versions", 429, b""), "answers with HTTP 429"),
    (
        answers("GET", "versions", 200, b"<html>", **{"content-type": "text/html"}),
        "not JSON (content type text/html): '<html>'",
    ),
    (answers("GET", "versions", 200, b""), "answers with nothing at all"),
    (answers("GET", "versions", 200, [{"version": "2.3.0"}]), "a bare list; it belongs under `data`"),
    (answers("GET", "versions", 200, {"versions": []}), "lacks the OCPI envelope: there is no `status_code`"),
    (
        answers("GET", "versions", 200, {"status_code": "1000", "data": []}),
        "wrong OCPI envelope: `status_code` is '1000'",
    ),
    (answers("GET", "versions", 200, envelope([], 2001, "who?")), "answers with status code 2001: who?"),
    (
        answers("GET", "versions", 200, envelope([{"version": "2.3.0"}])),
        "wrong data: $.data[0]: Object missing required field `url`",
    ),
    (answers("GET", "2.3.0", 404, b""), "GET version details: https://new.test/2.3.0 has nothing"),
    (lists("2.0", "2.2"), "does not list OCPI 2.3.0, 2.2.1, 2.1.1: it lists 2.0, 2.2"),
    (lists(), "it lists nothing"),
    (endpoints(("locations", "SENDER")), "new.test publishes no credentials endpoint"),
    (
        endpoints(("credentials", "SENDER"), ("tokens", "RECEIVER")),
        "as CPO at least one of locations, sessions, cdrs is needed",
    ),
    (answers("POST", "credentials", 405, envelope(None, 2000)), "says that it knows the hub already (HTTP 405)"),
    (
        answers("POST", "credentials", 200, envelope(None, 3001, "cannot reach you")),
        "status code 3001: cannot reach you",
    ),
    (
        answers("POST", "credentials", 200, envelope({"token": "x"})),
        "POST credentials: https://new.test/2.3.0/credentials/receiver/ answers with wrong data",
    ),
    (says(roles=[{**ROLE, "party_id": "CPA"}]), "NL*CPA is a party of another platform"),
    (says(roles=[{**ROLE, "party_id": "OTH"}]), "new.test was not added for NL*OTH"),
    (says(roles=[{**ROLE, "party_id": "NEW"}] * 2), "CPO NL*NEW is named twice"),
    (says(url="ftp://new.test"), "$.url: not an absolute http or https URL"),
    (failing(httpx.ConnectError("All connection attempts failed")), "cannot be reached: the connection is refused"),
    (failing(httpx.ConnectError("[Errno -2] Name or service not known")), "has a host name that nobody knows"),
    (failing(httpx.ConnectTimeout("")), "cannot be reached: no connection in time"),
    (failing(httpx.ReadTimeout("")), "gives no answer in time"),
    (failing(httpx.ConnectError(TLS)), "shows a certificate that is not trusted: certificate has expired"),
    (failing(httpx.ConnectError("[SSL: WRONG_VERSION_NUMBER] wrong version number")), "does not speak TLS"),
    (failing(httpx.RemoteProtocolError("server disconnected")), "breaks off: GET versions: server disconnected"),
]


@spec("OCPI-CRD-31", "OCPI-CRD-33", "OCPI-VER-11")
@pytest.mark.parametrize(("spoil", "sentence"), WRONG, ids=[sentence[:50] for _, sentence in WRONG])
async def test_what_is_wrong_is_said(net: OcpiNet, spoil: Callable[[OcpiPartner], None], sentence: str) -> None:
    partner = newcomer()
    spoil(partner)
    said = await told(net.hub, partner)
    assert sentence in said
    assert "\n" not in said
    assert partner.token_b not in said


async def test_what_a_partner_says_stays_on_one_line(net: OcpiNet) -> None:
    partner = newcomer()
    partner.answers["GET", "versions"] = (200, envelope([], 2001, "go\n\x1b[2Jaway"), {})
    assert (await told(net.hub, partner)).endswith("status code 2001: go [2Jaway")


async def test_a_slash_more_or_less_is_found_out(net: OcpiNet) -> None:
    partner = newcomer()
    listed = envelope([{"version": "2.3.0", "url": "https://new.test/2.3.0"}])
    partner.answers["GET", "versions"] = lambda r: (404, b"", {}) if r.path.endswith("/") else (200, listed, {})
    said = await told(net.hub, partner, URL + "/")
    assert "https://new.test/versions/ has nothing at this address (HTTP 404)" in said
    assert "it is at https://new.test/versions, which differs by the slash at its end only" in said


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://new.test/versions", "https is required"),
        ("https://10.1.2.3/versions", "the URL leads into a private network"),
        ("new.test/versions", "not an absolute http or https URL"),
    ],
)
@spec("OCPI-CRD-40", "OCPI-GEN-06")
async def test_an_address_that_may_not_be_called(url: str, sentence: str) -> None:
    async with TestHub.open([PLUGIN], allow_private=False) as hub:
        assert sentence in await told(hub, newcomer(), url)
        partner = newcomer()
        partner.answers["GET", "versions"] = (200, envelope([{"version": "2.3.0", "url": "https://127.0.0.1/v"}]), {})
        assert "may not be called: the URL leads into a private network" in await told_again(hub, partner)


async def told_again(hub: TestHub, partner: OcpiPartner) -> str:
    hub.network.serve(partner.host, partner)
    (planned,) = await hub.hub.partners.all()
    with pytest.raises(RoamingError) as failure:
        await PLUGIN.connect(hub.hub, planned, {"versions_url": URL, "token_a": partner.token_b})
    return str(failure.value)


# --- what hinders nothing


async def test_what_was_noticed_is_kept(net: OcpiNet) -> None:
    partner = newcomer()
    partner.raw_only = True
    listed = {"date": (net.hub.clock.now() - timedelta(minutes=7)).strftime("%a, %d %b %Y %H:%M:%S GMT")}
    versions = envelope([{"version": "2.3.0", "url": "https://new.test/2.3.0"}])
    partner.answers["GET", "versions"] = lambda r: (200 if r.token == partner.token_b else 401, versions, listed)
    partner.roles = (("EMSP", "NL", "NEW"),)
    planned = {**newcomer().document()}
    partner.document = lambda: planned  # type: ignore[method-assign]
    held = await connected(net.hub, partner)
    assert settings_of(held).remarks == (
        "its clock is 420 s behind that of the hub (Date header)",
        "it takes the token only as it is, though OCPI 2.3.0 says base64",
        "it was added as CPO NL*NEW, and says that it is EMSP NL*NEW",
    )
    partner.raw_only = False


async def test_of_a_good_partner_nothing_is_remarked(net: OcpiNet) -> None:
    partner = newcomer()
    near = {"date": (net.hub.clock.now() + timedelta(seconds=50)).strftime("%a, %d %b %Y %H:%M:%S GMT")}
    for what in ("versions", "2.3.0"):
        answer = (
            partner._answer_details()
            if what == "2.3.0"
            else (200, envelope([{"version": "2.3.0", "url": "https://new.test/2.3.0"}]), {})
        )
        partner.answers["GET", what] = (*answer[:2], near)
    assert settings_of(await connected(net.hub, partner)).remarks == ()


# --- over real sockets


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Self-signed, of localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + built.public_bytes(pem))
    return path


@pytest.mark.parametrize(
    ("tls", "scheme", "sentence"),
    [
        (True, "https", "shows a certificate that is not trusted: self-signed certificate"),
        (False, "https", "does not speak TLS"),
        (None, "https", "cannot be reached: the connection is refused"),
    ],
)
async def test_the_words_of_real_connections(certificate: Path, tls: bool | None, scheme: str, sentence: str) -> None:
    context = None
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    if tls is None:
        server.close()
    async with TestHub.open([PLUGIN]) as hub:
        hub.outbound.http._transport = real_transport(hub)
        assert sentence in await told(hub, newcomer(), f"{scheme}://127.0.0.1:{port}/versions")
    server.close()


def real_transport(hub: TestHub) -> httpx.AsyncBaseTransport:
    storage = FakeStorage()
    presence = Presence(storage.sightings, hub.clock)
    return HttpClient(storage.journal, hub.clock, FakeIds(), allow_private=True, heard=presence.saw)._transport
