"""Envelopes in, envelopes out: every wrong request gets the right fault, and the loop lives."""

import asyncio
import gzip
import logging
import time
from typing import Any

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient
from lxml import etree

from core.errors import Invalid, Refused, Unavailable, Unknown
from protocols.transport.soap.dispatch import Call, Dispatcher, Incoming, Reply
from protocols.transport.soap.endpoint import SoapEndpoint, soap_handler
from protocols.transport.soap.envelope import SOAP_11, SOAP_12, Fault, FaultKind, Version, open_envelope, read_fault
from protocols.transport.soap.wsdl import WsdlFiles
from protocols.transport.soap.xml import parse
from tests.ochp_schema import OURS

ENV_11 = SOAP_11.namespace
ENV_12 = SOAP_12.namespace
SECEXT = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"


async def echo(call: Call) -> bytes:
    return b'<Answer xmlns="urn:t">%b</Answer>' % (call.body.text or "").encode()


async def broken(call: Call) -> bytes:
    raise ValueError("secret: /etc/passwd")


ERRORS = {
    "invalid": Invalid("/Ask/x", "wrong"),
    "login": Refused("no", authenticated=False),
    "role": Refused("not yours"),
    "unknown": Unknown("thing", "x"),
    "down": Unavailable("10.0.0.1 is down"),
}


async def failing(call: Call) -> bytes:
    raise ERRORS[call.body.text or ""]


OPERATIONS = {"{urn:t}Ask": echo, "{urn:t}Break": broken, "{urn:t}Fail": failing}


def envelope(body: str, header: str = "", namespace: str = ENV_11) -> bytes:
    head = f"<s:Header>{header}</s:Header>" if header else ""
    return f'<s:Envelope xmlns:s="{namespace}">{head}<s:Body>{body}</s:Body></s:Envelope>'.encode()


ASK = '<Ask xmlns="urn:t">hello</Ask>'


async def ask(body: bytes, *, versions: tuple[Version, ...] = (SOAP_11,), **headers: str) -> Reply:
    dispatcher = Dispatcher(OPERATIONS, versions=versions, max_bytes=1_000_000)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await dispatcher.answer(Incoming(body=body, headers=named))


def fault(reply: Reply, version: Version = SOAP_11) -> Fault:
    opened = open_envelope(parse(reply.body), (version,))
    found = read_fault(opened.body, version)
    assert found is not None, reply.body
    return found


@pytest.mark.spec("OCHP-TRN-01", "OCHP-TRN-03", "OCHP-TRN-04")
@pytest.mark.parametrize("action", ['""', "", '"urn:t/Other"', "urn:t/Ask"])
async def test_the_body_decides_and_not_the_action(action: str) -> None:
    reply = await ask(envelope(ASK), soapaction=action, content_type='text/xml; charset="UTF-8"')
    assert (reply.status, reply.content_type) == (200, "text/xml; charset=utf-8")
    assert open_envelope(parse(reply.body), (SOAP_11,)).body.text == "hello"


@pytest.mark.spec("OCHP-TRN-16", "OCHP-TRN-17", "OCHP-VER-03")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<a",
        envelope(ASK)[:-3],
        envelope(""),
        envelope(ASK + ASK),
        ASK.encode(),
        b'<Envelope xmlns="urn:x"><Body/></Envelope>'.replace(b"Envelope", b"Letter"),
        f'<s:Envelope xmlns:s="{ENV_11}"/>'.encode(),
        f'<s:Envelope xmlns:s="{ENV_11}"><s:Body>{ASK}</s:Body><s:Body>{ASK}</s:Body></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{ENV_11}"><s:Body>{ASK}</s:Body><s:Header/></s:Envelope>'.encode(),
        f'<s:Envelope xmlns:s="{ENV_11}"><Body>{ASK}</Body></s:Envelope>'.encode(),
        envelope('<Ask xmlns="urn:t/2">hello</Ask>'),
        envelope("<Ask>hello</Ask>"),
        envelope('<Other xmlns="urn:t"/>'),
        envelope("<a>" * 3000 + "</a>" * 3000),
        b"x" * 1_000_001,
    ],
)
async def test_what_cannot_be_understood_is_the_clients_fault(body: bytes) -> None:
    reply = await ask(body)
    assert (reply.status, fault(reply).kind) == (500, FaultKind.CLIENT)


@pytest.mark.spec("OCHP-TRN-17", "OCHP-VER-03")
async def test_a_wrong_namespace_is_named_with_the_right_ones() -> None:
    text = fault(await ask(envelope('<Ask xmlns="urn:old">hello</Ask>'))).text
    assert "urn:old" in text
    assert "urn:t" in text


@pytest.mark.spec("OCHP-TRN-02", "OCHP-TRN-31")
async def test_another_version_is_a_mismatch() -> None:
    for body, kind in (
        (envelope(ASK, namespace=ENV_12), "text/xml"),
        (envelope(ASK, namespace="urn:future"), "text/xml"),
        (envelope(ASK, namespace=ENV_12), "application/soap+xml"),
    ):
        reply = await ask(body, content_type=kind)
        assert (reply.status, fault(reply).kind) == (500, FaultKind.VERSION_MISMATCH)
    assert fault(await ask(envelope(ASK), content_type="application/json")).kind is FaultKind.CLIENT


async def test_a_service_may_speak_both_versions() -> None:
    both = (SOAP_11, SOAP_12)
    reply = await ask(envelope(ASK, namespace=ENV_12), versions=both, content_type="application/soap+xml; action=x")
    assert (reply.status, reply.content_type) == (200, "application/soap+xml; charset=utf-8")
    wrong = await ask(envelope("", namespace=ENV_12), versions=both)
    assert wrong.status == 500  # read before the version is known to be right
    refused = await ask(envelope('<Fail xmlns="urn:t">login</Fail>', namespace=ENV_12), versions=both)
    assert (refused.status, fault(refused, SOAP_12).kind) == (400, FaultKind.FAILED_AUTHENTICATION)
    broke = await ask(envelope('<Break xmlns="urn:t"/>', namespace=ENV_12), versions=both)
    assert (broke.status, fault(broke, SOAP_12).kind) == (500, FaultKind.SERVER)


@pytest.mark.spec("OCHP-TRN-19")
async def test_must_understand() -> None:
    unknown = '<x:Y xmlns:x="urn:x" s:mustUnderstand="{}"/>'
    for flag in ("1", "true"):
        reply = await ask(envelope(ASK, unknown.format(flag)))
        assert fault(reply).kind is FaultKind.MUST_UNDERSTAND
    for flag in ("0", ""):
        assert (await ask(envelope(ASK, unknown.format(flag)))).status == 200
    for flag in ("0", "1", "true"):
        security = f'<w:Security xmlns:w="{SECEXT}" s:mustUnderstand="{flag}"/>'
        assert (await ask(envelope(ASK, security))).status == 200


@pytest.mark.spec("OCHP-RES-15")
async def test_errors_are_faults_that_tell_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    kinds = {}
    for word in ERRORS:
        reply = await ask(envelope(f'<Fail xmlns="urn:t">{word}</Fail>'))
        assert reply.status == 500
        kinds[word] = fault(reply).kind.value
        assert b"10.0.0.1" not in reply.body
    assert kinds == {
        "invalid": "Client", "login": "FailedAuthentication", "role": "Client", "unknown": "Client", "down": "Server",
    }  # fmt: skip
    with caplog.at_level(logging.ERROR):
        reply = await ask(envelope('<Break xmlns="urn:t"/>'))
    assert fault(reply).kind is FaultKind.SERVER
    assert b"passwd" not in reply.body
    assert "passwd" in caplog.text


@pytest.mark.spec("OCHP-RES-15")
async def test_the_detail_names_the_place() -> None:
    reply = await ask(envelope('<Fail xmlns="urn:t">invalid</Fail>'))
    detail = etree.fromstring(reply.body).find(".//detail")
    assert detail is not None
    assert [(child.get("path"), child.text) for child in detail] == [("/Ask/x", "wrong")]


async def test_the_protocol_may_answer_errors_itself() -> None:
    def words(call: Call, error: Exception) -> bytes | None:
        return b'<Result xmlns="urn:t">%b</Result>' % type(error).__name__.encode() if call.body.text else None

    dispatcher = Dispatcher(OPERATIONS, on_error=words)
    reply = await dispatcher.answer(Incoming(body=envelope('<Fail xmlns="urn:t">role</Fail>')))
    assert (reply.status, open_envelope(parse(reply.body), (SOAP_11,)).body.text) == (200, "Refused")
    reply = await dispatcher.answer(Incoming(body=envelope('<Break xmlns="urn:t"/>')))
    assert reply.status == 500


@pytest.mark.spec("OCHP-TRN-15")
async def test_the_loop_lives_while_a_long_body_is_parsed() -> None:
    dispatcher = Dispatcher(OPERATIONS, max_bytes=64 * 1024 * 1024)
    long = envelope('<Ask xmlns="urn:t">' + "<a>text</a>" * 900_000 + "</Ask>")
    assert len(long) > 9_000_000
    waiting = asyncio.create_task(dispatcher.answer(Incoming(body=long)))
    longest, last = 0.0, time.perf_counter()
    while not waiting.done():
        await asyncio.sleep(0.005)
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    assert (await waiting).status == 200
    assert longest < 1.5


# --- over HTTP


@pytest.fixture
async def http() -> Any:
    dispatcher = Dispatcher(OPERATIONS, max_bytes=10_000)
    endpoint = SoapEndpoint(dispatcher, WsdlFiles(OURS, "main.wsdl"), "https://hub.example/ochp/1.4")
    async with AsyncTestClient(Litestar([soap_handler(["/ochp/1.4", "/service/ochp/v1.4"], endpoint)])) as client:
        yield client


XML = {"content-type": "text/xml"}


async def test_paths_with_and_without_a_slash(http: Any) -> None:
    for path in ("/ochp/1.4", "/ochp/1.4/", "/service/ochp/v1.4", "/service/ochp/v1.4/"):
        answer = await http.post(path, content=envelope(ASK), headers=XML, follow_redirects=False)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")


@pytest.mark.spec("OCHP-TRN-27")
async def test_other_methods_are_refused_in_soap(http: Any) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = await http.request(method, "/ochp/1.4")
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
        assert b"Fault" in answer.content


async def test_a_body_over_the_limit_is_413_in_soap(http: Any) -> None:
    for headers in (XML, {**XML, "content-encoding": "gzip"}):
        body = envelope("<a>" + "x" * 20_000 + "</a>")
        content = gzip.compress(body) if "content-encoding" in headers else body
        answer = await http.post("/ochp/1.4", content=content, headers=headers)
        assert answer.status_code == 413
        assert b"longer than 10000 bytes" in answer.content


@pytest.mark.spec("OCHP-TRN-23")
async def test_a_body_in_chunks() -> None:
    chunks = [
        {"type": "http.request", "body": body, "more_body": True} for body in (envelope(ASK)[:40], envelope(ASK)[40:])
    ]
    chunks.append({"type": "http.request", "body": b"", "more_body": False})
    sent: list[Any] = []

    async def receive() -> Any:
        return chunks.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "method": "POST",
        "headers": [(b"Content-Type", b"text/xml")],
        "query_string": b"",
        "client": ("::1", 1),
    }
    await SoapEndpoint(Dispatcher(OPERATIONS))(scope, receive, send)
    assert sent[0]["status"] == 200


@pytest.mark.spec("OCHP-TRN-22")
async def test_gzip(http: Any) -> None:
    zipped = {**XML, "content-encoding": "gzip"}
    assert (await http.post("/ochp/1.4", content=gzip.compress(envelope(ASK)), headers=zipped)).status_code == 200
    for content in (b"no gzip", gzip.compress(envelope(ASK))[:-9]):
        assert (await http.post("/ochp/1.4", content=content, headers=zipped)).status_code == 415


async def test_the_wsdl_names_the_address_of_the_service(http: Any) -> None:
    answer = await http.get("/ochp/1.4?wsdl")
    assert answer.status_code == 200
    assert b'location="https://hub.example/ochp/1.4"' in answer.content
    assert b'schemaLocation="https://hub.example/ochp/1.4?xsd=messages.xsd"' in answer.content
    assert (await http.get("/ochp/1.4?xsd=messages.xsd")).content == (OURS / "messages.xsd").read_bytes()
    for query in ("?xsd=../wire/base.py", "?xsd=/etc/passwd", "?xsd=", "?x=wsdl"):
        assert (await http.get("/ochp/1.4" + query)).status_code == 405
