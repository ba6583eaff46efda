"""From the bytes of a request to the handler of its body element, and to an envelope back, whatever happens.

The order in which a wrong request is refused: its form, who sends it, what it asks, what it says, in whose name.
"""

import hashlib
import logging
from typing import Final

import msgspec

from core.errors import RoamingError
from core.model.partner import Partner
from protocols.emip import codec
from protocols.emip.auth import authenticate, operation_of
from protocols.emip.codes import Detail, EmipFault, fault_body, fault_of, http_status
from protocols.emip.server.inbound import Inbound, Shared
from protocols.emip.server.operations import OPERATIONS
from protocols.emip.settings import settings_of
from protocols.emip.wire.parts import Request
from protocols.plugin import Hub
from protocols.transport.soap.dispatch import Dispatcher, Incoming, Reply
from protocols.transport.soap.envelope import SOAP_11, SOAP_12, Envelope, Fault, FaultKind, Version, open_envelope, seal
from protocols.transport.soap.xml import Element, NotXml, local_name

log = logging.getLogger(__name__)

VERSIONS: Final = (SOAP_12, SOAP_11)
MAX_BYTES: Final = 1024 * 1024
MAX_DEPTH: Final = 32
GRACE_S: Final = 10.0
"""What the hub itself may need, beyond waiting for a partner."""


class EmipDispatcher(Dispatcher):
    """Liberal in how the body element is written, and with eMIP's own faults."""

    def __init__(self, hub: Hub) -> None:
        super().__init__({}, versions=VERSIONS, max_bytes=min(MAX_BYTES, hub.max_body_bytes))
        self._hub = hub
        self._shared = Shared(hub)

    async def answer(self, incoming: Incoming) -> Reply:
        """Never raises: an error nobody foresaw is told to the log and not to the partner."""
        version, correlation_id = SOAP_12, self._hub.ids.uuid()
        try:
            envelope = await self._opened(incoming)
            version = envelope.version
            body = await self._answered(envelope, incoming, correlation_id)
        except Fault as fault:
            reply = self.refusal(fault, version)
        except NotXml as error:
            reply = self.refusal(Fault(FaultKind.CLIENT, error.reason), version)
        except RoamingError as error:
            reply = self.refusal(fault_of(error), version)
        except Exception:
            log.exception("an eMIP request failed")
            reply = self.refusal(EmipFault(Detail.INTERNAL, "Internal error, please try again"), version)
        else:
            reply = Reply(status=200, content_type=_content_type(version), body=seal(version, body))
        return msgspec.structs.replace(reply, headers={**reply.headers, "x-correlation-id": correlation_id})

    def refusal(self, fault: Fault, version: Version | None = None, status: int | None = None) -> Reply:
        version = version or SOAP_12
        status = status or (415 if isinstance(fault, _WrongType) else http_status(fault))
        return Reply(status=status, content_type=_content_type(version), body=fault_body(fault, version))

    async def _opened(self, incoming: Incoming) -> Envelope:
        try:
            charset = self._charset(incoming.headers.get("content-type", ""))
        except Fault as fault:
            raise _WrongType(fault) from None
        root = await self._parsed(incoming.body, charset)
        if _too_deep(root):
            raise Fault(FaultKind.CLIENT, f"elements are nested more than {MAX_DEPTH} deep")
        return open_envelope(root, VERSIONS)

    async def _answered(self, envelope: Envelope, incoming: Incoming, correlation_id: str) -> bytes:
        partner = await authenticate(self._hub, incoming.headers, incoming.client)
        incoming.state["partner_id"] = partner.id
        found = codec.find(envelope.body)
        operation = OPERATIONS.get(found.wire_type) if found else None
        if found is None or operation is None:
            name = local_name(envelope.body.tag)[:80]
            raise EmipFault(Detail.UNKNOWN_OPERATION, "Unknown operation", name)
        settings = settings_of(partner)
        message: Request = codec.read(envelope.body, found.wire_type, settings.tz)
        party = operation_of(partner, settings, message, operation.roles)
        await self._hub.partners.heard(partner)
        call = Inbound(
            shared=self._shared,
            partner=partner,
            settings=settings,
            party=party,
            message=message,
            transaction_id=message.transaction_id or self._hub.ids.uuid(),
            correlation_id=correlation_id,
        )

        async def handled() -> bytes:
            response = await operation.handle(call)
            return codec.encode(response, found.namespace)

        if message.transaction_id is None or not operation.remembered:
            body = await handled()
        else:
            takes_s = max(settings.patience_s, settings.authorise_timeout_s) + GRACE_S
            body = await self._shared.repeats.once(_key(partner, message), handled, takes_s=takes_s)
        incoming.state["protocol_code"] = _status_in(body)
        return body


class _WrongType(Fault):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.kind, fault.text)


def _key(partner: Partner, message: Request) -> str:
    """Of a message: equal for the same sender and content, however it was written."""
    return hashlib.sha256(partner.id.encode() + b"\0" + codec.encode(message)).hexdigest()


def _status_in(body: bytes) -> str | None:
    _, _, rest = body.partition(b"<requestStatus>")
    return rest.partition(b"<")[0].decode("ascii") or None


def _too_deep(root: Element) -> bool:
    level = [root]
    for _ in range(MAX_DEPTH):
        level = [child for element in level for child in element]
        if not level:
            return False
    return True


def _content_type(version: Version) -> str:
    return f"{version.content_type}; charset=utf-8"
