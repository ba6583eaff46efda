"""Bytes <-> OICP messages. The only file that knows how partners spell what the documents spell otherwise.

A message that is as the documents want it is decoded in one pass. Any other takes a second, slower path on which
spellings seen in practice become the documented ones, unknown members move into `extra`, and what is still wrong is
named by its path.
"""

import re
import types
import typing
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, TypeVar, cast

import msgspec
from msgspec import Struct

from core.errors import Invalid
from protocols.oicp.wire import v2_2
from protocols.oicp.wire.authorisation import AuthorizationStart, AuthorizationStop
from protocols.oicp.wire.cdr import ChargeDetailRecord, GetChargeDetailRecords
from protocols.oicp.wire.common import Acknowledgement, ActionType
from protocols.oicp.wire.coordinates import GoogleCoordinates
from protocols.oicp.wire.evse_data import (
    ChargingFacility,
    DeleteEvseData,
    OpeningTimes,
    PlatformEvseDataRecord,
    PlatformPushEvseData,
    PullEvseData,
    PullEvseDataRecord,
    PushEvseData,
)
from protocols.oicp.wire.evse_status import PullEvseStatus
from protocols.oicp.wire.notifications import NotificationEnd, NotificationProgress
from protocols.oicp.wire.pricing import (
    EvsePricing,
    EvsePricingAnswer,
    PricingProductDataAnswer,
    ProductAvailabilityTimes,
    PullEvsePricing,
    PullPricingProductData,
)
from protocols.oicp.wire.remote import AuthorizeRemoteReservationStart, AuthorizeRemoteReservationStop
from protocols.transport import json_codec
from protocols.transport.json_codec import EXTRA, decode_raw, encode, to_raw

__all__ = ["decode", "decode_push_evse_data", "decode_raw", "encode", "encode_answer", "to_raw", "violations"]

T = TypeVar("T")
UNSPECIFIED: Final = "Unspecified"
Value = Callable[[Any], Any]

ALTERNATIVES: Final[dict[type[Struct], dict[str, str]]] = {
    PlatformEvseDataRecord: {"ChargingStationId": "ChargingStationID"},
    PullEvseDataRecord: {"OperatorId": "OperatorID"},
    PullEvseData: {
        "OperatorIDs": "OperatorIds",
        "calibrationLawDataAvailability": "CalibrationLawDataAvailability",
    },
    PullEvseStatus: {"EVSEStatus": "EvseStatus"},
    GetChargeDetailRecords: {"CDRForwarder": "CDRForwarded"},
    ChargeDetailRecord: {"HubProviderId": "HubProviderID"},
    ChargingFacility: {"Charging Modes": "ChargingModes"},
    AuthorizeRemoteReservationStart: {"EMPPartnerSessionId": "EMPPartnerSessionID"},
    AuthorizeRemoteReservationStop: {"EMPPartnerSessionId": "EMPPartnerSessionID"},
    GoogleCoordinates: {"Coordinatea": "Coordinates"},
    v2_2.EvseDataRecord: {"ChargingStationId": "ChargingStationID", "HotlinePhoneNum": "HotlinePhoneNumber"},
    v2_2.ChargeDetailRecord: {"HubProviderId": "HubProviderID"},
    v2_2.OpeningTimes: {"On": "on", "Periods": "Period"},
    OpeningTimes: {"On": "on", "Periods": "Period"},
    ProductAvailabilityTimes: {"On": "on", "Period": "Periods"},
    PullPricingProductData: {"OperatorIds": "OperatorIDs"},
    PullEvsePricing: {"OperatorIds": "OperatorIDs"},
    PricingProductDataAnswer: {"OperatorPricingProducts": "PricingProductData"},
    EvsePricingAnswer: {"OperatorEVSEPricing": "EVSEPricing"},
}
"""Spelling seen -> spelling documented, in each type and those that extend it."""


def _list_of(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _meter_values(value: Any) -> Any:
    return {"meterValues": value} if isinstance(value, list) else value


def _product_names(value: Any) -> Any:
    """Names alone, also where each stands in an object of its own."""
    if not isinstance(value, list):
        return value
    return [one["ProductID"] if isinstance(one, dict) and "ProductID" in one else one for one in value]


def _boolean_text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _specified(value: Any) -> Any:
    """Source: OICP 2.3, Release Notes: what 2.2 calls unspecified is null."""
    if isinstance(value, list):
        return [one for one in value if one != UNSPECIFIED]
    return None if value == UNSPECIFIED else value


FORMS: Final[dict[type[Struct], dict[str, Value]]] = {
    PlatformEvseDataRecord: {"DynamicInfoAvailable": _boolean_text},
    GetChargeDetailRecords: {"OperatorID": _list_of, "SessionID": _list_of},
    ChargeDetailRecord: {"MeterValueInBetween": _meter_values},
    v2_2.EvseDataRecord: {
        "Plugs": _specified,
        "Accessibility": _specified,
        "DynamicInfoAvailable": _boolean_text,
    },
    v2_2.ChargingFacility: {"PowerType": _specified},
    v2_2.ChargeDetailRecord: {"MeterValueInBetween": _meter_values},
    NotificationProgress: {"MeterValueInBetween": _meter_values},
    NotificationEnd: {"MeterValueInBetween": _meter_values},
    EvsePricing: {"EvseIDProductList": _product_names},
}
"""Members that come in another shape than documented."""


def decode(body: bytes, wire_type: type[T]) -> T:
    """Raises NotJson, or Invalid with the path of the first member that is wrong."""
    odd = _NO_NUMBER.search(body)
    if EXTRA.encode() not in body and not odd:
        try:
            decoder = _decoder(cast("Any", wire_type))
            return cast("T", decoder(body))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
    message = convert(decode_raw(body), wire_type)
    if odd:
        _check_numbers(message, "$")
    return message


def _check_numbers(value: Any, path: str) -> None:
    """Text may stand for a number, but not for one that is none. Raises Invalid."""
    if isinstance(value, Decimal) and not value.is_finite():
        raise Invalid(path, "must be a number")
    if isinstance(value, Struct):
        for name, encoded in _names(type(value)):
            _check_numbers(getattr(value, name), f"{path}.{encoded}")
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            _check_numbers(one, f"{path}[{index}]")


def convert(raw: Any, wire_type: type[T]) -> T:
    """Already decoded JSON to a message. Raises Invalid."""
    try:
        return json_codec.convert(_usual(raw, wire_type), wire_type)
    except Invalid as error:
        raise _named(error) from error


def decode_push_evse_data(
    body: bytes, *, platform: bool = False
) -> PushEvseData | PlatformPushEvseData | DeleteEvseData:
    """A push of EVSE data; a deletion needs only the ids. `platform`: in the reference platform's wider profile."""
    wire_type = PlatformPushEvseData if platform else PushEvseData
    try:
        return cast("PushEvseData | PlatformPushEvseData", decode(body, wire_type))
    except Invalid:
        raw = decode_raw(body)
        if not (isinstance(raw, dict) and raw.get("ActionType") == ActionType.DELETE):
            raise
        return convert(raw, DeleteEvseData)


def encode_answer(answer: Acknowledgement | AuthorizationStart | AuthorizationStop) -> bytes:
    """An answer with its empty members written as null, which clients made from observed traffic expect."""
    members = {encoded: getattr(answer, name) for name, encoded in _names(type(answer))}
    code = answer.status_code
    if code is not None:
        members["StatusCode"] = {
            "Code": code.code,
            "Description": code.description,
            "AdditionalInfo": code.additional_info,
        }
    return encode({**(answer.extra or {}), **members})


def violations(raw: Any, wire_type: Any) -> list[Invalid]:
    """Everything that is wrong with already decoded JSON, in the order of the type's members; empty if nothing is."""
    found: list[Invalid] = []
    _collect(_usual(raw, wire_type), wire_type, "$", found)
    return found


@lru_cache(maxsize=16)
def _names(struct: type[Struct]) -> tuple[tuple[str, str], ...]:
    fields = msgspec.structs.fields(struct)
    return tuple((field.name, field.encode_name) for field in fields if field.encode_name != EXTRA)


@lru_cache(maxsize=256)
def _decoder(wire_type: Any) -> Callable[[bytes], Any]:
    return msgspec.json.Decoder(wire_type).decode


_NO_NUMBER = re.compile(
    rb'"[^"a-z]{0,30}(?:s?_?n_?a_?n|i_?n_?f)|' + rb"\\u",
    re.IGNORECASE,
)
"""What a Decimal may read as no number, or anything that is written in escapes: then each number is looked at."""
_MISSING = re.compile(r"^Object missing required field `(.+)`$")
_MEMBER = re.compile(r"^([A-Z][A-Za-z0-9]*(?:\.[A-Z][A-Za-z0-9]*)*): (.*)$", re.DOTALL)


def _named(error: Invalid) -> Invalid:
    """The path down to the member itself, where the reason names it."""
    if match := _MISSING.match(error.reason):
        return Invalid(f"{error.path}.{match[1]}", "may not be null")
    if match := _MEMBER.match(error.reason):
        return Invalid(f"{error.path}.{match[1]}", match[2])
    return error


def _usual(raw: Any, wire_type: Any) -> Any:
    normalise = _normaliser(wire_type)
    return normalise(raw) if normalise else raw


def _parts(hint: Any) -> tuple[Any, Any]:
    """The struct of a type hint, and the item type if it is a list of something."""
    origin = typing.get_origin(hint)
    if origin is typing.Annotated:
        return _parts(typing.get_args(hint)[0])
    if origin in (typing.Union, types.UnionType):
        return next((parts for parts in map(_parts, typing.get_args(hint)) if parts != (None, None)), (None, None))
    if origin is tuple:
        return None, typing.get_args(hint)[0]
    if isinstance(hint, type) and issubclass(hint, Struct):
        return hint, None
    return None, None


@lru_cache(maxsize=256)
def _members(struct: type[Struct]) -> dict[str, tuple[Any, bool]]:
    """Member name -> (type, whether it must be there)."""
    hints = typing.get_type_hints(struct, include_extras=True)
    return {
        field.encode_name: (hints[field.name], field.required)
        for field in msgspec.structs.fields(struct)
        if field.encode_name != EXTRA
    }


@lru_cache(maxsize=256)
def _normaliser(wire_type: Any) -> Value | None:
    """A function that turns alternative spellings and forms into the documented ones; None where there are none."""
    struct, item = _parts(wire_type)
    if item is not None:
        inner = _normaliser(item)
        return (lambda raw: [inner(one) for one in raw] if isinstance(raw, list) else raw) if inner else None
    if struct is None:
        return None
    names: dict[str, str] = {}
    forms: dict[str, Value] = {}
    for base in struct.__mro__:
        names.update(ALTERNATIVES.get(base, {}))
        forms.update(FORMS.get(base, {}))
    inner_of = {name: found for name, (hint, _) in _members(struct).items() if (found := _normaliser(hint))}
    if not (names or forms or inner_of):
        return None

    def normalise(raw: Any) -> Any:
        if not isinstance(raw, dict):
            return raw
        message: dict[str, Any] = raw
        usual: dict[str, Any] = {}
        for key, value in message.items():
            name = names.get(key, key)
            if message.get(name) is not None:
                name = key
            shaped = forms[name](value) if name in forms else value
            usual[name] = inner_of[name](shaped) if name in inner_of else shaped
        return usual

    return normalise


def _collect(raw: Any, hint: Any, path: str, found: list[Invalid]) -> None:
    struct, item = _parts(hint)
    before = len(found)
    if struct is not None and isinstance(raw, dict):
        for name, (inner, required) in _members(struct).items():
            value = raw.get(name)
            if value is not None:
                _collect(value, inner, f"{path}.{name}", found)
            elif required:
                found.append(Invalid(f"{path}.{name}", "may not be null"))
    elif item is not None and isinstance(raw, list):
        for index, value in enumerate(raw):
            _collect(value, item, f"{path}[{index}]", found)
    if len(found) == before:
        try:
            json_codec.convert(raw, hint)
        except Invalid as error:
            named = _named(error)
            found.append(Invalid(path + named.path[1:], named.reason))
