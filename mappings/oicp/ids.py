"""Identifiers in OICP's spelling.

Source: OICP 2.3, Data Types (EvseIDType, EvcoIDType, OperatorIDType, ProviderIDType).

In: any case, with or without separators, ISO or DIN. Out: upper case; a DIN id stays DIN; what OICP cannot say is None.
"""

import re
from functools import lru_cache

from core.errors import Invalid
from core.model.ids import ContractId, EvseId, PartyId, din_check_digit
from protocols.oicp.wire.common import EVCO_ID, EVSE_ID

_EVSE_ID = re.compile(EVSE_ID)
_EVCO_ID = re.compile(EVCO_ID)


def party_from_oicp(text: str, path: str = "$") -> PartyId:
    """OperatorID or ProviderID; `+49*810` is DE, 810. Raises Invalid."""
    return _party(text) or PartyId.parse(text, path)


@lru_cache(maxsize=4096)
def _party(text: str) -> PartyId | None:
    try:
        return PartyId.parse(text)
    except Invalid:
        return None


def operator_to_oicp(party: PartyId, registered: str | None = None) -> str:
    """`DE*ABC`, or the spelling under which the partner is registered (`+49*810`, `DEABC`)."""
    return _registered(party, registered) or f"{party.country_code}*{party.party_id}"


def provider_to_oicp(party: PartyId, registered: str | None = None) -> str:
    """`DE-DCB`, or the registered spelling."""
    return _registered(party, registered) or f"{party.country_code}-{party.party_id}"


def _registered(party: PartyId, spelling: str | None) -> str | None:
    if not spelling:
        return None
    try:
        return spelling if PartyId.parse(spelling) == party else None
    except Invalid:
        return None


def evse_id_from_oicp(text: str, path: str = "$.EvseID") -> EvseId:
    return EvseId.parse(text.upper(), path)


def evse_id_to_oicp(evse_id: EvseId) -> str | None:
    """None for an outlet of more than 30 characters: an id is never cut."""
    return _evse_id(evse_id.text)


@lru_cache(maxsize=65536)
def _evse_id(text: str) -> str | None:
    # by text, not by EvseId: ids that are spelled differently compare equal
    upper = text.upper()
    return upper if _EVSE_ID.match(upper) else None


def contract_id_to_oicp(contract_id: ContractId) -> str | None:
    """An EvcoID; the mandatory check digit is added if the issuer left it out.

    An ISO id whose instance begins with `00` and ends with the DIN digit of the rest is the DIN id in ISO clothes. Any
    other instance without leading `C` cannot be said: None."""
    return _evco_id(contract_id.text)


@lru_cache(maxsize=65536)
def _evco_id(spelled: str) -> str | None:
    contract_id, text = ContractId.parse(spelled), spelled.upper()
    if contract_id.is_din:
        return text if _EVCO_ID.match(text) else None
    if not contract_id.is_emaid:
        return None
    key = contract_id.key
    country, provider, instance = key[:2], key[2:5], key[5:]
    if instance[0] == "C":
        if contract_id.check_digit:
            return text if _EVCO_ID.match(text) else None
        return f"{country}-{provider}-{instance}-{contract_id.expected_check_digit}"
    if instance[:2] == "00" and instance[8] == din_check_digit(key[:5] + instance[2:8]):
        return f"{country}-{provider}-{instance[2:8]}-{instance[8]}"
    return None
