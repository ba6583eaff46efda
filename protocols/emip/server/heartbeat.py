"""HeartBeat. Source: checklist, 5.1."""

from mappings.emip.codes import OK
from mappings.emip.times import moment_to_emip
from protocols.emip.server.inbound import Inbound
from protocols.emip.wire import to_iop


async def heart_beat(call: Inbound) -> to_iop.HeartBeatResponse:
    await call.hub.partners.heard(call.partner, sign=str(call.party))
    return to_iop.HeartBeatResponse(
        heart_beat_period=call.settings.heartbeat_s,
        current_time=moment_to_emip(call.hub.clock.now()),
        transaction_id=call.transaction_id,
        request_status=OK,
    )
