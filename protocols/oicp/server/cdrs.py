"""eRoamingChargeDetailRecord_V2.2 and eRoamingGetChargeDetailRecords_V2.2.

A record is stored and its session closed in one step, and acknowledged for that alone: what becomes of it at the EMP is
the settlement's business.
"""

import logging
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from core.errors import Invalid
from core.model.authorisation import Journey
from core.model.cdr import CURRENT, CdrSettlement, CdrState
from mappings.oicp.cdrs import cdr_from_oicp, cdr_to_oicp
from mappings.oicp.ids import evse_id_from_oicp, party_from_oicp
from mappings.oicp.times import moment_from_oicp
from mappings.oicp.v2_2 import cdr_from_2_2, cdr_to_2_2, plain
from protocols.oicp import codec
from protocols.oicp.adapter import without_our_reference
from protocols.oicp.codes import DATA, FOREIGN_EVSE, NO_SESSION, SUCCESS, Negative, Violations, status
from protocols.oicp.server.authorisation import ids_of, own_journey, remembered
from protocols.oicp.server.evse_pull import page_body, with_subs
from protocols.oicp.server.inbound import Inbound, Reply, acknowledged
from protocols.oicp.wire import v2_2
from protocols.oicp.wire.cdr import ChargeDetailRecord, GetChargeDetailRecords

CLOCK_SKEW: Final = timedelta(minutes=5)
MOST_KWH: Final = Decimal(1000)
BULK: Final = 500
log = logging.getLogger(__name__)
NOT_DELIVERED: Final = tuple(state for state in CURRENT if state is not CdrState.DELIVERED)


async def charge_detail_record(call: Inbound) -> Reply:
    return await _take(call, plain(call.message(ChargeDetailRecord)))


async def charge_detail_record_2_2(call: Inbound) -> Reply:
    """eRoamingChargeDetailRecord_V2.1."""
    message = call.message(v2_2.ChargeDetailRecord)
    return await _take(call, cdr_from_2_2(message, codec.decode_raw(call.body)))


async def _take(call: Inbound, message: ChargeDetailRecord) -> Reply:
    async with call.shared.lock(f"session/{message.session_id.lower()}"):
        journey = await own_journey(call, message.session_id, message.cpo_partner_session_id)
        ids = ids_of(journey)
        evse_id = evse_id_from_oicp(message.evse_id)
        if not call.owns(evse_id.operator):
            raise Negative(FOREIGN_EVSE, evse_id.text, ids=ids)
        now = call.hub.clock.now()
        why = implausible(message, now) or await _unsigned(call, message)
        if why:
            raise Negative(DATA, why, ids=ids)
        journey = await remembered(call, journey, message)
        await _accept(call, message, journey, now)
    return acknowledged(**ids_of(journey))


async def _accept(call: Inbound, message: ChargeDetailRecord, journey: Journey, now: datetime) -> None:
    cdr = cdr_from_oicp(message, call.party, received_at=now)
    try:
        _, created = await call.hub.billing.accept(call.partner, cdr, journey, call.process_id)
    except Invalid as error:
        code = NO_SESSION if error.path == "$.id" else DATA
        raise Negative(code, error.reason, ids=ids_of(journey)) from error
    if not created:
        raise Negative(NO_SESSION, "the session is closed", ids=ids_of(journey))


def implausible(record: ChargeDetailRecord, now: datetime) -> str | None:
    """Why the record cannot be right, in one sentence. Charging outside the session's times is seen and allowed."""
    charging_start = moment_from_oicp(record.charging_start, "$.ChargingStart")
    charging_end = moment_from_oicp(record.charging_end, "$.ChargingEnd")
    session_start = moment_from_oicp(record.session_start, "$.SessionStart")
    session_end = moment_from_oicp(record.session_end, "$.SessionEnd")
    start, end = record.meter_value_start, record.meter_value_end
    checks = (
        (charging_end < charging_start, "ChargingEnd is before ChargingStart"),
        (session_end < session_start, "SessionEnd is before SessionStart"),
        (session_end > now + CLOCK_SKEW, "SessionEnd is in the future"),
        (record.consumed_energy < 0, "ConsumedEnergy is negative"),
        (record.consumed_energy > MOST_KWH, f"ConsumedEnergy is more than {MOST_KWH} kWh; is it in Wh?"),
        (start is not None and end is not None and end < start, "MeterValueEnd is below MeterValueStart"),
    )
    return next((why for wrong, why in checks if wrong), None)


async def _unsigned(call: Inbound, record: ChargeDetailRecord) -> str | None:
    if record.signed_metering_values:
        return None
    found = await call.hub.locations.find_evse(evse_id_from_oicp(record.evse_id))
    if found is not None and found[1].calibration_law == "EXTERNAL":
        return "SignedMeteringValues are missing: the EVSE's calibration law data are external"
    return None


async def get_charge_detail_records(call: Inbound) -> Reply:
    """Those that the hub received in the given time; asking changes nothing."""
    message = call.message(GetChargeDetailRecords)
    window = _window(call, message)
    states = None
    if message.cdr_forwarded is not None:
        states = (CdrState.DELIVERED,) if message.cdr_forwarded else NOT_DELIVERED
    number, size = call.page()
    if message.session_id or message.operator_id:
        every = await _matching(call, message, window, states)
        page, total = every[number * size : (number + 1) * size], len(every)
    else:
        page, total = await call.hub.billing.fetch(call.partner, *window, number * size, size, states)
    records = [plain(record) for one in page if (record := await _record(call, one)) is not None]
    return Reply(page_body(records, number, size, total))


async def get_charge_detail_records_2_2(call: Inbound) -> Reply:
    """eRoamingGetChargeDetailRecords_V2.1: everything at once; filters of 2.3 are not known."""
    asked = call.message(GetChargeDetailRecords)
    message = GetChargeDetailRecords(provider_id=asked.provider_id, from_=asked.from_, to=asked.to)
    window = _window(call, message)
    found = [
        cdr_to_2_2(record, codec.to_raw(plain(record)))
        for one in await _matching(call, message, window, None)
        if (record := await _record(call, one)) is not None
    ]
    code = {"Code": SUCCESS, "Description": status(SUCCESS).description, "AdditionalInfo": None}
    return Reply(codec.encode({"eroamingChargeDetailRecords": found, "StatusCode": code}))


def _window(call: Inbound, message: GetChargeDetailRecords) -> tuple[datetime, datetime]:
    call.check_id(message.provider_id, "$.ProviderID")
    since, until = moment_from_oicp(message.from_, "$.From"), moment_from_oicp(message.to, "$.To")
    if since > until:
        raise Violations([Invalid("$.From", "is after To")])
    return since, until + timedelta(microseconds=1)


async def _matching(
    call: Inbound,
    message: GetChargeDetailRecords,
    window: tuple[datetime, datetime],
    states: tuple[CdrState, ...] | None,
) -> list[CdrSettlement]:
    sessions = frozenset(text.lower() for text in message.session_id or ())
    ids = [party_from_oicp(text, f"$.OperatorID[{i}]") for i, text in enumerate(message.operator_id or ())]
    owners, subs = await with_subs(call, ids)

    def wanted(one: CdrSettlement) -> bool:
        evse_id = one.cdr.location.evse_id
        return (not sessions or (one.cdr.journey_id or "") in sessions) and (
            not ids or one.cdr.owner in owners or (evse_id is not None and evse_id.operator in subs)
        )

    found: list[CdrSettlement] = []
    offset, total = 0, 1
    while offset < total:
        page, total = await call.hub.billing.fetch(call.partner, *window, offset, BULK, states)
        found += filter(wanted, page)
        offset += BULK
    return found


async def _record(call: Inbound, settlement: CdrSettlement) -> ChargeDetailRecord | None:
    """As it was received, or in OICP's words. None where it may not be said in OICP."""
    cdr = settlement.cdr
    if "oicp" in cdr.extensions:
        return cdr_to_oicp(cdr).record
    cdr, _ = await call.hub.billing.for_recipient(settlement, call.partner)
    place = await call.hub.locations.place(cdr.owner, cdr.location.id) if cdr.location.id else None
    time_zone = place.time_zone if place else None
    try:
        return cdr_to_oicp(without_our_reference(cdr), time_zone=time_zone, session_id=cdr.journey_id).record
    except ArithmeticError:  # of one operator; the EMP's other records are not held up by it
        log.exception("CDR %s is left out of what %s fetches", settlement.key, call.partner.name)
        return None
