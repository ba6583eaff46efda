"""May this driver charge here? The question, the answer, and the journey that begins with a yes."""

from datetime import datetime
from enum import StrEnum

from core.model.base import Extensions, Model
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.loss import Loss
from core.model.quantities import Text
from core.model.token import Token


class Decision(StrEnum):
    ALLOWED = "ALLOWED"
    BLOCKED = "BLOCKED"
    EXPIRED = "EXPIRED"
    NO_CREDIT = "NO_CREDIT"
    NOT_ALLOWED = "NOT_ALLOWED"
    UNKNOWN_TOKEN = "UNKNOWN_TOKEN"  # noqa: S105
    NO_ISSUER = "NO_ISSUER"
    TIMED_OUT = "TIMED_OUT"
    NEEDS_LOCATION = "NEEDS_LOCATION"


class AuthoriseRequest(Model, frozen=True, kw_only=True):
    """A CPO asks for one token, at a place if it says so.

    `operator` is the party that asks; `issuer` is set if the caller addressed one eMSP itself (OCPI direct routing).
    `location_id` and `evse_uids` are in the operator's own words (OCPI); `evse_id` names an EVSE in the common form.
    `ask_issuer`: the caller's protocol promises that the issuer itself is asked, whatever the hub holds.
    `surrogate_evse_id`: an EVSE of the operator's that stands for all of them where the operator's protocol names none
    and the issuer's demands one; by agreement, and never taken for the EVSE at which the driver is.
    `journey_id` is the journey that will begin if the answer is yes; the service sets it."""

    operator: PartyId
    uid: TokenUid
    kind: str
    contract_id: ContractId | None = None
    issuer: PartyId | None = None
    evse_id: EvseId | None = None
    surrogate_evse_id: EvseId | None = None
    location_id: str | None = None
    evse_uids: tuple[str, ...] = ()
    pin: str | None = None
    operator_session_id: str | None = None
    journey_id: str | None = None
    correlation_id: str | None = None
    ask_issuer: bool = False
    extensions: Extensions = {}


class Answered(StrEnum):
    """Who gave an answer, for the explanation that every answer carries.

    LIST: what an issuer uploaded whose protocol has nobody ask it; its list is its word."""

    WHITELIST = "WHITELIST"
    STORE = "STORE"
    LIST = "LIST"
    CACHE = "CACHE"
    ISSUER = "ISSUER"
    BROADCAST = "BROADCAST"
    COMMAND = "COMMAND"
    HUB = "HUB"


FROM_COPIES = frozenset({Answered.WHITELIST, Answered.STORE, Answered.LIST})
"""Answers that the hub gave by what it holds."""


class Authorisation(Model, frozen=True, kw_only=True):
    """The answer. Only `decision` ALLOWED is a yes; silence is a no.

    `evse_uids`: the EVSEs for which it is allowed, if the issuer narrowed it. `reference` is the issuer's reference,
    `issuer_session_id` its session id (OICP EMPPartnerSessionID). `explanation` says in one sentence why.
    `unreached`: TIMED_OUT because nobody could be asked at all, so that nothing has happened anywhere. `losses`: what
    the issuer was not asked, because its protocol cannot say it."""

    decision: Decision
    issuer: PartyId | None = None
    token: Token | None = None
    contract_id: ContractId | None = None
    location_id: str | None = None
    evse_uids: tuple[str, ...] = ()
    reference: str | None = None
    issuer_session_id: str | None = None
    info: Text | None = None
    answered_by: Answered = Answered.HUB
    explanation: str = ""
    partner_code: str | None = None
    partner_text: str | None = None
    journey_id: str | None = None
    stop_uids: tuple[TokenUid, ...] = ()
    unreached: bool = False
    losses: tuple[Loss, ...] = ()
    extensions: Extensions = {}


class JourneyState(StrEnum):
    """REFUSED: the operator refused a remote start or gave no answer; what it tells of it later revives it."""

    AUTHORISED = "AUTHORISED"
    REFUSED = "REFUSED"
    CHARGING = "CHARGING"
    ENDED = "ENDED"
    BILLED = "BILLED"


class Journey(Model, frozen=True, kw_only=True):
    """One charging process across two protocols: the ids of every side, so that each sees only its own kind.

    `id` is a lower-case UUID and serves as OICP SessionID. `operator_partner` and `issuer_partner` are partner ids.
    `reference` is the authorization reference (at most 36 characters) that the OCPI side sees; `operator_session_id`
    and `issuer_session_id` are the partners' own session ids; `cdr_key` is set when the CDR was accepted. `extensions`:
    what the issuer's yes said that no field holds, by protocol, for as long as the journey lasts. `losses`: what the
    question to the issuer did not carry. `correlation_id`: of the operator's request.

    A reservation is a journey of its own: then `reservation_id` is what its issuer calls it, and `reserved_until` the
    end that was asked for (None: the operator's own). Charging after it is another journey."""

    id: str
    state: JourneyState = JourneyState.AUTHORISED
    operator: PartyId
    operator_partner: str
    issuer: PartyId
    issuer_partner: str
    uid: TokenUid
    kind: str
    contract_id: ContractId | None = None
    evse_id: EvseId | None = None
    location_id: str | None = None
    reference: str | None = None
    operator_session_id: str | None = None
    issuer_session_id: str | None = None
    answered_by: Answered = Answered.HUB
    stop_uids: tuple[TokenUid, ...] = ()
    cdr_key: str | None = None
    reservation_id: str | None = None
    reserved_until: datetime | None = None
    correlation_id: str | None = None
    losses: tuple[Loss, ...] = ()
    extensions: Extensions = {}
    created_at: datetime
    updated_at: datetime
    rev: int = 0
