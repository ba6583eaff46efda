"""A charge detail record of a session that the platform allowed by itself, by the cards that the hub's EMPs gave it."""

from typing import Final
from uuid import UUID, uuid5

from msgspec.structs import replace

from core.errors import Invalid, Unknown
from core.model.ids import PartyId
from core.model.partner import Role
from core.model.session import CdrToken
from core.routing import agreed
from mappings.oicp.cdrs import cdr_from_oicp
from protocols.oicp.codes import DATA, NO_SESSION, Negative
from protocols.oicp.server.cdrs import implausible
from protocols.oicp.server.inbound import Inbound, Reply, acknowledged
from protocols.oicp.wire.cdr import ChargeDetailRecord

NAMESPACE: Final = UUID("5f2f0c6e-5a0b-4d0e-9f43-3a1f6f1b7d21")


async def unannounced(call: Inbound) -> Reply:
    """Stored under an id of the hub's, the same each time that the record comes. Raises Negative 400 if it is nobody's
    here whose card it is."""
    message = call.message(ChargeDetailRecord)
    now = call.hub.clock.now()
    if why := implausible(message, now):
        raise Negative(DATA, why)
    ours = str(uuid5(NAMESPACE, f"{call.partner.id}/{message.session_id.lower()}"))
    async with call.shared.lock(f"session/{ours}"):
        cdr = cdr_from_oicp(replace(message, session_id=ours), call.party, received_at=now)
        issuer = await _issuer(call, cdr.token)
        cdr = replace(cdr, token=replace(cdr.token, issuer=issuer), journey_id=None)
        try:
            await call.hub.billing.accept(call.partner, cdr, None, call.process_id)
        except Unknown as error:
            raise Negative(NO_SESSION, error.reason) from error
        except Invalid as error:
            raise Negative(NO_SESSION if error.path == "$.id" else DATA, error.reason) from error
    return acknowledged(session_id=ours)


async def _issuer(call: Inbound, token: CdrToken) -> PartyId:
    """The EMP here that the contract names, else the only one that has told the hub of the card: of those that are open
    to the platform, because cards of no other were ever shown to it."""
    partners = [one for one in await call.hub.partners.all() if one.id != call.partner.id and agreed(one, call.partner)]
    open_to_it = {party for partner in partners for party in partner.parties_as(Role.EMSP)}
    provider = token.contract_id.provider if token.contract_id else None
    if provider is not None and provider in open_to_it:
        return provider
    issuers = await call.hub.tokens.issuers(token.kind, token.uid) if token.uid else []
    found = [issuer for issuer in issuers if issuer in open_to_it]
    if len(found) != 1:
        raise Negative(NO_SESSION, "no such session, and the card is of no EMP here")
    return found[0]
