"""Tokens <-> ours. Source: OCPI 2.3.0, mod_tokens."""

from datetime import datetime
from typing import Final

from core.errors import Unsupported
from core.model import token as core
from core.model.cards import is_hashed
from core.model.ids import PartyId
from core.model.loss import Loss
from core.model.token import Token
from mappings.losses import losses
from mappings.ocpi.common import NA, Aside, assumption, kept, merged, put_aside, time_in, time_out, time_to_ocpi
from mappings.ocpi.ids import contract_in, party_in, party_out, token_uid_in
from mappings.tables import CodeTable, same
from protocols.ocpi.wire import tokens as wire

UID_LENGTH: Final = 36
ADVISED_GROUP_ID: Final = 20
WHITELIST: Final = same(wire.WhitelistType, core.Whitelist)
PROFILE_TYPE: Final[CodeTable[wire.ProfileType, str]] = CodeTable(both={word: word.value for word in wire.ProfileType})

NOT_CARRIED: Final = {
    "expires_at": "no field; an expired token is sent as not valid",
    "rfid_family": "no field",
    "pin_hash": "a secret: it never leaves the hub",
}


def token_from_ocpi(token: wire.Token) -> Token:
    aside: Aside = {}
    contract, profile = token.energy_contract, token.default_profile_type
    return Token(
        issuer=party_in(token.country_code, token.party_id, aside),
        uid=token_uid_in(token.uid, "uid"),
        kind=token.type,
        contract_id=contract_in(token.contract_id, aside, "contract_id"),
        visual_number=token.visual_number,
        issuer_name=token.issuer,
        group_id=token.group_id,
        valid=token.valid,
        whitelist=WHITELIST.to_core(token.whitelist),
        language=token.language,
        default_profile_type=PROFILE_TYPE.to_core(profile) if profile is not None else None,
        energy_contract=energy_contract_from_ocpi(contract) if contract is not None else None,
        updated_at=time_in(token.last_updated, aside, "last_updated"),
        extensions=put_aside(token.extra, aside),
    )


def oddities(token: wire.Token) -> list[str]:
    """What the specification advises against, never what the token is. Source: OCPI 2.3.0, mod_tokens, Token object,
    TokenType enum."""
    found = []
    if token.type in (core.TokenKind.APP_USER, core.TokenKind.AD_HOC_USER) and token.whitelist != "NEVER":
        found.append(f"{token.type} with whitelist {token.whitelist.value}: it should be NEVER")
    if token.type == core.TokenKind.EMAID:
        found.append("EMAID is for authorisation in real time: such tokens should not be pushed")
    if token.group_id is not None and len(token.group_id) > ADVISED_GROUP_ID:
        found.append(f"group_id has more than {ADVISED_GROUP_ID} characters: OCPP takes no longer ones")
    return found


def token_to_ocpi(token: Token) -> wire.Token:
    """An issuer without name is named by its party; a contract that nobody knows is `#NA`.

    Raises Unsupported for a hashed card, and for a uid that is longer than OCPI's."""
    if is_hashed(token.kind):
        raise Unsupported("OCPI has no hashed cards")
    if len(token.uid.text) > UID_LENGTH:
        raise Unsupported(f"OCPI takes uids of at most {UID_LENGTH} characters")
    back = kept(token.extensions)
    country_code, party_id = party_out(token.issuer, back)
    contract, profile = token.energy_contract, token.default_profile_type
    return wire.Token(
        country_code=country_code,
        party_id=party_id,
        uid=token.uid.text,
        type=token.kind,
        contract_id=token.contract_id.text if token.contract_id else back.texts.get("contract_id", NA),
        visual_number=token.visual_number,
        issuer=token.issuer_name if token.issuer_name is not None else str(token.issuer),
        group_id=token.group_id,
        valid=token.valid,
        whitelist=WHITELIST.to_wire(token.whitelist),
        language=token.language[:2] if token.language is not None else None,
        default_profile_type=PROFILE_TYPE.wire_for(profile) if profile is not None else None,
        energy_contract=energy_contract_to_ocpi(contract) if contract is not None else None,
        last_updated=time_out(token.updated_at, back, "last_updated"),
        extra=back.extra,
    )


def asked_token(issuer: PartyId, uid: str, kind: str, issuer_name: str, now: datetime) -> wire.Token:
    """A token of which only the question knows, for answers that do not repeat it."""
    return wire.Token(
        country_code=issuer.country_code,
        party_id=issuer.party_id,
        uid=uid,
        type=kind,
        contract_id=NA,
        issuer=issuer_name,
        valid=False,
        whitelist=wire.WhitelistType.NEVER,
        last_updated=time_to_ocpi(now),
    )


def energy_contract_from_ocpi(contract: wire.EnergyContract) -> core.EnergyContract:
    return core.EnergyContract(
        supplier_name=contract.supplier_name,
        contract_id=contract.contract_id,
        extensions=put_aside(contract.extra, {}),
    )


def energy_contract_to_ocpi(contract: core.EnergyContract) -> wire.EnergyContract:
    return wire.EnergyContract(
        supplier_name=contract.supplier_name,
        contract_id=contract.contract_id,
        extra=kept(contract.extensions).extra,
    )


def patch_token(token: Token, patch: wire.TokenPatch) -> Token:
    """The token as it is after a PATCH. null counts as not mentioned."""
    return token_from_ocpi(merged(token_to_ocpi(token), patch))


def token_losses(token: Token) -> tuple[Loss, ...]:
    """What OCPI does not get of this token, and what had to be assumed."""
    found = list(losses(token, NOT_CARRIED))
    if token.contract_id is None and not token.extensions:
        found.append(assumption("contract_id", NA))
    if token.issuer_name is None:
        found.append(assumption("issuer_name", str(token.issuer)))
    return tuple(found)
