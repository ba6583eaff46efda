"""The one face of OICP that the gateway sees."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from litestar import Router

from core.errors import Invalid, Unsupported
from core.model.partner import CredentialKind, Partner, PartnerState, Role
from core.ports.adapter import ProtocolAdapter
from core.ports.feeds import Follower
from protocols.oicp.adapter import OicpAdapter
from protocols.oicp.server.endpoint import oicp_router
from protocols.oicp.server.operations import OPERATIONS
from protocols.oicp.settings import OicpSettings, settings_from, sub_ids_from, with_spellings
from protocols.plugin import Hub, NewPartner, Outbound

NAMES: Final = frozenset(operation.name for operation in OPERATIONS)


class OicpPlugin:
    id = "oicp"

    def routers(self, hub: Hub) -> Sequence[Router]:
        return [oicp_router(hub)]

    def adapter(self, outbound: Outbound) -> ProtocolAdapter:
        return OicpAdapter(outbound)

    def follower(self, hub: Hub) -> Follower:
        return Follower()

    def new_partner(self, partner: Partner, document: Mapping[str, Any], outbound: Outbound) -> NewPartner:
        """Connected from the start: OICP has no handshake. Raises Invalid naming the member that is wrong."""
        if not partner.plays(Role.CPO) and not partner.plays(Role.EMSP):
            raise Invalid("$.roles", "an OICP partner is a CPO, an EMSP or both")
        settings = settings_from(document, partner)
        _check_limits(settings)
        if settings.callback_url:
            outbound.http.check_url(settings.callback_url, "$.callback_url")
        for service, url in settings.service_urls.items():
            outbound.http.check_url(url, f"$.service_urls.{service}")
        key = secrets.token_urlsafe(32)
        added = msgspec.structs.replace(
            partner,
            version="2.3",
            state=PartnerState.CONNECTED,
            roles=with_spellings(partner, settings),
            sub_ids=sub_ids_from(document),
            settings=msgspec.json.encode(settings).decode(),
        )
        shown = {"id": partner.id, "api_key": key, "base_url": outbound.identity.public_url}
        return NewPartner(partner=added, secrets={CredentialKind.INBOUND: key}, shown=shown)

    async def connect(self, hub: Hub, partner: Partner, document: Mapping[str, Any]) -> Partner:
        raise Unsupported("OICP has no handshake: a partner is connected when it is added")


def _check_limits(settings: OicpSettings) -> None:
    for name in settings.calls_per_minute:
        if name not in NAMES:
            raise Invalid(f"$.calls_per_minute.{name}", f"one of {', '.join(sorted(NAMES))} is expected")


PLUGIN = OicpPlugin()
