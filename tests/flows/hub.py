"""A whole hub in one process: real services and plugins over fakes, partners as ASGI apps behind a network of names.

    async with TestHub.open([PLUGIN]) as hub:
        hub.network.serve("cpo.test", partner_app)
        answer = await hub.client.get("/ocpi/versions", headers=...)
        await hub.relay()          # tell everything that is to be told
        hub.storage.locations.held # what is stored

Nothing sleeps: time is `hub.clock`, and `relay` and `settle` run what the worker would run.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
from litestar import Litestar

from core.model.cdr import CdrSettlement
from core.model.delivery import Delivery
from core.model.ids import PartyId
from core.model.partner import Partner, PartnerState, PartyRole, Role
from core.ports.adapter import ProtocolAdapter
from core.services.authorisation import AuthorisationService
from core.services.billing import BillingService
from core.services.command_log import CommandLog
from core.services.commands import CommandService
from core.services.delivery import DeliveryService
from core.services.following import FollowingService
from core.services.keep_alive import KeepAlive
from core.services.locations import LocationService
from core.services.names import NameService
from core.services.partners import PartnerService
from core.services.presence import Presence
from core.services.prices import PriceService
from core.services.records import RecordService
from core.services.revisions import RevisionService
from core.services.sessions import SessionService
from core.services.tariffs import TariffService
from core.services.tokens import TokenService
from gateway.pins import BcryptPins
from protocols.plugin import Hub, HubIdentity, Outbound, ProtocolPlugin
from protocols.transport.http import HttpClient
from tests.fakes import FakeIds, FakeLedger, FakeProcesses, FakeStorage

PINS = BcryptPins(rounds=4)
HUB_URL = "https://hub.test"
HUB_PARTY = PartyId("NL", "HUB")

Answering = Callable[[httpx.Request], httpx.Response]


class Network(httpx.AsyncBaseTransport):
    """Names and who answers under them. A name without anybody refuses the connection. `seen` holds every request."""

    def __init__(self) -> None:
        self._hosts: dict[str, httpx.AsyncBaseTransport] = {}
        self.seen: list[httpx.Request] = []

    def serve(self, host: str, app: Any) -> None:
        """`app` is an ASGI application."""
        self._hosts[host] = httpx.ASGITransport(app)

    def answer(self, host: str, answering: Answering) -> None:
        """For a partner of one function; it may raise httpx errors."""
        self._hosts[host] = httpx.MockTransport(answering)

    def reach(self, host: str, transport: httpx.AsyncBaseTransport) -> None:
        """In another way than by this network."""
        self._hosts[host] = transport

    def silence(self, host: str) -> None:
        self._hosts.pop(host, None)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        transport = self._hosts.get(request.url.host)
        if transport is None:
            raise httpx.ConnectError(f"nobody answers at {request.url.host}")
        return await transport.handle_async_request(request)

    def requests_to(self, host: str, method: str | None = None) -> list[httpx.Request]:
        return [r for r in self.seen if r.url.host == host and method in (None, r.method)]


class TestHub:
    """All parts, by name; `client` speaks to the application without a socket."""

    __test__ = False

    def __init__(self, plugins: Sequence[ProtocolPlugin], **options: Any) -> None:
        self.network = Network()
        self.ids = FakeIds()
        self.storage: FakeStorage = options.pop("storage", None) or FakeStorage()
        self.clock = self.storage.clock
        self.processes = FakeProcesses()
        self.ledger = FakeLedger()
        self.presence = Presence(self.storage.sightings, self.clock)
        allow_private = options.pop("allow_private", True)
        self.http = HttpClient(
            self.storage.journal,
            self.clock,
            self.ids,
            allow_private=allow_private,
            transport=self.network,
            heard=self.presence.saw,
        )
        hotline = options.pop("hotline", None)
        identity = HubIdentity(party=HUB_PARTY, name="Test hub", public_url=HUB_URL, hotline=hotline)
        self.outbound = Outbound(
            identity=identity,
            http=self.http,
            credentials=self.storage.credentials,
            names=NameService(self.storage.names),
            cache=self.storage.cache,
            copies=self.storage.copies,
            clock=self.clock,
            ids=self.ids,
        )
        self.plugins = {plugin.id: plugin for plugin in plugins}
        self.adapters: dict[str, ProtocolAdapter] = {name: x.adapter(self.outbound) for name, x in self.plugins.items()}
        self.hub = self._hub(identity, **options)
        self.processes.service = self.hub.commands
        self.delivery = self._delivery()
        self.following = FollowingService(
            feeds=self.storage.feeds,
            registry=self.hub.partners,
            followers={name: plugin.follower(self.hub) for name, plugin in self.plugins.items()},
            clock=self.clock,
        )
        self.keep_alive = KeepAlive(
            partners=self.storage.partners,
            registry=self.hub.partners,
            presence=self.presence,
            adapters=self.adapters,
            clock=self.clock,
            ids=self.ids,
        )
        self.app = Litestar(
            [router for plugin in plugins for router in plugin.routers(self.hub)],
            request_max_body_size=self.hub.max_body_bytes,
            openapi_config=None,
            logging_config=None,
        )
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url=HUB_URL)

    @classmethod
    @asynccontextmanager
    async def open(cls, plugins: Sequence[ProtocolPlugin], **options: Any) -> AsyncIterator["TestHub"]:
        """`options`: `allow_private`, `hotline`, `storage` (of a hub that was there before), and switches of Hub such
        as `open_registration`."""
        hub = cls(plugins, **options)
        try:
            yield hub
        finally:
            await hub.client.aclose()
            await hub.http.aclose()

    async def add(self, document: dict[str, Any]) -> tuple[Partner, dict[str, Any]]:
        """What an operator does by the admin API: the partner, and what it is shown once."""
        plugin = self.plugins[document["protocol"]]
        now = self.clock.now()
        planned = Partner(
            id=self.ids.uuid(),
            name=document["name"],
            protocol=plugin.id,
            roles=tuple(roles_of(document["roles"])),
            created_at=now,
            updated_at=now,
        )
        made = plugin.new_partner(planned, document, self.outbound)
        partner = await self.hub.partners.add(made.partner, dict(made.secrets))
        return partner, dict(made.shown)

    async def connected(self, partner: Partner) -> Partner:
        """For protocols without a handshake: the partner as it is once it was heard of."""
        held = self.storage.partners.held[partner.id]
        return await self.storage.partners.update(_with_state(held, PartnerState.CONNECTED))

    async def relay(self) -> list[Delivery]:
        """Fan out and send until nothing is due; gives back what was settled."""
        settled: list[Delivery] = []
        while events := await self.storage.outbox.claim_events(100, 60):
            for event in events:
                await self.delivery.fan_out(event)
        while due := await self.storage.outbox.claim_deliveries(100, 60):
            settled += [await self.delivery.send(delivery) for delivery in due]
        return settled

    async def settle(self) -> list[CdrSettlement]:
        """One attempt for each CDR whose process was started."""
        await self.relay()
        return [await self.hub.billing.deliver(key) for key in self.processes.started]

    def _hub(self, identity: HubIdentity, **options: Any) -> Hub:
        storage, clock, ids = self.storage, self.clock, self.ids
        deadline_s = options.pop("authorise_deadline_s", 5.0)
        sessions = SessionService(
            sessions=storage.sessions,
            journeys=storage.journeys,
            locations=storage.locations,
            partners=storage.partners,
            adapters=self.adapters,
            clock=clock,
            ids=ids,
        )
        registry = PartnerService(storage.partners, storage.credentials, storage.outbox, self.presence, clock, ids)
        prices = PriceService(
            tariffs=storage.tariffs, evse_prices=storage.evse_prices, locations=storage.locations, clock=clock, ids=ids
        )
        return Hub(
            identity=identity,
            outbound=self.outbound,
            partners=registry,
            authorisation=AuthorisationService(
                tokens=storage.tokens,
                locations=storage.locations,
                journeys=storage.journeys,
                partners=storage.partners,
                adapters=self.adapters,
                cache=storage.cache,
                ledger=self.ledger,
                pins=PINS,
                clock=clock,
                ids=ids,
                deadline_s=deadline_s,
            ),
            locations=LocationService(storage.locations, storage.partners, clock, ids),
            tokens=TokenService(storage.tokens, storage.partners, clock, ids),
            sessions=sessions,
            tariffs=TariffService(storage.tariffs, storage.partners, clock, ids),
            prices=prices,
            commands=CommandService(
                log=CommandLog(records=storage.commands, partners=storage.partners, ledger=self.ledger, clock=clock),
                locations=self.storage.locations,
                journeys=self.storage.journeys,
                partners=self.storage.partners,
                sessions=sessions,
                adapters=self.adapters,
                processes=self.processes,
                clock=self.clock,
                ids=self.ids,
            ),
            billing=BillingService(
                registry=registry,
                prices=prices,
                cdrs=storage.cdrs,
                journeys=storage.journeys,
                sessions=storage.sessions,
                locations=storage.locations,
                tokens=storage.tokens,
                partners=storage.partners,
                adapters=self.adapters,
                processes=self.processes,
                ledger=self.ledger,
                clock=clock,
                ids=ids,
            ),
            records=RecordService(storage.records, storage.partners, clock, ids),
            revisions=RevisionService(
                cdrs=storage.cdrs,
                partners=storage.partners,
                adapters=self.adapters,
                processes=self.processes,
                clock=clock,
                ids=ids,
            ),
            credentials=storage.credentials,
            aliases=storage.aliases,
            sets=storage.sets,
            cache=storage.cache,
            journal=storage.journal,
            ledger=self.ledger,
            pins=PINS,
            clock=clock,
            ids=ids,
            **options,
        )

    def _delivery(self) -> DeliveryService:
        storage = self.storage
        return DeliveryService(
            outbox=storage.outbox,
            locations=storage.locations,
            tokens=storage.tokens,
            sessions=storage.sessions,
            tariffs=storage.tariffs,
            journeys=storage.journeys,
            cdrs=storage.cdrs,
            records=storage.records,
            partners=storage.partners,
            registry=self.hub.partners,
            prices=self.hub.prices,
            adapters=self.adapters,
            processes=self.processes,
            ledger=self.ledger,
            clock=self.clock,
            ids=self.ids,
        )


def roles_of(documents: Sequence[dict[str, str]]) -> list[PartyRole]:
    return [
        PartyRole(role=Role(one["role"]), party=PartyId.of(one["country_code"], one["party_id"])) for one in documents
    ]


def _with_state(partner: Partner, state: PartnerState) -> Partner:
    return msgspec.structs.replace(partner, state=state)
