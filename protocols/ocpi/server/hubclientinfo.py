"""Who can be reached through the hub. Source: OCPI 2.3.0, mod_hub_client_info."""

from core.model.partner import PartyStatus
from mappings.ocpi.parties import party_status_to_ocpi
from protocols.ocpi.paging import Page, page_from
from protocols.ocpi.server.exchange import Ask, Reply
from protocols.ocpi.server.lists import encoded, reply_list
from protocols.ocpi.server.routes import Route


async def list_all(ask: Ask) -> Reply:
    """A complete list is the truth: a party that is not in it is not reachable."""
    page = page_from(ask.query)
    found = [status for status in await ask.hub.partners.statuses_for(ask.partner) if _wanted(status, page)]
    found.sort(key=lambda status: (status.party, status.role))
    part = found[page.offset : page.offset + page.limit]
    return reply_list(ask, page, encoded(ask, part, party_status_to_ocpi), len(found))


def _wanted(status: PartyStatus, page: Page) -> bool:
    return (page.date_from is None or status.updated_at >= page.date_from) and (
        page.date_to is None or status.updated_at < page.date_to
    )


ROUTES = [Route(path="hubclientinfo", methods={"GET": list_all})]
