"""What came of a remote start or stop: requestStatus <-> outcomes.

Source: checklist, 4.2, EMIP-STS-06, EMIP-STS-07, EMIP-RSA-05, EMIP-RSA-06, EMIP-ACT-03, EMIP-MAP-06; crosswalk, 1.14.
"""

from typing import Final, NamedTuple

import msgspec

from core.model.base import pack_extension
from core.model.command import CommandKind, CommandOutcome, Outcome
from core.model.location import Evse, EvseStatus
from core.model.loss import Loss
from core.model.quantities import Text
from mappings.emip.codes import (
    CPO_NOT_REACHED,
    FAULT,
    FIRST_ERROR,
    NO_AGREEMENT,
    NO_CPO,
    NO_EMSP,
    NO_PARTNER,
    NO_SESSION,
    NOT_ACCEPTED,
    NOT_AVAILABLE,
    NOT_OF_SESSION,
    NOT_REACHABLE,
    NOT_SENT,
    OK,
    OTHER_ERROR,
    REFUSED_UNSAID,
    UNKNOWN_NATURE,
)
from mappings.emip.leftovers import PROTOCOL, own
from mappings.losses import losses
from mappings.tables import CodeTable

START_RESULT: Final[CodeTable[int, Outcome]] = CodeTable(
    both={
        OK: Outcome.ACCEPTED,
        NOT_AVAILABLE: Outcome.REJECTED,
        NOT_REACHABLE: Outcome.TIMED_OUT,
        REFUSED_UNSAID: Outcome.FAILED,
    },
    inbound={
        NO_CPO: Outcome.REJECTED,
        NO_AGREEMENT: Outcome.REJECTED,
        NO_EMSP: Outcome.REJECTED,
        CPO_NOT_REACHED: Outcome.FAILED,
    },
    outbound={
        Outcome.EVSE_OCCUPIED: NOT_AVAILABLE,
        Outcome.NOT_SUPPORTED: NOT_AVAILABLE,
        Outcome.EVSE_INOPERATIVE: NOT_REACHABLE,
        Outcome.UNKNOWN_SESSION: REFUSED_UNSAID,
        Outcome.UNKNOWN_RESERVATION: REFUSED_UNSAID,
        Outcome.CANCELED_RESERVATION: REFUSED_UNSAID,
    },
    wire=(OK, NO_CPO, NO_AGREEMENT, NO_EMSP, NOT_AVAILABLE, NOT_REACHABLE, REFUSED_UNSAID, CPO_NOT_REACHED),
    core=Outcome,
)
"""requestStatus of SetServiceAuthorisation <-> outcome. An operator that was not reached is 10207, whatever came."""
ACTION_RESULT: Final[CodeTable[int, Outcome]] = CodeTable(
    both={
        OK: Outcome.ACCEPTED,
        NOT_REACHABLE: Outcome.TIMED_OUT,
        NO_SESSION: Outcome.UNKNOWN_SESSION,
        NOT_ACCEPTED: Outcome.NOT_SUPPORTED,
        OTHER_ERROR: Outcome.FAILED,
    },
    inbound={
        NOT_AVAILABLE: Outcome.REJECTED,
        REFUSED_UNSAID: Outcome.FAILED,
        NO_PARTNER: Outcome.REJECTED,
        NOT_SENT: Outcome.TIMED_OUT,
        FAULT: Outcome.FAILED,
        UNKNOWN_NATURE: Outcome.NOT_SUPPORTED,
        NOT_OF_SESSION: Outcome.REJECTED,
    },
    outbound={
        Outcome.REJECTED: OTHER_ERROR,
        Outcome.EVSE_OCCUPIED: OTHER_ERROR,
        Outcome.EVSE_INOPERATIVE: NOT_REACHABLE,
        Outcome.UNKNOWN_RESERVATION: OTHER_ERROR,
        Outcome.CANCELED_RESERVATION: OTHER_ERROR,
    },
    core=Outcome,
)
"""requestStatus of SetSessionActionRequest <-> outcome. An operator that was not reached is 10504, whatever came."""


class _Rules(NamedTuple):
    """`passed_on`: errors of a CPO that an eMSP gets as they are; `otherwise` stands for all others. `fault` and
    `unusable`: it answered with a fault, or nothing that can be read."""

    result: CodeTable[int, Outcome]
    passed_on: tuple[int, ...]
    otherwise: int
    fault: int
    unusable: int
    unreached: int


_RULES: Final = {
    CommandKind.START_SESSION: _Rules(
        result=START_RESULT,
        passed_on=(REFUSED_UNSAID,),
        otherwise=REFUSED_UNSAID,
        fault=REFUSED_UNSAID,
        unusable=REFUSED_UNSAID,
        unreached=CPO_NOT_REACHED,
    ),
    CommandKind.STOP_SESSION: _Rules(
        result=ACTION_RESULT,
        passed_on=(NO_SESSION, UNKNOWN_NATURE),
        otherwise=OTHER_ERROR,
        fault=FAULT,
        unusable=NOT_SENT,
        unreached=NOT_SENT,
    ),
}
_MEANT: Final = {
    EvseStatus.CHARGING: Outcome.EVSE_OCCUPIED,
    EvseStatus.BLOCKED: Outcome.EVSE_OCCUPIED,
    EvseStatus.RESERVED: Outcome.EVSE_OCCUPIED,
    EvseStatus.OUT_OF_ORDER: Outcome.EVSE_INOPERATIVE,
    EvseStatus.INOPERATIVE: Outcome.EVSE_INOPERATIVE,
}
"""Status of an EVSE -> what a CPO means by 205 there."""
NOT_CARRIED: Final = {
    "messages": "eMIP's statuses have no text",
    "session_id": "eMIP tells an eMSP the platform's session id only",
}
"""CommandOutcome field -> why a status does not carry it."""
_STATUS: Final = "requestStatus"


def outcome_of_start(status: int, session_id: str | None = None, evse: Evse | None = None) -> CommandOutcome:
    """Of a CPO's answer. `session_id` is the CPO's; `evse` the hub's copy, whose status says what a 205 means."""
    found = _outcome(CommandKind.START_SESSION, status, session_id)
    meant = _MEANT.get(evse.status) if evse and status == NOT_AVAILABLE else None
    return msgspec.structs.replace(found, outcome=meant) if meant else found


def outcome_of_action(status: int) -> CommandOutcome:
    """Of a CPO's answer."""
    return _outcome(CommandKind.STOP_SESSION, status, None)


def outcome_without_status(kind: CommandKind, text: str, *, fault: bool) -> CommandOutcome:
    """The CPO answered with a fault, or with nothing that can be read."""
    rules = _RULES[kind]
    return _kept(rules.fault if fault else rules.unusable, Outcome.FAILED, text, None)


def status_of(kind: CommandKind, outcome: CommandOutcome) -> int:
    """For an eMSP. What a CPO on eMIP said is passed on as far as the checklist wants it."""
    rules = _RULES[kind]
    if outcome.unanswered:
        return rules.unreached
    said: int | None = own(outcome.extensions, _STATUS)
    if said is not None:
        return said
    status: int = rules.result.to_wire(outcome.outcome)
    return status


def outcome_losses(kind: CommandKind, outcome: CommandOutcome) -> tuple[Loss, ...]:
    """What an eMSP on eMIP does not get of it."""
    if PROTOCOL in outcome.extensions or outcome.unanswered:
        return losses(outcome, NOT_CARRIED)
    return losses(outcome, NOT_CARRIED, {"outcome": _RULES[kind].result})


def _outcome(kind: CommandKind, status: int, session_id: str | None) -> CommandOutcome:
    """A remark is a refusal, known or not; an error of no meaning is a failure."""
    rules = _RULES[kind]
    remark = OK <= status < FIRST_ERROR
    outcome = rules.result.core_for(status) or (Outcome.REJECTED if remark else Outcome.FAILED)
    passed_on = status if remark or status in rules.passed_on else rules.otherwise
    return _kept(passed_on, outcome, "" if status == OK else f"requestStatus {status}", session_id)


def _kept(status: int, outcome: Outcome, text: str, session_id: str | None) -> CommandOutcome:
    return CommandOutcome(
        outcome=outcome,
        messages=(Text(language="en", text=text),) if text else (),
        session_id=session_id,
        extensions={PROTOCOL: pack_extension({_STATUS: status})},
    )
