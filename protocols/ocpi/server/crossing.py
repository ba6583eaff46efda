"""What one party says to another of a different version: read in the words of the one, said in those of the other,
there and back while the caller waits. Both ways lead through 2.3.0. Source: the differences of OCPI 2.1.1, 2.2.1 and
2.3.0; OCPI 2.3.0, transport_and_format, message routing.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from core.errors import Invalid, Unsupported
from core.model.ids import PartyId, TokenUid
from core.model.location import Location, location_key
from core.model.loss import Loss
from core.model.partner import Partner
from mappings.ocpi.cdrs import cdr_from_ocpi
from mappings.ocpi.common import PROTOCOL
from mappings.ocpi.forms import unsaid
from mappings.ocpi.locations import location_from_ocpi
from mappings.ocpi.sessions import session_from_ocpi
from mappings.ocpi.tariffs import tariff_from_ocpi
from mappings.ocpi.tokens import asked_token, token_from_ocpi, token_to_ocpi
from protocols.ocpi import codec
from protocols.ocpi.codes import HUB_ERROR, Failure, succeeded
from protocols.ocpi.dialect import Dialect, dialect_of, places_of
from protocols.ocpi.naming import hearing, mentioned_in, named_in_path, ours_of, telling
from protocols.ocpi.server.exchange import Ask, Side, tokens_named
from protocols.ocpi.server.surroundings import surroundings
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import hub_role
from protocols.ocpi.wire import cdrs, commands, locations, sessions, tariffs, tokens
from protocols.ocpi.wire.envelope import Received
from protocols.ocpi.wire.v2_1_1 import TariffPatch

log = logging.getLogger(__name__)


class Words(Struct, frozen=True):
    """The types of 2.3.0 of a body and of `data` in its answer, or of the items in it if it is `listed`. None: nothing
    in which versions differ."""

    body: Any = None
    data: Any = None
    listed: bool = False


_WHOLE: Final[dict[str, tuple[Any, ...]]] = {
    "locations": (locations.Location, locations.Evse, locations.Connector),
    "sessions": (sessions.Session,),
    "cdrs": (cdrs.Cdr,),
    "tariffs": (tariffs.Tariff,),
    "tokens": (tokens.Token,),
}
_CHANGE: Final[dict[str, tuple[Any, ...]]] = {
    "locations": (locations.LocationPatch, locations.EvsePatch, locations.ConnectorPatch),
    "sessions": (sessions.SessionPatch,),
    "tariffs": (TariffPatch,),
    "tokens": (tokens.TokenPatch,),
}
COMMAND: Final[dict[str, Any]] = {
    "CANCEL_RESERVATION": commands.CancelReservation,
    "RESERVE_NOW": commands.ReserveNow,
    "START_SESSION": commands.StartSession,
    "STOP_SESSION": commands.StopSession,
    "UNLOCK_CONNECTOR": commands.UnlockConnector,
}
_AUTHORISE: Final = Words(body=tokens.LocationReferences, data=tokens.AuthorizationInfo)
RESULT: Final = Words(body=commands.CommandResult)
_CANONICAL: Final[dict[Any, Any]] = {
    locations.Location: location_from_ocpi,
    sessions.Session: session_from_ocpi,
    cdrs.Cdr: cdr_from_ocpi,
    tariffs.Tariff: tariff_from_ocpi,
    tokens.Token: token_from_ocpi,
}
_NOTHING: Final = (b"", b"null", b"{}")
"""Bodies of an authorise request that names no place."""


def words_of(ask: Ask) -> Words:
    """Of a request to an interface."""
    module, _, interface = ask.path.partition("/")
    if module == "commands":
        return Words(body=COMMAND.get(ask.args[0]), data=commands.CommandResponse)
    if ask.path == "tokens/sender" and ask.method == "POST":
        return _AUTHORISE
    if module not in _WHOLE or (ask.path == "sessions/sender" and ask.args):
        return Words()
    if not ask.args:
        return listed_in(module) if ask.method == "GET" else Words(body=_WHOLE[module][0])
    depth = len(ask.args) - (3 if interface == "receiver" else 1)
    match ask.method:
        case "GET":
            return Words(data=_WHOLE[module][depth])
        case "PUT":
            return Words(body=_WHOLE[module][depth])
        case "PATCH":
            return Words(body=_CHANGE[module][depth])
    return Words()


def listed_in(module: str) -> Words:
    return Words(data=_WHOLE[module][0], listed=True) if module in _WHOLE else Words()


def kept_in(module: str) -> Words:
    return Words(data=_WHOLE[module][0])


def check(ask: Ask, to: Side) -> None:
    """Raises Failure 4000 for what the receiver's version does not have at all."""
    module, _, _ = ask.path.partition("/")
    named = (ask.args[0],) if module == "commands" else (ask.remainder.rpartition("/")[2],)
    unknown = module == "commands" and ask.args[0] not in COMMAND
    if not to.version.offers(module) or unknown or to.version.lacks.intersection(named):
        what = named[0] if to.version.offers(module) else module
        raise Failure(HUB_ERROR, f"OCPI {to.version.id}, which {to.party} speaks, has no {what}")


# --- there


async def request_for(ask: Ask, to: Side, content: bytes, message: Any = None) -> tuple[bytes, str]:
    """Body and rest of the path of the caller's version in the receiver's; `message`, in the words of 2.3.0, instead of
    the body. Raises Invalid for a body that is none, Unsayable."""
    kind = words_of(ask).body
    no_place = kind is tokens.LocationReferences and content.strip() in _NOTHING
    if message is None and kind is not None and not no_place:
        message = ask.dialect.read(content, kind)
    dialect = await _knowing(ask, to, to.partner, _dialect_of(ask, to), [] if message is None else [message])
    if message is not None:
        content = _said(ask, dialect, message)
    return b"" if no_place else content, _path_for(ask, to, dialect)


async def result_for(ask: Ask, to: Side, content: bytes, kind: Any) -> bytes:
    """As `request_for`, for a URL that says nothing."""
    return content if kind is None else _said(ask, _dialect_of(ask, to), ask.dialect.read(content, kind))


def _path_for(ask: Ask, to: Side, dialect: Dialect) -> str:
    """With the names that the receiver knows. It may know the hub as the owner of all that it is told."""
    owner, _ = _place(ask, to)
    segments = ask.remainder.split("/")
    for place, kind in named_in_path(ask.path, ask.args).items():
        if owner and (theirs := dialect.id_for(kind, owner.key, ask.args[place])) != ask.args[place]:
            segments[place] = quote(theirs, safe="")
    if settings_of(to.partner).older.hub_paths and len(ask.args) >= 3 and ask.path.endswith("/receiver"):
        hub = ask.hub.identity.party
        segments[:2] = [hub.country_code, hub.party_id]
    return "/".join(segments)


def query_for(ask: Ask, to: Side, query: str) -> str:
    """The same, but for the kind of a token, which not every version has a word for."""
    if not ask.path.startswith("tokens/") or not query:
        return query
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    return urlencode(
        [("type", to.version.token_type_said(value)) if name in _KINDS else (name, value) for name, value in pairs]
    )


_KINDS: Final = ("type", "token_type")


def _dialect_of(ask: Ask, to: Side, **known: Any) -> Dialect:
    return dialect_of(to.partner, hub_role(ask.hub.identity), ask.hub.clock.now(), **known)


def _said(ask: Ask, dialect: Dialect, message: Any) -> bytes:
    said = dialect.said(message)
    if losses := _losses(dialect, message, said):
        what = type(message).__name__.removesuffix("Patch").lower()
        ask.hub.ledger.note(what, source=PROTOCOL, target=PROTOCOL, losses=losses)
    return codec.encode(said)


def _losses(dialect: Dialect, message: Any, said: Any) -> Sequence[Loss]:
    canonical = _CANONICAL.get(type(message))
    if canonical is None:
        return unsaid(message, said, dialect.version.forms, dialect.about)
    with suppress(Invalid):  # the content is the receiver's to judge
        return dialect.losses(canonical(message))
    return ()


async def _knowing(ask: Ask, to: Side, hearer: Partner, dialect: Dialect, messages: Sequence[Any]) -> Dialect:
    """The hearer's dialect with what an older version holds in these messages and 2.3.0 looks up."""
    if not dialect.version.older:
        return dialect
    found: list[Location] = []
    keys: set[str | None] = set()
    owner, location_id = _place(ask, to)
    if owner and location_id:
        keys.add(location_key(owner, location_id))
    held = ask.about.get("held")
    for message in [*messages, *([held] if held else [])]:
        match message:
            case locations.Location():
                with suppress(Invalid):
                    found.append(location_from_ocpi(message))
            case sessions.Session():
                keys.add(_key(message, message.location_id))
            case cdrs.Cdr():
                keys.add(_key(message, message.cdr_location.id))
    found += [location for _, location in await ask.hub.locations.by_keys(sorted(filter(None, keys)))]
    around = await surroundings(dialect.version, ask.hub, found)
    known = {"owner": owner.key if owner else None, "held": held}
    dialect = dialect.knowing(places=places_of(found), **around, **known)
    also = [(kind, owner, ask.args[place]) for place, kind in named_in_path(ask.path, ask.args).items() if owner]
    return await telling(ask.hub.outbound.names, hearer, dialect, messages, also)


def _place(ask: Ask, to: Side) -> tuple[PartyId | None, str | None]:
    """Whose objects a request is about, where its path or its direction says it, and the location that it names."""
    if ask.path == "tokens/sender":
        return ask.asking, None
    if ask.path.endswith("/receiver") and len(ask.args) >= 3:
        return ask.owner(), ask.args[2] if ask.path == "locations/receiver" else None
    if ask.path == "locations/sender" and ask.args:
        return to.party, ask.args[0]
    return None, None


def _key(message: Any, location_id: str) -> str | None:
    with suppress(Invalid):
        return location_key(PartyId.of(message.country_code, message.party_id), location_id)
    return None


# --- and back


async def answer_for(ask: Ask, to: Side, body: bytes, envelope: Received, words: Words) -> bytes:
    """The party's answer in the caller's version. Raises Failure 4000 for one that cannot be read, Unsayable."""
    members = msgspec.json.decode(body, type=dict[str, Raw])
    code = envelope.status_code
    members["status_code"] = Raw(codec.encode(ask.version.codes.get(code, code)))
    data = codec.present(envelope)
    if data is not None and words.data is not None and succeeded(code):
        members["data"] = Raw(await (_list if words.listed else _one)(ask, to, data, words.data))
    return codec.encode(members)


async def _one(ask: Ask, to: Side, data: bytes, kind: Any) -> bytes:
    dialect = await _hearing(ask, to, [data], kind)
    try:
        message = _in_place(ask, to, dialect.read_bare(data, kind))
    except Invalid as error:
        raise Failure(HUB_ERROR, f"{to.party} answered what is no OCPI {to.version.id}: {error}") from error
    return _said(ask, await _knowing(ask, to, ask.partner, ask.dialect, [message]), message)


async def _list(ask: Ask, to: Side, data: bytes, kind: Any) -> bytes:
    """What cannot be read or said is left out, and logged."""
    try:
        items = codec.items(data)
    except ValueError as error:
        raise Failure(HUB_ERROR, f"{to.party} answered no list") from error
    dialect = await _hearing(ask, to, items, kind)
    messages = []
    for item in items:
        try:
            messages.append(dialect.read_bare(item, kind))
        except (Invalid, Unsupported) as error:
            log.warning("%s: left out of its list: %s", to.partner.name, error)
    ours, found = await _knowing(ask, to, ask.partner, ask.dialect, messages), []
    for message in messages:
        try:
            found.append(_said(ask, ours, message))
        except Unsupported as error:
            log.warning("left out of a list of %s: %s", to.partner.name, error)
    return codec.joined(found)


async def _hearing(ask: Ask, to: Side, items: Sequence[bytes], kind: Any) -> Dialect:
    """The receiver's dialect, with what its answers leave to their surroundings."""
    if not to.version.single_party:
        return _dialect_of(ask, to)
    dialect = _dialect_of(ask, to)
    said = {one for item in items for one in mentioned_in(dialect, item, kind)}
    heard = await hearing(ask.hub.outbound.names, to.partner, dialect, said)
    known: dict[str, Any] = {"heard": ours_of(heard), "tokens": {}}
    if kind is tokens.AuthorizationInfo:
        known["asked"] = await _asked(ask, to)
    if kind in (sessions.Session, cdrs.Cdr):
        for item in items:
            known["tokens"] |= await tokens_named(ask.hub, to.partner, item)
    return dialect.knowing(**known)


async def _asked(ask: Ask, to: Side) -> tokens.Token:
    """The token that an eMSP is asked about, as far as the hub or the question knows it."""
    uid, kind = ask.args[0], _kind(ask)
    known = await ask.hub.tokens.known(to.party, kind, TokenUid.parse(uid, "token_uid"))
    return token_to_ocpi(known) if known else asked_token(to.party, uid, kind, to.partner.name, ask.hub.clock.now())


def _kind(ask: Ask) -> str:
    return next((ask.query[name] for name in _KINDS if name in ask.query), "RFID")


def _in_place(ask: Ask, to: Side, message: Any) -> Any:
    """What the question says and the answer of an older version does not: whose object it is, what kind of token."""
    if isinstance(message, tokens.AuthorizationInfo):
        token = message.token
        if token.uid.upper() == ask.args[0].upper() and token.type == to.version.token_type_said(_kind(ask)):
            return replace(message, token=replace(token, type=_kind(ask)))
    elif to.version.single_party and "party_id" in message.__struct_fields__:
        owner = ask.owner() if ask.path.endswith("/receiver") else ask.asking if ask.path == "cdrs/cdr" else to.party
        return replace(message, country_code=owner.country_code, party_id=owner.party_id)
    return message
