"""EVSE statuses. Source: OICP 2.3, EvseStatusRecordType."""

from datetime import datetime

from core.model.ids import EvseId
from core.model.location import EvseChange, EvseStatus
from core.model.loss import Loss, LossKind
from mappings.oicp.codes import EVSE_STATUS
from mappings.oicp.ids import evse_id_from_oicp, evse_id_to_oicp
from protocols.oicp.wire.evse_status import EvseStatusRecord


def evse_change_from_oicp(record: EvseStatusRecord, *, received_at: datetime) -> tuple[EvseId, EvseChange]:
    """OICP does not say when a status changed: it is when it arrived."""
    status = EVSE_STATUS.to_core(record.evse_status)
    return evse_id_from_oicp(record.evse_id), EvseChange(status=status, updated_at=received_at)


def evse_status_to_oicp(evse_id: EvseId | None, status: EvseStatus) -> tuple[EvseStatusRecord | None, tuple[Loss, ...]]:
    """None, and a withheld loss, where there is nothing to push: planned, removed, or an id that OICP cannot say."""
    spelled = None if evse_id is None else evse_id_to_oicp(evse_id)
    if spelled is None:
        value = None if evse_id is None else evse_id.text
        return None, (_withheld("evse_id", "no EVSE id that OICP can say", value),)
    word = EVSE_STATUS.wire_for(status)
    loss = EVSE_STATUS.loss(status, "status")
    if word is None:
        return None, (_withheld("status", loss.reason if loss else "", status.value),)
    return EvseStatusRecord(evse_id=spelled, evse_status=word), (loss,) if loss else ()


def _withheld(path: str, reason: str, value: str | None) -> Loss:
    return Loss(path=path, reason=reason, value=value, kind=LossKind.WITHHELD)
