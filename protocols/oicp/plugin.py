"""The one face of OICP that the gateway sees."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
from litestar import Router

from core.errors import Invalid, Unsupported
from core.model.partner import CredentialKind, Partner, PartnerState, Role
from core.ports.adapter import ProtocolAdapter
from core.ports.feeds import Follower
from protocols.checking import CheckReport
from protocols.oicp import access
from protocols.oicp.adapter import OicpAdapter
from protocols.oicp.server.operations import OPERATIONS
from protocols.oicp.server.upstream import oicp_routers, service_path
from protocols.oicp.settings import OicpSettings, settings_from, sub_ids_from, with_spellings
from protocols.oicp.upstream.following import UpstreamFollower
from protocols.plugin import Hub, NewPartner, Outbound

NAMES: Final = frozenset(operation.name for operation in OPERATIONS)


class OicpPlugin:
    id = "oicp"

    def routers(self, hub: Hub) -> Sequence[Router]:
        return oicp_routers(hub)

    def adapter(self, outbound: Outbound) -> ProtocolAdapter:
        return OicpAdapter(outbound)

    def follower(self, hub: Hub) -> Follower:
        return UpstreamFollower(hub)

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
        key = access.inbound_key_from(document)
        kept = {CredentialKind.INBOUND: key}
        if outbound_secret := access.to_secret(access.access_from(document)):
            kept[CredentialKind.OUTBOUND] = outbound_secret
        added = msgspec.structs.replace(
            partner,
            version=settings.version,
            state=PartnerState.CONNECTED,
            roles=with_spellings(partner, settings),
            sub_ids=sub_ids_from(document),
            settings=msgspec.json.encode(settings).decode(),
        )
        shown = {"id": partner.id, "api_key": key} | _where(partner, settings, outbound)
        return NewPartner(partner=added, secrets=kept, shown=shown)

    async def check(self, hub: Hub, partner: Partner) -> CheckReport:
        raise Unsupported("OICP has nothing to read from a partner without effect")

    def secrets_since(self, partner: Partner) -> datetime | None:
        return None

    async def connect(self, hub: Hub, partner: Partner, document: Mapping[str, Any]) -> Partner:
        raise Unsupported("OICP has no handshake: a partner is connected when it is added")


def _where(partner: Partner, settings: OicpSettings, outbound: Outbound) -> dict[str, str]:
    """Where the partner calls the hub: its base URL, or where the hub is the partner, its service URL."""
    url = outbound.identity.public_url
    return {"base_url": url} if settings.upstream is None else {"service_url": url + service_path(partner.id)}


def _check_limits(settings: OicpSettings) -> None:
    for name in settings.calls_per_minute:
        if name not in NAMES:
            raise Invalid(f"$.calls_per_minute.{name}", f"one of {', '.join(sorted(NAMES))} is expected")


PLUGIN = OicpPlugin()
