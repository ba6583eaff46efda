"""What holds of commands by themselves. Pure."""

from datetime import datetime
from typing import Final

import msgspec

from core.errors import Unknown
from core.model.authorisation import Journey, JourneyState
from core.model.command import Command, CommandKind, CommandOutcome, Outcome, Sent
from core.model.location import Location
from core.model.loss import Loss, LossKind
from core.model.partner import Partner
from core.model.quantities import Text
from core.ports.adapter import Capability

BEGINS: Final = (CommandKind.START_SESSION, CommandKind.RESERVE_NOW)
"""Commands with which a journey begins."""
CLOSED: Final = (JourneyState.BILLED, JourneyState.REFUSED)
"""Journeys of which there is nothing to end."""
GIVEN_BACK: Final = (Outcome.ACCEPTED, Outcome.UNKNOWN_RESERVATION)
"""Outcomes of a cancellation after which no reservation stands."""
UNSAID: Final = Loss(
    path="outcome",
    reason="its caller's protocol has no message that a reservation is off",
    value=Outcome.CANCELED_RESERVATION,
    kind=LossKind.WITHHELD,
)
NEEDED: Final = {
    CommandKind.START_SESSION: Capability.START_SESSION,
    CommandKind.STOP_SESSION: Capability.STOP_SESSION,
    CommandKind.RESERVE_NOW: Capability.RESERVE_NOW,
    CommandKind.CANCEL_RESERVATION: Capability.CANCEL_RESERVATION,
}


def begun_state(held: JourneyState, accepted: bool) -> JourneyState:
    """What the operator told of it meanwhile counts more than its answer."""
    if held not in (JourneyState.AUTHORISED, JourneyState.REFUSED):
        return held
    return JourneyState.AUTHORISED if accepted else JourneyState.REFUSED


def may_be_off(command: Command, sender: Partner, outcome: CommandOutcome) -> bool:
    cancelled = outcome.outcome is Outcome.CANCELED_RESERVATION
    return cancelled and command.kind is CommandKind.RESERVE_NOW and command.target == sender.id


def stands(reservation: Journey, now: datetime) -> bool:
    until = reservation.reserved_until
    return reservation.state not in (*CLOSED, JourneyState.ENDED) and (until is None or until > now)


def placed(command: Command, location: Location) -> Command:
    """With both names of its EVSE. Raises Unknown if the location has none of this uid."""
    evse_uid, evse_id = command.evse_uid, command.evse_id
    if evse_uid is None and evse_id is not None:
        evse_uid = next((held.uid for held in location.evses if held.evse_id == evse_id), None)
    elif evse_id is None and evse_uid is not None:
        evse = location.evse(evse_uid)
        if evse is None:
            raise Unknown("evse", evse_uid)
        evse_id = evse.evse_id
    return msgspec.structs.replace(command, location_id=location.id, evse_uid=evse_uid, evse_id=evse_id)


def ended(outcome: Outcome, why: str, *, unanswered: bool = False) -> Sent:
    said = (Text(language="en", text=why),)
    return Sent(result=CommandOutcome(outcome=outcome, messages=said, unanswered=unanswered))
