"""Ids in messages of OCPI 2.1.1. There a partner takes all owners for one, and its own ids may be longer than those of
later versions or differ by case alone. Source: OCPI 2.1.1 and 2.3.0, mod_locations, mod_sessions, types."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from core.errors import Invalid
from core.model.ids import PartyId
from core.model.name import NameKind
from core.model.partner import Role
from mappings.ocpi.forms import About
from protocols.ocpi.wire import commands
from protocols.ocpi.wire import v2_1_1 as wire
from protocols.ocpi.wire import v2_1_1_locations as wire_places
from protocols.ocpi.wire.base import Wire

LONGEST: Final = 36
"""An id of later versions."""
_LOCATION, _EVSE, _TARIFF, _SESSION = NameKind.LOCATION, NameKind.EVSE, NameKind.TARIFF, NameKind.SESSION
_PLACE: Final = {"location_id": _LOCATION, "evse_uid": _EVSE}
IDS: Final[Mapping[Any, Mapping[str, NameKind]]] = {
    wire_places.Location: {"id": _LOCATION},
    wire_places.LocationPatch: {"id": _LOCATION},
    wire_places.Evse: {"uid": _EVSE},
    wire_places.EvsePatch: {"uid": _EVSE},
    wire_places.Connector: {"tariff_id": _TARIFF},
    wire_places.ConnectorPatch: {"tariff_id": _TARIFF},
    wire.Tariff: {"id": _TARIFF},
    wire.TariffPatch: {"id": _TARIFF},
    wire.Session: {"id": _SESSION},
    wire.SessionPatch: {"id": _SESSION},
    wire.Cdr: {"id": NameKind.CDR},
    wire.StartSession: _PLACE,
    wire.ReserveNow: _PLACE,
    wire.LocationReferences: {"location_id": _LOCATION, "evse_uids": _EVSE},
    commands.UnlockConnector: _PLACE,
    commands.StopSession: {"session_id": _SESSION},
}
"""Where ids stand. That of a reservation is a number, see `tokens`."""
NAMED: Final = {
    Role.CPO: frozenset({_LOCATION, _EVSE}),
    Role.EMSP: frozenset({_LOCATION, _SESSION, _TARIFF, NameKind.CDR}),
}
"""What is called otherwise at a partner of this side."""


def ids_in(message: Any) -> Iterator[tuple[NameKind, str]]:
    """All ids in a message, at any depth."""
    if isinstance(message, tuple):
        for item in message:
            yield from ids_in(item)
    elif isinstance(message, Wire):
        kinds = IDS.get(type(message), {})
        for name in message.__struct_fields__:
            held = getattr(message, name)
            if (kind := kinds.get(name)) is None:
                yield from ids_in(held)
            else:
                yield from ((kind, text) for text in _texts(held))


def _texts(held: Any) -> tuple[str, ...]:
    if isinstance(held, str):
        return (held,)
    return () if held is None or held is UNSET else tuple(held)


def heard(message: Any, about: About) -> Any:
    """What a partner said, with the ids of everybody else. Raises Invalid for one that later versions have no room for
    and nobody has named."""

    def name(kind: NameKind, text: str) -> str:
        ours = about.heard.get((kind, text), text)
        if len(ours) > LONGEST:
            raise Invalid("$.id", f"{text!r} is longer than {LONGEST} characters")
        return ours

    return _renamed(message, name)


def told(said: Any, message: Any, about: About) -> Any:
    """What a partner is told of this message of 2.3.0, with the ids that it knows."""
    owner = owner_in(message, about) if about.told else None
    if owner is None:
        return said
    return _renamed(said, lambda kind, text: about.told.get((kind, owner, text.upper()), text))


def owner_in(message: Any, about: About) -> str | None:
    """The key of the party whose ids are in a message of 2.3.0: an operator is told of nothing but its own."""
    if about.partner is not None and about.partner.role is Role.CPO:
        return about.partner.party.key
    held = message if isinstance(getattr(message, "party_id", None), str) else about.held
    if held is None:
        return about.owner
    return PartyId.of(held.country_code, held.party_id).key


def _renamed(value: Any, name: Callable[[NameKind, str], str]) -> Any:
    if isinstance(value, tuple):
        return tuple(_renamed(item, name) for item in value)
    if not isinstance(value, Wire):
        return value
    kinds = IDS.get(type(value), {})
    changes = {}
    for field in value.__struct_fields__:
        held = getattr(value, field)
        if (kind := kinds.get(field)) is None:
            changed = _renamed(held, name) if isinstance(held, Wire | tuple) else held
        elif isinstance(held, tuple):
            changed = tuple(name(kind, text) for text in held)
        else:
            changed = name(kind, held) if isinstance(held, str) else held
        if changed is not held:
            changes[field] = changed
    return replace(value, **changes) if changes else value
