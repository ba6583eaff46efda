"""The addresses of the platform: one for everything, one for each service, and the partner's side described.

Any operation is taken at any of them. Source: checklist, 2.3, EMIP-TRN-08, EMIP-TRN-14.
"""

from pathlib import Path
from typing import Any, Final

from litestar import Router
from litestar.handlers import asgi
from litestar.types import Receive, Scope, Send

from protocols.emip.server.dispatch import EmipDispatcher
from protocols.plugin import Hub
from protocols.transport.soap.endpoint import SoapEndpoint
from protocols.transport.soap.wsdl import WsdlFiles

ROOT: Final = "/emip"
BASE: Final = f"{ROOT}/0.7.4"
PLATFORM_PATHS: Final = ("", "/services/platformV1", "/services/authorisationV1", "/services/evciDynamicV1")
PARTNER_PATHS: Final = ("/partner", "/partner/cpo", "/partner/emsp")
_WSDL: Final = Path(__file__).parent.parent / "wsdl"


def emip_router(hub: Hub) -> Router:
    """One mount: the version may be left out of a path, and an unknown one gets no foreign answer."""
    dispatcher = EmipDispatcher(hub)
    endpoints: dict[str, SoapEndpoint] = {}
    for base in (ROOT, BASE):
        for paths, wsdl in ((PLATFORM_PATHS, "platform.wsdl"), (PARTNER_PATHS, "partner.wsdl")):
            for path in paths:
                address = f"{hub.identity.public_url}{base}{path}"
                endpoints[f"{base}{path}"] = SoapEndpoint(dispatcher, WsdlFiles(_WSDL, wsdl), address)

    @asgi(ROOT, is_mount=True, copy_scope=False)
    async def emip(scope: Scope, receive: Receive, send: Send) -> None:
        known: Any = scope
        path = _path(known)
        endpoint = endpoints.get(path)
        known["path"] = path  # a mount sees the rest only; what comes after us wants the whole
        if endpoint is None:
            await _not_found(send)
            return
        known["path_template"] = path
        if known["method"] in ("GET", "HEAD") and not known["query_string"]:
            known["query_string"] = b"wsdl"
        await endpoint(scope, receive, send)

    return Router(path="/", route_handlers=[emip])


def _path(scope: Any) -> str:
    raw = scope.get("raw_path")
    text = bytes(raw).partition(b"?")[0].decode("latin-1") if raw else str(scope["path"])
    return ROOT + text.partition(ROOT)[2].rstrip("/") if ROOT in text else (ROOT + text).rstrip("/")


async def _not_found(send: Send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
