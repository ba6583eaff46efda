"""Drivers' identifications <-> token kind, uid and contract. Source: checklist, 6.3; crosswalk, 1.8.

A badge is known by its UID; everything else by its contract. Plug & Charge goes out as EMP-SPEC with the contract id;
EVCO is read as the same. A text that is no contract is an id of the eMSP's own.
"""

from typing import Any, Final, NamedTuple

from core.model.ids import ContractId, EvseId, TokenUid
from core.model.token import TokenKind
from mappings.emip.ids import contract_or_none, evse_id_to_emip, is_contract, uid_to_emip
from mappings.tables import CodeTable
from protocols.emip.wire.words import IdType, UserIdType

LONGEST_UID: Final = 36
KIND: Final[CodeTable[UserIdType, str]] = CodeTable(
    both={
        UserIdType.RFID_UID: TokenKind.RFID,
        UserIdType.EMA: TokenKind.APP_USER,
        UserIdType.EMP_SPEC: TokenKind.EMAID,
    },
    inbound={UserIdType.EVCO: TokenKind.EMAID, UserIdType.EMI3: TokenKind.OTHER},
    outbound={TokenKind.AD_HOC_USER: UserIdType.EMA, TokenKind.OTHER: UserIdType.EMP_SPEC},
    core=TokenKind,
)
"""EMP-SPEC with a text that is no contract is OTHER. Source: checklist, 6.3, EMIP-ID-11."""


class Medium(NamedTuple):
    """What eMIP says of a token; `uid` None where the text is longer than a uid can be."""

    kind: str
    uid: TokenUid | None
    contract_id: ContractId | None = None


class UserId(NamedTuple):
    type: str
    text: str


def medium_from_emip(user_id_type: str, user_id: str) -> Medium:
    """A type that is no word of eMIP is read as EMP-SPEC."""
    kind = KIND.to_core(_word(user_id_type))
    if kind == TokenKind.RFID:
        return Medium(kind, _uid(user_id.upper()))
    if not is_contract(user_id):
        return Medium(TokenKind.OTHER if kind == TokenKind.EMAID else kind, _uid(user_id))
    return Medium(kind, _uid(user_id), contract_or_none(user_id))


def _uid(text: str) -> TokenUid | None:
    return TokenUid(text, text.upper()) if len(text) <= LONGEST_UID and text.isprintable() and text.isascii() else None


def _word(text: str) -> UserIdType:
    try:
        return UserIdType(text)
    except ValueError:
        return UserIdType.EMP_SPEC


def user_id_to_emip(kind: str, uid: TokenUid | None, contract_id: ContractId | None) -> UserId | None:
    """None where eMIP has no identification for it."""
    word = KIND.wire_for(kind)
    if word is None:
        return None
    if word is UserIdType.RFID_UID:
        text = uid_to_emip(uid.text) if uid else None
        return UserId(word.value, text) if text else None
    if contract_id is not None and kind != TokenKind.OTHER:
        return UserId(word.value, contract_id.text)
    if uid is None:
        return None
    if word is UserIdType.EMA and not is_contract(uid.text):
        return UserId(UserIdType.EMP_SPEC.value, uid.text)
    return UserId(word.value, uid.text)


def named_members(user: UserId | None, evse_id: EvseId | None) -> dict[str, Any]:
    """How every message names a driver and an EVSE, by Python names."""
    return {
        "evse_id_type": IdType.EMI3,
        "evse_id": evse_id_to_emip(evse_id) if evse_id else None,
        "user_id_type": user.type if user else None,
        "user_id": user.text if user else None,
    }
