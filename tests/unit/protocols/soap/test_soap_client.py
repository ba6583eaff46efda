"""Calls out: the partner's element, or an error in the words of core; passwords stay out of the journal."""

from typing import Any

import httpx
import pytest

from core.errors import Refused, Rejected, Unavailable, Uncertain
from core.model.secret import Secret
from protocols.transport.http import HttpClient
from protocols.transport.soap.client import SoapClient, SoapRequest
from protocols.transport.soap.envelope import SOAP_11, SOAP_12, Fault, FaultKind, Version, fault_envelope, seal
from protocols.transport.soap.security import security_header
from tests.fakes.clock import FakeClock, FakeIds


class Journal:
    def __init__(self) -> None:
        self.exchanges: list[Any] = []

    def record(self, exchange: Any) -> None:
        self.exchanges.append(exchange)


async def call(
    answer: Any, *, version: Version = SOAP_11, header: bytes = b""
) -> tuple[Any, list[httpx.Request], Journal]:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    journal = Journal()
    http = HttpClient(journal, FakeClock(), FakeIds(), allow_private=True, transport=httpx.MockTransport(handle))  # type: ignore[arg-type]
    request = SoapRequest(
        partner="p", protocol="ochp", operation="Ask", url="http://partner.example/ochp", action="urn:t/Ask",
        body=b"<Ask/>", header=header, version=version,
    )  # fmt: skip
    try:
        element = await SoapClient(http).call(request)
    finally:
        await http.aclose()
    return element, seen, journal


def answer(body: bytes, status: int = 200, version: Version = SOAP_11, kind: str = "text/xml") -> httpx.Response:
    return httpx.Response(status, content=seal(version, body), headers={"content-type": kind})


@pytest.mark.spec("OCHP-CLI-03", "OCHP-CLI-28")
async def test_a_call_carries_action_and_login_and_the_journal_no_password() -> None:
    header = security_header("me", Secret("geheim"))
    element, seen, journal = await call(answer(b"<Answer>x</Answer>"), header=header)
    assert element.text == "x"
    assert seen[0].headers["soapaction"] == '"urn:t/Ask"'
    assert seen[0].headers["content-type"] == "text/xml; charset=utf-8"
    assert b"geheim" in seen[0].content
    assert "geheim" not in repr(journal.exchanges)
    assert journal.exchanges[0].operation == "Ask"


async def test_soap_12_puts_the_action_into_the_type() -> None:
    element, seen, _ = await call(answer(b"<Answer/>", version=SOAP_12), version=SOAP_12)
    assert element.tag == "Answer"
    assert seen[0].headers["content-type"] == 'application/soap+xml; charset=utf-8; action="urn:t/Ask"'


@pytest.mark.spec("OCHP-CLI-32")
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (Fault(FaultKind.FAILED_AUTHENTICATION, "no"), Refused),
        (Fault(FaultKind.CLIENT, "wrong"), Rejected),
        (Fault(FaultKind.VERSION_MISMATCH, "wrong"), Rejected),
        (Fault(FaultKind.SERVER, "broken"), Uncertain),
        (httpx.Response(401), Refused),
        (httpx.Response(403, text="<html/>"), Refused),
        (httpx.Response(404, text="nothing"), Rejected),
        (httpx.Response(429), Unavailable),
        (httpx.Response(503), Unavailable),
        (httpx.Response(500, text="<html/>"), Uncertain),
        (httpx.Response(200, text="not soap"), Uncertain),
        (httpx.Response(200, content=b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'), Uncertain),
        (httpx.Response(200, content=seal(SOAP_12, b"<Answer/>")), Uncertain),
        (httpx.ConnectError("refused"), Unavailable),
        (httpx.ReadTimeout("slow"), Uncertain),
    ],
)
async def test_whatever_goes_wrong_is_said_in_our_words(reply: Any, error: type[Exception]) -> None:
    if isinstance(reply, Fault):
        reply = httpx.Response(500, content=fault_envelope(SOAP_11, reply))
    with pytest.raises(error):
        await call(reply)


@pytest.mark.spec("OCHP-CLI-31")
async def test_answers_in_latin_1() -> None:
    content = seal(SOAP_11, "<Answer>ü</Answer>".encode("latin-1"))
    told = httpx.Response(200, content=content, headers={"content-type": "text/xml; charset=ISO-8859-1"})
    element, _, _ = await call(told)
    assert element.text == "ü"
