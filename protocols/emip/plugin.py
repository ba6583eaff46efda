"""The one face of eMIP that the gateway sees."""

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
from protocols.emip.adapter import EmipAdapter
from protocols.emip.server.endpoint import BASE, emip_router
from protocols.emip.settings import settings_from
from protocols.plugin import Hub, NewPartner, Outbound


class EmipPlugin:
    id = "emip"

    def routers(self, hub: Hub) -> Sequence[Router]:
        return [emip_router(hub)]

    def adapter(self, outbound: Outbound) -> ProtocolAdapter:
        return EmipAdapter(outbound)

    def follower(self, hub: Hub) -> Follower:
        return Follower()

    def new_partner(self, partner: Partner, document: Mapping[str, Any], outbound: Outbound) -> NewPartner:
        """Connected from the start: eMIP has no handshake. Raises Invalid naming the member that is wrong."""
        if not partner.plays(Role.CPO) and not partner.plays(Role.EMSP):
            raise Invalid("$.roles", "an eMIP partner is a CPO, an EMSP or both")
        settings, callback_key = settings_from(document, partner)
        if settings.callback_url:
            outbound.http.check_url(settings.callback_url, "$.callback_url")
        key = secrets.token_urlsafe(32)
        added = msgspec.structs.replace(
            partner,
            version="0.7.4",
            state=PartnerState.CONNECTED,
            settings=msgspec.json.encode(settings).decode(),
        )
        shown = {
            "id": partner.id,
            "partner_id": settings.partner_id,
            "api_key": key,
            "base_url": outbound.identity.public_url + BASE,
        }
        kept = {CredentialKind.INBOUND: key}
        if callback_key:
            kept[CredentialKind.OUTBOUND] = callback_key
        return NewPartner(partner=added, secrets=kept, shown=shown)

    async def check(self, hub: Hub, partner: Partner) -> CheckReport:
        raise Unsupported("eMIP has nothing to read from a partner without effect")

    def secrets_since(self, partner: Partner) -> datetime | None:
        return None

    async def connect(self, hub: Hub, partner: Partner, document: Mapping[str, Any]) -> Partner:
        raise Unsupported("eMIP has no handshake: a partner is connected when it is added")


PLUGIN = EmipPlugin()
