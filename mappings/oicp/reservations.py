"""Reservations <-> ours: a remote start and stop with an end, and a session of their own.

Source: OICP 2.3, eRoamingAuthorizeRemoteReservationStart_V1.1, eRoamingAuthorizeRemoteReservationStop_V1.1; crosswalk
of the four protocols, 3(h).
"""

from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from core.model.command import Command, CommandKind
from core.model.ids import PartyId
from core.model.loss import Loss, LossKind
from mappings.oicp.commands import (
    START_NOT_CARRIED,
    remote_start_from_oicp,
    remote_start_to_oicp,
    remote_stop_from_oicp,
    remote_stop_to_oicp,
    start_members,
    withheld,
)
from mappings.oicp.leftovers import PROTOCOL, members_of, put_aside, put_back
from protocols.oicp.wire.remote import AuthorizeRemoteReservationStart, AuthorizeRemoteReservationStop

MINUTE: Final = timedelta(minutes=1)
LONGEST: Final = 99
"""Minutes that a reservation may last: `Duration` has two digits."""
NOT_CARRIED: Final = START_NOT_CARRIED
"""Command field -> why AuthorizeRemoteReservationStart does not carry it."""
ELSEWHERE: Final = {"reservation_id": "SessionID: the hub knows which reservation it is"}


class AskedReservation(NamedTuple):
    """The command in OICP's words; None, and why in `losses`, where OICP cannot say it."""

    message: AuthorizeRemoteReservationStart | None
    losses: tuple[Loss, ...]


class AskedCancellation(NamedTuple):
    message: AuthorizeRemoteReservationStop | None
    losses: tuple[Loss, ...]


def reservation_start_from_oicp(
    message: AuthorizeRemoteReservationStart, *, id: str, operator: PartyId, now: datetime
) -> Command:
    """Without a `Duration` it has no end that is known. The `Duration` itself is kept, too: no clock changes it."""
    command = remote_start_from_oicp(message, id=id, operator=operator, now=now)
    put_aside(command.extensions, message, start_members(command) | {"duration": None})
    until = None if message.duration is None else now + message.duration * MINUTE
    return replace(command, kind=CommandKind.RESERVE_NOW, expires_at=until)


def reservation_start_to_oicp(command: Command, *, now: datetime) -> AskedReservation:
    """To a CPO, with the journey's id. `message` None as for a remote start, or for an end that `Duration` cannot say:
    it is never cut."""
    asked = remote_start_to_oicp(command)
    if asked.message is None:
        return AskedReservation(None, asked.losses)
    minutes, lost = _minutes(command, now)
    if minutes is not None and not 1 <= minutes <= LONGEST:
        reason = f"OICP reserves for 1 to {LONGEST} minutes, and this is {minutes}"
        return AskedReservation(None, (withheld("expires_at", reason, str(command.expires_at)),))
    members: dict[str, Any] = {**members_of(asked.message), "duration": minutes}
    put_back(command.extensions, members, AuthorizeRemoteReservationStart)
    return AskedReservation(AuthorizeRemoteReservationStart(**members), asked.losses + lost)


def _minutes(command: Command, now: datetime) -> tuple[int | None, tuple[Loss, ...]]:
    """From now on; a minute that has begun counts whole. None where no end is said, or OICP's own words say it."""
    if command.expires_at is None or PROTOCOL in command.extensions:
        return None, ()
    left = command.expires_at - now
    minutes = -(-left // MINUTE)
    if minutes * MINUTE == left:
        return minutes, ()
    reason = "OICP counts whole minutes from now on"
    return minutes, (Loss(path="expires_at", reason=reason, value=str(command.expires_at), kind=LossKind.NARROWED),)


def reservation_stop_from_oicp(message: AuthorizeRemoteReservationStop, *, id: str, operator: PartyId) -> Command:
    return replace(remote_stop_from_oicp(message, id=id, operator=operator), kind=CommandKind.CANCEL_RESERVATION)


def reservation_stop_to_oicp(command: Command, *, emp_partner_session_id: str | None = None) -> AskedCancellation:
    """To the CPO of the reservation. `emp_partner_session_id` if the EMP does not name it itself."""
    asked = remote_stop_to_oicp(command, emp_partner_session_id=emp_partner_session_id)
    if asked.message is None:
        return AskedCancellation(None, asked.losses)
    same = AuthorizeRemoteReservationStop(**members_of(asked.message), extra=asked.message.extra)
    return AskedCancellation(same, asked.losses)
