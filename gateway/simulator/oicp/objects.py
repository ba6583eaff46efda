"""Neutral points and visits as OICP 2.3 records. Source: OICP 2.3 CPO, EvseDataRecordType, ChargeDetailRecord."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from core.model.ids import PartyId
from gateway.simulator.hours import clock
from gateway.simulator.stations import HOTLINE, Operator, Outlet, Point, Socket
from gateway.simulator.visits import Price, Visit

Object = dict[str, Any]

NOT_KNOWN = "n/a"
"""For members that OICP demands and an address may lack."""
AGREED_AT = "2024-01-01T00:00:00Z"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def operator_id(party: PartyId) -> str:
    return f"{party.country_code}*{party.party_id}"


def provider_id(party: PartyId) -> str:
    return f"{party.country_code}-{party.party_id}"


def stamp(at: datetime, zone: str = "Europe/Paris") -> str:
    """With the offset of the place, as charging stations write it."""
    return at.astimezone(ZoneInfo(zone)).isoformat(timespec="milliseconds" if at.microsecond else "seconds")


def identification(uid: str) -> Object:
    return {"RFIDMifareFamilyIdentification": {"UID": uid}}


def agreed(price: Price, party: PartyId) -> Object:
    """What a CPO agreed on with the hub, as the OCPI Tariff that the hub's operator enters."""
    return price.tariff(party.country_code, party.party_id, AGREED_AT)


def charge_detail_record(visit: Visit, session_id: str, medium: Object) -> Object:
    """`medium` is the identification that began it."""
    zone = visit.point.time_zone
    begun, ended = stamp(visit.started_at, zone), stamp(visit.ended_at, zone)
    return {
        "SessionID": session_id,
        "CPOPartnerSessionID": visit.id,
        "EvseID": visit.point.evse_id,
        "Identification": medium,
        "SessionStart": begun,
        "ChargingStart": begun,
        "ChargingEnd": ended,
        "SessionEnd": ended,
        "ConsumedEnergy": visit.energy_kwh,
    }


def notification(kind: str, visit: Visit, session_id: str, medium: Object) -> Object:
    """Charging begins (Start), stands half way (Progress), or is over with its session (End)."""
    zone = visit.point.time_zone
    found: Object = {
        "Type": kind,
        "SessionID": session_id,
        "CPOPartnerSessionID": visit.id,
        "EvseID": visit.point.evse_id,
        "OperatorID": operator_id(visit.point.operator),
        "Identification": medium,
        "SessionStart": stamp(visit.started_at, zone),
        "ChargingStart": stamp(visit.started_at, zone),
    }
    if kind == "Progress":
        half_way = visit.started_at + (visit.ended_at - visit.started_at) / 2
        found |= {"EventOccurred": stamp(half_way, zone), "ConsumedEnergyProgress": visit.half_kwh}
    if kind == "End":
        ended = stamp(visit.ended_at, zone)
        found |= {"ChargingEnd": ended, "SessionEnd": ended, "ConsumedEnergy": visit.energy_kwh}
    return found


def push_evse_data(operator: Operator, action: str = "fullLoad") -> Object:
    return {
        "ActionType": action,
        "OperatorEvseData": {
            "OperatorID": operator_id(operator.party),
            "OperatorName": operator.name,
            "EvseDataRecord": [record(point) for point in operator.points],
        },
    }


def push_pricing_product_data(operator: Operator, price: Price) -> Object:
    """The operator's one price for all EMPs, around the clock."""
    unit, currency = "KILOWATT_HOUR", "EUR"
    power_kw = max((point.power_kw for point in operator.points), default=Decimal(0))
    product = {
        "ProductID": price.tariff_id,
        "ReferenceUnit": unit,
        "ProductPriceCurrency": currency,
        "PricePerReferenceUnit": price.per_kwh,
        "MaximumProductChargingPower": power_kw,
        "IsValid24hours": True,
        "ProductAvailabilityTimes": [],
    }
    return {
        "ActionType": "fullLoad",
        "PricingProductData": {
            "OperatorID": operator_id(operator.party),
            "OperatorName": operator.name,
            "ProviderID": "*",
            "PricingDefaultPrice": price.per_kwh,
            "PricingDefaultPriceCurrency": currency,
            "PricingDefaultReferenceUnit": unit,
            "PricingProductDataRecords": [product],
        },
    }


def push_evse_pricing(operator: Operator, price: Price) -> Object:
    entries = [
        {"EvseID": point.evse_id, "ProviderID": "*", "EvseIDProductList": [price.tariff_id]}
        for point in operator.points
    ]
    return {"ActionType": "fullLoad", "EVSEPricing": entries}


def record(point: Point) -> Object:
    """One EvseDataRecord with all that is mandatory."""
    found: Object = {
        "EvseID": point.evse_id,
        "ChargingPoolID": point.station_id,
        "ChargingStationID": point.station_id,
        "ChargingStationNames": [{"lang": "fr", "value": point.station_name}],
        "SubOperatorName": point.operator_name,
        "Address": {
            "Country": point.country,
            "City": point.city,
            "Street": point.street,
            "PostalCode": point.postal_code or NOT_KNOWN,
            "HouseNum": point.house_number or NOT_KNOWN,
        },
        "GeoCoordinates": {"Google": {"Coordinates": f"{degrees(point.latitude)} {degrees(point.longitude)}"}},
        "Plugs": list(dict.fromkeys(_plug(outlet) for outlet in point.outlets)),
        "ChargingFacilities": [facility(outlet) for outlet in point.outlets],
        "RenewableEnergy": False,
        "CalibrationLawDataAvailability": "Not Available",
        "AuthenticationModes": ["NFC RFID Classic", "NFC RFID DESFire", "REMOTE"],
        "PaymentOptions": _payment(point),
        "ValueAddedServices": ["Reservation"] if point.reservable else ["None"],
        "Accessibility": _accessibility(point),
        "AccessibilityLocation": "OnStreet" if point.on_street else "ParkingLot",
        "HotlinePhoneNumber": HOTLINE,
        "IsOpen24Hours": not point.openings,
        "IsHubjectCompatible": True,
        "DynamicInfoAvailable": "true",
    }
    if point.card_payment:
        found["AuthenticationModes"].append("Direct Payment")
    if point.openings:
        found["OpeningTimes"] = _opening_times(point)
    elif not point.always_open:
        said = f"Horaires : {point.hours_text}" if point.hours_text else "Horaires non communiqués"
        found["AdditionalInfo"] = [{"lang": "fr", "value": said[:150]}]
    return found


def facility(outlet: Outlet) -> Object:
    if outlet.socket.direct_current:
        power_type, modes = "DC", ["CHAdeMO" if outlet.socket is Socket.CHADEMO else "Mode_4"]
    else:
        power_type = "AC_1_PHASE" if outlet.phases == 1 else "AC_3_PHASE"
        modes = ["Mode_2" if outlet.socket is Socket.DOMESTIC else "Mode_3"]
    return {
        "PowerType": power_type,
        "Power": outlet.power_kw,
        "Voltage": outlet.volts,
        "Amperage": outlet.amperes,
        "ChargingModes": modes,
    }


def degrees(value: Decimal) -> str:
    """At most six decimals: a seventh is a centimetre."""
    places = min(max(-int(value.as_tuple().exponent), 1), 6)
    return f"{value:.{places}f}"


def _plug(outlet: Outlet) -> str:
    if outlet.socket is Socket.TYPE_2:
        return "Type 2 Connector (Cable Attached)" if outlet.cable else "Type 2 Outlet"
    return {
        Socket.DOMESTIC: "Type E French Standard",
        Socket.CCS: "CCS Combo 2 Plug (Cable Attached)",
        Socket.CHADEMO: "CHAdeMO",
    }[outlet.socket]


def _payment(point: Point) -> list[str]:
    if point.free_of_charge:
        return ["No Payment"]
    return ["Contract", "Direct"] if point.pays_on_the_spot else ["Contract"]


def _accessibility(point: Point) -> str:
    if point.reserved_access:
        return "Restricted access"
    return "Free publicly accessible" if point.free_of_charge else "Paying publicly accessible"


def _opening_times(point: Point) -> list[Object]:
    """One entry a day, with all its periods."""
    by_day: dict[int, list[Object]] = {}
    for opening in point.openings:
        period = {"begin": clock(opening.begin), "end": clock(opening.end)}
        by_day.setdefault(opening.weekday, []).append(period)
    return [{"on": _DAYS[weekday - 1], "Period": periods} for weekday, periods in by_day.items()]
