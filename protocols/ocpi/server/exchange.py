"""One request of a partner, and the answer to it."""

from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, quote

from msgspec import Struct

from core.errors import Invalid, Refused
from core.model.ids import ContractId, PartyId
from core.model.location import location_key
from core.model.name import NameKind
from core.model.partner import Partner, PartnerState, Role
from core.routing import agreed, both_hubs, concerns
from mappings.ocpi.tokens import token_to_ocpi
from protocols.ocpi import codec
from protocols.ocpi.auth import Caller
from protocols.ocpi.codes import INVALID, NOT_CONNECTED, SUCCESS, UNKNOWN_RECEIVER, Failure
from protocols.ocpi.dialect import Dialect, dialect_of, places_of
from protocols.ocpi.server.surroundings import surroundings
from protocols.ocpi.settings import settings_of
from protocols.ocpi.versions import V2_3_0, VERSIONS, Version, hub_role, version_of
from protocols.ocpi.wire import tokens as wire_tokens
from protocols.ocpi.wire.types import CiString2, CiString3
from protocols.plugin import Hub

T = TypeVar("T")

_TO: Final = ("ocpi-to-country-code", "ocpi-to-party-id")
_FROM: Final = ("ocpi-from-country-code", "ocpi-from-party-id")
ROUTING: Final = (*_TO, *_FROM)
_CLOSED: Final = frozenset({PartnerState.PLANNED, PartnerState.SUSPENDED})
_SENT_BY_EMSPS: Final = frozenset({"tokens", "commands", "chargingprofiles", "payments"})
"""Modules whose sender is on the eMSP's side and whose receiver the operator; with the others it is the other way
round."""


class Side(Struct, frozen=True):
    """One party at its platform, which speaks OCPI like the platform at the other side, perhaps in another version."""

    partner: Partner
    party: PartyId

    @property
    def version(self) -> Version:
        return version_of(self.partner)


class Owned(Struct):
    """As much of a message as it takes to see whose it is."""

    country_code: str
    party_id: str

    @property
    def owner(self) -> PartyId:
        return PartyId.of(self.country_code, self.party_id, "$.party_id")


class OfToken(Struct):
    """As much of a Session or CDR as it takes to find its eMSP."""

    cdr_token: Owned


class Contract(Struct):
    """As much of a Session or CDR of 2.1.1 as it takes to find its token."""

    auth_id: str | None = None


class Reply(Struct, frozen=True, kw_only=True):
    """`data` is encoded JSON, None where the specification defines none. `sender`: who answers, None: the hub.

    `whole`: a partner's answer, with the envelope that it came in; then `data` and `message` are not looked at."""

    data: bytes | None = None
    whole: bytes | None = None
    http: int = 200
    code: int = SUCCESS
    message: str | None = "Success"
    headers: tuple[tuple[str, str], ...] = ()
    sender: PartyId | None = None


class Ask:
    """What came. `path` is that of the endpoint (`locations/receiver`), `url` its absolute URL, `args` are the decoded
    segments behind it, `remainder` the same as they came; `raw_query` likewise.

    `sender` and `recipient` are the parties of the routing headers; both None in config modules. `recipient` None in
    the others: no TO came. `straight`: where a request that one party addressed to another is passed on; None: it is
    for the hub, or for a party of another protocol. `about`: what the dialect knows of what messages refer to;
    `owners`: whose objects it names, where the caller's own names for them say it, by the id in capitals."""

    __slots__ = (
        "about",
        "args",
        "body",
        "correlation_id",
        "headers",
        "hub",
        "known",
        "method",
        "owners",
        "path",
        "query",
        "raw_query",
        "recipient",
        "remainder",
        "request_id",
        "sender",
        "straight",
        "url",
        "version",
    )

    version: Version
    """That of the URL."""

    def __init__(self, hub: Hub, method: str, headers: dict[bytes, bytes], query: bytes) -> None:
        self.hub = hub
        self.method = method
        self.headers = headers
        self.raw_query = query.decode("latin-1")
        self.query = query_of(self.raw_query)
        self.path = self.url = self.remainder = ""
        self.args: list[str] = []
        self.body = b""
        self.known: Caller | None = None
        self.sender: PartyId | None = None
        self.recipient: PartyId | None = None
        self.straight: Side | None = None
        self.version = V2_3_0
        self.about: dict[str, Any] = {}
        self.owners: dict[tuple[NameKind, str], PartyId] = {}
        self.request_id = self.header("x-request-id") or hub.ids.uuid()
        self.correlation_id = self.header("x-correlation-id") or hub.ids.uuid()

    @property
    def caller(self) -> Caller:
        """Raises Refused for one who has shown no token (only where registration is open)."""
        if self.known is None:
            raise Refused("an Authorization header is required", authenticated=False)
        return self.known

    @property
    def partner(self) -> Partner:
        return self.caller.partner

    @property
    def to_hub(self) -> bool:
        return self.recipient == self.hub.identity.party

    @property
    def addressed(self) -> PartyId | None:
        """The one other party that the caller addressed, if it did."""
        return None if self.to_hub else self.recipient

    @property
    def asking(self) -> PartyId:
        """The party in whose name a functional request came."""
        if self.sender is None:
            raise Invalid("OCPI-from-party-id", "is required")
        return self.sender

    @property
    def side(self) -> Side:
        """Who asks."""
        return Side(self.partner, self.asking)

    def read(self, wire_type: type[T]) -> T:
        """The body. Raises NotJson or Invalid."""
        return self.dialect.read(self.body, wire_type)

    def write(self, message: Any) -> bytes:
        """For `data`, as the caller's version says it. Raises Unsayable."""
        return self.dialect.write(message)

    @property
    def dialect(self) -> Dialect:
        """That of the version in the URL."""
        partner = self.known.partner if self.known else None
        identity, now = self.hub.identity, self.hub.clock.now()
        return dialect_of(partner, hub_role(identity), now, self.version, **self.about)

    # --- what versions without references refer to

    async def look_up(self) -> None:
        """The token of a session's or CDR's contract, before the body is read."""
        if not self.version.single_party or self.path not in ("sessions/receiver", "cdrs/receiver"):
            return
        self.about["tokens"] = await tokens_named(self.hub, self.partner, self.body)

    async def learn_places(self, named: Iterable[tuple[PartyId, str | None]]) -> None:
        """The places of sessions and CDRs, before they are written."""
        if self.version.single_party:
            keys = {location_key(owner, location_id) for owner, location_id in named if location_id}
            found = [location for _, location in await self.hub.locations.by_keys(sorted(keys))]
            self.about |= {"places": places_of(found), **await surroundings(self.version, self.hub, found)}

    def crosses(self, to: Side) -> bool:
        """Whether what is said to this party has to be put in other words: its version is another, or it has names of
        its own for what it is told of."""
        return to.version is not self.version or to.version.single_party

    def check_response_url(self, url: str, path: str = "$.response_url") -> str:
        """Raises Invalid for one that the hub may not call, or that leads away from the caller."""
        return settings_of(self.partner).check_home(self.hub.outbound.http.check_url(url, path), path)

    def rename(self, place: int, text: str) -> None:
        """An argument of the path."""
        segments = self.remainder.split("/")
        self.args[place], segments[place] = text, quote(text, safe="")
        self.remainder = "/".join(segments)

    def header(self, name: str) -> str | None:
        """`name` in lower case."""
        value = self.headers.get(name.encode())
        return value.decode("latin-1") if value else None

    # --- routing headers

    async def route(self) -> None:
        """Reads FROM and TO of a functional request. Raises the answers that OCPI has for wrong ones."""
        if self.version.single_party:
            self.sender = self.partner.parties[0]
            self.recipient = self.hub.identity.party if self._for_the_hub() else None
            return
        self.sender = self._from()
        self.recipient = self._pair(*_TO)
        if self.addressed is not None:
            self.straight = await self.way_to(self.addressed)

    def _for_the_hub(self) -> bool:
        """Whether a request without routing headers concerns no other party: a list, what everybody is told, an owner's
        look at the hub's copy."""
        module, _, interface = self.path.partition("/")
        if interface == "sender":
            return not self.args
        return self.method == "GET" or module in ("locations", "tariffs", "tokens")

    async def way_to(self, party: PartyId) -> Side | None:
        """Where a request for this party is passed on; None: it has to be translated into another protocol. Raises
        Failure 4001 or 4003 for one that cannot be written to at all."""
        own = self.partner.speaks_for(party) and not self.partner.is_hub
        partner = self.partner if own else await self._platform_of(party)
        return self.admitted(partner, party)

    async def _platform_of(self, party: PartyId) -> Partner:
        """The one that has this party in the role that the endpoint is for, if several have it."""
        module, _, interface = self.path.partition("/")
        role = Role.EMSP if (module in _SENT_BY_EMSPS) == (interface == "sender") else Role.CPO
        partners = self.hub.partners
        partner = await partners.by_party(party, role) or await partners.by_party(party)
        if partner is None or both_hubs(self.partner, partner):
            if await partners.has_left(party):
                raise Failure(NOT_CONNECTED, f"{party} is not connected any more")
            raise Failure(UNKNOWN_RECEIVER, f"no party {party} is known here")
        return partner

    def admitted(self, partner: Partner, party: PartyId) -> Side | None:
        """As `way_to`, for a party of this platform. What is no OCPI of a version that the hub speaks takes the way
        through the canonical model, and here it parts from it."""
        closed = partner.standing_of(party) in _CLOSED or not agreed(self.partner, partner)
        if closed and partner.id != self.partner.id:
            raise Failure(NOT_CONNECTED, f"{party} is not connected")
        if partner.id != self.partner.id and not self._concerned(partner, party):
            raise Failure(
                NOT_CONNECTED, f"there are no messages between {self.partner.name} and {party} in their roles"
            )
        alike = partner.protocol == self.partner.protocol and partner.version in VERSIONS
        return Side(partner, party) if alike else None

    def _concerned(self, partner: Partner, party: PartyId) -> bool:
        """Whether the party is shown to the caller at all: who answers the hub does not always look at FROM."""
        return any(concerns(self.partner, held.role) for held in partner.voices if held.party == party)

    def _from(self) -> PartyId:
        party = self._pair(*_FROM)
        if party is None:
            parties = self.partner.parties
            if len(parties) != 1:
                raise Invalid("OCPI-from-party-id", "is required of a platform with several parties")
            return parties[0]
        if not self.partner.speaks_for(party):
            raise Failure(INVALID, f"FROM names {party}, which is no party of {self.partner.name}", 403)
        return party

    def _pair(self, country: str, party: str) -> PartyId | None:
        country_code, party_id = self.header(country), self.header(party)
        if country_code is None and party_id is None:
            return None
        if country_code is None or party_id is None:
            missing = country if country_code is None else party
            raise Invalid(missing, "country code and party id come together")
        try:
            return _party(country_code, party_id)
        except Invalid:
            raise Failure(UNKNOWN_RECEIVER, f"no party {country_code}*{party_id} is known here") from None

    # --- paths of client-owned objects

    def owner(self) -> PartyId:
        """The party in `/{country_code}/{party_id}/...`, if it is one of the caller's; else HTTP 404."""
        try:
            party = _party(self.args[0], self.args[1])
        except Invalid as error:
            raise Failure(INVALID, str(error), 404) from None
        if not self.partner.speaks_for(party):
            raise Failure(INVALID, f"{party} is no party of {self.partner.name}", 404)
        return party


@lru_cache(maxsize=4096)
def _party(country_code: str, party_id: str) -> PartyId:
    return PartyId.of(
        codec.checked_text(country_code, CiString2, "country_code"),
        codec.checked_text(party_id, CiString3, "party_id"),
    )


async def tokens_named(hub: Hub, operator: Partner, body: bytes) -> dict[str, wire_tokens.Token]:
    """The token of the contract that a session or CDR of 2.1.1 names, for About."""
    with suppress(Invalid):  # what is wrong with the body is said when it is read
        auth_id = codec.read_bare(body, Contract).auth_id
        if auth_id and (token := await hub.tokens.of_contract(operator, ContractId.parse(auth_id))):
            return {auth_id: token_to_ocpi(token)}
    return {}


def same_id(found: Any, wanted: str, path: str) -> None:
    """Raises Invalid where an id in the body differs from that of the URL; an id that a PATCH leaves out is fine."""
    if isinstance(found, str) and found.upper() != wanted.upper():
        raise Invalid(path, f"{found!r} in the body, {wanted!r} in the URL")


def same_owner(body: Any, owner: PartyId) -> None:
    """As same_id, for country code and party id."""
    same_id(body.country_code, owner.country_code, "$.country_code")
    same_id(body.party_id, owner.party_id, "$.party_id")


def query_of(text: str) -> dict[str, str]:
    """The first value of each parameter; unreadable ones are left out."""
    if not text:
        return {}
    pairs = parse_qsl(text, keep_blank_values=True, errors="replace")
    return dict(reversed(pairs))
