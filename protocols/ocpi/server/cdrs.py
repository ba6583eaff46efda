"""Charge detail records. Source: OCPI 2.3.0, mod_cdrs."""

import logging
from contextlib import suppress
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from core.errors import Invalid, RoamingError, Unknown
from core.model.cdr import Cdr, CdrSettlement, cdr_key, digest
from core.model.ids import PartyId
from core.model.partner import Partner
from core.ports.stores import Saved
from core.services.partners import owner_of
from mappings.ocpi.cdrs import cdr_from_ocpi, cdr_to_ocpi
from mappings.ocpi.forms import Unsayable
from protocols.ocpi.codec import read_bare
from protocols.ocpi.codes import TIMED_OUT, failure_of
from protocols.ocpi.dialect import dialect_of
from protocols.ocpi.server.answers import for_one
from protocols.ocpi.server.exchange import Ask, OfToken, Owned, Reply, Side
from protocols.ocpi.server.forwarding import forward
from protocols.ocpi.server.lists import encoded, list_page, reply_list, reply_nothing, sayable
from protocols.ocpi.server.names import tell
from protocols.ocpi.server.routes import Route
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import hub_role, version_of
from protocols.ocpi.wire import cdrs as wire
from protocols.plugin import Hub

log = logging.getLogger(__name__)

# --- the receiver interface: from the operator


class Name(Struct):
    """As much of a CDR as it takes to speak of it; one of 2.1.1 names no owner."""

    id: str
    country_code: str = ""
    party_id: str = ""


async def post(ask: Ask) -> Reply:
    """What becomes of each is in the log."""
    for_one(ask, "a CDR")
    named = _name(ask)
    try:
        reply = await _post(ask)
    except RoamingError as error:
        unknown = " (it may have arrived)" if failure_of(error).code == TIMED_OUT else ""
        log.warning("CDR %s: not taken%s: %s", named, unknown, error)
        raise
    log.info("CDR %s: answered %d", named, reply.code)
    return reply


def _name(ask: Ask) -> str:
    try:
        cdr = read_bare(ask.body, Name)
    except Invalid:
        cdr = Name("")
    owner = f"{cdr.country_code}{cdr.party_id}" or ask.asking.key
    return f"{cdr.id!r} of {owner!r}, correlation {ask.correlation_id!r}"


async def _post(ask: Ask) -> Reply:
    """Accepted once and on disk when this answers; the same CDR again is answered in the same way. One of an operator
    that wants the eMSP's own answer is passed on instead."""
    if settings_of(ask.partner).forward_cdrs and (to := await _way_to_issuer(ask)):
        return await forward(ask, to)
    message = ask.read(wire.Cdr)
    cdr = cdr_from_ocpi(message)
    issuer = cdr.token.issuer
    if ask.addressed is not None and issuer is not None and ask.addressed != issuer:
        raise Invalid("$.cdr_token", f"the token is of {issuer}, the CDR is addressed to {ask.addressed}")
    settlement, created = await _accepted(ask.hub, ask.partner, message, cdr, ask.correlation_id)
    return Reply(
        http=201 if created else 200,
        headers=(("Location", _url(ask, settlement.cdr)),),
        sender=ask.addressed or issuer,
    )


async def take(hub: Hub, operator: Partner, message: wire.Cdr, correlation_id: str) -> Saved:
    """From its operator's list: accepted as one that was posted."""
    cdr = cdr_from_ocpi(message)
    if version_of(operator).single_party and await _held_but_for_its_token(hub, cdr):
        return Saved.SAME
    _, created = await _accepted(hub, operator, message, cdr, correlation_id)
    return Saved.CREATED if created else Saved.SAME


async def _held_but_for_its_token(hub: Hub, cdr: Cdr) -> bool:
    """2.1.1 names a contract; which token that is the hub may have learned since."""
    with suppress(Unknown):
        held = await hub.billing.get(cdr.key)
        return digest(replace(cdr, token=held.cdr.token)) == held.digest
    return False


async def _accepted(
    hub: Hub, operator: Partner, message: wire.Cdr, cdr: Cdr, correlation_id: str
) -> tuple[CdrSettlement, bool]:
    await _check_sayable(hub, operator, message, cdr.token.issuer)
    return await hub.billing.accept(operator, cdr, correlation_id=correlation_id)


async def _check_sayable(hub: Hub, operator: Partner, message: wire.Cdr, issuer: PartyId | None) -> None:
    """Raises Unsayable for a CDR that the eMSP's version has no words for: nothing is accepted that cannot arrive."""
    reader = await hub.partners.home_of(issuer) if issuer else None
    if reader is None or reader.protocol != operator.protocol:
        return
    try:
        dialect_of(reader, hub_role(hub.identity), hub.clock.now()).checked(message)
    except Unsayable as error:
        log.warning("CDR %s of %s is refused: %s", message.id, operator.name, error)
        raise


async def _way_to_issuer(ask: Ask) -> Side | None:
    """By TO, else by the token. Raises Refused for a CDR of another operator."""
    if ask.version.single_party:
        return await ask.way_to(_issuer(ask.read(wire.Cdr)))
    owner_of(ask.partner, read_bare(ask.body, Owned).owner, "$.party_id")
    if ask.recipient is not None:
        return ask.straight
    return await ask.way_to(read_bare(ask.body, OfToken).cdr_token.owner)


def _issuer(message: wire.Cdr) -> PartyId:
    return PartyId.of(message.cdr_token.country_code, message.cdr_token.party_id, "$.cdr_token.party_id")


async def get_own(ask: Ask) -> Reply:
    """Under the URL that the POST gave."""
    owner = ask.owner()
    settlement = await ask.hub.billing.get(cdr_key(owner, ask.args[2]))
    cdr = settlement.cdr
    message = cdr_to_ocpi(cdr)
    await ask.learn_places([(cdr.owner, cdr.location.id)])
    await tell(ask, [message])
    return Reply(data=ask.write(message), sender=ask.addressed or cdr.token.issuer)


def _url(ask: Ask, cdr: Cdr) -> str:
    return f"{ask.url}/{cdr.owner.country_code}/{cdr.owner.party_id}/{quote(cdr.id, safe='')}"


# --- the sender interface: to the eMSP


async def list_all(ask: Ask) -> Reply:
    """Those that are for the reader, delivered or not."""
    page = list_page(ask)
    if page.empty:
        return reply_nothing(ask, page)
    owners = None if ask.addressed is None else (ask.addressed,)
    found, total = await ask.hub.billing.fetch(
        ask.partner, page.date_from, page.date_to, page.offset, page.limit, owners=owners
    )
    cdrs = [await _completed(ask, settlement) for settlement in found]
    await ask.learn_places([(cdr.owner, cdr.location.id) for cdr in cdrs])
    await tell(ask, sayable(cdrs, cdr_to_ocpi))
    return reply_list(ask, page, encoded(ask, cdrs, cdr_to_ocpi), total)


async def _completed(ask: Ask, settlement: CdrSettlement) -> Cdr:
    """As it would be pushed: with what another protocol did not carry and the hub knows."""
    completed, _ = await ask.hub.billing.for_recipient(settlement, ask.partner)
    return completed


ROUTES = [
    Route(path="cdrs/sender", methods={"GET": list_all}),
    Route(path="cdrs/receiver", methods={"POST": post}, keeps=True),
    Route(path="cdrs/receiver", parameters=3, methods={"GET": get_own}, keeps=True),
]
