"""Who can be reached through the hub, and through others. Source: OCPI 2.3.0, mod_hub_client_info."""

from functools import partial

from core.errors import Refused, Unknown
from core.model.ids import PartyId
from core.model.partner import PartyBehind, PartyStatus, Role
from mappings.ocpi.parties import party_behind_from_ocpi, party_status_to_ocpi
from protocols.ocpi.handshake import stands_for
from protocols.ocpi.paging import Page, page_from
from protocols.ocpi.server.exchange import Ask, Reply, same_owner
from protocols.ocpi.server.lists import encoded, reply_list
from protocols.ocpi.server.locked import turn
from protocols.ocpi.server.routes import Route
from protocols.ocpi.settings import settings_of
from protocols.ocpi.wire.hubclientinfo import ClientInfo


async def list_all(ask: Ask) -> Reply:
    """A complete list is the truth: a party that is not in it is not reachable."""
    page = page_from(ask.query)
    found = [status for status in await ask.hub.partners.statuses_for(ask.partner) if _wanted(status, page)]
    found.sort(key=lambda status: (status.party, status.role))
    told = partial(party_status_to_ocpi, payments=settings_of(ask.partner).has("payments"))
    part = found[page.offset : page.offset + page.limit]
    return reply_list(ask, page, encoded(ask, part, told), len(found))


def _wanted(status: PartyStatus, page: Page) -> bool:
    return (page.date_from is None or status.updated_at >= page.date_from) and (
        page.date_to is None or status.updated_at < page.date_to
    )


async def get_one(ask: Ask) -> Reply:
    """What another hub has told of a party behind it."""
    found = [party for party in ask.partner.behind if party.role.party.key == "".join(ask.args).upper()]
    if not found:
        raise Unknown("client info", "*".join(ask.args))
    return Reply(data=ask.write(party_status_to_ocpi(_status(found[0]))))


async def put_one(ask: Ask) -> Reply:
    """Another hub says how a party behind it is connected. What is older than what is held changes nothing."""
    if not ask.partner.is_hub:
        raise Unknown("endpoint", ask.path)
    info = ask.read(ClientInfo)
    told = party_behind_from_ocpi(info)
    same_owner(info, PartyId.of(ask.args[0], ask.args[1], "$.party_id"))
    if told.role.role is Role.HUB or told.role.party in (ask.hub.identity.party, *ask.partner.parties):
        return Reply()
    if not stands_for(ask.partner, ask.partner.parties_as(Role.HUB)[0].key, told.role.party):
        raise Refused(f"{ask.partner.name} was not added for {told.role.party}")
    async with turn(ask.hub.cache, f"behind/{ask.partner.id}"):
        await ask.hub.partners.party_behind(ask.partner.id, told)
    return Reply()


def _status(party: PartyBehind) -> PartyStatus:
    return PartyStatus(party=party.role.party, role=party.role.role, state=party.state, updated_at=party.updated_at)


ROUTES = [
    Route(path="hubclientinfo", methods={"GET": list_all}),
    Route(path="hubclientinfo", parameters=2, methods={"GET": get_one, "PUT": put_one}),
]
