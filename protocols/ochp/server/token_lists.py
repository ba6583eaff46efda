"""GetRoamingAuthorisationList and GetRoamingAuthorisationListUpdates: the tokens that an operator may accept, of the
providers of every protocol.

Who wants to be asked each time is not listed: a local list would always go before the question. In a delta such a
token, like every other one that holds no longer, is told with a past expiry, since it may have been listed before.
"""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.model.cards import is_hashed
from core.model.token import Token, TokenKind, TokenQuery, Whitelist
from mappings.ochp.times import moment_from_ochp
from mappings.ochp.tokens import record_to_ochp, token_to_ochp
from protocols.ochp import codec
from protocols.ochp.codes import Negative
from protocols.ochp.server.inbound import Inbound, Reply, replied_list
from protocols.ochp.wire.tokens import (
    GetRoamingAuthorisationListRequest,
    GetRoamingAuthorisationListUpdatesRequest,
    RoamingAuthorisationInfo,
)
from protocols.ochp.wire.words import ResultCode

OVERLAP: Final = timedelta(seconds=10)
"""A delta reaches back so much further: what was being written when the last answer was made is not lost."""
HOLDS_FOR: Final = timedelta(days=365)
"""Tokens without an expiry are listed for so long, each day anew."""
_LISTED: Final = frozenset((TokenKind.RFID.value, TokenKind.EMAID.value))
_TO_BE_ASKED: Final = frozenset((Whitelist.NEVER, Whitelist.ALLOWED_OFFLINE))


async def get_roaming_authorisation_list(call: Inbound) -> Reply:
    call.message(GetRoamingAuthorisationListRequest)
    await need_issuers(call)
    pieces = []
    async for token in call.hub.tokens.each(call.partner, TokenQuery()):
        if token.valid and not _has_expired(token, call.now):
            record = token_to_ochp(token, expires_at=_stand_in(call.now)).record
            if record is not None:
                pieces.append(codec.piece(record, "roamingAuthorisationInfoArray"))
    code = ResultCode.OK if pieces else ResultCode.ROAMING
    return replied_list("GetRoamingAuthorisationListResponse", pieces, code, f"{len(pieces)} tokens")


async def get_roaming_authorisation_list_updates(call: Inbound) -> Reply:
    message = call.message(GetRoamingAuthorisationListUpdatesRequest)
    since = moment_from_ochp(message.last_update, "/GetRoamingAuthorisationListUpdatesRequest/lastUpdate/DateTime")
    pieces = [
        codec.piece(record, "roamingAuthorisationInfo")
        async for token in _told_since(call, since)
        if (record := _changed(token, call.now)) is not None
    ]
    if not pieces:
        await need_issuers(call)
    text = f"{len(pieces)} tokens"
    return replied_list("GetRoamingAuthorisationListUpdatesResponse", pieces, ResultCode.OK, text)


async def need_issuers(call: Inbound) -> None:
    """Raises Negative for an operator that is connected to no provider."""
    if not await call.issuers():
        raise Negative(ResultCode.ROAMING, "there is no provider to exchange with")


async def _told_since(call: Inbound, since: datetime) -> AsyncIterator[Token]:
    if since > call.now:
        return
    async for token in call.hub.tokens.told_since(call.partner, reach_back(since)):
        yield token


def reach_back(since: datetime) -> datetime:
    return max(since, datetime(1970, 1, 2, tzinfo=since.tzinfo)) - OVERLAP


def _changed(token: Token, now: datetime) -> RoamingAuthorisationInfo | None:
    if token.kind not in _LISTED and not is_hashed(token.kind):
        return None
    if token.valid and token.whitelist in _TO_BE_ASKED:
        token = msgspec.structs.replace(token, valid=False)
    return record_to_ochp(token, expires_at=_stand_in(now)).record


def _has_expired(token: Token, now: datetime) -> bool:
    return token.expires_at is not None and token.expires_at <= now


def _stand_in(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0) + HOLDS_FOR
