"""OCPI as the gateway sees it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from litestar import Router, asgi
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send
from msgspec.structs import replace

from core.errors import Invalid, Rejected
from core.model.partner import CredentialKind, Partner, PartnerState
from core.ports.adapter import ProtocolAdapter
from core.ports.feeds import Follower
from protocols.checking import CheckReport
from protocols.ocpi.adapter import OcpiAdapter
from protocols.ocpi.auth import fresh_token
from protocols.ocpi.check.run import check_partner
from protocols.ocpi.codes import Failure
from protocols.ocpi.following import OcpiFollower
from protocols.ocpi.handshake import Handshake
from protocols.ocpi.server import (
    bookings,
    cdrs,
    chargingprofiles,
    commands,
    hubclientinfo,
    invoices,
    payments,
    relayed,
    sessions,
    tariffs,
    tokens,
)
from protocols.ocpi.server.app import PREFIX, OcpiApp
from protocols.ocpi.server.config import DETAILS_ROUTE, VERSIONS_ROUTE, credentials_routes
from protocols.ocpi.server.lists import LocationPages
from protocols.ocpi.server.locations import location_routes
from protocols.ocpi.server.routes import Route, Routes
from protocols.ocpi.settings import settings_from, settings_of, settings_text
from protocols.ocpi.versions import versions_url
from protocols.plugin import Hub, NewPartner, Outbound


class OcpiPlugin:
    id = "ocpi"

    def routers(self, hub: Hub) -> Sequence[Router]:
        app = ocpi_app(hub)

        @asgi("/", is_mount=True, copy_scope=False)
        async def ocpi(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == ScopeType.HTTP:
                await app(scope, receive, send)

        return [Router(f"/{PREFIX}", route_handlers=[ocpi])]

    def adapter(self, outbound: Outbound) -> ProtocolAdapter:
        return OcpiAdapter(outbound)

    def follower(self, hub: Hub) -> Follower:
        return OcpiFollower(hub)

    def new_partner(self, partner: Partner, document: Mapping[str, Any], outbound: Outbound) -> NewPartner:
        """A token A, good for the parties that the operator names. Switches of OcpiSettings may come under `ocpi`."""
        settings = settings_from(document.get("ocpi", {}))
        settings = replace(settings, allowed=tuple(party.key for party in partner.parties))
        token_a = fresh_token()
        return NewPartner(
            partner=replace(partner, settings=settings_text(settings)),
            secrets={CredentialKind.REGISTRATION: token_a},
            shown={"id": partner.id, "token_a": token_a, "versions_url": versions_url(outbound.identity)},
        )

    async def check(self, hub: Hub, partner: Partner) -> CheckReport:
        return await check_partner(hub, partner)

    def secrets_since(self, partner: Partner) -> datetime | None:
        return settings_of(partner).tokens_since if partner.state is PartnerState.CONNECTED else None

    async def connect(self, hub: Hub, partner: Partner, document: Mapping[str, Any]) -> Partner:
        """With the partner's `versions_url` and the `token_a` that it gave; an empty document: both tokens anew.

        Raises Rejected with what is wrong with the other side."""
        try:
            if not document:
                return await Handshake(hub).rotate(partner)
            return await Handshake(hub).register(partner, _text(document, "versions_url"), _text(document, "token_a"))
        except Failure as failure:
            raise Rejected(str(failure.code), failure.reason) from failure


def ocpi_routes(hub: Hub) -> list[Route]:
    """All that this hub offers, but the versions and their details."""
    routes = [
        *credentials_routes(Handshake(hub)),
        *hubclientinfo.ROUTES,
        *location_routes(LocationPages(hub)),
        *sessions.ROUTES,
        *cdrs.ROUTES,
        *tariffs.ROUTES,
        *tokens.ROUTES,
        *commands.ROUTES,
        *chargingprofiles.ROUTES,
        *invoices.ROUTES,
        *payments.ROUTES,
        *bookings.ROUTES,
        *relayed.ROUTES,
    ]
    return [route for route in routes if route.module not in hub.without]


def ocpi_app(hub: Hub) -> OcpiApp:
    return OcpiApp(hub, Routes(VERSIONS_ROUTE, DETAILS_ROUTE, ocpi_routes(hub)))


def _text(document: Mapping[str, Any], member: str) -> str:
    value = document.get(member)
    if not isinstance(value, str) or not value:
        raise Invalid(f"$.{member}", "is required")
    return value


PLUGIN = OcpiPlugin()
