"""Canonical objects that use every field OICP has a word for, and those for which it has none."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from core.model.cdr import Cdr, CdrLocation, SignedData, SignedValue
from core.model.ids import ContractId, EvseId, PartyId, TokenUid
from core.model.location import (
    Connector,
    ConnectorFormat,
    EnergyMix,
    EnergySource,
    EnvironmentalImpact,
    Evse,
    EvseParking,
    EvseStatus,
    ExceptionalPeriod,
    Location,
    OpeningHours,
    Parking,
    PowerType,
    PublishTokenType,
    RegularHours,
    RelatedLocation,
    StatusSchedule,
)
from core.model.quantities import Business, Coordinates, Image, Price, Text
from core.model.session import AuthMethod, CdrToken, ChargingPeriod, Dimension

NOW = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
OPERATOR = PartyId("DE", "NOR")
PLACE = Coordinates(latitude=Decimal("53.869720"), longitude=Decimal("10.686390"))
ELSEWHERE = Coordinates(latitude=Decimal("53.1"), longitude=Decimal("10.2"))


def replace(value: Any, **fields: Any) -> Any:
    return msgspec.structs.replace(value, **fields)


CONNECTOR = Connector(
    id="1",
    standard="IEC_62196_T2",
    format=ConnectorFormat.CABLE,
    power_type=PowerType.AC_3_PHASE,
    max_voltage=230,
    max_amperage=32,
    max_power_w=22000,
    tariff_ids=("T1",),
    terms_and_conditions="https://nordlader.example/terms",
    capabilities=("ISO_15118_2_PLUG_AND_CHARGE",),
    updated_at=NOW,
)
EVSE = Evse(
    uid="3256",
    evse_id=EvseId.parse("DE*NOR*E2001*1"),
    status=EvseStatus.AVAILABLE,
    status_schedule=(StatusSchedule(begin=NOW, status=EvseStatus.INOPERATIVE),),
    status_until=NOW,
    capabilities=("RFID_READER", "REMOTE_START_STOP_CAPABLE", "RESERVABLE", "UNLOCK_CAPABLE", "CREDIT_CARD_PAYABLE"),
    connectors=(CONNECTOR,),
    floor_level="-1",
    coordinates=ELSEWHERE,
    physical_reference="7",
    directions=(Text(language="de", text="Neben der Kasse"),),
    parking_restrictions=("CUSTOMERS",),
    parking=(EvseParking(parking_id="P1"),),
    images=(Image(url="https://nordlader.example/point.jpg", category="CHARGER", type="jpg"),),
    accepted_service_providers=("Fahrstrom",),
    station_id="HAFEN-01",
    max_capacity_kwh=Decimal(180),
    max_reservation_min=Decimal(30),
    guaranteed_power_w=11000,
    updated_at=NOW,
)
LOCATION = Location(
    owner=OPERATOR,
    id="LOC1",
    publish_allowed_to=(PublishTokenType(uid="1"),),
    name="Parkhaus Hafen",
    address="Kaistraße",
    house_number="14a",
    city="Lübeck",
    postal_code="23552",
    state="Schleswig-Holstein",
    country="DEU",
    coordinates=PLACE,
    entrance=ELSEWHERE,
    related_locations=(RelatedLocation(coordinates=ELSEWHERE),),
    parking_type="PARKING_GARAGE",
    evses=(EVSE,),
    parking_places=(Parking(id="P1", vehicle_types=("VAN",), restricted_to_type=False, reservation_required=False),),
    directions=(Text(language="de", text="Am Hafen"),),
    operator=Business(name="Nordlader"),
    suboperator=Business(name="Hafenstrom"),
    proprietor=Business(name="Stadt Lübeck"),
    facilities=("CAFE",),
    time_zone="Europe/Berlin",
    opening_times=OpeningHours(
        twentyfourseven=False,
        regular_hours=(RegularHours(weekday=1, begin="08:00", end="20:00"),),
        exceptional_openings=(ExceptionalPeriod(begin=NOW, end=NOW),),
        exceptional_closings=(ExceptionalPeriod(begin=NOW, end=NOW),),
    ),
    charging_when_closed=False,
    images=(Image(url="https://nordlader.example/place.jpg", category="LOCATION", type="jpg"),),
    energy_mix=EnergyMix(
        is_green_energy=True,
        energy_sources=(EnergySource(source="WIND", percentage=Decimal(60)), EnergySource(source="GENERAL_GREEN")),
        environ_impact=(EnvironmentalImpact(category="CARBON_DIOXIDE", amount=Decimal("11.5")),),
        supplier_name="Küstenkraft",
        energy_product_name="Brise",
    ),
    help_phone="+49 451 5550-100",
    pool_id="DE*NOR*P2001",
    hub_operator=PartyId("DE", "HUB"),
    updated_at=NOW,
)
PRICE = Price(before_taxes=Decimal("9.10"))
JOURNEY = "5b0c8f0e-7d52-4c39-9f6a-2a4f1c3d9e77"
CDR = Cdr(
    owner=OPERATOR,
    id="CDR-1",
    started_at=NOW,
    ended_at=NOW + timedelta(hours=3),
    charging_started_at=NOW + timedelta(minutes=1),
    charging_ended_at=NOW + timedelta(hours=2),
    booking_id="B1",
    session_id="S1",
    token=CdrToken(
        issuer=PartyId("DE", "FAR"),
        uid=TokenUid.parse("04c1d2e3f40580"),
        kind="RFID",
        contract_id=ContractId.parse("DEFARC0A1B2C3D"),
    ),
    auth_method=AuthMethod.WHITELIST,
    authorization_reference="R1",
    location=CdrLocation(
        id="LOC1",
        name="Parkhaus Hafen",
        address="Kaistraße 14a",
        city="Lübeck",
        postal_code="23552",
        state="SH",
        country="DEU",
        coordinates=PLACE,
        evse_uid="3256",
        evse_id=EvseId.parse("DE*NOR*E2001*1"),
        connector_id="1",
        connector_standard="IEC_62196_T2",
        connector_format=ConnectorFormat.CABLE,
        connector_power_type=PowerType.AC_3_PHASE,
    ),
    meter_id="M1",
    meter_start_kwh=Decimal("10.100"),
    meter_end_kwh=Decimal("28.741"),
    meter_between_kwh=(Decimal("15.0"),),
    currency="EUR",
    periods=(
        ChargingPeriod(started_at=NOW, dimensions=(Dimension(type="ENERGY", volume=Decimal("18.641")),)),
        ChargingPeriod(started_at=NOW, dimensions=(Dimension(type="MAX_POWER", volume=Decimal(22)),)),
    ),
    signed_data=SignedData(
        encoding_method="OCMF",
        encoding_method_version=1,
        public_key="3059",
        values=(SignedValue(nature="Start", plain_data="x", signed_data="OCMF|1"),),
        url="https://meter.nordlader.example",
        certificate_id="NMI-77",
        verification_instruction="Compare.",
    ),
    total_cost=PRICE,
    total_fixed_cost=PRICE,
    total_energy_kwh=Decimal("18.6414"),
    total_energy_cost=PRICE,
    total_time_h=Decimal(3),
    total_time_cost=PRICE,
    total_parking_time_h=Decimal(1),
    total_parking_cost=PRICE,
    total_reservation_cost=PRICE,
    remark="Danke",
    invoice_reference_id="I1",
    home_charging_compensation=True,
    product_id="AC3",
    issuer_session_id="far/88121",
    operator_session_id="nl/917",
    hub_operator=PartyId("DE", "HUB"),
    hub_provider=PartyId("DE", "FAR"),
    journey_id=JOURNEY,
    updated_at=NOW,
)
