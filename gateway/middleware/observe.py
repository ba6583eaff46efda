"""Measures every request and journals those of partners.

A protocol's authentication puts the caller's id under `PARTNER` into the connection's state, and may put its own status
code under `CODE` and the parties that speak under `SENDER` and `RECIPIENT`; what it did not authenticate is journaled
without a partner.
"""

import time
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from core.model.partner import Exchange
from core.ports.clock import Clock, Ids
from core.ports.journal import Journal
from gateway.metrics import Metrics

PARTNER: Final = "partner_id"
CODE: Final = "protocol_code"
SENDER: Final = "sender"
RECIPIENT: Final = "recipient"
PROTOCOLS: Final = {
    "ocpi": "ocpi",
    "api": "oicp",
    "oicp": "oicp",
    "ochp": "ochp",
    "service": "ochp",
    "live": "ochp",
    "emip": "emip",
}
"""First segment of the path -> protocol."""
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNKNOWN: Final = "unknown path"


class Observer:
    def __init__(self, metrics: Metrics, journal: Journal, clock: Clock, ids: Ids) -> None:
        self._metrics = metrics
        self._journal = journal
        self._clock = clock
        self._ids = ids

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def observed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            started, status, headers = time.perf_counter(), 500, []

            async def noting(message: Message) -> None:
                nonlocal status, headers
                if message["type"] == "http.response.start":
                    status, headers = message["status"], list(message["headers"])
                await send(message)

            try:
                await app(scope, receive, noting)
            finally:
                self._note(scope, status, headers, time.perf_counter() - started)

        return observed

    def _note(self, scope: HTTPScope, status: int, headers: list[tuple[bytes, bytes]], seconds: float) -> None:
        path = scope["path"]
        protocol = PROTOCOLS.get(path.split("/", 2)[1] if "/" in path else "", "")
        operation = _operation(scope)
        self._metrics.request(protocol or "hub", operation, status, seconds)
        if protocol:
            self._journal.record(self._exchange(scope, protocol, operation, status, headers, seconds))

    def _exchange(
        self,
        scope: HTTPScope,
        protocol: str,
        operation: str,
        status: int,
        headers: list[tuple[bytes, bytes]],
        seconds: float,
    ) -> Exchange:
        state: dict[str, Any] = scope["state"]
        answered = {name.lower(): value for name, value in headers}
        return Exchange(
            id=self._ids.uuid(),
            at=self._clock.now(),
            partner=state.get(PARTNER),
            protocol=protocol,
            inbound=True,
            operation=operation,
            method=scope["method"],
            target=scope["path"],
            status=status,
            code=state.get(CODE),
            correlation_id=_text(answered.get(b"x-correlation-id")),
            request_id=_text(answered.get(b"x-request-id")),
            their_id=_text(dict(scope.get("headers", ())).get(b"process-id")),
            sender=state.get(SENDER),
            recipient=state.get(RECIPIENT),
            duration_ms=round(seconds * 1000),
        )


def _text(value: bytes | None) -> str | None:
    return value.decode("latin-1") if value else None


def _operation(scope: HTTPScope) -> str:
    """Few enough to be labels, whatever anybody asks for."""
    method = scope["method"] if scope["method"] in METHODS else "OTHER"
    template: str | None = scope.get("path_template")
    return f"{method} {template or UNKNOWN}"
