"""Telling: an event becomes one delivery for each partner that is to know, and each delivery is tried as its policy
says."""

import logging
import time
from datetime import datetime
from typing import TypeVar

import msgspec

from core.errors import Busy, Rejected, RoamingError, StoreUnavailable, Unavailable, Uncertain, Unknown, Unsupported
from core.model.cdr import CdrState
from core.model.delivery import Attempt, Delivery, DeliveryState
from core.model.event import Event, EventKind
from core.model.location import Location
from core.model.partner import Partner, PartnerState, PartyRole, PartyStatus, Role
from core.model.session import Session
from core.ports.adapter import Call, ProtocolAdapter, Told
from core.ports.clock import Clock, Ids
from core.ports.ledger import Ledger
from core.ports.outbox import OutboxStore
from core.ports.prices import TariffStore
from core.ports.processes import Processes
from core.ports.registry import PartnerStore
from core.ports.stores import CdrStore, JourneyStore, LocationStore, RecordStore, SessionStore, TokenStore
from core.prices import as_charged
from core.retries import RetryPolicy, next_attempt, policy_for
from core.routing import TOLD_BY, recipients
from core.services.partners import PartnerService
from core.services.prices import PriceService

T = TypeVar("T")
HURRIED_AT_ONCE = 1000


log = logging.getLogger(__name__)


class DeliveryService:
    def __init__(
        self,
        *,
        outbox: OutboxStore,
        locations: LocationStore,
        tokens: TokenStore,
        sessions: SessionStore,
        tariffs: TariffStore,
        journeys: JourneyStore,
        cdrs: CdrStore,
        records: RecordStore,
        partners: PartnerStore,
        registry: PartnerService,
        prices: PriceService,
        adapters: dict[str, ProtocolAdapter],
        processes: Processes,
        ledger: Ledger,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._outbox = outbox
        self._locations = locations
        self._tokens = tokens
        self._sessions = sessions
        self._tariffs = tariffs
        self._journeys = journeys
        self._cdrs = cdrs
        self._records = records
        self._partners = partners
        self._registry = registry
        self._prices = prices
        self._adapters = adapters
        self._processes = processes
        self._ledger = ledger
        self._clock = clock
        self._ids = ids
        self._capabilities = {name: adapter.capabilities for name, adapter in adapters.items()}

    async def fan_out(self, event: Event) -> None:
        """Who must know gets a delivery, in one step with the end of the event. A CDR gets its process instead."""
        if event.kind is EventKind.CDR_ACCEPTED:
            await self._settle_cdr(event.key)
            await self._outbox.fan_out(event, [])
            return
        if event.kind is EventKind.PRICES_CHANGED:
            await self._prices.apply(event.owner, event.source)
            await self._outbox.fan_out(event, [])
            return
        if event.kind is EventKind.PARTY_CHANGED and event.part == PartnerState.CONNECTED and event.source:
            await self._outbox.hurry(event.source)
            await self._hurry_cdrs(event.source)
        owner = await self._partners.get(event.source) if event.source else None
        owner = owner or await self._partners.by_party(event.owner) or _departed(event)
        partners = await self._partners.all()
        waited_for = {partner.id for partner in partners if self._is_waited_for(event, partner)}
        told = recipients(event, owner, partners, self._capabilities, waited_for) if owner else []
        await self._outbox.fan_out(
            event, [self._delivery(event, partner) for partner in told if self._takes(event, owner, partner)]
        )

    def _is_waited_for(self, event: Event, partner: Partner) -> bool:
        """Whether it is told of this as often as it takes, for it cannot pull what it missed."""
        return partner.protocol in self._adapters and self._policy(event.kind, partner).attempts > 1

    def _policy(self, kind: EventKind, partner: Partner) -> RetryPolicy:
        return policy_for(kind, self._adapters[partner.protocol].retries(partner))

    async def _settle_cdr(self, key: str) -> None:
        """The gateway has started the process, as a rule: only a CDR that was not even tried yet may lack one."""
        settlement = await self._cdrs.get(key)
        if settlement is None or settlement.state is CdrState.ACCEPTED:
            await self._processes.settle_cdr(key)

    async def _hurry_cdrs(self, partner_id: str) -> None:
        """The partner is back: its CDRs need not wait for their next attempt."""
        waiting, _ = await self._cdrs.page(
            owners=None,
            recipients=[partner_id],
            updated_from=None,
            updated_to=None,
            offset=0,
            limit=HURRIED_AT_ONCE,
            states=[CdrState.WAITING],
        )
        for settlement in waiting:
            await self._processes.nudge_cdr(settlement.key)

    def _takes(self, event: Event, owner: Partner | None, partner: Partner) -> bool:
        if owner is not None and self._is_upstream(owner) and self._is_upstream(partner):
            return False
        return self._adapters[partner.protocol].takes(partner, TOLD_BY[event.kind])

    def _is_upstream(self, partner: Partner) -> bool:
        adapter = self._adapters.get(partner.protocol)
        return adapter is not None and adapter.is_upstream(partner)

    async def send(self, delivery: Delivery) -> Delivery:
        """One attempt; the outcome is on disk when this returns."""
        started = time.perf_counter()
        partner = await self._partners.get(delivery.partner)
        if partner is None or partner.state in (PartnerState.SUSPENDED, PartnerState.PLANNED):
            return await self._settle(delivery, DeliveryState.MISSED, started, "the partner is not connected")
        try:
            told = await self._tell(delivery, partner)
        except StoreUnavailable:  # ours: the partner was not asked, and the delivery comes again when its lease ends
            raise
        except Unavailable as error:
            if not isinstance(error, Busy):
                await self._registry.not_reached(partner.id)
            return await self._failed(delivery, partner, started, str(error), final=False)
        except Uncertain as error:
            return await self._failed(delivery, partner, started, str(error), final=False)
        except (Rejected, Unsupported) as error:
            return await self._failed(delivery, partner, started, str(error), final=True)
        except Unknown as error:
            return await self._settle(delivery, DeliveryState.SUPERSEDED, started, f"nothing to tell: {error}")
        except RoamingError as error:
            return await self._failed(delivery, partner, started, str(error), final=True)
        except Exception as error:  # a bug of ours would only repeat itself: in plain sight instead
            log.exception("delivery %s", delivery.id)
            return await self._failed(delivery, partner, started, f"the hub failed: {type(error).__name__}", final=True)
        await self._registry.reached(partner.id)
        state = DeliveryState.WITHHELD if told.withheld else DeliveryState.DELIVERED
        if told.losses:
            await self._note(delivery, told)
        return await self._settle(msgspec.structs.replace(delivery, losses=told.losses), state, started, None)

    async def _note(self, delivery: Delivery, told: Told) -> None:
        owner = await self._partners.by_party(delivery.owner)
        if owner is not None:
            what = TOLD_BY[delivery.kind].removeprefix("push_")
            self._ledger.note(what, source=owner.protocol, target=delivery.protocol, losses=told.losses)

    async def _tell(self, delivery: Delivery, partner: Partner) -> Told:
        adapter = self._adapters[partner.protocol]
        call = Call(
            partner=partner,
            correlation_id=delivery.correlation_id or self._ids.uuid(),
            sender=delivery.owner,
            recipient=delivery.recipient,
        )
        match delivery.kind:
            case EventKind.LOCATION_CHANGED:
                location = as_charged(await self._location(delivery.key), partner)
                return await adapter.push_location(await self._surrounded(call, location), location)
            case EventKind.EVSE_STATUS_CHANGED:
                location = as_charged(await self._location(delivery.key), partner)
                evse = location.evse(delivery.part or "")
                if evse is None:
                    raise Unknown("evse", delivery.part or "")
                return await adapter.push_evse_status(call, location, [evse])
            case EventKind.TOKEN_CHANGED:
                return await adapter.push_token(call, _held(await self._tokens.by_key(delivery.key), "token", delivery))
            case EventKind.SESSION_CHANGED:
                session = _held(await self._sessions.by_key(delivery.key), "session", delivery)
                journey = await self._journeys.get(session.journey_id) if session.journey_id else None
                call = await self._at(call, await self._place(session))
                return await adapter.push_session(call, session, journey)
            case EventKind.TARIFF_CHANGED:
                tariff = _held(await self._tariffs.by_key(delivery.key), "tariff", delivery)
                return await adapter.push_tariff(call, tariff)
            case EventKind.TARIFF_DELETED:
                tariff_id = delivery.part or delivery.key.partition("/")[2]
                return await adapter.delete_tariff(call, delivery.owner, tariff_id)
            case EventKind.BOOKING_LOCATION_CHANGED:
                record = _held(await self._records.by_key(delivery.key), "booking location", delivery)
                return await adapter.push_booking_location(call, record)
            case EventKind.PARTY_CHANGED:
                return await adapter.push_party_status(call, self._party_status(delivery))
            case EventKind.CDR_ACCEPTED | EventKind.PRICES_CHANGED:
                raise Unsupported("nobody is told of this as such")

    async def _at(self, call: Call, place: Location | None) -> Call:
        return await self._surrounded(msgspec.structs.replace(call, place=place), place) if place else call

    async def _surrounded(self, call: Call, location: Location) -> Call:
        if not self._adapters[call.partner.protocol].needs_surroundings(call.partner):
            return call
        owner = await self._partners.by_party(location.owner, Role.CPO)
        operator = owner.business_of(location.owner) if owner else None
        found = [await self._tariffs.get(location.owner, tariff_id) for tariff_id in location.tariff_ids]
        return msgspec.structs.replace(call, operator=operator, tariffs=tuple(filter(None, found)))

    async def _place(self, session: Session) -> Location | None:
        return await self._locations.get(session.owner, session.location_id) if session.location_id else None

    async def _location(self, key: str) -> Location:
        found = await self._locations.by_keys([key])
        if not found:
            raise Unknown("location", key)
        return found[0][1]

    def _party_status(self, delivery: Delivery) -> PartyStatus:
        role = delivery.key.partition("/")[2]
        return PartyStatus(
            party=delivery.owner,
            role=Role(role),
            state=PartnerState(delivery.part or PartnerState.PLANNED),
            updated_at=delivery.created_at,
        )

    def _delivery(self, event: Event, partner: Partner) -> Delivery:
        part = None if event.kind is EventKind.PARTY_CHANGED else event.part
        return Delivery(
            id=self._ids.uuid(),
            event_id=event.id,
            partner=partner.id,
            protocol=partner.protocol,
            kind=event.kind,
            key=event.key,
            part=event.part,
            owner=event.owner,
            recipient=event.recipient,
            coalesce=f"{partner.id}/{event.kind}/{event.key}/{part or ''}",
            due_at=event.at,
            correlation_id=event.correlation_id,
            created_at=event.at,
        )

    async def _failed(
        self, delivery: Delivery, partner: Partner, started: float, error: str, *, final: bool
    ) -> Delivery:
        """Try again as the policy says; a push that is tried once is MISSED (its receiver pulls), others end DEAD."""
        policy = self._policy(delivery.kind, partner)
        again = None if final else next_attempt(policy, len(delivery.attempts) + 1, self._clock.now())
        if again is not None:
            return await self._settle(delivery, DeliveryState.PENDING, started, error, due_at=again)
        state = DeliveryState.MISSED if policy.attempts == 1 and not final else DeliveryState.DEAD
        return await self._settle(delivery, state, started, error)

    async def _settle(
        self,
        delivery: Delivery,
        state: DeliveryState,
        started: float,
        error: str | None,
        due_at: datetime | None = None,
    ) -> Delivery:
        now = self._clock.now()
        attempt = Attempt(at=now, duration_ms=round((time.perf_counter() - started) * 1000), error=error)
        settled = msgspec.structs.replace(
            delivery,
            state=state,
            attempts=(*delivery.attempts, attempt),
            due_at=due_at or delivery.due_at,
            settled_at=None if state is DeliveryState.PENDING else now,
        )
        await self._outbox.settle(settled)
        return settled


def _departed(event: Event) -> Partner | None:
    """Whose party is told of, where the partner has been removed meanwhile: as if it had been open to everybody."""
    if event.kind is not EventKind.PARTY_CHANGED:
        return None
    role = PartyRole(role=Role(event.key.partition("/")[2]), party=event.owner)
    return Partner(id=event.source or "", name="", protocol="", roles=(role,), created_at=event.at, updated_at=event.at)


def _held(found: T | None, what: str, delivery: Delivery) -> T:
    if found is None:
        raise Unknown(what, delivery.key)
    return found
