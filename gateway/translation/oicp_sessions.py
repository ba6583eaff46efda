"""Charging notifications of OICP 2.3 as payloads of the kind `session`."""

import uuid

from core.errors import Invalid
from core.model.ids import EvseId
from core.model.loss import Loss
from core.model.partner import Role
from core.model.session import AuthMethod, CdrToken, Session, SessionStatus
from core.model.token import TokenKind
from gateway.translation.model import Context, Written, assumed
from mappings.oicp.identification import medium_from_oicp
from mappings.oicp.ids import evse_id_from_oicp, party_from_oicp
from mappings.oicp.sessions import notifications_of, notifications_to_oicp, session_from_oicp
from protocols.oicp.codec import decode, decode_raw, to_raw
from protocols.oicp.wire.notifications import NOTIFICATIONS, Notification

LONGEST_ID = 36


def session(body: bytes, context: Context) -> Session:
    """A notification names its EVSE and perhaps the medium; the rest is what a running hub knows of the journey."""
    raw = decode_raw(body)
    kind = raw.get("Type") if isinstance(raw, dict) else None
    if not isinstance(kind, str) or kind not in NOTIFICATIONS:
        raise Invalid("$.Type", f"one of {', '.join(NOTIFICATIONS)} is expected")
    message = decode(body, NOTIFICATIONS[kind])
    evse_id = evse_id_from_oicp(message.evse_id, "$.EvseID")
    place = context.place(evse_id=evse_id)
    connectors = place[1].connectors if place else ()
    own = message.cpo_partner_session_id
    known = Session(
        owner=party_from_oicp(message.operator_id, "$.OperatorID") if message.operator_id else evse_id.operator,
        id=own if own and len(own) <= LONGEST_ID else message.session_id,
        started_at=context.now,
        token=_token(message, context),
        auth_method=AuthMethod.AUTH_REQUEST,
        location_id=place[0].id if place else None,
        evse_uid=place[1].uid if place else None,
        connector_id=connectors[0].id if len(connectors) == 1 else None,
        currency=context.tariffs[0].currency if len(context.tariffs) == 1 else None,
        status=SessionStatus.PENDING,
        journey_id=message.session_id.lower(),
        updated_at=context.now,
    )
    return session_from_oicp(known, message, received_at=context.now)


def _token(message: Notification, context: Context) -> CdrToken:
    medium = medium_from_oicp(message.identification) if message.identification else None
    token = context.token(medium.uid) if medium else None
    if token is None and len(context.tokens) == 1:
        token = context.tokens[0]
    if token is not None:
        return CdrToken(issuer=token.issuer, uid=token.uid, kind=token.kind, contract_id=token.contract_id)
    issuer = context.party(Role.EMSP)
    if medium is None:
        return CdrToken(issuer=issuer, kind=TokenKind.OTHER)
    return CdrToken(issuer=issuer, uid=medium.uid, kind=medium.kind, contract_id=medium.contract_id)


def session_out(found: Session, context: Context) -> Written:
    """Each notification that could be sent now."""
    lost: tuple[Loss, ...] = ()
    session_id = found.journey_id
    if session_id is None and not notifications_of(found):
        session_id = str(uuid.uuid4())
        lost = (assumed("$.SessionID", session_id, "minted, as the running hub does at the authorisation"),)
    made = notifications_to_oicp(
        found, session_id=session_id, evse_id=_evse_id(found, context), time_zone=context.time_zone
    )
    outputs = [to_raw(message) for message in made.messages]
    if not outputs:
        return Written(output=None, losses=made.losses)
    return Written(output=outputs[0] if len(outputs) == 1 else outputs, losses=made.losses + lost)


def _evse_id(found: Session, context: Context) -> EvseId | None:
    place = context.location(found.location_id) if found.location_id else None
    evse = place.evse(found.evse_uid) if place and found.evse_uid else None
    return evse.evse_id if evse else None
