"""eRoamingChargingNotifications_V1.1: how a charging process stands.

An EMP on OICP hears each notification while its operator waits, and answers for itself; an eMSP of another protocol
follows a session. Source: checklist, section 13.
"""

from datetime import datetime, timedelta
from typing import Final

from core.errors import Invalid, Rejected, StoreUnavailable, Unavailable, Uncertain, Unsupported
from core.model.authorisation import Journey
from core.model.partner import Partner, Role
from core.model.quantities import LARGEST
from core.model.session import Session
from core.ports.adapter import Told
from mappings.oicp.sessions import progress_at, session_from_oicp
from protocols.oicp import codec
from protocols.oicp.codes import DATA, DID_NOT_RESPOND, Negative, Violations, negative_of
from protocols.oicp.server.authorisation import ids_of, own_journey, remembered
from protocols.oicp.server.inbound import Inbound, Reply, acknowledged
from protocols.oicp.wire.notifications import NOTIFICATIONS, Notification, NotificationProgress

PROGRESS_EVERY: Final = timedelta(seconds=300)


async def charging_notification(call: Inbound) -> Reply:
    message = _message(call)
    async with call.shared.lock(f"session/{message.session_id.lower()}"):
        journey = await own_journey(call, message.session_id, message.cpo_partner_session_id)
        journey = await remembered(call, journey, message)
        known = await call.hub.sessions.known_of(call.partner, journey, message.cpo_partner_session_id)
        now = call.hub.clock.now()
        _check_interval(message, known, journey, now)
        session = session_from_oicp(known, message, received_at=now)
        if session.energy_kwh is not None and abs(session.energy_kwh) >= LARGEST:
            raise Negative(DATA, "the energy is larger than any reading", ids=ids_of(journey))
        told = await _reported(call, session, journey)
    ids = ids_of(journey)
    return acknowledged(**{**ids, "emp_partner_session_id": told.remote_id or ids["emp_partner_session_id"]})


def named_operator(body: bytes, partner: Partner) -> str:
    """The operator that a message without an id in its path names; the caller's only one where it names none.

    Raises Invalid."""
    raw = codec.decode_raw(body)
    named = raw.get("OperatorID") if isinstance(raw, dict) else None
    if isinstance(named, str):
        return named
    operators = partner.parties_as(Role.CPO)
    if named is not None or len(operators) != 1:
        raise Invalid("$.OperatorID", "the operator that is meant is expected")
    return operators[0].key


def _message(call: Inbound) -> Notification:
    """Raises Violations, for an unknown Type too."""
    raw = codec.decode_raw(call.body)
    kind = raw.get("Type") if isinstance(raw, dict) else None
    wire_type = NOTIFICATIONS.get(kind) if isinstance(kind, str) else None
    if wire_type is None:
        raise Violations([Invalid("$.Type", f"one of {', '.join(NOTIFICATIONS)} is expected")])
    return call.message(wire_type)


def _check_interval(message: Notification, known: Session, journey: Journey, now: datetime) -> None:
    last = progress_at(known)
    if isinstance(message, NotificationProgress) and last is not None and now - last < PROGRESS_EVERY:
        seconds = int(PROGRESS_EVERY.total_seconds())
        raise Negative(DATA, f"at least {seconds} seconds lie between two of Type Progress", ids=ids_of(journey))


async def _reported(call: Inbound, session: Session, journey: Journey) -> Told:
    """Raises Negative in the EMP's own words, or for its silence."""
    try:
        return await call.hub.sessions.report(call.partner, session, journey, call.process_id)
    except StoreUnavailable:
        raise
    except (Unavailable, Uncertain) as error:
        raise Negative(DID_NOT_RESPOND, error.reason, ids=ids_of(journey)) from error
    except (Rejected, Unsupported) as error:
        no = negative_of(error)
        if isinstance(no, Negative):
            no.ids = ids_of(journey)
        raise no from error
