"""The one way out by HTTP: timeouts, journal, address filter, sizes, and errors in the words of core."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Protocol

import httpx
from msgspec import Struct

from core.errors import RoamingError, Unavailable, Uncertain
from core.model.partner import Exchange
from core.ports.clock import Clock, Ids
from core.ports.journal import Journal
from protocols.transport.addresses import FilteredBackend, ForbiddenAddress, check_url
from protocols.transport.identity import TlsIdentity, tls_context

MAX_RESPONSE_BYTES: Final = 64 * 1024 * 1024
JOURNAL_BYTES: Final = 4096
SLOWEST_S: Final = 20.0
"""So much longer than a silence may an answer take that comes in drops."""
_GATEWAY: Final = 500
"""From here on an answer may be that of a proxy in front of a partner that is away."""
_HEADERS: Final = {"user-agent": "ChargeSphere", "accept": "*/*", "accept-encoding": "gzip, deflate"}


class Answer(Struct, frozen=True):
    """`headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Meter(Protocol):
    """Told of every call that we made."""

    def __call__(self, *, partner: str, protocol: str, operation: str, outcome: str, seconds: float) -> None: ...


class Request(Struct, frozen=True, kw_only=True):
    """`operation` is the specification's name, for journal and metrics. `url` was given by the partner.

    `confidential` bodies (secrets, PINs) are not journaled. `identity`: who we are on this connection and whom we
    trust; None: nobody, and the usual authorities. For the journal: `between` are the parties that speak, `code_of`
    finds the protocol's own code in an answer."""

    partner: str
    protocol: str
    operation: str
    method: str
    url: str
    headers: Mapping[str, str] = {}
    content: bytes | None = None
    timeout_s: float = 20.0
    correlation_id: str | None = None
    request_id: str | None = None
    confidential: bool = False
    identity: TlsIdentity | None = None
    between: tuple[str, str] | None = None
    code_of: Callable[[bytes], str | None] | None = None


Heard = Callable[[str], Awaitable[None]]
"""Told of each partner that answered: its id."""


async def _unheard(_: str) -> None:
    return


def _no_meter(*, partner: str, protocol: str, operation: str, outcome: str, seconds: float) -> None:
    return


class HttpClient:
    """Shared by all adapters; connections are kept. `transport` replaces the network in unit tests."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        ids: Ids,
        *,
        allow_private: bool,
        meter: Meter = _no_meter,
        heard: Heard = _unheard,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._ids = ids
        self._meter = meter
        self._heard = heard
        self._allow_private = allow_private
        self._transport = transport or _filtered(allow_private)
        self._replaced = transport is not None
        self._own: dict[TlsIdentity, httpx.AsyncHTTPTransport] = {}

    async def aclose(self) -> None:
        for transport in (self._transport, *self._own.values()):
            await transport.aclose()

    def check_url(self, url: str, path: str) -> str:
        """A URL that a partner gave and that may be called later. Raises Invalid."""
        return check_url(url, path, allow_private=self._allow_private)

    async def send(self, request: Request) -> Answer:
        """Any HTTP answer is an answer.

        Raises Unavailable if the partner was never reached, Uncertain if it may have been. Other partners may be told
        why: the URL, which may hold a secret, is in the journal alone."""
        started = time.perf_counter()
        try:
            answer = await self._exchange(request)
        except RoamingError as error:
            self._record(request, started, None, str(error))
            raise
        self._record(request, started, answer, None)
        if answer.status < _GATEWAY:
            await self._heard(request.partner)
        return answer

    async def _exchange(self, request: Request) -> Answer:
        check_url(request.url, "$.url", allow_private=self._allow_private)
        try:
            async with asyncio.timeout(request.timeout_s + SLOWEST_S):
                response = await self._way(request).handle_async_request(_message(request))
                try:
                    body = await _bounded(response, request.operation)
                finally:
                    await response.aclose()
        except ForbiddenAddress:
            raise
        except TimeoutError as error:
            raise Uncertain(f"{request.operation}: the answer takes too long") from error
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise Unavailable(f"{request.operation}: {str(error) or type(error).__name__}") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise Uncertain(f"{request.operation}: {str(error) or type(error).__name__}") from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status_code, headers, body)

    def _way(self, request: Request) -> httpx.AsyncBaseTransport:
        """Connections with a certificate of ours are kept apart from those without."""
        if request.identity is None or self._replaced:
            return self._transport
        if request.identity not in self._own:
            self._own[request.identity] = _filtered(self._allow_private, tls_context(request.identity))
        return self._own[request.identity]

    def _record(self, request: Request, started: float, answer: Answer | None, error: str | None) -> None:
        seconds = time.perf_counter() - started
        self._meter(
            partner=request.partner,
            protocol=request.protocol,
            operation=request.operation,
            outcome=str(answer.status) if answer else "failed",
            seconds=seconds,
        )
        self._journal.record(
            Exchange(
                id=self._ids.uuid(),
                at=self._clock.now(),
                partner=request.partner,
                protocol=request.protocol,
                inbound=False,
                operation=request.operation,
                method=request.method,
                target=request.url,
                status=answer.status if answer else None,
                correlation_id=request.correlation_id,
                request_id=request.request_id,
                code=request.code_of(answer.body) if answer and request.code_of else None,
                their_id=answer.headers.get("process-id") if answer else None,
                sender=request.between[0] if request.between else None,
                recipient=request.between[1] if request.between else None,
                duration_ms=round(seconds * 1000),
                request=None if request.confidential else clipped(request.content),
                response=clipped(answer.body) if answer and not request.confidential else None,
                error=error,
            )
        )


def clipped(body: bytes | None) -> str | None:
    """A body as the journal keeps it."""
    return body[:JOURNAL_BYTES].decode(errors="replace") if body else None


def _message(request: Request) -> httpx.Request:
    """Without a client of httpx between us and its transport: nobody's cookies, redirects or passwords are ours.

    A header has the bytes that it came with, if a partner gave it (a correlation id, a content type)."""
    timeout = httpx.Timeout(request.timeout_s, connect=min(request.timeout_s, 5.0))
    return httpx.Request(
        request.method,
        request.url,
        headers=httpx.Headers({**_HEADERS, **request.headers}, encoding="latin-1"),
        content=request.content,
        extensions={"timeout": timeout.as_dict()},
    )


async def _bounded(response: httpx.Response, operation: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > MAX_RESPONSE_BYTES:
            raise Uncertain(f"{operation}: the answer is longer than {MAX_RESPONSE_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def _filtered(allow_private: bool, tls: ssl.SSLContext | None = None) -> httpx.AsyncHTTPTransport:
    limits = httpx.Limits(max_connections=500, max_keepalive_connections=100)
    transport = httpx.AsyncHTTPTransport(verify=True if tls is None else tls, limits=limits)
    # httpx offers no parameter for the network backend of its pool; this attribute is where it keeps it.
    transport._pool._network_backend = FilteredBackend(allow_private=allow_private)
    return transport
