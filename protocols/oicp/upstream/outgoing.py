"""Messages as the hub sends them where it is a partner itself: in its own name there, by the platform's SessionID, with
the hub's id of the session as the partner's own. Towards everybody else they are as they are.

Source: OICP 2.3, Communication Paradigms, Hub Provider and Hub Operator, Session handling.
"""

from typing import Any, Final, TypeVar

from msgspec.structs import replace

from core.errors import Rejected
from core.model.authorisation import Authorisation, Decision
from core.model.command import CommandOutcome
from core.model.partner import Partner
from mappings.oicp.ids import evse_id_from_oicp
from protocols.oicp.codes import NO_SESSION
from protocols.oicp.settings import settings_of
from protocols.oicp.upstream.settings import Upstream
from protocols.oicp.wire.authorisation import AuthorizationStart, AuthorizeStart, AuthorizeStop
from protocols.oicp.wire.cdr import ChargeDetailRecord
from protocols.oicp.wire.common import Acknowledgement
from protocols.oicp.wire.notifications import Notification
from protocols.oicp.wire.remote import AuthorizeRemoteStart, AuthorizeRemoteStop

M = TypeVar("M", AuthorizeStart, AuthorizeStop, ChargeDetailRecord, Notification)
R = TypeVar("R", bound=AuthorizeRemoteStart | AuthorizeRemoteStop)
CLOSED: Final = "closed"
"""How a platform says that it has the record of a session already."""


def as_operator(partner: Partner, message: M, *, ours: str | None, theirs: str | None) -> M:
    """`ours` and `theirs`: the ids of the session. Raises Rejected if it is none of the platform's."""
    upstream = settings_of(partner).upstream
    if upstream is None:
        return message
    changes: dict[str, Any] = {"cpo_partner_session_id": ours, "emp_partner_session_id": None, "session_id": theirs}
    if not isinstance(message, ChargeDetailRecord):
        changes["operator_id"] = upstream.operator_id
    if isinstance(message, AuthorizeStart):
        changes["evse_id"] = _known_evse(upstream, message.evse_id)
    elif theirs is None:
        raise Rejected(NO_SESSION, "the platform has no such session")
    return replace(message, **changes)


def as_issuer(partner: Partner, message: R, *, ours: str | None, theirs: str | None) -> R:
    """A start has no SessionID: the platform gives it. Raises Rejected for any other without one."""
    upstream = settings_of(partner).upstream
    if upstream is None:
        return message
    if theirs is None and not isinstance(message, AuthorizeRemoteStart):
        raise Rejected(NO_SESSION, "the platform has no such session")
    changes: dict[str, Any] = {"emp_partner_session_id": ours, "cpo_partner_session_id": None, "session_id": theirs}
    return replace(message, provider_id=upstream.provider_id, **changes)


def allowed_there(partner: Partner, answer: Authorisation, said: AuthorizationStart) -> Authorisation:
    """Its SessionID is the issuer's id of the session; a yes without one could never be billed."""
    if settings_of(partner).upstream is None:
        return answer
    decision = answer.decision
    if decision is Decision.ALLOWED and said.session_id is None:
        decision = Decision.NOT_ALLOWED
    return replace(answer, decision=decision, issuer_session_id=said.session_id, reference=None)


def begun_there(partner: Partner, outcome: CommandOutcome, said: Acknowledgement) -> CommandOutcome:
    """The SessionID is in the acknowledgement. Source: OICP 2.3, eRoamingAuthorizeRemoteStart, best practices."""
    return outcome if settings_of(partner).upstream is None else replace(outcome, session_id=said.session_id)


def own_operator_id(partner: Partner) -> str | None:
    upstream = settings_of(partner).upstream
    return upstream.operator_id if upstream else None


def is_billed_there(error: Rejected) -> bool:
    """Whether a refused record is one that the platform has already."""
    return error.code == NO_SESSION and CLOSED in error.text.lower()


def _known_evse(upstream: Upstream, evse_id: str | None) -> str | None:
    """The EVSE of a request, unless it is of an operator that is not registered there."""
    if evse_id is None or evse_id_from_oicp(evse_id).operator not in upstream.bundled():
        return None
    return evse_id
