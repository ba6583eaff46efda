"""What an EVSE data record says of a location and of one of its EVSEs, member by member.

Everything here can be asked with `notes` None: then it tells only what goes out, which is how the way in finds out what
it has to put aside.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any, Final

from core.model.location import Accessibility, EnergyMix, Evse, Location
from core.model.quantities import Text
from mappings.oicp import codes
from mappings.oicp.connectors import facilities_to_oicp, plugs_to_oicp
from mappings.oicp.coordinates import coordinates_to_oicp, is_rounded
from mappings.oicp.ids import evse_id_to_oicp, operator_to_oicp
from mappings.oicp.notes import Notes, assumed, lost, narrowed
from mappings.oicp.opening_times import hours_to_oicp
from mappings.oicp.times import zone_to_oicp
from protocols.oicp.wire import evse_data as wire
from protocols.oicp.wire.common import InfoText

_LANGUAGE: Final = {
    "AUT": "de", "BEL": "nl", "CHE": "de", "DEU": "de", "DNK": "da", "ESP": "es", "FIN": "fi", "FRA": "fr",
    "ITA": "it", "NLD": "nl", "NOR": "nb", "POL": "pl", "PRT": "pt", "SWE": "sv",
}  # fmt: skip
_STREET_AND_NUMBER: Final = re.compile(r"^(.*[^ ,])[ ,]+([0-9]+ ?[A-Za-z]?(?:[-/][0-9]+[A-Za-z]?)?)$")
_LANGUAGE_CODE: Final = re.compile(r"^[a-z]{2,3}(?:-[A-Z]{2,3}(?:-[a-zA-Z]{4})?)?(?:-x-[a-zA-Z0-9]{1,8})?$")
_PHONE: Final = re.compile(r"^\+[0-9]{5,15}$")
_RESTRICTED: Final = frozenset({"CUSTOMERS", "EMPLOYEES", "TENANTS"})


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
        "sub_operator_name": _short(
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


def record_members(
    location: Location, evse: Evse, shared: dict[str, Any], notes: Notes | None, path: str
) -> dict[str, Any]:
    """A record without what was put aside, by Python names."""
    members = dict(shared)
    place = evse.coordinates
    if place is not None:
        members["geo_coordinates"] = coordinates_to_oicp(place)
    if notes is not None and is_rounded(place or location.coordinates):
        narrowed(
            notes, "geo_coordinates", f"{path}.coordinates", "rounded to six decimals", place or location.coordinates
        )
    if evse.floor_level is not None:
        members["address"] = _with_floor(shared["address"], evse.floor_level, notes, path)
    modes = _authentication_modes(evse, notes, path)
    members["evse_id"] = None if evse.evse_id is None else evse_id_to_oicp(evse.evse_id)
    members["charging_station_id"] = _short(evse.station_id, 50, notes, f"{path}.station_id", cut=False)
    members["charging_station_image"] = _picture(evse, location, notes, path)
    members["plugs"] = plugs_to_oicp(evse.connectors, notes, path)
    members["charging_facilities"] = facilities_to_oicp(evse.connectors, notes, path)
    members["calibration_law_data_availability"] = _calibration(evse, notes)
    members["authentication_modes"] = modes
    members["max_capacity"] = _capacity(evse.max_capacity_kwh, notes, path)
    members["payment_options"] = _payment_options(evse, notes, path)
    members["value_added_services"] = _services(evse, location)
    members["accessibility"] = _accessibility(evse, notes, path)
    members["charging_station_location_reference"] = _info(evse.directions, notes, f"{path}.directions") or None
    members["is_hubject_compatible"] = _compatible(evse, modes, notes)
    members["dynamic_info_available"] = _dynamic(evse, notes)
    for name in ("hardware_manufacturer", "dynamic_power_level", "additional_info", "clearinghouse_id"):
        members[name] = None
    if notes is not None:
        _note_capabilities(evse, notes, path)
    return members


def _short(
    text: str | None, longest: int, notes: Notes | None, path: str, *, cut: bool = True, least: int = 0
) -> str | None:
    if text is None or least <= len(text) <= longest:
        return text
    if len(text) < least or not cut:
        lost(notes, path, path, f"OICP takes {least or 1} to {longest} characters", text)
        return None
    narrowed(notes, path, path, f"cut to {longest} characters", text)
    return text[:longest]


def _info(texts: tuple[Text, ...], notes: Notes | None, path: str) -> tuple[InfoText, ...]:
    found = []
    for index, text in enumerate(texts):
        usual = _info_text(text.language, text.text)
        if usual is not None:
            found.append(usual)
            continue
        language = text.language if _LANGUAGE_CODE.match(text.language) else text.language.lower()
        if not _LANGUAGE_CODE.match(language):
            lost(notes, path, f"{path}[{index}]", "not a language that OICP can name", text.language)
            continue
        value = _short(text.text, 150, notes, f"{path}[{index}].text") or ""
        found.append(InfoText(language=language, value=value))
    return tuple(found)


@lru_cache(maxsize=65536)
def _info_text(language: str, text: str) -> InfoText | None:
    """None for a text that needs a closer look."""
    if len(text) > 150 or not _LANGUAGE_CODE.match(language):
        return None
    return InfoText(language=language, value=text)


def _names(location: Location, notes: Notes | None) -> tuple[InfoText, ...]:
    said = _info(location.names, notes, "names")
    if said:
        return said
    name = location.name
    if name is None:
        assumed(notes, "charging_station_names", "ChargingStationNames", "no name; the address stands in")
        name = location.address
    language = _LANGUAGE.get(location.country, "en")
    assumed(notes, "charging_station_names", "ChargingStationNames[0].lang", "the name has no language", language)
    return (InfoText(language=language, value=_short(name, 150, notes, "name") or ""),)


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
        city=_short(location.city, 50, notes, "city") or "-",
        street=_short(street, 100, notes, "address") or "--",
        postal_code=postal_code[:10],
        house_num=number[:10],
        region=_short(location.state, 50, notes, "state"),
        time_zone=zone_to_oicp(location.time_zone),
    )


def _with_floor(address: wire.Address, floor: str, notes: Notes | None, path: str) -> wire.Address:
    return wire.Address(
        country=address.country,
        city=address.city,
        street=address.street,
        postal_code=address.postal_code,
        house_num=address.house_num,
        floor=_short(floor, 5, notes, f"{path}.floor_level", cut=False),
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


def _picture(evse: Evse, location: Location, notes: Notes | None, path: str) -> str | None:
    """Of the station first, then of the place."""
    if not evse.images and not location.images:
        return None
    pictures = [(f"{path}.images[{index}]", image) for index, image in enumerate(evse.images)]
    pictures += [(f"images[{index}]", image) for index, image in enumerate(location.images)]
    found: str | None = None
    for category in ("CHARGER", "LOCATION"):
        for place, image in pictures:
            if image.category == category and found is None and len(image.url) <= 200:
                found, pictures = image.url, [entry for entry in pictures if entry[0] != place]
    for place, image in pictures:
        lost(notes, f"picture {place}", place, "OICP has one picture of the charging station", image.url)
    return found


def _calibration(evse: Evse, notes: Notes | None) -> wire.CalibrationLawDataAvailability:
    word = known(codes.CALIBRATION_LAW.wire_for, evse.calibration_law)
    if word is None:
        word = wire.CalibrationLawDataAvailability.NOT_AVAILABLE
        assumed(notes, "calibration_law_data_availability", "CalibrationLawDataAvailability", "not said", word.value)
    result: wire.CalibrationLawDataAvailability = word
    return result


def _authentication_modes(evse: Evse, notes: Notes | None, path: str) -> tuple[wire.AuthenticationMode, ...]:
    member = "authentication_modes"
    if notes is None and (usual := codes.wire_words(codes.AUTHENTICATION_MODE, evse.authentication_modes)):
        return usual
    found = []
    for index, mode in enumerate(evse.authentication_modes):
        word = codes.AUTHENTICATION_MODE.wire_for(mode)
        if word is not None:
            found.append(word)
        else:
            loss = codes.AUTHENTICATION_MODE.loss(mode, f"{path}.{member}[{index}]")
            if loss and notes is not None:
                notes.append((member, loss))
    if found:
        return tuple(found)
    classic = wire.AuthenticationMode.NFC_RFID_CLASSIC
    if "RFID_READER" in evse.capabilities:
        assumed(notes, member, "AuthenticationModes", "a card reader of unsaid family", classic.value)
        found.append(classic)
    if "REMOTE_START_STOP_CAPABLE" in evse.capabilities:
        found.append(wire.AuthenticationMode.REMOTE)
    if any("PLUG_AND_CHARGE" in word for connector in evse.connectors for word in connector.capabilities):
        narrowed(notes, member, f"{path}.connectors", "Plug & Charge of unsaid edition, for the whole EVSE")
        found.append(wire.AuthenticationMode.PNC)
    if not found:
        assumed(notes, member, "AuthenticationModes", "not said how a driver identifies", classic.value)
        found.append(classic)
    return tuple(found)


def _capacity(value: Decimal | None, notes: Notes | None, path: str) -> Decimal | None:
    if value is None or value == value.to_integral_value():
        return value
    narrowed(notes, "max_capacity", f"{path}.max_capacity_kwh", "rounded: OICP has whole kilowatt hours", value)
    return value.to_integral_value(ROUND_HALF_UP)


def _payment_options(evse: Evse, notes: Notes | None, path: str) -> tuple[wire.PaymentOption, ...]:
    said = codes.wire_words(codes.PAYMENT_OPTION, evse.payment_options)
    if len(said) < len(evse.payment_options):
        lost(notes, "payment_options", f"{path}.payment_options", "OICP has no such option", evse.payment_options)
    if said:
        alone = wire.PaymentOption.NO_PAYMENT in said and len(said) > 1
        return tuple(word for word in said if word is not wire.PaymentOption.NO_PAYMENT) if alone else said
    assumed(notes, "payment_options", "PaymentOptions", "not said; roaming contracts pay here", "Contract")
    if any(word in codes.PAID_AT_THE_POINT for word in evse.capabilities):
        narrowed(notes, "payment_options", f"{path}.capabilities", "sent as Direct, which does not say how one pays")
        return (wire.PaymentOption.CONTRACT, wire.PaymentOption.DIRECT)
    return (wire.PaymentOption.CONTRACT,)


def _services(evse: Evse, location: Location) -> tuple[wire.ValueAddedService, ...]:
    found: tuple[wire.ValueAddedService, ...] = codes.wire_words(codes.VALUE_ADDED_SERVICE, evse.value_added_services)
    if "RESERVABLE" in evse.capabilities and wire.ValueAddedService.RESERVATION not in found:
        found = (*found, wire.ValueAddedService.RESERVATION)
    if location.parking_places and any(
        place.roofed for place in location.parking_places if any(place.id == one.parking_id for one in evse.parking)
    ):
        found = (*found, wire.ValueAddedService.ROOF_PROVIDED)
    return found or (wire.ValueAddedService.NONE,)


def _accessibility(evse: Evse, notes: Notes | None, path: str) -> wire.Accessibility:
    restrictions = evse.parking_restrictions
    if evse.accessibility is not None:
        if restrictions:
            lost(
                notes,
                "parking_restrictions",
                f"{path}.parking_restrictions",
                "OICP does not say for whom",
                restrictions,
            )
        word: wire.Accessibility = codes.ACCESSIBILITY.to_wire(evse.accessibility)
        return word
    if not _RESTRICTED.isdisjoint(restrictions):
        reason = "sent as Restricted access, which does not say for whom"
        narrowed(notes, "accessibility", f"{path}.parking_restrictions", reason, restrictions)
        return wire.Accessibility.RESTRICTED
    if restrictions:
        lost(notes, "parking_restrictions", f"{path}.parking_restrictions", "OICP does not say for whom", restrictions)
    free = codes.ACCESSIBILITY.to_wire(Accessibility.FREE_PUBLIC)
    assumed(notes, "accessibility", "Accessibility", "not said and no restriction known", free.value)
    result: wire.Accessibility = free
    return result


def _compatible(evse: Evse, modes: tuple[wire.AuthenticationMode, ...], notes: Notes | None) -> bool:
    if evse.hub_compatible is not None:
        return evse.hub_compatible
    remote = wire.AuthenticationMode.REMOTE in modes
    assumed(notes, "is_hubject_compatible", "IsHubjectCompatible", "as far as it can be started remotely", remote)
    return remote


def _dynamic(evse: Evse, notes: Notes | None) -> wire.DynamicInfo:
    if evse.dynamic_info_available is not None:
        return wire.DynamicInfo.TRUE if evse.dynamic_info_available else wire.DynamicInfo.FALSE
    assumed(notes, "dynamic_info_available", "DynamicInfoAvailable", "not said; as statuses come", "auto")
    return wire.DynamicInfo.AUTO


def _note_capabilities(evse: Evse, notes: Notes, path: str) -> None:
    for index, word in enumerate(evse.capabilities):
        if word not in codes.CARRIED_CAPABILITIES and word not in codes.PAID_AT_THE_POINT:
            reason = codes.CAPABILITY.get(word, "OICP has no such capability")
            lost(notes, "capabilities", f"{path}.capabilities[{index}]", reason, word)
    for number, connector in enumerate(evse.connectors):
        for index, word in enumerate(connector.capabilities):
            if "PLUG_AND_CHARGE" not in word:
                place = f"{path}.connectors[{number}].capabilities[{index}]"
                lost(notes, "capabilities", place, "OICP has no such capability", word)
