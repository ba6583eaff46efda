"""The one face of a protocol that the gateway sees.

A protocol is a folder under `protocols/` (or an installed distribution with an entry point in the group
`chargesphere.protocols`) whose `plugin.py` holds `PLUGIN`, an object that fulfils `ProtocolPlugin`.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from litestar import Router
from msgspec import Struct

from core.model.ids import PartyId
from core.model.loss import Loss
from core.model.partner import CredentialKind, Partner
from core.ports.adapter import ProtocolAdapter
from core.ports.cache import Cache
from core.ports.clock import Clock, Ids
from core.ports.copies import CopyStore
from core.ports.feeds import Follower
from core.ports.journal import Journal
from core.ports.ledger import Ledger
from core.ports.pins import Pins
from core.ports.registry import CredentialStore
from core.ports.stores import AliasStore, SetStore
from core.services.authorisation import AuthorisationService
from core.services.billing import BillingService
from core.services.commands import CommandService
from core.services.locations import LocationService
from core.services.names import NameService
from core.services.partners import PartnerService
from core.services.prices import PriceService
from core.services.records import RecordService
from core.services.revisions import RevisionService
from core.services.sessions import SessionService
from core.services.tariffs import TariffService
from core.services.tokens import TokenService
from protocols.checking import CheckReport
from protocols.transport.certificates import Network
from protocols.transport.http import HttpClient


class HubIdentity(Struct, frozen=True, kw_only=True):
    """Who the hub is to its partners. `public_url` has no slash at its end.

    `hotline` is its telephone number for drivers, which stands in where an operator gives none; None: nothing does."""

    party: PartyId
    name: str
    public_url: str
    hotline: str | None = None


class Outbound(Struct, frozen=True, kw_only=True):
    """What an adapter needs in order to call partners."""

    identity: HubIdentity
    http: HttpClient
    credentials: CredentialStore
    names: NameService
    cache: Cache
    copies: CopyStore
    clock: Clock
    ids: Ids


class Hub(Struct, frozen=True, kw_only=True):
    """What a protocol's server needs in order to answer partners.

    `open_registration`: partners may register without having been added (embedded stack only). `trusted_proxies`:
    addresses whose client-certificate header is believed. `max_body_bytes` bounds every request. `without`: optional
    modules of protocols that this hub does not offer."""

    identity: HubIdentity
    outbound: Outbound
    partners: PartnerService
    authorisation: AuthorisationService
    locations: LocationService
    tokens: TokenService
    sessions: SessionService
    tariffs: TariffService
    prices: PriceService
    billing: BillingService
    records: RecordService
    revisions: RevisionService
    commands: CommandService
    credentials: CredentialStore
    aliases: AliasStore
    sets: SetStore
    cache: Cache
    journal: Journal
    ledger: Ledger
    pins: Pins
    clock: Clock
    ids: Ids
    open_registration: bool = False
    trusted_proxies: tuple[Network, ...] = ()
    max_body_bytes: int = 64 * 1024 * 1024
    without: frozenset[str] = frozenset()

    async def note_fetched(self, what: str, owner: PartyId, target: str, losses: Sequence[Loss]) -> None:
        """Counts what partners do not see of what they fetch; what is sent to them is counted where it is sent."""
        source = await self.partners.by_party(owner) if losses else None
        if source is not None:
            self.ledger.note(what, source=source.protocol, target=target, losses=losses)


class NewPartner(Struct, frozen=True, kw_only=True):
    """What a protocol makes of an operator's wish to add a partner.

    `secrets` are stored; `shown` is given back once, in the words of contract (`token_a`, `api_key`, `base_url`...)."""

    partner: Partner
    secrets: Mapping[CredentialKind, str]
    shown: Mapping[str, Any]


class ProtocolPlugin(Protocol):
    """`id` is the protocol's id in partners and settings: `ocpi`, `oicp`."""

    @property
    def id(self) -> str: ...

    def routers(self, hub: Hub) -> Sequence[Router]:
        """What partners call. Each router claims RoamingError and HTTPException: no partner sees a foreign envelope."""
        ...

    def adapter(self, outbound: Outbound) -> ProtocolAdapter: ...

    def follower(self, hub: Hub) -> Follower:
        """The way in for what partners list and do not push: `Follower()` where there is nothing to fetch."""
        ...

    def new_partner(self, partner: Partner, document: Mapping[str, Any], outbound: Outbound) -> NewPartner:
        """Complete a partner that an operator adds: settings from the rest of the document, secrets, what to show.

        `partner` has id, name, protocol and roles. Raises Invalid naming the member that is missing or wrong."""
        ...

    async def check(self, hub: Hub, partner: Partner) -> CheckReport:
        """A live look at a connected partner, that changes nothing there and is bounded in time and calls. Raises
        Unsupported where the protocol has nothing harmless to ask, Invalid for a partner that is not connected."""
        ...

    def secrets_since(self, partner: Partner) -> datetime | None:
        """When a handshake last changed the secrets between the partner and the hub. None: this protocol has none, or
        the partner is not connected; else `connect` with an empty document changes them."""
        ...

    async def connect(self, hub: Hub, partner: Partner, document: Mapping[str, Any]) -> Partner:
        """Begin the protocol's handshake towards the partner. Raises Unsupported where the protocol has none."""
        ...
