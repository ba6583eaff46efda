"""The way in: from bytes on the wire to one operation and back, whatever happens.

One ASGI application under the base path, because OICP wants more say over a request than a framework gives: ids in the
path with stars and pluses, a Process-ID on every answer, its own bodies for unknown paths, other methods and bodies
that are too large.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, unquote

from litestar import Router
from litestar.handlers import asgi
from litestar.types import Receive, Scope, Send
from msgspec import Struct

from core.errors import RoamingError
from core.model.ids import PartyId
from core.model.partner import Partner
from protocols.oicp.auth import acting_as, authenticate
from protocols.oicp.codes import (
    INVALID_JSON,
    NO_CONTRACT,
    SYSTEM_ERROR,
    UNAUTHORIZED,
    Negative,
    Violations,
    fault_body,
    negative_body,
    negative_of,
)
from protocols.oicp.server.inbound import Inbound, Reply, Shared
from protocols.oicp.server.limits import Limits
from protocols.oicp.server.notifications import named_operator
from protocols.oicp.server.operations import OPERATIONS, Operation
from protocols.oicp.settings import OicpSettings, settings_of
from protocols.transport.packing import packed, takes_gzip, unpacked

BASE: Final = "/api/oicp"
UPSTREAM_BASE: Final = "/oicp/upstream"
"""Below it, each platform in which the hub is a partner has its own place, under its partner id."""
WORTH_PACKING: Final = 16 * 1024
"""Bytes from which an answer is sent in gzip, to who takes it."""
log = logging.getLogger(__name__)


class Found(Struct, frozen=True):
    """An operation, and the id that its path names; None where the body names it. `platform`: the partner in whose own
    place it was found, where the hub itself is the partner."""

    operation: Operation
    id: str | None
    platform: str | None = None


class Endpoint:
    """The platform's side, where OICP partners call the hub."""

    base: ClassVar[str] = BASE
    operations: ClassVar[Sequence[Operation]] = OPERATIONS

    def __init__(self, shared: Shared) -> None:
        self._hub = shared.hub
        self._shared = shared
        self._limits = Limits(shared.hub.clock)
        self._by_prefix = {operation.prefix + operation.suffix: operation for operation in self.operations}

    def router(self) -> Router:
        @asgi(self.base, is_mount=True, copy_scope=False)
        async def oicp(scope: Scope, receive: Receive, send: Send) -> None:
            await self(scope, receive, send)

        return Router(path="/", route_handlers=[oicp])

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        process_id = self._hub.ids.uuid()
        path = _path(scope, self.base)
        scope["path"] = path  # a mount sees the rest only; what comes after us wants the whole
        found = self._find(path.removeprefix(self.base).strip("/"))
        if found is not None:
            scope["path_template"] = _template(found)
        reply = await self._reply(scope, receive, found, process_id)
        scope.setdefault("state", {})["protocol_code"] = reply.code
        await _send(send, reply, process_id, packing=len(reply.body) >= WORTH_PACKING and _takes_gzip(scope))

    def _find(self, rest: str) -> Found | None:
        """`<service>/<version>/operators/<id>/<operation>`."""
        parts = rest.split("/")
        if len(parts) < 5:
            whole = self._by_prefix.get(rest)
            return None if whole is None or whole.suffix else Found(whole, None)
        name, suffix = unquote(parts[3]), "/" + "/".join(parts[4:])
        operation = self._by_prefix.get("/".join(parts[:3]) + "/" + suffix)
        return None if operation is None else Found(operation, name)

    async def _reply(self, scope: Any, receive: Receive, found: Found | None, process_id: str) -> Reply:
        if found is None:
            return Reply(fault_body("There is nothing at this path."), "", 404)
        if scope["method"] != "POST":
            return Reply(fault_body("POST is the only method here."), "", 405)
        settings = OicpSettings()
        try:
            client = scope.get("client")
            partner = await authenticate(self._hub, dict(scope["headers"]), client[0] if client else None)
            scope.setdefault("state", {})["partner_id"] = partner.id
            settings = settings_of(partner)
            self._admit(partner, settings, found)
            return await self._handled(scope, receive, found, partner, process_id)
        except Exception as error:
            return answer_to(error, found.operation, settings)

    def _admit(self, partner: Partner, settings: OicpSettings, found: Found) -> None:
        """Raises Negative 017 for who has its own place, in which the hub is the partner."""
        if settings.upstream is not None:
            raise Negative(UNAUTHORIZED, "this platform calls the hub elsewhere")

    def _party(self, partner: Partner, settings: OicpSettings, found: Found) -> PartyId | None:
        """In whose name it calls; None if the body says that."""
        return None if found.id is None else acting_as(partner, settings, found.id, found.operation.role)

    async def _answer(self, call: Inbound, operation: Operation) -> Reply:
        return await operation.handle(call)

    async def _handled(self, scope: Any, receive: Receive, found: Found, partner: Partner, process_id: str) -> Reply:
        """The checks that need no body come before it is read."""
        settings, operation = settings_of(partner), found.operation
        party = self._party(partner, settings, found)
        if operation.service in settings.closed_services:
            raise Negative(NO_CONTRACT, "No active subscription found")
        if (wait := self._wait(partner, settings, operation)) is not None:
            return Reply(fault_body("Too many calls of this operation."), "", 429, retry_after=wait)
        await self._hub.partners.heard(partner)
        body = await self._body(receive, dict(scope["headers"]))
        if body is None:
            return Reply(fault_body(f"The body is longer than {self._hub.max_body_bytes} bytes."), "", 413)
        if party is None:
            party = acting_as(partner, settings, named_operator(body, partner), operation.role)
        call = Inbound(
            shared=self._shared,
            partner=partner,
            settings=settings,
            role=operation.role,
            party=party,
            body=body,
            query=_query(scope),
            process_id=process_id,
        )
        return await self._answer(call, operation)

    def _wait(self, partner: Partner, settings: OicpSettings, operation: Operation) -> int | None:
        most = settings.calls_per_minute.get(operation.name)
        return None if most is None else self._limits.seconds_to_wait(partner.id, operation.name, most)

    async def _body(self, receive: Receive, headers: Mapping[bytes, bytes]) -> bytes | None:
        """None if it is longer than the hub takes; not more than that is ever read, nor inflated."""
        limit = self._hub.max_body_bytes
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced) > limit:
            return None
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message: Any = await receive()
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                return None
            chunks.append(chunk)
            more = message.get("more_body", False)
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        return unpacked(body, headers.get(b"content-encoding", b"").decode("latin-1"), limit)


def answer_to(error: Exception, operation: Operation, settings: OicpSettings) -> Reply:
    answer: Exception = negative_of(error) if isinstance(error, RoamingError) else error
    if isinstance(answer, Violations):
        return Reply(fault_body(INVALID_JSON, answer.found), "", 400)
    if not isinstance(answer, Negative):
        log.error("OICP %s failed", operation.name, exc_info=error)
        answer = Negative(SYSTEM_ERROR)
    body = negative_body(answer.code, answer.info, authorisation=operation.authorisation, ids=answer.ids)
    return Reply(body, answer.code, 200 if settings.always_200 else answer.http, answer.ids.get("session_id"))


def _template(found: Found) -> str:
    named = f"{{id}}{found.operation.suffix}" if found.operation.suffix else ""
    own = f"{UPSTREAM_BASE}/{{platform}}" if found.platform else ""
    return f"{own}{BASE}/{found.operation.prefix}{named}"


def _path(scope: Mapping[str, Any], base: str) -> str:
    """As it came: a plus is a plus, and a percent-encoded slash separates nothing."""
    raw = scope.get("raw_path")
    if not raw:
        return base + str(scope["path"]).rstrip("/")
    path = bytes(raw).partition(b"?")[0].decode("latin-1")
    return base + path.partition(base)[2].rstrip("/")


def _query(scope: Mapping[str, Any]) -> dict[str, str]:
    text = scope.get("query_string", b"")
    return dict(parse_qsl(text.decode("latin-1"))) if text else {}


def _takes_gzip(scope: Mapping[str, Any]) -> bool:
    return takes_gzip(dict(scope["headers"]).get(b"accept-encoding", b"").decode("latin-1"))


async def _send(send: Send, reply: Reply, process_id: str, *, packing: bool) -> None:
    body = await asyncio.to_thread(packed, reply.body) if packing else reply.body
    headers = [
        (b"content-type", b"application/json;charset=UTF-8"),
        (b"content-length", str(len(body)).encode()),
        (b"process-id", process_id.encode()),
        (b"x-request-id", process_id.encode()),
        (b"x-correlation-id", (reply.session_id or process_id).encode()),
    ]
    if reply.status == 405:
        headers.append((b"allow", b"POST"))
    if reply.retry_after is not None:
        headers.append((b"retry-after", str(reply.retry_after).encode()))
    if packing:
        headers.append((b"content-encoding", b"gzip"))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
