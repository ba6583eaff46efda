"""Locations, EVSEs and connectors. Source: OCPI 2.1.1 and 2.3.0, mod_locations."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from msgspec import UNSET
from msgspec.structs import replace

from mappings.ocpi.forms import About, ClosedWords, Unsayable, each_of, mapped, retyped
from mappings.ocpi.parties import spelled
from mappings.ocpi.v2_1_1.config import party_of
from mappings.ocpi.v2_1_1.parts import energy_mix_newer, energy_mix_older, told
from mappings.ocpi.v2_1_1.tariffs import tariff_older
from mappings.ocpi.v2_2_1 import business_older, image_older, operator_of, sayable
from mappings.tables import CodeTable
from protocols.ocpi.wire import locations
from protocols.ocpi.wire import v2_1_1_locations as wire_places
from protocols.ocpi.wire.locations import PowerType
from protocols.ocpi.wire.tariffs import TariffType

NO_POSTAL_CODE: Final = "-"
LOCATION_TYPE: Final = ClosedWords(wire_places.LOCATION_TYPES, instead="OTHER")
CONNECTOR_TYPE: Final = ClosedWords(wire_places.CONNECTOR_TYPES)
CAPABILITY: Final = ClosedWords(wire_places.CAPABILITIES)
PARKING_RESTRICTION: Final = ClosedWords(wire_places.PARKING_RESTRICTIONS)
FACILITY: Final = ClosedWords(wire_places.FACILITIES)
POWER_TYPE: Final[CodeTable[PowerType, PowerType]] = CodeTable(
    both={held: held for held in (PowerType.AC_1_PHASE, PowerType.AC_3_PHASE, PowerType.DC)},
    inbound={PowerType.AC_2_PHASE: PowerType.AC_2_PHASE, PowerType.AC_2_PHASE_SPLIT: PowerType.AC_2_PHASE_SPLIT},
    outbound={PowerType.AC_2_PHASE: PowerType.AC_1_PHASE, PowerType.AC_2_PHASE_SPLIT: PowerType.AC_1_PHASE},
)
_SAYS_NOTHING: Final = frozenset({"OTHER", "UNKNOWN"})
_SIX: Final = Decimal("0.000001")


# --- to 2.3.0


def connector_newer(connector: Any, about: About) -> locations.Connector:
    return retyped(connector, locations.Connector, **_connector_changes(connector, about, ()))


def connector_patch_newer(patch: Any, about: About) -> locations.ConnectorPatch:
    return retyped(patch, locations.ConnectorPatch, **_connector_changes(patch, about, UNSET))


def _connector_changes(connector: Any, about: About, untold: Any) -> dict[str, Any]:
    tariff_id = connector.tariff_id
    return {
        "max_voltage": connector.voltage,
        "max_amperage": connector.amperage,
        "tariff_ids": (tariff_id,) if tariff_id else untold,
        "last_updated": told(connector.last_updated, about),
    }


def evse_newer(evse: Any, about: About) -> locations.Evse:
    return retyped(evse, locations.Evse, connectors=_connectors_newer(evse.connectors, about))


def evse_patch_newer(patch: Any, about: About) -> locations.EvsePatch:
    connectors, moment = _connectors_newer(patch.connectors, about), told(patch.last_updated, about)
    return retyped(patch, locations.EvsePatch, connectors=connectors, last_updated=moment)


def _connectors_newer(connectors: Any, about: About) -> Any:
    return each_of(lambda held: connector_newer(held, about), connectors)


def location_newer(location: wire_places.Location, about: About) -> locations.Location:
    """Of the party whose connection it is, for everybody; the time zone stays unknown where nobody says it."""
    country_code, party_id = spelled(party_of(about))
    return retyped(
        location,
        locations.Location,
        country_code=country_code,
        party_id=party_id,
        publish=True,
        time_zone=location.time_zone or about.switches.time_zone,
        **_location_changes(location, about),
    )


def location_patch_newer(patch: wire_places.LocationPatch, about: About) -> locations.LocationPatch:
    changes = _location_changes(patch, about)
    return retyped(patch, locations.LocationPatch, **changes, last_updated=told(patch.last_updated, about))


def _location_changes(location: Any, about: About) -> dict[str, Any]:
    return {
        "postal_code": mapped(lambda code: None if code == NO_POSTAL_CODE else code, location.postal_code),
        "parking_type": mapped(lambda kind: None if kind in _SAYS_NOTHING else kind, location.type),
        "evses": each_of(lambda evse: evse_newer(evse, about), location.evses),
        "opening_times": mapped(_hours_newer, location.opening_times),
        "energy_mix": mapped(energy_mix_newer, location.energy_mix),
    }


def _hours_newer(hours: wire_places.Hours) -> locations.Hours:
    """Regular hours mean that it is not always open, whatever else is said."""
    return retyped(hours, locations.Hours, twentyfourseven=bool(hours.twentyfourseven) and not hours.regular_hours)


# --- from 2.3.0


def connector_older(connector: locations.Connector, about: About) -> wire_places.Connector:
    """Raises Unsayable for a plug that has no word."""
    if CONNECTOR_TYPE.loses(connector.standard):
        raise Unsayable(f"OCPI 2.1.1 has no connector type {connector.standard}")
    return connector_as(connector, connector.standard, about)


def connector_as(connector: locations.Connector, standard: str, about: About) -> wire_places.Connector:
    return retyped(
        connector,
        wire_places.Connector,
        standard=standard,
        power_type=POWER_TYPE.to_wire(connector.power_type),
        voltage=connector.max_voltage,
        amperage=connector.max_amperage,
        tariff_id=_tariff_id(connector.tariff_ids or (), about),
    )


def _tariff_id(tariff_ids: tuple[str, ...], about: About) -> str | None:
    """The one that there is room for: of those that are told, rather one for regular charging than one for all kinds,
    never one for another kind. Of several that the hub does not know, nobody can say which."""
    keys = [(about.owner or "", tariff_id.upper()) for tariff_id in tariff_ids]
    known = [about.tariffs[key] for key in keys if key in about.tariffs]
    if not known:
        return tariff_ids[0] if len(tariff_ids) == 1 else None
    told = [tariff for tariff in known if tariff.type in _FOR_ALL and sayable(tariff_older, (tariff,), about)]
    return min(told, key=lambda tariff: _FOR_ALL.index(tariff.type)).id if told else None


_FOR_ALL: Final = (TariffType.REGULAR, None)


def evse_older(evse: locations.Evse, about: About) -> wire_places.Evse:
    """Raises Unsayable for an EVSE none of whose plugs has a word."""
    sayable = [held for held in evse.connectors if not CONNECTOR_TYPE.loses(held.standard)]
    if not sayable:
        raise Unsayable(f"OCPI 2.1.1 has no word for any connector of EVSE {evse.uid}")
    return evse_with(evse, tuple(connector_older(held, about) for held in sayable))


def evse_with(evse: locations.Evse, connectors: tuple[wire_places.Connector, ...]) -> wire_places.Evse:
    return retyped(
        evse,
        wire_places.Evse,
        connectors=connectors,
        **_evse_words(evse),
    )


def _evse_words(evse: Any) -> dict[str, Any]:
    """Of an object or a PATCH."""
    return {
        "capabilities": CAPABILITY.only(evse.capabilities),
        "parking_restrictions": PARKING_RESTRICTION.only(evse.parking_restrictions),
        "coordinates": mapped(_point_older, evse.coordinates),
        "images": each_of(image_older, evse.images),
    }


def connector_patch_older(patch: locations.ConnectorPatch, about: About) -> wire_places.ConnectorPatch:
    """Raises Unsayable for a plug that has no word."""
    if patch.standard is not UNSET and CONNECTOR_TYPE.loses(patch.standard):
        raise Unsayable(f"OCPI 2.1.1 has no connector type {patch.standard}")
    return retyped(
        patch,
        wire_places.ConnectorPatch,
        power_type=mapped(POWER_TYPE.to_wire, patch.power_type),
        voltage=patch.max_voltage,
        amperage=patch.max_amperage,
        tariff_id=mapped(lambda tariff_ids: _tariff_id(tariff_ids, about), patch.tariff_ids),
    )


def evse_patch_older(patch: locations.EvsePatch, about: About) -> wire_places.EvsePatch:
    """Raises Unsayable for an EVSE none of whose plugs has a word."""
    plugs: Any = patch.connectors if patch.connectors is UNSET else sayable(connector_older, patch.connectors, about)
    if plugs == ():
        raise Unsayable(f"OCPI 2.1.1 has no word for any connector of EVSE {patch.uid}")
    return retyped(patch, wire_places.EvsePatch, connectors=plugs, **_evse_words(patch))


def location_older(location: locations.Location, about: About) -> wire_places.Location:
    """Raises Unsayable for one that is not for everybody: 2.1.1 could not honour that."""
    if not location.publish:
        raise Unsayable(f"location {location.id} is not published, which OCPI 2.1.1 cannot say")
    about = of_owner(location, about)
    return location_with(location, sayable(evse_older, location.evses, about), about)


def of_owner(location: locations.Location, about: About) -> About:
    return replace(about, owner=f"{location.country_code}{location.party_id}".upper())


def location_with(
    location: locations.Location, evses: tuple[wire_places.Evse, ...], about: About
) -> wire_places.Location:
    """As it is embedded too, whether published or not."""
    return retyped(
        location,
        wire_places.Location,
        type="UNKNOWN" if location.parking_type is None else LOCATION_TYPE.said(location.parking_type),
        address=location.address[:45],
        postal_code=NO_POSTAL_CODE if location.postal_code is None else location.postal_code,
        evses=evses,
        operator=mapped(business_older, operator_of(location, about)),
        **_location_words(location),
    )


def location_patch_older(patch: locations.LocationPatch, about: About) -> wire_places.LocationPatch:
    """Raises Unsayable where it hides the location, which 2.1.1 could not honour."""
    if patch.publish is False:
        raise Unsayable(f"location {patch.id} is not published any more, which OCPI 2.1.1 cannot say")
    evses: Any = sayable(evse_older, patch.evses, about) if patch.evses else patch.evses
    return retyped(
        patch,
        wire_places.LocationPatch,
        type=UNSET if patch.parking_type is None else mapped(LOCATION_TYPE.said, patch.parking_type),
        address=mapped(lambda text: text[:45], patch.address),
        postal_code=UNSET if patch.postal_code is None else patch.postal_code,
        evses=evses,
        operator=mapped(business_older, patch.operator),
        **_location_words(patch),
    )


def _location_words(location: Any) -> dict[str, Any]:
    """Of an object or a PATCH."""
    return {
        "coordinates": mapped(_point_older, location.coordinates),
        "related_locations": each_of(_point_older, location.related_locations),
        "suboperator": mapped(business_older, location.suboperator),
        "owner": mapped(business_older, location.owner),
        "facilities": FACILITY.only(location.facilities),
        "opening_times": mapped(_hours_older, location.opening_times),
        "images": each_of(image_older, location.images),
        "energy_mix": mapped(energy_mix_older, location.energy_mix),
    }


def _point_older(point: Any) -> Any:
    """With six decimals, no more and no less."""
    return replace(point, latitude=_degrees(point.latitude), longitude=_degrees(point.longitude))


def _degrees(text: str) -> str:
    return format(Decimal(text).quantize(_SIX, ROUND_HALF_UP), "f")


def _hours_older(hours: locations.Hours) -> wire_places.Hours:
    regular = () if hours.twentyfourseven else hours.regular_hours
    return retyped(hours, wire_places.Hours, regular_hours=regular)
