"""CDRs that their operator changes or takes back, in protocols where it may.

Nobody gets two contents of one CDR without a word. So a CDR is replaced only while nobody can have taken it: after its
eMSP has refused it, or before it has decided, if its protocol has it decide on what it fetches.
"""

from collections.abc import Sequence

import msgspec

from core.errors import Invalid, Unavailable, Uncertain, Unknown
from core.model.cdr import UNDECIDED, Cdr, CdrSettlement, CdrState, CdrVersion, digest
from core.model.event import Event, EventKind
from core.model.partner import Partner
from core.ports.adapter import ProtocolAdapter
from core.ports.clock import Clock, Ids
from core.ports.processes import Processes
from core.ports.registry import PartnerStore
from core.ports.stores import CdrStore
from core.services.billing import check_plausible
from core.services.partners import owner_of


class RevisionService:
    def __init__(
        self,
        *,
        cdrs: CdrStore,
        partners: PartnerStore,
        adapters: dict[str, ProtocolAdapter],
        processes: Processes,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._cdrs = cdrs
        self._partners = partners
        self._adapters = adapters
        self._processes = processes
        self._clock = clock
        self._ids = ids

    async def revise(self, caller: Partner, cdr: Cdr, correlation_id: str | None = None) -> CdrSettlement:
        """Replaces the content and sets it on its way again; the older one is kept as a version.

        Raises Unknown, Refused, and Invalid if it is implausible, for another eMSP, of another EVSE, or if somebody may
        have taken the older content."""
        owner_of(caller, cdr.owner, "$.party_id")
        check_plausible(cdr)
        for last in (False, True):
            held = await self._held(cdr.key)
            await self._check(held, cdr)
            try:
                revised = await self._cdrs.revise(
                    self._next(held, cdr, caller), event=self._event(cdr, caller, correlation_id)
                )
            except Uncertain:  # the process that settles it wrote at the same time
                if last:
                    raise
            else:
                await self._go_on(revised)
                return revised
        raise AssertionError

    async def withdraw(self, caller: Partner, key: str) -> CdrSettlement:
        """Its operator bills a refused CDR no longer. Raises Unknown, Refused, and Invalid if it was not refused."""
        held = await self._held(key)
        owner_of(caller, held.cdr.owner, "$.party_id")
        if held.state is CdrState.WITHDRAWN:
            return held
        if held.state is not CdrState.REFUSED:
            raise Invalid("$.state", f"CDR {held.cdr.id} is {held.state}")
        return await self._cdrs.update(msgspec.structs.replace(held, state=CdrState.WITHDRAWN))

    async def fetched(self, shown: Sequence[CdrSettlement]) -> None:
        """Their recipient has got them as they stand: what it says of them later it says of this content."""
        fresh = [one for one in shown if one.state in UNDECIDED and one.fetched_version != len(one.versions)]
        if fresh:
            await self._cdrs.fetched(fresh)

    async def _held(self, key: str) -> CdrSettlement:
        held = await self._cdrs.get(key)
        if held is None:
            raise Unknown("cdr", key)
        return held

    async def _check(self, held: CdrSettlement, cdr: Cdr) -> None:
        if held.cdr.token.issuer != cdr.token.issuer:
            raise Invalid("$.cdr_token", "a revised CDR is for the same eMSP")
        if held.cdr.location.evse_uid != cdr.location.evse_uid:
            raise Invalid("$.cdr_location", "a revised CDR is of the same EVSE")
        if held.state is CdrState.REFUSED or (held.state in UNDECIDED and await self._is_decided_on(held)):
            return
        raise Invalid("$.state", f"CDR {held.cdr.id} is {held.state}: the eMSP may have taken it")

    async def _is_decided_on(self, held: CdrSettlement) -> bool:
        recipient = await self._partners.get(held.recipient or "")
        return recipient is not None and self._adapters[recipient.protocol].decides_on_fetched_cdrs

    def _next(self, held: CdrSettlement, cdr: Cdr, caller: Partner) -> CdrSettlement:
        now = self._clock.now()
        cdr = msgspec.structs.replace(cdr, journey_id=held.cdr.journey_id, updated_at=now)
        version = CdrVersion(
            cdr=held.cdr,
            digest=held.digest,
            state=held.state,
            last_error=held.last_error,
            replaced_at=now,
            replaced_by=caller.id,
        )
        return msgspec.structs.replace(
            held,
            cdr=cdr,
            digest=digest(cdr),
            sender=caller.id,
            state=held.state if held.state in UNDECIDED else CdrState.ACCEPTED,
            last_error=None,
            losses=(),
            versions=(*held.versions, version),
        )

    def _event(self, cdr: Cdr, caller: Partner, correlation_id: str | None) -> Event:
        return Event(
            id=self._ids.uuid(),
            kind=EventKind.CDR_ACCEPTED,
            key=cdr.key,
            owner=cdr.owner,
            source=caller.id,
            correlation_id=correlation_id,
            at=self._clock.now(),
        )

    async def _go_on(self, revised: CdrSettlement) -> None:
        """A process that is about to end looks once more; else a new one begins."""
        try:
            if not await self._processes.nudge_cdr(revised.key):
                await self._processes.settle_cdr(revised.key)
        except Unavailable:  # the event is on disk: the relay starts the process when Temporal is back
            return
