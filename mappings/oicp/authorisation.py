"""Authorisation at the charging station. Source: OICP 2.3, eRoamingAuthorizeStart_V2.1, eRoamingAuthorizeStop_V2.1."""

from typing import Any, Final, NamedTuple

import msgspec

from core.model.authorisation import Answered, Authorisation, AuthoriseRequest, Decision
from core.model.ids import PartyId
from core.model.location import Location
from core.model.loss import Loss, LossKind
from core.model.quantities import Text
from mappings.losses import losses
from mappings.oicp.codes import CODES, DECISION, REFUSAL, UNKNOWN_TOKEN
from mappings.oicp.identification import identification_to_oicp, medium_from_oicp
from mappings.oicp.ids import (
    evse_id_from_oicp,
    evse_id_to_oicp,
    operator_to_oicp,
    party_from_oicp,
    provider_to_oicp,
)
from mappings.oicp.leftovers import PROTOCOL, put_aside, put_back
from protocols.oicp.wire.authorisation import (
    AuthorizationStart,
    AuthorizationStatus,
    AuthorizationStop,
    AuthorizeStart,
    AuthorizeStop,
)
from protocols.oicp.wire.common import StatusCode
from protocols.oicp.wire.identification import Identification

NOT_CARRIED: Final = {
    "location_id": "OICP names an EVSE, not a location",
    "evse_uids": "OICP names an EVSE by its public id",
    "ask_issuer": "an OICP EMP is always asked itself",
}
"""AuthoriseRequest field -> why AuthorizeStart does not carry it."""

ELSEWHERE: Final = {
    "issuer": "the partner that is asked",
    "contract_id": "Identification, for all but cards; the issuer knows its cards",
    "correlation_id": "header Process-ID",
    "surrogate_evse_id": "OICP does not ask for an EVSE",
}

ANSWER_NOT_CARRIED: Final = {
    "token": "OICP's answer names the provider only",
    "contract_id": "OICP's answer names the provider only",
    "location_id": "OICP answers for the EVSE that was asked about",
    "evse_uids": "OICP answers for the EVSE that was asked about",
}
"""Authorisation field -> why AuthorizationStart does not carry it."""

ANSWER_ELSEWHERE: Final = {
    "answered_by": "the hub's own explanation, for its operator",
    "explanation": "the hub's own explanation, for its operator",
    "losses": "the hub's own report, for its operator",
    "reference": "EMPPartnerSessionID, unless the issuer has a session id of its own",
}


class Asked(NamedTuple):
    """The request in OICP's words; None, and why in `losses`, where OICP cannot ask it."""

    message: AuthorizeStart | None
    losses: tuple[Loss, ...]


class AskedStop(NamedTuple):
    message: AuthorizeStop | None
    losses: tuple[Loss, ...]


class Answer(NamedTuple):
    message: AuthorizationStart
    losses: tuple[Loss, ...]


def authorise_request_from_oicp(message: AuthorizeStart | AuthorizeStop) -> AuthoriseRequest:
    """For a stop, `journey_id` is the session that shall end. UIDs are compared and passed on in upper case."""
    medium = medium_from_oicp(message.identification)
    request = AuthoriseRequest(
        operator=party_from_oicp(message.operator_id, "$.OperatorID"),
        uid=medium.uid,
        kind=medium.kind,
        contract_id=medium.contract_id,
        evse_id=None if message.evse_id is None else evse_id_from_oicp(message.evse_id),
        pin=medium.pin,
        operator_session_id=message.cpo_partner_session_id,
        journey_id=None if message.session_id is None else message.session_id.lower(),
        extensions={},
    )
    members = _start_members(request) if isinstance(message, AuthorizeStart) else _stop_members(request)
    if message.identification.qr_code_identification is not None:
        members["identification"] = message.identification  # never put aside: it holds the PIN
    put_aside(request.extensions, message, members)
    return request


def authorise_request_to_oicp(
    request: AuthoriseRequest, *, operator_id: str | None = None, location: Location | None = None
) -> Asked:
    """To an EMP. `operator_id`: the registered spelling of the (hub) operator in whose name it is asked. `location`:
    the place, if the hub knows it; by it the one EVSE that is meant gets its public id."""
    request = _at_evse(request, location)
    members = _start_members(request)
    put_back(request.extensions, members, AuthorizeStart)
    if operator_id is not None:
        members["operator_id"] = operator_id
    refusal = _cannot_ask(request, members)
    if refusal is not None:
        return Asked(None, (refusal,))
    return Asked(AuthorizeStart(**members), _request_losses(request, members))


def authorise_stop_to_oicp(request: AuthoriseRequest, *, operator_id: str | None = None) -> AskedStop:
    """To the EMP of the session `journey_id`."""
    members = _stop_members(request)
    put_back(request.extensions, members, AuthorizeStop)
    if operator_id is not None:
        members["operator_id"] = operator_id
    refusal = _cannot_ask(request, members)
    if refusal is None and members["session_id"] is None:
        refusal = _withheld("journey_id", "OICP stops a session by its SessionID", None)
    if refusal is not None:
        return AskedStop(None, (refusal,))
    return AskedStop(AuthorizeStop(**members), _request_losses(request, members))


def _at_evse(request: AuthoriseRequest, location: Location | None) -> AuthoriseRequest:
    if request.evse_id is not None or location is None or len(request.evse_uids) != 1:
        return request
    evse = location.evse(request.evse_uids[0])
    if evse is None or evse.evse_id is None:
        return request
    return msgspec.structs.replace(request, evse_id=evse.evse_id, evse_uids=())


def _start_members(request: AuthoriseRequest) -> dict[str, Any]:
    return {**_stop_members(request), "partner_product_id": None}


def _stop_members(request: AuthoriseRequest) -> dict[str, Any]:
    return {
        "operator_id": operator_to_oicp(request.operator),
        "identification": identification_to_oicp(request.kind, request.uid, request.contract_id, request.pin),
        "evse_id": None if request.evse_id is None else evse_id_to_oicp(request.evse_id),
        "session_id": request.journey_id,
        "cpo_partner_session_id": request.operator_session_id,
        "emp_partner_session_id": None,
    }


def _cannot_ask(request: AuthoriseRequest, members: dict[str, Any]) -> Loss | None:
    identification: Identification | None = members["identification"]
    if identification is None:
        return _withheld("uid", f"OICP cannot identify by this {request.kind}", request.uid.text)
    if identification.remote_identification is not None:
        return _withheld("kind", "OICP does not ask for the user of an app", request.kind)
    return None


def _request_losses(request: AuthoriseRequest, members: dict[str, Any]) -> tuple[Loss, ...]:
    if PROTOCOL in request.extensions:
        return ()
    found = losses(request, NOT_CARRIED)
    if request.evse_id is not None and members["evse_id"] is None:
        found += (Loss(path="evse_id", reason="longer than OICP takes", value=request.evse_id.text),)
    return found


def authorisation_to_oicp(
    answer: Authorisation,
    request: AuthoriseRequest,
    *,
    session_id: str | None = None,
    provider_id: str | None = None,
) -> Answer:
    """To a CPO. `session_id`: the new journey's id, sent with a yes only. `provider_id`: the issuer's
    registered spelling.

    A yes for other EVSEs than the one asked about is a no."""
    asked_elsewhere = bool(answer.evse_uids) and bool(request.evse_uids)
    allowed = answer.decision is Decision.ALLOWED
    if allowed and asked_elsewhere and set(request.evse_uids).isdisjoint(answer.evse_uids):
        allowed = False
    issuer = answer.issuer
    members: dict[str, Any] = {
        "authorization_status": AuthorizationStatus.AUTHORIZED if allowed else AuthorizationStatus.NOT_AUTHORIZED,
        "status_code": _status_code(answer, request.kind, allowed),
        "session_id": (session_id or answer.journey_id) if allowed else None,
        "cpo_partner_session_id": request.operator_session_id,
        "emp_partner_session_id": answer.issuer_session_id or answer.reference,
        "provider_id": provider_to_oicp(issuer, provider_id) if allowed and issuer is not None else None,
        "authorization_stop_identifications": _stop_identifications(answer) if allowed else None,
    }
    if PROTOCOL in answer.extensions:
        kept: dict[str, Any] = {}
        put_back(answer.extensions, kept, AuthorizationStart)
        for name in ("emp_partner_session_id", "extra"):
            if name in kept:
                members[name] = kept[name]
        if "status_code" in kept and kept["status_code"].code == members["status_code"].code:
            members["status_code"] = kept["status_code"]
        if allowed and "authorization_stop_identifications" in kept:
            members["authorization_stop_identifications"] = kept["authorization_stop_identifications"]
        return Answer(AuthorizationStart(**members), ())
    return Answer(AuthorizationStart(**members), losses(answer, ANSWER_NOT_CARRIED))


def authorisation_stop_to_oicp(
    answer: Authorisation, request: AuthoriseRequest, *, provider_id: str | None = None
) -> AuthorizationStop:
    """The session goes on existing either way, so its id is in every answer."""
    start = authorisation_to_oicp(answer, request, provider_id=provider_id).message
    issuer = answer.issuer
    return AuthorizationStop(
        authorization_status=start.authorization_status,
        status_code=start.status_code,
        session_id=request.journey_id,
        cpo_partner_session_id=start.cpo_partner_session_id,
        emp_partner_session_id=start.emp_partner_session_id,
        provider_id=None if issuer is None else provider_to_oicp(issuer, provider_id),
    )


def _status_code(answer: Authorisation, kind: str, allowed: bool) -> StatusCode:
    if allowed:
        code = "000"
    elif PROTOCOL in answer.extensions and answer.decision is not Decision.ALLOWED:
        said = answer.partner_code
        code = said if said in CODES and said != "000" else "106"
    elif answer.decision is Decision.UNKNOWN_TOKEN:
        code = UNKNOWN_TOKEN.get(kind, "106")
    else:
        code = REFUSAL.get(answer.decision, "210")
    info = answer.info.text[:1000] if answer.info is not None else None
    return StatusCode(code=code, description=CODES[code], additional_info=info)


def _stop_identifications(answer: Authorisation) -> tuple[Identification, ...] | None:
    found = (identification_to_oicp("RFID", uid, None) for uid in answer.stop_uids)
    return tuple(identification for identification in found if identification is not None) or None


def authorisation_from_oicp(answer: AuthorizationStart | AuthorizationStop, *, issuer: PartyId) -> Authorisation:
    """An EMP's answer. `issuer` is who was asked; only its status makes it a yes. Its words are kept for the caller."""
    status = answer.status_code
    code = status.code if status is not None else None
    allowed = answer.authorization_status is AuthorizationStatus.AUTHORIZED
    stops = answer.authorization_stop_identifications if isinstance(answer, AuthorizationStart) else None
    info = status.additional_info if status is not None else None
    fields: dict[str, Any] = {
        "decision": Decision.ALLOWED if allowed else DECISION.get(code or "", Decision.NOT_ALLOWED),
        "issuer": issuer,
        "reference": answer.emp_partner_session_id,
        "issuer_session_id": answer.emp_partner_session_id,
        "info": Text(language="en", text=info) if info else None,
        "answered_by": Answered.ISSUER,
        "partner_code": code,
        "partner_text": status.description if status is not None else None,
        "journey_id": None if answer.session_id is None else answer.session_id.lower(),
        "stop_uids": tuple(medium_from_oicp(stop).uid for stop in stops or () if _is_card(stop)),
    }
    kept = {name: ... for name in _KEPT if getattr(answer, name, None) is not None}
    authorisation = Authorisation(**fields, extensions={})
    put_aside(authorisation.extensions, answer, kept)
    return authorisation


_KEPT: Final = ("status_code", "emp_partner_session_id", "authorization_stop_identifications")


def _is_card(stop: Identification) -> bool:
    return stop.rfid_mifare_family_identification is not None or stop.rfid_identification is not None


def _withheld(path: str, reason: str, value: Any) -> Loss:
    return Loss(path=path, reason=reason, value=value, kind=LossKind.WITHHELD)
