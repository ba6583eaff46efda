"""The one way in: from an ASGI request to a handler, and from whatever happens there to an OCPI envelope.

It is a mounted ASGI application and not a set of Litestar handlers, because ids may contain an encoded slash (only the
raw path tells it from a separator), because a wrong path or method must be answered in the envelope too, and because
status updates are the hub's hottest path.
"""

import logging
import re
from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes

from litestar.types import HTTPScope, Receive, Send

from core.errors import Refused, RoamingError
from protocols.ocpi import codec
from protocols.ocpi.auth import Gate
from protocols.ocpi.codes import CLIENT_ERROR, INVALID, SERVER_ERROR, VERSION_MISMATCH, Failure, failure_of
from protocols.ocpi.server.addressed import keep
from protocols.ocpi.server.exchange import Ask, Reply
from protocols.ocpi.server.forwarding import forward
from protocols.ocpi.server.names import hear
from protocols.ocpi.server.routes import Route, Routes
from protocols.ocpi.versions import Version, version_named
from protocols.plugin import Hub

PREFIX: Final = "ocpi"
_DOTS: Final = re.compile(r"(?:^|[/\\])\.\.?(?:[/\\]|$)")
log = logging.getLogger(__name__)


class OcpiApp:
    def __init__(self, hub: Hub, routes: Routes) -> None:
        self._hub = hub
        self._routes = routes
        self._gate = Gate(hub.partners)

    async def __call__(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        scope["path"] = unquote_to_bytes(raw).decode(errors="replace")  # the mount has cut it; observers want all of it
        segments = raw.decode("latin-1").strip("/").split("/")[1:]
        ask = Ask(self._hub, scope["method"], dict(scope["headers"]), scope.get("query_string", b""))
        state: dict[str, Any] = scope["state"]
        try:
            reply = await self._answer(ask, segments, scope, receive)
        except RoamingError as error:
            failure = failure_of(error)
            if failure.code == SERVER_ERROR:
                log.error("%s %s failed: %s", scope["method"], scope["path"], error)
            reply = _refusal(failure, ask.version)
        except Exception:
            log.exception("%s %s failed", scope["method"], scope["path"])
            reply = Reply(code=SERVER_ERROR, message="the hub cannot handle this now")
        state["protocol_code"] = str(reply.code)
        state["sender"], state["recipient"] = (party and str(party) for party in (ask.sender, ask.recipient))
        await self._send(ask, reply, send)

    async def _answer(self, ask: Ask, segments: list[str], scope: HTTPScope, receive: Receive) -> Reply:
        route = self._find(ask, segments, scope)
        await self._authenticate(ask, route, scope["state"])
        handler = route.methods.get(ask.method)
        if handler is None:
            allow = ", ".join(route.methods)
            raise Failure(CLIENT_ERROR, f"{ask.method} is not offered here", 405, {"allow": allow})
        if not route.config:
            if ask.partner.version != ask.version.id:
                raise Failure(VERSION_MISMATCH, f"{ask.partner.name} is registered for OCPI {ask.partner.version}")
            if route.routed:
                await ask.route()
        if ask.method in ("PUT", "PATCH", "POST"):
            ask.body = await self._body(ask, receive)
            await ask.look_up()
        if not route.config:
            await hear(ask)
        if ask.straight is None or route.keeps:
            return await handler(ask)
        if route.owned:
            ask.owner()
        reply = await forward(ask, ask.straight)
        await keep(ask, ask.straight, reply)
        return reply

    def _find(self, ask: Ask, raw: list[str], scope: HTTPScope) -> Route:
        """`raw` are the segments behind the mount, as they came."""
        segments = [unquote(part) for part in raw]
        if _DOTS.search("/".join(segments)):  # would lead out of the endpoint of the party that it is passed on to
            raise Failure(INVALID, "no such endpoint", 404)
        found = self._routes.versions if segments == ["versions"] else None
        version = version_named(segments[0]) if segments else None
        if version is not None:
            ask.version = version
            found, ask.args = self._routes.find(version, segments[1:])
        if found is None:
            raise Failure(INVALID, "no such endpoint", 404)
        if version is not None:
            ask.path = found.path
            ask.url = f"{self._hub.identity.public_url}/{PREFIX}/{version.id}/{found.path}"
            ask.remainder = "/".join(raw[2 + found.path.count("/") :])
        scope["path_template"] = f"/{PREFIX}/{version.id if version else 'versions'}/{found.template}".rstrip("/")
        return found

    async def _authenticate(self, ask: Ask, route: Route, state: dict[str, Any]) -> None:
        header = ask.headers.get(b"authorization")
        if header is None and self._hub.open_registration and route.path == "credentials" and ask.method == "POST":
            return
        ask.known = caller = await self._gate.caller(header)
        state["partner_id"] = caller.partner.id
        if not caller.registered and not route.open_to_token_a:
            raise Refused("this token is for versions and credentials only", authenticated=False)

    async def _body(self, ask: Ask, receive: Receive) -> bytes:
        limit = self._hub.max_body_bytes
        too_long = Failure(CLIENT_ERROR, f"the body is longer than {limit} bytes", 413)
        length = ask.headers.get(b"content-length", b"")
        if length.isdigit() and int(length[:20]) > limit:
            raise too_long
        message: Any = await receive()
        if not message.get("more_body"):
            body: bytes = message.get("body", b"")
            if len(body) > limit:
                raise too_long
            return body
        chunks, size = [message["body"]], len(message["body"])
        while message.get("more_body"):
            message = await receive()
            chunks.append(message.get("body", b""))
            size += len(chunks[-1])
            if size > limit:
                raise too_long
        return b"".join(chunks)

    async def _send(self, ask: Ask, reply: Reply, send: Send) -> None:
        body = reply.whole or codec.envelope(reply.data, reply.code, reply.message, self._hub.clock.now())
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"x-request-id", ask.request_id.encode("latin-1")),
            (b"x-correlation-id", ask.correlation_id.encode("latin-1")),
        ]
        if ask.sender is not None:
            by = reply.sender or self._hub.identity.party
            headers += [
                (b"ocpi-to-country-code", ask.sender.country_code.encode()),
                (b"ocpi-to-party-id", ask.sender.party_id.encode()),
                (b"ocpi-from-country-code", by.country_code.encode()),
                (b"ocpi-from-party-id", by.party_id.encode()),
            ]
        headers += [(name.lower().encode(), value.encode("latin-1")) for name, value in reply.headers]
        await send({"type": "http.response.start", "status": reply.http, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _refusal(failure: Failure, version: Version) -> Reply:
    code = version.codes.get(failure.code, failure.code)
    return Reply(http=failure.http, code=code, message=failure.reason, headers=tuple(failure.headers.items()))
