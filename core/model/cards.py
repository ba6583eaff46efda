"""Cards that an issuer tells by a hash of their uid, so that no reader of its list can copy them.

A card goes by marks: its uid, and the hashes of it. Two media that share a mark are the same card.
"""

import hashlib
from enum import StrEnum

from core.model.ids import TokenUid
from core.model.token import TokenKind


class HashedKind(StrEnum):
    """Kinds of tokens whose uid is a hash in hex, of 160 and 256 bits. Readers never show one: they show the card."""

    SHA_160 = "RFID_SHA_160"
    SHA_256 = "RFID_SHA_256"


_HASHED = frozenset(kind.value for kind in HashedKind)


def is_hashed(kind: str) -> bool:
    return kind in _HASHED


def same_card(kind: str, uid: TokenUid, other_kind: str, other_uid: TokenUid) -> bool:
    """Whether the two share a mark; of which kinds they are beyond that is not looked at."""
    return not set(marks(kind, uid)).isdisjoint(marks(other_kind, other_uid))


def marks(kind: str, uid: TokenUid) -> tuple[str, ...]:
    """A plain card's are its uid and the hashes of its text, in upper case, then in lower case.

    No uid looks like the mark of a hash."""
    if is_hashed(kind):
        return (f"#{uid.key}",)
    if kind != TokenKind.RFID:
        return (uid.key,)
    lower = uid.key.lower()
    hashed = _hashes(uid.key) if lower == uid.key else _hashes(uid.key) + _hashes(lower)
    return (uid.key, *hashed)


def _hashes(text: str) -> tuple[str, str]:
    raw = text.encode()
    long, short = hashlib.sha256(raw), hashlib.sha1(raw, usedforsecurity=False)
    return f"#{long.hexdigest().upper()}", f"#{short.hexdigest().upper()}"
