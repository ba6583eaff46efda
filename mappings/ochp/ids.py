"""Identifiers of OCHP <-> ours. Source: OCHP 1.4, EvseId, ContractId, EmtId, CdrId, TariffId; crosswalk 2.

What OCHP cannot spell is not cut to fit: ids that drivers and invoices know have no other form, and give None; keys
that only machines know get a form of their own, always the same for the same id.
"""

import hashlib
import re
from functools import lru_cache
from typing import Final

from core.errors import Invalid
from core.model.cards import HashedKind
from core.model.ids import ContractId, EvseId, PartyId, TokenUid, emaid_check_digit
from core.model.token import TokenKind
from mappings.tables import CodeTable
from protocols.ochp.wire.tokens import EmtId
from protocols.ochp.wire.words import Representation, TokenSubType, TokenType

_EVSE: Final = re.compile(r"[A-Z]{2}(\*?)[A-Z0-9]{3}\1E[A-Z0-9][A-Z0-9*]{0,30}")
_CONTRACT: Final = re.compile(r"[A-Z]{2}(-?)[A-Z0-9]{3}\1[A-Z0-9]{9}(?:\1[A-Z0-9])?")
_TARIFF: Final = re.compile(r"[A-Za-z]{2}(\*?)[A-Za-z0-9]{3}\1[Tt][A-Za-z0-9][A-Za-z0-9*]{0,9}")
_LOCATION: Final = re.compile(r"[A-Z0-9 ]{1,15}")
_CDR: Final = re.compile(r"[0-9A-Z]{1,31}")
_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

_HASHED: Final = {Representation.SHA_160: HashedKind.SHA_160.value, Representation.SHA_256: HashedKind.SHA_256.value}
_REPRESENTATION: Final = {kind: representation for representation, kind in _HASHED.items()}
TOKEN_KIND: Final = CodeTable[TokenType, str](
    both={
        TokenType.RFID: TokenKind.RFID.value,
        TokenType.ISO_15118: TokenKind.EMAID.value,
        TokenType.REMOTE: TokenKind.APP_USER.value,
    },
    outbound={TokenKind.AD_HOC_USER.value: TokenType.REMOTE, **dict.fromkeys(_REPRESENTATION, TokenType.RFID)},
    unsent={TokenKind.OTHER.value: "OCHP has no such token"},
)
"""Source: EmtId, tokenType. Of hashed cards the representation says the rest."""


def evse_id_from_ochp(text: str, path: str = "/evseId") -> EvseId:
    """Raises Invalid for a DIN id, which OCHP does not take."""
    evse_id = EvseId.parse(text, path)
    if evse_id.is_din:
        raise Invalid(path, f"{text!r} is a DIN id; OCHP takes the ISO form")
    return evse_id


def evse_uid(evse_id: EvseId) -> str:
    """The hub's key of an EVSE: without structural stars; those inside the outlet tell EVSEs apart (ID-03)."""
    _, _, outlet = evse_id.iso.rpartition(f"{evse_id.operator}*E")
    return f"{evse_id.operator.key}E{outlet}"


def evse_id_to_ochp(evse_id: EvseId) -> str | None:
    """Upper case, structural stars all or none as the owner writes them; a DIN id in its ISO form. None: too long."""
    for text in (evse_id.text.upper(), evse_id.iso):
        if _EVSE.fullmatch(text):
            return text
    return None


def contract_id_from_ochp(text: str, path: str = "/contractId") -> ContractId:
    return ContractId.parse(text, path)


def contract_id_to_ochp(contract_id: ContractId) -> str | None:
    """As the issuer spells it if OCHP takes that; a DIN id as OCHP converts it; None for an id of no known form."""
    return _contract_id_to_ochp(contract_id.text)


@lru_cache(maxsize=65536)
def _contract_id_to_ochp(text: str) -> str | None:
    # by text, not by ContractId: ids that are spelled differently compare equal
    contract_id, upper = ContractId.parse(text), text.upper()
    if contract_id.is_din:
        code = contract_id.key[:5] + "00" + contract_id.key[5:11] + (contract_id.check_digit or "")
        return code + emaid_check_digit(code)
    if _CONTRACT.fullmatch(upper):
        return upper
    bare = re.sub(r"[*\-]", "", upper)
    return bare if contract_id.is_emaid and _CONTRACT.fullmatch(bare) else None


def tariff_id_to_ochp(text: str) -> str | None:
    return text if _TARIFF.fullmatch(text) else None


@lru_cache(maxsize=65536)
def location_id_to_ochp(location_id: str) -> str:
    """Its own upper-case form where that is one, else 15 characters made of it."""
    upper = location_id.upper()
    return upper if _LOCATION.fullmatch(upper) else _made_of(upper, 15)


def cdr_id_to_ochp(owner: PartyId, cdr_id: str) -> str:
    """Begins with the operator. A CDR id is compared without regard to case, so upper case changes nothing."""
    upper = cdr_id.upper()
    if upper.startswith(owner.key) and _CDR.fullmatch(upper[5:]):
        return upper
    return owner.key + (upper if _CDR.fullmatch(upper) else _made_of(upper, 31))


def _made_of(text: str, length: int) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest())
    digits = ""
    while len(digits) < length:
        number, digit = divmod(number, 36)
        digits += _ALPHABET[digit]
    return digits


# --- tokens


def medium_from_ochp(emt_id: EmtId) -> tuple[str, TokenUid]:
    """Kind and uid, compared without regard to case. A hash is of a kind of its own."""
    hashed = _HASHED.get(emt_id.representation) if emt_id.representation is not None else None
    return hashed or TOKEN_KIND.to_core(emt_id.token_type), TokenUid(emt_id.instance, emt_id.instance.upper())


def emt_id_to_ochp(kind: str, uid: TokenUid, sub_type: TokenSubType | None = None) -> EmtId | None:
    """None for a kind that OCHP has no word for."""
    token_type = TOKEN_KIND.wire_for(kind)
    if token_type is None or not uid.text:
        return None
    is_card = token_type is TokenType.RFID
    representation = _REPRESENTATION.get(kind)
    instance = uid.text.upper() if is_card and representation is None else uid.text
    return EmtId(
        instance=instance,
        token_type=token_type,
        token_sub_type=sub_type if is_card else None,
        representation=representation,
    )
