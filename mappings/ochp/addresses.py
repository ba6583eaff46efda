"""Addresses, coordinates, telephone numbers and pictures <-> ours, with OCHP's limits. Source: OCHP 1.4.

Free text may be shortened, and that is noted; codes and links that do not fit are left out.
"""

import re
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

from core.model.cdr import CdrLocation
from core.model.location import Location
from core.model.quantities import Coordinates, Image
from mappings.ochp.codes import IMAGE
from mappings.ochp.notes import Notes, assumed, lost, narrowed
from protocols.ochp.wire import charge_points as wire
from protocols.ochp.wire.places import Address
from protocols.ochp.wire.words import ImageClass

_SIX: Final = Decimal("0.000001")
_UPPER: Final = re.compile(r"[^A-Z0-9 \-]")
_HOUSE_NUMBER: Final = re.compile(r"[A-Z0-9 \-]{1,6}")
_COUNTRY: Final = re.compile(r"[A-Z]{3}")
_PHONE: Final = re.compile(r"\+?[1-9]?[0-9 \-]{1,17}")
_IMAGE_URI: Final = re.compile(r"(?:https?|ftp|file)://.+")
UNKNOWN_TEXT: Final = "-"
"""Stands for a text that OCHP demands and nobody says; always noted as assumed."""


def street_of(address: Address) -> str:
    """Street and number as one text."""
    return f"{address.address} {address.house_number}" if address.house_number else address.address


def address_to_ochp(location: Location, notes: Notes | None) -> Address | None:
    """None without a country in three letters."""
    return _address(
        location.address, location.house_number, location.city, location.postal_code, location.country, notes, ""
    )


def cdr_address_to_ochp(place: CdrLocation, notes: Notes | None) -> Address | None:
    return _address(place.address, None, place.city, place.postal_code, place.country, notes, "location.")


def _address(
    street: str | None,
    number: str | None,
    city: str | None,
    postal_code: str | None,
    country: str | None,
    notes: Notes | None,
    path: str,
) -> Address | None:
    member = "charge_point_address"
    if country is None or not _COUNTRY.fullmatch(country):
        return None
    spelled = number.upper() if number else None
    if number and not _HOUSE_NUMBER.fullmatch(spelled or ""):
        street, spelled = f"{street} {number}", None
    if street is None or len(street) < 2:
        assumed(notes, member, "chargePointAddress/address", "no street is known, which OCHP demands", street)
        street = f"{street or ''}--"
    if len(street) > 45:
        narrowed(notes, member, f"{path}address", "cut to 45 characters", street)
    if not city:
        assumed(notes, member, "chargePointAddress/city", "no city is known, which OCHP demands")
        city = UNKNOWN_TEXT
    if len(city) > 45:
        narrowed(notes, member, f"{path}city", "cut to 45 characters", city)
    return Address(
        house_number=spelled,
        address=street[:45],
        city=city[:45],
        zip_code=_zip_code(postal_code, notes, path),
        country=country,
    )


def _zip_code(postal_code: str | None, notes: Notes | None, path: str) -> str:
    if not postal_code:
        assumed(notes, "charge_point_address", "chargePointAddress/zipCode", "no postal code is known", UNKNOWN_TEXT)
        return UNKNOWN_TEXT
    spelled = _UPPER.sub(" ", postal_code.upper())[:10]
    if spelled != postal_code.upper():
        narrowed(notes, "charge_point_address", f"{path}postal_code", "OCHP takes ten of A-Z 0-9 -", postal_code)
    return spelled


@lru_cache(maxsize=16384)
def coordinates_from_ochp(lat: str, lon: str) -> Coordinates:
    return Coordinates(latitude=Decimal(lat), longitude=Decimal(lon))


@lru_cache(maxsize=16384)
def degrees_to_ochp(value: Decimal) -> str:
    """Six decimals exactly: zeros are added, further digits rounded half away from zero."""
    return f"{value.quantize(_SIX, ROUND_HALF_UP):f}"


def is_rounded(place: Coordinates) -> bool:
    return place.latitude % _SIX != 0 or place.longitude % _SIX != 0


def point_to_ochp(place: Coordinates) -> wire.GeoPoint:
    return wire.GeoPoint(lat=degrees_to_ochp(place.latitude), lon=degrees_to_ochp(place.longitude))


def phone_to_ochp(text: str | None, notes: Notes | None) -> str | None:
    if text is None:
        return None
    spelled = re.sub(r"[^+0-9 \-]", " ", text.replace("(0)", "")).strip()
    spelled = re.sub(r" {2,}", " ", spelled)
    for form in (spelled, spelled.replace(" ", "").replace("-", "")):
        if _PHONE.fullmatch(form):
            return form
    lost(notes, "telephone_number", "help_phone", "OCHP takes up to 19 digits, spaces and dashes", text)
    return None


def image_from_ochp(image: wire.Image) -> Image:
    return Image(
        url=image.uri,
        thumbnail=image.thumb_uri,
        category=IMAGE.to_core(image.class_),
        type=image.type,
        width=image.width,
        height=image.height,
    )


def images_to_ochp(images: tuple[tuple[str, Image], ...], notes: Notes | None) -> tuple[wire.Image, ...]:
    """`images` with their paths."""
    found = []
    for path, image in images:
        kind: ImageClass | None = IMAGE.wire_for(image.category)
        file_type = image.type.rpartition("/")[2]
        if kind is None or not 0 < len(file_type) <= 4 or not _is_link(image.url):
            lost(notes, "images", path, "a picture that OCHP cannot name: by its kind, file type or link", image.url)
            continue
        thumbnail = image.thumbnail
        if thumbnail is not None and not _is_link(thumbnail):
            lost(notes, "images", f"{path}.thumbnail", "not a link that OCHP takes", thumbnail)
            thumbnail = None
        found.append(
            wire.Image(
                uri=image.url,
                thumb_uri=thumbnail,
                class_=kind,
                type=file_type,
                width=_pixels(image.width),
                height=_pixels(image.height),
            )
        )
    return tuple(found)


def _is_link(url: str) -> bool:
    return len(url) <= 255 and _IMAGE_URI.fullmatch(url) is not None


def _pixels(size: int | None) -> int | None:
    return size if size is not None and 0 < size <= 99999 else None
