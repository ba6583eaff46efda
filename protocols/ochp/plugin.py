"""The one face of OCHP that the gateway sees."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Router

from core.errors import Invalid, Unsupported
from core.model.partner import CredentialKind, Partner, PartnerState, Role
from core.ports.adapter import ProtocolAdapter
from core.ports.feeds import Follower
from protocols.checking import CheckReport
from protocols.ochp.adapter import OchpAdapter
from protocols.ochp.server.endpoint import LIVE_PATH, MAIN_PATH, ochp_router
from protocols.ochp.settings import OchpSettings, settings_from
from protocols.plugin import Hub, NewPartner, Outbound

ROLES = frozenset({Role.CPO, Role.EMSP, Role.NSP})


class OchpPlugin:
    id = "ochp"

    def routers(self, hub: Hub) -> Sequence[Router]:
        return [ochp_router(hub)]

    def adapter(self, outbound: Outbound) -> ProtocolAdapter:
        return OchpAdapter(outbound)

    def follower(self, hub: Hub) -> Follower:
        return Follower()

    def new_partner(self, partner: Partner, document: Mapping[str, Any], outbound: Outbound) -> NewPartner:
        """Connected from the start: OCHP has no handshake. Raises Invalid naming the member that is wrong."""
        if not any(partner.plays(role) for role in ROLES):
            raise Invalid("$.roles", "an OCHP partner is a CPO, an EMSP, an NSP or several of them")
        usual = f"{partner.roles[0].party.key}-{secrets.token_hex(4)}"
        settings, upstream_password = settings_from(document, usual)
        _check_urls(settings, outbound)
        password = secrets.token_urlsafe(32)
        added = msgspec.structs.replace(
            partner,
            version="1.4",
            state=PartnerState.CONNECTED,
            settings=msgspec.json.encode(settings).decode(),
        )
        base = outbound.identity.public_url
        shown = {
            "id": partner.id,
            "username": settings.username,
            "password": password,
            "wsdl_urls": {"main": f"{base}{MAIN_PATH}?wsdl", "live": f"{base}{LIVE_PATH}?wsdl"},
        }
        kept = {CredentialKind.INBOUND: password}
        if upstream_password:
            kept[CredentialKind.OUTBOUND] = upstream_password
        return NewPartner(partner=added, secrets=kept, shown=shown)

    async def check(self, hub: Hub, partner: Partner) -> CheckReport:
        raise Unsupported("OCHP has nothing to read from a partner without effect")

    def secrets_since(self, partner: Partner) -> datetime | None:
        return None

    async def connect(self, hub: Hub, partner: Partner, document: Mapping[str, Any]) -> Partner:
        raise Unsupported("OCHP has no handshake: a partner is connected when it is added")


def _check_urls(settings: OchpSettings, outbound: Outbound) -> None:
    upstream = settings.upstream
    given = {
        "$.callback_url": settings.callback_url,
        "$.upstream.url": upstream.url if upstream else None,
        "$.upstream.live_url": upstream.live_url if upstream else None,
    }
    for path, url in given.items():
        if url:
            outbound.http.check_url(url, path)


PLUGIN = OchpPlugin()
