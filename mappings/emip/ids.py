"""Identifiers in eMIP's spelling. Source: checklist, 3.2.

In: any case, `*`, `-` or nothing between the parts, blanks anywhere. Out: upper case, with stars.
"""

import re
from functools import lru_cache
from typing import Final

from core.errors import Invalid
from core.model.ids import ContractId, EvseId, PartyId

_BLANKS: Final = re.compile(r"\s+")
_EVSE_ID: Final = re.compile(r"[A-Z]{2}\*[A-Z0-9]{3}\*E[A-Z0-9][A-Z0-9*]{0,30}")
_UID: Final = re.compile(r"[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20}")


def party_from_emip(text: str, path: str = "/operatorId") -> PartyId:
    """An operation. Raises Invalid."""
    return PartyId.parse(_BLANKS.sub("", text), path)


def party_to_emip(party: PartyId) -> str:
    """`FR*ZC1`, for eMSPs too: some clients refuse a hyphen."""
    return f"{party.country_code}*{party.party_id}"


def evse_id_from_emip(text: str, path: str = "/EVSEId") -> EvseId:
    return EvseId.parse(_BLANKS.sub("", text).upper().replace("-", "*"), path)


def evse_id_to_emip(evse_id: EvseId) -> str | None:
    """None for what eMIP cannot name: a DIN id of an unknown country, an outlet that is too long. Never cut."""
    return _evse_id(evse_id.text)


@lru_cache(maxsize=65536)
def _evse_id(text: str) -> str | None:
    # by text, not by EvseId: ids that are spelled differently compare equal
    iso = EvseId.parse(text).iso
    return iso if _EVSE_ID.fullmatch(iso) else None


def contract_or_none(text: str | None) -> ContractId | None:
    """A contract id, where the text can be one."""
    if text is None:
        return None
    try:
        return ContractId.parse(text)
    except Invalid:
        return None


def is_contract(text: str) -> bool:
    """Whether a text has the form of a contract that names its provider."""
    found = contract_or_none(text)
    return found is not None and found.provider is not None


def uid_to_emip(text: str) -> str | None:
    """Hexadecimal of 4, 7 or 10 bytes, upper case; anything else cannot be said, and is never padded or cut."""
    upper = text.upper()
    return upper if _UID.fullmatch(upper) else None


def plausible_uid(text: str) -> bool:
    return uid_to_emip(text) is not None
