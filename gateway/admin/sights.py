"""What one partner sees of an object of another: translated on demand, with everything that is lost on the way."""

from enum import StrEnum
from typing import Any

import msgspec
from litestar import Controller, get
from msgspec import Struct

from core.errors import Unknown
from core.model.cdr import cdr_key
from core.model.ids import PartyId, TokenUid
from core.model.loss import Loss
from core.model.partner import Partner, Role
from core.model.token import Token, TokenKind
from core.routing import agreed
from gateway.storage import Storage
from gateway.translation.model import Context, Kind, Party
from gateway.translation.translate import dialect_of, written
from gateway.wiring import Assembled
from protocols.plugin import Hub


class Seen(StrEnum):
    """Kinds of objects that partners are told of, as in the words of `translate`."""

    LOCATION = "location"
    TOKEN = "token"  # noqa: S105
    TARIFF = "tariff"
    SESSION = "session"
    CDR = "cdr"


class SightView(Struct, frozen=True):
    """`shared`: the two partners are open to each other; else the partner is told nothing of it.

    `output` is the payload in the partner's protocol, null where it is withheld; `losses` say why."""

    partner: str
    source: str
    target: str
    shared: bool
    output: Any
    losses: list[Loss]
    canonical: Any


class SightController(Controller):
    path = "/partners/{partner_id:str}/sees"
    tags = ("partners",)

    @get("/{kind:str}/{owner:str}/{object_id:str}", summary="What a partner sees of an object, and what is lost")
    async def show(self, partner_id: str, kind: Seen, owner: str, object_id: str, assembly: Assembled) -> SightView:
        """`owner` is country and party without separator; a token is named by its uid."""
        partner = await assembly.hub.partners.get(partner_id)
        return await sight(assembly.hub, assembly.storage, partner, kind, PartyId.parse(owner, "$.owner"), object_id)


async def sight(hub: Hub, storage: Storage, partner: Partner, kind: Seen, owner: PartyId, object_id: str) -> SightView:
    """Raises Unknown for what the hub does not hold, Unsupported where the partner's protocol has no such thing."""
    home = await hub.partners.by_party(owner, Role.EMSP if kind is Seen.TOKEN else Role.CPO)
    if home is None:
        raise Unknown("party", str(owner))
    context = await _context(hub)
    found, assumed = await _found(hub, storage, partner, kind, owner, object_id)
    source, target = dialect_of(home.protocol, home.version), dialect_of(partner.protocol, partner.version)
    done = written(source, target, Kind(kind.value), found, context)
    return SightView(
        partner=partner.id,
        source=source,
        target=target,
        shared=agreed(home, partner),
        output=done.output,
        losses=[*assumed, *done.losses],
        canonical=msgspec.to_builtins(found),
    )


async def _context(hub: Hub) -> Context:
    """Places are in the objects, or were completed from the stores already."""
    partners = await hub.partners.all()
    parties = tuple(
        Party(party=held.party, role=held.role, protocol=one.protocol) for one in partners for held in one.roles
    )
    return Context(now=hub.clock.now(), parties=parties)


async def _found(
    hub: Hub, storage: Storage, partner: Partner, kind: Seen, owner: PartyId, object_id: str
) -> tuple[Any, tuple[Loss, ...]]:
    """The object as it would be told to the partner, and what the hub completed it with."""
    if kind is Seen.CDR:
        settlement = await hub.billing.get(cdr_key(owner, object_id))
        return await hub.billing.for_recipient(settlement, partner)
    found: Any = None
    match kind:
        case Seen.LOCATION:
            found = await storage.locations.get(owner, object_id)
        case Seen.TARIFF:
            found = await storage.tariffs.get(owner, object_id)
        case Seen.SESSION:
            found = await storage.sessions.get(owner, object_id)
        case Seen.TOKEN:
            held = await storage.tokens.of_card(TokenKind.RFID, TokenUid.parse(object_id, "$.object_id"))
            found = next((_without_secrets(token) for token in held if token.issuer == owner), None)
    if found is None:
        raise Unknown(kind.value, f"{owner}/{object_id}")
    return found, ()


def _without_secrets(token: Token) -> Token:
    """What its issuer's protocol put aside repeats a PIN."""
    return token if token.pin_hash is None else msgspec.structs.replace(token, pin_hash=None, extensions={})
