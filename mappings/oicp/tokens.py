"""Authentication data <-> tokens. Source: OICP 2.3, AuthenticationDataRecordType; eRoamingPushAuthenticationData_V2.1.

An uploaded record lets the hub decide in the EMP's name: whitelist ALLOWED. A clear PIN is hashed by the caller's
function before anything is kept.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, NamedTuple

from core.errors import Invalid
from core.model.ids import PartyId
from core.model.loss import Loss, LossKind
from core.model.token import Token, TokenKind, Whitelist
from mappings.losses import losses
from mappings.oicp.codes import QR_CODE, RFID_FAMILY
from mappings.oicp.identification import identification_to_oicp, medium_from_oicp, uid_to_oicp
from mappings.oicp.ids import contract_id_to_oicp
from mappings.oicp.leftovers import PROTOCOL, put_aside, put_back
from mappings.oicp.notes import withheld
from mappings.oicp.times import moment_from_oicp, moment_to_oicp
from protocols.oicp.wire.authentication_data import AuthenticationDataRecord
from protocols.oicp.wire.identification import (
    HashedPIN,
    HashFunction,
    Identification,
    QRCodeIdentification,
    RFIDIdentification,
    RFIDType,
)

NOT_CARRIED: Final = {
    "group_id": "OICP has no token groups",
    "language": "OICP does not say a driver's language",
    "default_profile_type": "OICP has no charging preferences",
    "energy_contract": "OICP does not name a driver's own energy supplier",
    "issuer_name": "OICP names a provider by its id only",
}
"""Token field -> why an AuthenticationDataRecord does not carry it."""

ELSEWHERE: Final = {
    "issuer": "ProviderID of the message",
    "valid": "an invalid token is deleted, a valid one uploaded",
    "whitelist": "a token that must always be asked for is not uploaded",
    "updated_at": "OICP records have no time",
}


class Uploaded(NamedTuple):
    """The record; None, and why in `losses`, where the token may not or cannot be uploaded."""

    record: AuthenticationDataRecord | None
    losses: tuple[Loss, ...]


def token_from_oicp(
    record: AuthenticationDataRecord,
    provider: PartyId,
    *,
    received_at: datetime,
    hash_pin: Callable[[str], str] | None = None,
) -> Token:
    """`provider` is who uploads. `hash_pin` makes a bcrypt hash of a clear PIN; without it a PIN raises Invalid."""
    identification = _without_pin(record.identification, hash_pin)
    medium = medium_from_oicp(identification)
    card, qr_code = identification.rfid_identification, identification.qr_code_identification
    expiry = card.expiry_date if card is not None else None
    expires_at = None if expiry is None else moment_from_oicp(expiry, "$.Identification.RFIDIdentification.ExpiryDate")
    fields: dict[str, Any] = {
        "issuer": provider,
        "uid": medium.uid,
        "kind": medium.kind,
        "contract_id": medium.contract_id,
        "visual_number": card.printed_number if card is not None else None,
        "valid": expires_at is None or expires_at > received_at,
        "expires_at": expires_at,
        "whitelist": Whitelist.ALLOWED,
        "rfid_family": RFID_FAMILY.to_core(card.rfid) if card is not None else None,
        "pin_hash": qr_code.hashed_pin.value if qr_code is not None and qr_code.hashed_pin is not None else None,
        "updated_at": received_at,
        "extensions": {},
    }
    token = Token(**fields)
    kept = AuthenticationDataRecord(identification=identification, extra=record.extra)
    put_aside(token.extensions, kept, {"identification": _identification(token)})
    return token


def _without_pin(identification: Identification, hash_pin: Callable[[str], str] | None) -> Identification:
    qr_code = identification.qr_code_identification
    if qr_code is None or qr_code.pin is None:
        return identification
    if hash_pin is None:
        raise Invalid("$.Identification.QRCodeIdentification.PIN", "clear PINs are not taken here")
    hashed = HashedPIN(value=hash_pin(qr_code.pin), function=HashFunction.BCRYPT)
    return Identification(
        qr_code_identification=QRCodeIdentification(evco_id=qr_code.evco_id, hashed_pin=hashed, extra=qr_code.extra),
        extra=identification.extra,
    )


def token_to_oicp(token: Token) -> Uploaded:
    """For an upload in the issuer's name (`insert`, `update`)."""
    members: dict[str, Any] = {"identification": _identification(token)}
    put_back(token.extensions, members, AuthenticationDataRecord)
    reason = _why_not(token, members)
    if reason is not None:
        return Uploaded(None, (withheld("uid", reason, token.visual_number),))
    if PROTOCOL in token.extensions:
        return Uploaded(AuthenticationDataRecord(**members), ())
    found = losses(token, NOT_CARRIED)
    contract = token.contract_id
    if token.kind == TokenKind.RFID and contract is not None and contract_id_to_oicp(contract) is None:
        found += (Loss(path="contract_id", reason="not an EvcoID; the card works without", value=contract.text),)
    card = members["identification"].rfid_identification
    if card is not None and token.rfid_family is None:
        reason = "OICP demands the family of a card, and the source does not say it"
        found += (Loss(path="rfid_family", reason=reason, value=card.rfid.value, kind=LossKind.ASSUMED),)
    return Uploaded(AuthenticationDataRecord(**members), found)


def _why_not(token: Token, members: dict[str, Any]) -> str | None:
    if not token.valid:
        return "not valid: it is deleted from the authentication data"
    if token.whitelist in (Whitelist.NEVER, Whitelist.ALLOWED_OFFLINE):
        return "the issuer wants to be asked each time"
    if members["identification"] is None:
        return f"OICP has no identification for this {token.kind}"
    return None


def _identification(token: Token) -> Identification | None:
    if token.kind == QR_CODE:
        plain = identification_to_oicp(QR_CODE, token.uid, token.contract_id)
        if plain is None or plain.qr_code_identification is None or token.pin_hash is None:
            return None
        hashed = HashedPIN(value=token.pin_hash, function=HashFunction.BCRYPT)
        evco_id = plain.qr_code_identification.evco_id
        return Identification(qr_code_identification=QRCodeIdentification(evco_id=evco_id, hashed_pin=hashed))
    if token.kind != TokenKind.RFID:
        return identification_to_oicp(token.kind, token.uid, token.contract_id)
    uid = uid_to_oicp(token.uid)
    if uid is None:
        return None
    contract = None if token.contract_id is None else contract_id_to_oicp(token.contract_id)
    if contract is None and token.visual_number is None and token.expires_at is None and token.rfid_family is None:
        return identification_to_oicp(token.kind, token.uid, None)
    family = None if token.rfid_family is None else RFID_FAMILY.wire_for(token.rfid_family)
    return Identification(
        rfid_identification=RFIDIdentification(
            uid=uid,
            rfid=family or RFIDType.MIFARE_FAMILY,
            evco_id=contract,
            printed_number=token.visual_number,
            expiry_date=None if token.expires_at is None else moment_to_oicp(token.expires_at),
        )
    )
