"""Whom another hub reaches, by its own list. Source: OCPI 2.3.0 and 2.2.1, mod_hub_client_info.

In 2.2.1 it says so in no other way; in 2.3.0 its credentials say it too, but not how they are connected.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

from core.errors import Rejected, RoamingError, Unavailable, Uncertain
from core.model.feed import Feed
from core.model.partner import Partner, PartyBehind, Role
from core.ports.feeds import Pull
from core.ports.stores import Saved
from core.services.partners import MOST_BEHIND
from mappings.ocpi.parties import party_behind_from_ocpi
from protocols.ocpi.dialect import Dialect
from protocols.ocpi.handshake import stands_for
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import HUB_CLIENT_INFO, SENDER
from protocols.ocpi.wire.hubclientinfo import ClientInfo
from protocols.plugin import Hub

PARTIES: Final = Feed(name=HUB_CLIENT_INFO, full_every=timedelta(minutes=10))


def lists_parties(partner: Partner) -> bool:
    return partner.is_hub and settings_of(partner).url(HUB_CLIENT_INFO, SENDER) is not None


async def follow_parties(hub: Hub, pull: Pull, items: AsyncIterator[bytes], dialect: Dialect) -> None:
    """The whole list is the truth: who is not in it is not reached any more. What cannot be read is held, and then
    nobody is taken away."""
    known = {party.role.claim: party for party in pull.partner.behind}
    found: dict[str, PartyBehind] = {}
    async for raw in items:
        try:
            party = party_behind_from_ocpi(dialect.read(raw, ClientInfo))
        except (Unavailable, Uncertain):
            raise
        except RoamingError as error:
            pull.hold(None, error, raw.decode(errors="replace"))
            continue
        if not _reached(hub, pull.partner, party):
            pull.ignore()
            continue
        claim = party.role.claim
        found[claim] = party
        unchanged = claim in known and known[claim].state is party.state
        pull.took(claim, Saved.SAME if unchanged else Saved.CHANGED)
        if len(found) > MOST_BEHIND:
            raise Rejected(HUB_CLIENT_INFO, f"{pull.partner.name} lists more than {MOST_BEHIND} parties")
    pull.removed = len(known.keys() - found.keys()) if pull.replaces else 0
    kept = {} if pull.replaces else known
    await hub.partners.parties_behind(pull.partner.id, list((kept | found).values()))


def _reached(hub: Hub, peer: Partner, party: PartyBehind) -> bool:
    """Neither of the two hubs, nor a third one, nor whom the operator did not add it for."""
    if party.role.role is Role.HUB or party.role.party in (hub.identity.party, *peer.parties):
        return False
    return stands_for(peer, peer.parties_as(Role.HUB)[0].key, party.role.party)
