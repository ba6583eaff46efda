"""Real-time authorisation <-> ours. Source: OCPI 2.3.0, mod_tokens, real-time authorization."""

from datetime import datetime
from typing import Any, Final

from core.errors import RoamingError, Uncertain, Unknown, Unsupported
from core.model.authorisation import Authorisation, AuthoriseRequest, Decision
from core.model.ids import PartyId
from core.model.location import Location
from core.model.loss import Loss
from core.model.token import Token, TokenKind, Whitelist
from mappings.losses import losses
from mappings.ocpi.common import kept, put_aside, text_from_ocpi, text_out
from mappings.ocpi.ids import token_uid_in
from mappings.ocpi.tokens import token_from_ocpi, token_to_ocpi
from mappings.tables import CodeTable
from protocols.ocpi.wire import tokens as wire

DECISION: Final = CodeTable(
    both={
        wire.AllowedType.ALLOWED: Decision.ALLOWED,
        wire.AllowedType.BLOCKED: Decision.BLOCKED,
        wire.AllowedType.EXPIRED: Decision.EXPIRED,
        wire.AllowedType.NO_CREDIT: Decision.NO_CREDIT,
        wire.AllowedType.NOT_ALLOWED: Decision.NOT_ALLOWED,
    },
    unsent={
        Decision.UNKNOWN_TOKEN: "answered with HTTP 404 and status 2004",
        Decision.NO_ISSUER: "answered with HTTP 404 and status 2004",
        Decision.TIMED_OUT: "answered with status 4002",
        Decision.NEEDS_LOCATION: "answered with status 2002",
    },
)

REQUEST_NOT_CARRIED: Final = {
    "contract_id": "the question names a token, not its contract",
    "pin": "a secret that OCPI has no field for",
    "operator_session_id": "no field",
}
NOT_CARRIED: Final = {
    "issuer_session_id": "no field",
    "partner_code": "no field",
    "partner_text": "no field",
    "stop_uids": "no field for other tokens that may stop the session",
}


def authorise_request_from_ocpi(
    token_uid: str,
    token_type: str | None,
    location: wire.LocationReferences | None,
    operator: PartyId,
    issuer: PartyId | None = None,
) -> AuthoriseRequest:
    """`issuer` is the party that the caller addressed, if it did. A token without type is a card."""
    return AuthoriseRequest(
        operator=operator,
        uid=token_uid_in(token_uid, "token_uid"),
        kind=token_type if token_type is not None else TokenKind.RFID.value,
        issuer=issuer,
        location_id=location.location_id if location else None,
        evse_uids=location.evse_uids or () if location else (),
        extensions=put_aside(location.extra, {}) if location else {},
    )


def authorise_request_to_ocpi(
    request: AuthoriseRequest, location: Location | None = None
) -> tuple[str, str, wire.LocationReferences | None]:
    """Token uid, token type, and the place:

    the operator's own words, else those of `location`, the hub's copy, for the EVSE that the request names."""
    return request.uid.text, request.kind, _place(request, location)


def _place(request: AuthoriseRequest, location: Location | None) -> wire.LocationReferences | None:
    if request.location_id is not None:
        extra = kept(request.extensions).extra
        return wire.LocationReferences(location_id=request.location_id, evse_uids=request.evse_uids, extra=extra)
    if location is None:
        return None
    uids = tuple(evse.uid for evse in location.evses if request.evse_id and evse.evse_id == request.evse_id)
    return wire.LocationReferences(location_id=location.id, evse_uids=uids)


def authorisation_from_ocpi(info: wire.AuthorizationInfo) -> Authorisation:
    parts: dict[str, Any] = {}
    if info.location and info.location.extra:
        parts["location"] = info.location.extra
    if info.info and info.info.extra:
        parts["info"] = info.info.extra
    token = token_from_ocpi(info.token)
    return Authorisation(
        decision=DECISION.to_core(info.allowed),
        issuer=token.issuer,
        token=token,
        contract_id=token.contract_id,
        location_id=info.location.location_id if info.location else None,
        evse_uids=info.location.evse_uids or () if info.location else (),
        reference=info.authorization_reference,
        info=text_from_ocpi(info.info) if info.info else None,
        extensions=put_aside(info.extra, {}, parts),
    )


def authorisation_to_ocpi(
    answer: Authorisation, request: AuthoriseRequest | None = None, now: datetime | None = None
) -> wire.AuthorizationInfo:
    """An answer without token gets one from what is known of the request, of the time `now`.

    Raises what the server has to answer where OCPI has no word in AuthorizationInfo: Unknown for a token that nobody
    knows, Uncertain for an issuer that did not answer, Unsupported where the issuer wants to know the place."""
    allowed = DECISION.wire_for(answer.decision)
    if allowed is None:
        raise _as_error(answer, request)
    back = kept(answer.extensions)
    place = None
    if answer.location_id is not None:
        extra = back.parts.get("location")
        place = wire.LocationReferences(location_id=answer.location_id, evse_uids=answer.evse_uids, extra=extra)
    return wire.AuthorizationInfo(
        allowed=allowed,
        token=token_to_ocpi(answer.token or _token(answer, request, now)),
        location=place,
        authorization_reference=answer.reference,
        info=text_out(answer.info, back, "info") if answer.info else None,
        extra=back.extra,
    )


def _as_error(answer: Authorisation, request: AuthoriseRequest | None) -> RoamingError:
    if answer.decision is Decision.TIMED_OUT:
        return Uncertain(answer.explanation or "the issuer did not answer in time")
    if answer.decision is Decision.NEEDS_LOCATION:
        return Unsupported(answer.explanation or "the issuer needs to know the location")
    return Unknown("token", request.uid.text if request else "")


def _token(answer: Authorisation, request: AuthoriseRequest | None, now: datetime | None) -> Token:
    issuer = answer.issuer or (answer.contract_id.provider if answer.contract_id else None)
    if request is None or now is None or issuer is None:
        raise Unsupported("OCPI demands the token in the answer, and too little of it is known")
    return Token(
        issuer=issuer,
        uid=request.uid,
        kind=request.kind,
        contract_id=answer.contract_id or request.contract_id,
        valid=answer.decision is not Decision.EXPIRED,
        whitelist=Whitelist.NEVER,
        updated_at=now,
    )


def authorise_request_losses(request: AuthoriseRequest) -> tuple[Loss, ...]:
    return losses(request, REQUEST_NOT_CARRIED)


def authorisation_losses(answer: Authorisation) -> tuple[Loss, ...]:
    return losses(answer, NOT_CARRIED)
