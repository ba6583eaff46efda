"""GetChargePointList and GetChargePointListUpdates: the EVSEs of the operators of every protocol, one record each."""

from typing import Final

from core.model.base import revision_at
from mappings.ochp.times import moment_from_ochp
from protocols.ochp.codes import Negative
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
    await need_operators(call)
    pieces: list[str] = []
    if since <= call.now:
        least = revision_at(reach_back(since))
        entries = await call.shared.catalogue.entries(call.partner)
        pieces = [entry.record for entry in entries if entry.changed >= least]
    return replied_list("GetChargePointListUpdatesResponse", pieces, ResultCode.OK, f"{len(pieces)} charge points")


async def need_operators(call: Inbound) -> None:
    """Raises Negative for a caller that is connected to no operator."""
    if not await call.operators():
        raise Negative(ResultCode.ROAMING, "there is no operator to exchange with")
