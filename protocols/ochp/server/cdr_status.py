"""How a record stands, in OCHP's words, and which of them can be asked for. Source: checklist, 9.2, the state table.

Core tells more apart: what is on its way to an eMSP of another protocol is accepted or revised here.
"""

from typing import Final

from core.model.cdr import UNDECIDED, CdrSettlement, CdrState
from protocols.ochp.wire.words import CdrStatus

_DECIDED: Final = {
    CdrState.DELIVERED: CdrStatus.APPROVED,
    CdrState.REFUSED: CdrStatus.DECLINED,
    CdrState.WITHDRAWN: CdrStatus.REJECTED,
}
_STATES: Final = {
    CdrStatus.ACCEPTED: UNDECIDED,
    CdrStatus.REVISED: UNDECIDED,
    **{status: (state,) for state, status in _DECIDED.items()},
}
SHOWN: Final = (*UNDECIDED, *_DECIDED)
"""In which states a provider may have been shown a record."""
GET: Final[dict[CdrStatus | None, tuple[CdrStatus, ...]]] = {
    None: (CdrStatus.ACCEPTED, CdrStatus.REVISED),
    CdrStatus.ACCEPTED: (CdrStatus.ACCEPTED,),
    CdrStatus.REVISED: (CdrStatus.REVISED,),
    CdrStatus.APPROVED: (CdrStatus.APPROVED,),
    CdrStatus.REJECTED: (CdrStatus.REJECTED,),
}
"""Filter of GetCDRs -> what it shows."""
CHECK: Final[dict[CdrStatus | None, tuple[CdrStatus, ...]]] = {
    None: (CdrStatus.DECLINED,),
    CdrStatus.DECLINED: (CdrStatus.DECLINED,),
    CdrStatus.APPROVED: (CdrStatus.APPROVED,),
    CdrStatus.REJECTED: (CdrStatus.REJECTED,),
}
"""Filter of CheckCDRs -> what it shows."""


def status_of(settlement: CdrSettlement) -> CdrStatus:
    under_way = CdrStatus.REVISED if settlement.versions else CdrStatus.ACCEPTED
    return _DECIDED.get(settlement.state, under_way)


def states_of(statuses: tuple[CdrStatus, ...]) -> tuple[CdrState, ...]:
    """In which a record that stands so may be, as far as it can be shown."""
    return tuple(dict.fromkeys(state for status in statuses for state in _STATES[status]))
