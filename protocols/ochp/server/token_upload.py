"""SetRoamingAuthorisationList and UpdateRoamingAuthorisationList: a provider's tokens, by which others may decide.

A set is the whole list of the caller's providers: what it does not name is withdrawn. A token that is refused keeps its
older version.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from core.errors import Invalid
from core.model.ids import PartyId
from core.model.partner import Role
from core.model.token import Token
from mappings.ochp.ids import medium_from_ochp
from mappings.ochp.tokens import token_from_ochp
from protocols.ochp.server.feedback import Feedback, Refusal, invalid
from protocols.ochp.server.inbound import Inbound, Reply, aside, numbered, replied
from protocols.ochp.wire import tokens as wire
from protocols.ochp.wire.tokens import RoamingAuthorisationInfo
from protocols.ochp.wire.words import ResultCode
from protocols.transport.soap.reading import Refused

RECORDS = "roamingAuthorisationInfoArray"


async def set_roaming_authorisation_list(call: Inbound) -> Reply:
    message, bad = await call.message_each(wire.SetRoamingAuthorisationListRequest)
    feedback = await _upload(call, message.roaming_authorisation_info_array, bad, whole=True)
    return replied(
        wire.SetRoamingAuthorisationListResponse(
            result=feedback.result(), refused_roaming_authorisation_info=feedback.echoed
        )
    )


async def update_roaming_authorisation_list(call: Inbound) -> Reply:
    message, bad = await call.message_each(wire.UpdateRoamingAuthorisationListRequest)
    feedback = await _upload(call, message.roaming_authorisation_info_array, bad, whole=False)
    return replied(
        wire.UpdateRoamingAuthorisationListResponse(
            result=feedback.result(), refused_roaming_authorisation_info=feedback.echoed
        )
    )


async def _upload(
    call: Inbound, records: Sequence[RoamingAuthorisationInfo], bad: Sequence[Refused], *, whole: bool
) -> Feedback:
    feedback = Feedback()
    feedback.unreadable(bad, _contract_of)
    wanted = await aside(len(records), _wanted, call, records, bad, feedback)
    if not feedback.nothing_accepted:
        async with call.lock("tokens"):
            kept = _uids_of(bad) | {
                medium_from_ochp(one.record.emt_id)[1].key for one in feedback.refusals if one.record
            }
            for issuer in call.partner.parties_as(Role.EMSP):
                mine = {key: token for key, token in wanted.items() if token.issuer == issuer}
                if mine or whole:
                    await _write(call, issuer, mine, kept if whole else None)
    return feedback


def _wanted(
    call: Inbound, records: Sequence[RoamingAuthorisationInfo], bad: Sequence[Refused], feedback: Feedback
) -> dict[str, Token]:
    """Those that are right, by key."""
    return feedback.last_of_each(
        (token.key, token)
        for position, record in numbered(records, bad, RECORDS)
        if (token := _token(call, record, position, feedback)) is not None
    )


def _token(call: Inbound, record: RoamingAuthorisationInfo, position: int, feedback: Feedback) -> Token | None:
    try:
        token = token_from_ochp(record, received_at=call.now)
    except Invalid as error:
        feedback.refuse(invalid(position, record.contract_id, error, record))
        return None
    if not call.partner.speaks_for(token.issuer, Role.EMSP):
        feedback.refuse(
            Refusal(
                position=position,
                name=record.contract_id,
                code=ResultCode.INVALID_ID,
                reason="not a contract of the caller",
                record=record,
            )
        )
        return None
    return token


async def _write(call: Inbound, issuer: PartyId, wanted: dict[str, Token], kept: set[str] | None) -> None:
    """Only what differs from what is held. `kept` None: the others stay; else those with these uids do."""
    held = await _held(call, issuer, wanted, everything=kept is not None)
    changed = await aside(len(wanted), _changed, wanted, held)
    if changed:
        await call.hub.tokens.load(call.partner, issuer, changed)
    if kept is not None:
        gone = [one for key, one in held.items() if key not in wanted and one.valid and one.uid.key not in kept]
        if gone:
            await call.hub.tokens.forget(call.partner, issuer, gone)


async def _held(call: Inbound, issuer: PartyId, wanted: dict[str, Token], *, everything: bool) -> dict[str, Token]:
    """A few are asked for one by one; for many, all of the provider's are read."""
    if everything or len(wanted) > 100:
        return {token.key: token async for token in call.hub.tokens.owned(issuer)}
    return await call.hub.tokens.by_keys(call.partner, issuer, list(wanted))


def _changed(wanted: dict[str, Token], held: dict[str, Token]) -> list[Token]:
    return [token for key, token in wanted.items() if key not in held or _differs(token, held[key])]


def _differs(token: Token, held: Token) -> bool:
    """To the letter: the spelling of ids is a provider's own."""
    same_time = msgspec.structs.replace(token, updated_at=held.updated_at)
    return msgspec.json.encode(same_time) != msgspec.json.encode(held)


def _contract_of(raw: Any) -> Any:
    return raw.get("contractId", "") if isinstance(raw, dict) and isinstance(raw.get("contractId"), str) else ""


def _uids_of(bad: Iterable[Refused]) -> set[str]:
    """Of records that cannot be read, as far as the token can be."""
    found = set()
    for one in bad:
        emt_id = one.raw.get("EmtId") if isinstance(one.raw, dict) else None
        instance = emt_id.get("instance") if isinstance(emt_id, dict) else None
        if isinstance(instance, str):
            found.add(instance.strip().upper())
    return found
