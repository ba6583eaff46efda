"""AddCDRs: an operator's charge data records, each checked, stored and set on its way, or named as implausible.

Source: checklist, 9.2, plausibility P1 to P13 and the state table.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import msgspec

from core.errors import Invalid, Unknown
from core.model.cdr import CdrSettlement, cdr_key, digest
from core.model.partner import Role
from core.routing import agreed
from mappings.ochp.bills import cost_of
from mappings.ochp.cdrs import cdr_from_ochp
from mappings.ochp.ids import contract_id_from_ochp, evse_id_from_ochp
from mappings.ochp.times import moment_from_ochp
from protocols.ochp.codes import Negative
from protocols.ochp.server.cdr_status import status_of
from protocols.ochp.server.feedback import Feedback, Refusal
from protocols.ochp.server.inbound import Inbound, Reply, numbered, replied
from protocols.ochp.wire import cdrs as wire
from protocols.ochp.wire.cdrs import CDRInfo, CdrPeriod
from protocols.ochp.wire.types import CdrId
from protocols.ochp.wire.words import BillingItem, CdrStatus, ResultCode

RECORDS: Final = "cdrInfoArray"
CLOCK_SKEW: Final = timedelta(minutes=10)
_CENT: Final = Decimal("0.01")
_ONCE: Final = frozenset((BillingItem.SERVICE_FEE, BillingItem.RESERVATION))
FROM: Final[dict[CdrStatus, frozenset[CdrStatus | None]]] = {
    CdrStatus.NEW: frozenset((None, CdrStatus.ACCEPTED, CdrStatus.APPROVED)),
    CdrStatus.REVISED: frozenset((CdrStatus.ACCEPTED, CdrStatus.REVISED, CdrStatus.DECLINED)),
    CdrStatus.REJECTED: frozenset((CdrStatus.DECLINED, CdrStatus.REJECTED)),
}
"""Uploaded status -> how the record may stand (None: not known); what stands by then already must be the same."""
_KEPT: Final = frozenset(("$.id", "$.state", "$.cdr_token", "$.cdr_location"))
"""Where billing says that an id was used, or that a revision is none."""


async def add_cdrs(call: Inbound) -> Reply:
    message, bad = await call.message_each(wire.AddCDRsRequest)
    feedback = Feedback()
    feedback.unreadable(bad, _readable_id)
    taken: dict[str, CDRInfo] = {}
    async with call.lock("cdrs"):
        for position, record in numbered(message.cdr_info_array, bad, RECORDS):
            if taken.get(record.cdr_id, record) != record:
                feedback.refuse(_refusal(record, position, ResultCode.INVALID_ID, "another record of this request"))
            elif await _add(call, record, position, feedback):
                taken[record.cdr_id] = record
    named = dict.fromkeys(one.name for one in feedback.refusals if one.name)
    return replied(wire.AddCDRsResponse(result=feedback.result(), implausible_cdrs_array=tuple(named)))


async def _add(call: Inbound, record: CDRInfo, position: int, feedback: Feedback) -> bool:
    """Whether it was taken."""
    try:
        await _take(call, record)
    except Negative as refused:
        code, reason = refused.code, refused.text
    except Unknown as error:
        code, reason = ResultCode.INVALID_ID, error.reason
    except Invalid as error:
        code, reason = ResultCode.FORMAT, str(error)
    else:
        feedback.accept()
        return True
    feedback.refuse(_refusal(record, position, code, reason))
    return False


def _refusal(record: CDRInfo, position: int, code: ResultCode, reason: str) -> Refusal:
    return Refusal(position=position, name=record.cdr_id, code=code, reason=reason)


async def _take(call: Inbound, record: CDRInfo) -> None:
    """Raises Negative, Unknown, Invalid."""
    _check_ids(call, record)
    held = await _held(call, record)
    stands = None if held is None else status_of(held)
    if stands not in FROM.get(record.status, ()):
        raise Negative(ResultCode.INVALID_ID, _not_from(record.status, stands))
    if record.status is CdrStatus.REJECTED and held is not None:
        await call.hub.revisions.withdraw(call.partner, held.key)
        return
    check_plausible(record, call.now)
    await _check_provider(call, record)
    try:
        await _store(call, record, held)
    except Invalid as error:
        code = ResultCode.INVALID_ID if error.path in _KEPT else ResultCode.FORMAT
        raise Negative(code, error.reason) from error


async def _store(call: Inbound, record: CDRInfo, held: CdrSettlement | None) -> None:
    """The uploaded status is a request, no content. The same record again is one with the same time."""
    as_new = msgspec.structs.replace(record, status=CdrStatus.NEW)
    cdr = cdr_from_ochp(as_new, received_at=held.cdr.updated_at if held is not None else call.now)
    if record.status is CdrStatus.NEW:
        await call.hub.billing.accept(call.partner, cdr, correlation_id=call.correlation_id)
    elif held is not None and status_of(held) is CdrStatus.REVISED:
        if digest(cdr) != held.digest:
            raise Invalid("$.id", "the record was revised before, and is not decided on yet")
    else:
        await call.hub.revisions.revise(call.partner, cdr, call.correlation_id)


def _not_from(status: CdrStatus, stands: CdrStatus | None) -> str:
    if status not in FROM:
        return f"{status.value} is not a status to upload"
    return f"a record that is {stands.value if stands is not None else 'not known'} cannot become {status.value}"


def _check_ids(call: Inbound, record: CDRInfo) -> None:
    evse_id = evse_id_from_ochp(record.evse_id)
    if not call.partner.speaks_for(evse_id.operator, Role.CPO):
        raise Negative(ResultCode.INVALID_ID, "not an EVSE of the caller")
    own = {party.key for party in call.partner.parties_as(Role.CPO)}
    if record.cdr_id[:5] not in own or len(record.cdr_id) == 5:
        raise Negative(ResultCode.INVALID_ID, "a CdrId begins with an operator of the caller")


async def _held(call: Inbound, record: CDRInfo) -> CdrSettlement | None:
    """The record under this id, at whichever of the caller's operators. Raises Negative for one of another EVSE."""
    owner = evse_id_from_ochp(record.evse_id).operator
    found: CdrSettlement | None = None
    for party in call.partner.parties_as(Role.CPO):
        try:
            one = await call.hub.billing.get(cdr_key(party, record.cdr_id))
        except Unknown:
            continue
        if party != owner:
            raise Negative(ResultCode.INVALID_ID, "the CdrId was used for another EVSE")
        found = one
    return found


async def _check_provider(call: Inbound, record: CDRInfo) -> None:
    provider = contract_id_from_ochp(record.contract_id).provider
    home = await call.hub.partners.by_party(provider, Role.EMSP) if provider else None
    if home is None:
        raise Negative(ResultCode.INVALID_ID, "no provider of this contract is known")
    if not agreed(call.partner, home):
        raise Negative(ResultCode.ROAMING, "there is no connection with the provider of this contract")


# --- plausibility


def check_plausible(record: CDRInfo, now: datetime) -> None:
    """Raises Invalid with a path below the record."""
    begin = moment_from_ochp(record.start_date_time, "/startDateTime/LocalDateTime")
    end = moment_from_ochp(record.end_date_time, "/endDateTime/LocalDateTime")
    if begin > end:
        raise Invalid("/endDateTime", "before the start")
    if end > now + CLOCK_SKEW:
        raise Invalid("/endDateTime", "in the future")
    for index, period in enumerate(record.charging_periods, 1):
        _check_period(period, begin, end, f"/chargingPeriods[{index}]")
    ratings = record.ratings
    for value, name in (
        (record.total_cost, "totalCost"),
        (ratings.maximum_power if ratings else None, "ratings/maximumPower"),
        (ratings.guaranteed_power if ratings else None, "ratings/guaranteedPower"),
    ):
        _check_not_negative(value, f"/{name}")
    whole = sum((cost_of(period) for period in record.charging_periods), Decimal(0))
    if record.total_cost is not None and abs(record.total_cost - whole) > _CENT * len(record.charging_periods):
        raise Invalid("/totalCost", "not the sum of the periods")


def _check_period(period: CdrPeriod, begin: datetime, end: datetime, path: str) -> None:
    first = moment_from_ochp(period.start_date_time, f"{path}/startDateTime/LocalDateTime")
    last = moment_from_ochp(period.end_date_time, f"{path}/endDateTime/LocalDateTime")
    if not begin <= first <= last <= end:
        raise Invalid(path, "not inside the record")
    for value, name in (
        (period.billing_value, "billingValue"),
        (period.item_price, "itemPrice"),
        (period.period_cost, "periodCost"),
    ):
        _check_not_negative(value, f"{path}/{name}")
    if period.billing_item in _ONCE and period.billing_value != 1:
        raise Invalid(f"{path}/billingValue", f"1.0 for {period.billing_item.value}")
    if period.period_cost is not None:
        cost = period.billing_value * period.item_price
        allowed = max(_CENT, abs(cost) * Decimal("0.005")) if cost > 2 else _CENT
        if abs(cost - period.period_cost) > allowed:
            raise Invalid(f"{path}/periodCost", "not billingValue times itemPrice")


def _check_not_negative(value: Decimal | None, path: str) -> None:
    if value is not None and value < 0:
        raise Invalid(path, "negative")


def _readable_id(raw: Any) -> str:
    """The id of a record that cannot be read, if it is one."""
    try:
        return msgspec.convert(raw.get("CdrId") if isinstance(raw, dict) else None, CdrId)
    except msgspec.ValidationError:
        return ""
