"""Authorisation data <-> tokens. Source: OCHP 1.4, RoamingAuthorisationInfo; crosswalk 1.8, 1.9, 3(e).

A listed token may be accepted without asking, and its provider cannot be asked: whitelist ALWAYS. OCHP has no time of
change: it is when the record arrived. A past expiry withdraws a token.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from core.errors import Invalid
from core.model.cards import is_hashed
from core.model.ids import PartyId
from core.model.loss import Loss
from core.model.token import Token, TokenKind, Whitelist
from mappings.losses import losses
from mappings.ochp.codes import RFID_FAMILY
from mappings.ochp.ids import contract_id_from_ochp, contract_id_to_ochp, emt_id_to_ochp, medium_from_ochp
from mappings.ochp.leftovers import PROTOCOL, put_aside, put_back
from mappings.ochp.notes import Notes, assumed, lost, narrowed, remaining, withheld
from mappings.ochp.times import moment_from_ochp, moment_to_ochp
from protocols.ochp.wire.tokens import RoamingAuthorisationInfo
from protocols.ochp.wire.words import TokenType

NOT_CARRIED: Final = {
    "issuer_name": "OCHP names a provider by its contracts only",
    "group_id": "OCHP has no token groups",
    "language": "OCHP does not say a driver's language",
    "default_profile_type": "OCHP has no charging preferences",
    "energy_contract": "OCHP does not name a driver's own energy supplier",
    "pin_hash": "a secret: it never leaves the hub",
}
"""Token field -> why a RoamingAuthorisationInfo does not carry it."""

ELSEWHERE: Final = {
    "issuer": "the first five characters of contractId",
    "valid": "a token that is not valid is sent with a past expiryDate",
    "whitelist": "a token that must be asked for is not listed",
    "updated_at": "lastUpdate of the question, which is the hub's",
}

_LISTED: Final = frozenset((TokenKind.RFID.value, TokenKind.EMAID.value))


class Listed(NamedTuple):
    """The record; None, and why in `losses`, where the token may not or cannot be listed."""

    record: RoamingAuthorisationInfo | None
    losses: tuple[Loss, ...]


def token_from_ochp(info: RoamingAuthorisationInfo, *, received_at: datetime) -> Token:
    """A hashed token has a kind of its own (`RFID_SHA_256`), which no other protocol may be told.

    Raises Invalid for type `remote`, which is for CDRs only."""
    if info.emt_id.token_type is TokenType.REMOTE:
        raise Invalid("/EmtId/tokenType", "a token of type remote belongs into no list")
    kind, uid = medium_from_ochp(info.emt_id)
    contract_id = contract_id_from_ochp(info.contract_id)
    expires_at = moment_from_ochp(info.expiry_date, "/expiryDate/DateTime")
    family = info.emt_id.token_sub_type
    token = Token(
        issuer=_provider(info.contract_id),
        uid=uid,
        kind=kind,
        contract_id=contract_id,
        visual_number=info.printed_number,
        valid=expires_at > received_at,
        expires_at=expires_at,
        whitelist=Whitelist.ALWAYS,
        rfid_family=RFID_FAMILY.to_core(family) if family is not None else None,
        updated_at=received_at,
        extensions={},
    )
    put_aside(token.extensions, info, _members(token, None, None))
    return token


def _provider(contract_id: str) -> PartyId:
    return PartyId.parse(contract_id.replace("-", "")[:5], "/contractId")


def token_to_ochp(token: Token, *, expires_at: datetime) -> Listed:
    """For a list. `expires_at` stands in where the token has no expiry, which OCHP demands: a date that moves on."""
    reason = _why_not(token)
    if reason is not None:
        return Listed(None, (withheld("uid", reason, token.visual_number),))
    return record_to_ochp(token, expires_at=expires_at)


def record_to_ochp(token: Token, *, expires_at: datetime) -> Listed:
    """Without regard to whether it may be listed: for the answer about one token."""
    own = PROTOCOL in token.extensions
    notes: Notes = []
    members = _members(token, expires_at, None if own else notes)
    written = put_back(token.extensions, members, RoamingAuthorisationInfo)
    if members["emt_id"] is None:
        return Listed(None, (withheld("kind", f"OCHP has no token of kind {token.kind}", token.kind),))
    if members["contract_id"] is None:
        contract = token.contract_id.text if token.contract_id is not None else None
        return Listed(None, (withheld("contract_id", "OCHP demands a contract in EMAID form", contract),))
    found = remaining(notes, written) if own else remaining(notes, written) + losses(token, NOT_CARRIED)
    return Listed(RoamingAuthorisationInfo(**members), found)


def _why_not(token: Token) -> str | None:
    if token.kind not in _LISTED and not is_hashed(token.kind):
        return f"a token of kind {token.kind} belongs into no list"
    if token.whitelist in (Whitelist.NEVER, Whitelist.ALLOWED_OFFLINE) and token.valid:
        return "the issuer wants to be asked each time"
    return None


def _members(token: Token, expires_at: datetime | None, notes: Notes | None) -> dict[str, Any]:
    family = token.rfid_family
    sub_type = RFID_FAMILY.wire_for(family) if family is not None else None
    if family is not None and sub_type is None:
        lost(notes, "emt_id", "rfid_family", "OCHP has no word for this family of cards", family)
    contract, number = token.contract_id, token.visual_number
    spelled = None if contract is None else contract_id_to_ochp(contract)
    if contract is not None and contract.is_din:
        narrowed(notes, "contract_id", "contract_id", f"an id of the older form is sent as {spelled}", contract.text)
    if number is not None and not 0 < len(number) <= 150:
        lost(notes, "printed_number", "visual_number", "OCHP takes 1 to 150 characters", number)
        number = None
    return {
        "emt_id": emt_id_to_ochp(token.kind, token.uid, sub_type) if len(token.uid.text) <= 512 else None,
        "contract_id": spelled,
        "printed_number": number,
        "expiry_date": moment_to_ochp(_expiry(token, expires_at, notes)),
    }


def _expiry(token: Token, stand_in: datetime | None, notes: Notes | None) -> datetime:
    """Not later than the moment at which the token ceased to be valid."""
    expiry = token.expires_at
    if not token.valid:
        return token.updated_at if expiry is None or expiry > token.updated_at else expiry
    if expiry is not None:
        return expiry
    assumed(notes, "expiry_date", "expiryDate", "the token has no expiry, which OCHP demands")
    return stand_in or token.updated_at
