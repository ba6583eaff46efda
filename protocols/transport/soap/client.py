"""Calls out: an encoded element in, the partner's element back, core's errors for all else. See docs/adr/0011."""

from typing import Any, Final

from msgspec import Struct

from core.errors import Refused, Rejected, RoamingError, Unavailable, Uncertain
from protocols.transport.http import Answer, HttpClient, Request
from protocols.transport.soap.envelope import SOAP_11, Fault, FaultKind, Version, open_envelope, read_fault, seal
from protocols.transport.soap.xml import Element, NotXml, parse

_BUSY: Final = (429, 503)
_FAULT_CODES: Final = frozenset(kind.value for kind in FaultKind)


class Unusable(Uncertain):
    """The partner answered, and said nothing of use: what it did is not known. `fault`: it was a SOAP fault."""

    def __init__(self, reason: str, *, fault: bool = False) -> None:
        super().__init__(reason)
        self.fault = fault


def is_fault(error: RoamingError) -> bool:
    """Whether it was a SOAP fault that `SoapClient.call` raised."""
    return error.fault if isinstance(error, Unusable) else isinstance(error, Rejected) and error.code in _FAULT_CODES


class SoapRequest(Struct, frozen=True, kw_only=True):
    """`body` is an encoded element, `header` the blocks of the SOAP header, `action` without quotes.

    `headers` are further HTTP headers. `operation` is the specification's name, for journal and metrics."""

    partner: str
    protocol: str
    operation: str
    url: str
    action: str
    body: bytes
    header: bytes = b""
    headers: dict[str, str] = {}
    version: Version = SOAP_11
    timeout_s: float = 20.0
    correlation_id: str | None = None


class SoapClient:
    def __init__(self, http: HttpClient) -> None:
        self._http = http

    async def call(self, request: SoapRequest) -> Element:
        """The element in the answer's Body.

        Raises Refused if the partner does not take our credentials, Rejected if it says that we are wrong, Unavailable
        if nothing happened there, Uncertain where something may have."""
        answer = await self._http.send(_http_request(request))
        body = _body(answer, request.version)
        if isinstance(body, Fault):
            raise _error_of(body)
        if body is None:
            raise _error_of_status(answer.status)
        return body


def _http_request(request: SoapRequest) -> Request:
    # A message with a header holds a password: the journal gets neither of its bodies.
    return Request(
        partner=request.partner,
        protocol=request.protocol,
        operation=request.operation,
        method="POST",
        url=request.url,
        headers={**_content_headers(request), **request.headers},
        content=seal(request.version, request.body, request.header),
        timeout_s=request.timeout_s,
        correlation_id=request.correlation_id,
        confidential=bool(request.header),
    )


def _content_headers(request: SoapRequest) -> dict[str, str]:
    kind = f"{request.version.content_type}; charset=utf-8"
    if request.version is SOAP_11:
        return {"content-type": kind, "soapaction": f'"{request.action}"'}
    return {"content-type": f'{kind}; action="{request.action}"'}


def _body(answer: Answer, version: Version) -> Element | Fault | None:
    """None for what is no SOAP message."""
    try:
        envelope = open_envelope(parse(answer.body, _charset(answer)), (version,), _Anything())
    except (NotXml, Fault):
        return None
    fault = read_fault(envelope.body, version)
    if fault is not None:
        return fault
    return envelope.body if answer.status < 300 else None


class _Anything:
    """Header blocks of an answer concern nobody here."""

    def __contains__(self, tag: Any) -> bool:
        return True


def _charset(answer: Answer) -> str | None:
    for parameter in answer.headers.get("content-type", "").split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value
    return None


def _error_of(fault: Fault) -> RoamingError:
    if fault.kind is FaultKind.FAILED_AUTHENTICATION:
        return Refused(f"the partner does not take our login: {fault.text}", authenticated=False)
    if fault.kind is FaultKind.SERVER:
        return Unusable(f"the partner failed: {fault.text}", fault=True)
    return Rejected(fault.kind.value, fault.text)


def _error_of_status(status: int) -> RoamingError:
    if status in (401, 403):
        return Refused(f"the partner does not take our login: HTTP {status}", authenticated=False)
    if status in _BUSY:
        return Unavailable(f"the partner is busy: HTTP {status}")
    if 400 <= status < 500:
        return Rejected(str(status), "no SOAP answer")
    return Unusable(f"HTTP {status} without a SOAP answer")
