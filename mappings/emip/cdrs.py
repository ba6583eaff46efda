"""Charge detail records. Source: checklist, 5.6, 5.17, 10.3; crosswalk, 1.12, 3(f).

Only a final record becomes a Cdr. One session has one: its id is the platform's session id. The record carries one
price without taxes or none, and an absent price is never zero.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from core.errors import Invalid
from core.model.cdr import Cdr, CdrLocation
from core.model.ids import PartyId
from core.model.loss import Loss, LossKind
from core.model.quantities import Price
from core.model.session import CdrToken
from mappings.emip import meters
from mappings.emip.authorisation import CHARGE
from mappings.emip.identification import KIND, medium_from_emip, named_members, user_id_to_emip
from mappings.emip.ids import contract_or_none, evse_id_from_emip, party_from_emip, party_to_emip
from mappings.emip.leftovers import put_aside, put_back
from mappings.emip.times import moment_from_emip, moment_to_emip
from mappings.losses import losses
from protocols.emip.wire.parts import ChargeDetailRecord, MeterReportList
from protocols.emip.wire.words import CdrNature, IdType

_PLACE: Final = "eMIP names the EVSE only"
_MONEY: Final = "eMIP has one sum without taxes"
_METER: Final = "eMIP carries totals, not readings"
NOT_CARRIED: Final = {
    "charging_started_at": "eMIP has one begin and one end",
    "charging_ended_at": "eMIP has one begin and one end",
    "booking_id": "eMIP's record does not name a booking",
    "auth_method": "eMIP's record does not say how it was authorised",
    "location.id": _PLACE,
    "location.name": _PLACE,
    "location.address": _PLACE,
    "location.city": _PLACE,
    "location.postal_code": _PLACE,
    "location.state": _PLACE,
    "location.country": _PLACE,
    "location.coordinates": _PLACE,
    "location.connector_id": _PLACE,
    "location.connector_standard": _PLACE,
    "location.connector_format": _PLACE,
    "location.connector_power_type": _PLACE,
    "meter_id": "eMIP's record does not name the meter",
    "meter_start_kwh": _METER,
    "meter_end_kwh": _METER,
    "meter_between_kwh": _METER,
    "tariffs": "eMIP has no tariffs",
    "periods": "eMIP carries totals, not periods",
    "signed_data": "eMIP has no signed values",
    "total_cost.taxes": _MONEY,
    "total_cost.after_taxes": _MONEY,
    "total_fixed_cost": _MONEY,
    "total_energy_cost": _MONEY,
    "total_time_cost": _MONEY,
    "total_parking_time_h": "eMIP carries the whole duration",
    "total_parking_cost": _MONEY,
    "total_reservation_cost": _MONEY,
    "remark": "eMIP's record has no remark",
    "invoice_reference_id": "eMIP's record does not name an invoice",
    "home_charging_compensation": "eMIP does not know charging at home",
    "hub_operator": "eMIP knows no hub behind a party",
    "hub_provider": "eMIP knows no hub behind a party",
}
"""Cdr field -> why a ChargeDetailRecord does not carry it."""
ELSEWHERE: Final = {
    "id": "serviceSessionId, where no journey has one: an eMIP record has no id of its own",
    "session_id": "execPartnerSessionId, unless the operator has another id for the session",
    "authorization_reference": "salePartnerSessionId, unless the issuer has a session id of its own",
    "token.issuer": "salePartnerOperatorId",
    "location.evse_uid": "EVSEId",
    "currency": "the unit of the price",
    "credit": "a credit record is withheld",
    "credit_reference_id": "a credit record is withheld",
    "updated_at": "the record has no time of its own",
}


class SentCdr(NamedTuple):
    """The record; None, and why in `losses`, where it may not be sent."""

    record: ChargeDetailRecord | None
    losses: tuple[Loss, ...]


def cdr_from_emip(record: ChargeDetailRecord, operator: PartyId, *, received_at: datetime) -> Cdr:
    """`operator` is the operation in the header.

    Raises Invalid for an intermediate record, or an end before its start."""
    if record.cdr_nature is not CdrNature.FINAL:
        raise Invalid("/chargeDetailRecord/CDRNature", "an intermediate record is no charge detail record")
    started, ended = moment_from_emip(record.start_time), moment_from_emip(record.end_time)
    check_order(started, ended)
    reports = record.meter_report_list.meter_report
    energy, money = meters.energy_kwh(reports), meters.cost(reports)
    sale = record.sale_partner_session_id
    execution = record.exec_partner_session_id
    cdr = Cdr(
        owner=operator,
        id=record.service_session_id,
        started_at=started,
        ended_at=ended,
        session_id=execution if execution is not None and len(execution) <= 36 else None,
        token=token_from_emip(record),
        authorization_reference=sale if sale is not None and len(sale) <= 36 else None,
        location=CdrLocation(evse_id=evse_id_from_emip(record.evse_id, "/chargeDetailRecord/EVSEId")),
        currency=money.currency if money else None,
        periods=meters.periods(reports, started),
        total_cost=Price(before_taxes=money.amount) if money else None,
        total_energy_kwh=energy,
        total_time_h=meters.duration_h(reports),
        product_id=record.partner_product_id,
        issuer_session_id=sale,
        operator_session_id=execution,
        journey_id=record.service_session_id,
        updated_at=received_at,
        extensions={},
    )
    produced = _members(cdr)
    for name in ("evse_id_type", "evse_id", "service_session_id", "start_time", "end_time"):
        del produced[name]
    if produced["user_id"] == record.user_id.upper():
        del produced["user_id"]
    put_aside(cdr.extensions, record, produced | {"extra": None})
    return cdr


def token_from_emip(record: ChargeDetailRecord) -> CdrToken:
    medium = medium_from_emip(record.user_id_type, record.user_id)
    alias = contract_or_none(record.user_contract_id_alias)
    return CdrToken(
        issuer=_sale_operator(record), uid=medium.uid, kind=medium.kind, contract_id=alias or medium.contract_id
    )


def _sale_operator(record: ChargeDetailRecord) -> PartyId | None:
    try:
        return party_from_emip(record.sale_partner_operator_id) if record.sale_partner_operator_id else None
    except Invalid:
        return None


def check_order(started: datetime, ended: datetime) -> None:
    if ended < started:
        raise Invalid("/chargeDetailRecord/endTime", "the end is before the start")


def cdr_to_emip(
    cdr: Cdr,
    *,
    session_id: str | None = None,
    sale_operator: PartyId | None = None,
    sale_session_id: str | None = None,
) -> SentCdr:
    """A final record. `session_id`: the platform's; `sale_operator`: the eMSP that gets it, `sale_session_id` its id.

    What the CPO itself wrote of the eMSP is replaced where the platform knows better."""
    members = _members(cdr)
    own = put_back(cdr.extensions, members, ChargeDetailRecord)
    if session_id is not None:
        members["service_session_id"] = session_id
    if sale_operator is not None:
        members["sale_partner_operator_id_type"] = IdType.EMI3
        members["sale_partner_operator_id"] = party_to_emip(sale_operator)
        members["sale_partner_session_id"] = sale_session_id or members["sale_partner_session_id"]
    obstacle = _why_not(cdr, members)
    if obstacle is not None:
        return SentCdr(None, (obstacle,))
    return SentCdr(ChargeDetailRecord(**members), () if own else _losses(cdr))


def _why_not(cdr: Cdr, members: dict[str, Any]) -> Loss | None:
    if cdr.credit:
        return _withheld("credit", "eMIP cannot take back a charge detail record", cdr.id)
    if members["service_session_id"] is None:
        return _withheld("journey_id", "eMIP bills a session by the platform's id, and none is known", cdr.id)
    if members["evse_id"] is None:
        evse_id = cdr.location.evse_id
        return _withheld("location.evse_id", "no EVSE id that eMIP can say", evse_id.text if evse_id else None)
    if members["user_id"] is None:
        return _withheld("token", f"eMIP has no identification for this {cdr.token.kind}", cdr.token.kind)
    return None


def _members(cdr: Cdr) -> dict[str, Any]:
    """A record without what was put aside, by Python names."""
    token = cdr.token
    user = user_id_to_emip(token.kind, token.uid, token.contract_id)
    owner, sale = party_to_emip(cdr.owner), token.issuer
    alias = token.contract_id.text if token.contract_id else None
    reports = meters.reports_to_emip(cdr.total_time_h, cdr.total_energy_kwh, _money(cdr))
    return {
        **named_members(user, cdr.location.evse_id),
        "cdr_nature": CdrNature.FINAL,
        "service_session_id": cdr.journey_id or cdr.id,
        "exec_partner_session_id": cdr.operator_session_id or cdr.session_id,
        "exec_partner_operator_id_type": IdType.EMI3,
        "exec_partner_operator_id": owner,
        "sale_partner_session_id": cdr.issuer_session_id or cdr.authorization_reference,
        "sale_partner_operator_id_type": IdType.EMI3 if sale else None,
        "sale_partner_operator_id": party_to_emip(sale) if sale else None,
        "requested_service_id": CHARGE,
        "user_contract_id_alias": alias,
        "partner_product_id": cdr.product_id,
        "start_time": moment_to_emip(cdr.started_at),
        "end_time": moment_to_emip(cdr.ended_at),
        "meter_report_list": MeterReportList(meter_report=reports),
    }


def _money(cdr: Cdr) -> meters.Money | None:
    if cdr.total_cost is None or cdr.currency is None:
        return None
    return meters.Money(cdr.total_cost.before_taxes, cdr.currency)


def _losses(cdr: Cdr) -> tuple[Loss, ...]:
    found = losses(cdr, NOT_CARRIED)
    kind = KIND.loss(cdr.token.kind, "token.kind")
    return found + ((kind,) if kind else ())


def _withheld(path: str, reason: str, value: Any) -> Loss:
    return Loss(path=path, reason=reason, value=value, kind=LossKind.WITHHELD)
