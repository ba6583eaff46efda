"""Charging notifications <-> sessions. Source: OICP 2.3, eRoamingChargingNotifications; crosswalk, 1.13.

An OICP session is what was notified of it, in the order of arrival. Notifications are kept whole, so that an EMP gets
each of them as it was sent. An End without SessionEnd is a car that is full and still plugged in: the session goes on.
"""

from collections.abc import Iterable
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from core.model.base import pack_extension, unpack_extension
from core.model.ids import EvseId
from core.model.loss import Loss
from core.model.session import Session, SessionStatus
from mappings.losses import losses
from mappings.oicp.cdrs import charges
from mappings.oicp.identification import identification_to_oicp, without_clear_pin
from mappings.oicp.ids import evse_id_to_oicp, operator_to_oicp
from mappings.oicp.leftovers import PROTOCOL
from mappings.oicp.notes import Notes, assumed, narrowed, withheld
from mappings.oicp.times import moment_from_oicp, moment_to_oicp
from mappings.tables import CodeTable
from mappings.zones import zone_info
from protocols.oicp.wire.notifications import (
    NOTIFICATIONS,
    Notification,
    NotificationEnd,
    NotificationProgress,
    NotificationStart,
    NotificationType,
)

_TO_COME: Final = "OICP notifies of a session once it charges"
STATUS: Final[CodeTable[NotificationType, SessionStatus]] = CodeTable(
    both={NotificationType.START: SessionStatus.ACTIVE, NotificationType.END: SessionStatus.COMPLETED},
    inbound={NotificationType.PROGRESS: SessionStatus.ACTIVE, NotificationType.ERROR: SessionStatus.ACTIVE},
    unsent={
        SessionStatus.PENDING: _TO_COME,
        SessionStatus.RESERVATION: _TO_COME,
        SessionStatus.INVALID: "OICP has no word for a session that is not valid",
    },
)
"""Type of a notification <-> state of a session; an End says COMPLETED only with its SessionEnd."""

_MONEY: Final = "OICP's notifications carry no prices"
_PLACE: Final = "OICP names the EVSE by its public id"
NOT_CARRIED: Final = {
    "total_cost": _MONEY,
    "currency": _MONEY,
    "meter_id": "OICP's notifications do not name the meter",
    "location_id": _PLACE,
    "evse_uid": _PLACE,
    "connector_id": _PLACE,
    "auth_method": "OICP's notifications do not say how it was authorised",
    "periods[].tariff_id": _MONEY,
}
"""Session field -> why a notification does not carry it."""
ELSEWHERE: Final = {
    "owner": "OperatorID",
    "id": "CPOPartnerSessionID, where the operator told it; SessionID is the hub's",
    "authorization_reference": "EMPPartnerSessionID, where the EMP gave it",
    "journey_id": "SessionID",
    "token": "Identification",
    "periods": "ChargingStart and ChargingEnd",
    "updated_at": "EventOccurred",
}
MOST_KEPT: Final = 200
"""Notifications of one session that are kept: its first, and the newest."""
_MILLI: Final = Decimal("0.001")


class SentNotifications(NamedTuple):
    """In the order in which they are to be sent. None: nothing that may be sent, `losses` say why."""

    messages: tuple[Notification, ...]
    losses: tuple[Loss, ...]


class _Reported(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a session of OICP keeps in its extensions."""

    notifications: tuple[dict[str, Any], ...] = ()
    progress_at: datetime | None = None


def session_from_oicp(known: Session, notification: Notification, *, received_at: datetime) -> Session:
    """The session as it is after this notification. `known`: what is known of it so far."""
    reported = _reported_of(known)
    told = (*notifications_of(known), _without_pin(notification))
    if len(told) > MOST_KEPT:
        told = (told[0], *told[1 - MOST_KEPT :])
    ended = _session_end(told)
    kept = _Reported(
        notifications=tuple(msgspec.to_builtins(one, builtin_types=(Decimal,)) for one in told),
        progress_at=received_at if isinstance(notification, NotificationProgress) else reported.progress_at,
    )
    energy = _energy(told)
    return msgspec.structs.replace(
        known,
        started_at=_session_start(told) or known.started_at,
        ended_at=ended,
        energy_kwh=energy if energy is not None else known.energy_kwh,
        status=_status(told, ended, known.status),
        updated_at=max(received_at, known.updated_at),
        extensions={PROTOCOL: pack_extension(msgspec.to_builtins(kept, builtin_types=(Decimal,)))},
    )


def notifications_of(session: Session) -> tuple[Notification, ...]:
    """As they came; none of a session that did not come from OICP."""
    return tuple(
        msgspec.convert(one, NOTIFICATIONS[one["Type"]], strict=False) for one in _reported_of(session).notifications
    )


def progress_at(session: Session) -> datetime | None:
    """When the last Progress was received."""
    return _reported_of(session).progress_at


def _reported_of(session: Session) -> _Reported:
    return msgspec.convert(unpack_extension(session.extensions, PROTOCOL), _Reported, strict=False)


def _without_pin(notification: Notification) -> Notification:
    identification = notification.identification
    if identification is None:
        return notification
    return msgspec.structs.replace(notification, identification=without_clear_pin(identification))


def _first_moment(told: Iterable[Notification], member: str) -> datetime | None:
    texts = (getattr(one, member, None) for one in told)
    return next((moment_from_oicp(text, f"$.{member}") for text in texts if text is not None), None)


def _session_start(told: tuple[Notification, ...]) -> datetime | None:
    return _first_moment(told, "session_start") or _first_moment(told, "charging_start")


def _session_end(told: tuple[Notification, ...]) -> datetime | None:
    return _first_moment(reversed(told), "session_end")


def _energy(told: tuple[Notification, ...]) -> Decimal | None:
    """The newest that was said."""
    for one in reversed(told):
        if isinstance(one, NotificationEnd) and one.consumed_energy is not None:
            return one.consumed_energy
        if isinstance(one, NotificationProgress) and one.consumed_energy_progress is not None:
            return one.consumed_energy_progress
    return None


def _status(told: tuple[Notification, ...], ended: datetime | None, before: SessionStatus) -> SessionStatus:
    """An error alone says nothing of whether it charges."""
    if ended is not None:
        return SessionStatus.COMPLETED
    if any(one.type is not NotificationType.ERROR for one in told):
        return SessionStatus.ACTIVE
    return before


# --- out


def notifications_to_oicp(
    session: Session, *, session_id: str | None, evse_id: EvseId | None, time_zone: str | None = None
) -> SentNotifications:
    """All that could be notified of the session now. `session_id`: the hub's; `time_zone`: IANA zone of the place.

    Of a session of another protocol: that it charges, how far it is, that it ended."""
    own = notifications_of(session)
    if own:
        return SentNotifications(own, ())
    obstacle = _why_not(session, session_id, evse_id)
    if obstacle is not None:
        return SentNotifications((), (obstacle,))
    notes: Notes = []
    zone = zone_info(time_zone)
    if zone is None:
        assumed(notes, "session_start", "SessionStart", "the time zone of the place is not known; sent in UTC")
    common = _common(session, session_id, evse_id, zone, notes)
    start = NotificationStart(type=NotificationType.START, **common)
    after = _after_start(session, common, zone, notes)
    messages = (start,) if after is None else (start, after)
    return SentNotifications(messages, tuple(loss for _, loss in notes) + losses(session, NOT_CARRIED))


def _common(
    session: Session, session_id: str | None, evse_id: EvseId | None, zone: ZoneInfo | None, notes: Notes
) -> dict[str, Any]:
    token = session.token
    return {
        "session_id": session_id,
        "identification": identification_to_oicp(token.kind, token.uid, token.contract_id),
        "evse_id": evse_id_to_oicp(evse_id) if evse_id else None,
        "operator_id": operator_to_oicp(session.owner),
        "session_start": moment_to_oicp(session.started_at, zone),
        "charging_start": moment_to_oicp(_charging_start(session, notes), zone),
    }


def _after_start(session: Session, common: dict[str, Any], zone: ZoneInfo | None, notes: Notes) -> Notification | None:
    """That it has ended, else how far it is."""
    energy = _rounded(session.energy_kwh, notes)
    if session.status is SessionStatus.COMPLETED:
        ended = session.ended_at or session.updated_at
        return NotificationEnd(
            type=NotificationType.END,
            session_end=moment_to_oicp(ended, zone),
            charging_end=moment_to_oicp(_charging_end(session, ended, notes), zone),
            consumed_energy=energy,
            **common,
        )
    if not energy:
        return None
    return NotificationProgress(
        type=NotificationType.PROGRESS,
        event_occurred=moment_to_oicp(session.updated_at, zone),
        consumed_energy_progress=energy,
        **common,
    )


def _why_not(session: Session, session_id: str | None, evse_id: EvseId | None) -> Loss | None:
    unsent = STATUS.loss(session.status, "status")
    if STATUS.wire_for(session.status) is None:
        return withheld("status", unsent.reason if unsent else _TO_COME, session.status)
    if session_id is None:
        return withheld("journey_id", "OICP names a session by the hub's id, and it began without the hub", session.id)
    if evse_id is None or evse_id_to_oicp(evse_id) is None:
        return withheld("evse_uid", "no EVSE id that OICP can say", session.evse_uid)
    return None


def _charging_start(session: Session, notes: Notes) -> datetime:
    active = next((period for period in session.periods if charges(period)), None)
    if active is None:
        assumed(notes, "charging_start", "ChargingStart", "not told apart from the session's start")
    return active.started_at if active else session.started_at


def _charging_end(session: Session, ended: datetime, notes: Notes) -> datetime:
    """Where the period after the last that charges begins."""
    active = [index for index, period in enumerate(session.periods) if charges(period)]
    if not active:
        assumed(notes, "charging_end", "ChargingEnd", "not told apart from the session's end")
        return ended
    after = active[-1] + 1
    return session.periods[after].started_at if after < len(session.periods) else ended


def _rounded(energy: Decimal | None, notes: Notes) -> Decimal | None:
    if energy is None or energy == energy.quantize(_MILLI):
        return energy
    narrowed(notes, "consumed_energy", "energy_kwh", "rounded to three decimals", energy)
    return energy.quantize(_MILLI, ROUND_HALF_UP)
