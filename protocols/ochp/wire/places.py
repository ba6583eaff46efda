"""Addresses, connectors and ratings, which charge points and CDRs share. Source: OCHP 1.4, data-types.xsd."""

from msgspec import field

from protocols.ochp.wire.base import Wire
from protocols.ochp.wire.types import City, Country, Float, HouseNumber, Street, TariffId, Voltage, ZipCode
from protocols.ochp.wire.words import ConnectorFormat, ConnectorStandard


class Address(Wire, frozen=True, kw_only=True):
    """AddressType. `country` is ISO 3166-1 alpha-3."""

    house_number: HouseNumber | None = None
    address: Street
    city: City
    zip_code: ZipCode
    country: Country


class Connector(Wire, frozen=True, kw_only=True):
    """ConnectorType."""

    connector_standard: ConnectorStandard = field(name="connectorStandard/ConnectorStandard")
    connector_format: ConnectorFormat = field(name="connectorFormat/ConnectorFormat")
    tariff_id: TariffId | None = None


class Ratings(Wire, frozen=True, kw_only=True):
    """RatingsType: kW, kW, V."""

    maximum_power: Float
    guaranteed_power: Float | None = None
    nominal_voltage: Voltage | None = None
