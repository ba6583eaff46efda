"""What an EVSE data record says of the location, member by member.

As in `evse_records`, `notes` None asks only for what goes out.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Final

from core.model.location import EnergyMix, Location
from mappings.oicp import codes
from mappings.oicp.coordinates import coordinates_to_oicp
from mappings.oicp.ids import operator_to_oicp
from mappings.oicp.notes import Notes, assumed, lost, narrowed
from mappings.oicp.opening_times import hours_to_oicp
from mappings.oicp.texts import info_texts, short_text
from mappings.oicp.times import zone_to_oicp
from protocols.oicp.wire import evse_data as wire
from protocols.oicp.wire.common import InfoText

_LANGUAGE: Final = {
    "AUT": "de", "BEL": "nl", "CHE": "de", "DEU": "de", "DNK": "da", "ESP": "es", "FIN": "fi", "FRA": "fr",
    "ITA": "it", "NLD": "nl", "NOR": "nb", "POL": "pl", "PRT": "pt", "SWE": "sv",
}  # fmt: skip
_STREET_AND_NUMBER: Final = re.compile(r"^(.*[^ ,])[ ,]+([0-9]+ ?[A-Za-z]?(?:[-/][0-9]+[A-Za-z]?)?)$")
_PHONE: Final = re.compile(r"^\+[0-9]{5,15}$")


def known(table: Any, code: Any) -> Any:
    """`table(code)`, or None for None."""
    return None if code is None else table(code)


def shared_members(location: Location, notes: Notes | None, hotline: str | None = None) -> dict[str, Any]:
    """The members that all EVSEs of a location have in common."""
    mix = location.energy_mix
    if mix is None:
        assumed(notes, "renewable_energy", "RenewableEnergy", "not said; sent as false")
    hours = location.opening_times
    if hours is None:
        assumed(notes, "is_open_24_hours", "IsOpen24Hours", "opening hours not said; sent as always open")
    times = hours_to_oicp(hours)
    if hours is not None and not hours.twentyfourseven and times is None:
        assumed(notes, "is_open_24_hours", "IsOpen24Hours", "weekly hours not said; sent as always open")
    always = times is None or (hours is not None and hours.twentyfourseven)
    parking_type = location.parking_type
    if notes is not None and parking_type is not None and codes.PARKING_TYPE.wire_for(parking_type) is None:
        lost(notes, "accessibility_location", "parking_type", "OICP has no such kind of place", parking_type)
    return {
        "charging_pool_id": location.pool_id,
        "charging_station_names": _names(location, notes),
        "sub_operator_name": short_text(
            location.suboperator.name if location.suboperator else None, 100, notes, "suboperator.name"
        ),
        "geo_coordinates": coordinates_to_oicp(location.coordinates),
        "renewable_energy": mix is not None and mix.is_green_energy,
        "energy_source": _energy_sources(mix, notes),
        "environmental_impact": _impact(mix, notes),
        "accessibility_location": known(codes.PARKING_TYPE.wire_for, parking_type),
        "hotline_phone_number": _hotline(location, hotline, notes),
        "geo_charging_point_entrance": known(coordinates_to_oicp, location.entrance),
        "is_open_24_hours": always,
        "opening_times": None if always else times,
        "hub_operator_id": known(operator_to_oicp, location.hub_operator),
        "address": _address(location, notes),
    }


def _names(location: Location, notes: Notes | None) -> tuple[InfoText, ...]:
    said = info_texts(location.names, notes, "names")
    if said:
        return said
    name = location.name
    if name is None:
        assumed(notes, "charging_station_names", "ChargingStationNames", "no name; the address stands in")
        name = location.address
    language = _LANGUAGE.get(location.country, "en")
    assumed(notes, "charging_station_names", "ChargingStationNames[0].lang", "the name has no language", language)
    return (InfoText(language=language, value=short_text(name, 150, notes, "name") or ""),)


def _address(location: Location, notes: Notes | None) -> wire.Address:
    usual = _usual_address(
        location.country,
        location.city,
        location.address,
        location.house_number,
        location.postal_code,
        location.state,
        location.time_zone,
    )
    return _unusual_address(location, notes) if usual is None else usual


@lru_cache(maxsize=16384)
def _usual_address(
    country: str,
    city: str,
    street: str,
    number: str | None,
    postal_code: str | None,
    region: str | None,
    time_zone: str | None,
) -> wire.Address | None:
    """None where something is missing or too long."""
    if not number or not postal_code or len(number) > 10 or len(postal_code) > 10:
        return None
    if not 0 < len(city) <= 50 or not 2 <= len(street) <= 100 or len(region or "") > 50:
        return None
    return wire.Address(
        country=country,
        city=city,
        street=street,
        postal_code=postal_code,
        house_num=number,
        region=region,
        time_zone=zone_to_oicp(time_zone),
    )


def _unusual_address(location: Location, notes: Notes | None) -> wire.Address:
    street, number = location.address, location.house_number
    if not number:
        match = _STREET_AND_NUMBER.match(street)
        if match and len(match[1]) > 1 and len(match[2]) <= 10:
            street, number = match[1], match[2]
        else:
            number = "-"
            assumed(notes, "address", "Address.HouseNum", "no house number is known", number)
    if len(number) > 10:
        narrowed(notes, "address", "house_number", "cut to 10 characters", number)
    postal_code = location.postal_code
    if not postal_code:
        postal_code = "-"
        assumed(notes, "address", "Address.PostalCode", "no postal code is known", postal_code)
    if len(street) < 2:
        assumed(notes, "address", "Address.Street", "OICP wants two characters at least", street)
        street = street.ljust(2, "-")
    return wire.Address(
        country=location.country,
        city=short_text(location.city, 50, notes, "city") or "-",
        street=short_text(street, 100, notes, "address") or "--",
        postal_code=postal_code[:10],
        house_num=number[:10],
        region=short_text(location.state, 50, notes, "state"),
        time_zone=zone_to_oicp(location.time_zone),
    )


def with_floor(address: wire.Address, floor: str, notes: Notes | None, path: str) -> wire.Address:
    return wire.Address(
        country=address.country,
        city=address.city,
        street=address.street,
        postal_code=address.postal_code,
        house_num=address.house_num,
        floor=short_text(floor, 5, notes, f"{path}.floor_level", cut=False),
        region=address.region,
        time_zone=address.time_zone,
    )


def _hotline(location: Location, hotline: str | None, notes: Notes | None) -> str | None:
    if location.help_phone:
        number = _telephone(location.help_phone)
        if number:
            return number
        lost(notes, "hotline_phone_number", "help_phone", "not an international number", location.help_phone)
    if hotline:
        assumed(notes, "hotline_phone_number", "HotlinePhoneNumber", "the owner gives none; that of the hub", hotline)
    return hotline


@lru_cache(maxsize=4096)
def _telephone(text: str) -> str | None:
    digits = "".join(character for character in text.replace("(0)", "") if character in "+0123456789")
    number = "+" + digits[2:] if digits.startswith("00") else digits
    return number if _PHONE.match(number) else None


def _energy_sources(mix: EnergyMix | None, notes: Notes | None) -> tuple[wire.EnergySource, ...] | None:
    if mix is None or not mix.energy_sources:
        return None
    found = []
    for index, entry in enumerate(mix.energy_sources):
        path = f"energy_mix.energy_sources[{index}]"
        energy = codes.ENERGY.wire_for(entry.source)
        if energy is None:
            lost(notes, "energy_source", path, "OICP has no such source of energy", entry.source)
            continue
        if entry.source in codes.ENERGY.lossy_out:
            narrowed(notes, "energy_source", f"{path}.source", f"sent as {energy.value}", entry.source)
        found.append(wire.EnergySource(energy=energy, percentage=_percentage(entry.percentage, notes, path)))
    return tuple(found) or None


def _percentage(value: Decimal | None, notes: Notes | None, path: str) -> Decimal | None:
    if value is None:
        return None
    whole = value.to_integral_value(ROUND_HALF_UP)
    if not 0 <= whole < 100:
        lost(notes, "energy_source", f"{path}.percentage", "OICP has two digits", value)
        return None
    if whole != value:
        narrowed(notes, "energy_source", f"{path}.percentage", "rounded: OICP has whole percents", value)
    return whole if whole != value else value


def _impact(mix: EnergyMix | None, notes: Notes | None) -> wire.EnvironmentalImpact | None:
    if mix is None or not mix.environ_impact:
        return None
    amounts: dict[str, Decimal] = {}
    for index, entry in enumerate(mix.environ_impact):
        if entry.category in ("CARBON_DIOXIDE", "NUCLEAR_WASTE"):
            amounts[entry.category] = entry.amount
        else:
            path = f"energy_mix.environ_impact[{index}]"
            lost(notes, "environmental_impact", path, "OICP has no such impact", entry.category)
    if not amounts:
        return None
    return wire.EnvironmentalImpact(
        co2_emission=amounts.get("CARBON_DIOXIDE"), nuclear_waste=amounts.get("NUCLEAR_WASTE")
    )
