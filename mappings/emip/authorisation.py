"""May this driver charge? Source: checklist, 5.2, 5.13 (GetServiceAuthorisation).

The header of a message belongs to its hop: whoever sends it fills it in.
"""

from typing import Any, Final, NamedTuple

from core.errors import Invalid
from core.model.authorisation import Answered, Authorisation, AuthoriseRequest, Decision
from core.model.ids import EvseId, PartyId
from core.model.location import Location
from core.model.loss import Loss, LossKind
from mappings.emip.codes import FIRST_ERROR, NO_EMSP, OK, REFUSAL, is_yes
from mappings.emip.identification import KIND as KIND_TABLE
from mappings.emip.identification import medium_from_emip, named_members, user_id_to_emip
from mappings.emip.ids import contract_or_none, evse_id_from_emip, party_from_emip, party_to_emip
from mappings.emip.leftovers import PROTOCOL, put_aside, put_back
from mappings.losses import losses
from protocols.emip.wire import from_iop, to_iop
from protocols.emip.wire.parts import MeterReportList
from protocols.emip.wire.words import AuthorisationValue, Flag, IdType

CHARGE: Final = "1"
"""requestedServiceId of charging, the only one with a known meaning."""

NOT_CARRIED: Final = {
    "location_id": "eMIP names an EVSE, not a location",
    "evse_uids": "eMIP names an EVSE by its public id",
    "operator_session_id": "eMIP tells an eMSP the platform's session id only",
    "pin": "eMIP has no field for a PIN",
    "ask_issuer": "an eMSP on eMIP is always asked itself",
}
"""AuthoriseRequest field -> why the request to an eMSP does not carry it."""
ELSEWHERE: Final = {
    "issuer": "targetOperatorId",
    "correlation_id": "transactionId, a new one for each hop",
    "surrogate_evse_id": "EVSEId, where no EVSE is named",
}
ANSWER_NOT_CARRIED: Final = {
    "token": "eMIP answers with the contract's alias only",
    "location_id": "eMIP answers for the EVSE that was asked about",
    "evse_uids": "eMIP answers for the EVSE that was asked about",
    "reference": "eMIP's session id is the reference",
    "issuer_session_id": "eMIP tells a CPO the platform's session id only",
    "info": "eMIP has no text for drivers",
    "stop_uids": "eMIP asks anew for a card that shall stop",
}
"""Authorisation field -> why the answer to a CPO does not carry it."""
ANSWER_ELSEWHERE: Final = {
    "answered_by": "the hub's own explanation, for its operator",
    "explanation": "the hub's own explanation, for its operator",
    "losses": "the hub's own report, for its operator",
    "partner_text": "eMIP's statuses have no text",
    "unreached": "requestStatus 10210 says both",
}

ToRequest = to_iop.GetServiceAuthorisationRequest
FromRequest = from_iop.GetServiceAuthorisationRequest
ToResponse = to_iop.GetServiceAuthorisationResponse
FromResponse = from_iop.GetServiceAuthorisationResponse


class Header(NamedTuple):
    """Who speaks to whom on one hop; ids as they are written."""

    transaction_id: str
    partner_id: str
    operator: PartyId
    target: PartyId | None = None

    def members(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            "transaction_id": self.transaction_id,
            "partner_id_type": IdType.EMI3,
            "partner_id": self.partner_id,
            "operator_id_type": IdType.EMI3,
            "operator_id": party_to_emip(self.operator),
        }
        if self.target is not None:
            found |= {"target_operator_id_type": IdType.EMI3, "target_operator_id": party_to_emip(self.target)}
        return found


class Asked(NamedTuple):
    """The request in eMIP's words; None, and why in `losses`, where eMIP cannot ask it."""

    message: from_iop.GetServiceAuthorisationRequest | None
    losses: tuple[Loss, ...]


class AskedPlatform(NamedTuple):
    """As `Asked`, for a platform."""

    message: to_iop.GetServiceAuthorisationRequest | None
    losses: tuple[Loss, ...]


class Answer(NamedTuple):
    message: to_iop.GetServiceAuthorisationResponse
    losses: tuple[Loss, ...]


def authorise_request_from_emip(message: ToRequest | FromRequest) -> AuthoriseRequest:
    """Raises Invalid for an id that is none."""
    medium = medium_from_emip(message.user_id_type, message.user_id)
    if medium.uid is None:
        raise Invalid("/userId", "longer than an identification of a driver can be")
    to_platform = message if isinstance(message, to_iop.GetServiceAuthorisationRequest) else None
    to_issuer = message if isinstance(message, from_iop.GetServiceAuthorisationRequest) else None
    request = AuthoriseRequest(
        operator=party_from_emip(message.operator_id),
        uid=medium.uid,
        kind=medium.kind,
        contract_id=medium.contract_id,
        issuer=party_from_emip(to_issuer.target_operator_id, "/targetOperatorId") if to_issuer else None,
        evse_id=evse_id_from_emip(message.evse_id),
        operator_session_id=to_platform.partner_service_session_id if to_platform else None,
        journey_id=to_issuer.service_session_id if to_issuer else None,
        extensions={},
    )
    produced = _members(request, request.evse_id)
    for name in ("evse_id_type", "evse_id"):
        del produced[name]
    if produced["user_id"] in (None, message.user_id.upper()):
        del produced["user_id"]
    put_aside(request.extensions, message, produced | {"booking_id": None})
    return request


def authorise_request_to_emip(request: AuthoriseRequest, header: Header, location: Location | None = None) -> Asked:
    """To an eMSP. eMIP asks about one EVSE: the one that is named, or the only one of its location."""
    evse_id, found = _evse_of(request, location)
    members = _members(request, evse_id)
    own = put_back(request.extensions, members, from_iop.GetServiceAuthorisationRequest)
    refusal = _cannot_ask(request, evse_id, members)
    if refusal is not None:
        return Asked(None, (refusal,))
    members |= header.members()
    members["service_session_id"] = request.journey_id
    message = from_iop.GetServiceAuthorisationRequest(**members)
    return Asked(message, () if own else losses(request, NOT_CARRIED, {"kind": KIND_TABLE}) + found)


def authorise_request_to_platform(
    request: AuthoriseRequest, header: Header, location: Location | None = None
) -> AskedPlatform:
    """To an upstream platform, as one of its CPOs."""
    evse_id, found = _evse_of(request, location)
    members = _members(request, evse_id)
    own = put_back(request.extensions, members, to_iop.GetServiceAuthorisationRequest)
    refusal = _cannot_ask(request, evse_id, members)
    if refusal is not None:
        return AskedPlatform(None, (refusal,))
    members |= header._replace(target=None).members()
    members["partner_service_session_id"] = request.operator_session_id
    not_carried = {name: why for name, why in NOT_CARRIED.items() if name != "operator_session_id"}
    message = to_iop.GetServiceAuthorisationRequest(**members)
    return AskedPlatform(message, () if own else losses(request, not_carried, {"kind": KIND_TABLE}) + found)


def _members(request: AuthoriseRequest, evse_id: EvseId | None) -> dict[str, Any]:
    user = user_id_to_emip(request.kind, request.uid, request.contract_id)
    return {**named_members(user, evse_id), "requested_service_id": CHARGE}


def _evse_of(request: AuthoriseRequest, location: Location | None) -> tuple[EvseId | None, tuple[Loss, ...]]:
    if request.evse_id is not None:
        return request.evse_id, ()
    evses = location.evses if location else ()
    if request.evse_uids:
        wanted = {uid.upper() for uid in request.evse_uids}
        evses = tuple(evse for evse in evses if evse.uid.upper() in wanted)
    if len(evses) == 1 and evses[0].evse_id is not None:
        return _assumed(evses[0].evse_id, "the only EVSE that is meant; eMIP names one")
    if request.surrogate_evse_id is not None:
        return _assumed(request.surrogate_evse_id, "stands for all EVSEs of the operator, whose protocol names none")
    return None, ()


def _assumed(evse_id: EvseId, reason: str) -> tuple[EvseId, tuple[Loss, ...]]:
    return evse_id, (Loss(path="EVSEId", reason=reason, value=evse_id.text, kind=LossKind.ASSUMED),)


def _cannot_ask(request: AuthoriseRequest, evse_id: EvseId | None, members: dict[str, Any]) -> Loss | None:
    if evse_id is None:
        return _withheld("evse_id", "eMIP asks about one EVSE, and none is named", None)
    if members["evse_id"] is None:
        return _withheld("evse_id", "no EVSE id that eMIP can say", evse_id.text)
    if members["user_id"] is None:
        return _withheld("uid", f"eMIP cannot identify by this {request.kind}", request.uid.text)
    return None


# --- answers


def authorisation_from_emip(answer: FromResponse | ToResponse, *, issuer: PartyId | None) -> Authorisation:
    """`issuer` is who was asked. Only value 1 with a status that refuses nothing is a yes."""
    yes = is_yes(answer.authorisation_value, answer.request_status)
    platform = answer if isinstance(answer, to_iop.GetServiceAuthorisationResponse) else None
    partner = answer if isinstance(answer, from_iop.GetServiceAuthorisationResponse) else None
    if platform and platform.sale_partner_operator_id:
        issuer = party_from_emip(platform.sale_partner_operator_id, "/salePartnerOperatorId")
    authorisation = Authorisation(
        decision=Decision.ALLOWED if yes else REFUSAL.core_for(answer.request_status) or Decision.NOT_ALLOWED,
        issuer=issuer,
        contract_id=contract_or_none(answer.user_contract_id_alias),
        issuer_session_id=partner.partner_service_session_id if partner else None,
        answered_by=Answered.ISSUER,
        explanation=_explained(answer, yes),
        partner_code=str(answer.request_status),
        journey_id=platform.service_session_id if platform else None,
        extensions={},
    )
    put_aside(authorisation.extensions, answer, _answer_members(authorisation))
    return authorisation


def _explained(answer: FromResponse | ToResponse, yes: bool) -> str:
    """Limits have no place in other protocols: whoever reads why it was a yes has to see them."""
    limits = answer.meter_limit_list.meter_report if answer.meter_limit_list else ()
    if not yes or not limits:
        return ""
    said = ", ".join(f"{limit.meter_value} {limit.meter_unit}" for limit in limits[:8])
    return f"allowed with limits that only eMIP carries: {said}"


def authorisation_to_emip(answer: Authorisation, *, transaction_id: str, session_id: str) -> Answer:
    """To a CPO. `session_id`: the platform's, which a refusal has too."""
    yes = answer.decision is Decision.ALLOWED
    members = _answer_members(answer)
    own = put_back(answer.extensions, members, to_iop.GetServiceAuthorisationResponse)
    status = OK if yes else _refusal_status(answer)
    if not yes:
        members |= {"intermediate_cdr_requested": Flag.NO, "user_contract_id_alias": None, "meter_limit_list": None}
    issuer = None if status == NO_EMSP and not own else answer.issuer
    message = to_iop.GetServiceAuthorisationResponse(
        transaction_id=transaction_id,
        sale_partner_operator_id_type=None if issuer is None else IdType.EMI3,
        sale_partner_operator_id=None if issuer is None else party_to_emip(issuer),
        authorisation_value=int(AuthorisationValue.GRANTED if yes else AuthorisationValue.REFUSED),
        service_session_id=session_id,
        request_status=status,
        **members,
    )
    if own:
        return Answer(message, ())
    found = losses(answer, ANSWER_NOT_CARRIED)
    lost = None if yes else REFUSAL.loss(answer.decision, "decision")
    return Answer(message, found + ((lost,) if lost else ()))


def _refusal_status(answer: Authorisation) -> int:
    """A remark of an eMSP on eMIP is passed on, known or not."""
    code = answer.partner_code or ""
    if PROTOCOL in answer.extensions and code.isascii() and code.isdigit() and OK < int(code) < FIRST_ERROR:
        return int(code)
    status: int = REFUSAL.to_wire(answer.decision)
    return status


def _answer_members(answer: Authorisation) -> dict[str, Any]:
    limits: MeterReportList | None = None
    return {
        "intermediate_cdr_requested": Flag.NO,
        "user_contract_id_alias": answer.contract_id.text if answer.contract_id else None,
        "meter_limit_list": limits,
        "parameter": None,
        "extra": None,
    }


def _withheld(path: str, reason: str, value: Any) -> Loss:
    return Loss(path=path, reason=reason, value=value, kind=LossKind.WITHHELD)
