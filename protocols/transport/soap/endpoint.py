"""A SOAP service at its paths: POST is dispatched, `?wsdl` and `?xsd=` are served, all else is refused in SOAP."""

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from litestar.handlers import ASGIRouteHandler, asgi
from litestar.types import Receive, Scope, Send

from core.errors import Invalid
from protocols.transport.packing import unpacked
from protocols.transport.soap.dispatch import Dispatcher, Incoming, Reply
from protocols.transport.soap.envelope import Fault, FaultKind
from protocols.transport.soap.wsdl import WsdlFiles

log = logging.getLogger(__name__)


class _TooLong(Exception):
    pass


class SoapEndpoint:
    """`wsdl` with the address under which this service is reached, where it is described."""

    def __init__(self, dispatcher: Dispatcher, wsdl: WsdlFiles | None = None, address: str = "") -> None:
        self._dispatcher = dispatcher
        self._wsdl = wsdl
        self._address = address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = await self._reply(scope, receive)
        headers = [(b"content-type", reply.content_type.encode()), (b"content-length", b"%d" % len(reply.body))]
        headers += [(name.encode(), value.encode()) for name, value in reply.headers.items()]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": reply.body, "more_body": False})

    async def _reply(self, scope: Any, receive: Receive) -> Reply:
        if scope["method"] in ("GET", "HEAD"):
            return self._document(scope["query_string"])
        if scope["method"] != "POST":
            return self._wrong_method()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        try:
            body = await self._body(receive, headers)
        except _TooLong:
            fault = Fault(FaultKind.CLIENT, f"the body is longer than {self._dispatcher.max_bytes} bytes")
            return self._dispatcher.refusal(fault, status=413)
        except Fault as fault:
            return self._dispatcher.refusal(fault, status=415)
        except Exception:
            log.exception("the body of a SOAP request could not be received")
            return self._dispatcher.refusal(Fault(FaultKind.SERVER, "the body could not be received"))
        client = scope.get("client")
        state = scope.setdefault("state", {})
        incoming = Incoming(body=body, headers=headers, client=client[0] if client else None, state=state)
        return await self._dispatcher.answer(incoming)

    def _document(self, query: bytes) -> Reply:
        wanted = query.decode("latin-1")
        text = self._wsdl.document(wanted, self._address) if self._wsdl else None
        if text is None:
            return self._wrong_method()
        return Reply(status=200, content_type="text/xml; charset=utf-8", body=text)

    def _wrong_method(self) -> Reply:
        fault = Fault(FaultKind.CLIENT, "POST is the method of SOAP")
        reply = self._dispatcher.refusal(fault, status=405)
        return Reply(status=405, content_type=reply.content_type, body=reply.body, headers={"allow": "POST"})

    async def _body(self, receive: Receive, headers: Mapping[str, str]) -> bytes:
        """Not more than the limit is ever read, nor inflated."""
        limit = self._dispatcher.max_bytes
        announced = headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise _TooLong
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message: Any = await receive()
            if message["type"] == "http.disconnect":
                break
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise _TooLong
            chunks.append(chunk)
            more = message.get("more_body", False)
        try:
            body = unpacked(b"".join(chunks), headers.get("content-encoding", ""), limit)
        except Invalid as error:
            raise Fault(FaultKind.CLIENT, error.reason) from error
        if body is None:
            raise _TooLong
        return body


def soap_handler(paths: Iterable[str], endpoint: SoapEndpoint) -> ASGIRouteHandler:
    """For a Litestar router; a slash at the end of a path makes no difference."""

    @asgi(list(paths), copy_scope=False)
    async def soap(scope: Scope, receive: Receive, send: Send) -> None:
        await endpoint(scope, receive, send)

    return soap
