"""Ids of a partner that calls objects otherwise, before its request is read: afterwards it is as if it had said what
everybody says. Such partners speak OCPI 2.1.1, or have been told names while they did."""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Raw, Struct

from core.errors import Invalid
from core.model.name import Name, NameKind
from core.services.names import Said
from protocols.ocpi import codec
from protocols.ocpi.naming import hearing, mentioned_in, named_in_path, ours_of, telling
from protocols.ocpi.server.crossing import words_of
from protocols.ocpi.server.exchange import Ask

_TELLING: Final = frozenset({"locations/receiver", "sessions/receiver", "cdrs/receiver"})
_IN_PATH: Final = {
    "locations/sender": NameKind.LOCATION,
    "sessions/sender": NameKind.SESSION,
    "chargingprofiles/receiver": NameKind.SESSION,
}
"""What the first argument is called by one who was told of it."""
_IN_COMMANDS: Final = {"location_id": NameKind.LOCATION, "session_id": NameKind.SESSION}


class _Named(Struct):
    location_id: str | None = None
    session_id: str | None = None


async def hear(ask: Ask) -> None:
    if ask.version.single_party:
        await _hear_2_1_1(ask)
    elif ask.path == "commands/receiver" and ask.method == "POST":
        await _hear_command(ask)
    elif ask.path in _IN_PATH and ask.args:
        await _hear_path(ask)


async def _hear_2_1_1(ask: Ask) -> None:
    in_path = {(kind, ask.args[place]): place for place, kind in named_in_path(ask.path, ask.args).items()}
    said = {*in_path, *mentioned_in(ask.dialect, ask.body, words_of(ask).body if ask.body else None)}
    tells = ask.method in ("PUT", "POST", "PATCH") and ask.path in _TELLING
    found = await hearing(ask.hub.outbound.names, ask.partner, ask.dialect, said, new=tells)
    ask.about["heard"] = ours_of(found)
    for (kind, theirs), (_, owner, ours) in found.items():
        ask.owners[kind, ours.upper()] = owner
        if (place := in_path.get((kind, theirs))) is not None:
            ask.rename(place, ours)


async def _hear_command(ask: Ask) -> None:
    """A name that the partner was given when it spoke 2.1.1 still means the same."""
    try:
        asked = codec.read_bare(ask.body, _Named)
    except Invalid:  # said when it is read
        return
    given = {(kind, text): name for name, kind in _IN_COMMANDS.items() if (text := getattr(asked, name)) is not None}
    if meant := await _surrogates(ask, list(given)):
        members = msgspec.json.decode(ask.body, type=dict[str, Raw])
        changes = {given[one]: Raw(codec.encode(name.ours)) for one, name in meant.items()}
        ask.body = codec.encode(members | changes)


async def _hear_path(ask: Ask) -> None:
    """As `_hear_command`."""
    for name in (await _surrogates(ask, [(_IN_PATH[ask.path], ask.args[0])])).values():
        ask.rename(0, name.ours)


async def _surrogates(ask: Ask, said: list[Said]) -> dict[Said, Name]:
    """Of these, what stands for something else, at the party that TO names if it names one."""
    meant = await ask.hub.outbound.names.meant(ask.partner.id, said)
    found = {
        one: name
        for one, name in meant.items()
        if name.ours.upper() != name.theirs.upper() and ask.addressed in (None, name.owner)
    }
    ask.owners |= {(name.kind, name.ours.upper()): name.owner for name in found.values()}
    return found


async def tell(ask: Ask, messages: Iterable[Any]) -> None:
    """Before these are written for the caller."""
    dialect = await telling(ask.hub.outbound.names, ask.partner, ask.dialect, messages)
    ask.about["told"] = dialect.about.told
