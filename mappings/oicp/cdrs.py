"""Charge detail records. Source: OICP 2.3, eRoamingChargeDetailRecord_V2.2.

OICP's record has no money: costs and tariffs are never sent, and never made up on the way in. Times keep the offset of
the place and numbers their digits, because what the model cannot hold exactly is put aside.
"""

import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from core.model.cdr import Cdr, CdrLocation, SignedData, SignedValue
from core.model.ids import PartyId
from core.model.loss import Loss, LossKind
from core.model.session import AuthMethod, CdrToken, ChargingPeriod, Dimension
from core.model.token import TokenKind
from mappings.losses import losses
from mappings.oicp.identification import identification_to_oicp, medium_from_oicp, without_clear_pin
from mappings.oicp.ids import (
    evse_id_from_oicp,
    evse_id_to_oicp,
    operator_to_oicp,
    party_from_oicp,
    provider_to_oicp,
)
from mappings.oicp.leftovers import PROTOCOL, put_aside, put_back
from mappings.oicp.notes import Notes, assumed, lost, narrowed, withheld
from mappings.oicp.times import moment_from_oicp, moment_to_oicp
from mappings.zones import zone_info
from protocols.oicp.wire.cdr import (
    CalibrationLawVerificationInfo,
    ChargeDetailRecord,
    MeteringStatus,
    MeterValueInBetween,
    SignedMeteringValue,
)

_MONEY: Final = "an OICP charge detail record has no money"
NOT_CARRIED: Final = {
    "booking_id": "OICP's record does not name a booking",
    "auth_method": "OICP's record does not say how it was authorised",
    "location.id": "OICP names the EVSE only",
    "location.name": "OICP names the EVSE only",
    "location.address": "OICP names the EVSE only",
    "location.city": "OICP names the EVSE only",
    "location.postal_code": "OICP names the EVSE only",
    "location.state": "OICP names the EVSE only",
    "location.country": "OICP names the EVSE only",
    "location.coordinates": "OICP names the EVSE only",
    "location.connector_id": "OICP names the EVSE only",
    "location.connector_standard": "OICP names the EVSE only",
    "location.connector_format": "OICP names the EVSE only",
    "location.connector_power_type": "OICP names the EVSE only",
    "meter_id": "OICP's record does not name the meter",
    "currency": _MONEY,
    "tariffs": _MONEY,
    "total_cost": _MONEY,
    "total_fixed_cost": _MONEY,
    "total_energy_cost": _MONEY,
    "total_time_cost": _MONEY,
    "total_parking_cost": _MONEY,
    "total_reservation_cost": _MONEY,
    "remark": "OICP's record has no remark",
    "invoice_reference_id": "OICP's record does not name an invoice",
    "home_charging_compensation": "OICP does not know charging at home",
    "signed_data.encoding_method_version": "OICP names the encoding only",
    "signed_data.values[].plain_data": "OICP carries the signed text only",
}
"""Cdr field -> why a ChargeDetailRecord does not carry it."""

ELSEWHERE: Final = {
    "owner": "the operator in the path",
    "id": "SessionID, where no journey has one: an OICP record has no id of its own",
    "session_id": "CPOPartnerSessionID, unless the operator has another id for the session",
    "authorization_reference": "EMPPartnerSessionID, unless the issuer has another; or SessionID",
    "token.issuer": "the partner that gets it",
    "token.contract_id": "Identification, for all but cards",
    "location.evse_uid": "EvseID",
    "periods": "ChargingStart and ChargingEnd",
    "total_time_h": "SessionEnd less SessionStart",
    "total_parking_time_h": "session time less charging time",
    "credit": "a credit record is withheld",
    "credit_reference_id": "a credit record is withheld",
    "updated_at": "OICP's record has no time of its own",
}

_SESSION_ID: Final = re.compile(r"^[A-Za-z0-9]{8}(?:-[A-Za-z0-9]{4}){3}-[A-Za-z0-9]{12}$")
_MILLI: Final = Decimal("0.001")
_NATURE: Final = {MeteringStatus.START: "Start", MeteringStatus.PROGRESS: "Intermediate", MeteringStatus.END: "End"}
_METERING: Final = {nature.upper(): status for status, nature in _NATURE.items()} | {
    "PROGRESS": MeteringStatus.PROGRESS
}


class SentCdr(NamedTuple):
    """The record; None, and why in `losses`, where it may not be sent."""

    record: ChargeDetailRecord | None
    losses: tuple[Loss, ...]


def cdr_from_oicp(record: ChargeDetailRecord, operator: PartyId, *, received_at: datetime) -> Cdr:
    """`operator` is the CPO in the path. `id` and `journey_id` are the SessionID: OICP has one record a session."""
    medium = medium_from_oicp(record.identification)
    evse_id = evse_id_from_oicp(record.evse_id)
    times = (
        moment_from_oicp(record.session_start, "$.SessionStart"),
        moment_from_oicp(record.charging_start, "$.ChargingStart"),
        moment_from_oicp(record.charging_end, "$.ChargingEnd"),
        moment_from_oicp(record.session_end, "$.SessionEnd"),
    )
    reference = record.emp_partner_session_id
    between = record.meter_value_in_between
    fields: dict[str, Any] = {
        "owner": operator,
        "id": record.session_id,
        "started_at": times[0],
        "ended_at": times[3],
        "charging_started_at": times[1],
        "charging_ended_at": times[2],
        "session_id": record.cpo_partner_session_id,
        "token": CdrToken(uid=medium.uid, kind=medium.kind, contract_id=medium.contract_id),
        "auth_method": AuthMethod.COMMAND if medium.kind == TokenKind.APP_USER else None,
        "authorization_reference": reference if reference is not None and len(reference) <= 36 else None,
        "location": CdrLocation(evse_uid=evse_id.key, evse_id=evse_id),
        "meter_start_kwh": record.meter_value_start,
        "meter_end_kwh": record.meter_value_end,
        "meter_between_kwh": between.meter_values if between is not None else (),
        "periods": _periods(*times, record.consumed_energy),
        "signed_data": _signed_data_from_oicp(record),
        "total_energy_kwh": record.consumed_energy,
        "total_time_h": _hours(times[0], times[3]),
        "total_parking_time_h": _parking_hours(*times),
        "product_id": record.partner_product_id,
        "issuer_session_id": reference,
        "operator_session_id": record.cpo_partner_session_id,
        "hub_operator": None if record.hub_operator_id is None else party_from_oicp(record.hub_operator_id),
        "hub_provider": None if record.hub_provider_id is None else party_from_oicp(record.hub_provider_id),
        "journey_id": record.session_id.lower(),
        "updated_at": received_at,
        "extensions": {},
    }
    cdr = Cdr(**fields)
    put_aside(cdr.extensions, _without_clear_pin(record), _members(cdr, None, None))
    return cdr


def _without_clear_pin(record: ChargeDetailRecord) -> ChargeDetailRecord:
    bare = without_clear_pin(record.identification)
    return record if bare is record.identification else msgspec.structs.replace(record, identification=bare)


def cdr_to_oicp(cdr: Cdr, *, time_zone: str | None = None, session_id: str | None = None) -> SentCdr:
    """`time_zone` is the IANA zone of the place; without it times are UTC.

    `session_id`: the journey's, if `cdr` does not name it."""
    own = PROTOCOL in cdr.extensions
    zone = zone_info(time_zone)
    notes: Notes = []
    members = _members(cdr, zone, None if own else notes)
    if session_id is not None:
        members["session_id"] = session_id
    put_back(cdr.extensions, members, ChargeDetailRecord)
    obstacle = _why_not(cdr, members)
    if obstacle is not None:
        return SentCdr(None, (obstacle,))
    if own:
        return SentCdr(ChargeDetailRecord(**members), ())
    if zone is None:
        assumed(notes, "session_start", "SessionStart", "the time zone of the place is not known; sent in UTC")
    found = tuple(loss for _, loss in notes) + losses(cdr, NOT_CARRIED) + _lost_periods(cdr)
    return SentCdr(ChargeDetailRecord(**members), found)


def _why_not(cdr: Cdr, members: dict[str, Any]) -> Loss | None:
    if cdr.credit:
        return withheld("credit", "OICP cannot take back a charge detail record", cdr.id)
    if members["session_id"] is None:
        return withheld("journey_id", "OICP bills a session by its SessionID, and none is known", cdr.id)
    if members["evse_id"] is None:
        evse_id = cdr.location.evse_id
        return withheld("location.evse_id", "no EVSE id that OICP can say", None if evse_id is None else evse_id.text)
    if members["consumed_energy"] is None:
        return withheld("total_energy_kwh", "OICP demands the energy, and the source does not say it", cdr.id)
    if members["identification"] is None:
        return withheld("token", f"OICP has no identification for this {cdr.token.kind}", cdr.token.kind)
    return None


def _members(cdr: Cdr, zone: ZoneInfo | None, notes: Notes | None) -> dict[str, Any]:
    """A record without what was put aside, by Python names."""
    token, evse_id, signed = cdr.token, cdr.location.evse_id, cdr.signed_data
    begin, end = cdr.charging_started_at, cdr.charging_ended_at
    if begin is None or end is None:
        begin, end = _charging_times(cdr, notes)
    same = (begin == cdr.started_at, end == cdr.ended_at)
    session_start, session_end = moment_to_oicp(cdr.started_at, zone), moment_to_oicp(cdr.ended_at, zone)
    return {
        "session_id": _session_id(cdr),
        "cpo_partner_session_id": cdr.operator_session_id or cdr.session_id,
        "emp_partner_session_id": cdr.issuer_session_id or cdr.authorization_reference,
        "partner_product_id": _product(cdr, notes),
        "evse_id": None if evse_id is None else evse_id_to_oicp(evse_id),
        "identification": identification_to_oicp(token.kind, token.uid, token.contract_id),
        "charging_start": session_start if same[0] else moment_to_oicp(begin, zone),
        "charging_end": session_end if same[1] else moment_to_oicp(end, zone),
        "session_start": session_start,
        "session_end": session_end,
        "meter_value_start": cdr.meter_start_kwh,
        "meter_value_end": cdr.meter_end_kwh,
        "meter_value_in_between": (
            MeterValueInBetween(meter_values=cdr.meter_between_kwh) if cdr.meter_between_kwh else None
        ),
        "consumed_energy": _energy(cdr, notes),
        "signed_metering_values": None if signed is None else _signed_values_to_oicp(signed, notes),
        "calibration_law_verification_info": None if signed is None else _verification_to_oicp(signed, notes),
        "hub_operator_id": None if cdr.hub_operator is None else operator_to_oicp(cdr.hub_operator),
        "hub_provider_id": None if cdr.hub_provider is None else provider_to_oicp(cdr.hub_provider),
    }


def _session_id(cdr: Cdr) -> str | None:
    for text in (cdr.journey_id, cdr.authorization_reference):
        if text and _SESSION_ID.match(text):
            return text
    return None


def _product(cdr: Cdr, notes: Notes | None) -> str | None:
    if cdr.product_id is not None and len(cdr.product_id) > 100:
        lost(notes, "partner_product_id", "product_id", "OICP takes 100 characters", cdr.product_id)
        return None
    return cdr.product_id


def _energy(cdr: Cdr, notes: Notes | None) -> Decimal | None:
    value = cdr.total_energy_kwh
    if value is None and cdr.meter_start_kwh is not None and cdr.meter_end_kwh is not None:
        value = cdr.meter_end_kwh - cdr.meter_start_kwh
        assumed(notes, "consumed_energy", "ConsumedEnergy", "what the meter counted", value)
    if value is None or notes is None or value == value.quantize(_MILLI):
        return value
    narrowed(notes, "consumed_energy", "total_energy_kwh", "rounded to three decimals", value)
    return value.quantize(_MILLI, ROUND_HALF_UP)


def _charging_times(cdr: Cdr, notes: Notes | None) -> tuple[datetime, datetime]:
    """From the first period with energy or charging time to the parking that ends the session."""
    active = [index for index, period in enumerate(cdr.periods) if charges(period)]
    if not active:
        assumed(notes, "charging_start", "ChargingStart", "not told apart from the session's start")
        assumed(notes, "charging_end", "ChargingEnd", "not told apart from the session's end")
        return cdr.started_at, cdr.ended_at
    after = active[-1] + 1
    end = cdr.periods[after].started_at if after < len(cdr.periods) else cdr.ended_at
    return cdr.periods[active[0]].started_at, end


def charges(period: ChargingPeriod) -> bool:
    """Whether energy or charging time was measured in it."""
    return any(dimension.type in ("ENERGY", "TIME") and dimension.volume > 0 for dimension in period.dimensions)


def _periods(
    started: datetime, charging: datetime, charged: datetime, ended: datetime, energy: Decimal
) -> tuple[ChargingPeriod, ...]:
    """Parking before and after, charging between; one period where the four times are not in order."""
    if not started <= charging <= charged <= ended:
        return (ChargingPeriod(started_at=started, dimensions=(Dimension(type="ENERGY", volume=energy),)),)
    dimensions = (Dimension(type="ENERGY", volume=energy), Dimension(type="TIME", volume=_hours(charging, charged)))
    found = []
    if started < charging:
        found.append(_parking(started, charging))
    found.append(ChargingPeriod(started_at=charging, dimensions=dimensions))
    if charged < ended:
        found.append(_parking(charged, ended))
    return tuple(found)


def _parking(begin: datetime, end: datetime) -> ChargingPeriod:
    dimension = Dimension(type="PARKING_TIME", volume=_hours(begin, end))
    return ChargingPeriod(started_at=begin, dimensions=(dimension,))


def _hours(begin: datetime, end: datetime) -> Decimal:
    """With four decimals, half up."""
    span = end - begin
    microseconds = (span.days * 86400 + span.seconds) * 1_000_000 + span.microseconds
    return Decimal((microseconds + 180_000) // 360_000).scaleb(-4)


def _parking_hours(started: datetime, charging: datetime, charged: datetime, ended: datetime) -> Decimal | None:
    if not started <= charging <= charged <= ended:
        return None
    return _hours(started, charging) + _hours(charged, ended)


def _lost_periods(cdr: Cdr) -> tuple[Loss, ...]:
    """OICP keeps when charging began and ended, and the energy; more than that of the periods is lost."""
    kinds = {dimension.type for period in cdr.periods for dimension in period.dimensions}
    said = {"ENERGY", "TIME", "PARKING_TIME"}
    found = []
    if len([period for period in cdr.periods if charges(period)]) > 1:
        reason = "OICP has no charging periods; their sum, begin and end are sent"
        found.append(Loss(path="periods", reason=reason, value=len(cdr.periods), kind=LossKind.BROADENED))
    if kinds - said:
        reason = "OICP's record has no such measurements"
        found.append(Loss(path="periods[].dimensions", reason=reason, value=sorted(kinds - said)))
    return tuple(found)


def _signed_data_from_oicp(record: ChargeDetailRecord) -> SignedData | None:
    values, info = record.signed_metering_values, record.calibration_law_verification_info
    if values is None and info is None:
        return None
    info = info or CalibrationLawVerificationInfo()
    signed = [
        SignedValue(
            nature=None if value.metering_status is None else _NATURE[value.metering_status],
            signed_data=value.signed_metering_value,
        )
        for value in values or ()
        if value.signed_metering_value is not None
    ]
    return SignedData(
        encoding_method=info.metering_signature_encoding_format,
        public_key=info.public_key,
        values=tuple(signed),
        url=info.metering_signature_url,
        certificate_id=info.calibration_law_certificate_id,
        verification_instruction=info.signed_metering_values_verification_instruction,
    )


def _signed_values_to_oicp(signed: SignedData, notes: Notes | None) -> tuple[SignedMeteringValue, ...] | None:
    """All of them or none: a signature that lacks a part proves nothing."""
    if not signed.values:
        return None
    if len(signed.values) > 10 or any(len(value.signed_data) > 3000 for value in signed.values):
        reason = "more than the 10 values of 3000 characters that OICP takes; left out whole"
        lost(notes, "signed_metering_values", "signed_data.values", reason, len(signed.values))
        return None
    return tuple(
        SignedMeteringValue(
            signed_metering_value=value.signed_data,
            metering_status=_METERING.get(value.nature.upper()) if value.nature else None,
        )
        for value in signed.values
    )


def _verification_to_oicp(signed: SignedData, notes: Notes | None) -> CalibrationLawVerificationInfo | None:
    info = CalibrationLawVerificationInfo(
        calibration_law_certificate_id=_whole(signed.certificate_id, 100, notes, "certificate_id"),
        public_key=_whole(signed.public_key, 1000, notes, "public_key"),
        metering_signature_url=_whole(signed.url, 200, notes, "url"),
        metering_signature_encoding_format=_whole(signed.encoding_method, 50, notes, "encoding_method"),
        signed_metering_values_verification_instruction=_whole(
            signed.verification_instruction, 400, notes, "verification_instruction"
        ),
    )
    return info if info != _EMPTY else None


_EMPTY: Final = CalibrationLawVerificationInfo()


def _whole(text: str | None, longest: int, notes: Notes | None, name: str) -> str | None:
    if text is None or len(text) <= longest:
        return text
    path = f"signed_data.{name}"
    lost(notes, "calibration_law_verification_info", path, f"OICP takes {longest} characters", len(text))
    return None
