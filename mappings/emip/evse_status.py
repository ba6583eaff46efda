"""Availability x busy status <-> one status. Source: checklist, 10.1; crosswalk, 1.4 table D.

Availability outranks the busy status, which counts only while the EVSE is in service or nobody says that it is not.
"""

from datetime import datetime
from itertools import product
from typing import Final, TypeVar

import msgspec
from msgspec import Struct

from core.model.base import Extensions
from core.model.location import Evse, EvseStatus
from mappings.emip.times import moment_from_emip
from mappings.tables import CodeTable
from protocols.emip.wire import to_iop
from protocols.emip.wire.words import AvailabilityStatus, BusyStatus

Pair = tuple[AvailabilityStatus, BusyStatus]
A, B = AvailabilityStatus, BusyStatus
S = TypeVar("S", bound="Said")

_BOTH: Final[dict[Pair, EvseStatus]] = {
    (A.UNSPECIFIED, B.UNSPECIFIED): EvseStatus.UNKNOWN,
    (A.OUT_OF_ORDER, B.UNSPECIFIED): EvseStatus.OUT_OF_ORDER,
    (A.IN_SERVICE, B.FREE): EvseStatus.AVAILABLE,
    (A.IN_SERVICE, B.BUSY): EvseStatus.CHARGING,
    (A.IN_SERVICE, B.RESERVED): EvseStatus.RESERVED,
    (A.FUTURE, B.UNSPECIFIED): EvseStatus.PLANNED,
    (A.DELETED, B.UNSPECIFIED): EvseStatus.REMOVED,
}
_OUTRANKING: Final = {
    A.OUT_OF_ORDER: EvseStatus.OUT_OF_ORDER,
    A.FUTURE: EvseStatus.PLANNED,
    A.DELETED: EvseStatus.REMOVED,
}
_BY_BUSY: Final = {
    B.UNSPECIFIED: EvseStatus.UNKNOWN,
    B.FREE: EvseStatus.AVAILABLE,
    B.BUSY: EvseStatus.CHARGING,
    B.RESERVED: EvseStatus.RESERVED,
}

EVSE_STATUS: Final[CodeTable[Pair, EvseStatus]] = CodeTable(
    both=_BOTH,
    inbound={pair: _OUTRANKING.get(pair[0]) or _BY_BUSY[pair[1]] for pair in product(A, B) if pair not in _BOTH},
    outbound={
        EvseStatus.INOPERATIVE: (A.OUT_OF_ORDER, B.UNSPECIFIED),
        EvseStatus.BLOCKED: (A.IN_SERVICE, B.BUSY),
    },
    wire=product(A, B),
    core=EvseStatus,
    reasons={
        EvseStatus.INOPERATIVE: "sent as out of order, the nearest word of eMIP",
        EvseStatus.BLOCKED: "sent as busy, the nearest word of eMIP",
    },
)


AVAILABILITY: Final = "emip-availability"
BUSY: Final = "emip-busy"
"""Extensions of an EVSE: what was said last of each kind of status."""


class Said(Struct, frozen=True, kw_only=True):
    """What one message says of one kind of status. `at` None: when it arrives."""

    at: datetime | None
    until: datetime | None = None
    comment: str | None = None


class Availability(Said, frozen=True, kw_only=True):
    value: AvailabilityStatus


class Busy(Said, frozen=True, kw_only=True):
    value: BusyStatus


class EmipStatus(Struct, frozen=True, kw_only=True):
    """Both kinds, each with its own date; None: not said."""

    availability: Availability | None = None
    busy: Busy | None = None

    @property
    def status(self) -> EvseStatus:
        availability = self.availability.value if self.availability else A.UNSPECIFIED
        status: EvseStatus = EVSE_STATUS.to_core((availability, self.busy.value if self.busy else B.UNSPECIFIED))
        return status

    @property
    def until(self) -> datetime | None:
        """How long the kind that decides will hold."""
        availability = self.availability
        if availability is not None and availability.value in _OUTRANKING:
            return availability.until
        return self.busy.until if self.busy else None


EvseMessage = (
    to_iop.SetEVSEAvailabilityStatusRequest | to_iop.SetEVSEBusyStatusRequest | to_iop.SetEVSESyntheticStatusRequest
)


def status_from_emip(message: EvseMessage) -> EmipStatus:
    """What the message says, and nothing of what it leaves out."""
    if isinstance(message, to_iop.SetEVSEAvailabilityStatusRequest):
        return EmipStatus(
            availability=_availability(
                message.availability_status,
                message.status_event_date,
                message.availability_status_until,
                message.availability_status_comment,
            )
        )
    if isinstance(message, to_iop.SetEVSEBusyStatusRequest):
        busy = _busy(
            message.busy_status, message.status_event_date, message.busy_status_until, message.busy_status_comment
        )
        return EmipStatus(busy=busy)
    return EmipStatus(
        availability=_availability(
            message.availability_status,
            message.availability_status_event_date,
            message.availability_status_until,
            message.availability_status_comment,
        ),
        busy=_busy(
            message.busy_status, message.busy_status_event_date, message.busy_status_until, message.busy_status_comment
        ),
    )


def status_to_emip(status: EvseStatus, at: datetime | None = None) -> EmipStatus:
    """The pair that says this status; a kind that nobody said is unspecified."""
    availability, busy = EVSE_STATUS.to_wire(status)
    return EmipStatus(availability=Availability(value=availability, at=at), busy=Busy(value=busy, at=at))


def status_held(evse: Evse) -> EmipStatus:
    """Both kinds as they were said last; where they do not make the status that is held, the pair that says that."""
    kept = EmipStatus(
        availability=_unpacked(evse.extensions, AVAILABILITY, Availability),
        busy=_unpacked(evse.extensions, BUSY, Busy),
    )
    return kept if kept.status is evse.status else status_to_emip(evse.status)


def status_to_keep(status: EmipStatus, evse: Evse) -> Extensions:
    """What of it the EVSE does not hold yet; each kind by itself, so that two messages do not undo each other."""
    kinds = {AVAILABILITY: status.availability, BUSY: status.busy}
    texts = {name: msgspec.json.encode(kind).decode() for name, kind in kinds.items() if kind is not None}
    return {name: text for name, text in texts.items() if evse.extensions.get(name) != text}


def _unpacked(extensions: Extensions, name: str, kind: type[S]) -> S | None:
    text = extensions.get(name)
    return msgspec.json.decode(text, type=kind) if text else None


def merged(held: EmipStatus, said: EmipStatus) -> EmipStatus:
    """`held` with what `said` says that is not older, each kind by its own date."""
    return EmipStatus(availability=_newer(held.availability, said.availability), busy=_newer(held.busy, said.busy))


def dated(said: EmipStatus, now: datetime, latest: datetime) -> EmipStatus:
    """With a date for each kind: `now` where there is none, or one that is after `latest`."""
    availability, busy = said.availability, said.busy
    if availability is not None and _wrong(availability, latest):
        availability = msgspec.structs.replace(availability, at=now)
    if busy is not None and _wrong(busy, latest):
        busy = msgspec.structs.replace(busy, at=now)
    return EmipStatus(availability=availability, busy=busy)


def _wrong(said: Said, latest: datetime) -> bool:
    return said.at is None or said.at > latest


def _newer(held: S | None, said: S | None) -> S | None:
    if said is None or held is None:
        return said or held
    return held if held.at and said.at and said.at < held.at else said


def _availability(
    value: AvailabilityStatus | None, at: str | None, until: str | None, comment: str | None
) -> Availability | None:
    if value is None:
        return None
    return Availability(value=value, at=_moment(at), until=_moment(until), comment=comment)


def _busy(value: BusyStatus | None, at: str | None, until: str | None, comment: str | None) -> Busy | None:
    if value is None:
        return None
    return Busy(value=value, at=_moment(at), until=_moment(until), comment=comment)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else moment_from_emip(text)
