"""What the hub remembers of an EVSE beyond its present state, for delta pulls and for status sets.

It travels in the EVSE's extensions under keys of its own, so that it is stored with what it describes. A version is the
instant from which it held and a digest of the record; an empty digest: not valid from then on.
"""

import hashlib
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from core.model.base import Extensions
from core.model.location import Evse, EvseStatus
from protocols.oicp.codec import encode
from protocols.oicp.wire.common import DeltaType
from protocols.oicp.wire.evse_data import PlatformEvseDataRecord

HISTORY: Final = "oicp-history"
STATUS: Final = "oicp-status"
"""The status set of PushEvseStatus: the word that was pushed last, where it is one that the model lacks, else `set`."""
SET: Final = "set"
NONE: Final = ""
KEPT: Final = 40


class Version(Struct, frozen=True, array_like=True):
    at: datetime
    digest: str


History = tuple[Version, ...]
_decode = msgspec.json.Decoder(tuple[Version, ...]).decode


def history_of(extensions: Extensions) -> History:
    text = extensions.get(HISTORY)
    return _decode(text) if text else ()


def history_text(history: History) -> str:
    return msgspec.json.encode(history).decode()


def grown(history: History, at: datetime, digest: str) -> History:
    """With a new version. Of a very long history the first and the latest are kept: what is older counts as changed."""
    longer = (*history, Version(at, digest))
    return longer if len(longer) <= KEPT else (longer[0], *longer[-KEPT + 1 :])


def present(history: History) -> str:
    return history[-1].digest if history else NONE


def digest_of(record: PlatformEvseDataRecord) -> str:
    """Of the content; what is the hub's (deltaType, lastUpdate) must not be in it."""
    return hashlib.blake2b(encode(record), digest_size=9).hexdigest()


def delta(history: History, since: datetime) -> DeltaType | None:
    """The net effect of everything at or after `since`; None: as it was."""
    before = NONE
    for version in history:
        if version.at >= since:
            break
        before = version.digest
    now = present(history)
    if before == now:
        return None
    if before == NONE:
        return DeltaType.INSERT
    return DeltaType.DELETE if now == NONE else DeltaType.UPDATE


def in_set(evse: Evse) -> bool:
    """Whether it is in its operator's valid set. Of an EVSE that was pushed by OICP its status does not say it:
    `EvseNotFound` is REMOVED to other protocols, and a status in OICP."""
    history = history_of(evse.extensions)
    return present(history) != NONE if history else evse.status is not EvseStatus.REMOVED


def revived(evse: Evse) -> Evse:
    """As it was before it was removed: its record is still asked for."""
    return msgspec.structs.replace(evse, status=EvseStatus.UNKNOWN) if evse.status is EvseStatus.REMOVED else evse


def status_word(evse: Evse) -> str | None:
    """None: no status was pushed."""
    return evse.extensions.get(STATUS)


def with_status_word(evse: Evse, word: str | None) -> Evse:
    extensions = {name: text for name, text in evse.extensions.items() if name != STATUS}
    if word is not None:
        extensions[STATUS] = word
    return msgspec.structs.replace(evse, extensions=extensions)
