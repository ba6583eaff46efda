"""Status of EVSEs as eMIP 0.7.4 payloads."""

from datetime import datetime
from typing import Any

import msgspec

from core.errors import Invalid
from core.model.base import pack_extension, unpack_extension
from core.model.loss import Loss
from gateway.translation.emip_header import came_in, hop, without_target
from gateway.translation.model import Context, EvseReport, Written, assumed, withheld
from mappings.emip.evse_status import EVSE_STATUS, status_from_emip, status_to_emip
from mappings.emip.ids import evse_id_from_emip, evse_id_to_emip
from mappings.emip.leftovers import PROTOCOL
from mappings.emip.times import moment_to_emip
from protocols.emip import codec
from protocols.emip.wire import to_iop
from protocols.emip.wire.words import BusyStatus, IdType

MESSAGES = {
    kind.element: kind
    for kind in (
        to_iop.SetEVSEAvailabilityStatusRequest,
        to_iop.SetEVSEBusyStatusRequest,
        to_iop.SetEVSESyntheticStatusRequest,
    )
}


def status(body: bytes, context: Context) -> EvseReport:
    message = codec.read_document(body, *MESSAGES.values())
    said = status_from_emip(message)
    if said.availability is None and said.busy is None:
        raise Invalid("/availabilityStatus", "neither availability nor busy status is said")
    evse_id = evse_id_from_emip(message.evse_id)
    known = context.place(evse_id=evse_id)
    dates = [kind.at for kind in (said.availability, said.busy) if kind is not None and kind.at is not None]
    written = {"element": message.element, "message": msgspec.to_builtins(message)}
    return EvseReport(
        uid=known[1].uid if known else None,
        evse_id=evse_id,
        status=said.status,
        updated_at=max(dates, default=None),
        status_until=said.until,
        extensions=came_in({PROTOCOL: pack_extension(written)}, message),
    )


def _came(report: EvseReport) -> Any:
    kept = unpack_extension(report.extensions, PROTOCOL)
    return msgspec.convert(kept["message"], MESSAGES[kept["element"]]) if kept else None


def status_unheld(report: EvseReport) -> tuple[Loss, ...]:
    message = _came(report)
    found: list[Loss] = []
    for name, path in (
        ("availability_status_comment", "$.availabilityStatusComment"),
        ("busy_status_comment", "$.busyStatusComment"),
    ):
        if getattr(message, name, None):
            found.append(Loss(path=path, reason="only eMIP has a comment on a status", value=getattr(message, name)))
    if report.status_until is not None:
        reason = "only OCHP and eMIP say how long a status holds"
        found.append(Loss(path="$.status_until", reason=reason, value=report.status_until.isoformat()))
    return tuple(found)


def status_out(report: EvseReport, context: Context) -> Written:
    """Availability alone where that says it all, else both kinds in one message."""
    message = _came(report)
    if message is not None:
        return Written(output=codec.encode(message).decode())
    spelled = evse_id_to_emip(report.evse_id) if report.evse_id else None
    if report.evse_id is None or spelled is None:
        value = report.evse_id.text if report.evse_id else None
        lost = withheld("$.evse_id", "no EVSE id that eMIP can say")
        return Written(output=None, losses=(msgspec.structs.replace(lost, value=value),))
    known = context.place(evse_id=report.evse_id)
    way = hop({}, known[0].owner if known else report.evse_id.operator, None, context)
    if way is None or EVSE_STATUS.wire_for(report.status) is None:
        return Written(output=None, losses=(withheld("$.status", "nothing that eMIP could say"),))
    made = [loss for loss in way.losses if loss.path != "$.targetOperatorId"]
    narrowed = EVSE_STATUS.loss(report.status, "$.status")
    made += [narrowed] if narrowed else []
    if report.updated_at is None:
        made.append(assumed("$.statusEventDate", context.now, "the source does not say when the status changed"))
    return Written(output=_message(report, spelled, way.members, context.now), losses=tuple(made))


def _message(report: EvseReport, evse_id: str, members: dict[str, Any], now: datetime) -> str:
    pair = status_to_emip(report.status)
    assert pair.availability is not None
    assert pair.busy is not None
    at = moment_to_emip(report.updated_at or now)
    until = moment_to_emip(report.status_until) if report.status_until else None
    header = without_target(members)
    header |= {"evse_id_type": IdType.EMI3, "evse_id": evse_id}
    if pair.busy.value is BusyStatus.UNSPECIFIED:
        alone = to_iop.SetEVSEAvailabilityStatusRequest(
            **header,
            status_event_date=at,
            availability_status=pair.availability.value,
            availability_status_until=until,
        )
        return codec.encode(alone).decode()
    both = to_iop.SetEVSESyntheticStatusRequest(
        **header,
        availability_status_event_date=at,
        availability_status=pair.availability.value,
        busy_status_event_date=at,
        busy_status=pair.busy.value,
        busy_status_until=until,
    )
    return codec.encode(both).decode()
