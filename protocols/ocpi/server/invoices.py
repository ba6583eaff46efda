"""Which CDRs an invoice is about: told by who writes it, operator or eMSP. Source: OCPI 2.3.0,
mod_invoice_reconciliation."""

from typing import Final

from msgspec import Struct

from core.model.ids import PartyId
from core.services.partners import owner_of
from mappings.ocpi.records import INVOICE
from protocols.ocpi import codec
from protocols.ocpi.codes import NOT_ENOUGH, Failure
from protocols.ocpi.server.exchange import Ask, Owned, Reply, Side
from protocols.ocpi.server.kept import (
    by_name,
    keep_nothing,
    keep_whole,
    listed,
    named,
    other_side,
    passed_on,
    read_record,
    single,
)
from protocols.ocpi.server.routes import Route

WHAT: Final = "an invoice reconciliation record"
MOST_LOOKED_UP: Final = 20
"""Of the CDRs of one record, to find their other side."""
LONGEST_ID: Final = 39
"""Of a CDR."""


class CdrEntry(Struct):
    """A diagram of the specification shows entries that are objects."""

    id: str


class Listing(Struct):
    cdrs: list[str | CdrEntry] = []


async def _other_side(ask: Ask) -> PartyId | None:
    """As the record was told before, else by its CDRs. Raises Failure 2002 for CDRs of several others."""
    if ask.args and (known := await other_side(ask, INVOICE, named(ask))):
        return known
    entries = codec.read_bare(ask.body, Listing).cdrs[:MOST_LOOKED_UP]
    ids = [entry if isinstance(entry, str) else entry.id for entry in entries]
    parties = await ask.hub.billing.counterparts(ask.partner, [name for name in ids if len(name) <= LONGEST_ID])
    if len(parties) > 1:
        raise Failure(NOT_ENOUGH, "the CDRs are of several parties: name one in the TO headers")
    return parties[0] if parties else None


async def _keep_posted(ask: Ask, to: Side, reply: Reply) -> None:
    """The body names the owner, which may be another party of the platform than FROM."""
    owner = codec.read_bare(ask.body, Owned).owner
    await ask.hub.records.keep(read_record(ask, INVOICE, ask.body, owner, to.party))


_posted = passed_on(WHAT, _other_side, _keep_posted)


async def post(ask: Ask) -> Reply:
    """Raises Refused for a record of another issuer."""
    owner_of(ask.partner, codec.read_bare(ask.body, Owned).owner, "$.party_id")
    return await _posted(ask)


ROUTES = [
    Route(path="invoicereconciliation/sender", methods={"GET": listed(INVOICE)}),
    Route(path="invoicereconciliation/receiver", methods={"POST": post}, keeps=True),
    Route(
        path="invoicereconciliation/receiver",
        parameters=3,
        methods={
            "GET": single(INVOICE),
            "PUT": passed_on(WHAT, _other_side, keep_whole(INVOICE)),
            "DELETE": passed_on(WHAT, by_name(INVOICE, named), keep_nothing(INVOICE)),
        },
        keeps=True,
    ),
]
