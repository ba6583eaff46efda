"""What was read, and what the hub holds of it: one of the two may be a hash of the other.

From the moment that the card itself is known it is the card that counts: it is what issuers are asked about, and what
journeys, sessions and CDRs carry.
"""

from collections.abc import Sequence

import msgspec

from core.model.authorisation import AuthoriseRequest
from core.model.cards import is_hashed
from core.model.session import CdrToken
from core.model.token import Token, TokenKind
from core.ports.stores import TokenStore


def same_kind(held: str, asked: str) -> bool:
    """Whether a stored token may answer for what was read; OTHER says nothing. A hash is that of a card."""
    held, asked = (TokenKind.RFID if is_hashed(kind) else kind for kind in (held, asked))
    return held == asked or TokenKind.OTHER in (held, asked)


def as_presented(token: Token, request: AuthoriseRequest) -> Token:
    """A token of which the issuer told a hash, with the card that was shown."""
    if not is_hashed(token.kind) or is_hashed(request.kind):
        return token
    return msgspec.structs.replace(token, uid=request.uid, kind=request.kind)


def as_card(request: AuthoriseRequest, held: Sequence[Token]) -> AuthoriseRequest:
    """A question about a hash becomes one about the card, if an issuer has told the hub of it in plain."""
    plain = _plain(held) if is_hashed(request.kind) else None
    return request if plain is None else msgspec.structs.replace(request, uid=plain.uid, kind=plain.kind)


async def billed_card(tokens: TokenStore, token: CdrToken) -> CdrToken:
    """An operator may bill by the hash of a card: the card, if its issuer has told the hub of it in plain."""
    if token.uid is None or not is_hashed(token.kind):
        return token
    held = await tokens.of_card(token.kind, token.uid)
    plain = _plain([one for one in held if token.issuer in (None, one.issuer)])
    return token if plain is None else msgspec.structs.replace(token, uid=plain.uid, kind=plain.kind)


def _plain(tokens: Sequence[Token]) -> Token | None:
    return next((token for token in tokens if not is_hashed(token.kind)), None)
