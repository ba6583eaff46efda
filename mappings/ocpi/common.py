"""What all OCPI mappings share: times, and what the model has no home for.

The extension `ocpi` of a canonical object is a dict with up to three members, all empty when left out: `extra` holds
unknown fields, `as` the exact text of fields that the model normalises (times, parties, coordinates), `in` the unknown
fields of parts that have no extensions of their own, by their path. A spelling is used again only while it still says
what the model says.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET

from core.errors import Invalid
from core.model.base import Extensions, pack_extension, unpack_extension
from core.model.loss import Loss, LossKind
from core.model.quantities import Business, Coordinates, Image, Text
from protocols.ocpi.wire import locations as wire

PROTOCOL: Final = "ocpi"
NA: Final = "#NA"
"""OCPI's word for a required text that cannot be filled."""
PLACEHOLDER: Final = "1970-1-1T00:00:00Z"
"""How a CDR may spell a time that nobody knows."""

T = TypeVar("T")
W = TypeVar("W")
C = TypeVar("C")
Aside = dict[str, str]
"""Exact spellings by field name, collected while one object is read."""


class Kept:
    """What was put aside for one object, when it goes out again."""

    __slots__ = ("extra", "parts", "texts")

    def __init__(self, content: dict[str, Any]) -> None:
        self.extra: dict[str, Any] | None = content.get("extra")
        self.texts: dict[str, str] = content.get("as") or {}
        self.parts: dict[str, dict[str, Any]] = content.get("in") or {}


NOTHING: Final = Kept({})


def put_aside(extra: dict[str, Any] | None, aside: Aside, parts: dict[str, Any] | None = None) -> Extensions:
    """The extensions of a canonical object."""
    if not (extra or aside or parts):
        return {}
    content: dict[str, Any] = {}
    if extra:
        content["extra"] = extra
    if aside:
        content["as"] = aside
    if parts:
        content["in"] = parts
    return {PROTOCOL: pack_extension(content)}


def kept(extensions: Extensions) -> Kept:
    return Kept(unpack_extension(extensions, PROTOCOL)) if PROTOCOL in extensions else NOTHING


# --- times


@lru_cache(maxsize=16384)
def _time(text: str) -> tuple[datetime, bool]:
    """The instant, and whether `text` is how we would write it."""
    if text == PLACEHOLDER:
        return datetime(1970, 1, 1, tzinfo=UTC), False
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not UTC:
        if moment.tzinfo is not None:
            raise ValueError("OCPI times have no offset")
        moment = moment.replace(tzinfo=UTC)
    return moment, time_to_ocpi(moment) == text


def time_from_ocpi(text: str, path: str = "$") -> datetime:
    """Aware UTC; a time without designator is UTC. Raises Invalid for a day or hour that does not exist."""
    try:
        return _time(text)[0]
    except ValueError as error:
        raise Invalid(path, f"{text!r} is not a time: {error}") from error


def time_to_ocpi(moment: datetime) -> str:
    """With `Z`; the fraction only if there is one, cut to what fits into 25 characters."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    text = moment.isoformat()
    if len(text) == 25:
        return text[:19] + "Z"
    return text[:24].rstrip("0").rstrip(".") + "Z"


def time_in(text: str, aside: Aside, name: str) -> datetime:
    try:
        moment, ours = _time(text)
    except ValueError as error:
        raise Invalid("$." + name, f"{text!r} is not a time: {error}") from error
    if not ours:
        aside[name] = text
    return moment


def time_out(moment: datetime, back: Kept, name: str) -> str:
    if back is not NOTHING and (text := back.texts.get(name)) and time_from_ocpi(text) == moment:
        return text
    return time_to_ocpi(moment)


# --- parts and lists


def within(prefix: str, error: Invalid) -> Invalid:
    """The same error as seen from the object that holds the part at `prefix` (`evses[0]`)."""
    return Invalid(f"$.{prefix}{error.path.removeprefix('$')}", error.reason)


def part(convert: Callable[[W], C], value: W, name: str) -> C:
    try:
        return convert(value)
    except Invalid as error:
        raise within(name, error) from None


def parts(convert: Callable[[W], C], values: tuple[W, ...] | None, name: str) -> tuple[C, ...]:
    """Every item converted; an error names its place."""
    if not values:
        return ()
    try:
        return tuple([convert(value) for value in values])
    except Invalid:
        for index, value in enumerate(values):
            part(convert, value, f"{name}[{index}]")
        raise


def each(convert: Callable[[C], W], values: Iterable[C]) -> tuple[W, ...]:
    return tuple([convert(value) for value in values]) if values else ()


def unknown_of(parts: dict[str, Any], name: str, items: tuple[Any, ...]) -> None:
    """Puts the unknown fields of items without extensions of their own into `parts`."""
    for index, item in enumerate(items):
        if item.extra:
            parts[f"{name}[{index}]"] = item.extra


# --- partial updates


def merged(whole: Any, patch: Any) -> Any:
    """The wire object with what the patch mentions; unknown fields are mentioned too."""
    given = {
        name: value
        for name in patch.__struct_fields__
        if name != "extra" and (value := getattr(patch, name)) is not UNSET and value is not None
    }
    if patch.extra:
        given["extra"] = {**(whole.extra or {}), **patch.extra}
    return msgspec.structs.replace(whole, **given)


# --- classes that many objects share


def text_from_ocpi(text: wire.DisplayText) -> Text:
    return Text(language=text.language, text=text.text)


def texts_out(texts: tuple[Text, ...], back: Kept, name: str) -> tuple[wire.DisplayText, ...]:
    if not texts:
        return ()
    if not back.parts:
        return tuple([wire.DisplayText(language=text.language[:2], text=text.text[:512]) for text in texts])
    return tuple(text_out(text, back, f"{name}[{index}]") for index, text in enumerate(texts))


def text_out(text: Text, back: Kept, name: str) -> wire.DisplayText:
    return wire.DisplayText(language=text.language[:2], text=text.text[:512], extra=back.parts.get(name))


@lru_cache(maxsize=16384)
def _degrees(text: str) -> tuple[Decimal, bool]:
    value = Decimal(text)
    return value, format(value, "f") == text


def coordinates_in(
    geo: wire.GeoLocation | wire.AdditionalGeoLocation, aside: Aside, parts: dict[str, Any], name: str
) -> Coordinates:
    try:
        latitude, ours = _degrees(geo.latitude)
        longitude, ours_too = _degrees(geo.longitude)
    except InvalidOperation as error:
        raise Invalid(f"$.{name}", "latitude and longitude are decimal degrees") from error
    if not ours:
        aside[name + ".latitude"] = geo.latitude
    if not ours_too:
        aside[name + ".longitude"] = geo.longitude
    if geo.extra:
        parts[name] = geo.extra
    return Coordinates(latitude=latitude, longitude=longitude)


_PLACES = Decimal("0.0000001")


def degrees_to_ocpi(value: Decimal) -> str:
    """5 to 7 decimals, as OCPI demands: zeros are added, further digits rounded half away from zero.

    Not cached: Decimals that differ in their digits only are equal."""
    digits = -int(value.as_tuple().exponent)
    if digits > 7:
        value = value.quantize(_PLACES, ROUND_HALF_UP)
    return format(value, "f") if digits >= 5 else format(value, ".5f")


def coordinates_out(place: Coordinates, back: Kept, name: str) -> wire.GeoLocation:
    if back is NOTHING:
        return wire.GeoLocation(latitude=degrees_to_ocpi(place.latitude), longitude=degrees_to_ocpi(place.longitude))
    return wire.GeoLocation(
        latitude=degrees_out(place.latitude, back, name + ".latitude"),
        longitude=degrees_out(place.longitude, back, name + ".longitude"),
        extra=back.parts.get(name),
    )


def degrees_out(value: Decimal, back: Kept, name: str) -> str:
    if (text := back.texts.get(name)) and Decimal(text) == value:
        return text
    return degrees_to_ocpi(value)


def image_from_ocpi(image: wire.Image) -> Image:
    return Image(
        url=image.url,
        thumbnail=image.thumbnail,
        category=image.category,
        type=image.type,
        width=image.width,
        height=image.height,
        extensions=put_aside(image.extra, {}),
    )


def image_to_ocpi(image: Image) -> wire.Image:
    return wire.Image(
        url=image.url,
        thumbnail=image.thumbnail,
        category=image.category,
        type=image.type,
        width=image.width,
        height=image.height,
        extra=kept(image.extensions).extra,
    )


def business_from_ocpi(business: wire.BusinessDetails) -> Business:
    return Business(
        name=business.name,
        website=business.website,
        logo=image_from_ocpi(business.logo) if business.logo else None,
        extensions=put_aside(business.extra, {}),
    )


def business_to_ocpi(business: Business) -> wire.BusinessDetails:
    return wire.BusinessDetails(
        name=business.name,
        website=business.website,
        logo=image_to_ocpi(business.logo) if business.logo else None,
        extra=kept(business.extensions).extra,
    )


def assumption(path: str, value: Any, reason: str = "required by OCPI and not said by the source") -> Loss:
    return Loss(path=path, reason=reason, value=value, kind=LossKind.ASSUMED)
