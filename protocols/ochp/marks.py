"""What an EVSE of an OCHP operator carries beside its record: its static and its live status, each for itself, and
whether its operator has withdrawn it.

The model has one status; OCHP has two, and neither may change the other. So the static one is kept as it came, and the
live one too where the model's status does not say it. It all lies in the EVSE's extension, where the record's own
leftovers are.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import Struct

from core.model.base import pack_extension, unpack_extension
from core.model.location import Evse, EvseStatus
from mappings.ochp.codes import LIVE_STATUS, STATIC_STATUS
from mappings.ochp.evse_status import static_from_ochp
from protocols.ochp.wire.charge_points import ChargePointInfo
from protocols.ochp.wire.words import ChargePointStatus, Major, Minor

PROTOCOL: Final = "ochp"
_STATUS: Final = "status/ChargePointStatusType"
_STAMP: Final = "timestamp/DateTime"
_LIVE: Final = "-live"
_GONE: Final = "-withdrawn"
_DECIDES: Final = frozenset((ChargePointStatus.INOPERATIVE, ChargePointStatus.PLANNED, ChargePointStatus.CLOSED))


class Live(Struct, frozen=True):
    """A pair that may be set, and until when it holds (None: until the next one)."""

    major: Major
    minor: Minor | None = None
    until: datetime | None = None

    def at(self, now: datetime) -> "Live":
        """After its time nothing is known."""
        return UNKNOWN if self.until is not None and self.until <= now else self


UNKNOWN: Final = Live(Major.UNKNOWN)


def marked(evse: Evse, record: ChargePointInfo, live: Live | None, now: datetime) -> Evse:
    """An EVSE as the mapping made it of `record`, with its live status."""
    marks = {_STATUS: None if record.status is None else record.status.value, _STAMP: record.timestamp}
    return with_live(_with(evse, marks), live, now)


def with_live(evse: Evse, live: Live | None, now: datetime) -> Evse:
    """The static status goes before what others see; the live one is kept all the same."""
    static = static_of(evse)
    live = live.at(now) if live is not None else None
    if static in _DECIDES or live is None:
        kept = None if live is None or live == UNKNOWN else live
        return _shown(evse, static_from_ochp(static), None, kept)
    status = LIVE_STATUS.to_core((live.major, live.minor))
    exact = LIVE_STATUS.wire_for(status) == (live.major, live.minor)
    return _shown(evse, status, live.until, None if exact else live)


def _shown(evse: Evse, status: EvseStatus, until: datetime | None, kept: Live | None) -> Evse:
    mark = None if kept is None else msgspec.to_builtins(kept)
    evse = _with(evse, {_LIVE: mark}) if mark is not None or _LIVE in _marks(evse) else evse
    return msgspec.structs.replace(evse, status=status, status_until=until)


def is_simple(evse: Evse, live: Live) -> bool:
    """Whether the model's status alone can hold this live status of this EVSE."""
    if static_of(evse) in _DECIDES or _LIVE in _marks(evse):
        return False
    return bool(LIVE_STATUS.wire_for(LIVE_STATUS.core_for((live.major, live.minor))) == (live.major, live.minor))


def live_of(evse: Evse) -> Live:
    kept = _marks(evse).get(_LIVE)
    if kept is not None:
        return msgspec.convert(kept, Live)
    if static_of(evse) in _DECIDES:
        return UNKNOWN
    pair = LIVE_STATUS.wire_for(evse.status)
    return UNKNOWN if pair is None else Live(pair[0], pair[1], evse.status_until)


def static_of(evse: Evse) -> ChargePointStatus | None:
    """As its operator uploaded it."""
    marks = _marks(evse)
    if _STATUS in marks:
        return None if marks[_STATUS] is None else ChargePointStatus(marks[_STATUS])
    found: ChargePointStatus = STATIC_STATUS.to_wire(evse.status)
    return found


def withdrawn(evse: Evse) -> Evse:
    """No longer in its operator's list."""
    return msgspec.structs.replace(_with(evse, {_GONE: True}), status=EvseStatus.REMOVED, status_until=None)


def is_withdrawn(evse: Evse) -> bool:
    return bool(_marks(evse).get(_GONE))


def is_ours(evse: Evse) -> bool:
    """Whether an OCHP operator uploaded it."""
    return PROTOCOL in evse.extensions


def _marks(evse: Evse) -> dict[str, Any]:
    return unpack_extension(evse.extensions, PROTOCOL)


def _with(evse: Evse, changes: dict[str, Any]) -> Evse:
    marks = _marks(evse) | changes
    for name in (_LIVE, _GONE):
        if not marks.get(name):
            marks.pop(name, None)
    return msgspec.structs.replace(evse, extensions={**evse.extensions, PROTOCOL: pack_extension(marks)})
