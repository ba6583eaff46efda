"""What an EVSE data record says of the EVSE, member by member; of its location: `place_members`.

Everything here can be asked with `notes` None: then it tells only what goes out, which is how the way in finds out what
it has to put aside.
"""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Final

from core.model.location import Accessibility, Evse, Location
from mappings.oicp import codes
from mappings.oicp.connectors import facilities_to_oicp, plugs_to_oicp
from mappings.oicp.coordinates import coordinates_to_oicp, is_rounded
from mappings.oicp.ids import evse_id_to_oicp
from mappings.oicp.notes import Notes, assumed, lost, narrowed
from mappings.oicp.place_members import known, with_floor
from mappings.oicp.texts import info_texts, short_text
from protocols.oicp.wire import evse_data as wire

_RESTRICTED: Final = frozenset({"CUSTOMERS", "EMPLOYEES", "TENANTS"})


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
        members["address"] = with_floor(shared["address"], evse.floor_level, notes, path)
    modes = _authentication_modes(evse, notes, path)
    members["evse_id"] = None if evse.evse_id is None else evse_id_to_oicp(evse.evse_id)
    members["charging_station_id"] = short_text(evse.station_id, 50, notes, f"{path}.station_id", cut=False)
    members["charging_station_image"] = _picture(evse, location, notes, path)
    members["plugs"] = plugs_to_oicp(evse.connectors, notes, path)
    members["charging_facilities"] = facilities_to_oicp(evse.connectors, notes, path)
    members["calibration_law_data_availability"] = _calibration(evse, notes)
    members["authentication_modes"] = modes
    members["max_capacity"] = _capacity(evse.max_capacity_kwh, notes, path)
    members["payment_options"] = _payment_options(evse, notes, path)
    members["value_added_services"] = _services(evse, location)
    members["accessibility"] = _accessibility(evse, notes, path)
    members["charging_station_location_reference"] = info_texts(evse.directions, notes, f"{path}.directions") or None
    members["is_hubject_compatible"] = _compatible(evse, modes, notes)
    members["dynamic_info_available"] = _dynamic(evse, notes)
    for name in ("hardware_manufacturer", "dynamic_power_level", "additional_info", "clearinghouse_id"):
        members[name] = None
    if notes is not None:
        _note_capabilities(evse, notes, path)
    return members


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
