"""Charge data records. Source: OCHP 1.4, CDRInfo; crosswalk 1.12, 3(f).

Times are local to the charge point and go out with the offset that holds there. What the model cannot hold exactly is
put aside, so that numbers keep their digits and the bill its items.
"""

from datetime import datetime
from typing import Any, Final, NamedTuple

from core.model.cdr import Cdr, CdrLocation
from core.model.ids import PartyId, TokenUid
from core.model.location import Connector, Evse, Location, PowerType
from core.model.loss import Loss
from core.model.session import AuthMethod, CdrToken
from core.model.token import TokenKind
from mappings.losses import losses
from mappings.ochp.addresses import cdr_address_to_ochp, street_of
from mappings.ochp.bills import (
    bill_to_ochp,
    hours_between,
    period_losses,
    periods_from_ochp,
    price_of,
    quantity,
    total_price,
)
from mappings.ochp.codes import CONNECTOR_FORMAT, CONNECTOR_STANDARD, CURRENT
from mappings.ochp.connectors import power_type_of
from mappings.ochp.ids import (
    cdr_id_to_ochp,
    contract_id_from_ochp,
    contract_id_to_ochp,
    emt_id_to_ochp,
    evse_id_from_ochp,
    evse_id_to_ochp,
    evse_uid,
    medium_from_ochp,
    tariff_id_to_ochp,
)
from mappings.ochp.leftovers import PROTOCOL, put_aside, put_back
from mappings.ochp.notes import Notes, assumed, lost, narrowed, remaining, withheld
from mappings.ochp.times import local_to_ochp, moment_from_ochp
from mappings.zones import zone_info
from protocols.ochp.wire.cdrs import CDRInfo
from protocols.ochp.wire.places import Connector as WireConnector
from protocols.ochp.wire.words import BillingItem, CdrStatus, TokenType

_MEASURED: Final = "OCHP has billed quantities only"
NOT_CARRIED: Final = {
    "charging_started_at": "OCHP has one begin and one end",
    "charging_ended_at": "OCHP has one begin and one end",
    "booking_id": "OCHP's record does not name a booking",
    "session_id": "OCHP's record does not name the session",
    "auth_method": "OCHP's record does not say how it was authorised",
    "authorization_reference": "OCHP's record has no reference",
    "location.id": "OCHP names the EVSE",
    "location.name": "OCHP names the EVSE",
    "location.state": "OCHP's address has no region",
    "location.coordinates": "OCHP names the EVSE",
    "location.connector_id": "OCHP addresses no connectors",
    "meter_start_kwh": _MEASURED,
    "meter_end_kwh": _MEASURED,
    "meter_between_kwh": _MEASURED,
    "tariffs": "OCHP's record has prices, not tariffs",
    "signed_data": "OCHP's record has no signed values",
    "remark": "OCHP's record has no remark",
    "invoice_reference_id": "OCHP's record does not name an invoice",
    "home_charging_compensation": "OCHP does not know charging at home",
    "product_id": "OCHP's record does not name a product",
    "issuer_session_id": "OCHP's record does not name the session",
    "operator_session_id": "OCHP's record does not name the session",
    "hub_operator": "OCHP knows no hub behind a party",
    "hub_provider": "OCHP knows no hub behind a party",
}
"""Cdr field -> why a CDRInfo does not carry it."""

ELSEWHERE: Final = {
    "owner": "the operator in evseId; the first five characters of CdrId",
    "token.issuer": "the provider in contractId",
    "location.evse_uid": "evseId",
    "total_energy_kwh": "billingValue of the item energy",
    "total_time_h": "endDateTime less startDateTime",
    "total_parking_time_h": "billingValue of the item parkingtime",
    "credit": "a credit is withheld: OCHP replaces a record by a revised one",
    "credit_reference_id": "a credit is withheld",
    "journey_id": "the hub's own",
    "updated_at": "OCHP's record has no time of its own",
}

_TIME: Final = (BillingItem.USAGE_TIME,)
_RESERVATION: Final = (BillingItem.RESERVATION, BillingItem.RESERVATION_TIME)


class SentCdr(NamedTuple):
    """The record; None, and why in `losses`, where it may not be sent."""

    record: CDRInfo | None
    losses: tuple[Loss, ...]


def cdr_from_ochp(record: CDRInfo, *, received_at: datetime) -> Cdr:
    """The energy is that of the bill: unknown where none was billed.

    Raises Invalid with a path below the record."""
    evse_id = evse_id_from_ochp(record.evse_id)
    contract_id = contract_id_from_ochp(record.contract_id)
    kind, uid = medium_from_ochp(record.emt_id)
    started_at = moment_from_ochp(record.start_date_time, "/startDateTime/LocalDateTime")
    ended_at = moment_from_ochp(record.end_date_time, "/endDateTime/LocalDateTime")
    for index, period in enumerate(record.charging_periods, 1):
        moment_from_ochp(period.end_date_time, f"/chargingPeriods[{index}]/endDateTime/LocalDateTime")
    items = record.charging_periods
    cdr = Cdr(
        owner=evse_id.operator,
        id=record.cdr_id,
        started_at=started_at,
        ended_at=ended_at,
        token=CdrToken(issuer=contract_id.provider, uid=uid, kind=kind, contract_id=contract_id),
        auth_method=AuthMethod.COMMAND if record.emt_id.token_type is TokenType.REMOTE else None,
        location=_place(record),
        meter_id=record.meter_id,
        currency=record.currency,
        periods=periods_from_ochp(items, record.connector_type.tariff_id),
        total_cost=total_price(items, record.total_cost),
        total_fixed_cost=price_of(items, (BillingItem.SERVICE_FEE,)),
        total_energy_kwh=quantity(items, BillingItem.ENERGY),
        total_energy_cost=price_of(items, (BillingItem.ENERGY,)),
        total_time_h=hours_between(started_at, ended_at),
        total_time_cost=price_of(items, _TIME),
        total_parking_time_h=quantity(items, BillingItem.PARKING_TIME),
        total_parking_cost=price_of(items, (BillingItem.PARKING_TIME,)),
        total_reservation_cost=price_of(items, _RESERVATION),
        updated_at=received_at,
        extensions={},
    )
    put_aside(cdr.extensions, record, _members(cdr, None, None, None))
    return cdr


def _place(record: CDRInfo) -> CdrLocation:
    address, connector = record.charge_point_address, record.connector_type
    evse_id = evse_id_from_ochp(record.evse_id)
    return CdrLocation(
        address=street_of(address),
        city=address.city,
        postal_code=address.zip_code,
        country=address.country,
        evse_uid=evse_uid(evse_id),
        evse_id=evse_id,
        connector_standard=CONNECTOR_STANDARD.to_core(connector.connector_standard),
        connector_format=CONNECTOR_FORMAT.to_core(connector.connector_format),
        connector_power_type=power_type_of(connector.connector_standard, record.charge_point_type, record.ratings),
    )


def cdr_to_ochp(
    cdr: Cdr,
    *,
    time_zone: str | None = None,
    place: Location | None = None,
    status: CdrStatus | None = None,
    cdr_id: str | None = None,
) -> SentCdr:
    """`place` is the hub's copy of the location: what the CDR does not say of it is taken from there, its zone too.

    `time_zone` is the IANA zone of the place; without any, times are UTC. `status`: that of the clearing house, else as
    it came, else `new`. `cdr_id`: the id under which it went out before."""
    own = PROTOCOL in cdr.extensions
    notes: Notes = []
    zone_name = time_zone or (place.time_zone if place is not None else None)
    members = _members(cdr, zone_name, place, None if own else notes)
    written = put_back(cdr.extensions, members, CDRInfo)
    if status is not None:
        members["status"] = status
    if cdr_id is not None:
        members["cdr_id"] = cdr_id
    obstacle = _why_not(cdr, members)
    if obstacle is not None:
        return SentCdr(None, (obstacle,))
    if own:
        return SentCdr(CDRInfo(**members), ())
    for path, reason, value in period_losses(cdr):
        lost(notes, "charging_periods", path, reason, value)
    return SentCdr(CDRInfo(**members), remaining(notes, written) + losses(cdr, NOT_CARRIED))


def _why_not(cdr: Cdr, members: dict[str, Any]) -> Loss | None:
    if cdr.credit:
        return withheld("credit", "OCHP takes back no record: it is revised or rejected", cdr.id)
    if members["evse_id"] is None:
        evse_id = cdr.location.evse_id
        return withheld("location.evse_id", "no EVSE id that OCHP can say", evse_id.text if evse_id else None)
    if members["emt_id"] is None:
        return withheld("token", f"OCHP has no token of kind {cdr.token.kind}, or none is known", cdr.token.kind)
    if members["contract_id"] is None:
        contract = cdr.token.contract_id.text if cdr.token.contract_id is not None else None
        return withheld("token.contract_id", "OCHP demands a contract in EMAID form", contract)
    if members["charge_point_address"] is None:
        return withheld("location.country", "the country of the place is not known, which OCHP demands")
    if members["connector_type"] is None:
        return withheld("location.connector_standard", "no connector is known that OCHP can say")
    if members["currency"] is None:
        return withheld("currency", "OCHP demands a price, and none is known", cdr.id)
    if not members["charging_periods"]:
        return withheld("total_cost", "OCHP demands a price, and none is known that it can say", cdr.id)
    return None


def _members(cdr: Cdr, time_zone: str | None, place: Location | None, notes: Notes | None) -> dict[str, Any]:
    """A record without what was put aside, by Python names."""
    zone = zone_info(time_zone)
    if zone is None:
        assumed(notes, "start_date_time", "startDateTime", "the time zone of the place is not known; sent in UTC")
    token, evse_id = cdr.token, cdr.location.evse_id
    where = _filled(cdr.location, place)
    connector = _connector(cdr, where, place)
    cdr_id = cdr_id_to_ochp(cdr.owner, cdr.id)
    if cdr_id != cdr.id.upper():
        narrowed(notes, "cdr_id", "id", f"sent as {cdr_id}", cdr.id)
    _note_fractions(cdr, notes)
    contract = token.contract_id
    spelled = None if contract is None else contract_id_to_ochp(contract)
    if contract is not None and contract.is_din:
        reason = f"an id of the older form is sent as {spelled}"
        narrowed(notes, "contract_id", "token.contract_id", reason, contract.text)
    return {
        "cdr_id": cdr_id,
        "evse_id": None if evse_id is None else evse_id_to_ochp(evse_id),
        "emt_id": _emt_id(token),
        "contract_id": spelled,
        "status": CdrStatus.NEW,
        "start_date_time": local_to_ochp(cdr.started_at, zone),
        "end_date_time": local_to_ochp(cdr.ended_at, zone),
        "duration": _duration(cdr, notes),
        "charge_point_address": cdr_address_to_ochp(where, notes),
        "charge_point_type": CURRENT.to_wire(_power_type(where, connector, notes)),
        "connector_type": connector,
        "ratings": None,
        "meter_id": _meter(cdr, notes),
        "charging_periods": bill_to_ochp(cdr, zone, notes),
        "total_cost": None if cdr.total_cost is None else cdr.total_cost.before_taxes,
        "currency": cdr.currency,
    }


def _note_fractions(cdr: Cdr, notes: Notes | None) -> None:
    spans = (("start_date_time", "started_at", cdr.started_at), ("end_date_time", "ended_at", cdr.ended_at))
    for member, path, moment in spans:
        if moment.microsecond:
            narrowed(notes, member, path, "OCHP has whole seconds; the fraction is cut off", moment)


def _emt_id(token: CdrToken) -> Any:
    if token.uid is not None:
        return emt_id_to_ochp(token.kind, token.uid) if len(token.uid.text) <= 512 else None
    if token.kind == TokenKind.RFID or token.contract_id is None:
        return None
    return emt_id_to_ochp(token.kind, TokenUid.parse(token.contract_id.text))


def _duration(cdr: Cdr, notes: Notes | None) -> str | None:
    """Elapsed time, whatever clocks did meanwhile."""
    seconds = int((cdr.ended_at - cdr.started_at).total_seconds())
    if not 0 <= seconds < 1000 * 3600:
        lost(notes, "duration", "ended_at", "OCHP's duration has three digits of hours; left out")
        return None
    return f"{seconds // 3600:03}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _meter(cdr: Cdr, notes: Notes | None) -> str | None:
    if cdr.meter_id is not None and not 0 < len(cdr.meter_id) <= 20:
        lost(notes, "meter_id", "meter_id", "OCHP takes 1 to 20 characters", cdr.meter_id)
        return None
    return cdr.meter_id


def _filled(where: CdrLocation, place: Location | None) -> CdrLocation:
    """What the CDR says of the place, else what the hub knows of it."""
    if place is None:
        return where
    street = f"{place.address} {place.house_number}" if place.house_number else place.address
    return CdrLocation(
        address=where.address if where.address is not None else street,
        city=where.city if where.city is not None else place.city,
        postal_code=where.postal_code if where.postal_code is not None else place.postal_code,
        country=where.country if where.country is not None else place.country,
        evse_id=where.evse_id,
        connector_id=where.connector_id,
        connector_standard=where.connector_standard,
        connector_format=where.connector_format,
        connector_power_type=where.connector_power_type,
    )


def _connector(cdr: Cdr, where: CdrLocation, place: Location | None) -> WireConnector | None:
    standard, form = where.connector_standard, where.connector_format
    if standard is None or form is None:
        known = _known_connector(where, place)
        if known is None:
            return None
        standard, form = known.standard, known.format
    word = CONNECTOR_STANDARD.wire_for(standard)
    if word is None:
        return None
    tariff_id = next((period.tariff_id for period in cdr.periods if period.tariff_id), None)
    return WireConnector(
        connector_standard=word,
        connector_format=CONNECTOR_FORMAT.to_wire(form),
        tariff_id=None if tariff_id is None else tariff_id_to_ochp(tariff_id),
    )


def _known_connector(where: CdrLocation, place: Location | None) -> Connector | None:
    """The one that was used, or the only one there is."""
    evse: Evse | None = None
    if place is not None and where.evse_id is not None:
        evse = next((one for one in place.evses if one.evse_id == where.evse_id), None)
    if evse is None:
        return None
    used = [connector for connector in evse.connectors if connector.id == where.connector_id]
    found = used or list(evse.connectors)
    return found[0] if len(found) == 1 else None


def _power_type(where: CdrLocation, connector: WireConnector | None, notes: Notes | None) -> PowerType:
    if where.connector_power_type is not None:
        return where.connector_power_type
    standard = where.connector_standard or (
        CONNECTOR_STANDARD.to_core(connector.connector_standard) if connector is not None else ""
    )
    assumed(notes, "charge_point_type", "chargePointType", "told from the connector")
    return PowerType.DC if standard == "CHADEMO" or standard.endswith("_COMBO") else PowerType.AC_3_PHASE


def operator_of(record: CDRInfo) -> PartyId:
    return evse_id_from_ochp(record.evse_id).operator
