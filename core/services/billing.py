"""Charge detail records: accepted once, on disk before the answer, delivered for certain."""

import logging
from collections.abc import Sequence
from datetime import datetime

import msgspec

from core.errors import Busy, Invalid, RoamingError, StoreUnavailable, Unavailable, Uncertain, Unknown
from core.model.authorisation import Journey
from core.model.cdr import CURRENT, UNDECIDED, Cdr, CdrSettlement, CdrState, cdr_key, digest
from core.model.event import Event, EventKind
from core.model.ids import PartyId
from core.model.loss import Loss
from core.model.partner import ISSUERS, Partner, Role
from core.model.quantities import LARGEST
from core.model.session import SessionStatus
from core.ports.adapter import Call, Capability, ProtocolAdapter, Told
from core.ports.clock import Clock, Ids
from core.ports.ledger import Ledger
from core.ports.processes import Processes
from core.ports.registry import PartnerStore
from core.ports.stores import CdrStore, JourneyStore, LocationStore, SessionStore, TokenStore
from core.services.cdr_journeys import CdrJourneys
from core.services.completion import CdrCompletion
from core.services.partners import PartnerService, home_of, owner_of
from core.services.prices import PriceService
from core.services.sessions import check_dates, is_ours, session_changed

log = logging.getLogger(__name__)
_ENDED_BADLY = (CdrState.REFUSED, CdrState.UNDELIVERABLE)


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
        prices: PriceService,
        adapters: dict[str, ProtocolAdapter],
        processes: Processes,
        ledger: Ledger,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._cdrs = cdrs
        self._journeys = journeys
        self._sessions = sessions
        self._partners = partners
        self._registry = registry
        self._adapters = adapters
        self._processes = processes
        self._ledger = ledger
        self._clock = clock
        self._ids = ids
        self._completion = CdrCompletion(
            locations=locations, tokens=tokens, sessions=sessions, partners=partners, prices=prices
        )
        self._cdr_journeys = CdrJourneys(
            journeys=journeys, tokens=tokens, partners=partners, adapters=adapters, clock=clock
        )

    async def accept(
        self, caller: Partner, cdr: Cdr, journey: Journey | None = None, correlation_id: str | None = None
    ) -> tuple[CdrSettlement, bool]:
        """Store the CDR and start its settlement. The second value is False if we already held exactly this CDR.

        `journey` if the caller's protocol names it. Raises Refused (not the caller's CDR), Unknown (no such eMSP),
        Invalid (implausible, or the id was used for another content)."""
        owner_of(caller, cdr.owner, "$.party_id")
        check_plausible(cdr)
        journey = journey or await self._cdr_journeys.of(cdr)
        recipient = await self._recipient(cdr, journey)
        journey = journey or await self._cdr_journeys.begun_by_a_list(cdr, caller, recipient)
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

    async def counterparts(self, caller: Partner, cdr_ids: Sequence[str]) -> list[PartyId]:
        """The other sides of the caller's CDRs of these ids: those whom they are for, or who wrote them."""
        parties = dict.fromkeys(party for held in await self._partners.all() for party in held.parties)
        keys = [cdr_key(party, cdr_id) for party in parties for cdr_id in cdr_ids]
        sides: dict[PartyId | None, None] = {}
        for held in await self._cdrs.by_keys(keys):
            if held.sender == caller.id:
                sides[held.cdr.token.issuer] = None
            elif held.recipient == caller.id:
                sides[held.cdr.owner] = None
        return [party for party in sides if party is not None]

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
            return await self._settled(settlement, adapter.after_failed_cdr(partner, cut), str(cut))
        if adapter.after_failed_cdr(partner, Uncertain("")) is not CdrState.WAITING:  # never to be sent blindly again
            settlement = await self._cdrs.update(msgspec.structs.replace(settlement, state=CdrState.DELIVERING))
        try:
            journey = await self._journeys.get(settlement.cdr.journey_id) if settlement.cdr.journey_id else None
            cdr, assumed = await self.for_recipient(settlement, partner)
            call = msgspec.structs.replace(self._call(partner, cdr, journey), place=await self._completion.place(cdr))
            told = await adapter.push_cdr(call, cdr, journey)
        except StoreUnavailable:  # ours, not the partner's: the process tries again
            raise
        except Unavailable as error:
            if not isinstance(error, Busy):
                await self._registry.not_reached(partner.id)
            return await self._settled(settlement, adapter.after_failed_cdr(partner, error), str(error))
        except RoamingError as error:
            return await self._settled(settlement, adapter.after_failed_cdr(partner, error), str(error))
        except ArithmeticError as error:  # in plain sight, instead of tried for ever
            reason = f"its numbers cannot be translated: {type(error).__name__}"
            return await self._settled(settlement, CdrState.UNDELIVERABLE, reason)
        except (ValueError, TypeError, LookupError, AttributeError) as error:  # a bug: no longer tried than a silence
            log.exception("CDR %s to %s", key, partner.name)
            unforeseen = Uncertain(f"the hub failed: {type(error).__name__}")
            return await self._settled(settlement, adapter.after_failed_cdr(partner, unforeseen), str(unforeseen))
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
        """An operator's decision: a CDR that ended badly is tried again; one that is on its way is hurried, and its
        state is left alone: it may be on the wire just now. Raises Invalid for one that was delivered."""
        settlement = await self.get(key)
        if settlement.state in (CdrState.DELIVERED, CdrState.FETCHABLE, CdrState.WITHDRAWN):
            raise Invalid("$.state", f"CDR {key} is {settlement.state}")
        if settlement.state in _ENDED_BADLY:
            settlement = await self._cdrs.update(msgspec.structs.replace(settlement, state=CdrState.ACCEPTED))
        if not await self._processes.nudge_cdr(key):
            await self._processes.settle_cdr(key)
        return settlement

    async def for_recipient(self, settlement: CdrSettlement, recipient: Partner) -> tuple[Cdr, tuple[Loss, ...]]:
        """As it came for a recipient of the sender's protocol, completed for one of another."""
        sender = await self._partners.get(settlement.sender)
        if sender is not None and sender.protocol == recipient.protocol:
            return settlement.cdr, ()
        journey = await self._journeys.get(settlement.cdr.journey_id) if settlement.cdr.journey_id else None
        return await self._completion.completed(settlement.cdr, journey)

    async def _recipient(self, cdr: Cdr, journey: Journey | None) -> Partner:
        partner = await self._partners.get(journey.issuer_partner) if journey else None
        issuer = cdr.token.issuer
        if partner is None and issuer is not None:
            partner = await home_of(self._partners, issuer)
        if partner is None or not partner.parties_as(*ISSUERS):
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
    check_dates(cdr.started_at, cdr.ended_at, cdr.charging_started_at, cdr.charging_ended_at)
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
