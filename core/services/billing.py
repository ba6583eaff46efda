"""Charge detail records: accepted once, on disk before the answer, delivered for certain."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import NAMESPACE_OID, uuid5

import msgspec

from core.errors import Invalid, RoamingError, StoreUnavailable, Unavailable, Uncertain, Unknown, Unsupported
from core.model.authorisation import Answered, Journey, JourneyState
from core.model.cdr import CURRENT, UNDECIDED, Cdr, CdrSettlement, CdrState, digest
from core.model.event import Event, EventKind
from core.model.ids import PartyId
from core.model.location import Location
from core.model.loss import Loss, LossKind
from core.model.partner import Partner, Role
from core.model.quantities import LARGEST
from core.model.session import CdrToken, ChargingPeriod, Dimension, SessionStatus
from core.model.tariff import Tariff
from core.ports.adapter import Call, Capability, ProtocolAdapter, Told
from core.ports.clock import Clock, Ids
from core.ports.ledger import Ledger
from core.ports.processes import Processes
from core.ports.stores import (
    CdrStore,
    JourneyStore,
    LocationStore,
    PartnerStore,
    SessionStore,
    TokenStore,
)
from core.pricing import Consumption, price
from core.services.cards import billed_card
from core.services.partners import PartnerService, owner_of
from core.services.sessions import auth_method_of, is_ours, session_changed, with_its_issuer

T = TypeVar("T", bound=msgspec.Struct)
AUTHORISED_BEFORE = timedelta(hours=1)
"""So long before the start of charging may its authorisation lie (a driver parks, asks, and plugs in)."""


class BillingService:
    """CDRs. `accept` is the gateway's half, the rest is used by the settlement process."""

    def __init__(
        self,
        *,
        cdrs: CdrStore,
        journeys: JourneyStore,
        sessions: SessionStore,
        locations: LocationStore,
        tokens: TokenStore,
        partners: PartnerStore,
        registry: PartnerService,
        adapters: dict[str, ProtocolAdapter],
        processes: Processes,
        ledger: Ledger,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._cdrs = cdrs
        self._journeys = journeys
        self._sessions = sessions
        self._locations = locations
        self._tokens = tokens
        self._partners = partners
        self._registry = registry
        self._adapters = adapters
        self._processes = processes
        self._ledger = ledger
        self._clock = clock
        self._ids = ids

    async def accept(
        self, caller: Partner, cdr: Cdr, journey: Journey | None = None, correlation_id: str | None = None
    ) -> tuple[CdrSettlement, bool]:
        """Store the CDR and start its settlement. The second value is False if we already held exactly this CDR.

        `journey` if the caller's protocol names it. Raises Refused (not the caller's CDR), Unknown (no such eMSP),
        Invalid (implausible, or the id was used for another content)."""
        owner_of(caller, cdr.owner, "$.party_id")
        check_plausible(cdr)
        journey = journey or await self._journey_of(cdr)
        recipient = await self._recipient(cdr, journey)
        journey = journey or await self._begun_by_a_list(cdr, caller, recipient)
        cdr = msgspec.structs.replace(cdr, journey_id=journey.id if journey else None)
        now = self._clock.now()
        settlement = CdrSettlement(
            cdr=cdr, digest=digest(cdr), sender=caller.id, recipient=recipient.id, accepted_at=now
        )
        event = Event(
            id=self._ids.uuid(),
            kind=EventKind.CDR_ACCEPTED,
            key=cdr.key,
            owner=cdr.owner,
            source=caller.id,
            correlation_id=correlation_id,
            at=now,
        )
        held = await self._cdrs.accept(settlement, event=event)
        if held.digest != settlement.digest:
            raise Invalid("$.id", f"CDR {cdr.id} was already received with another content")
        created = held.accepted_at == now
        if created:
            await self._start(cdr.key)
        return held, created

    async def get(self, key: str) -> CdrSettlement:
        settlement = await self._cdrs.get(key)
        if settlement is None:
            raise Unknown("cdr", key)
        return settlement

    async def fetch(
        self,
        reader: Partner,
        updated_from: datetime | None,
        updated_to: datetime | None,
        offset: int,
        limit: int,
        states: tuple[CdrState, ...] | None = None,
        owners: tuple[PartyId, ...] | None = None,
    ) -> tuple[list[CdrSettlement], int]:
        """The CDRs that are for the reader, delivered or not, of these owners (None: of all). Changes nothing.

        Without `states` those that its operator has not taken back."""
        return await self._cdrs.page(
            owners=owners,
            recipients=[reader.id],
            updated_from=updated_from,
            updated_to=updated_to,
            offset=offset,
            limit=limit,
            states=CURRENT if states is None else states,
        )

    async def deliver(self, key: str) -> CdrSettlement:
        """One attempt, and what came of it, on disk. Called again and again by the process until the state is final.

        WAITING asks for another attempt; DELIVERED, FETCHABLE, REFUSED and UNDELIVERABLE are ends."""
        settlement = await self.get(key)
        if settlement.state not in (CdrState.ACCEPTED, CdrState.DELIVERING, CdrState.WAITING):
            return settlement
        if settlement.state is CdrState.ACCEPTED:
            await self._close_session(settlement)
        partner = await self._partners.get(settlement.recipient or "")
        if partner is None:
            return await self._settled(settlement, CdrState.UNDELIVERABLE, "the recipient is not connected any more")
        adapter = self._adapters[partner.protocol]
        if Capability.PUSH_CDR not in adapter.capabilities or not adapter.answers(partner):
            return await self._settled(settlement, CdrState.FETCHABLE, None)
        if settlement.state is CdrState.DELIVERING:  # an attempt that nobody saw the end of
            cut = Uncertain("the hub was stopped while it sent the CDR")
            return await self._settled(settlement, adapter.after_failed_cdr(cut), str(cut))
        if adapter.after_failed_cdr(Uncertain("")) is not CdrState.WAITING:  # never to be sent blindly again
            settlement = await self._cdrs.update(msgspec.structs.replace(settlement, state=CdrState.DELIVERING))
        try:
            journey = await self._journeys.get(settlement.cdr.journey_id) if settlement.cdr.journey_id else None
            cdr, assumed = await self.for_recipient(settlement, partner)
            call = msgspec.structs.replace(self._call(partner, cdr, journey), place=await self._place(cdr))
            told = await adapter.push_cdr(call, cdr, journey)
        except StoreUnavailable:  # ours, not the partner's: the process tries again
            raise
        except Unavailable as error:
            await self._registry.not_reached(partner.id)
            return await self._settled(settlement, CdrState.WAITING, str(error))
        except RoamingError as error:
            return await self._settled(settlement, adapter.after_failed_cdr(error), str(error))
        except ArithmeticError as error:  # in plain sight, instead of tried for ever
            reason = f"its numbers cannot be translated: {type(error).__name__}"
            return await self._settled(settlement, CdrState.UNDELIVERABLE, reason)
        await self._registry.reached(partner.id)
        state = CdrState.WAITING if told.withheld else CdrState.DELIVERED
        why = "withheld: " + "; ".join(loss.reason for loss in told.losses) if told.withheld else None
        if told.held_already and settlement.versions:
            state, why = CdrState.UNDELIVERABLE, "the eMSP holds a CDR of this id, which may be an earlier version"
        return await self._settled(settlement, state, why, told, assumed)

    async def confirm(
        self, reader: Partner, key: str, remote_id: str | None = None, losses: tuple[Loss, ...] = ()
    ) -> CdrSettlement:
        """The recipient has fetched the CDR and takes it: once and for all. `losses` are those of what it fetched.

        Raises Unknown for what is not the reader's, Invalid for what it declined before or saw only as it was."""
        return await self._decided(reader, key, CdrState.DELIVERED, None, Told(remote_id=remote_id, losses=losses))

    async def decline(self, reader: Partner, key: str, reason: str) -> CdrSettlement:
        """The recipient has fetched the CDR and refuses it. Raises Unknown, and Invalid if it took it before."""
        return await self._decided(reader, key, CdrState.REFUSED, reason, None)

    async def withhold(self, reader: Partner, key: str, losses: tuple[Loss, ...]) -> CdrSettlement:
        """The recipient would fetch a CDR that cannot be said in its protocol: in plain sight from now on."""
        settlement = await self._for_reader(reader, key)
        why = "withheld: " + "; ".join(loss.reason for loss in losses)
        if settlement.last_error == why:
            return settlement
        return await self._cdrs.update(msgspec.structs.replace(settlement, last_error=why, losses=losses))

    async def sent(
        self, sender: Partner, states: tuple[CdrState, ...], offset: int, limit: int
    ) -> tuple[list[CdrSettlement], int]:
        """The CDRs of the sender's parties that stand so; another partner may have sent some of them."""
        return await self._cdrs.page(
            owners=sender.parties_as(Role.CPO),
            recipients=None,
            updated_from=None,
            updated_to=None,
            offset=offset,
            limit=limit,
            states=states,
        )

    async def _for_reader(self, reader: Partner, key: str) -> CdrSettlement:
        settlement = await self.get(key)
        if settlement.recipient != reader.id:
            raise Unknown("cdr", key)
        return settlement

    async def _decided(
        self, reader: Partner, key: str, state: CdrState, error: str | None, told: Told | None
    ) -> CdrSettlement:
        """The process that settles the CDR may write at the same time, so a lost race is run again, once."""
        for last in (False, True):
            settlement = await self._for_reader(reader, key)
            if settlement.state is state:
                return settlement
            if settlement.state not in UNDECIDED:
                raise Invalid("$.state", f"CDR {settlement.cdr.id} is {settlement.state}")
            if state is CdrState.DELIVERED and (settlement.fetched_version or 0) != len(settlement.versions):
                raise Invalid("$.version", f"CDR {settlement.cdr.id} was revised since it was fetched")
            if settlement.state is CdrState.ACCEPTED:
                await self._close_session(settlement)
            try:
                return await self._settled(settlement, state, error, told)
            except Uncertain:
                if last:
                    raise
        raise AssertionError

    async def _close_session(self, settlement: CdrSettlement) -> None:
        """A session of the hub's own making ends when its CDR is there."""
        cdr = settlement.cdr
        session = await self._sessions.get(cdr.owner, cdr.journey_id) if cdr.journey_id else None
        if session is None or not is_ours(session) or session.status is SessionStatus.COMPLETED:
            return
        now = self._clock.now()
        closed = msgspec.structs.replace(
            session,
            started_at=min(session.started_at, cdr.ended_at),
            ended_at=cdr.ended_at,
            energy_kwh=cdr.total_energy_kwh,
            status=SessionStatus.COMPLETED,
            updated_at=now,
        )
        event = session_changed(closed, settlement.sender, id=self._ids.uuid(), at=now)
        await self._sessions.save(closed, events=[event])

    async def give_up(self, key: str) -> CdrSettlement:
        """The process has tried for as long as it may: in plain sight from now on."""
        settlement = await self.get(key)
        return await self._settled(settlement, CdrState.UNDELIVERABLE, settlement.last_error)

    async def reopen(self, key: str) -> CdrSettlement:
        """An operator's decision: a CDR that ended badly is tried again. Raises Invalid for one that was delivered."""
        settlement = await self.get(key)
        if settlement.state in (CdrState.DELIVERED, CdrState.FETCHABLE, CdrState.WITHDRAWN):
            raise Invalid("$.state", f"CDR {key} is {settlement.state}")
        reopened = await self._cdrs.update(msgspec.structs.replace(settlement, state=CdrState.ACCEPTED))
        if not await self._processes.nudge_cdr(key):
            await self._processes.settle_cdr(key)
        return reopened

    async def for_recipient(self, settlement: CdrSettlement, recipient: Partner) -> tuple[Cdr, tuple[Loss, ...]]:
        """As it came for a recipient of the sender's protocol, completed for one of another."""
        sender = await self._partners.get(settlement.sender)
        if sender is not None and sender.protocol == recipient.protocol:
            return settlement.cdr, ()
        journey = await self._journeys.get(settlement.cdr.journey_id) if settlement.cdr.journey_id else None
        return await self._complete(settlement.cdr, journey)

    async def _complete(self, cdr: Cdr, journey: Journey | None) -> tuple[Cdr, tuple[Loss, ...]]:
        """The CDR with what its protocol did not carry and we know: place, token, periods, price. Each is a reported
        assumption; what was said is never touched."""
        place = await self._place(cdr)
        completed, assumed = completed_from_place(cdr, place)
        card = await billed_card(self._tokens, completed.token)
        completed, more = _filled(completed, {"token": card}, "the card that the operator names by its hash")
        assumed += more
        if journey:
            completed, more = await self._completed_from_journey(completed, journey)
            assumed += (*more, *_made_id(cdr, journey))
        operator = await self._partners.by_party(cdr.owner, Role.CPO)
        completed, more = completed_price(completed, operator.agreed_tariff if operator else None)
        return completed, assumed + more

    async def _completed_from_journey(self, cdr: Cdr, journey: Journey) -> tuple[Cdr, tuple[Loss, ...]]:
        token = await self._tokens.get(journey.issuer, cdr.token.kind, cdr.token.uid or journey.uid)
        contract = cdr.token.contract_id or journey.contract_id or (token.contract_id if token else None)
        known = journey.operator_session_id
        session = await self._sessions.get(cdr.owner, known) if known else None
        ours = await self._sessions.get(cdr.owner, journey.id)
        said = _as_started(cdr.token, journey)
        changes = {
            "authorization_reference": cdr.authorization_reference or journey.reference,
            "session_id": ours.id if ours else cdr.session_id or (session.id if session else None),
            "auth_method": cdr.auth_method or auth_method_of(journey),
            "token": msgspec.structs.replace(
                said,
                issuer=said.issuer or journey.issuer,
                uid=said.uid or journey.uid,
                contract_id=contract,
            ),
        }
        return _filled(cdr, changes, "from the authorisation that began the journey")

    async def _place(self, cdr: Cdr) -> Location | None:
        if cdr.location.id:
            return await self._locations.get(cdr.owner, cdr.location.id)
        return await self._locations.by_evse_id(cdr.location.evse_id) if cdr.location.evse_id else None

    async def _journey_of(self, cdr: Cdr) -> Journey | None:
        return await with_its_issuer(self._partners, await self._told_of(cdr), cdr.token.issuer)

    async def _told_of(self, cdr: Cdr) -> Journey | None:
        if cdr.authorization_reference:
            found = await self._journeys.by_reference(cdr.authorization_reference)
            if found and found.operator == cdr.owner:
                return found
        if cdr.session_id:
            return await self._journeys.by_operator_session(cdr.owner, cdr.session_id)
        return None if cdr.authorization_reference else await self._journey_of_card(cdr)

    async def _journey_of_card(self, cdr: Cdr) -> Journey | None:
        """For protocols whose CDRs name no session: the card's open journey at this operator, if it began when the
        charging did."""
        card = await billed_card(self._tokens, cdr.token)
        if card.uid is None:
            return None
        found = await self._journeys.latest_for_token(cdr.owner, card.uid)
        if found is None or cdr.token.issuer not in (None, found.issuer):
            return None
        return found if cdr.started_at - AUTHORISED_BEFORE <= found.created_at <= cdr.ended_at else None

    async def _begun_by_a_list(self, cdr: Cdr, caller: Partner, recipient: Partner) -> Journey | None:
        """The operator let a listed card charge and asked nobody. Where the recipient's CDRs bear the hub's id of the
        session, it gets one now: the same each time that this CDR comes. None if nobody knows the card."""
        card = await billed_card(self._tokens, cdr.token)
        if card.issuer is None or card.uid is None or not self._adapters[recipient.protocol].bills_by_journey:
            return None
        now = self._clock.now()
        journey = Journey(
            id=_id_by_cdr(cdr),
            operator=cdr.owner,
            operator_partner=caller.id,
            issuer=card.issuer,
            issuer_partner=recipient.id,
            uid=card.uid,
            kind=card.kind,
            contract_id=card.contract_id,
            evse_id=cdr.location.evse_id,
            location_id=cdr.location.id,
            reference=cdr.authorization_reference,
            operator_session_id=cdr.session_id,
            answered_by=Answered.WHITELIST,
            created_at=now,
            updated_at=now,
            state=JourneyState.CHARGING,
        )
        await self._journeys.create(journey)
        return journey

    async def _recipient(self, cdr: Cdr, journey: Journey | None) -> Partner:
        partner = await self._partners.get(journey.issuer_partner) if journey else None
        issuer = cdr.token.issuer
        if partner is None and issuer is not None:
            partner = await self._partners.by_party(issuer, Role.EMSP)
        if partner is None or not partner.plays(Role.EMSP):
            raise Unknown("party", str(issuer or (journey.issuer if journey else "eMSP of the token")))
        return partner

    async def _start(self, key: str) -> None:
        try:
            await self._processes.settle_cdr(key)
        except Unavailable:  # the event is on disk: the relay starts the process when Temporal is back
            return

    async def _settled(
        self,
        settlement: CdrSettlement,
        state: CdrState,
        error: str | None,
        told: Told | None = None,
        assumed: tuple[Loss, ...] = (),
    ) -> CdrSettlement:
        now = self._clock.now()
        losses = (*assumed, *told.losses) if told else settlement.losses
        if told and losses:
            await self._note(settlement, losses)
        return await self._cdrs.update(
            msgspec.structs.replace(
                settlement,
                state=state,
                attempts=settlement.attempts + 1,
                last_error=error,
                remote_id=told.remote_id if told else settlement.remote_id,
                losses=losses,
                delivered_at=now if state is CdrState.DELIVERED else settlement.delivered_at,
            )
        )

    async def _note(self, settlement: CdrSettlement, losses: tuple[Loss, ...]) -> None:
        sender = await self._partners.get(settlement.sender)
        recipient = await self._partners.get(settlement.recipient or "")
        if sender and recipient:
            self._ledger.note("cdr", source=sender.protocol, target=recipient.protocol, losses=losses)

    def _call(self, partner: Partner, cdr: Cdr, journey: Journey | None) -> Call:
        issuer: PartyId | None = journey.issuer if journey else cdr.token.issuer
        return Call(
            partner=partner,
            correlation_id=cdr.journey_id or self._ids.uuid(),
            sender=cdr.owner,
            recipient=issuer if issuer and partner.speaks_for(issuer) else None,
        )


def check_plausible(cdr: Cdr) -> None:
    """Raises Invalid for what cannot be: an end before its start, negative energy in no credit, endless readings."""
    if cdr.ended_at < cdr.started_at:
        raise Invalid("$.end_date_time", "the end is before the start")
    if cdr.charging_started_at and cdr.charging_ended_at and cdr.charging_ended_at < cdr.charging_started_at:
        raise Invalid("$.charging_end", "the end of charging is before its start")
    if cdr.total_energy_kwh is not None and cdr.total_energy_kwh < 0 and not cdr.credit:
        raise Invalid("$.total_energy", "negative energy in a CDR that is no credit")
    if cdr.meter_start_kwh is not None and cdr.meter_end_kwh is not None and cdr.meter_end_kwh < cdr.meter_start_kwh:
        raise Invalid("$.meter_end", "the meter ran backwards")
    for name in ("total_energy_kwh", "meter_start_kwh", "meter_end_kwh"):
        if abs(getattr(cdr, name) or 0) >= LARGEST:
            raise Invalid(f"$.{name.removesuffix('_kwh')}", "larger than any reading")


def completed_from_place(cdr: Cdr, place: Location | None) -> tuple[Cdr, tuple[Loss, ...]]:
    """Address and connector from our copy of the location, where the CDR does not say them."""
    if place is None:
        return cdr, ()
    said = cdr.location
    evse = next(
        (evse for evse in place.evses if evse.uid == said.evse_uid or (evse.evse_id and evse.evse_id == said.evse_id)),
        None,
    )
    connectors = evse.connectors if evse else ()
    connector = next((held for held in connectors if held.id == said.connector_id), next(iter(connectors), None))
    changes = {
        "id": said.id or place.id,
        "name": said.name or place.name,
        "address": said.address or place.address,
        "city": said.city or place.city,
        "postal_code": said.postal_code or place.postal_code,
        "country": said.country or place.country,
        "coordinates": said.coordinates or place.coordinates,
        "evse_uid": said.evse_uid or (evse.uid if evse else None),
        "evse_id": said.evse_id or (evse.evse_id if evse else None),
        "connector_id": said.connector_id or (connector.id if connector else None),
        "connector_standard": said.connector_standard or (connector.standard if connector else None),
        "connector_format": said.connector_format or (connector.format if connector else None),
        "connector_power_type": said.connector_power_type or (connector.power_type if connector else None),
    }
    location, losses = _filled(said, changes, "from the hub's copy of the location", "location.")
    return msgspec.structs.replace(cdr, location=location), losses


def completed_price(cdr: Cdr, tariff: Tariff | None) -> tuple[Cdr, tuple[Loss, ...]]:
    """Periods, times and cost for a CDR whose protocol carries none: by the tariff that the operator agreed on.

    Without a tariff the cost stays unsaid: an absent price is not zero."""
    begun, ended = cdr.charging_started_at or cdr.started_at, cdr.charging_ended_at or cdr.ended_at
    charging_h = _hours(begun, ended)
    parking_h = max(_hours(cdr.started_at, cdr.ended_at) - charging_h, Decimal(0))
    changes: dict[str, object] = {"total_time_h": cdr.total_time_h}
    if cdr.total_time_h is None:
        changes["total_time_h"] = charging_h + parking_h
        changes["total_parking_time_h"] = parking_h
    if not cdr.periods:
        dimensions = _dimensions(cdr.total_energy_kwh, charging_h, parking_h)
        period = ChargingPeriod(started_at=begun, dimensions=dimensions, tariff_id=tariff.id if tariff else None)
        changes["periods"] = (period,)
    if cdr.total_cost is None and tariff is not None:
        try:
            cost = price(
                tariff,
                Consumption(energy_kwh=cdr.total_energy_kwh, charging_h=charging_h, parking_h=parking_h),
            )
        except Unsupported:
            cost = None
        if cost:
            changes |= {
                "currency": tariff.currency,
                "tariffs": (tariff,),
                "total_cost": cost.total,
                "total_fixed_cost": cost.fixed,
                "total_energy_cost": cost.energy,
                "total_time_cost": cost.time,
                "total_parking_cost": cost.parking,
            }
    return _filled(cdr, changes, "computed from totals and the agreed tariff")


def _dimensions(energy_kwh: Decimal | None, charging_h: Decimal, parking_h: Decimal) -> tuple[Dimension, ...]:
    """Of the whole stay; what is not known is not there."""
    volumes = {"ENERGY": energy_kwh, "TIME": charging_h, "PARKING_TIME": parking_h or None}
    return tuple(Dimension(type=type, volume=volume) for type, volume in volumes.items() if volume is not None)


def _hours(start: datetime, end: datetime) -> Decimal:
    """Exact to the fourth decimal, the precision of OCPI's numbers."""
    delta = end - start
    seconds = Decimal(delta.days * 86400 + delta.seconds) + Decimal(delta.microseconds) / 1_000_000
    return (seconds / 3600).quantize(Decimal("0.0001")).normalize() + 0


def _id_by_cdr(cdr: Cdr) -> str:
    return str(uuid5(NAMESPACE_OID, cdr.key))


def _made_id(cdr: Cdr, journey: Journey) -> tuple[Loss, ...]:
    """That the hub gave a session its id after the event."""
    if journey.id != _id_by_cdr(cdr):
        return ()
    why = "made by the hub: the operator went by a list and asked nobody"
    return (Loss(path="$.journey_id", reason=why, value=journey.id, kind=LossKind.ASSUMED),)


def _as_started(token: CdrToken, journey: Journey) -> CdrToken:
    """A remote start may have named the contract alone: then its issuer knows the token by the uid that it started."""
    by_contract = token.uid is None or (token.contract_id is not None and token.uid.text == token.contract_id.text)
    if journey.answered_by is not Answered.COMMAND or not by_contract or token.contract_id != journey.contract_id:
        return token
    return msgspec.structs.replace(token, uid=journey.uid, kind=journey.kind)


def _filled(held: T, changes: Mapping[str, object], reason: str, prefix: str = "") -> tuple[T, tuple[Loss, ...]]:
    """The struct with what was missing, and one ASSUMED entry for each member that was."""
    fresh = {name: value for name, value in changes.items() if getattr(held, name) != value}
    assumed = tuple(
        Loss(path=f"$.{prefix}{name}", reason=reason, value=msgspec.to_builtins(value), kind=LossKind.ASSUMED)
        for name, value in fresh.items()
    )
    return (msgspec.structs.replace(held, **fresh) if fresh else held), assumed
