"""Where one can charge: locations, EVSEs, connectors.

The shape follows OCPI's three levels, because they hold what the flat records of OICP and OCHP say; members that only
the flat protocols know stand beside them. Open enumerations (connector standard, capability, facility...) are text: the
field's standard values are listed in the enumerations here, and others pass through.
"""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import field

from core.model.base import Extensions, Model
from core.model.ids import EvseId, PartyId
from core.model.quantities import Business, Coordinates, Image, Text


class EvseStatus(StrEnum):
    AVAILABLE = "AVAILABLE"
    BLOCKED = "BLOCKED"
    CHARGING = "CHARGING"
    INOPERATIVE = "INOPERATIVE"
    OUT_OF_ORDER = "OUTOFORDER"
    PLANNED = "PLANNED"
    REMOVED = "REMOVED"
    RESERVED = "RESERVED"
    UNKNOWN = "UNKNOWN"


class PowerType(StrEnum):
    AC_1_PHASE = "AC_1_PHASE"
    AC_2_PHASE = "AC_2_PHASE"
    AC_2_PHASE_SPLIT = "AC_2_PHASE_SPLIT"
    AC_3_PHASE = "AC_3_PHASE"
    DC = "DC"


PHASES: Final = {PowerType.AC_3_PHASE: 3, PowerType.AC_2_PHASE: 2}
"""How often volt times ampere count; a split phase counts once, between its legs."""


class ConnectorFormat(StrEnum):
    SOCKET = "SOCKET"
    CABLE = "CABLE"


class AuthenticationMode(StrEnum):
    """How a driver may identify at an EVSE, in finer words than OCPI's capabilities have."""

    RFID_MIFARE_CLASSIC = "RFID_MIFARE_CLASSIC"
    RFID_MIFARE_DESFIRE = "RFID_MIFARE_DESFIRE"
    RFID_CALYPSO = "RFID_CALYPSO"
    PLUG_AND_CHARGE = "PLUG_AND_CHARGE"
    REMOTE = "REMOTE"
    DIRECT_PAYMENT = "DIRECT_PAYMENT"
    NO_AUTHENTICATION = "NO_AUTHENTICATION"
    LOCAL_KEY = "LOCAL_KEY"


class Accessibility(StrEnum):
    """Who may get at the EVSE (OICP's and OCHP's view)."""

    FREE_PUBLIC = "FREE_PUBLIC"
    PAYING_PUBLIC = "PAYING_PUBLIC"
    RESTRICTED = "RESTRICTED"
    TEST = "TEST"


class RegularHours(Model, frozen=True, kw_only=True):
    """Local time, `weekday` 1 = Monday ...

    7 = Sunday; `begin` and `end` as HH:MM, end after begin (24:00 = midnight)."""

    weekday: int
    begin: str
    end: str
    extensions: Extensions = {}


class ExceptionalPeriod(Model, frozen=True, kw_only=True):
    begin: datetime
    end: datetime
    extensions: Extensions = {}


class OpeningHours(Model, frozen=True, kw_only=True):
    """When a location is open; exceptional closings override everything."""

    twentyfourseven: bool
    regular_hours: tuple[RegularHours, ...] = ()
    exceptional_openings: tuple[ExceptionalPeriod, ...] = ()
    exceptional_closings: tuple[ExceptionalPeriod, ...] = ()
    extensions: Extensions = {}


class StatusSchedule(Model, frozen=True, kw_only=True):
    begin: datetime
    end: datetime | None = None
    status: EvseStatus
    extensions: Extensions = {}


class EnergySource(Model, frozen=True, kw_only=True):
    source: str
    percentage: Decimal | None = None


class EnvironmentalImpact(Model, frozen=True, kw_only=True):
    """Grams per kWh of `category` (`CARBON_DIOXIDE`, `NUCLEAR_WASTE`, or an owner's own word)."""

    category: str
    amount: Decimal


class EnergyMix(Model, frozen=True, kw_only=True):
    is_green_energy: bool
    energy_sources: tuple[EnergySource, ...] = ()
    environ_impact: tuple[EnvironmentalImpact, ...] = ()
    supplier_name: str | None = None
    energy_product_name: str | None = None
    extensions: Extensions = {}


class PublishTokenType(Model, frozen=True, kw_only=True):
    """Holders of a matching token may be shown a location that is not published."""

    uid: str | None = None
    type: str | None = None
    visual_number: str | None = None
    issuer: str | None = None
    group_id: str | None = None
    extensions: Extensions = {}


class RelatedLocation(Model, frozen=True, kw_only=True):
    coordinates: Coordinates
    name: Text | None = None
    extensions: Extensions = {}


class Parking(Model, frozen=True, kw_only=True):
    """A parking place of a location. Lengths in cm, weight in kg, `time_limit` in minutes."""

    id: str
    vehicle_types: tuple[str, ...]
    restricted_to_type: bool
    reservation_required: bool
    physical_reference: str | None = None
    max_vehicle_weight: Decimal | None = None
    max_vehicle_height: Decimal | None = None
    max_vehicle_length: Decimal | None = None
    max_vehicle_width: Decimal | None = None
    parking_space_length: Decimal | None = None
    parking_space_width: Decimal | None = None
    dangerous_goods_allowed: bool | None = None
    direction: str | None = None
    drive_through: bool | None = None
    time_limit: Decimal | None = None
    roofed: bool | None = None
    images: tuple[Image, ...] = ()
    lighting: bool | None = None
    refrigeration_outlet: bool | None = None
    standards: tuple[str, ...] = ()
    apds_reference: str | None = None
    extensions: Extensions = {}


class EvseParking(Model, frozen=True, kw_only=True):
    parking_id: str
    evse_position: str | None = None
    extensions: Extensions = {}


class Connector(Model, frozen=True, kw_only=True):
    """A socket or cable of an EVSE.

    Volt (line to neutral for three phases), Ampere, Watt; None = the source does not say."""

    id: str
    standard: str
    format: ConnectorFormat
    power_type: PowerType
    max_voltage: int | None = None
    max_amperage: int | None = None
    max_power_w: int | None = None
    tariff_ids: tuple[str, ...] = ()
    terms_and_conditions: str | None = None
    capabilities: tuple[str, ...] = ()
    updated_at: datetime
    extensions: Extensions = {}

    @property
    def computed_power_w(self) -> int | None:
        """Watt: volt times ampere times phases."""
        if self.max_voltage is None or self.max_amperage is None:
            return None
        return self.max_voltage * self.max_amperage * PHASES.get(self.power_type, 1)

    @property
    def power_w(self) -> int | None:
        """Watt: as said, else computed."""
        return self.computed_power_w if self.max_power_w is None else self.max_power_w


class Evse(Model, frozen=True, kw_only=True):
    """A place where one vehicle charges at a time. `uid` is the owner's technical key, `evse_id` the one drivers know.

    `tariff_ids_for`: tariffs that hold for one eMSP (key of its party) in the place of those that the connectors name.

    `guaranteed_power_w` (OCHP), `authentication_modes`, `payment_options`, `value_added_services`, `hub_compatible`,
    `dynamic_info_available`, `calibration_law`, `accessibility`, `max_capacity_kwh`, `max_reservation_min` hold what
    flat protocols say of an EVSE; None or empty = not said. `capabilities` hold OCPI's words; a mapping derives one
    from the other where the meaning is the same."""

    uid: str
    evse_id: EvseId | None = None
    status: EvseStatus
    status_schedule: tuple[StatusSchedule, ...] = ()
    status_until: datetime | None = None
    capabilities: tuple[str, ...] = ()
    connectors: tuple[Connector, ...] = ()
    floor_level: str | None = None
    coordinates: Coordinates | None = None
    physical_reference: str | None = None
    directions: tuple[Text, ...] = ()
    parking_restrictions: tuple[str, ...] = ()
    parking: tuple[EvseParking, ...] = ()
    images: tuple[Image, ...] = ()
    accepted_service_providers: tuple[str, ...] = ()
    station_id: str | None = None
    authentication_modes: tuple[AuthenticationMode, ...] = ()
    payment_options: tuple[str, ...] = ()
    value_added_services: tuple[str, ...] = ()
    accessibility: Accessibility | None = None
    hub_compatible: bool | None = None
    dynamic_info_available: bool | None = None
    calibration_law: str | None = None
    max_capacity_kwh: Decimal | None = None
    max_reservation_min: Decimal | None = None
    guaranteed_power_w: int | None = None
    tariff_ids_for: dict[str, tuple[str, ...]] = {}
    updated_at: datetime
    extensions: Extensions = {}


class Location(Model, frozen=True, kw_only=True):
    """A group of EVSEs at one address, owned by one CPO. Key: (`owner`, `id` without regard to case).

    `time_zone` is an IANA name; None = not known. `country` is ISO 3166-1 alpha-3. `updated_at` is the owner's time."""

    owner: PartyId
    id: str
    publish: bool = True
    publish_allowed_to: tuple[PublishTokenType, ...] = ()
    name: str | None = None
    names: tuple[Text, ...] = ()
    address: str
    house_number: str | None = None
    city: str
    postal_code: str | None = None
    state: str | None = None
    country: str
    coordinates: Coordinates
    entrance: Coordinates | None = None
    related_locations: tuple[RelatedLocation, ...] = ()
    parking_type: str | None = None
    evses: tuple[Evse, ...] = ()
    parking_places: tuple[Parking, ...] = ()
    directions: tuple[Text, ...] = ()
    operator: Business | None = None
    suboperator: Business | None = None
    proprietor: Business | None = None
    facilities: tuple[str, ...] = ()
    time_zone: str | None = None
    opening_times: OpeningHours | None = None
    charging_when_closed: bool | None = None
    images: tuple[Image, ...] = ()
    energy_mix: EnergyMix | None = None
    help_phone: str | None = None
    pool_id: str | None = None
    hub_operator: PartyId | None = None
    updated_at: datetime
    extensions: Extensions = {}

    @property
    def key(self) -> str:
        return location_key(self.owner, self.id)

    @property
    def tariff_ids(self) -> tuple[str, ...]:
        """Of all connectors, each once."""
        return tuple(dict.fromkeys(held for evse in self.evses for plug in evse.connectors for held in plug.tariff_ids))

    def evse(self, uid: str) -> Evse | None:
        """The EVSE with this uid, compared without regard to case."""
        wanted = uid.upper()
        return next((evse for evse in self.evses if evse.uid.upper() == wanted), None)


class EvseChange(Model, frozen=True, kw_only=True):
    """What a status message says of one EVSE, and when its owner says it changed (None: when it arrived).

    `extensions` join those of the EVSE; they alone are no change."""

    status: EvseStatus
    updated_at: datetime
    status_until: datetime | None = None
    extensions: Extensions = {}


def location_key(owner: PartyId, location_id: str) -> str:
    return f"{owner.key}/{location_id.upper()}"


class Position(NamedTuple):
    """Where a location stands in the order of pages: by when it came first, then by key."""

    created: int
    key: str


class PageKey(NamedTuple):
    key: str
    revision: int
    created: int

    @property
    def position(self) -> Position:
        return Position(self.created, self.key)


class LocationQuery(Model, frozen=True, kw_only=True):
    """Which locations a reader wants.

    `updated_from` inclusive, `updated_to` exclusive; `offset` and `limit` in objects. `after`: those behind this
    position, instead of an offset: nothing is missed where locations go while pages are read, and a page far behind
    costs what the first one does.

    `owners` None = all that the reader may see. `current`: without those that their owner no longer has, which are
    kept with EVSEs that are REMOVED so that this can be told. `tariff_id`: those with a connector that names it."""

    updated_from: datetime | None = None
    updated_to: datetime | None = None
    owners: tuple[PartyId, ...] | None = None
    offset: int = 0
    limit: int = 100
    after: Position | None = None
    evse_ids: tuple[EvseId, ...] = field(default=())
    tariff_id: str | None = None
    current: bool = False


class StationQuery(Model, frozen=True, kw_only=True):
    """What somebody looks for: locations within `radius_m` of a place, of an operator, with an EVSE of one of these
    statuses that has a connector of this standard and at least this power. What is None or empty does not matter, but
    that an EVSE is not REMOVED."""

    near: Coordinates | None = None
    radius_m: int = 1000
    operator: PartyId | None = None
    statuses: tuple[EvseStatus, ...] = ()
    standard: str | None = None
    min_power_w: int | None = None
    offset: int = 0
    limit: int = 100

    @property
    def of_evses(self) -> bool:
        """Whether it says anything about EVSEs."""
        return bool(self.statuses or self.standard or self.min_power_w)

    def fits(self, evse: Evse) -> bool:
        stands = evse.status in self.statuses if self.statuses else evse.status is not EvseStatus.REMOVED
        if not stands or not (self.standard or self.min_power_w):
            return stands
        return any(self._plugs(connector) for connector in evse.connectors)

    def _plugs(self, connector: Connector) -> bool:
        if self.standard and connector.standard != self.standard:
            return False
        return not self.min_power_w or (connector.power_w or 0) >= self.min_power_w


class Station(Model, frozen=True, kw_only=True):
    """One that was found. `distance_m` is as the crow flies, and None where no place was named."""

    location: Location
    distance_m: int | None = None
