"""Session events and intermediate records <-> sessions. Source: checklist, 5.5, 5.6, 5.16, 7.5; crosswalk, 1.13.

An eMIP session is what was reported of it, in the order in which it came; its state is that of the latest event by the
event's own time. Events are kept whole, so that an eMSP on eMIP gets each of them as it was sent.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct

from core.model.base import pack_extension, unpack_extension
from core.model.ids import PartyId
from core.model.loss import Loss, LossKind
from core.model.session import AuthMethod, CdrToken, Session, SessionStatus
from mappings.emip import meters
from mappings.emip.leftovers import PROTOCOL
from mappings.emip.times import moment_from_emip, moment_to_emip
from mappings.losses import losses
from mappings.tables import CodeTable
from protocols.emip.wire.parts import ChargeDetailRecord, SessionEvent

EMERGENCY: Final = 0
ENDED: Final = 1
SUSPENDED: Final = 2
STARTED: Final = 3
NATURES: Final = (EMERGENCY, ENDED, SUSPENDED, STARTED)

STATUS: Final[CodeTable[int, SessionStatus]] = CodeTable(
    both={STARTED: SessionStatus.ACTIVE, ENDED: SessionStatus.COMPLETED},
    inbound={SUSPENDED: SessionStatus.ACTIVE, EMERGENCY: SessionStatus.COMPLETED},
    outbound={SessionStatus.INVALID: ENDED},
    unsent={
        SessionStatus.PENDING: "eMIP reports a session when it has begun",
        SessionStatus.RESERVATION: "eMIP reports a session when it has begun",
    },
    wire=NATURES,
    reasons={SessionStatus.INVALID: "sent as ended, the nearest event of eMIP"},
)
"""Nature of an event <-> state of a session."""

_TOTALS: Final = "eMIP's events carry no quantities"
_PLACE: Final = "eMIP's events do not say where"
NOT_CARRIED: Final = {
    "energy_kwh": _TOTALS,
    "periods": _TOTALS,
    "total_cost": _TOTALS,
    "currency": _TOTALS,
    "meter_id": _PLACE,
    "location_id": _PLACE,
    "evse_uid": _PLACE,
    "connector_id": _PLACE,
    "auth_method": "eMIP's events do not say how it was authorised",
    "token": "eMIP's events do not say who charges",
}
"""Session field -> why an event does not carry it."""
ELSEWHERE: Final = {
    "owner": "operatorId",
    "id": "serviceSessionId: the platform's, mapped to this one",
    "authorization_reference": "salePartnerSessionId, where the eMSP gave it",
    "journey_id": "serviceSessionId",
    "updated_at": "the time of the event",
}
_NAMES: Final = uuid.UUID("5b0f1f0e-8f0c-5a52-9d43-6f3e0a6a1c57")


class Facts(NamedTuple):
    """What the authorisation and the hub's copy of the place say of a session; eMIP's messages do not."""

    owner: PartyId
    session_id: str
    token: CdrToken
    started_at: datetime
    auth_method: AuthMethod = AuthMethod.AUTH_REQUEST
    authorization_reference: str | None = None
    location_id: str | None = None
    evse_uid: str | None = None
    connector_id: str | None = None
    currency: str | None = None
    journey_id: str | None = None


class Reading(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an intermediate record says: totals at a time. `record`: all of it, if the eMSP wants it."""

    at: str
    energy_kwh: Decimal | None = None
    record: ChargeDetailRecord | None = None


class Reported(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was reported of a session, in the order of arrival."""

    events: tuple[SessionEvent, ...] = ()
    readings: tuple[Reading, ...] = ()

    def with_event(self, event: SessionEvent) -> "Reported":
        """The same event again is no other: by its id, else by nature and time."""
        key = event_key(event)
        if any(event_key(held) == key for held in self.events):
            return self
        return msgspec.structs.replace(self, events=(*self.events, event))

    def with_record(self, record: ChargeDetailRecord, *, whole: bool) -> "Reported":
        energy = meters.energy_kwh(record.meter_report_list.meter_report)
        reading = Reading(at=record.end_time, energy_kwh=energy, record=record if whole else None)
        if reading in self.readings:
            return self
        return msgspec.structs.replace(self, readings=(*self.readings, reading))


def event_key(event: SessionEvent) -> str:
    return event.session_event_id or f"{event.session_event_nature}/{event.session_event_date_time}"


def session_from_emip(reported: Reported, facts: Facts, *, received_at: datetime) -> Session:
    known = _in_order(reported.events)
    last = known[-1] if known else None
    status = _status(last, reported)
    begun = next((event for event in known if event.session_event_nature == STARTED), None)
    readings = [reading for reading in reported.readings if reading.energy_kwh is not None]
    newest = max(readings, key=lambda reading: moment_from_emip(reading.at), default=None)
    return Session(
        owner=facts.owner,
        id=facts.session_id,
        started_at=moment_from_emip(begun.session_event_date_time) if begun else facts.started_at,
        ended_at=_ended(last) if status is SessionStatus.COMPLETED else None,
        energy_kwh=newest.energy_kwh if newest else None,
        token=facts.token,
        auth_method=facts.auth_method,
        authorization_reference=facts.authorization_reference,
        location_id=facts.location_id,
        evse_uid=facts.evse_uid,
        connector_id=facts.connector_id,
        currency=facts.currency,
        status=status,
        journey_id=facts.journey_id,
        updated_at=received_at,
        extensions={PROTOCOL: pack_extension(msgspec.to_builtins(reported, builtin_types=(Decimal,)))},
    )


def _status(last: SessionEvent | None, reported: Reported) -> SessionStatus:
    if last is not None:
        status: SessionStatus = STATUS.to_core(last.session_event_nature)
        return status
    return SessionStatus.ACTIVE if reported.readings else SessionStatus.PENDING


def reported_of(session: Session | None) -> Reported:
    """What was reported so far; nothing of a session that did not come from eMIP."""
    if session is None:
        return Reported()
    return msgspec.convert(unpack_extension(session.extensions, PROTOCOL), Reported)


def events_to_emip(session: Session) -> tuple[SessionEvent, ...]:
    """All that is to be told of the session, in order; ids are the same each time. Empty: nothing that eMIP could say.

    Of a session of another protocol: that it began, and that it ended."""
    if PROTOCOL in session.extensions:
        return tuple(_with_id(session, event) for event in reported_of(session).events)
    nature = STATUS.wire_for(session.status)
    if nature is None:
        return ()
    started = _event(session, STARTED, session.started_at)
    if nature == STARTED:
        return (started,)
    return (started, _event(session, nature, session.ended_at or session.updated_at))


def records_to_emip(session: Session) -> tuple[ChargeDetailRecord, ...]:
    """The intermediate records of the session that its eMSP wants, in order."""
    if PROTOCOL not in session.extensions:
        return ()
    return tuple(reading.record for reading in reported_of(session).readings if reading.record is not None)


def session_losses(session: Session) -> tuple[Loss, ...]:
    """What eMIP does not get of this session."""
    if PROTOCOL in session.extensions:
        return ()
    lost = STATUS.loss(session.status, "status")
    if lost is not None and STATUS.wire_for(session.status) is None:
        lost = msgspec.structs.replace(lost, kind=LossKind.WITHHELD)
    return losses(session, NOT_CARRIED) + ((lost,) if lost else ())


def _event(session: Session, nature: int, at: datetime) -> SessionEvent:
    name = str(uuid.uuid5(_NAMES, f"{session.key}/{nature}"))
    return SessionEvent(session_event_nature=nature, session_event_id=name, session_event_date_time=moment_to_emip(at))


def _with_id(session: Session, event: SessionEvent) -> SessionEvent:
    """An eMSP always gets an id."""
    if event.session_event_id is not None:
        return event
    name = str(uuid.uuid5(_NAMES, f"{session.key}/{event_key(event)}"))
    return msgspec.structs.replace(event, session_event_id=name)


def _in_order(events: Iterable[SessionEvent]) -> Sequence[SessionEvent]:
    known = [event for event in events if event.session_event_nature in NATURES]
    return sorted(known, key=lambda event: moment_from_emip(event.session_event_date_time))


def _ended(last: SessionEvent | None) -> datetime | None:
    return moment_from_emip(last.session_event_date_time) if last else None
