"""OICP 2.2 <-> 2.3. What was converted keeps its original, and goes back to a partner of its own version as it came.

Messages are shown as plain JSON members here, because each version lacks what the other demands.
Source: OICP 2.3, Release Notes; checklist, section 17.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar

import msgspec

from core.model.loss import Loss, LossKind
from protocols.oicp.wire import v2_2 as older
from protocols.oicp.wire.base import Wire
from protocols.oicp.wire.cdr import (
    CalibrationLawVerificationInfo,
    ChargeDetailRecord,
    SignedMeteringValue,
)
from protocols.oicp.wire.common import InfoText
from protocols.oicp.wire.evse_data import ChargingFacility, OpeningTimes
from protocols.oicp.wire.v2_2 import ORIGINAL, ConvertedEvseDataRecord

Members = dict[str, Any]
M = TypeVar("M", bound=Wire)

EXTRA: Final = "-extra"
UNSPECIFIED: Final = "Unspecified"
NAME_LENGTH: Final = 50
URL_LENGTH: Final = 200
TEXT_LENGTH: Final = 150
NO_LANGUAGE: Final = "und"
_NEW_MEMBERS: Final = frozenset(
    {
        "ChargingStationNames",
        "HardwareManufacturer",
        "ChargingStationImage",
        "SubOperatorName",
        "DynamicPowerLevel",
        "RenewableEnergy",
        "EnergySource",
        "EnvironmentalImpact",
        "CalibrationLawDataAvailability",
        "AccessibilityLocation",
        "ChargingStationLocationReference",
        "OperatorID",
        "OperatorName",
    }
)
"""Of an EVSE data record; the operator stands around it in 2.2."""
_NEW_WORDS: Final = {"AuthenticationModes": "No Authentication Required", "ValueAddedServices": "RoofProvided"}
_NULL_IN_2_3: Final = (
    "RenewableEnergy",
    "CalibrationLawDataAvailability",
    "PaymentOptions",
    "ValueAddedServices",
    "Accessibility",
    "HotlinePhoneNumber",
)
"""Demanded by 2.3: null where a record of 2.2 lacks them."""


def original_of(message: Wire) -> Members | None:
    """What a converted message was."""
    kept = (message.extra or {}).get(ORIGINAL)
    return kept if isinstance(kept, dict) else None


def clean(value: Any) -> Any:
    """JSON as a partner wrote it, without the names under which the hub keeps things: they may be anywhere."""
    if isinstance(value, dict):
        return {name: clean(inner) for name, inner in value.items() if name not in (EXTRA, ORIGINAL)}
    return [clean(one) for one in value] if isinstance(value, list) else value


def plain(message: M) -> M:
    """Without what the hub keeps with a converted message; nobody else may write under that name."""
    if not message.extra or ORIGINAL not in message.extra:
        return message
    extra = {name: value for name, value in message.extra.items() if name != ORIGINAL}
    return msgspec.structs.replace(message, extra=extra or None)


# --- EVSE data


def record_from_2_2(record: older.EvseDataRecord, original: Members) -> ConvertedEvseDataRecord:
    """Facilities without power, and opening times that are text, say nothing in 2.3."""
    same = {name: getattr(record, name) for name in _SAME}
    return ConvertedEvseDataRecord(
        **same,
        charging_station_names=_names(record),
        charging_facilities=tuple(_facilities(record)),
        opening_times=tuple(_opening_times(record)) or None,
        additional_info=_additional_info(record.additional_info),
        extra={ORIGINAL: clean(original)},
    )


_SAME: Final = tuple(
    name
    for name in older.EvseDataRecord.__struct_fields__
    if name in ConvertedEvseDataRecord.__struct_fields__
    and name not in ("charging_facilities", "opening_times", "additional_info", "extra")
)


def _names(record: older.EvseDataRecord) -> tuple[InfoText, ...]:
    said = ((NO_LANGUAGE, record.charging_station_name), ("en", record.en_charging_station_name))
    names = tuple(InfoText(language=language, value=text) for language, text in said if text)
    return names or (InfoText(language=NO_LANGUAGE, value=record.evse_id.upper()),)


def _additional_info(said: str | tuple[InfoText, ...] | None) -> tuple[InfoText, ...] | None:
    if isinstance(said, str):
        return (InfoText(language=NO_LANGUAGE, value=said[:TEXT_LENGTH]),) if said else None
    return said


def _facilities(record: older.EvseDataRecord) -> Iterable[ChargingFacility]:
    for one in record.charging_facilities or ():
        if one.power is not None and one.power_type is not None:
            yield ChargingFacility(
                power_type=one.power_type,
                power=one.power,
                voltage=one.voltage or None,
                amperage=one.amperage or None,
                charging_modes=one.charging_modes or record.charging_modes,
            )


def _opening_times(record: older.EvseDataRecord) -> Iterable[OpeningTimes]:
    for one in record.opening_times or ():
        if one.period and one.on is not None:
            yield OpeningTimes(period=one.period, on=one.on)


def shown_in_2_3(shown: Members, original: Members | None) -> Members:
    """A record as 2.3 shows it: of a converted one all that 2.2 did not say is null."""
    shown = clean(shown)
    if original is None:
        return shown
    said = {name: original[name] for name in (*_NULL_IN_2_3, "OpeningTimes") if _given(original.get(name))}
    if (phone := original.get("HotlinePhoneNum")) is not None:
        said.setdefault("HotlinePhoneNumber", phone)
    if isinstance(text := original.get("AdditionalInfo"), str):
        said["AdditionalInfo"] = [{"lang": None, "value": text[:TEXT_LENGTH]}]
    facilities = [_facility_in_2_3(one, original) for one in original.get("ChargingFacilities") or ()]
    address = {name: original["Address"].get(name) for name in ("HouseNum", "PostalCode")}
    return (
        shown
        | dict.fromkeys(_NULL_IN_2_3)
        | said
        | {
            "ChargingStationNames": _names_in_2_3(original) or None,
            "Plugs": [plug for plug in original["Plugs"] if plug != UNSPECIFIED] or None,
            "ChargingFacilities": facilities or None,
            "Address": shown["Address"] | address,
        }
    )


def _given(value: Any) -> bool:
    return value not in (None, UNSPECIFIED, [])


def _names_in_2_3(original: Members) -> list[Members]:
    said = ((None, original.get("ChargingStationName")), ("en", original.get("EnChargingStationName")))
    return [{"lang": language, "value": text} for language, text in said if text]


def _facility_in_2_3(one: Members, original: Members) -> Members:
    kind = one.get("PowerType")
    shown = one | {"PowerType": kind if _given(kind) else None, "Power": one.get("Power")}
    modes = one.get("ChargingModes") or original.get("ChargingModes")
    return shown | {"ChargingModes": modes} if modes else shown


def shown_in_2_2(shown: Members, original: Members | None) -> Members:
    """A record as 2.2 shows it: one that came so as it came, but for what is the hub's and the form of coordinates."""
    shown = clean(shown)
    hubs = ("deltaType", "lastUpdate", "GeoCoordinates", "GeoChargingPointEntrance", "DynamicInfoAvailable", "EvseID")
    if original is not None:
        return original | {name: shown[name] for name in hubs if shown.get(name) is not None}
    facilities = shown.get("ChargingFacilities") or []
    modes = [mode for one in facilities for mode in one.get("ChargingModes") or ()]
    address = {name: value for name, value in shown["Address"].items() if not name.startswith("Parking")}
    record = {name: value for name, value in shown.items() if name not in _NEW_MEMBERS}
    record |= {name: _without(shown.get(name), word) for name, word in _NEW_WORDS.items()}
    record |= {"Address": address, "ChargingModes": list(dict.fromkeys(modes)) or None}
    record["ChargingFacilities"] = [
        {name: value for name, value in one.items() if name != "ChargingModes"} for one in facilities
    ]
    return record | _names_in_2_2(shown.get("ChargingStationNames") or [])


def _without(words: list[str] | None, new: str) -> list[str] | None:
    return [word for word in words or () if word != new] or words


def _names_in_2_2(names: list[Members]) -> Members:
    english = [one for one in names if (one.get("lang") or "").startswith("en")]
    others = [one for one in names if one not in english] or names
    return {
        "ChargingStationName": others[0]["value"][:NAME_LENGTH] if others else None,
        "EnChargingStationName": english[0]["value"][:NAME_LENGTH] if english else None,
    }


# --- charge detail records


def cdr_from_2_2(message: older.ChargeDetailRecord, original: Members) -> ChargeDetailRecord:
    """Charging lasts as long as the session unless more is said; energy is the difference of the readings."""
    members = {name: getattr(message, name) for name in _SAME_OF_CDR}
    start, end = message.meter_value_start, message.meter_value_end
    energy = message.consumed_energy
    if energy is None and start is not None and end is not None:
        energy = end - start
    members |= {
        "charging_start": message.charging_start or message.session_start,
        "charging_end": message.charging_end or message.session_end,
        "consumed_energy": energy,
    }
    return ChargeDetailRecord(**members, **_signature(message.metering_signature), extra={ORIGINAL: clean(original)})


_SAME_OF_CDR: Final = tuple(
    name
    for name in older.ChargeDetailRecord.__struct_fields__
    if name in ChargeDetailRecord.__struct_fields__ and name != "extra"
)


def _signature(text: str | None) -> Mapping[str, Any]:
    if not text:
        return {}
    if text.startswith(("http://", "https://")):
        return {"calibration_law_verification_info": CalibrationLawVerificationInfo(metering_signature_url=text)}
    return {"signed_metering_values": (SignedMeteringValue(signed_metering_value=text),)}


def cdr_to_2_2(record: ChargeDetailRecord, shown: Members) -> Members:
    """`shown`: the members of the record. One that came in 2.2 goes back as it came, with partners' ids that the hub
    has added."""
    original, shown = original_of(record), clean(shown)
    if original is not None:
        ids = ("CPOPartnerSessionID", "EMPPartnerSessionID")
        return {name: shown[name] for name in ids if shown.get(name)} | original
    members = {name: value for name, value in shown.items() if name not in _NEW_IN_CDR}
    info = record.calibration_law_verification_info
    url = info.metering_signature_url if info else None
    return members | {"MeteringSignature": url} if url and len(url) <= URL_LENGTH else members


_NEW_IN_CDR: Final = frozenset({"SignedMeteringValues", "CalibrationLawVerificationInfo"})


def conversion_losses(record: ChargeDetailRecord, version: str) -> tuple[Loss, ...]:
    """That a record is not told in the version in which it came, and what that costs."""
    original = original_of(record)
    if version == "2.2":
        signed = original is None and record.signed_metering_values is not None
        reason = "OICP 2.2 has no signed metering values"
        return (Loss(path="signed_data", reason=reason, value=None),) if signed else ()
    if original is None:
        return ()
    return (Loss(path="$", reason="converted from OICP 2.2", value=None, kind=LossKind.ASSUMED),)
