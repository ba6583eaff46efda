"""New secrets for partners whose protocol changes them by a handshake. Source: OCPI 2.3.0, credentials, PUT."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from core.errors import RoamingError
from core.model.partner import Partner
from protocols.plugin import Hub, ProtocolPlugin

AGAIN_S: Final = 6 * 3600.0
"""After a partner that did not take new ones."""
log = logging.getLogger(__name__)


class Renewal:
    """`days`: so old may they become; 0: they are changed by hand only."""

    def __init__(self, hub: Hub, plugins: Mapping[str, ProtocolPlugin], days: int) -> None:
        self._hub = hub
        self._plugins = plugins
        self._days = days

    async def round(self) -> None:
        """Each partner that is due, one after the other, by one process."""
        for partner in await self._hub.partners.all():
            if self._is_due(partner) and await self._hub.cache.first(f"renewal/{partner.id}", AGAIN_S):
                await self._renew(partner)

    def _is_due(self, partner: Partner) -> bool:
        plugin = self._plugins.get(partner.protocol)
        since = plugin.secrets_since(partner) if plugin and self._days else None
        return since is not None and self._hub.clock.now() - since >= timedelta(days=self._days)

    async def _renew(self, partner: Partner) -> None:
        try:
            await self._plugins[partner.protocol].connect(self._hub, partner, {})
        except RoamingError as error:
            log.warning("%s keeps its secrets for now: %s", partner.name, error)
