"""Live status <-> ours. Source: OCHP 1.4, Live Status Interface; crosswalk 1.4.

A status holds until its `ttl`, then nothing is known. The static status of the charge point goes before: what is out of
operation, planned or closed is that whatever the live status says.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from core.errors import Invalid
from core.model.ids import EvseId
from core.model.location import Evse, EvseChange, EvseStatus
from core.model.loss import Loss, LossKind
from mappings.ochp.codes import LIVE_STATUS, STATIC_STATUS, Live
from mappings.ochp.ids import evse_id_from_ochp, evse_id_to_ochp
from mappings.ochp.notes import withheld
from mappings.ochp.times import moment_from_ochp, moment_to_ochp
from protocols.ochp.wire import live as wire
from protocols.ochp.wire.words import ChargePointStatus, Major

NOT_CARRIED: Final = {
    "updated_at": "OCHP does not say since when a status holds",
}
"""EvseChange field -> why an EvseStatusType does not carry it."""

_DECIDES: Final = frozenset((ChargePointStatus.INOPERATIVE, ChargePointStatus.PLANNED, ChargePointStatus.CLOSED))
_READ: Final = {
    (Major.AVAILABLE, "reserved"): "a reservation that is still to come is not told",
    (Major.NOT_AVAILABLE, None): "not available for a reason that is not said; taken as out of order",
}


class SentStatus(NamedTuple):
    """The record; None, and why in `losses`, where there is nothing to send."""

    record: wire.EvseStatus | None
    losses: tuple[Loss, ...]


def evse_change_from_ochp(
    record: wire.EvseStatus,
    *,
    received_at: datetime,
    default_ttl: datetime | None = None,
    static: ChargePointStatus | None = None,
) -> tuple[EvseId, EvseChange]:
    """`default_ttl`: that of the request. `static`: the charge point's own status, where known.

    Raises Invalid for a pair that may not be set (LIVE-02). A status past its time is UNKNOWN."""
    evse_id = evse_id_from_ochp(record.evse_id)
    live = status_from_ochp(record)
    until = moment_from_ochp(record.ttl, "/@ttl") if record.ttl is not None else default_ttl
    if static in _DECIDES and static is not None:
        fixed: EvseStatus = STATIC_STATUS.to_core(static)
        return evse_id, EvseChange(status=fixed, updated_at=received_at)
    if until is not None and until <= received_at:
        return evse_id, EvseChange(status=EvseStatus.UNKNOWN, updated_at=received_at)
    return evse_id, EvseChange(status=live, updated_at=received_at, status_until=until)


def status_from_ochp(record: wire.EvseStatus) -> EvseStatus:
    """Without regard to its time. Raises Invalid."""
    found: EvseStatus | None = LIVE_STATUS.core_for((record.major, record.minor))
    if found is None:
        pair = f"{record.major.value}/{record.minor.value if record.minor else 'none'}"
        raise Invalid("/@minor", f"the pair {pair} may not be set")
    return found


def reading_losses(record: wire.EvseStatus) -> tuple[Loss, ...]:
    """What the model does not hold of a live status."""
    reason = _READ.get((record.major, record.minor.value if record.minor else None))
    if reason is None:
        return ()
    value = f"{record.major.value}/{record.minor.value if record.minor else 'none'}"
    return (Loss(path="status", reason=reason, value=value, kind=LossKind.NARROWED),)


def evse_status_to_ochp(
    evse_id: EvseId | None, status: EvseStatus, *, until: datetime | None = None, now: datetime | None = None
) -> SentStatus:
    """`until` past at `now`: nothing is known any more (LIVE-05)."""
    spelled = None if evse_id is None else evse_id_to_ochp(evse_id)
    if spelled is None:
        value = None if evse_id is None else evse_id.text
        return SentStatus(None, (withheld("evse_id", "no EVSE id that OCHP can say", value),))
    if until is not None and now is not None and until <= now:
        return SentStatus(wire.EvseStatus(evse_id=spelled, major=Major.UNKNOWN), ())
    pair: Live | None = LIVE_STATUS.wire_for(status)
    loss = LIVE_STATUS.loss(status, "status")
    if pair is None:
        return SentStatus(None, (withheld("status", loss.reason if loss else "", status),))
    ttl = None if until is None else moment_to_ochp(until)
    record = wire.EvseStatus(evse_id=spelled, major=pair[0], minor=pair[1], ttl=ttl)
    return SentStatus(record, (loss,) if loss else ())


def statuses_to_ochp(evses: tuple[Evse, ...], *, now: datetime) -> tuple[list[wire.EvseStatus], tuple[Loss, ...]]:
    """Of many EVSEs, those that can be told of."""
    records: list[wire.EvseStatus] = []
    found: list[Loss] = []
    for evse in evses:
        sent = evse_status_to_ochp(evse.evse_id, evse.status, until=evse.status_until, now=now)
        if sent.record is not None:
            records.append(sent.record)
        found += sent.losses
    return records, tuple(found)


def static_from_ochp(status: ChargePointStatus | None) -> EvseStatus:
    """The status of an EVSE of which only the charge point's own is known."""
    found: Any = EvseStatus.UNKNOWN if status is None else STATIC_STATUS.to_core(status)
    result: EvseStatus = found
    return result
