"""CDRs <-> ours. Source: OCPI 2.3.0, mod_cdrs."""

from decimal import Decimal
from typing import Any, Final

from core.errors import Invalid, Unsupported
from core.model.cdr import Cdr, CdrLocation, SignedData, SignedValue
from core.model.location import ConnectorFormat, PowerType
from core.model.loss import Loss, LossKind
from core.model.quantities import Price
from core.model.session import AuthMethod, ChargingPeriod, Dimension
from mappings.losses import losses
from mappings.ocpi.common import (
    NA,
    Aside,
    Kept,
    assumption,
    coordinates_in,
    coordinates_out,
    each,
    kept,
    part,
    parts,
    put_aside,
    time_in,
    time_out,
)
from mappings.ocpi.evses import CONNECTOR_FORMAT, POWER_TYPE
from mappings.ocpi.ids import evse_id_in, party_in, party_out
from mappings.ocpi.sessions import (
    AUTH_METHOD,
    cdr_token_from_ocpi,
    cdr_token_to_ocpi,
    period_from_ocpi,
    period_to_ocpi,
    price_from_ocpi,
    price_to_ocpi,
    token_assumptions,
)
from mappings.ocpi.tariffs import tariff_from_ocpi, tariff_to_ocpi
from protocols.ocpi.wire import cdrs as wire

_TAXED: Final = "no field: the taxes themselves have to be named"
NOT_CARRIED: Final = {
    "charging_started_at": "only the periods say when current flowed",
    "charging_ended_at": "only the periods say when current flowed",
    "meter_start_kwh": "no field for meter readings",
    "meter_end_kwh": "no field for meter readings",
    "meter_between_kwh": "no field for meter readings",
    "product_id": "no field",
    "issuer_session_id": "no field",
    "operator_session_id": "no field",
    "hub_operator": "no field",
    "hub_provider": "no field",
    "signed_data.certificate_id": "no field",
    "signed_data.verification_instruction": "no field",
    "total_cost.after_taxes": _TAXED,
    "total_fixed_cost.after_taxes": _TAXED,
    "total_energy_cost.after_taxes": _TAXED,
    "total_time_cost.after_taxes": _TAXED,
    "total_parking_cost.after_taxes": _TAXED,
    "total_reservation_cost.after_taxes": _TAXED,
}
_HOUR: Final = Decimal(3600)
_REMARK_LENGTH: Final = 255
NO_ENERGY: Final = "[?] the operator did not say how much energy"
"""Remark of a CDR that says 0 because OCPI demands a number. Source: checklist of eMIP, EMIP-MTR-05."""


def cdr_location_from_ocpi(location: wire.CdrLocation) -> CdrLocation:
    aside: Aside = {}
    unknown: dict[str, Any] = {}
    return CdrLocation(
        id=location.id,
        name=location.name,
        address=location.address,
        city=location.city,
        postal_code=location.postal_code,
        state=location.state,
        country=location.country,
        coordinates=coordinates_in(location.coordinates, aside, unknown, "coordinates"),
        evse_uid=location.evse_uid,
        evse_id=evse_id_in(location.evse_id, aside, "evse_id"),
        connector_id=location.connector_id,
        connector_standard=location.connector_standard,
        connector_format=CONNECTOR_FORMAT.to_core(location.connector_format),
        connector_power_type=POWER_TYPE.to_core(location.connector_power_type),
        extensions=put_aside(location.extra, aside, unknown),
    )


def cdr_location_to_ocpi(location: CdrLocation) -> wire.CdrLocation:
    """Texts that nobody says are `#NA`; long ones are cut to what a CDR allows, see `cdr_losses`.

    Raises Unsupported without coordinates."""
    if location.coordinates is None:
        raise Unsupported("OCPI demands the coordinates of the place, which the source does not say")
    back = kept(location.extensions)
    return wire.CdrLocation(
        id=_said(location.id),
        name=location.name,
        address=_said(location.address)[:45],
        city=_said(location.city)[:45],
        postal_code=location.postal_code,
        state=location.state[:20] if location.state is not None else None,
        country=_said(location.country),
        coordinates=coordinates_out(location.coordinates, back, "coordinates"),
        evse_uid=_said(location.evse_uid),
        evse_id=location.evse_id.text if location.evse_id else back.texts.get("evse_id", NA),
        connector_id=_said(location.connector_id),
        connector_standard=_said(location.connector_standard),
        connector_format=CONNECTOR_FORMAT.to_wire(location.connector_format or ConnectorFormat.SOCKET),
        connector_power_type=POWER_TYPE.to_wire(location.connector_power_type or PowerType.AC_3_PHASE),
        extra=back.extra,
    )


def _said(text: str | None) -> str:
    return NA if text is None else text


def signed_value_from_ocpi(value: wire.SignedValue) -> SignedValue:
    return SignedValue(
        nature=value.nature,
        plain_data=value.plain_data,
        signed_data=value.signed_data,
        extensions=put_aside(value.extra, {}),
    )


def signed_value_to_ocpi(value: SignedValue) -> wire.SignedValue:
    return wire.SignedValue(
        nature=_said(value.nature),
        plain_data=_said(value.plain_data),
        signed_data=value.signed_data,
        extra=kept(value.extensions).extra,
    )


def signed_data_from_ocpi(data: wire.SignedData) -> SignedData:
    return SignedData(
        encoding_method=data.encoding_method,
        encoding_method_version=data.encoding_method_version,
        public_key=data.public_key,
        values=each(signed_value_from_ocpi, data.signed_values),
        url=data.url,
        extensions=put_aside(data.extra, {}),
    )


def signed_data_to_ocpi(data: SignedData) -> wire.SignedData:
    return wire.SignedData(
        encoding_method=_said(data.encoding_method),
        encoding_method_version=data.encoding_method_version,
        public_key=data.public_key,
        signed_values=each(signed_value_to_ocpi, data.values),
        url=data.url,
        extra=kept(data.extensions).extra,
    )


def cdr_from_ocpi(cdr: wire.Cdr) -> Cdr:
    """Raises Invalid for a credit without reference, and for an id that only a credit may have."""
    if cdr.credit and cdr.credit_reference_id is None:
        raise Invalid("$.credit_reference_id", "is required in a credit CDR")
    if len(cdr.id) > 36 and not cdr.credit:
        raise Invalid("$.id", "may be longer than 36 characters only in a credit CDR")
    aside: Aside = {}
    unknown: dict[str, Any] = {}
    return Cdr(
        owner=party_in(cdr.country_code, cdr.party_id, aside),
        id=cdr.id,
        started_at=time_in(cdr.start_date_time, aside, "start_date_time"),
        ended_at=time_in(cdr.end_date_time, aside, "end_date_time"),
        booking_id=cdr.booking_id,
        session_id=cdr.session_id,
        token=part(cdr_token_from_ocpi, cdr.cdr_token, "cdr_token"),
        auth_method=AUTH_METHOD.to_core(cdr.auth_method),
        authorization_reference=cdr.authorization_reference,
        location=part(cdr_location_from_ocpi, cdr.cdr_location, "cdr_location"),
        meter_id=cdr.meter_id,
        currency=cdr.currency,
        tariffs=parts(tariff_from_ocpi, cdr.tariffs, "tariffs"),
        periods=parts(period_from_ocpi, cdr.charging_periods, "charging_periods"),
        signed_data=signed_data_from_ocpi(cdr.signed_data) if cdr.signed_data is not None else None,
        total_cost=price_from_ocpi(cdr.total_cost, unknown, "total_cost"),
        total_fixed_cost=_cost_in(cdr.total_fixed_cost, unknown, "total_fixed_cost"),
        total_energy_kwh=cdr.total_energy,
        total_energy_cost=_cost_in(cdr.total_energy_cost, unknown, "total_energy_cost"),
        total_time_h=cdr.total_time,
        total_time_cost=_cost_in(cdr.total_time_cost, unknown, "total_time_cost"),
        total_parking_time_h=cdr.total_parking_time,
        total_parking_cost=_cost_in(cdr.total_parking_cost, unknown, "total_parking_cost"),
        total_reservation_cost=_cost_in(cdr.total_reservation_cost, unknown, "total_reservation_cost"),
        remark=cdr.remark,
        invoice_reference_id=cdr.invoice_reference_id,
        credit=cdr.credit,
        credit_reference_id=cdr.credit_reference_id,
        home_charging_compensation=cdr.home_charging_compensation,
        updated_at=time_in(cdr.last_updated, aside, "last_updated"),
        extensions=put_aside(cdr.extra, aside, unknown),
    )


def cdr_to_ocpi(cdr: Cdr) -> wire.Cdr:
    """What OCPI demands and the source does not say is assumed where no invoice depends on it, see `cdr_losses`.

    Raises Unsupported where one does: without total cost and currency, the eMSP, the token, or the place."""
    if cdr.total_cost is None or cdr.currency is None:
        raise Unsupported(f"OCPI demands the total cost and currency of CDR {cdr.id}, which the source does not say")
    back = kept(cdr.extensions)
    country_code, party_id = party_out(cdr.owner, back)
    return wire.Cdr(
        country_code=country_code,
        party_id=party_id,
        id=cdr.id,
        start_date_time=time_out(cdr.started_at, back, "start_date_time"),
        end_date_time=time_out(cdr.ended_at, back, "end_date_time"),
        booking_id=cdr.booking_id,
        session_id=cdr.session_id,
        cdr_token=cdr_token_to_ocpi(cdr.token),
        auth_method=AUTH_METHOD.to_wire(cdr.auth_method or AuthMethod.AUTH_REQUEST),
        authorization_reference=cdr.authorization_reference,
        cdr_location=cdr_location_to_ocpi(cdr.location),
        meter_id=cdr.meter_id,
        currency=cdr.currency,
        tariffs=each(tariff_to_ocpi, cdr.tariffs),
        charging_periods=each(period_to_ocpi, cdr.periods or (_period(cdr),)),
        signed_data=signed_data_to_ocpi(cdr.signed_data) if cdr.signed_data is not None else None,
        total_cost=price_to_ocpi(cdr.total_cost, back, "total_cost"),
        total_fixed_cost=_cost_out(cdr.total_fixed_cost, back, "total_fixed_cost"),
        total_energy=cdr.total_energy_kwh if cdr.total_energy_kwh is not None else Decimal(0),
        total_energy_cost=_cost_out(cdr.total_energy_cost, back, "total_energy_cost"),
        total_time=cdr.total_time_h if cdr.total_time_h is not None else _hours(cdr),
        total_time_cost=_cost_out(cdr.total_time_cost, back, "total_time_cost"),
        total_parking_time=cdr.total_parking_time_h,
        total_parking_cost=_cost_out(cdr.total_parking_cost, back, "total_parking_cost"),
        total_reservation_cost=_cost_out(cdr.total_reservation_cost, back, "total_reservation_cost"),
        remark=_remark(cdr),
        invoice_reference_id=cdr.invoice_reference_id,
        credit=cdr.credit,
        credit_reference_id=cdr.credit_reference_id,
        home_charging_compensation=cdr.home_charging_compensation,
        last_updated=time_out(cdr.updated_at, back, "last_updated"),
        extra=back.extra,
    )


def _cost_in(price: Any, unknown: dict[str, Any], name: str) -> Price | None:
    return None if price is None else price_from_ocpi(price, unknown, name)


def _cost_out(price: Price | None, back: Kept, name: str) -> Any:
    return None if price is None else price_to_ocpi(price, back, name)


def _hours(cdr: Cdr) -> Decimal:
    """The length of the session, to the four decimals that OCPI asks for."""
    seconds = Decimal((cdr.ended_at - cdr.started_at).total_seconds())
    return round(seconds / _HOUR, 4)


def _remark(cdr: Cdr) -> str | None:
    """A zero that nobody measured says so, beside what the operator remarked."""
    if cdr.total_energy_kwh is not None:
        return cdr.remark
    return f"{NO_ENERGY}; {cdr.remark}"[:_REMARK_LENGTH] if cdr.remark else NO_ENERGY


def _period(cdr: Cdr) -> ChargingPeriod:
    """The whole session as one period, for sources without periods."""
    if cdr.total_energy_kwh is None:
        whole = Dimension(type="TIME", volume=_hours(cdr))
    else:
        whole = Dimension(type="ENERGY", volume=cdr.total_energy_kwh)
    return ChargingPeriod(started_at=cdr.charging_started_at or cdr.started_at, dimensions=(whole,))


def cdr_losses(cdr: Cdr) -> tuple[Loss, ...]:
    """What OCPI does not get of this CDR, and what had to be assumed."""
    return losses(cdr, NOT_CARRIED) + token_assumptions(cdr.token) + tuple(_assumptions(cdr))


def _assumptions(cdr: Cdr) -> list[Loss]:
    found = []
    if cdr.total_energy_kwh is None:
        found.append(assumption("total_energy_kwh", 0))
        if cdr.remark and len(NO_ENERGY) + 2 + len(cdr.remark) > _REMARK_LENGTH:
            reason = "cut, so that a remark on the missing energy fits"
            found.append(Loss(path="remark", reason=reason, value=cdr.remark, kind=LossKind.NARROWED))
    if cdr.auth_method is None:
        found.append(assumption("auth_method", "AUTH_REQUEST"))
    if cdr.total_time_h is None:
        found.append(assumption("total_time_h", float(_hours(cdr)), "the length of the session"))
    if not cdr.periods:
        found.append(assumption("periods", None, "the source gives no periods; the session is sent as one"))
    place = cdr.location
    texts = ("id", "address", "city", "country", "evse_uid", "connector_id", "connector_standard")
    found += [assumption(f"location.{name}", NA) for name in texts if getattr(place, name) is None]
    if place.evse_id is None and not place.extensions:
        found.append(assumption("location.evse_id", NA))
    if place.connector_format is None:
        found.append(assumption("location.connector_format", "SOCKET"))
    if place.connector_power_type is None:
        found.append(assumption("location.connector_power_type", "AC_3_PHASE"))
    for name, room in (("address", 45), ("city", 45), ("state", 20)):
        text = getattr(place, name)
        if text is not None and len(text) > room:
            reason = f"cut to the {room} characters that a CDR allows"
            found.append(Loss(path=f"location.{name}", reason=reason, value=text, kind=LossKind.NARROWED))
    return found
