"""GetSingleRoamingAuthorisation: an operator asks about one token.

A listed token is answered from the list; one that its issuer wants to be asked about, and one that nobody has told the
hub of, is asked of the providers whose protocol has the question.
"""

import logging
from datetime import datetime, timedelta

import msgspec

from core.model.ids import EvseId
from core.model.partner import Role
from mappings.ochp.authorisation import authorisation_to_ochp, authorise_request_from_ochp
from protocols.ochp.server.inbound import Inbound, Reply, replied
from protocols.ochp.server.token_lists import need_issuers
from protocols.ochp.settings import settings_of
from protocols.ochp.wire.tokens import GetSingleRoamingAuthorisationRequest

log = logging.getLogger(__name__)


async def get_single_roaming_authorisation(call: Inbound) -> Reply:
    message = call.message(GetSingleRoamingAuthorisationRequest)
    await need_issuers(call)
    operator = call.partner.parties_as(Role.CPO)[0]
    request = authorise_request_from_ochp(message, operator)
    surrogate = settings_of(call.partner).surrogate_evse_id
    request = msgspec.structs.replace(
        request,
        surrogate_evse_id=EvseId.parse(surrogate) if surrogate else None,
        correlation_id=call.correlation_id,
    )
    answer = await call.hub.authorisation.authorise(request, call.partner)
    made = authorisation_to_ochp(answer, request, expires_at=end_of_day(call.now))
    log.info(
        "%s: %s for %s, of %s: %s%s",
        call.correlation_id,
        answer.decision,
        operator,
        answer.issuer,
        answer.explanation,
        "; ".join(["", *(f"{loss.path}: {loss.reason}" for loss in made.losses)]),
    )
    return replied(made.message)


def end_of_day(now: datetime) -> datetime:
    """Until when a yes holds that its issuer gave for this moment."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
