"""Right OICP messages of every shape."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from mappings.oicp.codes import CODES
from mappings.oicp.leftovers import members_of
from protocols.oicp.wire import coordinates as geo
from protocols.oicp.wire import evse_data as evse
from protocols.oicp.wire import identification as ident
from protocols.oicp.wire import notifications as notify
from protocols.oicp.wire import pricing
from protocols.oicp.wire.authentication_data import AuthenticationDataRecord
from protocols.oicp.wire.authorisation import AuthorizeStart, AuthorizeStop
from protocols.oicp.wire.cdr import (
    CalibrationLawVerificationInfo,
    ChargeDetailRecord,
    MeteringStatus,
    MeterValueInBetween,
    SignedMeteringValue,
)
from protocols.oicp.wire.common import Acknowledgement, InfoText, StatusCode
from protocols.oicp.wire.remote import (
    AuthorizeRemoteReservationStart,
    AuthorizeRemoteReservationStop,
    AuthorizeRemoteStart,
    AuthorizeRemoteStop,
)

plain = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"))


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | strategy


def texts(longest: int, shortest: int = 0) -> st.SearchStrategy[str]:
    return st.text(plain, min_size=shortest, max_size=longest)


def matching(pattern: str) -> st.SearchStrategy[str]:
    return st.from_regex(pattern, fullmatch=True)


def decimals(low: int = 0, high: int = 10_000, places: int = 4) -> st.SearchStrategy[Decimal]:
    """With digits that a float would drop: 10.100 stays 10.100."""
    return st.builds(
        lambda units, shown: Decimal(units).scaleb(-shown),
        st.integers(low * 10**places, high * 10**places - 1).map(lambda units: units),
        st.just(places),
    ) | st.integers(low, high - 1).map(Decimal)


uids = matching("[0-9A-F]{8}|[0-9A-F]{14}|[0-9A-F]{20}")
evse_ids = matching(r"(DE\*?[A-Z0-9]{3}\*?E[A-Z0-9][A-Z0-9*]{0,12})|(\+?49\*[0-9]{3}\*[0-9][0-9*]{0,12})")
evco_ids = matching(
    r"([A-Z]{2}-?[A-Z0-9]{3}-?C[A-Za-z0-9]{8}-?[A-Z0-9])|([A-Z]{2}[*-]?[A-Z0-9]{3}[*-]?[A-Z0-9]{6}[*-]?[0-9X])"
)
session_ids = matching("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
operator_ids = matching(r"([A-Z]{2}\*?[A-Z0-9]{3})|(\+?49\*[0-9]{3})")
provider_ids = matching(r"[A-Z]{2}[*-]?[A-Z0-9]{3}")


@st.composite
def moments(draw: st.DrawFn) -> str:
    zone = timezone(timedelta(minutes=15 * draw(st.integers(-48, 56))))
    moment = draw(st.datetimes(datetime(2000, 1, 2), datetime(2090, 1, 1)))  # noqa: DTZ001
    text = moment.replace(microsecond=0, tzinfo=UTC).astimezone(zone).isoformat()
    fraction = draw(st.sampled_from(["", ".5", ".038", ".120000", ".1234567"]))
    whole, offset = text[:19], text[19:]
    return whole + fraction + draw(st.sampled_from([offset, "Z"]))


hashed_pins = st.builds(
    ident.HashedPIN,
    value=matching(r"[0-9A-Za-z.+/=$]{10,60}"),
    function=st.just(ident.HashFunction.BCRYPT),
    legacy_hash_data=maybe(
        st.builds(
            ident.LegacyHashData,
            function=st.sampled_from(ident.LegacyHashFunction),
            salt=maybe(texts(20)),
            value=maybe(texts(20)),
        )
    ),
)
mifare = st.builds(ident.RFIDMifareFamilyIdentification, uid=uids)
rfid = st.builds(
    ident.RFIDIdentification,
    uid=uids,
    rfid=st.sampled_from(ident.RFIDType),
    evco_id=maybe(evco_ids),
    printed_number=maybe(texts(30)),
    expiry_date=maybe(moments()),
)
plug_and_charge = st.builds(ident.PlugAndChargeIdentification, evco_id=evco_ids)
remote = st.builds(ident.RemoteIdentification, evco_id=evco_ids)
asking = st.one_of(
    st.builds(ident.Identification, rfid_mifare_family_identification=mifare),
    st.builds(
        ident.Identification,
        qr_code_identification=st.builds(ident.QRCodeIdentification, evco_id=evco_ids, pin=texts(20, 1)),
    ),
    st.builds(ident.Identification, plug_and_charge_identification=plug_and_charge),
)
uploaded = st.one_of(
    st.builds(ident.Identification, rfid_mifare_family_identification=mifare),
    st.builds(ident.Identification, rfid_identification=rfid),
    st.builds(
        ident.Identification,
        qr_code_identification=st.builds(ident.QRCodeIdentification, evco_id=evco_ids, hashed_pin=hashed_pins),
    ),
    st.builds(ident.Identification, plug_and_charge_identification=plug_and_charge),
    st.builds(ident.Identification, remote_identification=remote),
)
authentication_records = st.builds(AuthenticationDataRecord, identification=uploaded)
authorize_starts = st.builds(
    AuthorizeStart,
    operator_id=operator_ids,
    identification=asking,
    evse_id=maybe(evse_ids),
    session_id=maybe(session_ids),
    cpo_partner_session_id=maybe(texts(40)),
    emp_partner_session_id=maybe(texts(40)),
    partner_product_id=maybe(texts(20)),
)
authorize_stops = st.builds(
    AuthorizeStop,
    session_id=session_ids,
    operator_id=operator_ids,
    identification=asking,
    evse_id=maybe(evse_ids),
    cpo_partner_session_id=maybe(texts(40)),
    emp_partner_session_id=maybe(texts(40)),
)
remote_starts = st.builds(
    AuthorizeRemoteStart,
    provider_id=st.sampled_from(["DE-FAR", "defar", "DE*FAR"]),
    evse_id=evse_ids,
    identification=st.builds(ident.Identification, remote_identification=remote),
    session_id=maybe(session_ids),
    cpo_partner_session_id=maybe(texts(40)),
    emp_partner_session_id=maybe(texts(40)),
    partner_product_id=maybe(texts(20)),
)
reservation_starts = st.builds(
    lambda start, duration: AuthorizeRemoteReservationStart(**members_of(start), duration=duration),
    remote_starts,
    maybe(st.integers(1, 99)),
)
remote_stops = st.builds(
    AuthorizeRemoteStop,
    session_id=session_ids,
    provider_id=st.sampled_from(["DE-FAR", "defar", "DE*FAR"]),
    evse_id=evse_ids,
    cpo_partner_session_id=maybe(texts(40)),
    emp_partner_session_id=maybe(texts(40)),
)
reservation_stops = remote_stops.map(lambda stop: AuthorizeRemoteReservationStop(**members_of(stop)))
acknowledgements = st.builds(
    Acknowledgement,
    result=st.booleans(),
    status_code=maybe(
        st.builds(
            StatusCode,
            code=st.sampled_from([*CODES, "998"]),
            description=maybe(texts(30)),
            additional_info=maybe(texts(30)),
        )
    ),
    session_id=maybe(session_ids),
    cpo_partner_session_id=maybe(texts(40, 1)),
    emp_partner_session_id=maybe(texts(40, 1)),
)
info_texts = st.builds(InfoText, language=st.sampled_from(["de", "en", "deu", "en-GB"]), value=texts(30))


def many(strategy: st.SearchStrategy[Any], least: int = 0, most: int = 3) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, min_size=least, max_size=most).map(tuple)


def degrees(limit: int) -> st.SearchStrategy[str]:
    return st.builds(
        lambda sign, whole, part: f"{sign}{whole}.{part}",
        st.sampled_from(["", "-"]),
        st.integers(0, limit),
        matching("[0-9]{1,6}"),
    )


def minutes(limit: int) -> st.SearchStrategy[str]:
    return st.builds(
        lambda sign, whole, minute, second, part, gap: f"{sign}{whole}°{gap}{minute:02}'{gap}{second:02}.{part}''",
        st.sampled_from(["", "-"]),
        st.integers(0, limit),
        st.integers(0, 59),
        st.integers(0, 59),
        matching("[0-9]{1,4}"),
        st.sampled_from(["", " "]),
    )


coordinates = st.one_of(
    st.builds(
        lambda lat, gap, lon: geo.GeoCoordinates(google=geo.GoogleCoordinates(coordinates=lat + gap + lon)),
        degrees(89),
        st.sampled_from([" ", ", ", ","]),
        degrees(179),
    ),
    st.builds(
        lambda lat, lon: geo.GeoCoordinates(decimal_degree=geo.DecimalDegreeCoordinates(latitude=lat, longitude=lon)),
        degrees(89),
        degrees(179),
    ),
    st.builds(
        lambda lat, lon: geo.GeoCoordinates(
            degree_minute_seconds=geo.DegreeMinuteSecondsCoordinates(latitude=lat, longitude=lon)
        ),
        minutes(89),
        minutes(179),
    ),
)
addresses = st.builds(
    evse.Address,
    country=st.sampled_from(["DEU", "FRA", "ESP", "USA", "NLD"]),
    city=texts(20, 1),
    street=texts(20, 2),
    postal_code=texts(10, 1),
    house_num=texts(10, 1),
    floor=maybe(texts(5)),
    region=maybe(texts(20)),
    parking_facility=maybe(st.booleans()),
    parking_spot=maybe(texts(5)),
    time_zone=maybe(matching(r"UTC[+-](0[0-9]|1[0-2]):(00|30)")),
)
facilities = st.builds(
    evse.ChargingFacility,
    power_type=st.sampled_from(evse.PowerType),
    power=decimals(0, 500, 2),
    voltage=maybe(st.integers(1, 1500).map(Decimal)),
    amperage=maybe(st.integers(1, 999).map(Decimal)),
    charging_modes=maybe(many(st.sampled_from(evse.ChargingMode))),
)
clock = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59)) | st.just(
    "24:00"
)
openings = st.builds(
    evse.OpeningTimes,
    on=st.sampled_from(evse.Day),
    period=many(st.builds(evse.Period, begin=clock, end=clock)),
)


def _payment() -> st.SearchStrategy[Any]:
    both = st.sampled_from([evse.PaymentOption.DIRECT, evse.PaymentOption.CONTRACT])
    return st.just((evse.PaymentOption.NO_PAYMENT,)) | many(both, 1)


@st.composite
def evse_records(draw: st.DrawFn) -> evse.EvseDataRecord:
    times = draw(maybe(many(openings, 1)))
    return evse.EvseDataRecord(
        evse_id=draw(evse_ids),
        charging_pool_id=draw(maybe(matching(r"DE\*?[A-Z0-9]{3}\*?P[A-Z0-9*]{1,6}"))),
        charging_station_id=draw(maybe(texts(12))),
        charging_station_names=draw(many(info_texts, 1)),
        hardware_manufacturer=draw(maybe(texts(20))),
        charging_station_image=draw(maybe(texts(40))),
        sub_operator_name=draw(maybe(texts(20))),
        address=draw(addresses),
        geo_coordinates=draw(coordinates),
        plugs=draw(many(st.sampled_from(evse.Plug), 1)),
        dynamic_power_level=draw(maybe(st.booleans())),
        charging_facilities=draw(many(facilities, 1)),
        renewable_energy=draw(st.booleans()),
        energy_source=draw(
            maybe(
                many(
                    st.builds(
                        evse.EnergySource,
                        energy=maybe(st.sampled_from(evse.Energy)),
                        percentage=maybe(st.integers(0, 100).map(Decimal)),
                    )
                )
            )
        ),
        environmental_impact=draw(
            maybe(
                st.builds(
                    evse.EnvironmentalImpact,
                    co2_emission=maybe(decimals(0, 900, 2)),
                    nuclear_waste=maybe(decimals(0, 9, 2)),
                )
            )
        ),
        calibration_law_data_availability=draw(st.sampled_from(evse.CalibrationLawDataAvailability)),
        authentication_modes=draw(many(st.sampled_from(evse.AuthenticationMode), 1)),
        max_capacity=draw(maybe(st.integers(0, 999).map(Decimal))),
        payment_options=draw(_payment()),
        value_added_services=draw(many(st.sampled_from(evse.ValueAddedService), 1)),
        accessibility=draw(st.sampled_from(evse.Accessibility)),
        accessibility_location=draw(maybe(st.sampled_from(evse.AccessibilityLocation))),
        hotline_phone_number=draw(matching(r"\+[0-9]{5,15}")),
        additional_info=draw(maybe(many(info_texts))),
        charging_station_location_reference=draw(maybe(many(info_texts))),
        geo_charging_point_entrance=draw(maybe(coordinates)),
        is_open_24_hours=times is None or draw(st.booleans()),
        opening_times=times,
        hub_operator_id=draw(maybe(operator_ids)),
        clearinghouse_id=draw(maybe(texts(20))),
        is_hubject_compatible=draw(st.booleans()),
        dynamic_info_available=draw(st.sampled_from(evse.DynamicInfo)),
        extra=draw(maybe(st.just({"Foo": Decimal("1.50"), "Bar": [None, {"a": "b"}]}))),
    )


@st.composite
def charge_detail_records(draw: st.DrawFn) -> ChargeDetailRecord:
    return ChargeDetailRecord(
        session_id=draw(session_ids),
        cpo_partner_session_id=draw(maybe(texts(40))),
        emp_partner_session_id=draw(maybe(texts(40))),
        partner_product_id=draw(maybe(texts(20))),
        evse_id=draw(evse_ids),
        identification=draw(uploaded),
        charging_start=draw(moments()),
        charging_end=draw(moments()),
        session_start=draw(moments()),
        session_end=draw(moments()),
        meter_value_start=draw(maybe(decimals())),
        meter_value_end=draw(maybe(decimals())),
        meter_value_in_between=draw(maybe(st.builds(MeterValueInBetween, meter_values=many(decimals())))),
        consumed_energy=draw(decimals()),
        signed_metering_values=draw(
            maybe(
                many(
                    st.builds(
                        SignedMeteringValue,
                        signed_metering_value=maybe(texts(50)),
                        metering_status=maybe(st.sampled_from(MeteringStatus)),
                    )
                )
            )
        ),
        calibration_law_verification_info=draw(
            maybe(
                st.builds(
                    CalibrationLawVerificationInfo,
                    calibration_law_certificate_id=maybe(texts(20)),
                    public_key=maybe(texts(20)),
                    metering_signature_url=maybe(texts(20)),
                    metering_signature_encoding_format=maybe(texts(20)),
                    signed_metering_values_verification_instruction=maybe(texts(20)),
                )
            )
        ),
        hub_operator_id=draw(maybe(operator_ids)),
        hub_provider_id=draw(maybe(provider_ids)),
        extra=draw(maybe(st.just({"CustomData": {"digits": Decimal("1.10")}}))),
    )


@st.composite
def notifications(draw: st.DrawFn) -> notify.Notification:
    """Of all four types."""
    kind = draw(st.sampled_from(notify.NotificationType))
    common: dict[str, Any] = {
        "type": kind,
        "session_id": draw(session_ids),
        "cpo_partner_session_id": draw(maybe(texts(40))),
        "emp_partner_session_id": draw(maybe(texts(40))),
        "identification": draw(maybe(uploaded)),
        "evse_id": draw(evse_ids),
        "operator_id": draw(maybe(st.sampled_from(["DE*ABC", "DEABC", "+49*123"]))),
        "extra": draw(maybe(st.just({"Foo": Decimal("1.50")}))),
    }
    if kind is notify.NotificationType.ERROR:
        return notify.NotificationError(
            error_type=draw(st.sampled_from(notify.ErrorType)), error_additional_info=draw(maybe(texts(40))), **common
        )
    common["partner_product_id"] = draw(maybe(texts(20)))
    common["session_start"] = draw(maybe(moments()))
    common["meter_value_start"] = draw(maybe(decimals()))
    if kind is notify.NotificationType.START:
        return notify.NotificationStart(charging_start=draw(moments()), **common)
    common["meter_value_in_between"] = draw(maybe(st.builds(MeterValueInBetween, meter_values=many(decimals()))))
    if kind is notify.NotificationType.PROGRESS:
        return notify.NotificationProgress(
            charging_start=draw(moments()),
            event_occurred=draw(moments()),
            charging_duration=draw(st.integers(0, 10**9)),
            consumed_energy_progress=draw(maybe(decimals())),
            **common,
        )
    return notify.NotificationEnd(
        session_end=draw(maybe(moments())),
        charging_start=draw(maybe(moments())),
        charging_end=draw(moments()),
        consumed_energy=draw(maybe(decimals())),
        meter_value_end=draw(maybe(decimals())),
        penalty_time_start=draw(maybe(moments())),
        **common,
    )


units = st.sampled_from(pricing.ReferenceUnit)
product_names = texts(50, 1)
references = st.builds(
    pricing.AdditionalReferences,
    additional_reference=st.sampled_from(pricing.AdditionalReference),
    additional_reference_unit=units,
    price_per_additional_reference_unit=decimals(),
)
availabilities = st.builds(
    pricing.ProductAvailabilityTimes,
    periods=many(st.builds(evse.Period, begin=clock, end=clock), 1),
    on=st.sampled_from(evse.Day),
)


@st.composite
def products(draw: st.DrawFn) -> pricing.PricingProductDataRecord:
    always = draw(st.booleans())
    return pricing.PricingProductDataRecord(
        product_id=draw(product_names),
        reference_unit=draw(units),
        product_price_currency=draw(st.sampled_from(["EUR", "CHF"])),
        price_per_reference_unit=draw(decimals()),
        maximum_product_charging_power=draw(decimals(high=400)),
        is_valid_24_hours=always,
        product_availability_times=draw(many(availabilities, 0 if always else 1)),
        additional_references=draw(maybe(many(references))),
    )


product_sets = st.builds(
    pricing.PricingProductData,
    operator_id=operator_ids,
    operator_name=maybe(texts(100)),
    provider_id=provider_ids | st.just("*"),
    pricing_default_price=decimals(),
    pricing_default_price_currency=st.sampled_from(["EUR", "CHF"]),
    pricing_default_reference_unit=units,
    pricing_product_data_records=many(products()),
)
evse_pricings = st.builds(
    pricing.PushEvsePricing,
    action_type=st.sampled_from(["fullLoad"]).map(pricing.ActionType),
    evse_pricing=many(
        st.builds(
            pricing.EvsePricing,
            evse_id=evse_ids,
            provider_id=provider_ids | st.just("*"),
            evse_id_product_list=many(product_names, 1),
        )
    ),
)
