"""OCPI 2.2.1 <-> 2.3.0. Source: OCPI 2.2.1 and 2.3.0, all modules; the differences only."""

from decimal import Decimal
from typing import Any, Final, TypeVar

from msgspec import UNSET
from msgspec.structs import replace

from mappings.ocpi.forms import (
    About,
    ClosedWords,
    Form,
    Forms,
    Unsayable,
    each_of,
    mapped,
    retyped,
    stated,
    unchanged,
    without,
)
from mappings.ocpi.parties import business_of, spelled
from protocols.ocpi.wire import cdrs, credentials, locations, sessions, tariffs, tokens, words
from protocols.ocpi.wire import commands as wire_commands
from protocols.ocpi.wire import v2_2_1 as wire
from protocols.ocpi.wire.hubclientinfo import ClientInfo, HubInfo

T = TypeVar("T")

TOKEN_TYPE: Final = ClosedWords(wire.TOKEN_TYPES, instead="OTHER")
CONNECTOR_TYPE: Final = ClosedWords(wire.CONNECTOR_TYPES)
CDR_CONNECTOR_TYPE: Final = ClosedWords(
    wire.CONNECTOR_TYPES, instead="IEC_62196_T2", special={"MCS": "IEC_62196_T2_COMBO", "SAE_J3400": "TESLA_S"}
)
"""A CDR may not be lost for its connector."""
CAPABILITY: Final = ClosedWords(words.CAPABILITIES)
PARKING_RESTRICTION: Final = ClosedWords(wire.PARKING_RESTRICTIONS)
FACILITY: Final = ClosedWords(words.FACILITIES)
PARKING_TYPE: Final = ClosedWords(words.PARKING_TYPES)
IMAGE_CATEGORY: Final = ClosedWords(words.IMAGE_CATEGORIES, instead="OTHER")
IMPACT: Final = ClosedWords(words.IMPACT_CATEGORIES)

_PLACES: Final = Decimal("0.0001")
NO_TIME: Final = sessions.CdrDimension(type=sessions.CdrDimensionType.TIME, volume=Decimal(0))
"""What a period holds whose volumes the older version has no words for."""


# --- credentials


def credentials_newer(message: wire.Credentials, _: About) -> credentials.Credentials:
    """A hub says by a role what 2.3.0 says by `hub_party_id`."""
    hub = next((role for role in message.roles if role.role is wire.Role.HUB), None)
    others = tuple(_role_newer(role) for role in message.roles if role.role is not wire.Role.HUB)
    hub_party_id = hub.country_code + hub.party_id if hub else None
    return retyped(message, credentials.Credentials, roles=others, hub_party_id=hub_party_id)


def _role_newer(role: wire.CredentialsRole) -> credentials.CredentialsRole:
    return retyped(role, credentials.CredentialsRole, role=credentials.Role(role.role.value))


def credentials_older(message: credentials.Credentials, about: About) -> wire.Credentials:
    """The hub and nobody else: the parties behind it are told of by HubClientInfo."""
    if about.hub is None:
        raise Unsayable("OCPI 2.2.1 names the hub itself in its credentials")
    country_code, party_id = spelled(about.hub)
    hub = wire.CredentialsRole(
        role=wire.Role.HUB, business_details=business_of(about.hub), country_code=country_code, party_id=party_id
    )
    return wire.Credentials(token=message.token, url=message.url, roles=(hub,))


def client_info_newer(message: wire.ClientInfo, _: About) -> ClientInfo:
    if message.role is wire.Role.HUB:
        return retyped(message, HubInfo, role=credentials.Role.OTHER)
    return retyped(message, ClientInfo, role=credentials.Role(message.role.value))


def client_info_older(message: ClientInfo, _: About) -> wire.ClientInfo:
    known = message.role.value in wire.Role.__members__
    return retyped(message, wire.ClientInfo, role=wire.Role(message.role.value) if known else wire.Role.OTHER)


def hub_info_older(message: HubInfo, _: About) -> wire.ClientInfo:
    return retyped(message, wire.ClientInfo, role=wire.Role.HUB)


# --- locations


def image_older(image: locations.Image) -> locations.Image:
    return replace(image, category=IMAGE_CATEGORY.said(image.category))


def business_older(business: locations.BusinessDetails) -> locations.BusinessDetails:
    return replace(business, logo=mapped(image_older, business.logo))


def energy_mix_older(mix: locations.EnergyMix) -> locations.EnergyMix:
    impacts = tuple(impact for impact in mix.environ_impact or () if not IMPACT.loses(impact.category))
    return replace(mix, environ_impact=impacts)


def _publish_token_older(token: locations.PublishTokenType) -> locations.PublishTokenType:
    return replace(token, type=mapped(TOKEN_TYPE.said, token.type))


def connector_older(connector: T, _: About) -> T:
    """An object or a PATCH. Raises Unsayable for a plug that has no word."""
    standard = connector.standard  # type: ignore[attr-defined]
    if standard is not UNSET and CONNECTOR_TYPE.loses(standard):
        raise Unsayable(f"this version has no connector type {standard}")
    return without(connector, "capabilities")


def connectors_older(connectors: Any, about: About) -> Any:
    if connectors is UNSET:
        return connectors
    return tuple(connector_older(held, about) for held in connectors if not CONNECTOR_TYPE.loses(held.standard))


def evse_older(evse: T, about: About) -> T:
    """An object or a PATCH. Raises Unsayable for an EVSE none of whose plugs has a word."""
    known: Any = without(evse, "parking", "accepted_service_providers")
    connectors = connectors_older(known.connectors, about)
    if connectors == ():
        raise Unsayable(f"this version has no word for any connector of EVSE {known.uid}")
    changed: T = replace(
        known,
        connectors=connectors,
        capabilities=CAPABILITY.only(known.capabilities),
        parking_restrictions=PARKING_RESTRICTION.only(known.parking_restrictions),
        images=each_of(image_older, known.images),
    )
    return changed


def evses_older(evses: Any, about: About) -> Any:
    sayable = [evse for evse in evses or () if any(not CONNECTOR_TYPE.loses(held.standard) for held in evse.connectors)]
    return evses if evses is UNSET else tuple(evse_older(evse, about) for evse in sayable)


def location_older(location: T, about: About) -> T:
    """An object or a PATCH."""
    known: Any = without(location, "parking_places", "help_phone")
    optional = {"parking_type": PARKING_TYPE.said} | (_SHORT if about.switches.short_texts else {})
    changed: T = replace(
        known,
        publish_allowed_to=each_of(_publish_token_older, known.publish_allowed_to),
        evses=evses_older(known.evses, about),
        operator=mapped(business_older, operator_of(location, about)),
        suboperator=mapped(business_older, known.suboperator),
        owner=mapped(business_older, known.owner),
        facilities=FACILITY.only(known.facilities),
        images=each_of(image_older, known.images),
        energy_mix=mapped(energy_mix_older, known.energy_mix),
        **{name: stated(convert, known, name) for name, convert in optional.items()},
    )
    return changed


def operator_of(location: Any, about: About) -> Any:
    """Older versions cannot look up what the owner's name is: it is said where the location does not say it."""
    if location.operator is not None:
        return location.operator
    return about.operators.get(f"{location.country_code}{location.party_id}".upper())


_SHORT: Final[dict[str, Any]] = {"address": lambda text: text[:45], "state": lambda text: text[:20]}


# --- prices


def price_newer(price: wire.Price) -> sessions.Price:
    """The difference of both amounts is the VAT, also where it is 0."""
    taxes = None
    if price.incl_vat is not None:
        taxes = (sessions.TaxAmount(name="VAT", amount=price.incl_vat - price.excl_vat),)
    return sessions.Price(before_taxes=price.excl_vat, taxes=taxes, extra=price.extra)


def price_older(price: sessions.Price) -> wire.Price:
    included = None
    if price.taxes:
        included = price.before_taxes + sum((tax.amount for tax in price.taxes), Decimal(0))
    return wire.Price(excl_vat=price.before_taxes, incl_vat=included, extra=price.extra)


def _limit_newer(price: wire.Price) -> tariffs.PriceLimit:
    return tariffs.PriceLimit(before_taxes=price.excl_vat, after_taxes=price.incl_vat, extra=price.extra)


def _limit_older(limit: tariffs.PriceLimit) -> wire.Price:
    return wire.Price(excl_vat=limit.before_taxes, incl_vat=limit.after_taxes, extra=limit.extra)


# --- tariffs


def tariff_newer(tariff: wire.Tariff, _: About) -> tariffs.Tariff:
    """Prices of 2.2.1 never contain VAT."""
    return retyped(
        tariff,
        tariffs.Tariff,
        min_price=mapped(_limit_newer, tariff.min_price),
        max_price=mapped(_limit_newer, tariff.max_price),
        tax_included=tariffs.TaxIncluded.NO,
    )


def tariff_older(tariff: tariffs.Tariff, about: About) -> wire.Tariff:
    """An element for bookings is left out as a whole: without its restriction it would price normal charging.

    Raises Unsayable if no element remains."""
    taxed = tariff.tax_included is tariffs.TaxIncluded.YES
    elements = [element_older(element, taxed) for element in tariff.elements if not is_for_bookings(element)]
    if not elements:
        raise Unsayable(f"tariff {tariff.id} prices nothing but bookings")
    return retyped(
        tariff,
        wire.Tariff,
        min_price=mapped(_limit_older, tariff.min_price),
        max_price=mapped(_limit_older, tariff.max_price),
        elements=tuple(elements),
        energy_mix=mapped(energy_mix_older, tariff.energy_mix),
    )


def is_for_bookings(element: Any) -> bool:
    return element.restrictions is not None and element.restrictions.booking is not None


def element_older(element: tariffs.TariffElement, taxed: bool) -> tariffs.TariffElement:
    return replace(element, price_components=each_of(untaxed, element.price_components)) if taxed else element


def untaxed(component: tariffs.PriceComponent) -> tariffs.PriceComponent:
    """A price that includes taxes of an unknown rate stays what the driver pays."""
    if component.vat is None:
        return component
    return replace(component, price=round(component.price / (1 + component.vat / 100), 4).normalize() + 0)


# --- tokens, sessions, CDRs


def token_older(token: T, _: About) -> T:
    """A Token, a part that has its type, or a PATCH."""
    changed: T = replace(token, type=mapped(TOKEN_TYPE.said, token.type))  # type: ignore[type-var, attr-defined]
    return changed


def info_older(info: tokens.AuthorizationInfo, about: About) -> tokens.AuthorizationInfo:
    return replace(info, token=token_older(info.token, about))


def command_older(command: T, about: About) -> T:
    """Commands that carry a token."""
    changed: T = replace(command, token=token_older(command.token, about))  # type: ignore[type-var, attr-defined]
    return changed


_DIMENSION: Final = {sessions.CdrDimensionType.RESERVATION_EXPIRES: sessions.CdrDimensionType.RESERVATION_TIME}
_NO_DIMENSION: Final = sessions.CdrDimensionType.RESERVATION_OVERTIME


def period_older(period: sessions.ChargingPeriod) -> sessions.ChargingPeriod:
    kept = tuple(
        replace(dimension, type=_DIMENSION.get(dimension.type, dimension.type))
        for dimension in period.dimensions
        if dimension.type is not _NO_DIMENSION
    )
    return replace(period, dimensions=kept or (NO_TIME,))


def session_newer(session: wire.Session, _: About) -> sessions.Session:
    return retyped(session, sessions.Session, total_cost=mapped(price_newer, session.total_cost))


def session_older(session: sessions.Session, about: About) -> wire.Session:
    return retyped(
        session,
        wire.Session,
        cdr_token=token_older(session.cdr_token, about),
        charging_periods=each_of(period_older, session.charging_periods),
        total_cost=mapped(price_older, session.total_cost),
    )


def session_patch_newer(patch: wire.SessionPatch, _: About) -> sessions.SessionPatch:
    return retyped(patch, sessions.SessionPatch, total_cost=mapped(price_newer, patch.total_cost))


def session_patch_older(patch: sessions.SessionPatch, about: About) -> wire.SessionPatch:
    return retyped(
        patch,
        wire.SessionPatch,
        cdr_token=mapped(lambda held: token_older(held, about), patch.cdr_token),
        charging_periods=each_of(period_older, patch.charging_periods),
        total_cost=mapped(price_older, patch.total_cost),
    )


COSTS: Final = (
    "total_cost",
    "total_fixed_cost",
    "total_energy_cost",
    "total_time_cost",
    "total_parking_cost",
    "total_reservation_cost",
)


def cdr_newer(cdr: wire.Cdr, about: About) -> cdrs.Cdr:
    costs = {name: mapped(price_newer, getattr(cdr, name)) for name in COSTS}
    return retyped(cdr, cdrs.Cdr, tariffs=each_of(lambda held: tariff_newer(held, about), cdr.tariffs), **costs)


def cdr_older(cdr: cdrs.Cdr, about: About) -> wire.Cdr:
    """A tariff that has no words is left out: the costs are said by themselves."""
    costs = {name: mapped(price_older, getattr(cdr, name)) for name in COSTS}
    return retyped(
        cdr,
        wire.Cdr,
        booking_id=None,
        cdr_token=token_older(cdr.cdr_token, about),
        cdr_location=_cdr_location_older(cdr.cdr_location),
        tariffs=sayable(tariff_older, cdr.tariffs, about),
        charging_periods=each_of(period_older, cdr.charging_periods),
        **costs,
    )


def sayable(older: Any, values: Any, about: About) -> tuple[Any, ...]:
    """Those that the version has words for."""
    found = []
    for value in values or ():
        try:
            found.append(older(value, about))
        except Unsayable:
            continue
    return tuple(found)


def _cdr_location_older(location: cdrs.CdrLocation) -> cdrs.CdrLocation:
    return replace(location, connector_standard=CDR_CONNECTOR_TYPE.said(location.connector_standard))


def _lacking(wire_type: Any, older: Any) -> Form:
    """A type of 2.3.0 that 2.2.1 only says less of: what a partner writes is read as it is."""
    return Form(wire_type, unchanged, older)


FORMS: Final[Forms] = {
    credentials.Credentials: Form(wire.Credentials, credentials_newer, credentials_older),
    ClientInfo: Form(wire.ClientInfo, client_info_newer, client_info_older),
    HubInfo: Form(wire.ClientInfo, client_info_newer, hub_info_older),
    locations.Location: _lacking(locations.Location, location_older),
    locations.LocationPatch: _lacking(locations.LocationPatch, location_older),
    locations.Evse: _lacking(locations.Evse, evse_older),
    locations.EvsePatch: _lacking(locations.EvsePatch, evse_older),
    locations.Connector: _lacking(locations.Connector, connector_older),
    locations.ConnectorPatch: _lacking(locations.ConnectorPatch, connector_older),
    sessions.Session: Form(wire.Session, session_newer, session_older),
    sessions.SessionPatch: Form(wire.SessionPatch, session_patch_newer, session_patch_older),
    cdrs.Cdr: Form(wire.Cdr, cdr_newer, cdr_older),
    tariffs.Tariff: Form(wire.Tariff, tariff_newer, tariff_older),
    tokens.Token: _lacking(tokens.Token, token_older),
    tokens.TokenPatch: _lacking(tokens.TokenPatch, token_older),
    tokens.AuthorizationInfo: _lacking(tokens.AuthorizationInfo, info_older),
    wire_commands.StartSession: _lacking(wire_commands.StartSession, command_older),
    wire_commands.ReserveNow: _lacking(wire_commands.ReserveNow, command_older),
}
