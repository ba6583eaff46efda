"""What every message to a partner has in common: ids that are the same each time, and what the partner wants of it."""

import uuid
from typing import Final, TypeVar

import msgspec

from core.model.authorisation import Journey
from core.model.ids import PartyId
from core.model.partner import Partner
from mappings.emip.ids import party_to_emip
from protocols.emip.settings import settings_of
from protocols.emip.wire.base import Wire
from protocols.emip.wire.parts import ChargeDetailRecord
from protocols.emip.wire.words import IdType

NAMES: Final = uuid.UUID("8f7d6ac6-0a3e-5f0b-9a55-5d7a1f0f2b11")
W = TypeVar("W", bound=Wire)


def name(*parts: str) -> str:
    """An id that is the same each time."""
    return str(uuid.uuid5(NAMES, "/".join(parts)))


def as_agreed(message: W, partner: Partner) -> W:
    """Without elements that nobody knows, unless the partner wants them."""
    if not message.extra or settings_of(partner).send_unknown:
        return message
    return msgspec.structs.replace(message, extra=None)


def record_as_agreed(record: ChargeDetailRecord, partner: Partner) -> ChargeDetailRecord:
    """As `as_agreed`, for a record and all its parts."""
    reports = as_agreed(record.meter_report_list, partner)
    each = tuple(as_agreed(report, partner) for report in reports.meter_report)
    return as_agreed(
        msgspec.structs.replace(record, meter_report_list=msgspec.structs.replace(reports, meter_report=each)), partner
    )


def with_sale_side(record: ChargeDetailRecord, issuer: PartyId, journey: Journey | None) -> ChargeDetailRecord:
    """For whom it is; what the CPO itself says of the eMSP does not count."""
    return msgspec.structs.replace(
        record,
        sale_partner_operator_id_type=IdType.EMI3,
        sale_partner_operator_id=party_to_emip(issuer),
        sale_partner_session_id=journey.issuer_session_id if journey else None,
    )


def with_exec_side(record: ChargeDetailRecord, owner: PartyId, journey: Journey | None) -> ChargeDetailRecord:
    """Who charged, filled in where the record does not say it; an id that the hub made is not the operator's."""
    missing: dict[str, object] = {}
    if record.exec_partner_operator_id is None:
        missing = {"exec_partner_operator_id_type": IdType.EMI3, "exec_partner_operator_id": party_to_emip(owner)}
    exec_id = record.exec_partner_session_id or (journey.operator_session_id if journey else None)
    if journey is not None and exec_id == journey.id:
        exec_id = None
    return msgspec.structs.replace(record, exec_partner_session_id=exec_id, **missing)
