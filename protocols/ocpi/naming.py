"""Which names a partner of OCPI 2.1.1 has for what it says and is told: looked up before a message is read or written.

Every id in its messages has one; those that later versions can say, and nobody else has used before, are their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from core.errors import Invalid, Unsupported
from core.model.ids import PartyId
from core.model.name import NameKind
from core.model.partner import Partner, Role
from core.services.names import NameService, Object, Said
from mappings.ocpi.v2_1_1.names import NAMED, ids_in, owner_in
from mappings.ocpi.v2_1_1.tokens import reservation_of
from protocols.ocpi import codec
from protocols.ocpi.dialect import Dialect
from protocols.ocpi.wire.commands import ReserveNow

LONGEST: Final = 39
"""An id in OCPI 2.1.1."""
_IN_PATH: Final[Mapping[str, Mapping[int, NameKind]]] = {
    "locations/receiver": {2: NameKind.LOCATION, 3: NameKind.EVSE},
    "locations/sender": {0: NameKind.LOCATION, 1: NameKind.EVSE},
    "sessions/receiver": {2: NameKind.SESSION},
    "tariffs/receiver": {2: NameKind.TARIFF},
}


def named_in_path(path: str, args: Sequence[str]) -> dict[int, NameKind]:
    """By their place, the arguments of a path that are ids of objects."""
    return {place: kind for place, kind in _IN_PATH.get(path, {}).items() if place < len(args)}


async def telling(
    names: NameService, partner: Partner, dialect: Dialect, messages: Iterable[Any], also: Iterable[Object] = ()
) -> Dialect:
    """The dialect with the names for all that these messages of 2.3.0 mention, and for `also`."""
    side = dialect.about.partner
    if not dialect.version.single_party or side is None:
        return dialect
    wanted = {one for one in also if one[0] in NAMED[side.role]}
    reservations: set[Object] = set()
    for message in messages:
        wanted |= {
            (kind, owner, text) for kind, owner, text in _mentioned(dialect, message) if kind in NAMED[side.role]
        }
        if isinstance(message, ReserveNow):
            kind, issuer, _ = reservation_of(message)
            reservations.add((kind, PartyId.parse(issuer), message.reservation_id))
    if side.role is Role.EMSP:
        told = await names.told(partner.id, wanted)
    else:
        told = {one: name.theirs for one, name in (await names.known(partner.id, wanted)).items()}
        told |= await names.told(partner.id, reservations)
    known = {(kind, owner.key, text.upper()): theirs for (kind, owner, text), theirs in told.items()}
    return dialect.knowing(told={**dialect.about.told, **known})


def _mentioned(dialect: Dialect, message: Any) -> set[Object]:
    owner = owner_in(message, dialect.about)
    form = dialect.version.forms.get(type(message))
    if form is None or owner is None:
        return set()
    try:
        said = form.older(message, dialect.about)
    except Unsupported:
        return set()
    return {(kind, PartyId.parse(owner), text) for kind, text in ids_in(said)}


async def hearing(
    names: NameService, partner: Partner, dialect: Dialect, said: Iterable[Said], *, new: bool = True
) -> dict[Said, Object]:
    """What everybody else calls what the partner mentions, and whose it is, as far as that is known. `new`: what an
    operator tells of is given a name, not what it merely asks about."""
    side = dialect.about.partner
    if not dialect.version.single_party or side is None:
        return {}
    wanted = {one for one in said if one[0] in NAMED[side.role] and len(one[1]) <= LONGEST}
    if side.role is Role.CPO and new:
        heard = await names.heard(partner.id, side.party, wanted)
        return {(kind, theirs): (kind, side.party, ours) for (kind, theirs), ours in heard.items()}
    meant = await names.meant(partner.id, wanted, cased=side.role is Role.CPO)
    return {one: (name.kind, name.owner, name.ours) for one, name in meant.items()}


def ours_of(found: Mapping[Said, Object]) -> dict[Said, str]:
    """For `About.heard`."""
    return {one: ours for one, (_, _, ours) in found.items()}


def mentioned_in(dialect: Dialect, body: bytes, wire_type: Any) -> set[Said]:
    """The ids in a message of the partner's version; what is wrong with it is said when it is read."""
    form = dialect.version.forms.get(wire_type)
    if form is None or not body:
        return set()
    try:
        return set(ids_in(codec.read_bare(body, form.wire_type)))
    except Invalid:
        return set()
