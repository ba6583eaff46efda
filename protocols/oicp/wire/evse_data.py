"""EVSE data. Source: OICP 2.3, eRoamingPushEvseData_V2.3, eRoamingPullEvseData_V2.3 and their data types.

Two profiles of a record: what the documents demand (`EvseDataRecord`), and what the reference platform lets pass and
hands on from OICP 2.2 (`PlatformEvseDataRecord`), in which some mandatory members may be missing or null.
"""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, field

from protocols.oicp.wire.base import Wire, broken, in_range
from protocols.oicp.wire.common import (
    ActionType,
    ChargingPoolID,
    CountryCode,
    DateTime,
    DeltaType,
    EvseID,
    InfoTexts,
    OperatorID,
    PhoneNumber,
    ProviderID,
    Text5,
    Text10,
    Text20,
    Text50,
    Text100,
    Text200,
    text,
)
from protocols.oicp.wire.coordinates import GeoCoordinates, GeoFormat, SearchCenter
from protocols.oicp.wire.iso import check_country


class Accessibility(StrEnum):
    FREE_PUBLIC = "Free publicly accessible"
    RESTRICTED = "Restricted access"
    PAYING_PUBLIC = "Paying publicly accessible"
    TEST_STATION = "Test Station"


class AccessibilityLocation(StrEnum):
    ON_STREET = "OnStreet"
    PARKING_LOT = "ParkingLot"
    PARKING_GARAGE = "ParkingGarage"
    UNDERGROUND_PARKING_GARAGE = "UndergroundParkingGarage"


class Plug(StrEnum):
    SMALL_PADDLE_INDUCTIVE = "Small Paddle Inductive"
    LARGE_PADDLE_INDUCTIVE = "Large Paddle Inductive"
    AVCON = "AVCON Connector"
    TESLA = "Tesla Connector"
    NEMA_5_20 = "NEMA 5-20"
    TYPE_E = "Type E French Standard"
    TYPE_F = "Type F Schuko"
    TYPE_G = "Type G British Standard"
    TYPE_J = "Type J Swiss Standard"
    TYPE_1_CABLE = "Type 1 Connector (Cable Attached)"
    TYPE_2_OUTLET = "Type 2 Outlet"
    TYPE_2_CABLE = "Type 2 Connector (Cable Attached)"
    TYPE_3_OUTLET = "Type 3 Outlet"
    IEC_60309_SINGLE = "IEC 60309 Single Phase"
    IEC_60309_THREE = "IEC 60309 Three Phase"
    CCS_2 = "CCS Combo 2 Plug (Cable Attached)"
    CCS_1 = "CCS Combo 1 Plug (Cable Attached)"
    CHADEMO = "CHAdeMO"


class ChargingMode(StrEnum):
    MODE_1 = "Mode_1"
    MODE_2 = "Mode_2"
    MODE_3 = "Mode_3"
    MODE_4 = "Mode_4"
    CHADEMO = "CHAdeMO"


class AuthenticationMode(StrEnum):
    NFC_RFID_CLASSIC = "NFC RFID Classic"
    NFC_RFID_DESFIRE = "NFC RFID DESFire"
    PNC = "PnC"
    REMOTE = "REMOTE"
    DIRECT_PAYMENT = "Direct Payment"
    NO_AUTHENTICATION = "No Authentication Required"


class PaymentOption(StrEnum):
    NO_PAYMENT = "No Payment"
    DIRECT = "Direct"
    CONTRACT = "Contract"


class ValueAddedService(StrEnum):
    RESERVATION = "Reservation"
    DYNAMIC_PRICING = "DynamicPricing"
    PARKING_SENSORS = "ParkingSensors"
    MAXIMUM_POWER_CHARGING = "MaximumPowerCharging"
    PREDICTIVE_CHARGE_POINT_USAGE = "PredictiveChargePointUsage"
    CHARGING_PLANS = "ChargingPlans"
    ROOF_PROVIDED = "RoofProvided"
    NONE = "None"


class PowerType(StrEnum):
    AC_1_PHASE = "AC_1_PHASE"
    AC_3_PHASE = "AC_3_PHASE"
    DC = "DC"


class CalibrationLawDataAvailability(StrEnum):
    LOCAL = "Local"
    EXTERNAL = "External"
    NOT_AVAILABLE = "Not Available"


class Energy(StrEnum):
    SOLAR = "Solar"
    WIND = "Wind"
    HYDRO_POWER = "HydroPower"
    GEOTHERMAL = "GeothermalEnergy"
    BIOMASS = "Biomass"
    COAL = "Coal"
    NUCLEAR = "NuclearEnergy"
    PETROLEUM = "Petroleum"
    NATURAL_GAS = "NaturalGas"


class Day(StrEnum):
    EVERYDAY = "Everyday"
    WORKDAYS = "Workdays"
    WEEKEND = "Weekend"
    MONDAY = "Monday"
    TUESDAY = "Tuesday"
    WEDNESDAY = "Wednesday"
    THURSDAY = "Thursday"
    FRIDAY = "Friday"
    SATURDAY = "Saturday"
    SUNDAY = "Sunday"


class DynamicInfo(StrEnum):
    """Not a boolean: three texts."""

    TRUE = "true"
    FALSE = "false"
    AUTO = "auto"


ClockTime = Annotated[str, Meta(pattern=r"^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)\Z")]


class PlatformAddress(Wire, frozen=True, kw_only=True):
    """AddressIso19773Type, with what the reference platform lets pass."""

    country: CountryCode
    city: Annotated[str, text(50, 1)]
    street: Annotated[str, text(100, 2)]
    postal_code: Text10 | None = None
    house_num: Text10 | None = None
    floor: Text5 | None = None
    region: Text50 | None = None
    parking_facility: bool | None = None
    parking_spot: Text5 | None = None
    time_zone: Annotated[str, Meta(pattern=r"^UTC[+-][0-9]{2}:[0-9]{2}\Z")] | None = None


class Address(PlatformAddress, frozen=True, kw_only=True):
    """AddressIso19773Type."""

    postal_code: Annotated[str, text(10, 1)]
    house_num: Annotated[str, text(10, 1)]

    def __post_init__(self) -> None:
        check_country("Country", self.country)


class ChargingFacility(Wire, frozen=True, kw_only=True):
    """ChargingFacilityType. Wider than printed (3, 2 and 3 digits): up to four digits, and power (kW) with decimals."""

    power_type: PowerType
    power: Decimal
    voltage: Decimal | None = None
    amperage: Decimal | None = None
    charging_modes: tuple[ChargingMode, ...] | None = None

    def __post_init__(self) -> None:
        if not in_range(self.power, 0, 9999):
            raise broken("Power", "must be 0 to 9999 kW")
        if self.voltage is not None and not (in_range(self.voltage, 1, 9999) and self.voltage % 1 == 0):
            raise broken("Voltage", "must be a whole number from 1 to 9999")
        if self.amperage is not None and not (in_range(self.amperage, 1, 9999) and self.amperage % 1 == 0):
            raise broken("Amperage", "must be a whole number from 1 to 9999")


class EnergySource(Wire, frozen=True, kw_only=True):
    """EnergySourceType. `percentage` up to 100, which the printed two digits cannot say."""

    energy: Energy | None = None
    percentage: Decimal | None = None

    def __post_init__(self) -> None:
        if self.percentage is not None and not in_range(self.percentage, 0, 100):
            raise broken("Percentage", "must be 0 to 100")


class EnvironmentalImpact(Wire, frozen=True, kw_only=True):
    """EnvironmentalImpactType, in g/kWh."""

    co2_emission: Decimal | None = None
    nuclear_waste: Decimal | None = None


class Period(Wire, frozen=True, kw_only=True):
    """PeriodType: local time; an `end` at or before `begin` is on the next day."""

    begin: ClockTime = field(name="begin")
    end: ClockTime = field(name="end")


class OpeningTimes(Wire, frozen=True, kw_only=True):
    """OpeningTimesType."""

    period: tuple[Period, ...]
    on: Day = field(name="on")


class PlatformEvseDataRecord(Wire, frozen=True, kw_only=True):
    """EvseDataRecordType with what the reference platform lets pass. `delta_type` and `last_update` are the hub's."""

    delta_type: DeltaType | None = field(name="deltaType", default=None)
    last_update: DateTime | None = field(name="lastUpdate", default=None)
    evse_id: EvseID
    charging_pool_id: ChargingPoolID | None = None
    charging_station_id: Text50 | None = None
    charging_station_names: Annotated[InfoTexts, Meta(min_length=1)]
    hardware_manufacturer: Text50 | None = None
    charging_station_image: Text200 | None = None
    sub_operator_name: Text100 | None = None
    address: PlatformAddress
    geo_coordinates: GeoCoordinates
    plugs: Annotated[tuple[Plug, ...], Meta(min_length=1)]
    dynamic_power_level: bool | None = None
    charging_facilities: tuple[ChargingFacility, ...] | None = None
    renewable_energy: bool | None = None
    energy_source: tuple[EnergySource, ...] | None = None
    environmental_impact: EnvironmentalImpact | None = None
    calibration_law_data_availability: CalibrationLawDataAvailability | None = None
    authentication_modes: Annotated[tuple[AuthenticationMode, ...], Meta(min_length=1)]
    max_capacity: Decimal | None = None
    payment_options: tuple[PaymentOption, ...] | None = None
    value_added_services: tuple[ValueAddedService, ...] | None = None
    accessibility: Accessibility | None = None
    accessibility_location: AccessibilityLocation | None = None
    hotline_phone_number: PhoneNumber | None = None
    additional_info: InfoTexts | None = None
    charging_station_location_reference: InfoTexts | None = None
    geo_charging_point_entrance: GeoCoordinates | None = None
    is_open_24_hours: bool
    opening_times: tuple[OpeningTimes, ...] | None = None
    hub_operator_id: OperatorID | None = None
    clearinghouse_id: Text20 | None = None
    is_hubject_compatible: bool
    dynamic_info_available: DynamicInfo

    def __post_init__(self) -> None:
        if not self.is_open_24_hours and not self.opening_times:
            raise broken("OpeningTimes", "may not be empty unless IsOpen24Hours is true")
        options = self.payment_options
        if options and PaymentOption.NO_PAYMENT in options and len(set(options)) > 1:
            raise broken("PaymentOptions", "No Payment stands alone")


class EvseDataRecord(PlatformEvseDataRecord, frozen=True, kw_only=True):
    """EvseDataRecordType."""

    address: Address
    charging_facilities: Annotated[tuple[ChargingFacility, ...], Meta(min_length=1)]
    renewable_energy: bool
    calibration_law_data_availability: CalibrationLawDataAvailability
    payment_options: Annotated[tuple[PaymentOption, ...], Meta(min_length=1)]
    value_added_services: Annotated[tuple[ValueAddedService, ...], Meta(min_length=1)]
    accessibility: Accessibility
    hotline_phone_number: PhoneNumber


class PullEvseDataRecord(PlatformEvseDataRecord, frozen=True, kw_only=True):
    """PullEvseDataRecordType: records of older partners lack what OICP 2.2 did not demand."""

    operator_id: OperatorID
    operator_name: Text100 | None = None

    def __post_init__(self) -> None:
        """OICP 2.2 has opening times that are text."""


class OperatorEvseData(Wire, frozen=True, kw_only=True):
    """OperatorEvseDataType."""

    operator_id: OperatorID
    operator_name: Annotated[str, text(100, 1)]
    evse_data_record: tuple[EvseDataRecord, ...]


class PushEvseData(Wire, frozen=True, kw_only=True):
    """eRoamingPushEvseData."""

    action_type: ActionType
    operator_evse_data: OperatorEvseData


class EvseReference(Wire, frozen=True, kw_only=True):
    """A record of which only the EVSE matters; what else came is in `extra`."""

    evse_id: EvseID


class OperatorEvseReferences(Wire, frozen=True, kw_only=True):
    operator_id: OperatorID
    operator_name: Text100 | None = None
    evse_data_record: tuple[EvseReference, ...]


class DeleteEvseData(Wire, frozen=True, kw_only=True):
    """eRoamingPushEvseData with action type delete, which needs no more than the ids."""

    action_type: ActionType
    operator_evse_data: OperatorEvseReferences


class PlatformOperatorEvseData(Wire, frozen=True, kw_only=True):
    operator_id: OperatorID
    operator_name: Text100 | None = None
    evse_data_record: tuple[PlatformEvseDataRecord, ...]


class PlatformPushEvseData(Wire, frozen=True, kw_only=True):
    """eRoamingPushEvseData in the profile of the reference platform."""

    action_type: ActionType
    operator_evse_data: PlatformOperatorEvseData


class PullEvseData(Wire, frozen=True, kw_only=True):
    """eRoamingPullEVSEData. With `last_call` only changes since then are asked for."""

    provider_id: ProviderID
    geo_coordinates_response_format: GeoFormat
    search_center: SearchCenter | None = None
    last_call: DateTime | None = None
    country_codes: tuple[CountryCode, ...] | None = None
    operator_ids: tuple[OperatorID, ...] | None = None
    authentication_modes: tuple[AuthenticationMode, ...] | None = None
    accessibility: tuple[Accessibility, ...] | None = None
    calibration_law_data_availability: tuple[CalibrationLawDataAvailability, ...] | None = None
    renewable_energy: bool | None = None
    is_hubject_compatible: bool | None = None
    is_open_24_hours: bool | None = None

    def __post_init__(self) -> None:
        if self.last_call is not None and (self.search_center or self.country_codes or self.operator_ids):
            raise broken("LastCall", "excludes SearchCenter, CountryCodes and OperatorIds")
        for number, code in enumerate(self.country_codes or ()):
            check_country(f"CountryCodes[{number}]", code)
