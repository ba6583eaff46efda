"""One request of a partner, and the answer to it."""

from functools import lru_cache
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl

from msgspec import Struct

from core.errors import Invalid, Refused
from core.model.ids import PartyId
from core.model.partner import Partner, PartnerState
from core.routing import agreed
from protocols.ocpi import codec
from protocols.ocpi.auth import Caller
from protocols.ocpi.codes import INVALID, NOT_CONNECTED, SUCCESS, UNKNOWN_RECEIVER, Failure
from protocols.ocpi.versions import Version
from protocols.ocpi.wire.types import CiString2, CiString3
from protocols.plugin import Hub

T = TypeVar("T")

_TO: Final = (b"ocpi-to-country-code", b"ocpi-to-party-id")
_FROM: Final = (b"ocpi-from-country-code", b"ocpi-from-party-id")


class Reply(Struct, frozen=True, kw_only=True):
    """`data` is encoded JSON, None where the specification defines none. `sender`: who answers, None: the hub."""

    data: bytes | None = None
    http: int = 200
    code: int = SUCCESS
    message: str | None = "Success"
    headers: tuple[tuple[str, str], ...] = ()
    sender: PartyId | None = None


class Ask:
    """What came. `args` are the decoded path segments behind the endpoint, `url` the endpoint's own absolute URL.

    `sender` and `recipient` are the parties of the routing headers; both None in config modules. `recipient` None in
    the others: no TO came."""

    __slots__ = (
        "args",
        "body",
        "correlation_id",
        "headers",
        "hub",
        "known",
        "query",
        "recipient",
        "request_id",
        "sender",
        "url",
        "version",
    )

    version: Version

    def __init__(self, hub: Hub, headers: dict[bytes, bytes], query: bytes, args: list[str], url: str) -> None:
        self.hub = hub
        self.headers = headers
        self.query = query_of(query)
        self.args = args
        self.url = url
        self.body = b""
        self.known: Caller | None = None
        self.sender: PartyId | None = None
        self.recipient: PartyId | None = None
        self.request_id = self._header(b"x-request-id") or hub.ids.uuid()
        self.correlation_id = self._header(b"x-correlation-id") or hub.ids.uuid()

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

    def read(self, wire_type: type[T]) -> T:
        """The body. Raises NotJson or Invalid."""
        return codec.read(self.body, wire_type)

    def _header(self, name: bytes) -> str | None:
        value = self.headers.get(name)
        return value.decode("latin-1") if value else None

    # --- routing headers

    async def route(self) -> None:
        """Reads FROM and TO of a functional request. Raises the answers that OCPI has for wrong ones."""
        self.sender = self._from()
        self.recipient = recipient = self._pair(*_TO)
        if recipient is None or recipient == self.hub.identity.party or self.partner.speaks_for(recipient):
            return
        partner = await self.hub.partners.by_party(recipient)
        if partner is None:
            raise Failure(UNKNOWN_RECEIVER, f"no party {recipient} is known here")
        if partner.state in (PartnerState.PLANNED, PartnerState.SUSPENDED) or not agreed(self.partner, partner):
            raise Failure(NOT_CONNECTED, f"{recipient} is not connected")

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

    def _pair(self, country: bytes, party: bytes) -> PartyId | None:
        country_code, party_id = self._header(country), self._header(party)
        if country_code is None and party_id is None:
            return None
        if country_code is None or party_id is None:
            missing = country if country_code is None else party
            raise Invalid(missing.decode(), "country code and party id come together")
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


def same_id(found: Any, wanted: str, path: str) -> None:
    """Raises Invalid where an id in the body differs from that of the URL; an id that a PATCH leaves out is fine."""
    if isinstance(found, str) and found.upper() != wanted.upper():
        raise Invalid(path, f"{found!r} in the body, {wanted!r} in the URL")


def same_owner(body: Any, owner: PartyId) -> None:
    """As same_id, for country code and party id."""
    same_id(body.country_code, owner.country_code, "$.country_code")
    same_id(body.party_id, owner.party_id, "$.party_id")


def query_of(text: bytes) -> dict[str, str]:
    """The first value of each parameter; unreadable ones are left out."""
    if not text:
        return {}
    pairs = parse_qsl(text.decode("latin-1"), keep_blank_values=True, errors="replace")
    return dict(reversed(pairs))
