"""The sets that OICP partners push, as the hub keeps them by version: their names, and what is written of them.

EVSE data, statuses and cards, each set under the id of its operator or provider. `loose` are statuses of EVSEs whose
data nobody has pushed: they are in no location, the set is all that there is of them.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec

from core.model.ids import PartyId
from core.model.location import Location
from core.model.version import Version
from protocols.oicp.codec import decode, encode
from protocols.oicp.history import NONE, history_of
from protocols.oicp.wire.authentication_data import AuthenticationDataRecord
from protocols.oicp.wire.evse_data import PlatformEvseDataRecord
from protocols.oicp.wire.evse_status import EvseStatusRecord

STATUSES_KEPT: Final = timedelta(days=30)
"""There are many of them, and nobody disputes an old one."""


def evses(owner: PartyId) -> str:
    return f"oicp/evses/{owner.key}"


def statuses(owner: PartyId) -> str:
    return f"oicp/statuses/{owner.key}"


def loose(owner: PartyId) -> str:
    return f"oicp/loose-statuses/{owner.key}"


def cards(provider: PartyId) -> str:
    return f"oicp/cards/{provider.key}"


def record_versions(
    location: Location, pushed: dict[str, tuple[PlatformEvseDataRecord, str]], at: datetime
) -> list[Version]:
    """Of the EVSEs of a location that the push at this instant has changed. With its data an EVSE loses its status."""
    versions: list[Version] = []
    for evse in location.evses:
        key, history = evse.uid.upper(), history_of(evse.extensions)
        if not history or history[-1].at != at:
            continue
        name = evses(location.owner)
        if history[-1].digest == NONE:
            versions.append(Version(set=name, key=key, at=at))
            versions.append(Version(set=statuses(location.owner), key=key, at=at, kept=STATUSES_KEPT))
        elif key in pushed:
            versions.append(Version(set=name, key=key, at=at, content=encode(pushed[key][0]).decode()))
    return versions


def status_version(name: str, key: str, at: datetime, record: EvseStatusRecord | None) -> Version:
    content = None if record is None else encode(record).decode()
    return Version(set=name, key=key, at=at, content=content, kept=STATUSES_KEPT)


def status_records(versions: Iterable[Version]) -> dict[str, EvseStatusRecord]:
    """By EVSE."""
    return {one.key: decode(one.content.encode(), EvseStatusRecord) for one in versions if one.content}


def card_version(provider: PartyId, key: str, at: datetime, record: AuthenticationDataRecord | None) -> Version:
    """A card without its PIN, which nobody needs of the past."""
    content = None if record is None else encode(_without_pin(record)).decode()
    return Version(set=cards(provider), key=key, at=at, content=content)


def _without_pin(record: AuthenticationDataRecord) -> dict[str, object]:
    shown: dict[str, object] = msgspec.json.decode(encode(record))
    identification = shown.get("Identification")
    if isinstance(identification, dict) and isinstance(qr_code := identification.get("QRCodeIdentification"), dict):
        qr_code.pop("HashedPIN", None)
    return shown
