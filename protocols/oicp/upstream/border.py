"""Ids at the border between the hub and a platform in which it is a partner.

The platform has its SessionID, the hub its own; each side sees the other's as the partner session id. A message of the
platform's is put into the hub's ids, answered as if a partner of the hub had sent it, and the answer put back. On the
operator's side (the platform stands for CPOs) the platform's SessionID is the operator's id of the session, on the
issuer's side (it stands for EMPs) the issuer's. Source: OICP 2.3, Communication Paradigms, Session handling.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from msgspec import Struct
from msgspec.structs import replace

from core.errors import Invalid
from core.model.authorisation import Journey
from core.model.partner import Role
from protocols.oicp import codec
from protocols.oicp.codes import (
    DID_NOT_RESPOND,
    NO_ANSWER,
    NO_CONTRACT,
    NO_PARTNER,
    NO_SERVICE,
    NO_SESSION,
    SUCCESS,
    UNAUTHORIZED,
    UNKNOWN_EVSE,
    Negative,
    Violations,
    status,
)
from protocols.oicp.server.inbound import Inbound, Reply
from protocols.oicp.settings import spelling_of
from protocols.oicp.wire.common import SESSION_ID

OPERATOR_ID: Final = "CPOPartnerSessionID"
ISSUER_ID: Final = "EMPPartnerSessionID"
STARTS: Final = frozenset({"AuthorizeStart", "AuthorizeRemoteStart", "AuthorizeRemoteReservationStart"})
COMMUNICATION: Final = "501"
SESSION: Final = re.compile(SESSION_ID)
AS_OPERATOR: Final = {
    DID_NOT_RESPOND: COMMUNICATION,
    NO_PARTNER: UNKNOWN_EVSE,
    NO_CONTRACT: UNKNOWN_EVSE,
    UNAUTHORIZED: NO_SERVICE,
}
"""The hub's words as a platform -> as a CPO, to whom no partner can be missing."""
SAID_AS_IT_IS: Final = frozenset({SUCCESS, NO_SESSION, "200"})


class Crossing(Struct, frozen=True, kw_only=True):
    """One message on its way in and back. `theirs`: its session ids as they came. `journey` None: a new session, or one
    that the hub does not know."""

    call: Inbound
    operation: str
    theirs: Mapping[str, Any]
    journey: Journey | None

    @property
    def starts(self) -> bool:
        return self.operation in STARTS


def session_of(body: bytes) -> str:
    """The platform's id. Raises Violations for what is no message or names no session."""
    raw = codec.decode_raw(body)
    theirs = raw.get("SessionID") if isinstance(raw, dict) else None
    if not isinstance(theirs, str) or not SESSION.match(theirs):
        raise Violations([Invalid("$.SessionID", "the platform's id of the session is expected")])
    return theirs


async def inward(call: Inbound, operation: str, theirs: str) -> Crossing:
    """The message in the hub's ids. Raises Negative 400 for a start of a session that there is already."""
    raw = codec.decode_raw(call.body)
    named = {name: raw.get(name) for name in ("SessionID", OPERATOR_ID, ISSUER_ID)}
    journey = await _journey(call, theirs, named)
    if operation in STARTS and journey is not None:
        raise Negative(NO_SESSION, "this session has begun already")
    if operation in STARTS:
        del raw["SessionID"]
    elif journey is not None:
        raw["SessionID"] = journey.id
    _rename(call, raw, theirs)
    return Crossing(call=replace(call, body=codec.encode(raw)), operation=operation, theirs=named, journey=journey)


def outward(crossing: Crossing, reply: Reply) -> Reply:
    """The answer in the platform's ids, and in the words of the partner that the hub is there."""
    raw = codec.decode_raw(reply.body)
    if not isinstance(raw, dict) or "StatusCode" not in raw:
        return reply
    ours = raw.get("SessionID") or (crossing.journey.id if crossing.journey else None)
    if raw.get("SessionID") is not None or not crossing.starts:
        raw["SessionID"] = crossing.theirs["SessionID"]
    raw[OPERATOR_ID], raw[ISSUER_ID] = crossing.theirs[OPERATOR_ID], crossing.theirs[ISSUER_ID]
    raw[ISSUER_ID if crossing.call.role is Role.CPO else OPERATOR_ID] = ours
    upstream = crossing.call.settings.upstream
    if raw.get("ProviderID") is not None and upstream is not None:
        raw["ProviderID"] = upstream.provider_id
    code = _code(crossing, raw, reply.code)
    if code != reply.code:
        raw["StatusCode"] = {"Code": code, "Description": status(code).description, "AdditionalInfo": None}
    http = 200 if reply.status in (401, 403, 404) else reply.status
    return replace(reply, body=codec.encode(raw), code=code, status=http, session_id=ours)


async def _journey(call: Inbound, theirs: str, named: Mapping[str, Any]) -> Journey | None:
    """By the platform's id; one that the hub has just begun there and knows no id of yet, by its own."""
    sessions = call.hub.sessions
    if call.role is Role.CPO:
        found, own = await sessions.of_operator(call.party, theirs), named[ISSUER_ID]
    else:
        found, own = await sessions.of_issuer(call.partner.id, theirs), named[OPERATOR_ID]
    if found is not None or not isinstance(own, str):
        return found
    begun = await sessions.journey(own)
    if begun is None:
        return None
    side = begun.operator_partner if call.role is Role.CPO else begun.issuer_partner
    told = begun.operator_session_id if call.role is Role.CPO else begun.issuer_session_id
    return begun if side == call.partner.id and told is None else None


def _rename(call: Inbound, raw: dict[str, Any], theirs: str) -> None:
    """The platform speaks in its own name, and by its own id of the session."""
    own, other, member = OPERATOR_ID, ISSUER_ID, "OperatorID"
    if call.role is Role.EMSP:
        own, other, member = ISSUER_ID, OPERATOR_ID, "ProviderID"
    raw[own] = theirs
    raw.pop(other, None)
    if member in raw:
        raw[member] = spelling_of(call.partner, call.party, call.role)


def _code(crossing: Crossing, raw: dict[str, Any], code: str) -> str:
    if crossing.call.role is Role.EMSP:
        return AS_OPERATOR.get(code, code)
    refused = "AuthorizationStatus" in raw and code not in SAID_AS_IT_IS and not code.startswith("1")
    return NO_ANSWER if refused else code
