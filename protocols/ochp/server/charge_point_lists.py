"""GetChargePointList and GetChargePointListUpdates: the EVSEs of the operators of every protocol, one record each."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import msgspec

from core.model.base import revision_at
from mappings.ochp.locations import charge_points_to_ochp
from mappings.ochp.times import moment_from_ochp
from protocols.ochp import codec
from protocols.ochp.codes import Negative
from protocols.ochp.marks import withdrawn
from protocols.ochp.server.catalogue import RECORDS
from protocols.ochp.server.inbound import Inbound, Reply, replied_list
from protocols.ochp.server.token_lists import reach_back
from protocols.ochp.wire.charge_points import GetChargePointListRequest, GetChargePointListUpdatesRequest
from protocols.ochp.wire.words import ResultCode

_SINCE: Final = "/GetChargePointListUpdatesRequest/lastUpdate/DateTime"


async def get_charge_point_list(call: Inbound) -> Reply:
    call.message(GetChargePointListRequest)
    await need_operators(call)
    entries = await call.shared.catalogue.entries(call.partner)
    pieces = [entry.record for entry in entries if not entry.withdrawn]
    code = ResultCode.OK if pieces else ResultCode.ROAMING
    return replied_list("GetChargePointListResponse", pieces, code, f"{len(pieces)} charge points")


async def get_charge_point_list_updates(call: Inbound) -> Reply:
    message = call.message(GetChargePointListUpdatesRequest)
    since = moment_from_ochp(message.last_update, _SINCE)
    pieces: list[str] = []
    if since <= call.now:
        since = reach_back(since)
        new = await call.operators_since(since)
        entries = await call.shared.catalogue.entries(call.partner)
        pieces = [entry.record for entry in entries if entry.changed >= revision_at(since) or entry.owner in new]
        pieces += [piece async for piece in _closed(call, since)]
    if not pieces:
        await need_operators(call)
    return replied_list("GetChargePointListUpdatesResponse", pieces, ResultCode.OK, f"{len(pieces)} charge points")


async def _closed(call: Inbound, since: datetime) -> AsyncIterator[str]:
    """The EVSEs of operators that the caller has ceased to see since then."""
    async for location in call.hub.locations.vanished_since(call.partner, since):
        closed = msgspec.structs.replace(location, evses=tuple(map(withdrawn, location.evses)))
        for record in charge_points_to_ochp(closed).records:
            yield codec.piece(record, RECORDS)


async def need_operators(call: Inbound) -> None:
    """Raises Negative for a caller that is connected to no operator."""
    if not await call.operators():
        raise Negative(ResultCode.ROAMING, "there is no operator to exchange with")
