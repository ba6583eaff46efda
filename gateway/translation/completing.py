"""What a running hub would add to a CDR of another protocol, from the context instead of its stores."""

from msgspec.structs import replace

from core.model.cdr import Cdr
from core.model.location import Location
from core.model.loss import Loss
from core.model.partner import Role
from core.services.completion import completed_from_place, completed_price
from gateway.translation.model import Context, assumed


def place_of(cdr: Cdr, context: Context) -> Location | None:
    where = cdr.location
    found = context.place(evse_id=where.evse_id, uid=where.evse_uid)
    return found[0] if found else None


def completed(cdr: Cdr, context: Context) -> tuple[Cdr, tuple[Loss, ...]]:
    """Place, token, and the price by the one tariff of the context; each is an assumption."""
    cdr, placed = completed_from_place(cdr, place_of(cdr, context))
    cdr, named = with_issuer(cdr, context)
    cdr, priced = priced_by_context(cdr, context)
    return cdr, placed + named + priced


def priced_by_context(cdr: Cdr, context: Context) -> tuple[Cdr, tuple[Loss, ...]]:
    return completed_price(cdr, context.tariffs[0] if len(context.tariffs) == 1 else None)


def with_issuer(cdr: Cdr, context: Context) -> tuple[Cdr, tuple[Loss, ...]]:
    """The contract of the known token; the eMSP of the token, the contract, else the only one in the context."""
    token = context.token(cdr.token.uid) if cdr.token.uid else None
    contract = cdr.token.contract_id or (token.contract_id if token else None)
    named = token.issuer if token else (contract.provider if contract else None) or context.party(Role.EMSP)
    issuer = cdr.token.issuer or named
    made: list[Loss] = []
    if issuer and cdr.token.issuer is None:
        made.append(assumed("$.token.issuer", issuer, "the source does not name the eMSP"))
    if contract and cdr.token.contract_id is None:
        made.append(assumed("$.token.contract_id", contract.text, "that of the known token"))
    return replace(cdr, token=replace(cdr.token, issuer=issuer, contract_id=contract)), tuple(made)
