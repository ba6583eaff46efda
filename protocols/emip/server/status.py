"""The six operations on status. Source: checklist, 5.7 to 5.12.

eMIP carries no static data: an EVSE is known here by its location, which came by another way. Of pools, stations and
connectors the hub has no register, so none of them is known.
"""

from datetime import timedelta
from typing import Any, Final

from core.model.base import Extensions
from core.model.ids import EvseId
from core.model.location import Evse, EvseChange, Location
from mappings.emip.codes import NO_OBJECT, OK
from mappings.emip.evse_status import (
    EmipStatus,
    EvseMessage,
    dated,
    merged,
    status_from_emip,
    status_held,
    status_to_keep,
)
from protocols.emip.codec import BY_REQUEST
from protocols.emip.codes import Detail, EmipFault
from protocols.emip.server.inbound import Inbound
from protocols.emip.wire import to_iop

CLOCK_SKEW: Final = timedelta(minutes=5)
ATTEMPTS: Final = 5


async def set_evse_status(call: Inbound) -> to_iop.StatusResponse:
    """Availability, busy status, or both. The older of two of one kind changes nothing, and is answered as well."""
    message: EvseMessage = call.message
    said = status_from_emip(message)
    if said.availability is None and said.busy is None:
        raise EmipFault(Detail.MISSING_ELEMENT, "Mandatory element is missing or empty", "availabilityStatus")
    evse_id = call.evse_id(message.evse_id_type, message.evse_id)
    if evse_id is None:
        return _answer(call, NO_OBJECT)
    async with call.shared.lock(f"evse/{evse_id.key}"):
        status = await _change(call, evse_id, said)
    return _answer(call, status)


async def unknown_object(call: Inbound) -> to_iop.StatusResponse:
    return _answer(call, NO_OBJECT)


async def _change(call: Inbound, evse_id: EvseId, said: EmipStatus) -> int:
    """Until what is held says all that was said: another process may have taken the other kind meanwhile."""
    now = call.hub.clock.now()
    said = dated(said, now, now + CLOCK_SKEW)
    for _ in range(ATTEMPTS):
        place = await call.hub.locations.find_evse(evse_id)
        if place is None or place[0].owner != call.party:
            return NO_OBJECT
        location, evse = place
        status = merged(status_held(evse), said)
        news = status_to_keep(status, evse)
        if not news and status.status is evse.status:
            break
        await _store(call, location, evse, status, news)
    return OK


async def _store(call: Inbound, location: Location, evse: Evse, status: EmipStatus, news: Extensions) -> None:
    """Only another status is told. The EVSE's own time never goes back: the other kind may be the younger one."""
    locations = call.hub.locations
    if (status.status, status.until) == (evse.status, evse.status_until):
        await locations.annotate(call.partner, location.owner, location.id, evse.uid, news)
        return
    dates = [kind.at for kind in (status.availability, status.busy) if kind is not None and kind.at is not None]
    change = EvseChange(
        status=status.status,
        updated_at=max([evse.updated_at, *dates]),
        status_until=status.until,
        extensions=news,
    )
    await locations.change_status(call.partner, location.owner, location.id, evse.uid, change, call.correlation_id)


def _answer(call: Inbound, status: int) -> to_iop.StatusResponse:
    response: Any = BY_REQUEST[type(call.message)].response
    made: to_iop.StatusResponse = response(transaction_id=call.transaction_id, request_status=status)
    return made
