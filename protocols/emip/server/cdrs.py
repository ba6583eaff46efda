"""SetChargeDetailRecord. Source: checklist, 5.6.

A final record is stored and its session closed in one step, and acknowledged for that alone: what becomes of it at the
eMSP is the settlement's business. One session has one: the same again is the same, another is refused.
"""

from datetime import datetime

import msgspec

from core.errors import Invalid, Unknown
from core.model.authorisation import Journey
from core.model.cdr import Cdr, cdr_key
from mappings.emip.cdrs import cdr_from_emip, check_order
from mappings.emip.codes import CDR_HELD, NO_PARTNER, NO_SESSION, NOT_OF_SESSION, OK
from mappings.emip.ids import party_to_emip
from mappings.emip.times import moment_from_emip
from protocols.emip.server.inbound import Inbound
from protocols.emip.server.sessions import report, session_id_of
from protocols.emip.wire import to_iop
from protocols.emip.wire.parts import ChargeDetailRecord
from protocols.emip.wire.words import CdrNature, IdType


async def set_charge_detail_record(call: Inbound) -> to_iop.SetChargeDetailRecordResponse:
    message: to_iop.SetChargeDetailRecordRequest = call.message
    record = message.charge_detail_record
    check_order(moment_from_emip(record.start_time), moment_from_emip(record.end_time))
    journey = await call.journey(record.service_session_id)
    if journey is None:
        return _answer(call, record, None, NO_SESSION)
    if not call.is_operator(journey):
        return _answer(call, record, None, NOT_OF_SESSION)
    named = _named(call, record)
    if named.cdr_nature is CdrNature.INTERMEDIATE:
        status = await report(call, journey, named.exec_partner_session_id, record=named)
    else:
        async with call.shared.lock(f"cdr/{journey.id}"):
            status = await _accept(call, named, journey)
    return _answer(call, record, journey, status)


async def _accept(call: Inbound, record: ChargeDetailRecord, journey: Journey) -> int:
    received_at = await _received_at(call, record) or call.hub.clock.now()
    cdr = _linked(cdr_from_emip(record, call.party, received_at=received_at), journey)
    try:
        await call.hub.billing.accept(call.partner, cdr, journey, call.correlation_id)
    except Invalid as error:
        if error.path == "$.id":
            return CDR_HELD
        raise
    except Unknown:
        return NO_PARTNER
    return OK


def _named(call: Inbound, record: ChargeDetailRecord) -> ChargeDetailRecord:
    """With the EVSE's own id in place of an opaque one. The session's id in the platform's spelling."""
    evse_id = call.evse_id(record.evse_id_type, record.evse_id)
    if evse_id is None:
        raise Invalid("/chargeDetailRecord/EVSEId", "an unknown EVSE")
    return msgspec.structs.replace(
        record,
        evse_id_type=IdType.EMI3,
        evse_id=evse_id.text,
        service_session_id=record.service_session_id.lower(),
    )


async def _received_at(call: Inbound, record: ChargeDetailRecord) -> datetime | None:
    """When this record, or another of its session, came first: its content is compared without the time."""
    try:
        held = await call.hub.billing.get(cdr_key(call.party, record.service_session_id))
    except Unknown:
        return None
    return held.cdr.updated_at


def _linked(cdr: Cdr, journey: Journey) -> Cdr:
    """With the ids by which the session is known here; what a CPO says of the eMSP is the journey's to say."""
    return msgspec.structs.replace(
        cdr,
        session_id=session_id_of(journey, cdr.operator_session_id),
        authorization_reference=None,
        issuer_session_id=None,
        token=msgspec.structs.replace(cdr.token, issuer=journey.issuer),
    )


def _answer(
    call: Inbound, record: ChargeDetailRecord, journey: Journey | None, status: int
) -> to_iop.SetChargeDetailRecordResponse:
    return to_iop.SetChargeDetailRecordResponse(
        transaction_id=call.transaction_id,
        sale_partner_operator_id_type=IdType.EMI3 if journey else None,
        sale_partner_operator_id=party_to_emip(journey.issuer) if journey else None,
        service_session_id=record.service_session_id,
        request_status=status,
    )
