"""The edge that we ship, as it is: a real nginx with `deploy/nginx.conf` in front of a hub, and who gets past it.

Only addresses and the places of files are other ones. The certificates are made here.
"""

import asyncio
import base64
import contextlib
import hashlib
import os
import shutil
import signal
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
import pytest_asyncio
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core.model.ids import PartyId
from gateway.simulator.access import Admin, partner_document
from tests.e2e.hub_fixture import HubProcess

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
MODULE = next((path for path in Path("/usr/lib").glob("**/ngx_http_js_module.so")), None)
STATUS = "/api/oicp/evsepush/v21/operators/DE%2AABC/status-records"
Key = ec.EllipticCurvePrivateKey

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        NGINX is None or MODULE is None,
        reason="nginx with its module http-js (Debian: nginx, libnginx-mod-http-js) is not on this machine",
    ),
]


class Issued(NamedTuple):
    certificate: x509.Certificate
    key: Key
    directory: Path

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.der).hexdigest()

    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def files(self, name: str) -> tuple[str, str]:
        certificate, key = self.directory / f"{name}.pem", self.directory / f"{name}.key"
        certificate.write_bytes(self.pem())
        key.write_bytes(
            self.key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return str(certificate), str(key)


def issued(directory: Path, name: str, by: Issued | None = None, *, days: int = 30) -> Issued:
    """Signed by an authority; without one it is an authority itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    )
    return Issued(builder.sign(by.key if by else key, hashes.SHA256()), key, directory)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
    return port


class Edge(NamedTuple):
    hub: HubProcess
    url: str
    directory: Path
    authority: Issued
    abc: Issued
    bbb: Issued

    async def call(
        self, one: Issued | None = None, *, path: str = STATUS, evse: str = "DE*ABC*E1", **headers: str
    ) -> httpx.Response:
        """With this client certificate, past nginx."""
        context = ssl.create_default_context(cadata=self.authority.pem().decode())
        if one is not None:
            context.load_cert_chain(*one.files("caller"))
        async with httpx.AsyncClient(verify=context, trust_env=False, timeout=20) as client:
            return await client.post(self.url + path, json=body(evse), headers=headers)

    async def straight(self, header: str, *, source: str) -> httpx.Response:
        """To the hub itself, from this address."""
        transport = httpx.AsyncHTTPTransport(local_address=source)
        async with httpx.AsyncClient(transport=transport, timeout=20) as client:
            return await client.post(self.hub.base_url + STATUS, json=body(), headers={"client-cert": header})

    async def stored(self) -> list[str]:
        async with Admin(self.hub.access) as admin:
            found = await admin.call("GET", "/sets", name="oicp/loose-statuses/DEABC")
        return [item["key"] for item in found["items"]]


def body(evse: str = "DE*ABC*E1") -> dict[str, Any]:
    record = {"EvseID": evse, "EvseStatus": "Available"}
    return {"ActionType": "fullLoad", "OperatorEvseStatus": {"OperatorID": "DE*ABC", "EvseStatusRecord": [record]}}


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["StatusCode"]["Code"]


def as_header(one: Issued) -> str:
    return f":{base64.b64encode(one.der).decode()}:"


def configured(directory: Path, hub_url: str, port: int, plain_port: int) -> Path:
    """`deploy/nginx.conf` for this machine; every replacement has to find its place."""
    text = (DEPLOY / "nginx.conf").read_text()
    for shipped, here in (
        ("modules/ngx_http_js_module.so", str(MODULE)),
        ("http {", f"http {{\n    access_log off;\n    {_temporary(directory)}"),
        ("server 127.0.0.1:8080;", f"server {hub_url.removeprefix('http://')};"),
        ("listen 443 ssl http2;", f"listen 127.0.0.1:{port} ssl http2;"),
        ("listen 80;", f"listen 127.0.0.1:{plain_port};"),
    ):
        assert text.count(shipped) == 1, shipped
        text = text.replace(shipped, here)
    shutil.copy(DEPLOY / "client_cert.js", directory)
    path = directory / "nginx.conf"
    path.write_text(text)
    return path


def _temporary(directory: Path) -> str:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    return " ".join(f"{kind}_temp_path {directory}/{kind};" for kind in kinds)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubProcess]:
    process = HubProcess(tmp_path_factory.mktemp("edge"), "--ephemeral", trusted_proxies="127.0.0.1")
    process.start()
    yield process
    process.end(signal.SIGTERM)


@pytest_asyncio.fixture(scope="module")
async def edge(hub: HubProcess, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Edge]:
    directory = tmp_path_factory.mktemp("nginx")
    authority = issued(directory, "partners")
    issued(directory, "localhost", authority).files("hub")
    (directory / "partners-ca.pem").write_bytes(authority.pem())
    abc, bbb = issued(directory, "abc", authority), issued(directory, "bbb", authority)
    async with Admin(hub.access) as admin:
        for party, one in ((PartyId("DE", "ABC"), abc), (PartyId("DE", "BBB"), bbb)):
            bound = {"operator_id": str(party), "certificates": [one.fingerprint]}
            await admin.add(partner_document(party.key, "oicp", party, "CPO", **bound))
    port = free_port()
    conf = configured(directory, hub.base_url, port, free_port())
    options = f"daemon off; pid {directory}/nginx.pid;" + (" user root;" if os.geteuid() == 0 else "")
    command = [str(NGINX), "-e", "stderr", "-p", str(directory), "-c", str(conf), "-g", options]
    process = await asyncio.create_subprocess_exec(*command, stderr=subprocess.PIPE)
    try:
        await listening(port, process)
        yield Edge(hub, f"https://localhost:{port}", directory, authority, abc, bbb)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        await process.communicate()


async def listening(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(20):
        while True:
            assert process.returncode is None, await process.communicate()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


@pytest.mark.spec("OICP-SEC-01", "OICP-SEC-03")
async def test_the_right_certificate_is_its_partner(edge: Edge) -> None:
    assert said(await edge.call(edge.abc)) == (200, "000")
    assert await edge.stored() == ["DEABCE1"]


@pytest.mark.spec("OICP-SEC-01")
async def test_without_a_certificate_nothing_reaches_the_hub(edge: Edge) -> None:
    before = await edge.stored()
    answer = await edge.call(None, evse="DE*ABC*E2")
    assert answer.status_code == 403
    assert "StatusCode" not in answer.text
    assert await edge.stored() == before


@pytest.mark.spec("OICP-SEC-01")
async def test_certificates_of_another_authority_are_refused(edge: Edge) -> None:
    before = await edge.stored()
    foreign = issued(edge.directory, "abc", issued(edge.directory, "partners"))
    answer = await edge.call(foreign, evse="DE*ABC*E2")
    assert answer.status_code == 400
    assert "StatusCode" not in answer.text
    assert await edge.stored() == before


@pytest.mark.spec("OICP-SEC-01", "OICP-SEC-08")
async def test_an_expired_certificate_is_refused(edge: Edge) -> None:
    answer = await edge.call(issued(edge.directory, "abc", edge.authority, days=-1))
    assert answer.status_code == 400
    assert "StatusCode" not in answer.text


@pytest.mark.spec("OICP-SEC-02")
async def test_the_certificate_of_another_partner_changes_nothing(edge: Edge) -> None:
    before = await edge.stored()
    assert said(await edge.call(edge.bbb, evse="DE*ABC*E2")) == (401, "017")
    assert said(await edge.call(issued(edge.directory, "abc", edge.authority), evse="DE*ABC*E2")) == (401, "017")
    assert await edge.stored() == before


@pytest.mark.spec("OICP-SEC-10")
async def test_what_a_caller_says_of_its_certificate_does_not_get_through(edge: Edge) -> None:
    forged = {"client-cert": as_header(edge.abc)}
    assert said(await edge.call(edge.bbb, **forged)) == (401, "017")
    assert (await edge.call(None, **forged)).status_code == 403
    versions = await edge.call(None, path="/ocpi/versions", **forged)
    assert versions.status_code in (401, 405)


@pytest.mark.spec("OICP-SEC-10")
async def test_the_header_is_believed_from_the_proxy_alone(edge: Edge) -> None:
    assert said(await edge.straight(as_header(edge.abc), source="127.0.0.2")) == (401, "017")
    assert said(await edge.straight(as_header(edge.abc), source="127.0.0.1")) == (200, "000")
