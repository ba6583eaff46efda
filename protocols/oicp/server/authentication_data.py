"""eRoamingPushAuthenticationData_V2.1: an EMP's cards, by which the hub may decide in its name.

eRoamingPullAuthenticationData_V2.1 (OICP 2.2) hands them to operators, if their EMP discloses them.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from core.errors import Invalid, Unknown
from core.model.contract import Service
from core.model.ids import ContractId, PartyId
from core.model.partner import Role
from core.model.token import Token, Whitelist
from core.routing import contracted, known
from mappings.oicp.leftovers import PROTOCOL
from mappings.oicp.tokens import token_from_oicp, token_to_oicp
from protocols.oicp import codec, sets
from protocols.oicp.codes import FOREIGN_CONTRACT, NO_SERVICE, SUCCESS, TRANSACTION, Negative, Violations, status
from protocols.oicp.server.evse_change import batched
from protocols.oicp.server.inbound import Inbound, Reply, acknowledged, listed
from protocols.oicp.settings import settings_of, spelling_of
from protocols.oicp.wire.authentication_data import (
    AuthenticationData,
    AuthenticationDataList,
    AuthenticationDataRecord,
    ProviderAuthenticationData,
    PullAuthenticationData,
    PushAuthenticationData,
)
from protocols.oicp.wire.common import ActionType, StatusCode
from protocols.oicp.wire.identification import Identification

AT_ONCE = 64
MOST_CLEAR_PINS = 500
"""In one push: hashing them takes about half a minute. Uploads are documented to hold hashes."""


async def push_authentication_data(call: Inbound) -> Reply:
    message = call.message(PushAuthenticationData)
    data = message.provider_authentication_data
    call.check_id(data.provider_id, "$.ProviderAuthenticationData.ProviderID")
    records = data.authentication_data_record
    _check_contracts(call, records)
    async with call.shared.lock(f"tokens/{call.party.key}"):
        tokens = {token.key: token for token in await _tokens(call, records)}
        full = message.action_type is ActionType.FULL_LOAD
        held = await _all_held(call) if full else await _held(call, list(tokens.values()))
        info = _check(message.action_type, tokens, held)
        if message.action_type is ActionType.DELETE:
            await _push(call, [], [held[key] for key in tokens if key in held])
        else:
            new = [token for key, token in tokens.items() if _differs(token, held.get(key))]
            await _push(call, new, [token for key, token in held.items() if key not in tokens] if full else [])
    return acknowledged(info)


async def pull_authentication_data(call: Inbound) -> Reply:
    message = call.message(PullAuthenticationData)
    call.check_id(message.operator_id, "$.OperatorID")
    if not call.settings.pulls_cards:
        return _handed_out((), status(NO_SERVICE, "the hub hands out no authentication data"))
    now = call.hub.clock.now()
    sets = [
        ProviderAuthenticationData(
            provider_id=spelling_of(partner, provider, Role.EMSP),
            authentication_data_record=tuple(await _records(call, provider)),
        )
        for partner in await call.hub.partners.all()
        if partner.protocol == PROTOCOL and settings_of(partner).disclosed and known(partner)
        if contracted(call.partner, partner, Service.AUTHORISATION, now)
        for provider in partner.parties_as(Role.EMSP)
    ]
    return _handed_out(sets, status(SUCCESS))


async def _records(call: Inbound, provider: PartyId) -> list[AuthenticationDataRecord]:
    """All of the set, with hashes where there are PINs."""
    uploaded = [token_to_oicp(token).record async for token in call.hub.tokens.owned(provider)]
    return [record for record in uploaded if record is not None]


def _handed_out(sets: Sequence[ProviderAuthenticationData], code: StatusCode) -> Reply:
    data = AuthenticationDataList(provider_authentication_data=tuple(sets))
    return Reply(codec.encode(AuthenticationData(authentication_data=data, status_code=code)), code.code)


def _check_contracts(call: Inbound, records: Sequence[AuthenticationDataRecord]) -> None:
    """Each contract of the caller or of a provider that it bundles. Raises Negative 019."""
    own = call.own_ids
    foreign = [
        text
        for record in records
        if (text := evco_id(record.identification)) and ContractId.parse(text).provider not in own
    ]
    if foreign:
        raise Negative(FOREIGN_CONTRACT, listed(foreign))


def evco_id(identification: Identification) -> str | None:
    for medium in (
        identification.rfid_identification,
        identification.qr_code_identification,
        identification.plug_and_charge_identification,
        identification.remote_identification,
    ):
        if medium is not None:
            return medium.evco_id
    return None


async def _tokens(call: Inbound, records: Sequence[AuthenticationDataRecord]) -> list[Token]:
    """The hub may decide about what is uploaded. PINs are hashed in a thread: that is slow on purpose.

    Raises Violations for too many of them."""
    now = call.hub.clock.now()

    def converted() -> list[Token]:
        found = (token_from_oicp(one, call.party, received_at=now, hash_pin=call.hub.pins.hash) for one in records)
        return [msgspec.structs.replace(token, whitelist=Whitelist.ALWAYS) for token in found]

    codes = (record.identification.qr_code_identification for record in records)
    secrets = sum(1 for code in codes if code is not None and code.pin is not None)
    if secrets > MOST_CLEAR_PINS:
        path = "$.ProviderAuthenticationData.AuthenticationDataRecord"
        raise Violations([Invalid(path, f"more than {MOST_CLEAR_PINS} clear PINs at once; hashes may be any number")])
    return await asyncio.to_thread(converted) if secrets else converted()


async def _all_held(call: Inbound) -> dict[str, Token]:
    return {token.key: token async for token in call.hub.tokens.owned(call.party) if _in_set(token, call)}


async def _held(call: Inbound, tokens: Sequence[Token]) -> dict[str, Token]:
    async def one(token: Token) -> Token | None:
        try:
            return await call.hub.tokens.own(call.partner, call.party, token.kind, token.uid)
        except Unknown:
            return None

    found: dict[str, Token] = {}
    for bulk in batched(tokens, AT_ONCE):
        for token in await asyncio.gather(*map(one, bulk)):
            if token is not None and _in_set(token, call):
                found[token.key] = token
    return found


def _in_set(token: Token, call: Inbound) -> bool:
    """A deleted card stays as an invalid one; one that has merely expired is still in the set."""
    return token.valid or (token.expires_at is not None and token.expires_at <= call.hub.clock.now())


def _check(action: ActionType, tokens: dict[str, Token], held: dict[str, Token]) -> str | None:
    """Raises Negative 009."""
    there = [token.uid.text for key, token in tokens.items() if key in held]
    missing = [token.uid.text for key, token in tokens.items() if key not in held]
    if action is ActionType.INSERT and there:
        raise Negative(TRANSACTION, "already there: " + listed(there))
    if action is ActionType.UPDATE and missing:
        raise Negative(TRANSACTION, "not there: " + listed(missing))
    return "not there: " + listed(missing) if action is ActionType.DELETE and missing else None


def _differs(token: Token, held: Token | None) -> bool:
    return held is None or msgspec.structs.replace(token, updated_at=held.updated_at) != held


async def _push(call: Inbound, tokens: Sequence[Token], gone: Sequence[Token]) -> None:
    """All or nothing, with the versions of the provider's set. What is deleted has no expiry, see `_in_set`."""
    at = call.hub.clock.now()
    gone = [msgspec.structs.replace(token, expires_at=None) for token in gone]
    versions = [sets.card_version(call.party, token.key, at, token_to_oicp(token).record) for token in tokens]
    versions += [sets.card_version(call.party, token.key, at, None) for token in gone]
    if versions:
        await call.hub.tokens.push(call.partner, call.party, tokens, gone, versions)
