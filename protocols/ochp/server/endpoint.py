"""The way in: who calls, may it, and one operation's answer, whatever happens.

Every operation is taken at every path. The login comes first; a request that is wrong learns nothing without it.
"""

from pathlib import Path
from typing import Final

from litestar import Router

from core.model.partner import Partner, Role
from core.services.turns import Turns
from protocols.ochp import codec
from protocols.ochp.auth import Accounts
from protocols.ochp.codes import Negative, result_of
from protocols.ochp.server.catalogue import Catalogue
from protocols.ochp.server.inbound import Inbound, Shared
from protocols.ochp.server.operations import OPERATIONS, Operation
from protocols.ochp.wire.words import ResultCode
from protocols.plugin import Hub
from protocols.transport.soap.dispatch import Call, Dispatcher, Handler
from protocols.transport.soap.endpoint import SoapEndpoint, soap_handler
from protocols.transport.soap.envelope import Fault, FaultKind
from protocols.transport.soap.shapes import element_name
from protocols.transport.soap.wsdl import WsdlFiles

MAIN_PATH: Final = "/ochp/1.4"
LIVE_PATH: Final = "/ochp/1.4/live"
MAIN_ALIAS: Final = "/service/ochp/v1.4"
LIVE_ALIAS: Final = "/live/ochp/v1.4"
"""The paths of the official WSDL: a partner changes the host name alone."""
WSDL: Final = Path(__file__).parents[1] / "wsdl"
_ROLE_NAMES: Final = {Role.CPO: "CPO", Role.EMSP: "EMP", Role.NSP: "NSP"}


def ochp_router(hub: Hub) -> Router:
    house = ClearingHouse(hub)
    handlers = [
        soap_handler([path], house.endpoint(f"{wsdl}.wsdl", path))
        for wsdl, path in (("main", MAIN_PATH), ("main", MAIN_ALIAS), ("live", LIVE_PATH), ("live", LIVE_ALIAS))
    ]
    return Router(path="/", route_handlers=handlers)


class ClearingHouse:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._accounts = Accounts(hub)
        self._shared = Shared(hub=hub, catalogue=Catalogue(hub), turns=Turns(hub.cache))
        by_tag = {codec.SCHEMA.root(element_name(one.request)): one for one in OPERATIONS}
        self._by_name = {element_name(one.request): one for one in OPERATIONS}
        self._dispatcher = Dispatcher(
            {tag: self._handler(operation) for tag, operation in by_tag.items()},
            on_error=self._refused,
            max_bytes=hub.max_body_bytes,
        )

    def endpoint(self, wsdl: str, path: str) -> SoapEndpoint:
        return SoapEndpoint(self._dispatcher, WsdlFiles(WSDL, wsdl), f"{self._hub.identity.public_url}{path}")

    def _handler(self, operation: Operation) -> Handler:
        async def handle(call: Call) -> bytes:
            partner = await self._accounts.authenticate(call.header)
            call.incoming.state["partner_id"] = partner.id
            _check_role(operation, partner)
            inbound = Inbound(
                shared=self._shared,
                partner=partner,
                body=call.body,
                now=self._hub.clock.now(),
                correlation_id=self._hub.ids.uuid(),
            )
            reply = await operation.handle(inbound)
            call.incoming.state["protocol_code"] = reply.code
            return reply.body

        return handle

    def _refused(self, call: Call, error: Exception) -> bytes | None:
        """The operation's own response; a fault where it has no result."""
        operation = self._by_name[call.operation]
        said = result_of(error)
        call.incoming.state["protocol_code"] = said.result_code.value
        if operation.has_result:
            return codec.encode(operation.response(result=said))
        if isinstance(error, Negative):
            raise Fault(FaultKind.CLIENT, error.text) from error
        return None


def _check_role(operation: Operation, partner: Partner) -> None:
    if not any(partner.plays(role) for role in operation.roles):
        names = " or ".join(sorted(_ROLE_NAMES[role] for role in operation.roles))
        raise Negative(ResultCode.NOT_AUTHORIZED, f"this operation is for the role {names}, which the account lacks")
