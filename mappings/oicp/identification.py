"""Identifications <-> token kind, uid and contract. Source: OICP 2.3, IdentificationType.

A card is known by its UID; everything else by its contract: Plug & Charge is kind EMAID, a QR code kind QR_CODE, a
remote start kind APP_USER, each with the EvcoID as uid. A clear PIN is passed on to who must check it and put aside
nowhere.
"""

import re
from typing import Final, NamedTuple

from core.errors import Invalid
from core.model.ids import ContractId, TokenUid
from core.model.token import TokenKind
from mappings.oicp.codes import QR_CODE
from mappings.oicp.ids import contract_id_to_oicp
from protocols.oicp.wire.identification import (
    Identification,
    PlugAndChargeIdentification,
    QRCodeIdentification,
    RemoteIdentification,
    RFIDMifareFamilyIdentification,
)

_UID: Final = re.compile(r"^(?:[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20})$")


class Medium(NamedTuple):
    """What an identification says of a token."""

    kind: str
    uid: TokenUid
    contract_id: ContractId | None = None
    pin: str | None = None


def medium_from_oicp(identification: Identification) -> Medium:
    card = identification.rfid_mifare_family_identification
    if card is not None:
        return Medium(TokenKind.RFID, _uid(card.uid))
    other_card = identification.rfid_identification
    if other_card is not None:
        contract = other_card.evco_id
        return Medium(TokenKind.RFID, _uid(other_card.uid), None if contract is None else ContractId.parse(contract))
    qr_code = identification.qr_code_identification
    if qr_code is not None:
        return _of_contract(QR_CODE, qr_code.evco_id, qr_code.pin)
    if identification.plug_and_charge_identification is not None:
        return _of_contract(TokenKind.EMAID, identification.plug_and_charge_identification.evco_id)
    if identification.remote_identification is not None:
        return _of_contract(TokenKind.APP_USER, identification.remote_identification.evco_id)
    raise Invalid("$.Identification", "no identification")


def without_clear_pin(identification: Identification) -> Identification:
    """A driver's PIN is kept nowhere, not even in the record of what was charged."""
    qr_code = identification.qr_code_identification
    if qr_code is None or qr_code.pin is None:
        return identification
    bare = QRCodeIdentification(evco_id=qr_code.evco_id, hashed_pin=qr_code.hashed_pin, extra=qr_code.extra)
    return Identification(qr_code_identification=bare, extra=identification.extra)


def _uid(text: str) -> TokenUid:
    upper = text.upper()
    return TokenUid(upper, upper)


def _of_contract(kind: str, evco_id: str, pin: str | None = None) -> Medium:
    return Medium(kind, TokenUid(evco_id, evco_id.upper()), ContractId.parse(evco_id), pin)


def uid_to_oicp(uid: TokenUid) -> str | None:
    """Upper-case hex of 8, 14 or 20 characters; anything else cannot be said and is never padded, cut or turned."""
    text = uid.text.upper()
    return text if _UID.match(text) else None


def identification_to_oicp(
    kind: str, uid: TokenUid | None, contract_id: ContractId | None, pin: str | None = None
) -> Identification | None:
    """None where OICP has no identification for it."""
    if kind == TokenKind.RFID:
        card = None if uid is None else uid_to_oicp(uid)
        if card is None:
            return None
        return Identification(rfid_mifare_family_identification=RFIDMifareFamilyIdentification(uid=card))
    evco_id = _evco_id(kind, uid, contract_id)
    if evco_id is None:
        return None
    if kind == TokenKind.EMAID:
        return Identification(plug_and_charge_identification=PlugAndChargeIdentification(evco_id=evco_id))
    if kind in (TokenKind.APP_USER, TokenKind.AD_HOC_USER):
        return Identification(remote_identification=RemoteIdentification(evco_id=evco_id))
    if kind == QR_CODE:
        return Identification(qr_code_identification=QRCodeIdentification(evco_id=evco_id, pin=pin))
    return None


def _evco_id(kind: str, uid: TokenUid | None, contract_id: ContractId | None) -> str | None:
    if contract_id is not None:
        return contract_id_to_oicp(contract_id)
    if uid is not None and kind in (TokenKind.EMAID, QR_CODE):
        return contract_id_to_oicp(ContractId.parse(uid.text))
    return None
