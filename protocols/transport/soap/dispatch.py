"""From the bytes of a request to the handler of its body element, and to an envelope back, whatever happens."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Container, Mapping
from typing import Any, Final

from lxml import etree
from msgspec import Struct

from core.errors import Invalid, Refused, RoamingError, Unknown, Unsupported
from protocols.transport.soap.envelope import (
    SOAP_11,
    SOAP_12,
    Envelope,
    Fault,
    FaultKind,
    Version,
    fault_envelope,
    fault_status,
    open_envelope,
    seal,
)
from protocols.transport.soap.security import SECURITY
from protocols.transport.soap.xml import LONG_BYTES, Element, NotXml, local_name, parse

log = logging.getLogger(__name__)

_XML_TYPES: Final = frozenset(("", "text/xml", "application/xml"))


class Incoming(Struct, frozen=True, kw_only=True):
    """A request as it came. `headers` has lower-case names; `client` is the address at the other end.

    `state` is the request's own: what a handler finds out for journal and metrics (`partner_id`, `protocol_code`)."""

    body: bytes
    headers: Mapping[str, str] = {}
    client: str | None = None
    state: dict[str, Any] = {}


class Call(Struct, frozen=True, kw_only=True):
    """One request for one operation: `operation` is the local name of `body`."""

    operation: str
    body: Element
    header: tuple[Element, ...]
    version: Version
    incoming: Incoming


class Reply(Struct, frozen=True, kw_only=True):
    status: int
    content_type: str
    body: bytes
    headers: Mapping[str, str] = {}


Handler = Callable[[Call], Awaitable[bytes]]
"""Answers with an encoded element; raises Fault or any error."""
OnError = Callable[[Call, Exception], bytes | None]
"""The protocol's own answer to an error: an encoded element with a result code, or None for a fault."""


def no_answer(call: Call, error: Exception) -> bytes | None:
    return None


class Dispatcher:
    """Operations by the tag of their body element; SOAPAction decides nothing.

    `versions`: the first is that of faults for what is no envelope. `understood`: further header blocks that may be
    flagged mustUnderstand."""

    def __init__(
        self,
        operations: Mapping[str, Handler],
        *,
        versions: tuple[Version, ...] = (SOAP_11,),
        on_error: OnError = no_answer,
        understood: Container[str] = frozenset((SECURITY,)),
        max_bytes: int = 64 * 1024 * 1024,
    ) -> None:
        self._operations = dict(operations)
        self._namespaces = sorted({str(etree.QName(tag).namespace) for tag in operations})
        self._versions = versions
        self._on_error = on_error
        self._understood = understood
        self.max_bytes = max_bytes

    async def answer(self, incoming: Incoming) -> Reply:
        """Never raises: an error nobody foresaw is the server's fault, told to the log and not to the partner."""
        version = self._versions[0]
        try:
            charset = self._charset(incoming.headers.get("content-type", ""))
            envelope = open_envelope(await self._parsed(incoming.body, charset), self._versions, self._understood)
            version = envelope.version
            handler = self._operations.get(str(envelope.body.tag))
            if handler is None:
                raise self._unknown(envelope.body)
            body = await self._handled(handler, envelope, incoming)
        except Fault as fault:
            return self.refusal(fault, version)
        except NotXml as error:
            return self.refusal(Fault(FaultKind.CLIENT, error.reason, error.path), version)
        except Exception:
            log.exception("a SOAP request failed")
            return self.refusal(Fault(FaultKind.SERVER, "the request failed for a reason that lies here"), version)
        return Reply(status=200, content_type=_content_type(version), body=seal(version, body))

    def refusal(self, fault: Fault, version: Version | None = None, status: int | None = None) -> Reply:
        """A fault as an answer; `status` where HTTP has a better word than 500."""
        version = version or self._versions[0]
        return Reply(
            status=status or fault_status(version, fault),
            content_type=_content_type(version),
            body=fault_envelope(version, fault),
        )

    def _charset(self, content_type: str) -> str | None:
        """Raises Fault for a type that is not SOAP's."""
        kind, _, rest = content_type.partition(";")
        kind = kind.strip().lower()
        allowed = kind in _XML_TYPES if SOAP_11 in self._versions else kind == ""
        if not allowed and kind not in [version.content_type for version in self._versions]:
            newer = kind == SOAP_12.content_type
            what = FaultKind.VERSION_MISMATCH if newer else FaultKind.CLIENT
            raise Fault(what, f"the content type {kind[:60]} is not taken; {self._versions[0].content_type} is")
        for parameter in rest.split(";"):
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return value
        return None

    async def _parsed(self, body: bytes, charset: str | None) -> Element:
        if len(body) < LONG_BYTES:
            return parse(body, charset, max_bytes=self.max_bytes)
        # lxml lets other threads run while it parses
        return await asyncio.to_thread(parse, body, charset, max_bytes=self.max_bytes)

    def _unknown(self, body: Element) -> Fault:
        tag = etree.QName(body)
        ours = ", ".join(self._namespaces)
        return Fault(
            FaultKind.CLIENT,
            f"there is no operation for the element {tag.localname[:80]} of the namespace"
            f" {str(tag.namespace)[:120]}; operations here are in {ours}",
            f"/{tag.localname[:80]}",
        )

    async def _handled(self, handler: Handler, envelope: Envelope, incoming: Incoming) -> bytes:
        call = Call(
            operation=local_name(envelope.body.tag),
            body=envelope.body,
            header=envelope.header,
            version=envelope.version,
            incoming=incoming,
        )
        try:
            return await handler(call)
        except Fault:
            raise
        except Exception as error:
            answer = self._on_error(call, error)
            if answer is not None:
                if not isinstance(error, RoamingError):
                    log.exception("%s failed", call.operation)
                return answer
            if isinstance(error, RoamingError):
                raise fault_of(error) from error
            raise


def fault_of(error: RoamingError) -> Fault:
    """A core error where the protocol has no result code for it."""
    if isinstance(error, Invalid):
        return Fault(FaultKind.CLIENT, error.reason, error.path)
    if isinstance(error, Refused):
        kind = FaultKind.CLIENT if error.authenticated else FaultKind.FAILED_AUTHENTICATION
        return Fault(kind, error.reason)
    if isinstance(error, Unknown | Unsupported):
        return Fault(FaultKind.CLIENT, error.reason)
    return Fault(FaultKind.SERVER, "the request cannot be served now")


def _content_type(version: Version) -> str:
    return f"{version.content_type}; charset=utf-8"
