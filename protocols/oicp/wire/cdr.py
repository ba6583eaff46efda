"""Charge detail records. Source: OICP 2.3, eRoamingChargeDetailRecord_V2.2, eRoamingGetChargeDetailRecords_V2.2."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from protocols.oicp.wire.base import Wire
from protocols.oicp.wire.common import (
    DateTime,
    EvseID,
    OperatorID,
    PartnerSessionID,
    ProductID,
    ProviderID,
    SessionID,
    Text50,
    Text100,
    Text200,
    text,
)
from protocols.oicp.wire.identification import Identification


class MeteringStatus(StrEnum):
    START = "Start"
    PROGRESS = "Progress"
    END = "End"


class MeterValueInBetween(Wire, frozen=True, kw_only=True):
    """Meter readings in kWh while charging."""

    meter_values: tuple[Decimal, ...] = field(name="meterValues")


class SignedMeteringValue(Wire, frozen=True, kw_only=True):
    """SignedMeteringValuesType. Signed text is never cut."""

    signed_metering_value: Annotated[str, text(3000)] | None = None
    metering_status: MeteringStatus | None = None


class CalibrationLawVerificationInfo(Wire, frozen=True, kw_only=True):
    """CalibrationLawVerificationType."""

    calibration_law_certificate_id: Text100 | None = None
    public_key: Annotated[str, text(1000)] | None = None
    metering_signature_url: Text200 | None = None
    metering_signature_encoding_format: Text50 | None = None
    signed_metering_values_verification_instruction: Annotated[str, text(400)] | None = None


class ChargeDetailRecord(Wire, frozen=True, kw_only=True):
    """eRoamingChargeDetailRecord. Energy in kWh; times with the offset of the place."""

    session_id: SessionID
    cpo_partner_session_id: PartnerSessionID | None = None
    emp_partner_session_id: PartnerSessionID | None = None
    partner_product_id: ProductID | None = None
    evse_id: EvseID
    identification: Identification
    charging_start: DateTime
    charging_end: DateTime
    session_start: DateTime
    session_end: DateTime
    meter_value_start: Decimal | None = None
    meter_value_end: Decimal | None = None
    meter_value_in_between: MeterValueInBetween | None = None
    consumed_energy: Decimal
    signed_metering_values: Annotated[tuple[SignedMeteringValue, ...], Meta(max_length=10)] | None = None
    calibration_law_verification_info: CalibrationLawVerificationInfo | None = None
    hub_operator_id: OperatorID | None = None
    hub_provider_id: ProviderID | None = None


class GetChargeDetailRecords(Wire, frozen=True, kw_only=True):
    """eRoamingGetChargeDetailRecords. `from_` and `to` bound the time at which the hub received the record."""

    provider_id: ProviderID
    from_: DateTime = field(name="From")
    to: DateTime
    session_id: tuple[SessionID, ...] | None = None
    operator_id: tuple[OperatorID, ...] | None = None
    cdr_forwarded: bool | None = None
