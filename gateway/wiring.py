"""Builds everything once, and takes it down again."""

from typing import TypeAlias

from litestar.di import NamedDependency
from litestar.params import SkipValidation
from msgspec import Struct

from core.model.ids import PartyId
from core.ports.adapter import ProtocolAdapter
from core.ports.stores import Kept
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
from core.services.retention import Retention
from core.services.revisions import RevisionService
from core.services.sessions import SessionService
from core.services.tariffs import TariffService
from core.services.tokens import TokenService
from gateway.clock import RandomIds, SystemClock
from gateway.metrics import Metrics
from gateway.pins import BcryptPins
from gateway.protocols import plugins
from gateway.renewal import Renewal
from gateway.settings import Settings
from gateway.storage import Storage
from gateway.workflows.processes import TemporalProcesses
from protocols.plugin import Hub, HubIdentity, Outbound, ProtocolPlugin
from protocols.transport.http import HttpClient


class Assembly(Struct, frozen=True, kw_only=True):
    """All parts of one process: a gateway uses `hub`, a worker uses `billing`, `delivery` and `following`."""

    settings: Settings
    storage: Storage
    processes: TemporalProcesses
    http: HttpClient
    plugins: dict[str, ProtocolPlugin]
    adapters: dict[str, ProtocolAdapter]
    hub: Hub
    delivery: DeliveryService
    following: FollowingService
    keep_alive: KeepAlive
    retention: Retention
    renewal: Renewal
    metrics: Metrics

    async def close(self) -> None:
        await self.http.aclose()
        await self.storage.close()


Assembled: TypeAlias = NamedDependency[SkipValidation[Assembly]]
"""How a handler asks for it."""


async def assemble(settings: Settings) -> Assembly:
    clock, ids = SystemClock(), RandomIds()
    storage = await Storage.open(
        settings.mongodb_url,
        settings.mongodb_database,
        settings.redis_url,
        settings.secret_key.value,
        journal_days=settings.keep_days["journal"],
    )
    metrics = Metrics(storage.tallies)
    processes = TemporalProcesses(settings.temporal_address, settings.temporal_namespace, settings.temporal_task_queue)
    presence = Presence(storage.sightings, clock, settings.silence_s)
    http = HttpClient(
        storage.journal,
        clock,
        ids,
        allow_private=settings.allow_private_addresses,
        meter=metrics.call,
        heard=presence.saw,
    )
    outbound = Outbound(
        identity=_identity(settings),
        http=http,
        credentials=storage.credentials,
        names=NameService(storage.names),
        cache=storage.cache,
        copies=storage.copies,
        clock=clock,
        ids=ids,
    )
    known = plugins()
    adapters = {name: plugin.adapter(outbound) for name, plugin in known.items()}
    registry = PartnerService(storage.partners, storage.credentials, storage.outbox, presence, clock, ids)
    prices = PriceService(
        tariffs=storage.tariffs, evse_prices=storage.evse_prices, locations=storage.locations, clock=clock, ids=ids
    )
    billing = BillingService(
        registry=registry,
        prices=prices,
        cdrs=storage.cdrs,
        journeys=storage.journeys,
        sessions=storage.sessions,
        locations=storage.locations,
        tokens=storage.tokens,
        partners=storage.partners,
        adapters=adapters,
        processes=processes,
        ledger=metrics,
        clock=clock,
        ids=ids,
    )
    sessions = SessionService(
        sessions=storage.sessions,
        journeys=storage.journeys,
        locations=storage.locations,
        partners=storage.partners,
        adapters=adapters,
        clock=clock,
        ids=ids,
    )
    pins = BcryptPins()
    hub = Hub(
        identity=outbound.identity,
        outbound=outbound,
        partners=registry,
        authorisation=AuthorisationService(
            tokens=storage.tokens,
            locations=storage.locations,
            journeys=storage.journeys,
            partners=storage.partners,
            adapters=adapters,
            cache=storage.cache,
            ledger=metrics,
            pins=pins,
            clock=clock,
            ids=ids,
            deadline_s=settings.authorise_deadline_s,
        ),
        locations=LocationService(storage.locations, storage.partners, clock, ids),
        tokens=TokenService(storage.tokens, storage.partners, clock, ids),
        sessions=sessions,
        tariffs=TariffService(storage.tariffs, storage.partners, clock, ids),
        prices=prices,
        billing=billing,
        records=RecordService(storage.records, storage.partners, clock, ids),
        revisions=RevisionService(
            cdrs=storage.cdrs,
            partners=storage.partners,
            adapters=adapters,
            processes=processes,
            clock=clock,
            ids=ids,
        ),
        commands=CommandService(
            log=CommandLog(records=storage.commands, partners=storage.partners, ledger=metrics, clock=clock),
            locations=storage.locations,
            journeys=storage.journeys,
            partners=storage.partners,
            sessions=sessions,
            adapters=adapters,
            processes=processes,
            clock=clock,
            ids=ids,
        ),
        credentials=storage.credentials,
        aliases=storage.aliases,
        sets=storage.sets,
        cache=storage.cache,
        journal=storage.journal,
        ledger=metrics,
        pins=pins,
        clock=clock,
        ids=ids,
        open_registration=settings.open_registration,
        trusted_proxies=settings.trusted_proxies,
        max_body_bytes=settings.max_body_bytes,
        without=settings.ocpi_without,
    )
    delivery = DeliveryService(
        outbox=storage.outbox,
        locations=storage.locations,
        tokens=storage.tokens,
        sessions=storage.sessions,
        tariffs=storage.tariffs,
        journeys=storage.journeys,
        cdrs=storage.cdrs,
        records=storage.records,
        partners=storage.partners,
        registry=registry,
        prices=prices,
        adapters=adapters,
        processes=processes,
        ledger=metrics,
        clock=clock,
        ids=ids,
    )
    following = FollowingService(
        feeds=storage.feeds,
        registry=registry,
        followers={name: plugin.follower(hub) for name, plugin in known.items()},
        clock=clock,
        kept_days=settings.keep_days,
    )
    keep_alive = KeepAlive(
        partners=storage.partners, registry=registry, presence=presence, adapters=adapters, clock=clock, ids=ids
    )
    return Assembly(
        settings=settings,
        storage=storage,
        processes=processes,
        http=http,
        plugins=known,
        adapters=adapters,
        hub=hub,
        delivery=delivery,
        following=following,
        keep_alive=keep_alive,
        renewal=Renewal(hub, known, settings.renew_tokens_days),
        retention=Retention(storage.retention, clock, _kept_days(settings)),
        metrics=metrics,
    )


def _kept_days(settings: Settings) -> dict[Kept, int]:
    return {kind: settings.keep_days[kind.value] for kind in Kept if kind.value in settings.keep_days}


def _identity(settings: Settings) -> HubIdentity:
    return HubIdentity(
        party=PartyId.of(settings.hub_country_code, settings.hub_party_id, "CHARGESPHERE_HUB_PARTY_ID"),
        name=settings.hub_name,
        public_url=settings.public_url.rstrip("/"),
        hotline=settings.hotline or None,
    )
