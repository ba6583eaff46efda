"""Charge detail records that the platform has received and the hub has not: fetched by when it received them.

Source: OICP 2.3, eRoamingGetChargeDetailRecords_V2.2.
"""

import itertools
from datetime import timedelta
from typing import Any, Final

from msgspec.structs import replace

from core.errors import Rejected, RoamingError
from core.model.authorisation import JourneyState
from core.ports.feeds import Pull
from core.ports.stores import Saved
from protocols.oicp import codec
from protocols.oicp.codes import SUCCESS, Negative, Violations
from protocols.oicp.server.inbound import Inbound
from protocols.oicp.server.operations import OPERATIONS
from protocols.oicp.server.upstream import RECORD, received
from protocols.oicp.upstream.lists import Lists

LOOK_BACK: Final = timedelta(days=30)
_OPERATION: Final = next(operation for operation in OPERATIONS if operation.name == RECORD)


async def reconcile(pull: Pull, call: Inbound, lists: Lists) -> None:
    """Each record is taken as if it had been sent now; what is held already stays as it is. Never what the platform
    received before it was added, or the hub has forgotten: whoever billed that has billed it."""
    since, until = pull.since or pull.began_at - LOOK_BACK, pull.began_at
    since = max(since, pull.oldest or since, pull.partner.created_at)
    for number in itertools.count():
        partner = await pull.page()
        content, last = await lists.record_page(partner, number, since, until, call.process_id)
        for raw in content:
            await _take(pull, call, raw)
        if last:
            return


async def _take(pull: Pull, call: Inbound, raw: Any) -> None:
    body = codec.encode(raw)
    theirs = raw.get("SessionID") if isinstance(raw, dict) else None
    key = theirs.lower() if isinstance(theirs, str) else None
    known = await call.hub.sessions.of_operator(call.party, key) if key else None
    try:
        reply = await received(replace(call, body=body), _OPERATION)
    except (Negative, Violations) as error:
        pull.hold(key, _refusal(error), body.decode())
        return
    if reply.code != SUCCESS or key is None:
        pull.hold(key, Rejected(reply.code, "not taken"), body.decode())
        return
    billed = known is not None and known.state is JourneyState.BILLED
    pull.took(key, Saved.SAME if billed else Saved.CREATED)


def _refusal(error: Negative | Violations) -> RoamingError:
    if isinstance(error, Violations):
        return error.found[0]
    return Rejected(error.code, error.info or "")
