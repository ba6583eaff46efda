"""Tokens and real-time authorisation. Source: OCPI 2.3.0, mod_tokens."""

import logging

from msgspec import UNSET
from msgspec.structs import replace

from core.errors import Invalid, RoamingError
from core.model.authorisation import Answered, Authorisation, AuthoriseRequest, Decision
from core.model.ids import ContractId
from core.model.partner import Partner
from core.model.token import Token, TokenKind, TokenQuery, token_key
from core.ports.stores import Saved
from mappings.ocpi.authorisation import authorisation_from_ocpi, authorisation_to_ocpi, authorise_request_from_ocpi
from mappings.ocpi.ids import token_uid_in
from mappings.ocpi.tokens import oddities, patch_token, token_from_ocpi, token_to_ocpi
from protocols.ocpi import codec
from protocols.ocpi.client import AUTHORISE_S
from protocols.ocpi.codes import NOT_CONNECTED, NOT_ENOUGH, TIMED_OUT, UNKNOWN_TOKEN, Failure
from protocols.ocpi.server.addressed import TOKEN, addressed, latest
from protocols.ocpi.server.answers import DONE, done, for_everybody, time_of
from protocols.ocpi.server.exchange import Ask, Reply, Side, same_id, same_owner
from protocols.ocpi.server.forwarding import data_of, forward
from protocols.ocpi.server.lists import encoded, list_page, reply_list, reply_nothing
from protocols.ocpi.server.locked import turn
from protocols.ocpi.server.names import tell
from protocols.ocpi.server.routes import Route
from protocols.ocpi.wire import tokens as wire
from protocols.ocpi.wire.types import CiString36
from protocols.plugin import Hub

log = logging.getLogger(__name__)

# --- the receiver interface: from the issuer


async def get_own(ask: Ask) -> Reply:
    """What the hub holds, for the issuer to compare."""
    token = await ask.hub.tokens.own(ask.partner, ask.owner(), _type(ask), token_uid_in(ask.args[2], "token_uid"))
    return Reply(data=ask.write(token_to_ocpi(token)), sender=ask.addressed)


async def put(ask: Ask) -> Reply:
    """Without `?type=` the body says which token it is."""
    for_everybody(ask)
    owner, uid = ask.owner(), ask.args[2]
    message = ask.read(wire.Token)
    same_owner(message, owner)
    same_id(message.uid, uid, "$.uid")
    if ask.query.get("type", message.type) != message.type:
        raise Invalid("$.type", f"{message.type!r} in the body, {ask.query['type']!r} in the URL")
    return done(await take(ask.hub, ask.partner, message, ask.correlation_id))


async def take(hub: Hub, issuer: Partner, message: wire.Token, correlation_id: str) -> Saved:
    """From its issuer, pushed or listed."""
    token = token_from_ocpi(message)
    async with turn(hub.cache, token.key):
        saved = await hub.tokens.put(issuer, token, correlation_id)
    if saved in (Saved.CREATED, Saved.CHANGED):
        for odd in oddities(message):
            log.warning("%s: a token of %s: %s", issuer.name, token.issuer, odd)
    return saved


async def patch(ask: Ask) -> Reply:
    for_everybody(ask)
    owner, uid, kind = ask.owner(), token_uid_in(ask.args[2], "token_uid"), _type(ask)
    change = ask.read(wire.TokenPatch)
    same_owner(change, owner)
    same_id(change.uid, uid.text, "$.uid")
    if change.type not in (UNSET, kind):
        raise Invalid("$.type", f"{change.type!r} in the body, {kind!r} in the URL")
    async with turn(ask.hub.cache, token_key(owner, kind, uid)):
        token = await ask.hub.tokens.own(ask.partner, owner, kind, uid)
        if time_of(change) < token.updated_at:
            return DONE
        return done(await ask.hub.tokens.put(ask.partner, patch_token(token, change), ask.correlation_id))


def _type(ask: Ask) -> str:
    """2.1.1 also calls it `token_type`."""
    return ask.query.get("type") or ask.query.get("token_type") or TokenKind.RFID.value


# --- the sender interface: to operators


async def list_all(ask: Ask) -> Reply:
    page = list_page(ask)
    if page.empty:
        return reply_nothing(ask, page)

    issuers = None if ask.addressed is None else (ask.addressed,)

    async def base(offset: int, limit: int) -> tuple[list[Token], int]:
        query = TokenQuery(
            updated_from=page.date_from, updated_to=page.date_to, issuers=issuers, offset=offset, limit=limit
        )
        return await ask.hub.tokens.page(ask.partner, query)

    tokens, total = await latest(ask, TOKEN, page, await addressed(ask, TOKEN), base)
    return reply_list(ask, page, encoded(ask, tokens, token_to_ocpi), total)


async def authorise(ask: Ask) -> Reply:
    """The eMSP itself is asked, whatever the hub holds: as it came if TO names one of the same version."""
    return await _asked(ask) if ask.straight is None else await _passed_on(ask, ask.straight)


async def _passed_on(ask: Ask, to: Side) -> Reply:
    reply = await forward(ask, to, wait_s=AUTHORISE_S)
    if data := data_of(reply):
        await _note(ask, to, data)
    return reply


async def _note(ask: Ask, to: Side, data: bytes) -> None:
    """A yes begins a journey, so that the hub knows whose session it is. Whatever comes of that changes nothing for the
    caller."""
    try:
        answer = authorisation_from_ocpi(ask.dialect.read_bare(data, wire.AuthorizationInfo))
        if answer.decision is Decision.ALLOWED and answer.issuer and to.partner.speaks_for(answer.issuer):
            await ask.hub.authorisation.begun(_request(ask), ask.partner, answer)
    except RoamingError as error:
        log.warning("an authorisation of %s was passed on and not noted: %s", to.party, error)


async def _asked(ask: Ask) -> Reply:
    """A refusal is a good answer."""
    request = _request(ask)
    answer = await ask.hub.authorisation.authorise(request, ask.partner)
    if answer.token is None and answer.issuer is not None:
        answer = replace(answer, token=await ask.hub.tokens.known(answer.issuer, request.kind, request.uid))
    _check(answer, request.uid.text, ask)
    info = authorisation_to_ocpi(answer, request, ask.hub.clock.now())
    await tell(ask, [info])
    return Reply(data=ask.write(info), sender=None if ask.to_hub else answer.issuer)


def _request(ask: Ask) -> AuthoriseRequest:
    """Raises Invalid."""
    uid = codec.checked_text(ask.args[0], CiString36, "token_uid")
    place = ask.read(wire.LocationReferences) if ask.body.strip() not in (b"", b"null", b"{}") else None
    request = authorise_request_from_ocpi(uid, _type(ask), place, ask.asking, ask.addressed)
    contract = ContractId.parse(uid) if request.kind == TokenKind.EMAID else None
    return replace(request, ask_issuer=True, contract_id=contract, correlation_id=ask.correlation_id)


def _check(answer: Authorisation, uid: str, ask: Ask) -> None:
    """Raises what OCPI answers where AuthorizationInfo has no word for it."""
    why = answer.explanation
    match answer.decision:
        case Decision.NO_ISSUER if ask.addressed is not None:
            raise Failure(NOT_CONNECTED, f"{ask.addressed} is not connected")
        case Decision.UNKNOWN_TOKEN | Decision.NO_ISSUER:
            raise Failure(UNKNOWN_TOKEN, f"unknown token {uid}: {why}", 404)
        case Decision.NEEDS_LOCATION:
            raise Failure(NOT_ENOUGH, why or "the issuer needs to know the location")
        case Decision.TIMED_OUT:
            code = NOT_CONNECTED if answer.unreached else TIMED_OUT
            raise Failure(code, why or "the issuer gave no answer")
    if answer.answered_by in (Answered.STORE, Answered.WHITELIST):
        raise Failure(NOT_CONNECTED, "the issuer gave no answer, and only the operator may decide by its whitelist")


ROUTES = [
    Route(path="tokens/sender", methods={"GET": list_all}),
    Route(path="tokens/sender", parameters=1, fixed={1: "authorize"}, methods={"POST": authorise}, keeps=True),
    Route(path="tokens/receiver", parameters=3, methods={"GET": get_own, "PUT": put, "PATCH": patch}),
]
