"""requestStatus <-> decisions. Source: checklist, 4.2, EMIP-AUTH-06 to 09, EMIP-MAP-05; crosswalk, 1.11, 1.14."""

from typing import Final

from core.model.authorisation import Decision
from mappings.tables import CodeTable

OK: Final = 1
NO_CPO: Final = 201
NO_AGREEMENT: Final = 202
NO_EMSP: Final = 203
NOT_AVAILABLE: Final = 205
NOT_REACHABLE: Final = 206
REFUSED_UNSAID: Final = 10201
CPO_NOT_REACHED: Final = 10207
EMSP_FAILED: Final = 10210
NO_SESSION: Final = 10501
NO_PARTNER: Final = 10502
NOT_ACCEPTED: Final = 10503
NOT_SENT: Final = 10504
FAULT: Final = 10505
UNKNOWN_NATURE: Final = 10506
OTHER_ERROR: Final = 10507
NOT_OF_SESSION: Final = 10508
NO_OBJECT: Final = 10601
CDR_HELD: Final = 10701

STATUSES: Final = (
    OK, NO_CPO, NO_AGREEMENT, NO_EMSP, NOT_AVAILABLE, NOT_REACHABLE, REFUSED_UNSAID, CPO_NOT_REACHED, EMSP_FAILED,
    NO_SESSION, NO_PARTNER, NOT_ACCEPTED, NOT_SENT, FAULT, UNKNOWN_NATURE, OTHER_ERROR, NOT_OF_SESSION, NO_OBJECT,
    CDR_HELD,
)  # fmt: skip
"""Every value that the hub sends by itself."""
FIRST_ERROR: Final = 10000
NEVER_A_YES: Final = frozenset((NO_CPO, NO_AGREEMENT, NO_EMSP, NOT_AVAILABLE, NOT_REACHABLE))
"""Remarks by name, refusals by meaning."""

REFUSAL: Final[CodeTable[int, Decision]] = CodeTable(
    both={OK: Decision.NOT_ALLOWED, NO_EMSP: Decision.UNKNOWN_TOKEN, EMSP_FAILED: Decision.TIMED_OUT},
    inbound={
        NO_CPO: Decision.NOT_ALLOWED,
        NO_AGREEMENT: Decision.NOT_ALLOWED,
        NOT_AVAILABLE: Decision.NOT_ALLOWED,
        NOT_REACHABLE: Decision.NOT_ALLOWED,
        REFUSED_UNSAID: Decision.NOT_ALLOWED,
    },
    outbound={
        Decision.BLOCKED: OK,
        Decision.EXPIRED: OK,
        Decision.NO_CREDIT: OK,
        Decision.NO_ISSUER: NO_EMSP,
        Decision.NEEDS_LOCATION: REFUSED_UNSAID,
    },
    wire=(OK, NO_CPO, NO_AGREEMENT, NO_EMSP, NOT_AVAILABLE, NOT_REACHABLE, REFUSED_UNSAID, EMSP_FAILED),
    core=[decision for decision in Decision if decision is not Decision.ALLOWED],
    reasons=dict.fromkeys(
        (Decision.BLOCKED, Decision.EXPIRED, Decision.NO_CREDIT), "eMIP says no, and does not say why"
    ),
)
"""Status of an answer with authorisationValue 2."""


def is_yes(value: int, status: int) -> bool:
    """Value 1 and status 1; a remark that no source assigns is no refusal. Source: EMIP-AUTH-08, EMIP-AUTH-24."""
    return value == 1 and OK <= status < FIRST_ERROR and status not in NEVER_A_YES
