"""Identifiers of OCPI <-> ours. The owner's spelling goes out again as it came in."""

from functools import lru_cache

from core.errors import Invalid
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from mappings.ocpi.common import NA, Aside, Kept


@lru_cache(maxsize=4096)
def _party(country_code: str, party_id: str) -> PartyId:
    return PartyId.of(country_code, party_id, "$.party_id")


def party_in(country_code: str, party_id: str, aside: Aside) -> PartyId:
    party = _party(country_code, party_id)
    if country_code != party.country_code:
        aside["country_code"] = country_code
    if party_id != party.party_id:
        aside["party_id"] = party_id
    return party


def party_out(party: PartyId, back: Kept) -> tuple[str, str]:
    country_code = back.texts.get("country_code", party.country_code)
    party_id = back.texts.get("party_id", party.party_id)
    try:
        known = _party(country_code, party_id)
    except Invalid:
        known = None
    return (country_code, party_id) if known == party else (party.country_code, party.party_id)


def token_uid_in(text: str, name: str) -> TokenUid:
    return TokenUid.parse(text, "$." + name)


def evse_id_in(text: str | None, aside: Aside, name: str) -> EvseId | None:
    """None where OCPI's text is not an EVSE id (`#NA`, a made-up name): the text itself is kept aside."""
    if text is None:
        return None
    try:
        return EvseId.parse(text)
    except Invalid:
        aside[name] = text
        return None


def contract_in(text: str, aside: Aside, name: str) -> ContractId | None:
    """None where the text says that there is no contract (`#NA`, empty)."""
    if text in ("", NA):
        aside[name] = text
        return None
    return ContractId.parse(text, "$." + name)
