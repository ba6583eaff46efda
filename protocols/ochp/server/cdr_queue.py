"""GetCDRs and ConfirmCDRs for providers, CheckCDRs for operators.

A record that is for a provider waits in its queue, is delivered at every question, and leaves it when the provider
approves or declines it. Source: checklist, 9.2.
"""

import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from core.errors import Invalid, Unknown
from core.model.cdr import CdrSettlement, CdrState, cdr_key
from core.model.ids import PartyId
from core.model.location import Location
from core.model.loss import Loss, LossKind
from mappings.ochp.cdrs import SentCdr, cdr_to_ochp
from mappings.ochp.ids import cdr_id_to_ochp, evse_id_from_ochp, evse_uid
from protocols.ochp.codes import Negative, result
from protocols.ochp.server.cdr_status import CHECK, GET, SHOWN, states_of, status_of
from protocols.ochp.server.charge_point_lists import need_operators
from protocols.ochp.server.feedback import Feedback, Refusal
from protocols.ochp.server.inbound import Inbound, Reply, replied
from protocols.ochp.server.token_lists import need_issuers
from protocols.ochp.wire import cdrs as wire
from protocols.ochp.wire.cdrs import CDRInfo, CdrReference
from protocols.ochp.wire.words import CdrStatus, ResultCode

BULK: Final = 500
DECLINED_TEXT: Final = "declined by the provider; OCHP carries no reason"
_BEYOND_RECKONING: Final = Loss(path="$", reason="no price fits to its numbers", kind=LossKind.WITHHELD)
log = logging.getLogger(__name__)


async def get_cdrs(call: Inbound) -> Reply:
    message = call.message(wire.GetCDRsRequest)
    statuses = _statuses(GET, message.cdr_status)
    found = [one async for one in _for_reader(call, states_of(statuses)) if status_of(one) in statuses]
    if not found:
        await need_operators(call)
    records = await _records(call, found)
    await call.hub.revisions.fetched(found)
    text = f"{len(records)} records"
    return replied(wire.GetCDRsResponse(result=result(ResultCode.OK, text), cdr_info_array=records))


async def check_cdrs(call: Inbound) -> Reply:
    message = call.message(wire.CheckCDRsRequest)
    statuses = _statuses(CHECK, message.cdr_status)
    found = [one async for one in _of_sender(call, states_of(statuses))]
    if not found:
        await need_issuers(call)
    sent = [as_sent(one) for one in sorted(found, key=lambda one: (one.accepted_at, one.key))]
    records = tuple(one.record for one in sent if one.record is not None)
    text = f"{len(records)} records"
    return replied(wire.CheckCDRsResponse(result=result(ResultCode.OK, text), cdr_info_array=records))


def _statuses(table: dict[CdrStatus | None, tuple[CdrStatus, ...]], asked: CdrStatus | None) -> tuple[CdrStatus, ...]:
    """Raises Negative for a status that may not be asked for."""
    if asked not in table:
        known = ", ".join(status.value for status in table if status is not None)
        raise Negative(ResultCode.FORMAT, f"/cdrStatus/CdrStatusType: one of {known} may be asked for")
    return table[asked]


async def _for_reader(call: Inbound, states: tuple[CdrState, ...]) -> AsyncIterator[CdrSettlement]:
    offset, total = 0, 1
    while offset < total:
        page, total = await call.hub.billing.fetch(call.partner, None, None, offset, BULK, states)
        for one in page:
            yield one
        offset += BULK


async def _of_sender(call: Inbound, states: tuple[CdrState, ...]) -> AsyncIterator[CdrSettlement]:
    offset, total = 0, 1
    while offset < total:
        page, total = await call.hub.billing.sent(call.partner, states, offset, BULK)
        for one in page:
            if one.sender == call.partner.id:
                yield one
        offset += BULK


async def _records(call: Inbound, found: list[CdrSettlement]) -> tuple[CDRInfo, ...]:
    """Oldest first. What cannot be said is kept back, where the hub's operator sees it."""
    records = []
    for one in sorted(found, key=lambda one: (one.accepted_at, one.key)):
        sent, _ = await as_fetched(call, one)
        if sent.record is not None:
            records.append(sent.record)
        elif one.state is CdrState.FETCHABLE:
            await call.hub.billing.withhold(call.partner, one.key, sent.losses)
    return tuple(records)


async def as_fetched(call: Inbound, settlement: CdrSettlement) -> tuple[SentCdr, tuple[Loss, ...]]:
    """As its provider gets it, and what the hub had to add."""
    cdr, assumed = await call.hub.billing.for_recipient(settlement, call.partner)
    place = None if "ochp" in cdr.extensions else await _place(call, settlement)
    try:
        return cdr_to_ochp(cdr, place=place, status=status_of(settlement)), assumed
    except ArithmeticError:  # of one operator; the provider's other records are not held up by it
        return SentCdr(None, (_BEYOND_RECKONING,)), assumed


def as_sent(settlement: CdrSettlement) -> SentCdr:
    """As its operator sent it."""
    return cdr_to_ochp(settlement.cdr, status=status_of(settlement))


async def _place(call: Inbound, settlement: CdrSettlement) -> Location | None:
    said = settlement.cdr.location
    if said.id:
        return await call.hub.locations.place(settlement.cdr.owner, said.id)
    found = await call.hub.locations.find_evse(said.evse_id) if said.evse_id else None
    return found[0] if found else None


# --- the provider's decision


async def confirm_cdrs(call: Inbound) -> Reply:
    message = call.message(wire.ConfirmCDRsRequest)
    feedback = Feedback()
    both = {one.cdr_id for one in message.approved} & {one.cdr_id for one in message.declined}
    async with call.lock("confirmations"):
        queue = _Queue(call)
        for kind, references in (("approved", message.approved), ("declined", message.declined)):
            for position, reference in enumerate(references, 1):
                await _decide(call, queue, reference, position, kind, reference.cdr_id in both, feedback)
    return replied(wire.ConfirmCDRsResponse(result=feedback.result()))


async def _decide(
    call: Inbound, queue: "_Queue", reference: CdrReference, position: int, kind: str, torn: bool, feedback: Feedback
) -> None:
    code, reason = ResultCode.INVALID_ID, "no such record of the caller"
    if torn:
        code, reason = ResultCode.FORMAT, "both approved and declined"
    elif (settlement := await queue.find(reference)) is not None:
        try:
            if kind == "approved":
                sent, assumed = await as_fetched(call, settlement)
                losses = (*assumed, *sent.losses)
                await call.hub.billing.confirm(call.partner, settlement.key, reference.cdr_id, losses)
            else:
                await call.hub.billing.decline(call.partner, settlement.key, DECLINED_TEXT)
        except Invalid as error:
            revised = error.path == "$.version"
            reason = "revised since it was fetched" if revised else "it was decided otherwise before"
        else:
            feedback.accept()
            return
    feedback.refuse(Refusal(position=position, name=reference.cdr_id, code=code, reason=reason, kind=kind))


class _Queue:
    """The reader's records by the id under which it fetched them: their own mostly, else looked for among all."""

    def __init__(self, call: Inbound) -> None:
        self._call = call
        self._named: dict[str, CdrSettlement] | None = None

    async def find(self, reference: CdrReference) -> CdrSettlement | None:
        """Also the EVSE must be the same."""
        found = await self._by_key(reference) or (await self._all()).get(reference.cdr_id)
        evse_id = found.cdr.location.evse_id if found else None
        if found is None or evse_id is None or found.recipient != self._call.partner.id:
            return None
        asked = evse_uid(evse_id_from_ochp(reference.evse_id)).upper()
        return found if evse_uid(evse_id).upper() == asked else None

    async def _by_key(self, reference: CdrReference) -> CdrSettlement | None:
        operator = evse_id_from_ochp(reference.evse_id).operator
        for key in _keys(operator, reference.cdr_id):
            try:
                found = await self._call.hub.billing.get(key)
            except Unknown:
                continue
            if cdr_id_to_ochp(found.cdr.owner, found.cdr.id) == reference.cdr_id:
                return found
        return None

    async def _all(self) -> dict[str, CdrSettlement]:
        if self._named is None:
            every = [one async for one in _for_reader(self._call, SHOWN)]
            self._named = {cdr_id_to_ochp(one.cdr.owner, one.cdr.id): one for one in every}
        return self._named


def _keys(operator: PartyId, cdr_id: str) -> list[str]:
    """Under which a record may be held: its id as it is, or without the operator that OCHP puts before it."""
    owners = [operator]
    with suppress(Invalid):
        owners.append(PartyId.parse(cdr_id[:5]))
    ids = [cdr_id, cdr_id[5:]] if len(cdr_id) > 5 else [cdr_id]
    return list(dict.fromkeys(cdr_key(owner, one) for owner in owners for one in ids))
