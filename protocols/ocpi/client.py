"""What we call: one method per operation, wire in, wire out, the errors of core raised."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode, urljoin

from msgspec import Struct

from core.errors import Invalid, Unavailable, Uncertain, Unsupported
from core.model.ids import PartyId
from core.model.name import NameKind
from core.model.partner import Partner
from core.model.record import Record
from core.ports.adapter import Call
from core.services.names import Object
from mappings.ocpi.common import business_to_ocpi
from mappings.ocpi.parties import spelled
from mappings.ocpi.tokens import asked_token
from protocols.ocpi import codec
from protocols.ocpi.auth import authorization
from protocols.ocpi.codes import error_of
from protocols.ocpi.dialect import Dialect, dialect_of, places_of, tariffs_of
from protocols.ocpi.naming import hearing, mentioned_in, ours_of, telling
from protocols.ocpi.paging import next_link
from protocols.ocpi.settings import TokenEncoding, settings_of
from protocols.ocpi.versions import hub_role
from protocols.ocpi.wire.cdrs import Cdr
from protocols.ocpi.wire.commands import CommandMessage, CommandResponse, CommandResult, CommandType
from protocols.ocpi.wire.envelope import Received
from protocols.ocpi.wire.hubclientinfo import ClientInfo
from protocols.ocpi.wire.locations import EvsePatch, Location
from protocols.ocpi.wire.sessions import Session
from protocols.ocpi.wire.tariffs import Tariff
from protocols.ocpi.wire.tokens import AuthorizationInfo, LocationReferences, Token
from protocols.ocpi.wire.versions import InterfaceRole
from protocols.plugin import Outbound
from protocols.transport.http import Answer, Request

PUSH_S: Final = 30.0
FORWARD_S: Final = 25.0
GRACE_S: Final = 2.0
"""So much longer than a silence is the slowest answer waited for."""
AUTHORISE_S: Final = 10.0
PROBE_S: Final = 10.0
PAGE_S: Final = 60.0
DUPLICATE: Final = 409
LONGEST_LINK: Final = 4096
"""Of the URL of a next page. All of a walk are remembered while it lasts."""
SENDER, RECEIVER = InterfaceRole.SENDER, InterfaceRole.RECEIVER

T = TypeVar("T")


class Peer(Struct, frozen=True, kw_only=True):
    """Whom we call, with which token. `name` is for error texts."""

    id: str
    name: str
    token: str
    encoding: TokenEncoding

    def __repr__(self) -> str:
        return f"Peer(id={self.id!r}, name={self.name!r})"


class Routing(Struct, frozen=True):
    """The routing headers of one message."""

    sender: PartyId
    recipient: PartyId


class Hop(Struct, frozen=True, kw_only=True):
    """A request that is passed on. `headers` are those of routing and of the content; all others are the hub's own.
    `wait_s` is for the whole answer."""

    operation: str
    method: str
    url: str
    headers: Mapping[str, str]
    content: bytes | None
    correlation_id: str
    wait_s: float


class ListPage(Struct, frozen=True, kw_only=True):
    """One page of a partner's list, each item as it came. `following`: the URL of the next page. `total`: how many
    there are altogether, if the partner says so."""

    items: tuple[bytes, ...]
    following: str | None
    total: int | None


class OcpiClient:
    def __init__(self, outbound: Outbound) -> None:
        self._http = outbound.http
        self._credentials = outbound.credentials
        self._names = outbound.names
        self._ids = outbound.ids
        self._clock = outbound.clock
        self._hub = hub_role(outbound.identity)

    async def probe(self, call: Call) -> None:
        """The versions can be had. Source: OCPI 2.3.0, mod_hub_client_info, still alive check."""
        url = settings_of(call.partner).versions_url
        if url is None:
            raise Unsupported(f"{call.partner.name} has never registered")
        answer, name = await self._send(call, None, "GET versions", "GET", url, None, PROBE_S)
        if not 200 <= answer.status < 300 or codec.received(answer.body) is None:
            raise Unavailable(f"{name} answers with HTTP {answer.status} and no versions")

    # --- objects

    async def put_location(self, call: Call, to: Routing, location: Location) -> None:
        await self._put(call, to, NameKind.LOCATION, location)

    async def patch_evse(
        self, call: Call, to: Routing, owner: tuple[str, str], location_id: str, uid: str, patch: EvsePatch
    ) -> None:
        """`owner` as it spells itself."""
        party = PartyId.of(*owner)
        dialect = await self._telling(call, [], [(NameKind.LOCATION, party, location_id)])
        path = (*self._shown_as(call, owner), dialect.id_for(NameKind.LOCATION, party.key, location_id), uid)
        await self._push(call, to, "PATCH EVSE", "locations", "PATCH", path, dialect.write(patch))

    async def put_token(self, call: Call, to: Routing, token: Token) -> None:
        dialect, path = self.dialect(call), (*self._shown_as(call, (token.country_code, token.party_id)), token.uid)
        query = {"type": dialect.token_type(token.type)}
        await self._push(call, to, "PUT token", "tokens", "PUT", path, dialect.write(token), query=query)

    async def put_session(self, call: Call, to: Routing, session: Session) -> None:
        await self._put(call, to, NameKind.SESSION, session)

    async def put_tariff(self, call: Call, to: Routing, tariff: Tariff) -> None:
        await self._put(call, to, NameKind.TARIFF, tariff)

    async def delete_tariff(self, call: Call, to: Routing, owner: PartyId, tariff_id: str) -> None:
        dialect = await self._telling(call, [], [(NameKind.TARIFF, owner, tariff_id)])
        named = dialect.id_for(NameKind.TARIFF, owner.key, tariff_id)
        path = (*self._shown_as(call, (owner.country_code, owner.party_id)), named)
        await self._push(call, to, "DELETE tariff", "tariffs", "DELETE", path, None)

    async def put_booking_location(self, call: Call, to: Routing, record: Record) -> None:
        path = (record.owner.country_code, record.owner.party_id, "booking_locations", record.id)
        await self._push(call, to, "PUT booking location", "bookings", "PUT", path, record.content.encode())

    async def post_cdr(self, call: Call, to: Routing, cdr: Cdr) -> str | None:
        """The URL under which the partner keeps it, if it says so."""
        url = self._endpoint(call.partner, "cdrs", RECEIVER)
        content = (await self._telling(call, [cdr])).write(cdr)
        answer, who = await self._send(call, to, "POST CDR", "POST", url, content, PUSH_S)
        if answer.status != DUPLICATE:
            _checked(answer, who)
        location = answer.headers.get("location")
        try:
            return urljoin(url, location) if location else None
        except ValueError:  # no URL; the CDR has arrived all the same
            return location

    async def put_client_info(self, call: Call, info: ClientInfo) -> None:
        """A configuration module: no routing headers."""
        path = (info.country_code, info.party_id)
        await self._push(call, None, "PUT clientinfo", "hubclientinfo", "PUT", path, self.dialect(call).write(info))

    async def post_authorize(
        self, call: Call, to: Routing, token_uid: str, token_type: str, place: LocationReferences | None
    ) -> AuthorizationInfo:
        """Raises Unknown for a token that the eMSP does not know."""
        endpoint = self._endpoint(call.partner, "tokens", SENDER)
        asked = asked_token(to.recipient, token_uid, token_type, call.partner.name, self._clock.now())
        places = [] if place is None else [place]
        dialect = self.dialect(call, asked).knowing(owner=to.sender.key)
        dialect = await telling(self._names, call.partner, dialect, places)
        url = _joined(endpoint, (token_uid, "authorize"), {"type": dialect.token_type(token_type)})
        content = dialect.write(place) if place is not None else None
        answer, who = await self._send(call, to, "POST authorize", "POST", url, content, AUTHORISE_S)
        try:
            data = codec.present(_checked(answer, who)) or b"null"
            found = await hearing(self._names, call.partner, dialect, mentioned_in(dialect, data, AuthorizationInfo))
            heard = ours_of(found)
            return dialect.knowing(heard=heard).read_bare(data, AuthorizationInfo)
        except Invalid as error:
            raise Uncertain(f"{who}: no usable AuthorizationInfo: {error}") from error

    async def post_command(
        self, call: Call, to: Routing, kind: CommandType, message: CommandMessage, wait_s: float
    ) -> CommandResponse:
        url = _joined(self._endpoint(call.partner, "commands", RECEIVER), (kind.value,))
        dialect = await self._telling(call, [message])
        content = dialect.write(message)
        answer, who = await self._send(call, to, f"POST {kind.value}", "POST", url, content, wait_s)
        try:
            return dialect.read_bare(codec.present(_checked(answer, who)) or b"null", CommandResponse)
        except Invalid as error:
            raise Uncertain(f"{who}: no usable CommandResponse: {error}") from error

    async def post_command_result(self, call: Call, to: Routing, url: str, result: CommandResult) -> None:
        """To the URL that the caller of the command gave, as it gave it."""
        content = self.dialect(call).write(result)
        answer, who = await self._send(call, to, "POST command result", "POST", url, content, PUSH_S)
        _checked(answer, who)

    # --- what partners list

    async def get_page(self, call: Call, to: Routing | None, module: str, url: str) -> ListPage:
        """`url` as the partner gave it. Raises Uncertain for an answer that is no list."""
        answer, who = await self._send(call, to, f"GET {module}", "GET", url, None, PAGE_S)
        data = codec.present(_checked(answer, who))
        try:
            items = codec.items(data or b"")
            link = next_link(answer.headers.get("link", ""))
            following = urljoin(url, link) if link is not None else None
            if following is not None and len(following) > LONGEST_LINK:
                raise ValueError(f"its next link is longer than {LONGEST_LINK} characters")
        except ValueError as error:
            raise Uncertain(f"{who}: the answer to GET {module} is no page of a list: {error}") from error
        total = answer.headers.get("x-total-count", "")
        return ListPage(
            items=items, following=following, total=int(total) if total.isdecimal() and len(total) < 16 else None
        )

    # --- what partners say to each other

    async def forward(self, partner: Partner, hop: Hop) -> Answer:
        """Any answer is one. Raises Unsupported for a partner that has given the hub no token."""
        peer = await self._peer(partner, hop.url)
        request = request_to(
            peer,
            hop.operation,
            hop.method,
            hop.url,
            hop.content,
            hop.headers,
            hop.wait_s,
            hop.correlation_id,
            request_id=self._ids.uuid(),
        )
        try:
            async with asyncio.timeout(hop.wait_s + GRACE_S):  # an answer may come in drops
                return await self._http.send(request)
        except TimeoutError as error:
            raise Uncertain(f"{partner.name} is not done with its answer after {hop.wait_s:g} s") from error

    # --- how

    async def _put(self, call: Call, to: Routing, kind: NameKind, message: Location | Session | Tariff) -> None:
        """An object, under the id that the partner knows it by; the URL names its owner in the spelling of the body."""
        dialect = await self._telling(call, [message])
        owner = (message.country_code, message.party_id)
        path = (*self._shown_as(call, owner), dialect.id_for(kind, PartyId.of(*owner).key, message.id))
        what = kind.lower()
        await self._push(call, to, f"PUT {what}", f"{what}s", "PUT", path, dialect.write(message))

    async def _telling(self, call: Call, messages: Sequence[Any], also: Sequence[Object] = ()) -> Dialect:
        """With the names under which the partner knows what it is told of."""
        return await telling(self._names, call.partner, self.dialect(call), messages, also)

    def _shown_as(self, call: Call, owner: tuple[str, str]) -> tuple[str, str]:
        return spelled(self._hub) if settings_of(call.partner).older.hub_paths else owner

    def dialect(self, call: Call, asked: Token | None = None) -> Dialect:
        """`asked`: the token that an answer will be about."""
        dialect = dialect_of(call.partner, self._hub, self._clock.now())
        if not dialect.version.older:
            return dialect
        places = places_of([call.place]) if call.place else {}
        operators = {call.sender.key: business_to_ocpi(call.operator)} if call.operator else {}
        return dialect.knowing(places=places, operators=operators, tariffs=tariffs_of(call.tariffs), asked=asked)

    async def _push(
        self,
        call: Call,
        to: Routing | None,
        operation: str,
        module: str,
        method: str,
        path: Sequence[str],
        content: bytes | None,
        query: Mapping[str, str] | None = None,
    ) -> None:
        url = _joined(self._endpoint(call.partner, module, RECEIVER), path, query)
        answer, who = await self._send(call, to, operation, method, url, content, PUSH_S)
        _checked(answer, who)

    def _endpoint(self, partner: Partner, module: str, role: InterfaceRole) -> str:
        url = settings_of(partner).url(module, role)
        if url is None:
            raise Unsupported(f"{partner.name} publishes no {module} {role.value}")
        return url

    async def _send(
        self,
        call: Call,
        to: Routing | None,
        operation: str,
        method: str,
        url: str,
        content: bytes | None,
        wait_s: float,
    ) -> tuple[Answer, str]:
        partner = call.partner
        peer = await self._peer(partner, url)
        headers = routing_headers(partner, to) if to is not None and not self.dialect(call).version.single_party else {}
        request = request_to(
            peer,
            operation,
            method,
            url,
            content,
            headers,
            wait_s,
            call.correlation_id,
            request_id=self._ids.uuid(),
        )
        return await self._http.send(request), partner.name

    async def _peer(self, partner: Partner, url: str) -> Peer:
        """Raises Unsupported for a partner that has given no token, Invalid for a URL where it is not to be shown."""
        settings_of(partner).check_home(url, "$.url")
        token = await self._credentials.outbound(partner.id)
        if token is None:
            raise Unsupported(f"{partner.name} has given the hub no token")
        return Peer(id=partner.id, name=partner.name, token=token, encoding=settings_of(partner).token_encoding)


def request_to(
    peer: Peer,
    operation: str,
    method: str,
    url: str,
    content: bytes | None,
    headers: Mapping[str, str],
    timeout_s: float,
    correlation_id: str,
    *,
    request_id: str,
) -> Request:
    return Request(
        partner=peer.id,
        protocol="ocpi",
        operation=operation,
        method=method,
        url=url,
        headers={
            "authorization": authorization(peer.token, peer.encoding),
            "x-request-id": request_id,
            "x-correlation-id": correlation_id,
            **({"content-type": "application/json"} if content is not None else {}),
            **headers,
        },
        content=content,
        timeout_s=timeout_s,
        correlation_id=correlation_id,
        request_id=request_id,
        confidential="credentials" in operation,
        between=_between(headers),
        code_of=codec.code_in,
    )


def _between(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """FROM and TO."""
    if "ocpi-from-party-id" not in headers or "ocpi-to-party-id" not in headers:
        return None
    sender, recipient = (f"{headers[f'ocpi-{x}-country-code']}*{headers[f'ocpi-{x}-party-id']}" for x in ("from", "to"))
    return sender, recipient


def routing_headers(partner: Partner, to: Routing) -> dict[str, str]:
    """The recipient is written as it writes itself."""
    role = next((held for held in partner.voices if held.party == to.recipient), None)
    country_code, party_id = spelled(role) if role else (to.recipient.country_code, to.recipient.party_id)
    return {
        "ocpi-to-country-code": country_code,
        "ocpi-to-party-id": party_id,
        "ocpi-from-country-code": to.sender.country_code,
        "ocpi-from-party-id": to.sender.party_id,
    }


def _joined(endpoint: str, path: Sequence[str], query: Mapping[str, str] | None = None) -> str:
    """One slash between them, each segment encoded."""
    url = "/".join([endpoint.rstrip("/"), *(quote(segment, safe="") for segment in path)])
    return f"{url}?{urlencode(query)}" if query else url


def _checked(answer: Answer, who: str) -> Received:
    """The envelope of a success. Raises what the answer means."""
    envelope = codec.received(answer.body)
    text = (envelope.status_message if envelope else None) or ""
    error = error_of(answer.status, envelope.status_code if envelope else None, text, who=who)
    if error is not None:
        raise error
    if envelope is None:
        raise Uncertain(f"{who}: the answer is no OCPI envelope")
    return envelope
