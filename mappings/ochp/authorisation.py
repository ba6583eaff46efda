"""The question about one token. Source: OCHP 1.4, GetSingleRoamingAuthorisation; crosswalk 1.11, 3(a).

OCHP asks for a token alone, names no place, and answers with the record of the token: only that is a yes.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from core.errors import Refused, Rejected, Uncertain
from core.model.authorisation import Answered, Authorisation, AuthoriseRequest, Decision
from core.model.ids import PartyId
from core.model.loss import Loss
from core.model.token import Token, Whitelist
from mappings.losses import losses
from mappings.ochp.codes import DECISION
from mappings.ochp.ids import emt_id_to_ochp, medium_from_ochp
from mappings.ochp.leftovers import PROTOCOL, put_aside, put_back
from mappings.ochp.notes import withheld
from mappings.ochp.tokens import record_to_ochp, token_from_ochp
from protocols.ochp.wire.results import Result
from protocols.ochp.wire.tokens import (
    EmtId,
    GetSingleRoamingAuthorisationRequest,
    GetSingleRoamingAuthorisationResponse,
    RoamingAuthorisationInfo,
)
from protocols.ochp.wire.words import ResultCode

REQUEST_NOT_CARRIED: Final = {
    "contract_id": "OCHP asks for a token, not for its contract",
    "evse_id": "OCHP's question names no place",
    "location_id": "OCHP's question names no place",
    "evse_uids": "OCHP's question names no place",
    "pin": "a secret that OCHP has no field for",
    "operator_session_id": "OCHP's question names no session",
}
"""AuthoriseRequest field -> why the question does not carry it."""

REQUEST_ELSEWHERE: Final = {
    "operator": "the account that asks",
    "issuer": "the clearing house finds it",
    "journey_id": "the hub's own",
    "correlation_id": "the hub's own",
    "ask_issuer": "an OCHP provider cannot be asked",
    "surrogate_evse_id": "OCHP asks about no EVSE",
}

NOT_CARRIED: Final = {
    "location_id": "OCHP's answer names no place",
    "reference": "OCHP's answer has no reference",
    "issuer_session_id": "OCHP's answer names no session",
    "info": "OCHP's answer has a text about the result only",
    "stop_uids": "OCHP's answer is about one token",
}
"""Authorisation field -> why the answer does not carry it."""

ELSEWHERE: Final = {
    "issuer": "the first five characters of contractId",
    "evse_uids": "an allowance for some EVSEs only is answered as a no",
    "answered_by": "the hub's own explanation, for its operator",
    "explanation": "the hub's own explanation, for its operator",
    "losses": "the hub's own report, for its operator",
    "partner_code": "the result of another protocol",
    "partner_text": "the result of another protocol",
    "journey_id": "the hub's own",
}

UNKNOWN_TEXT: Final = "no authorisation for this token"
"""The same for every refusal, so that nobody can learn more by asking."""


class Asked(NamedTuple):
    """The question in OCHP's words; None, and why in `losses`, where OCHP cannot ask it."""

    message: GetSingleRoamingAuthorisationRequest | None
    losses: tuple[Loss, ...]


class Answer(NamedTuple):
    message: GetSingleRoamingAuthorisationResponse
    losses: tuple[Loss, ...]


def authorise_request_from_ochp(message: GetSingleRoamingAuthorisationRequest, operator: PartyId) -> AuthoriseRequest:
    """`operator`: the account's party that asks."""
    kind, uid = medium_from_ochp(message.emt_id)
    request = AuthoriseRequest(operator=operator, uid=uid, kind=kind, extensions={})
    put_aside(request.extensions, message, {"emt_id": emt_id_to_ochp(kind, uid)})
    return request


def authorise_request_to_ochp(request: AuthoriseRequest) -> Asked:
    """To an upstream clearing house."""
    members: dict[str, Any] = {"emt_id": emt_id_to_ochp(request.kind, request.uid)}
    put_back(request.extensions, members, GetSingleRoamingAuthorisationRequest)
    if members["emt_id"] is None:
        return Asked(None, (withheld("kind", f"OCHP has no token of kind {request.kind}", request.kind),))
    found = () if PROTOCOL in request.extensions else losses(request, REQUEST_NOT_CARRIED)
    return Asked(GetSingleRoamingAuthorisationRequest(**members), found)


def authorisation_from_ochp(
    answer: GetSingleRoamingAuthorisationResponse, *, received_at: datetime, issuer: PartyId | None = None
) -> Authorisation:
    """An upstream clearing house's answer.

    Raises Refused for a failed login, Rejected for a question that was wrong, Uncertain for a failure there: none of
    them is an answer about the token."""
    result, info = answer.result, answer.roaming_authorisation_info
    _raise_failure(result)
    token = token_from_ochp(info, received_at=received_at) if info is not None else None
    authorisation = Authorisation(
        decision=_decision(result.result_code, token),
        issuer=issuer if token is None else token.issuer,
        token=token,
        contract_id=None if token is None else token.contract_id,
        answered_by=Answered.ISSUER,
        partner_code=result.result_code.value,
        partner_text=result.result_description,
        extensions={},
    )
    put_aside(authorisation.extensions, answer, {"result": None})
    return authorisation


def _raise_failure(result: Result) -> None:
    text = result.result_description or ""
    if result.result_code is ResultCode.NOT_AUTHORIZED:
        raise Refused(f"the partner does not take our login: {text}", authenticated=False)
    if result.result_code in (ResultCode.FORMAT, ResultCode.PARTLY):
        raise Rejected(result.result_code.value, text)
    if result.result_code is ResultCode.SERVER:
        raise Uncertain(f"the partner failed: {text}")


def _decision(code: ResultCode, token: Token | None) -> Decision:
    if code is not ResultCode.OK:
        decision: Decision = DECISION.to_core(code)
        return decision
    if token is None:
        return Decision.UNKNOWN_TOKEN
    return Decision.ALLOWED if token.valid else Decision.EXPIRED


def authorisation_to_ochp(answer: Authorisation, request: AuthoriseRequest, *, expires_at: datetime) -> Answer:
    """To a CPO. `expires_at`: until when a yes holds where the token says nothing (the end of the day, say).

    A yes whose contract OCHP cannot spell, or that holds for some EVSEs only, is a no: OCHP could not say it."""
    if answer.decision is Decision.ALLOWED:
        record, found = _record(answer, request, expires_at)
        if record is not None:
            result = _result(answer, ResultCode.OK, "authorised")
            return Answer(_response(answer, result, record), found)
        return Answer(_response(answer, _result(answer, ResultCode.INVALID_ID, UNKNOWN_TEXT), None), found)
    code = DECISION.to_wire(answer.decision)
    text = "the authorisation could not be checked now" if code is ResultCode.SERVER else UNKNOWN_TEXT
    return Answer(_response(answer, _result(answer, code, text), None), losses(answer, NOT_CARRIED))


def _record(
    answer: Authorisation, request: AuthoriseRequest, expires_at: datetime
) -> tuple[RoamingAuthorisationInfo | None, tuple[Loss, ...]]:
    if answer.evse_uids and set(answer.evse_uids) != set(request.evse_uids):
        reason = "allowed for some EVSEs only, which OCHP cannot say: answered as a no"
        return None, (withheld("evse_uids", reason, answer.evse_uids),)
    token = answer.token or _token(answer, request, expires_at)
    if token is None:
        return None, (withheld("contract_id", "the contract is not known, which OCHP demands: answered as a no"),)
    listed = record_to_ochp(token, expires_at=expires_at)
    if listed.record is None:
        return None, listed.losses
    record = listed.record
    asked: dict[str, Any] = {"emt_id": emt_id_to_ochp(request.kind, request.uid)}
    put_back(request.extensions, asked, GetSingleRoamingAuthorisationRequest)
    if answer.token is None and asked["emt_id"] is not None:
        record = _with_emt_id(record, asked["emt_id"])
    own = PROTOCOL in answer.extensions
    return record, listed.losses if own else listed.losses + losses(answer, NOT_CARRIED)


def _with_emt_id(record: RoamingAuthorisationInfo, emt_id: EmtId) -> RoamingAuthorisationInfo:
    return RoamingAuthorisationInfo(
        emt_id=emt_id,
        contract_id=record.contract_id,
        printed_number=record.printed_number,
        expiry_date=record.expiry_date,
    )


def _token(answer: Authorisation, request: AuthoriseRequest, expires_at: datetime) -> Token | None:
    contract = answer.contract_id or request.contract_id
    issuer = answer.issuer or (contract.provider if contract is not None else None)
    if contract is None or issuer is None:
        return None
    return Token(
        issuer=issuer,
        uid=request.uid,
        kind=request.kind,
        contract_id=contract,
        valid=True,
        expires_at=expires_at,
        whitelist=Whitelist.NEVER,
        updated_at=expires_at,
    )


def _result(answer: Authorisation, code: ResultCode, text: str) -> Result:
    """The clearing house's own words, if it was one that answered, and they still say what is said here."""
    kept: dict[str, Any] = {}
    put_back(answer.extensions, kept, GetSingleRoamingAuthorisationResponse)
    original: Result | None = kept.get("result")
    if original is not None and _decision(original.result_code, answer.token) is answer.decision:
        return original
    return Result(result_code=code, result_description=text)


def _response(
    answer: Authorisation, result: Result, record: RoamingAuthorisationInfo | None
) -> GetSingleRoamingAuthorisationResponse:
    return GetSingleRoamingAuthorisationResponse(result=result, roaming_authorisation_info=record)
