"""What OICP 2.2 writes otherwise: EVSE data, charge detail records. Everything else is as in 2.3.

Source: OICP 2.2, swagger; OICP 2.3, Release Notes. The codec turns `Unspecified` into null, which says as much.
"""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, field

from protocols.oicp.wire.base import Wire, broken, in_range
from protocols.oicp.wire.cdr import MeterValueInBetween
from protocols.oicp.wire.common import (
    ActionType,
    ChargingPoolID,
    DateTime,
    DeltaType,
    EvseID,
    InfoTexts,
    OperatorID,
    PartnerSessionID,
    PhoneNumber,
    ProductID,
    ProviderID,
    SessionID,
    Text20,
    Text50,
    Text100,
    Text200,
)
from protocols.oicp.wire.coordinates import GeoCoordinates
from protocols.oicp.wire.evse_data import (
    Accessibility,
    AuthenticationMode,
    ChargingMode,
    Day,
    DynamicInfo,
    PaymentOption,
    Period,
    PlatformAddress,
    PlatformEvseDataRecord,
    Plug,
    PowerType,
    ValueAddedService,
)
from protocols.oicp.wire.identification import Identification

ORIGINAL = "-oicp-2.2"
"""Under this name of `extra` a message that was converted carries what it was."""


class ConvertedEvseDataRecord(PlatformEvseDataRecord, frozen=True, kw_only=True):
    """A record of 2.2 in the words of 2.3, as far as there are any; no plug may be known."""

    plugs: tuple[Plug, ...] = ()

    def __post_init__(self) -> None:
        """Opening times may be unstructured."""


class ChargingFacility(Wire, frozen=True, kw_only=True):
    power_type: PowerType | None = None
    power: Decimal | None = None
    voltage: Decimal | None = None
    amperage: Decimal | None = None
    charging_modes: tuple[ChargingMode, ...] | None = None

    def __post_init__(self) -> None:
        for name, value in (("Power", self.power), ("Voltage", self.voltage), ("Amperage", self.amperage)):
            if value is not None and not in_range(value, 0, 9999):
                raise broken(name, "must be 0 to 9999")


class OpeningTimes(Wire, frozen=True, kw_only=True):
    """Structured, or a text."""

    period: tuple[Period, ...] | None = None
    on: Day | None = field(name="on", default=None)
    unstructured_opening_time: Annotated[str, Meta(max_length=1000)] | None = field(
        name="unstructuredOpeningTime", default=None
    )


class EvseDataRecord(Wire, frozen=True, kw_only=True):
    """EvseDataRecordType of 2.2."""

    delta_type: DeltaType | None = field(name="deltaType", default=None)
    last_update: DateTime | None = field(name="lastUpdate", default=None)
    evse_id: EvseID
    charging_pool_id: ChargingPoolID | None = None
    charging_station_id: Text50 | None = None
    charging_station_name: Text50 | None = None
    en_charging_station_name: Text50 | None = None
    address: PlatformAddress
    geo_coordinates: GeoCoordinates
    plugs: tuple[Plug, ...]
    charging_facilities: tuple[ChargingFacility, ...] | None = None
    charging_modes: tuple[ChargingMode, ...] | None = None
    authentication_modes: Annotated[tuple[AuthenticationMode, ...], Meta(min_length=1)]
    max_capacity: Decimal | None = None
    payment_options: tuple[PaymentOption, ...] | None = None
    value_added_services: tuple[ValueAddedService, ...] | None = None
    accessibility: Accessibility | None = None
    hotline_phone_number: PhoneNumber | None = None
    additional_info: Annotated[str, Meta(max_length=1000)] | InfoTexts | None = None
    geo_charging_point_entrance: GeoCoordinates | None = None
    is_open_24_hours: bool
    opening_times: tuple[OpeningTimes, ...] | None = None
    hub_operator_id: OperatorID | None = None
    clearinghouse_id: Text20 | None = None
    is_hubject_compatible: bool
    dynamic_info_available: DynamicInfo


class OperatorEvseData(Wire, frozen=True, kw_only=True):
    operator_id: OperatorID
    operator_name: Text100 | None = None
    evse_data_record: tuple[EvseDataRecord, ...]


class PushEvseData(Wire, frozen=True, kw_only=True):
    """eRoamingPushEvseData_V2.2."""

    action_type: ActionType
    operator_evse_data: OperatorEvseData


class ChargeDetailRecord(Wire, frozen=True, kw_only=True):
    """eRoamingChargeDetailRecord_V2.1."""

    session_id: SessionID
    cpo_partner_session_id: PartnerSessionID | None = None
    emp_partner_session_id: PartnerSessionID | None = None
    partner_product_id: ProductID | None = None
    evse_id: EvseID
    identification: Identification
    charging_start: DateTime | None = None
    charging_end: DateTime | None = None
    session_start: DateTime
    session_end: DateTime
    meter_value_start: Decimal | None = None
    meter_value_end: Decimal | None = None
    meter_value_in_between: MeterValueInBetween | None = None
    consumed_energy: Decimal | None = None
    metering_signature: Text200 | None = None
    hub_operator_id: OperatorID | None = None
    hub_provider_id: ProviderID | None = None

    def __post_init__(self) -> None:
        if self.consumed_energy is None and (self.meter_value_start is None or self.meter_value_end is None):
            raise broken("ConsumedEnergy", "may not be null without both meter values")
