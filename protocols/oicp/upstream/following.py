"""What goes on by itself between the hub and a platform in which it is a partner: stations, statuses and records are
fetched, and its own stations, statuses and cards are shown."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from core.errors import Unsupported
from core.model.feed import Feed
from core.model.partner import Partner, Role
from core.ports.feeds import Follower, Pull
from core.services.turns import Turns
from protocols.oicp.client import OicpClient
from protocols.oicp.server.catalogue import Catalogue
from protocols.oicp.server.inbound import Inbound, Shared
from protocols.oicp.settings import settings_of
from protocols.oicp.upstream.lists import Lists
from protocols.oicp.upstream.mirror import Mirror
from protocols.oicp.upstream.records import reconcile
from protocols.oicp.upstream.settings import Upstream
from protocols.oicp.upstream.sheets import AllStatuses, CardSheet, EvseSheet
from protocols.oicp.upstream.stations import Stations
from protocols.plugin import Hub

MINUTE: Final = timedelta(minutes=1)
DAY: Final = timedelta(days=1)
EVSE_DATA: Final = Feed(name="evse-data", full_every=7 * DAY, delta_every=15 * MINUTE)
EVSE_STATUS: Final = Feed(name="evse-status", full_every=2 * MINUTE)
RECORDS: Final = Feed(name="cdrs", full_every=DAY, delta_every=60 * MINUTE, overlap=60 * MINUTE)
SHOWN_CARDS: Final = Feed(name="shown-cards", full_every=7 * DAY, delta_every=5 * MINUTE, overlap=MINUTE)
SHOWN_EVSES: Final = Feed(name="shown-evses", full_every=7 * DAY, delta_every=MINUTE, overlap=MINUTE)
SHOWN_STATUSES: Final = Feed(name="shown-statuses", full_every=DAY, delta_every=MINUTE, overlap=2 * MINUTE)


class UpstreamFollower(Follower):
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._shared = Shared(hub=hub, catalogue=Catalogue(hub), turns=Turns(hub.cache))
        self._lists = Lists(OicpClient(hub.outbound))
        self._mirror = Mirror(hub.outbound.copies, hub.outbound.cache)

    def feeds(self, partner: Partner) -> tuple[Feed, ...]:
        upstream = settings_of(partner).upstream
        if upstream is None:
            return ()
        as_emp = (EVSE_DATA, EVSE_STATUS, RECORDS, *((SHOWN_CARDS,) if upstream.cards else ()))
        as_cpo = (SHOWN_EVSES, SHOWN_STATUSES)
        return (as_emp if partner.plays(Role.CPO) else ()) + (as_cpo if partner.plays(Role.EMSP) else ())

    async def follow(self, pull: Pull) -> None:
        upstream = settings_of(pull.partner).upstream
        if upstream is None:
            raise Unsupported(f"{pull.partner.name} is no platform")
        await self._ways(pull, upstream)[pull.feed.name](pull)
        await self._hub.partners.reached(pull.partner.id)

    def _ways(self, pull: Pull, upstream: Upstream) -> dict[str, Callable[[Pull], Awaitable[None]]]:
        call = self._call(pull.partner)
        stations = Stations(call, self._lists, upstream)
        return {
            EVSE_DATA.name: stations.walk,
            EVSE_STATUS.name: stations.poll,
            RECORDS.name: lambda pull: reconcile(pull, call, self._lists),
            SHOWN_EVSES.name: lambda pull: self._mirror.show(pull, EvseSheet(self._lists, self._hub)),
            SHOWN_STATUSES.name: lambda pull: self._mirror.show(pull, AllStatuses(self._lists, self._hub)),
            SHOWN_CARDS.name: lambda pull: self._mirror.show(pull, CardSheet(self._lists, self._hub)),
        }

    def _call(self, partner: Partner) -> Inbound:
        """As if the platform, as an operator, called the hub."""
        return Inbound(
            shared=self._shared,
            partner=partner,
            settings=settings_of(partner),
            role=Role.CPO,
            party=partner.parties[0],
            body=b"",
            query={},
            process_id=self._hub.ids.uuid(),
        )
