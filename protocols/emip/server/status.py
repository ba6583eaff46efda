"""The six operations on status. Source: checklist, 5.7 to 5.12.

eMIP carries no static data: an EVSE is known here by its location, which came by another way. Of pools, stations and
connectors the hub has no register, so none of them is known.
"""

from datetime import timedelta
from typing import Any, Final

from core.model.ids import EvseId
from core.model.location import Evse, EvseChange, Location
from mappings.emip.codes import NO_OBJECT, OK
from mappings.emip.evse_status import EmipStatus, EvseMessage, dated, merged, status_from_emip, status_to_emip
from protocols.emip.codec import BY_REQUEST
from protocols.emip.codes import Detail, EmipFault
from protocols.emip.server.inbound import Inbound
from protocols.emip.wire import to_iop

CLOCK_SKEW: Final = timedelta(minutes=5)


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
    place = await call.hub.locations.find_evse(evse_id)
    if place is None or place[0].owner != call.party:
        return NO_OBJECT
    location, evse = place
    now = call.hub.clock.now()
    key = f"{location.key}/{evse.uid.upper()}"
    status = merged(_known(call, key, evse), dated(said, now, now + CLOCK_SKEW))
    if (status.status, status.until) != (evse.status, evse.status_until):
        await _store(call, location, evse, status)
    call.shared.remember(key, status)
    return OK


def _known(call: Inbound, key: str, evse: Evse) -> EmipStatus:
    """What was said last of both kinds; where that is not what the store shows, what the store shows."""
    held = call.shared.statuses.get(key)
    return held if held is not None and held.status is evse.status else status_to_emip(evse.status)


async def _store(call: Inbound, location: Location, evse: Evse, status: EmipStatus) -> None:
    """The EVSE's own time never goes back: the other kind of status may be the younger one."""
    dates = [kind.at for kind in (status.availability, status.busy) if kind is not None and kind.at is not None]
    change = EvseChange(status=status.status, updated_at=max([evse.updated_at, *dates]), status_until=status.until)
    await call.hub.locations.change_status(
        call.partner, location.owner, location.id, evse.uid, change, call.correlation_id
    )


def _answer(call: Inbound, status: int) -> to_iop.StatusResponse:
    response: Any = BY_REQUEST[type(call.message)].response
    made: to_iop.StatusResponse = response(transaction_id=call.transaction_id, request_status=status)
    return made
